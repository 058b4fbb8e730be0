"""`make verify`: every number of every report beside the recorded one, and every published file beside its record."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buurteffect.errors import (
    EditedByHandError,
    NoReferenceError,
    NotFreshError,
    NotRecordableError,
    OtherSettingsError,
    ResultsDifferError,
)
from buurteffect.pipeline.runs.provenance import Record, changes, checksum, settings_of
from buurteffect.pipeline.runs.runs import load_run, runs_of
from buurteffect.pipeline.runs.staging import PARTS, RunFiles
from buurteffect.pipeline.verify.differences import DIFFERS, MISSING, NEW, Comparison, compare
from buurteffect.pipeline.verify.reference import SOURCE, Reference, has_reference, read_reference, record_reference
from buurteffect.project import Project
from buurteffect.report.pages.verification import PAGE, summary, write_verification

_LINES = 12
_BUILT = ("data/processed/", "reports/")


@dataclass(frozen=True)
class Verification:
    """All runs beside the reference.

    Attributes
    ----------
    reference : Reference
        What was recorded.
    runs : tuple of Comparison
        Each run, with those that are only on one side.
    """

    reference: Reference
    runs: tuple[Comparison, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not any(run.differences for run in self.runs)

    @property
    def numbers(self) -> int:
        """How many numbers were compared."""
        return sum(run.numbers for run in self.runs)

    def table(self) -> str:
        """Return what agrees and what does not, run by run, and the first differences, as text."""
        rows = [["run", "numbers", "words", "differ", "missing", "new", "verdicts changed"]]
        for run in self.runs:
            kinds = [run.count(kind) for kind in (DIFFERS, MISSING, NEW)]
            counts = (run.numbers, run.words, *kinds, len(run.verdicts))
            rows.append([run.name, *(f"{count:,}" for count in counts)])
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *(t.rjust(w) for t, w in zip(row[1:], widths[1:], strict=True))])
            for row in rows
        ]
        differences = [(run.name, difference) for run in self.runs for difference in run.differences]
        for name, difference in differences[:_LINES]:
            by = ""
            if difference.moved is not None:
                by = f", moved by {difference.moved:.3g} against a tolerance of {difference.tolerance:.1g}"
            lines.append(f"  {name}: {difference.where}: {difference.then!r} then, {difference.now!r} now{by}")
        lines += [f"  {run.name} is not compared: {run.left_out}" for run in self.runs if run.left_out]
        if len(differences) > _LINES:
            lines.append(f"  and {len(differences) - _LINES:,} more, all in verify.csv beside the page")
        return "\n".join(lines)


def run_verify(project: Project, options: argparse.Namespace) -> None:
    """Verify, or record.

    Raises
    ------
    EditedByHandError, NotFreshError, NoReferenceError, OtherSettingsError, NotRecordableError
        If there is nothing that can be compared or recorded.
    ResultsDifferError
        If something differs.
    """
    if options.unedited:
        check_unedited(project, options.source)
        return
    if options.record:
        for path in record(project, options.source):
            print(f"recorded {project.show(path)}, {path.stat().st_size:,} bytes")
    elif options.source == SOURCE:
        check_fresh(project, options.source)
    files = check_unedited(project, options.source)
    found = verify(project, options.source)
    show_verification(project, options.source, found)
    page = project.show(project.reports(options.source) / PAGE)
    print(found.table())
    print(f"{files:,} published files are as the build left them; page {page}")
    if not found.agrees:
        count = sum(len(run.differences) for run in found.runs)
        raise ResultsDifferError(
            f"{count:,} values differ from the results recorded at {found.reference.commit}: {page} says which.\n"
            "  to do: find out why; where they are meant to, commit, and record anew: make verify RECORD=1"
        )
    print(f"all {found.numbers:,} numbers agree with the results recorded at {found.reference.commit}")


def since_recorded(project: Project, source: str) -> dict[str, str]:
    """Write the page of what moved since results were recorded, and return a line on each report; empty without one."""
    if source != SOURCE or not has_reference(project):
        return {}
    try:
        found = verify(project, source)
    except (NoReferenceError, OtherSettingsError) as error:
        write_verification(project, source, {}, [], str(error))
        return {}
    show_verification(project, source, found)
    return {run.name: summary(_as_mapping(run)) for run in found.runs}


def show_verification(project: Project, source: str, found: Verification) -> None:
    """Write the page of a verification."""
    reference = {name: getattr(found.reference, name) for name in ("version", "commit", "settings", "digits")}
    write_verification(project, source, reference, [_as_mapping(run) for run in found.runs])


def _as_mapping(run: Comparison) -> dict[str, Any]:
    """Return a comparison as the page reads it."""
    differences = [
        {"run": run.name, "where": each.where, "kind": each.kind, "then": each.then, "now": each.now}
        | {"moved_by": each.moved, "tolerance": each.tolerance, "units_of_last_digit": each.units}
        | {"of_verdict": each.of_verdict}
        for each in run.differences
    ]
    counts = {"differ": run.count(DIFFERS), "missing": run.count(MISSING), "new": run.count(NEW)}
    size = {"numbers": run.numbers, "words": run.words}
    return {"name": run.name, "left_out": run.left_out, **size, **counts, "differences": differences}


def verify(project: Project, source: str = SOURCE) -> Verification:
    """Compare the results at hand with the recorded ones; only the synthetic country has a reference.

    Raises
    ------
    NoReferenceError
        If nothing is recorded, or it is broken.
    OtherSettingsError
        If the results are of another source, seed, size or scenario.
    """
    if source != SOURCE:
        raise OtherSettingsError(f"only results on the synthetic country are recorded, not those on {source}")
    reference = read_reference(project)
    found = current_settings(project, source)
    if found != reference.settings:
        raise OtherSettingsError(
            f"the results at hand are of: {found or 'nothing'}; the reference is of: {reference.settings}. Only that "
            f"country can be verified: make verify {as_arguments(reference.settings)}"
        )
    now = current_results(project, source)
    apart = runs_with_extra_files(project, source)
    names = [*now, *(name for name in reference.runs if name not in now)]
    compared = (
        Comparison(name, 0, 0, left_out=f"{apart[name]} is here, and the record was made without it")
        if name in apart
        else compare(name, reference.runs.get(name, {}), now.get(name, {}), reference.digits)
        for name in names
    )
    return Verification(reference, tuple(compared))


def record(project: Project, source: str = SOURCE) -> list[Path]:
    """Record the results at hand as the reference; return the files written.

    Raises
    ------
    NotFreshError
        If a run is not built or out of date.
    NotRecordableError
        If the tree is not clean.
    OtherSettingsError
        If the results are not on the synthetic country.
    """
    if source != SOURCE:
        raise OtherSettingsError(f"only results on the synthetic country are recorded, not those on {source}")
    check_fresh(project, source)
    for name, path in runs_with_extra_files(project, source).items():
        raise NotRecordableError(
            f"{name} is another with {path}, which no fresh checkout has: move its folder away, run make reports, "
            "record, and move it back"
        )
    return record_reference(project, current_settings(project, source), current_results(project, source))


def runs_with_extra_files(project: Project, source: str) -> dict[str, str]:
    """Return runs that are others because of a file that is built here and in no fresh checkout, and the file."""
    found = {}
    for name in runs_of(project, source):
        for path in load_run(project, name, source).looks_for:
            if path.startswith(_BUILT) and (project.root / path).exists():
                found[name] = path
    return found


def check_fresh(project: Project, source: str) -> None:
    """Check that every run is built from what is there now.

    Raises
    ------
    NotFreshError
        If one is not.
    """
    stale = []
    for name in runs_of(project, source):
        run, run_files = load_run(project, name, source), RunFiles(project.processed(source), name)
        kept = Record.read(run_files.record)
        if kept is None or not run_files.complete or changes(project, kept, settings_of(run.notebook, run.parameters)):
            stale.append(name)
    if stale:
        raise NotFreshError(f"{', '.join(stale)}: not built, or out of date (make why): run make reports first")


def check_unedited(project: Project, source: str) -> int:
    """Check that every published file is as the build left it; return how many there are.

    Results, executed notebooks, figures, tables and pages are compared by SHA-256 with the records of the build. This
    comes before make is asked to build: it would put an edited file right without a word.

    Raises
    ------
    EditedByHandError
        If one is not.
    """
    count, edited = 0, []
    for path, then in _published(project, source):
        if path.is_file():
            count += 1
            if checksum(path) != then:
                edited.append(project.show(path))
    if edited:
        raise EditedByHandError(
            f"{len(edited)} published files are not as the build left them: {', '.join(edited[:_LINES])}"
            f"{' …' if len(edited) > _LINES else ''}\n  to do: look why; make reports puts them back"
        )
    return count


def current_results(project: Project, source: str) -> dict[str, dict[str, Any]]:
    """Return the results of every run that has some.

    Raises
    ------
    NotFreshError
        If a file of results is no JSON.
    """
    found = {}
    for name in runs_of(project, source):
        path = RunFiles(project.processed(source), name).results
        if path.is_file():
            try:
                found[name] = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise NotFreshError(f"{project.show(path)} is no JSON ({error}): run make reports") from None
    return found


def current_settings(project: Project, source: str) -> str:
    """Return of which country the results at hand are, empty where make has not said."""
    path = project.processed(source) / "settings.txt"
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def as_arguments(settings: str) -> str:
    """Return settings as words for make.

    Examples
    --------
    >>> as_arguments("seed 1 size default scenario S0")
    'SEED=1 SIZE=default SCENARIO=S0'
    """
    words = settings.split()
    return " ".join(f"{name.upper()}={value}" for name, value in zip(words[::2], words[1::2], strict=False))


def _published(project: Project, source: str) -> Sequence[tuple[Path, str]]:
    """Return every published file with the checksum that the build gave it."""
    files = []
    reports = project.reports(source)
    for name in runs_of(project, source):
        run_files = RunFiles(project.processed(source), name)
        made, page = Record.read(run_files.record), Record.read(run_files.page_record)
        for shown, then in (made.made if made else {}).items():
            path = project.root / shown
            files.append((path, then))
            if path.is_relative_to(run_files.exhibits) and page is not None and page.files.get(shown) == then:
                part, file = path.relative_to(run_files.exhibits).parts
                files.append((reports / part / name / file, then)) if part in PARTS else None
        if page is not None and "page" in page.settings:
            files.append((reports / f"{name}.html", page.settings["page"]))
    return files
