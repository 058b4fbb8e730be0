"""Small files of key figures in the layouts that were ever published."""

from __future__ import annotations

import json
import struct

import openpyxl

from buurteffect.sources.key_figures.read import KeyFigureFile

BULK = {
    "ID": ["1", "2", "3"],
    "WijkenEnBuurten": ["GM0363    ", "WK036300  ", "BU0363AB10"],
    "Gemeentenaam_1": ["Amsterdam      "] * 3,
    "SoortRegio_2": ["Gemeente  ", "Wijk      ", "Buurt     "],
    "Codering_3": ["GM0363    ", "WK036300  ", "BU0363AB10"],
    "IndelingswijzigingWijkenEnBuurten_4": [".", "1", "3"],
    "AantalInwoners_5": ["  862965", "    4295", "      40"],
    "k_0Tot15Jaar_8": ["  125602", "     235", "       5"],
    "HuishoudensTotaal_28": ["  470223", "    3040", "      20"],
    "Woningvoorraad_34": ["  441490", "    2917", "      10"],
    "GemiddeldeWoningwaarde_35": ["     378", "     448", "       ."],
    "Koopwoningen_40": ["      30", "      19", "       ."],
    "Appartement_48": ["    1920", "    1930", "       ."],
    "GemiddeldInkomenPerInwoner_72": ["    31.3", "       .", "       ."],
    "AfstandTotSchool_108": ["     0.5", "     0.5", ""],
    "WmoClienten_89": ["   70295", "", "       ."],
}


def as_csv(table, *, end="\n", bom=True, quote='"'):
    """Return a table as the text of a bulk CSV."""
    rows = [list(table), *map(list, zip(*table.values(), strict=True))]
    text = end.join(";".join(f"{quote}{cell}{quote}" for cell in row) for row in rows) + end
    return ("\ufeff" if bom else "") + text


def written(folder, text, name="Amsterdam_2019_84583NED.csv", encoding="utf-8"):
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def row(file: KeyFigureFile, code: str):
    """Return the row of one area."""
    return file.frame.set_index("area_code").loc[code]


WEB = """Kerncijfers wijken en buurten 2016;;;;;;;;
;;;;;;;;
;Onderwerp;;;;;;;
;Gemeentenaam;Soort regio;Codering;||Aantal inwoners;||0 tot 15 jaar;Gemiddelde woningwaarde;Huurwoning;Koopwoningen
Wijken en buurten;naam;omschrijving;code;aantal;aantal;x 1 000 euro;kWh;%
Gouda;Gouda;Gemeente;GM0513;71000;12000;190;2100;55
Wijk 00 Kort Haarlem;Gouda;Wijk;WK051300;4000;.;212,5;2000;48
Haven-Zuid;Gouda;Buurt;BU05130000;20;.;.;;.
"""


def as_workbook(path, rows, sheet="KWB2016", others=()):
    """Write an xlsx workbook."""
    book = openpyxl.Workbook()
    book.active.title = sheet
    for cells in rows:
        book.active.append(cells)
    for name in others:
        book.create_sheet(name).append(["Toelichting", "bij de cijfers"])
    book.save(path)
    return path


def as_old_workbook(path, rows, sheet="KWB2006"):
    """Write an xls workbook (BIFF8 in a compound file) by hand: nothing that writes one is installed."""

    def record(kind, data=b""):
        return struct.pack("<HH", kind, len(data)) + data

    def cell(r, c, value):
        if isinstance(value, str):
            return record(0x0204, struct.pack("<HHHHB", r, c, 0, len(value), 1) + value.encode("utf-16-le"))
        return record(0x0203, struct.pack("<HHHd", r, c, 0, value))

    begin = struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)
    name = struct.pack("<BB", len(sheet), 1) + sheet.encode("utf-16-le")
    head = record(0x0809, begin) + record(0x0042, struct.pack("<H", 1200))
    start = len(head) + 4 + 6 + len(name) + 4
    globals_ = head + record(0x0085, struct.pack("<IBB", start, 0, 0) + name) + record(0x000A)
    cells = b"".join(cell(r, c, v) for r, line in enumerate(rows) for c, v in enumerate(line) if v is not None)
    size = record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    stream = globals_ + record(0x0809, begin[:2] + struct.pack("<H", 0x10) + begin[4:]) + size + cells + record(0x000A)
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    count = len(stream) // 512

    def entry(title, kind, first, length, child=0xFFFFFFFF):
        text = title.encode("utf-16-le") + b"\0\0"
        links = struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
        return (
            text.ljust(64, b"\0")
            + struct.pack("<HBB", len(text), kind, 1)
            + links
            + bytes(36)
            + struct.pack("<IQ", first, length)
        )

    directory = (entry("Root Entry", 5, 0xFFFFFFFE, 0, 1) + entry("Workbook", 2, 2, len(stream))).ljust(512, b"\0")
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + count), 0xFFFFFFFE]
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(512, b"\xff")
    header = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)[:40]
    path.write_bytes(header.ljust(512, b"\xff") + table + directory + stream)
    return path


LOWER = [
    [
        "gwb_code_10",
        "gwb_code_8",
        "regio",
        "gm_naam",
        "recs",
        "gwb_code",
        "ind_wbi",
        "a_inw ",
        "g_woz",
        "p_koopw",
        "g_ink_pi",
    ],
    ["NL00", "00", "Nederland", "Nederland", "Land", "00", ".", 17000000, "216", 56, "24,5"],
    ["GM0513", "0513", "Gouda     ", "Gouda", "Gemeente  ", "0513", ".", "71000", 190.0, 55, "23,1"],
    ["WK051300", "051300", "Kort Haarlem", "Gouda", "Wijk", "051300", "1", 4000, "212,5", "48", "."],
    ["BU05130000", "05130000", "Haven", "Gouda", "Buurt", "05130000", 3, 20, ".", ",", "."],
]
UPPER = [
    ["RECS", "GWB_CODE", "GM_NAAM", "GWB_NAAM", "AANT_INW", "P_00_14_JR", "WONINGEN", "WOZ", "INK_INW", "P_KOOPWON"],
    ["G", "513", "Gouda", "Gouda", 71000, 18, 30000, 190, "12,4", "."],
    ["W", 51300.0, "Gouda", "Kort Haarlem", 4000, 17, 1500, 212, 11.9, "."],
    ["B ", "05130000", "Gouda", "Haven", 20, ".", 4, "x", ".", "."],
]


def as_pages(folder, pages, properties=None):
    """Write pages of OData version 3."""
    folder.mkdir()
    keys = list(BULK)
    rows = [dict(zip(keys, cells, strict=True)) for cells in zip(*BULK.values(), strict=True)]
    for number, chosen in enumerate(pages):
        page = {"odata.metadata": "https://x/ODataApi/OData/84583NED/$metadata#d", "value": [rows[i] for i in chosen]}
        if number + 1 < len(pages):
            page["odata.nextLink"] = f"https://x/?$skip={number}"
        (folder / f"UntypedDataSet_{number}.json").write_text(json.dumps(page))
    if properties is not None:
        (folder / "DataProperties.json").write_text(json.dumps({"value": properties}))
    return folder


MEASURES = [
    {"Identifier": "T001036", "Title": "Aantal inwoners", "Unit": "aantal", "MeasureGroupId": "A"},
    {
        "Identifier": "M001642",
        "Title": "Gemiddelde WOZ-waarde van woningen",
        "Unit": "x 1 000 euro",
        "MeasureGroupId": "W",
    },
    {"Identifier": "1014800_1", "Title": "Koopwoningen", "Unit": "%", "MeasureGroupId": "W"},
    {"Identifier": "X1", "Title": "Huurwoning", "Unit": "kWh", "MeasureGroupId": "E"},
]
AREAS = [
    {"Identifier": "GM0363    ", "Title": "Amsterdam", "DimensionGroupId": "G"},
    {"Identifier": "BU03630000", "Title": "Kop Zeedijk", "DimensionGroupId": "B"},
]
OBSERVED = [
    ("T001036", "GM0363    ", 931000, None, "None"),
    ("M001642", "GM0363    ", 533, None, "None"),
    ("1014800_1", "GM0363    ", 30.0, None, "None"),
    ("X1", "GM0363    ", 2000, None, "None"),
    ("T001036", "BU03630000", 1035, None, "None"),
    ("M001642", "BU03630000", None, None, "Impossible"),
    ("1014800_1", "BU03630000", None, None, "Secret"),
]


def as_observations(folder, kind):
    """Write observations of OData version 4 with their code lists."""
    folder.mkdir()
    rows = [
        {"Id": i, "Measure": m, "ValueAttribute": a, "Value": v, "StringValue": s, "WijkenEnBuurten": area}
        for i, (m, area, v, s, a) in enumerate(OBSERVED)
    ]
    for name, listed in (("Observations", rows), ("MeasureCodes", MEASURES), ("WijkenEnBuurtenCodes", AREAS)):
        if kind == "json":
            (folder / f"{name}.json").write_text(json.dumps({"@odata.context": "x", "value": listed}))
        else:
            table = {key: ["" if one[key] is None else str(one[key]) for one in listed] for key in listed[0]}
            (folder / f"{name}.csv").write_text(as_csv(table), encoding="utf-8")
    return folder


TOWNS = {
    "gwb_code": ["GM9001", "GM9002", "WK900100", "BU90010000", "BU90010001"],
    "recs": ["Gemeente", "Gemeente", "Wijk", "Buurt", "Buurt"],
    "a_inw": [50000, 20000, 8000, 1200, 950],
    "a_00_14": [8000, 3600, 1300, 190, 120],
    "a_hh": [22000, 8500, 3600, 560, 430],
    "a_1p_hh": [8000, 2400, 1400, 210, 160],
    "g_hhgro": [2.2, 2.3, 2.1, 2.1, 2.2],
    "bev_dich": [1000, 250, 2000, 4800, 3100],
    "a_lan_ha": [5000, 8000, 400, 25, 31],
    "a_woning": [22500, 8700, 3700, 570, 440],
    "g_wozbag": [285, 310, 240, 231, 260],
    "p_koopw": [56, 64, 48, 43, 61],
    "p_leegsw": [4, 3, 5, 6, 2],
    "a_inkont": [36000, 14500, 5900, 900, 700],
    "g_ink_pi": [26.1, 27.9, 24.0, 22.8, 25.1],
    "p_ink_li": [40.1, 38.2, 43.0, 45.2, 41.9],
    "a_soz_wb": [1400, 310, 330, 60, 30],
    "g_pau_hh": [1.0, 1.2, 0.8, 0.7, 0.9],
    "ste_oad": [1400, 500, 2100, 2600, 1900],
}


def towns(folder, **changed):
    """Write a spreadsheet of two gemeenten with some columns changed."""
    table = TOWNS | changed
    rows = [list(table), *map(list, zip(*table.values(), strict=True))]
    return as_workbook(folder / "kwb-2020.xlsx", rows, sheet="KWB2020")


def times(name, factor):
    """Return a column of the towns in another unit."""
    return {name: [round(figure * factor, 6) for figure in TOWNS[name]]}


TABLES = {2018: "84286NED", 2019: "84583NED", 2020: "84799NED"}


def bulk(year, rows):
    """Write StatLine's untyped bulk layout: code, inhabitants, dwellings, share owner-occupied."""
    names = ["ID", "WijkenEnBuurten", "Gemeentenaam_1", "SoortRegio_2", "Codering_3"]
    names += ["IndelingswijzigingWijkenEnBuurten_4", "AantalInwoners_5", "Woningvoorraad_34", "Koopwoningen_40"]
    lines = [";".join(f'"{name}"' for name in names)]
    for i, (code, people, dwellings, owned) in enumerate(rows):
        kind = {"GM": "Gemeente", "WK": "Wijk", "BU": "Buurt"}[code[:2]]
        cells = [i, f"{code:10}", f"{'Ergens':40}", f"{kind:10}", f"{code:10}", "1", f"{people:>8}", f"{dwellings:>8}",
                 f"{owned:>8}"]  # fmt: skip
        lines.append(";".join(f'"{cell}"' for cell in cells))
    return "\ufeff" + "\n".join(lines) + "\n"


def write_bulk(raw, year, rows, folder="kwb"):
    (raw / folder / f"key figures {TABLES[year]}.csv").write_text(bulk(year, rows), encoding="utf-8")
