"""What `make fetch` does: the open data downloaded, listed, checked or described."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from buurteffect.errors import DownloadError, ProjectError
from buurteffect.panel.harmonise.address_crosswalk import ADDRESSES, write_crosswalks
from buurteffect.project import Project
from buurteffect.sources.download.address_check import TIMEOUT_SECONDS, check_addresses
from buurteffect.sources.download.catalogue import Offer, chosen, parse_years, read_offers
from buurteffect.sources.download.data_documentation import data_page
from buurteffect.sources.download.jobs import (
    Errand,
    How,
    Request,
    Say,
    errands_of_offer,
    errands_of_sources,
    refuse_failures,
    run_errands,
)
from buurteffect.sources.download.listing import listed
from buurteffect.sources.download.open_data import check_open_data
from buurteffect.sources.download.progress import Display
from buurteffect.sources.http.client import Settings
from buurteffect.sources.http.heads import first_answer
from buurteffect.sources.registry import Source, read_registry, sources_needed


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
    sources, offers, folder = read_registry(registry), read_offers(registry), project.raw / "open"
    asked = _asked(options)
    if options.list:
        print(listed(sources, offers, folder))
    elif options.docs:
        print(data_page(sources, offers), end="")
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
            _chosen(options, sources, offers, folder, Settings()) if asked else _known(sources, offers, folder)
        )
    elif options.all:
        _fetch_all(options, sources, offers, folder)
    else:
        refuse_failures(run_errands(_chosen(options, sources, offers, folder, Settings())))


def _fetch_all(options: argparse.Namespace, sources: Sequence[Source], offers: Sequence[Offer], folder: Path) -> None:
    """Fetch everything that the open reports can use, with one display."""
    shown: list[Display] = []

    def advance(bytes_count: int) -> None:
        for display in shown:
            display.advance(bytes_count)

    errands = _chosen(options, sources, offers, folder, Settings(progress=False, advance=advance))
    print("asking how large the files are …", flush=True)
    display = Display([_size(errand) for errand in errands], lambda line: print(line, flush=True))
    print(display.plan(), flush=True)
    shown.append(display)
    refuse_failures(run_errands(errands, display=display))


def _size(errand: Errand) -> int | None:
    """Return how many bytes an errand will bring: none if it is there, unknown if no server says it."""
    if errand.here() or not errand.addresses:
        return 0
    return first_answer(errand.addresses, TIMEOUT_SECONDS).size_bytes if errand.sized else None


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


def _known(sources: Sequence[Source], offers: Sequence[Offer], folder: Path) -> list[Errand]:
    """Return everything that the registry names."""
    errands = list(errands_of_sources(sources, folder, Settings()))
    for offer in offers:
        request = Request((*offer.years, *offer.absent) if offer.files else ())
        if offer.kind != "files" or offer.files:
            errands += errands_of_offer(offer, request, folder, Settings())
    return errands


def _chosen(
    options: argparse.Namespace, sources: Sequence[Source], offers: Sequence[Offer], folder: Path, settings: Settings
) -> list[Errand]:
    """Return what the options ask for, table by table."""
    asked = _asked(options)
    if not asked:
        return list(errands_of_sources(sources_needed(sources), folder, settings))
    gemeenten = tuple(" ".join(options.gemeente).replace(",", " ").split())
    if options.all:
        if {"KWB", "TABLES", "YEARS"} & set(asked):
            raise ProjectError("ALL=1 fetches every group with all of its years: leave out KWB, TABLES and YEARS")
        errands = list(errands_of_sources([s for s in sources if s.needed or s.with_all], folder, settings))
        for group in (offer for offer in offers if offer.with_all):
            years = group.with_all if isinstance(group.with_all, tuple) else ()
            errands += _of_group(group, Request(years, gemeenten), folder, settings)
        return errands
    names = " ".join(options.tables).replace(",", " ").split()
    years = parse_years(options.years) if options.years else ()
    of_kwb = parse_years(options.kwb) if options.kwb else years
    groups = chosen(offers, [*(["kwb"] if options.kwb else []), *names])
    if not groups:
        raise ProjectError(
            "YEARS and GEMEENTE say which part of a group is wanted: name it too, by KWB or TABLES, such as "
            "KWB=2019-2022 or TABLES=housing_stock; make fetch LIST=1 shows the groups"
        )
    if years and not any(group.yearly for group in groups):
        raise ProjectError(f"YEARS: there is no table per year of {', '.join(names)}; leave it out")
    if gemeenten and not any(group.by_gemeente for group in groups):
        raise ProjectError(f"GEMEENTE: {', '.join(names)} cannot be cut down to a gemeente; leave it out")
    return [
        errand
        for group in groups
        for errand in _of_group(group, Request(of_kwb if group.name == "kwb" else years, gemeenten), folder, settings)
    ]


def _of_group(group: Offer, request: Request, folder: Path, settings: Settings) -> list[Errand]:
    """Return the errands of a group; addresses are counted into crosswalks once they are there."""
    errands = list(errands_of_offer(group, request, folder, settings))
    if group.folder == ADDRESSES:
        errands.append(Errand("crosswalks between years", lambda say: _count(folder, say)))
    return errands


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
