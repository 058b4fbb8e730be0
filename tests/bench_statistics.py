"""Time the key figures of a whole country: raw files to harmonised panel, beside plain `pandas.read_csv`.

Run by `make bench`. The files are generated in CBS's bulk layout (padded, quoted, semicolons, dots): 345 gemeenten,
3,300 wijken and 14,500 buurten, 120 columns, one file a year. Each figure is taken in a process of its own. The limit
is one of seconds by the clock; where other work slows the clock, seconds of computing stand for them, which are more
than the clock would show on idle cores.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.panel import build
from buurteffect.schema import CONCEPTS
from buurteffect.sources.kwb_mapping import mapping_rows

GEMEENTEN, WIJKEN, BUURTEN, COLUMNS = 345, 3_300, 14_500, 120
YEARS = range(2003, 2025)
BASE_YEAR = YEARS[-1]
SECONDS, GIGABYTES = 60.0, 4.0


def area_codes() -> list[str]:
    """Return the codes of all areas; the same in each year, with some wijken and buurten recoded by the crosswalk."""
    wijken = [f"{1 + i % GEMEENTEN:04d}{i // GEMEENTEN:02d}" for i in range(WIJKEN)]
    buurten = [f"{wijken[i % WIJKEN]}{i // WIJKEN:02d}" for i in range(BUURTEN)]
    return [
        *(f"GM{1 + g:04d}" for g in range(GEMEENTEN)),
        *(f"WK{code}" for code in sorted(wijken)),
        *(f"BU{code}" for code in sorted(buurten)),
    ]


def columns_of(year: int) -> dict[str, str]:
    """Return concept to column for the concepts that the bulk layout has in a year and that need no group."""
    found: dict[str, str] = {}
    for row in mapping_rows():
        if row.layout == "statline" and row.concept in CONCEPTS and row.holds_in(year) and not (row.group or row.of):
            found.setdefault(row.concept, row.column)
    return found


def write_year(folder: Path, year: int, codes: list[str], stream: np.random.Generator) -> Path:
    """Write one year's file."""
    table = pd.DataFrame({"ID": range(len(codes)), "WijkenEnBuurten": [f"{code:10}" for code in codes]})
    table["Gemeentenaam_1"] = f"{'Ergens':40}"
    kinds = {"GM": "Gemeente  ", "WK": "Wijk      ", "BU": "Buurt     "}
    table["SoortRegio_2"] = [kinds[code[:2]] for code in codes]
    table["Codering_3"] = table["WijkenEnBuurten"]
    flag = "IndelingswijzigingWijkenEnBuurten_4" if year < 2022 else "IndelingswijzigingGemeenteWijkBuurt_4"
    table[flag] = "1"
    for place, (concept, column) in enumerate(columns_of(year).items(), start=5):
        high = 5_000 if CONCEPTS[concept].high is None else 6 if concept == "urbanity_class" else 20
        values = stream.integers(1, high, len(codes))
        table[f"{column}_{place}"] = [f"{value:8d}" for value in values]
    for place in range(len(table.columns), COLUMNS):
        table[f"NietGebruikt{place}_{place}"] = [f"{v:8d}" for v in stream.integers(0, 9_999, len(codes))]
    path = folder / f"kwb_{year}.csv"
    table.to_csv(path, sep=";", index=False, quoting=1, encoding="utf-8-sig")
    return path


def write_crosswalks(folder: Path, codes: list[str]) -> None:
    """Write yearly crosswalks in which every hundredth wijk and buurt gives a tenth of its addresses to the next."""
    for prefix in ("GM", "WK", "BU"):
        names = [code[2:] for code in codes if code.startswith(prefix)]
        lines = ["year_from,year_to,source,target,n_addresses"]
        for year in YEARS[:-1]:
            step = 1 if prefix == "GM" else 100
            for place in range(year % step, len(names) - 1, step * (len(names) if prefix == "GM" else 1)):
                lines.append(f"{year},{year + 1},{names[place]},{names[place]},900")
                if prefix != "GM":
                    lines.append(f"{year},{year + 1},{names[place]},{names[place + 1]},100")
        (folder / f"crosswalk_{prefix}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def peak() -> float:
    """Return the most memory that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**3 if sys.platform == "darwin" else 1024**2)


def generate(raw: Path) -> tuple[int, float]:
    """Write all files; return how many areas there are, and megabytes of key figures."""
    codes, stream = area_codes(), np.random.default_rng(1)
    paths = [write_year(raw / "kwb", year, codes, stream) for year in YEARS]
    write_crosswalks(raw / "crosswalk", codes)
    return len(codes), sum(path.stat().st_size for path in paths) / 1e6


def measure(what: str, raw: Path) -> tuple[float, float, float]:
    """Read or build; return seconds by the clock, of computing, and peak GB."""
    clock, computing = time.perf_counter(), time.process_time()
    if what == "plain":
        for path in sorted((raw / "kwb").iterdir()):
            pd.read_csv(path, sep=";", encoding="utf-8-sig", low_memory=False)
    else:
        build(raw, raw / "panel", BASE_YEAR)
    return time.perf_counter() - clock, time.process_time() - computing, peak()


def main() -> int:
    """Generate, time and print; fail if a limit is not kept."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        raw = Path(name)
        (raw / "kwb").mkdir()
        (raw / "crosswalk").mkdir()
        areas, megabytes = generate(raw)
        print(f"{len(YEARS)} years × {areas:,} areas × {COLUMNS} columns, {megabytes:.0f} MB")
        found = {}
        for what, words in (("plain", "pandas.read_csv of the same files"), ("ours", "raw files to harmonised panel")):
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                found[what] = pool.submit(measure, what, raw).result()
            print("{:38} {:7.2f} s  computing {:7.2f} s  {:5.2f} GB".format(words, *found[what]), flush=True)
    clock, computing, gigabytes = found["ours"]
    within = min(clock, computing) <= SECONDS and gigabytes <= GIGABYTES
    slower, dearer = clock / found["plain"][0], computing / found["plain"][1]
    print(f"times pandas.read_csv: {slower:.1f} by the clock, {dearer:.1f} of computing")
    print(f"limit {SECONDS:.0f} s, {GIGABYTES:.0f} GB: {'kept' if within else 'NOT KEPT'}")
    return 0 if within else 1


if __name__ == "__main__":
    raise SystemExit(main())
