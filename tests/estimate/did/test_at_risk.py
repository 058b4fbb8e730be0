"""Comparison with units at risk: nothing that happened after the choice decides who is compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import AT_RISK, NOT_YET_TREATED, Design
from buurteffect.estimate.did.aggregation import callaway_santanna
from buurteffect.estimate.did.group_time_effects import compared_cells, group_time
from buurteffect.estimate.did.projections import local_projections
from buurteffect.estimate.did.stacks import stacked
from buurteffect.estimate.regression.dose.dose_response import continuous_dose
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample
from buurteffect.estimate.selection.reweighting import reweighted_effects

YEARS = range(2000, 2014)
DESIGN = Design("y", comparison=AT_RISK, covariates=("level", "trend"), clusters=())


def few() -> pd.DataFrame:
    """Return five units in four years: a is treated in year 2, b in year 3, the others never."""
    paths = {"a": (0, 5, 6, 7), "b": (0, 1, 4, 8), "c": (0, 2, 3, 3), "d": (0, 0, 1, 5), "e": (1, 1, 1, 1)}
    cohorts = {"a": 1.0, "b": 2.0}
    rows = [(code, year, float(y), cohorts.get(code)) for code, path in paths.items() for year, y in enumerate(path)]
    frame = pd.DataFrame(rows, columns=["area_code", "year", "y", "cohort_year"])
    return frame.assign(year=frame["year"] + 2000, cohort_year=frame["cohort_year"] + 2000)


def chosen(seed: int, units: int = 500, effect: float = 0.0) -> pd.DataFrame:
    """Return units of which every year those with a low and falling level are treated, level with noise and all."""
    stream = np.random.default_rng(seed)
    slow = stream.normal(0, 1, units)
    levels = []
    for _ in YEARS:
        slow = 0.8 * slow + 0.6 * stream.normal(0, 1, units)
        levels.append(slow + stream.normal(0, 0.5, units))
    level = np.array(levels)
    cohort = np.full(units, np.nan)
    for row in range(3, 9):
        trend = level[row] - level[row - 2]
        appeal = -level[row] - 0.5 * trend + stream.normal(0, 1, units)
        appeal[np.isfinite(cohort)] = -np.inf
        cohort[np.argsort(-appeal)[:25]] = YEARS[row] + 1
    frame = pd.DataFrame(
        {
            "area_code": np.tile(np.arange(units), len(YEARS)),
            "year": np.repeat(np.array(YEARS), units),
            "level": level.ravel(),
            "cohort_year": np.tile(cohort, len(YEARS)),
        }
    )
    before = np.vstack([level[:1], level[:1], level[:-2]])
    frame["trend"] = (level - before).ravel()
    return frame.assign(y=frame["level"] + effect * (frame["year"] >= frame["cohort_year"]))


def window(frame: pd.DataFrame, design: Design) -> pd.Series:
    """Return the mean effect over event times 2 to 4."""
    found = callaway_santanna(frame, design, approach="reg", window=(2, 4), draws=1).frame
    return found[found["term"].str.startswith("window")].iloc[0]


def test_those_treated_later_count_while_untreated_and_then_as_those_who_are_left():
    cells = group_time(few(), replace(DESIGN, covariates=())).cells.set_index(["cohort", "time"])
    left = np.mean([3 - 2, 1 - 0, 1 - 1])  # what c, d and e did from 2001 to 2002
    filled = 1 + left  # b as it would have been in 2002
    compared = np.mean([filled - 0, 3 - 0, 1 - 0, 1 - 1])
    assert cells.loc[(2001, 2002), "estimate"] == pytest.approx(6 - compared)
    assert cells.loc[(2001, 2001), "estimate"] == pytest.approx(5 - np.mean([1, 2, 0, 0]))
    assert cells.loc[(2002, 2002), "estimate"] == pytest.approx(4 - 1 - left)
    assert cells.loc[(2001, 2002), "others_count"] == 4


def test_with_one_cohort_it_is_the_regression_against_the_not_yet_treated():
    frame = chosen(1)
    frame = frame[frame["cohort_year"].isna() | (frame["cohort_year"] == 2006)]
    ours = callaway_santanna(frame, DESIGN, approach="reg", draws=1).frame
    other = callaway_santanna(frame, replace(DESIGN, comparison=NOT_YET_TREATED), approach="reg", draws=1).frame
    pd.testing.assert_frame_equal(ours, other, rtol=1e-9)


def test_the_influence_is_what_a_little_more_weight_of_a_unit_moves():
    frame = chosen(2, units=240).assign(weight=1.0)
    frame = frame[frame["cohort_year"].isna() | frame["cohort_year"].isin([2004, 2006, 2007])]
    design = replace(DESIGN, weights="weight")

    def run(table: pd.DataFrame) -> tuple[Adoption, np.ndarray, np.ndarray]:
        effects = compared_cells(Adoption(draw_sample(table, design)), "reg", reach=(3, 4))
        return effects.adoption, effects.cells["estimate"].to_numpy(), effects.influence

    adoption, point, influence = run(frame)
    step, count = 1e-6, adoption.sample.units_count
    codes = adoption.sample.frame.iloc[adoption.sample.unit_starts]["area_code"].to_numpy()
    for place in range(0, count, 11):
        heavier = frame.assign(weight=1.0 + step * (frame["area_code"] == codes[place]))
        moved = (run(heavier)[1] - point) / step
        assert moved == pytest.approx(influence[place] / count, abs=2e-5)


@pytest.mark.slow
def test_where_the_low_and_falling_are_chosen_it_finds_nothing_where_nothing_was_done():
    found = [window(chosen(seed), DESIGN) for seed in range(60)]
    late = [window(chosen(seed), replace(DESIGN, comparison=NOT_YET_TREATED)) for seed in range(60)]
    points, errors = np.array([row["estimate"] for row in found]), np.array([row["std_error"] for row in found])
    spread = points.std(ddof=1)
    assert abs(points.mean()) < 3 * spread / np.sqrt(60)
    assert errors.mean() == pytest.approx(spread, rel=0.25)
    others = np.array([row["estimate"] for row in late])
    assert others.mean() < -4 * others.std(ddof=1) / np.sqrt(60)  # who was never chosen later has got better


def test_it_finds_the_effect_that_was_planted():
    row = window(chosen(70, effect=0.7), DESIGN)
    assert abs(row["estimate"] - 0.7) < 3 * row["std_error"]
    nothing = window(chosen(70), DESIGN)
    assert row["estimate"] - nothing["estimate"] == pytest.approx(0.7)  # effects of others never enter


def test_only_eligible_units_are_compared():
    frame = chosen(3)
    inside = frame["area_code"] % 2 == 0
    part = frame[inside | frame["cohort_year"].notna()].assign(may=True)
    design = replace(DESIGN, eligible="may")
    marked = frame.assign(may=inside | frame["cohort_year"].notna())
    assert window(marked, design)["estimate"] == pytest.approx(window(part, design)["estimate"])
    assert window(marked, design)["estimate"] != pytest.approx(window(frame.assign(may=1), design)["estimate"])


def test_event_times_before_treatment_compare_those_who_were_at_risk():
    found = callaway_santanna(chosen(4), DESIGN, approach="reg", draws=1).frame.set_index("event_time")
    assert found.loc[-1, ["estimate", "std_error"]].tolist() == [0.0, 0.0]
    # The change over the two years before is a covariate, and so is matched exactly.
    assert found.loc[-3, "estimate"] == pytest.approx(0.0, abs=1e-9)


def test_collinear_covariates_are_refused_by_cohort_and_time():
    frame = chosen(5).assign(twice=lambda table: 2 * table["level"])
    with pytest.raises(EstimationError, match=r"cohort 20\d\d in 20\d\d: .*collinear"):
        group_time(frame, replace(DESIGN, covariates=("level", "twice")), "reg")


@pytest.mark.parametrize(("approach", "base"), [("dr", "universal"), ("ipw", "universal"), ("reg", "varying")])
def test_other_ways_to_adjust_are_refused(approach, base):
    with pytest.raises(EstimationError, match="adjusts by regression"):
        group_time(chosen(6), DESIGN, approach, base)


@pytest.mark.parametrize(
    "estimator",
    [
        local_projections,
        stacked,
        lambda frame, design: reweighted_effects(draw_sample(frame, design)),
        lambda frame, design: continuous_dose(
            frame.assign(dose=1.0), replace(design, dose="dose", covariates=()), (2, 4)
        ),
    ],
)
def test_estimators_that_cannot_compare_with_units_at_risk_say_so(estimator):
    with pytest.raises(EstimationError, match="units at risk"):
        estimator(chosen(7), DESIGN)
