"""The scoreboard of n06: one published country in, rows with the names of their truths out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from buurteffect.claims.persons import stayers, stayers_truth
from buurteffect.scoreboard.persons.stayers import RESULT_NAMES, SMALLEST_INCOME, estimate_stayers, score_stayers
from buurteffect.synthetic.country import draw_country, scenario_parameters
from buurteffect.synthetic.publishing.areas.boundary_changes import draw_vintages
from buurteffect.synthetic.publishing.areas.crosswalk import publish_crosswalk
from buurteffect.synthetic.publishing.publish import named_truth
from buurteffect.synthetic.publishing.registers.microdata import publish_microdata


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """Publish the persons of a country of test size; return the folder and what is true."""
    folder = tmp_path_factory.mktemp("published")
    world, truth = draw_country(2, "test", "S0", people=True, workers=0)
    vintages = draw_vintages(world)
    publish_microdata(world, folder / "microdata", vintages=vintages)
    publish_crosswalk(world, vintages, folder / "crosswalk")
    return folder, named_truth(world, truth, scenario_parameters("S0"))


def test_every_row_has_a_truth_and_none_is_refused(country: tuple[Path, dict[str, float]]) -> None:
    folder, truth = country
    table = score_stayers(folder, truth)
    assert tuple(table.columns) == (*RESULT_NAMES, "truth", "covered")
    assert (table["error"] == "").all()
    assert table["truth"].notna().all()
    own = table[table["estimator"].str.startswith("own income")]
    assert (own["truth"] == 0).all()


def test_parts_add_up_to_the_mean_in_estimates_and_in_truth(country: tuple[Path, dict[str, float]]) -> None:
    folder, truth = country
    table = score_stayers(folder, truth).set_index("estimator")
    for outcome in ("log_income", "low_income"):
        for column in ("estimate", "truth"):
            parts = sum(table.loc[f"{outcome}, {term}", column] for term in ("in_situ", "entry", "exit"))
            assert parts == pytest.approx(table.loc[f"{outcome}, total", column], abs=1e-6)


def test_truth_moves_no_estimate(country: tuple[Path, dict[str, float]]) -> None:
    folder, truth = country
    plain = estimate_stayers(folder)
    other = score_stayers(folder, {name: value + 1 for name, value in truth.items()})
    pd.testing.assert_frame_equal(plain, other[list(RESULT_NAMES)])


def test_names_and_bounds_are_those_of_the_page(country: tuple[Path, dict[str, float]]) -> None:
    table = estimate_stayers(country[0]).set_index("estimator")["truth_name"]
    assert SMALLEST_INCOME == stayers.SMALLEST_INCOME
    own = {term: name for term, name in stayers_truth.RESIDENT_TRUTHS.items() if term != stayers_truth.RETAINED}
    assert table[list(own)].to_dict() == own
    assert stayers_truth.RESIDENT_TRUTHS[stayers_truth.RETAINED] in set(table)
    names = stayers_truth.flow_truths("log_income", (6, 9))
    assert {term: table[f"log_income, {term}"] for term in names} == names
