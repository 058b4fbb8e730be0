"""Files that stand beside data without being data: of the system, of programs at work, and of archives."""

from __future__ import annotations

import re
from pathlib import PurePath

_SYSTEM = re.compile(r"thumbs\.db|desktop\.ini|ehthumbs\.db|icon\r?|\$recycle\.bin|__macosx", re.IGNORECASE)
_TEMPORARY = re.compile(
    r"~\$.*|\.~.*|~.*\.tmp|.*\.(?:part|part\.json|tmp|temp|crdownload|download|swp|bak|lock)|.*~", re.IGNORECASE
)


def why_not_data(path: PurePath) -> str | None:
    """Return why a file is none that anybody put there as data, or None if it may be one.

    Examples
    --------
    >>> why_not_data(PurePath("kwb/~$kwb-2019.xlsx")), why_not_data(PurePath("__MACOSX/._a.csv"))
    ('a temporary file of a program', 'a file of the system')
    >>> why_not_data(PurePath("kwb/2019.csv"))
    """
    if any(_TEMPORARY.fullmatch(part) for part in path.parts):
        return "a temporary file of a program"
    if any(_SYSTEM.fullmatch(part) for part in path.parts):
        return "a file of the system"
    if any(part.startswith(".") and part not in (".", "..") for part in path.parts):
        return "a hidden file"
    return None
