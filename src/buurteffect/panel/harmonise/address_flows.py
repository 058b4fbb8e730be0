"""Address counts between the areas of two years, from the address files of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.boundaries import CROSSWALK
from buurteffect.sources.geography.addresses import AddressFile

_LETTERS, _NUMBERS = 26, 1_000_000


@dataclass(frozen=True, eq=False)
class Flows:
    """A crosswalk counted from addresses.

    Attributes
    ----------
    frame : DataFrame
        One row per pair of buurten that share an address (`schema.boundaries.CROSSWALK`); areas that did not
        change are listed too.
    ledger : DataFrame
        One row per year and fate: ``year, fate, rows_count``. An address is a postcode with a house number; it
        is repeated where a further row gives it the same buurt, ambiguous where rows give it several, only in
        this year where the other file does not have it, and else matched. The fates of a year sum to the rows
        of its file.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame


def count_flows(first: AddressFile, second: AddressFile) -> Flows:
    """Count the addresses that two buurten of two years share.

    Addresses that were built, demolished or renumbered in between are in one file only and count for nothing.

    Parameters
    ----------
    first, second : AddressFile
        Addresses of the year of the data and of the base year, in either order of time.

    Raises
    ------
    DataError
        If both files are of one year, or share no address.
    """
    if first.year == second.year:
        raise DataError(
            second.origin,
            found=f"the codes of {second.year}, as in {first.origin}",
            expected="address files of two years",
            action="give the file of the other year",
        )
    left, right = _addresses(first), _addresses(second)
    shared, of_left, of_right = np.intersect1d(left.keys, right.keys, assume_unique=True, return_indices=True)
    if not len(shared):
        raise DataError(
            second.origin,
            found=f"no address that {first.origin} has too",
            expected="postcodes and house numbers of the same country",
            action="check that both files are whole",
        )
    source, source_codes = _codes(first, left.rows[of_left])
    target, target_codes = _codes(second, right.rows[of_right])
    pairs, counts = np.unique(source * len(target_codes) + target, return_counts=True)
    frame = pd.DataFrame(
        {
            "year_from": first.year,
            "year_to": second.year,
            "level": "buurt",
            "source_code": pd.Series(source_codes[pairs // len(target_codes)], dtype="str"),
            "target_code": pd.Series(target_codes[pairs % len(target_codes)], dtype="str"),
            "addresses_count": counts.astype(np.float64),
            "weight_share": np.nan,
        }
    )
    ledger = [*left.ledger_rows(len(shared)), *right.ledger_rows(len(shared))]
    return Flows(
        CROSSWALK.check(frame, f"{first.origin} with {second.origin}"),
        pd.DataFrame(ledger, columns=["year", "fate", "rows_count"]),
    )


@dataclass(frozen=True, eq=False)
class _Addresses:
    """The unambiguous addresses of a file: their keys, sorted, and a row of each."""

    year: int
    keys: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    repeated: int
    ambiguous: int

    def ledger_rows(self, matched: int) -> list[tuple[int, str, int]]:
        """Return how many rows of the file are matched, and how many are not and why."""
        return [
            (self.year, "matched", matched),
            (self.year, "only in this year", len(self.keys) - matched),
            (self.year, "repeated", self.repeated),
            (self.year, "ambiguous", self.ambiguous),
        ]


def _addresses(file: AddressFile) -> _Addresses:
    """Give every address of a file a number, and one row."""
    pc6 = file.frame["pc6"].cat
    texts = pc6.categories.to_numpy(dtype="U6")
    codes = np.array([_pc6_number(text) for text in texts], dtype=np.int64)
    keys = codes[pc6.codes.to_numpy()] * _NUMBERS + file.frame["house_number"].to_numpy()
    buurt = file.frame["buurt_code"].cat.codes.to_numpy()
    order = np.argsort(keys, kind="stable")
    keys, buurt = keys[order], buurt[order]
    first = np.concatenate([[True], keys[1:] != keys[:-1]])
    starts = np.flatnonzero(first)
    lowest, highest = np.minimum.reduceat(buurt, starts), np.maximum.reduceat(buurt, starts)
    rows_count = np.diff(np.append(starts, len(keys)))
    torn = lowest != highest
    taken = starts[~torn]
    return _Addresses(
        file.year, keys[taken], order[taken], int(rows_count[~torn].sum() - len(taken)), int(rows_count[torn].sum())
    )


def _pc6_number(text: str) -> int:
    """Return a postcode as a number, in the order of its letters."""
    return (int(text[:4]) * _LETTERS + ord(text[4]) - 65) * _LETTERS + ord(text[5]) - 65


def _codes(file: AddressFile, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.str_]]:
    """Return the buurt of every row as a position, and the codes that positions stand for."""
    buurt = file.frame["buurt_code"].cat
    codes, position = np.unique(buurt.categories.to_numpy(dtype=str), return_inverse=True)
    return position[buurt.codes.to_numpy()[rows]].astype(np.int64), codes
