"""Advice that is followed leads to success: provoke a refusal, do literally what it says, and look at the value."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from boundary_files import GRID, collection, square
from key_figure_files import BULK, TOWNS, as_csv, as_workbook, times, towns
from raw_tables import (
    SCORE_HEADER,
    SCORES,
    SCORES_FILE,
    SES_ROWS,
    put,
    put_scores,
    put_stock,
    score_row,
    ses_text,
    typed_stock,
)

from buurteffect import panel
from buurteffect.errors import DataError, ParameterError
from buurteffect.panel import read_folder

SECOND = score_row("WK036301", 2012, 4.3, "Café")
FLOWS = "year_from,year_to,source,target,n_addresses\n2020,2021,900100,900100,400\n2020,2021,900101,900100,100\n"
REGISTER = (
    "project_id,area_code,code_year,announce,start,end,demolished_social,built_owner,built_social,built_private_rent,"
    "programme,source\n"
)
PROJECT = "zuid-1,WK036300,2002,2007-06-15,2009,2013-11-01,120,90,0,,vogelaar_40,Report\n"
ONLY_PYTHON = re.compile(r"\bread_[a-z]|[a-z]=[{(]|\bcrs=|extend this reader|[A-Z]_[0-9]\b|list_members")
PLACE = (90_000.0, 430_000.0)


def figures(raw: Path, year: int = 2020, **changed: list) -> None:
    """Put key figures of two gemeenten there."""
    (raw / "kwb").mkdir(parents=True, exist_ok=True)
    table = TOWNS | changed
    rows = [list(table), *map(list, zip(*table.values(), strict=True))]
    as_workbook(raw / "kwb" / f"kwb-{year}.xlsx", rows, sheet=f"KWB{year}")


def wijk(ring: list, code: str = "WK036300", crs: dict | None = GRID) -> str:
    place = {"wijkcode": code, "wijknaam": "Ergens", "gemeentecode": "GM0363", "water": "NEE"}
    shape = {"type": "Polygon", "coordinates": [ring]}
    return json.dumps(collection({"type": "Feature", "properties": place, "geometry": shape}, crs=crs))


UNCODED = wijk(square(*PLACE)).replace("wijkcode", "nr").replace("gemeentecode", "gm")


def move(raw: Path, name: str, new: str | None = None) -> None:
    """Rename a file of the folder, or move it out."""
    target = raw.parent / Path(name).name if new is None else raw / new
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(raw / name, target)


@dataclass(frozen=True)
class Built:
    """A panel that was built."""

    out: Path

    def value(self, code: str, column: str, year: int, rule: str = "as_published"):
        level = {"WK": "wijk", "BU": "buurt", "GM": "gemeente"}[code[:2]]
        frame = pd.read_parquet(self.out / f"{level}.parquet")
        found = frame[(frame["area_code"] == code) & (frame["year"] == year) & (frame["boundary_rule"] == rule)]
        return found[column].dropna().item()

    @property
    def record(self) -> dict:
        return json.loads((self.out / "inputs.json").read_text(encoding="utf-8"))

    def note(self, kind: str) -> str:
        return next(each["note"] for each in self.record["others"] if kind in each["kind"])

    @property
    def project(self) -> pd.Series:
        return pd.read_parquet(self.out / "projects.parquet").iloc[0]


@dataclass(frozen=True)
class Case:
    """A refusal: how it comes about, what it names and advises, what somebody who does so does, and what is right."""

    name: str
    provoke: Callable[[Path], object]
    place: str
    advice: str
    follow: Callable[[Path], object]
    right: Callable[[Built], bool]


def score_is_right(built: Built) -> bool:
    return built.value("WK036300", "liveability_score", 2012) == pytest.approx(4.2, abs=1e-12)


def worth_is_right(built: Built) -> bool:
    return built.value("GM9001", "woz_value_eur", 2020) == 285_000


def cut_zip(raw: Path) -> None:
    path = put(raw, "leefbaarometer3/scores.zip", b"")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("wijken.csv", SCORES)
    path.write_bytes(path.read_bytes()[:-40])


def two_sheets(raw: Path) -> None:
    (raw / "kwb").mkdir()
    with pd.ExcelWriter(raw / "kwb" / "kwb.xlsx") as writer:
        for year in (2020, 2021):
            pd.DataFrame(TOWNS).to_excel(writer, sheet_name=str(year), index=False)


def save_sheets(raw: Path) -> None:
    for year, sheet in pd.read_excel(raw / "kwb" / "kwb.xlsx", sheet_name=None, engine="openpyxl").items():
        sheet.to_excel(raw / "kwb" / f"kwb-{year}.xlsx", index=False, sheet_name=year)
    move(raw, "kwb/kwb.xlsx")


def twice_the_year(raw: Path) -> None:
    figures(raw)
    put(raw, "kwb_old/kwb-2020.xlsx", b"")
    towns(raw / "kwb_old", a_inw=[50_001, 20_000, 8_000, 1_200, 950])


def lay_in_the_sea(raw: Path) -> None:
    put_scores(raw)
    put(raw, "boundaries/wijken_2012.geojson", wijk(square(500, 500), crs=None))


def without_prj(raw: Path) -> None:
    import geopandas as gpd

    put_scores(raw)
    (raw / "boundaries").mkdir()
    features = json.loads(wijk(square(500_000, 430_000)))["features"]
    gpd.GeoDataFrame.from_features(features).to_file(raw / "boundaries" / "wijken_2012.shp")


def save_with_system(raw: Path) -> None:
    import geopandas as gpd

    here = raw / "boundaries" / "wijken_2012.shp"
    gpd.read_file(here).set_crs("EPSG:32631").to_crs("EPSG:28992").to_file(here)


def size_is_right(built: Built) -> bool:
    return built.value("WK036300", "area_m2", 2012) == pytest.approx(10_000, rel=0.01)


def unbalanced(raw: Path, closing: int = 1100) -> None:
    put_scores(raw)
    rows = typed_stock()
    rows[0]["EindstandVoorraad_8"] = closing
    (raw / "housing_stock").mkdir(exist_ok=True)
    put_stock(raw / "housing_stock", rows)


def unlisted_area(raw: Path) -> None:
    figures(raw)
    put(raw, "projects/register.csv", REGISTER + PROJECT.replace("WK036300,2002", "WK900109,2020"))


CASES = [
    Case("nothing in the folder", lambda raw: None, "open", "into leefbaarometer3", put_scores, score_is_right),
    Case(
        "only another folder in the folder",
        lambda raw: put(raw, f"inner/{SCORES_FILE}", SCORES),
        "open",
        "name the folder inner that lies in it, by OPEN_DATA=…/inner",
        lambda raw: raw / "inner",
        score_is_right,
    ),
    Case(
        "scores beside their folder",
        lambda raw: put(raw, "wijken.csv", SCORES),
        "open",
        "into leefbaarometer3",
        lambda raw: move(raw, "wijken.csv", "leefbaarometer3/wijken.csv"),
        score_is_right,
    ),
    Case(
        "a name that lies about its years",
        lambda raw: put(raw, "leefbaarometer3/wijken 2002-2008.csv", SCORES),
        "leefbaarometer3/wijken 2002-2008.csv",
        "rename the file so that its name says the years inside",
        lambda raw: move(raw, "leefbaarometer3/wijken 2002-2008.csv", SCORES_FILE),
        score_is_right,
    ),
    Case(
        "the same scores twice",
        lambda raw: (put_scores(raw), put(raw, "leefbaarometer3/buurten.csv", SCORES)),
        "leefbaarometer3/wijken 2002-2012.csv",
        "move the other out of the folder",
        lambda raw: move(raw, "leefbaarometer3/buurten.csv"),
        score_is_right,
    ),
    Case(
        "scores rounded to two digits",
        lambda raw: put(
            raw, "leefbaarometer3/w.csv", SCORE_HEADER + "WK036300,Centrum,2012,4.20,0.10,NA,NA,NA,NA,NA\n"
        ),
        "leefbaarometer3/w.csv",
        "use the publisher's own file",
        lambda raw: put(raw, "leefbaarometer3/w.csv", SCORES),
        score_is_right,
    ),
    Case(
        "scores that end in the middle of a line",
        lambda raw: put(raw, SCORES_FILE, SCORES[:-18]),
        f"{SCORES_FILE}, line 3",
        "move the file away and download it again",
        put_scores,
        score_is_right,
    ),
    Case(
        "a zip that is cut off",
        cut_zip,
        "leefbaarometer3/scores.zip",
        "move the file away and download it again",
        lambda raw: (move(raw, "leefbaarometer3/scores.zip"), put_scores(raw)),
        score_is_right,
    ),
    Case(
        "a text in two encodings",
        lambda raw: put(raw, SCORES_FILE, SCORES.replace("Centrum", "Cité").encode() + SECOND.encode("latin-1")),
        f"{SCORES_FILE}, line 4",
        "save the file again as UTF-8",
        lambda raw: put(raw, SCORES_FILE, SCORES.replace("Centrum", "Cité") + SECOND),
        lambda built: score_is_right(built) and built.value("WK036300", "area_name", 2012) == "Cité",
    ),
    Case(
        "a wave of the future",
        lambda raw: put(raw, "leefbaarometer3/wijken.csv", SCORES + score_row("WK036300", 2026, 4.3)),
        "leefbaarometer3/wijken.csv, line 4, column 'jaar'",
        "take its rows out of a copy",
        lambda raw: put(raw, "leefbaarometer3/wijken.csv", SCORES),
        score_is_right,
    ),
    Case(
        "key figures of an untold year",
        lambda raw: put(raw, "kwb/cijfers.csv", as_csv(BULK)),
        "kwb/cijfers.csv",
        "a name with the year that it is of",
        lambda raw: move(raw, "kwb/cijfers.csv", "kwb/cijfers_2019.csv"),
        lambda built: built.value("GM0363", "woz_value_eur", 2019) == 378_000,
    ),
    Case(
        "a name that lies about its year",
        lambda raw: (figures(raw), move(raw, "kwb/kwb-2020.xlsx", "kwb/kwb-2015.xlsx")),
        "kwb/kwb-2015.xlsx > KWB2020",
        "rename it, such as to kwb_2020.xlsx",
        lambda raw: move(raw, "kwb/kwb-2015.xlsx", "kwb/kwb_2020.xlsx"),
        worth_is_right,
    ),
    Case(
        "two files of a year",
        twice_the_year,
        "kwb_old/kwb-2020.xlsx",
        "remove the other",
        lambda raw: move(raw, "kwb_old/kwb-2020.xlsx"),
        lambda built: built.value("GM9001", "inhabitants_count", 2020) == 50_000,
    ),
    Case(
        "the same key figures twice",
        lambda raw: (put(raw, "kwb/a_2019.csv", as_csv(BULK)), put(raw, "kwb/b_2019.csv", as_csv(BULK))),
        "b_2019.csv",
        "move the other out of the folder",
        lambda raw: move(raw, "kwb/b_2019.csv"),
        lambda built: built.value("GM0363", "woz_value_eur", 2019) == 378_000,
    ),
    Case(
        "WOZ values in euro",
        lambda raw: figures(raw, **times("g_wozbag", 1000)),
        "kwb/kwb-2020.xlsx > KWB2020, column 'g_wozbag'",
        "divide the column by 1,000",
        figures,
        worth_is_right,
    ),
    Case("two sheets", two_sheets, "kwb/kwb.xlsx", "save each sheet of key figures", save_sheets, worth_is_right),
    Case(
        "key figures by postcode",
        lambda raw: (figures(raw), put(raw, "kwb/pc4_2020.csv", "PC4;INWONER\n1011;9000\n1012;8000\n")),
        "kwb/pc4_2020.csv, line 1",
        "move it out of the folder",
        lambda raw: move(raw, "kwb/pc4_2020.csv"),
        worth_is_right,
    ),
    Case(
        "a crosswalk that lost its zeros",
        lambda raw: (
            put_scores(raw),
            put(raw, "crosswalk/flows.csv", FLOWS.replace("900100", "9100").replace("9", "", 2)),
        ),
        "crosswalk/flows.csv, line 2",
        "save the codes as text",
        lambda raw: put(raw, "crosswalk/flows.csv", FLOWS),
        lambda built: "wijk, 2020 to 2021" in built.note("crosswalk"),
    ),
    Case(
        "a crosswalk without its years",
        lambda raw: (put_scores(raw), put(raw, "crosswalk/flows.csv", FLOWS.replace("year_", ""))),
        "crosswalk/flows.csv, line 1",
        "the names that are expected",
        lambda raw: put(raw, "crosswalk/flows.csv", FLOWS),
        lambda built: "wijk, 2020 to 2021" in built.note("crosswalk"),
    ),
    Case(
        "a crosswalk of two levels",
        lambda raw: (put_scores(raw), put(raw, "crosswalk/flows.csv", FLOWS + "2020,2021,BU90010001,BU90010000,5\n")),
        "crosswalk/flows.csv, line 4",
        "put areas of another kind into a file of their own",
        lambda raw: (
            put(raw, "crosswalk/flows.csv", FLOWS),
            put(raw, "crosswalk/buurten.csv", FLOWS.split("\n")[0] + "\n2020,2021,BU90010001,BU90010000,5\n"),
        ),
        lambda built: {each["kind"] for each in built.record["others"]} == {"crosswalk of codes"},
    ),
    Case(
        "boundaries of no place in the country",
        lay_in_the_sea,
        "boundaries/wijken_2012.geojson",
        "give it its right coordinate system",
        lambda raw: put(raw, "boundaries/wijken_2012.geojson", wijk(square(*PLACE))),
        size_is_right,
    ),
    Case(
        "boundaries whose coordinate system does not exist",
        lambda raw: (
            put_scores(raw),
            put(raw, "boundaries/wijken_2012.geojson", wijk(square(*PLACE)).replace("::28992", "::999999")),
        ),
        "boundaries/wijken_2012.geojson, column 'crs'",
        "with a coordinate system that has a code, such as EPSG:28992",
        lambda raw: put(raw, "boundaries/wijken_2012.geojson", wijk(square(*PLACE))),
        size_is_right,
    ),
    Case(
        "a register with a bad line",
        lambda raw: (put_scores(raw), put(raw, "projects/register.csv", REGISTER + PROJECT.replace(",120,", ",veel,"))),
        "projects/register.csv, line 2, column 'demolished_social'",
        "mend the line",
        lambda raw: put(raw, "projects/register.csv", REGISTER + PROJECT),
        lambda built: built.project["demolished_social_dwellings_count"] == 120,
    ),
    Case(
        "a register without a column",
        lambda raw: (
            put_scores(raw),
            put(raw, "projects/register.csv", (REGISTER + PROJECT).replace("programme", "plan")),
        ),
        "projects/register.csv, line 1, column 'plan'",
        "the names that are expected",
        lambda raw: put(raw, "projects/register.csv", REGISTER + PROJECT),
        lambda built: built.project["programme"] == "vogelaar_40",
    ),
    Case(
        "a project in an area that its year does not have",
        unlisted_area,
        "register.csv, column 'area_code, code_year'",
        "mend the code or its year",
        lambda raw: put(raw, "projects/register.csv", REGISTER + PROJECT.replace("WK036300,2002", "WK900100,2020")),
        lambda built: built.project["area_code"] == "WK900100",
    ),
    Case(
        "housing stock that does not add up",
        unbalanced,
        "housing_stock/81955NED.csv, line 2",
        "use the publisher's own file",
        lambda raw: unbalanced(raw, closing=1023),
        lambda built: built.value("GM0363", "stock_closing_dwellings_count", 2012) == 1023,
    ),
    Case(
        "a list of groups with other columns",
        lambda raw: (put_scores(raw), put(raw, "gemeente_groups.csv", "gemeente_code,group,source\nGM0363,other,x\n")),
        "gemeente_groups.csv",
        "move it out of the folder",
        lambda raw: move(raw, "gemeente_groups.csv"),
        lambda built: built.value("WK036300", "city_group", 2012) == "four_largest",
    ),
]

LISTED = [
    Case(
        "a register as a workbook",
        lambda raw: (
            put_scores(raw),
            as_workbook(put(raw, "projects/register.xlsx", b""), [["project_id"]], sheet="x"),
        ),
        "projects/register.xlsx",
        "save a workbook as CSV UTF-8",
        lambda raw: put(raw, "projects/register.csv", REGISTER + PROJECT),
        lambda built: built.project["start_year"] == 2009,
    ),
    Case(
        "a crosswalk as a workbook",
        lambda raw: (put_scores(raw), as_workbook(put(raw, "crosswalk/flows.xlsx", b""), [["source"]], sheet="x")),
        "crosswalk/flows.xlsx",
        "crosswalks are read from .csv",
        lambda raw: put(raw, "crosswalk/flows.csv", FLOWS),
        lambda built: "wijk, 2020 to 2021" in built.note("crosswalk"),
    ),
    Case(
        "boundaries without a code",
        lambda raw: (
            put_scores(raw),
            put(raw, "boundaries/w.geojson", UNCODED),
        ),
        "boundaries/w.geojson",
        "no column with the code of an area",
        lambda raw: put(raw, "boundaries/wijken_2012.geojson", wijk(square(*PLACE))),
        size_is_right,
    ),
]


def build(raw: Path) -> Built:
    out = raw.parent / "out"
    panel.build(raw, out)
    return Built(out)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_doing_what_a_refusal_says_leads_to_the_right_value(raw, case):
    case.provoke(raw)
    with pytest.raises(DataError) as caught:
        build(raw)
    said = str(caught.value)
    assert case.place in said.splitlines()[0]
    assert case.advice in caught.value.action
    assert str(raw) not in said
    assert not ONLY_PYTHON.search(caught.value.action)
    followed = case.follow(raw)
    built = build(followed if case.name.startswith("only another folder") else raw)
    assert case.right(built)


@pytest.mark.parametrize("case", LISTED, ids=lambda case: case.name)
def test_doing_what_is_said_of_a_file_that_was_passed_over_leads_to_the_right_value(raw, case):
    case.provoke(raw)
    assert case.advice in dict(read_folder(raw).passed_over)[case.place]
    case.follow(raw)
    assert case.right(build(raw))


def test_an_export_of_ses_woa_of_unknown_areas_says_so_and_its_name_tells_them(raw):
    put_scores(raw)
    put(raw, "ses_woa/scores.csv", ses_text(SES_ROWS))
    said = next(each["note"] for each in read_folder(raw).others)
    assert "assumed" in said
    assert "a name with the table's number says it" in said
    move(raw, "ses_woa/scores.csv", "ses_woa/85539NED.csv")
    built = build(raw)
    assert "areas of 2022 (table 85539NED)" in built.note("SES-WOA")
    assert built.value("WK000101", "ses_woa_score", 2019) == 0.647


def test_a_base_year_without_key_figures_is_refused_and_a_year_that_is_named_is_taken(raw):
    figures(raw, 2020)
    figures(raw, 2021)
    put(raw, "crosswalk/flows.csv", FLOWS)
    with pytest.raises(ParameterError) as caught:
        panel.build(raw, raw.parent / "out", 2030)
    named = re.search(r"BASE_YEAR=2030: the key figures are of 2020, (2021)", str(caught.value))
    panel.build(raw, raw.parent / "out", int(named[1]))
    assert Built(raw.parent / "out").value("GM9001", "woz_value_eur", 2021) == 285_000
