"""Raw files of a country between 2018 and 2020, in which some areas merge, one loses land and one is recoded."""

from __future__ import annotations

from pathlib import Path

from key_figure_files import write_bulk

A, B, C, D, E, F, G, H = (f"WK90010{n}" for n in range(8))
OLD, NEW = (A, B, D, E, G), (C, D, E, F, H)
FLOWS = ((A, C, 500), (B, C, 1000), (D, D, 60), (D, F, 40), (G, H, 30))
WAVES = (2012, 2018, 2020)
SCORES = {code: 4.102265 + n / 10 for n, code in enumerate(NEW)}


def figures(codes, people=1000):
    return [("GM9001", 9000, 4500, 50), *((code, people, 500, 40) for code in codes)]


def scores(codes=NEW, waves=WAVES):
    rows = [f"{c},name of {c},{y},{SCORES[c]},{SCORES[c] - 4.102265},NA,NA,NA,NA,NA" for c in codes for y in waves]
    return "wk_code,wk_naam,jaar,lbm,afw,fys,onv,soc,vrz,won\n" + "\n".join(rows) + "\n"


def write_country(folder: Path) -> Path:
    """Write the raw files of the country into a folder, and return it."""
    for name in ("kwb", "crosswalk", "leefbaarometer3", "ses_woa", "housing_stock", "boundaries", "treatment"):
        (folder / name).mkdir()
    write_bulk(folder, 2018, figures(OLD))
    write_bulk(folder, 2020, figures(NEW))
    rows = "".join(f"2018,2020,{source[2:]},{target[2:]},{count}\n" for source, target, count in FLOWS)
    header = "year_from,year_to,source,target,n_addresses\n"
    (folder / "crosswalk" / "wijk.csv").write_text(header + rows, encoding="utf-8")
    (folder / "leefbaarometer3" / "wijken.csv").write_text(scores(), encoding="utf-8")
    return folder
