"""The scoreboard of persons: published first, estimated second, true last, and what is made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from buurteffect.claims.estimators import (
    describe_condemned,
    describe_coverage,
    describe_detection,
    describe_persons,
    doubt_of,
    headline_rows,
    judge_coverage,
)
from buurteffect.claims.estimators.criteria import MET, NOT_MET, UNCLEAR
from buurteffect.claims.estimators.headlines import STEADY
from buurteffect.claims.estimators.persons import FAILS, HOLDS, OWN_INCOME
from buurteffect.errors import DataError, ProjectError
from buurteffect.panel.displacement.study import DisplacementStudy
from buurteffect.panel.persons.study import PersonStudy
from buurteffect.project import Project
from buurteffect.scoreboard import board as machinery
from buurteffect.scoreboard import cells as cell_files
from buurteffect.scoreboard.cells import read_cells, read_truths, run_each, sources_of
from buurteffect.scoreboard.persons import SCOREBOARD
from buurteffect.scoreboard.persons import country as estimated
from buurteffect.scoreboard.persons.assumptions import ASSUMPTIONS, HEADLINES, PAGES, RUNS, SEEDS, assumption_of, holds
from buurteffect.scoreboard.persons.board import SUMMARY_COLUMNS
from buurteffect.scoreboard.persons.country import RESULT_NAMES, estimate_people, publish_for_people
from buurteffect.scoreboard.persons.country import truths as true_values
from buurteffect.scoreboard.persons.displacement import displacement_rows
from buurteffect.scoreboard.summary import exact_band
from buurteffect.synthetic.country import draw_country

FIGURES = ["estimate", "std_error", "ci_low", "ci_high"]


@pytest.fixture(scope="module")
def country():
    return draw_country(SCOREBOARD.first_seed, "test", "S2", workers=0)


@pytest.fixture(scope="module")
def published(tmp_path_factory, country):
    folder = tmp_path_factory.mktemp("published")
    publish_for_people(country[0], folder)
    return folder


@pytest.fixture(scope="module")
def found(published):
    return estimate_people(published)


@pytest.fixture
def quick(monkeypatch, country, found):
    """Draw and estimate nothing anew, so that a test of the machinery is quick."""
    monkeypatch.setattr(machinery, "draw_country", lambda *_, **__: country)
    return replace(SCOREBOARD, estimate=lambda *_: found)


# --- what is estimated -------------------------------------------------------------------------------------------


def test_all_four_pages_find_what_they_need_in_what_is_published(found):
    assert tuple(found.columns) == RESULT_NAMES
    assert tuple(dict.fromkeys(found["page"])) == PAGES
    assert (found["error"] == "").all()
    assert found["estimate"].notna().all()
    assert not found.duplicated(["page", "estimator"]).any()


def test_persons_that_are_read_once_give_what_the_page_reads_by_itself(published, found):
    persons = PersonStudy.read(published / "microdata")
    own = pd.DataFrame(displacement_rows(DisplacementStudy.read(persons, published)))
    shared = found[found["page"] == "n07"]
    assert shared["estimator"].tolist() == own["estimator"].tolist()
    np.testing.assert_array_equal(shared[FIGURES].to_numpy(), own[FIGURES].to_numpy(dtype=float))


def test_a_page_that_dies_is_counted_under_its_error_and_the_others_go_on(published, monkeypatch):
    monkeypatch.setattr(estimated, "stayer_rows", lambda *_: 1 / 0)
    monkeypatch.setattr(estimated, "displacement_rows", lambda *_: [{"estimator": "a", "estimate": 1}])
    refused = [{"error": "EstimationError", "message": "too few"}]
    monkeypatch.setattr(estimated, "childhood_rows", lambda *_: refused)
    broken = "effect on contact, whoever lives there"
    monkeypatch.setattr(estimated, "contact_rows", lambda _: [{"estimator": broken}])
    table = estimate_people(published)
    dead = table[table["page"] == "n06"].iloc[0]
    assert (dead["error"], dead["message"]) == ("ZeroDivisionError", "division by zero")
    assert table["error"].tolist()[1:] == ["", "EstimationError", ""]
    assert table["valid"].tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("scenario", "pages", "some"),
    [
        ("S2", {"n06"}, {"own income, steady effect"}),
        ("S4", {"n07"}, {"score per displaced"}),
        ("S6", {"n06", "n07"}, {"low_income, entry", "destination gap"}),
    ],
)
def test_a_scenario_runs_the_families_that_it_is_there_for(published, scenario, pages, some):
    table = estimate_people(published, scenario)
    assert set(table["page"]) == pages
    assert some <= set(table["estimator"])


def test_something_is_said_of_where_the_assumptions_of_every_estimator_hold(found):
    assert all(assumption_of(page, name) for page, name in zip(found["page"], found["estimator"], strict=True))
    for entry in ASSUMPTIONS:
        names = found.loc[found["page"] == entry.page, "estimator"]
        assert names.str.startswith(entry.estimators).any(), entry


def test_every_headline_is_run_where_its_assumptions_hold(found):
    run = set(zip(found["page"], found["estimator"], strict=True))
    assert set(HEADLINES) <= run
    assert {page for page, _ in HEADLINES} == set(PAGES)
    for page, name in HEADLINES:
        assert any(holds(page, name, scenario) for scenario in RUNS)
    assert not holds("n06", "log_income, total", "S0")


# --- cells -------------------------------------------------------------------------------------------------------


def test_the_truth_is_written_after_the_estimates_and_names_what_they_aim_at(tmp_path, quick):
    cell = quick.cells(tmp_path, ["S2"], 1)[0]
    with pytest.raises(ZeroDivisionError):
        replace(quick, truths=lambda *_: 1 / 0).run_cell(cell)
    assert cell.estimates.is_file()
    assert not cell.done
    quick.run_cell(cell)
    assert cell.done
    truth = read_truths([cell]).set_index("truth_name")["truth"]
    assert truth["residents_own_log_income_mean"] == pytest.approx(0.01, abs=1e-3)


def test_every_estimator_has_a_truth(tmp_path, quick, found, country):
    cell = quick.run_cell(quick.cells(tmp_path, ["S2"], 1)[0])
    named = set(found["truth_name"]) - {""}
    assert named <= set(true_values(*country)["truth_name"])
    table = quick.summary.of(read_cells([cell]), read_truths([cell]), "test", {"S2": "key"})
    assert len(table) == (found["truth_name"] != "").sum()
    assert (table["code"] == "key").all()


def refuse(cell):
    raise ValueError(f"no {cell.scenario}")


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_cell_that_cannot_be_run_is_named(tmp_path, workers):
    with pytest.raises(ProjectError, match=r"S3, seed 1001 .*ValueError: no S3"):
        run_each(SCOREBOARD.cells(tmp_path, ["S3"], 1), refuse, workers, progress=False)


def test_seeds_are_others_than_those_that_designs_were_chosen_on(tmp_path):
    cells = SCOREBOARD.cells(tmp_path, seeds=2)
    assert [cell.seed for cell in cells] == [1001] * len(RUNS) + [1002] * len(RUNS)
    assert [cell.scenario for cell in cells[: len(RUNS)]] == list(RUNS)
    assert {cell.size for cell in cells} == {"scoreboard"}


def test_every_scenario_has_the_countries_that_it_needs(tmp_path):
    counted = pd.Series([cell.scenario for cell in SCOREBOARD.cells(tmp_path)]).value_counts()
    assert counted.to_dict() == dict(SEEDS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((["S0"], 1, "huge"), "no size"), ((["S99"], 1), "no scenario"), ((["S0"], 0), "at least one"), (([],), "at le")],
)
def test_what_does_not_exist_is_refused(tmp_path, arguments, message):
    with pytest.raises(ProjectError, match=message):
        SCOREBOARD.cells(tmp_path, *arguments)


def test_the_hash_covers_world_readers_and_estimators_and_nothing_that_only_shows_them():
    sources = sources_of(SCOREBOARD.modules)
    for name in (
        "synthetic.persons.social_ties",
        "panel.persons.person_years",
        "sources.tables.microdata",
        "estimate.persons.exit_hazard",
        "schema.liveability",
    ):
        assert name in sources
    left_out = ("report", "claims", "scoreboard.persons.board", "scoreboard.board", "scoreboard.places")
    assert not [name for name in sources if name.startswith(left_out)]
    assert SCOREBOARD.code() == SCOREBOARD.code()


def test_what_a_room_hands_on_is_followed_to_where_it_stands(tmp_path, monkeypatch):
    for name, text in {
        "__init__.py": "",
        "room/__init__.py": "from buurteffect.room.inner import wanted\nfrom buurteffect.room.other import unwanted\n",
        "room/inner.py": "wanted = 1\n",
        "room/other.py": "unwanted = 1\n",
        "start.py": "from buurteffect.room import wanted\n",
        "start.toml": "words = 1\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(cell_files.buurteffect, "__file__", str(tmp_path / "__init__.py"))
    assert set(sources_of(["start"])) == {"start", "start.toml", "room.inner"}


# --- estimates meet their truth ----------------------------------------------------------------------------------


def rows(estimates, scenario="S0", name=OWN_INCOME, **more):
    table = pd.DataFrame({"scenario": scenario, "seed": range(1, len(estimates) + 1), "page": "n06", "estimator": name})
    table = table.assign(truth_name="income", valid=True, estimate=estimates, std_error=0.1, equivalent=1.0)
    table["ci_low"], table["ci_high"] = table["estimate"] - 0.2, table["estimate"] + 0.2
    return table.assign(error="", message="", **more)


def truths(values, scenario="S0"):
    seeds = range(1, len(values) + 1)
    return pd.DataFrame({"scenario": scenario, "seed": seeds, "truth_name": "income", "truth": values})


def test_the_summary_equals_the_hand_calculation():
    estimates = rows([0.1, 0.5, 0.3, np.nan, 0.4])
    refused = pd.DataFrame([{"scenario": "S0", "seed": 4, "page": "n06", "estimator": "group", "valid": True}])
    refused = refused.assign(truth_name="", error="NoComparisonError", message="nobody left")
    estimates = pd.concat([estimates[estimates["seed"] != 4], refused])
    found = SCOREBOARD.summary.of(estimates, truths([0.0, 0.2, 0.3, 0.9, np.nan]), "test", {"S0": "key"})
    assert len(found) == 1
    found = found.iloc[0]
    assert (found["seeds"], found["scored"]) == (5, 3)  # one has no figure, one no truth
    assert found["failed_share"] == pytest.approx(0.2)
    assert found["commonest_error"] == "nobody left"
    assert found["truth"] == pytest.approx(0.5 / 3)
    assert found["bias"] == pytest.approx(0.4 / 3)
    assert found["bias_mc_error"] == pytest.approx(np.std([0.1, 0.3, 0.0], ddof=1) / np.sqrt(3))
    assert found["coverage"] == pytest.approx(2 / 3)  # .1 and .0 lie within .2, .3 does not
    assert (found["coverage_low"], found["coverage_high"]) == pytest.approx(exact_band(2, 3))
    assert found["rejected"] == pytest.approx(2 / 3)  # .5 and .3 lie more than .2 from 0, .1 does not
    assert found["equivalent_share"] == 1


def test_an_estimate_without_interval_counts_as_failed():
    estimates = rows([0.1, 0.2])
    estimates.loc[0, "ci_high"] = np.nan
    found = SCOREBOARD.summary.of(estimates, truths([0.1, 0.2]), "test", {}).iloc[0]
    assert (found["failed_share"], found["coverage"]) == (0.5, 1.0)


def test_a_page_that_always_dies_stands_in_the_summary():
    dead = rows([np.nan, np.nan]).assign(page="n07", estimator="n07", truth_name="", error="KeyError", message="x")
    table = SCOREBOARD.summary.of(pd.concat([rows([0.1, 0.2]), dead]), truths([0.1, 0.2]), "test", {}).set_index("page")
    assert table.loc["n07", "failed_share"] == 1
    assert table.loc["n07", "commonest_error"] == "x"


def test_an_estimate_without_truth_and_one_that_stands_twice_are_refused():
    with pytest.raises(ProjectError, match="no truth"):
        SCOREBOARD.summary.of(rows([0.1, 0.2]), truths([0.1]), "test", {})
    with pytest.raises(ProjectError, match="twice"):
        SCOREBOARD.summary.of(pd.concat([rows([0.1]), rows([0.1])]), truths([0.1]), "test", {})


def test_a_trial_never_replaces_the_stored_scoreboard_unless_asked(tmp_path, quick):
    project = Project(tmp_path)
    cells = quick.cells(tmp_path / "cells", ["S2"], 1)
    quick.run(cells, workers=0, progress=False)
    path = quick.store(project, cells)
    assert path != tmp_path / quick.stored
    table = SCOREBOARD.read(path)
    assert set(SUMMARY_COLUMNS) < set(table.columns)
    assert quick.store(project, cells, tmp_path / quick.stored).read_bytes() == path.read_bytes()


def test_a_summary_of_another_version_is_refused(tmp_path):
    path = tmp_path / "old.csv"
    with pytest.raises(ProjectError, match="people-scoreboard"):
        SCOREBOARD.read(path)
    SCOREBOARD.summary.of(rows([0.1], "S99"), truths([0.1], "S99"), "test", {}).to_csv(path, index=False)
    with pytest.raises(DataError, match="scenario S99"):
        SCOREBOARD.read(path)


# --- what the page says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("valid", "share", "low", "high", "judgement"),
    [
        (True, 0.95, 0.91, 0.98, MET),
        (True, 1.0, 0.74, 1.0, UNCLEAR),  # all of few countries
        (True, 1.0, 0.98, 1.0, NOT_MET),  # too wide an interval is a failure as well
        (True, 0.80, 0.74, 0.85, NOT_MET),
        (True, 0.90, 0.85, 0.94, UNCLEAR),
        (False, 0.30, 0.24, 0.37, FAILS),
        (False, 0.95, 0.91, 0.98, HOLDS),
        (False, 1.0, 0.74, 1.0, UNCLEAR),
    ],
)
def test_coverage_is_judged_by_what_was_asked(valid, share, low, high, judgement):
    table = pd.DataFrame([{"valid": valid, "coverage": share, "coverage_low": low, "coverage_high": high}])
    assert judge_coverage(table)["judgement"].tolist() == [judgement]


@pytest.fixture
def board(tmp_path):
    good, bad = np.repeat([0.1, 0.9], [95, 5]), np.full(100, 0.5)
    parts = []
    for scenario in ("S0", "S2"):
        naive = rows(bad, scenario, "children compared").assign(valid=False)
        both = pd.concat([rows(good, scenario), rows(bad, scenario, "books, low_income_share: ring"), naive])
        parts.append(SCOREBOARD.summary.of(both, truths([0.1] * 100, scenario), "test", {}))
    pd.concat(parts).to_csv(tmp_path / "board.csv", index=False)
    return SCOREBOARD.read(tmp_path / "board.csv")


def test_sentences_are_made_from_the_board(board):
    answer = describe_persons(board)
    text = " ".join(answer.sentences)
    assert "rest on 100 countries in each of 2 scenarios" in text
    assert "Monte Carlo error of 2.2% with so many" in text
    assert "is not met by all: of 4 coverages 2 lie within the bounds" in text
    assert "S2: outside the bounds are “books, low incomes: ring” with 0% (bias +0.400)." in text
    assert "of 2 coverages of comparisons that are there to be seen failing 2 do fail" in text.lower()
    assert "unmoved in 100% of the countries" in text
    assert answer.limits
    assert "no figure" not in text


def test_headlines_are_named_with_size_only_where_there_is_nothing_to_find(board):
    board.loc[board["scenario"] == "S0", "truth"] = 0.0
    found = headline_rows(judge_coverage(board)).set_index("scenario")
    assert found["headline"].tolist() == ["mean effect on residents' own income, years 1–8"] * 2
    assert found["coverage_mc_error"].tolist() == pytest.approx([np.sqrt(0.95 * 0.05 / 100)] * 2)
    assert found.loc["S0", "false_alarms"] == found.loc["S0", "rejected"]
    assert np.isnan(found.loc["S2", "false_alarms"])


def test_a_page_says_how_often_its_headlines_hold_the_truth(board):
    page = board["page"].iloc[0]
    said = describe_coverage(board, page)
    assert len(said.sentences) == 2
    row = headline_rows(board).iloc[0]
    assert f"In {int(row['scored'])} simulated countries made as {row['scenario']}, intervals of" in said.sentences[0]
    assert f"held the truth in {row['coverage']:.1%}" in said.sentences[0]
    assert describe_coverage(board.assign(valid=False), page).sentences[0].count("where its assumptions fail") == 1
    assert describe_coverage(board, "n99").sentences == []
    assert "not on the scoreboard" in describe_coverage(board, "n99").limits[0]


ASKED = {
    ("S0", OWN_INCOME): {"equivalent_share": 0.9, "rejected": 0.05},
    ("S0", STEADY): {"equivalent_share": 0.97, "rejected": 0.06},
    ("S2", STEADY): {"truth": 0.01, "rejected": 0.55},
    ("S2", OWN_INCOME): {"truth": 0.01, "rejected": 0.21},
    ("S0", "log_income, total"): {"truth": 0.05, "bias": -0.02},
    ("S4", "score per displaced"): {"truth": -0.4, "rejected": 0.91},
    ("S3", "score per displaced"): {"truth": -0.1, "rejected": 0.07},
    ("S0", "movers"): {"truth": 0.15, "bias": 0.01, "coverage": 0.94},
    ("S0", "children compared"): {"truth": 0.15, "bias": 0.33, "coverage": 0.0},
}


def asked(table):
    columns = ["truth", "bias", "rejected", "coverage", "equivalent_share", "scored"]
    frame = pd.DataFrame([{"scenario": s, "estimator": e} | figures for (s, e), figures in table.items()])
    return describe_detection(
        frame.reindex(columns=["scenario", "estimator", *columns]).fillna({"bias": 0.0, "scored": 60})
    )


def test_what_was_asked_beforehand_is_answered_one_by_one():
    text = " ".join(asked(ASKED).sentences)
    assert "rises by 0.050, of which 0.030 is estimated" in text
    assert "bounds of equivalence in 90% of 60 countries" in text
    assert "told from zero in 55% of 60 countries; where they do not (S0), in 6%" in text
    assert "By the mean effect of years 1–8, which assumes less, it is told from zero in 21%, and in 5%." in text
    assert "told from zero in 91% of 60 countries; where scores do not spill over (S3) it is −0.10" in text
    assert "alone, and told from zero in 7%" in text
    assert "find 0.16 on average and hold it in 94%" in text
    assert "find 0.48, and hold it in 0%" in text
    assert not asked(ASKED).limits


@pytest.mark.parametrize("gone", list(ASKED))
def test_a_question_of_which_a_row_is_lacking_is_not_answered(gone):
    answer = asked({key: row for key, row in ASKED.items() if key != gone})
    assert any(f"no {gone[1]} in {gone[0]}" in limit for limit in answer.limits)


def test_sentences_pass_over_what_is_not_there(board):
    text = " ".join(describe_persons(board[(board["scenario"] == "S0") & (board["estimator"] == OWN_INCOME)]).sentences)
    assert "S0: no estimator is shown to cover too seldom or too often." in text
    assert "is met" in text
    assert "unmoved" not in text


def test_a_refusal_is_told(board):
    board.loc[0, "failed_share"] = 0.25
    assert "has no figure in 25% of the countries of S0" in " ".join(describe_persons(board).sentences)


def test_a_page_says_where_the_scoreboard_condemns_its_headlines(board):
    page, headline = board["page"].iloc[0], board["headline"].iloc[0]
    clear = board.assign(coverage=0.68, coverage_low=0.61, coverage_high=0.744, bias=-0.026, std_error=0.016)
    said = describe_condemned(clear, page).sentences[0]
    assert "held the truth in 68.0% [61.0%, 74.4%]" in said
    assert "not identified by this design there" in said
    assert "off by −0.0260 on average" in said
    assert doubt_of(clear, page, headline) == " (not identified: see below)"
    narrow = clear.assign(bias=-0.011)
    assert "it is too narrow there" in describe_condemned(narrow, page).sentences[0]
    assert doubt_of(narrow, page, headline) == " (interval too narrow: see below)"
    chance = clear.assign(coverage=0.92, coverage_high=0.96)
    assert all("may be chance" in sentence for sentence in describe_condemned(chance, page).sentences)
    assert doubt_of(chance, page, headline) == ""
    fine = clear.assign(coverage=0.95, coverage_high=0.97)
    assert describe_condemned(fine, page).sentences == [
        "No interval of these headlines held the truth in fewer than 93% of the countries."
    ]
    assert doubt_of(fine, page, headline) == ""


def test_the_coverage_of_what_is_no_headline_can_be_asked_for(board):
    page, other = board["page"].iloc[0], "another one"
    more = pd.concat([board, board.head(1).assign(estimator=other, headline="", coverage=0.96)], ignore_index=True)
    assert len(describe_coverage(more, page).sentences) == 2
    assert any(
        f"intervals of “{other}” held the truth in 96.0%" in each
        for each in describe_coverage(more, page, [other]).sentences
    )
