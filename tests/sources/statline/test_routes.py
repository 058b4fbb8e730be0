"""The routes of StatLine: which is asked first, which next where one is refused, and what the manifest says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from local_server import sending, status
from statline_server import AREAS, StatLine, figures, json_page, too_many, v3_table

from buurteffect.errors import DownloadError
from buurteffect.sources.http.client import Settings
from buurteffect.sources.statline.fetch import fetch_table
from buurteffect.sources.statline.store import StoredTable, open_table

QUICK = Settings(tries=2, back_off_seconds=0.01, timeout_seconds=(5.0, 1.0), progress=False)
OF_AMSTERDAM = ["GM0363", "WK036300", "BU03630000", "BU03630001"]
Options = dict[str, str]


def fetched(server: StatLine, folder: Path, **options: object) -> StoredTable:
    quick = {"pause_seconds": 0.0, "settings": QUICK, "say": lambda _: None, "service": server.v3}
    return fetch_table("85984NED", folder, **(quick | options))


def codes(table: StoredTable) -> list[str]:
    return [row["WijkenEnBuurten"].strip() for row in table.rows()]


def ways(table: StoredTable) -> dict[str, set[str]]:
    """Return how each set came, as the manifest on disk says it."""
    pages = json.loads((table.folder / "manifest.json").read_text(encoding="utf-8"))["pages"]
    return {page["set_name"]: {p["way"] for p in pages if p["set_name"] == page["set_name"]} for page in pages}


def no_feed(path: str, _: Options) -> bool:
    return "/ODataFeed/" in path


def no_feed_of_figures(path: str, _: Options) -> bool:
    return "/ODataFeed/" in path and "DataSet" in path


def no_api(path: str, _: Options) -> bool:
    return "/ODataApi/" in path


def no_skip_and_no_large_top(path: str, options: Options) -> bool:
    return "/ODataApi/" in path and ("$skip" in options or int(options.get("$top", 0)) > 5_000)


def no_conditions_on_the_feed(path: str, options: Options) -> bool:
    return "/ODataFeed/" in path and "$filter" in options


def no_later_page_of_the_feed(path: str, options: Options) -> bool:
    return "/ODataFeed/" in path and "$skip" in options


def only_in_pieces(path: str, options: Options) -> bool:
    return no_feed(path, options) or ("DataSet" in path and "$count" not in path and "$skip" not in options)


# --- each route alone, and what comes by which


@pytest.mark.parametrize(
    ("refuses", "way"),
    [
        (no_api, "feed"),
        (no_skip_and_no_large_top, "feed"),
        (no_feed, "api"),
        (no_feed_of_figures, "api"),
        (no_conditions_on_the_feed, "api"),
        (lambda *asked: no_feed(*asked) or no_skip_and_no_large_top(*asked), "api"),
        (only_in_pieces, "paged"),
    ],
)
def test_a_part_comes_by_whichever_route_gives_it(tmp_path, refuses, way):
    with v3_table(refuses=refuses) as server:
        table = fetched(server, tmp_path, gemeente="GM0363")
    assert codes(table) == OF_AMSTERDAM
    assert (table.complete, table.route) == (True, way)
    assert ways(table)["UntypedDataSet"] == {way}
    assert open_table(table.folder).rows_count == 4


@pytest.mark.parametrize("refuses", [no_api, no_skip_and_no_large_top, no_feed, no_later_page_of_the_feed])
def test_a_whole_table_comes_by_whichever_route_gives_it(tmp_path, refuses):
    with v3_table(refuses=refuses) as server:
        table = fetched(server, tmp_path)
    assert codes(table) == list(AREAS)


def test_nothing_is_asked_of_the_second_route_where_the_first_answers(tmp_path):
    with v3_table() as server:
        fetched(server, tmp_path, gemeente="GM0363")
    assert not [address for address in server.asked if "/ODataApi/" in address]


def test_a_route_that_was_refused_is_not_waited_for_again(tmp_path):
    with v3_table(refuses=no_feed) as server:
        table = fetched(server, tmp_path)
    assert len([address for address in server.asked if "/ODataFeed/" in address]) == QUICK.tries
    assert set.union(*ways(table).values()) == {"api"}


def test_what_came_by_the_first_route_is_replaced_once_the_second_answers(tmp_path):
    said: list[str] = []
    with v3_table(refuses=no_later_page_of_the_feed) as server:
        table = fetched(server, tmp_path, say=said.append)
    assert ways(table) == {"TableInfos": {"feed"}, "DataProperties": {"feed"}, "UntypedDataSet": {"api"}}
    assert {path.name for path in table.folder.glob("Untyped*")} == {"UntypedDataSet-0001.json"}
    assert "500 (Internal Server Error). Going on by another route than ODataFeed" in said[0]


def test_a_limit_of_rows_on_the_first_route_leads_to_the_second(tmp_path):
    with v3_table(fault_on_data={1: too_many}) as server:
        table = fetched(server, tmp_path, gemeente="GM0363")
    assert (table.route, codes(table)) == ("api", OF_AMSTERDAM)


def test_in_pieces_the_route_is_asked_until_nothing_comes_any_more(tmp_path):
    # The server gives at most three rows although more are asked for, and names no next page.
    def capped(handler):
        skip = int(handler.path.rpartition("skip=")[2])
        json_page({"value": figures()[skip : skip + 3]})(handler)

    with v3_table(fault_on_data=dict.fromkeys((1, 2), too_many) | dict.fromkeys(range(3, 10), capped)) as server:
        table = fetched(server, tmp_path)
    assert codes(table) == list(AREAS)
    pieces = [address for address in server.data_asked if "$top" in address]
    assert [address.rpartition("skip=")[2] for address in pieces] == ["0", "3", "6", "9"]
    assert all("$top=5000" in address for address in pieces)


# --- all refused


def test_where_every_route_is_refused_all_answers_are_told_with_the_advice(tmp_path):
    with v3_table(refuses=lambda path, _: "DataSet" in path) as server, pytest.raises(DownloadError) as caught:
        fetched(server, tmp_path, advice="ask for one gemeente: GEMEENTE=GM0599")
    message = str(caught.value)
    assert message.startswith("85984NED could not be fetched by any route\n")
    assert message.count("the server answered 500") == 3
    assert f"{server.v3}/ODataFeed/" in message
    assert f"{server.v3}/ODataApi/" in message
    assert message.endswith("goes on from there. ask for one gemeente: GEMEENTE=GM0599")


def test_what_the_server_says_of_a_refusal_is_told(tmp_path):
    body = b'{"odata.error":{"code":"","message":{"lang":"","value":"The \'Skip\' query option is not supported"}}}'
    answers = dict.fromkeys(range(1, 9), sending(body, 500, Content_Type="application/json"))
    with v3_table(fault_on_data=answers) as server, pytest.raises(DownloadError) as caught:
        fetched(server, tmp_path)
    assert "500 (Internal Server Error): \"The 'Skip' query option is not supported\"" in str(caught.value)


def test_what_came_before_every_route_was_refused_is_gone_on_from(tmp_path):
    def refuses(path: str, options: Options) -> bool:
        return no_later_page_of_the_feed(path, options) or ("/ODataApi/" in path and "DataSet" in path)

    with v3_table(refuses=refuses) as server:
        with pytest.raises(DownloadError, match="by any route"):
            fetched(server, tmp_path)
        server.refuses = no_api
        before = len(server.data_asked)
        table = fetched(server, tmp_path)
    assert codes(table) == list(AREAS)
    assert [address.rpartition("skip=")[2] for address in server.data_asked[before:]] == ["3", "6"]


@pytest.mark.parametrize("answer", [status(503), status(429)])
def test_a_busy_server_is_not_asked_by_another_route(tmp_path, answer):
    busy = dict.fromkeys(range(1, 9), answer)
    with v3_table(fault_on_data=busy) as server, pytest.raises(DownloadError, match="answered"):
        fetched(server, tmp_path)
    assert not [address for address in server.asked if "/ODataApi/" in address]


# --- what comes at once is held to the count


def test_rows_that_are_fewer_than_counted_are_asked_for_in_pieces(tmp_path):
    short = json_page({"value": figures()[:3]})
    with v3_table(refuses=no_feed_of_figures, fault_on_data={3: short}) as server:
        table = fetched(server, tmp_path)
    assert (table.route, codes(table)) == ("paged", list(AREAS))


@pytest.mark.parametrize("count", [status(404), sending(b"many", Content_Type="text/plain")])
def test_a_count_that_is_not_given_is_said_to_be_missing(tmp_path, count: Callable[..., None]):
    said: list[str] = []
    with v3_table(refuses=no_feed_of_figures, fault_on_data={4: count}) as server:
        table = fetched(server, tmp_path, gemeente="GM0363", say=said.append)
    assert table.rows_count == 4
    assert "4 rows came at once from ODataApi" in said[1]


def test_the_count_is_of_the_same_condition(tmp_path):
    with v3_table(refuses=no_feed_of_figures) as server:
        fetched(server, tmp_path, gemeente="GM0363")
    *_, asked, counted = server.data_asked
    assert counted.partition("?")[0] == f"{asked.partition('?')[0]}/$count"
    assert asked.partition("$filter=")[2] == counted.partition("$filter=")[2] != ""


def test_a_manifest_that_does_not_name_the_routes_is_still_read(tmp_path):
    with v3_table() as server:
        table = fetched(server, tmp_path)
        manifest = table.folder / "manifest.json"
        content = json.loads(manifest.read_text(encoding="utf-8"))
        for page in content["pages"]:
            del page["way"]
        manifest.write_text(json.dumps(content), encoding="utf-8")
        assert {page.way for page in fetched(server, tmp_path).pages} == {"feed"}
