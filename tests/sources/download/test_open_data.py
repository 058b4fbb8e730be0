"""A fetch of the open data: what it records, refuses, leaves in place, and says."""

from __future__ import annotations

import fcntl
import resource
import threading
from dataclasses import replace
from datetime import date

import local_server as web
import pytest
from fetching import (
    CSV,
    HASH,
    NEWER_HASH,
    NEWER_ZIP,
    PART,
    WHOLE,
    ZIP,
    fetch_quickly,
    names,
    refused,
    source_at,
)

from buurteffect.errors import DataError, DownloadError, ProjectError
from buurteffect.sources.download.open_data import check_open_data
from buurteffect.sources.http.client import Settings
from buurteffect.sources.registry import read_records, write_records

# What a fetch does where nothing is wrong


def test_first_fetch_brings_the_file_and_tells_what_to_record(server, folder):
    fetched, said = fetch_quickly(source_at(server.address()), folder)
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP
    assert names(folder) == WHOLE
    assert fetched == "downloaded"
    today = date.today()
    for line in (f'sha256 = "{HASH}"', f"bytes = {len(ZIP)}", f"retrieved = {today}"):
        assert line in said
        assert line in (folder / "fetched.toml").read_text()
    records = read_records(folder / "fetched.toml")
    assert {name: (record.address, record.sha256) for name, record in records.items()} == {
        "scores": (server.address(), HASH)
    }


def test_second_fetch_downloads_nothing_and_says_so(server, folder):
    fetch_quickly(source_at(server.address()), folder)
    first = read_records(folder / "fetched.toml")
    second, said = fetch_quickly(source_at(server.address()), folder)
    assert len(server.requests) == 1
    assert (second, read_records(folder / "fetched.toml")) == ("present", first)
    assert "already there, not downloaded" in said
    assert "retrieved =" not in said


def test_recorded_file_that_arrives_is_not_announced_as_new(server, folder):
    _, said = fetch_quickly(source_at(server.address(), sha256=HASH, size_bytes=len(ZIP)), folder)
    assert "as recorded" in said
    assert "retrieved =" not in said


def test_file_put_in_place_by_hand_is_checked_and_recorded(server, folder):
    (folder / "lbm").mkdir(parents=True)
    (folder / "lbm" / "scores.zip").write_bytes(ZIP)
    fetched, said = fetch_quickly(source_at(server.address()), folder)
    assert server.requests == []
    assert fetched == "present"
    assert HASH in said
    assert read_records(folder / "fetched.toml")["scores"].sha256 == HASH


def test_part_beside_a_file_put_in_place_by_hand_is_cleared_away(server, folder):
    server.otherwise = web.cut(70_000)
    refused(source_at(server.address()), folder)
    (folder / "lbm" / "scores.zip").write_bytes(ZIP)
    fetch_quickly(source_at(server.address()), folder)
    assert names(folder) == WHOLE


def test_two_sources_are_recorded_side_by_side(server, folder):
    scores = source_at(server.address())
    other = replace(scores, id="other", path="lbm/other.zip")
    assert [fetch_quickly(each, folder)[0] for each in (other, scores)] == ["downloaded", "downloaded"]
    assert set(read_records(folder / "fetched.toml")) == {"other", "scores"}


def test_bytes_are_asked_for_as_they_are(server, folder):
    fetch_quickly(source_at(server.address()), folder)
    assert server.requests[0]["Accept-Encoding"] == "identity"


def test_redirect_to_another_address_is_followed(server, folder):
    server.answers = [web.status(302, Location="/moved.zip")]
    fetch_quickly(source_at(server.address()), folder)
    assert [request["path"] for request in server.requests] == ["/scores.zip", "/moved.zip"]
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


def test_file_sent_in_chunks_needs_no_announced_length(server, folder):
    server.body = CSV * 5000
    server.otherwise = web.chunked()
    fetch_quickly(source_at(server.address(), path="scores.csv"), folder)
    assert (folder / "scores.csv").read_bytes() == CSV * 5000


def test_proxy_of_the_environment_is_used(server, folder, monkeypatch):
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.address(""))
    fetch_quickly(source_at("http://publisher.invalid/scores.zip"), folder)
    assert server.requests[0]["path"] == "http://publisher.invalid/scores.zip"


@pytest.mark.parametrize(("progress", "drawn"), [(True, True), (False, False), (None, False)])
def test_progress_is_drawn_in_bytes_on_stderr_where_asked(server, folder, capfd, progress, drawn):
    fetch_quickly(source_at(server.address()), folder, progress=progress)
    out, err = capfd.readouterr()
    assert out == ""
    assert ("scores: 100%" in err and "300k/300k" in err and "B/s" in err) is drawn


# Bytes other than those recorded


def test_bytes_other_than_in_the_registry_are_refused_with_both_hashes(server, folder):
    message = refused(source_at(server.address(), sha256=NEWER_HASH), folder)
    assert HASH in message
    assert NEWER_HASH in message
    assert "data/raw/sources.toml" in message
    assert len(server.requests) == 1
    assert names(folder) == set()


def test_bytes_other_than_fetched_before_are_refused_with_both_hashes(server, folder):
    source = source_at(server.address())
    fetch_quickly(source, folder)
    (folder / "lbm" / "scores.zip").unlink()
    server.body = NEWER_ZIP
    message = refused(source, folder)
    assert HASH in message
    assert NEWER_HASH in message
    assert str(folder / "fetched.toml") in message
    assert names(folder) == {"fetched.toml"}


def test_size_other_than_in_the_registry_is_refused(server, folder):
    message = refused(source_at(server.address(), size_bytes=len(ZIP) - 1), folder)
    assert f"{len(ZIP)} bytes" in message
    assert f"{len(ZIP) - 1} bytes" in message
    assert names(folder) == set()


def test_registry_that_contradicts_the_first_fetch_is_refused_before_any_request(server, folder):
    source = source_at(server.address())
    fetch_quickly(source, folder)
    message = refused(replace(source, sha256=NEWER_HASH), folder)
    assert "recorded twice" in message
    assert HASH in message
    assert NEWER_HASH in message
    assert len(server.requests) == 1
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


def test_new_version_is_taken_the_way_the_message_says(server, folder):
    source = source_at(server.address())
    fetch_quickly(source, folder)
    (folder / "lbm" / "scores.zip").unlink()
    server.body = NEWER_ZIP
    assert "remove [scores] from" in refused(source, folder)
    write_records(folder / "fetched.toml", {})
    fetch_quickly(replace(source, sha256=NEWER_HASH, size_bytes=len(NEWER_ZIP)), folder)
    assert (folder / "lbm" / "scores.zip").read_bytes() == NEWER_ZIP


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (NEWER_ZIP, "other bytes than recorded"),
        (ZIP[:-1], "other bytes than recorded"),
        (b"<html>saved by a browser", "a web page"),
        (b"", "an empty file"),
    ],
)
def test_file_in_place_that_is_not_the_recorded_one_is_left_and_not_overwritten(server, folder, content, told):
    source = source_at(server.address())
    fetch_quickly(source, folder)
    (folder / "lbm" / "scores.zip").write_bytes(content)
    message = refused(source, folder)
    assert told in message
    assert "left as it is" in message
    assert (folder / "lbm" / "scores.zip").read_bytes() == content
    assert len(server.requests) == 1


FAULTS = {
    "cut": web.cut(70_000),
    "500": web.status(500),
    "404": web.status(404),
    "longer": web.wrong_length(+100),
    "shorter": web.wrong_length(-100),
    "web page": web.sending(b"<!doctype html>"),
    "hang up": web.hang_up,
    "redirect loop": web.status(302, Location="/scores.zip"),
    "other bytes": web.sending(NEWER_ZIP),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_good_file_in_place_is_untouched_by_a_fetch_that_fails(server, folder, fault):
    good = source_at(server.address("good.zip"), id="good", path="lbm/good.zip")
    fetch_quickly(good, folder)
    before = (folder / "lbm" / "good.zip").stat()
    record = (folder / "fetched.toml").read_bytes()
    server.otherwise = fault
    fetch_quickly(good, folder)
    with pytest.raises(DownloadError, match=r"^scores "):
        fetch_quickly(source_at(server.address(), sha256=HASH), folder)
    after = (folder / "lbm" / "good.zip").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_size) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_size,
    )
    assert (folder / "fetched.toml").read_bytes() == record
    assert names(folder) - PART == {"lbm/good.zip", "fetched.toml"}


# The disk


def test_folder_that_cannot_be_made_is_told(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    message = refused(source_at(server.address()), tmp_path / "file" / "open")
    assert "could not be read or written" in message
    assert str(tmp_path / "file") in message
    assert server.requests == []


def test_folder_in_the_place_of_the_file_is_told(server, folder):
    (folder / "lbm" / "scores.zip").mkdir(parents=True)
    assert "Is a directory" in refused(source_at(server.address()), folder)


def test_disk_that_takes_no_more_is_told_and_the_part_is_kept(server, folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        message = refused(source_at(server.address()), folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "File too large" in message
    assert "make room on the disk" in message
    assert names(folder) == PART
    fetch_quickly(source_at(server.address()), folder)
    assert server.ranges[-1] == "bytes=100000-"
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


def test_damaged_record_of_earlier_fetches_is_told_and_left(server, folder):
    folder.mkdir()
    (folder / "fetched.toml").write_text("[scores]\nsha256 = 1\n")
    with pytest.raises(DataError, match=r"fetched\.toml"):
        fetch_quickly(source_at(server.address()), folder)
    assert names(folder) == {"fetched.toml"}
    assert server.requests == []


# Two fetches at once


def test_two_fetches_at_once_download_once(server, folder):
    started, waiting = threading.Event(), threading.Event()

    def until_another_waits(handler: web.Handler) -> None:
        handler.head(200, len(ZIP), **handler.versions())
        handler.wfile.write(ZIP[:100_000])
        started.set()
        waiting.wait(5)
        handler.wfile.write(ZIP[100_000:])

    def hear(message: str) -> None:
        if "waiting for another fetch into" in message:
            waiting.set()

    server.answers = [until_another_waits]
    first: list[str] = []
    one = threading.Thread(target=lambda: first.append(fetch_quickly(source_at(server.address()), folder)[0]))
    one.start()
    started.wait(5)
    second, _ = fetch_quickly(source_at(server.address()), folder, say=hear)
    one.join()
    assert waiting.is_set()
    assert (first, second) == (["downloaded"], "present")
    assert len(server.requests) == 1
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP
    assert names(folder) == WHOLE


def test_fetch_that_waits_too_long_for_another_is_refused_by_name(server, folder):
    refusals: list[str] = []

    def meanwhile(handler: web.Handler) -> None:
        refusals.append(refused(source_at(server.address()), folder, lock_wait_seconds=0.0))
        web.whole(handler)

    server.answers = [meanwhile]
    fetch_quickly(source_at(server.address()), folder)
    assert f"another fetch into {folder} has been at work for over 0 s" in refusals[0]
    assert len(server.requests) == 1
    assert names(folder) == WHOLE


def test_many_fetches_at_once_leave_one_whole_file(server, folder):
    server.answers = [web.cut(70_000), web.status(500)]
    hows: list[str] = []

    def one() -> None:
        hows.append(fetch_quickly(source_at(server.address()), folder)[0])

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(hows) == ["downloaded"] + 7 * ["present"]
    assert names(folder) == WHOLE
    assert (folder / "lbm" / "scores.zip").read_bytes() == ZIP


def test_lock_on_a_file_that_the_last_holder_removed_is_not_taken_for_one(server, folder, monkeypatch):
    taken: list[int] = []

    def lock_too_late(handle: object, kind: int) -> None:
        if not taken:
            (folder / ".fetch.lock").unlink()
        taken.append(kind)
        flock(handle, kind)

    flock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", lock_too_late)
    fetch_quickly(source_at(server.address()), folder)
    assert len(taken) == 2
    assert names(folder) == WHOLE


def test_lock_that_a_killed_fetch_left_keeps_nobody_out(server, folder):
    folder.mkdir()
    (folder / ".fetch.lock").touch()
    fetch_quickly(source_at(server.address()), folder, lock_wait_seconds=0.0)
    assert names(folder) == WHOLE


# A folder of the user's own


def test_given_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ProjectError, match=r"absent does not exist.*OPEN_DATA=folder"):
        check_open_data(tmp_path / "absent")


def test_given_file_is_not_a_folder(tmp_path):
    (tmp_path / "scores.zip").write_bytes(ZIP)
    with pytest.raises(ProjectError, match=r"scores\.zip is not a folder"):
        check_open_data(tmp_path / "scores.zip")


def test_given_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(ProjectError, match="may not be read"):
        check_open_data(tmp_path)


def test_fetch_that_may_not_try_is_refused():
    with pytest.raises(ProjectError, match="tries=0"):
        Settings(tries=0)
