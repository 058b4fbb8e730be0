"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import local_server as web
import pytest
from checkouts import write_notebook
from fetching import ZIP, fetch, home  # noqa: F401  (fixtures)

from buurteffect.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty checkout."""
    (tmp_path / "notebooks" / "runs").mkdir(parents=True)
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "sources.toml").write_text("# none\n", encoding="utf-8")
    return Project(tmp_path)


@pytest.fixture
def tiny(project: Project) -> Callable[..., Project]:
    """Write notebook and run ``tiny`` into an empty checkout; the cells end with ``page.finish()``."""

    def write(*cells: str, finish: bool = True, settings: str = "", **options: str) -> Project:
        last = ["page.finish()"] if finish else []
        write_notebook(project.notebooks / "tiny.ipynb", [*cells, *last], **options)
        (project.notebooks / "runs" / "tiny.yaml").write_text(f"notebook: tiny\n{settings}", encoding="utf-8")
        return project

    return write


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a proxy of the environment away from the local servers."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture
def server() -> Iterator[web.LocalServer]:
    """Run a server that gives a zip."""
    with web.LocalServer(ZIP) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Name a folder for open data that is not there yet."""
    return tmp_path / "open"
