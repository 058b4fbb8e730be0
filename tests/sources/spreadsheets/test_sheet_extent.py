"""A workbook that would fill the memory is refused before a library opens it."""

import zipfile

import pytest
from one_table import read_kwb

from buurteffect.errors import DataError
from buurteffect.sources.spreadsheets.sheet_extent import Extent, TooFarError

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def sheet(*rows):
    return SHEET.format("".join(rows)).encode()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (['<row r="1000000"><c><v>1</v></c></row>'], "row 1,000,000"),
        (["<row><c r='XFD1'><v>1</v></c></row>"], "a cell at XFD1"),
        (["<row><c/>" + "<c><v>1</v></c>" * 260 + "</row>"], "column 261"),
        (['<row><c r="A1"/></row><row><c r="IZ99999"/></row>'], "cells, empty ones included"),
        (['<row r="99999999999"><c/></row>'], "a row called"),
        (['<row><c r="1A"/></row>'], "a cell called"),
        (["<row><c></row>"], "cannot be read"),
    ],
)
def test_a_sheet_that_reaches_too_far_is_refused(rows, says):
    with pytest.raises(TooFarError, match=says):
        Extent().add(sheet(*rows))


def test_a_declared_entity_is_refused():
    with pytest.raises(TooFarError, match="entity"):
        Extent().add(b'<!DOCTYPE a [<!ENTITY b "cc">]>' + sheet("<row/>"))


def test_a_text_that_many_cells_share_is_refused():
    extent = Extent()
    extent.add(b"<sst><si><t>" + b"x" * 30_000 + b"</t></si></sst>")
    with pytest.raises(TooFarError, match="cells of text"):
        extent.add(
            sheet(
                "<row>" + '<c t="s"><v>0</v></c>' * 200 + "</row>" * 1,
                *["<row>" + '<c t="s"><v>0</v></c>' * 200 + "</row>"] * 100,
            )
        )
    with pytest.raises(TooFarError, match="more than 32,767"):
        Extent().add(b"<sst><si><t>" + b"x" * 40_000 + b"</t></si></sst>")


def test_sheets_count_together_and_an_ordinary_one_passes():
    extent = Extent()
    extent.add(sheet('<row r="1"><c r="A1"/><c/></row>', "<row><c/></row>"))
    assert extent.cells == 4
    for _ in range(4):
        extent.add(sheet('<row r="9000"><c r="EE9000"/></row>'))
    with pytest.raises(TooFarError, match="empty ones included"):
        extent.add(sheet('<row r="9000"><c r="EE9000"/></row>'))


@pytest.mark.parametrize("place", ["xl/worksheets/sheet1.xml", "xl/sheets/s1.xml"])
def test_the_reader_of_key_figures_refuses_it_by_name(tmp_path, place):
    path = tmp_path / "kwb-2015.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(place, sheet("<row><c r='XFD1000000'><v>1</v></c></row>"))
    with pytest.raises(DataError, match="a cell at XFD1000000") as caught:
        read_kwb(path)
    assert "at most 260 columns" in str(caught.value)
