"""The table of agreement: the project's panel regressions beside figures from R on the same panel."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.inference.conley import SPHERICAL, UNIFORM, ConleyErrors
from buurteffect.estimate.inference.sandwich import (
    ClusteredErrors,
    DriscollKraayErrors,
    Errors,
    IndependentErrors,
    NeweyWestErrors,
    RobustErrors,
)
from buurteffect.estimate.inference.small_sample import (
    FIXEST,
    FIXEST_FULL,
    FIXEST_NONE,
    SANDWICH,
    SANDWICH_GROUPS,
    SANDWICH_HC1,
)
from buurteffect.estimate.regression.absorbed_effects import feols, fepois
from buurteffect.estimate.regression.mean_groups import mean_group
from buurteffect.estimate.regression.mixed import MixedFit, mixed_model, reml_criterion
from buurteffect.estimate.regression.panel_ols import first_differences, random_effects, twfe
from buurteffect.estimate.regression.regressors import INTERCEPT
from buurteffect.estimate.regression.twoway_event_study import twfe_event_study
from buurteffect.estimate.sample.estimation_sample import Sample, draw_sample

COEFFICIENT, STD_ERROR, VARIANCE = 1e-8, 1e-6, 1e-6
"""Largest differences that count as agreement. Components of variance are the end of a search: R's stops at about
1e-6, and the note of their rows says whose end is better."""

COLUMNS = ("estimator", "option", "term", "figure", "ours", "reference", "difference", "tolerance", "met", "note")

_TWFE, _EVENTS, _WITHIN = "fixest::feols twfe", "fixest::feols event study", "plm within twoways"
_MIXED = "lme4::lmer (1|municipality)+(1|area)"
_DUMMIES, _GROUPS, _POISSON, _SECTION = (
    "sandwich::vcovHC lm with dummies",
    "plm::pmg",
    "glm poisson with dummies",
    "lm of 2013",
)
_LEVELS: dict[str, dict[str, Any]] = {
    _MIXED: {"wide": "municipality"},
    "lme4::lmer (1|area)": {"wide": "area"},
    "lme4::lmer (1+treated|area)": {"wide": "area", "slopes": ("treated",)},
    "lme4::lmer (1+treated||area)": {"wide": "area", "slopes": ("treated",), "correlated": False},
    "lme4::lmer (1+treated|municipality)+(1|area)": {"wide": "municipality", "slopes": ("treated",)},
}
_KINDS = {"mg": "mg", "cmg": "ccemg", "dmg": "dmg"}
_YEAR = 2013
_ROUNDING = 1e-10
_NAMES = {"(Intercept)": INTERCEPT, "Residual": "residual", "y.bar": "mean of y", "x1.bar": "mean of x1"} | {
    name: ours
    for level in ("area", "municipality")
    for name, ours in (
        (f"{level} (Intercept)", level),
        (f"{level} treated", f"{level}: slope of treated"),
        (f"{level} (Intercept) treated", f"{level}: covariance of {INTERCEPT} and treated"),
    )
}

_Run = Callable[[Sample], EffectEstimate]


def agreement_table(panel: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Return the project's figures beside reference figures.

    Parameters
    ----------
    panel : DataFrame
        One row is one area in one year: ``area, municipality, year, cohort`` (0 for never), ``treated, y, x1, lat,
        lon``.
    values : DataFrame
        One row is one reference figure: ``estimator, option, term, estimate, std_error``. Rows of estimators that
        are not panel regressions are passed over.

    Returns
    -------
    DataFrame
        One row is one figure: ``estimator, option, term``, ``figure`` (coefficient, std_error or variance),
        ``ours, reference, difference, tolerance, met, note``.

    Raises
    ------
    EstimationError
        If a known estimator has an option that is not understood.
    """
    plain = _sample(panel, None, ("x1", "treated"))
    tables: list[pd.DataFrame] = []
    fits: dict[str, MixedFit] = {}
    for (estimator, option), part in values.groupby(["estimator", "option"], sort=False):
        if estimator == _EVENTS:
            frame = twfe_event_study(_sample(panel, "cohort", ("x1",)), convention=FIXEST).frame
            named = "event::" + frame["event_time"].astype("str")
            tables.append(_compared(part, frame.assign(term=frame["term"].mask(frame["event_time"].notna(), named))))
        elif estimator in _LEVELS:
            tables.append(_mixed(part, plain, fits))
        elif estimator == _GROUPS:
            kind, _, trend = str(option).removeprefix("model=").partition(", ")
            sample = _sample(panel, None, ("x1",), clusters=())
            tables.append(_compared(part, mean_group(sample, _KINDS[kind], bool(trend)).frame))
        elif estimator == _POISSON:
            counts = panel.assign(y=np.floor(np.exp(panel["y"] + 0.5)))
            run = _poisson(str(option))
            tables.append(_compared(part, run(_sample(counts, None, ("x1", "treated"))).frame))
        elif estimator == _SECTION:
            section = _sample(panel[panel["year"] == _YEAR], None, ("x0", "x1"))
            convention = FIXEST if option == "homoskedastic" or str(option).startswith("vcovHC") else SANDWICH
            tables.append(_compared(part, feols(section, (), _errors(str(option)), convention).frame))
        elif (known := _run(str(estimator), str(option))) is not None:
            tables.append(_compared(part, known(plain).frame))
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def _sample(
    panel: pd.DataFrame,
    cohort: str | None,
    covariates: tuple[str, ...],
    clusters: tuple[str, ...] = ("municipality",),
) -> Sample:
    """Return the reference panel as a sample, cohort 0 made missing."""
    frame = panel.assign(cohort=panel["cohort"].where(panel["cohort"] > 0))
    design = Design("y", "area", "year", cohort, covariates=covariates, clusters=clusters)
    extra = ("municipality", "lat", "lon")
    return draw_sample(frame, design, extra=extra, always_treated=True)


def _run(estimator: str, option: str) -> _Run | None:
    """Return how to compute one estimator under one option; None for estimators that are not panel regressions."""
    if estimator == _TWFE:
        convention = {"ssc(fixef.K=none)": FIXEST_NONE, "ssc(fixef.K=full)": FIXEST_FULL}
        chosen = next((c for name, c in convention.items() if name in option), FIXEST)
        return lambda sample: feols(sample, ("area", "year"), _errors(option), chosen)
    if estimator == _WITHIN:
        if option == "homoskedastic":
            return lambda sample: twfe(sample, IndependentErrors(), FIXEST)
        arellano = {"vcovHC arellano HC0": SANDWICH, "vcovHC arellano HC1": SANDWICH_HC1}.get(option)
        if arellano is not None:
            return lambda sample: twfe(sample, ClusteredErrors(("area",)), arellano)
        return lambda sample: twfe(sample, _errors(option), SANDWICH)
    if estimator == _DUMMIES:
        return lambda sample: twfe(sample, _errors(option), FIXEST)
    if estimator == "plm random":
        return lambda sample: random_effects(sample, IndependentErrors(), FIXEST)
    if estimator == "plm first difference":
        return lambda sample: first_differences(sample, IndependentErrors(), FIXEST)
    return None


def _poisson(option: str) -> _Run:
    """Return how to compute the Poisson regression under one option: without fixest's factor for parameters."""
    convention = FIXEST if option == "quasipoisson" else SANDWICH_GROUPS if option.endswith("cadjust") else SANDWICH
    return lambda sample: fepois(sample, ("area", "year"), _errors(option), convention)


def _errors(option: str) -> Errors:
    """Return the errors that an option asks for."""
    if option in ("vcov=iid", "homoskedastic", "quasipoisson"):
        return IndependentErrors()
    if found := re.fullmatch(r"(?:vcov=|vcovHC )?(?:white1 )?(HC[0-3]|hetero)", option):
        return RobustErrors(found[1])
    if found := re.match(r"vcovCL (\w+)", option):
        return ClusteredErrors((found[1],))
    if found := re.match(r"vcovNW HC0 (?:maxlag=(\d+)|default)|vcov_NW lag=(\d+)", option):
        lags = found[1] or found[2]
        return NeweyWestErrors(int(lags) if lags else None)
    if option == "vcovSCC HC0 default":
        return DriscollKraayErrors()
    if found := re.match(r"cluster=([\w+]+)", option):
        return ClusteredErrors(tuple(found[1].split("+")))
    if found := re.match(r"(?:vcov_DK lag|vcovSCC HC0 maxlag)=(\d+)", option):
        return DriscollKraayErrors(int(found[1]))
    if found := re.match(r"conley (?:(uniform|bartlett) )?([\d.]+) km spherical", option):
        return ConleyErrors(float(found[2]), ("lat", "lon"), SPHERICAL, found[1] or UNIFORM)
    raise EstimationError(f"the option {option!r} is not understood: add it to the table of agreement")


def _compared(part: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return two rows per reference figure: coefficient and standard error."""
    ours = frame.set_index("term")
    rows = []
    for name, estimate, std_error in part[["term", "estimate", "std_error"]].itertuples(index=False):
        term = _NAMES.get(name, name)
        found = ours.loc[term] if term in ours.index else {"estimate": np.nan, "std_error": np.nan}
        rows.append((name, "coefficient", found["estimate"], estimate, COEFFICIENT))
        rows.append((name, "std_error", found["std_error"], std_error, STD_ERROR))
    return _judged(part, rows)


def _mixed(part: pd.DataFrame, sample: Sample, fits: dict[str, MixedFit]) -> pd.DataFrame:
    """Return the rows of a mixed model, kept in `fits`; two intercepts come with a note on whose criterion is lower."""
    estimator = str(part["estimator"].iloc[0])
    fit = fits[estimator] = fits.get(estimator) or mixed_model(sample, "area", **_LEVELS[estimator])
    if part["option"].iloc[0] != "REML variance":
        return _compared(part, fit.effects.frame)
    ours = fit.variances.set_index("component")["variance"]
    theirs = {_NAMES.get(name, name): value for name, value in _figures(part)}
    note = ""
    if estimator == _MIXED:
        at_theirs = reml_criterion(
            sample, "area", "municipality", (theirs["municipality"], theirs["area"], theirs["residual"])
        )
        gap = in_words(fit.criterion - at_theirs)
        note = f"restricted criterion here less that at the reference's components: {gap}"
    rows = [(name, "variance", ours[_NAMES.get(name, name)], value, VARIANCE) for name, value in _figures(part)]
    return _judged(part, rows, note)


def _figures(part: pd.DataFrame) -> list[tuple[str, float]]:
    """Return the terms of the reference with their estimates."""
    return list(zip(part["term"], part["estimate"], strict=True))


def _judged(part: pd.DataFrame, rows: list[tuple[str, str, float, float, float]], note: str = "") -> pd.DataFrame:
    """Return rows with their difference and whether it is small enough."""
    table = pd.DataFrame(rows, columns=["term", "figure", "ours", "reference", "tolerance"])
    table["difference"] = table["ours"] - table["reference"]
    table["met"] = table["difference"].abs() <= table["tolerance"]
    return table.assign(estimator=part["estimator"].iloc[0], option=part["option"].iloc[0], note=note)


def in_words(gap: float, form: str = ".1e") -> str:
    """Return a difference in words; below 1e-10 it is rounding, which differs from machine to machine.

    Examples
    --------
    >>> in_words(3e-12), in_words(-1.52e-7)
    ('under 1e-10', '-1.5e-07')
    """
    return "under 1e-10" if abs(gap) < _ROUNDING else format(gap, form)
