"""What one fetch has been asked for, job by job: each is tried, and what became of it is told at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from buurteffect.errors import DataError, DownloadError, ProjectError
from buurteffect.sources.download.catalogue import STATLINE_PAGE, CatalogueEntry, span_of
from buurteffect.sources.download.open_data import fetch_file, zip_problem
from buurteffect.sources.download.packing import move_table, zip_table
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
class DownloadJob:
    """One thing to fetch.

    Parameters
    ----------
    name : str
        What it is called in messages.
    fetch : callable
        Fetches it, given what takes messages; returns whether it was fetched now or was there before, or that there
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
    fetch: Callable[[Say], How]
    addresses: tuple[str, ...] = ()
    needed: bool = False
    here: Callable[[], bool] = lambda: False
    sized: bool = False


def run_jobs(jobs: Sequence[DownloadJob], say: Say = print, display: Display | None = None) -> None:
    """Try every job in its turn, and tell what became of each.

    One that fails leaves what was there before, and does not keep the others from being tried. With a display, what
    a job says is told only where it fails, at the end.

    Raises
    ------
    DownloadError
        If anything failed: with the first line of why.
    """
    done: dict[str, list[str]] = {"fetched": [], "already there": [], "failed": [], "nothing": []}
    failures: list[str] = []
    reasons: list[str] = []
    for number, job in enumerate(jobs, start=1):
        said: list[str] = []
        if display:
            display.begin(number, job.name)
        else:
            say(f"[{number}/{len(jobs)}] {job.name}")
        try:
            how: str = job.fetch(said.append if display else say)
        except (DownloadError, DataError) as error:
            how = "failed"
            failures += [*said, str(error)]
            reasons.append(f"  {job.name}: {_in_short(error)}")
            if not display:
                say(str(error))
        done[how].append(job.name)
        if display:
            display.end(how)
    if display:
        display.close()
        for line in failures:
            say(line)
    for words, how in (("fetched", "fetched"), ("already there, not fetched", "already there"), ("failed", "failed")):
        say(f"{words}: {', '.join(done[how]) or 'nothing'}")
    if reasons:
        rows = "\n".join(reasons)
        raise DownloadError(
            f"{len(reasons)} of {len(jobs) - len(done['nothing'])} could not be fetched; all others are in their place"
            f"\n{rows}\n  to do: read above what each of them asks for, then run the same again: what is there is not "
            "fetched twice, what was cut off goes on, and what was there before has been left as it was. docs/data.md "
            "says how to fetch each by hand"
        )


def _in_short(error: DownloadError | DataError) -> str:
    """Return the first line of an error, and what came of the last try where it says that."""
    first, *rest = str(error).splitlines()
    last = next((line.partition("last:")[2].strip() for line in reversed(rest) if line.startswith("  last:")), "")
    return f"{first}: {last}" if last else first


def file_job(name: str, source: Source, folder: Path, settings: Settings) -> DownloadJob:
    """Return the job of one file."""

    def fetch(say: Say) -> How:
        return "fetched" if fetch_file(source, folder, settings, say=say) == "downloaded" else "already there"

    here = (folder / source.path).exists
    return DownloadJob(name, fetch, (source.address,), needed=source.needed, here=here, sized=True)


def jobs_of(
    entry: CatalogueEntry,
    folder: Path,
    settings: Settings,
    years: Sequence[int] = (),
    gemeenten: Sequence[str] = (),
) -> list[DownloadJob]:
    """Return a job per table or file of an entry of the catalogue.

    Parameters
    ----------
    entry : CatalogueEntry
        The entry.
    folder : Path
        The folder of the open data.
    settings : Settings
        How hard to try.
    years : sequence of int
        Years that are wanted; empty for all of which the registry names a table or file.
    gemeenten : sequence of str
        Codes such as ``GM0599`` that tables are cut down to where they can be; empty for whole tables.

    Raises
    ------
    ProjectError
        If the entry has no table of a year, if it has to be told which years, or if a code is no gemeente.
    """
    if entry.kind == "by_hand":
        return [DownloadJob(entry.name, lambda say: _look_for(entry, folder, say))]
    _check_years(entry, years)
    if entry.kind == "files":
        return [_year_job(entry, year, folder, settings) for year in years or entry.years]
    jobs = []
    for table_id, its in entry.years_by_table.items():
        if not years or not its or set(its) & set(years):
            for gemeente in (gemeenten if entry.by_gemeente else ()) or (None,):
                query = Query(table_id, gemeente, entry.where, entry.service)
                jobs.append(_table_job(entry, query, its, folder, settings))
    return jobs


def _check_years(entry: CatalogueEntry, years: Iterable[int]) -> None:
    """Refuse years of which nothing is known, or a request for none where they have to be named."""
    if not entry.years:
        if entry.kind == "files" and not years:
            raise ProjectError(f"{entry.name}: name the years, such as TABLES={entry.name} YEARS=2020-2022")
        return
    unknown = [str(year) for year in years if year not in (*entry.years, *entry.absent)]
    if unknown:
        what = "file" if entry.kind == "files" else "table"
        raise ProjectError(
            f"{entry.name}: no {what} is known of {', '.join(unknown)}; there are {what}s of "
            f"{', '.join(map(str, entry.years))}. Leave that year out, or add its {what} to data/raw/sources.toml"
        )


def _year_job(entry: CatalogueEntry, year: int, folder: Path, settings: Settings) -> DownloadJob:
    """Return the job of one year's file, or of saying what to do where there is none."""
    name = f"{entry.name} {year}"

    def tell(_: Say) -> How:
        raise DownloadError(f"{name} cannot be fetched\n  to do: {entry.absent[year]}")

    return DownloadJob(name, tell) if year in entry.absent else file_job(name, entry.source(year), folder, settings)


def _look_for(entry: CatalogueEntry, folder: Path, say: Say) -> How:
    """See whether what only a person can fetch is there."""
    home = folder / entry.folder
    found = sorted(path.name for path in home.glob("*") if path.is_file() and not path.name.startswith("."))
    if found:
        say(f"{entry.name}: there already: {', '.join(found)}")
        return "already there"
    raise DownloadError(f"{entry.name} can only be fetched by hand\n  to do: {entry.by_hand}; put it in {home}")


def _table_job(
    entry: CatalogueEntry, query: Query, years: tuple[int, ...], folder: Path, settings: Settings
) -> DownloadJob:
    """Return the job of one table, which comes to lie as one zip or as a folder of its pages."""
    year = years[0] if len(years) == 1 else None
    home = folder / entry.folder
    stem = "-".join(str(part) for part in (entry.name, year, query.table_id) if part)
    whole = home / f"{stem}.zip"
    zips = (whole, home / f"{stem}-{query.gemeente}.zip") if query.gemeente else (whole,)
    pages = home / query.table_id / query.name

    def fetch_pages(say: Say) -> How:
        before = find_table(query, home)
        if before is not None and before.complete:
            return "already there"
        move_table(_table(entry, query, folder, settings, say), pages)
        say(f"{query.table_id}: put at {pages}")
        return "fetched"

    def fetch_zip(say: Say) -> How:
        there = next((path for path in zips if path.exists()), None)
        if there is None:
            zip_table(_table(entry, query, folder, settings, say), zips[-1])
            say(f"{query.table_id}: put at {zips[-1]}")
            if not query.gemeente:  # a whole table takes the place of its parts
                for part in sorted(home.glob(f"{stem}-GM[0-9][0-9][0-9][0-9].zip")):
                    part.unlink()
                    say(f"{query.table_id}: removed {part.name}, whose rows are in the whole table")
            return "fetched"
        if problem := zip_problem(there):
            raise DownloadError(
                f"{there.name} is there, but is not a readable zip: {problem}\n"
                f"  to do: move {there} away and run it again"
            )
        say(f"{query.table_id}: already there, not fetched; in {there.name}.")
        return "already there"

    return DownloadJob(
        " ".join(part for part in (entry.name, span_of(years), query.table_id, query.gemeente) if part),
        fetch_zip if entry.packed else fetch_pages,
        tuple(query.address("TableInfos", way=way) for way in ("feed", "api")),
        here=lambda: any(path.exists() for path in (zips if entry.packed else (pages,))),
    )


def _table(entry: CatalogueEntry, query: Query, folder: Path, settings: Settings, say: Say) -> StoredTable:
    """Fetch the pages of a table, or the rest of them, into a folder that no reader looks into."""
    page = STATLINE_PAGE.format(table=query.table_id)
    advice = f"Or open {page} in a browser, {entry.on_its_page}"
    if entry.by_gemeente and not query.gemeente:
        advice = f"A table that stays refused as a whole may come by gemeente: GEMEENTE=GM0599. {advice}"
    return fetch_table(
        query.table_id,
        folder / UNDER_WAY,
        gemeente=query.gemeente,
        where=query.where,
        service=query.service,
        pause_seconds=entry.pause_seconds,
        settings=settings,
        advice=advice,
        say=say,
    )
