"""Small surveys whose truth the writer of a test knows."""

from __future__ import annotations

import numpy as np
import pandas as pd

YEARS = tuple(range(2000, 2013))


def answers(
    seed: int, effect: float = 0.0, areas: int = 60, treated: int = 12, each: int = 10, newcomers: float = 0.0
) -> pd.DataFrame:
    """Return answers of areas that are treated from 2004 to 2007 on; with `newcomers`, who came lately says less."""
    draw = np.random.default_rng(seed)
    area, year = np.repeat(np.arange(areas), each * len(YEARS)), np.tile(np.repeat(YEARS, each), areas)
    cohort = np.where(np.arange(areas) < treated, 2004 + np.arange(areas) % 4, np.nan)[area]
    after = year >= cohort
    stay = draw.integers(0, 6, len(area)) * np.where(after & (draw.random(len(area)) < 0.5), 0, 1)
    level = draw.normal(0, 1, areas)[area] + 0.05 * (year - 2000)
    score = 5 + level + effect * after + newcomers * (stay == 0) + draw.normal(0, 1, len(area))
    return pd.DataFrame(
        {
            "area_code": [f"BU{9001:04d}{code:04d}" for code in area],
            "year": year,
            "cohort_year": cohort,
            "stay": stay,
            "weight_persons": draw.uniform(0.5, 2, len(area)) * np.exp(draw.normal(0, 1, areas))[area],
            "contact_score": score,
        }
    )


def ties(seed: int, homophily: float, areas: int = 40, households: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ties of which a share is drawn in the own tenure, and the register's counts; groups are of all sizes."""
    draw = np.random.default_rng(seed)
    tenures = np.array(["association", "owner", "other_landlord"])
    rows, counts = [], []
    for number in range(areas):
        shares = draw.dirichlet([2, 3, 0.5])
        here = draw.choice(3, households, p=shares)
        code = f"BU9001{number:04d}"
        for tenure, count in zip(*np.unique(here, return_counts=True), strict=True):
            counts.append((2010, code, tenures[tenure], "low", int(count)))
        for one in range(households):
            others = np.delete(here, one)
            for _ in range(3):
                alike = others[others == here[one]]
                kin = len(alike) > 0 and draw.random() < homophily
                other = draw.choice(alike if kin else others)
                rows.append((2010, code, 1.0 + number, tenures[here[one]], "low", tenures[other], "low"))
    names = ["year", "area_code", "weight_households", "tenure", "income_group", "other_tenure", "other_income_group"]
    register = ["year", "area_code", "tenure", "income_group", "households_count"]
    return pd.DataFrame(rows, columns=names), pd.DataFrame(counts, columns=register)
