"""Workbooks (xlsx) with one sheet, written so that the same cells are always the same bytes.

A workbook is a zip of XML (ECMA-376, part 1, chapter 18); five parts of it are enough. Libraries that write
workbooks put the time into them and take several times as long for a country's files.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from buurteffect.project import writing

ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Time of every member of every zip that is published: the first that a zip can hold."""

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FORMATS = "http://schemas.openxmlformats.org"
_MAIN, _KINDS = f"{_FORMATS}/spreadsheetml/2006/main", "application/vnd.openxmlformats-officedocument.spreadsheetml"
_RELATIONS = f"{_FORMATS}/officeDocument/2006/relationships"
_PACKAGE = f"{_FORMATS}/package/2006"
_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
    f'ContentType="{_KINDS}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
    f'ContentType="{_KINDS}.worksheet+xml"/></Types>'
)
_DOT = '<c t="inlineStr"><is><t>.</t></is></c>'


def text_cell(text: str) -> str:
    """Return a cell of text; an empty text is an empty cell."""
    if text == ".":
        return _DOT
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>' if text else "<c/>"


def number_cell(text: str) -> str:
    """Return a cell of a number written as text, or of the dot that stands for none."""
    return _DOT if text == "." else f"<c><v>{text}</v></c>"


def write_workbook(path: Path, sheet: str, above: Sequence[Sequence[str]], columns: Sequence[Sequence[str]]) -> None:
    """Write a workbook with one sheet: rows of text `above`, then columns of cells.

    An empty row stays empty; cells come from `text_cell` and `number_cell`.
    """
    rows = ["<row>" + "".join(map(text_cell, row)) + "</row>" for row in above]
    rows += ["<row>" + "".join(cells) + "</row>" for cells in zip(*columns, strict=True)]
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets><sheet name="{escape(sheet)}" '
            'sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": (
            f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'
        ),
    }
    write_zip(path, parts)


def write_zip(path: Path, members: dict[str, str]) -> None:
    """Write a zip of texts by name with fixed times, so that equal texts give equal bytes."""
    with writing(path) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            member = zipfile.ZipInfo(name, ZIP_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # else it would tell the machine's kind
            archive.writestr(member, text)


def _relation(kind: str, target: str) -> str:
    """Return a part that says where the next one is."""
    return (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_RELATIONS}/{kind}" '
        f'Target="{target}"/></Relationships>'
    )
