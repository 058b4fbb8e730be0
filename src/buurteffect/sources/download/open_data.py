"""The open data fetched from their publishers, and held to what was recorded about them."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from buurteffect.errors import DownloadError, ProjectError
from buurteffect.sources.files.rawfile import sha256_of
from buurteffect.sources.http.client import WEB_PAGE, Settings
from buurteffect.sources.http.partial_file import LOCK_WAIT_SECONDS, PartialFile, fetching_into
from buurteffect.sources.http.resuming import by_hand, refusal, transfer
from buurteffect.sources.registry import (
    FETCHED_NAME,
    Record,
    Source,
    read_records,
    recorded_lines,
    write_records,
)

How = Literal["downloaded", "present"]
"""Whether a source was downloaded now, or was there before."""

_REGISTRY = "data/raw/sources.toml"
_GPKG_START = b"SQLite format 3\0"


def fetch_file(
    source: Source,
    folder: Path,
    settings: Settings | None = None,
    *,
    lock_wait_seconds: float = LOCK_WAIT_SECONDS,
    say: Callable[[str], None] = print,
) -> How:
    """Bring a source into `folder`, or see that it is there; return which it was.

    A file is written aside as ``<name>.part``, checked, and moved into place at the end. It is held to the
    hash and size in the registry and in ``fetched.toml`` in `folder`; where neither knows them, they are told
    and written to ``fetched.toml``. A file that is there already is checked in the same way, and neither
    downloaded nor ever overwritten.

    Parameters
    ----------
    source : Source
        What to fetch.
    folder : Path
        The folder of the open data, made where it is missing.
    settings : Settings, optional
        How hard to try.
    lock_wait_seconds : float
        How long to wait for another fetch into the same folder.
    say : callable
        Takes each message about what was done.

    Raises
    ------
    DataError
        If ``fetched.toml`` is not as the downloader left it.
    DownloadError
        If the source cannot be had, is not what was recorded, or cannot be written.
    """
    with fetching_into(folder, "the open data", lock_wait_seconds, say):
        ledger = folder / FETCHED_NAME
        records = read_records(ledger)
        wanted = _Wanted(source, folder / source.path, ledger, records.get(source.id))
        _check_records_agree(wanted)
        part = PartialFile(wanted.target)
        present = wanted.target.exists()
        if present:
            record = _check_file(wanted, wanted.target, arrived=False)
            part.discard()
        else:
            transfer(source, part, settings or Settings())
            try:
                record = _check_file(wanted, part.path, arrived=True)
            except DownloadError:
                part.discard()
                raise
            part.keep()
        if wanted.known is None:
            write_records(ledger, records | {source.id: record})
        say(_report(wanted, record, present))
        return "present" if present else "downloaded"


def check_open_data(folder: Path) -> Path:
    """Return a user's own folder of open data if it can be read.

    Raises
    ------
    ProjectError
        If it does not exist, is not a folder or may not be read.
    """
    if not folder.exists():
        problem = "does not exist"
    elif not folder.is_dir():
        problem = "is not a folder"
    elif not os.access(folder, os.R_OK | os.X_OK):
        problem = "may not be read by you"
    else:
        return folder
    raise ProjectError(f"OPEN_DATA={folder} {problem}: name the folder that holds the data (make … OPEN_DATA=folder)")


@dataclass(frozen=True)
class _Wanted:
    """A source, where its file belongs, and the bytes it is held to."""

    source: Source
    target: Path
    ledger: Path
    known: Record | None

    @property
    def sha256(self) -> str | None:
        """The recorded hash."""
        return self.source.sha256 or (self.known.sha256 if self.known else None)

    @property
    def size_bytes(self) -> int | None:
        """The recorded size."""
        return self.source.size_bytes or (self.known.size_bytes if self.known else None)

    @property
    def recorded_in(self) -> str:
        """The file that says so."""
        return _REGISTRY if self.source.sha256 or self.known is None else str(self.ledger)


def _report(wanted: _Wanted, record: Record, present: bool) -> str:
    """Say what was done about a source, and what to record where nothing was."""
    name = wanted.source.id
    done = "already there, not downloaded" if present else "downloaded"
    if wanted.sha256 is not None:
        return f"{name}: {done}; {record.size_bytes} bytes, sha256 as recorded."
    lines = "\n".join(f"    {line}" for line in recorded_lines(record))
    return (
        f"{name}: {done}; {record.size_bytes} bytes. No hash was recorded before, so nothing but the address "
        f"vouches for them. Look at the file, then add to [{name}] in {_REGISTRY}:\n{lines}\n"
        f"  {wanted.ledger} holds the same; a later fetch that brings other bytes is refused."
    )


def _check_records_agree(wanted: _Wanted) -> None:
    """Refuse a source about which the registry and the record of the first fetch say different things."""
    source, known = wanted.source, wanted.known
    if known is None or (source.sha256 in (None, known.sha256) and source.size_bytes in (None, known.size_bytes)):
        return
    raise refusal(
        source,
        "is recorded twice, with different bytes",
        registry=f"{_bytes_text(source.sha256, source.size_bytes)} (in {_REGISTRY})",
        fetched=f"{_bytes_text(known.sha256, known.size_bytes)} (in {wanted.ledger})",
        to_do=f"to follow the registry, move {wanted.target} away, remove [{source.id}] from {wanted.ledger} "
        "and run it again; to keep the earlier bytes, put the registry back as it was",
    )


def _check_file(wanted: _Wanted, file: Path, *, arrived: bool) -> Record:
    """Return the record of a file's bytes if they can be the source, and are those recorded where any are."""
    with file.open("rb") as stream:
        head = stream.read(512)
    sha256, size_bytes = sha256_of(file), file.stat().st_size
    if not size_bytes:
        raise _not_the_file(wanted, "an empty file", arrived)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise _not_the_file(wanted, WEB_PAGE, arrived)
    if wanted.sha256 not in (None, sha256) or wanted.size_bytes not in (None, size_bytes):
        raise _other_bytes(wanted, _bytes_text(sha256, size_bytes), arrived)
    suffix = wanted.target.suffix.lower()
    problem = zip_problem(file) if suffix == ".zip" else None
    if problem:
        raise _not_the_file(wanted, f"not a readable zip: {problem}", arrived)
    if suffix == ".gpkg" and not head.startswith(_GPKG_START):
        raise _not_the_file(wanted, "no GeoPackage: its first bytes are those of another kind of file", arrived)
    return wanted.known or Record(wanted.source.address, sha256, size_bytes, date.today())


def _other_bytes(wanted: _Wanted, found: str, arrived: bool) -> DownloadError:
    """Return the error about bytes other than those in the registry or in the record of the first fetch."""
    source, target = wanted.source, wanted.target
    return refusal(
        source,
        f"{'came' if arrived else 'is there'} with other bytes than recorded",
        file=f"{source.address}, thrown away" if arrived else f"{target}, left as it is",
        found=found,
        recorded=f"{_bytes_text(wanted.sha256, wanted.size_bytes)} (in {wanted.recorded_in})",
        to_do=f"{'' if arrived else f'move {target} away and '}run it again. If it stays so, the publisher has brought "
        "out another version: to take it, read what changed, put the new sha256 and bytes under "
        f"[{source.id}] in {_REGISTRY}, remove [{source.id}] from {wanted.ledger}, and expect results to move",
    )


def _bytes_text(sha256: str | None, size_bytes: int | None) -> str:
    """Print what is known of some bytes."""
    size = "size not recorded" if size_bytes is None else f"{size_bytes} bytes"
    return f"sha256 {sha256 or 'not recorded'}, {size}"


def _not_the_file(wanted: _Wanted, found: str, arrived: bool) -> DownloadError:
    """Return the error about something that cannot be the source, whatever is recorded."""
    source, target = wanted.source, wanted.target
    to_do = "open the address in a browser and see what it gives" if arrived else "move it away and run it again"
    return refusal(
        source,
        "could not be fetched" if arrived else "is there, but cannot be used",
        file=f"{source.address}, thrown away" if arrived else f"{target}, left as it is",
        found=found,
        to_do=f"{to_do}. {by_hand(source, target)}",
    )


def zip_problem(file: Path) -> str | None:
    """Return what keeps a zip from being read to its end, or None."""
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
    except Exception as error:  # a damaged zip raises whatever its decoder does
        return str(error) or type(error).__name__
    return f"its member {damaged!r} is damaged" if damaged else None
