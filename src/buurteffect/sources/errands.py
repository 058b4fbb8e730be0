"""What one fetch has been asked for, thing by thing: each is tried, and what became of it is told at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from buurteffect.errors import DataError, DownloadError, ProjectError
from buurteffect.sources.download import fetch, zip_problem
from buurteffect.sources.offers import Offer
from buurteffect.sources.packed import pack, settle
from buurteffect.sources.registry import Source
from buurteffect.sources.statline import fetch_table
from buurteffect.sources.statline_query import Query
from buurteffect.sources.statline_store import StoredTable, find_table
from buurteffect.sources.transfer import Settings

UNDER_WAY = "statline"
"""Folder, below that of the open data, for tables of which not every page has come yet."""

Say = Callable[[str], None]
How = Literal["fetched", "already there"]


@dataclass(frozen=True)
class Errand:
    """One thing to fetch.

    Parameters
    ----------
    name : str
        What it is called in messages.
    bring : callable
        Brings it, given what takes messages; returns whether it was fetched now or was there before.
    """

    name: str
    bring: Callable[[Say], How]


@dataclass(frozen=True)
class Outcome:
    """What became of every errand.

    Parameters
    ----------
    fetched, present : tuple of str
        Names of what was fetched now, and of what was there already.
    failed : tuple of (name, error)
        What could not be had, and why.
    """

    fetched: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    failed: tuple[tuple[str, DownloadError | DataError], ...] = ()


@dataclass(frozen=True)
class Request:
    """What is asked for, beside the names of groups.

    Parameters
    ----------
    years : tuple of int
        Years of the groups that are asked for by year; empty for all of which the registry names a table.
    gemeenten : tuple of str
        Codes such as ``GM0599`` that tables are cut down to where they can be; empty for whole tables.
    """

    years: tuple[int, ...] = ()
    gemeenten: tuple[str, ...] = ()


def errands_of_sources(sources: Iterable[Source], folder: Path, settings: Settings) -> tuple[Errand, ...]:
    """Return an errand per source of the registry."""
    return tuple(Errand(source.id, partial(_bring_file, source, folder, settings)) for source in sources)


def errands_of_offer(offer: Offer, request: Request, folder: Path, settings: Settings) -> tuple[Errand, ...]:
    """Return an errand per table or file of a group.

    Parameters
    ----------
    offer : Offer
        The group.
    request : Request
        Years and gemeenten that are wanted.
    folder : Path
        The folder of the open data.
    settings : Settings
        How hard to try.

    Raises
    ------
    ProjectError
        If the group has no table of a year, if it has to be told which years, or if a code is no gemeente.
    """
    if offer.kind == "by_hand":
        return (Errand(offer.name, partial(_look_for, offer, folder)),)
    if offer.kind == "files":
        if not request.years:
            raise ProjectError(f"{offer.name}: name the years, such as YEARS=2020-2022 (buurteffect fetch --years)")
        sources = [offer.source(year) for year in request.years]
        return tuple(Errand(f"{offer.name} {s.id[-4:]}", partial(_bring_file, s, folder, settings)) for s in sources)
    errands = []
    for year, table_id in _tables(offer, request.years):
        for gemeente in (request.gemeenten if offer.by_gemeente else ()) or (None,):
            query = Query(table_id, "v3", gemeente, offer.where, service=offer.service)
            bring = partial(_bring_packed, year) if offer.packed else _bring_table
            name = " ".join(str(part) for part in (offer.name, year, table_id, gemeente) if part)
            errands.append(Errand(name, partial(bring, offer, query, folder, settings)))
    return tuple(errands)


def run_errands(errands: Sequence[Errand], say: Say = print) -> Outcome:
    """Try every errand in its turn, and tell what became of each.

    One that fails leaves what was there before, and does not keep the others from being tried.
    """
    outcome = Outcome()
    for number, errand in enumerate(errands, start=1):
        say(f"[{number}/{len(errands)}] {errand.name}")
        try:
            how = errand.bring(say)
        except (DownloadError, DataError) as error:
            say(str(error))
            outcome = replace(outcome, failed=(*outcome.failed, (errand.name, error)))
        else:
            done = "fetched" if how == "fetched" else "present"
            outcome = replace(outcome, **{done: (*getattr(outcome, done), errand.name)})
    for words, names in (
        ("fetched", outcome.fetched),
        ("already there, not fetched", outcome.present),
        ("failed", tuple(name for name, _ in outcome.failed)),
    ):
        say(f"{words}: {', '.join(names) or 'nothing'}")
    return outcome


def refuse_failures(outcome: Outcome) -> None:
    """Raise if anything failed.

    Raises
    ------
    DownloadError
        With what failed and the first line of why.
    """
    if not outcome.failed:
        return
    count = len(outcome.failed) + len(outcome.fetched) + len(outcome.present)
    rows = "\n".join(f"  {name}: {str(error).splitlines()[0]}" for name, error in outcome.failed)
    raise DownloadError(
        f"{len(outcome.failed)} of {count} could not be fetched; all others are in their place\n{rows}\n"
        "  to do: read above what each of them asks for, then run the same again: what is there is not fetched "
        "twice, a table that was cut off goes on, and what was there before has been left as it was"
    )


def _tables(offer: Offer, years: tuple[int, ...]) -> list[tuple[int | None, str]]:
    """Return the tables of the wanted years."""
    if not years or not offer.years:
        return list(offer.tables)
    absent = [year for year in years if year not in offer.years]
    if absent:
        raise ProjectError(
            f"{offer.name}: no table is known of {', '.join(map(str, absent))}; there are tables of "
            f"{', '.join(map(str, offer.years))}. Leave it out, or add it to the registry"
        )
    return [(year, table) for year, table in offer.tables if year in years]


def _bring_file(source: Source, folder: Path, settings: Settings, say: Say) -> How:
    """Bring a file."""
    (fetched,) = fetch(
        [source],
        folder,
        tries=settings.tries,
        back_off_seconds=settings.back_off_seconds,
        timeout_seconds=settings.timeout_seconds,
        progress=settings.progress,
        say=say,
    )
    return "fetched" if fetched.how == "downloaded" else "already there"


def _bring_table(offer: Offer, query: Query, folder: Path, settings: Settings, say: Say) -> How:
    """Bring a table into a folder of its own; readers never meet one that is still coming."""
    before = find_table(query, folder / offer.folder)
    if before is not None and before.complete:
        return "already there"
    target = settle(_fetch(offer, query, folder / UNDER_WAY, settings, say), folder / offer.folder)
    say(f"{query.table_id}: put at {target}")
    return "fetched"


def _bring_packed(year: int | None, offer: Offer, query: Query, folder: Path, settings: Settings, say: Say) -> How:
    """Bring a table as one zip; a whole table takes the place of its parts."""
    stem = "-".join(str(part) for part in (offer.name, year, query.table_id) if part)
    home = folder / offer.folder
    whole = home / f"{stem}.zip"
    target = home / f"{stem}-{query.gemeente}.zip" if query.gemeente else whole
    there = next((path for path in (whole, target) if path.exists()), None)
    if there is not None:
        if problem := zip_problem(there):
            raise DownloadError(
                f"{there.name} is there, but is not a readable zip: {problem}\n"
                f"  to do: move {there} away and run it again"
            )
        say(f"{query.table_id}: already there, not fetched; in {there.name}.")
        return "already there"
    table = _fetch(offer, query, folder / UNDER_WAY, settings, say)
    pack(table, target)
    say(f"{query.table_id}: put at {target}")
    if target == whole:
        for part in sorted(home.glob(f"{stem}-GM[0-9][0-9][0-9][0-9].zip")):
            part.unlink()
            say(f"{query.table_id}: removed {part.name}, whose rows are in the whole table")
    return "fetched"


def _fetch(offer: Offer, query: Query, folder: Path, settings: Settings, say: Say) -> StoredTable:
    """Fetch the pages of a table, or the rest of them."""
    return fetch_table(
        query.table_id,
        folder,
        gemeente=query.gemeente,
        where=query.where,
        service=query.service,
        pause_seconds=offer.pause_seconds,
        settings=settings,
        say=say,
    )


def _look_for(offer: Offer, folder: Path, say: Say) -> How:
    """See whether what only a person can fetch is there."""
    home = folder / offer.folder
    found = sorted(path.name for path in home.glob("*") if path.is_file() and not path.name.startswith("."))
    if found:
        say(f"{offer.name}: there already: {', '.join(found)}")
        return "already there"
    raise DownloadError(f"{offer.name} can only be fetched by hand\n  to do: {offer.by_hand}; put it in {home}")
