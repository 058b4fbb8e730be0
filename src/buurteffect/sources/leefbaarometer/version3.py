"""The Leefbaarometer, version 3: the publisher's files of scores per buurt, wijk or PC4.

The files are comma-separated UTF-8 with a decimal point and ``NA`` for missing. Their header is quoted in
some and not in others, and they hold the waves up to 2022 or up to 2024. The publisher offers them in a zip
with other files beside them.

Version 3 leaves the composition of the population out of the score; version 2 holds it (`leefbaarometer2`).
The two are different measures: never chain them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.sources.files.columns import nearest
from buurteffect.sources.files.rawfile import SourceFile, label_of, printable, read_bytes, refuse_same_bytes, shown
from buurteffect.sources.files.system_files import why_not_data
from buurteffect.sources.files.zip_archive import Archive, Packed, list_members, members_within, read_member
from buurteffect.sources.leefbaarometer.version3_table import LEVEL_KEYS, SCORES, score_table
from buurteffect.sources.spreadsheets.saved_again import read_saved

_ZIP_START = b"PK\x03\x04"
_HEAD_BYTES = 4096
_TEXTS = (".csv", ".txt", ".tsv")
_INSIDE = " > "
_WORKBOOK = "a workbook: those of version 2 belong in leefbaarometer2, and version 3 is read from CSV"
_OTHER_HEADER = "its header is not that of scores"
_SCORE_COLUMNS = {"jaar", *SCORES}
_ENOUGH_COLUMNS = 4
_KNOWN = (*(name for keys in LEVEL_KEYS.values() for name in keys), "jaar", *SCORES)


@dataclass(frozen=True, eq=False)
class ScoreFile(SourceFile):
    """The scores of one file, read and checked.

    Parameters
    ----------
    frame : DataFrame
        Table `schema.LIVEABILITY`: one row is one area in one wave, in the file's order.
    level : {"buurt", "wijk", "pc4"}
        Kind of area.
    waves : tuple of int
        Years in the file, ascending.
    rows_count : int
        Rows of the CSV without its header.
    notes : tuple of str
        What another program did to the file, decimals that were lost, and rows that do not quite add up.
    """

    frame: pd.DataFrame
    level: str
    waves: tuple[int, ...]
    rows_count: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScoreLocation:
    """Where a file of scores is: the CSV, or the archive that holds it and its name there."""

    path: Path
    member: str | None = None

    @property
    def label(self) -> str:
        """What the file is called in errors and provenance."""
        return label_of(self.path, self.member)


@dataclass(frozen=True)
class ScoreListing:
    """Files of scores in a folder, to be read, and ``(file, reason)`` of all others in it."""

    files: tuple[ScoreLocation, ...]
    passed_over: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class ScoreFolder:
    """All scores in a folder, and ``(file, reason)`` of what was not read.

    Two files may overlap, as one up to 2022 and one up to 2024 do; which of them counts is for the panel to decide.
    """

    files: tuple[ScoreFile, ...]
    passed_over: tuple[tuple[str, str], ...]


def read_scores(path: Path, member: str | None = None) -> ScoreFile:
    """Read one file of version 3 scores, plain or in a zip.

    Fields are stripped. A missing score carries its reason: `NOT_IN_YEAR` where no area in the file has that
    score in that year, else `NOT_PUBLISHED`. An empty field is no documented mark and is refused, but for an
    area's name, which may be missing.

    Columns that are not the publisher's are left out and noted. Without a column of names the code stands for the
    name; of the two totals one is enough; without the five dimensions they are missing, as `NOT_IN_FILE` in waves in
    which the publisher gives them.

    Parameters
    ----------
    path : Path
        The CSV, or the archive that holds it.
    member : str, optional
        Name of the CSV in the archive, with its folders; ``inner.zip > scores.csv`` in an archive inside it.

    Raises
    ------
    DataError
        If the file is missing, empty, truncated or not UTF-8; if a column is missing, doubled or misspelled;
        if a record is too short or too long; if a code has another shape or occurs twice in a year; if a
        year is no wave or contradicts the file's name; if a score is no number or implausible; or if a row
        breaks one of the identities ``lbm − afw = DEVIATION_REFERENCE`` and ``afw = fys + onv + soc + vrz +
        won``. The error names line and column. A damaged or hostile archive is refused as a whole.
    """
    data = read_bytes(path) if member is None else _read_packed(path, member)
    origin = label_of(path, member)
    if data.startswith(_ZIP_START):
        raise DataError(
            origin,
            found="a zip archive",
            expected="the text of a CSV",
            action="name the member of the archive that is meant, or read the folder with read_score_files",
        )
    saved = read_saved(data, origin, _KNOWN, missing="NA")
    frame, level, notes = score_table(saved.records)
    return ScoreFile(
        frame=frame,
        level=level,
        waves=tuple(sorted({int(year) for year in frame["year"].unique()})),
        origin=origin,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes_count=len(data),
        rows_count=len(frame),
        notes=(*saved.notes, *notes),
    )


def find_score_files(folder: Path) -> ScoreListing:
    """Find every file of version 3 scores in a folder, in the folders below it and in its zips.

    A file counts by its header, not by its name. Only headers are judged here: a file that looks like scores
    but is misspelled or damaged is found, so that reading it fails, rather than passed over.

    Raises
    ------
    DataError
        If there is no such folder, or a zip in it is damaged or hostile.
    """
    if not folder.is_dir():
        raise DataError(
            label_of(folder),
            found="no such folder",
            expected="a folder with the publisher's files",
            action="run make fetch SOURCE=open, or name the folder that holds it with OPEN_DATA=…",
        )
    judged = list(_judged(folder))
    passed_over = tuple((place.label, reason) for place, reason in judged if reason is not None)
    return ScoreListing(tuple(place for place, reason in judged if reason is None), passed_over)


def read_score_files(folder: Path) -> ScoreFolder:
    """Read every file of version 3 scores that `find_score_files` finds.

    Raises
    ------
    DataError
        As `find_score_files` and `read_scores`; if there is no file of scores; or if two of them hold the
        same bytes under two names.
    """
    found = find_score_files(folder)
    if not found.files:
        seen = "; ".join(f"{shown(name)}: {reason}" for name, reason in found.passed_over[:5]) or "nothing at all"
        raise DataError(
            label_of(folder),
            found=f"no file of scores ({len(found.passed_over)} other files; {seen})",
            expected="at least one CSV of scores, plain or in a zip",
            action="run make fetch SOURCE=open, or put the publisher's zip or CSV files into this folder",
        )
    files = tuple(read_scores(place.path, place.member) for place in found.files)
    refuse_same_bytes((file.origin, file.sha256) for file in files)
    return ScoreFolder(files, found.passed_over)


def _judged(folder: Path) -> Iterator[tuple[ScoreLocation, str | None]]:
    """Yield every file below a folder with the reason to pass over it, or None."""
    for path in sorted(folder.rglob("*")):
        if why := None if path.is_dir() else why_not_data(path.relative_to(folder)):
            yield ScoreLocation(path), why
        elif path.is_dir():
            if path.is_symlink():
                yield ScoreLocation(path), "a link to a folder, which is not followed"
        elif path.suffix.lower() == ".zip":
            for member, reason in _judged_members(path):
                yield ScoreLocation(path, member), reason
        elif path.suffix.lower() in _TEXTS:
            yield ScoreLocation(path), _reason_against_text(path.name, read_bytes(path), "neither a CSV nor a zip")
        elif path.suffix.lower() in (".xlsx", ".xls"):
            yield ScoreLocation(path), _WORKBOOK
        else:
            yield ScoreLocation(path), "neither a CSV nor a zip"


def _judged_members(archive: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the members of a zip and of those inside it, as `read_scores` takes them, and why each is passed over."""
    for member in members_within(archive, label_of(archive)):
        why = member.why
        if why is None:
            is_text = PurePosixPath(member.name).suffix.lower() in _TEXTS
            why = _reason_against_text(member.name, member.read(), "not a CSV") if is_text else "not a CSV"
        yield _INSIDE.join((*member.around, member.name)), why


def _read_packed(path: Path, member: str) -> bytes:
    """Return the bytes of a member of an archive, or of an archive inside it."""
    *around, own = member.split(_INSIDE)
    if not around or member in list_members(path):
        return read_member(path, member)
    archive: Archive = path
    label = label_of(path)
    for name in around:
        label = f"{label}{_INSIDE}{printable(name)}"
        archive = Packed(label, read_member(archive, name))
    return read_member(archive, own)


def _reason_against_text(name: str, data: bytes, other: str) -> str | None:
    """Return why a text is no file of scores, or None; one that is called no CSV may be about anything."""
    reason = _reason_against(data[:_HEAD_BYTES])
    if name.lower().endswith(".csv"):
        return reason
    blank = not data.strip() or data.lstrip().startswith(b"<")
    return other if blank or (reason or "").startswith(_OTHER_HEADER) else reason


def _reason_against(head: bytes) -> str | None:
    """Return why a file that begins so is no file of scores, or None if it is one or means to be one."""
    # Read loosely on purpose: another encoding or separator must reach the strict reader and fail there.
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").decode("latin-1")
    if not text.strip() or text.lstrip().startswith("<"):
        return None
    first = text.strip().splitlines()[0]
    names = max(([cell.strip(' "') for cell in first.split(d)] for d in (",", ";", "\t")), key=len)
    known = {nearest(name, _SCORE_COLUMNS, cutoff=0.99) for name in names} - {None}
    bare = "jaar" in known and known & {"lbm", "afw"}
    if len(known) < _ENOUGH_COLUMNS and not bare:
        return f"{_OTHER_HEADER}: {shown(first)}"
    keys = [columns[0] for columns in LEVEL_KEYS.values()]
    if not any(nearest(name, keys, cutoff=0.8) for name in names):
        return f"scores of another kind of area than buurt, wijk or PC4: {shown(first)}"
    return None
