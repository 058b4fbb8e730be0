"""The cells of a scoreboard: their files, the code that they depend on, and processes that run them."""

from __future__ import annotations

import ast
import hashlib
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

import buurteffect
from buurteffect.errors import ProjectError
from buurteffect.project import writing

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
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
        """File of the estimates."""
        return self._file("estimates")

    @property
    def truth(self) -> Path:
        """File of the true values."""
        return self._file("truth")

    @property
    def done(self) -> bool:
        """Whether both files are there; the truth is written last."""
        return self.truth.is_file() and self.estimates.is_file()

    def remove_others(self) -> None:
        """Remove the files of the same scenario, seed and size that other code has made."""
        for path in (self.estimates, self.truth):
            for old in path.parent.glob(f"{self.size}-{self.scenario}-{self.seed:04d}-*.csv"):
                if old != path:
                    old.unlink()

    def _file(self, part: str) -> Path:
        """Return the path of one of the files."""
        return self.folder / part / f"{self.size}-{self.scenario}-{self.seed:04d}-{self.key}.csv"


def sources_of(roots: Iterable[str]) -> Mapping[str, str]:
    """Return the text of some modules (such as ``synthetic.country``) and of all that they import, by name.

    A ``.toml`` of the same name beside a module counts as well. What an ``__init__`` re-exports is followed to the
    module that defines it; the text of the ``__init__`` itself does not count.
    """
    root, found, left = Path(buurteffect.__file__).parent, dict[str, str](), list(roots)
    while left:
        name = left.pop()
        file = root / (name.replace(".", "/") + ".py")
        if name in found or not file.is_file():
            continue
        found[name] = file.read_text(encoding="utf-8")
        if file.with_suffix(".toml").is_file():
            found[f"{name}.toml"] = file.with_suffix(".toml").read_text(encoding="utf-8")
        for module, names in _imports(found[name]):
            left += [module, *(f"{module}.{wanted}" for wanted in names), *_reexported(root, module, names)]
    return found


def run_each(cells: Iterable[Cell], run: Callable[[Cell], Cell], workers: int = 2, progress: bool = True) -> None:
    """Run the cells that are not there yet.

    Parameters
    ----------
    cells : iterable of Cell
    run : callable
        Runs one cell and returns it; other processes must be able to import it.
    workers : int
        Processes, each on one thread; with 0 the cells are run in this one. When interrupted, cells that have begun
        are finished and kept.
    progress : bool
        Whether to show a progress bar.

    Raises
    ------
    ProjectError
        If a cell cannot be run. Cells that are done stay.
    """
    from tqdm import tqdm

    wanted = list(cells)
    todo = [cell for cell in wanted if not cell.done]
    with tqdm(total=len(wanted), initial=len(wanted) - len(todo), unit="cell", disable=not progress) as bar:
        for cell in (_named(run, cell) for cell in todo) if workers == 0 else _elsewhere(todo, run, workers):
            bar.set_postfix_str(f"{cell.scenario} seed {cell.seed}", refresh=False)
            bar.update()


def read_cells(cells: Iterable[Cell]) -> pd.DataFrame:
    """Return the estimates of the cells that are done, with ``scenario, seed``."""
    return _gather(cells, "estimates")


def read_truths(cells: Iterable[Cell]) -> pd.DataFrame:
    """Return the true values of the cells that are done, with ``scenario, seed``."""
    return _gather(cells, "truth")


def key_of(*texts: str) -> str:
    """Return a short hash of texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def write_cell(table: pd.DataFrame, path: Path) -> None:
    """Write a table whole or not at all, to as many digits as machines agree in."""
    with writing(path) as aside:
        table.to_csv(aside, index=False, float_format=_DIGITS, lineterminator="\n")


def _imports(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the modules of this package that a text imports from, and the names that it wants of them."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("buurteffect."):
            yield str(node.module).removeprefix("buurteffect."), [alias.name for alias in node.names]


def _reexported(root: Path, module: str, names: list[str]) -> list[str]:
    """Return the modules from which an ``__init__`` imports some names."""
    file = root / module.replace(".", "/") / "__init__.py"
    if not file.is_file():
        return []
    return [inner for inner, taken in _imports(file.read_text(encoding="utf-8")) if set(taken) & set(names)]


def _elsewhere(cells: list[Cell], run: Callable[[Cell], Cell], workers: int) -> Iterator[Cell]:
    """Run cells in processes of one thread each; when interrupted, those that have begun are finished and kept."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_parent)
    try:
        for ready in as_completed([pool.submit(_named, run, cell) for cell in cells]):
            yield ready.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _named(run: Callable[[Cell], Cell], cell: Cell) -> Cell:
    """Run a cell; say which one failed."""
    try:
        return run(cell)
    except Exception as error:
        raise ProjectError(
            f"scenario {cell.scenario}, seed {cell.seed} could not be run ({type(error).__name__}: {error}); cells "
            "that are done stay, and the next run goes on from there"
        ) from error


def _leave_interrupts_to_parent() -> None:
    """Let the process that started this one decide what an interrupt means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _gather(cells: Iterable[Cell], part: str) -> pd.DataFrame:
    """Return one kind of file of all cells that are done, in one table."""
    done = [cell for cell in cells if cell.done]
    if not done:
        raise ProjectError("no cell of the scoreboard is done: run make scoreboard")
    tables = [pd.read_csv(getattr(cell, part)).assign(scenario=cell.scenario, seed=cell.seed) for cell in done]
    table = pd.concat(tables, ignore_index=True)
    words = [name for name in ("error", "message") if name in table]
    return table.assign(**{name: table[name].astype(object).fillna("") for name in words})
