"""Everything fetched with one display, every address asked for its head, and the page on the data."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO

import pytest
from checkouts import ROOT
from fetching import ZIP, names
from local_server import LocalServer, hang_up, sending, status
from raw_tables import STREET, street
from statline_server import Row
from statline_tables import StatLineTables, key_figures

from buurteffect.errors import DownloadError, ProjectError
from buurteffect.panel.inputs.raw_folder import read_folder
from buurteffect.pipeline.cli import main
from buurteffect.sources.download.catalogue import read_catalogue
from buurteffect.sources.download.progress import Display
from buurteffect.sources.http.heads import first_answer
from buurteffect.sources.registry import read_registry
from buurteffect.sources.registry_keys import says_confirmed

GPKG = b"SQLite format 3\0" + bytes(500)
TEXTS = 'publisher = "CBS"\nlicence = "CC BY 4.0"\nnotes = "-"\n'
REGISTRY = f"""
[scores]
title = "Scores"
{TEXTS}
address = "BASE/scores.zip"
path = "leefbaarometer3/scores.zip"
needed = true
needed_by = []

[geometry]
title = "Not for all"
{TEXTS}
address = "BASE/geometry.zip"
path = "leefbaarometer3/geometry.zip"
needed = false
needed_by = []

[offer.kwb]
title = "Key figures"
{TEXTS}
folder = "kwb_statline"
tables = {{ 2017 = "83765NED", 2018 = "83765NED", 2019 = "84583NED" }}
by_gemeente = true
packed = true
service = "BASE"
pause_seconds = 0
with_all = true

[offer.crosswalk]
title = "Addresses"
{TEXTS}
folder = "addresses"
with_all = true
[offer.crosswalk.absent]
2015 = "no file of it is known: leave 2015 out"
[offer.crosswalk.files]
2016 = {{ address = "BASE/2016/of-another-name.zip", file = "addresses_2016.zip" }}
2017 = {{ address = "BASE/2017.zip", file = "addresses_2017.zip", confirmed = "2026-12-01, a test" }}

[offer.boundaries]
title = "Boundaries"
{TEXTS}
folder = "boundaries"
with_all = [2021]
[offer.boundaries.files]
2020 = {{ address = "BASE/areas_2020_v3.gpkg", file = "areas_2020_v3.gpkg" }}
2021 = {{ address = "BASE/areas_2021.gpkg", file = "areas_2021.gpkg" }}

[offer.ses_woa]
title = "SES-WOA"
{TEXTS}
folder = "ses_woa"
tables = {{ 2023 = "85900NED", 2024 = "86092NED" }}
service = "BASE"
pause_seconds = 0

[offer.by_hand_only]
title = "By hand"
{TEXTS}
folder = "hand"
by_hand = "export it as CSV"
"""


def zipped(year: int) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"pc6hnr{year}0801_gwb.csv", street(year))
    return content.getvalue()


SES_COLUMNS = {
    "ParticuliereHuishoudens_1": ("aantal", "     500"),
    "Waarde_16": ("%", "    30.0"),
    "Waarde_19": ("%", "    40.0"),
    "Waarde_22": ("%", "    30.0"),
    "GemiddeldeScore_29": ("getal", "   0.123"),
    "Waarde_37": ("getal", "   0.300"),
}


def ses_woa(table_id: str, last_year: int) -> dict[str, list[Row] | Row]:
    """Return the sets of a table of SES-WOA: three areas in two years."""
    codes = ("GM0363    ", "WK036300  ", "BU03630000")
    years = (last_year - 1, last_year)
    keys = [(code, f"{year}JJ00") for year in years for code in codes]
    values = {name: text for name, (_, text) in SES_COLUMNS.items()}
    dimensions: list[Row] = [
        {"ID": 0, "ParentID": None, "Type": "GeoDetail", "Key": "WijkenEnBuurten", "Title": "Wijken en buurten"},
        {"ID": 1, "ParentID": None, "Type": "TimeDimension", "Key": "Perioden", "Title": "Perioden"},
    ]
    topics: list[Row] = [
        {"ID": n, "ParentID": None, "Type": "Topic", "Key": name, "Title": name, "Unit": unit, "Datatype": "Double"}
        for n, (name, (unit, _)) in enumerate(SES_COLUMNS.items(), start=2)
    ]
    return {
        "TableInfos": [{"ID": 0, "Title": "SES-WOA scores per wijk en buurt", "Identifier": table_id}],
        "DataProperties": [*dimensions, *topics],
        "Perioden": [{"Key": f"{year}JJ00", "Title": str(year)} for year in years],
        "UntypedDataSet": [
            {"ID": n, "WijkenEnBuurten": code, "Perioden": period, **values} for n, (code, period) in enumerate(keys)
        ],
    }


@pytest.fixture
def registry() -> str:
    return REGISTRY


@pytest.fixture
def statline() -> Iterator[StatLineTables]:
    tables = {"83765NED": key_figures("83765NED", 2017), "84583NED": key_figures("84583NED", 2019)}
    tables |= {"85900NED": ses_woa("85900NED", 2022), "86092NED": ses_woa("86092NED", 2023)}
    files = {"/scores.zip": ZIP, "/geometry.zip": ZIP, "/areas_2021.gpkg": GPKG, "/areas_2020_v3.gpkg": GPKG + b"x"}
    files |= {"/2016/of-another-name.zip": zipped(2016), "/2017.zip": zipped(2017)}
    with StatLineTables(tables=tables, files=files) as server:
        yield server


EVERYTHING = {
    "leefbaarometer3/scores.zip",
    "kwb_statline/kwb-83765NED.zip",
    "kwb_statline/kwb-2019-84583NED.zip",
    "addresses/addresses_2016.zip",
    "addresses/addresses_2017.zip",
    "boundaries/areas_2021.gpkg",
    "crosswalk/counted_buurt.csv",
    "crosswalk/counted_wijk.csv",
    "crosswalk/counted_gemeente.csv",
    "crosswalk/counted.json",
    "fetched.toml",
}


# --- everything


def test_one_command_brings_all_that_the_reports_use_and_nothing_else(fetch, home):
    said = fetch("--all")
    assert names(home) == EVERYTHING
    assert "failed: nothing" in said


def test_each_thing_has_a_line_of_its_own_with_its_size_and_what_is_still_to_come(fetch):
    said = fetch("--all").splitlines()
    lines = [line for line in said if line.startswith("[")]
    assert [line.partition("] ")[2].partition(":")[0] for line in lines] == [
        "scores",
        "kwb 2017-2018 83765NED",
        "kwb 2019 84583NED",
        "crosswalk 2016",
        "crosswalk 2017",
        "crosswalks between years",
        "boundaries 2021",
    ]
    assert lines[0].startswith(f"[1/7] scores: fetched, {len(ZIP) / 1000:.1f} kB; ")
    assert re.search(r"; [0-9,]+ bytes known to come, about [0-9]+ s$", lines[1]) or " kB known to come" in lines[1]
    total = len(ZIP) + len(zipped(2016)) + len(zipped(2017)) + len(GPKG)
    assert f"7 to fetch or to find: {total / 1000:.1f} kB, and 2 of which the size is not told" in said
    assert not [line for line in said if "sha256" in line or "put at" in line]


def test_what_is_there_is_neither_asked_for_nor_counted(fetch, home, statline):
    fetch("--all")
    asked = len(statline.asked)
    said = fetch("--all")
    assert len(statline.asked) == asked
    assert "7 to fetch or to find: 0 bytes\n" in said
    assert "already there, not fetched: scores, kwb 2017-2018 83765NED" in said
    assert "fetched: nothing\n" in said


def test_one_that_fails_is_told_at_the_end_with_what_to_do_and_all_others_are_kept(fetch, home, statline):
    del statline.files["/2017.zip"]
    statline.broken = {"84583NED"}
    said = fetch("--all", code=DownloadError.exit_code)
    kept = {name for name in EVERYTHING if "2017" not in name and "84583" not in name and "counted" not in name}
    assert names(home) == kept
    lines = said.splitlines()
    assert max(n for n, line in enumerate(lines) if line.startswith("[")) < min(
        n for n, line in enumerate(lines) if "could not be fetched" in line
    )
    assert "failed: kwb 2019 84583NED, crosswalk 2017\n" in said
    assert "2 of 6 could not be fetched; all others are in their place" in said
    assert "GEMEENTE=GM0599" in said
    assert "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/84583NED/table" in said
    statline.files["/2017.zip"], statline.broken = zipped(2017), set()
    fetch("--all")
    assert names(home) == EVERYTHING


def test_a_part_that_was_cut_off_goes_on(fetch, home, statline):
    statline.fault_on_data = {3: status(404)}
    fetch("--all", code=DownloadError.exit_code)
    before = len(statline.data_asked)
    statline.fault_on_data = {}
    fetch("--all")
    assert names(home) == EVERYTHING
    assert len(statline.data_asked) == before + 1


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--all", "--kwb", "2019"], "leave out KWB, TABLES and YEARS"),
        (["--all", "--tables", "kwb"], "leave out KWB, TABLES and YEARS"),
        (["--all", "--open-data", "."], "leave out either OPEN_DATA or ALL"),
        (["--check", "--open-data", "."], "leave out either OPEN_DATA or CHECK"),
        (["--tables", "crosswalk", "--years", "2014-2016"], "no file is known of 2014"),
    ],
)
def test_requests_that_do_not_go_together_are_refused(fetch, statline, arguments, found):
    assert found in fetch(*arguments, code=ProjectError.exit_code)
    assert statline.asked == []


def test_everything_can_be_cut_down_to_a_gemeente(fetch, home):
    fetch("--all", "--gemeente", "GM0599")
    assert {name for name in names(home) if name.startswith("kwb")} == {
        "kwb_statline/kwb-83765NED-GM0599.zip",
        "kwb_statline/kwb-2019-84583NED-GM0599.zip",
    }


def test_on_a_terminal_there_is_one_bar_and_no_lines(capsys):
    said: list[str] = []
    display = Display(said.append, terminal=True)
    display.plan([2_000_000, None])
    for number, name, pieces in ((1, "a file", 4), (2, "a table", 2)):
        display.begin(number, name)
        for _ in range(pieces):
            display.advance(500_000)
        display.end("fetched")
    display.close()
    shown = capsys.readouterr().err
    assert said == ["2 to fetch or to find: 2.0 MB, and 1 of which the size is not told"]
    assert "[1/2] a file" in shown
    assert "2.00M/2.00M" in shown
    assert "3.0 MB in all" in shown


# --- crosswalks


def test_addresses_are_fetched_by_year_and_counted(fetch, home):
    said = fetch("--tables", "crosswalk", "--years", "2016-2017")
    assert "8 addresses in both" in said
    assert "BU03630000,BU03630100,6" in (home / "crosswalk" / "counted_buurt.csv").read_text(encoding="utf-8")
    assert set(STREET) >= {2016, 2017}


def test_a_year_without_a_file_says_what_to_do_and_the_others_are_fetched(fetch, home):
    said = fetch("--tables", "crosswalk", "--years", "2015-2017", code=DownloadError.exit_code)
    assert "to do: no file of it is known: leave 2015 out" in said
    assert (home / "crosswalk" / "counted.json").exists()


def test_one_year_of_addresses_is_fetched_and_makes_no_crosswalk(fetch, home):
    said = fetch("--tables", "crosswalk", "--years", "2016")
    assert "A crosswalk is counted from two years or more" in said
    assert names(home) == {"addresses/addresses_2016.zip", "fetched.toml"}


def test_crosswalks_that_cannot_be_written_fail_by_name_and_the_addresses_are_kept(fetch, home):
    home.mkdir(parents=True)
    (home / "crosswalk").write_text("a file in the way")
    said = fetch("--all", code=DownloadError.exit_code)
    assert "the crosswalks could not be written" in said
    assert "failed: crosswalks between years\n" in said
    assert names(home) == {name for name in EVERYTHING if not name.startswith("crosswalk/")} | {"crosswalk"}


# --- a table of several years


def test_a_table_of_several_years_is_fetched_once_and_under_no_year(fetch, home, statline):
    said = fetch("--kwb", "2018")
    assert "fetched: kwb 2017-2018 83765NED\n" in said
    assert names(home) == {"kwb_statline/kwb-83765NED.zip"}
    assert "already there, not fetched: kwb 2017-2018 83765NED\n" in fetch("--kwb", "2017-2018")
    assert "2017-2018  83765NED  here: kwb-83765NED.zip" in fetch("--list")


# --- SES-WOA


def test_tables_of_ses_woa_are_read_on_the_areas_that_they_stand_on(fetch, home):
    fetch("--tables", "kwb", "ses_woa", "--kwb", "2019")
    first, second = sorted(read_folder(home).ses_woa, key=lambda file: file.areas.year)
    assert (first.areas.year, second.areas.year) == (2023, 2024)
    assert sorted(second.frame["year"].unique()) == [2022, 2023]
    assert second.frame["ses_woa_score"].tolist() == [0.123] * 6


# --- heads


def test_every_address_is_asked_and_nothing_is_fetched(fetch, home, statline):
    said = fetch("--check")
    assert f"answers    scores: 200 OK, {len(ZIP) / 1000:.1f} kB  [fetched by default]" in said
    assert "answers    kwb 2017-2018 83765NED: 200 OK\n" in said
    assert "answers    boundaries 2020: 200 OK, 517 bytes" in said
    assert "by hand    crosswalk 2015\n" in said
    assert "by hand    by_hand_only\n" in said
    assert "all that have an address answer" in said
    assert names(home) == set()
    assert not statline.data_asked


def test_one_that_does_not_answer_is_told_and_is_an_error_only_if_it_is_fetched_by_default(fetch, statline):
    del statline.files["/areas_2020_v3.gpkg"]
    said = fetch("--check")
    assert "NO         boundaries 2020: 404 Not Found\n" in said
    assert "1 of 12 do not answer" in said
    statline.files["/scores.zip"] = b"gone"
    del statline.files["/scores.zip"]
    said = fetch("--check", code=DownloadError.exit_code)
    assert "what is fetched by default does not answer: scores" in said
    assert "OPEN_DATA=folder" in said


def test_only_what_is_named_is_asked(fetch, statline):
    said = fetch("--check", "--tables", "boundaries", "--years", "2021")
    assert statline.asked == ["/areas_2021.gpkg"]
    assert "scores" not in said


def test_a_table_whose_feed_does_not_answer_is_asked_by_the_other_route(fetch, statline):
    statline.refuses = lambda path, _: "/ODataFeed/" in path
    said = fetch("--check", "--kwb", "2019")
    assert "answers    kwb 2019 84583NED: 200 OK" in said
    assert f"{statline.v3}/ODataApi/odata/84583NED/TableInfos" in said


def told(handler) -> None:
    handler.head(200, len(handler.told.body), **handler.versions())


FIRST_BYTE = sending(b"x", 206, Content_Range="bytes 0-0/300")


@pytest.mark.parametrize(
    ("heads", "answer", "said", "size"),
    [
        (told, hang_up, "200 OK", 300),
        (status(405), FIRST_BYTE, "206 Partial Content", 300),
        (status(403), FIRST_BYTE, "206 Partial Content", 300),
        (hang_up, FIRST_BYTE, "206 Partial Content", 300),
        (status(501), sending(b"x" * 300), "200 OK", 300),
        (status(404), status(404), "404 Not Found", None),
        (status(500), status(500), "500 Internal Server Error", None),
        (status(200), status(200), "200 OK, but a web page instead of the file", None),
        (hang_up, hang_up, "no answer: ", None),
        (status(501), sending(b"", 206, Content_Range="bytes 0-0/*"), "206 Partial Content", None),
    ],
)
def test_a_head_is_asked_for_and_else_the_first_byte(heads, answer, said, size):
    with LocalServer(b"x" * 300, otherwise=answer, heads=heads) as server:
        head = first_answer([server.address()], (5.0, 5.0))
    assert head.said.startswith(said)
    assert head.size_bytes == size
    assert head.answers == (said in ("200 OK", "206 Partial Content"))


def test_the_date_is_told_as_the_server_writes_it():
    with LocalServer(b"x", heads=told) as server:
        assert first_answer([server.address()], (5.0, 5.0)).date == "Wed, 01 Jan 2025 12:00:00 GMT"


def test_an_address_without_a_server_does_not_answer():
    head = first_answer(["http://127.0.0.1:1/a.zip", "http://127.0.0.1:1/b.zip"], (5.0, 5.0))
    assert (head.answers, head.address) == (False, "http://127.0.0.1:1/a.zip")


# --- the page


def test_the_page_on_the_data_is_the_one_that_the_registry_gives(monkeypatch, capsys):
    monkeypatch.setenv("BUURTEFFECT_ROOT", str(ROOT))
    assert main(["fetch", "--docs"]) == 0
    printed = capsys.readouterr().out
    assert (ROOT / "docs" / "data.md").read_text(encoding="utf-8") == printed, (
        "print it again: .venv/bin/buurteffect fetch --docs > docs/data.md"
    )


def test_every_address_and_table_of_the_registry_stands_on_the_page():
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    registry = ROOT / "data" / "raw" / "sources.toml"
    for source in read_registry(registry):
        assert f"<{source.address}>" in page
    for offer in read_catalogue(registry):
        assert all(f"[{table}](" in page for table in offer.years_by_table)
        assert all(f"<{each.address}>" in page for each in offer.files)
        assert all(advice in page for advice in offer.absent.values())
        assert f"`{offer.folder}/`" in page or f"the folder {offer.folder}" in page or offer.in_browser in page


def test_every_entry_of_the_shipped_registry_says_how_it_was_confirmed():
    registry = ROOT / "data" / "raw" / "sources.toml"
    told_of = [source.confirmed for source in read_registry(registry)]
    for offer in read_catalogue(registry):
        told_of += [offer.confirmed, *(each.confirmed for each in offer.files)]
    assert all(says_confirmed(text) and text != "unconfirmed" for text in told_of)


def test_the_notebooks_that_need_a_source_exist():
    registry = ROOT / "data" / "raw" / "sources.toml"
    named = {name for entry in (*read_registry(registry), *read_catalogue(registry)) for name in entry.needed_by}
    assert named <= {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}


def test_addresses_are_written_down_once():
    registry = ROOT / "data" / "raw" / "sources.toml"
    addresses = [source.address for source in read_registry(registry)]
    addresses += [each.address for offer in read_catalogue(registry) for each in offer.files]
    assert len(set(addresses)) == len(addresses)
    places = [*(ROOT / "src").rglob("*.py"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    texts = "".join(path.read_text(encoding="utf-8") for path in places)
    assert not [address for address in addresses if address in texts]
