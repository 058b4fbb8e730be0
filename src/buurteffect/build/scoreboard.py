"""The scoreboard of the estimators: many countries per scenario, each estimated first and held against its truth later.

A cell is one scenario and seed. What was estimated in it and what is true of it are two files, and the second is
written after the first; they meet in `scoreboard_summary` only. Cells are kept by a hash of all that can move their
figures, so that an interrupted run goes on where it stopped, and a changed estimator is run anew.
"""

from __future__ import annotations

import ast
import hashlib
import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

import buurteffect
from buurteffect.errors import ProjectError
from buurteffect.project import writing
from buurteffect.synthetic.country import draw_country, scenario_parameters
from buurteffect.synthetic.scenarios import SCENARIOS, SIZES

SIZE, SEEDS = "scoreboard", 200
"""Size of the countries and their number per scenario, where nothing else is asked."""

_ROOTS = ("build.scoreboard_panel", "build.scoreboard_cells", "synthetic.country")
_LIBRARIES = ("linearmodels", "moderndid", "numpy", "pandas", "pyfixest", "scipy")
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_DIGITS = "%.10g"


@dataclass(frozen=True)
class Cell:
    """One scenario and seed, and where its two files are.

    Attributes
    ----------
    scenario, size : str
        Names in `SCENARIOS` and `SIZES`.
    seed : int
        The country's seed.
    key : str
        Hash of all that can move its figures.
    folder : Path
        Folder of all cells.
    """

    scenario: str
    seed: int
    size: str
    key: str
    folder: Path

    @property
    def estimates(self) -> Path:
        """File of what was estimated."""
        return self._file("estimates")

    @property
    def truth(self) -> Path:
        """File of what is true."""
        return self._file("truth")

    @property
    def done(self) -> bool:
        """Whether both files are there; the truth is written last."""
        return self.truth.is_file() and self.estimates.is_file()

    def _file(self, part: str) -> Path:
        """Return the path of one of the files."""
        return self.folder / part / f"{self.size}-{self.scenario}-{self.seed:04d}-{self.key}.csv"


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
    keys = {name: _key(code, repr(scenario_parameters(name)), repr(SIZES[size])) for name in names}
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
    from tqdm import tqdm

    wanted = list(cells)
    todo = [cell for cell in wanted if not cell.done]
    with tqdm(total=len(wanted), initial=len(wanted) - len(todo), unit="cell", disable=not progress) as bar:
        for cell in _run_here(todo) if workers == 0 else _run_elsewhere(todo, workers):
            bar.set_postfix_str(f"{cell.scenario} seed {cell.seed}", refresh=False)
            bar.update()


def run_cell(cell: Cell) -> Cell:
    """Draw a country, estimate on what it publishes, write that, and only then write what is true of it."""
    from buurteffect.build.scoreboard_cells import estimate_panel
    from buurteffect.build.scoreboard_panel import late_truth, published_panel

    world, truth = draw_country(cell.seed, cell.size, cell.scenario, people=False, workers=0)
    _write(estimate_panel(published_panel(world)), cell.estimates)
    _write(late_truth(truth), cell.truth)
    for path in (cell.estimates, cell.truth):
        for old in path.parent.glob(f"{cell.size}-{cell.scenario}-{cell.seed:04d}-*.csv"):
            if old != path:
                old.unlink()
    return cell


def read_cells(cells: Iterable[Cell]) -> pd.DataFrame:
    """Return what was estimated in the cells that are done: `RESULT_NAMES` with ``scenario, seed`` in front."""
    return _gather(cells, "estimates")


def read_truths(cells: Iterable[Cell]) -> pd.DataFrame:
    """Return what is true in the cells that are done: ``scenario, seed, outcome, truth``."""
    return _gather(cells, "truth")


def code_hash() -> str:
    """Return a hash of the code that draws countries and estimates, and of the libraries' versions.

    Modules count if they are imported, at any remove, by what runs a cell; the text of rooms' ``__init__`` does not.
    """
    versions = "".join(f"{name} {metadata.version(name)}\n" for name in _LIBRARIES)
    return _key(versions, *(f"{name}\n{text}" for name, text in sorted(_sources().items())))


def _sources() -> Mapping[str, str]:
    """Return the text of every module of this package that runs a cell, by name."""
    root, found, left = Path(buurteffect.__file__).parent, dict[str, str](), list(_ROOTS)
    while left:
        name = left.pop()
        file = root / (name.replace(".", "/") + ".py")
        if name in found or not file.is_file():
            continue
        found[name] = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(found[name])):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("buurteffect."):
                module = str(node.module).removeprefix("buurteffect.")
                left += [module, *(f"{module}.{alias.name}" for alias in node.names)]
    return found


def _key(*texts: str) -> str:
    """Return a short hash of texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def _run_here(cells: Iterable[Cell]) -> Iterator[Cell]:
    """Run cells one after the other in this process."""
    return (_named(cell) for cell in cells)


def _run_elsewhere(cells: list[Cell], workers: int) -> Iterator[Cell]:
    """Run cells in processes of their own; when interrupted, those that have begun are finished and kept."""
    with _one_thread():
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_parent)
        try:
            # A short queue: what has not begun can be given up at once.
            waiting: set[Future[Cell]] = set()
            left = iter(cells)
            for cell in left:
                waiting.add(pool.submit(_named, cell))
                if len(waiting) >= 2 * workers:
                    ready = next(as_completed(waiting))
                    waiting.remove(ready)
                    yield ready.result()
            for ready in as_completed(waiting):
                yield ready.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _named(cell: Cell) -> Cell:
    """Run a cell; say which one failed."""
    try:
        return run_cell(cell)
    except Exception as error:
        raise ProjectError(
            f"scenario {cell.scenario}, seed {cell.seed} could not be run ({type(error).__name__}: {error}); cells "
            "that are done stay, and the next run goes on from there"
        ) from error


def _leave_interrupts_to_parent() -> None:
    """Let the process that started this one decide what an interrupt means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Have processes that are started meanwhile compute on one thread each."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _write(table: pd.DataFrame, path: Path) -> None:
    """Write a table whole or not at all, to as many digits as machines agree in."""
    with writing(path) as aside:
        table.to_csv(aside, index=False, float_format=_DIGITS, lineterminator="\n")


def _gather(cells: Iterable[Cell], part: str) -> pd.DataFrame:
    """Return one kind of file of all cells that are done, in one table."""
    tables = []
    for cell in cells:
        if cell.done:
            table = pd.read_csv(getattr(cell, part))
            table.insert(0, "scenario", cell.scenario)
            table.insert(1, "seed", cell.seed)
            tables.append(table)
    if not tables:
        raise ProjectError("no cell of the scoreboard is done: run make scoreboard")
    table = pd.concat(tables, ignore_index=True)
    words = [name for name in ("error", "message") if name in table]
    return table.assign(**{name: table[name].astype(object).fillna("") for name in words})
