"""What the tests of the downloader share: a source, a quick fetch, the command, and a look at what it leaves."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from statline_tables import StatLineTables, key_figures

from buurteffect.errors import DownloadError
from buurteffect.pipeline.cli import main
from buurteffect.project import Project
from buurteffect.sources.download.open_data import How, fetch_file
from buurteffect.sources.http.client import Settings
from buurteffect.sources.http.partial_file import LOCK_WAIT_SECONDS
from buurteffect.sources.registry import Source

Said = Callable[..., str]


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


def fetch_quickly(
    source: Source,
    folder: Path,
    say: Callable[[str], None] | None = None,
    lock_wait_seconds: float = LOCK_WAIT_SECONDS,
    **settings: object,
) -> tuple[How, str]:
    """Fetch one source without long waits; return how it came and what was said."""
    said: list[str] = []
    quick = {"back_off_seconds": 0.01, "timeout_seconds": (5.0, 5.0), "progress": False}
    trying = Settings(**(quick | settings))
    fetched = fetch_file(source, folder, trying, lock_wait_seconds=lock_wait_seconds, say=say or said.append)
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


@pytest.fixture
def home(project: Project, statline: StatLineTables, registry: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout whose registry names the local server; return its folder of open data."""
    (project.raw / "sources.toml").write_text(registry.replace("BASE", statline.v3), encoding="utf-8")
    monkeypatch.setenv("BUURTEFFECT_ROOT", str(project.root))
    return project.raw / "open"


@pytest.fixture
def fetch(home: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    """Run the command; return what it said, after its code has been found to be the expected one."""

    def run(*arguments: str, code: int = 0) -> str:
        found = main(["fetch", *arguments])
        said = capsys.readouterr()
        assert found == code, said.out + said.err
        assert "Traceback" not in said.out + said.err
        return said.out + said.err

    return run


TABLES = {"83765NED": 2017, "84583NED": 2019, "85318NED": 2022}
GPKG = b"SQLite format 3\0" + bytes(500)
REGISTRY = """
[scores]
title = "Scores"
publisher = "BZK"
licence = "CC0"
address = "BASE/scores.zip"
path = "leefbaarometer3/scores.zip"
needed = true
needed_by = ["panel"]
notes = "-"

[offer.kwb]
title = "Key figures"
publisher = "CBS"
licence = "CC BY 4.0"
notes = "-"
folder = "kwb_statline"
tables = { 2017 = "83765NED", 2019 = "84583NED", 2022 = "85318NED" }
by_gemeente = true
packed = true
service = "BASE"
pause_seconds = 0

[offer.stock]
title = "Stock"
publisher = "CBS"
licence = "CC BY 4.0"
notes = "-"
folder = "housing_stock"
tables = ["81955NED"]
service = "BASE"
pause_seconds = 0.0

[offer.boundaries]
title = "Boundaries"
publisher = "PDOK"
licence = "-"
notes = "-"
folder = "boundaries"
address = "BASE/{year}/areas_{year}.gpkg"
file = "areas_{year}.gpkg"

[offer.ses_woa]
title = "SES-WOA"
publisher = "CBS"
licence = "CC BY 4.0"
notes = "-"
folder = "ses_woa"
by_hand = "export it as CSV"
"""


@pytest.fixture
def registry() -> str:
    return REGISTRY


@pytest.fixture
def statline() -> Iterator[StatLineTables]:
    tables = {table: key_figures(table, year) for table, year in TABLES.items()}
    tables["81955NED"] = key_figures("81955NED", 2019)
    files = {"/scores.zip": ZIP} | {f"/{year}/areas_{year}.gpkg": GPKG + b"%d" % year for year in (2020, 2021)}
    with StatLineTables(tables=tables, files=files) as server:
        yield server
