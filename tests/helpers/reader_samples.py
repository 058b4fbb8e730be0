"""A good file for every reader of separated text, how it is read, and where it is meant to differ from the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from mutations import Expectation, Sample
from raw_tables import STOCK_COLUMNS

from buurteffect.sources import read_focus_areas, read_growth_centres, read_housing_stock, read_scores, read_ses_woa
from buurteffect.sources.geography.addresses import read_addresses
from buurteffect.sources.geography.crosswalk import read_crosswalk
from buurteffect.sources.tables.projects import read_projects


@dataclass(frozen=True)
class Reading:
    """What a reader gives: its table in an order of its own, and the number of rows that it accounts for."""

    frame: pd.DataFrame
    rows_count: int


@dataclass(frozen=True)
class Reader:
    """A reader with a good file.

    `codes` is the column of its table with the codes, in the form that `coded` gives those of the file; None where
    rows are left out on purpose. `comments` says whether lines that begin with # are comments. `unlike` holds what
    differs by design, with the reason beside it.
    """

    name: str
    sample: Sample
    read: Callable[[Path], Reading]
    codes: str | None
    coded: Callable[[str], str] = str
    file: str = "areas.csv"
    comments: bool = False
    unlike: Mapping[str, Expectation] = field(default_factory=dict)


SAVED_AGAIN: Mapping[str, Expectation] = {
    "UTF-16": "same",
    "latin-1": "either",
    "another separator in all lines": "either",  # a name may hold the mark
    "header in capitals": "same",
    "NaN in a number": "either",  # nothing, as software of statistics writes it
    "decimal comma in one cell": "either",
    "separator at the end of every line": "same",  # an empty column at the right, which spreadsheets save
}
"""What `sources.saved_again` undoes: what other programs do to a table."""


def _scores(path: Path) -> Reading:
    file = read_scores(path)
    return Reading(file.frame, file.rows_count)


def _ses_woa(path: Path) -> Reading:
    file = read_ses_woa(path)
    return Reading(file.frame, file.rows_count)


def _crosswalk(path: Path) -> Reading:
    frame = read_crosswalk(path).frame
    return Reading(frame, len(frame))


def _addresses(path: Path) -> Reading:
    frame = read_addresses(path).frame.astype({"pc6": "str", "buurt_code": "str"})
    return Reading(frame, len(frame))


def _projects(path: Path) -> Reading:
    register = read_projects(path)
    return Reading(register.frame, register.rows_count)


def _growth_centres(path: Path) -> Reading:
    found = read_growth_centres(path)
    return Reading(found.frame, found.rows_count)


def _focus_areas(path: Path) -> Reading:
    found = read_focus_areas(path)
    return Reading(found.frame, found.rows_count)


def _housing_stock(path: Path) -> Reading:
    table = read_housing_stock(path)
    return Reading(table.frame, len(table.frame) + sum(table.left_out.values()))


SCORES = Reader(
    "Leefbaarometer 3",
    Sample(
        ("wk_code", "wk_naam", "jaar", "lbm", "afw", "fys", "onv", "soc", "vrz", "won"),
        (
            ("WK001400", "Centrum", "2014", "4.212265", "0.11", "0.02", "-0.11", "-0.04", "0.22", "0.02"),
            ("WK001400", "Centrum", "2018", "4.202265", "0.1", "0.05", "0.05", "0.0", "0.0", "0.0"),
            ("WK001401", "Oud, Zuid", "2014", "4.002265", "-0.1", "-0.02", "-0.11", "-0.04", "0.09", "-0.02"),
            ("WK001401", "Oud, Zuid", "2018", "NA", "NA", "NA", "NA", "NA", "NA", "NA"),
            ("WK0363AB", "Kop", "2018", "4.202265", "0.1", "0.05", "0.05", "0.0", "0.0", "0.0"),
        ),
        ",",
        code="wk_code",
        count="jaar",
        number="lbm",
        text="wk_naam",
    ),
    _scores,
    "area_code",
    unlike={
        **SAVED_AGAIN,
        "column too many": "same",  # columns that people put beside the publisher's are left out, and named
        "column without a name": "same",
    },
)

SES_WOA = Reader(
    "SES-WOA",
    Sample(
        (
            "Perioden",
            "Wijken en buurten",
            "Regiocode (gemeente, wijk, buurt) (code)",
            "Particuliere huishoudens (Aantal)",
            "Opleidingsniveau/Laag/Waarde (%)",
            "Opleidingsniveau/Middelbaar/Waarde (%)",
            "Opleidingsniveau/Hoog/Waarde (%)",
            "SES-WOA/Totaalscore/Gemiddelde score (Getal)",
            "Spreiding/Spreiding totaal/Waarde (Getal)",
        ),
        (
            ("2019", "Stad", "GM0001    ", "   12300", "    20.8", "    29.8", "    49.5", "  -0.100", "   1.010"),
            ("2019", "Oost", "WK000101  ", "     200", "    50.0", "    25.0", "    25.0", "   0.647", "   0.459"),
            ("2019", "Haven", "BU00010100", "       0", "       .", "       .", "       .", "       .", "       ."),
            ("2020", "Haven", "BU00010100", "     300", "       .", "       .", "       .", "       x", "       ."),
        ),
        ";",
        code="Regiocode (gemeente, wijk, buurt) (code)",
        count="Particuliere huishoudens (Aantal)",
        number="SES-WOA/Totaalscore/Gemiddelde score (Getal)",
        text="Wijken en buurten",
    ),
    _ses_woa,
    "area_code",
    unlike={
        **SAVED_AGAIN,
        "column too many": "same",  # an export has the subjects that somebody chose; others are listed as left out
        "column without a name": "either",
        "no column of counts": "either",  # households are a subject like any other
    },
)

CROSSWALK = Reader(
    "crosswalk",
    Sample(
        ("year_from", "year_to", "source", "target", "n_addresses"),
        (
            ("2016", "2017", "000900", "000900", "2441"),
            ("2016", "2017", "000900", "000901", "1"),
            ("2016", "2017", "000901", "000901", "609"),
            ("2017", "2018", "000901", "0009AB", "600"),
        ),
        ",",
        code="source",
        count="n_addresses",
        number="n_addresses",
        text=None,
    ),
    _crosswalk,
    "source_code",
    coded=lambda code: code if code.startswith("WK") else f"WK{code}",
    unlike={**SAVED_AGAIN, "another separator in all lines": "same"},  # fields are separated by a comma or a semicolon
)

ADDRESSES = Reader(
    "addresses",
    Sample(
        ("PC6", "Huisnummer", "Buurt2020", "Wijk2020", "Gemeente2020"),
        (
            ("1011AB", "1", "3630000", "36300", "363"),
            ("1011AB", "2", "3630001", "36300", "363"),
            ("1012XY", "30", "0363AB10", "0363AB", "0363"),
            ("3071AA", "1234", "5991234", "59912", "599"),
        ),
        ",",
        code="Buurt2020",
        count="Huisnummer",
        number="Huisnummer",
        text=None,
    ),
    _addresses,
    "buurt_code",
    coded=lambda code: "BU" + (code.zfill(8) if code.isdigit() else code.upper()),
    unlike={
        "another separator in all lines": "same",  # fields are separated by a comma or a semicolon
        "header in capitals": "same",
        "row twice": "either",  # two dwellings at one number are two rows
        "code cut": "either",  # a code without its leading zeros may be short
        "code with a sign too many": "either",  # for the same reason; whatever it is, it has to lie in its wijk
        "another separator in one line": "refused",
    },
)

PROJECTS = Reader(
    "project register",
    Sample(
        (
            "project_id",
            "area_code",
            "code_year",
            "announce",
            "start",
            "end",
            "demolished_social",
            "built_owner",
            "built_social",
            "built_private_rent",
            "programme",
            "source",
        ),
        (
            (
                "zuid-1",
                "BU05991234",
                "2010",
                "2007-06-15",
                "2009",
                "2013-11-01",
                "120",
                "90",
                "0",
                "",
                "vogelaar_40",
                "r",
            ),
            ("zuid-2", "WK059901", "2010", "", "2010", "", "10", "30", "5", "1", "vogelaar_40", "Report, p. 4"),
            ("west-1", "BU0363AB10", "2023", "", "2022-01-31", "", "", "12", "5", "1", "vogelaar_40", "Letter"),
        ),
        ",",
        code="area_code",
        count="built_owner",
        number="built_owner",
        text="source",
    ),
    _projects,
    "area_code",
    file="projects.csv",
    comments=True,
    unlike={
        **SAVED_AGAIN,
        "empty line between rows": "same",  # a register is kept by hand: empty lines and comments are allowed
    },
)

GROWTH_CENTRES = Reader(
    "growth centres",
    Sample(
        ("place", "gm_code", "status"),
        (
            ("Almere", "GM0034", "confirmed"),
            ("Zoetermeer", "GM0637", "confirmed"),
            ("Capelle", "GM0502", "unconfirmed"),
        ),
        ",",
        code="gm_code",
        count="status",
        number="status",
        text="place",
    ),
    _growth_centres,
    "gemeente_code",
    unlike=SAVED_AGAIN,
)

FOCUS_AREAS = Reader(
    "focus areas",
    Sample(
        ("gm_code_2016", "gemeente", "focus_area", "source"),
        (
            ("GM0363", "Amsterdam", "Zuidoost", "list of 2022"),
            ("GM0363", "Amsterdam", "Nieuw-West", "list of 2022"),
            ("GM0599", "Rotterdam", "Zuid", "list of 2022"),
        ),
        ",",
        code="gm_code_2016",
        count="gm_code_2016",
        number="gm_code_2016",
        text="source",
    ),
    _focus_areas,
    "gemeente_code",
    unlike=SAVED_AGAIN,
)

HOUSING_STOCK = Reader(
    "housing stock",
    Sample(
        tuple(STOCK_COLUMNS),
        (
            ("0", "A045364", "GM0363", "2012JJ00", "  1000", "  50", "  10", "  30", "   5", "  -2", "  23", "  1023"),
            ("1", "A045364", "GM0363", "2013JJ00", "  1023", "   0", "   0", "   0", "   0", "   0", "   0", "  1023"),
            ("2", "A045364", "GM1921", "2013JJ00", "     .", "   .", "   .", "   .", "   .", "   .", "   .", "     ."),
            ("3", "A045364", "NL01  ", "2012JJ00", "  9000", "   1", "   0", "   0", "   0", "   0", "   1", "  9001"),
        ),
        ";",
        code="RegioS",
        count="BeginstandVoorraad_1",
        number="Nieuwbouw_2",
        text=None,
    ),
    _housing_stock,
    None,
    unlike={
        **SAVED_AGAIN,
        "column too many": "same",  # columns that are no part of the account are listed as left out
        "column without a name": "either",
        "code cut": "refused",
    },
)

READERS = (SCORES, SES_WOA, CROSSWALK, ADDRESSES, PROJECTS, GROWTH_CENTRES, FOCUS_AREAS, HOUSING_STOCK)
