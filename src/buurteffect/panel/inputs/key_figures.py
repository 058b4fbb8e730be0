"""Key figures of CBS for all years: as published, and on the areas of one base year.

As published, an area is what its code meant in its year. Two more rules bring all years to the areas of a base
year where a crosswalk allows it: ``harmonised`` and ``unchanged_only``. A year that no crosswalk reaches is left
out of these two, with the reason in the ledger; it stays in the panel as published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.harmonise.boundary_year import AS_PUBLISHED
from buurteffect.panel.harmonise.harmonised import apply_rule
from buurteffect.panel.harmonise.moved_tables import RULES, Moved, move
from buurteffect.panel.harmonise.weights import Crosswalk, Weights
from buurteffect.panel.inputs.contents import named_below
from buurteffect.schema.kwb import CONCEPTS
from buurteffect.sources import KeyFigureFile, has_key_figures, read_key_figures, refuse_same_bytes

KEY_FIGURE_LEVELS = ("buurt", "wijk", "gemeente")
_KEY = ["area_code", "year"]
_NAMES = ["area_name", "gemeente_name"]


@dataclass(frozen=True, eq=False)
class KeyFiguresLevel:
    """Key figures of one level under one rule.

    Attributes
    ----------
    frame : DataFrame
        One row per area and year.
    ledger : DataFrame
        One row per year, fate and reason: ``level, year, fate, reason, rows_in, rows_placed, rows_left_out,
        rows_out``.
    conservation : DataFrame
        Totals per gemeente before and after; empty as published.
    base_year : int or None
        Year of the areas; None as published.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame
    conservation: pd.DataFrame
    base_year: int | None


def stack_files(files: Sequence[KeyFigureFile]) -> pd.DataFrame:
    """Return the rows of all files; an area may stand in one file a year only.

    Raises
    ------
    DataError
        If two files hold the same area in the same year.
    """
    frame = pd.concat([file.frame for file in files], ignore_index=True)
    again = frame.duplicated(_KEY, keep=False).to_numpy()
    if again.any():
        origins = np.repeat([file.origin for file in files], [len(file.frame) for file in files])
        doubled = frame[again].assign(origin=origins[again])
        first = doubled.iloc[0]
        rows = doubled[(doubled["area_code"] == first["area_code"]) & (doubled["year"] == first["year"])]
        raise DataError(
            " and ".join(rows["origin"]),
            found=f"{first['area_code']} in {first['year']} in both, and {len(doubled) - len(rows):,} more such rows",
            expected="every area once a year",
            action="keep the file that is meant and remove the other from the folder; two revisions or layouts of a "
            "table are two sources",
        )
    return frame.sort_values(_KEY, ignore_index=True)


def assemble_key_figures(
    stacked: pd.DataFrame, crosswalks: Mapping[str, Crosswalk], base_year: int | None = None
) -> dict[tuple[str, str], KeyFiguresLevel]:
    """Return the key figures of every level under every rule that the crosswalks allow.

    Parameters
    ----------
    stacked : DataFrame
        From `stack_files`.
    crosswalks : mapping of str to Crosswalk
        By level.
    base_year : int, optional
        Year of the areas; by default the latest year of each level.

    Returns
    -------
    dict of (level, rule) to KeyFiguresLevel
    """
    result: dict[tuple[str, str], KeyFiguresLevel] = {}
    for level in KEY_FIGURE_LEVELS:
        frame = _rows_between(stacked, (stacked["level"] == level).to_numpy())
        if frame.empty:
            continue
        result[level, AS_PUBLISHED] = KeyFiguresLevel(frame, _published_ledger(frame, level), pd.DataFrame(), None)
        if level in crosswalks:
            way = _weights_of_level(frame, level, crosswalks, base_year or int(frame["year"].max()))
            moved = _move(frame, way)
            for rule in RULES:
                result[level, rule] = _bring(frame, level, rule, way, moved)
    return result


def _rows_between(frame: pd.DataFrame, mask: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Return the rows of a mask; not a copy where they follow one another, as those of a level do in order of code."""
    rows = np.flatnonzero(mask)
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return frame.iloc[rows[0] : rows[-1] + 1].reset_index(drop=True)
    return frame[mask].reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class _BaseWeights:
    """Weights to the base year of the years of a level that a crosswalk reaches, and why it does not reach others."""

    base_year: int
    weights: dict[int, Weights]
    gemeente_weights: dict[int, Weights] | None
    out_of_reach: dict[int, str]


def _weights_of_level(
    frame: pd.DataFrame, level: str, crosswalks: Mapping[str, Crosswalk], base_year: int
) -> _BaseWeights:
    """Find the weights of a level, and those of its gemeenten for the totals before."""
    number, names = pd.factorize(frame["area_code"])
    texts = np.asarray(names, dtype=object)
    codes = {int(year): set(texts[number[rows]]) for year, rows in frame.groupby("year").indices.items()}
    weights, out_of_reach = weights_to(codes, crosswalks[level], base_year)
    if level == "gemeente":
        return _BaseWeights(base_year, weights, weights, out_of_reach)
    return _BaseWeights(base_year, weights, _gemeente_weights(codes, crosswalks, weights, base_year), out_of_reach)


def _move(frame: pd.DataFrame, way: _BaseWeights) -> Moved | None:
    """Move all years that a crosswalk reaches to the base year; None where it reaches no other year."""
    reached = frame[frame["year"].isin([way.base_year, *way.weights])].reset_index(drop=True)
    if reached.empty or not way.weights:
        return None
    concepts = [{"concept": c.name, "combine": c.combine, "denominator": c.denominator} for c in CONCEPTS.values()]
    return move(reached.drop(columns="level"), way.weights, pd.DataFrame(concepts))


def _bring(frame: pd.DataFrame, level: str, rule: str, way: _BaseWeights, moved: Moved | None) -> KeyFiguresLevel:
    """Keep what a rule allows of the years that were moved to the base year."""
    years, out_of_reach = _usable(frame, rule, way)
    left_out = _out_of_reach_ledger(frame, level, out_of_reach)
    nothing = KeyFiguresLevel(frame.iloc[:0], left_out, pd.DataFrame(), way.base_year)
    if moved is None or not years:
        return nothing
    try:
        done = apply_rule(
            moved.of_years([way.base_year, *years]),
            rule,
            flags=frame.loc[~frame["year"].isin(list(moved.years)), ["area_code", "year", "boundary_flag"]],
            gemeente_weights=way.gemeente_weights,
        )
    except DataError as error:
        if rule != "unchanged_only":
            raise
        reasons = dict.fromkeys(frame["year"], f"the rule cannot be applied: {error.found}")
        return replace(nothing, ledger=_out_of_reach_ledger(frame, level, reasons))
    ledger = pd.concat([done.ledger, left_out], ignore_index=True)
    return KeyFiguresLevel(done.frame.assign(level=level), ledger, done.conservation, way.base_year)


def _usable(frame: pd.DataFrame, rule: str, way: _BaseWeights) -> tuple[list[int], dict[int, str]]:
    """Return the years beside the base year that a rule can use, and why others are out of its reach.

    That an area did not change is known only from where the years with flags run without a gap: CBS published no key
    figures for some years before 2003.
    """
    out_of_reach = dict(way.out_of_reach)
    if rule != "unchanged_only":
        return list(way.weights), out_of_reach
    flagged = set(frame.loc[frame["boundary_flag"].notna(), "year"])
    there, first = set(frame["year"]), way.base_year
    while first in flagged and first - 1 in there:
        first -= 1
    reason = f"the rule needs flags of every year up to {way.base_year}; before {first} some year has none"
    out_of_reach |= {int(year): reason for year in sorted(there) if year < first and year not in out_of_reach}
    return [year for year in way.weights if year >= first], out_of_reach


def weights_to(
    codes: Mapping[int, set[str]], crosswalk: Crosswalk, base_year: int
) -> tuple[dict[int, Weights], dict[int, str]]:
    """Return the weights of every year that the crosswalk reaches, and why it does not reach the others."""
    known = codes.get(base_year, set())
    weights: dict[int, Weights] = {}
    out_of_reach: dict[int, str] = {}
    for year in sorted(set(codes) - {base_year}):
        try:
            weights[year] = crosswalk.weights(year, base_year, {year: codes[year], base_year: known})
        except DataError as error:
            out_of_reach[year] = error.found
    return weights, out_of_reach


def _gemeente_weights(
    codes: Mapping[int, set[str]],
    crosswalks: Mapping[str, Crosswalk],
    weights: Mapping[int, Weights],
    base_year: int,
) -> dict[int, Weights] | None:
    """Return the gemeenten's own weights for the totals before, where there is a crosswalk of gemeenten."""
    if "gemeente" not in crosswalks:
        return None
    gemeenten = {year: {f"GM{code[2:6]}" for code in names} for year, names in codes.items()}
    result = {}
    for year in weights:
        known = {year: gemeenten[year], base_year: gemeenten.get(base_year, set())}
        try:
            result[year] = crosswalks["gemeente"].weights(year, base_year, known)
        except DataError:
            return None
    return result


def _published_ledger(frame: pd.DataFrame, level: str) -> pd.DataFrame:
    """Return the ledger of a table that is taken as it is."""
    rows = frame.groupby("year", as_index=False).size().rename(columns={"size": "rows_in"})
    return rows.assign(
        level=level,
        fate="as published",
        reason="",
        rows_placed=rows["rows_in"],
        rows_left_out=0,
        rows_out=rows["rows_in"],
    )


def _out_of_reach_ledger(frame: pd.DataFrame, level: str, reasons: Mapping[int, str]) -> pd.DataFrame:
    """Return the ledger of the years that no crosswalk reaches."""
    counts = frame["year"].value_counts()
    return pd.DataFrame(
        [
            {
                "level": level,
                "year": year,
                "fate": "left out",
                "reason": reason,
                "rows_in": int(counts[year]),
                "rows_placed": 0,
                "rows_left_out": int(counts[year]),
                "rows_out": 0,
            }
            for year, reason in reasons.items()
        ]
    )


def find_key_figures(raw: Path) -> tuple[list[KeyFigureFile], list[tuple[str, str]]]:
    """Return every table in the folders ``kwb…`` of a folder, and ``(file, reason)`` of what is passed over.

    A row that another file has too, with the same figures (an export of one gemeente has the country's as well), is
    taken once. The GeoPackage of boundaries may hold key figures; it is named, not read.

    Raises
    ------
    DataError
        As `read_key_figures`, and if two files hold the same bytes.
    """
    files: list[KeyFigureFile] = []
    passed_over: list[tuple[str, str]] = []
    taken: set[str] = set()
    paths: dict[str, str] = {}
    for folder in sorted(item for item in raw.glob("*") if item.is_dir() and item.name.casefold().startswith("kwb")):
        with named_below(folder, raw):
            found = read_key_figures(folder)
        named = [_in_folder(folder.name, file) if file.source in taken else file for file in found.files]
        paths |= {file.origin: f"{folder.name}/{own.origin}" for file, own in zip(named, found.files, strict=True)}
        files += named
        taken |= {file.source for file in found.files}
        passed_over += [(f"{folder.name}/{name}", why) for name, why in found.passed_over]
    refuse_same_bytes(dict.fromkeys((file.source, file.sha256) for file in files))
    files, twice = _each_once(files)
    read = {PurePosixPath(file.source).name for file in files}
    for path in sorted((raw / "boundaries").glob("*")):
        if path.name not in read and path.suffix.lower() == ".gpkg" and path.is_file() and has_key_figures(path):
            reason = "its key figures are not read from here; put a copy of it into the folder kwb to use them"
            passed_over.append((f"boundaries/{path.name}", reason))
    return (files, [*passed_over, *((paths[origin], why) for origin, why in twice)])


def _in_folder(folder: str, file: KeyFigureFile) -> KeyFigureFile:
    """Return a file that is called by its folder too, since another folder has one of the same name."""
    return replace(file, origin=f"{folder}/{file.origin}", source=f"{folder}/{file.source}")


def _each_once(files: list[KeyFigureFile]) -> tuple[list[KeyFigureFile], list[tuple[str, str]]]:
    """Return files without the rows that an earlier one has with the same figures, and those that have no other."""
    if not files:
        return [], []
    several = pd.concat([file.frame[_KEY] for file in files]).duplicated(keep=False).to_numpy()
    if not several.any():
        return files, []
    seen: dict[tuple[str, int], tuple[int, int]] = {}
    kept, twice = [], []
    masks = np.split(several, np.cumsum([len(file.frame) for file in files])[:-1])
    for number, (file, met) in enumerate(zip(files, masks, strict=True)):
        rows = file.frame[met]
        keys = list(zip(rows["area_code"], rows["year"], strict=True))
        figures = pd.util.hash_pandas_object(rows.drop(columns=_NAMES), index=False).tolist()
        again = [seen.setdefault(key, (number, hashed)) for key, hashed in zip(keys, figures, strict=True)]
        same = [
            at
            for at, (first, hashed), own in zip(rows.index, again, figures, strict=True)
            if hashed == own and first != number
        ]
        others = ", ".join(sorted({files[first].origin for first, _ in again if first != number}))
        if same and len(same) == len(file.frame):
            twice.append((file.origin, f"the same figures as in {others}"))
        else:
            kept.append(_without(file, same, others) if same else file)
    return kept, twice


def _without(file: KeyFigureFile, rows: list[int], others: str) -> KeyFigureFile:
    """Return a file without rows that other files give as well."""
    frame = file.frame.drop(index=rows).reset_index(drop=True)
    left_out = (*file.ledger.left_out, (f"the same figures as in {others}", len(rows)))
    return replace(file, frame=frame, ledger=replace(file.ledger, rows_out=len(frame), left_out=left_out))
