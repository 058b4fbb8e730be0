"""Join the known truth of the synthetic country to results that are already written.

No notebook and no estimator imports this module or reads the file: the truth meets an estimate only here,
after the kernel that made it has ended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def join_truth(estimands: Mapping[str, Mapping[str, Any]], truth_file: Path) -> list[dict[str, Any]]:
    """Return each estimate whose truth is known, beside that truth.

    Parameters
    ----------
    estimands : mapping
        Name of an estimand to ``label, estimate, ci_low, ci_high, unit``.
    truth_file : Path
        JSON with the true value by name; absent for real data.

    Returns
    -------
    list of dict
        One row per estimand with a known truth; ``covered`` says whether the interval holds it.
    """
    if not truth_file.is_file():
        return []
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    return [
        {
            "name": name,
            **estimand,
            "truth": truth[name],
            "covered": _within(truth[name], estimand["ci_low"], estimand["ci_high"]),
        }
        for name, estimand in estimands.items()
        if name in truth
    ]


def _within(value: float, low: float | None, high: float | None) -> bool:
    """Whether an interval exists and holds a value."""
    return low is not None and high is not None and low <= value <= high
