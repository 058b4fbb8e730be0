"""What lies in a folder of raw files: read, or passed over with the reason, whatever it is called."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buurteffect.errors import DataError
from buurteffect.sources import open_table
from buurteffect.sources.files.rawfile import label_of, read_head, sha256_of
from buurteffect.sources.files.system_files import why_not_data
from buurteffect.sources.files.zip_archive import list_members, unpack
from buurteffect.sources.statline.store import MANIFEST_NAME as MANIFEST
from buurteffect.sources.statline.store import StoredTable

METADATA = re.compile(
    r"(DataProperties|TableInfos|CategoryGroups|MeasureCodes|MeasureGroups|Dimensions|Properties|[A-Za-z]+Codes|[A-Za-z]+Groups"
    r"|WijkenEnBuurten|RegioS|Perioden|Gebruiksfunctie)(-[0-9]{4})?"
)
"""Stems of the files that describe a table of StatLine, as the packages ``cbsodata`` and ``cbsodataR`` write them."""

_HEAD_BYTES = 65_536
_COPY = re.compile(r"[ _-]*(\([0-9]+\)|copy|kopie)$", re.IGNORECASE)


@dataclass(frozen=True)
class InputFile:
    """A raw file that the panel was built from: name as shown to people, size and hash."""

    origin: str
    bytes_count: int
    sha256: str

    @classmethod
    def of(cls, path: Path, origin: str = "") -> InputFile:
        """Return a file with its size and hash; `origin` is what it is called, if not by its name.

        Raises
        ------
        DataError
            If it cannot be read.
        """
        return cls(origin or label_of(path), path.stat().st_size, sha256_of(path))


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read from one file or fetched table.

    Attributes
    ----------
    what : object
        What the reader returned.
    kind : str
        What it is, in words.
    rows_count : int
        Its rows.
    note : str
        What is told of it.
    input : InputFile
        The file with its hash.
    """

    what: Any
    kind: str
    rows_count: int
    note: str
    input: InputFile

    def entry(self, more: str = "") -> dict[str, Any]:
        """Return its line in the list of other sources."""
        note = "; ".join(part for part in (self.note, more) if part)
        return {"file": self.input.origin, "kind": self.kind, "rows": self.rows_count, "note": note}


PassedOver = list[tuple[str, str]]
Header = frozenset[str]
FileReader = Callable[[Path], "Found"]


@dataclass(eq=False)
class Found:
    """What a folder holds: every file is in one of the two lists, or part of one that is."""

    readings: list[Reading] = field(default_factory=list)
    passed_over: PassedOver = field(default_factory=list)


@dataclass(frozen=True)
class FolderReader:
    """How the files of one folder are read.

    Attributes
    ----------
    reads : tuple of (pattern, reader)
        By the whole name of a file, what reads it; the first pattern that fits counts. A reader returns what it read,
        and what in the file it passed over.
    wanted : str
        What the folder takes, for files that it does not.
    against : callable
        Takes the names in a file's header and returns why it is not read, or None.
    table : callable, optional
        Reads a fetched table.
    expected : frozenset of str
        Names of which the header of a .txt or .tsv has to have one, since its ending does not say that it is a table.
    opens_archives : bool
        Whether its readers take a zip themselves.
    """

    reads: tuple[tuple[str, FileReader], ...]
    wanted: str
    against: Callable[[Header], str | None] = lambda _: None
    table: Callable[[StoredTable], Reading] | None = None
    expected: Header = frozenset()
    opens_archives: bool = False


SCORES_FOLDER = "leefbaarometer3"
_ALSO_SCORES = re.compile(r"leefbaarometer(?:_?(?:versie_?|v)?3(?:[._]0)?)?")


def folder_name(name: str) -> str:
    """Return the folder that a name means, in any case and with a hyphen or blank for the line."""
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def folders_in(raw: Path) -> list[Path]:
    """Return the folders in a folder in order; none where it does not exist."""
    return [path for path in sorted(raw.iterdir()) if path.is_dir()] if raw.is_dir() else []


def score_home(raw: Path) -> Path:
    """Return the folder of version 3 scores: ``leefbaarometer3`` or, without one, one whose name can mean no other.

    Examples
    --------
    >>> [bool(_ALSO_SCORES.fullmatch(folder_name(name))) for name in ("Leefbaarometer 3.0", "leefbaarometer 2.0")]
    [True, False]
    """
    homes = folders_in(raw)
    own = [path for path in homes if folder_name(path.name) == SCORES_FOLDER]
    other = [path for path in homes if _ALSO_SCORES.fullmatch(folder_name(path.name))]
    return next(iter([*own, *other]), raw / SCORES_FOLDER)


@contextmanager
def named_below(home: Path, raw: Path) -> Iterator[None]:
    """Call the file of an error by its path below the folder of the data: readers know its own name only."""
    try:
        yield
    except DataError as error:
        own, *rest = re.split(r"(?= > )", error.file, maxsplit=1)
        there = [path for path in sorted(home.rglob("*")) if label_of(path) == own]
        if own == label_of(raw):
            raise
        place = there[0] if len(there) == 1 else home / own
        raise error.at("".join([place.relative_to(raw).as_posix(), *rest])) from None


def read_files(home: Path, reader: FolderReader, raw: Path) -> Found:
    """Read every file in a folder and the folders below it; files are named by their path below `raw`.

    Raises
    ------
    DataError
        If a file that is to be read is not what it has to be.
    """
    found = Found()
    with named_below(home, raw):
        _walk(home, reader, found, lambda path: path.relative_to(raw).as_posix())
    kept: list[Reading] = []
    first: dict[tuple[str, str], str] = {}
    for reading in found.readings:
        twin = first.setdefault((reading.kind, reading.input.sha256), reading.input.origin)
        if twin != reading.input.origin and _base(twin) == _base(reading.input.origin):
            found.passed_over.append((f"{home.name}/{reading.input.origin}", f"the same bytes as {twin}"))
        else:
            kept.append(reading)
    found.readings = kept
    return found


def _base(label: str) -> str:
    """Return the stem of a file without its archive and what a second download adds to it."""
    return _COPY.sub("", Path(label.rsplit(" > ", 1)[-1]).stem)


def _walk(home: Path, reader: FolderReader, found: Found, named: Callable[[Path], str]) -> None:
    """Read a folder or what was unpacked of an archive."""
    tables = sorted(path.parent for path in home.rglob(MANIFEST))
    if reader.table is not None:
        found.readings += [reader.table(open_table(table)) for table in tables]
    for path in files_below(home):
        where = path.relative_to(home)
        if why := why_not_data(where) or ("a link to a folder, which is not followed" if path.is_dir() else None):
            found.passed_over.append((named(path), why))
        elif any(table in path.parents for table in tables):
            if reader.table is None:
                found.passed_over.append(
                    (named(path), f"part of a fetched table, which is not read here: {reader.wanted}")
                )
        elif path.suffix.lower() == ".zip" and not reader.opens_archives:
            _open_archive(path, reader, found, named(path))
        else:
            _read_one(path, reader, found, named(path))


def files_below(home: Path) -> Iterator[Path]:
    """Yield every file below a folder in order, and every link to a folder."""
    for path in sorted(home.rglob("*")):
        if not path.is_dir() or path.is_symlink():
            yield path


def _open_archive(path: Path, reader: FolderReader, found: Found, name: str) -> None:
    """Read the files in a zip."""
    whole = any(member.rsplit("/", 1)[-1] == MANIFEST for member in list_members(path))
    suffixes = (".csv", ".json", ".txt", ".tsv", ".xlsx", ".xls")
    with tempfile.TemporaryDirectory(prefix="buurteffect-") as folder:
        unpacked = unpack(path, Path(folder), suffixes, reader.wanted, named=not whole)
        found.passed_over += [(f"{name}{member.removeprefix(label_of(path))}", why) for member, why in unpacked.left]
        _walk(Path(folder), reader, found, lambda file: f"{name} > {file.name.removeprefix(f'{label_of(path)} > ')}")


def _read_one(path: Path, reader: FolderReader, found: Found, name: str) -> None:
    """Read one file, or say why not."""
    own = path.name.rsplit(" > ", 1)[-1]
    read = next((read for pattern, read in reader.reads if re.fullmatch(pattern, own, re.IGNORECASE)), None)
    why: str | None = None
    if METADATA.fullmatch(Path(own).stem):
        why = "describes the table beside it"
    elif own.casefold() in ("counted.json", "fetched.toml"):
        why = "a record of this program"
    elif read is None:
        why = f"not read here: {reader.wanted}"
    elif path.suffix.lower() in (".csv", ".txt", ".tsv", ".json"):
        header = _header(path)
        why = reader.against(header)
        if why is None and path.suffix.lower() in (".txt", ".tsv") and not header & reader.expected:
            why = f"a text that holds no such table: {reader.wanted}"
    if why is not None or read is None:
        found.passed_over.append((name, why or reader.wanted))
        return
    here = read(path)
    found.readings += here.readings
    found.passed_over += [(f"{name}{label.removeprefix(label_of(path))}", reason) for label, reason in here.passed_over]


def _header(path: Path) -> Header:
    """Return the names in the first line of a text, in lower case, whatever separates them; of JSON its keys."""
    text = read_head(path, _HEAD_BYTES).replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").decode("latin-1").lstrip()
    if text[:1] in "{[":
        return frozenset(key.casefold() for key in re.findall(r'"([^"]{1,200})"\s*:', text))
    first = text.splitlines()[0] if text else ""
    return frozenset(cell.strip(' "\t').casefold() for mark in ";,\t|" for cell in first.split(mark))
