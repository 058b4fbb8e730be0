"""Every reader of separated text under every mutation: the right table or a named error, and nothing else."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import MUTATIONS, Mutation, unlike, written
from reader_limits import EXAMPLES, SECONDS, checked, within
from reader_samples import READERS, Reader, Reading

from buurteffect.errors import BuurteffectError, DataError


def outcome(reader: Reader, data: bytes) -> Reading | DataError:
    """Return the table or the error that bytes end in; anything else fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / reader.file
        path.write_bytes(data)
        try:
            with within(SECONDS):
                return reader.read(path)
        except BuurteffectError as error:
            return checked(error, reader.file, folder)


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table in an order that does not hang on that of the file."""
    return frame.sort_values(list(frame.columns), ignore_index=True)


def same(left: Reading, right: Reading) -> bool:
    """Say whether two readings are equal but for the order of the rows."""
    return left.rows_count == right.rows_count and ordered(left.frame).equals(ordered(right.frame))


def cases() -> list[Any]:
    """Return every reader with every mutation."""
    return [
        pytest.param(reader, unlike(mutation, reader.unlike.get(mutation.name)), id=f"{reader.name}-{mutation.name}")
        for reader in READERS
        for mutation in MUTATIONS
    ]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_the_good_file_of_every_reader_is_read_whole(reader: Reader) -> None:
    found = outcome(reader, reader.sample.data)
    assert isinstance(found, Reading), found
    assert found.rows_count == len(reader.sample.rows)


@pytest.mark.parametrize(("reader", "mutation"), cases())
def test_a_spoiled_file_ends_in_the_right_table_or_in_a_named_error(reader: Reader, mutation: Mutation) -> None:
    sample = reader.sample
    spoiled = mutation.change(sample.data, sample)
    assert spoiled != sample.data
    found = outcome(reader, spoiled)
    if isinstance(found, Reading):
        assert mutation.expect != "refused", f"read as\n{found.frame.to_string()}"
        if mutation.expect == "same":
            good = outcome(reader, sample.data)
            assert isinstance(good, Reading)
            assert same(found, good), f"read as\n{found.frame.to_string()}"
        else:
            assert found.rows_count >= len(sample.rows)
        return
    assert mutation.expect != "same", str(found)
    if mutation.at_line:
        assert found.line == mutation.at_line(sample), str(found)
    if mutation.column:
        assert found.column == getattr(sample, mutation.column), str(found)


# --- drawn at random


CELLS = st.sampled_from(
    [
        *(
            "",
            " ",
            "NaN",
            "nan",
            "NA",
            "NULL",
            "None",
            "#N/A",
            "-",
            ".",
            "x",
            "*",
            "inf",
            "-inf",
            "1e5",
            "1e999",
            "0x1F",
        ),
        *("1,234", "1.234", "1 234", "1\u00a0234", "1_234", "1.234,5", "--1", "+1", "-0", "00", "007", "\u0661\u0662"),
        *("=1+1", '"', '""', "'", ";", ",", "\t", "\n", "\r", "\r\n", "a\nb", "\ufeff", "\u200b", "\u2028", "\x1b[2J"),
        *("GM0363", "gm0363", "GM 0363", "BU0363AB10", "WK036300", "0363", "363", "GM036\u0663", "2019", "2019JJ00"),
        *("9" * 400, "a" * 5_000, "\u00e9", "\U0001f600", "True", "1970-01-01", "31-12-2019", "2019-02-30"),
    ]
)


def naive_records(data: bytes, reader: Reader) -> list[list[str]]:
    """Return the records of a file as the standard library takes them, without empty ones and a register's comments."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:  # read where it can be no damaged UTF-8, which is for the reader to tell
        text = data.decode("cp1252")
    records = [r for r in csv.reader(io.StringIO(text, newline=""), delimiter=reader.sample.delimiter) if any(r)]
    return [r for r in records if not (reader.comments and r[0].lstrip().startswith("#"))]


def check_no_silent_change(reader: Reader, data: bytes) -> None:
    """Fail if bytes end in a table that does not have exactly their rows and codes."""
    found = outcome(reader, data)
    if not isinstance(found, Reading):
        return
    header, *records = (r for r in naive_records(data, reader) if any(cell.strip() for cell in r))
    assert found.rows_count == len(records), f"{data!r}\n{found.frame.to_string()}"
    if reader.codes is not None:
        named = [name.strip() for name in header]
        # A path of words may be spelled in more than one way; its place then tells the column.
        at = (named if reader.sample.code in named else list(reader.sample.header)).index(reader.sample.code)
        expected = sorted(reader.coded(record[at].strip()) for record in records)
        assert sorted(found.frame[reader.codes]) == expected


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@EXAMPLES
@given(data=st.data())
def test_any_cell_may_hold_anything(reader: Reader, data: st.DataObject) -> None:
    sample = reader.sample
    table = [list(sample.header), *map(list, sample.rows)]
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.integers(0, len(table) - 1))
        column = data.draw(st.integers(0, len(sample.header) - 1))
        table[row][column] = data.draw(CELLS | st.text(max_size=6).filter(lambda t: "\0" not in t and _storable(t)))
    found = outcome(reader, written(table, sample.delimiter))
    if isinstance(found, Reading):
        check_no_silent_change(reader, written(table, sample.delimiter))
        good = outcome(reader, sample.data)
        assert isinstance(good, Reading)
        assert found.rows_count == good.rows_count


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@EXAMPLES
@given(data=st.data())
def test_any_byte_may_be_changed_lost_or_added(reader: Reader, data: st.DataObject) -> None:
    spoiled = bytearray(reader.sample.data)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(spoiled) - 1)))
        kind = data.draw(st.sampled_from(["change", "lose", "add", "lose many", "repeat"]))
        length = 1 if kind in ("change", "lose") else data.draw(st.integers(1, 40))
        if kind == "repeat":
            spoiled[at:at] = spoiled[at : at + length]
        else:
            new = b"" if kind.startswith("lose") else data.draw(st.binary(min_size=1, max_size=3) | MARKS)
            spoiled[at : at + (0 if kind == "add" else length)] = new
    check_no_silent_change(reader, bytes(spoiled))


MARKS = st.sampled_from([b",", b";", b"\n", b"\r", b'"', b" ", b"\xef\xbb\xbf", b"\xe9", b"NaN", b"\0", b"#", b"0"])


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_file_that_ends_anywhere_never_gives_more_or_other_rows(reader: Reader) -> None:
    whole = reader.sample.data
    good = outcome(reader, whole)
    assert isinstance(good, Reading)
    for end in range(0, len(whole), 3):
        found = outcome(reader, whole[:end])
        if isinstance(found, Reading):
            # What is lost between two lines cannot be seen in the file; whatever is there has to be accounted for.
            check_no_silent_change(reader, whole[:end])
            assert found.rows_count <= good.rows_count


def _storable(text: str) -> bool:
    """Say whether a text can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
