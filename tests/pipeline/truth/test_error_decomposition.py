"""The error of the headline of n05 is a sum of parts, found only after the notebook has ended."""

from types import SimpleNamespace

import pandas as pd
import pytest

from buurteffect.panel.restructuring import study as restructuring
from buurteffect.pipeline.truth import error_decomposition
from buurteffect.synthetic.truth.contrasts import AREA_COLUMNS, AREA_OUTCOMES, area_effects

PARAMETERS = {
    "outcome": "liveability", "level": "buurt", "rule": "harmonised", "least_dose": 0.05, "comparison": "never_treated",
    "window": [1, 2], "ring_m": 0.0,
}  # fmt: skip


def run(**more):
    return SimpleNamespace(**{"source": "synthetic", "notebook": SimpleNamespace(stem=error_decomposition.NOTEBOOK)} | {
        "parameters": PARAMETERS} | more)  # fmt: skip


def frame():
    rows = []
    for area in range(12):
        cohort = 2003.0 if area < 3 else None
        for year in range(2000, 2006):
            score = area / 10 + (year - 2000) * 0.01 * (area % 3) + (0.5 if cohort and year >= cohort else 0.0)
            rows.append((f"BU{area}", f"GM{area}", year, score, cohort))
    return pd.DataFrame(rows, columns=["area_code", "gemeente_code", "year", "score", "cohort_year"])


@pytest.fixture
def country(project, monkeypatch):
    study = SimpleNamespace(
        ready=True, column="score", covariates=(), breaks=pd.DataFrame(columns=["concept", "break_year", "reason"]),
        compared=lambda ring_m: frame(),
    )  # fmt: skip
    monkeypatch.setattr(restructuring, "restructuring_study", lambda *given: study)
    truth = project.processed("synthetic") / "truth"
    truth.mkdir(parents=True)
    rows = frame().assign(outcome="liveability_score")
    rows["effect"] = [
        0.4 if known and year >= known else (-0.1 if year >= 2003 and code in ("BU10", "BU11") else 0.0)
        for known, year, code in zip(rows["cohort_year"].notna() * rows["cohort_year"].fillna(0), rows["year"],
                                     rows["area_code"], strict=True)
    ]  # fmt: skip
    rows[list(AREA_COLUMNS)].to_parquet(truth / "areas.parquet")
    return project


def test_the_parts_add_up_to_the_estimate(country):
    parts = {row["part"].split(":")[0]: row["value"] for row in error_decomposition.decompose_error(country, run())}
    whole = parts["truth"] + parts["placebo bias"] + parts["contamination"] + parts["interaction"]
    assert parts["estimate"] == pytest.approx(whole)
    assert parts["truth"] == pytest.approx(0.4)
    assert parts["contamination"] == pytest.approx(0.1 * 2 / 9)
    assert parts["left over"] == 0


@pytest.mark.parametrize(
    "other",
    [
        {"source": "open"},
        {"notebook": SimpleNamespace(stem="n02_liveability_trends")},
        {"parameters": PARAMETERS | {"outcome": "woz"}},
    ],
)
def test_nothing_is_taken_apart_where_the_truth_is_not_known(country, other):
    assert error_decomposition.decompose_error(country, run(**other)) == []


def test_a_truth_that_lacks_an_area_takes_nothing_apart(country):
    file = country.processed("synthetic") / "truth" / "areas.parquet"
    table = pd.read_parquet(file)
    table[table["area_code"] != "BU1"].to_parquet(file)
    assert error_decomposition.decompose_error(country, run()) == []


def test_effects_by_area_begin_with_the_first_year_that_was_moved():
    import numpy as np

    years = np.array([2000, 2001, 2002])
    effect = {name: np.zeros((3, 2)) for name in AREA_OUTCOMES}
    effect["log_woz"][1, 1] = 0.5
    table = area_effects(np.array(["BU1", "BU2"], dtype=object), years, effect)
    assert set(table["year"]) == {2001, 2002}
    row = table[(table["outcome"] == "log_woz") & (table["area_code"] == "BU2") & (table["year"] == 2001)]
    assert row["effect"].tolist() == [0.5]
    assert table["effect"].sum() == 0.5
