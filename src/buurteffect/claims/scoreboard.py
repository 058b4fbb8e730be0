"""Which estimator may be trusted where: the answer of the scoreboard, in sentences."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import Answer

COVERS = (0.93, 0.97)
"""Bounds within which a 95% interval is said to hold what it promises."""

FAILS_BELOW = 0.90
"""Coverage below which an estimator is said to fail in a scenario."""

REJECTS = (0.03, 0.07)
"""Bounds within which a 5% test is said to have its size."""


def failures(table: pd.DataFrame) -> pd.DataFrame:
    """Say where each estimator fails.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard, one per scenario and estimator (one outcome, one clustering): ``scenario, label, kind,
        coverage, failed_share, stopped_share``.

    Returns
    -------
    DataFrame
        One row per estimator, in the order of the table: ``label, kind``, ``scenarios_count`` with a coverage,
        ``fails_count`` and ``fails_in`` (scenarios with a coverage below `FAILS_BELOW`), ``lowest`` and ``highest``
        coverage, ``refuses`` (largest share of countries without a figure), ``stopped`` (largest share in which it
        says itself that it is no headline).
    """
    rows = []
    for (label, kind), part in table.groupby(["label", "kind"], sort=False):
        below = part.loc[part["coverage"] < FAILS_BELOW, "scenario"]
        rows.append(
            {
                "label": label,
                "kind": kind,
                "scenarios_count": int(part["coverage"].notna().sum()),
                "fails_count": len(below),
                "fails_in": ", ".join(below),
                "lowest": part["coverage"].min(),
                "highest": part["coverage"].max(),
                "refuses": part["failed_share"].max(),
                "stopped": part["stopped_share"].max(),
            }
        )
    return pd.DataFrame(rows)


def describe_scoreboard(table: pd.DataFrame, outcome: str) -> Answer:
    """Say which estimators keep their promises: where trends are parallel, where not, and where nothing is done.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard for one outcome and one clustering, as `failures` takes them, with ``seeds, bias,
        rejected``.
    outcome : str
        The outcome in words.

    Returns
    -------
    Answer
        Sentences, limits and the numbers in them.
    """
    answer = Answer("n05b", "synthetic", "buurt")
    answer.say(
        f"every figure on the {outcome} rests on at least {{seeds:d}} countries in each of {{scenarios:d}} scenarios.",
        seeds=int(table["seeds"].min()),
        scenarios=int(table["scenario"].nunique()),
    )
    _say_parallel(answer, table[table["scenario"] == "S6"].dropna(subset=["coverage"]))
    _say_selected(answer, table[table["scenario"] == "S0"].dropna(subset=["coverage"]))
    _say_placebo(answer, table[table["scenario"] == "S1"].dropna(subset=["coverage"]))
    _say_refused(answer, table)
    answer.cannot_say(
        "It says how estimators do in countries of this kind, with this many restructured buurten and gemeenten; where "
        "buurten are chosen by something that no published figure shows, none of the adjusted designs is safe."
    )
    answer.cannot_say(
        "The truth is that of each country's own buurten; intervals are made for buurten that might have been others, "
        "and are a little wide for it where effects differ between buurten."
    )
    return answer


def _say_parallel(answer: Answer, part: pd.DataFrame) -> None:
    """Say how many robust estimators cover as they promise where parallel trends hold."""
    robust = part[part["kind"] == "robust"]
    if robust.empty:
        return
    low, high = robust.loc[robust["coverage"].idxmin()], robust.loc[robust["coverage"].idxmax()]
    answer.say(
        "where buurten are drawn by lot (S6), {covering:d} of {robust:d} robust estimators cover in "
        f"{COVERS[0]:.0%} to {COVERS[1]:.0%} of countries; the least is {{least:.1%}} ({low['label']}), the most "
        f"{{most:.1%}} ({high['label']}).",
        covering=int(robust["coverage"].between(*COVERS).sum()),
        robust=len(robust),
        least=float(low["coverage"]),
        most=float(high["coverage"]),
    )


def _say_selected(answer: Answer, part: pd.DataFrame) -> None:
    """Say who fails and who does not where buurten are chosen for their scores."""
    naive, others = part[part["kind"] == "naive"], part[part["kind"] != "naive"]
    if naive.empty or others.empty:
        return
    best, worst = others.loc[others["coverage"].idxmax()], naive.loc[naive["bias"].abs().idxmax()]
    answer.say(
        "where they are chosen for low and falling scores (S0), {naive_failing:d} of {naive:d} naive comparisons cover "
        f"in under half; the farthest off is “{worst['label']}”, by {{worst_bias:+.3f}} on average.",
        naive_failing=int((naive["coverage"] < 0.5).sum()),
        naive=len(naive),
        worst_bias=float(worst["bias"]),
    )
    answer.say(
        f"there “{best['label']}” covers best of the others, in {{best:.1%}} with a bias of {{best_bias:+.4f}}; "
        f"{{holding:d}} of them cover in {FAILS_BELOW:.0%} or more.",
        best=float(best["coverage"]),
        best_bias=float(best["bias"]),
        holding=int((others["coverage"] >= FAILS_BELOW).sum()),
    )


def _say_placebo(answer: Answer, part: pd.DataFrame) -> None:
    """Say who finds an effect where nothing is done."""
    if part.empty:
        return
    sized = part[part["rejected"].between(*REJECTS)]
    best = part.loc[(part["rejected"] - 0.05).abs().idxmin()]
    answer.say(
        "where projects are registered and nothing is done (S1), {sized:d} of {placebo:d} estimators find an effect in "
        f"{REJECTS[0]:.0%} to {REJECTS[1]:.0%} of countries; nearest to what a 5% test promises is “{best['label']}”, "
        "with {placebo_best:.1%}.",
        sized=len(sized),
        placebo=len(part),
        placebo_best=float(best["rejected"]),
    )


def _say_refused(answer: Answer, table: pd.DataFrame) -> None:
    """Say who refuses most."""
    most = table.loc[table["failed_share"].idxmax()]
    if most["failed_share"] > 0:
        answer.say(
            f"“{most['label']}” has no figure in {{refused:.0%}} of the countries of {most['scenario']}, the largest "
            "share; countries without a figure count in no other column.",
            refused=float(most["failed_share"]),
        )
