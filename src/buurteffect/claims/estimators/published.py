"""Which design of n05's headline may be trusted on published data: the rule, and what its scoreboard says of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from buurteffect.claims.estimators.criteria import COVERS, REJECTS, compare_with_bounds
from buurteffect.claims.verdict import Answer

SINCE, WHOLE = "since the year before the start", "against no policy at all"
"""The two truths that a headline is held against, in words."""

BRACKET, BOUNDS = "bracket", "bounds"
"""Designs of the scoreboard that may be a headline, narrowest first: the bracket of the two designs, and the bounds
that also allow for as much selection again on what was not known."""

CONDITIONS = (
    ("S0", "coverage", (COVERS[0], 1.0), f"S0, chosen for bad scores: holds the truth in {COVERS[0]:.0%} or more"),
    ("S6", "coverage", (COVERS[0], 1.0), f"S6, drawn by lot: holds the truth in {COVERS[0]:.0%} or more"),
    ("S1", "rejected", (0.0, REJECTS[1]), f"S1, nothing done: finds an effect in {REJECTS[1]:.0%} or less"),
)
"""Scenario, figure, bounds and words of the conditions that a headline has to meet."""

_TRUTHS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        SINCE: {"coverage": "coverage", "rejected": "rejected"},
        WHOLE: {"coverage": "coverage_whole", "rejected": "rejected"},
    }
)


def judge_headline(board: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Hold every design of an outcome to the conditions of a headline.

    Parameters
    ----------
    board : DataFrame
        The scoreboard of the headline: ``scenario, outcome, design, label, seeds``, and ``coverage, coverage_whole,
        rejected``, each with its exact band (``_low``, ``_high``).
    outcome : str
        Outcome as the scoreboard names it.

    Returns
    -------
    DataFrame
        One row per design, truth (`SINCE`, `WHOLE`) and condition that was scored: ``design, label, against, asked,
        share, share_low, share_high, countries, met``. Met if the share lies within the bounds; cannot be told if it
        does not, but its band reaches them; else not met.
    """
    part, rows = board[board["outcome"] == outcome], []
    for against, columns in _TRUTHS.items():
        for scenario, figure, bounds, asked in CONDITIONS:
            column = columns[figure]
            found = part[part["scenario"] == scenario]
            met = compare_with_bounds(found, column, bounds)
            shares = {"share": column, "share_low": f"{column}_low", "share_high": f"{column}_high"}
            figures = {name: found[source] for name, source in shares.items()}
            named = {"against": against, "asked": asked, "countries": found["seeds"], "met": met}
            rows.append(found[["design", "label"]].assign(**named, **figures))
    order = list(dict.fromkeys(part["design"]))
    return (
        pd.concat(rows)
        .sort_values("design", key=lambda names: names.map(order.index), kind="stable")[
            ["design", "label", "against", "asked", "share", "share_low", "share_high", "countries", "met"]
        ]
        .reset_index(drop=True)
    )


def headline_passes(board: pd.DataFrame, outcome: str, design: str = BRACKET, against: str = SINCE) -> bool:
    """Return whether a design may be the headline of an outcome: whether it meets all of `CONDITIONS`.

    Coverage is at least 93% in S0 and S6, and no more than 7% reject in S1. The shares themselves are asked, over
    countries that had no part in choosing the design; their bands are printed
    beside them. A design that was not scored in all three scenarios does not pass.
    """
    part = board[(board["outcome"] == outcome) & (board["design"] == design)].set_index("scenario")
    return all(
        scenario in part.index and bounds[0] <= part.loc[scenario, _TRUTHS[against][figure]] <= bounds[1]
        for scenario, figure, bounds, _ in CONDITIONS
    )


def headline_design(board: pd.DataFrame, outcome: str) -> str:
    """Return the narrowest design that may be the headline: `BRACKET`, `BOUNDS`, or nothing where neither may.

    Only with the bracket is the effect identified, as far as simulated countries go; with the bounds alone it is not,
    and they are what can be said.
    """
    return next((name for name in (BRACKET, BOUNDS) if headline_passes(board, outcome, name)), "")


def describe_headline(board: pd.DataFrame, outcome: str) -> Answer:
    """Say how often the interval of the headline held the truth, and found an effect where none was.

    Parameters
    ----------
    board : DataFrame
        As of `judge_headline`, with ``bias``.
    outcome : str
        Outcome as the scoreboard names it.

    Returns
    -------
    Answer
        Sentences on the bracket; where it does not pass, that the effect is not identified with published figures, and
        on the bounds.
    """
    answer = Answer("C06", "synthetic", "buurt")
    scored = board[board["outcome"] == outcome].set_index(["design", "scenario"])
    if any((BRACKET, scenario) not in scored.index for scenario, *_ in CONDITIONS):
        answer.cannot_say("How often this interval holds the truth of simulated countries was not scored.")
        return answer
    _say_scored(answer, scored, BRACKET, "This interval")
    if not headline_passes(board, outcome):
        answer.say(
            f"It was to hold the truth in {COVERS[0]:.0%} and to find an effect where there is none in "
            f"{REJECTS[1]:.0%} at most. So the effect is not identified with published figures."
        )
        if headline_passes(board, outcome, BOUNDS):
            _say_scored(answer, scored, BOUNDS, "The wider bounds, which do hold it,")
    answer.cannot_say(
        "Those countries choose areas by rules that were written down. Where real ones look at something that moves "
        "with none of what is published, these shares say nothing."
    )
    return answer


def _say_scored(answer: Answer, scored: pd.DataFrame, design: str, subject: str) -> None:
    """Say the shares of one design."""
    chosen, nothing, lot = (scored.loc[(design, scenario)] for scenario in ("S0", "S1", "S6"))
    answer.say(
        f"{subject} was scored on {{{design}_countries:d}} simulated countries of each kind, none of which had a part "
        f"in choosing it: where areas are chosen for bad scores it held the effect since the year before the start in "
        f"{{{design}_held:.1%}} [{{{design}_held_low:.1%}}, {{{design}_held_high:.1%}}] and that against no policy at "
        f"all in {{{design}_whole:.1%}}; where they are drawn by lot in {{{design}_lot:.1%}}; where they are chosen "
        f"and nothing is done it left out zero in {{{design}_false:.1%}} [{{{design}_false_low:.1%}}, "
        f"{{{design}_false_high:.1%}}]. Where there was an effect it told it from zero in {{{design}_power:.0%}}.",
        **{
            f"{design}_countries": int(chosen["seeds"]),
            f"{design}_held": float(chosen["coverage"]),
            f"{design}_held_low": float(chosen["coverage_low"]),
            f"{design}_held_high": float(chosen["coverage_high"]),
            f"{design}_whole": float(chosen["coverage_whole"]),
            f"{design}_lot": float(lot["coverage"]),
            f"{design}_false": float(nothing["rejected"]),
            f"{design}_false_low": float(nothing["rejected_low"]),
            f"{design}_false_high": float(nothing["rejected_high"]),
            f"{design}_power": float(chosen["rejected"]),
        },
    )
