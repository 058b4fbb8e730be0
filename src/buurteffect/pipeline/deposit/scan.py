"""What editors' scanners look for, looked for before they do: in every file of a deposit."""

from __future__ import annotations

import getpass
import hashlib
import io
import json
import lzma
import re
import socket
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from buurteffect.errors import UnfitFileError

LARGEST = 100_000_000
"""Bytes above which repositories want to be asked."""

_TEXT = {
    ".cff", ".cfg", ".csv", ".css", ".html", ".ipynb", ".j2", ".json", ".lock", ".md", ".py", ".svg", ".toml", ".txt",
    ".yaml", ".yml", "",
}  # fmt: skip
_PICTURES = {".png"}
_PACKED = ".xz"  # one text, packed: the recorded results
_WINDOWS = re.compile(
    r"(?<![\w\\])[A-Za-z]:\\(?:Users|Documents|Program|Temp|data)\b|(?<![\w\\])[A-Z]:\\\\[A-Za-z]\w+\\"
)
_HOME = re.compile(r"(?<![\w.$/])/(?:home|Users|root)/[A-Za-z0-9._-]+")
_MAIL = re.compile(r"\b[\w.+-]+@(?!example\b)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:nl|com|org|edu|net|eu)\b")
_PERSONAL = re.compile(
    r"^(?:rin\w*|bsn|burgerservicenummer|name|surname|e?mail|phone|birth_?date|geboortedatum)$", re.I
)


def unfit(files: Mapping[str, bytes], machine: tuple[str, ...]) -> list[str]:
    """Return why an editor would turn a deposit down, a line per file (content by path) and reason.

    `machine` holds names that tell of the machine it was made on, as `names_of_this_machine` returns them.
    """
    found = [f"{path}: {reason}" for path, content in files.items() for reason in _reasons(path, content, machine)]
    return sorted([*found, *_twice(files)])


def refuse_unfit(files: Mapping[str, bytes], machine: tuple[str, ...]) -> None:
    """Stop where an editor would.

    Raises
    ------
    UnfitFileError
        If a file is empty, stands twice, is too large, hidden in a zip, of a closed format, or tells of a machine or
        of a person.
    """
    found = unfit(files, machine)
    if found:
        rest = f"\n  and {len(found) - 20} more" if len(found) > 20 else ""
        raise UnfitFileError(
            "an editor would turn these down:\n" + "\n".join(f"  {line}" for line in found[:20]) + rest
        )


def names_of_this_machine(root: Path) -> tuple[str, ...]:
    """Return what would tell of this machine: the folder of the checkout, and the host where its name is one."""
    names = [str(root.resolve())] if len(root.resolve().parts) > 2 else []
    with suppress(OSError, KeyError):
        user = getpass.getuser()
        names += [f"/home/{user}", f"/Users/{user}"]
    host = socket.gethostname()
    return (*names, *([host] if len(host) > 6 else []))


def _reasons(path: str, content: bytes, machine: tuple[str, ...]) -> Iterator[str]:
    """Yield what is wrong with one file."""
    suffix = PurePosixPath(path).suffix
    if not content:
        yield "is empty"
    if len(content) > LARGEST:
        yield f"has {len(content):,} bytes, over {LARGEST:,}"
    if zipfile.is_zipfile(io.BytesIO(content)) or suffix in (".gz", ".zip", ".7z", ".tar"):
        yield "is an archive inside the archive"
    if suffix == _PACKED:
        yield from _packed(path, content, machine)
    elif suffix not in _TEXT | _PICTURES:
        yield f"has no open format that is known here: {suffix}"
    if suffix in _TEXT:
        yield from _told_by(path, content, machine)
    if suffix == ".ipynb" and path.startswith("outputs/"):
        yield from _unordered(content)


def _packed(path: str, content: bytes, machine: tuple[str, ...]) -> Iterator[str]:
    """Yield what is wrong with a text that is packed."""
    if PurePosixPath(path).with_suffix("").suffix not in _TEXT:
        yield "is packed, and no text by its name"
        return
    unpack = lzma.LZMADecompressor(memlimit=LARGEST)
    try:
        text = unpack.decompress(content, LARGEST)
    except lzma.LZMAError:
        yield "cannot be unpacked"
        return
    if not unpack.eof or unpack.unused_data:
        yield f"unpacks to more than one text of {LARGEST:,} bytes"
    else:
        yield from _told_by(path.removesuffix(_PACKED), text, machine)


def _told_by(path: str, content: bytes, machine: tuple[str, ...]) -> Iterator[str]:
    """Yield what a text says that it should not."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        yield "is not UTF-8"
        return
    if path == "requirements.lock" or path.endswith("validators.lock"):
        return
    own = not path.startswith(("tests/", "src/"))  # programs and their tests name made-up folders and addresses
    for what, pattern in (("a Windows path", _WINDOWS), ("a home folder", _HOME), ("an address of mail", _MAIL)):
        match = pattern.search(text) if own else None
        if match:
            yield f"names {what}: {match[0]}"
    for name in machine:
        if name in text:
            yield "names a folder, user or host of the machine it was made on"
            break
    if own and PurePosixPath(path).suffix == ".csv":
        personal = [column for column in text.split("\n", 1)[0].split(",") if _PERSONAL.match(column.strip('"'))]
        if personal:
            yield f"has columns that name persons: {', '.join(personal)}"


def _unordered(content: bytes) -> Iterator[str]:
    """Yield whether a notebook was not run from its first cell to its last."""
    cells = [cell for cell in json.loads(content)["cells"] if cell["cell_type"] == "code"]
    if [cell.get("execution_count") for cell in cells] != list(range(1, len(cells) + 1)):
        yield "was not executed in order: its execution counts are not 1, 2, 3 …"


def _twice(files: Mapping[str, bytes]) -> list[str]:
    """Return files whose content stands in another file too."""
    first: dict[str, str] = {}
    found = []
    for path, content in sorted(files.items()):
        other = first.setdefault(hashlib.sha256(content).hexdigest(), path)
        if other != path and content:
            found.append(f"{path}: has the same content as {other}")
    return found
