"""The table of agreement of the staggered estimators with figures from R on the same panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pandas as pd

from buurteffect.estimate.agreement.imputation_first_stage import exact_gaps, stopped_gaps
from buurteffect.estimate.agreement.panel import COEFFICIENT, COLUMNS, STD_ERROR, in_words
from buurteffect.estimate.core.design import NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.did.aggregation import KINDS, aggregate
from buurteffect.estimate.did.group_time_effects import Approach, group_time, group_time_table
from buurteffect.estimate.did.imputed_outcomes import imputation
from buurteffect.estimate.did.saturated import sun_abraham
from buurteffect.estimate.did.two_stages import two_stage
from buurteffect.estimate.sample.estimation_sample import Sample, draw_sample

STOPPED = "not met, because the reference's first stage iterates until fixest's default tolerance of 1e-6: "
SHARES = (
    "the reference lets every cohort's share vary as the first cohort's does in this row; reproduced here, while the "
    "project's own error takes each share as it varies: "
)

_MOMENTS = "two stages of did2s, moments written out"

_Figures = dict[tuple[str, str, str], tuple[float, float]]


def staggered_agreement(panel: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Return the project's figures beside reference figures.

    Parameters
    ----------
    panel, values
        As of `agreement_table`, with ``x0``; rows of other estimators than did, sunab, didimputation and did2s are
        passed over.

    Returns
    -------
    DataFrame
        As of `agreement_table`.
    """
    frame = panel.assign(cohort=panel["cohort"].where(panel["cohort"] > 0))
    wanted = set(values["estimator"])
    ours: _Figures = {}
    notes: dict[tuple[str, str, str], str] = {}
    if any(str(name).startswith("did::") for name in wanted):
        options = values.loc[values["estimator"].str.startswith("did::"), "option"]
        for option in dict.fromkeys(options):
            _group_time_figures(frame, str(option), ours, notes)
    if "fixest::sunab" in wanted:
        ours |= _sun_abraham_figures(frame)
    if wanted & {"didimputation::did_imputation", "did2s::did2s", _MOMENTS}:
        found, told = _imputation_figures(frame)
        ours |= found
        notes |= told
    rows = []
    keyed = values.set_index(["estimator", "option", "term"]).sort_index()
    for key, (point, error) in ours.items():
        if key not in keyed.index:
            continue
        reference = keyed.loc[key]
        note = notes.get(key, "")
        stopped = note.startswith(STOPPED)
        rows.append((*key, "coefficient", point, float(reference["estimate"]), COEFFICIENT, note if stopped else ""))
        rows.append((*key, "std_error", error, float(reference["std_error"]), STD_ERROR, "" if stopped else note))
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in ("difference", "met")])
    table["difference"] = table["ours"] - table["reference"]
    table["met"] = table["difference"].abs() <= table["tolerance"]
    table["note"] = table["note"].where(~table["note"].str.startswith(STOPPED) | ~table["met"], "")
    return table[list(COLUMNS)]


def _design(clusters: tuple[str, ...], comparison: str = NOT_YET_TREATED, covariates: tuple[str, ...] = ()) -> Design:
    """Return a design on the reference panel."""
    return Design("y", "area", "year", "cohort", comparison=comparison, covariates=covariates, clusters=clusters)


def _group_time_figures(
    frame: pd.DataFrame, option: str, ours: _Figures, notes: dict[tuple[str, str, str], str]
) -> None:
    """Add effects by cohort and time and their averages under one option, clustered by unit as the reference is."""
    settings = dict(item.split("=") for item in option.split(", "))
    covariates = () if settings["xformla"] == "~1" else tuple(settings["xformla"].removeprefix("~").split("+"))
    comparison = NEVER_TREATED if settings["control_group"] == "nevertreated" else NOT_YET_TREATED
    approach = cast(Approach, settings["est_method"])
    effects = group_time(frame, _design((), comparison, covariates), approach, "varying")
    cells = group_time_table(effects, draws=1).frame
    ours |= {("did::att_gt", option, row.term): (row.estimate, row.std_error) for row in cells.itertuples()}
    for kind in KINDS:
        table = aggregate(effects, kind, draws=1, shares="did 2.1.1").frame
        for row in table.itertuples():
            term = "overall" if row.term == "overall" else f"{kind} {row.term.split()[-1]}"
            ours[(f"did::aggte {kind}", option, term)] = (row.estimate, row.std_error)
    own = aggregate(effects, "group", draws=1).frame["std_error"].iloc[0]
    notes[("did::aggte group", option, "overall")] = f"{SHARES}{own:.7f}"


def _sun_abraham_figures(frame: pd.DataFrame) -> _Figures:
    """Return the event study, its average and the covariate under fixest's convention."""
    table = sun_abraham(frame, _design(("municipality",), covariates=("x1",)), shares="known").frame
    found: _Figures = {}
    for row in table.itertuples():
        figure = (row.estimate, row.std_error)
        if row.term in ("overall", "x1"):
            found[("fixest::sunab", "att, cluster=municipality", "ATT" if row.term == "overall" else "x1")] = figure
        if row.term == "x1" or not pd.isna(row.event_time):
            term = "x1" if row.term == "x1" else f"year::{row.event_time}"
            found[("fixest::sunab", "event, cluster=municipality", term)] = figure
    return found


def _imputation_figures(frame: pd.DataFrame) -> tuple[_Figures, dict[tuple[str, str, str], str]]:
    """Return imputation in all and by event time and the two-stage figure, and how far off an early stop is."""
    design = _design(())
    table = imputation(frame, design, leads=False, draws=1).frame
    off = _stops(draw_sample(frame, design))
    name, static, horizon = "didimputation::did_imputation", "static, cluster=area", "horizon, cluster=area"
    found: _Figures = {(name, static, "treat"): _figure(table.iloc[0])}
    notes = {(name, static, "treat"): off(None, table.iloc[0])}
    for _, row in table[table["event_time"].notna()].iterrows():
        key = (name, horizon, f"event {row['event_time']}")
        found[key], notes[key] = _figure(row), off(int(row["event_time"]), row)
    stages = two_stage(frame, _design(("municipality",)), draws=1).frame
    for _, row in stages[stages["event_time"].notna()].iterrows():
        found[(_MOMENTS, "event study, cluster=municipality", f"event {row['event_time']}")] = _figure(row)
    key = ("did2s::did2s", "static, cluster=municipality", "treat::TRUE")
    found[key], notes[key] = _figure(stages.iloc[0]), off(None, stages.iloc[0])
    return found, notes


def _stops(sample: Sample) -> Callable[[int | None, pd.Series], str]:
    """Return how to say, of an event time or all, how far ours and early stops are from the exact figure."""
    treated = sample.treated_now
    exact = exact_gaps(sample, ~treated)
    stopped = {tolerance: stopped_gaps(sample, ~treated, tolerance) for tolerance in (1e-6, 1e-8, 1e-10)}

    def told(event: int | None, row: pd.Series) -> str:
        here = treated if event is None else treated & (sample.event_times == event)
        figure = float(exact[here].mean())
        gaps = {stop: float(gap[here].mean()) - figure for stop, gap in stopped.items()}
        early = ", ".join(f"{in_words(gap, '.1e')} at {stop:.0e}" for stop, gap in gaps.items())
        ours = in_words(abs(float(row["estimate"]) - figure), ".0e")
        return (
            f"{STOPPED}ours is {ours} from least squares with dummies, which is exact; alternating projections "
            f"that stop early are off by {early}"
        )

    return told


def _figure(row: pd.Series) -> tuple[float, float]:
    """Return estimate and error of a row."""
    return float(row["estimate"]), float(row["std_error"])
