"""Claim C03: whether the gap widens. Dispersion without groups decides; grouped gaps show why they cannot."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import Answer, Verdict
from buurteffect.estimate import Estimate
from buurteffect.estimate.inference.bootstrap import FEW_CLUSTERS

_MEASURES = ("sd", "q90_q10")
_SAMPLE = "areas scored in each wave"


def judge_gap(
    dispersion: Estimate,
    changes: tuple[Estimate, ...],
    grouped: Estimate,
    regression: Estimate,
    tail: float,
    source: str,
    level: str,
) -> Verdict:
    """Judge claim C03.

    By `dispersion_by_wave` and the `changes` of `dispersion_change`, one per first wave, of which the first spans all
    waves. Over that span are `gap_by_class_year` (`grouped`), of the top and the bottom share `tail`, and
    `expected_regression`; nothing is said of them where they were refused.
    """
    answer = Answer("C03", source, level)
    first, last = (int(changes[0].frame[name].iloc[0]) for name in ("from_year", "to_year"))
    _say_spread(answer, dispersion, changes[0], first, last)
    figures = _figures(changes[0])
    remark = _say_cells(answer, changes, figures)
    if grouped:
        _say_grouped(answer, grouped, tail, first, last)
    if grouped and regression:
        _say_regression(answer, regression, first, last)
    answer.cannot_say(
        "Areas count equally, whatever their number of inhabitants, and an area's score is one number: differences "
        "within areas, and between their people, are not in it. What the making of the instrument itself does to the "
        "spread of early waves is not examined here."
    )
    return answer.judge(figures, remark)


def _figures(change: Estimate) -> dict[str, float]:
    """Return the figures of the rule: the change of the spread over all areas from the first wave to the last."""
    sd, quantiles = (change.row(group="all", measure=measure, sample=_SAMPLE) for measure in _MEASURES)
    return {
        "sd_low": sd["ci_low"],
        "sd_high": sd["ci_high"],
        "quantiles_low": quantiles["ci_low"],
        "quantiles_high": quantiles["ci_high"],
    }


def _say_spread(answer: Answer, dispersion: Estimate, change: Estimate, first: int, last: int) -> None:
    """Say how the spread without groups moved, for all areas and in the four largest cities."""
    at = {
        (group, measure, year): dispersion.row(group=group, measure=measure, year=year)["estimate"]
        for group in set(dispersion.frame["group"])
        for measure in _MEASURES
        for year in (first, last)
    }
    sd = change.row(group="all", measure="sd", sample=_SAMPLE)
    answer.say(
        "without groups, the standard deviation of the score {place} went from {sd_first:.3f} in {first:d} to "
        "{sd_last:.3f} in {last:d} (change {sd_change:.3f} [{sd_low:.3f}, {sd_high:.3f}]) and the distance Q90–Q10 "
        "from {q_first:.3f} to {q_last:.3f}.",
        first=first,
        last=last,
        sd_first=at["all", "sd", first],
        sd_last=at["all", "sd", last],
        sd_change=sd["estimate"],
        sd_low=sd["ci_low"],
        sd_high=sd["ci_high"],
        q_first=at["all", "q90_q10", first],
        q_last=at["all", "q90_q10", last],
    )
    if ("four_largest", "q90_q10", first) in at:
        cities = change.row(group="four_largest", measure="q90_q10", sample=_SAMPLE)
        few = cities["clusters_count"] < FEW_CLUSTERS
        answer.say(
            "in the {cities_count:d} largest cities the distance Q90–Q10 went from {cities_first:.3f} to "
            "{cities_last:.3f} (change {cities_change:.3f} [{cities_low:.3f}, {cities_high:.3f}]"
            + (", an interval that so few gemeenten make too narrow)." if few else ")."),
            cities_count=cities["clusters_count"],
            cities_first=at["four_largest", "q90_q10", first],
            cities_last=at["four_largest", "q90_q10", last],
            cities_change=cities["estimate"],
            cities_low=cities["ci_low"],
            cities_high=cities["ci_high"],
        )


def _say_cells(answer: Answer, changes: tuple[Estimate, ...], figures: dict[str, float]) -> str:
    """Say in how many cells the spread rises and falls; return where the change over all areas is not shown."""
    cells = pd.concat([change.frame for change in changes])
    cells = cells[cells["measure"].isin(_MEASURES) & (cells["sample"] == _SAMPLE)]
    rise, fall = (cells["ci_low"] > 0), (cells["ci_high"] < 0)
    widens = figures["sd_low"] > 0 and figures["quantiles_low"] > 0
    narrows = figures["sd_high"] < 0 and figures["quantiles_high"] < 0
    answer.say(
        "over all {areas}, "
        + ("the gap widens" if widens else "the gap narrows" if narrows else "whether the gap widens cannot be said")
        + ". Of {cells_count:d} cells (group, measure, first wave), which share their {areas} and are no separate "
        "evidence, the spread falls in {fall_count:d} and rises in {rise_count:d} with an interval that excludes zero.",
        cells_count=len(cells),
        fall_count=int(fall.sum()),
        rise_count=int(rise.sum()),
    )
    if not (widens or narrows):
        return ""
    without = [name for name, part in (rise if widens else fall).groupby(cells["group"]) if not part.any()]
    names = ", ".join(f"the {name.replace('_', ' ')} cities" if name == "four_largest" else name for name in without)
    return f"; not shown for {names}" if names else ""


def _say_grouped(answer: Answer, grouped: Estimate, tail: float, first: int, last: int) -> None:
    """Show that a gap between groups takes its sign from the year in which the groups are fixed."""

    def gap(class_year: int, year: int) -> float:
        return float(grouped.row(class_year=class_year, measure="gap", to_year=year)["estimate"])

    answer.say(
        "from the same scores the gap between the top and the bottom {tail:.0%} goes from {early_first:.3f} to "
        "{early_last:.3f} if the groups are fixed in {first:d}, and from {late_first:.3f} to {late_last:.3f} if they "
        "are fixed in {last:d}.",
        tail=tail,
        first=first,
        last=last,
        early_first=gap(first, first),
        early_last=gap(first, last),
        late_first=gap(last, first),
        late_last=gap(last, last),
    )


def _say_regression(answer: Answer, regression: Estimate, first: int, last: int) -> None:
    """Say how much of these changes regression to the mean alone would give."""

    def expected(class_year: int) -> float:
        row = regression.row(class_year=class_year, measure="expected, spread as in the class wave")
        return float(row["estimate"])

    beyond = regression.frame[regression.frame["measure"] == "observed minus expected with constant spread"]
    answer.say(
        "regression to the mean alone, with the spread held constant, would change the gap by {expected_early:.3f} "
        "with the groups of {first:d} and by {expected_late:.3f} with those of {last:d}: a gap between groups formed "
        "by the score cannot decide the question. Less that, the gap changes by {beyond_low:.3f} to {beyond_high:.3f}, "
        "whichever wave forms the groups.",
        first=first,
        last=last,
        expected_early=expected(first),
        expected_late=expected(last),
        beyond_low=beyond["estimate"].min(),
        beyond_high=beyond["estimate"].max(),
    )
