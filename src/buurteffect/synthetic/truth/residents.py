"""What is true of those who lived in a buurt the year before its restructuring, by name; from each cohort's branch."""

from __future__ import annotations

import numpy as np
import pandas as pd

WINDOWS = {"mean": (1, 8), "near": (1, 4), "late": (5, 8)}
"""Years after 1 January of g − 1 over which effects on own income are averaged."""

RETENTION_HORIZON = 7


def resident_truth(people: pd.DataFrame) -> dict[str, float]:
    """Return true effects on sitting residents, over all cohorts, every household and year once.

    From `Truth.people`; empty where that has no rows.

    Returns
    -------
    dict of str to float
        ``residents_own_log_income_mean``, ``_near`` and ``_late``: effect on the log income of the same households
        over `WINDOWS`; ``residents_retention_wijk_<third>``: effect on the share that still lives in the wijk
        `RETENTION_HORIZON` years later, by third of income then and for all.
    """
    if people.empty:
        return {}
    every = people[people["tercile"] == "all"]
    found = {}
    for name, (low, high) in WINDOWS.items():
        rows = every[every["horizon"].between(low, high) & (every["households"] > 0)]
        if len(rows):
            found[f"residents_own_log_income_{name}"] = float(
                np.average(rows["own_log_income"], weights=rows["households"])
            )
    late = people[(people["horizon"] == RETENTION_HORIZON) & (people["households"] > 0)]
    for third, rows in late.groupby("tercile"):
        effect = np.average(rows["excess_exit_wijk"], weights=rows["households"])
        found[f"residents_retention_wijk_{third}"] = -float(effect)
    return found
