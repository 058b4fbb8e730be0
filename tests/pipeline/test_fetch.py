"""The command that fetches: from the line that make gives it to files that the panel reads, over a local server."""

from __future__ import annotations

import hashlib
import json
import zipfile

import pytest
from checkouts import ROOT
from fetching import GPKG, names
from local_server import status
from statline_tables import figures

from buurteffect.errors import DownloadError, ProjectError
from buurteffect.panel import read_key_figures_panel
from buurteffect.pipeline.cli import main
from buurteffect.sources.download.catalogue import CatalogueEntry, read_catalogue
from buurteffect.sources.key_figures.columns.mapping import table_years
from buurteffect.sources.statline.store import open_table
from buurteffect.sources.tables.ses_woa_areas import TABLES as TABLES_OF_SES


def test_without_a_request_only_what_is_needed_is_fetched(fetch, home, statline):
    said = fetch()
    assert names(home) == {"leefbaarometer3/scores.zip", "fetched.toml"}
    assert "fetched: scores\n" in said
    assert statline.asked == ["/scores.zip"]


def test_a_second_fetch_asks_the_publisher_for_nothing(fetch, home, statline):
    fetch("--kwb", "2017,2019")
    fetch()
    asked, before = len(statline.asked), {name: (home / name).read_bytes() for name in names(home)}
    said = fetch("--kwb", "2017,2019") + fetch()
    assert len(statline.asked) == asked
    assert "already there, not fetched: kwb 2017 83765NED, kwb 2019 84583NED" in said
    assert {name: (home / name).read_bytes() for name in names(home)} == before


def test_whole_tables_come_as_one_zip_each(fetch, home):
    fetch("--kwb", "2017,2019")
    assert names(home) == {"kwb_statline/kwb-2017-83765NED.zip", "kwb_statline/kwb-2019-84583NED.zip"}


def test_a_year_without_a_known_table_is_refused_before_anything_is_asked_for(fetch, statline):
    said = fetch("--kwb", "2017-2022", code=ProjectError.exit_code)
    assert "no table is known of 2018, 2020, 2021" in said
    assert statline.asked == []


def test_the_pages_in_the_zip_are_those_that_came_and_their_manifest_names_them(fetch, home):
    fetch("--kwb", "2019")
    with zipfile.ZipFile(home / "kwb_statline" / "kwb-2019-84583NED.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["complete"] is True
        assert {page["set_name"] for page in manifest["pages"]} == {"TableInfos", "DataProperties", "UntypedDataSet"}
        for page in manifest["pages"]:
            data = archive.read(page["name"])
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (page["sha256"], page["bytes_count"])
        rows = [
            row
            for page in manifest["pages"]
            if page["set_name"] == "UntypedDataSet"
            for row in json.loads(archive.read(page["name"]))["value"]
        ]
    assert rows == figures(2019)


def test_what_was_fetched_is_what_the_panel_is_built_from(fetch, home, project):
    fetch("--kwb", "2017 2019")
    assert main(["panel", "--source", "open"]) == 0
    for level, count in (("buurt", 4), ("wijk", 2), ("gemeente", 2)):
        frame = read_key_figures_panel("open", level, project=project).frame
        assert frame.groupby("year").size().to_dict() == {2017: count, 2019: count}
    amsterdam = frame.query("area_code == 'GM0363'").set_index("year")["inhabitants_count"]
    assert amsterdam.to_dict() == {2017: 217, 2019: 219}


def test_one_gemeente_brings_only_its_rows(fetch, home, project, statline):
    fetch("--kwb", "2017,2019", "--gemeente", "GM0599")
    assert names(home) == {
        "kwb_statline/kwb-2017-83765NED-GM0599.zip",
        "kwb_statline/kwb-2019-84583NED-GM0599.zip",
    }
    assert main(["panel", "--source", "open"]) == 0
    frame = read_key_figures_panel("open", "buurt", project=project).frame
    assert sorted(frame["area_code"].unique()) == ["BU05990000", "BU05990001"]
    assert all("startswith(WijkenEnBuurten,'GM0599')" in address for address in statline.data_asked)


def test_a_whole_table_takes_the_place_of_its_parts_and_makes_them_needless(fetch, home):
    fetch("--kwb", "2019", "--gemeente", "GM0599", "GM0363")
    said = fetch("--kwb", "2019")
    assert names(home) == {"kwb_statline/kwb-2019-84583NED.zip"}
    assert "removed kwb-2019-84583NED-GM0363.zip, whose rows are in the whole table" in said
    assert "already there, not fetched: kwb 2019 84583NED GM0599" in fetch("--kwb", "2019", "--gemeente", "GM0599")


def test_a_table_that_fails_is_named_and_the_others_are_fetched(fetch, home, statline):
    fetch("--kwb", "2017")
    before = (home / "kwb_statline" / "kwb-2017-83765NED.zip").read_bytes()
    statline.broken = {"84583NED"}
    said = fetch("--kwb", "2017,2019,2022", code=DownloadError.exit_code)
    assert "\nfetched: kwb 2022 85318NED\n" in said
    assert "\nalready there, not fetched: kwb 2017 83765NED\n" in said
    assert "\nfailed: kwb 2019 84583NED\n" in said
    assert "1 of 3 could not be fetched" in said
    assert "answered 404" in said
    assert (home / "kwb_statline" / "kwb-2017-83765NED.zip").read_bytes() == before
    assert not [name for name in names(home) if "84583NED" in name and name.startswith("kwb")]
    statline.broken = set()
    assert "fetched: kwb 2019 84583NED\n" in fetch("--kwb", "2017,2019,2022")


def test_a_failure_in_the_first_table_leaves_no_folder_of_key_figures(fetch, home, statline):
    statline.broken = {"84583NED"}
    fetch("--kwb", "2019", code=DownloadError.exit_code)
    assert not (home / "kwb_statline").exists()


def test_a_fetch_that_was_cut_off_goes_on_after_its_last_whole_page(fetch, home, statline):
    statline.fault_on_data = {3: status(404)}
    fetch("--kwb", "2019", code=DownloadError.exit_code)
    first = len(statline.data_asked)
    statline.fault_on_data = {}
    said = fetch("--kwb", "2019")
    assert "going on after 2 whole pages (6 rows)" in said
    assert len(statline.data_asked) == first + 1
    assert names(home) == {"kwb_statline/kwb-2019-84583NED.zip"}


def test_a_damaged_zip_is_named_and_left(fetch, home, statline):
    fetch("--kwb", "2019")
    target = home / "kwb_statline" / "kwb-2019-84583NED.zip"
    target.write_bytes(target.read_bytes()[:-30])
    asked = len(statline.asked)
    assert "is there, but is not a readable zip" in fetch("--kwb", "2019", code=DownloadError.exit_code)
    assert len(statline.asked) == asked


def test_groups_are_fetched_by_name_into_the_folders_of_their_readers(fetch, home):
    fetch("--tables", "stock, boundaries", "--years", "2020-2021")
    stored = open_table(home / "housing_stock" / "81955NED" / "v3-UntypedDataSet-all")
    assert stored.rows_count == len(figures(2019))
    assert (home / "boundaries" / "areas_2021.gpkg").read_bytes() == GPKG + b"2021"
    assert "already there, not fetched: stock 81955NED" in fetch("--tables", "stock")


def test_a_group_of_which_a_table_was_cut_off_leaves_nothing_that_a_reader_would_meet(fetch, home, statline):
    statline.fault_on_data = {3: status(404)}
    fetch("--tables", "stock", code=DownloadError.exit_code)
    assert not (home / "housing_stock").exists()
    statline.fault_on_data = {}
    assert "going on after 2 whole pages" in fetch("--tables", "stock")
    assert not list((home / "statline").rglob("*.json"))


def test_a_year_of_boundaries_that_does_not_exist_fails_alone(fetch, home):
    said = fetch("--tables", "boundaries", "--years", "2021 2022", code=DownloadError.exit_code)
    assert "fetched: boundaries 2021\n" in said
    assert "failed: boundaries 2022\n" in said
    assert (home / "boundaries" / "areas_2021.gpkg").exists()


def test_a_file_that_is_no_geopackage_is_thrown_away(fetch, home, statline):
    statline.files["/2020/areas_2020.gpkg"] = b"{'error': 'no such year'}"
    said = fetch("--tables", "boundaries", "--years", "2020", code=DownloadError.exit_code)
    assert "no GeoPackage" in said
    assert not (home / "boundaries" / "areas_2020.gpkg").exists()


def test_what_only_a_person_can_fetch_says_what_to_do_until_it_is_there(fetch, home):
    said = fetch("--tables", "ses_woa", code=DownloadError.exit_code)
    assert "export it as CSV" in said
    (home / "ses_woa").mkdir(parents=True)
    (home / "ses_woa" / "scores.csv").write_text("x")
    assert "there already: scores.csv" in fetch("--tables", "ses_woa")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--kwb", "2024-2013"], "give years or spans"),
        (["--kwb", "twenty"], "give years or spans"),
        (["--kwb", ","], "no years"),
        (["--kwb", "2019", "--gemeente", "0599"], "give GM and four digits"),
        (["--gemeente", "GM0599"], "name it too, by KWB or TABLES"),
        (["--years", "2019"], "name it too, by KWB or TABLES"),
        (["--tables", "kbw"], "did you mean 'kwb'?"),
        (["--tables", "stock", "--years", "2019"], "no table per year of stock"),
        (["--tables", "stock", "--gemeente", "GM0599"], "cannot be cut down to a gemeente"),
        (["--tables", "boundaries"], "name the years"),
        (["--kwb", "2019", "--open-data", "."], "leave out either OPEN_DATA or KWB"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_before_anything_is_asked_for(fetch, statline, arguments, found):
    assert found in fetch(*arguments, code=ProjectError.exit_code)
    assert statline.asked == []


def test_a_folder_of_ones_own_is_read_as_it_is_and_nothing_is_downloaded(fetch, home, statline, tmp_path):
    (tmp_path / "own").mkdir()
    said = fetch("--open-data", str(tmp_path / "own"))
    assert f"read from {tmp_path / 'own'} as they are; nothing is downloaded" in said
    assert statline.asked == []
    assert not home.exists()


def test_the_list_shows_tables_licences_and_what_is_there_and_fetches_nothing(fetch, statline):
    fetch("--kwb", "2019")
    asked = len(statline.asked)
    said = fetch("--list")
    assert len(statline.asked) == asked
    assert "2019  84583NED  here: kwb-2019-84583NED.zip; " in said
    assert "2017  83765NED  not here; size not known before it has come" in said
    assert "CBS; licence CC BY 4.0" in said
    assert "kwb: Key figures  [TABLES=kwb YEARS=2017-2022 GEMEENTE=GM0599]" in said


def shipped() -> dict[str, CatalogueEntry]:
    return {offer.name: offer for offer in read_catalogue(ROOT / "data" / "raw" / "sources.toml")}


def test_the_shipped_registry_offers_the_tables_that_the_readers_know():
    offers = shipped()
    offered = {table.upper(): frozenset(years) for table, years in offers["kwb"].years_by_table.items()}
    by_hand = {"37108", "37515", "37681"}  # of the nineties: their titles are known, but not that StatLine serves them
    assert offered == {table: years for table, years in table_years().items() if table not in by_hand}
    assert offers["priority_areas"].tables == ((None, "71718ned"),)
    assert dict(map(reversed, offers["ses_woa"].tables)) == {table: year for table, (year, _) in TABLES_OF_SES.items()}
    assert set(offers) == {"kwb", "crosswalk", "boundaries", "ses_woa", "housing_stock", "priority_areas"}
