"""A fetched table in its place: as one zip of its pages and its manifest, or as a folder of them."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from buurteffect.errors import DownloadError
from buurteffect.sources.files.rawfile import read_bytes
from buurteffect.sources.statline.store import MANIFEST_NAME, StoredTable

_NO_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same pages give the same bytes, whenever they are packed


def move_table(table: StoredTable, target: Path) -> None:
    """Move the folder of a whole table to its place on the same disk, in one step.

    Raises
    ------
    DownloadError
        If something is in its place.
    """
    if target.exists():
        raise DownloadError(
            f"{table.table_id}: {target} is there, but not whole\n  to do: move it away and run it again"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    table.folder.rename(target)


def zip_table(table: StoredTable, target: Path) -> None:
    """Put a whole table in its place on the same disk as one zip, and remove the folder that its pages came into.

    The zip appears at its place whole or not at all, and only from then on is there a folder around it: readers
    that look through folders never meet a table that is still coming.

    Raises
    ------
    DataError
        If a page cannot be read.
    """
    aside = table.folder.with_name(f"{table.folder.name}.zip.part")
    try:
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in (MANIFEST_NAME, *(page.name for page in table.pages)):
                info = zipfile.ZipInfo(name, _NO_MOMENT)
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, read_bytes(table.folder / name))
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    shutil.rmtree(table.folder)
