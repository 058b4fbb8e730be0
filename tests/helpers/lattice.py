"""Folders of open data with any part of the sources: a country of three gemeenten, in the publishers' layouts."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import dataclass
from pathlib import Path

from raw_tables import STOCK_COLUMNS, ses_text, stock_row, stock_text

LEVELS = ("none", "buurt", "wijk", "pc4", "all")
KEY_FIGURES = ("none", "one year of one gemeente", "years of one gemeente", "years of all")
WAVES = (2002, 2008, 2012, 2014, 2016, 2018)
YEARS = {2018: "84286NED", 2019: "84583NED", 2020: "84799NED"}
GEMEENTEN = ("GM9001", "GM9002", "GM9003")
WIJKEN = [f"WK{gemeente[2:]}{wijk:02d}" for gemeente in GEMEENTEN for wijk in range(4)]
BUURTEN = [f"BU{wijk[2:]}{buurt:02d}" for wijk in WIJKEN for buurt in range(2)]
POSTCODES = [str(1011 + place) for place in range(10)]
_CODES = {"buurt": (BUURTEN, "bu_code,bu_naam"), "wijk": (WIJKEN, "wk_code,wk_naam"), "pc4": (POSTCODES, "PC4")}
_FIXED = 4.102265


@dataclass(frozen=True)
class Corner:
    """What a folder holds.

    Attributes
    ----------
    scores, key_figures : str
        One of `LEVELS`, and one of `KEY_FIGURES`.
    crosswalk, boundaries, register, others : bool
        Whether there are a crosswalk, boundaries, a register of projects, and SES-WOA with the housing stock.
    """

    scores: str
    key_figures: str
    crosswalk: bool
    boundaries: bool
    register: bool
    others: bool

    @property
    def empty(self) -> bool:
        """Whether the folder holds nothing at all."""
        return self == Corner("none", "none", False, False, False, False)


def drawn(count: int, seed: int = 14) -> list[Corner]:
    """Return so many corners of the lattice: each scores alone, each key figures alone, and a draw of the others."""
    flags = list(itertools.product((False, True), repeat=4))
    corners = [Corner(s, k, *f) for s in LEVELS for k in KEY_FIGURES for f in flags]
    alone = [Corner(s, "none", False, False, False, False) for s in LEVELS[1:]]
    alone += [Corner("none", k, False, False, False, False) for k in KEY_FIGURES[1:]]
    others = [corner for corner in corners if corner not in alone and not corner.empty]
    return alone + random.Random(seed).sample(others, count - len(alone))


def write(corner: Corner, folder: Path) -> None:
    """Write the folder of a corner."""
    folder.mkdir(parents=True)
    for level in _CODES if corner.scores == "all" else [corner.scores]:
        if level != "none":
            _put(folder / "leefbaarometer3" / f"{level}.csv", _scores(level))
    for year, table in list(YEARS.items())[: 1 if corner.key_figures.startswith("one year") else 3]:
        if corner.key_figures != "none":
            _put(folder / "kwb" / f"{table}_{year}.csv", _key_figures(year, corner.key_figures.endswith("all")))
    if corner.crosswalk:
        for level, codes in (("buurt", BUURTEN), ("wijk", WIJKEN)):
            _put(folder / "crosswalk" / f"{level}.csv", _crosswalk(codes))
    if corner.boundaries:
        for level, codes in (("buurten", BUURTEN), ("wijken", WIJKEN)):
            _put(folder / "boundaries" / f"{level}_2018.geojson", _boundaries(codes))
    if corner.register:
        _put(folder / "projects" / "register.csv", _register())
    if corner.others:
        values = ["     100", "    50.0", "    25.0", "    25.0", "   0.647", "   0.459"]
        rows = [["2020", "Wijk", f"{code:10}", *values] for code in WIJKEN]
        _put(folder / "ses_woa" / "ses.csv", ses_text(rows))
        rows = [stock_row(gemeente, year, 900, 20) for gemeente in GEMEENTEN for year in (2018, 2019)]
        _put(folder / "housing_stock" / "stock.csv", stock_text(rows, STOCK_COLUMNS))


def _put(path: Path, text: str) -> None:
    """Write a file, and its folder where there is none."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _scores(level: str) -> str:
    """Return the scores of one level in all waves."""
    codes, names = _CODES[level]
    chance = random.Random(1)
    lines = [f"{names},jaar,lbm,afw,fys,onv,soc,vrz,won"]
    for code in codes:
        place = chance.gauss(0, 0.15)
        for wave in WAVES:
            parts = [round(place / 5 + chance.gauss(0, 0.02), 6) for _ in range(5)]
            off = round(sum(parts), 6)
            name = "" if level == "pc4" else ",Ergens"
            shown = ",".join(f"{part:.6f}" for part in parts) if wave >= 2012 else "NA,NA,NA,NA,NA"
            lines.append(f"{code}{name},{wave},{_FIXED + off:.6f},{off:.6f},{shown}")
    return "\n".join(lines) + "\n"


def _key_figures(year: int, every: bool) -> str:
    """Return StatLine's untyped bulk layout of one year."""
    names = ["ID", "WijkenEnBuurten", "Gemeentenaam_1", "SoortRegio_2", "Codering_3"]
    names += ["IndelingswijzigingWijkenEnBuurten_4", "AantalInwoners_5", "HuishoudensTotaal_28", "Woningvoorraad_34"]
    names += ["GemiddeldeWoningwaarde_35", "Koopwoningen_40", "InBezitWoningcorporatie_42"]
    lines = [";".join(f'"{name}"' for name in names)]
    chance = random.Random(year)
    for code in [*GEMEENTEN, *WIJKEN, *BUURTEN]:
        if not every and code[2:6] != GEMEENTEN[0][2:]:
            continue
        kind = {"GM": "Gemeente", "WK": "Wijk", "BU": "Buurt"}[code[:2]]
        size = {"GM": 8, "WK": 2, "BU": 1}[code[:2]]
        owned = chance.randint(30, 60)
        cells = [
            len(lines),
            f"{code:10}",
            "Ergens",
            f"{kind:10}",
            f"{code:10}",
            "1",
            800 * size,
            380 * size,
            400 * size,
        ]
        cells += [chance.randint(150, 320), owned, 90 - owned]
        lines.append(";".join(f'"{cell}"' for cell in cells))
    return "\ufeff" + "\n".join(lines) + "\n"


def _crosswalk(codes: list[str]) -> str:
    """Return a crosswalk of areas that did not change."""
    pairs = [(first, second) for first in YEARS for second in YEARS if first < second]
    lines = [f"{first},{second},{code[2:]},{code[2:]},400" for first, second in pairs for code in codes]
    return "year_from,year_to,source,target,n_addresses\n" + "\n".join(lines) + "\n"


def _boundaries(codes: list[str]) -> str:
    """Return squares of a kilometre in rows of four."""
    kind = {"BU": "bu_code", "WK": "wk_code"}[codes[0][:2]]
    features = []
    for place, code in enumerate(codes):
        west, south = 100_000.0 + 1_000 * (place % 4), 400_000.0 + 1_000 * (place // 4)
        east, north = west + 1_000, south + 1_000
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {kind: code}, "geometry": geometry})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    return json.dumps({"type": "FeatureCollection", "crs": crs, "features": features})


def _register() -> str:
    """Return projects in four buurten of two gemeenten."""
    head = "project_id,area_code,code_year,announce,start,end,demolished_social,built_owner,built_social,"
    lines = [head + "built_private_rent,programme,source"]
    for place, (code, start) in enumerate(zip(BUURTEN[::5], (2005, 2007, 2009, 2010), strict=False)):
        lines.append(f'p{place},{code},2018,,{start},,60,40,20,,municipal,"annual report, p. {place + 1}"')
    return "\n".join(lines) + "\n"
