"""The registry of the open sources, and the record of what was fetched."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from checkouts import ROOT

from buurteffect.errors import DataError
from buurteffect.sources.registry import (
    Record,
    read_records,
    read_registry,
    write_records,
)

SHIPPED = ROOT / "data" / "raw" / "sources.toml"
HASH = "0123456789abcdef" * 4

TABLE = {
    "title": '"Scores"',
    "publisher": '"BZK"',
    "licence": '"CC0"',
    "address": '"https://example.org/scores.zip"',
    "path": '"scores/scores.zip"',
    "needed": "true",
    "needed_by": '["panel"]',
    "notes": '"Seen."',
}


def write(tmp_path: Path, *, table: str = "scores", without: str = "", also: str = "", **changes: str) -> Path:
    """Write a registry of one good source with some lines changed."""
    lines = [f"{key} = {value}" for key, value in (TABLE | changes).items() if key != without]
    path = tmp_path / "sources.toml"
    path.write_text("\n".join([f"[{table}]", *lines, also]), encoding="utf-8")
    return path


def refused(path: Path) -> DataError:
    """Return the error that the registry gives."""
    with pytest.raises(DataError) as caught:
        read_registry(path)
    assert caught.value.file == str(path)
    return caught.value


def test_registry_gives_every_value_of_a_source(tmp_path):
    path = write(tmp_path, sha256=f'"{HASH.upper()}"', bytes="12", retrieved="2024-12-31")
    (source,) = read_registry(path)
    assert (source.id, source.title, source.publisher, source.licence) == ("scores", "Scores", "BZK", "CC0")
    assert (source.address, source.path) == ("https://example.org/scores.zip", "scores/scores.zip")
    assert (source.needed, source.needed_by, source.notes) == (True, ("panel",), "Seen.")
    assert (source.sha256, source.size_bytes, source.retrieved) == (HASH, 12, date(2024, 12, 31))


def test_bytes_that_no_one_has_seen_are_absent(tmp_path):
    (source,) = read_registry(write(tmp_path))
    assert (source.sha256, source.size_bytes, source.retrieved) == (None, None, None)


def test_shipped_registry_needs_the_scores_and_claims_no_bytes_it_has_not_seen():
    registry = read_registry(SHIPPED)
    (needed,) = (source for source in registry if source.needed)
    assert needed.address == ("https://www.leefbaarometer.nl/resources/open-data-leefbaarometer-meting-2024.zip")
    assert needed.path == "leefbaarometer3/open-data-leefbaarometer-meting-2024.zip"
    for source in registry:
        assert source.address.startswith("https://")
        known = {source.sha256 is None, source.size_bytes is None, source.retrieved is None}
        assert len(known) == 1, f"{source.id}: sha256, bytes and retrieved are recorded together"


@pytest.mark.parametrize("key", sorted(TABLE))
def test_missing_key_is_named(tmp_path, key):
    error = refused(write(tmp_path, without=key))
    assert error.column == f"scores.{key}"
    assert "missing" in error.found


@pytest.mark.parametrize(("wrong", "meant"), [("adress", "address"), ("sha265", "sha256"), ("size", None)])
def test_unknown_key_is_named_with_the_nearest_one(tmp_path, wrong, meant):
    error = refused(write(tmp_path, also=f'{wrong} = "x"'))
    assert error.column == f"scores.{wrong}"
    assert f"did you mean '{meant}'?" == error.expected if meant else "the keys are title" in error.expected


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", "12"),
        ("title", '" "'),
        ("needed", '"yes"'),
        ("needed", "1"),
        ("needed_by", '"panel"'),
        ("needed_by", "[1]"),
        ("bytes", '"12"'),
        ("bytes", "true"),
        ("bytes", "12.0"),
        ("bytes", "0"),
        ("retrieved", '"2024-12-31"'),
        ("retrieved", "2024-12-31T12:00:00"),
        ("path", "12"),
    ],
)
def test_value_of_the_wrong_type_is_named(tmp_path, key, value):
    assert refused(write(tmp_path, **{key: value})).column == f"scores.{key}"


@pytest.mark.parametrize("value", ["abc", HASH[:-1], HASH + "0", HASH[:-1] + "g", f"sha256:{HASH}"])
def test_hash_that_is_not_64_hexadecimal_digits_is_refused(tmp_path, value):
    error = refused(write(tmp_path, sha256=f'"{value}"'))
    assert error.column == "scores.sha256"
    assert "64 hexadecimal digits" in error.expected


@pytest.mark.parametrize(
    "address",
    [
        "ftp://example.org/a.zip",
        "file:///etc/hosts",
        "example.org/a.zip",
        "https:///a.zip",
        "https://[::1/a.zip",
        "https://example.org:99999/a.zip",
        "https://example.org/a b.zip",
    ],
)
def test_address_that_is_not_of_the_web_is_refused(tmp_path, address):
    assert refused(write(tmp_path, address=f'"{address}"')).column == "scores.address"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/hosts",
        "../sources.toml",
        "scores/../../sources.toml",
        "scores/..",
        "..",
        ".",
        "..\\\\sources.toml",
        "scores//scores.zip",
        "scores/",
        "scores.zip.part",
        "scores.zip.part.json",
        ".fetch.lock",
        "fetched.toml",
        "scores\\u0000.zip",
    ],
)
def test_path_outside_the_open_data_or_kept_for_the_downloader_is_refused(tmp_path, path):
    assert refused(write(tmp_path, path=f'"{path}"')).column == "scores.path"


@pytest.mark.parametrize("second", ["scores/scores.zip", "Scores/SCORES.zip"])
def test_path_of_two_sources_is_refused_whatever_its_case(tmp_path, second):
    path = write(tmp_path)
    other = "\n".join(f"{k} = {v}" for k, v in (TABLE | {"path": f'"{second}"'}).items())
    path.write_text(path.read_text() + f"\n[again]\n{other}\n")
    error = refused(path)
    assert error.column == "again.path"
    assert "also the path of scores" in error.found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[scores]\ntitle = Scores\n", 2),
        ("[a]\n\n[a]\n", 3),
        ("[scores]\ntitle = [\n", 3),
        ("\n\n[scores", 3),
    ],
)
def test_invalid_toml_is_refused_with_its_line(tmp_path, text, line):
    path = tmp_path / "sources.toml"
    path.write_text(text)
    assert refused(path).line == line


def test_registry_that_is_not_utf8_is_refused_with_its_line(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_bytes('[scores]\ntitle = "Sc\u00f6res"\n'.encode("latin-1"))
    assert refused(path).line == 2


def test_key_outside_any_table_is_refused(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text('title = "Scores"\n')
    assert refused(path).column == "title"


def test_name_of_a_source_that_is_not_an_identifier_is_refused(tmp_path):
    assert refused(write(tmp_path, table='"../scores"')).column == "../scores"


def test_missing_registry_is_named(tmp_path):
    assert "No such file" in refused(tmp_path / "sources.toml").found


def test_records_come_back_as_written(tmp_path):
    records = {
        "b": Record("https://example.org/b.zip?q=%22", HASH, 7, date(2025, 1, 2)),
        "a": Record("https://example.org/a.csv", HASH[::-1], 8, date(2025, 1, 3)),
    }
    write_records(tmp_path / "fetched.toml", records)
    assert read_records(tmp_path / "fetched.toml") == records


def test_no_record_is_an_empty_record(tmp_path):
    assert read_records(tmp_path / "fetched.toml") == {}


def test_damaged_record_is_refused_and_named(tmp_path):
    path = tmp_path / "fetched.toml"
    path.write_text(f'[a]\naddress = "https://example.org/a"\nsha256 = "{HASH}"\nretrieved = 2025-01-01\n')
    with pytest.raises(DataError, match="the key is missing") as caught:
        read_records(path)
    assert caught.value.column == "a.bytes"


def test_a_source_says_how_it_was_confirmed_and_where_a_person_finds_it(tmp_path):
    told = {"confirmed": '"2026-12-01, the server answered"', "page": '"https://example.org/data"', "with_all": "true"}
    (source,) = read_registry(write(tmp_path, **told))
    assert (source.confirmed, source.page) == ("2026-12-01, the server answered", "https://example.org/data")
    assert source.with_all
    (source,) = read_registry(write(tmp_path))
    assert (source.confirmed, source.page, source.with_all) == ("unconfirmed", "", False)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("confirmed", '"yes"'),
        ("confirmed", '"2026-02-30, it answered"'),
        ("page", '"example.org"'),
        ("with_all", '"no"'),
    ],
)
def test_what_does_not_say_how_it_was_confirmed_is_refused(tmp_path, key, value):
    assert refused(write(tmp_path, **{key: value})).column == f"scores.{key}"
