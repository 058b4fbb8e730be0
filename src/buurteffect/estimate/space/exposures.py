"""Effects on treated places, on places near them and on places that took in the displaced, in one regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.fit import Fit, check_regressors, ols, solve_system
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, within_two_way
from buurteffect.estimate.inference.jackknife import WORDS, leave_one_out
from buurteffect.estimate.inference.power import with_minimum_detectable_effect
from buurteffect.estimate.inference.regression_table import regression_estimate
from buurteffect.estimate.inference.sandwich import ClusteredErrors, Errors
from buurteffect.estimate.inference.small_sample import HOUSE

NEAR, INFLOW, FORESEEN, SOON = "works_near", "taken_in", "foreseen_in", "works_soon"
CHOSEN = "about to be restructured"
"""Places in the years before their start: chosen for what they were then, the score that effects are measured from."""
LEAD_YEARS = (-3, 0)
DIRECT_BINS = ((1, 2), (3, 5), (6, 9), (10, 40))
"""Years since the first demolition over which the direct effect is one: 1 January of g + 1 is the first to see it."""

_SOFTWARE = "own code on the within transformation"
_UNIT, _TIME, _WITHIN = "area_code", "year", "gemeente_code"


@dataclass(frozen=True, eq=False)
class ExposureMapping:
    """A fitted exposure mapping.

    Parameters
    ----------
    effects : EffectEstimate
        One row per direct bin and exposure: effect per unit of it; with the covariance of all regressors in the
        order of its rows.
    frame : DataFrame
        The rows: ``area_code, gemeente_code, year``, the outcome and one column per row of `effects`.
    outcome : str
        Its column.
    first_stage : float
        F statistic of the instrument; infinite without one.
    """

    effects: EffectEstimate
    frame: pd.DataFrame
    outcome: str
    first_stage: float = np.inf

    def weights(self, year: int) -> pd.DataFrame:
        """Return what every coefficient counts for the effect in each area in a year: areas by coefficients.

        Direct effects are counted from the years in which places were about to be restructured, and those of works near
        by from the years in which they were near places about to be.
        """
        now = self.frame.loc[self.frame[_TIME] == year, self.names].copy()
        direct = [name for name in self.names if name not in (NEAR, SOON, INFLOW, CHOSEN)]
        if CHOSEN in now:
            now[CHOSEN] = -now[direct].sum(axis=1)
        if SOON in now:
            now[SOON] = -now[NEAR]
        return now

    @property
    def names(self) -> list[str]:
        """Regressors that hold effects."""
        return list(self.effects.frame["term"])

    @property
    def coefficients(self) -> Floats:
        """Effects per unit, in the order of `names`."""
        return np.asarray(self.effects.frame["estimate"].to_numpy(dtype=float))

    @property
    def covariance(self) -> Floats:
        """Covariance of the coefficients.

        Raises
        ------
        EstimationError
            If there is none.
        """
        if self.effects.covariance is None:
            raise EstimationError("this exposure mapping has no covariance: its sums have no error")
        return self.effects.covariance


def exposure_mapping(
    frame: pd.DataFrame,
    outcome: str,
    covariates: Sequence[str] = (),
    *,
    instrument: bool = False,
    within_gemeente: bool = True,
    untreated_only: bool = False,
    errors: Errors | None = None,
    alpha: float = 0.05,
) -> ExposureMapping:
    r"""Estimate an exposure mapping: direct effects and exposures at once, against other places of the gemeente.

    .. math:: y_{bt} = α_b + δ_{gt} + Σ_e τ_e D_{bt}^e + κ C_{bt} + ρ N_{bt} + π M_{bt} + θ S_{bt} + γ_t' x_b + ε_{bt}

    with D^e the years since the start (`DIRECT_BINS`), N the works near by and S the stock of displaced taken in, both
    0 in a place from its own start on, C places in the years just before their start (`LEAD_YEARS`) and M places near
    such: they were chosen for what they were then, and effects are counted from there (τ_e - κ, ρ - π; see
    `ExposureMapping.weights`). Covariates of before have an effect of their own in each year. What the
    policy does alike to all places of a gemeente goes into δ: the effects are relative to the rest of the gemeente
    (Aronow & Samii 2017, doi:10.1214/16-AOAS1005).

    Parameters
    ----------
    frame : DataFrame
        One row per area and year: ``area_code, gemeente_code, year, cohort_year, works_near, works_soon, taken_in,
        foreseen_in``, `outcome` and the covariates. Rows without outcome or covariates are left out and counted.
    outcome : str
        What is explained.
    covariates : sequence of str
        What was known before, constant within an area.
    instrument : bool
        Whether the displaced taken in are instrumented by what moves before any project foresaw, a shift-share
        (Borusyak, Hull & Jaravel 2022, doi:10.1093/restud/rdab030): where they go may depend on how places are doing.
    within_gemeente : bool
        Whether years have an effect in each gemeente, or one for the country.
    untreated_only : bool
        Whether places that are restructured at any time are left out: only exposures are estimated.
    errors : Errors, optional
        How errors may depend on each other. By default they come from leaving out one gemeente at a time
        (`leave_one_out`), with the degrees of freedom of the gemeenten at work; with an instrument they are clustered
        by gemeente.
    alpha : float
        One minus the confidence level.

    Raises
    ------
    EstimationError
        If columns are missing, or regressors cannot be told apart.
    """
    rows, dropped = _rows(frame, outcome, covariates, untreated_only)
    effects, controls, extra = _columns(rows, covariates)
    units = pd.factorize(rows[_UNIT])[0]
    times = pd.factorize(rows[_TIME].astype(str) + rows[_WITHIN].astype(str) if within_gemeente else rows[_TIME])[0]
    values = np.column_stack([rows[outcome].to_numpy(dtype=float), effects.to_numpy(), controls, extra])
    left = within_two_way(values, units, times)
    number = effects.shape[1]
    names = (*effects.columns, *(f"control {place}" for place in range(controls.shape[1])))
    check_regressors(names, left[:, 1:-1], values[:, 1:-1])
    regressors, strength = left[:, 1:-1], np.inf
    if instrument:
        regressors, strength = _first_stage(left, number - 1, (rows, units, times))
    beta = solve_system(regressors.T @ regressors, regressors.T @ left[:, 0])
    fit = Fit(
        names=names,
        coefficients=beta,
        regressors=regressors,
        residuals=left[:, 0] - left[:, 1:-1] @ beta,
        effects=(units, times),
        frame=rows,
        unit=_UNIT,
        time=_TIME,
        units_count=len(np.unique(units)),
        treated_count=int(rows.loc[rows["cohort_year"].notna(), _UNIT].nunique()),
        software=_SOFTWARE,
        dropped=dropped,
    )
    design = Design(outcome, cohort=None, dose=INFLOW, clusters=(_WITHIN,), alpha=alpha)
    where = "gemeente and year" if within_gemeente else "year"
    how = f"instrumented by moves of before (first-stage F {strength:.1f}), " if instrument else ""
    method = f"regression on direct effects and exposures, {how}effects of area and of {where}, "
    method += f"{len(covariates)} covariates with an effect in each year"
    made = regression_estimate(fit, design, method, errors or ClusteredErrors((_WITHIN,)), HOUSE)
    if errors is None and not instrument:
        made = _left_out(made, fit, left[:, 0], None if within_gemeente else times)
    first = replace(
        made,
        frame=made.frame.iloc[:number].reset_index(drop=True),
        covariance=None if made.covariance is None else made.covariance[:number, :number],
    )
    used = pd.concat([rows[[_UNIT, _WITHIN, _TIME, outcome]], effects], axis=1)
    return ExposureMapping(first, used, outcome, strength)


def exposure_effects(mapping: ExposureMapping, year: int, share: float = 0.05) -> EffectEstimate:
    """Return the effect of each exposure in a year on the untreated places with most of it.

    Parameters
    ----------
    mapping, year
        From `exposure_mapping`, and one of its years.
    share : float
        Share of the untreated places, by exposure, that the mean is over.

    Returns
    -------
    EffectEstimate
        One row per exposure, with ``exposure`` (their mean) and ``minimum_detectable_effect`` as remarks.
    """
    now = mapping.frame[mapping.frame[_TIME] == year]
    direct = [name for name in mapping.names if name not in (NEAR, SOON, INFLOW, CHOSEN)]
    now = now[~now[direct].any(axis=1)] if direct else now
    beta, matrix, figures = mapping.coefficients, mapping.covariance, []
    for name in (NEAR, INFLOW):
        values = np.sort(now[name].to_numpy())[::-1]
        amount = float(values[: max(round(share * len(values)), 1)].mean())
        weight = np.array(
            [(column == name) - (column == SOON and name == NEAR) for column in mapping.names], dtype=float
        )
        figures.append((name, amount * weight @ beta, amount * np.sqrt(weight @ matrix @ weight), amount))
    names, points, errors, amounts = (list(column) for column in zip(*figures, strict=True))
    made = mapping.effects.derive(
        names,
        points,
        errors,
        method=f"mean over the {share:.0%} of untreated areas that got most in {year}",
        units_count=len(now),
        treated_count=max(round(share * len(now)), 1),
        remarks={"exposure": amounts},
    )
    return with_minimum_detectable_effect(made)


def _rows(
    frame: pd.DataFrame, outcome: str, covariates: Sequence[str], untreated_only: bool
) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...]]:
    """Return the rows that can be used, and how many cannot."""
    needed = [_UNIT, _WITHIN, _TIME, "cohort_year", NEAR, SOON, INFLOW, FORESEEN, outcome, *covariates]
    require(frame, needed, advice="join the exposures to it first, and name its columns as they are")
    require_numbers(frame, (_TIME, "cohort_year", NEAR, SOON, INFLOW, FORESEEN, outcome, *covariates))
    known = frame[[outcome, NEAR, SOON, INFLOW, FORESEEN, *covariates]].notna().all(axis=1).to_numpy()
    dropped = [("rows without outcome, exposure or covariate", int((~known).sum()))]
    if untreated_only:
        out = frame["cohort_year"].notna().to_numpy()
        dropped.append(("rows of areas that are restructured at some time", int((known & out).sum())))
        known = known & ~out
    rows = frame[known].sort_values([_UNIT, _TIME], ignore_index=True)
    seen = rows.groupby(_UNIT)[_TIME].transform("size") > 1
    dropped.append(("areas with one year only", int((~seen).sum())))
    return rows[seen].reset_index(drop=True), tuple((what, count) for what, count in dropped if count)


def _columns(rows: pd.DataFrame, covariates: Sequence[str]) -> tuple[pd.DataFrame, Floats, Floats]:
    """Return direct bins and exposures, covariates by year, and the instrument."""
    since = (rows[_TIME] - rows["cohort_year"]).to_numpy(dtype=float)
    untreated = ~(since >= DIRECT_BINS[0][0])
    columns = {}
    for low, high in DIRECT_BINS:
        column = ((since >= low) & (since <= high)).astype(float)
        if column.any():
            columns[f"direct, {low} to {high} years" if high < 40 else f"direct, {low} years and more"] = column
    chosen = ((since >= LEAD_YEARS[0]) & (since <= LEAD_YEARS[1])).astype(float)
    if chosen.any() and columns and (since < LEAD_YEARS[0]).any():  # else that is what all is measured from
        columns[CHOSEN] = chosen
    for name in (NEAR, SOON, INFLOW):
        column = rows[name].to_numpy(dtype=float) * untreated
        if name != SOON or column.any():
            columns[name] = column
    years = np.unique(rows[_TIME])[1:]
    when = [(rows[_TIME] == year).to_numpy(float) for year in years]
    levels = [(rows[name] - rows[name].mean()).to_numpy(dtype=float) for name in covariates]
    controls = (
        np.column_stack([level * now for level in levels for now in when]) if levels else np.empty((len(rows), 0))
    )
    return pd.DataFrame(columns), controls, rows[FORESEEN].to_numpy(dtype=float)[:, None] * untreated[:, None]


def _first_stage(left: Floats, place: int, where: tuple[pd.DataFrame, Integers, Integers]) -> tuple[Floats, float]:
    """Return the regressors with one replaced by its prediction from the instrument, and the F of the instrument."""
    rows, units, times = where
    given = left[:, 1:].copy()
    wanted = given[:, place].copy()
    given[:, place] = given[:, -1]
    given = given[:, :-1]
    names = tuple(f"x{column}" for column in range(given.shape[1]))
    fit = ols(rows, wanted, (names, given), absorb=[units, times], software=_SOFTWARE)
    stage = regression_estimate(fit, Design("y", cohort=None, dose=INFLOW), "", ClusteredErrors((_WITHIN,)))
    row = stage.frame.iloc[place]
    predicted = left[:, 1:-1].copy()
    predicted[:, place] = given @ fit.coefficients
    return predicted, float((row["estimate"] / row["std_error"]) ** 2)


def _left_out(made: EffectEstimate, fit: Fit, outcome: Floats, times: Integers | None) -> EffectEstimate:
    """Return an estimate with errors from leaving out one gemeente at a time.

    Effects of areas, and of years within gemeenten, lie within one gemeente each, so that taking them out before or
    after leaves the same; effects of years in the whole country are taken out anew.
    """
    clusters = fit.codes(_WITHIN)
    at_work = len(np.unique(clusters[fit.frame["cohort_year"].notna().to_numpy()])) or int(clusters.max()) + 1
    matrix = leave_one_out(outcome, fit.regressors, clusters, times).covariance
    degrees = float(max(at_work - 1, 1))
    words = f"{WORDS}, clusters by gemeente ({made.clusters_count}); t with {degrees:.0f} degrees of freedom "
    words += f"for the {at_work} of them at work"
    return made.derive(fit.names, fit.coefficients, matrix, convention=words, degrees=degrees)
