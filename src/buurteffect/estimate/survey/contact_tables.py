"""Tables of contact and cohesion that put several estimates together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.multiplicity import romano_wolf
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.core.result import RESULT_COLUMNS, EffectEstimate
from buurteffect.estimate.survey.answers import answers_within
from buurteffect.estimate.survey.repeated_cross_sections import (
    SurveyDesign,
    detectable,
    estimated,
    placebo_estimated,
)
from buurteffect.estimate.survey.small_area import AreaMeans, compare_means, direct_means, fay_herriot, poststratified
from buurteffect.estimate.survey.ties import Mixing, coleman_index, random_mixing, tie_ratio

SMALLEST_SD = 0.1
"""Smallest effect on a scale that matters, in standard deviations of the answers; it stands in the claims' rules."""

SMALLEST_SHARE = 0.1
"""Smallest change of the share of ties chosen in the own group that matters."""

LATER = ((1, 4), (5, 8), (9, 12), (13, 20))
"""Years since the start in which effects are shown one after the other."""

_CHOICE = ["scale", "choice"]


def effects_of_scales(
    answers: pd.DataFrame, sitting: pd.DataFrame, spreads: Mapping[str, float], design: SurveyDesign, early_years: int
) -> pd.DataFrame:
    """Return the effect on every scale under several specifications.

    Parameters
    ----------
    answers, sitting : DataFrame
        All respondents, and those without who came after the start.
    spreads : mapping of str to float
        Standard deviation of each scale's answers; a tenth of it is the smallest effect that matters.
    design : SurveyDesign
        With the controls for length of residence; its outcome is replaced by each scale.
    early_years : int
        Years by which the placebo dates treatment too early.

    Returns
    -------
    DataFrame
        One row per scale and choice: ``scale, choice``, the result columns, ``treated_count, p_value``, the remarks
        of `detectable`, ``spread``, the ``reason`` why there is no figure, and ``p_value_romano_wolf``: all rows of
        the table are one family, with the covariance of what areas add to their errors.
    """
    rows, added = [], []
    for scale, spread in spreads.items():
        own = replace(design, outcome=scale)
        choices = {
            "same length of residence": estimator(estimated)(answers, own),
            "lived there before": estimator(estimated)(sitting, own),
            "whoever lives there": estimator(estimated)(answers, replace(own, controls=())),
            "no weights": estimator(estimated)(answers, replace(own, weights=None)),
            "areas by inhabitants": estimator(estimated)(answers, replace(own, areas_alike=False)),
            f"placebo, dated {early_years} years early": estimator(placebo_estimated)(answers, own, early_years),
        }
        for choice, found in choices.items():
            none = (found, pd.Series(dtype=float))
            made, adds = found or none  # type: ignore[unreachable]  # a refused estimate stands for any result
            added.append(adds)
            first = detectable(made, SMALLEST_SD * spread).frame.iloc[0].to_dict() if made else {}
            rows.append({**first, "scale": scale, "choice": choice, "spread": spread, "reason": made.reason})
    remarks = ["treated_count", "p_value", "minimum_detectable_effect", "smallest", "equivalence_p", "spread", "reason"]
    table = pd.DataFrame(rows).reindex(columns=[*_CHOICE, *RESULT_COLUMNS, *remarks])
    shared = pd.concat([pd.Series(dtype=float), *added], axis=1).fillna(0.0).to_numpy(dtype=float)[:, 1:]
    return table.assign(p_value_romano_wolf=romano_wolf(table["p_value"].to_numpy(dtype=float), shared.T @ shared))


def benchmarks(ties: pd.DataFrame, households: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the share of ties across tenures against random mixing in the same buurt, gemeente and everywhere.

    Returns
    -------
    DataFrame
        One row per grouping and benchmark: ``term, benchmark``, the result columns, ``observed, expected``.
    """
    require_numbers(ties, ("year",), "table of ties")
    places = {"area_code": "the same buurt", "gemeente_code": "the same gemeente", "everyone": "the whole country"}
    rows = []
    for grouping, words in {"tenure": "tenures", "income": "income groups", "cell": "tenures or income groups"}.items():
        for within, place in places.items():
            mixing = random_mixing(ties[ties["year"] == year], households, grouping, within)
            rows.append(tie_ratio(mixing).frame.assign(term=words, benchmark=place))
    columns = ["term", "benchmark", *RESULT_COLUMNS, "observed", "expected", "ties_count"]
    return pd.concat(rows, ignore_index=True)[columns]


def of_wave(mixing: Mixing, year: int, choosing: bool = False) -> Mixing:
    """Return the ties of one wave; `choosing` leaves out households that are alone in their group."""
    now = mixing.where(mixing.frame["year"] == year, "ties of other waves")
    return now.where(now.frame["alike_count"] > 0, "ties of households alone in their group") if choosing else now


def coleman_rows(tenure: Mixing, choosing: Mixing) -> pd.DataFrame:
    """Return Coleman's index of all ties, by tenure, residence and restructuring, and of tenure and income together.

    Parameters
    ----------
    tenure : Mixing
        Ties of one wave by tenure, with the columns ``residence`` and ``restructured``.
    choosing : Mixing
        Ties of one wave by tenure and income, of households that have others like them in their area.

    Returns
    -------
    DataFrame
        As of `stacked_rows`; the row of all ties stands once.
    """
    made = {
        "tenure": coleman_index(tenure),
        "tenure, by residence": coleman_index(tenure, "residence"),
        "tenure, by restructuring": coleman_index(tenure, "restructured"),
        "tenure and income, where others are alike": coleman_index(choosing, None),
    }
    rows = stacked_rows(made)
    again = (rows["term"] == "all") & rows["part"].str.startswith("tenure, by")
    return rows[~again].reset_index(drop=True)


def detectable_rows(made: Mapping[str, EffectEstimate], smallest: float) -> pd.DataFrame:
    """Return the rows of several estimates under each other, each with the remarks of `detectable`."""
    return stacked_rows({name: detectable(each, smallest) for name, each in made.items()})


def means_of_areas(
    answers: pd.DataFrame, outcome: str, known: pd.DataFrame, counts: pd.DataFrame
) -> dict[str, AreaMeans]:
    """Return means of areas, direct, regressed on who lives there, and poststratified.

    Parameters
    ----------
    answers : DataFrame
        Answers of some waves.
    outcome : str
        Column of the answers.
    known : DataFrame
        From `composition`.
    counts : DataFrame
        Adults by the register of one year.
    """
    direct = direct_means(answers, outcome)
    return {
        "direct": direct,
        "regressed on who lives there": fay_herriot(direct, known),
        "multilevel, poststratified": poststratified(answers, outcome, counts, ("age_group", "tenure", "low_income")),
    }


def stacked_means(made: Mapping[str, dict[str, AreaMeans]]) -> pd.DataFrame:
    """Return `compare_means` of several scales under each other, with the name of each as ``scale``."""
    return pd.concat([compare_means(each).assign(scale=name) for name, each in made.items()], ignore_index=True)


def stacked_rows(made: Mapping[str, EffectEstimate]) -> pd.DataFrame:
    """Return the rows of several estimates under each other, with the name of each as ``part``."""
    return pd.concat([each.frame.assign(part=name) for name, each in made.items()], ignore_index=True)


def composition(adults: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return who lives in each area by the register of one year: index ``area_code``, shares of adults."""
    require_numbers(adults, ("year", "adults_count", "low_income"), "table of adults")
    require(adults, ("area_code", "tenure", "age_group"), "table of adults")
    now = adults[adults["year"] == year]
    count = now["adults_count"]
    total = count.groupby(now["area_code"]).sum()
    parts = {
        "share renting from an association": now["tenure"] == "association",
        "share with a low income": now["low_income"],
        "share of 65 and older": now["age_group"] == "65+",
    }
    sums = {name: count.where(rows, 0.0).groupby(now["area_code"]).sum() for name, rows in parts.items()}
    return pd.DataFrame(sums).div(total, axis=0)


def vulnerable_respondents(answers: pd.DataFrame, adults: pd.DataFrame, top_share: float, since: int) -> pd.DataFrame:
    """Return answers with ``vulnerable``: whether the area is among those with most low incomes at the first count.

    Parameters
    ----------
    top_share : float
        Share of the areas that is called vulnerable.
    since : int
        Areas are ranked by the first count of this year or later, so that what came after cannot place them.

    Raises
    ------
    EstimationError
        If there is no count of this year or later.
    """
    require(answers, ("area_code",), "table of answers")
    require_numbers(adults, ("year",), "table of adults")
    if not (adults["year"] >= since).any():
        raise EstimationError(f"no area can be called vulnerable: there is no count of adults from {since} on")
    year = int(adults.loc[adults["year"] >= since, "year"].min())
    low = composition(adults, year)["share with a low income"]
    marked = low.index[low.rank(pct=True, method="first") > 1 - top_share]
    return answers[answers["area_code"].isin(low.index)].assign(vulnerable=lambda rows: rows["area_code"].isin(marked))


def associations(answers: pd.DataFrame, with_what: str, outcomes: Mapping[str, str]) -> pd.DataFrame:
    """Return how one scale goes with others within buurt and year, bare and within length of residence and traits.

    Returns
    -------
    DataFrame
        One row per outcome and comparison: ``term`` (the outcome's words), ``comparison`` and the columns of effects.
    """
    traits = ("stay", "tenure", "age_group", "low_income")
    rows = []
    for outcome, words in outcomes.items():
        for comparison, dummies in (("same buurt and year", ()), ("and same residence and traits", traits)):
            made = answers_within(answers, outcome, [with_what], dummies=dummies)
            rows.append(detectable(made, SMALLEST_SD).frame.assign(term=words, comparison=comparison))
    return pd.concat(rows, ignore_index=True)
