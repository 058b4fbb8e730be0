"""From a number on a page back to what it was made from: result, cell, parameters, inputs and commit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from buurteffect.errors import TraceError
from buurteffect.pipeline.runs.git import git
from buurteffect.pipeline.runs.provenance import Record, changes, settings_of
from buurteffect.pipeline.runs.runs import load_run, runs_of
from buurteffect.pipeline.runs.staging import RunFiles
from buurteffect.project import Project
from buurteffect.report.provenance.address_page import FOLDER, Addresses, addresses_of
from buurteffect.report.provenance.addresses import Section
from buurteffect.report.provenance.lookup import Address, Kind

_SHORT, _MOST = 16, 20


@dataclass(frozen=True)
class Traced:
    """A number that a page prints: where, and its address."""

    section: Section
    address: Address


def trace(project: Project, source: str, report: str, number: str, at: str = "") -> list[str]:
    """Return, line by line, where a number on a page comes from.

    Parameters
    ----------
    project, source
        The checkout, and where the data come from.
    report : str
        A run, the beginning of its name that no other has, or its page.
    number : str
        The number as the page prints it; commas and plus signs may be left out.
    at : str
        Only in the table, figure or text of this key.

    Raises
    ------
    TraceError
        If the page is not there, or prints no such number.
    """
    name = _run_of(project, source, report)
    run_files = RunFiles(project.processed(source), name)
    if not run_files.complete:
        raise TraceError(f"run {name!r} has not been built on {source!r}: run make reports SOURCE={source}")
    results = json.loads(run_files.results.read_text(encoding="utf-8"))
    if results.get("needs"):
        raise TraceError(f"run {name!r} prints no number, since it needs more data: {results['needs']['missing']}")
    addresses = addresses_of(project, nbformat.read(run_files.executed, as_version=4), results)
    found = list(_found(addresses, number, at))
    if not found:
        page, where = addresses.origin["page"], f" in {at!r}" if at else ""
        raise TraceError(
            f"{page} prints no {number}{where}: give a number as the page prints it, minus and percent sign included; "
            f"all of them are in {project.show(project.reports(source) / FOLDER / f'{name}.html')}"
        )
    lines = [f"{number} stands {'once' if len(found) == 1 else f'{len(found)} times'} on {addresses.origin['page']}"]
    for traced in found[:_MOST]:
        lines += ["", *_lines_of(traced)]
    if len(found) > _MOST:
        more = len(found) - _MOST
        lines += ["", f"… and {more} times more: say where with --at (AT=…), such as {found[-1].section.key}"]
    return [*lines, "", *_lines_of_run(project, source, run_files, addresses.origin)]


def _run_of(project: Project, source: str, report: str) -> str:
    """Return the run that is meant."""
    meant = Path(report).name.removesuffix(".html")
    names = runs_of(project, source)
    close = [meant] if meant in names else [name for name in names if meant and name.startswith(meant)]
    if len(close) != 1:
        raise TraceError(f"there is no report {report!r} on {source!r}; there are {', '.join(close or names)}")
    return close[0]


def _found(addresses: Addresses, number: str, at: str) -> Iterator[Traced]:
    """Yield where a page prints a number."""
    wanted = _bare(number)
    for section in addresses.sections:
        if not at or section.key == at:
            yield from (Traced(section, address) for address in section.numbers if _bare(address.printed) == wanted)


def _bare(number: str) -> str:
    """Return a number without what may be left out: spaces, commas, a plus sign; with one kind of minus."""
    return "".join(number.replace("-", "−").replace(",", "").split()).removeprefix("+")


def _lines_of(traced: Traced) -> Iterator[str]:
    """Yield what is known of one number."""
    section, address = traced.section, traced.address
    yield f"{section.title} (#{section.key}), {address.part}: {address.kind}"
    yield from (f"    result     {key}" for key in address.keys)
    if address.value is not None and len(address.keys) == 1:
        yield f"    in full    {address.value}"
    yield from (f"    the same   {key}" for key in address.same)
    if address.origin:
        yield f"    {'said by' if address.kind is Kind.RESULT else 'from   '}    {address.origin}"
    if section.cell:
        yield f"    cell       {section.cell}: {section.line}"
    elif section.shown:
        yield f"    cell       {section.line}"


def _lines_of_run(project: Project, source: str, run_files: RunFiles, origin: dict[str, Any]) -> Iterator[str]:
    """Yield what all numbers of a page come from."""
    yield f"results     {origin['results']}"
    yield f"notebook    {origin['notebook']}, its code {_short(origin['notebook_code_sha256'])}"
    yield "parameters  " + "; ".join(f"{name} = {value}" for name, value in origin["parameters"].items())
    changed = ", with changes that were not committed" if origin["uncommitted_changes"] else ""
    yield f"ran at      {origin['commit'] or 'no commit: not under version control'}{changed}"
    yield f"modules     {origin['modules_count']} of this package, together {_short(origin['modules_sha256'])}"
    record = Record.read(run_files.record)
    if record is not None:
        yield from _lines_of_code(project, source, run_files, record, origin)
    read = origin["read"]
    yield f"inputs      {len(read)} files, by the first {_SHORT} digits of their SHA-256"
    yield from (f"    {_short(then)}  {name}" for name, then in read.items())


def _lines_of_code(
    project: Project, source: str, run_files: RunFiles, record: Record, origin: dict[str, Any]
) -> Iterator[str]:
    """Yield the commit that changed last what the run is made from, and whether it still is what it was."""
    code = [name for name in record.files if name.startswith("src/")]
    paths = [origin["notebook"], f"notebooks/runs/{run_files.name}.yaml", *code]
    last, dirty = git(project.root, "log", "-1", "--format=%h of %cs", "--", *paths), None
    if last:
        dirty = git(project.root, "status", "--porcelain", "--untracked-files=no", "--", *paths)
    yield f"commit      {last or 'none'}: the last to change its notebook or modules" + (
        f"; {len(dirty.splitlines())} of them have changes that are not committed" if dirty else ""
    )
    run = load_run(project, run_files.name, source)
    now = changes(project, record, settings_of(run.notebook, run.parameters))
    yield "now         " + (
        f"{len(now)} of what it was made from changed since: make would make it again (make why says what)"
        if now
        else "all that it was made from is as it was"
    )


def _short(text: str | None) -> str:
    """Return the beginning of a checksum."""
    return text[:_SHORT] if text else "not taken down"
