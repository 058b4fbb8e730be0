"""One display of a fetch of many things: how many of how many, how much of what is known to come, and how long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from time import monotonic
from typing import NoReturn

from tqdm import tqdm

_UNITS = ("bytes", "kB", "MB", "GB")
_MINUTE = 60
_BAR = "{desc}{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"


class Display:
    """What is shown of many jobs while they run: a bar on a terminal, else a line per job.

    `say` takes the lines; without `terminal` the bar is drawn where stderr is one.
    """

    def __init__(self, say: Callable[[str], None], terminal: bool | None = None) -> None:
        self.say = say
        self.sizes: list[int | None] = []
        self.total = self.came = self.known_done = 0
        self._number, self._name, self._before = 0, "", 0
        self._started = monotonic()
        self._drawn = sys.stderr.isatty() if terminal is None else terminal
        self._bar: tqdm[NoReturn] | None = None

    def plan(self, sizes: Sequence[int | None]) -> None:
        """Say what is to come.

        A size is None where it was not told, and 0 where nothing will come.
        """
        self.sizes, self.total, untold = list(sizes), sum(size or 0 for size in sizes), sizes.count(None)
        words = f"{len(sizes)} to fetch or to find: {printed(self.total)}"
        self.say(words + (f", and {untold} of which the size is not told" if untold else ""))

    def begin(self, number: int, name: str) -> None:
        """Take up one job."""
        self._number, self._name, self._before = number, name, self.came
        if self._drawn:
            if self._bar is None:
                self._bar = tqdm(total=self.total, unit="B", unit_scale=True, leave=False, bar_format=_BAR)
            self._bar.set_description(f"[{number}/{len(self.sizes)}] {name}")

    def advance(self, bytes_count: int) -> None:
        """Count bytes that came."""
        self.came += bytes_count
        if self._bar is None:
            return
        # Without tqdm's own time left: most of the time goes to tables, which are not in its total.
        self._bar.set_postfix_str(f"{printed(self.came)} in all{self._to_come()}", refresh=False)
        if self.sizes[self._number - 1]:
            self._bar.update(bytes_count)
        else:
            self._bar.refresh()

    def end(self, how: str) -> None:
        """Tell what became of a job."""
        size, got = self.sizes[self._number - 1], self.came - self._before
        self.known_done += size or 0
        if self._bar is not None:
            self._bar.n = self.known_done
            self._bar.refresh()
            return
        words = f", {printed(got)}" if got else ""
        self.say(f"[{self._number}/{len(self.sizes)}] {self._name}: {how}{words}{self._to_come()}")

    def close(self) -> None:
        """End the display."""
        if self._bar is not None:
            self._bar.close()

    def _to_come(self) -> str:
        """Say what is left of what is known to come, and how long that takes at the pace so far."""
        left = self.total - self.known_done
        if left <= 0 or not self.came:
            return ""
        seconds = left / self.came * (monotonic() - self._started)
        return f"; {printed(left)} known to come, about {_lasting(seconds)}"


def printed(bytes_count: int) -> str:
    """Print a number of bytes.

    Examples
    --------
    >>> printed(512), printed(219_668_480), printed(1_500_000_000)
    ('512 bytes', '219.7 MB', '1.5 GB')
    """
    amount, unit = float(bytes_count), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{bytes_count:,} bytes" if not unit else f"{amount:.1f} {_UNITS[unit]}"


def _lasting(seconds: float) -> str:
    """Print a time.

    Examples
    --------
    >>> _lasting(12), _lasting(600)
    ('12 s', '10 min')
    """
    return f"{seconds:.0f} s" if seconds < 2 * _MINUTE else f"{seconds / _MINUTE:.0f} min"
