"""Make every look at a file that does not open it say so.

That a file comes or goes makes a run another, and so does its size where a run asks for that. No audit event tells of
either, so `os.stat` and `os.access` are dressed.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

_ASKS = ("exists", "lexists", "isfile", "isdir", "is_file", "is_dir")
"""Functions of the standard library that look only at whether something is there."""

_MACHINERY = ("linecache", "inspect", "tokenize", "importlib", "IPython", "ipykernel", "traitlets", "tempfile")
"""What looks at the date of a module for other reasons than to read it."""


def let_looking_speak(present: Callable[[object, bool], None], missed: Callable[[object], None]) -> None:
    """Dress `os.stat` and `os.access`.

    Parameters
    ----------
    present : callable
        Is told the path of what is there, and whether only that was asked.
    missed : callable
        Is told the path of what is not.
    """
    stat, access = os.stat, os.access

    @functools.wraps(stat)
    def looking(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
        plain = named.get("dir_fd") is None and not isinstance(path, int)
        try:
            state = stat(path, *arguments, **named)
        except (FileNotFoundError, NotADirectoryError):
            if plain:
                missed(path)
            raise
        asked = _asked(sys._getframe(1)) if plain else None
        if asked is not None:
            present(path, asked)
        return state

    @functools.wraps(access)
    def accessing(path: Any, *arguments: Any, **named: Any) -> bool:
        can = access(path, *arguments, **named)
        if named.get("dir_fd") is None and not isinstance(path, int):
            if can:
                present(path, True)
            else:
                missed(path)
        return can

    os.stat, os.access = looking, accessing


def _asked(caller: FrameType) -> bool | None:
    """Whether only presence was asked for, by who called; None where Python itself looks after its modules."""
    frame: FrameType | None = caller
    if frame is not None and frame.f_code.co_name == "stat" and "pathlib" in frame.f_code.co_filename:
        frame = frame.f_back
    if frame is None:
        return False
    if any(name in frame.f_code.co_filename for name in _MACHINERY):
        return None
    standard = any(name in frame.f_code.co_filename for name in ("genericpath", "posixpath", "pathlib"))
    return standard and frame.f_code.co_name in _ASKS
