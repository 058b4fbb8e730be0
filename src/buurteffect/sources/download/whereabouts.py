"""Where each kind of open data is to be had: what the registry records, in the words of an error and of a page."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from buurteffect.errors import MissingDataError
from buurteffect.project import Project
from buurteffect.sources.download.catalogue import Offer, read_offers
from buurteffect.sources.registry import Source, read_registry

KINDS = {
    "scores": "leefbaarometer3",
    "key_figures": "kwb",
    "crosswalk": "crosswalk",
    "boundaries": "boundaries",
    "ses_woa": "ses_woa",
    "housing_stock": "housing_stock",
    "register": "projects",
}
"""Kinds of open data, each with its folder, which is also its name among the offers of the registry."""

_LATEST = 2024
_BY_HAND = {
    "scores": "the Leefbaarometer: the open data of https://www.leefbaarometer.nl",
    "key_figures": "key figures of wijken and buurten (CBS): the yearly tables of https://opendata.cbs.nl",
    "crosswalk": "a crosswalk of area codes between years: docs/data.md says from which files of CBS it is made",
    "register": "a register of projects, which nobody publishes: fill in one as docs/project-register.md tells",
}
"""What is said of a kind that the registry does not record."""


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
    places, fetches = [], []
    for kind in kinds:
        told, fetch = _places(kind, registry, own=bool(folder))
        places += told
        fetches += fetch
    build = f"make reports SOURCE={source}" + (f' OPEN_DATA="{_shown(folder)}"' if folder else "")
    steps = [build] if folder else [*dict.fromkeys(fetches), build]
    return MissingDataError(asked, missing, places, " && ".join(steps))


def _places(kind: str, registry: Path, *, own: bool) -> tuple[list[str], list[str]]:
    """Return where a kind of data is to be had, and the commands that fetch it."""
    folder = KINDS[kind]
    sources = [each for each in read_registry(registry) if each.needed and each.path.startswith(f"{folder}/")]
    offers = [each for each in read_offers(registry) if each.name == folder]
    told = [_source(each, own=own) for each in sources] + [_offer(each, own=own) for each in offers]
    if not told:
        told = [f"{_BY_HAND.get(kind, kind.replace('_', ' '))}; it belongs in the folder {folder}"]
    return told, ["make fetch"] * bool(sources) + [command for each in offers for command in _fetch(each)]


def _source(source: Source, *, own: bool) -> str:
    """Say where a file of the registry is to be had."""
    folder, _, name = source.path.rpartition("/")
    return (
        f"{source.title} ({source.publisher}): {name} from {source.address}; it belongs in the folder {folder}"
        f"{_brought('make fetch', folder, own=own)}"
    )


def _offer(offer: Offer, *, own: bool) -> str:
    """Say where a group of tables or files is to be had."""
    fetch = "".join(_brought(command, offer.folder, own=own) for command in _fetch(offer))
    return f"{offer.title} ({offer.publisher}): {_how(offer)}; it belongs in the folder {offer.folder}{fetch}"


def _brought(command: str, folder: str, *, own: bool) -> str:
    """Say what a command brings, which is never into a folder of the user's own."""
    if own:
        return f" of your data, into which you copy data/raw/open/{folder} after {command}"
    return f", into which {command} brings it"


def _how(offer: Offer) -> str:
    """Name the tables or files of a group, and their address."""
    if offer.kind == "statline":
        years = offer.years_by_table
        spans = [f"{table}{f' of {_span(years[table])}' if years[table] else ''}" for table in years]
        return f"table {', '.join(spans)} of {offer.service or 'https://opendata.cbs.nl/statline'}"
    if offer.kind == "files":
        last = offer.source(offer.years[-1] if offer.years else _LATEST)
        name = last.path.rpartition("/")[2]
        more = f"; there are files of {_span(offer.years)}, listed in docs/data.md" if len(offer.years) > 1 else ""
        return f"{name} from {last.address}{more}"
    return offer.by_hand


def _fetch(offer: Offer) -> Iterator[str]:
    """Yield the command that fetches a group, where one does."""
    if offer.kind == "by_hand":
        return
    span = _span(offer.years) if offer.years else str(_LATEST)
    if offer.name == "kwb":
        yield f"make fetch KWB={span}"
    else:
        yield f"make fetch TABLES={offer.name}" + (f" YEARS={span}" if offer.yearly else "")


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


def _shown(folder: str) -> str:
    """Return a folder as a reader of a page may see it: without the places of this machine."""
    path = Path(folder)
    return f"…/{path.name}" if path.is_absolute() else folder
