"""A headline with what qualifies it: power, the breakdown value of parallel trends, and overlap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.power import with_minimum_detectable_effect
from buurteffect.estimate.selection.overlap import PooledOverlap


def with_checks(
    headline: EffectEstimate, honest: EffectEstimate, overlap: PooledOverlap | Estimate, bounded: str
) -> EffectEstimate:
    """Return a headline with what has to stand beside it; a refused one as it is.

    Parameters
    ----------
    headline : EffectEstimate
        One row, or those of a bracket.
    honest : EffectEstimate
        From `relative_magnitudes`; may be refused.
    overlap : PooledOverlap or refused Estimate
        From `pooled_overlap`. Where it fails or is not known, the effect may not be a headline.
    bounded : str
        Name of the row that the bounds are on.

    Returns
    -------
    EffectEstimate
        With the remarks ``minimum_detectable_effect``, ``breakdown_value`` (missing where there is none) and
        ``standing`` (identified, or not).
    """
    if not headline:
        return headline
    told = "minimum_detectable_effect" in headline.frame
    result = headline if told else with_minimum_detectable_effect(headline)
    value = float(honest.row(term="breakdown value")["estimate"]) if honest else np.nan
    reasons = ("no overlap known",) if isinstance(overlap, Estimate) else overlap.reasons
    stopped = (*result.not_headline, *reasons)
    standing = "not identified" if stopped else "identified"
    broken = np.where(result.frame["term"] == bounded, value, np.nan)
    frame = result.frame.assign(breakdown_value=broken, standing=standing)
    return replace(result, frame=frame, not_headline=stopped)
