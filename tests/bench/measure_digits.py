"""Measure which digits of the results survive another mathematical library: `make digits`.

Every run is executed under each library and number of threads that OpenBLAS can be told to take, on the panel that is
built, without rounding. What differs by more than the digits of results allow gets a number of decimals on which all
agree, with up to two to spare, in src/buurteffect/report/tables/decimals.csv. Takes some minutes per library.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

import nbformat

from buurteffect.pipeline.runs.runs import load_run, runs_of
from buurteffect.project import Project, writing
from buurteffect.report.tables import exhibits, rounding
from buurteffect.report.tables.exhibits import DIGITS, plain

SOURCE = "synthetic"
LIBRARIES = {
    "as it is": ("", 1),
    "Haswell": ("Haswell", 2),
    "Sandybridge": ("Sandybridge", 2),
    "Prescott": ("Prescott", 1),
    "Nehalem": ("Nehalem", 1),
    "SkylakeX": ("SkylakeX", 1),
}
_SPARE, _FEWEST = 2, 4


def main() -> int:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=list(LIBRARIES), help="default: all")
    parser.add_argument("--runs", nargs="+", help="default: all")
    parser.add_argument("--out", type=Path, help="folder for the results (default: a temporary one)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    project = Project.find()
    if options.one:
        _execute(project, options.one, options.out)
        return 0
    names = options.runs or runs_of(project, SOURCE)
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.out or Path(scratch)).resolve()
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(_under, library, name, folder) for library in options.libraries for name in names]
            for job in jobs:
                job.result()
        found = measure([folder / library for library in options.libraries], project)
    target = Path(exhibits.__file__).with_name(rounding.DECIMALS)
    kept = [] if not options.runs else _others(target, {load_run(project, n, SOURCE).notebook.stem for n in names})
    rows = sorted([*kept, *found])
    with writing(target) as aside, aside.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([("notebook", "where", "decimals"), *rows])
    print(f"{len(rows)} addresses with fewer digits than {DIGITS} in {project.show(target)}")
    return 0


def measure(folders: Sequence[Path], project: Project) -> list[tuple[str, str, int]]:
    """Return notebook, address and decimals of all that differs between folders of results beyond the digits."""
    spread: dict[tuple[str, str], float] = defaultdict(float)
    seen: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
    count, differ, words = 0, 0, 0
    for file in sorted(folders[0].glob("*.json")):
        every = [json.loads((folder / file.name).read_text(encoding="utf-8")) for folder in folders]
        notebook = every[0]["notebook"]
        leaves = [list(rounding.numbers(results, "")) for results in every]
        for these in zip(*leaves, strict=True):
            values = [value for _, value in these]
            if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
                if len(set(map(str, values))) > 1:
                    words += 1
                    print(f"{file.stem}: {these[0][0]}: {values}")
                continue
            count += 1
            key = (notebook, these[0][0])
            seen[key].append(values)
            apart = max(abs(one - other) for one, other in combinations(values, 2))
            if len({plain(float(value)) for value in values}) > 1 or _near_edge(values, apart):
                differ += 1
                spread[key] = max(spread[key], apart)
    print(
        f"{count:,} numbers under {len(folders)} libraries; {differ:,} differ in {DIGITS} digits; {words} words differ"
    )
    return [(*key, _decimals(apart, seen[key])) for key, apart in spread.items()]


def _near_edge(values: Sequence[float], apart: float) -> bool:
    """Whether a number moves by a thousandth of its last digit or more, so that it may differ elsewhere."""
    largest = max(abs(value) for value in values)
    return largest > 0 and apart > 0.001 * 10.0 ** (math.floor(math.log10(largest)) - DIGITS + 1)


def _decimals(apart: float, seen: Sequence[Sequence[float]]) -> int:
    """Return the decimals that survive a move of this size and in which all agree, to spare what leaves four digits."""
    places = math.floor(-math.log10(apart))
    largest = max(abs(value) for values in seen for value in values)
    places -= min(_SPARE, max(0, math.ceil(math.log10(largest)) + places - _FEWEST))
    while any(len({plain(round(float(value), places)) for value in values}) > 1 for values in seen):
        places -= 1
    return places


def _others(target: Path, measured: set[str]) -> list[tuple[str, str, int]]:
    """Return what stands in the file on notebooks that were not measured."""
    with target.open(encoding="utf-8", newline="") as stream:
        rows = [(r["notebook"], r["where"], int(r["decimals"])) for r in csv.DictReader(stream)]
    return [row for row in rows if row[0] not in measured]


def _under(library: str, name: str, folder: Path) -> None:
    """Execute one run under a library, in a process of its own."""
    core, threads = LIBRARIES[library]
    environment = os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), str(threads))
    environment |= {"OPENBLAS_CORETYPE": core} if core else {}
    target = folder / library / f"{name}.json"
    command = [sys.executable, __file__, "--one", name, "--out", str(target)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} under {library}: {done.stderr[-2000:]}")
    print(f"{name} under {library}", flush=True)


def _execute(project: Project, name: str, target: Path) -> None:
    """Execute the cells of one run here, and keep its results in full."""
    import matplotlib

    from buurteffect.report import page

    matplotlib.use("agg")
    run = load_run(project, name, SOURCE)
    with tempfile.TemporaryDirectory() as staging:
        os.environ["BUURTEFFECT_STAGING"], os.environ["BUURTEFFECT_ROOT"] = staging, str(project.root)
        os.chdir(project.root)
        exhibits.DIGITS = 17
        page.decimals_of = lambda notebook: {}
        page.display = lambda bundle, raw: None
        space: dict[str, Any] = {"__name__": "__main__"}
        for cell in nbformat.read(run.notebook, as_version=4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, f"{name}: {cell.id}", "exec"), space)
                if "parameters" in cell.metadata.get("tags", []):
                    space |= run.parameters
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((Path(staging) / page.RESULTS).read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
