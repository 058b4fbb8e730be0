"""Effects on persons: intention to treat, bounds for stayers, equivalence tests, ratios, an instrument."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.persons.attrition_bounds import lee_bounds
from buurteffect.estimate.persons.newcomers_iv import instrumented_effect
from buurteffect.estimate.persons.residents import ResidentDesign, effect_path, resident_effect, steady_effect
from buurteffect.estimate.robustness.equivalence_tests import equivalence

PLAIN = ResidentDesign(cells=("cohort",), given=())


def residents(seed: int, effect: float = 0.0, people: int = 3000, leaves: float = 0.0) -> pd.DataFrame:
    """Return residents of sixty buurten, a third of them treated; treatment makes `leaves` of those who stay leave."""
    draw = np.random.default_rng(seed)
    area = draw.integers(0, 60, people)
    frame = pd.DataFrame({"cohort": draw.integers(2000, 2003, people), "person": np.arange(people)})
    frame["area_code"] = [f"BU{n:02d}" for n in area]
    frame["gemeente_code"] = [f"GM{n % 5}" for n in area]
    frame["tenure"] = np.where(draw.random(people) < 0.7, "association", "owner")
    frame["treated"] = area % 3 == 0
    frame["age"] = draw.integers(20, 80, people)
    frame["woman"], frame["nonwestern"] = draw.random(people) < 0.5, draw.random(people) < 0.2
    lasting = draw.normal(0, 0.4, people) - 0.2 * frame["treated"]
    passing = draw.normal(0, 0.2, people)
    frame["log_income"] = 10 + lasting + passing
    frame["income_before"] = 10 + lasting + draw.normal(0, 0.1, people)
    frame["area_income"] = frame.groupby("area_code")["log_income"].transform("mean")
    frame["log_income_3"] = 10 + lasting + draw.normal(0, 0.2, people) + effect * frame["treated"]
    frame["log_income_minus_1"] = 10 + lasting + draw.normal(0, 0.2, people)
    stays = draw.random(people) < 0.6
    frame["in_buurt_3"] = (stays & ~(frame["treated"] & (draw.random(people) < leaves))).astype(float)
    return frame


def test_effect_on_residents_is_recovered_and_nothing_is_found_where_there_is_none() -> None:
    found = [resident_effect(residents(seed, 0.05), "log_income_3", base="log_income") for seed in range(12)]
    points = np.array([each.frame["estimate"].iloc[0] for each in found])
    assert abs(points.mean() - 0.05) < 3 * points.std(ddof=1) / np.sqrt(len(points)) + 0.005
    none = resident_effect(residents(99), "log_income_3", base="log_income").frame.iloc[0]
    assert none["ci_low"] < 0 < none["ci_high"]


def test_difference_in_changes_of_four_people_by_hand() -> None:
    frame = pd.DataFrame(
        {
            "cohort": 2000, "person": range(4), "area_code": ["A", "B", "C", "D"],
            "treated": [True, True, False, False],
            "log_income": [1.0, 2.0, 3.0, 4.0], "log_income_3": [1.5, 2.7, 3.1, 4.3],
        }
    )  # fmt: skip
    row = resident_effect(frame, "log_income_3", PLAIN, "log_income").frame.iloc[0]
    assert row["estimate"] == pytest.approx(0.6 - 0.2)


def test_two_dates_with_an_effect_per_person_give_the_same() -> None:
    frame = residents(4, 0.03, people=300)
    ours = resident_effect(frame, "log_income_3", PLAIN, "log_income").frame["estimate"].iloc[0]
    both = pd.concat([frame.assign(y=frame["log_income"], late=0), frame.assign(y=frame["log_income_3"], late=1)])
    people = pd.get_dummies(both["person"], dtype=float).to_numpy()
    times = pd.get_dummies(both["cohort"].astype(str) + both["late"].astype(str), dtype=float).to_numpy()
    matrix = np.column_stack([both["treated"] * both["late"], people, times]).astype(float)
    reference = np.linalg.lstsq(matrix, both["y"].to_numpy(), rcond=None)[0][0]
    assert ours == pytest.approx(reference, abs=1e-8)


def test_the_error_is_that_of_leaving_out_each_buurt_and_fitting_anew() -> None:
    import statsmodels.api as sm

    frame = residents(6, people=300)
    found = resident_effect(frame, "log_income_3", PLAIN, "log_income")
    change = (frame["log_income_3"] - frame["log_income"]).to_numpy()
    design = np.column_stack([frame["treated"].astype(float), pd.get_dummies(frame["cohort"], dtype=float)])
    areas = pd.factorize(frame["area_code"])[0]
    whole = sm.OLS(change, design).fit().params[0]
    without = np.array([sm.OLS(change[areas != a], design[areas != a]).fit().params[0] for a in range(areas.max() + 1)])
    row, number = found.frame.iloc[0], areas.max() + 1
    assert row["estimate"] == pytest.approx(whole, abs=1e-10)
    assert row["std_error"] == pytest.approx(np.sqrt((number - 1) / number * ((without - whole) ** 2).sum()), rel=1e-8)
    assert found.degrees == frame.loc[frame["treated"], "area_code"].nunique() - 1


def test_treated_residents_of_one_buurt_have_no_error() -> None:
    frame = residents(6, people=300)
    one = frame.loc[frame["treated"], "area_code"].iloc[0]
    with pytest.raises(EstimationError, match="no error to be had"):
        resident_effect(frame[~frame["treated"] | (frame["area_code"] == one)], "log_income_3", PLAIN, "log_income")


def test_a_steady_effect_is_found_with_less_error_than_the_mean_over_years() -> None:
    frame = residents(8, 0.05, people=1500)
    rng = np.random.default_rng(1)
    steps = rng.normal(0, 0.2, (len(frame), 3)).cumsum(axis=1)
    for h in (1, 2, 3):
        frame[f"y_{h}"] = 0.05 * frame["treated"] + steps[:, h - 1]
    frame["y_mean"] = frame[["y_1", "y_2", "y_3"]].mean(axis=1)
    steady = steady_effect(frame, "y", (1, 2, 3), PLAIN).frame.iloc[0]
    plain = resident_effect(frame, "y_mean", PLAIN).frame.iloc[0]
    assert steady["std_error"] < 0.85 * plain["std_error"]
    assert abs(steady["estimate"] - 0.05) < 3 * steady["std_error"]


def test_a_steady_effect_leaves_out_and_counts_who_is_not_seen_in_every_year() -> None:
    frame = residents(8, 0.05, people=600).assign(y_1=0.0, y_2=1.0)
    frame["y_1"] += np.random.default_rng(2).normal(size=len(frame))
    frame["y_2"] += np.random.default_rng(3).normal(size=len(frame))
    frame.loc[frame.index[:7], "y_2"] = np.nan
    assert dict(steady_effect(frame, "y", (1, 2), PLAIN).dropped)["residents not seen in all of these years"] == 7


def test_residents_whose_cell_holds_nobody_to_compare_with_are_counted() -> None:
    frame = residents(5, people=600)
    frame.loc[~frame["treated"] & (frame["cohort"] == 2001), "cohort"] = 2000
    found = resident_effect(frame, "log_income_3", PLAIN, "log_income")
    lost = dict(found.dropped)["treated residents with nobody in their cell"]
    assert lost == int((frame["treated"] & (frame["cohort"] == 2001)).sum())


def test_no_cell_with_both_is_refused() -> None:
    frame = residents(5, people=100)
    with pytest.raises(EstimationError, match="no cell holds both"):
        resident_effect(frame[frame["treated"]], "log_income_3", PLAIN, "log_income")


def test_path_holds_its_base_at_zero_between_before_and_after() -> None:
    found = effect_path(residents(7, 0.1), "log_income", (-1, 3)).frame
    assert found["event_time"].tolist() == [-1, 0, 3]
    assert found.loc[found["event_time"] == 0, ["estimate", "std_error"]].to_numpy().tolist() == [[0.0, 0.0]]
    assert found["estimate"].iloc[2] > 0.05


def test_lee_bounds_hold_the_effect_on_those_who_stay_either_way() -> None:
    held = []
    for seed in range(12):
        frame = residents(seed, 0.08, leaves=0.2)
        found = lee_bounds(frame, "log_income_3", "in_buurt_3", PLAIN, "log_income")
        assert found.low < found.high
        assert found.treated_share < found.others_share
        held.append(found.ci_low <= 0.08 <= found.ci_high)
    assert sum(held) >= 10


def test_lee_bounds_meet_where_treatment_makes_nobody_leave() -> None:
    frame = residents(3, 0.08)
    frame["in_buurt_3"] = 1.0
    found = lee_bounds(frame, "log_income_3", "in_buurt_3", PLAIN, "log_income")
    plain = resident_effect(frame, "log_income_3", PLAIN, "log_income").frame["estimate"].iloc[0]
    assert found.low == pytest.approx(found.high)
    assert found.trimmed_share == 0
    assert found.low == pytest.approx(plain, abs=0.003)


def test_lee_bounds_of_ten_people_by_hand() -> None:
    # Of five treated two stay (figures 2 and 4), of five others four (1, 2, 3, 6): half of their stayers are left out.
    frame = pd.DataFrame({"cohort": 2000, "person": range(10), "area_code": [f"B{n}" for n in range(10)]})
    frame["treated"] = frame["person"] < 5
    frame["y"] = [2.0, 4.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 6.0, 0.0]
    frame["stay"] = [1, 1, 0, 0, 0, 1, 1, 1, 1, 0]
    found = lee_bounds(frame, "y", "stay", PLAIN)
    assert (found.treated_share, found.others_share, found.trimmed_share) == pytest.approx((0.4, 0.8, 0.5))
    assert found.low == pytest.approx(3 - 4.5)
    assert found.high == pytest.approx(3 - 1.5)
    assert found.naive == pytest.approx(0.0)


def test_errors_of_lee_bounds_are_those_of_lee_in_closed_form() -> None:
    """Proposition 3 of Lee (2009), with errors by person and the factor G/(G − 1) of clusters."""
    stayed, people = {True: 200, False: 800}, {True: 500, False: 1000}
    figures = {True: np.linspace(-1, 1, 200), False: np.linspace(0, 1, 800) ** 2}
    frame = pd.DataFrame({"cohort": 2000, "person": range(1500), "area_code": [f"B{n}" for n in range(1500)]})
    frame["treated"] = frame["person"] < 500
    frame["y"] = np.concatenate([np.pad(figures[t], (0, people[t] - stayed[t])) for t in (True, False)])
    frame["stay"] = np.concatenate([np.arange(people[t]) < stayed[t] for t in (True, False)]).astype(float)
    found = lee_bounds(frame, "y", "stay", PLAIN)
    assert found.trimmed_share == pytest.approx(0.5)
    of_share = 0.5**2 * ((1 - 0.4) / 200 + (1 - 0.8) / 800)
    for error, kept, edge in (
        (found.std_error_high, figures[False][:400], figures[False][399]),
        (found.std_error_low, figures[False][400:], figures[False][400]),
    ):
        off = edge - kept.mean()
        others = (kept.var() + off**2 * 0.5) / 400 + (off / 0.5) ** 2 * of_share
        assert error == pytest.approx(np.sqrt((others + figures[True].var() / 200) * 1500 / 1499), rel=1e-9)


@pytest.mark.slow
def test_error_of_lee_bounds_is_that_of_the_bootstrap() -> None:
    draw, frame = np.random.default_rng(1), residents(11, 0.05, people=1500, leaves=0.25)
    found = lee_bounds(frame, "log_income_3", "in_buurt_3", PLAIN, "log_income")
    codes = dict(frame.groupby("area_code").indices.items())
    lows = []
    for _ in range(150):
        rows = np.concatenate([codes[name] for name in draw.choice(sorted(codes), len(codes))])
        again = frame.iloc[rows].assign(person=np.arange(len(rows)))
        lows.append(lee_bounds(again, "log_income_3", "in_buurt_3", PLAIN, "log_income").low)
    assert found.std_error_low == pytest.approx(float(np.std(lows, ddof=1)), rel=0.25)


@pytest.mark.parametrize(
    ("estimate", "error", "equivalent"), [(0.0, 0.01, True), (0.0, 0.02, False), (0.015, 0.01, False)]
)
def test_equivalence_agrees_with_its_interval(estimate: float, error: float, equivalent: bool) -> None:
    found = equivalence(estimate, error, 0.02, degrees=100)
    assert found.equivalent is equivalent
    assert found.equivalent == (found.ci_low > -0.02 and found.ci_high < 0.02)
    assert found.p_high == pytest.approx(stats.t.cdf((estimate - 0.02) / error, 100))


def test_equivalence_agrees_with_two_tests_of_scipy() -> None:
    values = np.random.default_rng(3).normal(0.01, 0.1, 200)
    found = equivalence(values.mean(), values.std(ddof=1) / np.sqrt(200), 0.02, degrees=199)
    assert found.p_low == pytest.approx(stats.ttest_1samp(values, -0.02, alternative="greater").pvalue)
    assert found.p_high == pytest.approx(stats.ttest_1samp(values, 0.02, alternative="less").pvalue)


def test_equivalence_refuses_a_bound_that_is_none() -> None:
    with pytest.raises(EstimationError):
        equivalence(0.0, 0.01, 0.0)


def test_instrument_recovers_what_a_regression_misses() -> None:
    points, naive = [], []
    for seed in range(10):
        frame = residents(seed)
        draw = np.random.default_rng(100 + seed)
        dose = dict(zip(sorted(set(frame["area_code"])), draw.random(60), strict=True))
        hidden = dict(zip(sorted(dose), draw.normal(0, 0.3, 60), strict=True))
        area = frame["area_code"]
        frame["built"] = area.map(dose) * frame["treated"]
        frame["comers"] = 0.5 * frame["built"] + area.map(hidden)
        frame["later"] = (
            frame["log_income"] + 0.4 * frame["comers"] + area.map(hidden) + draw.normal(0, 0.1, len(frame))
        )
        found = instrumented_effect(frame, "later", "comers", "built", PLAIN, "log_income")
        points.append(found.estimate)
        naive.append(np.polyfit(frame["comers"], frame["later"] - frame["log_income"], 1)[0])
    assert abs(np.median(points) - 0.4) < 0.35
    assert np.mean(naive) > 1.0


def test_instrument_that_does_not_vary_is_refused() -> None:
    frame = residents(1).assign(built=0.0, comers=0.3)
    with pytest.raises(EstimationError, match="does not vary"):
        instrumented_effect(frame, "log_income_3", "comers", "built", PLAIN, "log_income")
