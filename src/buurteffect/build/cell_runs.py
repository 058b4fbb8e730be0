"""What every scoreboard needs beside its cells: the code that they depend on, and processes that run them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import buurteffect
from buurteffect.build.scoreboard import Cell, _leave_interrupts_to_parent, _one_thread
from buurteffect.errors import ProjectError

_PACKAGE = "buurteffect"


def sources_of(roots: Iterable[str]) -> Mapping[str, str]:
    """Return the text of every module of this package that some modules import, at any remove.

    Parameters
    ----------
    roots : iterable of str
        Names such as ``synthetic.country``, without the package's own.

    Returns
    -------
    mapping of str to str
        Name to text, the roots among them. What a room's ``__init__`` hands on is followed to where it stands; the
        text of the ``__init__`` itself does not count.
    """
    root, found, left = Path(buurteffect.__file__).parent, dict[str, str](), list(roots)
    while left:
        name = left.pop()
        file = root / (name.replace(".", "/") + ".py")
        if name in found or not file.is_file():
            continue
        found[name] = file.read_text(encoding="utf-8")
        for module, names in _imports(found[name]):
            left += [module, *(f"{module}.{wanted}" for wanted in names), *_handed_on(root, module, names)]
    return found


def run_each(cells: Iterable[Cell], run: Callable[[Cell], Cell], workers: int = 2, progress: bool = True) -> None:
    """Run the cells that are not there yet.

    Parameters
    ----------
    cells : iterable of Cell
    run : callable
        Runs one cell, and returns it; a function of a module, so that other processes find it.
    workers : int
        Processes, each on one thread; with 0 the cells are run in this one. When interrupted, cells that have begun
        are finished and kept.
    progress : bool
        Whether to show a bar with the time left.

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


def _imports(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the modules of this package that a text imports from, and the names that it wants of them."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{_PACKAGE}."):
            yield str(node.module).removeprefix(f"{_PACKAGE}."), [alias.name for alias in node.names]


def _handed_on(root: Path, module: str, names: list[str]) -> list[str]:
    """Return the modules from which a room's ``__init__`` takes some names."""
    file = root / module.replace(".", "/") / "__init__.py"
    if not file.is_file():
        return []
    return [inner for inner, taken in _imports(file.read_text(encoding="utf-8")) if set(taken) & set(names)]


def _elsewhere(cells: list[Cell], run: Callable[[Cell], Cell], workers: int) -> Iterator[Cell]:
    """Run cells in processes of their own, and yield them as they are done."""
    with _one_thread():
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_parent)
        try:
            for ready in as_completed([pool.submit(_named, run, cell) for cell in cells]):
                yield ready.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _named(run: Callable[[Cell], Cell], cell: Cell) -> Cell:
    """Run a cell; say which one failed."""
    try:
        return run(cell)
    except Exception as error:
        raise ProjectError(
            f"scenario {cell.scenario}, seed {cell.seed} could not be run ({type(error).__name__}: {error}); cells "
            "that are done stay, and the next run goes on from there"
        ) from error
