"""Surveys from the synthetic country to the scoreboard: published, read, joined with projects, judged."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from effect_worlds import effect_frame
from scipy import stats

from buurteffect.claims import (
    describe_answers,
    judge_association,
    judge_at_home,
    judge_contact,
    judge_trust,
    no_survey,
    read_register,
    truth_of_contact,
)
from buurteffect.claims.verdict import Outcome
from buurteffect.errors import DataError, ProjectError
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.survey.contact_tables import of_wave
from buurteffect.estimate.survey.repeated_cross_sections import SurveyDesign, detectable, survey_effect
from buurteffect.estimate.survey.ties import own_cell_excess, random_mixing, tie_ratio
from buurteffect.panel.survey import SurveyStudy, assemble_survey, describe_waves, survey_study
from buurteffect.pipeline.truth.join import join_truth
from buurteffect.schema.survey import RESIDENCES, SURVEY_TABLES
from buurteffect.scoreboard.persons.assumptions import holds
from buurteffect.scoreboard.persons.contact import contact_rows
from buurteffect.sources import read_projects
from buurteffect.sources.tables.survey import read_survey_table
from buurteffect.synthetic import draw_world
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.publishing.registers.projects import publish_register
from buurteffect.synthetic.publishing.registers.survey import publish_survey, survey_tables
from buurteffect.synthetic.truth.persons import people_truth, survey_truth


@pytest.fixture(scope="module")
def world():
    return draw_world(3, "test")


@pytest.fixture(scope="module")
def published(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    publish_survey(world, folder / "survey")
    publish_register(world, folder / "projects" / "project_register.csv")
    return folder


def test_the_survey_keeps_its_contract(published):
    for name, contract in SURVEY_TABLES.items():
        table = read_survey_table(published / "survey", name)
        contract.check(table, name)
        assert len(table)


def test_the_same_seed_publishes_the_same_survey(world, published, tmp_path):
    again = publish_survey(draw_world(3, "test"), tmp_path / "again")
    assert all(path.read_bytes() == (published / "survey" / path.name).read_bytes() for path in again)


def test_register_counts_are_all_households_and_all_adults(world, published):
    households = read_survey_table(published / "survey", "households")
    counted = households.groupby("year")["households_count"].sum()
    assert (counted == len(world.residence.buurt)).all()
    adults = read_survey_table(published / "survey", "adults").groupby("year")["adults_count"].sum()
    answers = read_survey_table(published / "survey", "answers").groupby("year")["weight_persons"].sum()
    assert (answers[adults.index] / adults).between(0.9, 1.1).all()


def test_nobody_can_be_followed_to_another_wave(published):
    answers = read_survey_table(published / "survey", "answers")
    for _, wave in answers.groupby("year"):
        assert list(wave["respondent_id"]) == sorted(wave["respondent_id"])
        assert wave["respondent_id"].iloc[0] == "000001"


def test_answers_carry_the_first_project_of_their_buurt(world, published):
    panel = SurveyStudy.read(published / "survey", published / "projects")
    register = read_projects(published / "projects" / "project_register.csv").frame
    first = register.groupby("area_code")["start_year"].min()
    rows = panel.answers.drop_duplicates("area_code").set_index("area_code")["cohort_year"].dropna()
    assert set(rows.index) == set(first.index)
    assert (rows == first[rows.index]).all()
    late = ~panel.answers["resident"]
    came = (panel.answers["year"] - panel.answers["years_in_area"])[late]
    assert (came >= panel.answers.loc[late, "cohort_year"]).all()
    waves = describe_waves(panel)
    assert waves["ties_count"].notna().sum() == 7


def test_a_source_without_a_survey_says_so(project):
    panel = survey_study("open", project)
    assert not panel.ready
    assert "no survey" in panel.reason


def test_waves_in_two_divisions_are_refused(published):
    tables = {name: read_survey_table(published / "survey", name) for name in SURVEY_TABLES}
    tables["ties"] = tables["ties"].assign(code_year=2010)
    projects = read_projects(published / "projects" / "project_register.csv").frame
    with pytest.raises(ProjectError, match="2010, 2022"):
        assemble_survey(tables, projects, "synthetic")


def small(published, tmp_path, table="answers"):
    """Return one wave and the CSV that it is saved to."""
    rows = read_survey_table(published / "survey", table).head(20).assign(year=2012)
    path = tmp_path / f"{table}_2012.csv"
    return rows, path


def test_a_csv_is_read_as_the_parquet_is(published, tmp_path):
    rows, path = small(published, tmp_path)
    rows.to_csv(path, index=False)
    pd.testing.assert_frame_equal(read_survey_table(tmp_path, "answers"), rows, check_exact=False)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (lambda rows: rows.drop(columns="weight_persons"), "weight_persons"),
        (lambda rows: rows.assign(bsn="1"), "bsn"),
        (lambda rows: rows.assign(contact_score=11.0), "contact_score"),
        (lambda rows: rows.assign(tenure="castle"), "tenure"),
        (lambda rows: rows.assign(year=2013), "year"),
        (lambda rows: rows.assign(respondent_id="7"), "respondent_id"),
        (lambda rows: rows.assign(age_years=12), "age_years"),
        (lambda rows: rows.assign(low_income="perhaps"), "low_income"),
        (lambda rows: rows.assign(years_in_area="1.5"), "years_in_area"),
    ],
)
def test_a_wave_that_breaks_its_contract_is_refused_without_a_value(published, tmp_path, change, column):
    rows, path = small(published, tmp_path)
    change(rows).to_csv(path, index=False)
    with pytest.raises(DataError) as caught:
        read_survey_table(tmp_path, "answers")
    assert column in str(caught.value)
    assert "castle" not in str(caught.value)


def test_files_that_do_not_belong_are_refused(published, tmp_path):
    with pytest.raises(DataError, match=r"no \.parquet or \.csv file"):
        read_survey_table(tmp_path, "answers")
    rows, path = small(published, tmp_path)
    rows.to_csv(path, index=False)
    rows.to_parquet(path.with_suffix(".parquet"))
    with pytest.raises(DataError, match="a second file of 2012"):
        read_survey_table(tmp_path, "answers")
    with pytest.raises(DataError, match="one of answers, ties"):
        read_survey_table(tmp_path, "secrets")


def planted(world, tmp_path, parameters):
    """Return the panel of a country with other planted values."""
    tables: dict[str, list[pd.DataFrame]] = {}
    for name, _, table in survey_tables(world, parameters=parameters, network_every=2):
        tables.setdefault(name, []).append(table)
    publish_register(world, tmp_path / "register.csv")
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    return assemble_survey(joined, read_projects(tmp_path / "register.csv").frame, "synthetic")


def test_effects_that_are_planted_are_found(world, tmp_path):
    parameters = replace(
        PeopleParameters(),
        homophily_change_after_restructuring=-0.4,
        contact_change_after_restructuring=1.0,
        at_home_change_after_restructuring=-1.0,
    )
    panel, truth = planted(world, tmp_path, parameters), people_truth(world, parameters)
    ties = own_cell_excess(random_mixing(panel.ties, panel.households, "cell"))
    held = SurveyDesign("contact_score", controls=("stay",))
    made = {
        "homophily_effect": survey_effect(ties, SurveyDesign("excess", "excess_weight")),
        "contact_effect": survey_effect(panel.answers, held),
        "at_home_effect": survey_effect(panel.sitting, replace(held, outcome="at_home_score")),
    }
    for name, result in made.items():
        row = result.frame.iloc[0]
        assert row["estimate"] == pytest.approx(truth[name], abs=max(3.5 * row["std_error"], 0.15)), name
        assert (row["ci_high"] < 0) == (truth[name] < 0), name


def test_the_scoreboard_has_every_headline_beside_its_truth(world, published, tmp_path):
    cells = pd.DataFrame(contact_rows(SurveyStudy.read(published / "survey", published / "projects")))
    assert cells["estimate"].notna().all()
    truth = people_truth(world) | survey_truth()
    assert set(cells["truth_name"]) <= set(truth)
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    estimands = {
        f"{row['truth_name']}@{row['estimator']}": {key: row[key] for key in ("estimate", "ci_low", "ci_high")}
        for row in cells.to_dict("records")
    }
    joined = pd.DataFrame(join_truth(estimands, tmp_path / "truth.json"))
    assert len(joined) == len(cells)
    valid = np.array([holds("n10", name, "S0") for name in cells["estimator"]])
    assert joined["covered"].to_numpy()[valid].mean() > 0.7
    assert not joined.loc[cells["estimator"].str.contains("whole country").to_numpy(), "covered"].any()


def test_ties_between_old_and_new_residents_meet_what_is_planted(world, published):
    study = SurveyStudy.read(published / "survey", published / "projects")
    assert set(study.ties["other_residence"]) == set(study.households["residence"]) == set(RESIDENCES)
    last = study.ties["year"].max()
    row = tie_ratio(of_wave(random_mixing(study.ties, study.households, "residence"), last)).frame.iloc[0]
    truth = people_truth(world)["tie_ratio_residence"]
    assert row["estimate"] == pytest.approx(truth, abs=3 * row["std_error"])
    assert 0.8 < truth < 1.0, "only tenure and income, which go with length of residence, keep them apart"


# --- verdicts -------------------------------------------------------------------------------------------------


def estimate(value: float, error: float) -> EffectEstimate:
    """Return an estimate of one row."""
    frame = effect_frame(["x"], [value], [error], units_count=50, treated_count=20, clusters_count=50, degrees=49)
    return EffectEstimate(frame.assign(observed=0.2, expected=0.4), "method", "errors", 50, 50, degrees=49)


def effects(scale: str, choice: str, value: float, error: float, spread: float = 1.6) -> pd.DataFrame:
    """Return the table of effects with one row."""
    row = detectable(estimate(value, error), 0.1 * spread).frame
    return row.assign(scale=scale, choice=choice, spread=spread, reason="")


@pytest.mark.parametrize(
    ("ratio", "outcome"),
    [
        ((0.45, 0.01), Outcome.SUPPORTED),
        ((0.60, 0.02), Outcome.CONTRADICTED),
        ((0.49, 0.02), Outcome.UNDETERMINED),
    ],
)
def test_contact_is_judged_by_ties_between_old_and_new_residents(ratio, outcome):
    table = effects("contact_score", "same length of residence", 0.5, 0.05)
    verdict = judge_contact(estimate(*ratio), estimate(0.9, 0.01), table, "synthetic")
    assert verdict.rule_outcome == outcome
    assert verdict.numbers["across"] == 0.9, "ties across tenures stand beside it"
    # p is that of a ratio of one half, not of none
    assert verdict.primary["p_value"] == pytest.approx(2 * stats.t.sf(abs(ratio[0] - 0.5) / ratio[1], 49))
    assert verdict.outcome.startswith("method demonstration")


@pytest.mark.parametrize(
    ("home", "outcome"),
    [
        ((-0.40, 0.05), Outcome.SUPPORTED),
        ((-0.05, 0.02), Outcome.CONTRADICTED),
        ((0.40, 0.05), Outcome.CONTRADICTED),
        ((-0.20, 0.05), Outcome.UNDETERMINED),  # below zero, and perhaps by less than matters
        ((-0.20, 0.15), Outcome.UNDETERMINED),
    ],
)
def test_feeling_at_home_is_judged_by_its_rule(home, outcome):
    assert judge_at_home(effects("at_home_score", "lived there before", *home), "synthetic").rule_outcome == outcome


@pytest.mark.parametrize(
    ("trend", "outcome"),
    [
        ((-0.02, 0.005), Outcome.SUPPORTED),
        ((0.02, 0.005), Outcome.CONTRADICTED),
        ((-0.001, 0.002), Outcome.CONTRADICTED),
        ((-0.006, 0.002), Outcome.SUPPORTED),  # the claim names no size
        ((-0.02, 0.02), Outcome.UNDETERMINED),
    ],
)
def test_trust_is_judged_by_its_own_trend_and_not_by_that_of_others(trend, outcome):
    gap = estimate(0.05, 0.001)
    verdict = judge_trust(estimate(*trend), gap, estimate(-0.03, 0.004), 1.6, 2002, "synthetic")
    assert verdict.rule_outcome == outcome
    assert verdict.primary["estimate"] == trend[0]


@pytest.mark.parametrize(
    ("home", "safety", "outcome"),
    [
        ((0.3, 0.02), (0.2, 0.02), Outcome.SUPPORTED),
        ((0.3, 0.02), (0.01, 0.02), Outcome.CONTRADICTED),
        ((0.01, 0.02), (0.3, 0.02), Outcome.CONTRADICTED),
        ((0.3, 0.02), (0.1, 0.02), Outcome.UNDETERMINED),
    ],
)
def test_what_goes_with_contact_is_judged_as_an_association(home, safety, outcome):
    rows = [effects("x", "y", 0.9, 0.01), effects("x", "y", *home), effects("x", "y", -0.9, 0.01)]
    table = pd.concat([*rows, effects("x", "y", *safety)], ignore_index=True)
    verdict = judge_association(table.assign(term=["home", "home", "safety", "safety"]), "microdata")
    assert verdict.rule_outcome == outcome
    assert verdict.outcome == f"{outcome}; an association, not an effect"
    assert read_register()["C26"].kind == "association"


def test_more_precise_figures_of_one_sign_never_turn_a_verdict_round():
    outcomes = [
        judge_at_home(effects("at_home_score", "lived there before", -0.4, error), "synthetic").rule_outcome
        for error in np.geomspace(1, 0.01, 20)
    ]
    assert Outcome.CONTRADICTED not in outcomes
    assert outcomes[-1] == Outcome.SUPPORTED


def test_without_a_survey_nothing_is_judged():
    for claim in ("C08", "C12", "C26", "C30"):
        assert claim in read_register()
        assert no_survey(claim, "there is none", "open").rule_outcome == Outcome.NOT_TESTABLE
    empty = effects("at_home_score", "elsewhere", 0, 1)
    assert judge_at_home(empty, "synthetic").rule_outcome == Outcome.NOT_TESTABLE
    missing = Estimate.refused("no waves")
    assert judge_trust(missing, missing, missing, 1.6, 2002, "open").rule_outcome == Outcome.NOT_TESTABLE
    assert judge_contact(missing, missing, empty, "open").rule_outcome == Outcome.NOT_TESTABLE


def test_effects_beside_the_verdicts_are_counted_and_the_placebo_says_what_it_can_see():
    table = pd.concat(
        [
            effects("contact_score", "same length of residence", 0.9, 0.1),  # judged: not counted
            effects("safety_score", "same length of residence", 0.34, 0.1),  # gone once the family is counted
            effects("trust_score", "same length of residence", 0.0, 0.1),
            effects("contact_score", "placebo, dated 6 years early", 0.9, 0.2),  # a placebo: not counted
        ],
        ignore_index=True,
    )
    answer = describe_answers(table.assign(p_value_romano_wolf=[0.001, 0.06, 0.9, 0.001]), "synthetic")
    assert (answer.numbers["effects"], answer.numbers["outside"], answer.numbers["left"]) == (2, 1, 0)
    assert answer.numbers["least"] == pytest.approx(2.85 * 0.2 / 1.6, rel=0.02)
    assert "larger faults only" in answer.sentences[-1]
    assert any("On safety" in sentence for sentence in answer.sentences)


def test_the_bare_association_and_the_gap_in_trust_stand_beside_their_truth_with_units():
    table = effects("contact_score", "same length of residence", 0.0, 0.1)
    two = pd.concat([effects("x", "y", 0.1, 0.01), effects("x", "y", -0.01, 0.001)], ignore_index=True)
    trend = replace(estimate(-0.6, 0.04), frame=two)
    rows = two.assign(term="feeling at home", comparison=["same buurt and year", "and same residence and traits"])
    known = truth_of_contact(table, {"trust_low_income_trend": trend}, rows, 2002)
    units = {each.name: each.unit for each in known}
    assert units == {
        "contact_effect@same length of residence": "points",
        "trust_low_income_trend": "points a year",
        "trust_low_income_gap": "points",
        "contact_slope@0": "points per point",
        "contact_slope@1": "points per point",
    }
    later = truth_of_contact(table, {"trust_low_income_trend": trend}, Estimate.refused("none"), 2005)
    assert "trust_low_income_gap" not in {each.name for each in later}


def test_a_trend_is_said_with_what_would_have_been_found():
    verdict = judge_trust(
        estimate(-0.001, 0.002), Estimate.refused("none"), Estimate.refused("none"), 1.6, 2002, "open"
    )
    assert verdict.numbers["own_found"] == pytest.approx(2.86 * 0.002, rel=0.01)
    assert len(verdict.sentences) == 1
