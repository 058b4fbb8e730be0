"""The archive itself: the same bytes for the same files, a manifest of checksums, and the commit it was made from."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from buurteffect.errors import DepositError
from buurteffect.project import writing

MANIFEST = "manifest-sha256.txt"
COMMIT = "COMMIT"
_CODE = ("src/", "notebooks/", "data/", "docs/", "Makefile", "requirements.lock")
_SHORT = 12
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of every file in an archive: the earliest that a zip can hold, so that no build's hour is in it."""


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """Return the checksums of some files as ``sha256sum --check`` reads them."""
    lines = [f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items())]
    return "".join(lines).encode()


def read_manifest(root: Path) -> dict[str, str]:
    """Return the checksums by path that an unpacked deposit lists.

    Raises
    ------
    DepositError
        If there is no manifest.
    """
    file = root / MANIFEST
    if not file.is_file():
        raise DepositError(f"this folder is no unpacked deposit: it has no {MANIFEST}")
    pairs = (line.split("  ", 1) for line in file.read_text(encoding="utf-8").splitlines())
    return {path: sha256 for sha256, path in pairs}


def changed_since(root: Path) -> list[str]:
    """Return the files of an unpacked deposit that are no longer what its manifest says."""
    return [path for path, sha256 in read_manifest(root).items() if _sha256(root / path) != sha256]


def commit_of_deposit(root: Path) -> tuple[str, bool] | None:
    """Return the commit that an unpacked deposit was made from, and whether its code was edited since.

    None where the folder is no unpacked deposit.
    """
    file = root / COMMIT
    if not file.is_file() or not (root / MANIFEST).is_file():
        return None
    commit, _, also = file.read_text(encoding="utf-8").strip().partition(" ")
    listed = read_manifest(root)
    edited = any(_sha256(root / path) != listed[path] for path in listed if path.startswith(_CODE))
    return commit[:_SHORT], bool(also) or edited


def archive_of(files: Mapping[str, bytes], folder: str) -> bytes:
    """Return a zip of some files in a folder: in order, without dates, users or machines."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{path}", _EPOCH)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            if content.startswith(b"#!"):
                entry.external_attr = 0o755 << 16
            archive.writestr(entry, content)
    return stream.getvalue()


def write_archive(path: Path, content: bytes) -> None:
    """Put an archive, with its checksum beside it, in its place."""
    with writing(path) as aside:
        aside.write_bytes(content)
    with writing(path.with_suffix(".zip.sha256")) as aside:
        aside.write_text(f"{hashlib.sha256(content).hexdigest()}  {path.name}\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    """Return the checksum of a file, nothing where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
