"""The core: one constructor of estimates, refusals, least squares with absorbed effects, one cluster covariance."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from buurteffect.errors import CallError, EstimationError, MissingColumnError, NoComparisonError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.fit import inverse, ols, pseudo_inverse, residuals, solve_system
from buurteffect.estimate.core.intervals import critical_value, interval, p_value
from buurteffect.estimate.core.refusal import estimator, is_refused, refusals
from buurteffect.estimate.core.result import EFFECT_COLUMNS, RESULT_COLUMNS, EffectEstimate, Estimate
from buurteffect.estimate.core.result_tables import first_rows, stack
from buurteffect.estimate.inference.sandwich import (
    ClusteredErrors,
    RobustErrors,
    cluster_covariance,
    cluster_std_error,
    covariance,
)
from buurteffect.estimate.inference.wald import joint_test, wald_test
from buurteffect.estimate.robustness.equivalence_tests import equivalence, within_bounds

COUNTS = {"units_count": 50, "clusters_count": 10, "treated_count": [20, 5]}
WORDS = {"method": "difference of means", "convention": "clustered by place (10)"}
MATRIX = np.array([[0.04, 0.01], [0.01, 0.09]])


def made(**more):
    return Estimate.of(["a", "b"], [0.5, -0.2], MATRIX, **(WORDS | COUNTS | more))


def panel(seed=3):
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({"unit": np.repeat(np.arange(40), 5), "year": np.tile(np.arange(5), 40)})
    frame["place"] = frame["unit"] % 8
    frame["x"] = generator.normal(size=200) + frame["unit"] / 10
    frame["z"] = generator.normal(size=200)
    frame["w"] = generator.uniform(0.5, 2, 200)
    noise = generator.normal(size=200) + generator.normal(size=8)[frame["place"]]
    frame["y"] = 0.7 * frame["x"] - 0.3 * frame["z"] + frame["unit"] / 5 + frame["year"] + noise
    return frame.sample(frac=0.9, random_state=1).reset_index(drop=True)


# --- Estimate.of ---------------------------------------------------------------------------------------------------


def test_an_estimate_from_a_covariance_has_intervals_of_t_and_keeps_the_covariance():
    found = made(degrees=9, alpha=0.1)
    assert tuple(found.frame.columns) == EFFECT_COLUMNS
    reach = stats.t.ppf(0.95, 9) * 0.2
    assert found.frame.loc[0, ["ci_low", "ci_high"]].tolist() == pytest.approx([0.5 - reach, 0.5 + reach])
    assert found.frame.loc[0, "p_value"] == pytest.approx(2 * stats.t.sf(2.5, 9))
    assert (found.covariance == MATRIX).all()
    assert (found.units_count, found.clusters_count, found.treated_count) == (50, 10, 20)
    assert found.frame["ci_low_simultaneous"].isna().all()


def test_an_estimate_from_standard_errors_has_no_covariance_and_a_fixed_effect_no_p_value():
    found = Estimate.of(["base", "b"], [0.0, 1.0], [0.0, 0.5], **WORDS, **COUNTS, event_time=[0, np.nan])
    assert found.covariance is None
    assert found.frame.loc[0, ["ci_low", "ci_high"]].tolist() == [0, 0]
    assert np.isnan(found.frame.loc[0, "p_value"])
    assert found.frame["event_time"].isna().tolist() == [False, True]


def test_the_level_is_the_designs_unless_given():
    assert made(design=Design("y", alpha=0.2)).frame.equals(made(alpha=0.2).frame)
    assert not made().frame.equals(made(alpha=0.2).frame)


def test_a_band_covers_the_rows_asked_for():
    found = made(band=[False, True], degrees=9)
    assert found.frame["ci_low_simultaneous"].isna().tolist() == [True, False]
    assert made(critical=3.0).frame["ci_high_simultaneous"].tolist() == pytest.approx([0.5 + 0.6, -0.2 + 0.9])


def test_p_values_can_test_against_another_null():
    assert made(null=0.5).frame["p_value"].iloc[0] == 1


def test_remarks_close_the_table():
    assert list(made(remarks={"respondents_count": [3, 4]}).frame.columns)[-1] == "respondents_count"


# --- refusals ------------------------------------------------------------------------------------------------------


def test_a_refused_estimate_is_an_estimate_that_says_why():
    none = Estimate.refused("one wave.")
    assert isinstance(none, EffectEstimate)
    assert not none
    assert made()
    assert is_refused(none)
    assert not is_refused(made())
    assert not is_refused(0.0)
    assert none.frame[list(RESULT_COLUMNS[:4])].isna().all(axis=None)
    assert none.frame["reason"].tolist() == ["one wave."]
    assert none.refusal("The mean") == ["The mean cannot be shown: one wave."]


@estimator
def share(frame: pd.DataFrame, column: str, least: EffectEstimate | None = None) -> float:
    """Return a share, or refuse."""
    if column not in frame:
        raise MissingColumnError(f"the frame lacks {column}")
    if frame.empty:
        raise NoComparisonError("nobody is left")
    return float(frame[column].mean())


def test_a_public_estimator_refuses_what_the_data_cannot_carry():
    frame = pd.DataFrame({"a": [1.0, 0.0]})
    assert share(frame, "a") == 0.5
    assert share(frame.iloc[:0], "a").reason == "nobody is left"
    with pytest.raises(NoComparisonError):
        share.__wrapped__(frame.iloc[:0], "a")


def test_a_wrong_call_stays_an_error():
    with pytest.raises(CallError, match="lacks b"):
        share(pd.DataFrame({"a": [1.0]}), "b")
    with pytest.raises(TypeError):
        share()


def test_a_refusal_that_is_given_is_passed_on():
    none = Estimate.refused("one wave")
    assert share(none, "a") is none
    assert share(pd.DataFrame({"a": [1.0]}), "a", least=none) is none


def test_refusals_name_what_was_refused_by_reason():
    none = Estimate.refused("one wave.")
    assert refusals({"a": none, "b": made(), "c": none}) == ["Not estimated: a and c. Reason: one wave."]
    assert refusals({"b": made(), "share": 0.0}) == []


# --- stacking ------------------------------------------------------------------------------------------------------


def test_stacked_estimates_have_the_rows_and_words_of_all_and_no_covariance():
    found = stack({"one": made(dropped=[("alone", 2)]), "two": made(convention="by unit")}, "both", column="table")
    assert found.frame["table"].tolist() == ["one", "one", "two", "two"]
    assert found.error_convention == "clustered by place (10); or by unit"
    assert (found.method, found.dropped, found.covariance) == ("both", (("alone", 2),), None)


def test_a_refused_estimate_is_a_row_with_its_reason_in_a_stack():
    found = stack({"one": made(), "two": Estimate.refused("one wave")})
    assert found
    assert found.frame["term"].tolist() == ["a", "b", "two"]
    assert found.frame["reason"].tolist() == ["", "", "one wave"]
    assert found.frame["units_count"].tolist() == [50, 50, 0]


def test_a_stack_of_nothing_but_refusals_is_refused():
    assert stack({"one": Estimate.refused("x."), "two": Estimate.refused("y")}).reason == "one: x; two: y"
    with pytest.raises(EstimationError, match="no table"):
        stack({})


def test_named_rows_are_the_first_of_each_table():
    found = stack({"one": made(), "two": Estimate.refused("one wave")}, named=True)
    assert found.frame["term"].tolist() == ["one", "two"]
    assert found.frame["estimate"].iloc[0] == 0.5


def test_first_rows_say_no_words_of_their_own():
    found = first_rows({"one": made(), "two": Estimate.refused("one wave")}, made())
    assert found.frame["term"].tolist() == ["one", "two", "a", "b"]
    assert found.frame["treated_count"].isna().tolist() == [False, True, False, False]
    assert (found.method, found.error_convention) == ("", "")


# --- intervals and tests -------------------------------------------------------------------------------------------


def test_intervals_and_p_values_agree_on_what_is_significant():
    low, _ = interval(0.4, 0.2, 7, 0.05)
    assert (low > 0) == (p_value(0.4, 0.2, 7) < 0.05)
    edge = critical_value(0.05, 7) * 0.2
    assert p_value(edge, 0.2, 7) == pytest.approx(0.05)


def test_two_one_sided_tests_are_the_interval_at_twice_the_level():
    for error in (0.001, 0.009, 0.02):
        asked = (0.004, error, 0.02, 12)
        assert within_bounds(*asked) == equivalence(*asked).equivalent
    assert not within_bounds(np.nan, 0.1, 1.0)


def test_a_joint_test_of_one_estimate_is_its_t_test():
    found = joint_test(made(degrees=9), [0])
    assert found.p_value == pytest.approx(made(degrees=9).frame["p_value"].iloc[0])


def test_a_wald_test_counts_what_can_vary():
    found = wald_test(np.array([1.0, 1.0]), np.ones((2, 2)), 20)
    assert (found.restrictions, found.statistic) == (1, pytest.approx(1.0))


# --- least squares and covariances ---------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("absorb", [(), ("unit",), ("unit", "year")])
def test_absorbed_effects_give_the_coefficients_of_dummies(absorb, weights):
    frame = panel()
    given = {"x": frame["x"], "z": frame["z"], **({} if absorb else {"one": np.ones(len(frame))})}
    fit = ols(frame, "y", given, absorb, weights)
    dummies = [pd.get_dummies(frame[name], drop_first=place > 0, dtype=float) for place, name in enumerate(absorb)]
    columns = pd.concat([pd.DataFrame(given), *dummies], axis=1).to_numpy(dtype=float)
    whole = sm.WLS(frame["y"].to_numpy(), columns, 1.0 if weights is None else frame[weights]).fit()
    assert fit.coefficients[:2] == pytest.approx(whole.params[:2], rel=1e-9)
    scale = 1.0 if weights is None else np.sqrt(frame[weights])
    assert fit.residuals == pytest.approx(whole.resid * scale, abs=1e-9)


def test_columns_can_be_named_or_given():
    frame = panel()
    named = ols(frame, "y", ["x", "z"], ["unit"])
    matrix = ols(frame, frame["y"], (("x", "z"), frame[["x", "z"]].to_numpy()), [frame["unit"].to_numpy()])
    assert named.coefficients == pytest.approx(matrix.coefficients, rel=1e-12)
    assert ols(frame, "y", ["x"], ["unit"], unit="unit").units_count == 40


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ((["nothing"], ()), MissingColumnError, "no column 'nothing'"),
        ((["unit", "x"], ("unit",)), EstimationError, "nothing is left after the fixed effects"),
        ((["x"], ("unit", "year", "place")), CallError, "at most two sets"),
    ],
)
def test_a_regression_that_cannot_be_is_refused_by_name(given, error, said):
    with pytest.raises(error, match=said):
        ols(panel(), "y", *given)


def test_robust_errors_are_hc1():
    frame = panel().assign(one=1.0)
    found = covariance(ols(frame, "y", ["one", "x", "z"]), RobustErrors())
    known = sm.OLS(frame["y"], frame[["one", "x", "z"]]).fit(cov_type="HC1")
    assert found.matrix == pytest.approx(known.cov_params().to_numpy(), rel=1e-9)


@pytest.mark.parametrize("clusters", [("place",), ("place", "year")])
def test_scores_over_the_bread_give_the_covariance_of_the_fit_but_for_its_factor(clusters):
    frame = panel().assign(one=1.0)
    fit = ols(frame, "y", ["one", "x", "z"])
    found = cluster_covariance(fit.scores @ fit.bread, *(fit.codes(name) for name in clusters), correct=False)
    counts = frame[list(clusters)].nunique().min()
    factor = (fit.rows_count - 1) / (fit.rows_count - 3) * counts / (counts - 1)
    if len(clusters) == 1:
        assert covariance(fit, ClusteredErrors(clusters)).matrix == pytest.approx(found * factor, rel=1e-9)
    else:
        assert np.linalg.eigvalsh(found).min() > -1e-12


def test_a_cluster_error_of_a_mean_is_that_of_statsmodels():
    frame = panel().assign(one=1.0)
    influence = (frame["y"] - frame["y"].mean()).to_numpy() / len(frame)
    known = sm.OLS(frame["y"], frame["one"]).fit(
        cov_type="cluster", cov_kwds={"groups": frame["place"], "use_correction": False}
    )
    assert cluster_std_error(influence, frame["place"].to_numpy()) == pytest.approx(
        float(known.bse.iloc[0]) * np.sqrt(8 / 7), rel=1e-9
    )


def test_one_cluster_has_no_spread():
    with pytest.raises(EstimationError, match="one value"):
        cluster_covariance(np.ones(3), np.zeros(3, dtype=int))
    assert cluster_covariance(np.ones(3), np.zeros(3, dtype=int), correct=False).item() == 9


def test_the_factor_can_count_other_clusters():
    influence, codes = np.array([0.3, -0.1, 0.0]), np.array([0, 1, 2])
    assert cluster_std_error(influence, codes, count=2) == pytest.approx(np.sqrt(2 * 0.1))


def test_matrices_that_have_no_inverse_are_refused():
    for run in (lambda: inverse(np.ones((2, 2))), lambda: solve_system(np.ones((2, 2)), np.ones(2))):
        with pytest.raises(EstimationError, match="explain each other"):
            run()
    assert pseudo_inverse(np.ones((2, 2))) == pytest.approx(np.full((2, 2), 0.25))
    assert (residuals(np.empty((3, 0)), np.arange(3.0)) == np.arange(3.0)).all()


def test_a_refused_estimate_keeps_its_reason_when_it_is_changed():
    assert not replace(Estimate.refused("one wave"), method="x")
