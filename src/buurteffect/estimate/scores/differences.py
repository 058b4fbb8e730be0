"""Changes between two years, refused across a break of their series."""

from __future__ import annotations

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers


def difference(
    frame: pd.DataFrame,
    column: str,
    from_year: int,
    to_year: int,
    breaks: pd.DataFrame,
    across_breaks: bool = False,
) -> pd.DataFrame:
    """Return the change of a column between two years, area by area.

    Parameters
    ----------
    frame : DataFrame
        One row is one area in one year: ``area_code, year`` and `column`.
    column : str
        What changes.
    from_year, to_year : int
        The two years, the earlier first.
    breaks : DataFrame
        One row is one break of a series: ``concept, break_year, reason``; values from ``break_year`` on are not
        comparable with those before it.
    across_breaks : bool
        Whether a change across a break is wanted all the same.

    Returns
    -------
    DataFrame
        One row is one area that has a value in both years: ``area_code, from_year, to_year, change``.

    Raises
    ------
    EstimationError
        If the years are not in order, a year is not in the frame, an area stands twice in a year, or the series
        breaks between the two years and `across_breaks` is not set.

    Examples
    --------
    >>> frame = pd.DataFrame({"area_code": ["a", "a"], "year": [2004, 2005], "x_share": [0.4, 0.5]})
    >>> breaks = pd.DataFrame({"concept": ["x_share"], "break_year": [2005], "reason": ["new source"]})
    >>> difference(frame, "x_share", 2004, 2005, breaks)
    Traceback (most recent call last):
        ...
    buurteffect.errors.EstimationError: x_share breaks between 2004 and 2005 (2005: new source): ...
    >>> round(difference(frame, "x_share", 2004, 2005, breaks, across_breaks=True)["change"].item(), 3)
    0.1
    """
    require_numbers(frame, ("year", column), "panel")
    require(frame, ("area_code",), "panel")
    require(breaks, ("concept", "break_year", "reason"), "table of breaks")
    if from_year >= to_year:
        raise EstimationError(f"{from_year} must come before {to_year}")
    between = breaks[(breaks["concept"] == column) & breaks["break_year"].between(from_year + 1, to_year)]
    if len(between) and not across_breaks:
        reasons = "; ".join(
            f"{year}: {why}" for year, why in zip(between["break_year"], between["reason"], strict=True)
        )
        raise EstimationError(
            f"{column} breaks between {from_year} and {to_year} ({reasons}): choose years on one side, or ask for the "
            "change across the break and say so beside it"
        )
    values = []
    for year in (from_year, to_year):
        part = frame.loc[frame["year"] == year, ["area_code", column]]
        if part.empty or part["area_code"].duplicated().any():
            raise EstimationError(f"{year} has no rows, or an area that stands twice in it")
        values.append(part.set_index("area_code")[column])
    change = (values[1] - values[0]).dropna().rename("change").reset_index()
    change.insert(1, "from_year", from_year)
    change.insert(2, "to_year", to_year)
    return change
