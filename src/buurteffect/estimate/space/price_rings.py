"""Prices around projects: by ring and time, and how an effect fades with distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError, NoComparisonError, NoSwitchError, UnusableValueError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.design import Design, as_names
from buurteffect.estimate.core.fit import Fit
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers
from buurteffect.estimate.inference.regression_table import regression_estimate
from buurteffect.estimate.regression.absorbed_effects import fit_columns
from buurteffect.estimate.regression.line_search import least_point
from buurteffect.estimate.regression.regressors import Regressors

DECAY, HALVING = "effect at the project", "halving distance (m)"


@dataclass(frozen=True)
class RingDesign:
    """Which sales are compared with which; names are columns of the table of sales.

    Parameters
    ----------
    price : str
        Price, above 0; its logarithm is explained.
    year : str
        Year of the sale.
    distance_m : str
        Distance to the nearest project, metres.
    cohort : str
        First treated year of that project.
    effects : tuple of str
        Fixed effects, such as area and year, or area and project-year.
    cluster : str
        Within which errors may depend on each other, such as the project.
    characteristics : tuple of str
        Characteristics of the dwelling.
    edges_m : tuple of float
        Edges of the rings, ascending from 0; sales in the last ring are those compared with, sales beyond it are
        left out.
    alpha : float
        One minus the confidence level.
    """

    price: str
    year: str = "year"
    distance_m: str = "distance_m"
    cohort: str = "cohort_year"
    effects: tuple[str, ...] = ("area_code", "year")
    cluster: str = "project_id"
    characteristics: tuple[str, ...] = ()
    edges_m: tuple[float, ...] = (0.0, 250.0, 500.0, 1000.0, 2000.0)
    alpha: float = 0.05

    def __post_init__(self) -> None:
        """Take one name for a tuple of one, and check the rings."""
        for role in ("effects", "characteristics"):
            object.__setattr__(self, role, as_names(getattr(self, role), role))
        if len(self.edges_m) < 3 or list(self.edges_m) != sorted(set(self.edges_m)) or self.edges_m[0] < 0:
            raise EstimationError("edges_m needs three or more ascending distances: two rings at least")
        if not self.effects or not 0 < self.alpha < 1:
            raise EstimationError("name at least one set of fixed effects, and an alpha between 0 and 1")

    @property
    def rings(self) -> tuple[str, ...]:
        """Names of the rings, the last the one compared with."""
        return tuple(f"{a:g}–{b:g} m" for a, b in zip(self.edges_m[:-1], self.edges_m[1:], strict=True))

    @property
    def design(self) -> Design:
        """The same as a design of the project."""
        return Design(
            self.price,
            unit=self.effects[0],
            time=self.year,
            cohort=self.cohort,
            covariates=self.characteristics,
            clusters=(self.cluster,),
            alpha=self.alpha,
        )


@dataclass(frozen=True, eq=False)
class Sales:
    """The sales that a ring design can use.

    Parameters
    ----------
    frame : DataFrame
        One row is one sale, with the columns that the design names.
    design : RingDesign
        Which are compared.
    rings : ndarray of int
        Place of each sale's ring, the last the one compared with.
    dropped : tuple of (str, int)
        What was left out and how often.
    """

    frame: pd.DataFrame
    design: RingDesign
    rings: Integers
    dropped: tuple[tuple[str, int], ...]

    @property
    def event_times(self) -> Integers:
        """Year of each sale less the first treated year of its project."""
        return np.asarray((self.frame[self.design.year] - self.frame[self.design.cohort]).to_numpy(dtype=int))

    def column(self, name: str) -> Floats:
        """Return a column as numbers."""
        return np.asarray(self.frame[name].to_numpy(dtype=float))


def draw_sales(sales: pd.DataFrame, design: RingDesign) -> Sales:
    """Check a table of sales against a ring design and return those that can be used.

    Raises
    ------
    MissingColumnError
        If a column is missing.
    UnusableValueError
        On prices of 0 or less, negative distances or infinite values.
    NoComparisonError
        If the last ring is empty.
    NoSwitchError
        If no inner ring has sales both before and after.
    """
    numbers = (design.price, design.year, design.distance_m, design.cohort, *design.characteristics)
    names = tuple(dict.fromkeys([*numbers, *design.effects, design.cluster]))
    require(sales, names, "table of sales")
    require_numbers(sales, numbers, "table of sales")
    present = sales[list(names)].notna().all(axis=1).to_numpy()
    price, distance = (sales[name].to_numpy(dtype=float, na_value=np.nan) for name in (design.price, design.distance_m))
    if (price[present] <= 0).any() or (distance[present] < 0).any():
        raise UnusableValueError("prices must be above 0 and distances 0 or more: mend or leave out such sales")
    inside = present & (distance >= design.edges_m[0]) & (distance <= design.edges_m[-1])
    frame = sales.loc[inside, list(names)]
    frame = frame.sort_values([*names], kind="stable").reset_index(drop=True)
    rings = np.searchsorted(design.edges_m[1:-1], frame[design.distance_m].to_numpy(dtype=float), side="right")
    beyond = f"sales beyond {design.edges_m[-1]:g} m or nearer than {design.edges_m[0]:g} m"
    gone = {"sales with a missing value": ~present, beyond: present & ~inside}
    dropped = tuple((reason, int(lost.sum())) for reason, lost in gone.items() if lost.any())
    result = Sales(frame, design, rings, dropped)
    _check_sides(result)
    return result


def ring_effects(sales: Sales) -> EffectEstimate:
    """Return how prices in each inner ring move from treatment on, against the outer ring of the same projects.

    log p = ring × after + characteristics + fixed effects, those of before and after in all rings among them. The
    ring compared with must lie beyond the reach of the project; where it does not, effects are too small, or of the
    other sign (Koster & Van Ommeren 2019, doi:10.1162/rest_a_00779). ``price_share`` is exp(estimate) − 1.

    Returns
    -------
    EffectEstimate
        One row is one inner ring, then the characteristics; log points.

    Raises
    ------
    EstimationError
        If fixed effects absorb a ring.
    """
    design, after = sales.design, (sales.event_times >= 0).astype(int)
    inner = design.rings[:-1]
    columns = [(sales.rings == place) * after.astype(float) for place in range(len(inner))]
    fit = _fit(sales, [f"{ring}, after" for ring in inner], columns, after)
    method = f"hedonic regression of log price, effects of {', '.join(design.effects)} and of the moment in all rings, "
    inside = np.arange(len(fit.names)) < len(inner)
    result = regression_estimate(
        fit,
        design.design,
        f"{method}against {design.rings[-1]}",
        band=inside.tolist(),
    )
    share = np.where(inside, np.expm1(result.frame["estimate"].to_numpy(dtype=float)), np.nan)
    return replace(result, frame=result.frame.assign(price_share=share))


def distance_decay(sales: Sales) -> EffectEstimate:
    """Return the effect at the project itself and the distance over which it halves.

    log p = τ·after·exp(−d/δ) + characteristics + fixed effects, those of before and after among them, by least
    squares over δ; errors of τ and δ from the regression on both derivatives at the optimum. The halving distance is
    δ·log 2. All sales take part; those far away hold what the project does not reach.

    Returns
    -------
    EffectEstimate
        Two rows: the effect at distance 0, log points, and the halving distance, metres.

    Raises
    ------
    EstimationError
        If the fit is best at an end of what is looked at: the sales do not tell how the effect fades.
    """
    distance, after = sales.column(sales.design.distance_m), (sales.event_times >= 0).astype(float)
    low, high = np.log(max(sales.design.edges_m[1] / 10, 1.0)), np.log(sales.design.edges_m[-1])
    moment = (sales.event_times >= 0).astype(int)

    def loss(log_scale: float) -> float:
        column = after * np.exp(-distance / np.exp(log_scale))
        fit = _fit(sales, ["decay"], [column], moment)
        return float(fit.residuals @ fit.residuals)

    grid = np.linspace(low, high, 15)
    values = [loss(point) for point in grid]
    best = int(np.argmin(values))
    if best in (0, len(grid) - 1):
        raise EstimationError(
            f"the fit is best at δ = {np.exp(grid[best]):.0f} m, an end of what is looked at: these sales do not tell "
            "how the effect fades; widen the rings or use ring_effects"
        )
    scale = float(np.exp(least_point(loss, grid[best - 1], grid[best + 1], 1e-8, "how the effect fades")))
    shape = after * np.exp(-distance / scale)
    effect = float(_fit(sales, ["decay"], [shape], moment).coefficients[0])
    bent = effect * shape * distance / scale**2
    fit = _fit(sales, [DECAY, HALVING], [shape, bent / np.log(2)], moment)
    fit = replace(fit, coefficients=np.r_[effect, scale * np.log(2), fit.coefficients[2:]])
    result = regression_estimate(
        fit,
        sales.design.design,
        "hedonic regression with an effect that fades exponentially",
    )
    covariance = None if result.covariance is None else result.covariance[:2, :2]
    return replace(result, frame=result.frame.iloc[:2].reset_index(drop=True), covariance=covariance)


def _check_sides(sales: Sales) -> None:
    """Refuse sales without an outer ring, or without both sides of treatment within."""
    outer = sales.rings == len(sales.design.rings) - 1
    if not outer.any():
        raise NoComparisonError(f"no sale lies within {sales.design.rings[-1]}, the ring compared with")
    after = sales.event_times >= 0
    if not ((~outer & after).any() and (~outer & ~after).any()):
        raise NoSwitchError("no sale near a project both before and after its treatment: widen the years or the rings")


def _fit(sales: Sales, names: Sequence[str], columns: Sequence[Floats], moment: Integers) -> Fit:
    """Return the hedonic regression of log price; what moves in all rings at a moment is one more set of effects."""
    design = sales.design
    effects = (*(np.asarray(pd.factorize(sales.frame[name])[0]) for name in design.effects), moment)
    table = np.column_stack([*columns, *(sales.column(name) for name in design.characteristics)])
    regressors = Regressors((*names, *design.characteristics), table)
    units = int(effects[0].max()) + 1
    near = (sales.rings < len(design.rings) - 1) & (sales.event_times >= 0)
    return fit_columns(
        sales.frame,
        np.log(sales.column(design.price)),
        regressors,
        effects,
        (design.effects[0], design.year),
        (units, len(np.unique(effects[0][near]))),
        dropped=sales.dropped,
    )
