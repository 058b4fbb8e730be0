"""Fixtures of the tests of kernels."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import wait_until

from buurteffect.pipeline.kernels.client import socket_path


@pytest.fixture
def build() -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for make; whoever serves it ends when it does."""
    make = subprocess.Popen(["sleep", "600"])
    yield make
    make.kill()
    make.wait()
    wait_until(lambda: not Path(socket_path(str(make.pid))).exists(), 20.0)
