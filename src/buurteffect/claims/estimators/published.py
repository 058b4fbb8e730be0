"""Which design of n05's headline may be trusted on published data: the rule, and what its scoreboard says of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from buurteffect.claims.estimators.criteria import COVERS, REJECTS, compare_with_bounds
from buurteffect.claims.verdict import Answer

SINCE, WHOLE = "since the year before the start", "against no policy at all"
"""The two truths that a headline is held against, in words."""

NOTHING = "no effect"
"""What a headline is held against where nothing is done: both truths are zero."""

BRACKET, BOUNDS = "bracket", "bounds"
"""Designs of the scoreboard that may be a headline, the narrower first: the bracket of the two designs, and the bounds
that also allow for as much selection again on what was not known."""

HEADLINES: Mapping[str, str] = MappingProxyType(
    {
        "liveability_score": BRACKET,
        "low_income_share": BRACKET,
        "mean_log_income": BRACKET,
        "log_woz": BOUNDS,
        "owner_share": BOUNDS,
    }
)
"""The design of each outcome, as the scoreboard names it: the narrower one of the two that met `CONDITIONS` in the
first 25 countries of each scenario. Those it is held to are others."""

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
        The scoreboard of the headline: ``scenario, outcome, outcome_label, design, label, seeds``, and ``coverage,
        coverage_whole, rejected``, each with its exact band (``_low``, ``_high``).
    outcome : str
        Outcome as the scoreboard names it.

    Returns
    -------
    DataFrame
        One row per design and condition that was scored: ``outcome_label, design, label``; ``against``, what it is
        held against (`SINCE`, `WHOLE`, `NOTHING`); ``asked, countries, met, share, share_low, share_high``. Met if the
        share lies within the bounds; cannot be told if it does not, but its band reaches them; else not met.
    """
    part, rows = board[board["outcome"] == outcome], []
    asked = [(against, *each) for against in _TRUTHS for each in CONDITIONS if each[1] == "coverage"]
    asked += [(NOTHING, *each) for each in CONDITIONS if each[1] == "rejected"]
    for against, scenario, figure, bounds, words in asked:
        column = _TRUTHS.get(against, _TRUTHS[SINCE])[figure]
        found = part[part["scenario"] == scenario]
        shares = {"share": column, "share_low": f"{column}_low", "share_high": f"{column}_high"}
        named = {"against": against, "asked": words, "countries": found["seeds"]}
        named["met"] = compare_with_bounds(found, column, bounds)
        named |= {name: found[source] for name, source in shares.items()}
        rows.append(found[["outcome_label", "design", "label"]].assign(**named))
    order = list(dict.fromkeys(part["design"]))
    table = pd.concat(rows).sort_values("design", key=lambda names: names.map(order.index), kind="stable")
    return table.reset_index(drop=True)


def judge_headlines(board: pd.DataFrame) -> pd.DataFrame:
    """Hold the headline of every outcome to its conditions: rows as of `judge_headline`, of `HEADLINES` alone."""
    tables = [judge_headline(board, outcome) for outcome in HEADLINES]
    kept = [table[table["design"] == design] for table, design in zip(tables, HEADLINES.values(), strict=True)]
    return pd.concat(kept, ignore_index=True)


def headline_passes(board: pd.DataFrame, outcome: str, against: str = SINCE, design: str = "") -> bool:
    """Return whether a design may be the headline of an outcome: whether it meets all of `CONDITIONS`.

    Coverage is at least 93% in S0 and S6, and no more than 7% reject in S1. The shares themselves are asked, over
    countries that had no part in choosing the design; their bands are printed beside them. A design that was not
    scored in all three scenarios does not pass.

    Parameters
    ----------
    board : DataFrame
        As of `judge_headline`.
    outcome : str
        Outcome as the scoreboard names it.
    against : {"since the year before the start", "against no policy at all"}
        Which truth the coverage is of.
    design : str, optional
        By default that of `HEADLINES`.
    """
    named = design or HEADLINES.get(outcome, "")
    part = board[(board["outcome"] == outcome) & (board["design"] == named)].set_index("scenario")
    return all(
        scenario in part.index and bounds[0] <= part.loc[scenario, _TRUTHS[against][figure]] <= bounds[1]
        for scenario, figure, bounds, _ in CONDITIONS
    )


def headline_design(outcome: str) -> str:
    """Return the design whose interval is the headline of an outcome: `BRACKET` or `BOUNDS`; nothing where none is."""
    return HEADLINES.get(outcome, "")


def describe_headline(board: pd.DataFrame, outcome: str) -> Answer:
    """Say how often the interval of the headline held the truth, and found an effect where none was.

    Parameters
    ----------
    board : DataFrame
        As of `judge_headline`.
    outcome : str
        Outcome as the scoreboard names it.

    Returns
    -------
    Answer
        Sentences on the design of the headline; where it does not pass, that the effect is not identified with
        published figures. Where it was not scored, a limit that says so.
    """
    answer = Answer("C06", "synthetic", "buurt")
    design = headline_design(outcome)
    scored = board[(board["outcome"] == outcome) & (board["design"] == design)].set_index("scenario")
    if any(scenario not in scored.index for scenario, *_ in CONDITIONS):
        answer.cannot_say(
            "How often this interval holds the truth of simulated countries was not scored, so that nothing says that "
            "published figures identify the effect."
        )
        return answer
    _say_scored(answer, scored)
    asked = (
        f"hold the truth in {COVERS[0]:.0%} or more and find an effect where there is none in {REJECTS[1]:.0%} at most"
    )
    passes = {against: headline_passes(board, outcome, against) for against in _TRUTHS}
    if all(passes.values()):
        answer.say(f"It had to {asked}, and does so for both effects.")
    elif passes[SINCE]:
        answer.say(f"It had to {asked}: that it does for the effect {SINCE}, and not for that {WHOLE}.")
    else:
        answer.say(
            f"It had to {asked}, and does not. So the effect is not identified with published figures, and what is "
            "printed are bounds."
        )
    answer.cannot_say(
        "Those countries choose areas by rules that were written down. Where real ones look at something that moves "
        "with none of what is published, these shares say nothing."
    )
    return answer


def _say_scored(answer: Answer, scored: pd.DataFrame) -> None:
    """Say the shares of one design."""
    chosen, nothing, lot = (scored.loc[scenario] for scenario in ("S0", "S1", "S6"))
    answer.say(
        "This interval was scored on {scored_countries:d} simulated countries of each kind, none of which had a part "
        "in choosing it. Where areas are chosen for bad scores it held the effect since the year before the start in "
        "{held:.1%} [{held_low:.1%}, {held_high:.1%}] of them, and that against no policy at all in {held_whole:.1%} "
        "[{held_whole_low:.1%}, {held_whole_high:.1%}]; where they are drawn by lot in {held_lot:.1%}.",
        scored_countries=int(chosen["seeds"]),
        held=float(chosen["coverage"]),
        held_low=float(chosen["coverage_low"]),
        held_high=float(chosen["coverage_high"]),
        held_whole=float(chosen["coverage_whole"]),
        held_whole_low=float(chosen["coverage_whole_low"]),
        held_whole_high=float(chosen["coverage_whole_high"]),
        held_lot=float(lot["coverage"]),
    )
    answer.say(
        "Where areas are chosen and nothing is done it left out zero in {false:.1%} [{false_low:.1%}, "
        "{false_high:.1%}], and where there was an effect in {power:.1%}.",
        false=float(nothing["rejected"]),
        false_low=float(nothing["rejected_low"]),
        false_high=float(nothing["rejected_high"]),
        power=float(chosen["rejected"]),
    )
