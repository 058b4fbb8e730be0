"""The headline estimators of n06 on one published country, beside their true values."""

from __future__ import annotations

import pandas as pd
import pytest

from buurteffect.claims.persons import stayers, stayers_truth
from buurteffect.panel.persons.study import PersonStudy
from buurteffect.scoreboard.persons.stayers import SMALLEST_INCOME, stayer_rows
from buurteffect.synthetic.country import draw_country
from buurteffect.synthetic.publishing.areas.boundary_changes import draw_vintages
from buurteffect.synthetic.publishing.areas.crosswalk import publish_crosswalk
from buurteffect.synthetic.publishing.publish import named_truth
from buurteffect.synthetic.publishing.registers.microdata import publish_microdata
from buurteffect.synthetic.world.scenarios import scenario_parameters


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Return the rows of a country of test size, with the true value of each beside it."""
    folder = tmp_path_factory.mktemp("published")
    world, truth = draw_country(2, "test", "S0", people=True, workers=0)
    vintages = draw_vintages(world)
    publish_microdata(world, folder / "microdata", vintages=vintages)
    publish_crosswalk(world, vintages, folder / "crosswalk")
    rows = pd.DataFrame(stayer_rows(PersonStudy.read(folder / "microdata")))
    return rows.assign(truth=rows["truth_name"].map(named_truth(world, truth, scenario_parameters("S0"))))


def test_every_row_has_a_truth_and_none_is_refused(table: pd.DataFrame) -> None:
    assert table[["estimate", "std_error", "ci_low", "ci_high", "truth"]].notna().all(axis=None)
    own = table[table["estimator"].str.startswith("own income")]
    assert (own["truth"] == 0).all()
    assert table["equivalent"].notna().tolist() == table["estimator"].str.startswith("own income").tolist()


def test_parts_add_up_to_the_mean_in_estimates_and_in_truth(table: pd.DataFrame) -> None:
    named = table.set_index("estimator")
    for outcome in ("log_income", "low_income"):
        for column in ("estimate", "truth"):
            parts = sum(named.loc[f"{outcome}, {term}", column] for term in ("in_situ", "entry", "exit"))
            assert parts == pytest.approx(named.loc[f"{outcome}, total", column], abs=1e-6)


def test_names_and_bounds_are_those_of_the_page(table: pd.DataFrame) -> None:
    named = table.set_index("estimator")["truth_name"]
    assert SMALLEST_INCOME == stayers.SMALLEST_INCOME
    truths = stayers_truth.RESIDENT_TRUTHS.items()
    own = {term: name.split("@")[0] for term, name in truths if term != stayers_truth.RETAINED}
    assert named[list(own)].to_dict() == own
    assert stayers_truth.RESIDENT_TRUTHS[stayers_truth.RETAINED] in set(named)
    names = stayers_truth.flow_truths("log_income", (6, 9))
    assert {term: named[f"log_income, {term}"] for term in names} == names
