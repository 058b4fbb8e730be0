"""The scoreboard: estimates first, truth later, nothing lost on the way."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest
from effect_worlds import effect_frame

from buurteffect.claims.estimators import describe_places, failures, judge_conditions
from buurteffect.claims.estimators.criteria import NOT_MET, UNCLEAR
from buurteffect.errors import DataError, NoComparisonError, NoSwitchError, ProjectError
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.aggregation import callaway_santanna
from buurteffect.project import Project
from buurteffect.scoreboard import board as machinery
from buurteffect.scoreboard import cells as cell_files
from buurteffect.scoreboard.cells import read_cells, read_truths, sources_of
from buurteffect.scoreboard.places import SCOREBOARD, bias_intervals, estimators, grid
from buurteffect.scoreboard.places.board import SUMMARY_COLUMNS
from buurteffect.scoreboard.places.estimators import (
    CLUSTERS,
    DOCUMENTED,
    ESTIMATORS,
    Case,
    Estimator,
    effects_window,
    estimate_panel,
)
from buurteffect.scoreboard.places.naive import before_after
from buurteffect.scoreboard.places.panel import (
    EVERY_YEAR,
    LATE,
    OUTCOMES,
    PANEL_COLUMNS,
    WAVES,
    WINDOW,
    late_truth,
    published_panel,
)
from buurteffect.scoreboard.summary import exact_band
from buurteffect.synthetic.country import draw_country

FEW = ("before_after", "against_everybody", "cs_never", "cs_given")


@pytest.fixture(scope="module")
def country():
    return draw_country(seed=3, size="test", people=False, workers=0)


@pytest.fixture(scope="module")
def panel(country):
    return published_panel(country[0])


@pytest.fixture
def few(monkeypatch, country):
    """Run a few estimators only, on the score alone and always the same country, so that a test is quick."""
    monkeypatch.setattr(machinery, "draw_country", lambda *_, **__: country)
    kept = {n: Estimator(e.label, e.kind, e.run, OUTCOMES[:1], e.clusters) for n, e in ESTIMATORS.items() if n in FEW}
    monkeypatch.setattr(estimators, "ESTIMATORS", kept)
    return kept


def written(folder):
    return {f"{file.parent.name}/{file.name}": file.read_bytes() for file in sorted(folder.rglob("*.csv"))}


# --- what estimators see -----------------------------------------------------------------------------------------


def test_the_panel_holds_what_is_published_and_not_what_is_true(country, panel):
    world = country[0]
    assert tuple(panel.columns) == PANEL_COLUMNS
    assert len(panel) == world.history.liveability_score.size
    first = panel[panel["year"] == 2010]
    row = int(np.flatnonzero(world.history.years == 2010)[0])
    assert (first["liveability_score"].to_numpy() == world.history.published_liveability_score[row]).all()
    assert not np.isclose(first["liveability_score"], world.history.liveability_score[row]).all()


def test_estimates_are_held_against_what_they_aim_at(country):
    truth = country[1]
    found = late_truth(truth).set_index(["outcome", "target"])
    assert {key for key in found.index if key[1] != WAVES} == {(o, t) for o in OUTCOMES for t in (LATE, EVERY_YEAR)}
    late = truth.late.set_index("outcome").loc[OUTCOMES[0]]
    assert tuple(found.loc[(OUTCOMES[0], LATE)]) == (late["effect_since_before"], late["effect"])
    place = truth.place[(truth.place["outcome"] == OUTCOMES[0]) & truth.place["event_time"].between(*WINDOW)]
    on_waves = place[(place["cohort"] >= 2003) & (place["cohort"] + place["event_time"]).isin([2012, 2014, 2016, 2018])]
    events = [np.average(part["effect"], weights=part["buurten"]) for _, part in on_waves.groupby("event_time")]
    assert found.loc[(OUTCOMES[0], WAVES), "whole"] == pytest.approx(np.mean(events))
    group = truth.groups[(truth.groups["group"] == "treated") & (truth.groups["outcome"] == OUTCOMES[0])]
    group = group[group["buurten"] > 0]
    every = np.average(group["effect"], weights=group["buurten"])
    assert found.loc[(OUTCOMES[0], EVERY_YEAR), "truth"] == pytest.approx(every)


def test_the_register_in_the_panel_is_that_of_the_projects(country, panel):
    projects = country[0].projects.set_index("buurt_code")
    treated = panel[panel["cohort_year"].notna()].drop_duplicates("area_code").set_index("area_code")
    assert set(treated.index) == set(projects.index)
    assert (treated["cohort_year"] == projects["start_year"].reindex(treated.index)).all()
    assert (treated["nearest_m"] == 0).all()
    assert (panel.loc[panel["cohort_year"].isna(), "nearest_m"] > 0).all()


def test_no_estimator_reads_a_truth_planted_in_its_way(panel, few):
    clean = estimate_panel(panel)
    generator = np.random.default_rng(1)
    poisoned = panel.assign(
        truth=generator.normal(size=len(panel)),
        liveability_score_without_policy=panel["liveability_score"] - 1,
        effect=0.5,
        weight=generator.uniform(size=len(panel)),
    )
    pd.testing.assert_frame_equal(clean, estimate_panel(poisoned))
    assert clean["estimate"].notna().any()


def test_the_truth_is_written_after_the_estimates_and_into_another_folder(tmp_path, few, monkeypatch):
    cell = SCOREBOARD.cells(tmp_path, ["S0"], 1, "test")[0]
    order = []
    write = machinery.write_cell
    monkeypatch.setattr(
        machinery, "write_cell", lambda table, path: (order.append(path.parent.name), write(table, path))
    )
    SCOREBOARD.run_cell(cell)
    assert order == ["estimates", "truth"]
    assert "truth" not in pd.read_csv(cell.estimates).columns


def test_a_cell_without_its_truth_is_not_done_and_not_read(tmp_path, few):
    cell = SCOREBOARD.run_cell(SCOREBOARD.cells(tmp_path, ["S0"], 1, "test")[0])
    cell.truth.unlink()
    assert not cell.done
    with pytest.raises(ProjectError, match="no cell"):
        read_cells([cell])


# --- running -----------------------------------------------------------------------------------------------------


def test_what_is_done_is_not_run_again(tmp_path, few, monkeypatch):
    cells = SCOREBOARD.cells(tmp_path, ["S0", "S1"], 1, "test")
    SCOREBOARD.run(cells[:1], workers=0, progress=False)
    ran = []
    real = machinery.Scoreboard.run_cell
    monkeypatch.setattr(
        machinery.Scoreboard, "run_cell", lambda board, cell: (ran.append(cell.scenario), real(board, cell))[1]
    )
    SCOREBOARD.run(cells, workers=0, progress=False)
    assert ran == ["S1"]
    SCOREBOARD.run(cells, workers=0, progress=False)
    assert ran == ["S1"]


def test_an_interrupted_run_keeps_what_is_done_and_goes_on_from_there(tmp_path, few, monkeypatch):
    cells = SCOREBOARD.cells(tmp_path, ["S0", "S1"], 1, "test")
    real = machinery.Scoreboard.run_cell

    def stop_at_second(board, cell):
        if cell.scenario == "S1":
            raise KeyboardInterrupt
        return real(board, cell)

    monkeypatch.setattr(machinery.Scoreboard, "run_cell", stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        SCOREBOARD.run(cells, workers=0, progress=False)
    assert [cell.done for cell in cells] == [True, False]
    monkeypatch.setattr(machinery.Scoreboard, "run_cell", real)
    SCOREBOARD.run(cells, workers=0, progress=False)
    assert all(cell.done for cell in cells)


def test_a_country_that_cannot_be_drawn_is_named(tmp_path, few, monkeypatch):
    monkeypatch.setattr(machinery, "draw_country", lambda *_, **__: 1 / 0)
    with pytest.raises(ProjectError, match=r"S6, seed 1 .*ZeroDivisionError"):
        SCOREBOARD.run(SCOREBOARD.cells(tmp_path, ["S6"], 1, "test"), workers=0, progress=False)


def test_changed_code_makes_other_cells_and_removes_the_old_ones(tmp_path, few, monkeypatch):
    old = SCOREBOARD.run_cell(SCOREBOARD.cells(tmp_path, ["S0"], 1, "test")[0])
    monkeypatch.setattr(machinery.Scoreboard, "code", lambda _: "another")
    new = SCOREBOARD.cells(tmp_path, ["S0"], 1, "test")[0]
    assert new.key != old.key
    assert not new.done
    SCOREBOARD.run_cell(new)
    assert not old.estimates.exists()
    assert not old.truth.exists()


def test_the_hash_covers_the_world_and_the_estimators_and_nothing_that_only_shows_them():
    sources = sources_of(SCOREBOARD.modules)
    for name in (
        "synthetic.simulation.policy",
        "estimate.did.group_time_effects",
        "scoreboard.places.estimators",
        "estimate.core.within",
        "errors",
    ):
        assert name in sources
    assert not [
        name
        for name in sources
        if name.startswith(
            ("report", "claims", "panel", "scoreboard.summary", "scoreboard.board", "scoreboard.persons")
        )
    ]
    assert SCOREBOARD.code() == SCOREBOARD.code()


@pytest.mark.slow
def test_one_and_two_processes_write_the_same_bytes(tmp_path):
    before = {name: os.environ.get(name) for name in cell_files.ONE_THREAD}
    cells = [SCOREBOARD.cells(tmp_path / name, ["S0", "S6"], 1, "test") for name in ("two", "one")]
    SCOREBOARD.run(cells[0], workers=2, progress=False)
    for cell in cells[1]:
        SCOREBOARD.run_cell(cell)
    assert len(written(tmp_path / "two")) == 4
    assert written(tmp_path / "two") == written(tmp_path / "one")
    assert {name: os.environ.get(name) for name in before} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((["S0"], 1, "huge"), "no size"), ((["S99"], 1, "test"), "no scenario"), ((["S0"], 0, "test"), "at least one")],
)
def test_what_does_not_exist_is_refused(tmp_path, arguments, message):
    with pytest.raises(ProjectError, match=message):
        SCOREBOARD.cells(tmp_path, *arguments)


# --- nothing is lost ---------------------------------------------------------------------------------------------


def test_every_estimator_stands_in_the_result_whether_it_has_a_figure_or_not(panel):
    result = estimate_panel(panel)
    wanted = {
        (outcome, name, CLUSTERS[cluster], target)
        for name, estimator in ESTIMATORS.items()
        for outcome in estimator.outcomes
        for cluster in estimator.clusters_on(outcome)
        for target in estimator.targets
    }
    keys = ["outcome", "estimator", "clusters", "target"]
    assert set(result[keys].itertuples(index=False, name=None)) == wanted
    assert len(result) == len(wanted)
    lost = result["error"] != ""
    assert result.loc[lost, "estimate"].isna().all()
    assert (result.loc[lost, "message"].str.len() > 20).all()
    assert result.loc[~lost, ["estimate", "std_error", "ci_low", "ci_high"]].notna().all(axis=None)


def test_an_estimator_that_dies_is_counted_under_its_error(panel, monkeypatch):
    def dies(_):
        raise np.linalg.LinAlgError("singular")
        yield

    monkeypatch.setattr(estimators, "ESTIMATORS", {"dies": Estimator("Dies", "robust", dies, OUTCOMES[:1])})
    result = estimate_panel(panel)
    assert result["clusters"].tolist() == ["buurt", "gemeente"]
    assert set(result["error"]) == {"LinAlgError"}
    assert result["stopped"].all()


def only(monkeypatch, name, panel):
    """Return the rows of one estimator of the score."""
    one = ESTIMATORS[name]
    alone = Estimator(one.label, one.kind, one.run, OUTCOMES[:1], one.clusters)
    monkeypatch.setattr(estimators, "ESTIMATORS", {name: alone})
    return estimate_panel(panel)


def test_a_refusal_of_one_clustering_leaves_the_figure_of_the_other(panel, monkeypatch):
    treated = panel["cohort_year"].notna()
    one = panel.assign(gemeente_code=np.where(treated, "GM9001", panel["gemeente_code"]))
    for name in ("cs_never", "imputation"):
        assert only(monkeypatch, name, one)["error"].tolist() == ["", "OneTreatedClusterError"]


# --- what is run -------------------------------------------------------------------------------------------------


def test_the_windows_figures_are_those_of_the_public_estimator(panel, monkeypatch):
    case = Case(panel, OUTCOMES[0])
    found = only(monkeypatch, "cs_not_yet", panel)
    for cluster, (_, row) in zip(("area_code", "gemeente_code"), found.iterrows(), strict=True):
        whole = callaway_santanna(panel, case.design(cluster), window=WINDOW, draws=9)
        expected = whole.frame[whole.frame["term"].str.startswith("window")].iloc[0]
        assert row["estimate"] == pytest.approx(expected["estimate"], abs=1e-12)
        assert row["std_error"] == pytest.approx(expected["std_error"], abs=1e-12)


def small(treated, untreated, cohort=2000):
    """Return a panel in which units change by given amounts after a cohort's start."""
    rows = []
    for code, (change, start) in enumerate([(c, cohort) for c in treated] + [(c, np.nan) for c in untreated]):
        rows += [(f"b{code}", f"g{code % 3}", y, change * (y >= cohort), start) for y in range(1998, 2011)]
    return pd.DataFrame(rows, columns=["area_code", "gemeente_code", "year", "y", "cohort_year"])


def test_naive_comparisons_equal_the_hand_calculation():
    panel = small([0.1, 0.3], [0.0, 0.1, 0.2])
    before = before_after(panel, "y", "area_code").frame.iloc[0]
    assert before["estimate"] == pytest.approx(0.2)
    assert before["std_error"] == pytest.approx(0.1)  # SD √.02 by √2
    against = before_after(panel, "y", "area_code", against_untreated=True).frame.iloc[0]
    assert against["estimate"] == pytest.approx(0.1)
    sums = 2 * (0.1 / 2) ** 2 + 2 * (0.1 / 3) ** 2
    assert against["std_error"] == pytest.approx(np.sqrt(sums * 5 / 4))
    clustered = before_after(panel, "y", "gemeente_code", against_untreated=True).frame.iloc[0]
    parts = [-0.05 + 0, 0.05 - 0.1 / 3, 0.1 / 3]  # of the three gemeenten: deviations by size of the group, signed
    assert clustered["std_error"] == pytest.approx(np.sqrt(sum(part**2 for part in parts) * 3 / 2))


def test_naive_comparisons_refuse_what_they_cannot_compare():
    with pytest.raises(NoComparisonError):
        before_after(small([0.1, 0.2], []), "y", "area_code", against_untreated=True)
    with pytest.raises(NoSwitchError, match="no unit"):
        before_after(small([], [0.1]), "y", "area_code")
    with pytest.raises(NoSwitchError, match="year before"):
        before_after(small([0.1, 0.2], [0.1], cohort=1998), "y", "area_code")
    with pytest.raises(NoSwitchError, match="one cluster"):
        before_after(small([0.1], [0.1]), "y", "area_code")


def test_a_window_is_averaged_with_its_covariance():
    events = [5, 6, 7, 8, 9]
    covariance = np.full((5, 5), 0.5) + 0.5 * np.eye(5)
    frame = effect_frame(
        [f"event {e}" for e in events], [9.0, 1.0, 2.0, 3.0, 4.0], np.ones(5), units_count=9, treated_count=4,
        clusters_count=5, event_time=events, degrees=4,
    )  # fmt: skip
    row = effects_window(EffectEstimate(frame, "", "", 9, 5, covariance=covariance, degrees=4)).iloc[0]
    assert row["estimate"] == 2.5
    assert row["std_error"] == pytest.approx(np.sqrt((4 * 1 + 12 * 0.5) / 16))


# --- the summary -------------------------------------------------------------------------------------------------


def rows(estimates, error=0.1, scenario="S0", name="imputation"):
    table = pd.DataFrame({"scenario": scenario, "seed": range(1, len(estimates) + 1), "outcome": OUTCOMES[0]})
    table = table.assign(estimator=name, clusters="gemeente", target=LATE, estimate=estimates, std_error=error)
    return table.assign(
        ci_low=table["estimate"] - 2 * error, ci_high=table["estimate"] + 2 * error, treated_count=5.0, stopped=False,
        error=np.where(table["estimate"].isna(), "NoSwitchError", ""), message="",
    )  # fmt: skip


def truths(values, scenario="S0"):
    table = pd.DataFrame({"scenario": scenario, "seed": range(1, len(values) + 1), "outcome": OUTCOMES[0]})
    return table.assign(target=LATE, truth=values, whole=np.array(values) - 0.15)


def test_the_summary_equals_the_hand_calculation():
    found = SCOREBOARD.summary.of(rows([0.1, 0.5, 0.3, np.nan]), truths([0.0, 0.2, 0.3, 0.9]), "test", {}).iloc[0]
    assert found["seeds"] == 4
    assert found["failed_share"] == 0.25
    assert found["commonest_error"] == "NoSwitchError"
    assert found["truth"] == pytest.approx(0.5 / 3)
    assert found["bias"] == pytest.approx(0.4 / 3)
    assert found["rmse"] == pytest.approx(np.sqrt((0.01 + 0.09) / 3))
    assert found["bias_mc_error"] == pytest.approx(np.std([0.1, 0.3, 0.0], ddof=1) / np.sqrt(3))
    assert found["coverage"] == pytest.approx(2 / 3)  # .1 and .0 lie within .2, .3 does not
    assert found["rejected"] == pytest.approx(2 / 3)  # .5 and .3 lie more than .2 from 0, .1 does not
    assert found["coverage_of_mean_truth"] == pytest.approx(2 / 3)  # the mean of all four is .35
    assert found["bias_whole"] == pytest.approx(0.85 / 3)
    assert found["coverage_whole"] == pytest.approx(1 / 3)  # only .3 lies within .2 of its .15
    assert (found["coverage_low"], found["coverage_high"]) == pytest.approx(exact_band(2, 3))


def test_an_estimator_without_any_figure_stands_in_the_summary():
    found = SCOREBOARD.summary.of(rows([np.nan, np.nan]), truths([0.1, 0.2]), "test", {}).iloc[0]
    assert found["failed_share"] == 1
    assert np.isnan(found["coverage"])


def test_an_estimate_without_truth_and_one_that_stands_twice_are_refused():
    with pytest.raises(ProjectError, match="no truth"):
        SCOREBOARD.summary.of(rows([0.1, 0.2]), truths([0.1]), "test", {})
    with pytest.raises(ProjectError, match="twice"):
        SCOREBOARD.summary.of(pd.concat([rows([0.1]), rows([0.1])]), truths([0.1]), "test", {})


@pytest.mark.parametrize(("hits", "count", "band"), [(0, 10, (0.0, 0.3085)), (10, 10, (0.6915, 1.0))])
def test_the_exact_band_is_that_of_the_tables(hits, count, band):
    assert exact_band(hits, count) == pytest.approx(band, abs=1e-4)


def test_a_trial_never_replaces_the_stored_scoreboard(tmp_path, few):
    project = Project(tmp_path)
    cells = SCOREBOARD.cells(tmp_path / "cells", ["S0"], 1, "test")
    SCOREBOARD.run(cells, workers=0, progress=False)
    path = SCOREBOARD.store(project, cells)
    assert path != tmp_path / SCOREBOARD.stored
    table = SCOREBOARD.read(path)
    assert set(SUMMARY_COLUMNS) <= set(table.columns)
    assert len(table) == sum(len(estimator.clusters) for estimator in few.values())
    assert set(read_truths(cells)["scenario"]) == {"S0"}


def test_a_summary_of_another_version_is_refused(tmp_path):
    path = tmp_path / "old.csv"
    SCOREBOARD.summary.of(rows([0.1], name="gone"), truths([0.1]), "test", {}).to_csv(path, index=False)
    with pytest.raises(DataError, match=r"estimator gone(?s:.*)make scoreboard"):
        SCOREBOARD.read(path)


# --- what the page says ------------------------------------------------------------------------------------------


@pytest.fixture
def board(tmp_path):
    parts = []
    for scenario in ("S0", "S1", "S6"):
        bias = {"S0": 0.4, "S1": 0.4, "S6": 0.0}[scenario]
        pairs = {"before_after": bias, "imputation": 0.0, "cs_regression": 0.05, "composition_at_risk": 0.01}
        estimates = pd.concat([rows([shift, shift], scenario=scenario, name=n) for n, shift in pairs.items()])
        parts.append(SCOREBOARD.summary.of(estimates, truths([0.0, 0.0], scenario), "test", {}))
    pd.concat(parts).to_csv(tmp_path / "board.csv", index=False)
    return SCOREBOARD.read(tmp_path / "board.csv")


def test_the_grid_keeps_the_order_of_estimators_and_scenarios(board):
    wide = grid(board, "coverage")
    assert wide.columns.tolist() == ["S0", "S1", "S6"]
    assert wide.index[0] == "Before and after, treated only"
    assert wide.iloc[0].tolist() == [0, 0, 1]
    assert (bias_intervals(board)["ci_low"] <= bias_intervals(board)["estimate"]).all()


def test_failures_name_the_scenarios(board):
    table = failures(board).set_index("kind")
    assert table.loc["naive", "fails_in"] == "S0, S1"
    assert table.loc["robust", "fails_count"] == 0


def test_sentences_are_made_from_the_board(board):
    answer = describe_places(board, "score")
    text = " ".join(answer.sentences)
    assert "0 of 1 robust estimators cover in 93% to 97%" in text  # one covers always, which is not what 95% means
    assert "1 of 1 naive comparisons cover in under half" in text
    assert "with +0.400 on average" in text
    assert answer.numbers["holding"] == 3
    assert answer.limits
    assert "where buurten are chosen is met: the share is 0.0%" in text
    assert "where nothing is done is not contradicted: the share is 0.0%" in text


def test_conditions_tell_failing_from_too_few_countries(board):
    table = judge_conditions(board).set_index("condition")
    assert table["met"].to_dict() == {"parallel": "cannot be told", "caught": "met", "covered": "met", "sized": UNCLEAR}
    assert table.loc["covered", "label"] == ESTIMATORS[DOCUMENTED].label
    assert (table["countries"] == 2).all()
    many = board.assign(coverage=1.0, coverage_low=0.98, coverage_high=1.0)
    judged = judge_conditions(many).set_index("condition")["met"]
    assert judged["parallel"] == judged["caught"] == NOT_MET


def test_sentences_pass_over_scenarios_that_are_not_there(board):
    assert len(describe_places(board[board["scenario"] == "S6"], "score").sentences) == 3
