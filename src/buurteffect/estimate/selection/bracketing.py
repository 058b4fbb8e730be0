"""An effect between two designs: one that trusts parallel trends, and one that trusts what was known at the choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.result_tables import stack
from buurteffect.estimate.did.aggregation import late_effect
from buurteffect.estimate.inference.power import with_minimum_detectable_effect

BRACKET = "between the two designs"
PLAIN = "no covariates: parallel trends"
GIVEN = "given what was known at the choice"
EQUAL = "as much selection again on what was not known"
"""Rows of `bracket`, in this order; the last one where it is asked for."""

WORDS = (
    "Union of the intervals of the designs below, which are estimated on the same rows, with the same covariance and "
    "degrees of freedom: it holds every effect that lies between what the designs aim at"
)
"""What the row of a bracket is."""


def bracket(
    frame: pd.DataFrame, design: Design, window: tuple[int, int], equal_selection: bool = False
) -> EffectEstimate:
    r"""Estimate the mean effect over a window with and without covariates, and the interval that holds both.

    Where units are chosen because they do badly, difference-in-differences takes their recovery for an effect, and a
    comparison given an outcome that was known some time before the choice misses what has happened since and made them
    be chosen. With one period before, a lower outcome of the treated then, and untreated outcomes that are stationary,
    the two bracket the effect if either parallel trends or ignorability given the earlier outcome holds (Ding & Li
    2019, doi:10.1017/pan.2019.25; Angrist & Pischke 2009, section 5.4). With their intervals [l_k, u_k], each at the
    level 1 − α, the bracket is

    .. math:: [\min_k l_k, \; \max_k u_k].

    For any effect between the two estimands it holds it with a probability of at least 1 − α: the lower design's
    interval misses it from above with at most α/2, the upper design's from below likewise.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated; its covariates are what was known at the choice. The other design has none, and is otherwise
        the same; both see the rows in which the covariates are known.
    window : (int, int)
        Event times whose mean is taken, ends included.
    equal_selection : bool
        Whether to join `equally_selected` as well. That holds the effect where what was known at the choice tells
        half of the selection, or more, with outcomes for which the two designs are off in the same direction.

    Returns
    -------
    EffectEstimate
        Rows `BRACKET`, `PLAIN`, `GIVEN` and, where asked for, `EQUAL`, as of `bracket_of`.

    Raises
    ------
    EstimationError
        If the design has no covariates, or one of the designs cannot be estimated.
    """
    if not design.covariates:
        raise EstimationError("nothing that was known at the choice is among the covariates: there is one design only")
    given = late_effect(frame, design, window)
    known = frame.dropna(subset=list(design.covariates))
    plain = late_effect(known, replace(design, covariates=()), window)
    made = {PLAIN: plain, GIVEN: given} | ({EQUAL: equally_selected(plain, given)} if equal_selection else {})
    return bracket_of(made, design)


def equally_selected(plain: EffectEstimate, given: EffectEstimate) -> EffectEstimate:
    r"""Return what an effect would be if selection on what was not known moved it as covariates did.

    With the estimate θ without covariates and θ_x given them it is θ_x − (θ − θ_x): selection on unobservables as
    strong as on observables (Altonji, Elder & Taber 2005, doi:10.1086/426036; δ = 1 of Oster 2019,
    doi:10.1080/07350015.2016.1227711, without her correction for what covariates explain). Its error is taken to be
    that of θ_x, the distance being taken as known: how often intervals of it hold the truth is simulated, not derived.

    Parameters
    ----------
    plain, given : EffectEstimate
        Estimates without and with covariates, of which the first row counts.

    Returns
    -------
    EffectEstimate
        One row, `EQUAL`.
    """
    row = given.frame.iloc[0]
    point = 2 * row["estimate"] - plain.frame["estimate"].iloc[0]
    treated = int(row["treated_count"])
    return given.derive([EQUAL], [point], [row["std_error"]], treated_count=treated, method=f"{given.method}; {EQUAL}")


def bracket_of(designs: Mapping[str, EffectEstimate], design: Design | None = None) -> EffectEstimate:
    """Return the union of the intervals of some designs, before the first row of each.

    Parameters
    ----------
    designs : mapping of str to EffectEstimate
        Estimates of one effect by name, two or more; of each the first row counts.
    design : Design, optional
        What was asked; by default that of the first.

    Returns
    -------
    EffectEstimate
        First the row `BRACKET`, then one row per design. ``bound_low, bound_high``: the lowest and the highest of the
        estimates, missing for the designs. Of the bracket, ``estimate`` is the middle of these two, a reference point
        and no estimate of its own, so that ``std_error`` is missing; ``ci_low, ci_high`` are the union;
        ``p_value`` is the largest of the designs, and 1 where they disagree in sign, so that it is below α exactly if
        the interval leaves out 0; ``minimum_detectable_effect`` is the effect that it finds four times in five
        wherever between the estimands the truth lies: their distance plus the largest of the designs' own. Counts are
        the smallest, degrees of freedom too.

    Raises
    ------
    CallError
        If there are fewer than two designs.
    EstimationError
        If one of them was refused, or has no interval.

    Examples
    --------
    >>> from buurteffect.estimate import Estimate
    >>> made = {"unadjusted": 0.2, "adjusted": 0.1}
    >>> words = {"method": "", "convention": "", "units_count": 9, "clusters_count": 3}
    >>> both = bracket_of({name: Estimate.of([name], [point], [0.02], **words) for name, point in made.items()})
    >>> both.frame[["estimate", "ci_low", "ci_high", "bound_low", "bound_high"]].round(3).to_numpy()[0].tolist()
    [0.15, 0.061, 0.239, 0.1, 0.2]
    """
    if len(designs) < 2:
        raise CallError(f"a bracket lies between two designs or more, found {len(designs)}")
    refused = [f"{name}: {each.reason}" for name, each in designs.items() if not each]
    if refused:
        raise EstimationError("; ".join(refused))
    heads = {name: replace(each, frame=each.frame.iloc[[0]], covariance=None) for name, each in designs.items()}
    figures = pd.concat([each.frame for each in heads.values()])[["estimate", "std_error", "ci_low", "ci_high"]]
    lacking = [name for name, known in zip(heads, figures.notna().all(axis=1), strict=True) if not known]
    if lacking:
        raise EstimationError(f"no interval was estimated for {', '.join(lacking)}: there is no bracket")
    first = next(iter(designs.values()))
    made = {name: with_minimum_detectable_effect(each.titled(name)) for name, each in heads.items()}
    table = stack(made)
    rows = table.frame
    low, high = float(rows["estimate"].min()), float(rows["estimate"].max())
    agree = rows["estimate"].gt(0).all() or rows["estimate"].lt(0).all()
    head = rows.iloc[[0]].assign(
        term=BRACKET,
        estimate=(low + high) / 2,
        std_error=np.nan,
        ci_low=rows["ci_low"].min(),
        ci_high=rows["ci_high"].max(),
        units_count=rows["units_count"].min(),
        clusters_count=rows["clusters_count"].min(),
        treated_count=rows["treated_count"].min(),
        p_value=rows["p_value"].max() if agree else 1.0,
        ci_low_simultaneous=np.nan,
        ci_high_simultaneous=np.nan,
        minimum_detectable_effect=high - low + rows["minimum_detectable_effect"].max(),
        bound_low=low,
        bound_high=high,
    )
    frame = pd.concat([head, rows.assign(bound_low=np.nan, bound_high=np.nan)], ignore_index=True)
    method = f"{WORDS}. {first.method}"
    degrees = min(each.degrees for each in designs.values())
    return replace(table, frame=frame, method=method, design=design or first.design, degrees=degrees)
