"""What git says of a checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(root: Path, *words: str) -> str | None:
    """Return what ``git WORDS`` prints in a folder, without the last line's end; None where git does not answer."""
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, check=True, encoding="utf-8")
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.rstrip("\n")
