"""The panel on disk: built once from raw files, read by every notebook."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError, ProjectError
from buurteffect.panel.liveability import assemble_levels
from buurteffect.project import Project, writing
from buurteffect.schema import LEVELS, PANEL
from buurteffect.sources import read_score_files

_NOT_BUILT = "run make panel SOURCE={source}"


@dataclass(frozen=True)
class InputFile:
    """A raw file that the panel was built from: name as shown to people, size and hash."""

    origin: str
    bytes_count: int
    sha256: str


@dataclass(frozen=True)
class Panel:
    """The panel of one level as a notebook sees it.

    Attributes
    ----------
    source, level : str
        Where the data come from, and the kind of area.
    frame : DataFrame
        One row per area and wave (`schema.PANEL`).
    ledger : DataFrame
        Rows in, out and left out, with the reason, for all levels.
    agreement : DataFrame
        How files that were left out agree with the one that was taken; empty where there was one file.
    passed_over : DataFrame
        Files in the folder that hold no scores: ``file, reason``.
    inputs : tuple of InputFile
        The raw files of all levels.
    """

    source: str
    level: str
    frame: pd.DataFrame
    ledger: pd.DataFrame
    agreement: pd.DataFrame
    passed_over: pd.DataFrame
    inputs: tuple[InputFile, ...]


def build(raw: Path, out: Path) -> list[str]:
    """Build the panel of every level from the raw files of one source.

    Parameters
    ----------
    raw : Path
        Folder with ``leefbaarometer3/``; a ``gemeente_groups.csv`` in it replaces the project's own list.
    out : Path
        Folder for ``<level>.parquet`` and, last, ``inputs.json``, which marks the panel as complete.

    Returns
    -------
    list of str
        Files that were passed over, each with its reason.

    Raises
    ------
    DataError
        If a file is not what its reader expects, or there is none.
    """
    found = read_score_files(raw / "leefbaarometer3")
    levels = assemble_levels(found.files, _read_groups(raw))
    for level, panel in levels.items():
        with writing(out / f"{level}.parquet") as aside:
            panel.frame.to_parquet(aside, index=False)
    for level in set(LEVELS) - set(levels):
        (out / f"{level}.parquet").unlink(missing_ok=True)
    record = {
        "levels": {
            level: {
                "ledger": panel.ledger.to_dict("records"),
                "agreement": panel.agreement.to_dict("records"),
            }
            for level, panel in levels.items()
        },
        "passed_over": [{"file": item.label, "reason": item.reason} for item in found.passed_over],
        "inputs": [asdict(InputFile(f.origin, f.bytes_count, f.sha256)) for f in found.files],
    }
    with writing(out / "inputs.json") as aside:
        aside.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return [f"{item.label}: {item.reason}" for item in found.passed_over]


def read(source: str, level: str, project: Project | None = None) -> Panel:
    """Return the panel of one level.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    level : {"buurt", "wijk", "pc4"}
        Kind of area.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Raises
    ------
    ProjectError
        If the panel has not been built, or does not hold this level.
    DataError
        If the stored panel breaks its contract.
    """
    folder = (project or Project.find()).processed(source) / "panel"
    record_file, file = folder / "inputs.json", folder / f"{level}.parquet"
    if not record_file.is_file():
        raise ProjectError(f"there is no panel for source {source!r} yet: {_NOT_BUILT.format(source=source)}")
    record = json.loads(record_file.read_text(encoding="utf-8"))
    if level not in record["levels"] or not file.is_file():
        raise ProjectError(
            f"the panel of source {source!r} has no level {level!r}; it has {', '.join(record['levels'])}. "
            "Choose one of these with the parameter `level`, or add a file that holds the level"
        )
    detail = record["levels"][level]
    return Panel(
        source,
        level,
        PANEL.check(pd.read_parquet(file), file.name),
        pd.DataFrame([row for each in record["levels"].values() for row in each["ledger"]]),
        pd.DataFrame(detail["agreement"]),
        pd.DataFrame(record["passed_over"], columns=["file", "reason"]),
        tuple(InputFile(**item) for item in record["inputs"]),
    )


def _read_groups(raw: Path) -> pd.DataFrame:
    """Read the list of gemeente groups that comes with the data, else the project's own."""
    own = raw / "gemeente_groups.csv"
    place = own if own.is_file() else resources.files("buurteffect.panel") / "gemeente_groups.csv"
    with place.open(encoding="utf-8") as stream:
        groups = pd.read_csv(stream, dtype="str")
    if list(groups.columns) != ["gemeente_code", "city_group", "source"] or groups["gemeente_code"].duplicated().any():
        raise DataError(
            place.name,
            found=f"columns {', '.join(groups.columns)}, or a gemeente_code that repeats",
            expected="gemeente_code, city_group, source; one row per gemeente",
            action="mend the file, or remove it to use the project's own list",
        )
    return groups
