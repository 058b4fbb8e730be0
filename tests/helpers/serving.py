"""One process for each that runs tests serves the verbs of its builds: libraries are imported once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).parents[2] / "src" / "buurteffect" / "pipeline" / "kernels" / "client.py"
BUILD = {"BUURTEFFECT_BUILD": str(os.getpid())} if sys.platform == "linux" else {}
"""What tells a verb, or make, which process serves it: one that ends with this one."""


def ask(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a verb in a checkout as make does; return its exit code, and what it said on either stream."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(CLIENT), *arguments], cwd=folder, env=os.environ | BUILD,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr
