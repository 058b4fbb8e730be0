"""Piecewise linear trend of the mean score: slopes before and after a knot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core import weighted_stats as moments
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.bootstrap import STANDARD, Bootstrap
from buurteffect.estimate.measurement.waves import ALL, FEWEST_CLUSTERS, Waves
from buurteffect.estimate.scores.dispersion import check_order
from buurteffect.estimate.scores.vulnerable import DEFINITIONS, vulnerable_areas, vulnerable_clusters

SLOPE_BEFORE, SLOPE_AFTER, BREAK = "slope before", "slope after", "break"


def trend_break(
    waves: Waves,
    from_year: int = 2002,
    knot: int = 2012,
    to_year: int = 2014,
    groups: Sequence[str] | None = None,
    bootstrap: Bootstrap = STANDARD,
) -> Estimate:
    """Return the slope of the mean score before and after a knot, and their difference.

    The mean over the areas that are scored in *every* wave from `from_year` to `to_year` is fitted by least
    squares on α + β(t − knot) + γ·max(t − knot, 0), each wave counting once: β is the slope before, β + γ the
    slope after and γ the break. The line is continuous at the knot, so a wave before it that lies off the line
    moves all three. A break in the measurement between the knot and the next wave goes into γ in full; nothing
    in the scores can tell it from a turn in liveability.

    Parameters
    ----------
    waves : Waves
        The scores.
    from_year, knot, to_year : int
        First wave, wave of the turn and last wave.
    groups : sequence of str, optional
        City groups, ``all`` for every area; by default all areas and each group.
    bootstrap : Bootstrap
        How uncertainty is drawn.

    Returns
    -------
    Estimate
        One row is one measure of one group: ``group, measure, from_year, knot, to_year``, then the result
        columns in LBM points *per decade*.

    Raises
    ------
    EstimationError
        If a wave or group is unknown or the years are not in order.
    """
    check_order(waves, from_year, knot, to_year)
    window = [year for year in waves.years if from_year <= year <= to_year]
    contrast = _contrast(np.asarray(window, dtype=float), knot)
    parts, left_out = waves.parts(groups)
    frames = []
    for group, part in parts.items():
        keep = part.scored(*window)
        if not keep.any():
            raise EstimationError(f"no area of group {group!r} is scored in every wave of {window}: choose others")
        inside = part.restrict(keep)
        scores = inside.columns(window)

        def slopes(weights: Floats, scores: Floats = scores) -> Floats:
            return np.asarray(moments.mean(weights, scores) @ contrast)

        measures, years = [SLOPE_BEFORE, SLOPE_AFTER, BREAK], {"from_year": from_year, "knot": knot, "to_year": to_year}
        identity = {"group": group, "measure": measures, **years}
        frames.append(inside.bootstrap(slopes, inside.scored(), identity, bootstrap))
    return waves.estimate(
        pd.concat(frames, ignore_index=True),
        f"least squares of the unweighted wave means {', '.join(map(str, window))} on a line that bends at {knot}; "
        "LBM points per decade",
        bootstrap,
        (*left_out, *waves.unscored(window, "areas not scored in every one of these waves")),
    )


def trend_by_definition(
    waves: Waves,
    from_year: int,
    knot: int,
    to_year: int,
    bootstrap: Bootstrap = STANDARD,
) -> Estimate:
    """Return the slopes and the break of `trend_break` for the areas of each definition of vulnerable.

    Areas are classified in `from_year` where the definition needs a wave. A group that is chosen for low scores
    rises from that wave on by regression to the mean alone, most of it early; that makes the slope before larger
    and the break smaller than the group's lasting change. A definition is left out, and recorded as such, if its group
    is not there or its areas lie in fewer than two clusters.

    Parameters
    ----------
    waves, from_year, knot, to_year, bootstrap
        As of `trend_break`; the first wave also classifies.

    Returns
    -------
    Estimate
        One row is one measure of one definition: ``definition, measure, from_year, knot, to_year``, then the
        result columns in LBM points per decade.
    """
    parts, left_out = [], []
    groups = {ALL, *waves.groups}
    for definition in DEFINITIONS:
        class_year = from_year if definition.needs_class_year else None
        if definition.group not in groups:
            left_out.append(f"definition {definition.name}: no such group")
            continue
        if vulnerable_clusters(waves, definition, class_year) < FEWEST_CLUSTERS:
            left_out.append(f"definition {definition.name}: fewer than {FEWEST_CLUSTERS} clusters")
            continue
        areas = vulnerable_areas(waves, definition, class_year)
        part = trend_break(areas, from_year, knot, to_year, groups=("all",), bootstrap=bootstrap)
        parts.append(part.frame.drop(columns="group").assign(definition=definition.name))
    frame = pd.concat(parts, ignore_index=True)
    frame = frame[["definition", *(name for name in frame.columns if name != "definition")]]
    method = f"{part.method}; areas classified in {from_year} where the definition needs a wave"
    return waves.estimate(frame, method, bootstrap, [(reason, 1) for reason in left_out])


def _contrast(years: Floats, knot: int) -> Floats:
    """Return what turns wave means into the two slopes and the break per decade: waves by 3."""
    decades = (years - knot) / 10
    basis = np.column_stack([np.ones_like(decades), decades, np.maximum(decades, 0.0)])
    solve = np.linalg.pinv(basis)
    return np.column_stack([solve[1], solve[1] + solve[2], solve[2]])
