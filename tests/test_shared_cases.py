"""Small real-world inputs beside the project: each gives what its README calls right."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from checkouts import ROOT

from buurteffect.errors import DataError
from buurteffect.panel import build, read_folder, read_joined
from buurteffect.project import Project
from buurteffect.sources import KeyFigureFile

CASES = ROOT.parent / "shared" / "cases" / "data"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CASES.is_dir(), reason="the cases beside the project are not here"),
]


@pytest.fixture
def case(tmp_path: Path) -> Callable[[str], Path]:
    """Copy a case to a folder that can be written to."""

    def copy(name: str, *parts: str) -> Path:
        folder = tmp_path / "case"
        for part in parts or ("",):
            shutil.copytree(CASES / name / part, folder / part, dirs_exist_ok=True, copy_function=shutil.copyfile)
        return folder

    return copy


def _tables(folder: Path) -> list[KeyFigureFile]:
    """Return the key figures of a folder."""
    return sorted(read_folder(folder).key_figures, key=lambda file: file.year)


def _cell(table: KeyFigureFile, code: str, concept: str) -> object:
    """Return one cell of a table: its value, or the reason why it is missing."""
    row = table.frame.set_index("area_code").loc[code]
    return row[f"{concept}_missing"] if pd.isna(row[concept]) else round(float(row[concept]), 6)


@pytest.mark.parametrize("name", ["cbsodata-python-folder", "cbsodataR-folder"])
def test_folders_of_the_public_clients_are_one_table(name: str, case: Callable[[str], Path]) -> None:
    (table,) = _tables(case(name))
    assert (table.year, table.table_id) == (2019, "84583NED")
    assert _cell(table, "GM0999", "inhabitants_count") == 50_000
    assert _cell(table, "BU09990102", "inhabitants_count") == 1_200


def test_a_table_of_four_years_is_four_years(case: Callable[[str], Path]) -> None:
    tables = _tables(case("kwb-four-years-one-table"))
    found = {table.year: _cell(table, "GM0999", "inhabitants_count") for table in tables}
    assert found == {2009: 48_000, 2010: 48_500, 2011: 49_000, 2012: 50_000}


def test_other_titles_of_2003(case: Callable[[str], Path]) -> None:
    (table,) = _tables(case("kwb-2003-other-titles"))
    assert _cell(table, "GM0999", "origin_nonwestern_count") == 4_500
    assert _cell(table, "GM0999", "rented_share") == 0.47


def test_codes_in_three_columns(case: Callable[[str], Path]) -> None:
    (table,) = _tables(case("kwb-2003-parts-of-code"))
    found = {code: _cell(table, code, "inhabitants_count") for code in ("GM0999", "WK099901", "BU09990102")}
    assert found == {"GM0999": 50_000, "WK099901": 8_000, "BU09990102": 1_200}


def test_singular_titles_of_2012(case: Callable[[str], Path]) -> None:
    (table,) = _tables(case("kwb-2012-singular-titles"))
    concepts = ("lowest40_households_share", "highest20_households_share", "low_income_households_share")
    assert [_cell(table, "GM0999", concept) for concept in concepts] == [0.41, 0.19, 0.08]


def test_a_column_without_any_figure_is_not_published(case: Callable[[str], Path]) -> None:
    (table,) = _tables(case("kwb-column-not-yet-published"))
    found = {_cell(table, code, "social_assistance_count") for code in ("GM0999", "BU09990102")}
    assert found == {"not_published"}


def test_attributes_of_the_map(case: Callable[[str], Path]) -> None:
    (table,) = _tables(case("kwb-map-attributes"))
    assert table.year == 2020
    found = [_cell(table, "BU09990102", c) for c in ("inhabitants_count", "age_0_14_count", "origin_morocco_count")]
    assert found[:2] == [1_200, 192]
    assert isinstance(found[2], str)


def test_selected_subjects_leave_the_rest_readable(case: Callable[[str], Path]) -> None:
    (table,) = _tables(case("kwb-selected-subjects"))
    assert _cell(table, "GM0999", "dwellings_count") == 22_000
    assert isinstance(_cell(table, "GM0999", "one_person_households_count"), str)


def test_a_value_a_thousand_times_too_large_is_refused_by_name(case: Callable[[str], Path]) -> None:
    with pytest.raises(DataError, match=r"(?s)woz.*(1,?000|thousand)"):
        _tables(case("kwb-woz-in-euro"))


@pytest.mark.parametrize("part", ["kwb", "kwb_semicolon"])
def test_what_r_saved_again_is_read(part: str, case: Callable[..., Path]) -> None:
    (table,) = _tables(case("r-make-names-export", part))
    concepts = ("inhabitants_count", "household_size_mean", "woz_value_eur", "owner_occupied_share")
    assert [_cell(table, "GM0999", concept) for concept in concepts] == [5_000, 2.1, 210_000, 0.44]
    assert _cell(table, "BU09990001", "household_size_mean") == 1.9
    assert isinstance(_cell(table, "BU09990001", "woz_value_eur"), str)


def test_the_layout_of_gebiedsindelingen(case: Callable[[str], Path]) -> None:
    (found,) = read_folder(case("boundaries-statcode")).polygons
    assert (found.level, found.year, list(found.frame["area_code"])) == ("buurt", 2022, ["BU09990001"])


def test_files_of_any_suffix_are_read_or_named(case: Callable[[str], Path]) -> None:
    folder = case("boundaries-passed-over")
    for broken in sorted(path for path in (folder / "boundaries").iterdir()):
        with pytest.raises(DataError, match=broken.name):
            read_folder_of(broken)


def read_folder_of(broken: Path) -> None:
    """Read a folder in which only one file of boundaries stands, and refuse it where it was passed over by name."""
    alone = broken.parent.parent.parent / "alone" / broken.stem / "boundaries"
    alone.mkdir(parents=True)
    shutil.copyfile(broken, alone / broken.name)
    found = read_folder(alone.parent)
    for name, reason in found.passed_over:
        raise DataError(name, expected="boundaries", found=reason, action="give another file")


def test_balances_that_are_off_by_one_are_read_and_listed(case: Callable[[str], Path]) -> None:
    folder = read_folder(case("housing-stock-off-by-one"))
    (table,) = folder.stock
    assert len(table.frame) == 2
    assert "1" in next(entry["note"] for entry in folder.others if entry["kind"] == "housing stock")


def test_ses_woa_without_the_spread(case: Callable[[str], Path]) -> None:
    (file,) = read_folder(case("ses-woa-without-spread")).ses_woa
    assert file.frame["ses_woa_score"].tolist() == [-0.05, 0.12]
    assert file.frame["ses_woa_spread_score"].isna().all()
    assert file.frame["ses_woa_spread_score_missing"].notna().all()


def test_ses_woa_stands_on_the_areas_of_the_year_of_its_table(case: Callable[[str], Path], project: Project) -> None:
    build(case("ses-woa-vintage"), project.processed("open") / "panel")
    joined = read_joined("open", "wijk", "as_published", project).frame
    scored = joined[joined["in_ses_woa"]]
    assert "same_vintage" not in set(scored["ses_woa_join"])
    assert set(scored["boundary_year"]) != {2019}


def test_the_list_of_cases_is_whole() -> None:
    """A case that is added beside the project needs a test here, or is one of those that builds and downloads try."""
    tried_elsewhere = {"default-open-build", "other-gemeente", "statline-500-on-skip"}
    text = Path(__file__).read_text(encoding="utf-8")
    assert {path.name for path in CASES.iterdir() if f'"{path.name}"' not in text} == set()
    assert tried_elsewhere <= {path.name for path in CASES.iterdir()}
