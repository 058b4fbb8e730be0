"""Errors of effects against units at risk, with one cluster left out after another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from buurteffect.estimate.core.design import AT_RISK, NOT_YET_TREATED, Design
from buurteffect.estimate.did.aggregation import aggregate, callaway_santanna
from buurteffect.estimate.did.group_time_effects import compared_cells
from buurteffect.estimate.did.leave_out_clusters import WithoutClusters, dynamic_without, effective_treated_clusters
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample

DESIGN = Design("y", comparison=AT_RISK, covariates=("x",), clusters=("town",))
WINDOW = (1, 3)


def towns(seed: int, count: int = 14, units: int = 12, shared: float = 0.0) -> pd.DataFrame:
    """Return units of towns over ten years, some treated in three years, with a shock that towns share."""
    stream = np.random.default_rng(seed)
    town = np.repeat(np.arange(count), units)
    cohort = np.full(len(town), np.nan)
    treated = stream.choice(len(town), 45, replace=False)
    cohort[treated] = stream.choice([2003, 2004, 2006], 45)
    level = stream.normal(size=len(town))
    rows = []
    for year in range(2000, 2010):
        level = 0.7 * level + stream.normal(size=len(town)) + shared * stream.normal(size=count)[town]
        rows.append(pd.DataFrame({"area_code": np.arange(len(town)), "town": town, "cohort_year": cohort, "y": level}))
        rows[-1]["year"], rows[-1]["x"] = year, level + stream.normal(size=len(town))
    return pd.concat(rows, ignore_index=True)


def rows_of(frame: pd.DataFrame, design: Design = DESIGN) -> pd.DataFrame:
    """Return the rows of the dynamic aggregate."""
    return callaway_santanna(frame, design, approach="reg", window=WINDOW, draws=1).frame.set_index("term")


def test_effects_without_each_cluster_are_those_of_estimating_again_without_it():
    frame = towns(1)
    adoption = Adoption(draw_sample(frame, DESIGN))
    cells = compared_cells(adoption, "reg").cells
    events = sorted(cells["event_time"].unique())
    found = dynamic_without(cells, WithoutClusters(adoption), events, WINDOW)
    again = [rows_of(frame[frame["town"] != town])["estimate"].to_numpy() for town in range(14)]
    order = np.argsort([rows[1] for rows in again])  # the sample numbers towns in an order of its own
    assert found[:, np.argsort(found[1])] == pytest.approx(np.stack(again, axis=1)[:, order], abs=1e-11)


def test_the_error_is_that_of_the_jackknife_by_hand():
    frame = towns(2)
    whole = rows_of(frame)
    again = np.stack([rows_of(frame[frame["town"] != town])["estimate"].to_numpy() for town in range(14)])
    by_hand = np.sqrt(13 / 14 * ((again - whole["estimate"].to_numpy()) ** 2).sum(axis=0))
    assert whole["std_error"].to_numpy() == pytest.approx(by_hand, abs=1e-12)


def test_the_effective_number_of_treated_clusters_follows_its_formula():
    frame = towns(3)
    held = frame[frame["year"] == 2000].dropna(subset="cohort_year").groupby("town").size().to_numpy()
    number = effective_treated_clusters(Adoption(draw_sample(frame, DESIGN)))
    assert number == pytest.approx(held.sum() ** 2 / (held**2).sum())
    row = rows_of(frame).loc["overall"]
    half = (row["ci_high"] - row["ci_low"]) / 2
    assert half / row["std_error"] == pytest.approx(stats.t.ppf(0.975, number - 1))


def test_the_convention_is_said_and_other_designs_keep_theirs():
    frame = towns(4)
    cells = compared_cells(Adoption(draw_sample(frame, DESIGN)), "reg")
    assert "leaving out one town at a time (CV3" in aggregate(cells, draws=1).error_convention
    assert "influence functions" in aggregate(cells, "group", draws=1).error_convention
    for other in (replace(DESIGN, comparison=NOT_YET_TREATED), replace(DESIGN, clusters=())):
        estimate = callaway_santanna(frame, other, approach="reg", draws=1)
        assert "influence functions" in estimate.error_convention


def test_a_cluster_that_an_effect_cannot_be_estimated_without_is_counted():
    frame = towns(5)
    last = frame["cohort_year"] == 2006
    frame.loc[last & (frame["town"] != frame.loc[last, "town"].min()), "cohort_year"] = np.nan
    frame.loc[frame["cohort_year"] == 2003, "cohort_year"] = 2004
    cells = compared_cells(Adoption(draw_sample(frame, DESIGN)), "reg")
    early = aggregate(cells, draws=1)
    words = [text for text, _ in early.dropped if "cannot be estimated without" in text]
    assert len(words) == 1
    assert np.isfinite(early.frame["std_error"]).all()


@pytest.mark.slow
def test_where_nothing_is_done_few_unequal_towns_reject_as_often_as_they_may():
    found = [rows_of(towns(seed, shared=0.5)).loc["window 1–3", "p_value"] for seed in range(400)]
    assert 0.02 <= np.mean(np.array(found) < 0.05) <= 0.08
