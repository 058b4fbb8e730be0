"""The scoreboard of the estimators: many countries per scenario, each estimated first and held against its truth later.

A cell is one scenario and seed. What was estimated in it and what is true of it are two files, and the second is
written after the first; they meet in `scoreboard_summary` only. Cells are kept by a hash of all that can move their
figures, so that an interrupted run goes on where it stopped, and a changed estimator is run anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from buurteffect.errors import ProjectError
from buurteffect.scoreboard.simulations import Cell, key_of, run_each, sources_of, write_cell
from buurteffect.synthetic.country import draw_country, scenario_parameters
from buurteffect.synthetic.world.scenarios import SCENARIOS, SIZES

SIZE, SEEDS = "scoreboard", 200
"""Size of the countries and their number per scenario, where nothing else is asked."""

_ROOTS = ("build.scoreboard_panel", "build.scoreboard_cells", "synthetic.country")
_LIBRARIES = ("linearmodels", "moderndid", "numpy", "pandas", "pyfixest", "scipy")


def cells_of(folder: Path, scenarios: Iterable[str] | None = None, seeds: int = SEEDS, size: str = SIZE) -> list[Cell]:
    """Return the cells of a scoreboard, seed by seed, so that a run that stops early has all scenarios.

    Parameters
    ----------
    folder : Path
        Folder of all cells.
    scenarios : iterable of str, optional
        Which scenarios; all where left out.
    seeds : int
        Seeds 1 to this number.
    size : str
        One of `SIZES`.

    Raises
    ------
    ProjectError
        If there is no such scenario or size, or no seed.
    """
    names = list(SCENARIOS) if scenarios is None else list(scenarios)
    if size not in SIZES:
        raise ProjectError(f"no size {size!r}; choose one of {', '.join(SIZES)}")
    if seeds < 1 or not names:
        raise ProjectError("a scoreboard needs at least one seed and one scenario")
    code = code_hash()
    keys = {name: key_of(code, repr(scenario_parameters(name)), repr(SIZES[size])) for name in names}
    return [Cell(name, seed, size, keys[name], folder) for seed in range(1, seeds + 1) for name in names]


def run_cells(cells: Iterable[Cell], workers: int = 2, progress: bool = True) -> None:
    """Run the cells that are not there yet.

    Parameters
    ----------
    cells : iterable of Cell
        As `cells_of` returns them.
    workers : int
        Processes, each on one thread; with 0 the cells are run in this one.
    progress : bool
        Whether to show a bar with the time left.

    Raises
    ------
    ProjectError
        If a country cannot be drawn. Cells that are done stay.
    """
    run_each(cells, run_cell, workers, progress)


def run_cell(cell: Cell) -> Cell:
    """Draw a country, estimate on what it publishes, write that, and only then write what is true of it."""
    from buurteffect.scoreboard.places.estimators import estimate_panel
    from buurteffect.scoreboard.places.panel import late_truth, published_panel

    world, truth = draw_country(cell.seed, cell.size, cell.scenario, people=False, workers=0)
    write_cell(estimate_panel(published_panel(world)), cell.estimates)
    write_cell(late_truth(truth), cell.truth)
    for path in (cell.estimates, cell.truth):
        for old in path.parent.glob(f"{cell.size}-{cell.scenario}-{cell.seed:04d}-*.csv"):
            if old != path:
                old.unlink()
    return cell


def code_hash() -> str:
    """Return a hash of the code that draws countries and estimates, and of the libraries' versions.

    Modules count if they are imported, at any remove, by what runs a cell; the text of rooms' ``__init__`` does not.
    """
    versions = "".join(f"{name} {metadata.version(name)}\n" for name in _LIBRARIES)
    return key_of(versions, *(f"{name}\n{text}" for name, text in sorted(sources_of(_ROOTS).items())))
