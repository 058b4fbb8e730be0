"""The panel on which restructuring is judged: outcome, treatment, and what was known before."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from checkouts import OPEN_DATA
from raw_tables import PROJECT, project_text

from buurteffect import panel
from buurteffect.errors import MissingDataError, ProjectError
from buurteffect.panel.restructuring.known_at_choice import known_by_year
from buurteffect.panel.restructuring.outcomes import OUTCOMES, outcome_series
from buurteffect.panel.restructuring.placed_projects import place_projects
from buurteffect.panel.restructuring.pre_policy import values_before
from buurteffect.panel.restructuring.study import FRAME_COLUMNS

WAVES = (2002, 2008, 2012, 2014, 2016)
CODES = [f"WK9001{n:02d}" for n in range(6)]


def scores():
    lines = ["wk_code,wk_naam,jaar,lbm,afw,fys,onv,soc,vrz,won"]
    for place, code in enumerate(CODES):
        lines += [f"{code},x,{year},{4.102265 + place / 100},{place / 100},NA,NA,NA,NA,NA" for year in WAVES]
    return "\n".join(lines) + "\n"


@pytest.fixture
def built(tmp_path, project):
    def build(*projects):
        raw = tmp_path / "raw"
        (raw / "leefbaarometer3").mkdir(parents=True)
        (raw / "projects").mkdir()
        (raw / "leefbaarometer3" / "wijken.csv").write_text(scores(), encoding="utf-8")
        if projects:
            (raw / "projects" / "register.csv").write_text(project_text(*projects), encoding="utf-8")
        panel.build(raw, project.processed("open") / "panel")
        return panel.restructuring_study("open", project=project)

    return build


def work(name, code, start, **more):
    dates = {"announce": "", "start": str(start), "end": "", "code_year": "2016"}
    return PROJECT | {"project_id": name, "area_code": code} | dates | more


def test_without_a_register_the_panel_says_what_is_needed(built):
    study = built()
    assert not study.ready
    with pytest.raises(MissingDataError, match=r"a register of projects(?s:.*)docs/project-register\.md"):
        study.require()
    assert set(study.frame["status"]) == {"untreated"}


def test_waves_are_the_times_and_the_first_one_in_or_after_the_start_is_the_cohorts_step(built):
    study = built(work("a", CODES[0], 2009), work("b", CODES[1], 2012), work("c", CODES[2], 2020))
    assert study.ready
    assert study.years == list(WAVES)
    assert list(study.frame.columns) == ["area_code", "year", study.column, *FRAME_COLUMNS[1:2], *FRAME_COLUMNS[3:]]
    steps = study.frame.drop_duplicates("area_code").set_index("area_code")["cohort_step"]
    assert list(steps[CODES[:3]]) == [3, 3, 6]
    assert steps[CODES[3:]].isna().all()


def test_restructured_areas_are_those_with_a_project_that_began_by_a_year(built, project):
    built(work("a", CODES[0], 2009), work("b", CODES[1], 2012), work("c", CODES[2], 2020))
    found = panel.restructured_areas("open", "wijk", 2012, project)
    assert found.codes == set(CODES[:2])
    assert not found.reason
    assert any("register.csv" in item.origin for item in found.inputs)
    assert panel.restructured_areas("open", "wijk", 2000, project).reason == "a project that began by 2000"
    assert panel.restructured_areas("open", "buurt", 2012, project).reason
    assert "buurten and wijken" in panel.restructured_areas("open", "pc4", 2012, project).reason


def test_without_a_register_restructured_areas_are_not_known(built, project):
    built()
    found = panel.restructured_areas("open", "wijk", 2012, project)
    assert (found.codes, found.reason) == (frozenset(), "a register of projects")


def test_a_register_without_dwellings_treats_by_an_unknown_dose(built):
    study = built(work("a", CODES[0], 2009))
    row = study.treated.iloc[0]
    assert (row["cohort_year"], row["status"]) == (2009, "treated")
    assert np.isnan(row["dose_share"])
    assert study.covariates == ("score_level",)
    assert study.valued == ()


def test_areas_without_a_place_are_never_left_out_as_near(built):
    study = built(work("a", CODES[0], 2009))
    assert len(study.compared(10_000)) == len(study.frame)


def test_the_register_by_cohort_leaves_a_missing_figure_missing(built):
    study = built(work("a", CODES[0], 2009, demolished_social=""), work("b", CODES[1], 2012, demolished_social="10"))
    table = panel.register_by_cohort(study).set_index("cohort_year")
    assert np.isnan(table.loc[2009, "demolished_social"])
    assert table.loc[2012, "demolished_social"] == 10
    assert list(table["before_count"]) == [2, 2]


def test_the_share_of_owners_by_construction_is_worked_out_by_hand(built):
    whole = {"demolished_social": "40", "built_owner": "60", "built_social": "20", "built_private_rent": "0"}
    study = built(
        work("a", CODES[0], 2009, **whole), work("b", CODES[1], 2012, **whole | {"built_owner": ""}),
        work("c", CODES[2], 2002, **whole),
    )  # fmt: skip
    column = outcome_series("owner").column
    rows = [(CODES[0], 2004, 2009, 0.2), (CODES[0], 2008, 2009, 0.25), (CODES[0], 2012, 2009, 0.9),
            (CODES[1], 2008, 2012, 0.25), (CODES[2], 2008, 2002, 0.25)]  # fmt: skip
    owners = replace(
        study,
        outcome=outcome_series("owner"),
        frame=pd.DataFrame(rows, columns=["area_code", "year", "cohort_year", column]),
        areas=study.areas.assign(dwellings_count=200.0),
    )
    table = panel.stock_by_construction(owners)
    assert table["area_code"].tolist() == [CODES[0]]  # the second lacks a figure, the third has none before its start
    assert table.drop(columns="area_code").iloc[0].to_dict() == pytest.approx(
        {
            "cohort_year": 2009,
            "demolished_share": 40 / 200,
            "new_share": 80 / 240,
            "owner_share_before": 0.25,
            "owner_share_after": (50 + 60) / 240,
            "owner_share_change": 110 / 240 - 0.25,
        }
    )


def test_an_outcome_that_no_source_has_is_a_reason_and_no_failure(built, project):
    built(work("a", CODES[0], 2009))
    study = panel.restructuring_study("open", outcome="woz", project=project)
    assert study.reason == "the log of mean assessed value of dwellings (WOZ) of wijken in any year"
    with pytest.raises(MissingDataError, match="in the folder kwb"):
        study.require()
    assert study.frame.empty


def test_an_unknown_outcome_is_refused_with_the_known_ones():
    with pytest.raises(ProjectError, match="liveability, liveability_rest"):
        outcome_series("happiness")


def test_a_sum_of_dimensions_is_missing_where_one_of_them_is():
    frame = pd.DataFrame({"year": [2014, 2016], "physical_score": [0.1, 0.2], "nuisance_score": [0.1, np.nan]})
    values = OUTCOMES["liveability_rest"].values(frame.assign(amenities_score=0.5))
    assert values.tolist()[0] == pytest.approx(0.7)
    assert np.isnan(values.tolist()[1])


def test_a_logged_outcome_leaves_out_its_years_and_what_has_no_logarithm():
    frame = pd.DataFrame({"year": [2001, 2003, 2004, 2005, 2006], "woz_value_eur": [1e5, 1e5, 1e5, 0.0, 1e5]})
    values = OUTCOMES["woz"].values(frame)
    assert list(values.notna()) == [False, True, False, False, False]
    assert values[1] == pytest.approx(np.log(1e5))


def test_breaks_of_a_logged_outcome_carry_its_own_name():
    breaks = pd.DataFrame({"concept": ["woz_value_eur", "other"], "break_year": [2005, 2006], "reason": "x"})
    assert OUTCOMES["woz"].breaks(breaks)[["concept", "break_year"]].to_numpy().tolist() == [["log_woz_value", 2005]]


def test_what_was_known_before_ends_before_the_year_asked_for():
    frame = pd.DataFrame({"area_code": ["a"] * 4 + ["b"] * 4, "year": [1997, 2001, 2005, 2009] * 2})
    frame["woz_value_eur"] = np.exp([11.0, 11.4, 99.0, 99.0, 12.0, 12.0, 99.0, 99.0])
    frame["dwellings_count"], frame["owner_occupied_share"] = 100.0, [np.nan, 0.0, 0.9, 0.9] * 2
    frame["association_rented_share"] = frame["low_income_households_share"] = np.nan
    outcome = frame[["area_code", "year"]].assign(y=range(8))
    found = values_before(frame, 2005, 2005, "y", outcome).set_index("area_code")
    assert found["woz_level"].tolist() == pytest.approx([-0.3, 0.3])
    assert found["woz_trend"].tolist() == pytest.approx([0.1, 0.0])
    assert found["owner_share_before"].tolist() == [0.0, 0.0]
    assert found["baseline_outcome"].tolist() == [2, 6]
    assert found["association_share_before"].isna().all()


def test_areas_count_as_alike_by_what_ranks_them():
    frame = pd.DataFrame({"area_code": list("abcde"), "year": 2001, "woz_value_eur": [1e5, 2e5, 3e5, 4e5, 5e5]})
    for name in ("dwellings_count", "owner_occupied_share", "association_rented_share", "low_income_households_share"):
        frame[name] = np.nan
    outcome = frame[["area_code", "year"]].assign(y=0.0)
    score = pd.Series([5.0, 4.0, 3.0, 2.0, 1.0], list("abcde"))
    by_value = values_before(frame, 2005, 2001, "y", outcome).set_index("area_code")["alike"]
    by_score = values_before(frame, 2005, 2001, "y", outcome, score).set_index("area_code")["alike"]
    assert by_value.tolist() == [1, 2, 3, 4, 5]
    assert by_score.tolist() == [5, 4, 3, 2, 1]


def test_what_was_known_in_a_year_never_holds_what_was_published_later():
    years = [2001, 2002, 2003, 2008, 2010]
    rows = {"area_code": "a", "year": years, "liveability_score": [None, 4.0, None, 4.6, None]}
    found = known_by_year(pd.DataFrame(rows | {"rented_share": [None, None, 0.5, 0.4, 0.3]})).set_index("year")
    assert found["score_level"].tolist()[1:] == [4.0, 4.0, 4.6, 4.6]
    assert np.isnan(found.loc[2001, "score_level"])
    assert found["score_trend"].isna().tolist() == [True, True, True, False, False]
    assert found.loc[2010, "score_trend"] == pytest.approx(0.1)
    assert found["rented_share_known"].tolist()[1:] == [0.5, 0.5, 0.4, 0.3]
    assert np.isnan(found.loc[2001, "rented_share_known"])
    assert set(found["score_first"]) == {4.0}
    assert set(found["rented_share_first"]) == {0.5}


def test_a_rented_share_published_much_later_is_not_carried_back():
    rows = {"area_code": "a", "year": [2002, 2008, 2016], "liveability_score": [4.0, 4.1, 4.2]}
    found = known_by_year(pd.DataFrame(rows | {"rented_share": [None, None, 0.5]}))
    assert found["rented_share_known"].isna().tolist() == [True, True, False]
    assert found["rented_share_first"].isna().all()


def test_shares_of_the_poor_are_joined_to_the_outcome_of_the_same_year(built):
    study = built(work("a", CODES[0], 2009))
    assert panel.concentration_panel(study).empty
    joined = study.joined.assign(low_income_households_share=np.where(study.joined["year"] == 2012, 0.1, np.nan))
    rows = panel.concentration_panel(replace(study, joined=joined))
    assert set(rows["year"]) == {2012}
    assert (rows[panel.LOW_INCOME_SHARE] == 0.1).all()


REGISTER = pd.DataFrame(
    {
        "project_id": list("abcd"),
        "area_code": ["BU90010001", "WK900100", "GM9001", "BU90010101"],
        "level": ["buurt", "wijk", "gemeente", "buurt"],
        "code_year": [2022, 2022, 2022, 2018],
    }
)


def test_a_project_in_a_buurt_lies_in_the_wijk_of_its_code():
    placed = place_projects(REGISTER, pd.Series(["WK900100", "WK900101"]), "wijk", 2022)
    assert dict(zip(placed.frame["project_id"], placed.frame["area_code"], strict=True)) == {
        "a": "WK900100",
        "b": "WK900100",
        "d": "WK900101",
    }
    reasons = {row["what"]: row["reason"] for row in placed.left_out}
    assert "gemeente" in reasons["projects"]
    assert "another year than 2022" in reasons["projects kept"]


def test_projects_without_an_area_of_the_panel_are_counted():
    placed = place_projects(REGISTER, pd.Series(["BU90010001"]), "buurt", 2022)
    assert list(placed.frame["project_id"]) == ["a"]
    assert sum(row["count"] for row in placed.left_out) == 3


@pytest.mark.shared
def test_the_rotterdam_panel_keeps_the_buurten_that_the_flag_says_did_not_change(project):
    if not OPEN_DATA.is_dir():
        pytest.skip("the shared data are not there")
    panel.build(OPEN_DATA, project.processed("open") / "panel")
    data = panel.dose_panel("open", "GM0599", project)
    every = panel.read_joined("open", "buurt", project=project).frame.query("gemeente_code == 'GM0599'")
    changed = set(every.loc[(every["year"] > 2014) & (every["boundary_flag"] != 1), "area_code"])
    assert data.years == [2014, 2015, 2016, 2017]
    assert changed
    assert not changed & set(data.frame["area_code"])
    assert data.left_out["count"].iloc[0] == len(changed)
    assert len(data.long_difference()) % 2 == 0
