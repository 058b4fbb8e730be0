"""The size of a raw file, looked at before a byte of it is read."""

from __future__ import annotations

from pathlib import Path

from buurteffect.errors import DataError
from buurteffect.sources.archive import MEMBER_BYTES_LIMIT
from buurteffect.sources.rawfile import label_of


def refuse_larger(path: Path, limit: int = MEMBER_BYTES_LIMIT) -> None:
    """Refuse a file larger than a limit, by default that of a member of a zip.

    A path without a file passes: whoever reads it says so.

    Raises
    ------
    DataError
        If the file has more than `limit` bytes.
    """
    size = path.stat().st_size if path.is_file() else 0
    if size > limit:
        raise DataError(
            label_of(path),
            found=f"a file of {size:,} bytes",
            expected=f"at most {limit:,} bytes in one table",
            action="check that it is the publisher's table; no table of this kind is nearly as large",
        )
