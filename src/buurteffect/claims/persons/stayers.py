"""Claims C07, C25 and C28: what restructuring did for those who lived there, apart from what it did to averages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.claims.register import threshold
from buurteffect.claims.verdict import Answer, Verdict, with_inner, with_interval
from buurteffect.estimate.core.intervals import fieller_ratio
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.power import minimum_detectable_effect
from buurteffect.estimate.persons.attrition_bounds import LeeBounds
from buurteffect.estimate.persons.composition_effects import FlowEffect
from buurteffect.estimate.persons.newcomers_iv import Instrumented
from buurteffect.estimate.robustness.equivalence_tests import Equivalence, equivalence

SMALLEST_INCOME, SMALLEST_EMPLOYMENT = threshold("C07", "income_small"), threshold("C07", "work_small")
"""Smallest effects that matter, as the rules have them: log points of own income, and the share at work."""

COMERS_STEP = 0.10
"""Ten households in a hundred who are well off and new: what the effect of newcomers is put in terms of."""

_ALPHA, _POWER = 0.05, 0.8


def describe_flows(flow: FlowEffect, other: FlowEffect | Estimate, bare: FlowEffect | Estimate, source: str) -> Answer:
    """Say through whom the mean log income of restructured buurten moved.

    `flow` is chained yearly and `other` is over the long difference; `bare` is as `flow`, without covariates, and shows
    how much the share hangs on them.
    """
    answer = Answer("n06", source, "buurt")
    total, stayed, moved = (flow.row(term) for term in ("total", "in_situ", "composition"))
    answer.say(
        "the mean log income of restructured {areas} {place} differs by {total:.3f} [{total_low:.3f}, "
        "{total_high:.3f}] from what it would have been. Of that, {in_situ:.3f} [{in_situ_low:.3f}, "
        "{in_situ_high:.3f}] came about among those who lived there in successive years ({in_situ_found:.3f} would be "
        "told from zero four times in five), and {moved:.3f} [{moved_low:.3f}, {moved_high:.3f}] by who came and "
        "who left.",
        **with_interval("total", total),
        **with_interval("in_situ", stayed),
        in_situ_found=minimum_detectable_effect(stayed["std_error"], _ALPHA, _POWER, flow.effects.degrees),
        **with_interval("moved", moved),
    )  # fmt: skip
    _say_share(answer, flow, "share", "{share:.0%} of {gain} came about among people who lived there in successive "
               "years, with a Fieller interval from {share_low:.0%} to {share_high:.0%}.")  # fmt: skip
    if isinstance(bare, Estimate):
        answer.limits += bare.refusal("The share without anything given")
    else:
        _say_share(answer, bare, "bare", "if {areas} were compared without covariates, it would be {bare:.0%} "
                   "[{bare_low:.0%}, {bare_high:.0%}], of an effect of {bare_total:.3f}: how the gain is divided "
                   "depends on that choice.", bare_total=bare.row("total")["estimate"])  # fmt: skip
    if isinstance(other, Estimate):
        answer.limits += other.refusal("The parts over the whole span at once")
    else:
        span, left = other.row("in_situ"), other.row("composition")
        answer.say(
            "taken over the whole span at once, stayers being only those of the year before the start who are still "
            "there, the part of stayers is {long_in_situ:.3f} [{long_low:.3f}, {long_high:.3f}] and that of comers and "
            "leavers {long_moved:.3f} [{long_moved_low:.3f}, {long_moved_high:.3f}]; the parts add up to the whole to "
            "{misfit:.0e}.",
            long_in_situ=span["estimate"], long_low=span["ci_low"], long_high=span["ci_high"],
            **with_interval("long_moved", left),
            misfit=max(flow.misfit, other.misfit),
        )  # fmt: skip
    answer.cannot_say(
        "The part of those who lived there is no effect on persons: newcomers count in it from their second year, who "
        "stays is chosen, incomes of people who came with a low one tend to rise, and with other people coming there "
        "are others to whom that happens. Effects on persons are those of the residents of the year before, below."
    )
    return answer


def _say_share(answer: Answer, flow: FlowEffect, name: str, words: str, **more: float) -> None:
    """Say which part of the effect on the mean is that of stayers, or that its interval has no ends."""
    total, stayed = flow.row("total"), flow.row("in_situ")
    matrix = np.array([[stayed["std_error"] ** 2, flow.covariance], [flow.covariance, total["std_error"] ** 2]])
    part = fieller_ratio(stayed["estimate"], total["estimate"], matrix, flow.effects.degrees)
    if part.bounded:
        words = words.replace("{gain}", "the improvement" if total["estimate"] > 0 else "the decline")
        answer.say(words, **{name: part.estimate, f"{name}_low": part.ci_low, f"{name}_high": part.ci_high}, **more)
    else:
        answer.cannot_say(
            f"Which part of the change happened to people who lived there cannot be said "
            f"{'without anything given' if more else 'here'}: the change itself is not told from zero, so that the "
            "interval of the ratio has no ends."
        )


@dataclass(frozen=True, eq=False)
class ResidentEvidence:
    """What C07 is judged by.

    Intention to treat on `income` and `employment` over the years after, one row each; the same in `blocks`, demolished
    against demolished later; `bounds` for those who stay either way; and, for contrast, the effect on the
    neighbourhood's `mean` over the years of `window` after the first demolition.
    """

    income: EffectEstimate
    employment: EffectEstimate
    blocks: EffectEstimate
    bounds: LeeBounds | Estimate
    mean: FlowEffect | Estimate
    source: str
    window: tuple[int, int] = (6, 9)


def judge_residents(evidence: ResidentEvidence) -> Verdict:
    """Judge C07: whether the lives of sitting residents improved, by one-sided tests on own income and employment."""
    answer = Answer("C07", evidence.source, "buurt")
    if not evidence.income or not evidence.employment:
        reason = evidence.income.reason or evidence.employment.reason
        return answer.not_testable(f"There is no estimate for sitting residents: {reason.rstrip('.')}.")
    income = _say_effect(
        answer, evidence.income, SMALLEST_INCOME, "income", "the own household income of those who lived in "
        "{areas} {place} the year before they were restructured, wherever they live later,",
    )  # fmt: skip
    work = _say_effect(
        answer, evidence.employment, SMALLEST_EMPLOYMENT, "work", "the share of them of working age who are "
        "employees",
    )  # fmt: skip
    if not isinstance(evidence.mean, Estimate):
        mean = evidence.mean.row("total")
        answer.say(
            "the effect on the mean log income of these {areas}, {first:d} to {last:d} years after the first "
            "demolition, is {mean_effect:.3f} [{mean_low:.3f}, {mean_high:.3f}]: an average moves with who lives "
            "there, whatever happens to anybody's income.",
            first=evidence.window[0], last=evidence.window[1],
            mean_effect=mean["estimate"], mean_low=mean["ci_low"], mean_high=mean["ci_high"],
        )  # fmt: skip
    if evidence.blocks:
        _say_effect(
            answer, evidence.blocks, SMALLEST_INCOME, "blocks", "the log income of residents of demolished "
            "blocks, against those of blocks demolished later,",
        )  # fmt: skip
    if not isinstance(evidence.bounds, Estimate):
        _say_bounds(answer, evidence.bounds)
    answer.cannot_say(
        "Own income is that of the household to which a person belongs; health, school and how people feel about "
        "moving are not in these extracts. Compared are residents of the same gemeente, tenure, age, income and mean "
        "income of the buurt: what differs between them beyond that is not ruled out."
    )
    figures = {
        "income_inner_low": income.ci_low,
        "income_inner_high": income.ci_high,
        "work_inner_low": work.ci_low,
        "work_inner_high": work.ci_high,
    }
    return answer.judge(figures, primary=evidence.income.frame.iloc[0])


def _say_bounds(answer: Answer, found: LeeBounds) -> None:
    """Say between which values the effect on those who stay either way lies, and under what assumption."""
    open_words = "which tells neither a gain nor a loss" if found.ci_low < 0 < found.ci_high else "not holding zero"
    answer.say(
        "if restructuring makes nobody stay who would have left, the effect on those who stay in the buurt either way "
        f"lies between {{bound_low:.3f}} and {{bound_high:.3f}} (interval {{bound_ci_low:.3f}} to "
        f"{{bound_ci_high:.3f}}), {open_words}: {{stay_treated:.0%}} stayed, and {{stay_others:.0%}} of those "
        "compared.",
        bound_low=found.low, bound_high=found.high, bound_ci_low=found.ci_low, bound_ci_high=found.ci_high,
        stay_treated=found.treated_share, stay_others=found.others_share,
    )  # fmt: skip


def neighbour_table(undisplaced: EffectEstimate, newcomers: Instrumented | Estimate) -> pd.DataFrame:
    """Return what C28 rests on, without what was refused.

    Returns
    -------
    DataFrame
        One row per effect: ``term, estimate, ci_low, ci_high`` (95%), ``inner_low, inner_high`` (90%),
        ``minimum_detectable_effect, treated_count`` and ``first_stage`` (F of the instrument, missing without one).
    """
    rows: list[dict[str, object]] = []
    if undisplaced:
        row = undisplaced.frame.iloc[0]
        rows.append(_neighbour_row("restructuring", row, undisplaced.degrees, row["treated_count"], np.nan))
    if not isinstance(newcomers, Estimate):
        names = ("estimate", "std_error", "ci_low", "ci_high")
        scaled = pd.Series({name: COMERS_STEP * getattr(newcomers, name) for name in names})
        term = "one household in ten more that is new and of the highest third (instrumented)"
        rows.append(_neighbour_row(term, scaled, newcomers.degrees, None, newcomers.f_statistic))
    columns = ["term", "estimate", "ci_low", "ci_high", "inner_low", "inner_high", "minimum_detectable_effect",
               "treated_count", "first_stage"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype({"treated_count": "Int64"})


def _neighbour_row(
    term: str, row: pd.Series, degrees: float, treated: float | None, strength: float
) -> dict[str, object]:
    """Return an effect with both of its intervals and what would have been found."""
    inner = with_inner("row", row, degrees)
    found = minimum_detectable_effect(row["std_error"], _ALPHA, _POWER, degrees)
    return {
        "term": term,
        **{name: row[name] for name in ("estimate", "ci_low", "ci_high")},
        "inner_low": inner["row_inner_low"],
        "inner_high": inner["row_inner_high"],
        "minimum_detectable_effect": found,
        "treated_count": treated,
        "first_stage": strength,
    }


def judge_newcomers(undisplaced: EffectEstimate, newcomers: Instrumented | Estimate, source: str) -> Verdict:
    """Judge C28: whether better-off newcomers did anything for the income of neighbours whose dwelling stood."""
    answer = Answer("C28", source, "buurt")
    if not undisplaced:
        return answer.not_testable(f"There is no estimate for neighbours: {undisplaced.reason.rstrip('.')}.")
    test = _say_effect(
        answer, undisplaced, SMALLEST_INCOME, "income", "the own income of residents whose dwelling was not "
        "demolished",
    )  # fmt: skip
    if not isinstance(newcomers, Estimate):
        answer.say(
            "with dwellings built to own as instrument (first-stage F {f_value:.0f}), {step:.0f} points more "
            "households who are new and of the highest third move the own log income of those who were there by "
            "{iv:.3f} [{iv_low:.3f}, {iv_high:.3f}]; {iv_found:.3f} would be told from zero four times in five. The "
            "verdict does not rest on it.",
            f_value=newcomers.f_statistic,
            step=100 * COMERS_STEP,
            iv=COMERS_STEP * newcomers.estimate,
            iv_low=COMERS_STEP * newcomers.ci_low,
            iv_high=COMERS_STEP * newcomers.ci_high,
            iv_found=COMERS_STEP * minimum_detectable_effect(newcomers.std_error, _ALPHA, _POWER, newcomers.degrees),
        )
    answer.cannot_say(
        "Which dwellings were left standing was chosen, too: those compared are residents of all dwellings of "
        "untreated buurten. The instrument holds if what was built touches incomes of neighbours only through who "
        "came; works, noise and prices are ways around that."
    )
    figures = {"income_inner_low": test.ci_low, "income_inner_high": test.ci_high}
    return answer.judge(figures, primary=undisplaced.frame.iloc[0])


def judge_retention(
    undisplaced: EffectEstimate,
    well_off: EffectEstimate,
    rising: EffectEstimate,
    years: int,
    source: str,
) -> Verdict:
    """Judge C25: whether restructuring kept better-off residents in their wijk, by those who could stay.

    `undisplaced` are residents of the highest third whose dwelling was left standing, who decide; `well_off` all of
    that third, and `rising` those whose income had risen most.
    """
    answer = Answer("C25", source, "buurt")
    if not undisplaced:
        return answer.not_testable(f"There is no estimate of who stays: {undisplaced.reason.rstrip('.')}.")
    row, degrees = undisplaced.frame.iloc[0], undisplaced.degrees
    matters = threshold("C25", "kept")
    answer.say(
        "of residents in the highest third of incomes the year before whose dwelling was not demolished, the share "
        "that lives in the same wijk {kept_years:d} years later differs by {stood:.1f} points [{stood_low:.1f}, "
        "{stood_high:.1f}] from that of others like them ({stood_treated:,d} treated); {stood_found:.1f} would be told "
        "from zero four times in five, and {stood_matters:.0f} is the smallest that matters.",
        kept_years=years,
        **with_interval("stood", row, 100),
        stood_treated=row["treated_count"],
        stood_found=100 * minimum_detectable_effect(row["std_error"], _ALPHA, _POWER, degrees),
        stood_matters=matters,
    )
    for name, made, words in (
        ("kept", well_off, "of all of the highest third, those who had to leave among them,"),
        ("rising", rising, "of those whose income had risen most over three years"),
    ):
        if made:
            answer.say(
                f"{words} it differs by {{{name}:.1f}} points [{{{name}_low:.1f}}, {{{name}_high:.1f}}].",
                **with_interval(name, made.frame.iloc[0], 100),
            )
    answer.cannot_say(
        "Which dwellings were left standing was chosen, too. Whoever had to leave because the dwelling went cannot be "
        "kept by what was built, and does not decide. Why people left is not in the register."
    )
    return answer.judge(with_inner("stood", row, degrees, 100), primary=row)


def equivalence_table(tested: dict[str, tuple[EffectEstimate, float]]) -> pd.DataFrame:
    """Return equivalence tests of estimates against the smallest effect that matters, without those refused.

    One row per test: ``term, estimate, ci_low, ci_high`` (level 90%), ``smallest, p_value``, the same as ``p_words``,
    and ``result``.
    """
    rows = []
    for term, (made, smallest) in tested.items():
        if made:
            row = made.frame.iloc[0]
            found = equivalence(row["estimate"], row["std_error"], smallest, made.degrees)
            words = "too small to matter" if found.equivalent else "not told"
            small = "below 0.001" if found.p_value < 0.0005 else f"{found.p_value:.3f}"
            rows.append((term, found.estimate, found.ci_low, found.ci_high, smallest, found.p_value, small, words))
    columns = ["term", "estimate", "ci_low", "ci_high", "smallest", "p_value", "p_words", "result"]
    return pd.DataFrame(rows, columns=columns)


def _say_effect(answer: Answer, made: EffectEstimate, smallest: float, name: str, words: str) -> Equivalence:
    """Say an effect, its equivalence test, and what would have been found; return the test."""
    row = made.frame.iloc[0]
    test = equivalence(row["estimate"], row["std_error"], smallest, made.degrees)
    verb = "which is too small to matter" if test.equivalent else "which does not tell whether it matters"
    answer.say(
        f"the effect on {words} is {{{name}:.3f}} [{{{name}_low:.3f}}, {{{name}_high:.3f}}] ({{{name}_treated:,d}} "
        f"treated); at 90% it lies between {{{name}_inner_low:.3f}} and {{{name}_inner_high:.3f}}, {verb}: the "
        f"smallest that does is {{{name}_matters:.2f}}; {{{name}_found:.3f}} would be told from zero four times in "
        "five.",
        **{
            **with_interval(name, row),
            f"{name}_treated": row["treated_count"],
            f"{name}_inner_low": test.ci_low,
            f"{name}_inner_high": test.ci_high,
            f"{name}_matters": smallest,
            f"{name}_found": minimum_detectable_effect(row["std_error"], _ALPHA, _POWER, made.degrees),
        },
    )
    return test
