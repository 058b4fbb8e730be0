"""Contracts of the register extracts for persons, with the column names that CBS gives them.

Real extracts exist only inside the closed environment of CBS. Names were seen in public code of researchers who work
there, and in no file; codes and dates follow what that code does with them. A column whose name or codes are a
guess says so in its meaning (``unconfirmed``).
"""

from __future__ import annotations

from collections.abc import Iterable

from buurteffect.schema.contract import Contract, Field

RUNNING = "88888888"
"""Date of the end of what has not ended, in the life cycle of dwellings."""

UNKNOWN_INCOME_EUR = 9_999_999_999
"""Amount that stands for an unknown income."""

NO_AREA = "-" * 4
"""Code of an area in a year in which the dwelling did not exist."""

RECORD_KINDS = ("R",)
OBJECT_KINDS = ("D",)

ORIGIN_CODES = {
    "netherlands": "S00",
    "europe": "S01",
    "west_outside_europe": "S02",
    "morocco": "S11",
    "antilles": "S12",
    "suriname": "S13",
    "turkey": "S14",
    "other_nonwestern": "S19",
}
"""Codes of origin in the synthetic extracts: made up, since the real list of countries was not at hand."""

ACTIVITY_CODES = {
    "11": "employee",
    "21": "unemployment benefit",
    "22": "social assistance",
    "24": "disability benefit",
    "25": "pension",
    "31": "pupil or student without income",
    "32": "other without income",
}

_UNCONFIRMED = "Unconfirmed."


def _text(name: str, meaning: str, *, choices: tuple[str, ...] = (), nullable: bool = False) -> Field:
    """Return a field of text."""
    return Field(name, "text", "-", meaning, name, choices=choices, nullable=nullable)


def _date(name: str, meaning: str) -> Field:
    """Return a field with a date as eight digits."""
    return _text(name, f"{meaning} Date as YYYYMMDD.")


def _person(suffix: str = "", meaning: str = "Person", *, nullable: bool = False) -> tuple[Field, Field]:
    """Return the two fields that name a person."""
    return (
        _text(f"RINPERSOONS{suffix}", "Kind of the record.", choices=RECORD_KINDS, nullable=nullable),
        _text(f"RINPERSOON{suffix}", f"{meaning}; a pseudonym.", nullable=nullable),
    )


_OBJECT = (
    _text("SOORTOBJECTNUMMER", "Kind of the object.", choices=OBJECT_KINDS),
    _text("RINOBJECTNUMMER", "Dwelling; a pseudonym. What is built in its place has another."),
)

GBAPERSOONTAB = Contract(
    "GBAPERSOONTAB",
    "one person",
    ("RINPERSOONS", "RINPERSOON"),
    (
        *_person(),
        _text("GBAGEBOORTEJAAR", "Year of birth, four digits."),
        _text("GBAGESLACHT", "Sex: 1 male, 2 female.", choices=("1", "2")),
        _text(
            "GBAHERKOMSTGROEPERING",
            "Origin, own or of the mother or father; `ORIGIN_CODES` in synthetic extracts.",
            choices=tuple(ORIGIN_CODES.values()),
        ),
    ),
)

GBAADRESOBJECTBUS = Contract(
    "GBAADRESOBJECTBUS",
    "one spell of one person at one dwelling; back-to-back spells at one dwelling are administrative",
    ("RINPERSOONS", "RINPERSOON", "GBADATUMAANVANGADRESHOUDING"),
    (
        *_person(),
        _date("GBADATUMAANVANGADRESHOUDING", "First day; the first of the file for a spell that began before."),
        _date("GBADATUMEINDEADRESHOUDING", "Last day; the last of the file for a spell that goes on."),
        *_OBJECT,
    ),
)

LEVCYCLWOONNIETWOONBUS = Contract(
    "LEVCYCLWOONNIETWOONBUS",
    "one dwelling from completion to demolition",
    ("SOORTOBJECTNUMMER", "RINOBJECTNUMMER"),
    (
        *_OBJECT,
        _date("AANVLEVCYCLWOONNIETWOON", "Completion."),
        _date("EINDLEVCYCLWOONNIETWOON", f"Demolition; {RUNNING} where it stands."),
        _text("VBOBOUWJAAR", "Year of building, four digits."),
    ),
)

KINDOUDERTAB = Contract(
    "KINDOUDERTAB",
    "one child with its parents, as far as known",
    ("RINPERSOONS", "RINPERSOON"),
    (
        *_person(),
        *_person("pa", "Father, or second mother", nullable=True),
        *_person("Ma", "Mother, or second father", nullable=True),
    ),
)

KOPPELPERSOONHUISHOUDEN = Contract(
    "KOPPELPERSOONHUISHOUDEN",
    "one person on 1 January of the year in the file's name, with the main earner of the household",
    ("RINPERSOONS", "RINPERSOON"),
    (*_person(), *_person("HKW", "Main earner of the household")),
)

_AMOUNTS = {
    "INHBESTINKH": "Disposable income of the household.",
    "INHGESTINKH": "Standardised income of the household: disposable, divided by the equivalence factor.",
    "INHBRUTINKH": "Gross income of the household.",
    "INHPRIMINKH": "Primary income of the household.",
}

INHATAB = Contract(
    "INHATAB",
    "one household in the year in the file's name",
    ("RINPERSOONSHKW", "RINPERSOONHKW"),
    (
        *_person("HKW", "Main earner of the household"),
        *(
            Field(name, "integer", "euro, prices of 2021", f"{text} {UNKNOWN_INCOME_EUR} is unknown.", name)
            for name, text in _AMOUNTS.items()
        ),
        _text(
            "INHEHALGR",
            "1 own home, 2 rented without and 3 rented with a rent allowance, 9 unknown.",
            choices=("1", "2", "3", "9"),
        ),
        Field("INHAHL", "integer", "persons", "Members of the household.", "INHAHL", 1),
    ),
)

EIGENDOMWOZTAB = Contract(
    "EIGENDOMWOZTAB",
    "one dwelling on 1 January of the year in the file's name",
    ("SOORTOBJECTNUMMER", "RINOBJECTNUMMER"),
    (
        *_OBJECT,
        _text("VBOEIGENDOM", "E owner-occupied, H rented.", choices=("E", "H")),
        _text(
            "TYPEEIGENAAR",
            f"E owner-occupier, W housing association, O other landlord. {_UNCONFIRMED}",
            choices=("E", "W", "O"),
        ),
        Field("WOZWAARDE", "integer", "euro", f"Assessed value. {_UNCONFIRMED}", "WOZWAARDE", 0),
    ),
)

SPOLISBUS = Contract(
    "SPOLISBUS",
    "one job of one person in the year in the file's name; 2010 and later",
    ("RINPERSOONS", "RINPERSOON", "IKVID"),
    (
        *_person(),
        _text("IKVID", "Job; a number without meaning."),
        _date("SDATUMAANVANGIKO", "First day in the year."),
        _date("SDATUMEINDEIKO", "Last day in the year."),
        Field("SBASISLOON", "number", "euro, prices of 2021", "Basic wage over the days.", "SBASISLOON", 0),
    ),
)

SECMBUS = Contract(
    "SECMBUS",
    "one spell of one person in one socio-economic category",
    ("RINPERSOONS", "RINPERSOON", "AANVSECM"),
    (
        *_person(),
        _date("AANVSECM", "First day."),
        _date("EINDSECM", "Last day."),
        _text("SECM", "Category; see `ACTIVITY_CODES`.", choices=tuple(ACTIVITY_CODES)),
    ),
)

INPATAB = Contract(
    "INPATAB",
    "one person who turned 28 in the year in the file's name",
    ("RINPERSOONS", "RINPERSOON"),
    (
        *_person(),
        Field(
            "INPP100PPERS",
            "integer",
            "hundredth of the country",
            "Group of personal income, 1 the lowest to 100 the highest.",
            "INPP100PPERS",
            1,
            100,
        ),
    ),
)


def vslgwbtab(years: Iterable[int]) -> Contract:
    """Return the contract of the areas of dwellings, which has three columns per year.

    Examples
    --------
    >>> vslgwbtab([2021, 2022]).columns[2:5]
    ['gem2021', 'wc2021', 'bc2021']
    """
    missing = f"{NO_AREA} where the dwelling did not exist."
    return Contract(
        "VSLGWBTAB",
        "one dwelling, with its areas in the division of every year",
        ("SOORTOBJECTNUMMER", "RINOBJECTNUMMER"),
        (
            *_OBJECT,
            *(
                _text(f"{prefix}{year}", f"{what} on 1 January {year}, without prefix; {missing}")
                for year in years
                for prefix, what in (("gem", "Gemeente"), ("wc", "Wijk"), ("bc", "Buurt"))
            ),
        ),
    )


YEARLY_EXTRACTS = (KOPPELPERSOONHUISHOUDEN, INHATAB, EIGENDOMWOZTAB, SPOLISBUS, INPATAB)
"""Extracts with one file per year."""

LASTING_EXTRACTS = (GBAPERSOONTAB, GBAADRESOBJECTBUS, LEVCYCLWOONNIETWOONBUS, KINDOUDERTAB, SECMBUS)
"""Extracts with one file over all years, beside VSLGWBTAB."""


def extract_file(name: str, year: int) -> str:
    """Return where an extract lies, below the folder of the extracts: a folder per extract, a file per year.

    Parameters
    ----------
    name : str
        Name of the extract.
    year : int
        Year of the file; for an extract over all years, the last.

    Examples
    --------
    >>> extract_file("INHATAB", 2012)
    'INHATAB/INHA2012TABV1.parquet'
    """
    stem, kind = (name[:-3], name[-3:]) if name.endswith(("TAB", "BUS")) else (name, "")
    return f"{name}/{stem}{year}{kind}V1.parquet"
