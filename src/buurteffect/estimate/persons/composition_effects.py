"""Effects on a neighbourhood's mean and on the parts of its decomposition, by one design, so that parts add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import NEVER_TREATED, Design
from buurteffect.estimate.core.result import RESULT_COLUMNS, EffectEstimate
from buurteffect.estimate.did.aggregation import aggregate
from buurteffect.estimate.did.group_time_effects import Approach, GroupTime, compared_cells
from buurteffect.estimate.persons.composition import (
    COMERS,
    LEAVERS,
    TERMS,
    WHOLE,
    FlowColumns,
    chain_flows,
    decompose_flows,
)
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample

APPROACH: Approach = "reg"
"""How covariates enter: linear in the outcome, so that parts add up."""

ADDS_UP = 1e-10
"""How far the parts may miss the whole."""


@dataclass(frozen=True, eq=False)
class FlowEffect:
    """The effect on the mean and on its parts.

    Attributes
    ----------
    effects : EffectEstimate
        One row per term (`TERMS`), the mean over a window of event times.
    misfit : float
        Largest distance between the sum of parts and the whole, over ``in_situ + entry + exit`` and over all types.
    covariance : float
        Covariance of the estimates of ``in_situ`` and ``total``.
    """

    effects: EffectEstimate
    misfit: float
    covariance: float

    def row(self, term: str) -> pd.Series:
        """Return the row of one term."""
        return self.effects.row(term=term)


def chained_effects(
    chained: pd.DataFrame,
    areas: pd.DataFrame,
    known: pd.DataFrame,
    design: Design,
    window: tuple[int, int],
    terms: Sequence[str] = TERMS,
) -> FlowEffect:
    """Estimate the effect on chained parts (`chain_flows`): each year's stayers, comers and leavers.

    Parameters
    ----------
    chained : DataFrame
        One row per area and year.
    areas : DataFrame
        One row per area: ``area_code``, cohort and clusters. Areas that are not in it are not compared.
    known : DataFrame
        One row per area and year: ``area_code, year`` and the covariates of the design, which count as they were in
        the last year before treatment.
    design : Design
        Of the mean; its outcome is replaced by every term in turn, its covariates enter alike.
    window : (int, int)
        Event times whose mean is taken.
    terms : sequence of str
        `WHOLE` at the least.

    Raises
    ------
    EstimationError
        If the parts miss the whole by more than `ADDS_UP`, or the design cannot be estimated.
    """
    frame = chained.merge(areas, on=design.unit, how="inner").merge(known, on=list(design.key), how="left")
    gaps = frame[design.unit].isin(set(frame.loc[frame["in_situ"].isna(), design.unit]))
    frame, dropped = frame[~gaps], int(frame.loc[gaps, design.unit].nunique())
    made = {}
    for term in terms:
        adoption = Adoption(draw_sample(frame, _design_of(term, frame, design)))
        made[term] = _window(compared_cells(adoption, APPROACH, reach=window), window)
    return _together(made, dropped, "chained yearly parts")


def long_effects(
    parts: pd.DataFrame,
    areas: pd.DataFrame,
    known: pd.DataFrame,
    design: Design,
    window: tuple[int, int],
    terms: Sequence[str] = TERMS,
) -> FlowEffect:
    """Estimate the effect on parts of the long difference: stayers are those of g − 1 who are still there.

    Every cohort is compared over its own pairs of years with areas never treated, whose change over the same years
    is taken apart in the same way.

    Parameters
    ----------
    parts : DataFrame
        From `decompose_flows`, the pairs of every cohort (`long_pairs`).
    areas, known, design, window, terms
        As in `chained_effects`; the comparison is with areas never treated.

    Raises
    ------
    EstimationError
        As `chained_effects`.
    """
    design = replace(design, comparison=NEVER_TREATED)
    rows = parts.merge(areas, on=design.unit, how="inner")
    rows = rows.merge(known.rename(columns={design.time: "year_from"}), on=[design.unit, "year_from"], how="left")
    gaps = rows[design.unit].isin(set(rows.loc[rows["in_situ"].isna(), design.unit]))
    frame, dropped = rows[~gaps], int(rows.loc[gaps, design.unit].nunique())
    made = {term: _window(_long_cells(frame, _design_of(term, frame, design), window), window) for term in terms}
    return _together(made, dropped, "parts of the long difference since the year before treatment")


def effect_on_mean(
    people: pd.DataFrame, areas: pd.DataFrame, known: pd.DataFrame, design: Design, window: tuple[int, int]
) -> FlowEffect:
    """Decompose the yearly changes of the mean of the design's outcome, and estimate the effect on every part.

    Parameters
    ----------
    people : DataFrame
        One row per person and year; see `decompose_flows`.
    areas, known, design, window
        As in `chained_effects`.
    """
    years = sorted(int(year) for year in people["year"].unique())
    parts = decompose_flows(people, FlowColumns(design.outcome), list(pairwise(years)))
    return chained_effects(chain_flows(parts), areas, known, design, window)


def effect_on_long_change(
    people: pd.DataFrame, areas: pd.DataFrame, known: pd.DataFrame, design: Design, window: tuple[int, int]
) -> FlowEffect:
    """Decompose the change of the mean since the year before treatment, and estimate the effect on `WHOLE`."""
    cohorts = sorted(int(year) for year in areas[str(design.cohort)].dropna().unique())
    pairs = long_pairs(cohorts, window, int(people["year"].max()), int(people["year"].min()))
    parts = decompose_flows(people, FlowColumns(design.outcome), pairs)
    return long_effects(parts, areas, known, design, window, WHOLE)


def long_pairs(
    cohorts: Sequence[int], window: tuple[int, int], last_year: int, first_year: int = 0
) -> list[tuple[int, int]]:
    """Return the pairs of years that `long_effects` needs: from the year before a cohort to every time of its window.

    Examples
    --------
    >>> long_pairs([2000, 2014], (6, 7), 2020)
    [(1999, 2006), (1999, 2007), (2013, 2020)]
    """
    pairs = [(g - 1, g + e) for g in cohorts for e in range(window[0], window[1] + 1)]
    return [pair for pair in pairs if pair[0] >= first_year and pair[1] <= last_year]


def _design_of(term: str, frame: pd.DataFrame, design: Design) -> Design:
    """Return the design of a term; without covariates where they explain nothing.

    Where a term is zero in every untreated area, such as that of forced leavers, a regression of it on covariates
    predicts zero for all: with and without them the figures are the same, and the library refuses to fit it.
    """
    untreated = frame[str(design.cohort)].isna()
    nothing = bool((frame.loc[untreated, term] == 0).all())
    return replace(design, outcome=term, covariates=() if nothing else design.covariates)


def _long_cells(frame: pd.DataFrame, design: Design, window: tuple[int, int]) -> GroupTime:
    """Return the cells of all cohorts, each from a panel of its own pairs of years."""
    cohort = str(design.cohort)
    every = frame.drop_duplicates(design.unit).assign(**{design.time: 0, design.outcome: 0.0})
    years = range(int(frame["year_from"].min()), int(frame["year_to"].max()) + 1)
    whole = pd.concat([every.assign(**{design.time: year}) for year in (years[0], years[-1])], ignore_index=True)
    adoption = Adoption(draw_sample(whole, design))
    unit_names = adoption.sample.frame[design.unit].to_numpy()[adoption.sample.unit_starts]
    place = pd.Series(np.arange(len(unit_names)), index=unit_names)
    cells, columns = [], []
    for g in sorted(int(value) for value in frame[cohort].dropna().unique()):
        rows = frame[(frame["year_from"] == g - 1) & (frame[cohort].isna() | (frame[cohort] == g))]
        if rows.empty:
            continue
        base = rows.drop_duplicates(design.unit).assign(**{design.time: g - 1, design.outcome: 0.0})
        panel = pd.concat([base, rows.assign(**{design.time: rows["year_to"]})], ignore_index=True)
        # Errors are clustered when all cohorts are together: one cohort may lie in one cluster, or be a single area.
        sample = draw_sample(panel, replace(design, clusters=()), one_treated_cluster=True)
        own = compared_cells(Adoption(sample), APPROACH, reach=window)
        names = own.adoption.sample.frame[design.unit].to_numpy()[own.adoption.sample.unit_starts]
        psi = np.zeros((len(unit_names), len(own.cells)))
        psi[place.reindex(names).to_numpy()] = own.influence * (len(unit_names) / len(names))
        cells.append(own.cells)
        columns.append(psi)
    if not cells:
        raise EstimationError("no cohort has a pair of years from before its treatment into the window")
    return GroupTime(adoption, pd.concat(cells, ignore_index=True), np.column_stack(columns), APPROACH, "universal")


def _window(cells: GroupTime, window: tuple[int, int]) -> EffectEstimate:
    """Return the mean over the window."""
    result = aggregate(cells, window=window, draws=1)
    place = int(np.flatnonzero(result.frame["term"].str.startswith("window"))[0])
    row = result.frame.iloc[[place]].reset_index(drop=True)
    return replace(result, frame=row, covariance=None)


def _together(made: dict[str, EffectEstimate], dropped: int, words: str) -> FlowEffect:
    """Put the terms into one table and check that they add up."""
    point = {term: float(result.frame["estimate"].iloc[0]) for term, result in made.items()}
    error = {term: float(result.frame["std_error"].iloc[0]) for term, result in made.items()}
    misfit = abs(point["in_situ"] + point["entry"] + point["exit"] - point["total"])
    if set(TERMS) <= set(made):
        types = sum(point[term] for term in TERMS if term not in WHOLE)
        misfit = max(misfit, abs(point["in_situ"] + types - point["total"]))
    if misfit > ADDS_UP:
        raise EstimationError(f"the parts miss the whole by {misfit:.1e}: they were not estimated on the same rows")
    rows = [result.frame.assign(term=term) for term, result in made.items()]
    first = made["total"]
    # Composition is the whole less the stayers' part, so that three variances give the covariance.
    covariance = (error["in_situ"] ** 2 + error["total"] ** 2 - error["composition"] ** 2) / 2
    left_out = (("areas without a stayer in some year", dropped),) if dropped else ()
    table = replace(
        first,
        frame=pd.concat(rows, ignore_index=True),
        method=f"{words}, each by: {first.method}",
        dropped=(*first.dropped, *left_out),
    )
    return FlowEffect(table, misfit, covariance)


_PARTS = {"total": "the mean", "in_situ": "who stayed", "entry": "who came", "exit": "who left"}


def parts_of(effects: Mapping[str, FlowEffect]) -> pd.DataFrame:
    """Return the effects on the mean and its three parts, of several outcomes, as rows.

    Returns
    -------
    DataFrame
        One row per outcome and part: ``outcome, part``, the result columns and ``treated_count``.
    """
    rows = []
    for outcome, effect in effects.items():
        frame = effect.effects.frame
        found = frame[frame["term"].isin(list(_PARTS))]
        named = found.assign(part=found["term"].map(_PARTS), outcome=outcome)
        rows.append(named[["outcome", "part", *RESULT_COLUMNS, "treated_count"]])
    return pd.concat(rows, ignore_index=True)


def types_of(effect: FlowEffect) -> pd.DataFrame:
    """Return the effect through each type of comer and leaver: ``kind, who``, result columns, ``treated_count``."""
    rows = []
    for kind, types, words in (("entry", COMERS, "came"), ("exit", LEAVERS, "left")):
        for name, who in types.items():
            row = effect.row(f"{kind}_{name}")
            rows.append({"kind": words, "who": who} | row[[*RESULT_COLUMNS, "treated_count"]].to_dict())
    return pd.DataFrame(rows)
