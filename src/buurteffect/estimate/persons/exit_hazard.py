"""Discrete-time exit hazards of those whose place was left alone, and excess exit from restructured places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from buurteffect.errors import EstimationError, NoComparisonError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.fit import pseudo_inverse
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers
from buurteffect.estimate.inference.sandwich import cluster_std_error

SOFTWARE = "own code, Newton's method"
TRAITS = ("home", "age_band", "distance_band", "before_band")
"""What households are compared within, besides the year and the time since the base."""

PLACE = "place restructured later"
"""The term that tells places restructured later from others, known from the years before their start."""

_OUT, _GONE = 1, -1
_STEPS, _SMALL = 40, 1e-9
_ORDER = {"low": 0, "middle": 1, "high": 2}


@dataclass(frozen=True, eq=False)
class Hazards:
    """A discrete-time logit of leaving, fitted on those whose place was left alone.

    logit λ_ik = x_i'β + γ [place restructured later] + α_k + δ_year, over the years k in which household i still
    lives where it did at the base.

    Parameters
    ----------
    coefficients : ndarray
        Shape (terms,): constant, traits, years since the base, calendar years.
    influence : ndarray
        Influence of each cluster on the coefficients, shape (clusters, terms).
    terms : HazardTerms
        What the terms are.
    rows_count : int
        Households behind it.
    """

    coefficients: Floats
    influence: Floats
    terms: HazardTerms
    rows_count: int


@dataclass(frozen=True, eq=False)
class HazardTerms:
    """The columns of the logit: a constant, and all but the first value of each trait, step and year.

    Parameters
    ----------
    traits : tuple of (str, tuple)
        Each trait with its values.
    steps : int
        Years since the base.
    years : tuple of int
        Calendar years.
    """

    traits: tuple[tuple[str, tuple[object, ...]], ...]
    steps: int
    years: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        traits = [f"{trait} {value}" for trait, values in self.traits for value in values[1:]]
        steps = [f"year {step + 1} since the base" for step in range(1, self.steps)]
        return ("constant", *traits, PLACE, *steps, *map(str, self.years[1:]))

    def fixed(self, rows: pd.DataFrame) -> Floats:
        """Return the columns that do not change over the years, shape (rows, columns)."""
        columns = [np.ones(len(rows))]
        columns += [(rows[trait] == value).to_numpy(float) for trait, values in self.traits for value in values[1:]]
        columns.append(rows["treated"].to_numpy(float))
        return np.column_stack(columns)

    def moving(self, step: int, year: Integers) -> Floats:
        """Return the columns of one step, which falls in the given calendar years."""
        steps = np.zeros((len(year), self.steps - 1))
        if step:
            steps[:, step - 1] = 1
        return np.column_stack([steps, *((year == value).astype(float) for value in self.years[1:])])

    def rows(self, fixed: Floats, cohort: Integers, step: int) -> Floats:
        """Return all columns of one step."""
        return np.column_stack([fixed, self.moving(step, cohort + step)])


def excess_exit(
    rows: pd.DataFrame,
    unit: str = "buurt",
    horizon: int = 7,
    by: str = "tercile",
    cluster: str = "buurt",
    *,
    first_exit: bool = False,
    alpha: float = 0.05,
) -> EffectEstimate:
    r"""Estimate excess exit: the share that left a treated place less the share predicted without treatment.

    Excess = mean over the treated of [out after h years] - [1 - Π_k (1 - λ⁰_ik)], with λ⁰ from a logit on those whose
    place was left alone (Allison 1982, doi:10.2307/270718). With `first_exit` a household is out from the first year
    in which it lives elsewhere, and λ⁰ is a hazard in discrete time; without it a household is out if it lives
    elsewhere after h years, and there is one period. What sets restructured places apart beside the traits is a term
    of the logit, known from years before. Households not in the register after h years are left out of both. The error
    adds up, by cluster, the influence of the treated on their mean and of the compared on the prediction (delta
    method).

    Parameters
    ----------
    rows : DataFrame
        One row per household and cohort: ``cohort, treated, before``, `TRAITS`, `by`, `cluster`, and ``<unit>_1`` …: 1
        out, 0 not, -1 not in the register. Rows of ``before`` are of treated places before their start.
    unit : {"buurt", "wijk"}
        What is left.
    horizon : int
        Years after the base, 1 January of the year before the start.
    by : str
        Column whose values each get rows, besides all together.
    cluster : str
        Column that errors are grouped by.
    first_exit : bool
        Whether having left once counts, and not living elsewhere at the end.
    alpha : float
        One minus the confidence level.

    Returns
    -------
    EffectEstimate
        One row per value of `by`, then ``all``; with the remarks ``share_out`` (of the treated) and
        ``share_out_without`` (predicted).

    Raises
    ------
    NoComparisonError
        If nobody was treated, or nobody was left alone.
    EstimationError
        If the logit does not converge.
    """
    require(rows, (by,), "table of households")
    fitted = _fitted(rows, unit, horizon, cluster, first_exit)
    figures = _figures(fitted, by, fitted.states.shape[1])
    return _estimate(figures, fitted, (unit, horizon, cluster, first_exit, alpha))


def fit_hazards(rows: pd.DataFrame, states: Integers, clusters: Integers) -> Hazards:
    """Fit the discrete-time logit of leaving.

    Parameters
    ----------
    rows : DataFrame
        One row per household: ``cohort`` (the base is 1 January of the year before) and `TRAITS`.
    states : ndarray
        Shape (households, years): 1 in the year of leaving, 0 before it, -1 after it.
    clusters : ndarray of int
        Cluster of each household.

    Raises
    ------
    EstimationError
        If the fit does not converge, or nobody left.
    """
    cohort, steps = rows["cohort"].to_numpy(dtype=int), states.shape[1]
    if not (states == _OUT).any():
        raise EstimationError("nobody left a place that was left alone: there is no hazard to fit")
    years = tuple(int(year) for year in np.unique(cohort[:, None] + np.arange(steps)))
    values = tuple((name, tuple(sorted(rows[name].unique()))) for name in TRAITS)
    terms = HazardTerms(values, steps, years)
    cells = rows.groupby([*TRAITS, "treated", "cohort"], sort=False).ngroup().to_numpy()
    first = np.unique(cells, return_index=True)[1]
    fixed, when = terms.fixed(rows.iloc[first]), cohort[first]
    design, outcome = [], []
    for step in range(steps):
        risk = np.bincount(cells, weights=states[:, step] >= 0, minlength=len(first))
        exits = np.bincount(cells, weights=states[:, step] == _OUT, minlength=len(first))
        some = risk > 0
        design.append(terms.rows(fixed[some], when[some], step))
        outcome.append(np.column_stack([exits[some], risk[some] - exits[some]]))
    beta, bread = _logit(np.vstack(design), np.vstack(outcome))
    scores = _score_sums(terms, (fixed, when, cells), states, beta, clusters)
    return Hazards(beta, scores @ bread, terms, len(rows))


def predict_exit(hazards: Hazards, rows: pd.DataFrame, steps: int | None = None) -> tuple[Floats, Floats]:
    """Return the chance 1 - Π(1 - λ⁰) that each household would have left, and its gradient by coefficient.

    Parameters
    ----------
    hazards : Hazards
        From `fit_hazards`.
    rows : DataFrame
        Households, with the same traits.
    steps : int, optional
        Years since the base; by default all of the hazards.
    """
    terms, cohort = hazards.terms, rows["cohort"].to_numpy(dtype=int)
    fixed = terms.fixed(rows)
    log_stay, gradient = np.zeros(len(rows)), np.zeros((len(rows), len(hazards.coefficients)))
    for step in range(terms.steps if steps is None else steps):
        columns = terms.rows(fixed, cohort, step)
        chance = expit(columns @ hazards.coefficients)
        log_stay += np.log1p(-chance)
        gradient += chance[:, None] * columns
    stay = np.exp(log_stay)
    return 1 - stay, stay[:, None] * gradient


def exit_path(
    rows: pd.DataFrame, unit: str = "buurt", horizon: int = 7, by: str = "tercile", cluster: str = "buurt"
) -> pd.DataFrame:
    """Return the share that has left for the first time by each year, of the treated and as predicted without.

    Returns
    -------
    DataFrame
        One row per value of `by`, year and ``kind`` (``restructured``, ``without``): ``estimate, ci_low, ci_high``;
        the interval of the difference is put around the share of the restructured.
    """
    require(rows, (by,), "table of households")
    fitted = _fitted(rows, unit, horizon, cluster, True)
    parts = []
    for year in range(1, horizon + 1):
        found = _estimate(_figures(fitted, by, year), fitted, (unit, year, cluster, True, 0.05)).frame
        half = found["ci_high"] - found["estimate"]
        for kind, name, width in (("restructured", "share_out", half), ("without", "share_out_without", 0 * half)):
            part = found[["term"]].assign(year=year, kind=kind, estimate=found[name])
            parts.append(part.assign(ci_low=found[name] - width, ci_high=found[name] + width))
    return pd.concat(parts, ignore_index=True).rename(columns={"term": by})


@dataclass(frozen=True, eq=False)
class _Fitted:
    """Hazards and the treated that they are compared with."""

    hazards: Hazards
    treated: pd.DataFrame
    states: Integers
    clusters: Integers
    clusters_count: int
    units_count: int
    gone: int


def _fitted(rows: pd.DataFrame, unit: str, horizon: int, cluster: str, first_exit: bool) -> _Fitted:
    """Fit on the households whose place was left alone."""
    ends = [f"{unit}_{year}" for year in (range(1, horizon + 1) if first_exit else (horizon,))]
    require_numbers(rows, ("before", "treated", "cohort", *ends), "table of households")
    require(rows, (cluster, *TRAITS), "table of households")
    before = rows["before"].to_numpy(dtype=bool)
    last = rows[f"{unit}_1" if first_exit else f"{unit}_{horizon}"].to_numpy()
    there = np.where(before, last, rows[f"{unit}_{horizon}"].to_numpy()) != _GONE
    kept, before = rows[there].reset_index(drop=True), before[there]
    treated = kept["treated"].to_numpy(dtype=bool) & ~before
    if not treated.any() or kept["treated"].all():
        raise NoComparisonError("excess exit needs households whose place was restructured and others")
    states, clusters = _states(kept, unit, horizon, first_exit), pd.factorize(kept[cluster])[0]
    states[before, 1:] = -1
    hazards = fit_hazards(kept[~treated], states[~treated], clusters[~treated])
    number, gone = int(clusters.max()) + 1, int((~there & ~rows["before"].to_numpy(dtype=bool)).sum())
    used = int((~before).sum())
    return _Fitted(hazards, kept[treated], states[treated], clusters[treated], number, used, gone)


def _figures(fitted: _Fitted, by: str, steps: int) -> list[tuple[str, float, float, int, int, float]]:
    """Return name, excess, error, households, clusters and predicted share of each group after some steps."""
    part, hazards = fitted.treated, fitted.hazards
    predicted, gradient = predict_exit(hazards, part, steps)
    gap = (fitted.states[:, :steps] == _OUT).any(axis=1) - predicted
    influence = np.zeros((fitted.clusters_count, len(hazards.coefficients)))
    influence[: len(hazards.influence)] = hazards.influence
    figures = []
    for name, who in _groups(part, by):
        home, number = fitted.clusters[who], int(who.sum())
        used = len(np.unique(home))
        if used < 2:
            continue
        own = np.bincount(home, weights=gap[who] - gap[who].mean(), minlength=len(influence)) / number
        total = own - influence @ gradient[who].mean(axis=0)
        error = cluster_std_error(total, count=used)
        figures.append((name, float(gap[who].mean()), error, number, used, float(predicted[who].mean())))
    return figures


def _score_sums(
    terms: HazardTerms,
    cells: tuple[Floats, Integers, Integers],
    states: Integers,
    beta: Floats,
    clusters: Integers,
) -> Floats:
    """Return the scores of the logit summed by cluster, shape (clusters, terms), without a row per household-year."""
    fixed, when, cell = cells
    count, steps, years = int(clusters.max()) + 1, terms.steps, terms.years
    chance = np.column_stack([expit(terms.rows(fixed, when, step) @ beta) for step in range(steps)])
    left = np.where(states >= 0, (states == _OUT) - chance[cell], 0.0)
    total = left.sum(axis=1)
    sums = [np.bincount(clusters, weights=total * column[cell], minlength=count) for column in fixed.T]
    sums += [np.bincount(clusters, weights=left[:, step], minlength=count) for step in range(1, steps)]
    year = np.searchsorted(years, when[cell][:, None] + np.arange(steps))
    by_year = np.bincount((clusters[:, None] * len(years) + year).ravel(), left.ravel(), count * len(years))
    return np.column_stack([*sums, by_year.reshape(count, len(years))[:, 1:]])


def _logit(design: Floats, outcome: Floats) -> tuple[Floats, Floats]:
    """Return coefficients of a binomial logit on counts, and the inverse of its information, by Newton's method.

    Own code: statsmodels' GLM, which it agrees with (see the tests), decomposes all cells anew in every step.
    """
    used = (design != 0).any(axis=0)
    columns, number = design[:, used], outcome.sum(axis=1)
    beta = np.zeros(columns.shape[1])
    beta[0] = np.log(outcome[:, 0].sum() / max(outcome[:, 1].sum(), 1.0))
    for _ in range(_STEPS):
        chance = expit(columns @ beta)
        information = (columns * (number * chance * (1 - chance))[:, None]).T @ columns
        inverse = pseudo_inverse(information)
        step = inverse @ (columns.T @ (outcome[:, 0] - number * chance))
        beta += step
        if np.abs(columns @ step).max() < _SMALL:
            break
    else:
        raise EstimationError("the logit of leaving did not converge: take fewer traits, or more households")
    every, bread = np.zeros(design.shape[1]), np.zeros((design.shape[1], design.shape[1]))
    every[used] = beta
    bread[np.ix_(used, used)] = inverse
    return every, bread


def _states(rows: pd.DataFrame, unit: str, horizon: int, first_exit: bool) -> Integers:
    """Return the year of leaving of each household: 1 in it, 0 before, -1 after."""
    if not first_exit:
        return np.array(rows[[f"{unit}_{horizon}"]], dtype=int)
    out = rows[[f"{unit}_{year}" for year in range(1, horizon + 1)]].to_numpy() == _OUT
    before = np.cumsum(out, axis=1) - out > 0
    return np.where(before, -1, out.astype(int))


def _groups(rows: pd.DataFrame, by: str) -> list[tuple[str, np.ndarray]]:
    """Return the households of each value of a column, incomes from low to high, and all."""
    values = sorted(rows[by].unique(), key=lambda value: (_ORDER.get(value, 9), value))
    return [*((str(value), (rows[by] == value).to_numpy()) for value in values), ("all", np.ones(len(rows), bool))]


def _estimate(
    figures: Sequence[tuple[str, float, float, int, int, float]],
    fitted: _Fitted,
    settings: tuple[str, int, str, bool, float],
) -> EffectEstimate:
    """Return the table."""
    unit, horizon, cluster, first_exit, alpha = settings
    if not figures:
        raise NoComparisonError(f"the restructured places lie in one {cluster}: there is no error to be had")
    names, gaps, errors, counts, used, without = (list(column) for column in zip(*figures, strict=True))
    degrees = max(used[-1] - 1, 1)
    what = "a first exit, hazards in discrete time," if first_exit else "living elsewhere"
    gone = fitted.gone
    return EffectEstimate.of(
        names,
        gaps,
        errors,
        method=f"{what} from the {unit} after {horizon} years: logit on households whose buurt was left alone, "
        "predicted for those of restructured ones",
        convention=f"influence of the treated and of the prediction, summed by {cluster} ({fitted.clusters_count}); "
        f"G/(G - 1) and t with {degrees} degrees of freedom for the {degrees + 1} treated ones",
        units_count=fitted.units_count,
        treated_count=counts,
        clusters_count=used,
        totals=(fitted.units_count, fitted.clusters_count, counts[-1]),
        alpha=alpha,
        remarks={"share_out": np.array(gaps) + np.array(without), "share_out_without": without},
        dropped=(("households not in the register at the end", gone),) if gone else (),
        software=SOFTWARE,
        degrees=degrees,
    )
