"""The project's panel regressions meet the figures from R on the reference panel.

Tolerances: coefficients 1e-8, standard errors 1e-6, as the table of agreement has them; components of variance 1e-6,
where R's search stops.
"""

import numpy as np
import pandas as pd
import pytest
from effect_worlds import REFERENCE

from buurteffect.errors import EstimationError
from buurteffect.estimate.agreement.panel import COEFFICIENT, COLUMNS, STD_ERROR, agreement_table


@pytest.fixture(scope="module")
def panel():
    return pd.read_csv(REFERENCE / "staggered_panel.csv")


@pytest.fixture(scope="module")
def values():
    return pd.read_csv(REFERENCE / "reference_values.csv")


@pytest.fixture(scope="module")
def table(panel, values):
    return agreement_table(panel, values)


PANEL_REGRESSIONS = {
    "fixest::feols twfe": 20,
    "fixest::feols event study": 21,
    "plm within twoways": 24,
    "plm random": 3,
    "plm first difference": 3,
    "lme4::lmer (1|municipality)+(1|area)": 6,
    "lme4::lmer (1|area)": 5,
    "lme4::lmer (1+treated|area)": 7,
    "lme4::lmer (1+treated||area)": 6,
    "lme4::lmer (1+treated|municipality)+(1|area)": 8,
    "sandwich::vcovHC lm with dummies": 8,
    "plm::pmg": 11,
    "glm poisson with dummies": 8,
    "lm of 2013": 24,
}


@pytest.mark.parametrize("estimator", PANEL_REGRESSIONS)
def test_every_row_of_a_panel_regression_is_compared(table, values, estimator):
    part = table[table["estimator"] == estimator]
    wanted = values[values["estimator"] == estimator]
    assert len(wanted) == PANEL_REGRESSIONS[estimator]
    assert set(zip(part["option"], part["term"], strict=True)) == set(
        zip(wanted["option"], wanted["term"], strict=True)
    )


def test_every_figure_agrees(table):
    assert tuple(table.columns) == COLUMNS
    apart = table[~table["met"]]
    assert apart.empty, apart.to_string()
    assert set(table.loc[table["figure"] == "coefficient", "tolerance"]) == {COEFFICIENT} == {1e-8}
    assert set(table.loc[table["figure"] == "std_error", "tolerance"]) == {STD_ERROR} == {1e-6}


def test_components_of_variance_are_at_least_as_likely_as_the_reference(table):
    notes = table.loc[(table["figure"] == "variance") & (table["note"] != ""), "note"]
    assert len(notes) == 3
    gaps = notes.str.rsplit(": ", n=1).str[1]
    assert all(gap == "under 1e-10" or float(gap) <= 0 for gap in gaps)


def test_a_figure_that_is_off_is_told(panel, values):
    part = values[values["option"] == "cluster=area"].copy()
    part["std_error"] *= 1.001
    judged = agreement_table(panel, part).set_index("figure")["met"]
    assert judged["coefficient"].all()
    assert not judged["std_error"].any()
    part["estimate"] += 1e-7
    assert not agreement_table(panel, part)["met"].any()


def test_rows_of_other_estimators_are_passed_over_and_an_unknown_option_is_refused(panel, values):
    assert agreement_table(panel, values[values["estimator"] == "did::att_gt"]).empty
    odd = values[values["option"] == "cluster=area"].assign(option="wild")
    with pytest.raises(EstimationError, match="'wild' is not understood"):
        agreement_table(panel, odd)


def test_another_option_of_a_known_kind_is_computed(panel):
    asked = pd.DataFrame(
        {
            "estimator": ["plm within twoways", "fixest::feols twfe", "fixest::feols twfe", "plm within twoways"],
            "option": ["vcovSCC HC0 maxlag=5", "conley 15 km spherical", "vcov=hetero", "vcovNW HC0 maxlag=4"],
            "term": "x1",
            "estimate": 0.5072458421,
            "std_error": 0.0,
        }
    )
    ours = agreement_table(panel, asked)
    errors = ours.loc[ours["figure"] == "std_error", "ours"]
    assert (errors > 0).all()
    assert np.isfinite(errors).all()
