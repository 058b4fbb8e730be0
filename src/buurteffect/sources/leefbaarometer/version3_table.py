"""The table inside a version 3 scores file: from text fields to numbers that have been checked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema import (
    DEVIATION_REFERENCE,
    DIMENSIONS_3,
    LIVEABILITY,
    WAVES_3,
    WAVES_WITH_DIMENSIONS_3,
    MissingReason,
)
from buurteffect.sources.fields.area_code import check_codes
from buurteffect.sources.fields.missing_reason import reason_column, reasons_by_year
from buurteffect.sources.fields.sum_checks import SLIP_SCORE, check_complete, check_slips, check_sum, decimals_in
from buurteffect.sources.files.columns import check_columns, nearest
from buurteffect.sources.files.delimited import Records
from buurteffect.sources.files.rawfile import FETCH_AGAIN, PUBLISHED, shown
from buurteffect.sources.files.years_in_name import check_named_years
from buurteffect.sources.spreadsheets.saved_again import whole_codes, with_points

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

_TOTALS = ("lbm", "afw")
_BESIDE = {"gm_code", "gm_naam", "gm_name", "gemeente", "gemeentenaam", "gemeentecode"}  # added, and no slip of a key
_LISTED = 8
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
    if levels := [level for level, keys in LEVEL_KEYS.items() if keys[0] in header]:
        return levels[0]
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


def _level_of_rows(records: Records) -> str:
    """Return the level whose codes name the rows, where codes of other areas may stand beside them.

    A buurt lies in one wijk, so that the code of its wijk repeats. A postcode lies in no one wijk or buurt.
    """
    first = level_of(records.header, records.lines.origin)
    jaar = records.column("jaar") if "jaar" in records.header else [""] * len(records.rows)
    once = []
    for level, keys in LEVEL_KEYS.items():
        if keys[0] in records.header:
            rows = list(zip(records.column(keys[0]), jaar, strict=True))
            once += [level] if len(set(rows)) == len(rows) else []
    if "pc4" in once and len(once) > 1:
        raise DataError(
            records.lines.origin,
            line=1,
            column=", ".join(LEVEL_KEYS[level][0] for level in once),
            found="two columns of codes that each name every row of a wave once",
            expected="the code of one kind of area, that of the scores",
            action="take the column out that was put beside the publisher's",
        )
    return once[0] if once else first


def _columns_of(records: Records, level: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the columns of a file that are read, and what is to be told of those that are not and those that lack.

    The name of an area, one of the two totals, and the five dimensions together may be left out of a file.
    """
    header, (key, *name) = records.header, LEVEL_KEYS[level]
    known = [key, *name, "jaar", *SCORES]
    lacking = [each for each in known if each not in header]
    extra = [each for each in header if each not in known]
    beside = {each for keys in LEVEL_KEYS.values() for each in keys} | _BESIDE
    slips = [each for each in extra if each not in beside and nearest(each, lacking)]
    meant = {nearest(each, lacking) for each in slips}
    spared = [*name] if name and name[0] in lacking else []
    spared += list(DIMENSIONS_3) if set(DIMENSIONS_3) <= set(lacking) else []
    totals = [each for each in _TOTALS if each in lacking]
    spared += totals if len(totals) == 1 else []
    wanted = [each for each in known if each not in spared or each in meant]
    check_columns([each for each in header if each in known or each in slips], wanted, records.lines.origin)
    notes = []
    if extra:
        more = f" and {len(extra) - _LISTED:,} more" if len(extra) > _LISTED else ""
        listed = ", ".join(map(shown, extra[:_LISTED]))
        notes.append(
            f"{len(extra)} column{' that is' if len(extra) == 1 else 's that are'} not the publisher's "
            f"{'is' if len(extra) == 1 else 'are'} left out: {listed}{more}"
        )
    if name and name[0] in spared:
        notes.append(f"it has no column {name[0]}: the code of an area stands for its name")
    if len(totals) == 1:
        other = next(each for each in _TOTALS if each != totals[0])
        notes.append(f"it has no column {totals[0]}, which follows from {other} by the reference {DEVIATION_REFERENCE}")
    if "fys" in spared:
        notes.append("it has no columns of the dimensions")
    return wanted, tuple(notes)


def score_table(records: Records) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
    """Return the scores of a version 3 file as the table `LIVEABILITY`, in the file's order, their level, and notes.

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
    level = _level_of_rows(records)
    keys = LEVEL_KEYS[level]
    columns, told = _columns_of(records, level)
    codes = pd.Series(whole_codes(records.column(keys[0]), level, keys[0], records.lines), dtype="str")
    check_codes(codes, level, records.lines, keys[0])
    years, lacked = _years(records)
    twins = list(zip(codes, years, strict=True))
    records.lines.refuse_twins(twins, column=keys[0], expected="every area once in a year")
    raw = pd.DataFrame({name: _scores(records, name) for name in SCORES if name in columns})
    if "lbm" not in raw:
        raw["lbm"] = raw["afw"] + DEVIATION_REFERENCE
    if "afw" not in raw:
        raw["afw"] = raw["lbm"] - DEVIATION_REFERENCE
    notes = _check_scores(raw.reindex(columns=list(SCORES)), records)
    names = [""] * len(codes)
    if len(keys) > 1:
        names = records.column(keys[1]) if keys[1] in columns else list(codes)
    frame = pd.DataFrame(
        {
            "area_code": codes,
            # Untrusted text, kept as it is; an area without a name loses nothing but a label.
            "area_name": pd.Series([None if name in ("", _MISSING) else name for name in names], dtype="str"),
            "level": pd.Series([level] * len(codes), dtype="str"),
            "year": years,
        }
    )
    published = years.isin(WAVES_WITH_DIMENSIONS_3).to_numpy()
    not_in_file = np.where(published, MissingReason.NOT_IN_FILE, MissingReason.NOT_IN_YEAR).astype(object)
    for source, name in SCORES.items():
        known = source in raw
        frame[name] = raw[source] if known else np.nan
        missing = frame[name].isna().to_numpy()
        frame[f"{name}_missing"] = reasons_by_year(missing, years) if known else reason_column(missing, not_in_file)
    return LIVEABILITY.check(frame, origin), level, (*told, *lacked, *notes)


def _years(records: Records) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the wave of each row, and a note on waves that the file's name covers and no row has."""
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
    return years, check_named_years(years, records.lines, "jaar", WAVES_3)


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
    )
    check_complete(raw, lines, "afw", list(DIMENSIONS_3))
    decimals = decimals_in(text for name in SCORES if name in records.header for text in records.column(name))
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
    slips = check_slips(
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
