"""Zip archives of publishers, read in memory or, where a library needs files, unpacked below a temporary folder.

The paths of all members are checked before any of them is read, so that one hostile path refuses the whole
archive. What a member holds is checked when it is read: a large map beside the tables does no harm unread.
"""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from buurteffect.errors import DataError
from buurteffect.sources.files.columns import nearest
from buurteffect.sources.files.rawfile import FETCH_AGAIN, FILE_BYTES_LIMIT, label_of, printable, shown
from buurteffect.sources.files.system_files import why_not_data

MEMBER_BYTES_LIMIT = FILE_BYTES_LIMIT
"""Largest uncompressed size of one member."""

RATIO_LIMIT = 200
"""Largest ratio of uncompressed to compressed size; tables of scores reach about 10, a bomb about 1,000."""

RATIO_FLOOR_BYTES = 1_000_000
"""Members below this size may have any ratio: they are harmless, and a short uniform text packs well."""

UNPACKED_BYTES_LIMIT = 8_000_000_000
"""Most bytes that are unpacked to disk from one archive."""

MEMBERS_LIMIT = 10_000
"""Most members that an archive may list."""

# bzip2 and LZMA members unpack without bound in the standard library of the older supported Pythons.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
_ENCRYPTED = 0x1
_PIECE_BYTES = 1 << 20
_NAME_LENGTH = 200  # of a file that is unpacked; most file systems take 255 bytes


@dataclass(frozen=True, eq=False)
class Packed:
    """A zip in memory, such as one inside another or a workbook in a zip; `label` is what errors call it."""

    label: str
    data: bytes


Archive = Path | Packed


def list_members(archive: Archive) -> tuple[str, ...]:
    """Return the names of the files in a zip, in its order, without its folders.

    Raises
    ------
    DataError
        If the archive is missing, truncated or damaged, lists too many members, or if any member has a path
        that climbs out, is a link, or has the name of another member.
    """
    with _opened(archive) as opened:
        return tuple(info.filename for info in opened.infolist() if not info.is_dir())


def read_member(archive: Archive, member: str, bytes_count: int | None = None) -> bytes:
    """Return the bytes of one member of a zip, or only the first of them; at its end its checksum has been verified.

    Raises
    ------
    DataError
        As `list_members`, and if there is no such member; if it is encrypted, too large, a zip bomb, or
        packed in another way than stored or deflated; or if its checksum is wrong or its data end early.
    """
    with _opened(archive) as opened:
        names = [info.filename for info in opened.infolist()]
        if member not in names:
            near = nearest(member, names)
            raise DataError(
                _label(archive),
                found=f"no member {shown(member)} among {len(names)}",
                expected="the name of a member with its folders, as list_members gives it",
                action=f"did you mean {shown(near)}?" if near else "look the name up with list_members",
            )
        _check_content(archive, opened.getinfo(member))
        with _damage(_label(archive, member)), opened.open(member) as handle:
            if bytes_count is not None:
                return handle.read(bytes_count)
            # Piece by piece: asked for all at once, the library unpacks whatever there is before it looks at the
            # declared size, which has been checked.
            return b"".join(iter(lambda: handle.read(_PIECE_BYTES), b""))


@dataclass(frozen=True, eq=False)
class Member:
    """One member of a zip, or of a zip in it; `around` are the paths of the zips that it lies in within the first.

    `label` is what it is called in errors, and `why` says why it is not read, if it is not.
    """

    label: str
    archive: Archive
    name: str
    around: tuple[str, ...]
    why: str | None

    def read(self) -> bytes:
        """Return its bytes; see `read_member`."""
        return read_member(self.archive, self.name)


def members_within(archive: Archive, label: str, deep: int = 1, around: tuple[str, ...] = ()) -> Iterator[Member]:
    """Yield the members of a zip and of the zips in it, down to a depth, in their order.

    Raises
    ------
    DataError
        As `list_members`.
    """
    for name in list_members(archive):
        called, why = f"{label} > {printable(name)}", why_not_data(PurePosixPath(name))
        if why is None and name.lower().endswith(".zip"):
            if deep:
                inner = Packed(called, read_member(archive, name))
                yield from members_within(inner, called, deep - 1, (*around, name))
                continue
            why = "a zip in a zip in a zip; unpack it to have it read"
        yield Member(called, archive, name, around, why)


def _label(archive: Archive, member: str | None = None) -> str:
    """Return what an archive or a member of it is called in errors."""
    if isinstance(archive, Path):
        return label_of(archive, member)
    return archive.label if member is None else f"{archive.label} > {printable(member)}"


@contextmanager
def _opened(archive: Archive) -> Iterator[zipfile.ZipFile]:
    """Yield the archive after the paths of all its members have been checked."""
    if isinstance(archive, Path) and not archive.is_file():
        raise DataError(
            _label(archive),
            found="no such file",
            expected="a zip archive",
            action="check the name and the folder, and put the publisher's archive there",
        )
    with (
        _damage(_label(archive)),
        zipfile.ZipFile(archive if isinstance(archive, Path) else io.BytesIO(archive.data)) as opened,
    ):
        _check_members(archive, opened.infolist())
        yield opened


@contextmanager
def _damage(label: str) -> Iterator[None]:
    """Turn what the standard library raises on a damaged archive into the project's error."""
    try:
        yield
    except _DAMAGE as error:
        what = shown(error, 120) if str(error) and not isinstance(error, OSError) else type(error).__name__
        raise DataError(
            label,
            found=f"a zip that is truncated, damaged or of an unknown kind: {what}",
            expected="a whole zip archive whose checksums are right",
            action=FETCH_AGAIN,
        ) from error


def _unsafe(label: str, found: str, expected: str) -> DataError:
    """Return the error for an archive that may do harm."""
    action = "do not use this archive; fetch it again from the publisher's own address"
    return DataError(label, found=found, expected=expected, action=action)


def _check_members(archive: Archive, members: list[zipfile.ZipInfo]) -> None:
    """Refuse the archive if one of its members has a path that cannot be trusted."""
    if len(members) > MEMBERS_LIMIT:
        raise _unsafe(_label(archive), f"{len(members):,} members", f"at most {MEMBERS_LIMIT:,}")
    for info in members:
        _check_path(archive, info)
    name, count = Counter(info.filename for info in members).most_common(1)[0] if members else ("", 0)
    if count > 1:
        raise DataError(
            _label(archive, name),
            found=f"{count} members of this name",
            expected="every name once: which of them is meant cannot be told",
            action=FETCH_AGAIN,
        )


def _check_path(archive: Archive, info: zipfile.ZipInfo) -> None:
    """Refuse a member that points outside the archive."""
    name = info.orig_filename  # `filename` is already cut at a NUL and has separators replaced
    reasons = {
        "its path is absolute": PurePosixPath(name).is_absolute(),
        "its path holds '..'": ".." in PureWindowsPath(name).parts,
        "its path holds a backslash": "\\" in name,
        "its path holds a drive letter": bool(PureWindowsPath(name).drive),
        "its name holds a NUL": "\0" in name,
        "its name is empty": not name,
        "it is a symbolic link": stat.S_ISLNK(info.external_attr >> 16),
    }
    reason = next((text for text, holds in reasons.items() if holds), None)
    if reason:
        found = f"a member whose path climbs out of the archive: {reason}"
        raise _unsafe(_label(archive, name), found, "plain relative paths below the archive's own root")


def _check_content(archive: Archive, info: zipfile.ZipInfo, limit: int | None = None) -> None:
    """Refuse a member that is encrypted, packed in an unknown way, or too large."""
    limit = MEMBER_BYTES_LIMIT if limit is None else limit
    label = _label(archive, info.filename)
    if info.flag_bits & _ENCRYPTED:
        raise DataError(label, found="an encrypted member", expected="open data without a password", action=FETCH_AGAIN)
    if info.compress_type not in _METHODS:
        raise DataError(
            label,
            found=f"a member packed with method {info.compress_type}",
            expected="a stored or deflated member",
            action="pack the archive again as an ordinary zip, and record its new sha256",
        )
    if info.file_size > limit:
        raise _unsafe(label, f"a member of {info.file_size:,} bytes", f"at most {limit:,} bytes in one member")
    if info.file_size > max(RATIO_FLOOR_BYTES, RATIO_LIMIT * info.compress_size):
        found = f"{info.compress_size:,} bytes that unpack to {info.file_size:,}"
        raise _unsafe(label, found, f"at most {RATIO_LIMIT} times the packed size: more than that is a zip bomb")


@dataclass(frozen=True)
class Unpacked:
    """Files unpacked of an archive, and ``(member, reason)`` of what was left in it.

    A file is called ``archive.zip > folder > member``, so that its label says where it is from.
    """

    files: tuple[Path, ...]
    left: tuple[tuple[str, str], ...]


def unpack(
    archive: Path,
    into: Path,
    suffixes: Collection[str],
    reason: str,
    *,
    limit: int = MEMBER_BYTES_LIMIT,
    deep: int = 2,
    named: bool = True,
) -> Unpacked:
    """Unpack the members of some kinds, those of archives inside it too, below a folder of this program's own.

    Parameters
    ----------
    archive : Path
        The zip.
    into : Path
        An empty folder; members are put into folders of it as in the archive.
    suffixes : collection of str
        Endings of the names that are wanted, in lower case.
    reason : str
        Why members of other kinds are left.
    limit : int
        Largest uncompressed size of one member.
    deep : int
        How many archives may lie in one another below this one.
    named : bool
        Whether files are called after the archive too; else they keep their own names, as files that name each other
        must.

    Raises
    ------
    DataError
        As `read_member`.
    """
    files: list[Path] = []
    left: list[tuple[str, str]] = []
    with _opened(archive) as opened:
        members = opened.infolist()
        whole = sum(info.file_size for info in members if PurePosixPath(info.filename).suffix.lower() in suffixes)
        if whole > UNPACKED_BYTES_LIMIT:
            most = f"at most {UNPACKED_BYTES_LIMIT:,} bytes in one archive"
            raise _unsafe(label_of(archive), f"members of {whole:,} bytes", most)
        for info in members:
            place = PurePosixPath(info.filename)
            suffix = place.suffix.lower()
            why = why_not_data(place)
            why = why or (None if suffix in suffixes or (suffix == ".zip" and deep) else reason)
            if info.is_dir() or why:
                left += [] if info.is_dir() else [(label_of(archive, info.filename), why or reason)]
                continue
            _check_content(archive, info, limit)
            home = into.joinpath(*place.parts[:-1])
            home.mkdir(parents=True, exist_ok=True)
            name = " > ".join([label_of(archive), *place.parts]) if named else place.name
            target = home / name[-_NAME_LENGTH:]
            with _damage(label_of(archive, info.filename)), opened.open(info) as packed, target.open("wb") as file:
                shutil.copyfileobj(packed, file, _PIECE_BYTES)
            if suffix != ".zip" or ".zip" in suffixes:
                files.append(target)
                continue
            within = home / f"{len(files)} {place.stem}"[:_NAME_LENGTH]
            inner = unpack(target, within, suffixes, reason, limit=limit, deep=deep - 1, named=named)
            target.unlink()
            files += inner.files
            left += inner.left
    return Unpacked(tuple(files), tuple(left))
