"""Whether the stored scoreboard is what the code gives: scenarios are drawn, run anew and compared in every digit.

Only the summary is kept with the code, not the single countries, and each of its figures rests on all countries of its
scenario. So whole scenarios are drawn: the fewest, in the order of the draw, that hold a share of all countries.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.project import Project
from buurteffect.scoreboard.board import Scoreboard, write_summary

RECORD_COLUMNS = ("scenario", "size", "countries", "first_seed", "last_seed", "stored_code", "code", "figures")
"""Columns of the record: one row is one scenario that was run anew, with the seeds of its countries, the hash of the
code then and now, and the number of figures found equal. Scenarios that are not in it were not run anew."""

DRAW_SEED = 0
"""Seed of the draw of scenarios, so that whoever repeats a check runs the same ones."""


def check_stored(board: Scoreboard, project: Project, share: float, workers: int = 2, progress: bool = True) -> Path:
    """Run a drawn share of the countries anew, compare every figure, and return the file of the record.

    Parameters
    ----------
    board : Scoreboard
        Whose stored summary is checked.
    project : Project
        The checkout.
    share : float
        Smallest share of the countries that is run anew, above 0 and at most 1.
    workers, progress
        As of `cells.run_each`.

    Returns
    -------
    Path
        ``docs/{name}_check.csv`` (`RECORD_COLUMNS`), written if every figure is equal in all digits that are stored.

    Raises
    ------
    ProjectError
        If there is no stored summary, the share is none, or a figure differs; the record is then left as it was.
    """
    if not 0 < share <= 1:
        raise ProjectError(f"a share of {share:g} of the countries cannot be run; give one above 0 and at most 1")
    file = project.root / board.stored
    if not file.is_file():
        raise ProjectError(f"{project.show(file)} is not there: run {board.command}")
    stored = pd.read_csv(file, dtype=str, keep_default_na=False)
    first = stored.drop_duplicates("scenario").set_index("scenario")
    countries = {str(name): int(count) for name, count in first["seeds"].items()}
    names = drawn_scenarios(countries, share)
    folder, record, differing = board.folder(project) / "check", [], []
    for name in names:
        cells = board.cells(folder, [name], countries[name], first.loc[name, "size"])
        board.run(cells, workers, progress)
        path = folder / f"{name}.csv"
        write_summary(board.summarise(cells), path)
        made = pd.read_csv(path, dtype=str, keep_default_na=False)
        both = _beside(stored[stored["scenario"] == name], made, ["scenario", *board.summary.keys])
        differing.append(both[both["stored"] != both["recomputed"]])
        seeds, codes = (cells[0].seed, cells[-1].seed), (first.loc[name, "code"], cells[0].key)
        record.append((name, cells[0].size, len(cells), *seeds, *codes, len(both)))
    off = pd.concat(differing)
    table = pd.DataFrame(record, columns=list(RECORD_COLUMNS))
    if len(off):
        place, row = ", ".join(map(str, off.index[0])), off.iloc[0]
        raise ProjectError(
            f"{len(off)} of {table['figures'].sum()} figures of {project.show(file)} are not what the code gives, such "
            f"as {place}: stored {row['stored']}, recomputed {row['recomputed']}. Run {board.command}"
        )
    out = file.with_name(f"{board.name}_check.csv")
    write_summary(table, out)
    return out


def drawn_scenarios(countries: Mapping[str, int], share: float) -> list[str]:
    """Return scenarios in the order in which they are drawn, until they hold a share of all countries.

    The same draw each time (`DRAW_SEED`): a larger share adds scenarios to those of a smaller one.

    Examples
    --------
    >>> drawn_scenarios({"S0": 10, "S1": 10, "S2": 10}, 0.4)
    ['S1', 'S2']
    """
    order = random.Random(DRAW_SEED).sample(sorted(countries), len(countries))
    names: list[str] = []
    while sum(countries[name] for name in names) < share * sum(countries.values()):
        names.append(order[len(names)])
    return names


def _beside(stored: pd.DataFrame, made: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return every figure of two summaries beside each other, as it is written; missing where one has no such row."""
    figures = {
        name: table.drop(columns="code").melt(keys, var_name="column").set_index([*keys, "column"])["value"]
        for name, table in (("stored", stored), ("recomputed", made))
    }
    return pd.DataFrame(figures)
