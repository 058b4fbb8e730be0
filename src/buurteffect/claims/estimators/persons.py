"""Which estimator of persons may be trusted where: the answer of their scoreboard, in sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.claims.estimators.criteria import (
    COVERS,
    FAILS_BELOW,
    MET,
    NOT_MET,
    UNCLEAR,
    compare_with_bounds,
    describe_refusals,
)
from buurteffect.claims.verdict import Answer

FAILS, HOLDS = "fails, as it should", "does not fail"
"""A comparison whose assumptions are broken covers clearly too seldom; covers often enough nonetheless."""

OWN_INCOME = "own income, years 1–8"
"""Estimator of which the scoreboard also says how often it finds nothing, or something."""

_BOUNDS = f"{COVERS[0]:.0%} to {COVERS[1]:.0%}"


def judge_coverage(table: pd.DataFrame) -> pd.DataFrame:
    """Compare every estimator with the condition set beforehand: coverage of 93% to 97% where its assumptions hold.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard, one per scenario and estimator: ``valid, coverage, coverage_low, coverage_high``.

    Returns
    -------
    DataFrame
        The rows with a coverage, and ``judgement``. Of estimators whose assumptions hold: met if the coverage lies
        within the bounds, cannot be told if it does not and its binomial band reaches them, else not met. Of others:
        fails if the band lies below the bounds, does not fail if it lies at 90% or above, else it cannot be told.
    """
    known = table[table["coverage"].notna()]
    low, high = known["coverage_low"], known["coverage_high"]
    broken = np.select([high < COVERS[0], low >= FAILS_BELOW], [FAILS, HOLDS], UNCLEAR)
    held = compare_with_bounds(known, "coverage", COVERS)
    return known.assign(judgement=np.where(known["valid"].astype(bool), held, broken))


def describe_persons(table: pd.DataFrame) -> Answer:
    """Say which estimators of persons cover as they should, which do not, and what the number of countries leaves open.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard: ``scenario, estimator, label, valid, seeds, scored, failed_share, bias, bias_mc_error,
        coverage, coverage_low, coverage_high, rejected, equivalent_share``.
    """
    answer = Answer("n10b", "synthetic", "buurt")
    most, least = int(table["seeds"].max()), int(table["seeds"].min())
    countries, errors = "{least:d} to {most:d}", "{least_mc_error:.1%} to {most_mc_error:.1%}"
    if least == most:
        countries, errors = "{least:d}", "{least_mc_error:.1%}"
    answer.say(
        f"figures rest on {countries} countries in each of {{scenarios:d}} scenarios; a coverage of 95% has a Monte "
        f"Carlo error of {errors} with so many.",
        least=least,
        most=most,
        scenarios=int(table["scenario"].nunique()),
        least_mc_error=float(np.sqrt(0.95 * 0.05 / least)),
        most_mc_error=float(np.sqrt(0.95 * 0.05 / most)),
    )
    rows = judge_coverage(table)
    _say_condition(answer, rows[rows["valid"].astype(bool)])
    for scenario, part in rows.groupby("scenario", sort=False):
        _say_scenario(answer, str(scenario), part)
    _say_broken(answer, rows[~rows["valid"].astype(bool)])
    _say_own_income(answer, rows[rows["estimator"] == OWN_INCOME].set_index("scenario"))
    describe_refusals(answer, table)
    answer.cannot_say(
        "These countries have more buurten than the one of the other pages, and far smaller ones: figures of single "
        "buurten are rougher, and there are fewer residents, movers and children. It says how estimators do there."
    )
    answer.cannot_say(
        "Where assumptions hold was argued from how countries are made, before these were drawn, but with other "
        "countries in sight; the arguments are printed, and where one is wrong its rows are held to the wrong "
        "condition."
    )
    answer.cannot_say(
        "Each coverage has a band of its own: one in twenty misses by chance. The scenarios share their "
        "seeds, so that a country that is unlucky in one of them is likely to be so in the others."
    )
    answer.cannot_say(
        "Several estimators were chosen while their truth was in sight, on other countries (other seeds) than these."
    )
    return answer


def _say_condition(answer: Answer, rows: pd.DataFrame) -> None:
    """Say whether the condition is met by all whose assumptions hold."""
    found = rows["judgement"]
    verdict = MET
    if (found == NOT_MET).any():
        verdict = "not met by all"
    elif (found == UNCLEAR).any():
        verdict = "not contradicted, and not shown either"
    answer.say(
        f"the condition that intervals hold the truth in {_BOUNDS} of countries wherever an estimator's assumptions "
        f"hold is {verdict}: of {{asked:d}} coverages {{met:d}} lie within the bounds, of {{unclear:d}} the number of "
        "countries does not tell, and {not_met:d} lie outside by more than that.",
        asked=len(rows),
        met=int((found == MET).sum()),
        unclear=int((found == UNCLEAR).sum()),
        not_met=int((found == NOT_MET).sum()),
    )


def _say_scenario(answer: Answer, scenario: str, part: pd.DataFrame) -> None:
    """Name the estimators that fail in one scenario although their assumptions hold."""
    off = part[(part["judgement"] == NOT_MET) & part["valid"].astype(bool)].sort_values("coverage", kind="stable")
    if off.empty:
        answer.say(f"{scenario}: no estimator is shown to cover too seldom or too often.")
        return
    shares = {f"{scenario}_{place}": float(share) for place, share in enumerate(off["coverage"])}
    biases = {f"{scenario}_bias_{place}": float(bias) for place, bias in enumerate(off["bias"])}
    who = [
        f"“{label}” with {{{share}:.0%}} (bias {{{bias}:+.3f}})"
        for label, share, bias in zip(off["label"], shares, biases, strict=True)
    ]
    answer.say(f"{scenario}: outside the bounds are {', '.join(who)}.", **shares, **biases)


def _say_broken(answer: Answer, rows: pd.DataFrame) -> None:
    """Say whether comparisons whose assumptions are broken are seen to fail."""
    if rows.empty:
        return
    found = rows["judgement"]
    answer.say(
        "of {broken:d} coverages of comparisons that are there to be seen failing {failing:d} do fail, {holding:d} do "
        "not, and of {untold:d} the number of countries does not tell.",
        broken=len(rows),
        failing=int((found == FAILS).sum()),
        holding=int((found == HOLDS).sum()),
        untold=int((found == UNCLEAR).sum()),
    )


def _say_own_income(answer: Answer, rows: pd.DataFrame) -> None:
    """Say how often residents' own income is found to be unmoved, or moved."""
    if not {"S0", "S2"} <= set(rows.index):
        return
    answer.say(
        "by the mean effect of years 1–8 residents' own income is shown to be as good as unmoved in {unmoved:.0%} of "
        "the countries in which it is unmoved (S0), and an effect on it is found in {moved:.0%} of those in which it "
        "rises by 1% (S2), against {feigned:.0%} of those in which it does not; the steady effect, which finds smaller "
        "ones, is told of apart.",
        unmoved=float(rows.loc["S0", "equivalent_share"]),
        moved=float(rows.loc["S2", "rejected"]),
        feigned=float(rows.loc["S0", "rejected"]),
    )
