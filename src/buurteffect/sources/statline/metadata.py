"""What a table of StatLine says about itself: its version, its size and its dimensions."""

from __future__ import annotations

from buurteffect.errors import DataError
from buurteffect.sources.files.rawfile import shown
from buurteffect.sources.statline.pages import Page
from buurteffect.sources.statline.store import StoredTable

INFO_SET = "TableInfos"
"""Set that says what the table is."""

PROPERTIES_SET = "DataProperties"
"""Set that names the table's columns, its dimensions among them."""

AREA_DIMENSIONS = ("WijkenEnBuurten", "RegioS")
"""Names under which tables hold the codes of areas; 82339NED alone of its series has the second."""

_DIMENSION_TYPES = ("Dimension", "TimeDimension", "GeoDimension", "GeoDetail")


def modified_of(page: Page) -> str | None:
    """Return the moment of the last change that a table gives about itself, as it is written there."""
    value = page.rows[0].get("Modified") if page.rows else None
    return value if isinstance(value, str) else None


def dimensions_of(table: StoredTable) -> tuple[str | None, list[str]]:
    """Return the dimension that holds areas, and the dimensions whose codes are to be fetched.

    The areas of a table of wijken en buurten have their names in the rows of figures, and their own
    set may be above the limit of rows: it is left out.

    Raises
    ------
    DataError
        If a dimension has a name that could not stand in an address, or a gemeente is asked of a table
        without areas.
    """
    origin = f"{table.table_id} {PROPERTIES_SET}"
    rows = [(str(row.get("Key", "")), str(row.get("Type", ""))) for row in table.rows(PROPERTIES_SET)]
    found = [(name, sort) for name, sort in rows if sort in _DIMENSION_TYPES]
    for name, _ in found:
        if not name.isascii() or not name.isidentifier():
            raise DataError(
                origin,
                found=f"a dimension called {shown(name)}",
                expected="a name of letters and digits",
                action="fetch the table again; if it stays so, report it to its publisher",
            )
    areas = [name for name, sort in found if name in AREA_DIMENSIONS or sort.startswith("Geo")]
    if table.gemeente and not areas:
        raise DataError(
            origin,
            found=f"no dimension of areas ({' or '.join(AREA_DIMENSIONS)})",
            expected=f"one, since {table.gemeente} was asked for",
            action="fetch the whole table, or choose one that has gemeenten",
        )
    return (areas[0] if areas else None), [name for name, sort in found if sort != "GeoDetail"]
