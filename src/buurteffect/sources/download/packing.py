"""A fetched table in its place: as one zip of its pages and its manifest, or as a folder of them."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from buurteffect.errors import DownloadError
from buurteffect.sources.files.rawfile import read_bytes
from buurteffect.sources.statline.store import MANIFEST_NAME, StoredTable

_NO_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same pages give the same bytes, whenever they are packed


def settle(table: StoredTable, folder: Path) -> Path:
    """Move the folder of a whole table into another folder of tables, in one step.

    Parameters
    ----------
    table : StoredTable
        A table of which every page is there.
    folder : Path
        Folder of tables on the same disk; this one comes to lie in ``<table_id>/<query>/``.

    Raises
    ------
    DownloadError
        If the table is not whole, or something is in its place.
    """
    _check_whole(table)
    target = folder / table.table_id / table.folder.name
    if target.exists():
        raise DownloadError(
            f"{table.table_id}: {target} is there, but not whole\n  to do: move it away and run it again"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    return table.folder.rename(target)


def pack(table: StoredTable, target: Path) -> Path:
    """Put a whole table in its place as one zip, and remove the folder that its pages came into.

    The zip appears at its place whole or not at all, and only from then on is there a folder around it: readers
    that look through folders never meet a table that is still coming.

    Parameters
    ----------
    table : StoredTable
        A table of which every page is there.
    target : Path
        Where the zip comes to lie, on the same disk.

    Raises
    ------
    DownloadError
        If the table is not whole.
    DataError
        If a page cannot be read.
    """
    _check_whole(table)
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
    return target


def _check_whole(table: StoredTable) -> None:
    """Refuse a table of which a page is to come."""
    if not table.complete:
        raise DownloadError(
            f"{table.table_id} is not whole, so it stays where it is\n  to do: fetch it again; it goes on"
        )
