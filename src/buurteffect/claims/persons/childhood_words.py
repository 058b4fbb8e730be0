"""What the page on neighbourhoods and chances says beside its verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

import numpy as np
import pandas as pd

from buurteffect.claims.persons.childhood import NAMED_REGIONS
from buurteffect.claims.verdict import Answer, TypographicFloat, with_interval
from buurteffect.estimate.childhood.reflection import ALONE, CONTEXT, RANDOM, TRAITS
from buurteffect.estimate.childhood.shrinkage import Signal
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.inference.power import minimum_detectable_effect
from buurteffect.estimate.inference.wald import JointTest

HUNDREDTHS_SD = 100 / np.sqrt(12)
"""Standard deviation of the percentiles of a whole population."""

VERSIONS, COMPARED_ON = 8, 32
"""Versions of the movers' regression that were compared before the headline was chosen, and on how many countries."""

POOLED, STAYS = "now; year effects", "now; stay in one dwelling, and year"
LAGGED = {
    "one": "one year before; person, year and place",
    "five": "five years before; person, year and place",
    "past": "mean of the five years before; person, year and place",
}

_LEVEL = "buurt"
_CHILDHOOD_ENDS = 17


def effects_in_words(frame: pd.DataFrame, column: str = "term", spec: str = ".1f") -> str:
    """Return effects (``estimate, ci_low, ci_high``, named by `column`) in words, for whoever cannot see a figure.

    Examples
    --------
    >>> effects_in_words(pd.DataFrame({"term": ["1–3"], "estimate": [1.44], "ci_low": [-1.0], "ci_high": [4.0]}))
    '1–3: 1.4 [−1.0, 4.0].'
    """
    ends = [[TypographicFloat(value) for value in frame[name]] for name in ("estimate", "ci_low", "ci_high")]
    rows = zip(frame[column], *ends, strict=True)
    said = [f"{name}: {at:{spec}} [{low:{spec}}, {high:{spec}}]" for name, at, low, high in rows]
    return "; ".join(said) + "."


def simulated_designs() -> pd.DataFrame:
    """Return how the designs did in simulated countries of the default size, numbered 1 to 40; one row per design.

    Children came with their exposures and parents' incomes as they truly were, before anything is published.
    """
    with (
        resources.files("buurteffect.claims.persons").joinpath("movers_simulations.csv").open(encoding="utf-8") as lines
    ):
        return pd.read_csv(lines)


def joint_tests(tests: Mapping[str, JointTest]) -> pd.DataFrame:
    """Return joint tests as a table: one row per test, ``term, statistic, restrictions, p_value``.

    A test that was refused has a row of missing values.
    """
    rows = [
        {"term": name}
        | ({each: getattr(test, each) for each in ("statistic", "restrictions", "p_value")} if test else {})
        for name, test in tests.items()
    ]
    return pd.DataFrame(rows, columns=["term", "statistic", "restrictions", "p_value"])


def regions_table(signal: Signal, named: EffectEstimate) -> pd.DataFrame:
    """Return how far regions differ: ``term, estimate, ci_low, ci_high``, in points of rank.

    The standard deviation of the means of `rank_by_gemeente` as they are and without their noise (`shrunken`), then the
    rows of `named_regions`.
    """
    spread = pd.DataFrame(
        {
            "term": ["SD of the means as they are", "SD of the true means"],
            "estimate": [signal.spread, signal.sd],
            "ci_low": [np.nan, signal.sd_low],
            "ci_high": [np.nan, signal.sd_high],
        }
    )
    rows = named.frame[list(spread)].assign(term=[f"{words}, less others" for words in NAMED_REGIONS.values()])
    return pd.concat([spread, rows], ignore_index=True)


def describe_simulated(source: str) -> Answer:
    """Say how the designs did in the simulated countries on which they were chosen."""
    table = simulated_designs().set_index("design")
    bias, error = table["mean"] - table["truth"], table["error_sd"] / np.sqrt(table["countries_count"])
    held, given = table["covered_count"], "exposure given the parents' income"
    answer = Answer("n09", source, _LEVEL)
    answer.say(
        "In {countries:d} simulated countries of the default size, with a planted slope of {truth:.2f}, movers find "
        "{movers:.3f} too much on average (error of the simulation {movers_error:.3f}): a small upward bias, of "
        "{movers_share:.0%} of the slope, that more countries do not remove. Siblings are off by {siblings:.3f} "
        "({siblings_error:.3f}), both together by {both:.3f} ({both_error:.3f}), children compared with the parents' "
        "income held fixed by {naive:.3f} ({naive_error:.3f}).",
        countries=float(table["countries_count"].iloc[0]),
        truth=table["truth"].iloc[0],
        movers=bias["movers"],
        movers_error=error["movers"],
        movers_share=bias["movers"] / table["truth"].iloc[0],
        siblings=bias["siblings"],
        siblings_error=error["siblings"],
        both=bias["both together"],
        both_error=error["both together"],
        naive=bias[given],
        naive_error=error[given],
    )
    answer.say(
        "the intervals of movers hold the slope in {movers_held:d} of them, those of siblings in {siblings_held:d}, of "
        "both together in {both_held:d}, and of children compared, parents' income held fixed, in {naive_held:d}.",
        movers_held=float(held["movers"]),
        siblings_held=float(held["siblings"]),
        both_held=float(held["both together"]),
        naive_held=float(held[given]),
    )
    answer.say(
        "{versions:d} versions of the movers' regression were compared on {compared:d} of these countries.",
        versions=float(VERSIONS),
        compared=float(COMPARED_ON),
    )
    answer.cannot_say(
        "The ages and controls of the movers' design were chosen on these countries, and children came with their "
        "exposure as it truly was: a design fixed beforehand, on registers as published, would hardly do better."
    )
    return answer


def describe_ranks(spread: float, source: str) -> Answer:
    """Say how far the adult ranks of the children spread, against ranks of a whole population."""
    answer = Answer("n09", source, _LEVEL)
    answer.say(
        "Adult ranks have a standard deviation of {spread:.1f} points among these children; percentiles of a whole "
        "population have one of {whole:.1f}. A slope in points weighs more where ranks spread less.",
        spread=spread,
        whole=float(HUNDREDTHS_SD),
    )
    if source == "synthetic":
        answer.say(
            "a slope of {planted:.2f} points a year is planted {place}, on ranks from {bottom:d} to {top:d}. It was "
            "chosen with a small noise of ranks, so that one country can show it, and says nothing about any other.",
            planted=simulated_designs()["truth"].iloc[0],
            bottom=0.0,
            top=100.0,
        )
    return answer


def describe_windows(
    windows: EffectEstimate, equal: JointTest, curve: EffectEstimate, linear: JointTest, later: JointTest, source: str
) -> Answer:
    """Say whether a year counts the same at all ages and shares, and what is found at ages where nothing can act.

    From `slopes_by_age` (`windows`, `equal`) and `nonlinear_slope` (`curve`, `linear`); `later` is the test that the
    slopes of the windows after childhood are zero.
    """
    answer = Answer("n09", source, _LEVEL)
    answer.say(
        "Between siblings, a test that a year does the same at every age of childhood has p = {equal:.2f}; a test that "
        "ten points do the same at every share of low incomes, without a threshold, has p = {linear:.2f}. Changes of "
        "the slope at one share would have been found four times in five only from {least:.1f} points of rank a year "
        "on: thresholds of a size that matters cannot be seen here.",
        equal=equal.p_value,
        linear=linear.p_value,
        least=min(minimum_detectable_effect(e, degrees=curve.degrees) for e in curve.frame["std_error"]),
    )
    rows = windows.frame
    after = rows[[int(str(term).split("–")[0]) > _CHILDHOOD_ENDS for term in rows["term"]]]
    found = effects_in_words(after, spec=".3f").rstrip(".")
    answer.say(
        f"after childhood no year of the parents' place can act on the child. There the same regression finds {found}; "
        "a test that all of these are zero has p = {later:.3f}, and "
        "{outside:d} of {windows:d} intervals leave zero out.",
        later=later.p_value,
        outside=float(((after["ci_low"] > 0) | (after["ci_high"] < 0)).sum()),
        windows=float(len(after)),
    )
    answer.cannot_say(
        "A test that finds nothing is no proof of sameness. An interval after childhood that leaves zero out is a mark "
        "against the comparison of siblings, or chance: one in twenty does without any cause."
    )
    return answer


def describe_reflection(means: EffectEstimate, panel: EffectEstimate, source: str) -> Answer:
    """Say what regressions on neighbours' incomes find, and why that is no effect."""
    answer = Answer("n09", source, _LEVEL)
    found = means.frame.set_index("term")
    answer.say(
        "A household whose neighbours' log incomes are one higher has one {alone:.2f} higher itself {place}, "
        "{given:.2f} with its own traits held fixed and {context:.2f} with those of its neighbours as well. With "
        "neighbours drawn by lot it is {lot:.2f} [{lot_low:.2f}, {lot_high:.2f}]; leaving a household with a high "
        "income out lowers the mean of the others, so that a little below zero is expected there, and less than "
        "{lot_least:.2f} would have been missed more than once in five.",
        alone=found["estimate"][ALONE],
        given=found["estimate"][TRAITS],
        context=found["estimate"][CONTEXT],
        lot=found["estimate"][RANDOM],
        lot_low=found["ci_low"][RANDOM],
        lot_high=found["ci_high"][RANDOM],
        lot_least=minimum_detectable_effect(float(found["std_error"][RANDOM]), degrees=means.degrees),
    )
    rows = panel.frame.set_index("term")
    stay = rows.loc[STAYS]
    answer.say(
        "over the years, ten points more low incomes around go with {pooled:.3f} of log income between persons and "
        "{stay:.3f} [{stay_low:.3f}, {stay_high:.3f}] while a person stays in one dwelling, where {stay_least:.3f} "
        "would have been found four times in five.",
        pooled=rows["estimate"][POOLED],
        **with_interval("stay", stay),
        stay_least=minimum_detectable_effect(float(stay["std_error"]), degrees=panel.degrees),
    )
    lags = {name: rows.loc[label] for name, label in LAGGED.items()}
    answer.say(
        "with effects of persons, years and places, ten points more in the past go with {one:.3f} [{one_low:.3f}, "
        "{one_high:.3f}] of log income after one year, {five:.3f} [{five_low:.3f}, {five_high:.3f}] after five, and "
        "{past:.3f} [{past_low:.3f}, {past_high:.3f}] for the mean of five years.",
        **{name: row["estimate"] for name, row in lags.items()},
        **{f"{name}_low": row["ci_low"] for name, row in lags.items()},
        **{f"{name}_high": row["ci_high"] for name, row in lags.items()},
    )
    answer.cannot_say(
        "None of these figures is an effect of neighbours. Who lives together was not drawn by lot, and with means on "
        "both sides an effect of incomes, an effect of what neighbours share and likeness come to the same."
    )
    answer.cannot_say(
        "Effects of persons and places do not help against moves that follow an income: who moves to a poorer place in "
        "a bad year and earns more again later makes poverty before look like a gain."
    )
    return answer
