"""Agreement of the estimators with figures that R packages computed on the same panel."""

from __future__ import annotations

from importlib import resources

import pandas as pd

from buurteffect.estimate.agreement.panel import agreement_table
from buurteffect.estimate.agreement.staggered import staggered_agreement

_FOLDER = "reference"


def read_outside_values() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a made-up panel with staggered treatment, and figures that R packages computed on it.

    Returns
    -------
    DataFrame, DataFrame
        The panel, one row per area and year: ``area, municipality, year, cohort, treated, y, x0, x1, lat, lon`` …; and
        one row per figure: ``estimator, option, term, estimate, std_error`` (R 4.2.2, fixest 0.12.2, did 2.1.1,
        did2s, didimputation, plm 2.6.2, lme4 1.1.31, sandwich 3.0.2).
    """
    folder = resources.files("buurteffect.estimate.agreement") / _FOLDER
    with (folder / "staggered_panel.csv").open(encoding="utf-8") as stream:
        panel = pd.read_csv(stream)
    with (folder / "reference_values.csv").open(encoding="utf-8") as stream:
        values = pd.read_csv(stream)
    return panel, values


def agreement_with_outside() -> pd.DataFrame:
    """Compute every figure that an outside value exists for, and lay the two side by side.

    Returns
    -------
    DataFrame
        One row per figure: ``estimator, option, term, figure`` (coefficient, std_error or variance), ``ours,
        reference, difference, tolerance, met, note``.
    """
    panel, values = read_outside_values()
    return pd.concat([agreement_table(panel, values), staggered_agreement(panel, values)], ignore_index=True)


def summarise_agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Return how many figures of each estimator agree, and the largest difference.

    Returns
    -------
    DataFrame
        One row per estimator and kind of figure: ``estimator, figure, compared_count, met_count, largest_difference,
        tolerance``.
    """
    grouped = table.assign(size=table["difference"].abs()).groupby(["estimator", "figure"], as_index=False)
    return grouped.agg(
        compared_count=("met", "size"),
        met_count=("met", "sum"),
        largest_difference=("size", "max"),
        tolerance=("tolerance", "max"),
    )
