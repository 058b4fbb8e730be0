"""What one fetch has been asked for, thing by thing: each is tried, and what became of it is told at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from buurteffect.errors import DataError, DownloadError, ProjectError
from buurteffect.sources.download.catalogue import STATLINE_PAGE, Offer
from buurteffect.sources.download.listing import span_of
from buurteffect.sources.download.open_data import fetch, zip_problem
from buurteffect.sources.download.packing import pack, settle
from buurteffect.sources.download.progress import Display
from buurteffect.sources.http.client import Settings
from buurteffect.sources.registry import Source
from buurteffect.sources.statline.fetch import fetch_table
from buurteffect.sources.statline.query import Query
from buurteffect.sources.statline.store import StoredTable, find_table

UNDER_WAY = "statline"
"""Folder, below that of the open data, for tables of which not every page has come yet."""

Say = Callable[[str], None]
How = Literal["fetched", "already there", "nothing"]


@dataclass(frozen=True)
class Errand:
    """One thing to fetch.

    Parameters
    ----------
    name : str
        What it is called in messages.
    bring : callable
        Brings it, given what takes messages; returns whether it was fetched now or was there before, or that there
        was nothing to do.
    addresses : tuple of str
        Where it can be asked for; each is another way to the same thing. None where only a person can fetch it.
    needed : bool
        Whether it is fetched without being asked for.
    here : callable
        Says whether it is there already.
    sized : bool
        Whether the size that an address tells is that of what comes.
    """

    name: str
    bring: Callable[[Say], How]
    addresses: tuple[str, ...] = ()
    needed: bool = False
    here: Callable[[], bool] = lambda: False
    sized: bool = False


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
    return tuple(_errand_of_file(source.id, source, folder, settings) for source in sources)


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
        return tuple(_errand_of_year(offer, year, folder, settings) for year in _file_years(offer, request.years))
    errands = []
    for table_id, years in _tables(offer, request.years).items():
        year = years[0] if len(years) == 1 else None
        for gemeente in (request.gemeenten if offer.by_gemeente else ()) or (None,):
            query = Query(table_id, "v3", gemeente, offer.where, service=offer.service)
            bring = partial(_bring_packed, year) if offer.packed else _bring_table
            name = " ".join(str(part) for part in (offer.name, span_of(years), table_id, gemeente) if part)
            here = partial(_packed_here if offer.packed else _table_here, offer, query, year, folder)
            asked = tuple(query.address("TableInfos", way=way) for way in ("feed", "api"))
            errands.append(Errand(name, partial(bring, offer, query, folder, settings), asked, here=here))
    return tuple(errands)


def _errand_of_file(name: str, source: Source, folder: Path, settings: Settings) -> Errand:
    """Return the errand of one file."""
    bring = partial(_bring_file, source, folder, settings)
    here = (folder / source.path).exists
    return Errand(name, bring, (source.address,), needed=source.needed, here=here, sized=True)


def _errand_of_year(offer: Offer, year: int, folder: Path, settings: Settings) -> Errand:
    """Return the errand of one year's file, or of what to do where there is none."""
    name = f"{offer.name} {year}"
    if year in offer.absent:
        return Errand(name, partial(_tell_absent, name, offer.absent[year]))
    return _errand_of_file(name, offer.source(year), folder, settings)


def _file_years(offer: Offer, years: tuple[int, ...]) -> tuple[int, ...]:
    """Return the years whose files are wanted; all that are known, where none is named."""
    if not years and not offer.files:
        raise ProjectError(f"{offer.name}: name the years, such as TABLES={offer.name} YEARS=2020-2022")
    unknown = [year for year in years if offer.files and year not in (*offer.years, *offer.absent)]
    if unknown:
        raise ProjectError(
            f"{offer.name}: no file is known of {_listed(unknown)}; there are files of {_listed(offer.years)}. Leave "
            "it out of YEARS, or add its address to data/raw/sources.toml"
        )
    return years or offer.years


def run_errands(errands: Sequence[Errand], say: Say = print, display: Display | None = None) -> Outcome:
    """Try every errand in its turn, and tell what became of each.

    One that fails leaves what was there before, and does not keep the others from being tried. With a display, what
    an errand says is told only where it fails, at the end.
    """
    outcome = Outcome()
    failures: list[str] = []
    for number, errand in enumerate(errands, start=1):
        said: list[str] = []
        if display:
            display.begin(number, errand.name)
        else:
            say(f"[{number}/{len(errands)}] {errand.name}")
        try:
            how = errand.bring(said.append if display else say)
        except (DownloadError, DataError) as error:
            failures += [*said, str(error)]
            outcome = replace(outcome, failed=(*outcome.failed, (errand.name, error)))
            how = None
        else:
            if how != "nothing":
                done = "fetched" if how == "fetched" else "present"
                outcome = replace(outcome, **{done: (*getattr(outcome, done), errand.name)})
        if display:
            display.end(how or "failed")
        elif how is None:
            say(failures[-1])
    if display:
        display.close()
        for line in failures:
            say(line)
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
    rows = "\n".join(f"  {name}: {_in_short(error)}" for name, error in outcome.failed)
    raise DownloadError(
        f"{len(outcome.failed)} of {count} could not be fetched; all others are in their place\n{rows}\n"
        "  to do: read above what each of them asks for, then run the same again: what is there is not fetched "
        "twice, what was cut off goes on, and what was there before has been left as it was. docs/data.md says how to "
        "fetch each by hand"
    )


def _in_short(error: DownloadError | DataError) -> str:
    """Return the first line of an error, and what came of the last try where it says that."""
    first, *rest = str(error).splitlines()
    last = next((line.partition("last:")[2].strip() for line in reversed(rest) if line.startswith("  last:")), "")
    return f"{first}: {last}" if last else first


def _tables(offer: Offer, years: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Return the tables of the wanted years, each with all of its years."""
    by_table = offer.years_by_table
    if not years or not offer.years:
        return by_table
    absent = [year for year in years if year not in offer.years]
    if absent:
        raise ProjectError(
            f"{offer.name}: no table is known of {_listed(absent)}; there are tables of {_listed(offer.years)}. Leave "
            "that year out, or add its table to data/raw/sources.toml"
        )
    return {table: its for table, its in by_table.items() if set(its) & set(years)}


def _listed(years: Iterable[int]) -> str:
    """Print years."""
    return ", ".join(map(str, years))


def _bring_file(source: Source, folder: Path, settings: Settings, say: Say) -> How:
    """Bring a file."""
    (fetched,) = fetch(
        [source],
        folder,
        tries=settings.tries,
        back_off_seconds=settings.back_off_seconds,
        timeout_seconds=settings.timeout_seconds,
        progress=settings.progress,
        advance=settings.advance,
        say=say,
    )
    return "fetched" if fetched.how == "downloaded" else "already there"


def _table_here(offer: Offer, query: Query, _: int | None, folder: Path) -> bool:
    """Say whether a table is in its place, without looking at its pages."""
    return (folder / offer.folder / query.table_id / query.name).exists()


def _packed_here(offer: Offer, query: Query, year: int | None, folder: Path) -> bool:
    """Say whether a zip of a table, or of the whole one, is in its place."""
    return any(path.exists() for path in _zips(offer, query, year, folder))


def _zips(offer: Offer, query: Query, year: int | None, folder: Path) -> tuple[Path, Path]:
    """Return where the zip of the whole table and that of the query lie."""
    stem = "-".join(str(part) for part in (offer.name, year, query.table_id) if part)
    home = folder / offer.folder
    whole = home / f"{stem}.zip"
    return whole, home / f"{stem}-{query.gemeente}.zip" if query.gemeente else whole


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
    whole, target = _zips(offer, query, year, folder)
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
        for part in sorted(whole.parent.glob(f"{whole.stem}-GM[0-9][0-9][0-9][0-9].zip")):
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
        advice=_other_ways(offer, query),
        say=say,
    )


def _other_ways(offer: Offer, query: Query) -> str:
    """Say what else can be done about a table that every route refuses."""
    page = STATLINE_PAGE.format(table=query.table_id)
    by_hand = f"Or open {page} in a browser, {offer.on_its_page}"
    if offer.by_gemeente and not query.gemeente:
        return f"A table that stays refused as a whole may come by gemeente: GEMEENTE=GM0599. {by_hand}"
    return by_hand


def _tell_absent(name: str, advice: str, _: Say) -> How:
    """Refuse a year that has no file, with what a person can do."""
    raise DownloadError(f"{name} cannot be fetched\n  to do: {advice}")


def _look_for(offer: Offer, folder: Path, say: Say) -> How:
    """See whether what only a person can fetch is there."""
    home = folder / offer.folder
    found = sorted(path.name for path in home.glob("*") if path.is_file() and not path.name.startswith("."))
    if found:
        say(f"{offer.name}: there already: {', '.join(found)}")
        return "already there"
    raise DownloadError(f"{offer.name} can only be fetched by hand\n  to do: {offer.by_hand}; put it in {home}")
