"""What a worker of a Dask cluster does for a run: start it in a process of its own, and watch over it.

This is all of the project that a worker imports, and a worker lives longer than code does: what matters is imported
afresh by the process that it starts. The run is the command ``buurteffect run`` in the same checkout, served by a
process that has imported the libraries and ends with the worker, as a build's does with make.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

DIFFERS, LOST = 51, 52
"""Exit codes of `WorkerDiffersError` and `WorkerLostError`, which a worker does not import."""

_LOOK_S = 0.5
_TRIES = 2
_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")


def run_on_worker(words: dict[str, Any]) -> dict[str, Any]:
    """Execute a run on this worker; return its exit code and what it said.

    A worker that dies takes its run along, and the cluster gives the run to another worker: once. When the client has
    gone, the run ends: the client holds a lock on the terms, which goes with its process.

    Parameters
    ----------
    words : dict
        ``root``, the checkout; ``terms``, the file with what the worker must see; ``arguments`` of the command;
        ``environment``, what of it counts; ``forked``, whether kernels are forked.

    Returns
    -------
    dict
        ``code``, ``out`` and ``err``.
    """
    try:
        terms = Path(words["terms"]).open("r+", encoding="utf-8")  # noqa: SIM115
    except OSError:
        return _refusal(DIFFERS, f"does not see {words['terms']}: workers need the checkout's folder under its path")
    with terms:
        if not _held(terms.fileno()):
            return _refusal(LOST, "sees no lock of the client: it has gone, or this filesystem does not share locks")
        tries = _count_try(Path(words["terms"]))
        if tries > _TRIES:
            return _refusal(LOST, f"was given a run that ended {_TRIES} workers: it is given up (out of memory?)")
        return _watched(words, terms.fileno())


def _watched(words: dict[str, Any], terms: int) -> dict[str, Any]:
    """Run the command; end it when the client has gone."""
    process = subprocess.Popen(
        _command(words),
        cwd=words["root"],
        env=_environment(words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                out, err = process.communicate(timeout=_LOOK_S)
                return {"code": process.returncode, "out": out, "err": err}
            if not _held(terms):
                return _refusal(LOST, "ended the run because its client has gone")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _command(words: dict[str, Any]) -> list[str]:
    """Return the command for this worker's Python."""
    client = Path(__file__).parents[1] / "kernels" / "client.py"
    how = ["-I", "-S", str(client)] if words["forked"] else ["-m", "buurteffect.pipeline.cli"]
    return [sys.executable, *how, *words["arguments"]]


def _environment(words: dict[str, Any]) -> dict[str, str]:
    """Return the worker's environment with what counts of the client's."""
    mine = {name: value for name, value in os.environ.items() if name not in _MAKE}
    mine.pop("BUURTEFFECT_BUILD", None)
    served = {"BUURTEFFECT_BUILD": str(os.getpid())} if words["forked"] else {}
    return {**mine, **served, "BUURTEFFECT_ROOT": words["root"], **words["environment"]}


def _held(handle: int) -> bool:
    """Whether another process holds the lock of a file."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(handle, fcntl.LOCK_UN)
    return False


def _count_try(terms: Path) -> int:
    """Note that the run begins; return how often it has."""
    tries = terms.with_suffix(".tries")
    with tries.open("a", encoding="utf-8") as stream:
        stream.write("begun\n")
    return len(tries.read_text(encoding="utf-8").splitlines())


def _refusal(code: int, why: str) -> dict[str, Any]:
    """Return an answer without a run."""
    return {"code": code, "out": "", "err": f"a worker of the cluster {why}"}
