"""The README of a deposit, in the order of the social-science data editors' template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from buurteffect.pipeline.deposit.codebook import Table
from buurteffect.pipeline.deposit.facts import Facts
from buurteffect.pipeline.deposit.metadata import LICENCES
from buurteffect.pipeline.deposit.outputs import DATA, OUTPUTS
from buurteffect.pipeline.deposit.programs import Exhibit, Program, RandomDraw
from buurteffect.sources.download.catalogue import read_catalogue
from buurteffect.sources.registry import read_registry

_PARTS = {
    "src/buurteffect/schema": "contracts of every table",
    "src/buurteffect/sources": "downloads and readers of raw files",
    "src/buurteffect/synthetic": "the simulated country, its truth and its publication",
    "src/buurteffect/panel": "raw files to one checked panel",
    "src/buurteffect/estimate": "estimators and their errors",
    "src/buurteffect/claims": "claims, and the rules by which they are judged",
    "src/buurteffect/release": "the gate that every result passes",
    "src/buurteffect/report": "tables, figures and pages",
    "src/buurteffect/scoreboard": "estimators on simulated countries whose truth is known",
    "src/buurteffect/pipeline": "builds and this package",
    "notebooks": "one question each",
    "tests": "tests of all of it",
}


@dataclass(frozen=True)
class Contents:
    """What a README tells of.

    Attributes
    ----------
    files : mapping of str to bytes
        The files of the deposit by path.
    tables : sequence of Table
        Its data files.
    programs, chance, shown, references
        As `pipeline.deposit.programs` returns them.
    results : mapping of str to mapping
        Results by run.
    """

    files: Mapping[str, bytes]
    tables: Sequence[Table]
    programs: Sequence[Program]
    chance: Sequence[RandomDraw]
    shown: Sequence[Exhibit]
    references: Sequence[str]
    results: Mapping[str, Mapping[str, Any]]


def data_licence(facts: Facts) -> bytes:
    """Return ``LICENSE-DATA.md``."""
    template = _environment().get_template("LICENSE-DATA.md.j2")
    return (template.render(facts=facts, address=LICENCES[facts.stated["licence"]["data"]]) + "\n").encode()


def readme(facts: Facts, contents: Contents, registry: Path) -> bytes:
    """Return ``README.md``; `registry` is the file that lists the open sources."""
    synthetic = facts.source == "synthetic"
    text = (
        _environment()
        .get_template("README.md.j2")
        .render(
            facts=facts,
            synthetic=synthetic,
            counts=_counts(contents),
            sources=_sources(registry, facts.source),
            inputs=[] if synthetic else _inputs(contents.results),
            data=[_listed(table, facts.source) for table in contents.tables if table.path.startswith(f"{DATA}/")],
            stored=[_listed(t, "simulations") for t in contents.tables if not t.path.startswith(f"{OUTPUTS}/")],
            chance=contents.chance,
            parts=list(_parts(contents.programs)),
            notebooks=list(_notebooks(contents)),
            verifiable=_verifiable(facts, contents.files),
            exhibits=[each for each in contents.shown if each.number != "recorded"],
            citations=_citations(facts, registry),
            references=contents.references,
        )
    )
    return re.sub(r"\n{3,}", "\n\n", text).encode()


def _environment() -> Environment:
    """Return the templates of a deposit."""
    loader = PackageLoader("buurteffect.pipeline.deposit", "templates")
    return Environment(loader=loader, undefined=StrictUndefined, autoescape=False)


def _counts(contents: Contents) -> dict[str, int]:
    """Return how many there are of what the README counts."""
    shown = [each.number.split()[0] for each in contents.shown]
    lock = contents.files.get("requirements.lock", b"").decode()
    inside = f"{OUTPUTS}/reports/"
    return {
        "tables": shown.count("Table"),
        "figures": shown.count("Figure"),
        "csv": sum(path.startswith(f"{inside}tables/") for path in contents.files),
        "svg": sum(path.startswith(f"{inside}figures/") for path in contents.files),
        "packages": len(set(re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE))),
        "programs": len(contents.programs),
    }


def _sources(registry: Path, source: str) -> list[dict[str, Any]]:
    """Return every open source that the project knows, and whether this deposit rests on it."""
    opened = source == "open"
    found = [
        {
            "title": each.title, "publisher": each.publisher, "licence": each.licence, "where": each.address,
            "used": opened and each.needed, "how": "`make fetch` fetches it and checks its bytes",
        }
        for each in read_registry(registry)
    ]  # fmt: skip
    found += [
        {
            "title": each.title, "publisher": each.publisher, "licence": each.licence,
            "where": each.address or "StatLine, opendata.cbs.nl", "used": False, "how": "",
        }
        for each in read_catalogue(registry)
    ]  # fmt: skip
    return found


def _verifiable(facts: Facts, files: Mapping[str, bytes]) -> bool:
    """Whether reference results of these settings are recorded, so that make verify has something to compare with."""
    settings = " ".join(f"{key} {value}" for key, value in facts.settings.items())
    return f'"settings": "{settings}"'.encode() in files.get("docs/reference/reference.json", b"")


def _inputs(results: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the raw files that results rest on, each once."""
    files = {each["sha256"]: each for run in results.values() for each in run["inputs"]}
    return sorted(files.values(), key=lambda each: str(each["origin"]))


def _listed(table: Table, source: str) -> dict[str, Any]:
    """Return a data file as the list of data files shows it."""
    words = {"synthetic": "synthetic country", "open": "open data"}
    return {**vars(table), "source": words.get(source, source)}


def _parts(programs: Iterable[Program]) -> Iterable[dict[str, Any]]:
    """Yield the parts of the project with the number of programs and lines."""
    listed = list(programs)
    for path, meaning in _PARTS.items():
        own = [each for each in listed if each.path.startswith(f"{path}/")]
        if own:
            lines = sum(each.lines_count for each in own)
            yield {"path": f"{path}/", "meaning": meaning, "count": len(own), "lines": lines}


def _notebooks(contents: Contents) -> Iterable[dict[str, Any]]:
    """Yield the notebooks with their runs."""
    for program in contents.programs:
        if program.path.startswith("notebooks/"):
            name = program.path.removeprefix("notebooks/").removesuffix(".ipynb")
            runs = [run for run, results in contents.results.items() if results["notebook"] == name]
            yield {"path": program.path, "meaning": program.meaning, "runs": runs}


def _citations(facts: Facts, registry: Path) -> list[str]:
    """Return the data citations."""
    year = str(facts.citation["date-released"])[:4]
    if facts.source == "synthetic":
        seed, size, scenario = (facts.settings[key] for key in ("seed", "size", "scenario"))
        made = f"seed {seed}, size {size}, scenario {scenario}"
        author = facts.citation["authors"][0].get("name", "The authors")
        return [
            f"{author} ({year}). Synthetic country, {made}, version {facts.version} [simulated data]. This package."
        ]
    return [
        f"{each.publisher}. {each.title} [data set]. {each.licence}. {each.address}"
        + (f" (retrieved {each.retrieved})" if each.retrieved else "")
        for each in read_registry(registry)
        if each.needed
    ]
