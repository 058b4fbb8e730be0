"""One process for each that runs tests serves the verbs of its builds: libraries are imported once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from checkouts import ROOT

CLIENT = [sys.executable, "-I", "-S", str(ROOT / "src" / "buurteffect" / "pipeline" / "kernels" / "client.py")]
BUILD = {"BUURTEFFECT_BUILD": str(os.getpid())} if sys.platform == "linux" else {}
"""What tells a verb, or make, which process serves it: one that ends with this one."""


def ask(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a verb in a checkout as make does; return its exit code, and what it said on either stream."""
    done = subprocess.run(
        [*CLIENT, *arguments], cwd=folder, env=os.environ | BUILD,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def ask_for(
    build: subprocess.Popen[bytes], *arguments: str, folder: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a verb that is served by the process of a build other than that of the tests."""
    return subprocess.run(
        [*CLIENT, *arguments], cwd=folder,
        env=os.environ | {"BUURTEFFECT_BUILD": str(build.pid)} | environment,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is true; fail when it is not in time."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
