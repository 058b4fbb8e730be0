"""Which estimator of effects on places may be trusted where: the answer of the scoreboard, in sentences."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.estimators.criteria import (
    COVERS,
    FAILS_BELOW,
    MET,
    NAIVE_BELOW,
    NOT_MET,
    REJECTS,
    UNCLEAR,
    compare_with_bounds,
    describe_refusals,
)
from buurteffect.claims.verdict import Answer

PARALLEL, CAUGHT, COVERED, SIZED = "parallel", "caught", "covered", "sized"
CONDITIONS = {
    PARALLEL: f"S6: robust, covers in {COVERS[0]:.0%} to {COVERS[1]:.0%}",
    CAUGHT: f"S0: naive, covers in under {NAIVE_BELOW:.0%}",
    COVERED: f"S0: design fixed in advance, covers in {FAILS_BELOW:.0%} or more",
    SIZED: f"S1: design fixed in advance, rejects in {REJECTS[0]:.0%} to {REJECTS[1]:.0%}",
}
"""Conditions that were set before any estimator was run, in words."""


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
    below = table["coverage"] < FAILS_BELOW
    parts = table.assign(below=below, fails_in=table["scenario"].where(below)).groupby(["label", "kind"], sort=False)
    return parts.agg(
        scenarios_count=("coverage", "count"),
        fails_count=("below", "sum"),
        fails_in=("fails_in", lambda names: ", ".join(names.dropna())),
        lowest=("coverage", "min"),
        highest=("coverage", "max"),
        refuses=("failed_share", "max"),
        stopped=("stopped_share", "max"),
    ).reset_index()


def judge_conditions(table: pd.DataFrame) -> pd.DataFrame:
    """Compare every estimator with the condition that was set for its kind beforehand.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard for one outcome and one clustering: ``scenario, label, kind, documented, seeds,
        failed_share``, and ``coverage`` and ``rejected``, each with ``_low`` and ``_high``.

    Returns
    -------
    DataFrame
        One row is one condition and estimator: ``condition`` (a key of `CONDITIONS`), ``asked`` (in words), ``label``,
        ``share`` (coverage, or the share in which no effect is rejected) with ``share_low, share_high`` (its exact
        binomial band), ``countries`` (with a figure) and ``met``: met if the share lies within the bounds, not told if
        it does not and its band reaches them, else not met.
    """
    naive, robust, fixed = table["kind"] == "naive", table["kind"] == "robust", table["documented"]
    parts = [
        _judged(table[(table["scenario"] == "S6") & robust], PARALLEL, "coverage", COVERS),
        _judged(table[(table["scenario"] == "S0") & naive], CAUGHT, "coverage", (0.0, NAIVE_BELOW)),
        _judged(table[(table["scenario"] == "S0") & fixed], COVERED, "coverage", (FAILS_BELOW, 1.0)),
        _judged(table[(table["scenario"] == "S1") & fixed], SIZED, "rejected", REJECTS),
    ]
    return pd.concat(parts, ignore_index=True)


def _judged(part: pd.DataFrame, name: str, column: str, bounds: tuple[float, float]) -> pd.DataFrame:
    """Return rows of one condition, judged."""
    known = part.dropna(subset=[column])
    return pd.DataFrame(
        {
            "condition": name,
            "asked": CONDITIONS[name],
            "label": known["label"],
            "share": known[column],
            "share_low": known[f"{column}_low"],
            "share_high": known[f"{column}_high"],
            "countries": (known["seeds"] * (1 - known["failed_share"])).round().astype(int),
            "met": compare_with_bounds(known, column, bounds),
        }
    )


def describe_places(table: pd.DataFrame, outcome: str) -> Answer:
    """Say which estimators cover as they should: where trends are parallel, where not, and where nothing is done.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard for one outcome and one clustering, as `failures` and `judge_conditions` take them, with
        ``bias``.
    outcome : str
        The outcome in words.
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
    describe_refusals(answer, table)
    _say_conditions(answer, judge_conditions(table))
    answer.cannot_say(
        "It says how estimators do in countries of this kind, with this many restructured buurten and gemeenten; where "
        "buurten are chosen by something that no published figure shows, none of the adjusted designs is safe."
    )
    answer.cannot_say(
        "The truth is that of each country's own buurten, less what earlier projects elsewhere had done to them by the "
        "year before; intervals are made for buurten that might have been others, and are a little wide for it where "
        "effects differ between buurten."
    )
    return answer


def describe_design(board: pd.DataFrame, outcome: str, estimator: str = "headline") -> Answer:
    """Say how often the intervals of one design held the truth of simulated countries.

    Parameters
    ----------
    board : DataFrame
        The scoreboard: ``scenario, outcome, clusters, estimator, kind, seeds, bias, coverage, rejected``.
    outcome : str
        Outcome as the scoreboard names it.
    estimator : str
        Which estimator.
    """
    answer = Answer("C06", "synthetic", "wijk")
    part = board[(board["outcome"] == outcome) & (board["clusters"] == "gemeente") & (board["estimator"] == estimator)]
    part = part.set_index("scenario")
    if not {"S0", "S1", "S6"} <= set(part.index):
        answer.limits.append("How often this design holds the truth of simulated countries was not scored.")
        return answer
    chosen, nothing, lot = part.loc["S0"], part.loc["S1"], part.loc["S6"]
    answer.say(
        "This design was scored on {countries:d} simulated countries of each kind: where areas are chosen for bad "
        "scores its intervals held the truth in {chosen:.0%}, with a bias of {bias:+.3f}; where they are chosen and "
        "nothing is done it found an effect in {nothing:.0%}; where they are drawn by lot it held the truth in "
        "{lot:.0%}.",
        countries=int(chosen["seeds"]),
        chosen=float(chosen["coverage"]),
        bias=float(chosen["bias"]),
        nothing=float(nothing["rejected"]),
        lot=float(lot["coverage"]),
    )
    if chosen["coverage"] < FAILS_BELOW or nothing["rejected"] > REJECTS[1]:
        answer.say(
            "So it does not deal with the choice of areas: what made them be chosen between two published figures is "
            "not in any of them. That its interval holds the truth of one country is no evidence for it."
        )
    return answer


def _say_parallel(answer: Answer, part: pd.DataFrame) -> None:
    """Say how many robust estimators have their coverage where parallel trends hold."""
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
    naive, others = part[part["kind"] == "naive"], part[~part["kind"].isin(["naive", "two-way"])]
    if naive.empty or others.empty:
        return
    best, worst = others.loc[others["coverage"].idxmax()], naive.loc[naive["bias"].abs().idxmax()]
    answer.say(
        "where they are chosen for low and falling scores (S0), {naive_failing:d} of {naive:d} naive comparisons cover "
        f"in under half; the one with the largest bias is “{worst['label']}”, with {{worst_bias:+.3f}} on average.",
        naive_failing=int((naive["coverage"] < 0.5).sum()),
        naive=len(naive),
        worst_bias=float(worst["bias"]),
    )
    answer.say(
        f"there “{best['label']}” covers most often of the others, in {{best:.1%}} with a bias of {{best_bias:+.4f}}; "
        f"{{holding:d}} of them cover in {FAILS_BELOW:.0%} or more.",
        best=float(best["coverage"]),
        best_bias=float(best["bias"]),
        holding=int((others["coverage"] >= FAILS_BELOW).sum()),
    )
    regressions = part[part["kind"] == "two-way"]
    for place, row in enumerate(regressions.itertuples()):
        answer.say(
            f"“{row.label}” covers in {{two_way_{place}:.1%}} there, with a bias of {{two_way_bias_{place}:+.4f}}.",
            **{f"two_way_{place}": float(row.coverage), f"two_way_bias_{place}": float(row.bias)},
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


def _say_conditions(answer: Answer, table: pd.DataFrame) -> None:
    """Say of each condition that was set beforehand whether it is met, and who does not meet it."""
    for name, words in (
        (PARALLEL, "that robust estimators cover in {0:.0%} to {1:.0%} where trends are parallel"),
        (CAUGHT, f"that naive comparisons cover in under {NAIVE_BELOW:.0%} where buurten are chosen"),
        (COVERED, f"that the design fixed in advance covers in {FAILS_BELOW:.0%} or more there"),
        (SIZED, "that it finds an effect in {2:.0%} to {3:.0%} where nothing is done"),
    ):
        part = table[table["condition"] == name]
        if part.empty:
            continue
        met, unclear = int((part["met"] == MET).sum()), int((part["met"] == UNCLEAR).sum())
        asked, many = words.format(*COVERS, *REJECTS), len(part) > 1
        verdict = _verdict(part)
        if not many:
            share = float(part["share"].iloc[0])
            answer.say(
                f"the condition {asked} is {verdict}: the share is {{{name}_share:.1%}}.", **{f"{name}_share": share}
            )
            continue
        outside = part[part["met"] != MET]
        shares = {f"{name}_{place}": float(share) for place, share in enumerate(outside["share"])}
        who = [f"“{label}” with {{{key}:.1%}}" for label, key in zip(outside["label"], shares, strict=True)]
        others = f"; outside {'is' if len(who) == 1 else 'are'} {', '.join(who)}" if who else ""
        open_ = f", and of {{{name}_unclear:d}} more the number of countries does not tell" if unclear else ""
        answer.say(
            f"the condition {asked} is {verdict}: {{{name}_met:d}} of {{{name}_all:d}} do{open_}{others}.",
            **{f"{name}_met": met, f"{name}_all": len(part), f"{name}_unclear": unclear, **shares},
        )


def _verdict(part: pd.DataFrame) -> str:
    """Return whether a condition is met by all that it is asked of."""
    found = set(part["met"])
    if NOT_MET in found:
        return "not met by all" if MET in found or UNCLEAR in found else NOT_MET
    return "not contradicted" if UNCLEAR in found else MET
