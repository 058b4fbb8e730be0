"""What is made before and after the notebooks run: the country, the panel and the pages; each only where content asks.

make compares dates. Here contents are compared, so that a file that was touched, or code that says the same in other
words of its history, costs a glance and no work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from buurteffect.build.observe import take_down
from buurteffect.build.place import Place, alone, date, storing
from buurteffect.build.records import (
    LOCK,
    Change,
    Record,
    changes,
    checksum,
    files_record,
    name_of,
    observed,
    settings_of,
    versions,
)
from buurteffect.build.runs import load_run
from buurteffect.project import Project


@dataclass(frozen=True)
class Stage:
    """One step whose work is done only if something that it read has other content.

    Attributes
    ----------
    project : Project
        The checkout.
    source, name : str
        Where the data come from, and what is made.
    target : Path
        The file by which make knows it.
    settings : dict of str to str
        What is no file.
    made : tuple of Path
        Folders that it fills.
    """

    project: Project
    source: str
    name: str
    target: Path
    settings: dict[str, str]
    made: tuple[Path, ...]

    @property
    def record(self) -> Path:
        """Where its record is."""
        return self.project.processed(self.source) / "records" / f"_{self.name}.json"

    def why(self) -> list[Change] | None:
        """Return what has changed, None where it has not been made."""
        record = Record.read(self.record)
        if record is None or not self.target.is_file():
            return None
        return changes(self.project, record, self.settings)

    def do(self, work: Callable[[], None], also: Iterable[Path] = ()) -> bool:
        """Do the work if it has to be done; whether it was.

        What is edited while it is under way is newer than the target, so that make asks again.
        """
        with storing(), alone(self.record) as began_ns:
            stale = self.why() != []
            if stale:
                self._do(work, also)
            date(self.target, began_ns)
        return stale

    def _do(self, work: Callable[[], None], also: Iterable[Path]) -> None:
        """Do the work, and keep what it read and made."""
        self.record.unlink(missing_ok=True)
        log = self.record.with_suffix(".reads")
        log.unlink(missing_ok=True)
        take_down(self.project.root, log, [str(path.resolve()) for path in also])
        work()
        own = [name_of(self.project, folder) for folder in (*self.made, self.record.parent)]
        seen = observed(self.project, self.name, self.settings, log, [LOCK], own)
        log.unlink()
        left = files_record(self.project, self.name, {}, [p for f in self.made for p in f.rglob("*") if p.is_file()])
        Record(self.name, self.settings, seen.files | left.files, seen.folders).write(self.record)


def page_record(project: Project, source: str, name: str) -> Record:
    """Return what a page is made from: the executed run, its results and exhibits, and the code of pages."""
    place = Place(project.processed(source), name)
    inputs = [place.executed, place.results, place.record, project.root / LOCK]
    inputs += [path for path in place.exhibits.rglob("*") if path.is_file()]
    code = Path(str(resources.files("buurteffect.report")))
    inputs += [path for path in code.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return files_record(project, name, {}, inputs)


def render_if_changed(project: Project, source: str, name: str, render: Callable[[], Path]) -> tuple[Path, bool]:
    """Render a page if what it is made from has other content; return it, and whether it was rendered."""
    place, page = Place(project.processed(source), name), project.reports(source) / f"{name}.html"
    path = place.page_record
    with storing(), alone(place.record) as began_ns:
        fresh = page_record(project, source, name)
        old = Record.read(path)
        holds = old is not None and old.files == fresh.files and old.settings == _rendered(page)
        if not holds:
            path.unlink(missing_ok=True)
            page = render()
            Record(name, _rendered(page), fresh.files).write(path)
        date(page, began_ns)
        path.touch()
    return page, not holds


def _rendered(page: Path) -> dict[str, str]:
    """Return the checksums of a page and of the addresses of its numbers."""
    addresses = page.parent / "addresses"
    beside = {suffix: checksum(addresses / f"{page.stem}.{suffix}") for suffix in ("html", "json")}
    return {"page": checksum(page)} | {f"addresses.{suffix}": then for suffix, then in beside.items()}


def explain(project: Project, source: str, names: Iterable[str]) -> list[str]:
    """Return, for each run, what changed since it was built: lines of text.

    Parameters
    ----------
    project : Project
        The checkout.
    source : str
        Where the data come from.
    names : iterable of str
        The runs.
    """
    lines = []
    for name in names:
        run = load_run(project, name, source)
        place = Place(project.processed(source), name)
        record = Record.read(place.record)
        if record is None or not place.complete:
            failed = place.processed / "failed" / f"{name}.ipynb"
            lines.append(f"{name}: {'failed last time' if failed.is_file() else 'has not been built'}")
            continue
        found = changes(project, record, settings_of(run.notebook, run.parameters))
        seen = Record.read(place.page_record)
        now = page_record(project, source, name)
        only_page = [] if seen is None else [n for n in now.files if seen.files.get(n) != now.files[n]]
        if found:
            prose = {(change.kind, change.name) for change in found} == {("setting", "prose")}
            lines.append(f"{name}: {'its prose changed; it is rendered' if prose else 'will run'} again, because")
            lines += [f"    {change}" for change in found]
        elif seen is None or only_page:
            lines.append(f"{name}: only its page will be rendered again, because of")
            lines += [f"    {n}" for n in only_page] or ["    no record of the page"]
        else:
            lines.append(f"{name}: up to date")
    return lines


def settings_as_text(**values: object) -> dict[str, str]:
    """Return settings as a record keeps them."""
    return {key: json.dumps(value) for key, value in values.items()} | {"libraries": json.dumps(dict(versions()))}
