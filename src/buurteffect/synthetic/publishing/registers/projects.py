"""Publish the project register of a country in the layout of ``docs/project-register.md``, with a register's errors.

One figure in ten is left empty, one date in ten is a year off, and the rows cite documents of different kinds. What
truly happened stands in `World.projects`.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.project import writing
from buurteffect.schema.projects import PROJECT_COUNTS
from buurteffect.synthetic.persons.draws import PeoplePurpose, uniform
from buurteffect.synthetic.world.draws import pair_identity
from buurteffect.synthetic.world.world import World

REGISTER = Path("projects") / "project_register.csv"

_COLUMNS = ("project_id", "area_code", "code_year", "announce", "start", "end", *PROJECT_COUNTS, "programme", "source")
_PROGRAMME_BY_KIND = {"big_city": "big_cities", "medium": "municipal", "new_town": "municipal", "small": "none"}
_PRIORITY_YEARS = range(2007, 2013)
_DOCUMENTS = (
    "municipal annual report",
    "annual report of the housing association",
    "building permits",
    "renewal plan of the gemeente",
)
_COMMENT = (
    "# Synthetic country: no line is about a real place. Figures stand for published dwellings.\n"
    "# Made with missing figures and wrong years on purpose.\n"
)


@dataclass(frozen=True)
class RegisterErrors:
    """How good the register is.

    Parameters
    ----------
    missing_share : float
        Share of figures and of the dates that may be empty (announce, end) that are empty.
    year_error_share : float
        Share of dates that are a year off. An error that would put the dates of a project out of order is not made.
    day_share : float
        Share of dates given as a day.
    """

    missing_share: float = 0.10
    year_error_share: float = 0.10
    day_share: float = 0.30


def publish_register(world: World, path: Path, errors: RegisterErrors | None = None) -> None:
    """Write the register of a country's projects as CSV."""
    table = register_table(world, errors)
    buffer = io.StringIO()
    buffer.write(_COMMENT)
    table.to_csv(buffer, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    with writing(path) as aside:
        aside.write_text(buffer.getvalue(), encoding="utf-8", newline="\n")


def register_table(world: World, errors: RegisterErrors | None = None) -> pd.DataFrame:
    """Return the register as text: one row per project, columns as in its layout, empty where a figure is missing."""
    errors, projects = errors or RegisterErrors(), world.projects.reset_index(drop=True)
    buurten = world.geography.buurten
    position = pd.Index(buurten["buurt_code"]).get_indexer(projects["buurt_code"])
    weight = world.published_per_simulated()
    table = pd.DataFrame(
        {
            "project_id": [f"synthetic-{n:04d}" for n in range(1, len(projects) + 1)],
            "area_code": projects["buurt_code"].astype("str"),
            "code_year": str(int(world.residence.years[-1])),
        }
    )
    for name, dates in _dates(world, projects, errors).items():
        table[name] = dates
    counts = {
        name: np.rint(projects[name.removesuffix("_rent")].to_numpy(dtype=np.float64) * weight[position])
        for name in PROJECT_COUNTS
    }
    for number, (name, values) in enumerate(counts.items()):
        empty = _uniform(world, projects, 10 + number) < errors.missing_share
        table[name] = np.where(empty, "", values.astype(np.int64).astype(str))
    kinds = buurten["kind"].to_numpy(dtype=object)[position]
    table["programme"] = [
        "vogelaar_40" if year in _PRIORITY_YEARS and u < 0.5 and kind == "big_city" else _PROGRAMME_BY_KIND[kind]
        for kind, year, u in zip(kinds, projects["start_year"], _uniform(world, projects, 20), strict=True)
    ]
    chosen = (len(_DOCUMENTS) * _uniform(world, projects, 21)).astype(np.int64)
    page = 1 + (120 * _uniform(world, projects, 22)).astype(np.int64)
    table["source"] = [
        f"synthetic {_DOCUMENTS[which]}, p. {number}" for which, number in zip(chosen, page, strict=True)
    ]
    return table[list(_COLUMNS)]


def _uniform(world: World, projects: pd.DataFrame, number: int) -> NDArray[np.float64]:
    """Return draws by project for one purpose, keyed by where and when it starts."""
    position = pd.Index(world.geography.buurten["buurt_code"]).get_indexer(projects["buurt_code"])
    key = pair_identity(position, projects["start_year"].to_numpy(dtype=np.int64))
    return uniform(world.seed, PeoplePurpose.REGISTER, pair_identity(key, number))


def _dates(world: World, projects: pd.DataFrame, errors: RegisterErrors) -> dict[str, list[str]]:
    """Return announce, start and end as text, in order within each project."""
    true = np.stack([projects[f"{n}_year"].to_numpy(dtype=np.int64) for n in ("announce", "start", "end")])
    said = true.copy()
    for row in range(3):
        u = _uniform(world, projects, row)
        off = np.where(u < errors.year_error_share / 2, -1, np.where(u < errors.year_error_share, 1, 0))
        tried = said.copy()
        tried[row] += off
        # Two years that are equal could be days in the wrong order, so an error may not make them so.
        fits = (np.diff(tried, axis=0) > 0).all(axis=0)
        said = np.where(fits, tried, said)
    columns: dict[str, list[str]] = {}
    apart = (np.diff(true, axis=0) > 0).all(axis=0)
    for row, name in enumerate(("announce", "start", "end")):
        u, day = _uniform(world, projects, 3 + row), _uniform(world, projects, 6 + row)
        month, date = 1 + (12 * day).astype(np.int64), 1 + (28 * u).astype(np.int64)
        as_day = apart & (_uniform(world, projects, 30 + row) < errors.day_share)
        empty = (name != "start") & (u < errors.missing_share)
        columns[name] = [
            "" if gone else f"{year}-{m:02d}-{d:02d}" if exact else str(year)
            for gone, exact, year, m, d in zip(empty, as_day, said[row], month, date, strict=True)
        ]
    return columns
