"""How many digits of a result survive another mathematical library, and results rounded to these.

All results have `DIGITS` significant digits. What rests on a search or on a difference of near equals has fewer that
survive; for these, ``decimals.csv`` says by notebook how many decimals do, as ``make digits`` has measured them under
several libraries and numbers of threads. The results of a run name them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from buurteffect.report.tables.exhibits import DIGITS, plain

DECIMALS = "decimals.csv"
_NOISE = re.compile(r"(?<![\w.])[-−]?\d(?:\.\d+)?e[-−](?:1[1-9]|[2-9]\d)\b")
_LEAST = "under 1e-10"
"""Printed in the words of results in place of a number that is rounding error."""
_NAMES = ("claim_id", "label")


def decimals_of(notebook: str) -> dict[str, int]:
    """Return the decimals that survive by address, such as ``results/overlap/weighted_mean``, if `DIGITS` has more."""
    text = (resources.files("buurteffect.report.tables") / DECIMALS).read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["notebook"] == notebook]
    return {row["where"]: int(row["decimals"]) for row in rows}


def rounded(record: Mapping[str, Any], decimals: Mapping[str, int]) -> dict[str, Any]:
    """Return results rounded to the digits that survive, as plain data, with ``digits`` and ``decimals`` added.

    Examples
    --------
    >>> rounded({"results": {"t": {"rows": [{"x": 2 / 3, "y": 2 / 3}]}}}, {"results/t/y": 2})["results"]
    {'t': {'rows': [{'x': 0.666666667, 'y': 0.67}]}}
    >>> rounded({"note": "off by 6e-16, and by 2.0e-09"}, {})["note"]
    'off by under 1e-10, and by 2.0e-09'
    """
    whole: dict[str, Any] = plain(_walk(record, "", decimals))
    there = {where for where, _ in numbers(record, "")}
    used = {where: places for where, places in sorted(decimals.items()) if where in there}
    return whole | {"digits": DIGITS, "decimals": used}


def numbers(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Yield the address and value of every leaf below `where`; all rows of a table share their column's address."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from numbers(item, _below(where, str(key)))
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from numbers(item, _row(where, item, place))
    else:
        yield where, value


def _walk(value: Any, where: str, decimals: Mapping[str, int]) -> Any:
    """Return the values below an address, rounded where fewer decimals survive."""
    if isinstance(value, Mapping):
        return {key: _walk(item, _below(where, str(key)), decimals) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_walk(item, _row(where, item, place), decimals) for place, item in enumerate(value)]
    if where in decimals and isinstance(plain(value), float):
        return round(float(value), decimals[where]) + 0.0
    return _NOISE.sub(_LEAST, value) if isinstance(value, str) else value


def _below(where: str, key: str) -> str:
    """Return the address of an entry of a mapping; ``rows`` of a table is left out of it."""
    if key == "rows" and where.startswith("results/"):
        return where
    return f"{where}/{key}" if where else key


def _row(where: str, item: Any, place: int) -> str:
    """Return the address of an entry of a list: by its name or position, but the table's own for a row of a table."""
    if where.startswith("results/"):
        return where
    name = next((str(item[key]) for key in _NAMES if isinstance(item, Mapping) and key in item), str(place + 1))
    return f"{where}/{name}"
