"""Time the synthetic country, each figure in a process of its own: seconds by the clock, of computing, peak memory.

Run by `make bench`. A country is drawn with its counterfactual without policy, and with the effects on households,
for which every cohort needs a branch. The memory is the sum of the peaks of its two processes, once the
second has ended.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from buurteffect.synthetic.country import draw_country, draw_world

LIMITS = {"test": (3.0, 2.0), "default": (20.0, 2.0), "national": (600.0, 16.0)}
"""Seconds and GB that a country with its counterfactual may take."""

JOBS = (
    # name, size, what is drawn, whether the limits are about it
    ("test, one country", "test", "world", False),
    ("test, with counterfactual", "test", "places", True),
    ("test, with households' branches", "test", "people", True),
    ("default, one country", "default", "world", False),
    ("default, with counterfactual", "default", "places", True),
    ("default, with households' branches", "default", "people", True),
    ("national, with counterfactual", "national", "places", True),
    ("national, with households' branches", "national", "people", True),
)


def measure(size: str, what: str) -> tuple[float, float, float]:
    """Draw a country; return seconds by the clock, seconds of computing in all processes, and peak GB."""
    started = time.perf_counter()
    if what == "world":
        draw_world(1, size)
    else:
        draw_country(1, size, people=what == "people", workers=None if size == "test" else 1)
    seconds = time.perf_counter() - started
    unit = 1024**3 if sys.platform == "darwin" else 1024**2
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    computing = sum(used.ru_utime + used.ru_stime for used in both)
    return seconds, computing, sum(used.ru_maxrss for used in both) / unit


def main() -> int:
    """Measure and print; fail if a limit is not kept."""
    kept = True
    for name, size, what, limited in JOBS:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            seconds, computing, gigabytes = pool.submit(measure, size, what).result()
        most_seconds, most_gigabytes = LIMITS[size]
        within = seconds <= most_seconds and gigabytes <= most_gigabytes
        kept &= within or not limited
        limit = (
            f"  limit {most_seconds:.0f} s, {most_gigabytes:.0f} GB: {'kept' if within else 'NOT KEPT'}"
            if limited
            else ""
        )
        print(f"{name:38} {seconds:7.2f} s  computing {computing:7.2f} s  {gigabytes:5.2f} GB{limit}", flush=True)
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
