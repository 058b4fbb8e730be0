"""Where dwellings lie in the boundaries of one year, those that were demolished before it included."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.harmonise.weights import Crosswalk
from buurteffect.schema.microdata import NO_AREA
from buurteffect.sources import read_crosswalk
from buurteffect.sources.tables.microdata import read_extract

CROSSWALK_FOLDER = "crosswalk"


def dwelling_places(folder: Path, dwellings: pd.Series) -> pd.DataFrame:
    """Return the areas of dwellings in the boundaries of the extracts' last year.

    A dwelling that still stands has its code of that year. One that is gone has the code of the last year in which it
    stood, led through the crosswalk beside the extracts' folder; where its area was split since, the part to which
    most of the area's addresses went.

    Parameters
    ----------
    folder : Path
        Folder of the register extracts.
    dwellings : Series
        Pseudonyms.

    Returns
    -------
    DataFrame
        One row per dwelling, in the given order: ``dwelling`` (pseudonym), ``buurt_code, wijk_code, gemeente_code``
        (category).

    Raises
    ------
    DataError
        If a dwelling has no area in any year, or an area that is gone is not in the crosswalk.
    """
    areas = read_extract(folder, "VSLGWBTAB").set_index("RINOBJECTNUMMER")
    years = sorted(int(name[2:]) for name in areas.columns if re.fullmatch(r"bc\d{4}", name))
    areas = areas.reindex(pd.Index(dwellings, name="RINOBJECTNUMMER"))
    codes = pd.DataFrame({year: areas[f"bc{year}"].astype("category") for year in years})
    code, last_year = _last_codes(codes, years)
    if code.isna().any():
        raise DataError(
            "VSLGWBTAB",
            found=f"no area in any year for {int(code.isna().sum()):,} dwellings",
            expected="an area for every dwelling in which somebody lived",
            action="place the whole extract",
        )
    target = _lead_on("BU" + code.astype("str"), last_year, years[-1], folder)
    buurt = target.astype("category")
    names = buurt.cat.categories
    result = pd.DataFrame({"dwelling": areas.index.astype("str"), "buurt_code": buurt.array})
    for column, prefix, width in (("wijk_code", "WK", 6), ("gemeente_code", "GM", 4)):
        outer = prefix + names.str[2 : 2 + width]
        short, position = np.unique(outer.to_numpy(dtype=object), return_inverse=True)
        result[column] = pd.Categorical.from_codes(position[buurt.cat.codes], categories=pd.Index(short, dtype="str"))
    return result


def _last_codes(codes: pd.DataFrame, years: list[int]) -> tuple[pd.Series, pd.Series]:
    """Return the last code of each dwelling and the year of it."""
    code = pd.Series(pd.NA, index=codes.index, dtype="object")
    year_of = pd.Series(0, index=codes.index)
    for year in reversed(years):
        here = codes[year].astype("object")
        fresh = code.isna() & here.notna() & (here != NO_AREA)
        code[fresh], year_of[fresh] = here[fresh], year
    return code, year_of


def _lead_on(code: pd.Series, year_of: pd.Series, base_year: int, folder: Path) -> pd.Series:
    """Return codes of earlier years as codes of the base year, by the crosswalk."""
    code, year_of = code.reset_index(drop=True), year_of.reset_index(drop=True)
    if (year_of == base_year).all():
        return code
    crosswalk = _crosswalk(folder.parent / CROSSWALK_FOLDER)
    known = set(code[year_of == base_year]) | set(crosswalk.listed(base_year))
    # A crosswalk leaves out years without tables of areas: their codes are those of the year before.
    listed = sorted({year for pair in crosswalk.flows.pairs for year in pair})
    year_of = year_of.map({year: max((y for y in listed if y <= year), default=listed[0]) for year in set(year_of)})
    for year in sorted(set(year_of) - {base_year}):
        rows = year_of == year
        here = sorted(set(code[rows]))
        frame = crosswalk.weights(int(year), base_year, {int(year): here, base_year: sorted(known)}).frame
        best = frame.sort_values("weight_share", ascending=False, kind="stable").drop_duplicates("source_code")
        best = best.set_index("source_code")
        lost = [name for name in here if name not in best.index]
        if lost:
            raise DataError(
                f"{CROSSWALK_FOLDER}/",
                found=f"no way from {year} to {base_year} for {len(lost)} buurten: {', '.join(lost[:5])}",
                expected="every buurt of which the code is gone",
                action="place a crosswalk that covers these years beside the folder of the extracts",
            )
        code[rows] = code[rows].map(best["target_code"]).to_numpy()
    return code


def _crosswalk(folder: Path) -> Crosswalk:
    """Return the crosswalk of buurten in a folder."""
    frames = [read_crosswalk(path).frame for path in sorted(folder.glob("*.csv"))]
    frames = [frame[frame["level"] == "buurt"] for frame in frames]
    if not sum(map(len, frames)):
        raise DataError(
            f"{CROSSWALK_FOLDER}/",
            found="no crosswalk of buurten",
            expected="a file such as crosswalk_buurt.csv beside the folder of the extracts",
            action="place it there: dwellings demolished before the last year lie in areas of earlier years",
        )
    return Crosswalk(pd.concat(frames, ignore_index=True))
