"""The table inside a version 3 scores file: from text fields to numbers that have been checked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema import DEVIATION_REFERENCE, DIMENSIONS_3, LIVEABILITY, WAVES_3
from buurteffect.sources.areacode import check_codes
from buurteffect.sources.columns import check_columns, nearest
from buurteffect.sources.filename import check_named_years
from buurteffect.sources.identity import SLIP_SCORE, check_complete, check_sum, decimals_in, weigh_slips
from buurteffect.sources.rawfile import FETCH_AGAIN, PUBLISHED, shown
from buurteffect.sources.reason import reasons_by_year
from buurteffect.sources.records import Records
from buurteffect.sources.saved_again import whole_codes, with_points

LEVEL_KEYS = {"buurt": ("bu_code", "bu_naam"), "wijk": ("wk_code", "wk_naam"), "pc4": ("PC4",)}
"""Columns that name the area, code first, per level."""

SCORES = {"lbm": "liveability_score", "afw": "liveability_deviation_score", **DIMENSIONS_3}
"""Names of the scores in the file and in the table."""

REFERENCE_TOLERANCE = 1e-6
"""For ``lbm − afw = DEVIATION_REFERENCE``. The reference is stated to six decimals, so that up to 5e-7 is
its own rounding, and this is the next power of ten; every known row differs by one constant, 1.49e-7."""

SUM_TOLERANCE = 1e-9
"""For ``afw = fys + onv + soc + vrz + won``. Known files differ by at most 1.1e-15, the error of adding
numbers of 15 digits. In a file that was saved again with fewer decimals every number is off by up to half a unit of
the last, which is then what the identities are held to."""

FEWEST_DECIMALS = 3
"""Fewest decimals of a file that is read: with three, rounding is below a hundredth of the variance of a change."""

WIDEST_DEVIATION = 4.0
"""Largest plausible ``afw`` or dimension in absolute value, about five times the largest known one (0.79)."""

_BINARY = 1 + 1e-6  # what binary fractions add to a sum of rounded decimals
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_MISSING = "NA"


def level_of(header: tuple[str, ...], origin: str) -> str:
    """Return the level that a header's key columns name.

    Raises
    ------
    DataError
        If there is no key column of a level that is read here.
    """
    for level, keys in LEVEL_KEYS.items():
        if keys[0] in header:
            return level
    near = nearest(header[0], [keys[0] for keys in LEVEL_KEYS.values()], cutoff=0.8)
    raise DataError(
        origin,
        line=1,
        column=header[0][:60],
        found="no column with the code of an area of a known level",
        expected="; or ".join(", ".join(keys) for keys in LEVEL_KEYS.values()) + ", then jaar and the scores",
        action=f"did you mean {near!r}? {PUBLISHED.capitalize()}"
        if near
        else "give a file of scores by buurt, wijk or PC4, and leave out those of other areas; if it is a web page or "
        f"another table, {FETCH_AGAIN}",
    )


def score_table(records: Records) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
    """Return the scores of a version 3 file as the table `LIVEABILITY`, in the file's order, their level, and notes.

    Parameters
    ----------
    records : Records
        The file's header and fields.

    Returns
    -------
    frame : DataFrame, shape (rows, 19)
        One row is one area in one wave; scores in LBM points.
    level : {"buurt", "wijk", "pc4"}
        Kind of area.
    notes : tuple of str
        What is to be told of the file: decimals that were lost, rows that do not quite add up.

    Raises
    ------
    DataError
        On anything that `leefbaarometer3.read_scores` lists, with line and column.
    """
    origin = records.lines.origin
    level = level_of(records.header, origin)
    keys = LEVEL_KEYS[level]
    check_columns(records.header, [*keys, "jaar", *SCORES], origin)
    codes = pd.Series(whole_codes(records.column(keys[0]), level, keys[0], records.lines), dtype="str")
    check_codes(codes, level, records.lines, keys[0])
    years = _years(records)
    twins = list(zip(codes, years, strict=True))
    records.lines.refuse_twins(twins, column=keys[0], expected="every area once in a year", action=PUBLISHED)
    raw = pd.DataFrame({name: _scores(records, name) for name in SCORES})
    notes = _check_scores(raw, records)
    names = records.column(keys[1]) if len(keys) > 1 else [""] * len(codes)
    frame = pd.DataFrame(
        {
            "area_code": codes,
            # Untrusted text, kept as it is; an area without a name loses nothing but a label.
            "area_name": pd.Series([None if name in ("", _MISSING) else name for name in names], dtype="str"),
            "level": pd.Series([level] * len(codes), dtype="str"),
            "year": years,
        }
    )
    for source, name in SCORES.items():
        frame[name] = raw[source]
        frame[f"{name}_missing"] = reasons_by_year(raw[source].isna().to_numpy(), years)
    return LIVEABILITY.check(frame, origin), level, notes


def _years(records: Records) -> pd.Series:
    """Return the wave of each row."""
    texts = pd.Series(records.column("jaar"), dtype="str")
    waves = {str(wave): wave for wave in WAVES_3}
    records.lines.refuse(
        ~texts.isin(list(waves)),
        lambda row: f"the year {shown(texts.iloc[row])}",
        column="jaar",
        expected=f"a wave of the Leefbaarometer: {', '.join(waves)}",
        action="mend the year if it is a slip; a wave that was published later needs a later version of buurteffect: "
        "until then take its rows out of a copy of the file",
    )
    years = texts.astype("int64")
    check_named_years(years, records.lines, "jaar")
    return years


def _scores(records: Records, column: str) -> npt.NDArray[np.float64]:
    """Return one column of scores, NaN where the file says NA."""
    texts = pd.Series(with_points(records.column(column), column, records.lines), dtype="str")
    missing = (texts == _MISSING).to_numpy(dtype=bool)
    readable = texts.str.fullmatch(_NUMBER).to_numpy(dtype=bool)
    records.lines.refuse(
        ~(missing | readable),
        lambda row: _unreadable(texts.iloc[row]),
        column=column,
        expected=f"a number with a decimal point, or {_MISSING}",
        action=PUBLISHED,
    )
    values = np.full(len(texts), np.nan)
    values[readable] = texts[readable].to_numpy(dtype=object).astype(np.float64)
    middle = DEVIATION_REFERENCE if column == "lbm" else 0.0
    records.lines.refuse(
        np.abs(values - middle) > WIDEST_DEVIATION,
        lambda row: f"the score {values[row]:g}",
        column=column,
        expected=f"a score from {middle - WIDEST_DEVIATION:g} to {middle + WIDEST_DEVIATION:g}",
        action=f"a lost decimal point or a shifted column gives such values: {PUBLISHED}",
    )
    return values


def _unreadable(text: str) -> str:
    """Say what stands where a number should."""
    if not text:
        return "an empty field"
    comma = text.count(",") == 1 and "." not in text
    return f"the text {shown(text)}" + (", a decimal comma" if comma else "")


def _check_scores(raw: pd.DataFrame, records: Records) -> tuple[str, ...]:
    """Check the identities between the scores of each row; return what is to be told of the file."""
    lines = records.lines
    lbm, afw = raw["lbm"].to_numpy(), raw["afw"].to_numpy()
    lines.refuse(
        np.isnan(lbm) != np.isnan(afw),
        lambda row: "afw without lbm" if np.isnan(lbm[row]) else "lbm without afw",
        column="lbm, afw",
        expected="both of them or neither: they are one score on two scales",
        action=PUBLISHED,
    )
    check_complete(raw, lines, "afw", list(DIMENSIONS_3))
    decimals = decimals_in(text for name in SCORES for text in records.column(name))
    if decimals < FEWEST_DECIMALS and not np.isnan(lbm).all():  # a file without any score has no decimals to lose
        raise DataError(
            lines.origin,
            column="lbm, afw",
            found=f"scores with {decimals} decimals",
            expected=f"at least {FEWEST_DECIMALS}: the publisher gives about fifteen",
            action="use the publisher's own file, or save it again with all of its decimals",
        )
    unit = 0.5 * 10.0**-decimals
    within = max(REFERENCE_TOLERANCE, 2 * unit + REFERENCE_TOLERANCE)
    slips = weigh_slips(
        np.abs(lbm - afw - DEVIATION_REFERENCE),
        lines,
        rounding=within,
        slight=SLIP_SCORE,
        few=1,
        found=lambda row: f"lbm − afw = {lbm[row] - afw[row]:.9f}",
        column="lbm, afw",
        expected=f"lbm − afw = {DEVIATION_REFERENCE} in every row, to within {within:g}",
        action=f"{PUBLISHED}; another reference means another version of the instrument, whose scores cannot stand "
        "beside these",
    )
    slips += check_sum(raw, lines, "afw", list(DIMENSIONS_3), max(SUM_TOLERANCE, 6 * unit * _BINARY))
    lost = f"its scores have {decimals} decimals, so that they hold to each other within {6 * unit:g}"
    return (*((lost,) if 6 * unit > SUM_TOLERANCE else ()), *((slips.words,) if slips.found else ()))
