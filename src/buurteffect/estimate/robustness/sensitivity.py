"""How strong what is not observed would have to be to explain an estimate away."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import least_squares
from buurteffect.estimate.core.intervals import critical_value
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import demean
from buurteffect.estimate.regression.ols_iv import Equation, Solution, ivreg

R_MAX_FACTOR = 1.3
"""How much more of the outcome's variance than the observed controls all controls would explain (Oster 2019)."""


@dataclass(frozen=True)
class ProportionalSelection:
    """Selection on the unobserved in proportion to that on the observed.

    Attributes
    ----------
    short, full : float
        Coefficient without and with the observed controls.
    r_short, r_full, r_max : float
        Share of the outcome's variance explained without and with them, and with the unobserved.
    delta : float
        How many times as strong as on the observed selection on the unobserved has to be for the coefficient to be 0.
    adjusted : float
        The coefficient if both are equally strong; missing where the equation has no real root.
    """

    short: float
    full: float
    r_short: float
    r_full: float
    r_max: float
    delta: float
    adjusted: float


def proportional_selection(
    frame: pd.DataFrame, equation: Equation, observed: tuple[str, ...], r_max: float | None = None
) -> ProportionalSelection:
    """Return Oster's δ for a coefficient of zero, and the coefficient at δ = 1.

    With Y = βX + W₁ + W₂ and W₁ the observed controls' index, δ = [cov(X, W₂)/var(W₂)] / [cov(X, W₁)/var(W₁)]. Oster
    (2019), doi:10.1080/07350015.2016.1227711, proposition 3: with ν = β̃ − β and D = β° − β̃ (coefficients with and
    without controls), explained shares R°, R̃, R_max, σ²_Y and σ²_X the variances, and τ that of X given the controls,

        ν (R̃ − R°) σ²_Y τ + ν D² σ²_X τ + 2 ν² D τ σ²_X + ν³ (τ σ²_X − τ²)
        = δ [ (R_max − R̃) σ²_Y D σ²_X + ν (R_max − R̃) σ²_Y (σ²_X − τ) + ν² D τ σ²_X + ν³ (τ σ²_X − τ²) ].

    Parameters
    ----------
    frame : DataFrame
        One row is one observation.
    equation : Equation
        The regression with all controls, by least squares and with one coefficient that is wanted; controls that are
        not in `observed`, indicators and effects are taken as belonging to the design and held fixed throughout.
    observed : tuple of str
        Controls that stand for the unobserved.
    r_max : float, optional
        By default 1.3 times R̃, at most 1.

    Raises
    ------
    EstimationError
        If `observed` are not controls of the equation, or r_max lies below R̃.
    """
    if equation.instruments or len(equation.explained_by) != 1 or not set(observed) <= set(equation.controls):
        raise EstimationError("proportional selection needs least squares, one regressor, and controls of its equation")
    ivreg(frame, equation)  # refuses columns that are missing, hold text, or cannot be told apart
    kept = tuple(name for name in equation.controls if name not in observed)
    complete = frame.dropna(subset=equation.columns)
    target = equation.explained_by[0]
    # What belongs to the design is taken out of everything first, so that only the observed controls are at stake.
    base = replace(equation, controls=kept)
    swept = {}
    for name in (equation.outcome, target, *observed):
        swept[name] = _left_over(complete, base, name)
    y, x = swept[equation.outcome], swept[target]
    controls = np.column_stack([swept[name] for name in observed])
    short, full = float(x @ y / (x @ x)), _coefficients(y, np.column_stack([x, controls]))
    total = float(y @ y)
    residual = y - np.column_stack([x, controls]) @ full
    r_short, r_full = 1 - float(((y - short * x) ** 2).sum()) / total, 1 - float(residual @ residual) / total
    top = min(R_MAX_FACTOR * r_full, 1.0) if r_max is None else r_max
    if not r_full <= top <= 1:
        raise EstimationError(f"r_max must lie between {r_full:.3f}, what the controls explain, and 1; found {top}")
    rows = len(y)
    x_given = x - controls @ _coefficients(x, controls)
    parts = _Parts(
        short, float(full[0]), r_short, r_full, top, total / rows, float(x @ x) / rows, float(x_given @ x_given) / rows
    )
    return ProportionalSelection(short, parts.full, r_short, r_full, top, parts.delta(0.0), parts.adjusted())


@dataclass(frozen=True)
class _Parts:
    """What the equation of proposition 3 is made of."""

    short: float
    full: float
    r_short: float
    r_full: float
    r_max: float
    variance_y: float
    variance_x: float
    variance_x_given: float

    def sides(self, beta: float) -> tuple[float, float]:
        """Return both sides of the equation for a coefficient; δ is the first over the second."""
        nu, gap = self.full - beta, self.short - self.full
        y, x, tau = self.variance_y, self.variance_x, self.variance_x_given
        cubic = nu**3 * (tau * x - tau**2)
        left = nu * (self.r_full - self.r_short) * y * tau + nu * gap**2 * x * tau + 2 * nu**2 * gap * tau * x + cubic
        more = (self.r_max - self.r_full) * y
        right = more * gap * x + nu * more * (x - tau) + nu**2 * gap * tau * x + cubic
        return left, right

    def delta(self, beta: float) -> float:
        """Return δ at which the coefficient is `beta`."""
        left, right = self.sides(beta)
        return left / right if right else float("inf")

    def adjusted(self) -> float:
        """Return the coefficient at δ = 1: the root next to that with controls, away from that without."""

        def gap(beta: float) -> float:
            """Return the difference between both sides."""
            left, right = self.sides(beta)
            return left - right

        # At δ = 1 the cubic terms cancel: a quadratic in β, exact through three points.
        points = self.full + np.array([-1.0, 0.0, 1.0]) * max(abs(self.short - self.full), abs(self.full), 1e-6)
        roots = np.roots(np.polyfit(points, [gap(float(point)) for point in points], 2))
        real = np.real(roots[np.abs(np.imag(roots)) < 1e-9 * np.maximum(np.abs(roots), 1)])
        if not len(real):
            return float("nan")
        away = np.sign(self.full - self.short)
        beyond = real[(real - self.full) * away >= 0]
        chosen = beyond if len(beyond) else real
        return float(chosen[np.argmin(np.abs(chosen - self.full))])


@dataclass(frozen=True)
class Robustness:
    """How strong an unobserved confounder has to be.

    Attributes
    ----------
    estimate, std_error, degrees : float
        The coefficient, its classical standard error and degrees of freedom.
    partial_r2 : float
        Share of what is left of the outcome that the regressor explains.
    robustness_value : float
        Share of what is left of both outcome and regressor that a confounder has to explain to bring the coefficient
        to 0.
    robustness_value_alpha : float
        The same to bring it to where it cannot be told from 0.
    """

    estimate: float
    std_error: float
    degrees: float
    partial_r2: float
    robustness_value: float
    robustness_value_alpha: float


def robustness_value(estimate: float, std_error: float, degrees: float, alpha: float = 0.05) -> Robustness:
    """Return the robustness values of a coefficient (Cinelli & Hazlett 2020, doi:10.1111/rssb.12348).

    With f = |t|/√df the partial f of Cohen, RV = ½(√(f⁴ + 4f²) − f²); for the value at a level α, f is less
    t*(α, df − 1)/√(df − 1).

    Parameters
    ----------
    estimate, std_error : float
        The coefficient and its classical standard error.
    degrees : float
        Residual degrees of freedom.
    alpha : float
        Level of the test.

    Examples
    --------
    The figures of the paper's table 1:

    >>> found = robustness_value(0.09731582, 0.02325654, 783)
    >>> [round(float(v), 4) for v in (found.partial_r2, found.robustness_value, found.robustness_value_alpha)]
    [0.0219, 0.1388, 0.0763]
    """
    f = abs(estimate / std_error) / np.sqrt(degrees)
    short = f - critical_value(alpha, degrees - 1) / np.sqrt(degrees - 1)
    return Robustness(estimate, std_error, degrees, f**2 / (1 + f**2), _value(f), _value(max(short, 0.0)))


def adjusted_for(found: Robustness, share_of_outcome: float, share_of_regressor: float) -> float:
    """Return the coefficient with a confounder of a given strength that pulls it away from 0.

    |bias| = se √(R²_{Y~Z|X} R²_{D~Z} / (1 − R²_{D~Z}) df).

    Parameters
    ----------
    found : Robustness
        The coefficient.
    share_of_outcome, share_of_regressor : float
        Shares of what is left of outcome and regressor that the confounder explains.
    """
    bias = found.std_error * np.sqrt(share_of_outcome * share_of_regressor / (1 - share_of_regressor) * found.degrees)
    return float(np.sign(found.estimate) * (abs(found.estimate) - bias))


def benchmark_bounds(of_outcome: float, of_regressor: float, times: float) -> tuple[float, float]:
    """Return how strong a confounder is at most that is some times as strong as an observed covariate.

    Cinelli & Hazlett (2020), section 4.4: R²_{D~Z} = k r_D/(1 − r_D), and R²_{Y~Z|D} = η² r_Y/(1 − r_Y) with
    η = (√k + √(k r_D²/((1 − k r_D)(1 − r_D)))) / √(1 − k r_D²/((1 − k r_D)(1 − r_D))).

    Parameters
    ----------
    of_outcome, of_regressor : float
        Partial R² of the covariate with the outcome (given the regressor) and with the regressor.
    times : float
        How many times as strong.

    Returns
    -------
    tuple of float
        Shares of outcome and regressor, the first at most 1.

    Raises
    ------
    EstimationError
        If nothing can be that strong.
    """
    if times * of_regressor >= 1 - of_regressor:
        raise EstimationError(
            f"nothing can be {times:g} times as strong as a covariate that explains {of_regressor:.0%}"
        )
    with_covariate = times * of_regressor**2 / ((1 - times * of_regressor) * (1 - of_regressor))
    if with_covariate >= 1:
        raise EstimationError(
            f"nothing can be {times:g} times as strong as a covariate that explains {of_regressor:.0%}"
        )
    eta = (np.sqrt(times) + np.sqrt(with_covariate)) / np.sqrt(1 - with_covariate)
    return min(float(eta**2 * of_outcome / (1 - of_outcome)), 1.0), times * of_regressor / (1 - of_regressor)


def equation_robustness(frame: pd.DataFrame, equation: Equation) -> Robustness:
    """Return the robustness values of the first coefficient of an equation, with its classical standard error."""
    solved = ivreg(frame, equation)
    error, degrees = _classical(solved)
    return robustness_value(float(solved.fit.coefficients[0]), error, degrees, equation.alpha)


def sensitivity_table(
    frame: pd.DataFrame, equation: Equation, benchmarks: tuple[str, ...], times: tuple[float, ...] = (1, 2, 3)
) -> pd.DataFrame:
    """Return what confounders as strong as observed covariates would leave of a coefficient.

    Parameters
    ----------
    frame : DataFrame
        One row is one observation.
    equation : Equation
        The regression by least squares, the coefficient in question first.
    benchmarks : tuple of str
        Controls that the confounder is compared with.
    times : tuple of float
        How many times as strong.

    Returns
    -------
    DataFrame
        One row per covariate and strength: ``covariate, times, share_of_regressor, share_of_outcome, estimate``; the
        last is missing where nothing can be that strong.
    """
    found = equation_robustness(frame, equation)
    target, rows = equation.explained_by[0], []
    for name in benchmarks:
        others = tuple(control for control in equation.controls if control != name)
        given = replace(equation, explained_by=(name,), controls=(*others, target))
        alone = replace(equation, outcome=target, explained_by=(name,), controls=others)
        of_outcome, of_regressor = (equation_robustness(frame, each).partial_r2 for each in (given, alone))
        for strength in times:
            try:
                shares = benchmark_bounds(of_outcome, of_regressor, strength)
                left = adjusted_for(found, *shares)
            except EstimationError:
                shares, left = (np.nan, np.nan), np.nan
            rows.append((name, float(strength), shares[1], shares[0], left))
    return pd.DataFrame(rows, columns=["covariate", "times", "share_of_regressor", "share_of_outcome", "estimate"])


def naive_equation(alpha: float = 0.05) -> Equation:
    """Return the association of adult rank and exposure given what is known of parents and child.

    The frame is that of `panel.read_childhoods`; the years of childhood seen and the birth year belong to the design,
    the rest stands for what is not observed.
    """
    controls = ("childhood_years", "parent_rank", "own_low_years", "nonwestern", "female")
    return Equation("adult_rank", ("exposure",), controls, ("birth_year",), alpha=alpha)


def selection_table(children: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """Return what would have to be unobserved to explain the association away, and what equal strength would leave.

    Parameters
    ----------
    children : DataFrame
        One row per child, see `panel.read_childhoods`.
    alpha : float
        Level of the robustness value's test.

    Returns
    -------
    DataFrame
        One row per measure: ``measure, value``.
    """
    equation = naive_equation(alpha)
    oster = proportional_selection(children, equation, equation.controls[1:])
    found = equation_robustness(children, equation)
    values = {
        "slope without the observed controls": oster.short,
        "slope with them": oster.full,
        "share of the variance explained without them": oster.r_short,
        "share explained with them": oster.r_full,
        "share that everything would explain, taken as": oster.r_max,
        "delta: selection on the unobserved over the observed that makes the slope zero": oster.delta,
        "slope if both are equally strong": oster.adjusted,
        "partial R² of the exposure": found.partial_r2,
        "robustness value": found.robustness_value,
        "robustness value at the level of the test": found.robustness_value_alpha,
    }
    return pd.DataFrame({"measure": values.keys(), "value": values.values()})


def _value(f: float) -> float:
    """Return the robustness value of a partial f."""
    return float((np.sqrt(f**4 + 4 * f**2) - f**2) / 2)


def _classical(solved: Solution) -> tuple[float, float]:
    """Return the standard error of the first coefficient under equal variances, and degrees of freedom."""
    fit = solved.fit
    absorbed = sum(fit.effect_sizes)
    degrees = fit.rows_count - len(fit.names) - absorbed
    variance = float(fit.residuals @ fit.residuals) / degrees
    return float(np.sqrt(variance * fit.bread[0, 0])), float(degrees)


def _left_over(frame: pd.DataFrame, equation: Equation, name: str) -> Floats:
    """Return what controls, indicators and effects of an equation leave of a column."""
    columns = [np.ones((len(frame), 1)), frame[list(equation.controls)].to_numpy(dtype=float)]
    for dummy in equation.dummies:
        codes, values = pd.factorize(frame[dummy])
        columns.append((codes[:, None] == np.arange(1, len(values))).astype(float))
    design, values = np.column_stack(columns), frame[name].to_numpy(dtype=float)
    if equation.effect is not None:
        codes = np.asarray(pd.factorize(frame[equation.effect])[0])
        design, values = demean(design, codes), demean(values[:, None], codes).ravel()
    return np.asarray(values - design @ _coefficients(values, design))


def _coefficients(outcome: Floats, regressors: Floats) -> Floats:
    """Return least squares coefficients."""
    return least_squares(regressors, outcome)
