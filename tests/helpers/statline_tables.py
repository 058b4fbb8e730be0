"""A local server that holds several tables of StatLine at once, each in the shapes of its own year."""

from __future__ import annotations

from dataclasses import dataclass, field

from local_server import Handler, sending, status
from statline_server import Row, StatLine

GEMEENTEN = ("0363", "0599")


def figures(year: int) -> list[Row]:
    """Return the padded rows of two gemeenten, each with a wijk and two buurten."""
    areas = [("NL00", "Land", "Nederland")]
    for digits in GEMEENTEN:
        areas += [(f"GM{digits}", "Gemeente", digits), (f"WK{digits}00", "Wijk", "Centrum")]
        areas += [(f"BU{digits}000{n}", "Buurt", f"Buurt {n}") for n in range(2)]
    return [
        {
            "ID": n,
            "WijkenEnBuurten": f"{code:<10}",
            "Gemeentenaam_1": f"{name:<20}",
            "SoortRegio_2": f"{kind:<10}",
            "Codering_3": f"{code:<10}",
            "AantalInwoners_5": f"{100 * (n + 1) + year - 2000:>8}",
        }
        for n, (code, kind, name) in enumerate(areas)
    ]


def properties() -> list[Row]:
    """Return what the tables say of their columns."""
    keys = [("Gemeentenaam_1", "", "String"), ("SoortRegio_2", "", "String"), ("Codering_3", "", "String")]
    keys += [("AantalInwoners_5", "aantal", "Long")]
    area: Row = {"ID": 0, "ParentID": None, "Type": "GeoDetail", "Key": "WijkenEnBuurten", "Title": "Wijken en buurten"}
    return [
        area,
        *(
            {"ID": n, "ParentID": None, "Type": "Topic", "Key": key, "Title": key, "Unit": unit, "Datatype": sort}
            for n, (key, unit, sort) in enumerate(keys, start=1)
        ),
    ]


def key_figures(table_id: str, year: int) -> dict[str, list[Row] | Row]:
    """Return the sets of one year's table."""
    title = f"Kerncijfers wijken en buurten {year}"
    info: Row = {"ID": 0, "Title": title, "ShortTitle": title, "Identifier": table_id, "Period": str(year)}
    return {"TableInfos": [info], "DataProperties": properties(), "UntypedDataSet": figures(year)}


@dataclass
class StatLineTables(StatLine):
    """Tables by identifier, and files by path; `broken` are answered with 404."""

    tables: dict[str, dict[str, list[Row] | Row]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def page(self, handler: Handler) -> None:
        name = handler.path.partition("?")[0]
        if name in self.files:
            return sending(self.files[name])(handler)
        table_id = name.split("/")[-2]
        if table_id not in self.tables or table_id in self.broken:
            return status(404)(handler)
        self.sets = self.tables[table_id]
        return super().page(handler)
