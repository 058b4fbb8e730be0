"""Every estimator of the scoreboard, run once on one panel; none of them is given anything but that panel."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError, OneTreatedClusterError
from buurteffect.estimate.core.design import AT_RISK, NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.aggregation import aggregate
from buurteffect.estimate.did.group_time_effects import Approach, GroupTime, compared_cells
from buurteffect.estimate.inference.regression_table import regression_estimate
from buurteffect.estimate.inference.sandwich import ClusteredErrors
from buurteffect.estimate.regression.panel_ols import STAGGERED, fit_two_way
from buurteffect.estimate.regression.regressors import default_regressors
from buurteffect.estimate.regression.twoway_event_study import Window, twfe_event_study
from buurteffect.estimate.robustness.registry import ROBUST_ESTIMATORS, RobustEstimator
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample
from buurteffect.estimate.selection.reweighting import ENTROPY, MATCHING, Baseline, reweighted_effects
from buurteffect.schema.liveability import WAVES_3
from buurteffect.scoreboard.places.naive import before_after
from buurteffect.scoreboard.places.panel import EVERY_YEAR, LATE, OUTCOMES, PANEL_COLUMNS, WAVES, WINDOW

BUURT, GEMEENTE = "area_code", "gemeente_code"
CLUSTERS = {BUURT: "buurt", GEMEENTE: "gemeente"}
"""What errors are clustered by; the gemeente is the design that the project documents."""

FAR_M = 2_500.0
"""From this distance to the nearest buurt with a project on, an untreated buurt is far."""

RING_M = 1_000.0
"""Untreated buurten this near to one with a project are left out of the comparison of n05's headline."""

DOCUMENTED = "composition_at_risk"
"""The design that was fixed before it was scored: it adjusts for what the policy's rule looks at, and for the share of
low incomes, which is the part of a score that reverts at a pace of its own."""

NAIVE, TWO_WAY, ROBUST, ADJUSTED = "naive", "two-way", "robust", "adjusted"

RESULT_NAMES = (
    "outcome", "estimator", "clusters", "target", "estimate", "std_error", "ci_low", "ci_high", "units_count",
    "treated_count", "clusters_count", "stopped", "error", "message",
)  # fmt: skip
"""Columns of a result: one row per outcome, estimator, clustering and target."""

_Tables = Iterator[tuple[str, EffectEstimate]]
_Run = Callable[["Case"], _Tables]
_Estimate = Callable[[pd.DataFrame, Design], EffectEstimate]


@dataclass(frozen=True)
class Estimator:
    """An estimator of the scoreboard.

    Attributes
    ----------
    label : str
        Its name on the page.
    kind : {"naive", "two-way", "robust", "adjusted"}
        What it does about selection: nothing (naive); one regression with effects of units and years, whose weights may
        be negative; staggered timing; or also covariates, weights or distance.
    run : callable
        `Case` to, for each clustering, its name and an estimate.
    outcomes : tuple of str
        All outcomes, or the score alone where it takes long.
    clusters : tuple of str
        What errors on the score are clustered by; those on other outcomes by the last of them only.
    targets : tuple of str
        Which of `TARGETS` its figure is compared with.
    """

    label: str
    kind: str
    run: _Run
    outcomes: tuple[str, ...] = OUTCOMES
    clusters: tuple[str, ...] = tuple(CLUSTERS)
    targets: tuple[str, ...] = (LATE,)

    def clusters_on(self, outcome: str) -> tuple[str, ...]:
        """Return what errors are clustered by: all for the score, the documented one for other outcomes."""
        return self.clusters if outcome == OUTCOMES[0] else self.clusters[-1:]


@dataclass(frozen=True, eq=False)
class Case:
    """One outcome of one panel, and the designs that can be asked of it."""

    panel: pd.DataFrame
    outcome: str

    @property
    def covariates(self) -> tuple[str, ...]:
        """Level and trend of the score, the outcome's own level, and social rent, just before treatment."""
        own = dict.fromkeys((f"{OUTCOMES[0]}_level", "score_trend", f"{self.outcome}_level", "social_share"))
        return tuple(own)

    @property
    def clusters(self) -> tuple[str, ...]:
        """What errors are clustered by on this outcome."""
        return tuple(CLUSTERS) if self.outcome == OUTCOMES[0] else (GEMEENTE,)

    def design(self, cluster: str, comparison: str = NOT_YET_TREATED, covariates: tuple[str, ...] = ()) -> Design:
        """Return a design on this outcome."""
        clusters = () if cluster == BUURT else (cluster,)
        return Design(self.outcome, comparison=comparison, covariates=covariates, clusters=clusters)


def estimate_panel(panel: pd.DataFrame) -> pd.DataFrame:
    """Run every estimator on every outcome of a panel (`published_panel`), of which only `PANEL_COLUMNS` are seen.

    Returns
    -------
    DataFrame
        `RESULT_NAMES`: one row per outcome, estimator, clustering and target. An estimator that refuses has a row with
        the name of its ``error`` and its ``message``; ``stopped`` says whether it says itself that it is no headline.
    """
    seen = panel[list(PANEL_COLUMNS)].copy()
    for name in CLUSTERS:  # numbers are looked up faster than names, and no estimator depends on either
        seen[name] = pd.factorize(seen[name])[0]
    rows = []
    for outcome in OUTCOMES:
        case = Case(seen, outcome)
        for name, estimator in ESTIMATORS.items():
            if outcome in estimator.outcomes:
                rows += [{"outcome": outcome, "estimator": name} | row for row in _rows(estimator, case)]
    return pd.DataFrame(rows, columns=list(RESULT_NAMES))


def _rows(estimator: Estimator, case: Case) -> list[dict[str, object]]:
    """Return the results of one estimator, its refusal among them."""
    rows: list[dict[str, object]] = []
    try:
        for cluster, effects in estimator.run(case):
            figures = {"clusters": CLUSTERS[cluster]} | _figures(effects)
            rows += [figures | {"target": target} for target in estimator.targets]
    except Exception as error:  # whatever an estimator dies of is counted under its name, and never lost
        done = {row["clusters"] for row in rows}
        lost = {"stopped": True, "error": type(error).__name__, "message": str(error)}
        left = [CLUSTERS[name] for name in estimator.clusters_on(case.outcome) if CLUSTERS[name] not in done]
        rows += [{"clusters": name, "target": target} | lost for name in left for target in estimator.targets]
    return rows


def _figures(effects: EffectEstimate) -> dict[str, object]:
    """Return the figures of the window of a table of effects, averaged from its event times where it has no row.

    Raises
    ------
    OneTreatedClusterError
        If there is no standard error, because all treated units lie in one cluster.
    """
    frame = effects.frame
    window = frame[frame["term"].str.startswith("window")]
    if window.empty:
        window = effects_window(effects)
    row = window.iloc[0]
    if np.isnan(row["std_error"]):
        raise OneTreatedClusterError("; ".join(effects.not_headline) or "there is no standard error")
    names = ("estimate", "std_error", "ci_low", "ci_high", "units_count", "treated_count", "clusters_count")
    return {name: row[name] for name in names} | {"stopped": not effects.may_be_headline, "error": "", "message": ""}


def effects_window(effects: EffectEstimate) -> pd.DataFrame:
    """Return the mean of the event times of the window, or the one effect of a table that has no event times.

    Raises
    ------
    EstimationError
        If an event time of the window is missing, or the covariance is.
    """
    event = effects.frame["event_time"].to_numpy(dtype=float, na_value=np.nan)
    if not np.isfinite(event).any():
        return effects.frame.iloc[[0]]
    inside = (event >= WINDOW[0]) & (event <= WINDOW[1])
    if inside.sum() != WINDOW[1] - WINDOW[0] + 1 or effects.covariance is None:
        raise EstimationError(f"not every event time of {WINDOW[0]}–{WINDOW[1]} was estimated, with its covariance")
    rows = effects.frame[inside]
    return effects.derive(
        ["window"],
        [rows["estimate"].mean()],
        [np.sqrt(effects.covariance[np.ix_(inside, inside)].mean())],
        treated_count=rows["treated_count"].max(),
        alpha=0.05,
    ).frame


def _far(panel: pd.DataFrame) -> pd.Series:
    """Return rows of units far from any project."""
    return panel["nearest_m"] >= FAR_M


def _allowed(panel: pd.DataFrame) -> pd.Series:
    """Return rows of units that the policy's rule lets be chosen before it begins."""
    first = panel["may_be_chosen"] & (panel["year"] == panel["year"].min())
    return panel["area_code"].isin(panel.loc[first, "area_code"])


def _outside_ring(panel: pd.DataFrame) -> pd.Series:
    """Return rows of units that are not near a project."""
    return panel["nearest_m"] > RING_M


def _compare(
    case: Case,
    comparison: str = NOT_YET_TREATED,
    approach: Approach = "reg",
    given: tuple[str, ...] | None = None,
    also: tuple[str, ...] = (),
    eligible: str | None = None,
    untreated: Callable[[pd.DataFrame], pd.Series] | None = None,
    years: Collection[int] = (),
) -> _Tables:
    """Run Callaway–Sant'Anna over the window, with each clustering; its cells are the same for all of them.

    By default it is given what is known at the choice; `also` adds to that, `untreated` says which untreated units
    are compared with (all where left out), and `years` which years are seen.
    """
    panel = case.panel
    if years:
        panel = panel[panel["year"].isin(years)]
    if untreated is not None:
        panel = panel[panel["cohort_year"].notna() | untreated(panel)]
    covariates = tuple(dict.fromkeys((*(case.covariates if given is None else given), *also)))
    design = replace(case.design(BUURT, comparison, covariates), eligible=eligible)
    whole = draw_sample(panel, design, extra=(GEMEENTE,))
    cells: GroupTime | None = None
    for cluster in case.clusters:
        adoption = Adoption(whole.clustered(() if cluster == BUURT else (cluster,)))
        cells = cells or compared_cells(adoption, approach, reach=WINDOW)
        yield cluster, aggregate(replace(cells, adoption=adoption), window=WINDOW, draws=1)


def _two_way(case: Case) -> _Tables:
    """Run the regression with one coefficient; its fit, of a sample that holds both clusters, serves both."""
    sample = draw_sample(case.panel, case.design(GEMEENTE))
    fit = fit_two_way(sample, default_regressors(sample))
    for cluster in case.clusters:
        errors = ClusteredErrors((cluster,))
        yield cluster, regression_estimate(fit, sample.design, "two-way effects", errors, not_headline=(STAGGERED,))


def _simply(estimate: _Estimate, clusters: tuple[str, ...], given: tuple[str, ...] = ()) -> _Run:
    """Return an estimator that takes a panel and a design as one that is run with some clusterings."""
    return lambda case: (
        (cluster, estimate(case.panel, case.design(cluster, covariates=given)))
        for cluster in clusters
        if cluster in case.clusters
    )


def _naively(estimate: Callable[[pd.DataFrame, str, str], EffectEstimate]) -> _Run:
    """Return a naive comparison as one that is run with each clustering."""
    return lambda case: ((cluster, estimate(case.panel, case.outcome, cluster)) for cluster in case.clusters)


_DOCUMENTED = (GEMEENTE,)
_SCORE = OUTCOMES[:1]
_BEFORE = ("level_1998", "trend_1998", "social_1998")
_PATH = Window((-1,), -6, WINDOW[1] + 1)
_NEEDED_YEARS = (1998, 2020)
"""From the base of the first cohort to the last event time of the last one."""


def _path(panel: pd.DataFrame, design: Design) -> EffectEstimate:
    """Run the two-way event study, far event times put together."""
    return twfe_event_study(draw_sample(panel, design), _PATH)


def _reweighted(label: str, baseline: Baseline) -> Estimator:
    """Return an estimator that reweights untreated units at a baseline."""

    def run(case: Case) -> _Tables:
        covariates = tuple(name for name in case.covariates if name != f"{case.outcome}_level")
        design = case.design(GEMEENTE, covariates=covariates)
        yield GEMEENTE, reweighted_effects(draw_sample(case.panel, design), baseline, draws=1).effects

    return Estimator(label, ADJUSTED, run, _SCORE, _DOCUMENTED)


def _registered(entry: RobustEstimator, given: tuple[str, ...] = ()) -> Estimator:
    """Return an estimator of the registry as the scoreboard runs it, with covariates where they are given."""
    outcomes, clusters = (OUTCOMES, tuple(CLUSTERS)) if entry.scored_on_all else (_SCORE, _DOCUMENTED)

    def estimate(panel: pd.DataFrame, design: Design) -> EffectEstimate:
        seen = panel[panel["year"].between(*_NEEDED_YEARS)] if entry.years_of_window else panel
        return entry.run(seen, design, WINDOW, **entry.scored_with)

    run = _simply(estimate, clusters, given)
    if entry.comparison is not None:  # its cells are the same for both clusterings
        run = partial(_compare, comparison=entry.comparison, approach="dr", given=())
    return Estimator(entry.label[0].upper() + entry.label[1:], ROBUST, run, outcomes, clusters)


def scored_estimators() -> dict[str, Estimator]:
    """Return the estimators of the scoreboard by name, those of the registry among them, in the order of the page."""
    against_untreated = partial(before_after, against_untreated=True)
    at_risk_by_rule = partial(_compare, comparison=AT_RISK, eligible="may_be_chosen")
    on_waves = partial(_compare, untreated=_outside_ring, years=WAVES_3)
    return {
        "before_after": Estimator("Before and after, treated only", NAIVE, _naively(before_after)),
        "against_everybody": Estimator("Difference with all never treated", NAIVE, _naively(against_untreated)),
        "two_way": Estimator("Two-way effects, one coefficient", TWO_WAY, _two_way, targets=(LATE, EVERY_YEAR)),
        "two_way_path": Estimator("Two-way event study", TWO_WAY, _simply(_path, _DOCUMENTED), _SCORE, _DOCUMENTED),
        **{name: _registered(entry) for name, entry in ROBUST_ESTIMATORS.items()},
        "cs_given": Estimator("Doubly robust, at the choice", ADJUSTED, partial(_compare, approach="dr"), _SCORE),
        "cs_regression": Estimator("Regression, at the choice", ADJUSTED, _compare),
        "rule_regression": Estimator(
            "Regression, at the choice, among buurten the rule allows", ADJUSTED, partial(_compare, untreated=_allowed)
        ),
        "at_risk": Estimator(
            "Regression, at the choice, all at risk", ADJUSTED, partial(_compare, comparison=AT_RISK), _SCORE
        ),
        "rule_at_risk": Estimator(
            "Regression, at the choice, all at risk that the rule allows", ADJUSTED, at_risk_by_rule, _SCORE
        ),
        DOCUMENTED: Estimator(
            "Regression, at the choice and given low incomes, all at risk that the rule allows",
            ADJUSTED,
            partial(at_risk_by_rule, also=(f"{OUTCOMES[1]}_level",)),
        ),
        "headline": Estimator(
            "Headline of n05: regression at the last wave, all at risk",
            ADJUSTED,
            partial(on_waves, comparison=AT_RISK, given=(f"{OUTCOMES[0]}_level", "social_share", "worth_trend_2001")),
            _SCORE,
            targets=(WAVES,),
        ),
        "valued": Estimator(
            "Earlier headline of n05: regression on the value of dwellings before",
            ADJUSTED,
            partial(on_waves, comparison=NEVER_TREATED, given=("worth_2001", "worth_trend_2001")),
            _SCORE,
            targets=(WAVES,),
        ),
        "far": Estimator(
            "Callaway–Sant'Anna, far controls", ADJUSTED, partial(_compare, approach="dr", given=(), untreated=_far)
        ),
        "far_regression": Estimator(
            "Regression, at the choice, far controls", ADJUSTED, partial(_compare, untreated=_far)
        ),
        "imputation_given": replace(
            _registered(ROBUST_ESTIMATORS["imputation"], _BEFORE),
            label="Imputation given level, trend and social rent of 1998",
            kind=ADJUSTED,
            outcomes=_SCORE,
        ),
        "matching": _reweighted("Matching, three years before", Baseline(3, 1, method=MATCHING)),
        "balancing_early": _reweighted("Entropy balancing, three years before", Baseline(3, 1, method=ENTROPY)),
        "balancing": _reweighted("Entropy balancing, at the choice", Baseline(1, 3, method=ENTROPY)),
    }


ESTIMATORS = scored_estimators()
"""Every estimator by its name in the summary, in the order of the page. “At the choice” is the last 1 January before
demolition, when a buurt was chosen: level and trend of the score, the outcome's own level and social rent then. The
covariates of ``valued`` were chosen after one country (seed 1) had been looked at; here stands what that costs."""
