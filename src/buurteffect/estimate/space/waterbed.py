"""The books of the waterbed: what was gained here and lost there, in areas, with what leaked and its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import ols
from buurteffect.estimate.core.intervals import critical_value
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.power import minimum_detectable_effect
from buurteffect.estimate.inference.sandwich import RobustErrors, covariance
from buurteffect.estimate.space.exposures import INFLOW, NEAR, SOON, Mapping

DIRECT, RING, RECEIVING, SEEN, REST, NET = "direct", "ring", "receiving", "seen", "rest", "net"
LABELS = {
    DIRECT: "restructured areas",
    RING: "near works",
    RECEIVING: "taking in the displaced",
    SEEN: "seen in all: the three above",
    REST: "rest, spread thin: what must be for the books to close",
    NET: "net, the whole country",
}


@dataclass(frozen=True, eq=False)
class Ledger:
    """The books of one outcome in one year.

    Parameters
    ----------
    entries : EffectEstimate
        One row per entry, in sums over areas (an area that gains one point counts 1): ``term`` is one of `LABELS`.
    leakage : EffectEstimate
        The share of the direct gain that is lost elsewhere, with Fieller's interval: rows ``displaced`` (where the
        displaced went) and ``displaced and works near by``.
    """

    entries: EffectEstimate
    leakage: EffectEstimate


def ledger(mapping: Mapping, year: int, zero_sum: bool = False) -> Ledger:
    r"""Return the waterbed's books of a year from a fitted exposure mapping.

    An entry is a sum over areas of effect times exposure, e = c'β with variance c'Vc. Leakage is

    .. math:: λ = -receiving / direct, \quad \text{or} -(ring + receiving) / direct

    with Fieller's interval: all λ for which (lost + λ direct)² ≤ t² Var(lost + λ direct).
    Effects are relative to the rest of the same gemeente. For a share that must keep its sum over the country, such as
    that of households with the lowest incomes of the country, `zero_sum` adds what the rest must have taken.

    Parameters
    ----------
    mapping : Mapping
        From `exposure_mapping`.
    year : int
        One of its years.
    zero_sum : bool
        Whether the outcome adds up to the same number whoever lives where.

    Raises
    ------
    EstimationError
        If the year is not in the mapping, or nothing was restructured by then.

    References
    ----------
    Fieller (1954), Some problems in interval estimation. doi:10.1111/j.2517-6161.1954.tb00159.x.
    """
    now = mapping.weights(year)
    sums = now.sum().to_numpy(dtype=float)
    where = {
        DIRECT: np.array([name not in (NEAR, SOON, INFLOW) for name in mapping.names]),
        RING: np.array([name in (NEAR, SOON) for name in mapping.names]),
        RECEIVING: np.array([name == INFLOW for name in mapping.names]),
    }
    if now.empty or not sums[where[DIRECT]].any():
        raise EstimationError(f"nothing was restructured by {year}, or the panel has no such year")
    vectors = {name: sums * inside for name, inside in where.items()}
    vectors[SEEN] = sums
    if zero_sum:
        vectors |= {REST: -sums, NET: 0 * sums}
    made = mapping.effects
    matrix, beta = _matrix(made), made.frame["estimate"].to_numpy(dtype=float)
    points = [float(vector @ beta) for vector in vectors.values()]
    errors = [float(np.sqrt(max(vector @ matrix @ vector, 0.0))) for vector in vectors.values()]
    alpha = 0.05 if made.design is None else made.design.alpha
    direct = now.loc[:, where[DIRECT]]
    treated = int(direct.any(axis=1).sum())
    counts = {"units_count": len(now), "treated_count": treated}
    entries = made.derive(
        list(vectors),
        points,
        errors,
        **counts,
        method=f"sums over areas in {year}: {made.method}",
        remarks={
            "minimum_detectable_effect": [
                minimum_detectable_effect(error, alpha, 0.8, made.degrees) if error > 0 else np.nan for error in errors
            ]
        },
    )
    lost = {"displaced": vectors[RECEIVING], "displaced and works near by": vectors[RING] + vectors[RECEIVING]}
    found = [ratio((-part, vectors[DIRECT]), beta, matrix, alpha, made.degrees) for part in lost.values()]
    shares, spreads, lows, highs = (list(column) for column in zip(*found, strict=True))
    method = f"leakage in {year}: what was lost elsewhere over the direct gain; Fieller's interval"
    ends = {"ci_low": lows, "ci_high": highs}
    return Ledger(entries, made.derive(list(lost), shares, spreads, method=method, remarks=ends, **counts))


def ratio(
    vectors: tuple[Floats, Floats], beta: Floats, covariance: Floats, alpha: float, degrees: float
) -> tuple[float, float, float, float]:
    """Return the ratio of two linear combinations of coefficients, its delta-method error and Fieller's interval.

    Parameters
    ----------
    vectors : (ndarray, ndarray)
        Weights of the numerator and of the denominator.
    beta, covariance : ndarray
        Coefficients and their covariance.
    alpha, degrees : float
        One minus the confidence level, and the degrees of freedom of the t distribution.

    Returns
    -------
    float, float, float, float
        Ratio, standard error, lower and upper end; the ends are infinite where the denominator cannot be told from 0.

    Examples
    --------
    >>> one, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    >>> [round(value, 3) for value in ratio((one, other), np.array([1.0, 2.0]), 0.01 * np.eye(2), 0.05, np.inf)]
    [0.5, 0.056, 0.395, 0.615]
    """
    top, bottom = (float(vector @ beta) for vector in vectors)
    v_top, v_bottom = (float(vector @ covariance @ vector) for vector in vectors)
    crossed = float(vectors[0] @ covariance @ vectors[1])
    value = top / bottom if bottom else np.nan
    error = np.sqrt(max(v_top - 2 * value * crossed + value**2 * v_bottom, 0.0)) / abs(bottom) if bottom else np.nan
    reach = critical_value(alpha, degrees) ** 2
    square, middle, constant = bottom**2 - reach * v_bottom, top * bottom - reach * crossed, top**2 - reach * v_top
    inside = middle**2 - square * constant
    if square <= 0 or inside < 0:
        return value, float(error), -np.inf, np.inf
    half = float(np.sqrt(inside))
    return value, float(error), (middle - half) / square, (middle + half) / square


def spread_change(mapping: Mapping, year: int) -> EffectEstimate:
    """Return what direct effects and exposures did to the spread of an outcome over areas in a year.

    The standard deviation over the areas as they are, less that over what the fitted effects leave of them. Only the
    effects have errors: the areas are all there are. Gradient of SD(y - Xβ): -cov(y - Xβ, X)/SD.

    Parameters
    ----------
    mapping : Mapping
        From `exposure_mapping`.
    year : int
        One of its years.

    Returns
    -------
    EffectEstimate
        One row, with ``sd_now`` and ``sd_without`` as remarks.
    """
    now = mapping.frame[mapping.frame["year"] == year]
    if len(now) < 3:
        raise EstimationError(f"the panel has fewer than three areas in {year}: there is no spread to speak of")
    made = mapping.effects
    beta = made.frame["estimate"].to_numpy(dtype=float)
    exposure, outcome = mapping.weights(year).to_numpy(dtype=float), now[mapping.outcome].to_numpy(dtype=float)
    without = outcome - exposure @ beta
    centred = without - without.mean()
    spread = float(without.std(ddof=1))
    gradient = centred @ exposure / ((len(now) - 1) * spread)
    error = float(np.sqrt(gradient @ _matrix(made) @ gradient))
    return made.derive(
        ["change of the standard deviation"],
        [float(outcome.std(ddof=1)) - spread],
        [error],
        method=f"spread over areas in {year}, with and without: delta method",
        units_count=len(now),
        remarks={"sd_now": outcome.std(ddof=1), "sd_without": spread},
    )


def city_totals(frame: pd.DataFrame, outcome: str, year: int, covariates: tuple[str, ...] = ()) -> EffectEstimate:
    """Compare whole gemeenten: what the mean of one gained for each share of its dwellings demolished.

    One row per gemeente: change of its mean from the first year to `year` on the share demolished by then, with the
    mean of the covariates; errors robust to unequal spread (HC1). It sees what spreads over a whole gemeente, which a
    comparison inside gemeenten cannot, and rests on as many figures as there are gemeenten.

    Parameters
    ----------
    frame : DataFrame
        One row per area and year: ``area_code, gemeente_code, year, cohort_year, dose_share`` and `outcome`.
    outcome : str
        What is explained.
    year : int
        The year that is compared with the first.
    covariates : tuple of str
        What was known before.

    Returns
    -------
    EffectEstimate
        One row, ``all of the gemeenten at work``: the slope times the doses, in sums over areas.

    Raises
    ------
    EstimationError
        If there are too few gemeenten for the regression.
    """
    first = int(frame.loc[frame[outcome].notna(), "year"].min())
    known = frame[frame["year"].isin([first, year])].dropna(subset=[outcome, *covariates])
    wide = known.pivot_table(index=["area_code", "gemeente_code"], columns="year", values=outcome)
    if year not in wide or first == year:
        raise EstimationError(f"the panel has no {outcome} in {first} and {year}")
    traits = known.drop_duplicates("area_code").set_index("area_code")
    change = (wide[year] - wide[first]).dropna().reset_index(level="gemeente_code")
    on = traits["cohort_year"].lt(year) & traits["cohort_year"].notna()
    dose = traits["dose_share"].fillna(0.0).where(on, 0.0).reindex(change.index)
    table = change.rename(columns={0: "change"}).assign(
        dose=dose, **{c: traits[c].reindex(change.index) for c in covariates}
    )
    mean = table.groupby("gemeente_code").mean()
    size = table.groupby("gemeente_code").size()
    design = np.column_stack([np.ones(len(mean)), mean["dose"], *(mean[name] for name in covariates)])
    degrees = len(mean) - design.shape[1]
    if degrees < 3 or np.linalg.matrix_rank(design) < design.shape[1]:
        raise EstimationError(f"{len(mean)} gemeenten are too few to compare whole gemeenten with each other")
    fit = ols(mean, "change", (("intercept", "dose", *covariates), design))
    total = float((mean["dose"] * size).sum())
    error = total * float(covariance(fit, RobustErrors()).std_errors[1])
    return EffectEstimate.of(
        ["all of the gemeenten at work"],
        [total * fit.coefficients[1]],
        [error],
        method=f"change of the mean of gemeenten from {first} to {year} on the share of dwellings demolished",
        convention=f"robust to unequal spread (HC1), t with {degrees} degrees of freedom",
        units_count=len(table),
        treated_count=int((mean["dose"] > 0).sum()),
        clusters_count=len(mean),
        degrees=degrees,
        remarks={"minimum_detectable_effect": minimum_detectable_effect(error, 0.05, 0.8, degrees)},
    )


def _matrix(made: EffectEstimate) -> Floats:
    """Return the covariance of the effects of a mapping."""
    if made.covariance is None:
        raise EstimationError("this exposure mapping has no covariance: its sums have no error")
    return made.covariance
