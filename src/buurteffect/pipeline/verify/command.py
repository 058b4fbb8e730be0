"""The verb ``verify``, and what the index says of it."""

from __future__ import annotations

import argparse
from typing import Any

from buurteffect.pipeline.verify.comparison import (
    ResultsDifferError,
    Verification,
    check_fresh,
    check_standing,
    record,
    verify,
)
from buurteffect.pipeline.verify.differences import MISSING, NEW, Comparison
from buurteffect.pipeline.verify.reference import SOURCE, NoReferenceError, OtherSettingsError, has_reference
from buurteffect.project import Project
from buurteffect.report.pages.verification import PAGE, summary, write_verification


def run_verify(project: Project, options: argparse.Namespace) -> None:
    """Verify, or record.

    Raises
    ------
    EditedByHandError, NotFreshError, NoReferenceError, OtherSettingsError, NotRecordableError
        If there is nothing that can be compared or recorded.
    ResultsDifferError
        If something differs.
    """
    if options.standing:
        check_standing(project, options.source)
        return
    if options.record:
        for path in record(project, options.source):
            print(f"recorded {project.show(path)}, {path.stat().st_size:,} bytes")
    elif options.source == SOURCE:
        check_fresh(project, options.source)
    files = check_standing(project, options.source)
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
    """Write the page of what moved since results were recorded, and return a line on each report; empty without one.

    Parameters
    ----------
    project : Project
        The checkout.
    source : str
        Where the data come from.
    """
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
        {
            "run": run.name,
            "where": each.where,
            "kind": each.kind,
            "then": each.then,
            "now": each.now,
            "moved_by": each.moved,
            "tolerance": each.tolerance,
            "units_of_last_digit": each.units,
            "of_verdict": each.of_verdict,
        }
        for each in run.differences
    ]
    gone, come = run.count(MISSING), run.count(NEW)
    counts = {"differ": len(differences) - gone - come, "missing": gone, "new": come}
    size = {"numbers": run.numbers, "words": run.words}
    return {"name": run.name, "left_out": run.left_out, **size, **counts, "differences": differences}
