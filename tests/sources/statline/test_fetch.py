"""The StatLine client: what it fetches, how it goes on, and each way in which a service can be wrong."""

from __future__ import annotations

import hashlib
import json
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from checkouts import OPEN_DATA
from hypothesis import given, settings
from hypothesis import strategies as st
from local_server import chunked, cut, hang_up, sending, silent, status, without_length
from statline_server import AREAS, StatLine, figures, json_page, properties, v3_table

from buurteffect.errors import BuurteffectError, DataError, DownloadError, ProjectError
from buurteffect.sources.http import client
from buurteffect.sources.http.client import Settings
from buurteffect.sources.statline import fetch as statline
from buurteffect.sources.statline.fetch import fetch_table
from buurteffect.sources.statline.pages import RowNumbers, parse_page
from buurteffect.sources.statline.query import Query, next_address
from buurteffect.sources.statline.store import StoredTable, open_table

QUICK = Settings(tries=3, back_off_seconds=0.01, timeout_seconds=(5.0, 1.0), progress=False)
FIRST_PAGE = 3  # in version 3 the first request for figures follows those for two sets about the table


def fetched(server: StatLine, folder: Path, **options: object) -> StoredTable:
    """Fetch the table without long waits."""
    quick = {"pause_seconds": 0.0, "settings": QUICK, "say": lambda _: None}
    return fetch_table("85984NED", folder, service=server.v3, **(quick | options))


def refused(server: StatLine, folder: Path, kind: type[BuurteffectError] = DownloadError, **options: object) -> str:
    """Return the message of a fetch that fails, and check that a person can read it."""
    with pytest.raises(kind) as caught:
        fetched(server, folder, **options)
    message = str(caught.value)
    assert "to do:" in message
    assert not [word for word in ("urllib3", "Traceback", "object at 0x", "Max retries") if word in message]
    return message


def codes(table: StoredTable) -> list[str]:
    return [row[next(key for key in ("WijkenEnBuurten", "RegioS") if key in row)].strip() for row in table.rows()]


# --- what it fetches


def test_a_whole_table_comes_in_order_along_the_links(tmp_path):
    with v3_table() as server:
        table = fetched(server, tmp_path)
    assert codes(table) == list(AREAS)
    assert (table.complete, table.rows_count) == (True, len(AREAS))
    assert len(table.pages_of()) == 3


def test_a_page_is_stored_with_the_bytes_that_came(tmp_path):
    odd = b'{"value":[{"ID":0,  "WijkenEnBuurten":"NL00      ","AantalInwoners_5":"       ."}]}\r\n'
    with v3_table(fault_on_data={1: sending(odd, Content_Type="application/json")}) as server:
        table = fetched(server, tmp_path)
    (page,) = table.pages_of("UntypedDataSet")
    assert (table.folder / page.name).read_bytes() == odd
    assert (page.sha256, page.bytes_count) == (hashlib.sha256(odd).hexdigest(), len(odd))


def test_the_manifest_names_every_page_with_its_address_and_size(tmp_path):
    with v3_table() as server:
        table = fetched(server, tmp_path)
    manifest = json.loads((table.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["complete"] is True
    assert (manifest["rows_count"], manifest["modified"], manifest["route"]) == (9, "2025-03-27T02:00:00", "feed")
    pages = {page["name"]: page for page in manifest["pages"]}
    assert set(pages) == {path.name for path in table.folder.iterdir()} - {"manifest.json"}
    assert pages["UntypedDataSet-0002.json"]["address"].endswith("UntypedDataSet?$format=json&$skip=3")
    assert all(page["bytes_count"] == (table.folder / name).stat().st_size for name, page in pages.items())


def test_version_3_stores_the_codes_of_dimensions_other_than_wijken_en_buurten(tmp_path):
    dimensions = [
        {"odata.type": "Cbs.OData.Dimension", "ID": 0, "Type": "Dimension", "Key": "Gebruiksfunctie", "Title": "G"},
        *properties("RegioS", "GeoDimension"),
    ]
    rows = [{"ID": 0, "Gebruiksfunctie": "A045364 ", "RegioS": "GM0363    ", "Nieuwbouw_2": "  12"}]
    held = {
        "DataProperties": dimensions,
        "UntypedDataSet": rows,
        "Gebruiksfunctie": [{"Key": "A045364 ", "Title": "Woning"}],
        "RegioS": [{"Key": "GM0363    ", "Title": "Amsterdam"}],
    }
    with v3_table(sets=held) as server:
        table = fetched(server, tmp_path)
    assert [row["Title"] for row in table.rows("Gebruiksfunctie")] == ["Woning"]
    assert [row["Key"].strip() for row in table.rows("RegioS")] == ["GM0363"]


def test_one_gemeente_comes_with_its_wijken_and_buurten_only(tmp_path):
    # BU10030363 holds the four digits, and is no buurt of GM0363.
    with v3_table() as server:
        table = fetched(server, tmp_path, gemeente="GM0363")
    assert codes(table) == ["GM0363", "WK036300", "BU03630000", "BU03630001"]


def test_the_dimension_of_areas_is_found_where_it_has_another_name(tmp_path):
    held = {"DataProperties": properties("RegioS"), "UntypedDataSet": figures(area="RegioS")}
    with v3_table(sets=held) as server:
        table = fetched(server, tmp_path, gemeente="GM0599")
    assert codes(table) == ["GM0599", "WK059901", "BU05990110"]
    assert "startswith(RegioS,'GM0599')" in server.data_asked[0]


def test_other_dimensions_are_cut_by_the_beginning_or_a_part_of_their_codes(tmp_path):
    with v3_table() as server:
        table = fetched(server, tmp_path, where={"WijkenEnBuurten": "BU"})
        parts = fetched(server, tmp_path, where={"WijkenEnBuurten": "*0000"})
    assert codes(table) == ["BU03630000", "BU03630001", "BU05990110", "BU10030363"]
    assert codes(parts) == ["BU03630000"]
    assert "substringof('0000',WijkenEnBuurten)" in server.data_asked[-1]


# --- politeness


def test_requests_come_one_at_a_time_with_a_pause_between(tmp_path):
    with v3_table() as server:
        fetched(server, tmp_path, pause_seconds=0.05)
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(server.moments)]
    assert len(gaps) == 5
    # The server notes the end of its answer a moment after the client has it.
    assert min(gaps) > 0.04


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again(tmp_path, code):
    with v3_table(fault_on_data={1: status(code), 2: status(code)}) as server:
        assert fetched(server, tmp_path).rows_count == len(AREAS)
    assert len(server.data_asked) == 5


def test_the_wait_that_the_server_asks_for_is_kept(tmp_path):
    with v3_table(fault_on_data={1: status(429, Retry_After="1")}) as server:
        fetched(server, tmp_path)
    assert server.moments[FIRST_PAGE][0] - server.moments[FIRST_PAGE - 1][1] > 0.9


def test_the_wait_doubles(tmp_path):
    slow = Settings(tries=4, back_off_seconds=0.05, timeout_seconds=(5.0, 1.0), progress=False)
    with v3_table(fault_on_data=dict.fromkeys((1, 2, 3), status(503))) as server:
        fetched(server, tmp_path, settings=slow)
    moments = server.moments[FIRST_PAGE - 1 : FIRST_PAGE + 3]
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(moments)]
    assert gaps[0] > 0.045
    assert gaps[1] > 0.09
    assert gaps[2] > 0.18


def test_a_finished_table_is_not_asked_for_again(tmp_path):
    with v3_table() as server:
        fetched(server, tmp_path)
        before = len(server.asked)
        again = fetched(server, tmp_path)
        assert len(server.asked) == before
    assert (again.complete, codes(again)) == (True, list(AREAS))


# --- going on


@pytest.mark.parametrize("fault", [status(503), hang_up, silent, status(404), sending(b"{", Content_Type="text/json")])
def test_a_fetch_that_failed_goes_on_after_the_last_whole_page(tmp_path, fault):
    with v3_table(fault_on_data=dict.fromkeys((2, 3, 4), fault)) as server:
        quick = Settings(tries=3, back_off_seconds=0.01, timeout_seconds=(5.0, 0.2), progress=False)
        with pytest.raises((DownloadError, DataError)):
            fetched(server, tmp_path, settings=quick)
        server.fault_on_data = {}
        before = len(server.data_asked)
        table = fetched(server, tmp_path)
    assert codes(table) == list(AREAS)
    assert [address.rpartition("skip=")[2] for address in server.data_asked[before:]] == ["3", "6"]


def test_what_has_come_so_far_never_looks_whole(tmp_path):
    with v3_table(fault_on_data=dict.fromkeys((2, 3, 4), status(503))) as server:
        refused(server, tmp_path)
    (home,) = (tmp_path / "85984NED").iterdir()
    assert json.loads((home / "manifest.json").read_text(encoding="utf-8"))["complete"] is False
    with pytest.raises(DownloadError, match="is not whole") as caught:
        open_table(home)
    assert "3 rows in 1 pages" in str(caught.value)


def test_pages_of_two_versions_of_a_table_are_never_mixed(tmp_path):
    said: list[str] = []
    with v3_table(fault_on_data=dict.fromkeys((2, 3, 4), status(503))) as server:
        refused(server, tmp_path)
        server.fault_on_data, server.modified = {}, "2025-09-01T02:00:00"
        table = fetched(server, tmp_path, say=said.append)
    assert [page.address.rpartition("skip=")[2] for page in table.pages_of("UntypedDataSet")][1:] == ["3", "6"]
    assert table.modified == "2025-09-01T02:00:00"
    assert "thrown away" in said[0]


def test_a_table_that_changes_while_it_comes_is_not_taken(tmp_path):
    server = v3_table()

    def changed(handler):
        server.modified = "2025-09-01T02:00:00"
        server.page(handler)

    server.fault_on_data = {2: changed}
    with server:
        assert "changed it meanwhile" in refused(server, tmp_path)
        assert fetched(server, tmp_path).modified == "2025-09-01T02:00:00"


def test_a_page_that_was_altered_on_disk_is_refused(tmp_path):
    with v3_table() as server:
        table = fetched(server, tmp_path)
        page = table.paths()[1]
        page.write_bytes(page.read_bytes().replace(b"300", b"301"))
        message = refused(server, tmp_path)
    assert f"other bytes in {page.name} than came" in message


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version":1,"pages":[{}]}', '{"version":2}'])
def test_a_damaged_manifest_is_refused(tmp_path, content):
    with v3_table() as server:
        table = fetched(server, tmp_path)
        (table.folder / "manifest.json").write_text(content, encoding="utf-8")
        assert "manifest.json" in refused(server, tmp_path)


def test_a_manifest_cannot_name_a_page_outside_its_folder(tmp_path):
    with v3_table() as server:
        table = fetched(server, tmp_path)
    manifest = table.folder / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("TableInfos-0001", "../x"), encoding="utf-8")
    with pytest.raises(DownloadError, match="outside its folder"):
        open_table(table.folder)


def test_two_fetches_into_one_folder_wait_for_each_other(tmp_path):
    results: list[StoredTable] = []
    with v3_table() as server:
        threads = [threading.Thread(target=lambda: results.append(fetched(server, tmp_path))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [codes(table) for table in results] == [list(AREAS)] * 2
    assert len(server.data_asked) == 3


# --- services that are wrong


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (lambda a: a.replace("127.0.0.1", "127.0.0.2"), "another server"),
        (lambda a: a.replace("http:", "https:"), "another server"),
        (lambda a: a.replace("127.0.0.1:", "127.0.0.1:1"), "another server|no address"),
        (lambda a: "http://169.254.169.254/latest/meta-data", "another server"),
        (lambda a: "//elsewhere.example/x", "another server"),
        (lambda a: "file:///etc/passwd", "another server"),
        (lambda a: "http://127.0.0.1@elsewhere.example/", "user name"),
        (lambda a: a.replace("85984NED", "85985NED"), "another path"),
        (lambda a: "../../../secret", "another path"),
        (lambda a: a + "#x", "another path"),
        (lambda a: a.rpartition("&$skip")[0], "leads back"),
        (lambda a: 7, "no address"),
        (lambda a: [a], "no address"),
        (lambda a: "", "leads back"),
        (lambda a: a + "\r\nHost: elsewhere", "no address"),
        (lambda a: "http://[", "no address"),
    ],
)
def test_a_link_that_leads_away_or_back_is_not_followed(tmp_path, link, words):
    with v3_table(link=link) as server:
        message = refused(server, tmp_path)
    assert any(word in message for word in words.split("|")), message
    assert len(server.data_asked) == 1


def test_a_circle_of_links_is_refused(tmp_path):
    with v3_table(link=lambda a: a.replace("skip=6", "skip=3"), page_rows=3) as server:
        assert "leads back" in refused(server, tmp_path)
    assert len(server.data_asked) == 2


def test_an_endless_chain_of_links_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(statline, "PAGES_LIMIT", 2)
    with v3_table() as server:
        assert "more than 2 pages" in refused(server, tmp_path)
    assert len(server.data_asked) == 2


def test_an_empty_page_with_a_link_is_refused(tmp_path):
    empty = {"value": [], "odata.nextLink": "UntypedDataSet?$skip=9"}
    with v3_table(fault_on_data={2: json_page(empty)}) as server:
        assert "without rows" in refused(server, tmp_path)


def test_a_redirect_is_not_followed(tmp_path):
    with StatLine() as elsewhere, v3_table() as server:
        server.fault_on_data = {1: status(302, Location=f"{elsewhere.v3}/secret")}
        assert "not followed" in refused(server, tmp_path)
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (figures()[:3], "row 0 of the table for the second time"),
        ([{**row, "ID": str(row["ID"])} for row in figures()[3:]], "a whole number for every row"),
        ([{**row, "ID": True} for row in figures()[3:]], "a whole number for every row"),
        ([{**row, "Extra_6": "1"} for row in figures()[3:]], "columns are not those"),
        ([{"ID": 5, "WijkenEnBuurten": "NL00"}], "columns are not those"),
    ],
)
def test_a_page_that_does_not_go_on_from_the_one_before_is_refused(tmp_path, rows, words):
    with v3_table(fault_on_data={2: json_page({"value": rows})}) as server:
        message = refused(server, tmp_path, DataError)
    assert words in message
    assert "85984NED UntypedDataSet page 2, line 1" in message


@pytest.mark.parametrize("code", ["NL00", "GM0599", "WK059901", "BU10030363", "", "PV0363"])
def test_a_service_that_ignores_the_gemeente_is_refused(tmp_path, code):
    rows = figures(("GM0363", code))
    with v3_table(fault_on_data={1: json_page({"value": rows})}) as server:
        message = refused(server, tmp_path, DataError, gemeente="GM0363")
    assert f"line 2\n  found:    the area '{code:<10}'" in message


def test_a_service_that_ignores_a_condition_is_refused(tmp_path):
    with v3_table(fault_on_data={1: json_page({"value": figures()[3:]})}) as server:
        message = refused(server, tmp_path, DataError, where={"WijkenEnBuurten": "BU"})
    assert "line 3" in message
    assert "WijkenEnBuurten 'GM0599    '" in message


def test_a_gemeente_that_the_table_does_not_have_is_told(tmp_path):
    with v3_table() as server:
        assert "no rows" in refused(server, tmp_path, gemeente="GM9999")


def test_a_table_without_areas_cannot_be_cut_to_a_gemeente(tmp_path):
    with v3_table(sets={"DataProperties": properties()[1:]}) as server:
        assert "no dimension of areas" in refused(server, tmp_path, DataError, gemeente="GM0363")


def test_a_dimension_with_a_hostile_name_is_refused(tmp_path):
    with v3_table(sets={"DataProperties": properties("../x", "GeoDimension")}) as server:
        assert "a dimension called '../x'" in refused(server, tmp_path, DataError)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "an empty file"),
        (b'{"value":[{"ID":0}', "no JSON at its end"),
        (b"<feed/>", "no JSON"),
        (b'{"value":{}}', "no list of rows"),
        (b'{"value":[1]}', "no list of rows"),
        (b"[]", "JSON that is a list"),
        (b'{"value":[{"ID":NaN}]}', "no number"),
        (b'{"value":[{"ID":0,"ID":1}]}', "stands twice"),
        (b'{"odata.error":{"message":{"value":"down"}}}', "error message of the service"),
        (b'{"value":[{"ID":"\xff"}]}', "not UTF-8"),
        (b'{"value":' + b"[" * 100_000, "cannot be taken"),
        (b'{"value":[{"ID":' + b"9" * 5_000 + b"}]}", "cannot be taken"),
    ],
)
def test_a_body_that_is_no_page_is_refused(tmp_path, body, words):
    with v3_table(fault_on_data=dict.fromkeys((1, 2, 3), sending(body, Content_Type="application/json"))) as server:
        assert words in refused(server, tmp_path, DataError)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (status(404), "404 (Not Found)"),
        (status(403), "403 (Forbidden)"),
        (sending(b"<html>", Content_Type="text/html"), "a web page came"),
        (sending(b"x", Content_Type="application/json", Content_Encoding="gzip"), "encoded as 'gzip'"),
        (without_length, "does not say how long"),
        (cut(3), "the connection was cut"),
        (hang_up, "the connection failed"),
    ],
)
def test_an_answer_without_a_page_is_told(tmp_path, fault, words):
    with v3_table(fault_on_data=dict.fromkeys(range(1, 9), fault)) as server:
        server.server.body = b"x" * 10_000
        assert words in refused(server, tmp_path)


@pytest.mark.parametrize("fault", [chunked(), lambda handler: handler.head(200, 500_000)], ids=["chunked", "announced"])
def test_a_page_beyond_the_limit_of_size_is_refused(tmp_path, monkeypatch, fault):
    monkeypatch.setitem(client.LIMITS, "page", client.Limits(100_000))
    with v3_table(fault_on_data=dict.fromkeys(range(1, 9), fault)) as server:
        server.server.body = b"x" * 200_000
        assert "more than the 100000" in refused(server, tmp_path)
    assert len(server.data_asked) == 1


def test_a_page_that_drips_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setitem(client.LIMITS, "page", client.Limits(100_000, 0.0))
    with v3_table() as server:
        assert "was not whole after" in refused(server, tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "85984NED").write_text("a file in the way")
    with v3_table() as server:
        assert "could not be read or written" in refused(server, tmp_path)


# --- what cannot be asked


@pytest.mark.parametrize(
    "table_id",
    ["", "85984NED/../x", "85984NEDX", "٨٥٩٨٤NED", "85984NED\n", "TableInfos", "85984NED?$top=1"],
)
def test_a_table_that_cannot_exist_is_not_asked_for(tmp_path, table_id):
    with pytest.raises(ProjectError, match="no table of StatLine"):
        fetch_table(table_id, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("table_id", ["85984NED", "71718ned", "37556", "7052_95", "03759ned", "82339NED"])
def test_the_publishers_own_identifiers_are_taken_in_their_own_case(table_id):
    assert Query(table_id).address("TableInfos").endswith(f"/{table_id}/TableInfos?$format=json")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gemeente": "0363"}, "GM and four digits"),
        ({"gemeente": "GM0363' or 1 eq 1"}, "GM and four digits"),
        ({"where": {"RegioS": "x') or ('"}}, "name of a dimension"),
        ({"where": {"Regio S": "GM"}}, "name of a dimension"),
        ({"where": {"RegioS": ""}}, "name of a dimension"),
        ({"pause_seconds": -1}, "a number of seconds"),
        ({"pause_seconds": float("nan")}, "a number of seconds"),
        ({"pause_seconds": float("inf")}, "a number of seconds"),
    ],
)
def test_a_question_that_means_something_else_is_not_asked(tmp_path, options, words):
    with pytest.raises(ProjectError, match=words):
        fetch_table("85984NED", tmp_path, **options)


# --- properties


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.from_regex(r"(https?:)?//[a-z.@:0-9]{0,12}/?[a-zA-Z/.?$=0-9%]{0,20}", fullmatch=True)))
def test_no_link_leads_to_another_server_or_path(link):
    current = "https://opendata.cbs.nl/ODataFeed/odata/85984NED/UntypedDataSet"
    try:
        target = next_address(link, current, [current])
    except DownloadError:
        return
    assert target.lower().startswith(current.lower() + "?")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80) | st.text(alphabet='{}[]":,valueID01 \\\n', max_size=60).map(str.encode))
def test_any_bytes_are_a_page_or_a_named_error(data):
    try:
        page = parse_page(data, "page")
    except DataError:
        return
    assert all(isinstance(row, dict) for row in page.rows)


@given(st.lists(st.integers(0, 30)))
def test_a_row_number_is_new_only_once(numbers):
    seen = RowNumbers()
    assert [seen.add(number) for number in numbers] == [n not in numbers[:i] for i, n in enumerate(numbers)]


def test_plain_http_in_a_link_becomes_https_where_the_page_came_over_https():
    here = "https://opendata.cbs.nl/ODataFeed/odata/85984NED/UntypedDataSet?$format=json"
    link = "http://opendata.cbs.nl/ODataFeed/OData/85984NED/UntypedDataSet?$skip=10000"
    assert next_address(link, here, [here]) == link.replace("http:", "https:")


@pytest.mark.shared
def test_the_real_metadata_of_2024_lead_to_the_areas(tmp_path):
    folder = OPEN_DATA / "kwb_metadata"
    if not folder.is_dir():
        pytest.skip("the real files are not here")
    held = {
        name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("TableInfos", "DataProperties")
    }
    with v3_table(sets=held, page_rows=1000) as server:
        table = fetched(server, tmp_path, gemeente="GM0363")
    assert table.modified == "2025-03-27T02:00:00"
    assert "startswith(WijkenEnBuurten,'GM0363')" in server.data_asked[0]
    assert list(dict.fromkeys(page.set_name for page in table.pages)) == [*held, "UntypedDataSet"]
    assert list(table.rows("DataProperties")) == held["DataProperties"]
