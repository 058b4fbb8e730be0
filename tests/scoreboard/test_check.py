"""Whether a stored scoreboard is still what the code gives: drawn, run anew, compared in every digit."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from buurteffect.errors import ProjectError
from buurteffect.project import Project
from buurteffect.scoreboard import board as machinery
from buurteffect.scoreboard.check import RECORD_COLUMNS, check_stored, drawn_scenarios
from buurteffect.scoreboard.places import SCOREBOARD
from buurteffect.scoreboard.places.panel import LATE


def found(world, scenario):
    """Return an estimate that follows from the seed, so that no estimator has to be run."""
    row = {"outcome": "liveability_score", "estimator": "imputation", "clusters": "gemeente", "target": LATE}
    figures = {"estimate": world / 7, "std_error": 0.1, "ci_low": world / 7 - 0.2, "ci_high": world / 7 + 0.2}
    return pd.DataFrame([row | figures | {"treated_count": 5, "stopped": False, "error": "", "message": ""}])


def true(world, truth):
    return pd.DataFrame([{"outcome": "liveability_score", "target": LATE, "truth": world / 8, "whole": 0.1}])


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Store a scoreboard of three scenarios with four countries each; the number of a country is its seed."""
    monkeypatch.setattr(machinery, "draw_country", lambda seed, *_, **__: (float(seed), None))
    board = replace(SCOREBOARD, countries=dict.fromkeys(("S0", "S1", "S6"), 4), estimate=found, truths=true)
    project = Project(tmp_path)
    cells = board.cells(board.folder(project), size="test")
    board.run(cells, workers=0, progress=False)
    board.store(project, cells, tmp_path / board.stored)
    return board, project


def test_what_is_run_anew_and_equal_is_recorded(stored):
    board, project = stored
    path = check_stored(board, project, 0.5, workers=0, progress=False)
    record = pd.read_csv(path)
    assert tuple(record.columns) == RECORD_COLUMNS
    assert record["scenario"].tolist() == drawn_scenarios(board.countries, 0.5)
    assert record[["countries", "first_seed", "last_seed"]].to_numpy().tolist() == [[4, 1, 4], [4, 1, 4]]
    assert (record["code"] == record["stored_code"]).all()
    assert record["figures"].tolist() == [len(board.summary.columns) - 1 - len(board.summary.keys) - 1] * 2
    seeds = {int(file.name.split("-")[2]) for file in board.folder(project).rglob("check/estimates/*.csv")}
    assert seeds == {1, 2, 3, 4}


def test_one_digit_that_differs_is_refused_and_nothing_is_recorded(stored):
    board, project = stored
    file = project.root / board.stored
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table["bias"] = table["bias"].str[:-1] + "0"
    table.to_csv(file, index=False)
    with pytest.raises(ProjectError, match=r"3 of \d+ figures .*bias: stored \d.*0, recomputed \d"):
        check_stored(board, project, 1, workers=0, progress=False)
    assert not file.with_name("scoreboard_check.csv").exists()


def test_a_row_that_is_stored_and_no_longer_made_is_refused(stored):
    board, project = stored
    file = project.root / board.stored
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    pd.concat([table, table.assign(estimator="stacked")]).to_csv(file, index=False)
    with pytest.raises(ProjectError, match=r"stacked.*recomputed nan"):
        check_stored(board, project, 1, workers=0, progress=False)


@pytest.mark.parametrize("share", [0, 1.5])
def test_a_share_that_cannot_be_run_is_refused(stored, share):
    with pytest.raises(ProjectError, match="above 0 and at most 1"):
        check_stored(*stored, share, workers=0)


def test_without_a_stored_scoreboard_there_is_nothing_to_check(stored, tmp_path):
    with pytest.raises(ProjectError, match="not there: run make scoreboard"):
        check_stored(stored[0], Project(tmp_path / "other"), 0.5)


@pytest.mark.parametrize("share", [0.05, 0.3, 1])
def test_drawn_scenarios_hold_the_share_with_none_to_spare(share):
    countries = {"S0": 200, "S2": 100, "S3": 60, "S4": 60, "S6": 100}
    held = [countries[name] for name in drawn_scenarios(countries, share)]
    assert sum(held) >= share * 520 > sum(held[:-1])


def test_a_larger_share_adds_scenarios_to_those_of_a_smaller_one():
    countries = dict.fromkeys(("S0", "S1", "S2", "S3", "S4", "S5", "S6"), 10)
    few, more = drawn_scenarios(countries, 0.3), drawn_scenarios(dict(reversed(countries.items())), 0.6)
    assert len(few) == 3
    assert more[:3] == few
    assert sorted(more) != sorted(countries)[:5]
