"""Tables of TOML written by hand: which keys they may have, what each may hold, and the error where one does not."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from buurteffect.errors import DataError, ProjectError
from buurteffect.project import check_identifier

UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True)
class Key:
    """What a key may hold: a test of its value, the same in words, and what is made of it."""

    takes: Callable[[Any], bool]
    expected: str
    made: Callable[[Any], Any] = lambda value: value


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's content.

    Raises
    ------
    DataError
        If it is missing or is not TOML in UTF-8, with the line where it stops being so.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        return tomllib.loads(text)
    except OSError as error:
        raise DataError(
            path,
            found=f"it cannot be read: {error.strerror}",
            expected="a TOML file with a table per source",
            action="put the file back as it is in git, or run from inside the checkout",
        ) from None
    except UnicodeDecodeError as error:
        line, found = error.object.count(b"\n", 0, error.start) + 1, "bytes that are not UTF-8"
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"at line (\d+)", str(error))
        line, found = int(match[1]) if match else text.count("\n") + 1, str(error)
    raise DataError(
        path, line=line, found=found, expected="TOML in UTF-8", action="mend that line; texts stand in double quotes"
    )


def check_table(
    path: Path, here: str, table: Any, keys: Mapping[str, Key], required: Collection[str]
) -> dict[str, Any]:
    """Return what a table holds, by key.

    `here` is its name in the file, identifiers with dots between; `keys` are those that are known, `required` those
    that may not be missing.

    Raises
    ------
    DataError
        If it is no table, has another name, or a key is unknown, missing or holds what it may not.
    """
    if not isinstance(table, dict):
        raise fault(path, here, f"a {type(table).__name__} in the place of a table", f"a table: [{here}]")
    try:
        for name in here.split("."):
            check_identifier(name, "table")
    except ProjectError:
        raise fault(path, here, "a name with other signs", "letters, digits, '_' and '-'") from None
    for key in table:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(keys)}"
            raise fault(path, f"{here}.{key}", "an unknown key", hint)
    for key in required:
        if key not in table:
            raise fault(path, f"{here}.{key}", "the key is missing", keys[key].expected)
    for key, value in table.items():
        if not keys[key].takes(value):
            raise fault(path, f"{here}.{key}", f"{value!r}", keys[key].expected)
    return {key: keys[key].made(value) for key, value in table.items()}


def fault(path: Path, column: str, found: str, expected: str) -> DataError:
    """Return the error for one key of a file."""
    return DataError(path, column=column, found=found, expected=expected, action=f"mend {column} in {path.name}")


def says_confirmed(text: str) -> bool:
    """Say whether a text says when and how something was confirmed, or that it was not.

    Examples
    --------
    >>> says_confirmed("2026-12-01, it answered"), says_confirmed("unconfirmed: one program"), says_confirmed("yes")
    (True, True, False)
    """
    dated = re.match(r"([0-9]{4}-[0-9]{2}-[0-9]{2}), \S", text)
    if dated:
        try:
            date.fromisoformat(dated[1])
        except ValueError:
            return False
    return bool(dated) or re.fullmatch(rf"{UNCONFIRMED}(: \S.*)?", text) is not None


def is_web_address(address: str) -> bool:
    """Say whether an address is http or https, with a host and nothing unprintable.

    Examples
    --------
    >>> is_web_address("https://opendata.cbs.nl"), is_web_address("file:///etc/hosts")
    (True, False)
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port out of range too, which is only read on asking
        return False
    return usable and address.isprintable() and " " not in address


def is_text(value: object) -> bool:
    """Say whether a value is text, and not empty."""
    return isinstance(value, str) and bool(value.strip())


def is_plain_name(value: object) -> bool:
    """Say whether a value is the name of a file or folder, without the way to it."""
    plain = isinstance(value, str) and PurePosixPath(value).name == value and value not in ("", "..")
    return plain and str(value).isprintable() and "\\" not in str(value)


TEXT = Key(is_text, "text in quotes, not empty")
FLAG = Key(lambda value: type(value) is bool, "true or false")
NAMES = Key(lambda value: isinstance(value, list) and all(map(is_text, value)), "a list of texts", tuple)
PLAIN_NAME = Key(is_plain_name, "a plain name, without '/'")
ADDRESS = Key(
    lambda value: is_text(value) and is_web_address(value), "an address that starts with https:// (or http://)"
)
CONFIRMED = Key(
    lambda value: is_text(value) and says_confirmed(value),
    "a date and how, such as '2026-12-01, the server answered', or 'unconfirmed: …'",
)
