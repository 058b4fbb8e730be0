"""A download from a web server on this machine that fails in every way a publisher's can."""

from __future__ import annotations

import io
import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import local_server as web
import pytest
import requests
from fetching import CSV, HASH, NEWER_ZIP, PART, WHOLE, ZIP, fetch_quickly, names, refused, source_at

from buurteffect.sources.http import client

# Connections that are cut


def test_file_that_is_cut_once_is_resumed(server, folder):
    server.answers = [web.cut(200_000)]
    fetch_quickly(source_at(server.address()), folder)
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP
    assert names(folder) == WHOLE
    first, second = server.ranges
    assert first is None
    start = int(second.removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= 200_000
    assert server.requests[1]["If-Range"] == '"first"'


def test_file_that_is_always_cut_fails_after_three_tries_and_keeps_its_part(server, folder):
    server.otherwise = web.cut(70_000)
    message = refused(source_at(server.address()), folder)
    assert len(server.requests) == 3
    assert "(3 times)" in message
    kept = (folder / "lbm" / "scores.zip.part").stat().st_size
    assert 3 * 60_000 < kept <= 3 * 70_000
    assert f"cut after {kept} bytes of {len(ZIP)}" in message
    assert names(folder) == PART
    server.otherwise = None
    fetch_quickly(source_at(server.address()), folder)
    assert server.ranges[-1] == f"bytes={kept}-"
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP
    assert names(folder) == WHOLE


def test_chunks_without_their_end_are_a_cut(server, folder):
    server.body = CSV * 5000
    server.otherwise = web.chunked(cut_off=True)
    message = refused(source_at(server.address(), path="scores.csv"), folder, tries=2)
    assert "cut after" in message
    assert names(folder) == {"scores.csv.part", "scores.csv.part.json"}


def test_server_that_hangs_up_without_a_word_is_asked_again(server, folder):
    server.answers = [web.hang_up]
    fetch_quickly(source_at(server.address()), folder)
    assert len(server.requests) == 2


def test_server_that_ignores_ranges_sends_it_all_again(server, folder):
    server.answers = [web.cut(200_000), web.whole_without_ranges]
    fetch_quickly(source_at(server.address()), folder)
    assert server.ranges[1] is not None
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


def test_part_of_a_changed_file_is_not_stitched_to_the_new_one(server, folder):
    server.answers = [web.cut(200_000)]
    refused(source_at(server.address()), folder, tries=1)
    server.body, server.etag = NEWER_ZIP, '"second"'
    fetch_quickly(source_at(server.address()), folder)
    assert server.requests[1]["If-Range"] == '"first"'
    assert (folder / "lbm" / "scores.zip").read_bytes() == NEWER_ZIP


def partial(*, first: int = 0, last: int = 0, total: int = 0, length: int = 0, **headers: str) -> web.Answer:
    """Answer with the rest of the file, whatever version was asked for, and some numbers about it off."""

    def answer(handler: web.Handler) -> None:
        size = len(handler.told.body)
        start = int(handler.headers["Range"][len("bytes=") : -1])
        span = f"bytes {start + first}-{size - 1 + last}/{size + total}"
        handler.head(206, size - start + length, Content_Range=span, **(handler.versions() | headers))
        handler.wfile.write(handler.told.body[start:])

    return answer


@pytest.mark.parametrize(
    "wrong",
    [
        partial(ETag='"second"'),
        partial(Last_Modified="Thu, 02 Jan 2025 12:00:00 GMT"),
        partial(first=-1),
        partial(last=-1),
        partial(total=+1),
        partial(last=+1, total=+1),
        partial(length=+1),
        web.sending(b"rest", 206),
        web.status(416, Content_Range=f"bytes */{len(ZIP)}"),
        web.status(416),
    ],
    ids=[
        "other ETag",
        "other date",
        "other start",
        "other end",
        "end before the total",
        "other total",
        "other length",
        "no Content-Range",
        "416 of the same size",
        "bare 416",
    ],
)
def test_rest_that_does_not_fit_makes_the_download_start_over(server, folder, wrong):
    server.answers = [web.cut(200_000), wrong]
    fetch_quickly(source_at(server.address()), folder, tries=2)
    assert [given is None for given in server.ranges] == [True, False, True]
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


def leave_part(folder: Path, content: bytes, **note: object) -> None:
    """Leave what an earlier fetch left."""
    (folder / "lbm").mkdir(parents=True)
    (folder / "lbm" / "scores.zip.part").write_bytes(content)
    (folder / "lbm" / "scores.zip.part.json").write_text(json.dumps(note))


def test_part_that_is_already_whole_is_moved_into_place(server, folder):
    note = {"etag": '"first"', "last_modified": server.last_modified, "total_bytes": len(ZIP)}
    leave_part(folder, ZIP, address=server.address(), **note)
    fetch_quickly(source_at(server.address()), folder)
    assert server.ranges == [f"bytes={len(ZIP)}-"]
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


def test_part_is_resumed_by_its_date_where_there_is_no_strong_etag(server, folder):
    server.etag = 'W/"first"'
    server.answers = [web.cut(200_000)]
    fetch_quickly(source_at(server.address()), folder)
    assert server.requests[1]["If-Range"] == server.last_modified
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


@pytest.mark.parametrize(
    "note",
    [
        {},
        {"address": "http://elsewhere.invalid/", "etag": '"first"', "last_modified": None, "total_bytes": 9},
        {"address": "HERE", "etag": 'W/"first"', "last_modified": None, "total_bytes": 9},
        {"address": "HERE", "etag": 5, "last_modified": None, "total_bytes": 9},
    ],
    ids=["empty", "other address", "weak ETag alone", "damaged"],
)
def test_part_whose_version_is_unknown_is_not_used(server, folder, note):
    note = {key: server.address() if value == "HERE" else value for key, value in note.items()}
    leave_part(folder, b"something else", **note)
    fetch_quickly(source_at(server.address()), folder)
    assert server.ranges == [None]
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


# Servers that are overloaded, slow or away


@pytest.mark.parametrize("code", [429, 500, 503])
def test_overloaded_server_is_asked_again(server, folder, code):
    server.answers = [web.status(code), web.status(code)]
    fetch_quickly(source_at(server.address()), folder)
    assert len(server.requests) == 3
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


def test_refusal_without_an_end_is_not_read(server, folder):
    def endless(handler: web.Handler) -> None:
        handler.head(503, None, Transfer_Encoding="chunked")
        while not handler.told.stopping.wait(0.01):
            handler.wfile.write(b"4\r\nbusy\r\n")

    server.answers = [endless]
    fetch_quickly(source_at(server.address()), folder)
    assert len(server.requests) == 2
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


def test_server_that_always_answers_500_is_given_up_after_three_tries(server, folder):
    server.otherwise = web.status(500)
    message = refused(source_at(server.address()), folder)
    assert "the server answered 500 (Internal Server Error)" in message
    assert len(server.requests) == 3
    assert names(folder) == set()


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 204, 304])
def test_answer_that_will_not_change_is_final_at_once(server, folder, code):
    server.otherwise = web.sending(b"", code)
    message = refused(source_at(server.address()), folder)
    assert f"the server answered {code}" in message
    assert "(once)" in message
    assert len(server.requests) == 1
    assert names(folder) == set()


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """Collect the waits between tries instead of waiting."""
    collected: list[float] = []
    monkeypatch.setattr(client, "sleep", collected.append)
    return collected


def test_wait_doubles_after_each_try(server, folder, waits):
    server.otherwise = web.status(500)
    refused(source_at(server.address()), folder, tries=4, back_off_seconds=1.0)
    assert waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("0", 0.5), ("86400", 60.0), ("soon", 0.5)])
def test_wait_that_the_server_asks_for_is_kept_up_to_a_cap(server, folder, waits, asked, waited):
    server.answers = [web.status(429, Retry_After=asked)]
    fetch_quickly(source_at(server.address()), folder, back_off_seconds=0.5)
    assert waits == [waited]


def test_wait_until_a_date_is_kept(server, folder, waits):
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.answers = [web.status(503, Retry_After=moment)]
    fetch_quickly(source_at(server.address()), folder)
    assert 25 < waits[0] <= 30


def test_server_that_is_down_is_told_with_what_to_do(folder):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/scores.zip"
        message = refused(source_at(address), folder)
    assert "Connection refused" in message
    assert not (folder / "lbm").exists()
    assert f"download {address} in a browser and put the file at {folder / 'lbm' / 'scores.zip'}" in message
    assert "OPEN_DATA=folder" in message
    assert names(folder) == set()


def test_name_that_cannot_be_looked_up_is_told(folder, monkeypatch):
    def no_network(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    message = refused(source_at("http://publisher.invalid/scores.zip"), folder)
    assert "Name or service not known" in message
    assert "OPEN_DATA=folder" in message


def test_connection_that_does_not_come_about_is_not_waited_for(folder, monkeypatch):
    def no_answer(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", no_answer)
    message = refused(source_at("http://127.0.0.1:9/scores.zip"), folder, timeout_seconds=(0.2, 2.0))
    assert "no connection within 0.2 s" in message
    assert "(3 times)" in message


@pytest.mark.parametrize("slow", [web.silent, web.late])
def test_server_that_stops_sending_is_not_waited_for(server, folder, slow):
    server.otherwise = slow
    message = refused(source_at(server.address()), folder, tries=2, timeout_seconds=(5.0, 0.3))
    assert "no bytes came for 0.3 s" in message
    assert len(server.requests) == 2


# Answers that are not the file


@pytest.mark.parametrize("path", ["lbm/scores.zip", "scores.csv"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<!DOCTYPE html><p>Please accept cookies", "application/octet-stream"),
        (b"\xef\xbb\xbf\n  <HTML><p>Under maintenance", None),
        (ZIP, "text/html; charset=utf-8"),
    ],
)
def test_web_page_instead_of_the_file_is_named_as_such(server, folder, path, content, kind):
    server.otherwise = web.sending(content, Content_Type=kind)
    message = refused(source_at(server.address(), path=path), folder)
    assert "a web page came instead of the file" in message
    assert len(server.requests) == 1
    assert names(folder) == set()


def test_web_page_does_not_cost_what_had_arrived(server, folder):
    server.answers = [web.cut(200_000), web.status(200)]
    message = refused(source_at(server.address()), folder)
    assert "a web page came" in message
    assert names(folder) == PART
    fetch_quickly(source_at(server.address()), folder)
    assert server.ranges[-1] is not None
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


def test_zip_that_does_not_open_is_not_put_in_place(server, folder):
    server.body = b"PK\x03\x04 and nothing that follows"
    assert "not a readable zip" in refused(source_at(server.address()), folder)
    assert names(folder) == set()


def test_zip_with_a_damaged_member_is_not_put_in_place(server, folder):
    server.body = ZIP[:150_000] + b"damaged" + ZIP[150_007:]
    assert "its member 'scores.csv' is damaged" in refused(source_at(server.address()), folder)
    assert names(folder) == set()


def test_empty_file_is_not_put_in_place(server, folder):
    server.body = b""
    assert "an empty file" in refused(source_at(server.address(), path="scores.csv"), folder)
    assert names(folder) == set()


def test_announced_length_that_is_never_reached_is_an_error(server, folder):
    server.otherwise = web.wrong_length(+100)
    message = refused(source_at(server.address()), folder)
    assert "cut after " in message
    assert f" bytes of {len(ZIP) + 100}" in message
    assert len(server.requests) == 3
    assert names(folder) == PART


def test_announced_length_that_is_put_right_is_no_error(server, folder):
    server.answers = [web.wrong_length(+100)]
    fetch_quickly(source_at(server.address()), folder)
    assert [given is None for given in server.ranges] == [True, False, True]
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ({}, "not a readable zip"),
        ({"sha256": HASH}, "other bytes"),
        ({"size_bytes": len(ZIP)}, "other bytes"),
    ],
)
def test_announced_length_that_is_too_short_is_an_error(server, folder, recorded, told):
    server.otherwise = web.wrong_length(-100)
    assert told in refused(source_at(server.address(), **recorded), folder)
    assert names(folder) == set()


def test_file_of_unknown_length_is_refused_where_a_cut_could_not_be_seen(server, folder):
    server.otherwise = web.without_length
    assert "does not say how long" in refused(source_at(server.address(), path="scores.csv"), folder)
    assert names(folder) == set()
    fetch_quickly(source_at(server.address()), folder)
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


def test_file_that_was_encoded_unasked_is_refused(server, folder):
    server.otherwise = web.sending(ZIP, Content_Encoding="gzip")
    assert "encoded as 'gzip'" in refused(source_at(server.address()), folder)
    assert names(folder) == set()


@pytest.mark.parametrize(("answer", "known"), [(web.whole, True), (web.chunked(), False)])
def test_file_above_the_size_limit_is_refused_as_soon_as_it_shows(server, folder, monkeypatch, answer, known):
    monkeypatch.setitem(client.LIMITS, "file", client.Limits(100_000))
    server.otherwise = answer
    message = refused(source_at(server.address()), folder)
    seen = int(message.partition(" bytes are more than the 100000")[0].rpartition(" ")[2])
    assert seen == len(ZIP) if known else 100_000 < seen < 150_000
    assert len(server.requests) == 1
    assert names(folder) == set()


# Redirects


def test_redirects_without_end_are_given_up(server, folder):
    server.otherwise = web.status(302, Location="/scores.zip")
    message = refused(source_at(server.address()), folder)
    assert "redirected more than 5 times" in message
    assert len(server.requests) == 6
    assert names(folder) == set()


def test_redirect_that_gives_up_encryption_is_not_followed(server, folder, monkeypatch):
    def redirecting(_, request: requests.PreparedRequest, **__: object) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = 302, request.url, request
        answer.headers["Location"] = server.address()
        answer.raw = io.BytesIO()
        return answer

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", redirecting)
    message = refused(source_at("https://publisher.invalid/scores.zip"), folder)
    assert "redirected from https to http, which is not followed" in message
    assert server.requests == []
    assert names(folder) == set()


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/scores.zip",
        "file:///etc/hosts",
        "http://[::1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
    ],
)
def test_redirect_out_of_the_web_is_not_followed(server, folder, location):
    server.otherwise = web.status(302, Location=location)
    assert "cannot be asked for" in refused(source_at(server.address()), folder)
    assert len(server.requests) == 1
