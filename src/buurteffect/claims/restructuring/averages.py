"""Claim C06: whether restructuring raised neighbourhood averages, judged per outcome by a rule fixed beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from buurteffect.claims.rules import Outcome
from buurteffect.claims.verdict import Answer, Verdict, negligible
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.power import minimum_detectable_effect
from buurteffect.estimate.robustness.specifications import share_with_sign
from buurteffect.estimate.selection.overlap import PooledOverlap

ENOUGH_SPECIFICATIONS = 0.8
LEAST_BREAKDOWN = 0.5
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

    The `headline`, one row, is the mean over the years of `window` after the start. Beside it stand
    `relative_magnitudes` with its breakdown value (`honest`), `specification_table`, whose first row is the headline,
    `permuted_cohorts` and `pooled_overlap`.
    """

    outcome: str
    window: tuple[int, int]
    headline: EffectEstimate
    honest: EffectEstimate
    specifications: pd.DataFrame | Estimate
    permutation: EffectEstimate
    overlap: PooledOverlap | Estimate
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
    if not evidence.headline:
        reason = f"There is no estimate for {measure.words}: {evidence.headline.reason.rstrip('.')}."
        return answer.not_testable(reason, remark=f" for {measure.words}")
    row = evidence.headline.frame.iloc[0]
    degrees = evidence.headline.degrees
    _say_headline(answer, evidence, measure, row, degrees)
    conditions = {
        "its interval excludes zero": bool(measure.sign * row["ci_low" if measure.sign > 0 else "ci_high"] > 0),
        "it is as large as the smallest effect that matters": abs(row["estimate"]) >= measure.smallest,
        "four in five other specifications have its sign": _say_specifications(answer, evidence, measure),
        "permuted treatment would rarely give as much": _say_permutation(answer, evidence),
        "it outlives breaks of trend half as large as those before": _say_honest(answer, evidence),
        "untreated areas like the treated ones exist": _say_overlap(answer, evidence),
    }
    failing = [words for words, met in conditions.items() if not met]
    if failing:
        answer.say(
            "of the {conditions:d} conditions of the rule, {met:d} are met; not met: " + "; ".join(failing) + ".",
            conditions=len(conditions),
            met=len(conditions) - len(failing),
        )
    against = measure.sign * row["ci_high" if measure.sign > 0 else "ci_low"] < 0
    outcome = Outcome.of(not failing, against or negligible(row, measure.smallest, degrees))
    return answer.verdict(outcome, f" for {measure.words}")


def _say_headline(answer: Answer, evidence: Evidence, measure: Measure, row: pd.Series, degrees: float) -> None:
    """Say the estimate, and what the design could have found."""
    design = evidence.headline.design
    alpha = ALPHA if design is None else design.alpha
    alike = " that were alike when it was chosen" if design is not None and design.covariates else ""
    answer.say(
        f"{{low_year:d}} to {{high_year:d}} years after the start of restructuring, {measure.words} in treated "
        f"{{areas}} {{place}} differs by {{estimate:+.3f}} [{{ci_low:.3f}}, {{ci_high:.3f}}]{measure.behind} from what "
        f"it would have been, if treated and untreated {{areas}}{alike} would have moved alike ({{treated:d}} treated "
        "{areas}).",
        low_year=evidence.window[0],
        high_year=evidence.window[1],
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        treated=row["treated_count"],
    )
    answer.say(
        f"an effect of less than {{detectable:.3f}}{measure.behind} would have been missed more than once in five; the "
        "smallest that matters is {smallest:.3f}.",
        detectable=minimum_detectable_effect(row["std_error"], alpha, 0.8, degrees),
        smallest=measure.smallest,
    )


def _say_specifications(answer: Answer, evidence: Evidence, measure: Measure) -> bool:
    """Say how many specifications agree in sign; return whether enough do."""
    if isinstance(evidence.specifications, Estimate):
        return False
    table = evidence.specifications.iloc[1:]
    known = table.dropna(subset="estimate")
    share = share_with_sign(table, measure.sign)
    answer.say(
        "over {specifications:d} other specifications it runs from {spec_low:.3f} to {spec_high:.3f}, and in "
        "{spec_share:.0%} of them it has the sign of the claim.",
        specifications=len(known),
        spec_low=known["estimate"].min(),
        spec_high=known["estimate"].max(),
        spec_share=share,
    )
    return share >= ENOUGH_SPECIFICATIONS


def _say_permutation(answer: Answer, evidence: Evidence) -> bool:
    """Say how rare the estimate is among permutations; return whether it is rare."""
    if not evidence.permutation:
        return False
    chance = float(evidence.permutation.frame["p_value"].iloc[0])
    answer.say(
        "had the same projects fallen on other {areas} with a similar first score, a figure as large would come up "
        "in {chance:.1%} of cases; that speaks against chance, not against selection.",
        chance=chance,
    )
    return chance < ALPHA


def _say_honest(answer: Answer, evidence: Evidence) -> bool:
    """Say at which break of trends the finding ends; return whether that is far enough."""
    if not evidence.honest:
        answer.cannot_say(f"Bounds on breaks of trend cannot be given: {evidence.honest.reason.rstrip('.')}.")
        return False
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
    return value >= LEAST_BREAKDOWN


def _say_overlap(answer: Answer, evidence: Evidence) -> bool:
    """Say whether comparable areas exist; return whether they do."""
    if isinstance(evidence.overlap, Estimate):
        answer.cannot_say(f"Overlap cannot be judged: {evidence.overlap.reason.rstrip('.')}.")
        return False
    found = evidence.overlap
    words = "enough" if not found.fails else "too few, or too unlike them, to stand for the treated ones"
    answer.say(
        "{comparison:,d} untreated {areas}, weighted to have the level and trend that the treated ones had, amount to "
        "{effective:.1f}: " + words + ".",
        comparison=found.comparison_count,
        effective=found.balance.effective_count,
    )
    return not found.fails


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
        "their start, less what earlier projects had done to these areas the year before."
    )
    return [text for text in (common, MEASURES[outcome].other_concept) if text]
