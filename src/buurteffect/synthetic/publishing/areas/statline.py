"""The layouts of StatLine: bulk CSV without and with types, web export, pages of OData 3, observations of OData 4.

All of them hold the same columns in the same order, and beside them some that no concept uses, with titles that
repeat: energy by kind of dwelling, once in kWh and once in m³.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from buurteffect.project import writing
from buurteffect.synthetic.publishing.areas.figures import Release
from buurteffect.synthetic.publishing.areas.workbook import write_zip

TABLES = {2019: "84583NED", 2020: "84799NED", 2021: "85039NED", 2022: "85318NED"}
"""Ids of the tables, which tell the year where the content does not."""

SERVER = "https://synthetic.invalid"
"""Host in addresses within the files; no such host can exist (RFC 2606)."""

FOOTER = "Bron: synthetisch Nederland, niets hierin is een cijfer over Nederland"

_TITLE = "Kerncijfers wijken en buurten"
_NUMBER_WIDTH, _CODE_WIDTH, _NAME_WIDTH = 8, 10, 40
_BOM = "\ufeff"
_DWELLINGS = (("Appartement", "Appartement"), ("Huurwoning", "Huurwoning"), ("EigenWoning", "Eigen woning"))


@dataclass(frozen=True)
class _Topic:
    """One column: key with its number, title, group, unit, and cells without padding."""

    key: str
    title: str
    group: str
    unit: str
    cells: list[str]
    is_text: bool = False


def write_untyped(found: Release, folder: Path) -> None:
    """Write a bulk CSV without types: every field quoted and padded, dots where nothing is."""
    columns = []
    for topic in _topics(found):
        width = {"Gemeentenaam_1": -_NAME_WIDTH, "SoortRegio_2": -_CODE_WIDTH, "Codering_3": -_CODE_WIDTH}
        pad = width.get(topic.key, 0 if topic.is_text else _NUMBER_WIDTH)
        columns.append([f"{cell:<{-pad}}" if pad < 0 else f"{cell:>{pad}}" if pad else cell for cell in topic.cells])
    _write_bulk(found, folder, columns, "\n")


def write_typed(found: Release, folder: Path) -> None:
    """Write a bulk CSV with types: plain numbers, and nothing where none is; columns of text keep their dots."""
    columns = [t.cells if t.is_text else ["" if cell == "." else cell for cell in t.cells] for t in _topics(found)]
    _write_bulk(found, folder, columns, "\r\n")


def write_web(found: Release, folder: Path) -> None:
    """Write an export from the web page: title, topics with their depth, units; decimal comma; a source line."""
    topics = [*_topics(found)]
    year = _Topic("Jaar", "Jaar", "", "", [str(found.year)] * len(found.areas), is_text=True)
    topics.insert(3, year)
    depth = [f"||{topic.title}" if topic.group else topic.title for topic in topics]
    width = len(topics) + 1
    rows: list[Sequence[str]] = [
        [f"{_TITLE} {found.year}", *[""] * (width - 1)],
        [""] * width,
        ["", "Onderwerp", *[""] * (width - 2)],
        ["", *depth],
        ["Wijken en buurten", *(topic.unit for topic in topics)],
    ]
    cells = [topic.cells if topic.is_text else [_with_comma(cell) for cell in topic.cells] for topic in topics]
    rows += list(zip(found.areas["name"], *cells, strict=True))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerows(rows)
    with writing(folder / f"{_TITLE.replace(' ', '_')}_{found.year}.csv") as aside:
        aside.write_text(_BOM + text.getvalue() + FOOTER + ";" * (width - 1) + "\n", encoding="utf-8", newline="")


def write_pages(found: Release, folder: Path) -> None:
    """Write the page of an OData 3 data set with types, and beside it the table's properties and description."""
    table, topics = TABLES[found.year], _topics(found)
    keys = ["ID", "WijkenEnBuurten", *(topic.key for topic in topics)]
    codes = [f"{code:<{_CODE_WIDTH}}" for code in found.areas["area_code"]]
    columns = [[_value(cell) for cell in topic.cells] if not topic.is_text else topic.cells for topic in topics]
    rows = zip(range(len(codes)), codes, *columns, strict=True)
    page = {
        "odata.metadata": f"{SERVER}/ODataApi/OData/{table}/$metadata#Cbs.OData.WebAPI.TypedDataSet",
        "value": [dict(zip(keys, row, strict=True)) for row in rows],
    }
    description = {
        "ID": 0,
        "Title": f"{_TITLE} {found.year}",
        "ShortTitle": f"{_TITLE} {found.year}",
        "Identifier": table,
        "Period": str(found.year),
        "ShortDescription": FOOTER,
    }
    for name, content in (
        ("TypedDataSet", page),
        ("DataProperties", {"value": _properties(found.year, topics)}),
        ("TableInfos", {"value": [description]}),
    ):
        with writing(folder / f"{found.year}_{table}" / f"{name}.json") as aside:
            aside.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8", newline="")


def write_observations(found: Release, folder: Path) -> None:
    """Write the bundle of an OData 4 table: one row per area and measure, and the lists of both."""
    topics = [topic for topic in _topics(found) if not topic.is_text or topic.key.startswith("Indeling")]
    codes = [f"{code:<{_CODE_WIDTH}}" for code in found.areas["area_code"]]
    groups = {name: str(n) for n, name in enumerate(dict.fromkeys(t.group for t in topics if t.group), start=1)}
    observed, number = [], 0
    for area, code in enumerate(codes):
        for measure, topic in enumerate(topics, start=1):
            cell = topic.cells[area]
            attribute, value, text = "None", cell, ""
            if cell == ".":
                attribute, value = "Missing", ""
            elif topic.is_text:
                value, text = "", cell
            observed.append([str(number), f"M{measure:06d}", attribute, value, text, code])
            number += 1
    measures = [[f"M{n:06d}", t.title, t.unit, groups.get(t.group, "")] for n, t in enumerate(topics, start=1)]
    names = [[code, name] for code, name in zip(codes, found.areas["name"], strict=True)]
    write_zip(
        folder / f"{TABLES[found.year]}.zip",
        {
            "Observations.csv": _quoted(
                ["Id", "Measure", "ValueAttribute", "Value", "StringValue", "WijkenEnBuurten"], observed
            ),
            "MeasureCodes.csv": _quoted(["Identifier", "Title", "Unit", "MeasureGroupId"], measures),
            "MeasureGroups.csv": _quoted(["Id", "Title", "ParentId"], [[n, title, ""] for title, n in groups.items()]),
            "WijkenEnBuurtenCodes.csv": _quoted(["Identifier", "Title"], names),
        },
    )


def _topics(found: Release) -> list[_Topic]:
    """Return all columns of a table, numbered from 1."""
    areas = found.areas
    name = "IndelingswijzigingGemeenteWijkBuurt" if found.year >= 2022 else "IndelingswijzigingWijkenEnBuurten"
    title = "gemeente, wijk, buurt" if found.year >= 2022 else "wijken en buurten"
    topics = [
        _Topic("Gemeentenaam_1", "Gemeentenaam", "", "naam", list(areas["gemeente_name"]), is_text=True),
        _Topic("SoortRegio_2", "Soort regio", "", "omschrijving", list(areas["level"].str.capitalize()), is_text=True),
        _Topic("Codering_3", "Codering", "", "code", list(areas["area_code"]), is_text=True),
        _Topic(f"{name}_4", f"Indelingswijziging {title}", "", "code", found.flag_texts, is_text=True),
    ]
    for column in found.columns:
        cells = found.texts(column)
        key = f"{column.name}_{len(topics) + 1}"
        topics.append(_Topic(key, column.title, column.group, column.unit, cells))
        if column.concept == "built_before_2000_share":  # behind the dwellings stands their energy
            for unit, group in (("kWh", "Elektriciteit"), ("m³", "Aardgas")):
                for stem, kind in _DWELLINGS:
                    topics.append(_Topic(f"{stem}_{len(topics) + 1}", kind, group, unit, ["."] * len(areas)))
    return topics


def _with_comma(cell: str) -> str:
    """Return a number with a decimal comma; the dot that stands for none stays."""
    return cell if cell == "." else cell.replace(".", ",")


def _value(cell: str) -> float | int | None:
    """Return a cell as a value of JSON."""
    if cell == ".":
        return None
    return float(cell) if "." in cell else int(cell)


def _properties(year: int, topics: list[_Topic]) -> list[dict[str, object]]:
    """Return the table's properties: its dimension, its groups and its topics."""
    groups = list(dict.fromkeys(topic.group for topic in topics if topic.group))
    ids = {group: number for number, group in enumerate(groups, start=1)}
    rows: list[dict[str, object]] = [
        {
            "ID": 0,
            "ParentID": None,
            "Type": "GeoDetail",
            "Key": "WijkenEnBuurten",
            "Title": "Wijken en buurten",
            "MapYear": year,
        }
    ]
    rows += [{"ID": ids[g], "ParentID": None, "Type": "TopicGroup", "Key": "", "Title": g} for g in groups]
    for number, topic in enumerate(topics, start=len(groups) + 1):
        rows.append(
            {
                "ID": number,
                "ParentID": ids.get(topic.group),
                "Type": "Topic",
                "Key": topic.key,
                "Title": topic.title,
                "Datatype": "String"
                if topic.is_text
                else "Double"
                if any("." in c[1:] for c in topic.cells)
                else "Long",
                "Unit": topic.unit,
            }
        )
    return rows


def _write_bulk(found: Release, folder: Path, columns: list[list[str]], line_end: str) -> None:
    """Write a bulk CSV from the columns of its topics, behind a number and the code of each area."""
    numbers = [str(number) for number in range(1, len(found.areas) + 1)]
    codes = [f"{code:<{_CODE_WIDTH}}" for code in found.areas["area_code"]]
    header = ["ID", "WijkenEnBuurten", *(topic.key for topic in _topics(found))]
    text = _quoted(header, zip(numbers, codes, *columns, strict=True), line_end)
    with writing(folder / f"{_TITLE.replace(' ', '_')}_{found.year}_{TABLES[found.year]}.csv") as aside:
        aside.write_text(_BOM + text, encoding="utf-8", newline="")


def _quoted(header: Sequence[str], rows: Iterable[Sequence[str]], line_end: str = "\n") -> str:
    """Return rows as CSV with every field quoted, separated by ``;``."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator=line_end)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
