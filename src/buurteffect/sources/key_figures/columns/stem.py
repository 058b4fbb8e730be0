"""Names of columns and units of the key figures, brought to one form so that they can be compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

UNIT_BEHIND = re.compile(r"^(.*\S)\s*\(([^()]*)\)$")
"""A title with something in brackets behind it, which may be its unit."""

_SUFFIX = re.compile(r"_([0-9]+)$")
_UNITS = {
    "": "",
    "aantal": "aantal",
    "absoluut": "aantal",
    "gem.": "aantal",
    "klasse": "code",
    "dichtheid": "per km2",
    "aantal/km2": "per km2",
    "%": "%",
    "x1000euro": "x 1 000 euro",
    "1000euro": "x 1 000 euro",
    "x1000gulden": "x 1 000 gulden",
    "1000gulden": "x 1 000 gulden",
    "euro": "euro",
    "ha": "ha",
    "hectare": "ha",
    "km2": "km2",
    "perkm2": "per km2",
    "aantalperkm2": "per km2",
    "aantalinwonersperkm2": "per km2",
    "adressenperkm2": "per km2",
    "code": "code",
    "naam": "naam",
    "omschrijving": "omschrijving",
    "km": "km",
    "kwh": "kwh",
    "m3": "m3",
    "perhuishouden": "per huishouden",
    "per1000inwoners": "per 1 000 inwoners",
    "getal": "getal",
}


def stem_of(name: str) -> str:
    """Return the stem of a key or title: letters and digits only, without the numeric suffix of a key.

    A key of StatLine is made from its title, so that both have one stem. A key may not begin with a digit
    and gets ``k_`` before it.

    Examples
    --------
    >>> stem_of("k_0Tot15Jaar_8"), stem_of("0 tot 15 jaar")
    ('0tot15jaar', '0tot15jaar')
    >>> stem_of("WmoClienten_89"), stem_of("Wmo-cliënten")
    ('wmoclienten', 'wmoclienten')
    """
    return title_stem(_SUFFIX.sub("", name.strip()))


def title_stem(title: str) -> str:
    """Return the stem of a title or of a name in a spreadsheet, where a number behind ``_`` belongs to the name.

    Examples
    --------
    >>> title_stem("p_hh_110"), title_stem("p_hh_120"), title_stem("k_0Tot15Jaar")
    ('phh110', 'phh120', '0tot15jaar')
    """
    return normalised(title.strip().removeprefix("k_"))


_PLURALS = (
    ("huishoudens", "huishouden"),
    ("personen", "persoon"),
    ("woningen", "woning"),
    ("inwoners", "inwoner"),
    ("ontvangers", "ontvanger"),
    ("inkomens", "inkomen"),
    ("clienten", "client"),
    ("uitkeringen", "uitkering"),
    ("verhuurders", "verhuurder"),
)


def singular(stem: str) -> str:
    """Return a stem with the nouns of the key figures in the singular, as some tables have them.

    Examples
    --------
    >>> singular("huishoudensmetlaaginkomen"), singular("aantalinwoners")
    ('huishoudenmetlaaginkomen', 'aantalinwoner')
    """
    for plural, one in _PLURALS:
        stem = stem.replace(plural, one)
    return stem


@lru_cache(maxsize=10_000)
def normalised(text: str) -> str:
    """Return the letters and digits of a text, in lower case and without accents.

    Examples
    --------
    >>> normalised("Financiële diensten, 2")
    'financielediensten2'
    """
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in plain if c.isascii() and c.isalnum())


def suffix_of(name: str) -> int | None:
    """Return the numeric suffix of a key, or None.

    Examples
    --------
    >>> suffix_of("Nederland_17"), suffix_of("Nederland")
    (17, None)
    """
    found = _SUFFIX.search(name.strip())
    return int(found[1]) if found and len(found[1]) < 7 else None


def unit_of(text: str) -> str:
    """Return a unit in one spelling; a unit that is not known stays as it is, without its blanks.

    Examples
    --------
    >>> unit_of("x 1 000 euro"), unit_of("aantal inwoners per km²"), unit_of("Absoluut")
    ('x 1 000 euro', 'per km2', 'aantal')
    """
    bare = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).casefold())
    return _UNITS.get(bare, bare)


def is_unit(text: str) -> bool:
    """Return whether a text is a unit that is known, and not empty."""
    return unit_of(text) in set(_UNITS.values()) - {""}
