"""End every process that a kernel started, however it hid: in another session, or as an orphan.

Linux hands the orphans of a process to its nearest ancestor that asks for them. The process that executes a run asks,
and so does the one that serves a build; whatever is then below them and was not there before is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Collection, Iterator
from pathlib import Path

_ASK_FOR_ORPHANS = 36
_PATIENCE_S = 5.0


@contextlib.contextmanager
def kill_all() -> Iterator[None]:
    """Kill, at the end of a block, every process that it has left below this one."""
    before = descendants()
    adopt_orphans(True)
    try:
        yield
    finally:
        kill_descendants(before)
        adopt_orphans(False)


def adopt_orphans(wanted: bool) -> None:
    """Ask the system to hand orphans from below to this process, or no longer, where it can do that."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_ASK_FOR_ORPHANS, int(wanted), 0, 0, 0)


def kill_descendants(spared: Collection[int] = ()) -> list[int]:
    """Kill all processes below this one but those spared (not what these start later); return which."""
    killed: list[int] = []
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        left = [process for process in descendants() if process not in spared]
        if not left:
            break
        for process in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process, os.WNOHANG)
        killed += [process for process in left if process not in killed]
        time.sleep(0.005)
    return killed


def kill_below(process: int) -> None:
    """Kill a process and all below it."""
    for one in (process, *descendants(process)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(one, signal.SIGKILL)


def children_of(process: int) -> list[int]:
    """Return the numbers of the processes that one has started, or has been handed."""
    return _below().get(process, [])


def descendants(of: int | None = None) -> list[int]:
    """Return the numbers of all processes below one, by default this one; none where the system does not tell."""
    below, found, todo = _below(), [], [of or os.getpid()]
    while todo:
        children = below.get(todo.pop(), [])
        found += children
        todo += children
    return found


def _below() -> dict[int, list[int]]:
    """Return which processes stand directly below each."""
    below: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            above = int(place.read_text(errors="replace").rpartition(")")[2].split()[1])
            below.setdefault(above, []).append(int(place.parent.name))
    return below
