"""The liveability panel: one row per area and wave.

Where several files hold the same level, the one with the most rows is taken whole. The others are never
merged into it, since a later release may revise earlier waves; they are listed in the ledger, and what they
share with the file that was taken is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from buurteffect.schema import LEVELS, PANEL
from buurteffect.sources import ScoreFile

LEDGER_COLUMNS = ["level", "file", "rows_in", "rows_out", "rows_left_out", "reason"]
_CODE_LENGTH = {"buurt": 10, "wijk": 8}


@dataclass(frozen=True)
class LevelPanel:
    """The panel of one level.

    Attributes
    ----------
    frame : DataFrame
        One row per area and wave, as `schema.PANEL` says.
    ledger : DataFrame
        One row per file and reason; ``rows_in = rows_out + rows_left_out`` for each file.
    agreement : DataFrame
        One row per file that was left out: rows it shares with the file that was taken, and the largest
        difference in the score between the two, in LBM points.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame
    agreement: pd.DataFrame


def assemble_levels(files: Sequence[ScoreFile], gemeente_groups: pd.DataFrame) -> dict[str, LevelPanel]:
    """Return the panel of every level that `files` hold.

    Parameters
    ----------
    files : sequence of ScoreFile
        Scores as read, in any order.
    gemeente_groups : DataFrame
        One row per gemeente with ``gemeente_code`` and ``city_group``.

    Returns
    -------
    dict of str to LevelPanel
        By level: ``buurt``, ``wijk``, ``pc4``.
    """
    return {
        level: _assemble(level, [f for f in files if f.level == level], gemeente_groups)
        for level in LEVELS
        if any(f.level == level for f in files)
    }


def _assemble(level: str, files: list[ScoreFile], gemeente_groups: pd.DataFrame) -> LevelPanel:
    """Take the fullest file of a level and account for the others."""
    taken, *others = sorted(files, key=lambda f: (-len(f.frame), f.origin))
    frame = taken.frame.copy()
    frame["gemeente_code"] = gemeente_of(frame["area_code"], level)
    frame["city_group"] = city_group_of(frame["gemeente_code"], gemeente_groups)
    frame = PANEL.check(frame.sort_values(["area_code", "year"], ignore_index=True), taken.origin)
    note = "; ".join(("taken", *taken.notes))
    rows = [(level, taken.origin, len(taken.frame), len(frame), len(taken.frame) - len(frame), note)]
    rows += [
        (level, other.origin, len(other.frame), 0, len(other.frame), f"the same level in full: {taken.origin}")
        for other in others
    ]
    return LevelPanel(
        frame, pd.DataFrame(rows, columns=LEDGER_COLUMNS), pd.DataFrame([_compare(taken, other) for other in others])
    )


def gemeente_of(area_code: pd.Series, level: str) -> pd.Series:
    """Return the gemeente that a buurt's or wijk's code names, missing for a postcode.

    Examples
    --------
    >>> gemeente_of(pd.Series(["WK036300"]), "wijk").tolist()
    ['GM0363']
    """
    if level not in _CODE_LENGTH:
        return pd.Series([None] * len(area_code), index=area_code.index, dtype="str")
    return ("GM" + area_code.str[2:6]).astype("str")


def city_group_of(gemeente_code: pd.Series, gemeente_groups: pd.DataFrame) -> pd.Series:
    """Return the group of every gemeente: ``other`` where the list names none, ``unknown`` without a gemeente.

    Examples
    --------
    >>> groups = pd.DataFrame({"gemeente_code": ["GM0363"], "city_group": ["four_largest"]})
    >>> city_group_of(pd.Series(["GM0363", "GM0014", None], dtype="str"), groups).tolist()
    ['four_largest', 'other', 'unknown']
    """
    groups = gemeente_groups.set_index("gemeente_code")["city_group"]
    known = gemeente_code.map(groups).fillna("other")
    return known.where(gemeente_code.notna(), "unknown").astype("str")


def _compare(taken: ScoreFile, other: ScoreFile) -> dict[str, object]:
    """Compare the scores that two files of one level share."""
    key = ["area_code", "year"]
    both = taken.frame[[*key, "liveability_score"]].merge(
        other.frame[[*key, "liveability_score"]], on=key, suffixes=("_taken", "_other"), validate="one_to_one"
    )
    difference = (both["liveability_score_taken"] - both["liveability_score_other"]).abs().max()
    return {
        "level": taken.level,
        "file": other.origin,
        "rows": len(other.frame),
        "rows_shared": len(both),
        "largest_difference_score": float(difference) if len(both) else None,
    }
