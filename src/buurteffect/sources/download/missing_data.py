"""Where each kind of open data is to be had: what the registry records, in the words of an error and of a page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from buurteffect.errors import MissingDataError
from buurteffect.project import Project
from buurteffect.sources.download.catalogue import CatalogueEntry, read_catalogue, span_of
from buurteffect.sources.registry import read_registry

KINDS = {
    "scores": "leefbaarometer3",
    "key_figures": "kwb",
    "crosswalk": "crosswalk",
    "boundaries": "boundaries",
    "ses_woa": "ses_woa",
    "housing_stock": "housing_stock",
    "register": "projects",
}
"""Kinds of open data, each with its folder, which is also its name among the entries of the registry."""

_LATEST = 2024
_BY_HAND = {
    "scores": "The Leefbaarometer: the open data of https://www.leefbaarometer.nl",
    "key_figures": "Key figures of wijken and buurten (CBS): the yearly tables of https://opendata.cbs.nl",
    "crosswalk": "A crosswalk of area codes between years: docs/data.md says from which files of CBS it is made",
    "register": "A register of projects, which nobody publishes: fill in one as docs/project-register.md tells",
}
"""What is said of a kind that the registry does not record."""

_TABLES_BY_YEAR = " Tables by year: "
"""Before the tables of a place, which the page ``needs.html.j2`` makes a list of."""


def missing_data(
    source: str, asked: str, missing: str, kinds: Sequence[str], project: Project | None = None
) -> MissingDataError:
    """Return the error that says what is missing, where to get it and what to run then.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    asked, missing : str
        What was asked for, and what is missing for it.
    kinds : sequence of str
        Kinds of data (`KINDS`) that would help, the most needed first.
    project : Project, optional
        The checkout, whose registry says where to get them.
    """
    registry = (project or Project.find()).raw / "sources.toml"
    folder = os.environ.get("OPEN_DATA") if source == "open" else None
    places: list[str] = []
    steps: list[str] = []
    for kind in kinds:
        for place, step in _places(kind, registry, own=bool(folder)):
            places.append(place)
            steps += [step] if step and not folder else []
    build = f"make reports SOURCE={source}" + (f' OPEN_DATA="{folder}"' if folder else "")
    return MissingDataError(asked, missing, places, " && ".join([*dict.fromkeys(steps), build]))


def _places(kind: str, registry: Path, *, own: bool) -> list[tuple[str, str]]:
    """Return where a kind of data is to be had, each place with the command that fetches from it, if one does."""
    name = KINDS[kind]
    found = [
        (f"{each.title} ({each.publisher}): {path.name} from {each.address}", str(path.parent), "make fetch", "")
        for each in read_registry(registry)
        if each.needed and (path := PurePosixPath(each.path)).parts[0] == name
    ]
    found += [
        (f"{each.title} ({each.publisher}): {_how(each)}", each.folder, _fetch(each), _tables(each))
        for each in read_catalogue(registry)
        if each.name == name
    ]
    found = found or [(_BY_HAND.get(kind, kind.replace("_", " ").capitalize()), name, "", "")]
    return [(f"{what}. {_put(folder, fetch, own=own)}{tables}", fetch) for what, folder, fetch, tables in found]


def _put(folder: str, fetch: str, *, own: bool) -> str:
    """Say where it belongs, and what brings it there: no command brings anything into a folder of the user's own."""
    if own:
        copy = f": run {fetch}, then copy data/raw/open/{folder} there" if fetch else ""
        return f"It belongs in the folder {folder} of your data{copy}."
    return f"It belongs in the folder {folder}" + (f", into which {fetch} brings it." if fetch else ".")


def _how(entry: CatalogueEntry) -> str:
    """Name the tables or files of an entry, and their address."""
    if entry.kind == "statline":
        what = "tables" if entry.yearly else f"table {', '.join(entry.years_by_table)}"
        return f"{what} of {entry.service or 'https://opendata.cbs.nl/statline'}"
    if entry.kind == "files":
        last = entry.source(entry.years[-1] if entry.years else _LATEST)
        more = f". There are files of {_span(entry.years)}, listed in docs/data.md" if len(entry.years) > 1 else ""
        return f"{PurePosixPath(last.path).name} from {last.address}{more}"
    return entry.by_hand.rstrip(".")


def _tables(entry: CatalogueEntry) -> str:
    """Name the table of every year, which a page shows as a list."""
    if entry.kind != "statline" or not entry.yearly:
        return ""
    rows = [f"{span_of(years)}: {table}" for table, years in entry.years_by_table.items()]
    return f"{_TABLES_BY_YEAR}{', '.join(rows)}."


def _fetch(entry: CatalogueEntry) -> str:
    """Return the command that fetches an entry, where one does."""
    if entry.kind == "by_hand":
        return ""
    span = _span(entry.years) if entry.years else str(_LATEST)
    if entry.name == "kwb":
        return f"make fetch KWB={span}"
    return f"make fetch TABLES={entry.name}" + (f" YEARS={span}" if entry.yearly else "")


def _span(years: Sequence[int]) -> str:
    """Return the last of some years and those before it without a gap.

    Examples
    --------
    >>> _span([2001, 2003, 2004]), _span([2020])
    ('2003-2004', '2020')
    """
    first = last = years[-1]
    while first - 1 in years:
        first -= 1
    return str(last) if first == last else f"{first}-{last}"
