"""Fixtures of the tests of the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest
from fetching import registry, statline  # noqa: F401  (fixtures)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """An empty folder of open data."""
    folder = tmp_path / "open"
    folder.mkdir()
    return folder
