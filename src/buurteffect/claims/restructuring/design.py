"""Who is treated in the restructuring design, what selection mimics, and what comes of areas treated later."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.restructuring.averages import MEASURES
from buurteffect.claims.verdict import Answer, with_interval
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.robustness.two_group_power import GroupDesign
from buurteffect.estimate.selection.before_after import EXPECTED, NAIVE, TREATED

_DIMENSIONS = {
    "liveability": "Housing and cohesion are parts of the score, and demolition and building move them by definition. "
    "The parts are published for later waves only, so that the effect cannot be had without them; the page of the run "
    "n05_liveability_rest shows how far one gets.",
    "liveability_rest": "The dimensions are published for later waves only. Areas whose treatment began before the "
    "first of these have no figure before: they can be set beside others, but nothing can be said of what changed. "
    "That the score rose because housing and cohesion are in it can therefore be neither shown nor ruled out.",
}
"""What the dimensions of the score do to an estimate, by outcome."""

_KNOWN = {
    "score_level": "the score",
    "rented_share_known": "the share of rented dwellings",
    "woz_trend": "values' trend",
}
_PROGRAMME_START = 2022
"""Year in which the programme of the focus areas (NPLV) began."""


def describe_design(
    outcome: str,
    areas: pd.DataFrame,
    years: list[int],
    covariates: tuple[str, ...],
    source: str,
    level: str,
) -> Answer:
    """Say who is treated, and over which years of the outcome.

    `areas` has one row per area: ``status, cohort_year, dose_share, gemeente_code``; `covariates` were known before
    from another source, and nothing else adjusts for regression to the mean.
    """
    answer = Answer("n05-design", source, level)
    treated = areas[areas["status"] == "treated"]
    known = treated["dose_share"].dropna()
    dose = (
        "for {unknown:d} the register does not say how much was demolished; the median of the others is {dose:.0%} of "
        "the dwellings."
        if len(known)
        else "which share of the dwellings was demolished is known for none of them."
    )
    answer.say(
        "{treated:d} of {every:,d} {areas} {place} are treated, in {gemeenten:d} gemeenten, from {first:d} to "
        "{last:d}; " + dose,
        treated=len(treated),
        every=len(areas),
        gemeenten=treated["gemeente_code"].nunique(),
        first=treated["cohort_year"].min(),
        last=treated["cohort_year"].max(),
        **({"unknown": len(treated) - len(known), "dose": known.median()} if len(known) else {}),
    )
    _say_times(answer, treated, years)
    lacking = [words for name, words in _KNOWN.items() if name not in covariates]
    if covariates and lacking:
        answer.cannot_say(f"Not published in time for enough areas, and so not adjusted for: {', '.join(lacking)}.")
    if not covariates:
        answer.cannot_say(
            "Nothing from another source was known of these areas before. The headline therefore compares treated "
            "areas with all others, and what regression to the mean mimics is in it."
        )
    if outcome in _DIMENSIONS:
        answer.cannot_say(_DIMENSIONS[outcome])
    ahead = int((treated["cohort_year"] >= years[-1]).sum())
    if ahead:
        answer.say(
            "the treatment of {ahead:d} {areas} begins in the last year of the outcome or later: there is no figure "
            "after the start, and for them only what came before can be shown.",
            ahead=ahead,
        )
    return answer


def _say_times(answer: Answer, treated: pd.DataFrame, years: list[int]) -> None:
    """Say how many treated areas have a figure before treatment, and what one figure before cannot show."""
    before = treated["cohort_year"].map(lambda start: sum(year < start for year in years))
    answer.say(
        "the outcome is there for {years:d} years from {first_year:d} to {last_year:d}: {none:d} treated {areas} have "
        "no figure before their start and say nothing here, {one:d} have one, {two:d} have two, {more:d} have more.",
        years=len(years),
        first_year=years[0],
        last_year=years[-1],
        none=int((before == 0).sum()),
        one=int((before == 1).sum()),
        two=int((before == 2).sum()),
        more=int((before > 2).sum()),
    )
    if (before <= 2).any():
        answer.cannot_say(
            "One figure before treatment shows a level and no trend. Two show one change: whether it was a lasting "
            "difference in trend, a dip that comes back by itself, or noise, they cannot tell apart."
        )


def describe_selection(
    outcome: str,
    naive: EffectEstimate,
    placebo: EffectEstimate,
    adjusted: EffectEstimate,
    source: str,
    level: str,
) -> Answer:
    """Say how much of the comparison of `before_and_after` selection mimics.

    `placebo` and `adjusted` are from `lookalike_placebo`, without and with covariates.
    """
    answer, unit = Answer("n05-selection", source, level), MEASURES[outcome].behind
    if naive:
        change, gap, expected = (float(naive.row(term=name)["estimate"]) for name in (TREATED, NAIVE, EXPECTED))
        _say_regression(answer, change, gap, expected, unit)
    if placebo and adjusted:
        first, second = placebo.frame.iloc[0], adjusted.frame.iloc[0]
        answer.say(
            "untreated {areas} that looked like treated ones, taken for treated, show an effect of {plain:.3f} "
            "[{plain_low:.3f}, {plain_high:.3f}] where there is none; with the covariates of the headline {left:.3f} "
            "[{left_low:.3f}, {left_high:.3f}] is left. That "
            "is how much selection mimics where as much was known; what only the treated ones had, it does not show.",
            **with_interval("plain", first),
            **with_interval("left", second),
        )
    return answer


def _say_regression(answer: Answer, change: float, gap: float, expected: float, unit: str) -> None:
    """Say what regression to the mean explains of a naive comparison."""
    same = gap * expected > 0
    answer.say(
        f"treated {{areas}} changed by {{change:.3f}}{unit}, which differs by {{gap:.3f}} from the change of untreated "
        "ones. By regression to the mean alone, {areas} chosen for what these were before would differ by "
        "{expected:.3f}" + (": {share:.0%} of it, as fitted, without an interval." if same else ", the other way."),
        change=change,
        gap=gap,
        expected=expected,
        **({"share": expected / gap} if same else {}),
    )


def describe_future(
    outcome: str, ahead: pd.DataFrame, years: list[int], power: GroupDesign | Estimate, source: str, level: str
) -> Answer:
    """Say what can and cannot be said of areas whose treatment begins with the last figure or after it.

    `ahead` has one row per focus area: ``gemeente_code, confirmation, earlier, later``; `years` are those of the
    outcome, and `power` is from `future_design`.
    """
    answer, measure = Answer("n05-future", source, level), MEASURES[outcome]
    after = (
        "it gives no codes of the areas themselves, so that none of the {areas} can be called treated."
        if years[-1] > _PROGRAMME_START
        else "their programme began in {start:d} and the last figure is of {last:d}: there is no figure after the "
        "start, and no effect is estimated."
    )
    answer.say(
        "the list names {focus:d} areas in {gemeenten:d} gemeenten, {unconfirmed:d} of them unconfirmed; " + after,
        focus=len(ahead),
        gemeenten=ahead["gemeente_code"].nunique(),
        unconfirmed=int((ahead["confirmation"] == "unconfirmed").sum()),
        start=_PROGRAMME_START,
        last=years[-1],
    )
    by_gemeente = ahead.drop_duplicates("gemeente_code").dropna(subset=["earlier", "later"])
    if len(by_gemeente):
        change = by_gemeente["later"] - by_gemeente["earlier"]
        answer.say(
            f"between {{before:d}} and {{last:d}} the mean of all {{areas}} of these gemeenten moved by {{change:.3f}}"
            f"{measure.behind}, from {{lowest:.3f}} to {{highest:.3f}} between gemeenten.",
            before=years[-2],
            last=years[-1],
            change=change.mean(),
            lowest=change.min(),
            highest=change.max(),
        )
    if not isinstance(power, Estimate):
        answer.say(
            "if each of the {planned:d} areas were one of the {areas}, an effect had to reach {detectable:.3f}"
            f"{measure.behind} to be found four times in five over {{span:d}} years ({{independent:.3f}} if {{areas}} "
            "of one gemeente were independent); the smallest that matters is {smallest:.3f}.",
            planned=power.treated_count,
            detectable=power.detectable,
            independent=power.detectable_independent,
            span=power.to_time - power.from_time,
            smallest=measure.smallest,
        )
    answer.cannot_say(
        "Two figures before the start show one change. They cannot tell a trend from a dip that brought an area onto "
        "the list and comes back by itself; more of them would, and only a list of the areas' own codes lets anybody "
        "look."
    )
    return answer


def overlap_words(reasons: tuple[str, ...]) -> str:
    """Say why overlap fails, or that it holds."""
    return f"Overlap fails: {'; '.join(reasons).rstrip('.')}." if reasons else "Overlap holds."
