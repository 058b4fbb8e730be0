"""How far the estimators agree with figures computed elsewhere, in sentences."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import Answer


def describe_agreement(table: pd.DataFrame, source: str) -> Answer:
    """Say how many figures agree, and by how much the others differ.

    Parameters
    ----------
    table : DataFrame
        One row per figure: ``estimator, figure, difference, tolerance, met``.
    source : {"synthetic", "open"}
        Source of the build; the figures do not depend on it.
    """
    answer = Answer("n05d", source, "buurt")
    answer.say(
        "{compared:,d} figures of {estimators:d} estimators of R were computed again; {met:,d} agree within their "
        "tolerance.",
        compared=len(table),
        estimators=table["estimator"].nunique(),
        met=int(table["met"].sum()),
    )
    off = table[~table["met"]]
    if len(off):
        answer.say(
            f"the {{off:d}} that do not are of {' and '.join(sorted(off['estimator'].unique()))}, and differ by "
            "{worst:.1e} at most; they are listed with the likely reason, and no tolerance was widened for them.",
            off=len(off),
            worst=float(off["difference"].abs().max()),
        )
    answer.cannot_say(
        "Agreement on one panel shows that two programs compute the same thing, not that it is the right thing to "
        "compute. Whether an estimator finds a planted effect is the question of the scoreboard."
    )
    return answer
