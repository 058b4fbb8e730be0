"""Outcomes that libraries cannot take: estimated without a test, or refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from buurteffect.estimate import regression
from buurteffect.estimate.core.design import Design


def few(areas: int = 4, times: int = 4) -> pd.DataFrame:
    """Return areas over some times with a random outcome and two regressors, the even ones treated from time 2 on."""
    draw = np.random.default_rng(8)
    frame = pd.DataFrame({"area": np.repeat(np.arange(areas), times), "year": np.tile(np.arange(times), areas)})
    for name in ("y", "income", "age"):
        frame[name] = draw.normal(size=len(frame))
    return frame.assign(cohort=np.where(frame["area"] % 2, np.nan, 2.0))


@pytest.mark.parametrize("name", ["twfe", "random_effects", "first_differences", "mean_group", "mixed_model"])
def test_an_outcome_without_variation_has_no_test(name):
    frame = few(9, 6).assign(y=2000.1)
    found = getattr(regression, name)(frame, Design("y", "area", "year", None, covariates=("income",)))
    if name == "mixed_model":
        assert not found and found.reason.startswith("a constant and income explain every y")
    else:
        row = found.frame.set_index("term").loc["income"]
        assert row["estimate"] == 0 and row["std_error"] == 0 and found.frame["p_value"].isna().all()
