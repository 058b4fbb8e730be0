"""Run the benchmarks one after the other, each by itself: `make bench`, or `make bench BENCH="world estimators"`.

Every one prints a table with seconds by the clock, seconds of computing and peak memory, beside the limit that is
asked for. Figures by the clock mean something only on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

BENCHES = {
    "statistics": "key figures of a whole country: raw files to harmonised panel, beside pandas.read_csv",
    "world": "the synthetic country, with its counterfactual",
    "estimators": "the headline set, the honest bounds, and estimators beside the bare calls of their libraries",
    "build": "a grid of runs: computing and seconds beside papermill and nbconvert for each run, and a no-op",
}


def main() -> int:
    """Run what is asked for; fail if a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"some of {', '.join(BENCHES)}; all by default")
    names = parser.parse_args().names or list(BENCHES)
    if unknown := [name for name in names if name not in BENCHES]:
        parser.error(f"there is no benchmark {', '.join(unknown)}: choose among {', '.join(BENCHES)}")
    failed = []
    for name in names:
        load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
        print(f"\n{name}: {BENCHES[name]} ({os.cpu_count()} cores{load})", flush=True)
        started = time.perf_counter()
        script = Path(__file__).parent / f"bench_{name}.py"
        helpers = str(Path(__file__).parents[1] / "helpers")
        ours = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [helpers, os.environ.get("PYTHONPATH")]))}
        if subprocess.run([sys.executable, str(script)], check=False, env=ours).returncode:
            failed.append(name)
        print(f"{name} took {time.perf_counter() - started:.0f} s", flush=True)
    print(f"\nnot within its limits: {', '.join(failed)}" if failed else "\nall within their limits")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
