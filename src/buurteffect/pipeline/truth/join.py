"""Join the known truth of the synthetic country to results that are already written.

No notebook and no estimator imports this module or reads the file: the truth meets an estimate only here,
after the kernel that made it has ended.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_BY_COHORT = re.compile(
    r"att_(?P<low>\d+)_(?P<high>\d+)_(?P<since>since_before_)?(?P<outcome>[a-z0-9_]+)"
    r"_cohorts_(?P<first>\d{4})_(?P<last>\d{4})",
    re.ASCII,
)
_PLACE, _SINCE = "place.parquet", "since_before_"


def join_truth(estimands: Mapping[str, Mapping[str, Any]], truth_file: Path) -> list[dict[str, Any]]:
    """Return each estimate whose truth is known, beside that truth.

    Parameters
    ----------
    estimands : mapping
        Name of an estimand to ``label, estimate, ci_low, ci_high, unit``. What follows an ``@`` in a name tells
        estimates of one truth apart: ``att_6_9_log_woz@imputation``. ``att_6_9_log_woz_cohorts_2004_2012`` is the
        mean effect over event times 6 to 9 of the cohorts of these years, every treated buurt and event time counting
        once; with ``since_before_`` in front of the outcome, less what the effect already was at event time −1.
    truth_file : Path
        JSON with the true value by name, beside which ``place.parquet`` holds effects by cohort and event time;
        absent for real data.

    Returns
    -------
    list of dict
        One row per estimand with a known truth; ``covered`` says whether the interval holds it, None without a finite
        interval. Where the truth is that since the year before the start, ``truth_without_policy`` is that against a
        country without any policy, which differs by what other projects had done to treated areas by then, and
        ``covered_without_policy`` whether the interval holds it; both None elsewhere.
    """
    if not truth_file.is_file():
        return []
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    rows = []
    for name, estimand in estimands.items():
        asked, place = name.split("@")[0], truth_file.parent / _PLACE
        value = _true_value(asked, truth, place)
        if value is None:
            continue
        ends = estimand["ci_low"], estimand["ci_high"]
        other = _true_value(asked.replace(_SINCE, ""), truth, place) if _SINCE in asked else None
        row = {"name": name, **estimand, "truth": value, "covered": _within(value, *ends)}
        held = None if other is None else _within(other, *ends)
        rows.append(row | {"truth_without_policy": other, "covered_without_policy": held})
    return rows


def _true_value(name: str, truth: Mapping[str, float], place: Path) -> float | None:
    """Return the true value of a name, None where there is none."""
    if name in truth:
        return truth[name]
    match = _BY_COHORT.fullmatch(name)
    if match is None or not place.is_file():
        return None
    effects = pd.read_parquet(place)
    cells = effects[
        (effects["outcome"] == match["outcome"])
        & effects["event_time"].between(int(match["low"]), int(match["high"]))
        & effects["cohort"].between(int(match["first"]), int(match["last"]))
    ]
    column = "effect_since_before" if match["since"] else "effect"
    if cells.empty or column not in cells:
        return None
    return float(np.average(cells[column], weights=cells["buurten"]))


def _within(value: float, low: float | None, high: float | None) -> bool | None:
    """Whether an interval holds a value; None where it has no finite ends, so that it says nothing."""
    return None if low is None or high is None else low <= value <= high
