"""The open data fetched from their publishers, and held to what was recorded about them."""

from __future__ import annotations

import fcntl
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Literal

from buurteffect.errors import DownloadError, ProjectError
from buurteffect.sources.files.rawfile import sha256_of
from buurteffect.sources.http.client import WEB_PAGE, Settings, by_hand, refusal, transfer
from buurteffect.sources.http.partial_file import Part
from buurteffect.sources.registry import (
    FETCHED_NAME,
    Record,
    Source,
    read_records,
    recorded_lines,
    write_records,
)

LOCK_NAME = ".fetch.lock"
LOCK_WAIT_SECONDS = 600.0
_LOCK_POLL_SECONDS = 0.1
_REGISTRY = "data/raw/sources.toml"
_GPKG_START = b"SQLite format 3\0"


@dataclass(frozen=True)
class Fetched:
    """One source that is in its place, with the bytes that were recorded.

    Parameters
    ----------
    source : Source
        The source.
    path : Path
        Where its file is.
    record : Record
        Its bytes; equal to the earlier record where there was one.
    how : {"downloaded", "present"}
        Whether it was downloaded now or was there before.
    """

    source: Source
    path: Path
    record: Record
    how: Literal["downloaded", "present"]


def fetch(
    sources: Iterable[Source],
    folder: Path,
    *,
    open_data: Path | None = None,
    tries: int = 3,
    back_off_seconds: float = 1.0,
    timeout_seconds: tuple[float, float] = (10.0, 60.0),
    progress: bool | None = None,
    advance: Callable[[int], None] | None = None,
    lock_wait_seconds: float = LOCK_WAIT_SECONDS,
    say: Callable[[str], None] = print,
) -> list[Fetched]:
    """Bring every source into `folder`, and return them in the order given.

    A file is written aside as ``<name>.part``, checked, and moved into place at the end. It is held to the
    hash and size in the registry and in ``fetched.toml`` in `folder`; where neither knows them, they are told
    and written to ``fetched.toml``. A file that is there already is checked in the same way, and neither
    downloaded nor ever overwritten. Proxies that the environment names are used.

    Parameters
    ----------
    sources : iterable of Source
        What to fetch; see :func:`~buurteffect.sources.registry.sources_needed`.
    folder : Path
        The folder of the open data, made where it is missing.
    open_data : Path, optional
        A folder of the user's own. Given this, nothing is downloaded and the result is empty.
    tries, back_off_seconds, timeout_seconds, progress, advance
        See :class:`~buurteffect.sources.http.client.Settings`.
    lock_wait_seconds : float
        How long to wait for another fetch into the same folder.
    say : callable
        Takes each message about what was done.

    Raises
    ------
    ProjectError
        If `open_data` cannot be used, or `tries` is below 1.
    DataError
        If ``fetched.toml`` is not as the downloader left it.
    DownloadError
        If a source cannot be had, is not what was recorded, or cannot be written.
    """
    if open_data is not None:
        given = check_open_data(open_data)
        say(f"Open data are read from {given} as they are; nothing is downloaded.")
        return []
    settings = Settings(tries, back_off_seconds, timeout_seconds, progress, advance)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder, lock_wait_seconds, say):
            return [_fetch_one(source, folder, settings, say) for source in sources]
    except OSError as error:
        raise _cannot_write(folder, error) from None


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


def _fetch_one(source: Source, folder: Path, settings: Settings, say: Callable[[str], None]) -> Fetched:
    """Bring one source into its place, or see that it is there as recorded."""
    ledger = folder / FETCHED_NAME
    records = read_records(ledger)
    wanted = _Wanted(source, folder / source.path, ledger, records.get(source.id))
    _check_records_agree(wanted)
    present = wanted.target.exists()
    if present:
        record = _check_file(wanted, wanted.target, arrived=False)
        Part(wanted.target).discard()
    else:
        record = _download(wanted, settings)
    if wanted.known is None:
        write_records(ledger, records | {source.id: record})
    say(_report(wanted, record, present))
    return Fetched(source, wanted.target, record, "present" if present else "downloaded")


def _download(wanted: _Wanted, settings: Settings) -> Record:
    """Bring a source into its place, and return its bytes' record; what fails a check is thrown away."""
    part = Part(wanted.target)
    transfer(wanted.source, part, settings)
    try:
        record = _check_file(wanted, part.path, arrived=True)
    except DownloadError:
        part.discard()
        raise
    part.keep()
    return record


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
    source = wanted.source
    first = "run it again" if arrived else f"move {wanted.target} away and run it again"
    return refusal(
        source,
        "came with other bytes than recorded" if arrived else "is there with other bytes than recorded",
        file=f"{source.address}, thrown away" if arrived else f"{wanted.target}, left as it is",
        found=found,
        recorded=f"{_bytes_text(wanted.sha256, wanted.size_bytes)} (in {wanted.recorded_in})",
        to_do=f"{first}. If it stays so, the publisher has brought out another version: to take it, read "
        f"what changed, put the new sha256 and bytes under [{source.id}] in {_REGISTRY}, remove "
        f"[{source.id}] from {wanted.ledger}, and expect results to move",
    )


def _bytes_text(sha256: str | None, size_bytes: int | None) -> str:
    """Print what is known of some bytes."""
    size = "size not recorded" if size_bytes is None else f"{size_bytes} bytes"
    return f"sha256 {sha256 or 'not recorded'}, {size}"


def _not_the_file(wanted: _Wanted, found: str, arrived: bool) -> DownloadError:
    """Return the error about something that cannot be the source, whatever is recorded."""
    source, target = wanted.source, wanted.target
    if not arrived:
        return refusal(
            source,
            "is there, but cannot be used",
            file=f"{target}, left as it is",
            found=found,
            to_do=f"move it away and run it again. {by_hand(source, target)}",
        )
    return refusal(
        source,
        "could not be fetched",
        tried=source.address,
        found=f"{found}; thrown away",
        to_do=f"open the address in a browser and see what it gives. {by_hand(source, target)}",
    )


def zip_problem(file: Path) -> str | None:
    """Return what keeps a zip from being read to its end, or None."""
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
    except Exception as error:  # a damaged zip raises whatever its decoder does
        return str(error) or type(error).__name__
    return f"its member {damaged!r} is damaged" if damaged else None


@contextmanager
def alone(folder: Path, wait_seconds: float, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the folder's lock, so that two fetches never write the same part or record."""
    path, end, told = folder / LOCK_NAME, monotonic() + wait_seconds, False
    while (handle := _try_lock(path)) is None:
        if monotonic() >= end:
            raise DownloadError(
                f"another fetch has been at work in {folder} for over {wait_seconds:g} s\n"
                f"  to do: wait until it is done, or end it, and run this again"
            )
        if not told:
            say(f"Another fetch is at work in {folder}; waiting for it, up to {wait_seconds:g} s.")
            told = True
        sleep(_LOCK_POLL_SECONDS)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        handle.close()


def _try_lock(path: Path) -> IO[bytes] | None:
    """Return the locked file, or None while another fetch holds it."""
    handle = path.open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The last holder removes the file: a lock on a removed one keeps nobody out.
        if os.path.samestat(path.stat(), os.fstat(handle.fileno())):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        handle.close()
        raise
    handle.close()
    return None


def _cannot_write(folder: Path, error: OSError) -> DownloadError:
    """Return the error about a disk that is full or a folder that may not be written to."""
    place = error.filename or folder
    return DownloadError(
        f"the open data could not be read or written\n"
        f"  where: {place}\n"
        f"  last:  {error.strerror or error}\n"
        f"  to do: make room on the disk, see that you may write to {folder}, and run it again; or read the "
        "open data from a folder of your own: make … OPEN_DATA=folder"
    )
