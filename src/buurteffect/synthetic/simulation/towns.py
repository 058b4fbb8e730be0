"""Towns: round clusters of hexagons, divided into connected wijken."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from buurteffect.errors import ProjectError

_STEPS = ((2, 0), (-2, 0), (1, 3), (1, -3), (-1, 3), (-1, -3))  # from a cell to its six neighbours


def round_town(count: int) -> NDArray[np.int64]:
    """Return the cells of a round town, shape (count, 2): steps to the east and to the north of each centre.

    Steps are half spacings and spacings / 2√3. The cells are walked in bands of two rows, to the east and back to the
    west, so that those in a row lie together.
    """
    reach = ceil(sqrt(count)) + 1
    row, along = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-2 * reach, 2 * reach + 1), indexing="ij")
    on_grid = (row + along) % 2 == 0
    row, along = row[on_grid], along[on_grid]
    far = 3 * row**2 + along**2  # four times the squared distance, in whole numbers
    taken = np.lexsort((along, row, far))[:count]
    row, along = row[taken], along[taken]
    band = row // 2
    walk = np.lexsort((np.where(band % 2 == 0, along, -along), band))
    return np.column_stack([along, 3 * row])[walk]


@lru_cache(maxsize=1024)
def divided_town(sizes: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the cells of a round town (as of `round_town`) by wijk; each wijk, of the sizes given, is connected.

    A wijk grows cell by cell. It takes the one that has the most neighbours in it already and leaves the fewest
    outside, as long as what is left of the town is still connected. The array is not to be written to.

    Raises
    ------
    ProjectError
        If no division was found.
    """
    cells = round_town(sum(sizes))
    near = neighbours(cells)
    left, order = set(range(len(cells))), []
    for size in sizes:
        wijk: set[int] = set()
        while len(wijk) < size:
            edge = {cell for member in wijk for cell in near[member]} & left if wijk else left
            free = [cell for cell in edge if is_connected(left - {cell}, near)]
            if not free:
                raise ProjectError(f"a town cannot be divided into wijken of {sizes} buurten: choose other numbers")
            best = min(free, key=lambda cell: (-len(wijk & near[cell]), len(left & near[cell]), cell))
            wijk.add(best)
            left.discard(best)
            order.append(best)
    found = cells[order]
    found.flags.writeable = False
    return found


def neighbours(cells: NDArray[np.int64]) -> list[set[int]]:
    """Return the positions of the neighbours of each cell."""
    place = {(int(x), int(y)): position for position, (x, y) in enumerate(cells)}
    return [
        {place[x + east, y + north] for east, north in _STEPS if (x + east, y + north) in place}
        for x, y in cells.tolist()
    ]


def is_connected(members: set[int], near: list[set[int]]) -> bool:
    """Return whether the members form one connected part."""
    if not members:
        return True
    start = next(iter(members))
    seen, todo = {start}, [start]
    while todo:
        found = (near[todo.pop()] & members) - seen
        seen |= found
        todo.extend(found)
    return len(seen) == len(members)
