"""The addresses of a page's numbers on a page beside it, and as JSON for programs."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat

from buurteffect.project import Project, writing
from buurteffect.report.html.minify import minified
from buurteffect.report.html.template import filled
from buurteffect.report.provenance.addresses import Section, sections_of
from buurteffect.report.provenance.lookup import Address, Kind

FOLDER = "addresses"
_GONE = "gone"
_ROOM = "src/buurteffect/"
_KERNELS = frozenset(f"{_ROOM}pipeline/kernels/{name}.py" for name in ("client", "provisioner", "preloaded"))
"""Modules that only one way of starting kernels reads; the page is the same for both ways."""
_SHORT, _LONG = 16, 60


@dataclass(frozen=True)
class Addresses:
    """The addresses of the numbers of one page, by where they stand, and the `origin` that all share."""

    origin: dict[str, Any]
    sections: tuple[Section, ...]

    @property
    def keys(self) -> frozenset[str]:
        """Keys of the tables, figures and texts of the page that print numbers."""
        return frozenset(section.key for section in self.sections if section.shown)

    def write(self, folder: Path) -> None:
        """Write them as JSON and as a page into ``addresses/`` of `folder`, the reports of a source."""
        sections = [_plain(section) for section in self.sections]
        whole = {**self.origin, "counts": counts_of(self.sections), "sections": sections}
        text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
        for suffix, content in (("json", f"{text}\n"), ("html", addresses_html(self))):
            with writing(folder / FOLDER / f"{self.origin['run']}.{suffix}") as aside:
                aside.write_text(content, encoding="utf-8")


def addresses_of(project: Project, notebook: nbformat.NotebookNode, results: Mapping[str, Any]) -> Addresses:
    """Return the addresses of the numbers of an executed notebook's page; none where the run needs more data."""
    path = project.processed(results["source"]) / "records" / f"{results['run']['name']}.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = {}
    sections = () if results.get("needs") else tuple(sections_of(notebook, results))
    return Addresses(origin_of_run(project, results, record), sections)


def origin_of_run(project: Project, results: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the origin of all numbers of a run: notebook, parameters, code and the files that it read.

    The checksums say which code and data these were; the commit says so only where nothing was changed since.
    """
    run, source = results["run"], results["source"]
    there = {n: then for n, then in record.get("files", {}).items() if then != _GONE and not Path(n).is_absolute()}
    there = {name: then for name, then in there.items() if name not in _KERNELS}
    code = {name: then for name, then in there.items() if name.startswith(_ROOM)}
    together = hashlib.sha256("".join(f"{name} {then}\n" for name, then in sorted(code.items())).encode()).hexdigest()
    return {
        "run": run["name"],
        "source": source,
        "page": project.show(project.reports(source) / f"{run['name']}.html"),
        "results": project.show(project.processed(source) / "results" / f"{run['name']}.json"),
        "notebook": f"notebooks/{results['notebook']}.ipynb",
        "parameters": dict(run["parameters"]),
        "commit": run["commit"],
        "uncommitted_changes": run["uncommitted_changes"],
        "notebook_code_sha256": record.get("settings", {}).get("code"),
        "modules_count": len(code),
        "modules_sha256": together if code else None,
        "read": {name: then for name, then in sorted(there.items()) if name not in code},
    }


def addresses_html(addresses: Addresses) -> str:
    """Return the page of addresses."""
    origin, sections = addresses.origin, addresses.sections
    page = {
        "origin": origin,
        "synthetic": origin["source"] == "synthetic",
        "counts": counts_of(sections),
        "shown": [(section, [_row(address) for address in section.numbers]) for section in sections if section.shown],
        "prose": [_prose(section) for section in sections if not section.shown],
    }
    return minified(filled("addresses.html.j2", page, short=lambda text: str(text)[:_SHORT]))


def counts_of(sections: Sequence[Section]) -> dict[str, int]:
    """Return how many numbers of each kind there are."""
    counted = Counter(address.kind for section in sections for address in section.numbers)
    return {str(kind): counted[kind] for kind in Kind if counted[kind]}


def _full(value: Any) -> str:
    """Return a result in full as text, a long text cut."""
    text = "" if value is None else str(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _row(address: Address) -> tuple[str, str, str, str]:
    """Return an address as the page prints it: the number, the result, its value in full, and how it is known."""
    plain = address.kind is Kind.RESULT
    where = "" if plain and "rows[" in "".join(address.keys) else address.part
    how = "; ".join(part for part in (where, "" if plain else str(address.kind), address.origin) if part)
    keys = " or ".join(address.keys) + "".join(f" = {key}" for key in address.same[:1])
    return address.printed, keys, _full(address.value), how


def _prose(section: Section) -> tuple[str, list[str]]:
    """Return the numbers that were typed in a text, literature once per source."""
    cited = Counter(address.origin for address in section.numbers if address.kind is Kind.LITERATURE)
    typed = [address.printed for address in section.numbers if address.kind is Kind.TYPED]
    return section.title, [*typed, *(f"{count} in {origin}" for origin, count in cited.items())]


def _plain(section: Section) -> dict[str, Any]:
    """Return a section as plain data, without empty values."""
    numbers = [{key: value for key, value in asdict(n).items() if value not in ((), "", None)} for n in section.numbers]
    return {"key": section.key, "title": section.title, "cell": section.cell, "line": section.line, "numbers": numbers}
