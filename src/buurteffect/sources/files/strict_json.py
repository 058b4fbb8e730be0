"""JSON read strictly: one object, every name in it once, and numbers that are numbers."""

from __future__ import annotations

import json
from typing import Any

from buurteffect.errors import DataError
from buurteffect.sources.files.rawfile import decode, shown


def parse_object(data: bytes, origin: str, action: str) -> dict[str, Any]:
    r"""Return the object that a text of JSON is.

    Parameters
    ----------
    data : bytes
        The whole text.
    origin : str
        What it is called in errors.
    action : str
        What the user can do about a fault.

    Raises
    ------
    DataError
        If it is empty, not UTF-8, no JSON, cut off, nested beyond reason or no object; if a name stands twice in one
        object, or if a number is NaN or infinite. It names the line where that is known.

    Examples
    --------
    >>> parse_object(b'{"value": [1]}', "example.json", "-")
    {'value': [1]}
    """
    text = decode(data, origin)
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        cut = " at its end: it was cut off" if error.pos >= len(text.rstrip()) - 1 else ""
        raise DataError(
            origin,
            line=error.lineno,
            found=f"text that is no JSON{cut} ({error.msg})",
            expected="one whole object of JSON",
            action=action,
        ) from None
    except (ValueError, RecursionError) as error:
        raise DataError(
            origin, found=f"JSON that cannot be taken: {shown(error)}", expected="one object of JSON", action=action
        ) from None
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
