"""What has arrived of a download, beside its place, in a folder into which one fetch at a time writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

from buurteffect.errors import DownloadError
from buurteffect.project import alone

LOCK_NAME = ".fetch.lock"
LOCK_WAIT_SECONDS = 600.0


@dataclass(frozen=True)
class Version:
    """Which version of a file the bytes in a ``.part`` belong to, as the server told when it sent them.

    `total_bytes` is the size of the whole file; it and the two headers that name a version are None where not told.
    """

    address: str
    etag: str | None
    last_modified: str | None
    total_bytes: int | None

    def __post_init__(self) -> None:
        """Refuse what a damaged note can hold."""
        texts = (self.address, self.etag or "", self.last_modified or "")
        if not all(isinstance(text, str) for text in texts) or not isinstance(self.total_bytes, int | None):
            raise TypeError("not the note of a download")

    @classmethod
    def of(cls, address: str, response: requests.Response) -> Version:
        """Return the version that a full answer announces."""
        headers = response.headers
        return cls(address, headers.get("ETag"), headers.get("Last-Modified"), announced_length(headers))

    @property
    def validator(self) -> str | None:
        """What ``If-Range`` can be given: a strong ETag, else the date; a weak ETag is not allowed there."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified

    def same_as(self, headers: Mapping[str, str]) -> bool:
        """Say whether an answer's own validators, where it gives any, are those of this version."""
        etag, last_modified = headers.get("ETag"), headers.get("Last-Modified")
        return etag in (None, self.etag) and last_modified in (None, self.last_modified)


@dataclass(frozen=True)
class PartialFile:
    """What has arrived of a file so far, beside the place that it is meant for (`target`)."""

    target: Path

    @property
    def path(self) -> Path:
        """File with the bytes."""
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def note(self) -> Path:
        """File that says which version they belong to."""
        return self.target.with_name(f"{self.target.name}.part.json")

    @property
    def size_bytes(self) -> int:
        """Number of bytes so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def version(self) -> Version | None:
        """Return the version that the bytes belong to, or None where no readable note says so."""
        try:
            return Version(**json.loads(self.note.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def resumable(self, address: str) -> Version | None:
        """Return the version to go on with, or None where the file has to be started over."""
        version = self.version()
        if version is None or not self.size_bytes or version.address != address or not version.validator:
            return None
        return version

    def start(self, version: Version) -> None:
        """Begin an empty file of a version."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(b"")
        self.note.write_text(json.dumps(asdict(version)), encoding="utf-8")

    def discard(self) -> None:
        """Throw away what has arrived."""
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def keep(self) -> None:
        """Move the complete file into place."""
        self.path.replace(self.target)
        self.note.unlink(missing_ok=True)


def announced_length(headers: Mapping[str, str]) -> int | None:
    """Return the number of bytes that an answer says its body has, or None where it does not say."""
    value = headers.get("Content-Length", "")
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None


@contextmanager
def fetching_into(folder: Path, what: str, wait_seconds: float, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a folder's lock, so that two fetches never write the same part or record.

    Raises
    ------
    DownloadError
        If another fetch holds it for too long, or if anything in the ``with`` block cannot be read or written.
    """
    try:
        with alone(folder / LOCK_NAME, f"another fetch into {folder}", wait_seconds, say):
            yield
    except TimeoutError as error:
        raise DownloadError(
            f"{error} has been at work for over {wait_seconds:g} s\n"
            "  to do: wait until it is done, or end it, and run this again"
        ) from None
    except OSError as error:
        raise DownloadError(
            f"{what} could not be read or written\n"
            f"  where: {error.filename or folder}\n"
            f"  last:  {error.strerror or error}\n"
            f"  to do: make room on the disk, see that you may write to {folder}, and run it again; or read the "
            "open data from a folder of your own: make … OPEN_DATA=folder"
        ) from None
