"""A scoreboard: many simulated countries per scenario, each estimated first and compared with its truth later.

A cell is one scenario and seed. Its estimates and its true values are two files, the second written after the first;
they meet in the summary only. Their names hold a hash of all that can move their figures, so that an interrupted run
goes on where it stopped, and a changed estimator is run anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError, ProjectError
from buurteffect.project import Project, writing
from buurteffect.scoreboard.cells import Cell, key_of, read_cells, read_truths, run_each, sources_of, write_cell
from buurteffect.scoreboard.summary import Summary
from buurteffect.synthetic.country import draw_country
from buurteffect.synthetic.truth.truth import Truth
from buurteffect.synthetic.world.scenarios import SCENARIOS, SIZES, scenario_parameters
from buurteffect.synthetic.world.world import World

SIZE = "scoreboard"
"""Size of the countries, where nothing else is asked for."""

FIGURES = "%.4g"
"""Format of the figures in the stored summary."""


@dataclass(frozen=True)
class Scoreboard:
    """What is run in how many countries, and how it is summed up.

    Attributes
    ----------
    name, command : str
        Its summary is ``docs/{name}.csv``, its cells lie in ``data/processed/{name}``; the command that runs it.
    countries : mapping of str to int
        Number of countries by scenario.
    first_seed : int
        Seed of the first country.
    modules, libraries : tuple of str
        Modules that run a cell, and libraries: with all that the modules import, they are hashed.
    people : bool
        Whether persons are followed.
    estimate : callable
        (world, scenario) to a table of estimates, one row per estimator.
    truths : callable
        (world, truth) to a table of true values.
    summary : Summary
        How estimates and true values become figures.
    known : mapping of str to collection of str
        Values allowed in columns of the stored summary.
    describe : callable
        Adds columns in words to the stored summary.
    """

    name: str
    command: str
    countries: Mapping[str, int]
    first_seed: int
    modules: tuple[str, ...]
    libraries: tuple[str, ...]
    people: bool
    estimate: Callable[[World, str], pd.DataFrame]
    truths: Callable[[World, Truth], pd.DataFrame]
    summary: Summary
    known: Mapping[str, Collection[str]]
    describe: Callable[[pd.DataFrame], pd.DataFrame]

    @property
    def stored(self) -> str:
        """File of the last full summary, kept with the code; relative to the checkout."""
        return f"docs/{self.name}.csv"

    def folder(self, project: Project) -> Path:
        """Return the folder of all cells of a checkout."""
        return project.root / "data" / "processed" / self.name

    def code(self) -> str:
        """Return a hash of the code that draws countries and estimates, and of the libraries' versions.

        The text of an ``__init__`` does not count.
        """
        versions = "".join(f"{name} {metadata.version(name)}\n" for name in self.libraries)
        return key_of(versions, *(f"{name}\n{text}" for name, text in sorted(sources_of(self.modules).items())))

    def cells(
        self, folder: Path, scenarios: Iterable[str] | None = None, seeds: int | None = None, size: str = SIZE
    ) -> list[Cell]:
        """Return the cells, seed by seed, so that a run that stops early has all scenarios.

        Scenarios and the number of countries of each (`seeds`) are by default those of the scoreboard.

        Raises
        ------
        ProjectError
            If there is no such scenario or size, or no seed.
        """
        names = list(self.countries if scenarios is None else scenarios)
        if size not in SIZES:
            raise ProjectError(f"no size {size!r}; choose one of {', '.join(SIZES)}")
        most = max(self.countries.values())
        count = {name: self.countries.get(name, most) if seeds is None else seeds for name in names}
        if min(count.values(), default=0) < 1:
            raise ProjectError("a scoreboard needs at least one seed and one scenario")
        code = self.code()
        keys = {name: key_of(code, repr(scenario_parameters(name)), repr(SIZES[size])) for name in names}
        return [
            Cell(name, self.first_seed + place, size, keys[name], folder)
            for place in range(max(count.values()))
            for name in names
            if place < count[name]
        ]

    def run(self, cells: Iterable[Cell], workers: int = 2, progress: bool = True) -> None:
        """Run the cells that are not there yet; see `cells.run_each`."""
        run_each(cells, self.run_cell, workers, progress)

    def run_cell(self, cell: Cell) -> Cell:
        """Draw a country, estimate on what it publishes, write that, and only then write what is true of it."""
        world, truth = draw_country(cell.seed, cell.size, cell.scenario, people=self.people, workers=0)
        write_cell(self.estimate(world, cell.scenario), cell.estimates)
        write_cell(self.truths(world, truth), cell.truth)
        cell.remove_others()
        return cell

    def summarise(self, cells: Sequence[Cell]) -> pd.DataFrame:
        """Return the summary of the cells that are done."""
        codes = {cell.scenario: cell.key for cell in cells}
        return self.summary.of(read_cells(cells), read_truths(cells), cells[0].size, codes)

    def store(self, project: Project, cells: Sequence[Cell], out: Path | None = None) -> Path:
        """Summarise the cells that are done, and return the file of the summary.

        It is `out` where that is given. Otherwise a full scoreboard replaces the stored one, and any other goes to the
        folder of cells, so that a trial never replaces it.
        """
        seeds = {name: {cell.seed for cell in cells if cell.scenario == name} for name in self.countries}
        full = all(len(seeds[name]) >= count for name, count in self.countries.items())
        full &= {cell.size for cell in cells} == {SIZE} and all(cell.done for cell in cells)
        full &= {cell.scenario for cell in cells} == set(self.countries)
        path = out or (project.root / self.stored if full else cells[0].folder / "summary.csv")
        write_summary(self.summarise(cells), path)
        return path

    def read(self, path: Path | None = None) -> pd.DataFrame:
        """Return the stored summary, or that of another file.

        Its columns are those of the summary and those that `describe` adds, ``meaning`` of the scenario among them.

        Raises
        ------
        ProjectError
            If the file is not there.
        DataError
            If it lacks a column, or has a value that this version does not know.
        """
        project = Project.find()
        file = path or project.root / self.stored
        if not file.is_file():
            raise ProjectError(f"{project.show(file)} is not there: run {self.command}")
        table = pd.read_csv(file)
        wrong = [f"no column {name}" for name in self.summary.columns if name not in table]
        for name, values in {"scenario": SCENARIOS, **self.known}.items():
            wrong += [f"{name} {value}" for value in sorted(set(table.get(name, ())) - set(values))]
        if wrong:
            raise DataError(
                project.show(file),
                found=", ".join(wrong),
                expected="columns and names of this version",
                action=f"run {self.command}",
            )
        words = [name for name in ("commonest_error", "truth_name") if name in table]
        table = table.assign(**{name: table[name].astype(object).fillna("") for name in words})
        return self.describe(table)


def write_summary(table: pd.DataFrame, path: Path) -> None:
    """Write a summary whole or not at all, in the digits that are stored."""
    with writing(path) as aside:
        table.to_csv(aside, index=False, float_format=FIGURES, lineterminator="\n")
