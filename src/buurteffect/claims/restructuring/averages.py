"""Claim C06: whether restructuring raised neighbourhood averages, judged per outcome by the rule of the register."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.claims.verdict import Answer, Verdict
from buurteffect.estimate.core.intervals import interval
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.power import with_minimum_detectable_effect
from buurteffect.estimate.selection.bracketing import EQUAL, GIVEN, PLAIN
from buurteffect.estimate.selection.overlap import PooledOverlap

PRIMARY = "liveability"
"""The outcome that decides: the score stands for quality and reputation, and is published before most starts."""

BREAKS = 0.5
"""Breaks of trend that the rule allows for, in multiples of the largest one before the start."""

ALPHA = 0.05
_PRINTED = 0.005
"""Breakdown values below this are not zero, though they are printed so."""


@dataclass(frozen=True)
class Measure:
    """What the claim says of one outcome, described by `words`.

    It rises (`sign` 1) or falls (−1); `smallest` is the smallest effect that matters, in `unit`, empty for a share.
    The true effect on synthetic data is recorded under `truth`; `other_concept` says how that differs from what is
    published.
    """

    words: str
    sign: int
    smallest: float
    unit: str
    truth: str = ""
    other_concept: str = ""

    @property
    def behind(self) -> str:
        """The unit with the space that parts it from its number; nothing for a share."""
        return f" {self.unit}" if self.unit else ""


MEASURES = {
    "liveability": Measure("the liveability score", 1, 0.02, "LBM points", "liveability_score"),
    "liveability_rest": Measure("the liveability score without housing and cohesion", 1, 0.02, "LBM points"),
    "low_income": Measure("the share of households with a low income", -1, 0.02, "", "low_income_share"),
    "income": Measure(
        "the log of mean personal income",
        1,
        0.02,
        "log points",
        "mean_log_income",
        "The truth is that of the mean log income of households, what is published is the mean personal income of "
        "recipients: a difference between the two is not all error of the estimate.",
    ),
    "woz": Measure("the log of the value of dwellings", 1, 0.03, "log points", "log_woz"),
    "owner": Measure("the share of owner-occupied dwellings", 1, 0.05, "", "owner_share"),
}
"""What the claim says of each outcome, with the smallest effect that matters, fixed before any estimate."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that the verdict on one of `MEASURES` rests on.

    The `headline`, the mean over the years of `window` after the start, is one row or those of a `bracket`. Beside it
    stand `relative_magnitudes` with its breakdown value (`honest`), `specification_table`, whose first row is a design
    of the headline, `permuted_cohorts` and `pooled_overlap`; and whether the design of the headline holds the truth of
    simulated countries (`trusted`, by `headline_passes`).
    """

    outcome: str
    window: tuple[int, int]
    headline: EffectEstimate
    honest: EffectEstimate
    specifications: pd.DataFrame | Estimate
    permutation: EffectEstimate
    overlap: PooledOverlap | Estimate
    trusted: bool
    source: str
    level: str


def judge_restructuring(evidence: Evidence) -> Verdict:
    """Judge claim C06 on one outcome by the rule of the register; "not testable" where there is no headline."""
    answer = Answer("C06", evidence.source, evidence.level)
    measure = MEASURES[evidence.outcome]
    answer.cannot_say(
        "An average of a neighbourhood may rise because other people live there. Whether anybody became better off is "
        "the question of n06; nothing here is an effect on persons."
    )
    decides = evidence.outcome == PRIMARY
    remark = f" for {measure.words}" + ("" if decides else ", which does not decide the claim")
    if not evidence.headline:
        reason = f"There is no estimate for {measure.words}: {evidence.headline.reason.rstrip('.')}."
        return answer.not_testable(reason, remark=remark)
    row = evidence.headline.frame.iloc[0]
    _say_headline(answer, evidence, measure)
    _say_specifications(answer, evidence)
    _say_honest(answer, evidence)
    if isinstance(evidence.overlap, Estimate):
        answer.cannot_say(f"Overlap cannot be judged: {evidence.overlap.reason.rstrip('.')}.")
    answer.cannot_say("That gemeenten dealt by lot seldom give as much speaks against chance, not against selection.")
    return answer.judge(figures_of(evidence), remark, evidence.outcome, row if decides else None)


def figures_of(evidence: Evidence) -> dict[str, float]:
    """Return the figures that the rule looks at, those of effects signed so that the direction of the claim is up.

    Figures of what was refused are NaN.
    """
    measure = MEASURES[evidence.outcome]
    row, designs = evidence.headline.frame.iloc[0], _designs(evidence.headline)
    low, high = _turned(row["ci_low"], row["ci_high"], measure.sign)
    ends = interval(designs["estimate"], designs["std_error"], evidence.headline.degrees, 2 * ALPHA)
    small = _turned(ends[0].min(), ends[1].max(), measure.sign)
    broken = np.nan, np.nan
    if evidence.honest:
        bounds = evidence.honest.frame
        at = bounds[bounds["bound"] == BREAKS].iloc[0]
        broken = _turned(at["ci_low"], at["ci_high"], measure.sign)
    found = {
        "trusted": evidence.trusted,
        "effect": measure.sign * row["estimate"],
        "effect_low": low,
        "effect_high": high,
        "small_low": small[0],
        "small_high": small[1],
        "break_low": broken[0],
        "break_high": broken[1],
        "break_reach": max(abs(broken[0]), abs(broken[1])),
        "chance": evidence.permutation.frame["p_value"].iloc[0] if evidence.permutation else np.nan,
    }
    found |= _agreement(evidence, measure) | _likeness(evidence.overlap)
    return {name: float(value) for name, value in found.items()}


def _designs(headline: EffectEstimate) -> pd.DataFrame:
    """Return the designs of a headline: its rows but for the bracket, or its only row."""
    return headline.frame if len(headline.frame) == 1 else headline.frame.iloc[1:]


def _turned(low: float, high: float, sign: int) -> tuple[float, float]:
    """Return the ends of an interval signed so that the direction of the claim is up."""
    return (low, high) if sign > 0 else (-high, -low)


def _agreement(evidence: Evidence, measure: Measure) -> dict[str, float]:
    """Return which shares of the other specifications agree, disagree, and are too small to matter."""
    names = ("agreeing_share", "opposing_share", "small_share")
    if isinstance(evidence.specifications, Estimate):
        return dict.fromkeys(names, np.nan)
    known = measure.sign * evidence.specifications.iloc[1:]["estimate"].dropna()
    parts = known > 0, known < 0, known.abs() < measure.smallest
    return {name: float(part.mean()) for name, part in zip(names, parts, strict=True)}


def _likeness(overlap: PooledOverlap | Estimate) -> dict[str, float]:
    """Return how far untreated areas can be made like the treated ones."""
    if isinstance(overlap, Estimate):
        return dict.fromkeys(("effective_controls", "imbalance", "outside_share"), np.nan)
    balance = overlap.balance
    return {
        "effective_controls": balance.effective_count,
        "imbalance": balance.imbalance,
        "outside_share": balance.outside_share,
    }


def _say_headline(answer: Answer, evidence: Evidence, measure: Measure) -> None:
    """Say the estimates, and what they could have found."""
    headline = evidence.headline
    told = headline if "minimum_detectable_effect" in headline.frame else with_minimum_detectable_effect(headline)
    row = told.frame.iloc[0]
    by_name = told.frame.set_index("term")["estimate"]
    design = headline.design
    alike = " that were alike when it was chosen" if design is not None and design.covariates else ""
    if {PLAIN, GIVEN} <= set(by_name.index):
        answer.say(
            f"{{low_year:d}} to {{high_year:d}} years after the start of restructuring, {measure.words} in treated "
            f"{{areas}} {{place}} differs by {{plain:+.3f}}{measure.behind} from what it would have been if trends "
            f"were parallel, and by {{given:+.3f}} if {{areas}} that were alike at the choice would have moved alike. "
            "Between the two, each with its sampling error"
            + (", and with as much selection again on what was not known" if EQUAL in by_name.index else "")
            + ", lies [{ci_low:.3f}, {ci_high:.3f}] ({treated:d} treated {areas}).",
            plain=by_name[PLAIN],
            given=by_name[GIVEN],
            **_headline_numbers(evidence, row),
        )
    else:
        answer.say(
            f"{{low_year:d}} to {{high_year:d}} years after the start of restructuring, {measure.words} in treated "
            f"{{areas}} {{place}} differs by {{estimate:+.3f}} [{{ci_low:.3f}}, {{ci_high:.3f}}]{measure.behind} from "
            f"what it would have been, if treated and untreated {{areas}}{alike} would have moved alike ({{treated:d}} "
            "treated {areas}).",
            estimate=row["estimate"],
            **_headline_numbers(evidence, row),
        )
    answer.say(
        f"an effect of less than {{detectable:.3f}}{measure.behind} would have been missed more than once in five; the "
        "smallest that matters is {smallest:.3f}.",
        detectable=row["minimum_detectable_effect"],
        smallest=measure.smallest,
    )


def _headline_numbers(evidence: Evidence, row: pd.Series) -> dict[str, float]:
    """Return the numbers that are said of every headline."""
    return {
        "low_year": evidence.window[0],
        "high_year": evidence.window[1],
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
        "treated": row["treated_count"],
    }


def _say_specifications(answer: Answer, evidence: Evidence) -> None:
    """Say over which range other specifications run."""
    if isinstance(evidence.specifications, Estimate):
        return
    known = evidence.specifications.iloc[1:].dropna(subset="estimate")
    if known.empty:
        return
    answer.say(
        "over {specifications:d} other specifications it runs from {spec_low:.3f} to {spec_high:.3f}.",
        specifications=len(known),
        spec_low=known["estimate"].min(),
        spec_high=known["estimate"].max(),
    )


def _say_honest(answer: Answer, evidence: Evidence) -> None:
    """Say at which break of trends the finding ends."""
    if not evidence.honest:
        answer.cannot_say(f"Bounds on breaks of trend cannot be given: {evidence.honest.reason.rstrip('.')}.")
        return
    value = float(evidence.honest.row(term="breakdown value")["estimate"])
    if pd.isna(value):
        answer.cannot_say("At which break of trend the finding ends is not known.")
    elif value == float("inf"):
        answer.say("no break of trend up to a hundred times the largest one before treatment would undo it.")
    elif value == 0:
        answer.say(
            "on the steps of the window the interval includes zero even where no break of trend at all is allowed for."
        )
    elif value < _PRINTED:
        answer.say(
            "on the steps of the window a break of trend after the start of less than a hundredth of the largest one "
            "seen before would undo it."
        )
    else:
        answer.say(
            "a break of trend after the start that is {breakdown:.2f} times the largest one seen before would undo it.",
            breakdown=value,
        )


@dataclass(frozen=True, eq=False)
class KnownTruth:
    """Estimates whose truth is known on synthetic data, as an estimate that a page can show.

    `frame` has one row per estimate with a figure: ``term, estimate, ci_low, ci_high``. `names` maps a term to the name
    under which the truth is joined after the run, and is empty where none is recorded.
    """

    frame: pd.DataFrame
    names: dict[str, str]
    method: str = ""
    error_convention: str = ""
    units_count: int = 0
    clusters_count: int = 0
    dropped: tuple[tuple[str, int], ...] = ()


def known_truth(outcome: str, window: tuple[int, int], cohorts: tuple[int, int], table: pd.DataFrame) -> KnownTruth:
    """Name the truth of estimates of one mean effect: that of the cohorts they rest on, and once that of all cohorts.

    The first row of `table` (``term, estimate, ci_low, ci_high``) is the headline; `window` holds event times, and
    `cohorts` the first and last cohort behind the estimates.
    """
    truth = MEASURES[outcome].truth
    rows = table[table["estimate"].notna()].drop_duplicates("term")
    if not truth or rows.empty:
        return KnownTruth(rows.head(0), {})
    every = rows.iloc[[0]].assign(term=f"{rows['term'].iloc[0]}, beside the truth of all cohorts")
    base = f"att_{window[0]}_{window[1]}_since_before_{truth}"
    own = f"{base}_cohorts_{cohorts[0]}_{cohorts[1]}"
    names = {str(term): f"{own}@{term}" for term in rows["term"]}
    names |= {str(term): f"{base}@{term}" for term in every["term"]}
    return KnownTruth(pd.concat([rows, every], ignore_index=True), names)


def truth_remarks(outcome: str, source: str) -> list[str]:
    """Return how the truth beside the estimates is to be read; nothing on real data."""
    if source != "synthetic":
        return []
    common = (
        "The truth beside the estimates is the mean effect on the cohorts that they rest on, by the true years of "
        "their start, less what other projects had done to these areas the year before: that is what a comparison "
        "with the last figure before the start can find. Against a country without any policy the effect is another, "
        "by what was done before; it stands beside it. The robust estimators side by side aim at the same."
    )
    return [text for text in (common, MEASURES[outcome].other_concept) if text]
