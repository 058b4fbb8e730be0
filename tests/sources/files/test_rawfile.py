"""Raw files and zips: what is opened, and what is refused with its place."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from buurteffect.errors import DataError
from buurteffect.sources.files import zip_archive as archive_module
from buurteffect.sources.files.columns import check_columns
from buurteffect.sources.files.delimited import parse_records
from buurteffect.sources.files.rawfile import decode, label_of, read_bytes, refuse_same_bytes, sha256_of, shown
from buurteffect.sources.files.zip_archive import list_members, read_member

# Offsets in a central directory record of a zip.
FLAGS, METHOD, SIZE = 8, 10, 24


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def put_zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def patch_directory(path: Path, offset: int, layout: str, value: int) -> Path:
    """Forge one number in the first record of a zip's central directory."""
    data = bytearray(path.read_bytes())
    struct.pack_into(layout, data, data.index(b"PK\x01\x02") + offset, value)
    return put(path, bytes(data))


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)  # more than one piece
    assert sha256_of(put(tmp_path / "a.csv", data)) == hashlib.sha256(data).hexdigest()


def test_text_loses_its_byte_order_mark_and_nothing_else(tmp_path: Path) -> None:
    text = decode("\ufeffnaam\r\n's-Gravenhage, é\r\n".encode(), "a.csv")
    assert text == "naam\r\n's-Gravenhage, é\r\n"


@pytest.mark.parametrize(
    ("data", "line", "found"),
    [
        pytest.param(b"", None, "an empty file (0 bytes", id="no bytes"),
        pytest.param(b" \r\n\t\n", None, "an empty file", id="only white space"),
        pytest.param(b"\xef\xbb\xbf", None, "an empty file", id="only a byte-order mark"),
        pytest.param("a\nb\nSud\xe9\n".encode("latin-1"), 3, "byte 0xE9", id="latin-1"),
        pytest.param(b"a\r\nb\r\n\xff\r\n", 3, "byte 0xFF", id="latin-1 with CRLF"),
        pytest.param(b"a\rb\r\xff\r", 3, "byte 0xFF", id="latin-1 with CR"),
        pytest.param("a\nb".encode("utf-16"), 1, "UTF-16", id="UTF-16"),
        pytest.param("a\nb".encode("utf-16-le"), 1, "a NUL byte", id="UTF-16 without its mark"),
        pytest.param(b"a\nb\0c\n", 2, "a NUL byte", id="NUL"),
        pytest.param("a\né".encode()[:-1], 2, "byte 0xC3", id="cut inside a letter"),
    ],
)
def test_text_is_refused_with_the_line_of_the_first_bad_byte(
    tmp_path: Path, data: bytes, line: int | None, found: str
) -> None:
    with pytest.raises(DataError, match=re.escape(found)) as caught:
        decode(data, "raw.csv")
    assert caught.value.line == line
    assert caught.value.file == "raw.csv"


def test_a_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    for read in (read_bytes, sha256_of, list_members):
        with pytest.raises(DataError, match="no such file") as caught:
            read(tmp_path / "gone.csv")
        assert str(tmp_path) not in str(caught.value)


def test_duplicates_are_refused_under_both_names(tmp_path: Path) -> None:
    first = put(tmp_path / "gemeente 2016 vi.csv", b"wijknr;score\n1;7\n")
    second = put(tmp_path / "gemeente 2018 vi.csv", first.read_bytes())
    other = put(tmp_path / "gemeente 2014 vi.csv", b"wijknr;score\n1;6\n")
    digests = [(path.name, sha256_of(path)) for path in (other, first, second)]
    refuse_same_bytes(digests[:2])
    with pytest.raises(DataError, match=r"the same bytes as 'gemeente 2016 vi\.csv'") as caught:
        refuse_same_bytes(digests)
    assert caught.value.file == "gemeente 2018 vi.csv"


def test_untrusted_text_in_an_error_is_short_and_holds_no_control_characters() -> None:
    assert shown("\x1b[2J" + "x" * 500).startswith("'\\x1b[2J")
    assert len(shown("x" * 500)) < 70
    assert "\x1b" not in label_of(Path("a\x1b[2J.zip"), "b\n.csv")


# --- zips


def test_members_are_listed_and_read_in_memory(tmp_path: Path) -> None:
    path = put_zip(tmp_path / "data.zip", {"2024/": b"", "2024/a b (excerpt).csv": b"a,b\n", "readme.txt": b"x"})
    assert list_members(path) == ("2024/a b (excerpt).csv", "readme.txt")
    assert read_member(path, "2024/a b (excerpt).csv") == b"a,b\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.zip"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("../../etc/passwd.csv", "'..'"),
        ("data/../../x.csv", "'..'"),
        ("/etc/passwd.csv", "absolute"),
        ("..\\x.csv", "'..'"),
        ("data\\x.csv", "backslash"),
        ("C:x.csv", "drive letter"),
        ("C:/x.csv", "drive letter"),
    ],
)
def test_a_member_that_climbs_out_refuses_the_whole_zip(tmp_path: Path, name: str, found: str) -> None:
    path = put_zip(tmp_path / "evil.zip", {"good.csv": b"a,b\n", name: b"x"})
    for read in (list_members, lambda archive: read_member(archive, "good.csv")):
        with pytest.raises(DataError, match="path climbs out of the archive") as caught:
            read(path)
        assert found in caught.value.found
        assert caught.value.file == f"evil.zip > {name}"


def test_a_member_that_is_a_link_refuses_the_whole_zip(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("scores.csv")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="it is a symbolic link") as caught:
        list_members(tmp_path / "link.zip")
    assert caught.value.file == "link.zip > scores.csv"


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        archive.writestr("scores.csv", "a")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("scores.csv", "b")
    with pytest.raises(DataError, match="2 members of this name"):
        list_members(tmp_path / "twice.zip")


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put_zip(tmp_path / "many.zip", {f"{i}.csv": b"x" for i in range(4)})
    assert len(list_members(path)) == 4
    monkeypatch.setattr(archive_module, "MEMBERS_LIMIT", 3)
    with pytest.raises(DataError, match="4 members"):
        list_members(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = put_zip(tmp_path / "bomb.zip", {"scores.csv": b"0" * 5_000_000})
    with pytest.raises(DataError, match="that unpack to 5,000,000") as caught:
        read_member(path, "scores.csv")
    assert caught.value.file == "bomb.zip > scores.csv"


def test_a_member_above_the_size_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put_zip(tmp_path / "large.zip", {"map.gpkg": os.urandom(2_000), "scores.csv": b"a,b\n"})
    monkeypatch.setattr(archive_module, "MEMBER_BYTES_LIMIT", 1_000)
    with pytest.raises(DataError, match="a member of 2,000 bytes"):
        read_member(path, "map.gpkg")
    assert read_member(path, "scores.csv") == b"a,b\n"  # unread, the large one does no harm


def test_a_member_that_unpacks_to_more_than_it_declares_is_refused(tmp_path: Path) -> None:
    path = patch_directory(put_zip(tmp_path / "liar.zip", {"a.csv": b"0123456789" * 100}), SIZE, "<I", 10)
    with pytest.raises(DataError, match="Bad CRC-32"):
        read_member(path, "a.csv")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = patch_directory(put_zip(tmp_path / "secret.zip", {"a.csv": b"a"}), FLAGS, "<H", 1)
    with pytest.raises(DataError, match="an encrypted member"):
        read_member(path, "a.csv")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_packed_in_an_unbounded_way_is_refused(tmp_path: Path, method: int) -> None:
    path = put_zip(tmp_path / "other.zip", {"a.csv": b"a"}, method)
    with pytest.raises(DataError, match=f"packed with method {method}"):
        read_member(path, "a.csv")


@pytest.mark.parametrize("kept", [0, 10, 0.4, 0.9, -1])
def test_a_truncated_zip_is_refused(tmp_path: Path, kept: float) -> None:
    data = put_zip(tmp_path / "whole.zip", {"a.csv": os.urandom(4_000)}).read_bytes()
    end = int(kept * len(data)) if 0 < kept < 1 else int(kept)
    with pytest.raises(DataError, match="truncated, damaged or of an unknown kind") as caught:
        read_member(put(tmp_path / "cut.zip", data[:end]), "a.csv")
    assert caught.value.file == "cut.zip"


def test_a_member_with_a_changed_byte_is_refused(tmp_path: Path) -> None:
    path = put_zip(tmp_path / "flip.zip", {"a.csv": b"wijk,4.10"}, zipfile.ZIP_STORED)
    put(path, path.read_bytes().replace(b"4.10", b"4.11"))
    with pytest.raises(DataError, match="Bad CRC-32") as caught:
        read_member(path, "a.csv")
    assert caught.value.file == "flip.zip > a.csv"


def test_every_single_changed_byte_of_a_zip_is_refused_or_harmless(tmp_path: Path) -> None:
    content = b"wk_code,jaar\nWK001400,2014\n" * 3
    data = put_zip(tmp_path / "whole.zip", {"a.csv": content}).read_bytes()
    refused = 0
    for place in range(len(data)):
        changed = put(tmp_path / "x.zip", data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        try:
            assert read_member(changed, "a.csv") == content
        except DataError:
            refused += 1
    assert refused > len(data) / 3


def test_an_unknown_member_comes_with_the_nearest_name(tmp_path: Path) -> None:
    path = put_zip(tmp_path / "data.zip", {"scores wijken.csv": b"a"})
    with pytest.raises(DataError, match=r"did you mean 'scores wijken\.csv'"):
        read_member(path, "scores wijk.csv")


# --- records and columns


def test_lines_stay_right_below_a_field_that_holds_line_ends() -> None:
    records = parse_records('a,b\r\n1,"x\r\ny\nz"\r\n2,w\r\n', "x.csv")
    assert records.rows == [["1", "x\r\ny\nz"], ["2", "w"]]
    assert records.lines.numbers.tolist() == [2, 5]


def test_a_bad_record_below_a_field_that_holds_line_ends_has_its_own_line() -> None:
    with pytest.raises(DataError, match="3 fields") as caught:
        parse_records('a,b\n1,"x\ny\nz"\n2,w,v\n', "x.csv")
    assert caught.value.line == 5


def test_an_unterminated_quote_longer_than_the_field_limit_is_placed_where_it_begins() -> None:
    with pytest.raises(DataError, match="never closed") as caught:
        parse_records('a,b\n1,2\n3,"' + "4,5\n" * 50_000, "x.csv")
    assert caught.value.line == 3


def test_a_field_may_be_quoted_and_hold_commas_and_quotes() -> None:
    assert parse_records('a,b\n1,"x, ""y"""\n', "x.csv").column("b") == ['x, "y"']


def test_empty_lines_at_the_end_hold_nothing() -> None:
    assert parse_records("a,b\n1,2\n\n\n", "x.csv").rows == [["1", "2"]]


@pytest.mark.parametrize(
    ("header", "column", "found", "action"),
    [
        (["a", "lmb"], "lmb", "not known", "did you mean 'lbm'"),
        (["a", "LBM"], "LBM", "not known", "did you mean 'lbm'"),
        (["a", "lbm", "zzzzz"], "zzzzz", "not known", "use the publisher's own file"),
        (["a"], "lbm", "no such column among 'a'", "use the publisher's own file"),
        (["a", "lbm", "lbm"], "lbm", "stands 2 times", "use the publisher's own file"),
        (["a", "lbm", ""], "", "not known", "use the publisher's own file"),
    ],
)
def test_a_wrong_header_names_the_column_and_the_nearest_known_one(
    header: list[str], column: str, found: str, action: str
) -> None:
    with pytest.raises(DataError) as caught:
        check_columns(header, ["a", "lbm"], "x.csv")
    assert (caught.value.line, caught.value.column) == (1, column)
    assert found in caught.value.found
    assert action in caught.value.action
