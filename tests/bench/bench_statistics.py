"""Time the key figures of a whole country: raw files to harmonised panel, beside plain `pandas.read_csv`.

Run by `make bench`. The files are generated in CBS's bulk layout (padded, quoted, semicolons): 345 gemeenten, 3,300
wijken and 14,500 buurten, 120 columns, one file a year, without a missing value, which is what pandas reads fastest.
Each figure is taken in a process of its own, the two in turn. The limit is a multiple of what `pandas.read_csv` takes
for the same files, by the clock or in seconds of computing: the first holds on idle cores, and where other work slows
the clock, the second stands for it.
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
from buurteffect.sources.key_figures.columns.mapping import MappingRow, mapping_rows

GEMEENTEN, WIJKEN, BUURTEN, COLUMNS = 345, 3_300, 14_500, 120
YEARS = range(2003, 2025)
BASE_YEAR = YEARS[-1]
BASES = {
    "inhabitants_count": (600, 5_000),
    "land_area_ha": (20, 900),
    "population_density_per_km2": (99, 101),
    "woz_value_eur": (150_000, 350_000),
    "urbanity_class": (1, 5),
}
"""Where figures lie whose usual range is none or too wide to draw from."""
DECIMALS = {"household_size_mean", "cars_per_household_mean"}
TIMES_PLAIN, GIGABYTES, ROUNDS = 5.0, 3.0, 2


def area_codes() -> list[str]:
    """Return the codes of all areas; the same in each year, with some wijken and buurten recoded by the crosswalk."""
    wijken = [f"{1 + i % GEMEENTEN:04d}{i // GEMEENTEN:02d}" for i in range(WIJKEN)]
    buurten = [f"{wijken[i % WIJKEN]}{i // WIJKEN:02d}" for i in range(BUURTEN)]
    return [
        *(f"GM{1 + g:04d}" for g in range(GEMEENTEN)),
        *(f"WK{code}" for code in sorted(wijken)),
        *(f"BU{code}" for code in sorted(buurten)),
    ]


def columns_of(year: int) -> list[MappingRow]:
    """Return the columns of a year that need no group, those that the usual range of others rests on first."""
    found: dict[str, MappingRow] = {}
    for row in mapping_rows():
        if row.layout == "statline" and row.concept in CONCEPTS and row.holds_in(year) and not (row.group or row.of):
            found.setdefault(row.concept, row)
    return sorted(found.values(), key=lambda row: bool(CONCEPTS[row.concept].usual_of))


def figures(row: MappingRow, done: dict[str, np.ndarray], stream: np.random.Generator, size: int) -> list[str]:
    """Draw a column's figures where areas may have them, and print them as the file does: padded, in its own unit."""
    concept = CONCEPTS[row.concept]
    low, high = concept.usual_low or 0.0, concept.usual_high or 1.0
    if concept.name in BASES:
        values = stream.uniform(*BASES[concept.name], size)
    else:
        values = stream.uniform(low + 0.3 * (high - low), low + 0.6 * (high - low), size)
    bases = [name for name in concept.usual_of.split("/") if name in done]
    if bases:
        values *= done[bases[0]] / (done[bases[1]] if len(bases) > 1 else 1)
    done[concept.name] = values
    printed = values / row.factor
    return [f"{value:8.{1 if concept.name in DECIMALS else 0}f}" for value in printed]


def write_year(folder: Path, year: int, codes: list[str], stream: np.random.Generator) -> Path:
    """Write one year's file."""
    table = pd.DataFrame({"ID": range(len(codes)), "WijkenEnBuurten": [f"{code:10}" for code in codes]})
    table["Gemeentenaam_1"] = f"{'Ergens':40}"
    kinds = {"GM": "Gemeente  ", "WK": "Wijk      ", "BU": "Buurt     "}
    table["SoortRegio_2"] = [kinds[code[:2]] for code in codes]
    table["Codering_3"] = table["WijkenEnBuurten"]
    flag = "IndelingswijzigingWijkenEnBuurten_4" if year < 2022 else "IndelingswijzigingGemeenteWijkBuurt_4"
    table[flag] = "1"
    done: dict[str, np.ndarray] = {}
    for place, row in enumerate(columns_of(year), start=5):
        table[f"{row.column}_{place}"] = figures(row, done, stream, len(codes))
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
        found: dict[str, list[tuple[float, float, float]]] = {"plain": [], "ours": []}
        for _ in range(ROUNDS):
            for what, words in (
                ("plain", "pandas.read_csv of the same files"),
                ("ours", "raw files to harmonised panel"),
            ):
                with ProcessPoolExecutor(1, mp_context=context) as pool:
                    found[what].append(pool.submit(measure, what, raw).result())
                print("{:38} {:7.2f} s  computing {:7.2f} s  {:5.2f} GB".format(words, *found[what][-1]), flush=True)
    clock, computing = (min(r[at] for r in found["ours"]) / min(r[at] for r in found["plain"]) for at in (0, 1))
    gigabytes = max(r[2] for r in found["ours"])
    within = min(clock, computing) <= TIMES_PLAIN and gigabytes <= GIGABYTES
    print(f"times pandas.read_csv, the best of {ROUNDS}: {clock:.1f} by the clock, {computing:.1f} of computing")
    print(f"limit {TIMES_PLAIN:g} times, {GIGABYTES:g} GB: {'kept' if within else 'NOT KEPT'}")
    return 0 if within else 1


if __name__ == "__main__":
    raise SystemExit(main())
