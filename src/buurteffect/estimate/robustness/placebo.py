"""Placebos: effects where none can be, and how unusual the effect is among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.did.aggregation import callaway_santanna
from buurteffect.estimate.inference.permutation import Permuted, permutation_statistics
from buurteffect.estimate.sample.estimation_sample import Sample, draw_sample

Estimator = Callable[[pd.DataFrame, Design], EffectEstimate]

DRAWS, SEED = 999, 20261121
"""Permutations, and the seed that makes them the same each time."""


def shifted_cohorts(
    frame: pd.DataFrame, design: Design, years: int, estimator: Estimator = callaway_santanna
) -> EffectEstimate:
    """Estimate the effect of a treatment that is dated some years too early, on rows before the real one only.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated.
    years : int
        How much earlier the treatment is dated; with anticipation, at least one year more than that.
    estimator : callable
        Takes a panel and a design.

    Raises
    ------
    EstimationError
        If the shift leaves no time between the dated and the real treatment.
    """
    if years <= design.anticipation_years:
        raise EstimationError(
            f"dating treatment {years} years earlier leaves none before its anticipation: shift by at least "
            f"{design.anticipation_years + 1}"
        )
    cohort = _cohort(design)
    real = frame[cohort]
    before = frame[~(frame[design.time] >= real - design.anticipation_years).fillna(False)]
    return estimator(before.assign(**{cohort: before[cohort] - years}), replace(design, anticipation_years=0))


def permuted_cohorts(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int] | None = None,
    within: str | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    whole: str | None = None,
    ranked: str | None = None,
) -> EffectEstimate:
    """Test that nothing happened by giving units each other's treatment.

    Cohorts are permuted over units (within the values of a column, such as the gemeente or a class of places alike
    before treatment) and the mean effect over event times estimated each time, by differences of means against the
    design's comparison units. The p-value is the share of all, the real one among them, at least as large in size; it
    is exact where units could have been treated in each other's place.

    Where treatment is clustered, permuted units are spread more evenly than treated ones, and chance looks smaller than
    it is. With `whole`, groups such as gemeenten are dealt each other's treatment as a whole: as many units of a group,
    at the same ranks within it, with the cohorts of the group whose treatment it is dealt (`deal_groups`).

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated; covariates do not enter.
    window : (int, int), optional
        Event times whose mean is tested; all from 0 on when not given.
    within : str, optional
        Column, constant within units, within whose values cohorts are permuted.
    draws, seed : int
        Permutations and their seed.
    whole, ranked : str, optional
        Column of the groups that are dealt each other's treatment, and the one by which their units are ranked, lowest
        first; both constant within units, and not together with `within`.

    Returns
    -------
    EffectEstimate
        One row; the error is the spread of the permuted effects, the interval holds the constant effects from the
        first treated time on that the test does not reject (`Permuted.interval`): 0 is in it where the p-value exceeds
        the design's alpha.

    Raises
    ------
    EstimationError
        If a unit changes its value of these columns; or see `draw_sample`.
    CallError
        If both `within` and `whole` are named, or `ranked` without `whole`.
    """
    if (within and whole) or (ranked and not whole):
        raise CallError(
            "name within (units are permuted within its values) or whole (its groups are dealt each other's treatment, "
            f"their units ranked by ranked), found within={within!r}, whole={whole!r}, ranked={ranked!r}"
        )
    needed = tuple(name for name in (within, whole, ranked) if name)
    sample = draw_sample(frame, replace(design, covariates=()), needed, one_treated_cluster=True)
    found = permutation_statistics(sample, window, within, draws, seed, whole=whole, ranked=ranked)
    ends = found.interval(sample.design.alpha)
    words = "interval: the constant effects that the test does not reject"
    how = f" within {within}" if within else f", each {whole} as a whole" if whole else ""
    return _permuted(sample, found, ends, words, f"cohorts permuted over units{how}")


def never_treated_cohorts(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> EffectEstimate:
    """Give the treated units' cohorts to units that are never treated, and see what would be found.

    In each draw the never treated are dealt cohorts in the shares in which all units have them; treated units are left
    out. The row holds the mean of the effects found (0 if untreated places alike move alike) and their spread.

    Parameters
    ----------
    frame, design, window, draws, seed
        As in `permuted_cohorts`.

    Raises
    ------
    EstimationError
        If fewer than ten units are never treated.
    """
    sample = draw_sample(frame, replace(design, covariates=()), one_treated_cluster=True)
    never = sample.never[sample.unit_starts]
    if never.sum() < 10:
        raise EstimationError(f"{int(never.sum())} units are never treated: too few to be dealt placebo cohorts")
    cohorts = np.where(never, np.inf, sample.cohorts[sample.unit_starts])
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    left = sample.keep(sample.never, "treated units")
    dealt = [_deal(cohorts, int(never.sum()), generator) for _ in range(draws)]
    moved = permutation_statistics(left, window, None, 0, seed, dealt).moved
    mean, tail = float(np.mean(moved)), sample.design.alpha / 2
    found = Permuted(mean, moved - mean, 1.0, np.zeros(len(moved)))
    ends = float(np.quantile(moved, tail)), float(np.quantile(moved, 1 - tail))
    words = f"interval: quantiles of what was found, {tail:.1%} beyond either end"
    return _permuted(left, found, ends, words, term="mean effect of cohorts dealt to never treated units")


def _deal(cohorts: Floats, size: int, generator: np.random.Generator) -> Floats:
    """Return cohorts for some units in the shares in which all units have them."""
    return np.asarray(generator.permutation(generator.choice(cohorts, len(cohorts), replace=False)[:size]))


def _permuted(
    sample: Sample,
    found: Permuted,
    ends: tuple[float, float],
    words: str,
    how: str = "cohorts dealt in their shares",
    term: str = "overall",
) -> EffectEstimate:
    """Return the table of one permutation test."""
    return EffectEstimate.of(
        [term],
        [found.real],
        [float(np.std(found.moved))],
        method=f"difference in means of changes, {how}",
        convention=f"{len(found.moved)} permutations; p-value by rank among them; {words}",
        units_count=sample.units_count,
        treated_count=sample.treated_count,
        clusters_count=sample.units_count,
        remarks={"p_value": found.p_value(), "ci_low": ends[0], "ci_high": ends[1]},
        dropped=sample.dropped,
        software=software_versions("numpy"),
        design=sample.design,
    )


def _cohort(design: Design) -> str:
    """Return the cohort's column."""
    if design.cohort is None:
        raise EstimationError("a placebo needs the design's cohort: name the column of first treated time")
    return design.cohort
