"""Intention-to-treat effects on persons: those who lived in a place the year before, wherever they live now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.design import Design, as_names
from buurteffect.estimate.core.fit import least_squares, ols, solve_system
from buurteffect.estimate.core.intervals import interval
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import demean
from buurteffect.estimate.inference.jackknife import WORDS, leave_one_out

TREATED = "treated"
GIVEN = ("age", "age_squared", "woman", "nonwestern", "log_income", "income_before", "area_income")
"""What is known of residents on the day they are chosen, and enters every regression. Who lives among poor people with
a good income will more often have it for a while only: without the mean of the buurt their later fall would be taken
for an effect."""

CELLS = ("cohort", "tenure", "gemeente_code")
"""Residents are compared on the same day, within a tenure and a gemeente."""

BLOCK_CELLS = ("cohort", "tenure")
"""For blocks, of which a gemeente has too few to compare within it."""

SOFTWARE = f"numpy {np.__version__}"


@dataclass(frozen=True)
class ResidentDesign:
    """How residents are compared.

    Parameters
    ----------
    cells : tuple of str
        Columns whose combinations each get an effect of their own.
    given : tuple of str
        Regressors besides treatment; ``age_squared`` is made from ``age``.
    cluster : str
        Column within whose values errors may depend on each other: the buurt where people lived, which is the project.
    alpha : float
        One minus the confidence level.
    """

    cells: tuple[str, ...] = CELLS
    given: tuple[str, ...] = GIVEN
    cluster: str = "area_code"
    alpha: float = 0.05

    def __post_init__(self) -> None:
        """Take one name for a tuple of one."""
        for role in ("cells", "given"):
            object.__setattr__(self, role, as_names(getattr(self, role), role))


@dataclass(frozen=True, eq=False)
class ResidentRows:
    """The rows that a regression uses: columns net of the effects of their cells.

    Attributes
    ----------
    frame : DataFrame
        The rows.
    outcome : ndarray
        Net of cells.
    regressors : ndarray
        Treatment first, then what is given; net of cells.
    names : tuple of str
        Of the regressors.
    cells : ndarray of int
        Code of the cell of each row.
    dropped : tuple of (str, int)
        What was left out and how often.
    """

    frame: pd.DataFrame
    outcome: Floats
    regressors: Floats
    names: tuple[str, ...]
    cells: NDArray[np.int64]
    dropped: tuple[tuple[str, int], ...]


def resident_effect(
    frame: pd.DataFrame,
    outcome: str,
    design: ResidentDesign | None = None,
    base: str | None = None,
    term: str = TREATED,
) -> EffectEstimate:
    r"""Estimate the intention-to-treat effect on residents, within cells of cohort, tenure and gemeente.

    .. math:: y_{i,t} - y_{i,g-1} = α_{c(i)} + β D_i + x_i'γ + e_i,

    with cells c of cohort and tenure. For two times a regression with an effect of every person and every cell by
    time gives the same β. Errors come from leaving out one cluster at a time (`leave_one_out`), and degrees of freedom
    are those of the clusters with treated residents: of these there are few, whatever the number of all.

    Parameters
    ----------
    frame : DataFrame
        One row per cohort and resident (`panel.residents`).
    outcome : str
        Column of the later figure.
    design : ResidentDesign, optional
    base : str, optional
        Column of the figure before, which is subtracted.
    term : str
        What the row of the result is called.

    Returns
    -------
    EffectEstimate
        One row.

    Raises
    ------
    EstimationError
        If there are no treated rows or none to compare them with.
    """
    design = design or ResidentDesign()
    rows = compare_rows(frame, outcome, design, base)
    used = rows.frame
    persons = used["person"].nunique(), used.loc[used[TREATED].astype(bool), "person"].nunique()
    fit = ols(
        used,
        rows.outcome,
        (rows.names, rows.regressors),
        absorb=[rows.cells],
        unit="person",
        time="cohort",
        counts=persons,
        dropped=rows.dropped,
        software=SOFTWARE,
    )
    words, given = "regression of the change" if base else "regression", ", ".join(rows.names[1:]) or "nothing"
    method = f"{words} on treatment with effects of {' by '.join(design.cells)}, given {given}"
    clusters = fit.codes(design.cluster)
    treated = len(np.unique(clusters[rows.frame[TREATED].to_numpy(dtype=bool)]))
    if treated < 2:
        raise EstimationError(f"the treated residents are of one {design.cluster}: there is no error to be had")
    matrix = leave_one_out(rows.outcome, rows.regressors, clusters, rows.cells).covariance[:1, :1]
    number, degrees = int(clusters.max()) + 1, float(treated - 1)
    return EffectEstimate.of(
        [term],
        fit.coefficients[:1],
        matrix,
        method=method,
        convention=f"{WORDS}, clusters by {design.cluster} ({number}); t distribution with {degrees:.0f} degrees of "
        f"freedom for the {treated} of them with treated residents",
        units_count=fit.units_count,
        treated_count=fit.treated_count,
        clusters_count=number,
        dropped=fit.dropped,
        software=fit.software,
        design=Design(outcome, "person", "cohort", None, clusters=(design.cluster,), alpha=design.alpha),
        degrees=degrees,
    )


def steady_effect(
    frame: pd.DataFrame,
    outcome: str,
    horizons: Sequence[int],
    design: ResidentDesign | None = None,
    base: str | None = None,
    term: str = TREATED,
) -> EffectEstimate:
    r"""Estimate an effect that is constant over several years by generalised least squares over the years.

    Shocks that last make every later year less certain, so that the plain mean over years wastes what the first ones
    tell. With S the covariance over horizons of what is left of untreated residents, the figures of a resident are
    added up with the weights

    .. math:: w = S^{-1} 1 / (1' S^{-1} 1),

    which are the best for an effect that does not change (Aitken 1936, doi:10.1017/S0370164600014346) and are taken as
    known. If the effect does change, this is a mean of it with these weights.

    Parameters
    ----------
    frame, design, base, term
        As of `resident_effect`. Residents who are not seen in all of the years are left out.
    outcome : str
        Name of the figure without its horizon.
    horizons : sequence of int
        Years since 1 January of g − 1, above 0.

    Returns
    -------
    EffectEstimate
        One row.
    """
    require_numbers(frame, [f"{outcome}_{h}" for h in horizons], "table of residents")
    design = design or ResidentDesign()
    names = [f"{outcome}_{h}" for h in horizons]
    seen = frame[frame[names].notna().all(axis=1)]
    left = []
    for name in names:
        rows = compare_rows(seen, name, design, base)
        slopes = least_squares(rows.regressors, rows.outcome)
        left.append(rows.outcome - rows.regressors @ slopes)
    untreated = ~rows.frame[TREATED].to_numpy(dtype=bool)
    weights = solve_system(np.cov(np.array(left)[:, untreated]), np.ones(len(names)))
    weights /= weights.sum()
    whole = seen[names].to_numpy(dtype=float) @ weights
    made = resident_effect(seen.assign(**{f"{outcome}_steady": whole}), f"{outcome}_steady", design, base, term)
    told = ", ".join(f"year {h} {weight:.2f}" for h, weight in zip(horizons, weights, strict=True))
    gone = (("residents not seen in all of these years", len(frame) - len(seen)),) if len(frame) > len(seen) else ()
    return replace(made, method=f"{made.method}; years weighed by precision ({told})", dropped=(*made.dropped, *gone))


def compare_rows(
    frame: pd.DataFrame, outcome: str, design: ResidentDesign, base: str | None, treatment: str = TREATED
) -> ResidentRows:
    """Return the rows with a known outcome in cells that hold treated and untreated residents, net of the cells.

    Raises
    ------
    EstimationError
        If nothing is left.
    """
    given = ["age" if name == "age_squared" else name for name in design.given]
    require_numbers(frame, (outcome, *([base] if base else []), treatment, TREATED, *given), "table of residents")
    require(frame, ("person", "cohort", *design.cells, design.cluster), "table of residents")
    values = frame[outcome].to_numpy(dtype=float)
    if base is not None:
        values = values - frame[base].to_numpy(dtype=float)
    regressors = _regressors(frame, design, treatment)
    known = np.isfinite(values) & np.isfinite(regressors).all(axis=1)
    cells = frame.groupby(list(design.cells), observed=True, sort=True).ngroup().to_numpy().astype(np.int64)
    treated = frame[TREATED].to_numpy(dtype=bool)
    size = int(cells.max(initial=-1)) + 1
    ours = np.bincount(cells[known & treated], minlength=size)
    others = np.bincount(cells[known & ~treated], minlength=size)
    used = known & (ours > 0)[cells] & (others > 0)[cells]
    if not (used & treated).any():
        raise EstimationError("no cell holds both treated residents and others with a known figure")
    codes = np.unique(cells[used], return_inverse=True)[1].astype(np.int64)
    net = demean(np.column_stack([values[used], regressors[used]]), codes)
    dropped = (
        ("residents without the figure then or before", int((~known).sum())),
        ("treated residents with nobody in their cell", int((known & treated & ~used).sum())),
        ("residents of cells without treated ones", int((known & ~treated & ~used).sum())),
    )
    moving = net[:, 1:].std(axis=0) > 0
    moving[0] = True
    names = np.array([treatment, *design.given])[moving]
    return ResidentRows(
        frame[used].reset_index(drop=True),
        net[:, 0],
        net[:, 1:][:, moving],
        tuple(names.tolist()),
        codes,
        tuple((reason, count) for reason, count in dropped if count),
    )


def effect_path(
    frame: pd.DataFrame, outcome: str, horizons: Sequence[int], design: ResidentDesign | None = None
) -> EffectEstimate:
    """Return the effect at every horizon, against 1 January of g − 1.

    Parameters
    ----------
    frame, design
        As of `resident_effect`.
    outcome : str
        Name of the figure without its horizon; at the base it stands under this name.
    horizons : sequence of int
        Years since 1 January of g − 1; the figures below 0 are a placebo, given what is known at the base except
        incomes before it.

    Returns
    -------
    EffectEstimate
        One row per horizon, the base among them; ``event_time`` is the horizon. Each horizon is a regression of its
        own, so that the band over all of them is Bonferroni's, which is wider than it need be.
    """
    design = design or ResidentDesign()
    made = {}
    for h in sorted(horizons):
        given = design if h > 0 else replace(design, given=tuple(n for n in design.given if n != "income_before"))
        name = f"{outcome}_{h}" if h > 0 else f"{outcome}_minus_{-h}"
        made[h] = resident_effect(frame, name, given, outcome, f"year {h}")
    first = next(iter(made.values()))
    counts = {name: int(first.frame[name].iloc[0]) for name in ("units_count", "treated_count", "clusters_count")}
    at_base = first.derive(["base"], [0.0], [0.0], event_time=[0], **counts).frame
    rows = [result.frame.assign(event_time=h) for h, result in made.items()]
    table = pd.concat([*rows, at_base], ignore_index=True).astype({"event_time": "Int64"})
    table["ci_low_simultaneous"], table["ci_high_simultaneous"] = interval(
        table["estimate"], table["std_error"], first.degrees, design.alpha / len(made)
    )
    return replace(first, frame=table.sort_values("event_time", ignore_index=True), covariance=None)


def _regressors(frame: pd.DataFrame, design: ResidentDesign, treatment: str) -> Floats:
    """Return treatment and what is given, one column each."""
    columns = [frame[treatment].to_numpy(dtype=float)]
    for name in design.given:
        values = frame["age" if name == "age_squared" else name].to_numpy(dtype=float)
        columns.append(values**2 / 100 if name == "age_squared" else values)
    return np.column_stack(columns)
