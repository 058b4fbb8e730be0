"""Small and simulated panels for the tests of the estimators, and the real file where it is present."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from checkouts import OPEN_DATA

from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.measurement.waves import Waves, waves_from_panel

YEARS = (2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022, 2024)
LARGEST = ("GM0363", "GM0344", "GM0518", "GM0599")
REAL_FILE = OPEN_DATA / "leefbaarometer3/Leefbaarometer-scores wijken 2002-2022.csv"


def panel_of(
    scores: Mapping[int, Sequence[float | None]],
    gemeenten: Sequence[str | None] | None = None,
    groups: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return a panel from one list of scores per wave; by default each area has a gemeente of its own."""
    count = len(next(iter(scores.values())))
    codes = [f"WK{place:06d}" for place in range(count)]
    return pd.DataFrame(
        {
            "area_code": codes * len(scores),
            "level": "wijk",
            "gemeente_code": list(gemeenten or [f"GM{place:04d}" for place in range(count)]) * len(scores),
            "city_group": list(groups or ["other"] * count) * len(scores),
            "year": np.repeat(list(scores), count),
            "liveability_score": np.asarray([list(wave) for wave in scores.values()], dtype=float).ravel(),
        }
    )


def waves_of(
    scores: Mapping[int, Sequence[float | None]],
    gemeenten: Sequence[str | None] | None = None,
    groups: Sequence[str] | None = None,
) -> Waves:
    """Return the waves of :func:`panel_of`."""
    return waves_from_panel(panel_of(scores, gemeenten, groups))


@dataclass(frozen=True, eq=False)
class World:
    """A simulated panel and its truth, areas by waves."""

    waves: Waves
    truth: np.ndarray

    def true_change(self, from_year: int, to_year: int) -> np.ndarray:
        """Return the true changes."""
        return self.truth[:, self.waves.position(to_year)] - self.truth[:, self.waves.position(from_year)]


def simulate(
    parts: VarianceComponents,
    areas: int = 2000,
    seed: int = 0,
    years: Sequence[int] = YEARS,
    means: Mapping[int, float] | None = None,
    per_gemeente: int = 10,
) -> World:
    """Simulate areas from variance components; the truth is everything but the white noise."""
    generator = np.random.default_rng(seed)
    noiseless = VarianceComponents(*parts.parameters[:4], 0.0, parts.break_sd, parts.break_year, parts.base_year)
    matrix = noiseless.covariance(tuple(years))
    truth = generator.multivariate_normal(np.zeros(len(years)), matrix, size=areas, method="eigh")
    truth = truth + 4.1 + np.asarray([(means or {}).get(year, 0.0) for year in years])
    scores = truth + generator.normal(0, parts.noise_sd, truth.shape)
    codes = pd.Index([f"WK{place:06d}" for place in range(areas)], name="area_code")
    gemeenten = pd.Series([f"GM{place // per_gemeente:04d}" for place in range(areas)], index=codes)
    groups = pd.Series("other", index=codes)
    return World(Waves(pd.DataFrame(scores, index=codes, columns=list(years)), gemeenten, groups), truth)


def real_panel() -> pd.DataFrame:
    """Return the panel of the real wijk file, or skip the test."""
    if not REAL_FILE.is_file():
        pytest.skip("the real Leefbaarometer file is not beside this checkout")
    raw = pd.read_csv(REAL_FILE, usecols=["wk_code", "jaar", "lbm"])
    gemeente = "GM" + raw["wk_code"].str[2:6]
    return pd.DataFrame(
        {
            "area_code": raw["wk_code"],
            "level": "wijk",
            "gemeente_code": gemeente,
            "city_group": np.where(gemeente.isin(LARGEST), "four_largest", "other"),
            "year": raw["jaar"],
            "liveability_score": raw["lbm"],
        }
    )
