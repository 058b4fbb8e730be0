"""JSON read strictly: every name in an object once, and numbers that are numbers."""

from __future__ import annotations

import json
from typing import Any

from buurteffect.errors import DataError
from buurteffect.sources.files.rawfile import FETCH_AGAIN, decode, shown


def parse_json(text: str, origin: str, action: str = FETCH_AGAIN, *, lines: bool = False) -> Any:
    """Return the content of a text of JSON; if `lines` allows it, also of one row of JSON on every line.

    Raises
    ------
    DataError
        If it is no JSON, cut off or nested beyond reason; if a name stands twice in one object, or if a number is NaN
        or infinite. It names the line where that is known.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        if lines and error.msg == "Extra data" and text[error.pos] == "{":
            rows = enumerate(text.splitlines(), start=1)
            return [parse_json(row, f"{origin}, line {at}", action) for at, row in rows if row.strip()]
        cut = " at its end" if error.pos >= len(text.rstrip()) - 1 else ""
        found = f"text that is no JSON{cut} ({error.msg}): it is truncated or damaged"
        expected, line = "one whole text of JSON", error.lineno
    except (ValueError, RecursionError) as error:
        found, expected, line = f"JSON that cannot be taken: {shown(error)}", "every name once, numbers or null", None
    raise DataError(origin, line=line, found=found, expected=expected, action=action)


def parse_object(data: bytes, origin: str, action: str) -> dict[str, Any]:
    r"""Return the object that the bytes of a file of JSON hold.

    Raises
    ------
    DataError
        As `parse_json`, and if it is empty, not UTF-8 or no object.

    Examples
    --------
    >>> parse_object(b'{"value": [1]}', "example.json", "-")
    {'value': [1]}
    """
    document = parse_json(decode(data, origin), origin, action)
    if not isinstance(document, dict):
        found = f"JSON that is a {type(document).__name__}"
        raise DataError(origin, found=found, expected="one object of JSON", action=action)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members, none of them named twice."""
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise ValueError(f"{twice[:40]!r}, a name that stands twice in one object")
    return members


def _no_constant(name: str) -> object:
    """Refuse what Python takes for a number and JSON does not."""
    raise ValueError(f"{name}, which is no number")
