"""Time a grid of runs: this project's build beside `papermill` and `jupyter nbconvert` called for each run.

Run by `make bench BENCH=build`; BENCH_RUNS=10 takes a smaller grid. Both sides begin with the same built panel, the
same notebook (it reads the panel, fits a line with clustered errors, draws a figure, prints a table and writes its
results), the same parameters, the same environment, compiled bytecode (as the set-up compiles it; a first run of each
is not counted, and every module that was imported is checked to have its compiled file) and `make -j2`. Each run
begins with nothing of another run. What each side does:

- theirs: `papermill` executes, in a stock kernel of the same environment; `jupyter nbconvert --to html` makes the
  page; two processes and a kernel per run.
- ours: `make reports` does that with kernels forked from one process that lives as long as the build, whose own import
  of the libraries is counted; it also watches what each run reads, checks that all of it ran, takes checksums of all
  inputs, sanitises outputs, and writes the index.

Computing is user and system time of every process that a side started, those that outlive their parent included: the
measuring process adopts and waits for them. A build with nothing to do is timed the same way.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from grid_checkout import ROOT, grid, lay_out_grid, write_grid

JOBS = 2
RUNS = int(os.environ.get("BENCH_RUNS", "50"))
SHARE_OF_COMPUTING, SECONDS_NO_OP = 0.25, 0.5
REPEATS_NO_OP = 7
READY = Path(sys.prefix) / ".buurteffect-ready"
BIN = Path(sys.executable).parent
IMPORTED = (
    "papermill.cli", "nbconvert.nbconvertapp", "ipykernel.kernelapp", "statsmodels.formula.api", "matplotlib.pyplot",
    "buurteffect.estimate", "buurteffect.panel", "buurteffect.report", "buurteffect.pipeline.execute",
)  # fmt: skip
"""What the two sides import; all of it has to be compiled."""

_SUBREAPER = 36
_INTERVAL_S = 0.2

STOCK = r"""
RUNS := {runs}
all: $(RUNS:%=out/%.html)
.RECIPEPREFIX = >
out/%.ipynb:
> @BUURTEFFECT_STAGING=$(CURDIR)/out/$* {bin}/papermill notebooks/grid.ipynb $@ \
>   -f out/$*.yaml -k buurteffect --cwd . --no-progress-bar --log-level ERROR
out/%.html: out/%.ipynb
> @{bin}/jupyter nbconvert --to html --log-level ERROR $<
.PRECIOUS: out/%.ipynb
"""
"""What somebody does who has papermill, nbconvert and make."""


@dataclass(frozen=True)
class Cost:
    """What a command has cost: seconds by the clock, of computing, and how many of its processes wanted a core."""

    clock: float
    computing: float
    wanted: float

    @property
    def cores(self) -> float:
        """How many cores it kept busy."""
        return self.computing / self.clock


def main() -> int:
    """Measure and print; fail if a limit is not kept."""
    if not READY.is_file() or sys.platform != "linux":
        print("needs Linux and the environment that make setup makes")
        return 1
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(ROOT / "src")], env=environment(), check=True)
    with tempfile.TemporaryDirectory(prefix="bench-build-") as name:
        ours, theirs = Path(name) / "ours", Path(name) / "theirs"
        ours.mkdir()
        lay_out_grid(ours, RUNS)
        apart(ours_command("panel"), ours)
        shutil.copytree(ours, theirs, symlinks=True)
        write_stock(theirs)
        warm(Path(name), ours)
        cost, idle = measure_ours(ours)
        return report(measure_stock(theirs), cost, idle)


def measure_stock(folder: Path) -> Cost:
    """Measure the grid by the stock commands; every page and all results must be there."""
    cost = apart(stock_command(), folder)
    made = [folder / "out" / f"{run}.html" for run in grid(RUNS)]
    made += [folder / "out" / run / "results.json" for run in grid(RUNS)]
    assert_made(made)
    told("papermill and jupyter nbconvert", cost)
    return cost


def measure_ours(folder: Path) -> tuple[Cost, Cost]:
    """Measure the grid by this project's build, and the build that has nothing to do."""
    cost = apart(ours_command("reports"), folder)
    assert_made([folder / "reports" / "synthetic" / f"{run}.html" for run in (*grid(RUNS), "index")])
    told("make reports", cost)
    nothing = [apart(ours_command("reports"), folder) for _ in range(REPEATS_NO_OP)]
    idle = Cost(
        statistics.median(each.clock for each in nothing), statistics.median(each.computing for each in nothing), 1.0
    )
    print(
        f"{'make reports with nothing to do':38} {idle.clock:7.2f} s  computing {idle.computing:7.2f} s  "
        f"median of {REPEATS_NO_OP}, fastest {min(each.clock for each in nothing):.2f} s",
        flush=True,
    )
    return cost, idle


def report(theirs: Cost, ours: Cost, idle: Cost) -> int:
    """Print ratios beside limits; return 0 if all are kept."""
    share = ours.computing / theirs.computing
    quick = min(idle.clock, idle.computing) <= SECONDS_NO_OP
    print(f"times fewer seconds by the clock: {theirs.clock / ours.clock:.1f}")
    print(f"share of computing: {share:.3f}, limit {SHARE_OF_COMPUTING:.2f}: {verdict(share <= SHARE_OF_COMPUTING)}")
    print(f"nothing to do: {idle.clock:.2f} s, limit {SECONDS_NO_OP:.1f} s: {verdict(quick)}")
    return 0 if share <= SHARE_OF_COMPUTING and quick else 1


def told(name: str, cost: Cost) -> None:
    """Print what a side has cost."""
    print(
        f"{name:38} {cost.clock:7.1f} s  computing {cost.computing:7.1f} s  per run {cost.computing / RUNS:5.2f} s  "
        f"cores kept busy {cost.cores:.2f}, wanted {cost.wanted:.2f} of {JOBS}",
        flush=True,
    )


def verdict(kept: bool) -> str:
    """Return the word for a limit."""
    return "kept" if kept else "NOT KEPT"


def ours_command(target: str) -> list[str]:
    """Return the call of this project's build, on a small country and in this environment."""
    return ["make", f"-j{JOBS}", f"ENV={sys.prefix}", f"--old-file={READY}", "SIZE=test", target]


def stock_command() -> list[str]:
    """Return the call of the stock build."""
    return ["make", f"-j{JOBS}", "-f", "stock.mk", "all"]


def write_stock(folder: Path) -> None:
    """Write what the stock build reads."""
    (folder / "stock.mk").write_text(STOCK.format(runs=" ".join(grid(RUNS)), bin=BIN), encoding="utf-8")
    (folder / "out").mkdir()
    for run, given in grid(RUNS).items():
        text = "".join(f"{key}: {value}\n" for key, value in given.items())
        (folder / "out" / f"{run}.yaml").write_text(text, encoding="utf-8")


def warm(folder: Path, panel: Path) -> None:
    """Let each side do one run that is not counted, and check that what it imports is compiled."""
    for number, command in enumerate((ours_command("reports"), stock_command())):
        trial = folder / f"warm{number}"
        shutil.copytree(panel, trial, symlinks=True)
        shutil.rmtree(trial / "notebooks" / "runs")
        (trial / "notebooks" / "runs").mkdir()
        write_grid(trial / "notebooks", 1)
        write_stock(trial)
        if number:
            command = [*command, "RUNS=g00"]
        apart(command, trial)
    code = (
        f"import {', '.join(IMPORTED)}, sys, pathlib\n"
        "specs = [getattr(module, '__spec__', None) for module in list(sys.modules.values())]\n"
        "cached = [spec.cached for spec in specs if spec and spec.cached]\n"
        "print(len(cached), sum(not pathlib.Path(path).is_file() for path in cached))"
    )
    said = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    imported, bare = map(int, said.stdout.split())
    print(f"{RUNS} runs, -j{JOBS}; of {imported:,} imported modules {bare} are not compiled", flush=True)
    if bare:
        raise SystemExit("compile them first: python -m compileall")


def environment() -> Mapping[str, str]:
    """Return the environment of both sides: one thread of algebra each, no words of a make above."""
    left_out = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHONDONTWRITEBYTECODE", "SCHEDULER", "KERNELS")
    mine = {name: value for name, value in os.environ.items() if name not in left_out}
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**mine, **threads, "MPLBACKEND": "agg", "PATH": f"{BIN}{os.pathsep}{mine.get('PATH', '')}"}


def assert_made(paths: list[Path]) -> None:
    """Stop if anything is missing: a side that fails is quick."""
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise SystemExit(f"not made: {', '.join(missing[:5])} and {max(len(missing) - 5, 0)} more")


# --- measuring -----------------------------------------------------------------------------------------------------


def apart(command: list[str], folder: Path) -> Cost:
    """Measure a command in a process of its own, so that only what that one started is counted."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, command, str(folder)).result()


def measure(command: list[str], folder: str) -> Cost:
    """Run a command until it and everything that it started has ended; return what that has cost.

    Raises
    ------
    SystemExit
        If it fails.
    """
    if ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("this system does not let a process adopt what its children leave behind")
    before = _computing()
    wanted: list[int] = []
    done = threading.Event()
    watching = threading.Thread(target=_watch, args=(os.getpid(), wanted, done))
    started = time.perf_counter()
    log = Path(folder) / "bench.log"
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=said, stderr=subprocess.STDOUT)
    watching.start()
    code = process.wait()
    clock = time.perf_counter() - started  # what is left only has to end
    _wait_for_the_rest()
    done.set()
    watching.join()
    if code:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise SystemExit(f"{' '.join(command)} ended with {code}\n{tail}")
    return Cost(clock, _computing() - before, statistics.fmean(wanted or [1]))


def _computing() -> float:
    """Return seconds of user and system time of all processes that were waited for, their own children included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _wait_for_the_rest() -> None:
    """Wait for adopted processes."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _watch(root: int, wanted: list[int], done: threading.Event) -> None:
    """Note now and then how many processes below one run or wait for a core."""
    while not done.wait(_INTERVAL_S):
        wanted.append(sum(state in "RD" for state in _states_below(root)))


def _states_below(root: int) -> Iterator[str]:
    """Yield the state of every process below one."""
    children: dict[int, list[tuple[int, str]]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append((int(folder.name), fields[0]))
    left = [root]
    while left:
        for process, state in children.get(left.pop(), ()):
            left.append(process)
            yield state


if __name__ == "__main__":
    raise SystemExit(main())
