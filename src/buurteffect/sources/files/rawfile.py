"""Raw files: their bytes, their text read strictly, and what tells two of them apart.

A raw file is never repaired. What cannot be read exactly as its publisher wrote it is refused, with the line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from buurteffect.errors import DataError

FILE_BYTES_LIMIT = 500_000_000
"""Largest file that is read into memory; the largest known raw table is below a tenth of it."""

_CHUNK_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")

_GIT_LFS = b"version https://git-lfs"
_HTML = (b"<!doctype html", b"<html")

FETCH_AGAIN = (
    "move the file away and download it again: make fetch does so for what it brought, docs/data.md names the page of "
    "the rest; if the publisher's own is like this, leave it out of the folder and report it there"
)
"""What to do about a file that is damaged."""

PUBLISHED = (
    "use the publisher's own file if somebody edited this one or another program saved it; if it is the publisher's "
    "own, mend this place in a copy or leave the file out of the folder, and report it there"
)
"""What to do about a file that somebody changed."""


@dataclass(frozen=True, eq=False)
class SourceFile:
    """A raw file as read; each reader adds what it made of it.

    Parameters
    ----------
    origin : str
        What the file is called, in an archive ``archive.zip > member``, in a workbook ``file.xlsx > sheet``. Untrusted
        text, as are the names of areas.
    bytes_count : int
        Size of what was read, unpacked.
    sha256 : str
        Its hash.
    """

    origin: str
    bytes_count: int
    sha256: str


def shown(value: object, width: int = 60) -> str:
    r"""Return `value` quoted, short and with control characters escaped, fit for an error message.

    Examples
    --------
    >>> shown("a\nb")
    "'a\\nb'"
    >>> shown("long" * 20, width=8)
    "'longlon…'"
    """
    text = str(value)
    return repr(text if len(text) <= width else f"{text[: width - 1]}…")


def label_of(path: Path, member: str | None = None) -> str:
    """Return how a file is called in errors and provenance: its name, or ``archive.zip > member.csv``.

    The folder that the file stands in is left out, and unprintable characters are escaped.

    Examples
    --------
    >>> label_of(Path("somewhere/scores.zip"), "2024/wijken.csv")
    'scores.zip > 2024/wijken.csv'
    """
    return printable(path.name if member is None else f"{path.name} > {member}")


def printable(text: str) -> str:
    r"""Return a text with its unprintable characters escaped.

    Examples
    --------
    >>> printable("a\nb")
    'a\\nb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal, read in pieces so that its size does not matter.

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as handle:
            while piece := handle.read(_CHUNK_BYTES):
                digest.update(piece)
    except OSError as error:
        raise _unreadable(path, error) from None
    return digest.hexdigest()


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    DataError
        If there is no such file, it cannot be read, or it is larger than `FILE_BYTES_LIMIT`.
    """
    refuse_larger(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def read_head(path: Path, bytes_count: int) -> bytes:
    """Return the first bytes of a file.

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as handle:
            return handle.read(bytes_count)
    except OSError as error:
        raise _unreadable(path, error) from None


def refuse_larger(path: Path, limit: int = FILE_BYTES_LIMIT) -> None:
    """Refuse a file larger than a limit before a byte of it is read; a path without a file passes.

    Raises
    ------
    DataError
        If the file has more than `limit` bytes.
    """
    size = path.stat().st_size if path.is_file() else 0
    if size > limit:
        raise DataError(
            label_of(path),
            found=f"a file of {size:,} bytes",
            expected=f"at most {limit:,} bytes in one table",
            action="check that it is the publisher's table; no table of this kind is nearly as large",
        )


def refuse_stand_in(head: bytes, origin: str) -> None:
    """Refuse what stands in the place of a file: a pointer of a repository, or the page of a site without the file.

    Raises
    ------
    DataError
        If it is such a thing; it says how to get the file.
    """
    start = head[:1000].removeprefix(_BOM).lstrip()
    if start.startswith(_GIT_LFS):
        raise DataError(
            origin,
            line=1,
            found="a pointer of Git LFS, which repositories hold in the place of a large file",
            expected="the file itself",
            action="get it with 'git lfs pull' in the clone that it came from, or download it from its publisher",
        )
    if start.lower().startswith(_HTML):
        raise DataError(
            origin,
            line=1,
            found="a page of HTML, as a site answers where it has no such file",
            expected="the file itself",
            action=FETCH_AGAIN,
        )


def decode(data: bytes, origin: str) -> str:
    r"""Return the text of UTF-8 bytes without their byte-order mark; line ends stay as they are.

    Raises
    ------
    DataError
        If the content is empty, only white space, or a stand-in (`refuse_stand_in`); if it is not UTF-8, has its
        byte-order mark twice, or holds a NUL byte. The error names the line of the first bad byte.

    Examples
    --------
    >>> decode(b"\xef\xbb\xbfwijk", "example.csv")
    'wijk'
    """
    refuse_stand_in(data, origin)
    # The body behind the mark is looked at where it lies: a copy of each file takes longer than the look.
    start = len(_BOM) if data.startswith(_BOM) else 0
    if not data[start : start + 1].strip() and not data[start:].strip():
        raise DataError(
            origin,
            found=f"an empty file ({len(data):,} bytes, no text)",
            expected="a text file with a header and rows",
            action=FETCH_AGAIN,
        )
    if data.startswith(_BOM, start):
        raise _bad_byte(
            data[start:], 0, origin, "a second byte-order mark, as a program that joins or saves files leaves it"
        )
    if data.startswith(_UTF16_BOMS, start):
        raise _bad_byte(data[start:], 0, origin, "text in UTF-16, as another program saves it")
    nul = data.find(b"\0", start)
    if nul >= 0:
        raise _bad_byte(data[start:], nul - start, origin, "a NUL byte: the file is damaged or is no text")
    try:
        return str(memoryview(data)[start:], "utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{data[start + error.start]:02X}, which is not UTF-8 (the file may be latin-1, or damaged)"
        raise _bad_byte(data[start:], error.start, origin, byte) from None


def refuse_same_bytes(digests: Iterable[tuple[str, str]]) -> None:
    """Refuse two contents with one sha256, whatever their names claim.

    A publisher's file of one year has turned out to be a copy of that of another year. No two inputs ever need to hold
    the same bytes, so the same bytes under two names always mean that one of the names is wrong.

    Raises
    ------
    DataError
        If a sha256 occurs twice; it names both labels.
    """
    first: dict[str, str] = {}
    for label, digest in digests:
        if digest in first:
            raise DataError(
                label,
                found=f"the same bytes as {first[digest]!r} (sha256 {digest[:12]}…)",
                expected="content of its own: no year or level is a copy of another",
                action="keep the one whose name fits the years and codes inside, and move the other out of the folder; "
                "if its name promises another year or level, download that again from its publisher",
            )
        first[digest] = label


def _bad_byte(body: bytes, position: int, origin: str, found: str) -> DataError:
    """Return the error for a byte that cannot stand in UTF-8 text, with its line."""
    before = body[:position].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return DataError(
        origin,
        line=before.count(b"\n") + 1,
        found=found,
        expected="text in UTF-8",
        action=(
            f"save the file again as UTF-8 (in a spreadsheet: CSV UTF-8), or {FETCH_AGAIN}"
            if b"\0" not in body or body.startswith(_UTF16_BOMS)
            else FETCH_AGAIN
        ),
    )


def _unreadable(path: Path, error: OSError) -> DataError:
    """Return the error for a file that the system does not open."""
    return DataError(
        label_of(path),
        found=f"a file that cannot be opened: {(error.strerror or type(error).__name__).lower()}",
        expected="a readable file",
        action="check the name and the folder, and put the publisher's file there",
    )
