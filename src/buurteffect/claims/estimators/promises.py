"""What was asked of the pages on persons, answered from their scoreboard: whether it is found where it is, or not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.claims.verdict import Answer

STEADY = "own income, steady effect"
OWN_INCOME = "own income, years 1–8"
MEAN_INCOME, SLOPE = "log_income, total", "score per displaced"
MOVERS, NAIVE = "movers", "children compared"

_SAID = {STEADY: "a steady effect on residents' own income"}
"""What sentences call a headline whose name leans on the one before it."""

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
        not) and ``assumed`` (in words, whether assumptions hold).
    """
    rows = table[table["headline"] != ""].copy()
    share, null = rows["coverage"], rows["truth"].abs() < NULL
    return rows.assign(
        coverage_mc_error=np.sqrt(share * (1 - share) / rows["scored"]),
        false_alarms=rows["rejected"].where(null),
        assumed=np.where(rows["valid"].astype(bool), "hold", "fail"),
    ).sort_values(["page", "valid", "scenario"], ascending=[True, False, True], kind="stable", ignore_index=True)


def describe_promises(table: pd.DataFrame, page: str) -> Answer:
    """Say how often intervals like a page's headlines hold the truth in simulated countries, scenario by scenario.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard: ``page, headline, scenario, valid, coverage, coverage_low, coverage_high, scored, bias,
        std_error``.
    page : str
        Whose headlines.

    Returns
    -------
    Answer
        A sentence per headline and scenario, those whose assumptions hold first; where the scoreboard has no headline
        of the page, a limit that says so.
    """
    answer = Answer(page, "synthetic", "buurt")
    rows = headline_rows(table[(table["page"] == page) & table["coverage"].notna()])
    for number, row in enumerate(rows.to_dict("records")):
        fails = "" if row["assumed"] == "hold" else ", where its assumptions fail"
        names = {key: f"{key}_{number}" for key in ("countries", "held", "low", "high", "bias", "error")}
        answer.say(
            f"In {{{names['countries']}:d}} simulated countries made as {row['scenario']}{fails}, intervals of "
            f"“{_SAID.get(row['estimator'], row['headline'])}” held the truth in {{{names['held']}:.1%}} "
            f"[{{{names['low']}:.1%}}, {{{names['high']}:.1%}}], with a bias of {{{names['bias']}:+.4f}} beside a "
            f"reported error of {{{names['error']}:.4f}}.",
            **{
                names["countries"]: int(row["scored"]),
                names["held"]: row["coverage"],
                names["low"]: row["coverage_low"],
                names["high"]: row["coverage_high"],
                names["bias"]: row["bias"],
                names["error"]: row["std_error"],
            },
        )
    if rows.empty:
        answer.cannot_say("How often intervals hold the truth in other countries is not on the scoreboard of persons.")
    else:
        answer.cannot_say("Those countries have another size than this one; n10b says which, and what is so in each.")
    return answer


def describe_asked(table: pd.DataFrame) -> Answer:
    """Say of each thing that was asked beforehand how often it is found where it is, and where it is not.

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
    rows = table.set_index(["scenario", "estimator"])
    _own_income(answer, rows)
    _one_percent(answer, rows)
    _waterbed(answer, rows)
    _slope(answer, rows)
    return answer


def _lacking(answer: Answer, rows: pd.DataFrame, what: str, *keys: tuple[str, str]) -> bool:
    """Say that a question cannot be answered where the scoreboard lacks a row of it."""
    gone = [f"{estimator} in {scenario}" for scenario, estimator in keys if (scenario, estimator) not in rows.index]
    if gone:
        answer.cannot_say(f"{what} is not told: this scoreboard has no {', no '.join(gone)}.")
    return bool(gone)


def _own_income(answer: Answer, rows: pd.DataFrame) -> None:
    """Say whether own income is inside its bounds while the mean of the place rises."""
    own, mean = ("S0", OWN_INCOME), ("S0", MEAN_INCOME)
    if _lacking(answer, rows, "Whether own incomes stand still while the mean rises", own, mean):
        return
    answer.say(
        "where incomes are left alone and places are made over (S0), the mean log income of the place rises by "
        "{mean_truth:.3f}, of which {mean_found:.3f} is estimated, and the own income of those who lived there is "
        "shown to lie inside its bounds of equivalence in {inside:.0%} of {countries:d} countries.",
        mean_truth=float(rows.loc[mean, "truth"]),
        mean_found=float(rows.loc[mean, "truth"] + rows.loc[mean, "bias"]),
        inside=float(rows.loc[own, "equivalent_share"]),
        countries=int(rows.loc[own, "scored"]),
    )
    steady = ("S0", STEADY)
    if steady in rows.index:
        answer.say(
            "taken as an effect that is the same every year, with years weighed by what they tell, it is inside them "
            "in {steady_inside:.0%}.",
            steady_inside=float(rows.loc[steady, "equivalent_share"]),
        )


def _one_percent(answer: Answer, rows: pd.DataFrame) -> None:
    """Say how often one per cent is found where it is, and where it is not."""
    there, not_there = ("S2", STEADY), ("S0", STEADY)
    if _lacking(answer, rows, "Whether one per cent is found", there, not_there):
        return
    answer.say(
        "where those who lived there earn 1% more (S2), an effect of {one_mean:.4f} is estimated on average, and told "
        "from zero in {one_found:.0%} of {one_countries:d} countries; where they do not (S0), in {one_false:.0%}.",
        one_mean=float(rows.loc[there, "truth"] + rows.loc[there, "bias"]),
        one_found=float(rows.loc[there, "rejected"]),
        one_countries=int(rows.loc[there, "scored"]),
        one_false=float(rows.loc[not_there, "rejected"]),
    )


def _waterbed(answer: Answer, rows: pd.DataFrame) -> None:
    """Say how often the waterbed is found where it is, and where it is not."""
    there, not_there = ("S4", SLOPE), ("S3", SLOPE)
    if _lacking(answer, rows, "Whether the waterbed is found", there, not_there):
        return
    answer.say(
        "where nothing happens but the waterbed (S4), what a displaced household does to the score where it goes is "
        "{bed_mean:.2f} on average, for a truth of {bed_truth:.2f}, and told from zero in {bed_found:.0%} of "
        "{bed_countries:d} countries; where scores do not spill over (S3) it is {flat_mean:.2f}, for a truth of "
        "{flat_truth:.2f} that comes through who lives there alone, and told from zero in {flat_found:.0%}.",
        bed_mean=float(rows.loc[there, "truth"] + rows.loc[there, "bias"]),
        bed_truth=float(rows.loc[there, "truth"]),
        bed_found=float(rows.loc[there, "rejected"]),
        bed_countries=int(rows.loc[there, "scored"]),
        flat_mean=float(rows.loc[not_there, "truth"] + rows.loc[not_there, "bias"]),
        flat_truth=float(rows.loc[not_there, "truth"]),
        flat_found=float(rows.loc[not_there, "rejected"]),
    )


def _slope(answer: Answer, rows: pd.DataFrame) -> None:
    """Say whether movers recover the planted slope and the naive comparison does not."""
    movers, naive = ("S0", MOVERS), ("S0", NAIVE)
    if _lacking(answer, rows, "Whether movers recover the slope", movers, naive):
        return
    answer.say(
        "of the planted slope of {slope_truth:.2f} points of rank per year of childhood, families that moved once "
        "find {slope_movers:.2f} on average and hold it in {slope_held:.0%} of their intervals; children compared with "
        "others find {slope_naive:.2f}, and hold it in {slope_naive_held:.0%}.",
        slope_truth=float(rows.loc[movers, "truth"]),
        slope_movers=float(rows.loc[movers, "truth"] + rows.loc[movers, "bias"]),
        slope_held=float(rows.loc[movers, "coverage"]),
        slope_naive=float(rows.loc[naive, "truth"] + rows.loc[naive, "bias"]),
        slope_naive_held=float(rows.loc[naive, "coverage"]),
    )
