"""The staggered estimators beside figures from R on the project's reference panel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from staggered_worlds import staggered

import buurteffect.estimate
from buurteffect.estimate.agreement.imputation_first_stage import exact_gaps, stopped_gaps
from buurteffect.estimate.agreement.staggered import SHARES, STOPPED, staggered_agreement
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.did.aggregation import callaway_santanna
from buurteffect.estimate.did.imputed_outcomes import fit_untreated
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample

REFERENCE = Path(buurteffect.estimate.__file__).parent / "agreement" / "reference"
STAGGERED = ("did::", "fixest::sunab", "didimputation", "did2s", "two stages of did2s")


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    """Read the reference panel."""
    return pd.read_csv(REFERENCE / "staggered_panel.csv")


@pytest.fixture(scope="module")
def values() -> pd.DataFrame:
    """Read the reference figures."""
    return pd.read_csv(REFERENCE / "reference_values.csv")


@pytest.fixture(scope="module")
def table(panel, values) -> pd.DataFrame:
    """Return the table of agreement."""
    return staggered_agreement(panel, values)


def test_every_staggered_row_of_the_reference_is_compared(table, values):
    wanted = values[values["estimator"].str.startswith(STAGGERED)]
    keys = ["estimator", "option", "term"]
    assert len(table) == 2 * len(wanted)
    assert set(map(tuple, table[keys].to_numpy())) == set(map(tuple, wanted[keys].to_numpy()))


def test_every_error_meets_the_reference(table):
    errors = table[table["figure"] == "std_error"]
    assert errors["met"].all(), errors[~errors["met"]]


def test_every_coefficient_meets_the_reference_but_those_of_an_iteration_that_stopped(table):
    missed = table[~table["met"]]
    assert set(missed["estimator"]) <= {"didimputation::did_imputation", "did2s::did2s"}
    assert missed["note"].str.startswith(STOPPED).all()
    assert missed["difference"].abs().max() < 1e-7
    assert not table.loc[table["met"], "note"].str.startswith(STOPPED).any()


def test_imputation_is_exact_and_an_iteration_that_stops_early_is_off_by_more_than_the_reference(table, panel):
    sample = draw_sample(
        panel.assign(cohort=panel["cohort"].where(panel["cohort"] > 0)),
        Design("y", "area", "year", "cohort", clusters=()),
    )
    treated = sample.treated_now
    exact = exact_gaps(sample, ~treated)[treated].mean()
    static = table[(table["term"] == "treat") & (table["figure"] == "coefficient")].iloc[0]
    assert static["ours"] == pytest.approx(exact, abs=1e-12)
    off = [abs(stopped_gaps(sample, ~treated, stop)[treated].mean() - exact) for stop in (1e-6, 1e-8, 1e-10, 1e-13)]
    assert off[0] > abs(static["difference"]) > off[1] > off[2] > off[3]
    assert off[3] < 1e-12


def test_imputation_solves_its_equations_as_dummies_do(panel):
    frame = panel.assign(cohort=panel["cohort"].where(panel["cohort"] > 0))
    fit = fit_untreated(Adoption(draw_sample(frame, Design("y", "area", "year", "cohort", clusters=()))))
    sample = fit.sample
    dummies = np.hstack([np.eye(240)[sample.unit_codes], np.eye(14)[sample.time_codes][:, 1:]])
    found = np.linalg.lstsq(dummies[fit.untreated], sample.outcome[fit.untreated], rcond=None)[0]
    np.testing.assert_allclose(fit.gap, sample.outcome - dummies @ found, atol=1e-11)
    np.testing.assert_allclose(dummies.T @ fit.residual, 0, atol=1e-11)


def test_a_difference_in_convention_is_computed_and_stated(table):
    rows = table[table["note"].str.startswith(SHARES)]
    assert set(rows["estimator"]) == {"did::aggte group"} and set(rows["term"]) == {"overall"}
    own = rows["note"].str.removeprefix(SHARES).astype(float)
    assert (own / rows["reference"]).between(1.01, 1.15).all()


def test_the_share_of_each_cohort_is_counted_as_the_independent_library_does():
    from moderndid import aggte, att_gt

    frame = staggered(seed=3)
    design = Design("y", "area", "year", "cohort", comparison="never_treated", clusters=())
    coded = draw_sample(frame, design).coded()
    cells = att_gt(
        coded, yname="outcome", tname="time", idname="unit", gname="cohort", base_period="universal", cband=False
    )
    theirs = aggte(cells, type="group", cband=False)
    ours = callaway_santanna(frame, design, "group").frame.iloc[0]
    assert ours["estimate"] == pytest.approx(theirs.overall_att, abs=1e-12)
    assert ours["std_error"] == pytest.approx(theirs.overall_se, rel=3e-3)


def test_a_wrong_reference_is_seen(panel, values):
    wrong = values[values["estimator"] == "fixest::sunab"].assign(estimate=lambda f: f["estimate"] + 2e-8)
    found = staggered_agreement(panel, wrong)
    assert (
        found.loc[~found["met"], "option"].nunique() == 2
        and not found.loc[found["figure"] == "coefficient", "met"].any()
    )
