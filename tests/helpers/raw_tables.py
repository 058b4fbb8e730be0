"""Small raw tables of each source in the layouts of their publishers, and ways to put them into a folder."""

from __future__ import annotations

from pathlib import Path

from statline_server import Row, v3_table

from buurteffect.sources.http.client import Settings
from buurteffect.sources.statline.fetch import fetch_table
from buurteffect.sources.statline.store import StoredTable
from buurteffect.sources.tables.projects import COLUMNS

SCORE_HEADER = "wk_code,wk_naam,jaar,lbm,afw,fys,onv,soc,vrz,won\n"


def score_row(code, year, score, name="Centrum"):
    return f"{code},{name},{year},{score},{round(score - 4.102265, 12)},NA,NA,NA,NA,NA\n"


SCORES = SCORE_HEADER + score_row("WK036300", 2002, 4.1) + score_row("WK036300", 2012, 4.2)
SCORES_FILE = "leefbaarometer3/wijken 2002-2012.csv"


def put(raw: Path, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def put_scores(raw: Path) -> None:
    put(raw, SCORES_FILE, SCORES)


SES_HEADER = [
    "Perioden",
    "Wijken en buurten",
    "Regiocode (gemeente, wijk, buurt) (code)",
    "Particuliere huishoudens (Aantal)",
    "Opleidingsniveau/Laag/Waarde (%)",
    "Opleidingsniveau/Middelbaar/Waarde (%)",
    "Opleidingsniveau/Hoog/Waarde (%)",
    "SES-WOA/Totaalscore/Gemiddelde score (Getal)",
    "Spreiding/Spreiding totaal/Waarde (Getal)",
]
SES_ROWS = [
    ["2019", "Stad", "GM0001    ", "   12300", "    20.8", "    29.8", "    49.5", "  -0.100", "   1.010"],
    ["2019", "Oost; e.o.", "WK000101  ", "     100", "    50.0", "    25.0", "    25.0", "   0.647", "   0.459"],
    ["2019", "Haven", "BU00010100", "       0", "       .", "       .", "       .", "       .", "       ."],
    ["2019", "Zuid", "BU0001AB10", "     100", "       .", "       .", "       .", "       .", "       ."],
    ["2019", "Noord", "BU00010102", "    1400", "       .", "       .", "       .", "       x", "       ."],
]


def ses_text(rows: list[list[str]], header: list[str] = SES_HEADER, bom: str = "\ufeff", end: str = "\n") -> str:
    return bom + "".join(";".join(f'"{cell}"' for cell in row) + end for row in [header, *rows])


SES_ODATA = {"ID": 0, "WijkenEnBuurten": "WK000101  ", "Perioden": "2021JJ00", "ParticuliereHuishoudens_6": 100}
# The columns of 81955NED; figures invented.
STOCK_COLUMNS = [
    "ID",
    "Gebruiksfunctie",
    "RegioS",
    "Perioden",
    "BeginstandVoorraad_1",
    "Nieuwbouw_2",
    "OverigeToevoeging_3",
    "Sloop_4",
    "OverigeOnttrekking_5",
    "Correctie_6",
    "SaldoVoorraad_7",
    "EindstandVoorraad_8",
]
STOCK_FIGURES: list[tuple[str, str, str, list[int | None]]] = [
    ("A045364", "GM0363", "2012JJ00", [1000, 50, 10, 30, 5, -2, 23, 1023]),
    ("A045364", "GM0363", "2013JJ00", [1023, 0, 0, 0, 0, 0, 0, 1023]),
    ("A045364", "GM1921", "2013JJ00", [None] * 8),
    ("A045364", "GM0363", "2012MM01", [1000, 1, 0, 0, 0, 0, 1, 1001]),
    ("A045364", "NL01", "2012JJ00", [9000, 1, 0, 0, 0, 0, 1, 9001]),
    ("A045375", "GM0363", "2012JJ00", [70, 1, 0, 0, 0, 0, 1, 71]),
]
StockRows = list[dict[str, object]]


def typed_stock(figures: list[tuple[str, str, str, list[int | None]]] = STOCK_FIGURES) -> StockRows:
    return [
        dict(zip(STOCK_COLUMNS, [n, f"{use:<8}", f"{region:<6}", period, *values], strict=True))
        for n, (use, region, period, values) in enumerate(figures)
    ]


def untyped_stock(figures: list[tuple[str, str, str, list[int | None]]] = STOCK_FIGURES) -> StockRows:
    return [
        {k: v if k in STOCK_COLUMNS[:4] else f"{'.' if v is None else v:>8}" for k, v in row.items()}
        for row in typed_stock(figures)
    ]


def put_stock(folder: Path, rows: StockRows) -> Path:
    path = folder / "81955NED.csv"
    lines = [";".join(f'"{name}"' for name in rows[0])]
    lines += [";".join("" if v is None else f'"{v}"' for v in row.values()) for row in rows]
    path.write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    return path


def stock_text(rows, columns=STOCK_COLUMNS):
    return ";".join(columns) + "\n" + "".join(";".join(map(str, row)) + "\n" for row in rows)


def stock_row(gemeente, year, opening, new):
    return (0, "A045364", gemeente, f"{year}JJ00", opening, new, 0, 0, 0, 0, new, opening + new)


PROJECT = {
    "project_id": "zuid-1",
    "area_code": "BU05991234",
    "code_year": "2010",
    "announce": "2007-06-15",
    "start": "2009",
    "end": "2013-11-01",
    "demolished_social": "120",
    "built_owner": "90",
    "built_social": "0",
    "built_private_rent": "",
    "programme": "vogelaar_40",
    "source": '"Annual report 2013, p. 41"',
}


def project_text(*projects: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> str:
    return "\n".join([",".join(columns), *(",".join(p[name] for name in columns) for p in projects)]) + "\n"


def described_areas(area: str = "Regio", sort: str = "Dimension") -> list[Row]:
    return [
        {"ID": 0, "Type": sort, "Key": area},
        {"ID": 1, "Type": "Dimension", "Key": "Leeftijd"},
        {"ID": 2, "Type": "TimeDimension", "Key": "Perioden"},
        {"ID": 3, "Type": "TopicGroup", "Key": "", "Title": "Wonen", "ParentID": None},
        {"ID": 4, "Type": "TopicGroup", "Key": "", "Title": "Woningen", "ParentID": 3},
        {
            "ID": 5,
            "Type": "Topic",
            "Key": "Koopwoningen_1",
            "Title": "Koop",
            "Unit": "%",
            "ParentID": 4,
            "Datatype": "Float",
        },
        {"ID": 6, "Type": "Topic", "Key": "Naam_2", "Title": "Naam", "Unit": "", "ParentID": 3, "Datatype": "String"},
    ]


def area_figures() -> list[Row]:
    cells = [("1", "2005JJ00", "    12.5"), ("2", "2005JJ00", "       ."), ("1", "2006KW01", "     1.0")]
    return [
        {
            "ID": n,
            "Regio": f"W{code}    ",
            "Leeftijd": "T1  ",
            "Perioden": period,
            "Koopwoningen_1": value,
            "Naam_2": "a",
        }
        for n, (code, period, value) in enumerate(cells)
    ]


def priority_table(folder: Path, **sets: list[Row]) -> StoredTable:
    held = {
        "DataProperties": described_areas(),
        "UntypedDataSet": area_figures(),
        "Regio": [{"Key": "W1    ", "Title": "Kolenkit"}, {"Key": "W2    ", "Title": "Klarendal"}],
        "Leeftijd": [{"Key": "T1  ", "Title": "Totaal"}],
        "Perioden": [{"Key": "2005JJ00", "Title": "2005"}],
    }
    quick = Settings(progress=False)
    with v3_table(sets=held | sets) as server:
        return fetch_table("71718ned", folder, service=server.v3, pause_seconds=0.0, settings=quick, say=lambda _: None)


# A buurt of 8 houses gives 6 of them to another wijk in 2017, and lies in another gemeente from 2019.
STREET = {2016: ["03630000"] * 8, 2017: ["03630000"] * 2 + ["03630100"] * 6, 2019: ["03940000"] * 2 + ["03940100"] * 6}
STREET_HEADERS = {
    2016: "pc6;huisnummer;gwb2016_code;wijkcode;gemeentecode",
    2017: "PC6;Huisnummer;Buurt2017;Wijk2017;Gem2017",
    2019: '"PC6","Huisnummer","Buurt2019","Wijk2019","Gemeente2019"',
}


def street(year: int, codes: list[str] | None = None) -> str:
    """Return the file of a year; codes are numbers without their first zeros."""
    mark = "," if "," in STREET_HEADERS[year] else ";"
    rows = [
        mark.join(("1011AB", str(number), str(int(code)), str(int(code[:6])), str(int(code[:4]))))
        for number, code in enumerate(codes or STREET[year], start=1)
    ]
    return "\n".join([STREET_HEADERS[year], *rows]) + "\n"
