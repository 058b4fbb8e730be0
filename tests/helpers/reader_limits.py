"""What every outcome of a reader is held to: its time, and an error that a person can use."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import settings

from buurteffect.errors import BuurteffectError, DataError

SECONDS = 5
"""Longest time for one small file."""

EXAMPLES = settings(max_examples=40, deadline=None, database=None, derandomize=True)
"""Drawn examples per reader and kind of change; always the same ones, so that a failure comes back."""


class HungError(BaseException):
    """A reader did not end; no reader may take this for a fault of the file."""


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail what hangs."""

    def stop(*_: Any) -> None:
        raise HungError(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def checked(error: BuurteffectError, file: str, folder: str) -> DataError:
    """Return an error of a reader if it names the file, tells what to do and shows nothing of the machine."""
    assert isinstance(error, DataError)
    assert error.file.startswith(file)
    assert error.found
    assert error.expected
    assert error.action
    assert not [word for word in ("Traceback", "pandas", "pyarrow", "0x7f", folder) if word in str(error)]
    assert len(str(error)) < 3_000
    return error
