"""The scoreboard of n05's headline: designs on published data, in countries on which none of them was chosen."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import AT_RISK, NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.core.intervals import interval
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.aggregation import late_effect
from buurteffect.estimate.selection.bracketing import BRACKET, GIVEN, PLAIN, bracket
from buurteffect.panel.restructuring.outcomes import OUTCOMES as SERIES
from buurteffect.panel.restructuring.study import RULE, VALUED
from buurteffect.scoreboard.board import Scoreboard
from buurteffect.scoreboard.places.panel import WINDOW
from buurteffect.scoreboard.places.published_series import TRUE_NAMES, published_frames, published_truth
from buurteffect.scoreboard.summary import Summary, exact_band, holds
from buurteffect.synthetic.truth.truth import Truth
from buurteffect.synthetic.world.scenarios import SCENARIOS
from buurteffect.synthetic.world.world import World

COUNTRIES = {"S0": 200, "S1": 200, "S6": 200}
"""Countries by scenario."""

DESIGNS = {
    "bracket": "Bracket of the next two",
    "given": "Given what was known at the choice (the headline before)",
    "plain": "No covariates",
    "bounds": "Bracket, with as much selection again on what was not known",
    "bracket_clusters": "Bracket, t with gemeenten − 1",
    "bracket_one_sided": "Bracket, one-sided ends",
    "influence": "No covariates, against areas not yet treated, errors from influence functions",
    "valued": "Given values of dwellings before, against areas never treated (an earlier headline)",
}
"""Designs by name, in the order of the page."""

_ROWS = {"bounds": BRACKET, "given": GIVEN, "plain": PLAIN}
_JOINED = ("bracket", "bracket_clusters", "bracket_one_sided")
_FIGURES = ("estimate", "std_error", "ci_low", "ci_high", "treated_count")
_KEYS = ("outcome", "design")
SUMMARY_COLUMNS = (
    "scenario", *_KEYS, "size", "code", "seeds", "failed_share", "scored", "treated_mean", "truth", "bias",
    "bias_mc_error", "error_sd", "std_error", "interval_width", "coverage", "coverage_low", "coverage_high", "whole",
    "bias_whole", "coverage_whole", "coverage_whole_low", "coverage_whole_high", "rejected", "rejected_low",
    "rejected_high", "commonest_error",
)  # fmt: skip
"""Columns of the summary, as `Summary.of`, `score` and `more_figures` explain them."""


def estimate(world: World, scenario: str) -> pd.DataFrame:  # noqa: ARG001  (no estimator is told of the scenario)
    """Return what every design finds of every outcome in what a country publishes.

    Returns
    -------
    DataFrame
        One row per outcome and design: ``outcome, design, estimate, std_error, ci_low, ci_high, treated_count, error,
        message``. A design that refuses has the name of its error, and its message.
    """
    rows = []
    for outcome, frame in published_frames(world).items():
        found = dict(_found(frame, outcome))
        rows += [{"outcome": outcome, "design": name} | found[name] for name in DESIGNS]
    return pd.DataFrame(rows)


def _found(frame: pd.DataFrame, outcome: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the figures of every design of one outcome."""
    given = Design(outcome, covariates=RULE, comparison=AT_RISK, clusters=("gemeente_code",))
    try:
        made = bracket(frame, given, WINDOW, equal_selection=True)
    except EstimationError as error:
        yield from ((name, _refused(error)) for name in (*_ROWS, *_JOINED))
    else:
        yield from ((name, _figures(made.row(term=term))) for name, term in _ROWS.items())
        clusters = float(made.row(term=GIVEN)["clusters_count"])
        settings = ((made.degrees, given.alpha), (clusters - 1, given.alpha), (made.degrees, 2 * given.alpha))
        yield from ((name, _joined(made, *each)) for name, each in zip(_JOINED, settings, strict=True))
    others = {
        "influence": Design(outcome, comparison=NOT_YET_TREATED, clusters=given.clusters),
        "valued": Design(outcome, covariates=VALUED, comparison=NEVER_TREATED, clusters=given.clusters),
    }
    for name, design in others.items():
        try:
            yield name, _figures(late_effect(frame, design, WINDOW).frame.iloc[0])
        except EstimationError as error:
            yield name, _refused(error)


def _figures(row: pd.Series) -> dict[str, object]:
    """Return the figures of an estimate that was made."""
    return {name: row[name] for name in _FIGURES} | {"error": "", "message": ""}


def _refused(error: EstimationError) -> dict[str, object]:
    """Return what is known of an estimate that was refused."""
    return {"error": type(error).__name__, "message": str(error)}


def _joined(made: EffectEstimate, degrees: float, alpha: float) -> dict[str, object]:
    """Return the bracket of the first two designs, with other degrees of freedom or at another level."""
    parts = made.frame[made.frame["term"].isin([PLAIN, GIVEN])]
    low, high = interval(parts["estimate"], parts["std_error"], degrees, alpha)
    middle = (parts["estimate"].min() + parts["estimate"].max()) / 2
    return _figures(made.row(term=BRACKET)) | {"estimate": middle, "ci_low": low.min(), "ci_high": high.max()}


def truths(world: World, truth: Truth) -> pd.DataFrame:  # noqa: ARG001  (scoreboards share the call)
    """Return what each estimate is compared with; missing where no cohort is seen before and after its start."""
    return published_truth(truth)


def more_figures(scored: pd.DataFrame, every: pd.DataFrame) -> dict[str, float]:  # noqa: ARG001  (a shared call)
    """Return the figures that only this scoreboard has.

    ``treated_mean`` treated units; ``interval_width`` the mean length of the intervals; in ``whole, bias_whole,
    coverage_whole`` (with its exact band) the truth is the contrast with a country without any policy.
    """
    whole = scored["whole"].to_numpy(dtype=float)
    held = holds(scored, whole)
    low, high = exact_band(int(held.sum()), len(held))
    return {
        "treated_mean": float(scored["treated_count"].mean()),
        "interval_width": float((scored["ci_high"] - scored["ci_low"]).mean()),
        "whole": float(whole.mean()),
        "bias_whole": float((scored["estimate"] - whole).mean()),
        "coverage_whole": float(held.mean()),
        "coverage_whole_low": low,
        "coverage_whole_high": high,
    }


def describe(table: pd.DataFrame) -> pd.DataFrame:
    """Add ``label`` of the design, ``meaning`` of the scenario, and ``outcome_label``, the outcome in words."""
    return table.assign(
        outcome_label=[SERIES[TRUE_NAMES[name]].label for name in table["outcome"]],
        label=[DESIGNS[name] for name in table["design"]],
        meaning=[SCENARIOS[name].meaning for name in table["scenario"]],
    )


HEADLINE_SCOREBOARD = Scoreboard(
    name="headline_scoreboard",
    command="make headline-scoreboard",
    countries=COUNTRIES,
    first_seed=1001,  # the design was chosen on seeds 1 to 25
    modules=("scoreboard.places.headline_board", "synthetic.country"),
    libraries=("numpy", "pandas", "scipy"),
    people=False,
    estimate=estimate,
    truths=truths,
    summary=Summary(
        keys=_KEYS,
        truth=("outcome",),
        beside=(),
        together=_KEYS,
        reason="error",
        more=more_figures,
        columns=SUMMARY_COLUMNS,
    ),
    known={"outcome": frozenset(TRUE_NAMES), "design": frozenset(DESIGNS)},
    describe=describe,
)
"""The scoreboard of the headline: `HEADLINE_SCOREBOARD.read()` returns its stored summary."""
