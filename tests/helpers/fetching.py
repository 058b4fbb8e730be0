"""What the tests of the downloader share: a source, a quick fetch, and a look at what it leaves."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from buurteffect.errors import DownloadError
from buurteffect.sources.download.open_data import Fetched, fetch
from buurteffect.sources.registry import Source


def make_zip(seed: int) -> bytes:
    """Return a readable zip of about 300,000 bytes that differs by seed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("scores.csv", random.Random(seed).randbytes(300_000))
    return content.getvalue()


ZIP, NEWER_ZIP = make_zip(1), make_zip(2)
HASH, NEWER_HASH = (hashlib.sha256(content).hexdigest() for content in (ZIP, NEWER_ZIP))
CSV = b"code,score\nBU03630000,1.5\n"


def source_at(address: str, **changes: object) -> Source:
    """Return a source with nothing recorded about its bytes."""
    source = Source(
        id="scores",
        title="Scores",
        publisher="BZK",
        licence="CC0",
        address=address,
        path="lbm/scores.zip",
        needed=True,
        needed_by=("panel",),
        notes="-",
    )
    return replace(source, **changes)


def fetch_quickly(source: Source, folder: Path, **settings: object) -> tuple[Fetched, str]:
    """Fetch one source without long waits; return the result and what was said."""
    said: list[str] = []
    quick = {"back_off_seconds": 0.01, "timeout_seconds": (5.0, 5.0), "progress": False, "say": said.append}
    (fetched,) = fetch([source], folder, **(quick | settings))
    return fetched, "\n".join(said)


def refused(source: Source, folder: Path, **settings: object) -> str:
    """Return the message of a fetch that fails, and check that it is fit to be read by a person."""
    with pytest.raises(DownloadError) as caught:
        fetch_quickly(source, folder, **settings)
    message = str(caught.value)
    assert "to do:" in message
    assert not [word for word in ("urllib3", "Traceback", "object at 0x", "Max retries") if word in message]
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return message


def names(folder: Path) -> set[str]:
    """Return every file below a folder by its path."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


PART = {"lbm/scores.zip.part", "lbm/scores.zip.part.json"}
WHOLE = {"lbm/scores.zip", "fetched.toml"}
