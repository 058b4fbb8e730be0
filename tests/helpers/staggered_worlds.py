"""Small staggered panels with planted effects, for the tests of the staggered estimators."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.estimate.core.design import Design

DESIGN = Design("y", "area", "year", "cohort", clusters=("gemeente",))
BY_AREA = Design("y", "area", "year", "cohort", clusters=())


def planted(event: np.ndarray) -> np.ndarray:
    """Return the effect at an event time: .3 at once and .1 a year more."""
    return np.where(event >= 0, 0.3 + 0.1 * event, 0.0)


def staggered(
    seed: int = 1, size: int = 120, noise: float = 0.1, effect: float = 1.0, trend: float = 0.0
) -> pd.DataFrame:
    """Return a panel of 2000–2009 with cohorts 2003, 2005, 2007 and never; `trend` sets those with a large x apart."""
    generator = np.random.default_rng(seed)
    years = np.arange(2000, 2010)
    area = np.arange(size)
    x = generator.normal(size=size)
    cohort = np.array([2003.0, 2005.0, 2007.0, np.nan, np.nan])[np.argsort(np.argsort(generator.normal(size=size))) % 5]
    if trend:
        cohort = np.where(x + generator.normal(size=size) > 0.7, cohort, np.nan)
    level = generator.normal(size=size)
    frame = pd.DataFrame({"area": np.repeat(area, 10), "year": np.tile(years, size)})
    frame["gemeente"], frame["cohort"], frame["x"] = frame["area"] % 15, cohort[frame["area"]], x[frame["area"]]
    event = (frame["year"] - frame["cohort"]).to_numpy()
    with np.errstate(invalid="ignore"):
        moved = effect * planted(np.nan_to_num(event, nan=-99))
    frame["y"] = (
        level[frame["area"]] + 0.05 * (frame["year"] - 2000) + trend * frame["x"] * (frame["year"] - 2000) + moved
    )
    frame["y"] += noise * generator.normal(size=len(frame))
    return frame


def two_by_two() -> tuple[pd.DataFrame, float]:
    """Return three treated and three untreated areas in two years, and the difference in differences by hand."""
    frame = pd.DataFrame(
        {
            "area": np.repeat(np.arange(6), 2),
            "year": [2000, 2001] * 6,
            "cohort": [2001.0] * 6 + [np.nan] * 6,
            "y": [1, 3, 2, 5, 0, 2.5, 1, 1.5, 2, 2.2, 3, 4],
        }
    )
    return frame, (2 + 3 + 2.5) / 3 - (0.5 + 0.2 + 1) / 3
