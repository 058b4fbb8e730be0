"""The project register in the panel: every project in an area that exists in the year of its code."""

import pytest
from key_figure_files import write_bulk
from raw_tables import PROJECT, project_text

from buurteffect import panel
from buurteffect.errors import DataError, MissingDataError
from buurteffect.schema.panel import RESOLVED_PROJECTS

SCORES = "wk_code,wk_naam,jaar,lbm,afw,fys,onv,soc,vrz,won\nWK900100,x,2012,4.102265,0,NA,NA,NA,NA,NA\n"
WIJK_PROJECT = PROJECT | {"project_id": "p1", "area_code": "WK900100", "code_year": "2018"}


@pytest.fixture
def raw(tmp_path):
    for name in ("kwb", "projects", "leefbaarometer3", "crosswalk"):
        (tmp_path / name).mkdir()
    write_bulk(tmp_path, 2018, [("GM9001", 3000, 1500, 50), ("WK900100", 1000, 500, 40)])
    return tmp_path


@pytest.fixture
def registered(raw, project):
    def build(*projects, **files):
        for name, rows in {"register": projects, **files}.items():
            (raw / "projects" / f"{name}.csv").write_text(project_text(*rows), encoding="utf-8")
        (raw / "leefbaarometer3" / "wijken.csv").write_text(SCORES, encoding="utf-8")
        panel.build(raw, project.processed("open") / "panel")
        return panel.read_projects("open", project)

    return build


def test_a_project_in_an_area_of_its_year_is_kept_with_its_gemeente_and_its_file(registered):
    frame = registered(WIJK_PROJECT)
    assert list(frame.columns) == RESOLVED_PROJECTS.columns
    row = frame.iloc[0]
    assert (row["project_id"], row["gemeente_code"], row["origin"]) == ("p1", "GM9001", "register.csv")
    assert row["demolished_social_dwellings_count"] == 120


def test_an_area_that_does_not_exist_in_its_year_is_named(registered):
    rows = [WIJK_PROJECT | {"project_id": f"q{n}", "area_code": f"WK90010{n}"} for n in range(1, 8)]
    with pytest.raises(DataError) as caught:
        registered(WIJK_PROJECT, *rows)
    assert "7 areas that the panel does not know: WK900101 in 2018, WK900102 in 2018" in str(caught.value)
    assert "WK900106" not in str(caught.value)
    assert "of the level wijk are listed for 2018" in str(caught.value)


@pytest.mark.parametrize("change", [{"code_year": "2017"}, {"area_code": "BU90010000"}, {"area_code": "1011"}])
def test_a_year_or_level_that_nothing_lists_cannot_be_checked_and_the_project_is_kept(registered, change):
    assert len(registered(WIJK_PROJECT | change)) == 1


def test_a_list_of_one_gemeente_says_nothing_of_another(registered):
    assert len(registered(WIJK_PROJECT | {"area_code": "WK036300"})) == 1


def test_codes_of_the_scores_and_of_a_crosswalk_are_known_in_their_years(raw, registered):
    (raw / "crosswalk" / "w.csv").write_text(
        "year_from,year_to,source,target,n_addresses\n2003,2004,900107,900108,50\n", encoding="utf-8"
    )
    rows = [("WK900100", "2012"), ("WK900107", "2003"), ("WK900108", "2004")]
    projects = [WIJK_PROJECT | {"project_id": code + year, "area_code": code, "code_year": year} for code, year in rows]
    assert len(registered(*projects)) == 3
    with pytest.raises(DataError, match="WK900107 in 2004"):
        registered(WIJK_PROJECT | {"area_code": "WK900107", "code_year": "2004"})


def test_an_identifier_in_two_files_is_refused(registered):
    with pytest.raises(DataError, match="p1 in both"):
        registered(WIJK_PROJECT, more=[WIJK_PROJECT | {"start": "2010"}])


def test_a_register_without_projects_is_an_empty_table(registered):
    assert registered().empty


def test_a_register_that_is_gone_leaves_no_table(raw, registered, project):
    registered(WIJK_PROJECT)
    (raw / "projects" / "register.csv").unlink()
    panel.build(raw, project.processed("open") / "panel")
    with pytest.raises(MissingDataError, match=r"docs/project-register\.md"):
        panel.read_projects("open", project)


def test_a_register_that_is_refused_leaves_the_last_good_panel(raw, registered, project):
    registered(WIJK_PROJECT)
    folder = project.processed("open") / "panel"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(DataError):
        registered(WIJK_PROJECT | {"area_code": "WK900109"})
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
