"""Regressions of single answers with area and wave effects: associations, and trends of gaps between groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.fit import ols
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.inference.regression_table import regression_estimate

AREA, YEAR, WEIGHT = "area_code", "year", "weight_persons"
GAP, TREND = "gap at the first wave", "change of the gap a year"
OWN_TREND = "trend a year"
_SOFTWARE = "numpy"


def answers_within(
    frame: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    weights: str | None = WEIGHT,
    cluster: str = AREA,
    dummies: Sequence[str] = (),
    method: str = "regression of answers with area and year effects",
) -> EffectEstimate:
    """Regress answers on what is known of respondents, within areas and years.

    y = α_area + λ_year + x'β + e on single answers with the survey's weights; errors clustered by area under the
    project's convention.

    Parameters
    ----------
    frame : DataFrame
        One row per respondent.
    outcome : str
        Column of the answers.
    regressors : sequence of str
        Numeric columns, one row of the result each.
    weights : str, optional
        Column of survey weights.
    cluster : str
        Column within whose values errors may depend on each other.
    dummies : sequence of str
        Columns whose values each get an effect that is not shown.
    method : str
        How it is made, in words.

    Raises
    ------
    MissingColumnError
        If a column is missing.
    EstimationError
        If a regressor is absorbed, or others explain it.
    """
    needed = list(dict.fromkeys([outcome, AREA, YEAR, cluster, *regressors, *dummies, *([weights] if weights else [])]))
    require(frame, needed, "table of answers")
    require_numbers(frame, (outcome, *regressors, *([weights] if weights else [])), "table of answers")
    answered = frame[[outcome, *regressors]].notna().all(axis=1)
    rows = frame.loc[answered, needed].reset_index(drop=True)
    areas, years = (np.asarray(pd.factorize(rows[name])[0]) for name in (AREA, YEAR))
    columns = [rows[name].to_numpy(dtype=float) for name in regressors]
    names = list(regressors)
    for name in dummies:
        codes, values = pd.factorize(rows[name], sort=True)
        columns += [(codes == code).astype(float) for code in range(1, len(values))]
        names += [f"{name} {value}" for value in values[1:]]
    fit = ols(
        rows,
        outcome,
        (names, np.column_stack(columns)),
        absorb=[areas, years],
        weights=weights,
        unit=AREA,
        time=YEAR,
        dropped=(("respondents without an answer", int((~answered).sum())),) if not answered.all() else (),
        software=_SOFTWARE,
    )
    result = regression_estimate(fit, Design(outcome, cohort=None, clusters=(cluster,)), method)
    shown = result.frame["term"].isin(list(regressors)).to_numpy()
    table = result.frame[shown].assign(respondents_count=len(rows)).reset_index(drop=True)
    matrix = None if result.covariance is None else result.covariance[np.ix_(shown, shown)]
    return replace(result, frame=table, covariance=matrix)


def trend_within(
    frame: pd.DataFrame, outcome: str, since: int, group: str | None = None, weights: str = WEIGHT
) -> EffectEstimate:
    """Estimate the trend of answers within areas: what respondents say more of each year.

    y = α_area + β (year − since) + e with the survey's weights. What a year brings to all respondents of a wave does
    not average out over areas: errors are clustered by area and by wave (Cameron, Gelbach & Miller 2011,
    doi:10.1198/jbes.2010.07136), t with the fewer of both less one degrees of freedom.

    Parameters
    ----------
    frame : DataFrame
        One row per respondent: the outcome, `AREA`, `YEAR` and the weights.
    outcome : str
        Column of the answers.
    since : int
        First year.
    group : str, optional
        Column that is true of the respondents that are meant; by default all are.
    weights : str
        Column of survey weights.

    Returns
    -------
    EffectEstimate
        One row, `OWN_TREND`: points a year.

    Raises
    ------
    MissingColumnError
        If a column is missing.
    EstimationError
        If there are fewer than three waves from that year on.
    """
    require(frame, [name for name in (AREA, group) if name], "table of answers")
    require_numbers(frame, [name for name in (outcome, YEAR, weights) if name], "table of answers")
    rows = frame[(frame[YEAR] >= since) & (frame[group].astype(bool) if group else True)]
    if rows[YEAR].nunique() < 3:
        raise EstimationError(f"a trend takes three waves, found {rows[YEAR].nunique()} from {since} on")
    answered = rows[outcome].notna()
    rows = rows.loc[answered, [outcome, AREA, YEAR, weights]].reset_index(drop=True)
    fit = ols(
        rows,
        outcome,
        ((OWN_TREND,), (rows[YEAR].to_numpy(dtype=float) - since)[:, None]),
        absorb=[np.asarray(pd.factorize(rows[AREA])[0])],
        weights=weights,
        unit=AREA,
        time=YEAR,
        dropped=(("respondents without an answer", int((~answered).sum())),) if not answered.all() else (),
        software=_SOFTWARE,
    )
    design = Design(outcome, cohort=None, clusters=(AREA, YEAR))
    return regression_estimate(fit, design, f"trend of answers within areas from {since} on")


def trend_gap(frame: pd.DataFrame, outcome: str, group: str, since: int) -> EffectEstimate:
    """Estimate how the gap between a group and all others moves over the waves.

    Parameters
    ----------
    frame, outcome
        As of `answers_within`.
    group : str
        Column that is true of the group: of respondents, or of areas.
    since : int
        First year; the gap of that year is the first row, its change a year the second. Where the group is one of
        areas, area effects stand for the first.

    Raises
    ------
    EstimationError
        If there are fewer than three waves from that year on.
    """
    require_numbers(frame, (YEAR, group), "table of answers")
    require(frame, (AREA,), "table of answers")
    rows = frame[frame[YEAR] >= since]
    if rows[YEAR].nunique() < 3:
        raise EstimationError(f"a trend takes three waves, found {rows[YEAR].nunique()} from {since} on")
    inside = rows[group].astype(float)
    rows = rows.assign(**{GAP: inside, TREND: inside * (rows[YEAR] - since)})
    ends = rows.groupby(AREA)[GAP].agg(["min", "max"])
    of_areas = bool((ends["min"] == ends["max"]).all())
    names = [TREND] if of_areas else [GAP, TREND]
    return answers_within(rows, outcome, names, method=f"gap of a group over the waves from {since}, within areas")
