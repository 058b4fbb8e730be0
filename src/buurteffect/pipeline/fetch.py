"""What `make fetch` does: the open data downloaded, listed, checked or described."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from buurteffect.errors import DownloadError, ProjectError
from buurteffect.panel.harmonise.address_crosswalk import ADDRESSES, write_crosswalks
from buurteffect.project import Project
from buurteffect.sources.download.address_check import check_addresses
from buurteffect.sources.download.catalogue import CatalogueEntry, chosen, parse_years, read_catalogue
from buurteffect.sources.download.data_documentation import data_page
from buurteffect.sources.download.jobs import DownloadJob, How, Say, file_job, jobs_of, run_jobs
from buurteffect.sources.download.listing import listed
from buurteffect.sources.download.open_data import check_open_data
from buurteffect.sources.download.progress import Display
from buurteffect.sources.http.client import Settings
from buurteffect.sources.http.heads import first_answer
from buurteffect.sources.registry import Source, read_registry


def run_fetch(project: Project, options: argparse.Namespace) -> None:
    """Download the open data: what is needed by default, or what is asked for.

    Raises
    ------
    ProjectError
        If what is asked for does not go together, or is not known.
    DownloadError
        If anything could not be fetched; all others are in their place.
    """
    registry = project.raw / "sources.toml"
    sources, entries, folder = read_registry(registry), read_catalogue(registry), project.raw / "open"
    asked = _asked(options)
    if options.list:
        print(listed(sources, entries, folder))
    elif options.docs:
        print(data_page(sources, entries), end="")
    elif options.open_data is not None:
        if asked or options.check:
            words = ", ".join([*asked, *(["CHECK"] if options.check else [])])
            raise ProjectError(
                "a folder of open data of your own is read as it is, and nothing is fetched into it: leave out "
                f"either OPEN_DATA or {words}"
            )
        print(f"Open data are read from {check_open_data(options.open_data)} as they are; nothing is downloaded.")
    elif options.check:
        check_addresses(
            _chosen(options, sources, entries, folder, Settings()) if asked else _known(sources, entries, folder)
        )
    elif options.all:
        _fetch_all(options, sources, entries, folder)
    else:
        run_jobs(_chosen(options, sources, entries, folder, Settings()))


def _fetch_all(
    options: argparse.Namespace, sources: Sequence[Source], entries: Sequence[CatalogueEntry], folder: Path
) -> None:
    """Fetch everything that the open reports can use, with one display."""
    display = Display(lambda line: print(line, flush=True))
    jobs = _chosen(options, sources, entries, folder, Settings(progress=False, advance=display.advance))
    print("asking how large the files are …", flush=True)
    display.plan([_size(job) for job in jobs])
    run_jobs(jobs, display=display)


def _size(job: DownloadJob) -> int | None:
    """Return how many bytes a job will bring: none if it is there, unknown if no server says it."""
    if job.here() or not job.addresses:
        return 0
    return first_answer(job.addresses).size_bytes if job.sized else None


def _asked(options: argparse.Namespace) -> list[str]:
    """Return which options ask for something beyond what is fetched by default."""
    given = {
        "ALL": options.all,
        "KWB": options.kwb,
        "TABLES": options.tables,
        "YEARS": options.years,
        "GEMEENTE": options.gemeente,
    }
    return [name for name, value in given.items() if value]


def _known(sources: Sequence[Source], entries: Sequence[CatalogueEntry], folder: Path) -> list[DownloadJob]:
    """Return everything that the registry names."""
    jobs = _of_sources(sources, folder, Settings())
    for entry in entries:
        if entry.kind != "files" or entry.files:
            years = (*entry.years, *entry.absent) if entry.files else ()
            jobs += jobs_of(entry, folder, Settings(), years)
    return jobs


def _of_sources(sources: Sequence[Source], folder: Path, settings: Settings) -> list[DownloadJob]:
    """Return a job per source of the registry."""
    return [file_job(source.id, source, folder, settings) for source in sources]


def _chosen(
    options: argparse.Namespace,
    sources: Sequence[Source],
    entries: Sequence[CatalogueEntry],
    folder: Path,
    settings: Settings,
) -> list[DownloadJob]:
    """Return what the options ask for, table by table."""
    asked = _asked(options)
    if not asked:
        return _of_sources([source for source in sources if source.needed], folder, settings)
    gemeenten = tuple(" ".join(options.gemeente).replace(",", " ").split())
    jobs: list[DownloadJob] = []
    if options.all:
        if {"KWB", "TABLES", "YEARS"} & set(asked):
            raise ProjectError("ALL=1 fetches every group with all of its years: leave out KWB, TABLES and YEARS")
        jobs = _of_sources([source for source in sources if source.needed or source.with_all], folder, settings)
        wanted = [(entry, entry.with_all) for entry in entries if entry.with_all]
        groups = [(entry, years if isinstance(years, tuple) else ()) for entry, years in wanted]
    else:
        groups = _groups(options, entries, gemeenten)
    for entry, years in groups:
        jobs += jobs_of(entry, folder, settings, years, gemeenten)
        if entry.folder == ADDRESSES:  # addresses are counted into crosswalks once they are there
            jobs.append(DownloadJob("crosswalks between years", lambda say: _count(folder, say)))
    return jobs


def _groups(
    options: argparse.Namespace, entries: Sequence[CatalogueEntry], gemeenten: Sequence[str]
) -> list[tuple[CatalogueEntry, tuple[int, ...]]]:
    """Return the groups that are asked for by name, each with the years that are wanted of it."""
    names = " ".join(options.tables).replace(",", " ").split()
    years = parse_years(options.years) if options.years else ()
    of_kwb = parse_years(options.kwb) if options.kwb else years
    groups = chosen(entries, [*(["kwb"] if options.kwb else []), *names])
    if not groups:
        raise ProjectError(
            "YEARS and GEMEENTE say which part of a group is wanted: name it too, by KWB or TABLES, such as "
            "KWB=2019-2022 or TABLES=housing_stock; make fetch LIST=1 shows the groups"
        )
    if years and not any(group.yearly for group in groups):
        raise ProjectError(f"YEARS: there is no table per year of {', '.join(names)}; leave it out")
    if gemeenten and not any(group.by_gemeente for group in groups):
        raise ProjectError(f"GEMEENTE: {', '.join(names)} cannot be cut down to a gemeente; leave it out")
    return [(group, of_kwb if group.name == "kwb" else years) for group in groups]


def _count(folder: Path, say: Say) -> How:
    """Count crosswalks from the address files that are there."""
    try:
        if write_crosswalks(folder, say):
            return "fetched"
    except OSError as error:
        raise DownloadError(
            f"the crosswalks could not be written\n  where: {error.filename or folder}\n"
            f"  last:  {error.strerror or error}\n  to do: make room on the disk, and run it again"
        ) from None
    say("A crosswalk is counted from two years or more, and only where it is not there yet.")
    return "nothing"
