"""Claim C27: whether problems pile up beyond a certain concentration of poor households."""

from __future__ import annotations

from buurteffect.claims.verdict import Answer, Verdict, with_interval
from buurteffect.estimate.core.intervals import interval
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.inference.power import minimum_detectable_effect
from buurteffect.estimate.regression.dose.threshold_regression import BEND, QUADRATIC, STRAIGHT, Threshold

SMALLEST = 0.2
"""Smallest change of slope that matters, LBM points per unit of the share."""

_ALPHA, _SMALLEST_P = 0.05, 0.001
_STEP = 0.1
"""Ten percentage points, in terms of which slopes are said."""


def judge_threshold(found: Threshold | Estimate, source: str, level: str) -> Verdict:
    """Judge claim C27 by a threshold regression of the score on the share of households with a low income.

    "Not testable" where there is no estimate. The quadratic term, which needs no choice, and the change of slope beyond
    the knot that fits best have to agree for either side.
    """
    answer = Answer("C27", source, level)
    if isinstance(found, Estimate):
        return answer.not_testable(f"There is no estimate: {found.reason.rstrip('.')}.")
    line, curve, change = (found.effects.row(term=name) for name in (STRAIGHT, QUADRATIC, BEND))
    answer.say(
        "where the share of households with a low income in {areas} {place} rose by {step:d} percentage points, the "
        "score changed by {slope:.3f} [{slope_low:.3f}, {slope_high:.3f}] LBM points, area and year held fixed; net "
        "of these the share has a standard deviation of {spread:.1%}.",
        step=100 * _STEP,
        **with_interval("slope", line, _STEP),
        spread=found.spread,
    )
    edge = "" if found.interior else ", an edge of what was tried"
    certain = curve["p_value"] < _SMALLEST_P
    answer.say(
        "the broken line that fits best bends at a share of {knot:.0%}" + edge + "; beyond it the slope changes by "
        "{change:.3f} [{change_low:.3f}, {change_high:.3f}] LBM points per {step:d} percentage points, an interval "
        "that is too narrow, since the knot was chosen. The quadratic term, which needs no choice, is {curve:+.2f}, "
        + ("steeper" if curve["estimate"] < 0 else "flatter")
        + " the higher the share, with p "
        + ("below one in a thousand." if certain else "= {chance:.3f}."),
        knot=found.best,
        curve=curve["estimate"],
        **with_interval("change", change, _STEP),
        **({} if certain else {"chance": curve["p_value"]}),
    )
    degrees, design = found.effects.degrees, found.effects.design
    answer.say(
        "a change of slope of less than {detectable:.3f} LBM points per {step:d} percentage points would have been "
        "missed more than once in five; the smallest that matters is {smallest:.3f}.",
        detectable=_STEP
        * minimum_detectable_effect(change["std_error"], _ALPHA if design is None else design.alpha, 0.8, degrees),
        smallest=_STEP * SMALLEST,
    )
    answer.cannot_say(
        "This is how score and share move together within areas, not what a change of the share does: who is poor "
        "moves where scores fall. The share is rounded and changes little within an area, which pulls slopes "
        "towards zero, and the score holds what residents do. How poor households would have to be spread is not asked."
    )
    low, high = interval(change["estimate"], change["std_error"], degrees, 2 * _ALPHA)
    figures = {
        "curve_low": curve["ci_low"],
        "curve_high": curve["ci_high"],
        "interior": found.interior,
        **with_interval("change", change, _STEP),
        "change_small_low": _STEP * low,
        "change_small_high": _STEP * high,
    }
    return answer.judge({name: float(value) for name, value in figures.items()}, primary=curve)
