"""What is made before and after the notebooks run: the country, the panel and the pages; each only where content asks.

make compares dates. Here contents are compared, so that a file that was touched, or code that says the same in other
words of its history, costs a glance and no work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from buurteffect.pipeline.runs.observe import record_reads
from buurteffect.pipeline.runs.provenance import (
    LOCK,
    Change,
    Record,
    changes,
    checksum,
    files_record,
    lies_in,
    name_of,
    observed,
    settings_of,
    versions,
    write_dependencies,
    written,
)
from buurteffect.pipeline.runs.runs import load_run
from buurteffect.pipeline.runs.staging import RunFiles, date, lock, on_disk_full
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

    @property
    def dependencies(self) -> Path:
        """The same for make."""
        return self.record.with_suffix(".d")

    def why(self) -> list[Change] | None:
        """Return what has changed, None where it has not been made."""
        record = Record.read(self.record)
        if record is None or not self.target.is_file() or not self.dependencies.is_file():
            return None
        return changes(self.project, record, self.settings)

    def do(self, work: Callable[[], None], also: Iterable[Path] = ()) -> bool:
        """Do the work if it has to be done; whether it was.

        What is edited while it is under way is newer than the target, so that make asks again.
        """
        with on_disk_full(), lock(self.record) as began_ns:
            stale = self.why() != []
            if stale:
                for name in self._do(work, also).made:
                    date(self.project.root / name, began_ns)
            date(self.target, began_ns)
            self.record.touch()  # what is newer than its record was edited by hand
        return stale

    def _do(self, work: Callable[[], None], also: Iterable[Path]) -> Record:
        """Do the work, and keep what it read and made."""
        self.record.unlink(missing_ok=True)
        log = self.record.with_suffix(".reads")
        log.unlink(missing_ok=True)
        with record_reads(self.project.root, log, [str(path.resolve()) for path in also]):
            work()
        own = [name_of(self.project, folder) for folder in (*self.made, self.record.parent)]
        seen = observed(self.project, self.name, self.settings, log, [LOCK], own)
        log.unlink()
        left = files_record(self.project, self.name, {}, [p for f in self.made for p in f.rglob("*") if p.is_file()])
        record = Record(self.name, self.settings, seen.files, seen.folders, left.files)
        write_dependencies(self.project, record, self.target, self.dependencies)
        record.write(self.record)
        return record


@dataclass(frozen=True)
class Page:
    """A page, or the index of pages: it is written again only if something that it was written from has other content.

    Attributes
    ----------
    project : Project
        The checkout.
    source, name : str
        Where the data come from, and which page.
    """

    project: Project
    source: str
    name: str

    @property
    def target(self) -> Path:
        """The page."""
        return self.project.reports(self.source) / f"{self.name}.html"

    @property
    def record(self) -> Path:
        """What it was made from."""
        return RunFiles(self.project.processed(self.source), self.name).page_record

    @property
    def dependencies(self) -> Path:
        """The same for make."""
        return self.record.with_suffix(".d")

    def why(self, settings: Mapping[str, str]) -> list[Change] | None:
        """Return what has changed, in the page and all that was written with it too; None where nothing is recorded."""
        record = Record.read(self.record)
        if record is None or not self.dependencies.is_file():
            return None
        return changes(self.project, record, {**settings, "page": checksum(self.target)})

    def write(self, work: Callable[[], Path], **values: object) -> bool:
        """Let `work` write it if it has to be, from files and `values`; whether it was."""
        settings = {key: json.dumps(value) for key, value in values.items()}
        run_record = RunFiles(self.project.processed(self.source), self.name).record
        with on_disk_full(), lock(run_record) as began_ns:
            stale = self.why(settings) != []
            if stale:
                for name in self._write(work, settings).made:
                    date(self.project.root / name, began_ns)
            date(self.target, began_ns)
            self.record.touch()
        return stale

    def _write(self, work: Callable[[], Path], settings: dict[str, str]) -> Record:
        """Write it, and keep what it was made from and what was written with it."""
        self.record.unlink(missing_ok=True)
        log = self.record.with_suffix(".reads")
        log.unlink(missing_ok=True)
        with record_reads(self.project.root, log):
            work()
        own = [name_of(self.project, path) for path in (self.target.parent, self.record, self.dependencies, log)]
        seen = observed(self.project, self.name, settings | {"page": checksum(self.target)}, log, [LOCK], own)
        made = {name: now for name, now in written(self.project, log).items() if lies_in(name, own[:1])}
        made = {name: now for name, now in made.items() if self._names(name)}
        log.unlink()
        record = seen.with_made(made)
        write_dependencies(self.project, record, self.target, self.dependencies)
        record.write(self.record)
        return record

    def _names(self, file: str) -> bool:
        """Whether a file of the reports is this page's: pages that are written at once share folders."""
        return self.name in {PurePosixPath(part).stem for part in PurePosixPath(file).parts}


def render_if_changed(project: Project, source: str, name: str, render: Callable[[], Path]) -> tuple[Path, bool]:
    """Render a page if what it is made from, or what it became, has other content; return it, and whether it was."""
    page = Page(project, source, name)
    return page.target, page.write(render)


def explain(project: Project, source: str, names: Iterable[str]) -> list[str]:
    """Return, for each run, what changed since it was built: lines of text."""
    lines = []
    for name in names:
        run = load_run(project, name, source)
        run_files = RunFiles(project.processed(source), name)
        record = Record.read(run_files.record)
        if record is None or not run_files.complete:
            failed = run_files.processed / "failed" / f"{name}.ipynb"
            lines.append(f"{name}: {'failed last time' if failed.is_file() else 'has not been built'}")
            continue
        found = changes(project, record, settings_of(run.notebook, run.parameters), run.looks_for)
        only_page = Page(project, source, name).why({})
        if found:
            prose = {(change.kind, change.name) for change in found} == {("setting", "prose")}
            lines.append(f"{name}: {'its prose changed; it is rendered' if prose else 'will run'} again, because")
            lines += [f"    {change}" for change in found]
        elif only_page is None or only_page:
            lines.append(f"{name}: only its page will be rendered again, because of")
            lines += [f"    {change}" for change in only_page or ()] or ["    no record of the page"]
        else:
            lines.append(f"{name}: up to date")
    return lines


def settings_as_text(**values: object) -> dict[str, str]:
    """Return settings as a record keeps them."""
    return {key: json.dumps(value) for key, value in values.items()} | {"libraries": json.dumps(dict(versions()))}
