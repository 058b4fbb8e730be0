"""Small and simulated panels with a planted effect, for the tests of the estimators of effects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import buurteffect.estimate
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.sample.estimation_sample import Sample, draw_sample

REFERENCE = Path(buurteffect.estimate.__file__).parent / "agreement" / "reference"
PLAIN = Design("y", clusters=("gemeente_code",))


def two_by_two() -> pd.DataFrame:
    """Two treated and two untreated areas in two years: the treated rise by 5 and 3, the others by 1 and 2."""
    return pd.DataFrame(
        {
            "area_code": list("aabbccdd"),
            "gemeente_code": list("aabbccdd"),
            "year": [2001, 2002] * 4,
            "cohort_year": [2002.0] * 4 + [np.nan] * 4,
            "y": [1.0, 6.0, 2.0, 5.0, 0.0, 1.0, 3.0, 5.0],
        }
    )


def simulated(
    seed: int,
    units: int = 60,
    times: int = 8,
    clusters: int = 20,
    effect: float = 0.0,
    shock_sd: float = 0.3,
    by_cluster: bool = False,
    cohorts: tuple[float, ...] = (np.nan, 2005.0),
) -> pd.DataFrame:
    """Areas with lasting levels, common years, shocks that last within a gemeente, and one planted effect."""
    rng = np.random.default_rng(seed)
    gemeente = np.arange(units) % clusters
    years = np.arange(2001, 2001 + times)
    holder = gemeente if by_cluster else np.arange(units)
    given = rng.permutation(np.resize(cohorts, holder.max() + 1))[holder]
    treated = years >= given[:, None]
    shocks = rng.normal(scale=shock_sd, size=(clusters, times)).cumsum(axis=1)[gemeente]
    x = rng.normal(size=(units, times))
    y = rng.normal(size=(units, 1)) + 0.1 * years + 0.5 * x + effect * treated + shocks
    y = y + rng.normal(scale=0.5, size=(units, times))
    return pd.DataFrame(
        {
            "area_code": np.repeat([f"BU{place:08d}" for place in range(units)], times),
            "gemeente_code": np.repeat([f"GM{code:04d}" for code in gemeente], times),
            "year": np.tile(years, units),
            "cohort_year": np.repeat(given, times),
            "y": y.ravel(),
            "x": x.ravel(),
        }
    )


def reference_panel() -> pd.DataFrame:
    """The panel that the figures from R were computed on, cohort 0 made missing."""
    panel = pd.read_csv(REFERENCE / "staggered_panel.csv")
    return panel.assign(cohort=panel["cohort"].where(panel["cohort"] > 0))


def reference_sample(cohort: str | None = "cohort", covariates: tuple[str, ...] = ("x1",)) -> Sample:
    """The same as a sample."""
    design = Design("y", "area", "year", cohort, covariates=covariates, clusters=("municipality",))
    return draw_sample(reference_panel(), design, extra=("lat", "lon"))


def renamed(panel: pd.DataFrame, seed: int = 5) -> pd.DataFrame:
    """The same panel with rows shuffled and areas and gemeenten under other names."""
    rng = np.random.default_rng(seed)
    result = panel.sample(frac=1, random_state=seed)
    for name in ("area_code", "gemeente_code"):
        old = sorted(set(panel[name]))
        new = dict(zip(old, rng.permutation([f"{name}-{place}" for place in range(len(old))]), strict=True))
        result[name] = result[name].map(new)
    return result


def dummies(codes: np.ndarray) -> np.ndarray:
    """One column per code."""
    return (codes[:, None] == np.unique(codes)).astype(float)


def effect_frame(term, estimate, std_error, **counts):
    """Return the frame of a table of effects without words."""
    return EffectEstimate.of(term, estimate, std_error, method="", convention="", **counts).frame
