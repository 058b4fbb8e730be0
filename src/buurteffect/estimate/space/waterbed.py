"""The waterbed in sums over areas: direct gains, losses elsewhere, and the share that leaked with its interval."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.fit import ols
from buurteffect.estimate.core.intervals import fieller_ratio
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.inference.power import minimum_detectable_effect, with_minimum_detectable_effect
from buurteffect.estimate.inference.sandwich import RobustErrors, covariance
from buurteffect.estimate.space.exposures import INFLOW, NEAR, SOON, ExposureMapping

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
    """Gains, losses and leakage of one outcome in one year.

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


def ledger(mapping: ExposureMapping, year: int, zero_sum: bool = False) -> Ledger:
    r"""Return the waterbed's gains, losses and leakage in a year, from a fitted exposure mapping.

    An entry is a sum over areas of effect times exposure, e = c'β with variance c'Vc. Leakage is

    .. math:: λ = -receiving / direct, \quad \text{or} -(ring + receiving) / direct

    with Fieller's interval (`fieller_ratio`), whose ends are infinite where the direct gain is not told from 0.
    Effects are relative to the rest of the same gemeente. For a share that must keep its sum over the country, such as
    that of households with the lowest incomes of the country, `zero_sum` adds what the rest must have taken.

    Parameters
    ----------
    mapping : ExposureMapping
        From `exposure_mapping`.
    year : int
        One of its years.
    zero_sum : bool
        Whether the outcome adds up to the same number whoever lives where.

    Raises
    ------
    EstimationError
        If the year is not in the mapping, or nothing was restructured by then.
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
    made, matrix, beta = mapping.effects, mapping.covariance, mapping.coefficients
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
    found = []
    for part in lost.values():
        pair = np.array([-part, vectors[DIRECT]])
        top, bottom = (float(vector @ beta) for vector in pair)
        found.append(fieller_ratio(top, bottom, pair @ matrix @ pair.T, made.degrees, alpha))
    ends = {
        "ci_low": [each.ci_low if each.bounded else -np.inf for each in found],
        "ci_high": [each.ci_high if each.bounded else np.inf for each in found],
    }
    leakage = made.derive(
        list(lost),
        [each.estimate for each in found],
        [each.std_error for each in found],
        method=f"leakage in {year}: what was lost elsewhere over the direct gain; Fieller's interval",
        remarks=ends,
        **counts,
    )
    return Ledger(entries, leakage)


def bounded(leakage: EffectEstimate) -> EffectEstimate:
    """Return the rows of a leakage whose interval has ends.

    Raises
    ------
    EstimationError
        If there are none: the direct gain is not told from zero, so that any share of it could have been lost.
    """
    rows = leakage.frame[np.isfinite(leakage.frame["ci_low"]) & np.isfinite(leakage.frame["ci_high"])]
    if rows.empty:
        raise EstimationError("the gain is not told from zero, so that the interval of a share of it has no ends")
    return replace(leakage, frame=rows.reset_index(drop=True), covariance=None)


def spread_change(mapping: ExposureMapping, year: int) -> EffectEstimate:
    """Return the effect of all exposures on the standard deviation of an outcome over areas in a year.

    The standard deviation over the areas as they are, less that over what the fitted effects leave of them. Only the
    effects have errors: the areas are all there are. Gradient of SD(y - Xβ): -cov(y - Xβ, X)/SD.

    Parameters
    ----------
    mapping, year
        As of `ledger`.

    Returns
    -------
    EffectEstimate
        One row, with ``sd_now`` and ``sd_without`` as remarks.
    """
    now = mapping.frame[mapping.frame["year"] == year]
    if len(now) < 3:
        raise EstimationError(f"the panel has fewer than three areas in {year}: there is no spread to speak of")
    exposure, outcome = mapping.weights(year).to_numpy(dtype=float), now[mapping.outcome].to_numpy(dtype=float)
    without = outcome - exposure @ mapping.coefficients
    centred = without - without.mean()
    spread = float(without.std(ddof=1))
    gradient = centred @ exposure / ((len(now) - 1) * spread)
    error = float(np.sqrt(gradient @ mapping.covariance @ gradient))
    return mapping.effects.derive(
        ["change of the standard deviation"],
        [float(outcome.std(ddof=1)) - spread],
        [error],
        method=f"spread over areas in {year}, with and without: delta method",
        units_count=len(now),
        remarks={"sd_now": outcome.std(ddof=1), "sd_without": spread},
    )


def city_totals(frame: pd.DataFrame, outcome: str, year: int, covariates: tuple[str, ...] = ()) -> EffectEstimate:
    """Regress the change of the mean of whole gemeenten on the share of dwellings demolished.

    One row per gemeente: change of its mean from the first year to `year` on the share demolished by then, with the
    mean of the covariates; errors robust to unequal spread (HC1). It sees what spreads over a whole gemeente, which a
    comparison inside gemeenten cannot, and rests on as many figures as there are gemeenten.

    Parameters
    ----------
    frame : DataFrame
        One row per area and year: ``area_code, gemeente_code, year, cohort_year, dose_share``, outcome and covariates.
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
    require_numbers(frame, (outcome, "year", "cohort_year", "dose_share", *covariates), "panel")
    require(frame, ("area_code", "gemeente_code"), "panel")
    if not frame[outcome].notna().any():
        raise EstimationError(f"no row has {outcome}: there is nothing to compare")
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
    if degrees < 3:
        raise EstimationError(f"{len(mean)} gemeenten are too few to compare whole gemeenten with each other")
    fit = ols(mean, "change", (("intercept", "dose", *covariates), design))
    total = float((mean["dose"] * size).sum())
    made = EffectEstimate.of(
        ["all of the gemeenten at work"],
        [total * fit.coefficients[1]],
        [total * float(covariance(fit, RobustErrors()).std_errors[1])],
        method=f"change of the mean of gemeenten from {first} to {year} on the share of dwellings demolished",
        convention=f"robust to unequal spread (HC1), t with {degrees} degrees of freedom",
        units_count=len(table),
        treated_count=int((mean["dose"] > 0).sum()),
        clusters_count=len(mean),
        degrees=degrees,
    )
    return with_minimum_detectable_effect(made)
