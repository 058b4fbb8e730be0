"""Checkouts with tiny runs, their builds by make, and what a build leaves and says."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import serving
from checkouts import ROOT, write_notebook

TABLE = 'page.table("t", pd.DataFrame({"x": [1.5]}), [Column("x", "X", ".2f")], "One number.")'
READY = Path(sys.prefix) / ".buurteffect-ready"


def built_once(tmp_path_factory):
    """Build a checkout with two tiny runs, unless this process or one beside it has; return its folder."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder, complete = root / "built-once", root / "built-once.complete"
    with (root / "built-once.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            code, said = make(lay_out(folder, ("one", "two")), "reports", "-j2")
            assert code == 0, said
            complete.touch()
    return folder


def copied(checkout, to):
    """Copy a checkout that has been built; dates are kept, and make is told that the copy is no restored backup."""
    shutil.copytree(checkout, to, symlinks=True)
    (to / "data" / "processed" / "synthetic" / "records" / "looked").touch()
    return to


def lay_out(folder, runs):
    """Make a folder a checkout with tiny runs."""
    if not READY.is_file():
        pytest.skip("the environment was not made by make setup")
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "src"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "tests").mkdir()
    (folder / "data" / "raw").mkdir(parents=True)
    shutil.copy2(ROOT / "data" / "raw" / "sources.toml", folder / "data" / "raw")
    (folder / "notebooks" / "runs").mkdir(parents=True)
    for name in runs:
        write_run(folder, name)
    return folder


def write_run(checkout, name, *cells):
    write_notebook(checkout / "notebooks" / "tiny.ipynb", [TABLE, *cells, "page.finish()"])
    (checkout / "notebooks" / "runs" / f"{name}.yaml").write_text("notebook: tiny\n", encoding="utf-8")


def make(checkout, *arguments, **environment):
    """Run make on the small country; return its exit code and all it said.

    All builds of plain settings are served by one process; with others each has its own, as it has outside tests.
    """
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    plain = not environment and not any(word.startswith(("KERNELS=", "SCHEDULER=")) for word in arguments)
    served = [f"{name}={value}" for name, value in serving.BUILD.items()] if plain else []
    command = ["make", f"ENV={sys.prefix}", f"--old-file={READY}", "SIZE=test", *served, *arguments]
    done = subprocess.run(
        command, cwd=checkout, env=clean | environment, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout + done.stderr


def pages(checkout):
    return {page.name: page.read_bytes() for page in (checkout / "reports").glob("*/*.html")}


def write_own(checkout, name, *cells, settings=""):
    """Write a run with a notebook of its own."""
    write_notebook(checkout / "notebooks" / f"{name}.ipynb", [TABLE, *cells, "page.finish()"])
    notebook = checkout / "notebooks" / f"{name}.ipynb"
    notebook.write_text(notebook.read_text(encoding="utf-8").replace('\\"tiny\\"', f'\\"{name}\\"'), encoding="utf-8")
    run = checkout / "notebooks" / "runs" / f"{name}.yaml"
    run.write_text(f"notebook: {name}\n{settings}", encoding="utf-8")


def snapshot(checkout):
    """Return every file that stands at a final place, and its bytes."""
    done = checkout / "data" / "processed" / "synthetic"
    files = [p for part in ("executed", "results", "exhibits") for p in (done / part).rglob("*")]
    files += (checkout / "reports").rglob("*")
    return {str(path.relative_to(checkout)): path.read_bytes() for path in files if path.is_file()}


def leftovers(checkout):
    return [p.name for p in (checkout / "data" / "processed" / "synthetic").glob(".staging*")]


def block(said, name):
    """Return what a build said of one run that failed."""
    lines = said.splitlines()
    (end,) = [at for at, line in enumerate(lines) if re.search(rf"executed/{name}\.ipynb\] Error", line)]
    start = max(at for at in range(end) if at == 0 or re.match(r"make|running| {8}\w+ \(synth", lines[at]))
    return lines[start : end + 1]
