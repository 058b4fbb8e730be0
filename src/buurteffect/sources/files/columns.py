"""The column names of a raw table: every known one once, and no other."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

from buurteffect.errors import DataError
from buurteffect.sources.files.rawfile import PUBLISHED, shown

_NEAR_ENOUGH = 0.6  # a swap of two letters in a name of three ('lmb' for 'lbm') scores 0.67
_RENAMED = (
    "use the publisher's own file if another program saved this one; else give its columns the names that are expected "
    "and take the others out, or move it out of the folder if it is another table"
)


def nearest(name: str, known: Iterable[str], cutoff: float = _NEAR_ENOUGH) -> str | None:
    """Return the known name that `name` most looks like, whatever its case, or None.

    Examples
    --------
    >>> nearest("LMB", ["lbm", "afw"])
    'lbm'
    """
    folded = {other.casefold(): other for other in known}
    matches = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=cutoff)
    return folded[matches[0]] if matches else None


def check_columns(header: Sequence[str], known: Sequence[str], origin: str) -> None:
    """Check that a header holds every known column exactly once and no other, in any order.

    `origin` is what the file is called in errors; the header is its line 1.

    Raises
    ------
    DataError
        On a doubled, unknown or missing column. An unknown one comes with the known name nearest to it.
    """
    doubled = [name for name, count in Counter(header).items() if count > 1]
    unknown = [name for name in header if name not in known]
    missing = [name for name in known if name not in header]
    expected = f"each of these columns once: {', '.join(known)}"
    if doubled:
        raise _error(origin, doubled, f"a column that stands {header.count(doubled[0])} times", expected, _RENAMED)
    if unknown:
        near = nearest(unknown[0], missing)
        action = f"did you mean {near!r}? {_RENAMED.capitalize()}" if near else _RENAMED
        raise _error(origin, unknown, "a column that is not known", expected, action)
    if missing:
        raise _error(origin, missing, f"no such column among {', '.join(map(shown, header))}", expected, _RENAMED)


def refuse_doubled(header: Sequence[str], origin: str, line: int = 1, unnamed: Sequence[int] = ()) -> None:
    """Refuse a header in which a name stands twice or is empty, but for the columns of `unnamed`.

    Raises
    ------
    DataError
        With the first such name.
    """
    empty = next((at for at, name in enumerate(header) if not name and at not in unnamed), None)
    name, count = Counter(header).most_common(1)[0]
    if empty is not None or count > 1:
        raise DataError(
            origin,
            line=line,
            column="" if empty is not None else name[:60],
            found=f"a column that stands {count} times"
            if empty is None
            else f"a column without a name, the {empty + 1}th of {len(header)}",
            expected="every column once, with its name",
            action=PUBLISHED,
        )


def _error(origin: str, names: list[str], found: str, expected: str, action: str) -> DataError:
    """Return the error for the first of `names`, telling how many others share it."""
    others = f" (and so for {', '.join(map(shown, names[1:6]))})" if len(names) > 1 else ""
    column = names[0][:60]
    return DataError(origin, line=1, column=column, found=found + others, expected=expected, action=action)
