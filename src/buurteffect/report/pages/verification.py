"""The page that lays every report beside the last recorded results: what agrees, what moved, by how much."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from buurteffect.project import Project, writing
from buurteffect.report.html.template import filled

PAGE, TABLE = "verify.html", "verify.csv"
_SHOWN = 40
_FIELDS = ("run", "where", "kind", "then", "now", "moved_by", "tolerance", "units_of_last_digit")


def write_verification(
    project: Project, source: str, reference: Mapping[str, Any], runs: Sequence[Mapping[str, Any]], refused: str = ""
) -> Path:
    """Write the page, and all differences as CSV beside it; return the path of the page.

    Parameters
    ----------
    reference : mapping
        ``version, commit, settings, digits`` of the recorded results; empty where they could not be read.
    runs : sequence of mapping
        For each run ``name, numbers, words, differ, missing, new, left_out`` (why it is not compared) and
        ``differences``, each difference a mapping with the fields of the CSV and ``of_verdict``.
    refused : str
        Why nothing was compared; empty where it was.
    """
    reports = project.reports(source)
    with writing(reports / TABLE) as aside, aside.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, _FIELDS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(difference for run in runs for difference in run["differences"])
    page = {
        "synthetic": source == "synthetic",
        "refused": refused,
        "reference": reference,
        "runs": [{**run, "words_of": summary(run), "shown": _first(run["differences"])} for run in runs],
        "count": sum(len(run["differences"]) for run in runs),
        "numbers": sum(run["numbers"] for run in runs),
        "last_digit": sum(_by_one_unit(d) for run in runs for d in run["differences"]),
    }
    path = reports / PAGE
    with writing(path) as aside:
        aside.write_text(filled("verify.html.j2", page, printed=_printed), encoding="utf-8")
    return path


def summary(run: Mapping[str, Any]) -> str:
    """Say in one line what became of a run's results since they were recorded.

    Examples
    --------
    >>> summary({"differ": 0, "missing": 0, "new": 0, "left_out": "", "differences": []})
    'nothing moved'
    >>> summary({"differ": 2, "missing": 0, "new": 1, "left_out": "", "differences": []})
    '2 values changed, 1 new'
    """
    if run["left_out"]:
        return "not compared"
    verdicts = sum(bool(difference["of_verdict"]) for difference in run["differences"])
    parts = [
        f"{verdicts} {'verdict' if verdicts == 1 else 'verdicts'} changed" if verdicts else "",
        f"{run['differ']:,} {'value' if run['differ'] == 1 else 'values'} changed" if run["differ"] else "",
        f"{run['missing']:,} missing" if run["missing"] else "",
        f"{run['new']:,} new" if run["new"] else "",
    ]
    return ", ".join(part for part in parts if part) or "nothing moved"


def _first(differences: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the differences that the page shows: changed verdicts, then what moved most for its size."""

    def weight(difference: Mapping[str, Any]) -> tuple[bool, float]:
        moved, then = difference["moved_by"], difference["then"]
        share = abs(moved) / max(abs(then), 1e-300) if moved is not None else 0.0
        return not difference["of_verdict"], -share

    return sorted(differences, key=weight)[:_SHOWN]


def _by_one_unit(difference: Mapping[str, Any]) -> bool:
    """Whether a number moved by one unit of its last recorded digit and no more."""
    units = difference["units_of_last_digit"]
    return units is not None and abs(units) < 1.5


def _printed(value: object) -> str:
    """Print a value as it was recorded; a typographic minus, a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.12g}".replace("-", "−")
    return str(value)
