"""How poor and how mixed a buurt is, seen by a household that lives there: itself left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.signedinteger[Any]]

_TENURES = 3


@dataclass(frozen=True, eq=False)
class PlaceQuality:
    """Households of every buurt and year, counted.

    Attributes
    ----------
    places : Index
        Codes of the buurten; their position is their number here.
    first_year : int
        Year of the first column below.
    known, low : ndarray
        Households with a known income, and those among them with a low one: shape (buurten, years).
    mix : ndarray
        Entropy of the three tenures over its maximum, shape (buurten, years); missing where nobody lives.
    mean_log_income : Series
        Mean log income of the households of the country, by year.
    """

    places: pd.Index
    first_year: int
    known: Floats
    low: Floats
    mix: Floats
    mean_log_income: pd.Series

    def code_of(self, buurt: pd.Series) -> NDArray[np.int32]:
        """Return the numbers of buurten (a category of `places`)."""
        if not buurt.cat.categories.equals(self.places):
            buurt = buurt.cat.set_categories(self.places)
        return np.asarray(buurt.cat.codes.to_numpy(), dtype=np.int32)

    def share_of_others(self, place: Integers, year: Integers, low: pd.Series) -> Floats:
        """Return the share of low incomes among the other households of a buurt in a year.

        Parameters
        ----------
        place, year : ndarray of int
            Where and when a household lives.
        low : Series of boolean
            Whether it has a low income itself; missing where its income is unknown, and then it was never counted.
        """
        at = place, year - self.first_year
        own = low.to_numpy(dtype=float, na_value=np.nan)
        counted = ~np.isnan(own)
        others = self.known[at] - counted
        return np.asarray(
            np.divide(self.low[at] - np.nan_to_num(own), others, out=np.full(len(own), np.nan), where=others > 0)
        )

    def mix_of(self, place: Integers, year: Integers) -> Floats:
        """Return the mix of tenures of a buurt in a year."""
        return np.asarray(self.mix[place, year - self.first_year])

    def lasting_share(self, own: pd.DataFrame, person: Integers, place: Integers) -> Floats:
        """Return the share of low incomes in a buurt over all years, the years of a family's own household left out.

        Parameters
        ----------
        own : DataFrame
            Years of the families: ``person, place, low`` (1, 0 or missing).
        person, place : ndarray of int
            Whose share of which buurt is wanted.
        """
        counts = own.groupby(["person", "place"])["low"].agg(["count", "sum"])
        mine = counts.reindex(pd.MultiIndex.from_arrays([person, place])).fillna(0.0).to_numpy()
        known, low = self.known.sum(axis=1)[place] - mine[:, 0], self.low.sum(axis=1)[place] - mine[:, 1]
        return np.asarray(np.divide(low, known, out=np.full(len(place), np.nan), where=known > 0))

    def lasting_mix(self, place: Integers) -> Floats:
        """Return the mean mix of tenures of a buurt over the years in which it was inhabited."""
        there = ~np.isnan(self.mix)
        total = np.where(there, self.mix, 0.0).sum(axis=1)
        mean = np.divide(total, there.sum(axis=1), out=np.full(len(total), np.nan), where=there.any(axis=1))
        return np.asarray(mean[place])


def place_quality(people: pd.DataFrame) -> PlaceQuality:
    """Count the households of every buurt and year.

    Parameters
    ----------
    people : DataFrame
        From `read_person_years`; a household counts by its main earner.
    """
    heads = people[people["main_earner"].to_numpy()]
    places = heads["buurt_code"].cat.categories
    place, year = heads["buurt_code"].cat.codes.to_numpy(dtype=np.int64), heads["year"].to_numpy(dtype=np.int64)
    first, count = int(year.min()), int(year.max() - year.min()) + 1
    cell, shape = place * count + year - first, (len(places), count)

    def counted(weights: Floats) -> Floats:
        """Return sums by buurt and year."""
        return np.asarray(np.bincount(cell, weights=weights, minlength=shape[0] * shape[1]), dtype=float).reshape(shape)

    low = heads["low_income"].to_numpy(dtype=float, na_value=np.nan)
    tenure = heads["tenure"].cat.codes.to_numpy()
    by_tenure = np.stack([counted((tenure == code).astype(float)) for code in range(_TENURES)])
    return PlaceQuality(
        places,
        first,
        counted((~np.isnan(low)).astype(float)),
        counted(np.nan_to_num(low)),
        _entropy(by_tenure),
        heads.groupby("year")["log_income"].mean(),
    )


def _entropy(counts: Floats) -> Floats:
    """Return the entropy over the first axis, as a share of its maximum; missing where there is nobody."""
    total = counts.sum(axis=0)
    share = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    terms = -share * np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(np.where(total > 0, terms.sum(axis=0) / np.log(len(counts)), np.nan))
