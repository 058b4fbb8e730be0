"""Where tables of key figures lie: a file, a folder with whatever is below it, a zip, or zips in a folder.

A document is one file or one member of a zip. Documents of one folder, on disk or in a zip, stand beside one another:
metadata and code lists describe the table beside them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from buurteffect.errors import DataError
from buurteffect.sources.files.rawfile import label_of, printable, read_bytes, read_head, sha256_of
from buurteffect.sources.files.system_files import why_not_data
from buurteffect.sources.files.zip_archive import list_members, members_within

NOT_A_TABLE = "not a table"
_ZIP_START = b"PK"
_WORKBOOK = "[Content_Types].xml"


@dataclass(frozen=True, eq=False)
class Document:
    """One file, or one member of a zip; `label` is what it is called in errors, `fetch` returns its bytes.

    `names` are its own name and those of the folders and archives around it, nearest first; `path` is None in a zip.
    """

    label: str
    names: tuple[str, ...]
    fetch: Callable[[], bytes]
    path: Path | None = None
    _loaded: list[tuple[str, int]] = field(default_factory=list, init=False, repr=False)

    @property
    def name(self) -> str:
        """Its own name."""
        return self.names[0]

    @property
    def stem(self) -> str:
        """Its own name without its suffix."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """Suffix of its name in lower case, with its dot."""
        return PurePosixPath(self.name).suffix.lower()

    def ends(self, bytes_count: int = 20_000) -> tuple[bytes, bytes]:
        """Return its first and its last bytes."""
        if self.path is None:
            data = self.fetch()
            return data[:bytes_count], data[-bytes_count:]
        _refuse_irregular(self.path, self.label)
        head = read_head(self.path, bytes_count)
        with self.path.open("rb") as handle:
            handle.seek(max(self.path.stat().st_size - bytes_count, 0))
            return head, handle.read(bytes_count)

    def load(self) -> bytes:
        """Return its bytes, and keep their digest: a file of a country is not read again for that."""
        data = self.fetch()
        self._loaded[:] = [(hashlib.sha256(data).hexdigest(), len(data))]
        return data

    def digest(self) -> tuple[str, int]:
        """Return the sha256 and the size of the bytes that were loaded, or of what lies there now."""
        if not self._loaded and self.path is not None:
            return sha256_of(self.path), self.path.stat().st_size
        if not self._loaded:
            self.load()
        return self._loaded[0]


@dataclass(frozen=True, eq=False)
class DocumentFolder:
    """The documents of one folder, on disk or in a zip; `names` are its own and those around it, nearest first."""

    label: str
    names: tuple[str, ...]
    documents: tuple[Document, ...]


def folders_of(path: Path, beside: Callable[[str], bool]) -> tuple[list[DocumentFolder], list[tuple[str, str]]]:
    """Return the folders with documents at and below a path, and the files that hold none with the reason.

    `beside` says of the name of another file whether it may describe the table in `path`, which is then taken along.

    Raises
    ------
    DataError
        If there is nothing, a file is too large, or a zip is damaged or has members whose paths climb out.
    """
    passed_over: list[tuple[str, str]] = []
    if not path.is_dir():
        archive = _as_archive(path)
        if archive is not None:
            return _in_zip(archive, label_of(path), (path.name,), passed_over), passed_over
        others = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
        chosen = [path, *(item for item in others if item.is_file() and item.name != path.name and beside(item.name))]
        documents = tuple(_on_disk(item, label_of(item), (item.name,)) for item in chosen)
        return [DocumentFolder(label_of(path), (path.name,), documents)], passed_over
    places: list[DocumentFolder] = []
    by_folder: dict[Path, list[Path]] = {}
    for item in sorted(item for item in path.rglob("*") if item.is_file()):
        relative = item.relative_to(path)
        if why := why_not_data(relative):
            passed_over.append((printable(relative.as_posix()), why))
        elif (archive := _as_archive(item)) is not None:
            names = (item.name, *reversed(relative.parts[:-1]), path.name)
            places += _in_zip(archive, printable(relative.as_posix()), names, passed_over)
        else:
            by_folder.setdefault(item.parent, []).append(item)
    for folder, items in by_folder.items():
        within = folder.relative_to(path)
        around = (*reversed(within.parts), path.name)
        label = printable(within.as_posix()) if within.parts else label_of(path)
        documents = tuple(
            _on_disk(item, printable(item.relative_to(path).as_posix()), (item.name, *around)) for item in items
        )
        places.append(DocumentFolder(label, around, documents))
    return sorted(places, key=lambda place: place.label), passed_over


def digest_of(documents: Sequence[Document]) -> tuple[str, int]:
    """Return the sha256 and the size of one document; of several, the sha256 of theirs in their order."""
    digests = [document.digest() for document in documents]
    size = sum(count for _, count in digests)
    if len(digests) == 1:
        return digests[0]
    whole = hashlib.sha256()
    for digest, _ in digests:
        whole.update(bytes.fromhex(digest))
    return whole.hexdigest(), size


def _as_archive(path: Path) -> Path | None:
    """Return a zip that is no workbook, else None."""
    if not path.is_file() or read_head(path, 2) != _ZIP_START:
        return None
    return None if _WORKBOOK in list_members(path) else path


def _on_disk(path: Path, label: str, names: tuple[str, ...]) -> Document:
    """Return a file as a document."""
    return Document(label, names, lambda: _bytes(path, label), path)


def _bytes(path: Path, label: str) -> bytes:
    """Return the bytes of a file."""
    _refuse_irregular(path, label)
    return read_bytes(path)


def _refuse_irregular(path: Path, label: str) -> None:
    """Refuse a pipe or a device, which may never end."""
    if path.exists() and not path.is_file():
        raise DataError(
            label,
            found="no regular file",
            expected="a file, or a folder with the pages of one table",
            action="name the file that is meant",
        )


def _in_zip(
    archive: Path, label: str, names: tuple[str, ...], passed_over: list[tuple[str, str]]
) -> list[DocumentFolder]:
    """Return the folders in a zip, and in the zips that it holds."""
    by_folder: dict[str, list[Document]] = {}
    for member in sorted(members_within(archive, label), key=lambda member: member.label):
        if member.why is not None:
            passed_over.append((member.label, member.why))
            continue
        parts = [part for path in (*member.around, member.name) for part in PurePosixPath(path).parts]
        folder = member.label.removesuffix(printable(parts[-1])).removesuffix("/").removesuffix(" > ")
        by_folder.setdefault(folder, []).append(Document(member.label, (*reversed(parts), *names), member.read))
    return [DocumentFolder(folder, found[0].names[1:], tuple(found)) for folder, found in by_folder.items()]
