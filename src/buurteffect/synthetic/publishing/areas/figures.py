"""What is published of every area in one year: true values of areas, then rounded and withheld."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import ProjectError
from buurteffect.schema import CONCEPTS
from buurteffect.synthetic.publishing.areas.boundary_changes import KWB_YEARS, PREFIXES, Vintages
from buurteffect.synthetic.publishing.areas.columns import PublishedColumn, columns_of
from buurteffect.synthetic.world.world import World

COUNTRY_CODE, COUNTRY_NAME = "NL00", "Synthetic Netherlands"
GUILDERS = 2.20371
"""Guilders to the euro; values of dwellings were printed in guilders up to 2001."""

ROUNDED_TO_10_UNTIL = 2009
"""Counts are rounded to 10 up to this year, and to 5 from the next."""

Values = NDArray[np.float64]

_VALUATIONS = {1995: 1995, 1997: 1995, 1999: 1995, **dict.fromkeys(range(2001, 2005), 1999), 2005: 2003, 2006: 2003}
_VALUATIONS |= {2007: 2005}
_URBANITY = (2500.0, 1500.0, 1000.0, 500.0)  # addresses per km2: the publisher's own limits of the five classes
_TENURES = ("owner_occupied_share", "rented_share", "association_rented_share", "other_rented_share")
_SMALL_ORIGINS = tuple(
    f"origin_{name}_count" for name in ("morocco", "antilles", "suriname", "turkey", "other_nonwestern")
)
_LEVELS = {"NL": "land", **{prefix: level for level, prefix in PREFIXES.items()}}
_FEWEST_NONWESTERN = 10


@dataclass(frozen=True, eq=False)
class Release:
    """The key figures of one year, before they are put in a layout.

    Attributes
    ----------
    year : int
        Year.
    areas : DataFrame
        One row per area, a gemeente before its wijken and a wijk before its buurten: ``area_code`` (with prefix)
        ``, level, name, gemeente_name, flag`` (missing for the country and gemeenten).
    columns : tuple of PublishedColumn
        What is published, in order.
    figures : dict of str to ndarray, shape (areas,)
        By concept, the figures in the column's unit as they are printed; NaN where a dot is.
    """

    year: int
    areas: pd.DataFrame
    columns: tuple[PublishedColumn, ...]
    figures: dict[str, Values]

    def texts(self, column: PublishedColumn) -> list[str]:
        """Return the figures of a column as text with its decimals, a dot where there is none."""
        figures = self.figures[column.concept].tolist()
        return [f"{value:.{column.decimals}f}" if value == value else "." for value in figures]

    @property
    def flag_texts(self) -> list[str]:
        """Return the flag of every area as it is printed, a dot where there is none."""
        return [f"{flag:.0f}" if flag == flag else "." for flag in self.areas["flag"].tolist()]


def valuation_year(year: int) -> int:
    """Return the year at whose first of January the dwellings of a year's key figures were valued.

    Examples
    --------
    >>> [valuation_year(year) for year in (2003, 2006, 2007, 2015)]
    [1999, 2003, 2005, 2014]
    """
    return _VALUATIONS.get(year, year - 1)


def census_by_year(world: World, census: pd.DataFrame) -> dict[int, pd.DataFrame]:
    """Return the census of every year in the order of the world's buurten.

    `census` has one row per buurt and year: ``buurt_code, year`` and the concepts, unrounded.

    Raises
    ------
    ProjectError
        If a buurt lacks in a year, or stands in it twice.
    """
    codes = world.geography.buurten["buurt_code"]
    found = {}
    for year, rows in census.groupby("year"):
        table = rows.drop(columns="year").set_index("buurt_code")
        if len(table) != len(codes) or set(table.index) != set(codes):
            raise ProjectError(
                f"the census of {year} has {len(table):,} rows for the country's {len(codes):,} buurten: it needs "
                "each of them once"
            )
        found[int(str(year))] = table.loc[codes]
    absent = sorted({*KWB_YEARS, *map(valuation_year, KWB_YEARS)} - set(found))
    if absent:
        raise ProjectError(f"the census has no rows of {', '.join(map(str, absent))}, which are to be published")
    return found


def release(world: World, vintages: Vintages, census: Mapping[int, pd.DataFrame], year: int, layout: str) -> Release:
    """Return what is published of one year in one layout (of `columns.LAYOUTS`).

    A count of areas is the sum over their pieces; a share or mean is weighed by its denominator, as
    ``schema/concepts.csv`` names it. The wealth of an area of several buurten is the mean of their medians over
    households: the micro data for a true median are not part of the census. A concept that the census lacks in
    the year has no column. `census` is that of `census_by_year`.
    """
    truth = area_values(vintages, census, year)
    columns = tuple(c for c in columns_of(layout, year) if c.concept in truth and truth[c.concept].notna().any())
    figures = {column.concept: _printed(truth, column, year) for column in columns}
    areas = _areas(world, vintages, year, truth.index)
    if layout in ("free", "upper"):  # the oldest series has no row for the country
        keep = (areas["level"] != "land").to_numpy()
        areas = areas[keep].reset_index(drop=True)
        figures = {concept: values[keep] for concept, values in figures.items()}
    return Release(year, areas, columns, _withheld(figures, columns))


def area_values(vintages: Vintages, census: Mapping[int, pd.DataFrame], year: int) -> pd.DataFrame:
    """Return the true value of every concept in every area of a year, by code with its prefix."""
    now = census[year].assign(woz_value_eur=_lagged_woz(census, year))
    values = {concept: column.to_numpy(dtype=np.float64) for concept, column in now.items() if concept in CONCEPTS}
    parts = []
    for level in ("land", *PREFIXES):
        codes, group = _groups(vintages, year, level)
        mass = _Mass(vintages.buurt, group, vintages.share, len(codes))
        parts.append(pd.DataFrame({str(name): _combined(str(name), values, mass) for name in values}, index=codes))
    frame = pd.concat(parts)
    if "urbanity_class" in frame and "address_density_per_km2" in frame:
        density = frame["address_density_per_km2"].to_numpy()
        classes = 1.0 + sum((density < limit).astype(np.float64) for limit in _URBANITY)
        frame["urbanity_class"] = np.where(np.isnan(density), np.nan, classes)
    return frame.loc[sorted(frame.index, key=lambda code: "" if code == COUNTRY_CODE else code[2:])]


def _lagged_woz(census: Mapping[int, pd.DataFrame], year: int) -> Values:
    """Return the value of dwellings at the date at which the year's figures value them."""
    rows = census[valuation_year(year)]
    return rows["woz_value_eur"].to_numpy(dtype=np.float64) if "woz_value_eur" in rows else np.full(len(rows), np.nan)


def _groups(vintages: Vintages, year: int, level: str) -> tuple[list[str], NDArray[np.int64]]:
    """Return the codes of a level with their prefix, and the position of each piece's area among them."""
    if level == "land":
        return [COUNTRY_CODE], np.zeros(len(vintages.buurt), dtype=np.int64)
    codes, group = np.unique(vintages.codes_at(year, level), return_inverse=True)
    return [PREFIXES[level] + str(code) for code in codes], group.astype(np.int64)


@dataclass(frozen=True, eq=False)
class _Mass:
    """How the pieces make up areas: buurt, area and share of every piece."""

    buurt: NDArray[np.int64]
    area: NDArray[np.int64]
    share: Values
    areas_count: int

    def total(self, values: Values) -> Values:
        """Return the sum of values over buurten for every area, buurten counting by their share."""
        known = np.nan_to_num(values)[self.buurt] * self.share
        return np.asarray(np.bincount(self.area, known, self.areas_count), dtype=np.float64)


def _combined(concept: str, values: Mapping[str, Values], mass: _Mass) -> Values:
    """Return a concept of every area; NaN where none of its buurten has a value."""
    own, rule = values[concept], CONCEPTS[concept]
    known = np.isfinite(own)
    if rule.combine in ("sum", "whole"):
        return np.where(mass.total(known.astype(np.float64)) > 0, mass.total(own), np.nan)
    weight = values.get(rule.denominator)
    if weight is None:
        weight = values.get("households_count", np.ones(len(own)))
    weight = np.where(known, np.nan_to_num(weight), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(mass.total(weight * np.nan_to_num(own)) / mass.total(weight))


def area_names(world: World) -> dict[str, str]:
    """Return the names of the areas of the last year by code."""
    geography = world.geography
    tables = {"gemeente": geography.gemeenten, "wijk": geography.wijken, "buurt": geography.buurten}
    names = {COUNTRY_CODE: COUNTRY_NAME}
    for level, table in tables.items():
        names |= dict(zip(table[f"{level}_code"], table[f"{level}_name"].astype("str"), strict=True))
    return names


def area_name(code: str, names: Mapping[str, str]) -> str:
    """Return the name of an area; one of another year is called by its code."""
    return names.get(code, f"{_LEVELS[code[:2]].capitalize()} {code[2:]} (synthetic)")


def _areas(world: World, vintages: Vintages, year: int, codes: pd.Index) -> pd.DataFrame:
    """Return kind, names and flag of areas."""
    names = area_names(world)
    flags = vintages.flags[vintages.flags["year"] == year]
    known = dict(zip(flags["level"].map(PREFIXES) + flags["code"], flags["flag"], strict=True))
    gemeenten = [code if code == COUNTRY_CODE else f"GM{code[2:6]}" for code in codes]
    return pd.DataFrame(
        {
            "area_code": list(codes),
            "level": [_LEVELS[code[:2]] for code in codes],
            "name": [area_name(code, names) for code in codes],
            "gemeente_name": [area_name(code, names) for code in gemeenten],
            "flag": [known.get(code, np.nan) for code in codes],
        }
    )


def _printed(truth: pd.DataFrame, column: PublishedColumn, year: int) -> Values:
    """Return a column's figures in its unit, rounded."""
    values = truth[column.concept].to_numpy(dtype=np.float64)
    if column.percent_of:
        whole = truth[column.percent_of].to_numpy(dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.where(whole > 0, 100 * values / whole, np.nan)
    elif column.unit == "%":
        values = 100 * values
    elif column.unit == "x 1 000 euro":
        values = values / 1000
    elif column.unit == "x 1 000 gulden":
        values = values * GUILDERS / 1000
    if column.clipped:
        values = np.clip(values, 5, 95)
    values = _rounded(values, _step(column, year))
    return np.minimum(values, 100.0) if column.unit == "%" else values


def _step(column: PublishedColumn, year: int) -> float:
    """Return what a column is rounded to."""
    if column.step is not None:
        return column.step
    if column.unit == "aantal" and column.decimals == 0:
        return 10.0 if year <= ROUNDED_TO_10_UNTIL else 5.0
    return float(10.0**-column.decimals)


def _rounded(values: Values, step: float) -> Values:
    """Round half up; a step below 1 divides 1."""
    if step >= 1:
        return np.asarray(np.floor(values / step + 0.5) * step)
    per_unit = round(1 / step)
    return np.asarray(np.floor(values * per_unit + 0.5) / per_unit)


def _withheld(figures: Mapping[str, Values], columns: tuple[PublishedColumn, ...]) -> dict[str, Values]:
    """Return the figures with NaN where too little stands behind them.

    The thresholds are held against the numbers that are printed, so that whoever has the file can see them.
    """
    shown = dict(figures)
    for column in columns:
        if column.threshold is not None and column.threshold_of in figures:
            few = figures[column.threshold_of] < column.threshold
            shown[column.concept] = np.where(few, np.nan, shown[column.concept])
    percentages = [c.concept for c in columns if c.percent_of and c.concept in _SMALL_ORIGINS]
    if percentages and "origin_nonwestern_count" in figures:
        persons = figures["origin_nonwestern_count"] / 100 * figures["inhabitants_count"]
        for concept in percentages:
            shown[concept] = np.where(persons < _FEWEST_NONWESTERN, np.nan, shown[concept])
    if "tenure_unknown_share" in figures:
        unknown = figures["tenure_unknown_share"] > 50
        for concept in _TENURES:
            if concept in shown:
                shown[concept] = np.where(unknown, np.nan, shown[concept])
    return shown
