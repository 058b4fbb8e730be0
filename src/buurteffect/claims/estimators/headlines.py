"""The headlines of the pages on persons: their coverage, and whether a planted effect is found where it is."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from buurteffect.claims.estimators.criteria import COVERS
from buurteffect.claims.verdict import Answer

STEADY = "own income, steady effect"
OWN_INCOME = "own income, years 1–8"
"""The two estimators of one question: the mean of the effects of eight years, each year counting alike; and one effect
that is the same every year, years weighed by what they tell, which finds a smaller effect."""

_DOUBTS = (
    ("", "which may be chance"),
    ("interval too narrow", "it is too narrow there"),
    ("not identified", "what it says is not identified by this design there"),
)
"""What stands behind a headline, and in a sentence: may be chance, is none, and more than an error off on average."""

_MISSED = {
    "held": "coverage", "countries": "scored", "low": "coverage_low", "high": "coverage_high", "bias": "bias",
    "spread": "error_sd",
}  # fmt: skip

NULL = 1e-9
"""Mean truth below which nothing is there to be found."""


def headline_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are the headline of a page, those whose assumptions hold first.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard with their ``judgement`` and ``headline``.

    Returns
    -------
    DataFrame
        The rows, with ``coverage_mc_error`` (root of c(1 − c)/S, c the coverage in S countries),
        ``false_alarms`` (share of countries in which something was found where the truth is zero; missing where it is
        not), ``power`` (the same where the truth is not zero) and ``assumed`` (in words, whether assumptions hold).
    """
    rows = table[table["headline"] != ""].copy()
    share, null = rows["coverage"], rows["truth"].abs() < NULL
    return rows.assign(
        coverage_mc_error=np.sqrt(share * (1 - share) / rows["scored"]),
        false_alarms=rows["rejected"].where(null),
        power=rows["rejected"].where(~null),
        assumed=np.where(rows["valid"].astype(bool), "hold", "fail"),
    ).sort_values(["page", "valid", "scenario"], ascending=[True, False, True], kind="stable", ignore_index=True)


def describe_coverage(table: pd.DataFrame, page: str, beside: Sequence[str] = ()) -> Answer:
    """Say how often intervals like a page's headlines hold the truth in simulated countries, scenario by scenario.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard: ``page, headline, scenario, valid, coverage, coverage_low, coverage_high, scored, bias,
        std_error``.
    page : str
        Whose headlines.
    beside : sequence of str
        Estimators that are told as well, though they are no headline.

    Returns
    -------
    Answer
        A sentence per headline and scenario, those whose assumptions hold first; where the scoreboard has no headline
        of the page, a limit that says so.
    """
    answer = Answer(page, "synthetic", "buurt")
    asked = table["estimator"].isin(beside)
    named = table.assign(headline=table["headline"].mask(asked, table["estimator"]))
    rows = headline_rows(named[(named["page"] == page) & named["coverage"].notna()])
    for number, row in enumerate(rows.to_dict("records")):
        fails = "" if row["assumed"] == "hold" else ", where its assumptions fail"
        columns = {"countries": "scored", "held": "coverage", "low": "coverage_low", "high": "coverage_high",
                   "bias": "bias", "error": "std_error"}  # fmt: skip
        answer.say(
            f"In {{countries_{number}:d}} simulated countries made as {row['scenario']}{fails}, intervals of "
            f"“{row['headline']}” held the truth in {{held_{number}:.1%}} "
            f"[{{low_{number}:.1%}}, {{high_{number}:.1%}}], with a bias of {{bias_{number}:+.4f}} beside a "
            f"reported error of {{error_{number}:.4f}}.",
            **{f"{name}_{number}": row[column] for name, column in columns.items()},
        )
    if rows.empty:
        answer.cannot_say("How often intervals hold the truth in other countries is not on the scoreboard of persons.")
    else:
        answer.cannot_say("Those countries have another size than this one; n10b says which, and what is so in each.")
    return answer


def describe_condemned(table: pd.DataFrame, page: str) -> Answer:
    """Say of a page's headlines where the scoreboard condemns their intervals, and how far off they may be there.

    Parameters
    ----------
    table : DataFrame
        As of `describe_coverage`.
    page : str
        Whose headlines.

    Returns
    -------
    Answer
        A sentence per headline and scenario with a coverage below the bounds, the lowest first: whether it lies below
        by more than the number of countries leaves open, and by how much estimates miss on average. Where none does,
        that none does.
    """
    answer = Answer(page, "synthetic", "buurt")
    rows = headline_rows(table[(table["page"] == page) & table["coverage"].notna()])
    below = rows[rows["coverage"] < COVERS[0]].sort_values("coverage", kind="stable")
    for number, row in enumerate(below.to_dict("records")):
        words = _DOUBTS[_doubt(row)][1]
        answer.say(
            f"The interval of “{row['headline']}” held the truth in "
            f"{{held_{number}:.1%}} [{{low_{number}:.1%}}, {{high_{number}:.1%}}] of {{countries_{number}:d}} "
            f"countries made as {row['scenario']}, where {{least:.0%}} are asked for: {words}. Estimates there are off "
            f"by {{bias_{number}:+.4f}} on average, and scatter around that with a standard deviation of "
            f"{{spread_{number}:.4f}}.",
            least=COVERS[0],
            **{f"{name}_{number}": row[column] for name, column in _MISSED.items()},
        )
    if below.empty and len(rows):
        answer.say(
            "no interval of these headlines held the truth in fewer than {least:.0%} of the countries.", least=COVERS[0]
        )
    return answer


def doubt_of(table: pd.DataFrame, page: str, headline: str) -> str:
    """Return what has to stand behind a headline whose interval clearly covers too seldom in some scenario, if any.

    Where estimates miss by more than their reported error on average, the effect is not identified there: a wider
    interval would only hide it.
    """
    rows = table[(table["page"] == page) & (table["headline"] == headline) & (table["coverage"] < COVERS[0])]
    worst = max((_doubt(row) for row in rows.to_dict("records")), default=0)
    return f" ({_DOUBTS[worst][0]}: see below)" if worst else ""


def _doubt(row: Mapping[Hashable, float]) -> int:
    """Return the place in `_DOUBTS` of a headline with too low a coverage in one scenario."""
    if row["coverage_high"] >= COVERS[0]:
        return 0
    return 2 if abs(row["bias"]) > row["std_error"] else 1


def describe_detection(table: pd.DataFrame) -> Answer:
    """Say of each question that was set beforehand how often an effect is found where it is, and where it is not.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard: ``scenario, estimator, truth, bias, rejected, coverage, equivalent_share, scored``.

    Returns
    -------
    Answer
        A sentence per question; where the scoreboard lacks a row of it, a limit that says so.
    """
    answer = Answer("n10b", "synthetic", "buurt")
    rows = table.assign(found=table["truth"] + table["bias"]).set_index(["scenario", "estimator"])
    said = False
    for what, sentence, figures in _QUESTIONS:
        needed = dict.fromkeys(key for key, _ in figures.values())
        gone = [f"{key[1]} in {key[0]}" for key in needed if key not in rows.index]
        if what and gone:
            answer.cannot_say(f"{what} is not told: this scoreboard has no {', no '.join(gone)}.")
        elif not gone and (what or said):
            found = {name: rows.loc[key, column] for name, (key, column) in figures.items()}
            answer.say(sentence, **{name: int(each) if "countries" in name else each for name, each in found.items()})
        said = not gone
    return answer


_OWN, _MEAN, _NONE, _ONE = ("S0", OWN_INCOME), ("S0", "log_income, total"), ("S0", STEADY), ("S2", STEADY)
_OWN_ONE = ("S2", OWN_INCOME)
_BED, _FLAT = ("S4", "score per displaced"), ("S3", "score per displaced")
_MOVERS, _NAIVE = ("S0", "movers"), ("S0", "children compared")

_QUESTIONS: tuple[tuple[str, str, dict[str, tuple[tuple[str, str], str]]], ...] = (
    (
        "Whether own incomes stand still while the mean rises",
        "where incomes are left alone and places are made over (S0), the mean log income of the place rises by "
        "{mean_truth:.3f}, of which {mean_found:.3f} is estimated, and the mean effect of years 1–8 on the own income "
        "of those who lived there is shown to lie inside its bounds of equivalence in {inside:.0%} of {countries:d} "
        "countries.",
        {
            "inside": (_OWN, "equivalent_share"),
            "countries": (_OWN, "scored"),
            "mean_truth": (_MEAN, "truth"),
            "mean_found": (_MEAN, "found"),
        },
    ),
    (
        "",
        "the steady effect, the same every year and with years weighed by what they tell, is inside them in "
        "{steady_inside:.0%}.",
        {"steady_inside": (_NONE, "equivalent_share")},
    ),
    (
        "Whether one per cent is found",
        "where those who lived there earn 1% more (S2), a steady effect of {one_mean:.4f} is estimated on average, and "
        "told from zero in {one_found:.0%} of {one_countries:d} countries; where they do not (S0), in {one_false:.0%}. "
        "By the mean effect of years 1–8, which assumes less, it is told from zero in {mean_one_found:.0%}, and in "
        "{mean_one_false:.0%}.",
        {
            "one_mean": (_ONE, "found"),
            "one_found": (_ONE, "rejected"),
            "one_countries": (_ONE, "scored"),
            "one_false": (_NONE, "rejected"),
            "mean_one_found": (_OWN_ONE, "rejected"),
            "mean_one_false": (_OWN, "rejected"),
        },
    ),
    (
        "Whether the waterbed is found",
        "where nothing happens but the waterbed (S4), what a displaced household does to the score where it goes is "
        "{bed_mean:.2f} on average, for a truth of {bed_truth:.2f}, and told from zero in {bed_found:.0%} of "
        "{bed_countries:d} countries; where scores do not spill over (S3) it is {flat_mean:.2f}, for a truth of "
        "{flat_truth:.2f} that comes through who lives there alone, and told from zero in {flat_found:.0%}.",
        {
            "bed_mean": (_BED, "found"),
            "bed_truth": (_BED, "truth"),
            "bed_found": (_BED, "rejected"),
            "bed_countries": (_BED, "scored"),
            "flat_mean": (_FLAT, "found"),
            "flat_truth": (_FLAT, "truth"),
            "flat_found": (_FLAT, "rejected"),
        },
    ),
    (
        "Whether movers recover the slope",
        "of the planted slope of {slope_truth:.2f} points of rank per year of childhood, families that moved once "
        "find {slope_movers:.2f} on average and hold it in {slope_held:.0%} of their intervals; children compared with "
        "others find {slope_naive:.2f}, and hold it in {slope_naive_held:.0%}.",
        {
            "slope_truth": (_MOVERS, "truth"),
            "slope_movers": (_MOVERS, "found"),
            "slope_held": (_MOVERS, "coverage"),
            "slope_naive": (_NAIVE, "found"),
            "slope_naive_held": (_NAIVE, "coverage"),
        },
    ),
)
"""What is not told where a row is lacking (empty: the sentence follows another), the sentence, and its numbers."""
