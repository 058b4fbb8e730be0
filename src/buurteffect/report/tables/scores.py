"""The words in which pages on scores name parts of the variance, ways to count its step, and columns of sources."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from buurteffect.report.tables.columns import Column, print_value

COMPONENTS = {
    "permanent SD": "Permanent SD",
    "loading decline per decade": "Decline of its loading per decade",
    "autoregressive SD": "Fading SD",
    "autocorrelation per year": "Autocorrelation per year",
    "noise SD": "Noise SD",
    "break SD": "Step SD",
    "RMSE relative to mean covariance": "Misfit",
    "share of draws in which it fits best": "Fits best in, share of draws",
}
"""Of the fitted components of variance, and of the fits with the step at each wave."""

RELIABILITIES = {
    "reliability": "step counted as change",
    "reliability, break counted as noise": "step counted as noise",
}
"""Of the reliability of a change, by what the step counts as."""

USED = [
    Column("source", "Source"),
    Column("state", "State"),
    Column("files_count", "Files", ",d"),
    Column("files", "Names, with the first characters of their SHA-256"),
    Column("content", "What they hold"),
]
"""Columns of the table of sources."""

USED_NOTE = (
    "Used here: its values enter this page. The panel joins all sources; other pages use the others. How to get a "
    "source that is not given: make fetch LIST=1, and docs/data.md."
)


def map_words(areas: str, year: int, count: int, limits: Sequence[float]) -> tuple[str, str]:
    """Return the caption of a map of scores of `count` areas, and the same for someone who cannot see it.

    `limits` are the LBM points between the classes, ascending; a twentieth lies below the first and above the last.
    """
    low, high = print_value(limits[0], ".2f"), print_value(limits[-1], ".2f")
    caption = f"Scores of {areas} in {year}: one in twenty is below {low} LBM points, one in twenty above {high}."
    alt = (
        f"A map of {count:,} {areas}, shaded in {len(limits) + 1} classes of the score, from dark for the lowest to "
        "light for the highest, with lines around gemeenten. The score and class of every area are in the data file."
    )
    return caption, alt


def course_words(subject: str, rows: pd.DataFrame) -> str:
    """Return in a sentence where a figure began and ended; one row per wave: ``year, estimate`` (LBM points).

    Examples
    --------
    >>> course_words("the mean", pd.DataFrame({"year": [2002, 2022], "estimate": [4.1, 4.15]}))
    'From 2002 to 2022 the mean went from 4.100 to 4.150 LBM points.'
    """
    ordered = rows.sort_values("year")
    (first, last), (begin, end) = ordered["year"].iloc[[0, -1]], ordered["estimate"].iloc[[0, -1]]
    moved = f"went from {print_value(begin, '.3f')} to {print_value(end, '.3f')} LBM points"
    return f"From {first} to {last} {subject} {moved}."


def density_words(areas: str, summary: pd.DataFrame) -> tuple[str, str]:
    """Return the caption of densities by wave, and the same for someone who cannot see them.

    `summary` has one row per wave, ascending: ``year, median_score, p90_minus_p10_score``.
    """

    def said(name: str) -> str:
        values = [print_value(value, ".3f") for value in summary[name].iloc[[0, -1]]]
        return f"from {values[0]} to {values[1]}" if len(summary) > 1 else f"at {values[0]}"

    first, last = int(summary["year"].iloc[0]), int(summary["year"].iloc[-1])
    when = f"Between {first} and {last}" if last > first else f"In {last}"
    moved = "went" if last > first else "lay"
    caption = (
        f"{when} the median score of {areas} {moved} {said('median_score')} LBM points, and the distance between the "
        f"10th and the 90th percentile {said('p90_minus_p10_score')}."
    )
    alt = (
        f"One smooth curve for each of {len(summary)} waves, the earliest at the top: how many areas have which score. "
        f"{caption} The curves are in the data file."
    )
    return caption, alt
