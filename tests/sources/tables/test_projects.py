"""The project register and the lists of places beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from checkouts import OPEN_DATA, ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_tables import PROJECT, project_text

from buurteffect.errors import DataError
from buurteffect.schema.projects import FOCUS_AREAS, GROWTH_CENTRES, PROGRAMMES, PROJECTS
from buurteffect.sources.tables.area_lists import read_focus_areas, read_growth_centres
from buurteffect.sources.tables.projects import COLUMNS, read_projects

SHARED = OPEN_DATA / "treatment"
GUIDE = ROOT / "docs" / "project-register.md"


def put(folder: Path, text: str, name: str = "projects.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def refused(folder: Path, text: str) -> DataError:
    with pytest.raises(DataError) as caught:
        read_projects(put(folder, text))
    return caught.value


def template() -> str:
    match = re.search(r"```csv\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert match is not None
    return match[1]


# --- the register


def test_a_project_comes_with_dates_counts_and_reasons(tmp_path):
    register = read_projects(put(tmp_path, project_text(PROJECT)))
    (row,) = register.frame.to_dict("records")
    assert list(register.frame) == PROJECTS.columns
    assert (row["project_id"], row["area_code"], row["level"], row["code_year"]) == (
        "zuid-1",
        "BU05991234",
        "buurt",
        2010,
    )
    assert (row["announce_year"], row["announce_date"], row["start_year"]) == (2007, "2007-06-15", 2009)
    assert register.frame["start_date"].isna().all()
    assert (row["demolished_social_dwellings_count"], row["built_social_dwellings_count"]) == (120, 0)
    assert row["built_private_rent_dwellings_count_missing"] == "not_published"
    assert register.frame["built_social_dwellings_count_missing"].isna().all()
    assert (row["programme"], row["source"]) == ("vogelaar_40", "Annual report 2013, p. 41")


@pytest.mark.parametrize(
    ("code", "year", "level"),
    [
        ("WK059901", "2010", "wijk"),
        ("GM0599", "2010", "gemeente"),
        ("3071", "2010", "pc4"),
        ("BU0363AB10", "2023", "buurt"),
    ],
)
def test_a_project_may_lie_in_an_area_of_any_level(tmp_path, code, year, level):
    register = read_projects(put(tmp_path, project_text(PROJECT | {"area_code": code, "code_year": year})))
    assert register.frame["level"].tolist() == [level]


def test_comments_and_empty_lines_are_passed_over_and_lines_keep_their_numbers(tmp_path):
    text = (
        "# a register\n\n"
        + project_text(PROJECT)
        + "# note\n"
        + project_text(PROJECT | {"project_id": "2", "start": "x"}).split("\n")[1]
    )
    error = refused(tmp_path, text)
    assert (error.line, error.column) == (6, "start")
    assert read_projects(put(tmp_path, text.replace(",x,", ",2010,"))).rows_count > 0


def test_a_hash_inside_a_quoted_field_is_no_comment(tmp_path):
    register = read_projects(put(tmp_path, project_text(PROJECT | {"source": '"a\n# b"'})))
    assert register.frame["source"].tolist() == ["a\n# b"]


def test_only_the_ends_of_lines_that_a_csv_knows_are_ends_of_lines(tmp_path):
    text = project_text(PROJECT | {"source": "page 3\u2028# of the plan"}, PROJECT | {"project_id": "b", "end": "x"})
    assert refused(tmp_path, text).line == 3
    register = read_projects(put(tmp_path, text.replace(",x,", ",,")))
    assert register.frame["source"].tolist()[0] == "page 3\u2028# of the plan"


def test_columns_may_stand_in_any_order(tmp_path):
    assert (
        read_projects(put(tmp_path, project_text(PROJECT, columns=COLUMNS[::-1]))).frame["built_owner_dwellings_count"][
            0
        ]
        == 90
    )


@pytest.mark.parametrize(
    ("announce", "start", "end"),
    [
        ("2009", "2009-01-01", "2009"),
        ("", "2009", ""),
        ("2009-12-31", "2009", "2009-01-01"[:4]),
        ("2008", "2008", "2008"),
    ],
)
def test_an_order_of_dates_that_is_possible_is_taken(tmp_path, announce, start, end):
    assert (
        read_projects(
            put(tmp_path, project_text(PROJECT | {"announce": announce, "start": start, "end": end}))
        ).rows_count
        == 1
    )


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("project_id", "", "an empty field"),
        ("project_id", "../x", "'../x'"),
        ("area_code", "BU0599123", "'BU0599123'"),
        ("area_code", "bu05991234", "'bu05991234'"),
        ("area_code", "0599", "'0599'"),
        ("area_code", "BU0363AB10", "in the division of 2010"),
        ("code_year", "", "an empty field"),
        ("code_year", "1994", "'1994'"),
        ("code_year", "2010.0", "'2010.0'"),
        ("announce", "2010", "announced after its start"),
        ("announce", "15-06-2007", "the date '15-06-2007'"),
        ("start", "", "an empty field"),
        ("start", "2009-02-30", "the date '2009-02-30'"),
        ("start", "20090331", "the date '20090331'"),
        ("start", "2014", "ends before its start"),
        ("start", "1900", "the date '1900'"),
        ("end", "2008-12-31", "ends before its start"),
        ("demolished_social", "-1", "'-1'"),
        ("demolished_social", "12.5", "'12.5'"),
        ("built_owner", "1.000", "'1.000'"),
        ("built_owner", "ca. 90", "'ca. 90'"),
        ("built_social", "20001", "'20001'"),
        ("built_social", "٣", "'٣'"),
        ("programme", "Vogelaar", "the programme 'Vogelaar'"),
        ("programme", "", "the programme ''"),
        ("source", "", "an empty field"),
    ],
)
def test_a_field_that_cannot_be_is_refused_with_its_line_and_column(tmp_path, column, value, found):
    error = refused(tmp_path, project_text(PROJECT | {"project_id": "first"}, PROJECT | {column: value}))
    assert found in error.found
    assert error.line == 3
    # An order of dates is told at the later of the two.
    assert error.column in (column, "start", "end")


def test_a_programme_that_is_nearly_right_is_guessed(tmp_path):
    assert (
        "did you mean 'vogelaar_40'?" in refused(tmp_path, project_text(PROJECT | {"programme": "vogelaar40"})).action
    )


def test_an_identifier_that_is_repeated_is_refused(tmp_path):
    assert "already on line 2" in str(refused(tmp_path, project_text(PROJECT, PROJECT | {"area_code": "GM0599"})))


def test_a_project_without_any_dwelling_is_refused(tmp_path):
    nothing = dict.fromkeys(("demolished_social", "built_owner", "built_social", "built_private_rent"), "0")
    assert "neither demolishes nor builds" in str(refused(tmp_path, project_text(PROJECT | nothing)))
    unknown = nothing | {"built_owner": ""}
    assert read_projects(put(tmp_path, project_text(PROJECT | unknown))).rows_count == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "an empty file"),
        (project_text(PROJECT).replace("start", "strat", 1), "did you mean 'start'?"),
        (project_text(PROJECT, columns=COLUMNS[:-1]), "no such column"),
        (project_text(PROJECT, columns=(*COLUMNS, "start")), "stands 2 times"),
        (project_text(PROJECT)[:-3], "never closed"),
        ("project_id,area_code\n", "no such column"),
        ('"' + ",".join(COLUMNS), "never closed"),
        ("# only a comment\n", "comments only"),
    ],
)
def test_a_register_of_another_shape_is_refused(tmp_path, text, words):
    assert any(word in str(refused(tmp_path, text)) for word in words.split("|"))


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_edit_gives_a_register_or_a_named_error(tmp_path_factory, data):
    text = list(project_text(PROJECT, PROJECT | {"project_id": "b"}))
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.sampled_from([*'",#\n;-0AZ\0é', ""]))
    try:
        register = read_projects(put(tmp_path_factory.getbasetemp(), "".join(text)))
    except DataError as error:
        assert error.action
        return
    assert register.rows_count == len(register.frame) <= 2


# --- its guide


def test_the_template_is_an_empty_register(tmp_path):
    register = read_projects(put(tmp_path, template()))
    assert register.rows_count == 0
    assert register.frame.empty
    assert PROJECTS.check(register.frame, "empty").empty


def test_the_example_of_the_template_is_a_project(tmp_path):
    assert read_projects(put(tmp_path, template().replace("# ", ""))).frame["programme"].tolist() == ["vogelaar_40"]


def test_the_guide_names_every_column_and_programme():
    text = GUIDE.read_text(encoding="utf-8")
    assert [name for name in (*COLUMNS, *PROGRAMMES) if f"| `{name}` |" not in text] == []


SAVED = {
    "semicolons": lambda text: text.replace(",", ";"),
    "tabs": lambda text: text.replace(",", "\t"),
    "row numbers": lambda text: "".join(f"{n or ''},{line}" for n, line in enumerate(text.splitlines(keepends=True))),
    "Unnamed: 0": lambda text: "".join(
        f"{n or 'Unnamed: 0'},{line}" for n, line in enumerate(text.splitlines(keepends=True))
    ),
    "names in capitals": lambda text: "\n".join([text.split("\n")[0].upper(), *text.split("\n")[1:]]),
}


@pytest.mark.parametrize("save", SAVED.values(), ids=SAVED.keys())
def test_a_register_or_list_that_was_saved_again_gives_the_same_table(tmp_path, save):
    register = project_text(PROJECT | {"source": "report"}, PROJECT | {"project_id": "b", "source": "report"})
    good = read_projects(put(tmp_path, register)).frame
    again = read_projects(put(tmp_path, save(register)))
    assert again.frame.equals(good)
    assert len(again.notes) == 1
    centres = read_growth_centres(put(tmp_path, CENTRES)).frame
    assert read_growth_centres(put(tmp_path, save(CENTRES))).frame.equals(centres)


def test_a_list_with_zeros_dropped_and_an_empty_register_with_semicolons_are_read(tmp_path):
    found = read_growth_centres(put(tmp_path, CENTRES.replace("GM0034", "34").replace("GM0406", "406")))
    assert found.frame["gemeente_code"].tolist() == ["GM0034", "GM0406"]
    assert read_projects(put(tmp_path, ";".join(COLUMNS) + "\n")).rows_count == 0


# --- the lists

CENTRES = "place,gm_code,status\nAlmere,GM0034,confirmed in public sources\nHuizen,GM0406,unconfirmed\n"
FOCUS = 'gm_code_2016,gemeente,focus_area,source\nGM0363,Amsterdam,Zuidoost,"gemeente.nu, July 2022"\n'


def test_growth_centres_keep_their_status(tmp_path):
    centres = read_growth_centres(put(tmp_path, CENTRES))
    assert list(centres.frame) == GROWTH_CENTRES.columns
    assert centres.frame["confirmation"].tolist() == ["confirmed", "unconfirmed"]
    assert (centres.rows_count, int((centres.frame["confirmation"] == "confirmed").sum())) == (2, 1)
    assert centres.frame["gemeente_code"].iloc[0] == "GM0034"


def test_focus_areas_are_unconfirmed_until_somebody_says_so(tmp_path):
    path = put(tmp_path, FOCUS)
    areas = read_focus_areas(path)
    assert list(areas.frame) == FOCUS_AREAS.columns
    assert (areas.frame["confirmation"].tolist(), areas.frame["code_year"].tolist()) == (["unconfirmed"], [2016])
    assert set(read_focus_areas(path).frame["confirmation"]) == {"unconfirmed"}


def test_focus_areas_take_the_year_of_the_codes_from_the_column(tmp_path):
    assert read_focus_areas(put(tmp_path, FOCUS.replace("2016", "2022", 1))).frame["code_year"].tolist() == [2022]


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (read_growth_centres, CENTRES.replace("unconfirmed", "probably"), "the status 'probably'"),
        (read_growth_centres, CENTRES.replace("GM0406", "GM0034"), "already on line 2"),
        (read_growth_centres, CENTRES.replace("GM0406", "HZN406"), "the code 'HZN406'"),
        (read_growth_centres, CENTRES.replace("GM0406", "0"), "the code 'GM0000'"),
        (read_growth_centres, CENTRES.replace("Huizen", " "), "an empty field"),
        (read_growth_centres, CENTRES.replace("status", "state"), "did you mean 'status'?"),
        (read_focus_areas, FOCUS.replace("Zuidoost", ""), "an empty field"),
        (read_focus_areas, FOCUS.replace("gm_code_2016", "gm_code"), "did you mean 'gm_code_2016'?"),
        (read_focus_areas, FOCUS + FOCUS.split("\n")[1] + "\n", "already on line 2"),
        (read_focus_areas, FOCUS + "GM0363,Rotterdam,Noord,x\n", "the name 'Rotterdam' for GM0363"),
    ],
)
def test_a_list_that_contradicts_itself_is_refused(tmp_path, read, text, words):
    with pytest.raises(DataError) as caught:
        read(put(tmp_path, text))
    assert words in str(caught.value)


@pytest.mark.shared
def test_the_real_lists_read_in_full():
    if not SHARED.is_dir():
        pytest.skip("the real files are not here")
    centres = read_growth_centres(SHARED / "groeikernen.csv")
    areas = read_focus_areas(SHARED / "nplv_20_focusgebieden_2022.csv")
    assert (centres.rows_count, int((centres.frame["confirmation"] == "confirmed").sum())) == (17, 10)
    assert (
        areas.rows_count,
        areas.frame["gemeente_code"].nunique(),
        int((areas.frame["confirmation"] == "confirmed").sum()),
    ) == (20, 19, 0)


@pytest.mark.parametrize("mark", ["#N/A", "#REF!", " #NAME?"])
def test_a_spreadsheets_error_in_the_identifier_is_no_comment(tmp_path, mark):
    error = refused(tmp_path, project_text(PROJECT, PROJECT | {"project_id": mark}))
    assert (error.line, error.column) == (3, "project_id")
    assert "a spreadsheet writes" in error.found
