"""The gap between top and bottom areas by the wave that classifies them, and regression to the mean in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import EstimationError
from buurteffect.estimate.core import weighted_stats as moments
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.bootstrap import STANDARD, Bootstrap
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.measurement.waves import Waves
from buurteffect.estimate.scores.dispersion import check_order

GAP, CHANGE = "gap", "change"

OBSERVED = "observed change"
CONSTANT_SPREAD = "expected, spread as in the class wave"
FITTED_SPREAD = "expected, fitted covariances"
LEFT_OVER = "observed minus expected with constant spread"


def gap_by_class_year(
    waves: Waves, from_year: int, to_year: int, tail: float = 0.1, bootstrap: Bootstrap = STANDARD
) -> Estimate:
    """Return the gap between top and bottom areas by the wave that classifies them.

    For each class year c: among the areas scored in `from_year`, `to_year` and c, the bottom group has a score
    at c of at most the quantile `tail`, the top group at least the quantile 1 − `tail`. The gap in a wave is the
    mean of the top minus that of the bottom group there, over their areas that are scored in that wave too. The
    groups stay as they are while the wave changes. A group chosen for its score at c holds areas that were
    lucky or unlucky at c, so the gap is widest at c and smaller before and after it, whatever happens to the
    spread of the scores (Galton's fallacy: Quah 1993, doi:10.2307/3440905): groups fixed in an early wave show
    a narrowing gap and groups fixed in a late wave a widening one, from the same scores.

    Parameters
    ----------
    waves : Waves
        The scores.
    from_year, to_year : int
        The waves between which the change is taken, the earlier first.
    tail : float
        Share of the areas in each group, above 0 and at most one half.
    bootstrap : Bootstrap
        How uncertainty is drawn; the quantiles are taken anew in each draw.

    Returns
    -------
    Estimate
        One row is one figure of one class year: ``class_year, measure, from_year, to_year``, then the result
        columns in LBM points. Measure ``gap`` is the gap in one wave (`from_year` = `to_year`), ``change`` the
        gap in the last wave minus that in the first.

    Raises
    ------
    EstimationError
        If a wave is unknown, the years are not in order, the tail makes no sense, or no area is left.
    """
    check_order(waves, from_year, to_year)
    frames = [
        _gaps(waves, class_year, waves.years, (from_year, to_year), tail, bootstrap) for class_year in waves.years
    ]
    return _estimate(waves, frames, bootstrap, _method(tail), from_year, to_year)


def split_wave_gap(waves: Waves, tail: float = 0.1, bootstrap: Bootstrap = STANDARD) -> Estimate:
    """Return the change of the gap over the two waves after the classifying one, free of that wave's noise.

    Groups are formed on a wave as in :func:`gap_by_class_year`, and the gap is taken in the next wave and the
    one after it, over the areas scored in all three. Noise that is independent between waves is then in the
    classification only and not in the change. What lasts longer than a wave is not purged: a disturbance that
    fades over years still narrows the gap from the next wave to the one after, also while the spread of the
    scores stays the same.

    Parameters
    ----------
    waves, tail, bootstrap
        As of `gap_by_class_year`.

    Returns
    -------
    Estimate
        As :func:`gap_by_class_year`: ``class_year, measure, from_year, to_year``, then the result columns in LBM
        points; the gap in each of the two waves, and the change.

    Raises
    ------
    EstimationError
        With fewer than three waves, a tail that makes no sense, or no area left.
    """
    if len(waves.years) < 3:
        raise EstimationError(f"three waves are needed, found {waves.years}: keep more years in the panel")
    frames = [
        _gaps(waves, class_year, (first, second), (first, second), tail, bootstrap)
        for class_year, first, second in zip(waves.years, waves.years[1:], waves.years[2:], strict=False)
    ]
    return _estimate(waves, frames, bootstrap, _method(tail) + "; measured in the next two waves", *waves.years)


def expected_regression(
    waves: Waves,
    components: VarianceComponents,
    from_year: int,
    to_year: int,
    tail: float = 0.1,
    bootstrap: Bootstrap = STANDARD,
) -> Estimate:
    """Return the change of the gap that regression to the mean alone would give, beside the observed one.

    For groups formed at wave c with a gap of g there, normal scores with covariances C have an expected gap of
    C(t, c)/C(c, c)·g in wave t, so the change from s to t is (C(t, c) − C(s, c))/C(c, c)·g; for one group
    below a cut this is (C(t, c)/C(c, c) − 1)·E[y − μ | y < cut]. C comes from fitted variance components, in
    two ways. With *constant spread* areas move about but the scores spread in every wave as they do at c: the
    loading of the permanent part is held at its value in c and a break in the measurement only reshuffles. This
    is regression to the mean by itself. With *fitted covariances* the spread changes as fitted, so that
    convergence of the permanent part is in too. The components are held fixed in the intervals.

    Parameters
    ----------
    waves, from_year, to_year, tail, bootstrap
        As of `gap_by_class_year`.
    components : VarianceComponents
        Fitted variance components.

    Returns
    -------
    Estimate
        One row is one measure of one class year: ``class_year, measure, from_year, to_year``, then the result
        columns in LBM points. The measures are the observed change, the two expected ones, and the observed one
        minus that with constant spread.

    Raises
    ------
    EstimationError
        As :func:`gap_by_class_year`.
    """
    check_order(waves, from_year, to_year)
    frames = []
    for class_year in waves.years:
        keep = _kept(waves, class_year, from_year, to_year)
        ratios = [
            components.regression(class_year, to_year, constant)
            - components.regression(class_year, from_year, constant)
            for constant in (True, False)
        ]
        scores = waves.columns((class_year, from_year, to_year))[keep]

        def changes(weights: Floats, scores: Floats = scores, ratios: Sequence[float] = ratios) -> Floats:
            start, first, last = _gap(weights, scores[:, 0], scores, tail).T
            observed, constant, fitted = last - first, ratios[0] * start, ratios[1] * start
            return np.column_stack([observed, constant, fitted, observed - constant])

        measures = [OBSERVED, CONSTANT_SPREAD, FITTED_SPREAD, LEFT_OVER]
        identity = {"class_year": class_year, "measure": measures, "from_year": from_year, "to_year": to_year}
        counted = _counted(waves, keep, class_year, tail, [from_year])
        frames.append(waves.bootstrap(changes, keep, identity, bootstrap, counted))
    method = _method(tail) + f"; expected from variance components taken as known ({components})"
    return _estimate(waves, frames, bootstrap, method, from_year, to_year)


def _gaps(
    waves: Waves, class_year: int, years: Sequence[int], change: tuple[int, int], tail: float, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Return the gap in each of some waves, and last its change between two of them."""
    keep = _kept(waves, class_year, *change)
    scores, classifying = waves.columns(years)[keep], waves.column(class_year)[keep]
    first, last = (list(years).index(year) for year in change)

    def statistic(weights: Floats) -> Floats:
        gaps = _gap(weights, classifying, scores, tail)
        return np.column_stack([gaps, gaps[:, last] - gaps[:, first]])

    identity = {
        "class_year": class_year,
        "measure": [*[GAP] * len(years), CHANGE],
        "from_year": [*years, change[0]],
        "to_year": [*years, change[1]],
    }
    counted = _counted(waves, keep, class_year, tail, [*years, change[0]])
    return waves.bootstrap(statistic, keep, identity, bootstrap, counted)


def _gap(weights: Floats, classifying: Floats, scores: Floats, tail: float) -> Floats:
    """Return the mean of the top minus that of the bottom group in each column: draws by columns."""
    bottom, top = _groups(weights, classifying, tail)
    means = []
    for inside in (top, bottom):
        chosen = np.flatnonzero(inside.any(axis=0))
        means.append(moments.mean(weights[:, chosen] * inside[:, chosen], scores[chosen]))
    return np.asarray(means[0] - means[1])


def _groups(weights: Floats, classifying: Floats, tail: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return who is in the bottom and who in the top group, per draw."""
    edges = moments.quantiles(weights, classifying, (tail, 1 - tail))
    return classifying <= edges[:, :1], classifying >= edges[:, 1:]


def _counted(
    waves: Waves, keep: NDArray[np.bool_], class_year: int, tail: float, years: Sequence[int]
) -> list[NDArray[np.bool_]]:
    """Return which of the areas kept are in one of the two groups and scored in each wave."""
    bottom, top = _groups(np.ones((1, int(keep.sum()))), waves.column(class_year)[keep], tail)
    return [(bottom | top)[0] & waves.scored(year)[keep] for year in years]


def _kept(waves: Waves, *years: int) -> NDArray[np.bool_]:
    """Return the areas scored in all of `years`; refuse if there is none."""
    keep = waves.scored(*years)
    if not keep.any():
        raise EstimationError(f"no area is scored in all of {years}: choose other waves")
    return keep


def _method(tail: float) -> str:
    """Say how the groups are formed; refuse a tail that makes no sense."""
    if not 0 < tail <= 0.5:
        raise EstimationError(f"the tail must be above 0 and at most 0.5, found {tail}")
    return f"mean of the top {tail:.0%} minus mean of the bottom {tail:.0%} of areas by score in the class year"


def _estimate(waves: Waves, frames: Sequence[pd.DataFrame], bootstrap: Bootstrap, method: str, *years: int) -> Estimate:
    """Return the table with its counts."""
    missing = waves.unscored(years, f"areas not scored in all of {', '.join(map(str, years))}")
    return waves.estimate(pd.concat(frames, ignore_index=True), method, bootstrap, missing)
