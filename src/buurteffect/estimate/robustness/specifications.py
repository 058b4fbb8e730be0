"""One headline under many choices: what stays of it when each choice is made otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import AT_RISK, NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.aggregation import late_effect
from buurteffect.estimate.selection.bracketing import GIVEN

Run = Callable[[pd.DataFrame, Design, tuple[int, int]], EffectEstimate]

COLUMNS = ("term", "estimate", "std_error", "ci_low", "ci_high", "treated_count", "units_count", "reason")
"""Columns of the table of specifications."""


@dataclass(frozen=True, eq=False)
class Specification:
    """One way to make the estimate.

    Parameters
    ----------
    label : str
        What is otherwise than in the headline.
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated.
    window : (int, int)
        Event times whose mean is taken.
    run : callable
        Takes the three; its row ``window`` or ``mean of event times`` counts.
    """

    label: str
    frame: pd.DataFrame
    design: Design
    window: tuple[int, int]
    run: Run = late_effect


@dataclass(frozen=True, eq=False)
class Variants:
    """The panels that specifications choose from.

    Parameters
    ----------
    compared : DataFrame
        Treated areas and the untreated ones of the headline.
    every : DataFrame
        With all untreated areas, near ones included.
    far_m : float
        Distance from which on untreated areas count in the specification with far ones.
    unchanged : DataFrame, optional
        The rows of areas whose boundary never changed.
    others : tuple of str
        Covariates that could stand in the place of those of the headline, such as level and trend of values.
    later : str
        Covariate that is known from a later year on, such as the trend of a score; empty for none.
    """

    compared: pd.DataFrame
    every: pd.DataFrame
    far_m: float
    unchanged: pd.DataFrame | None = None
    others: tuple[str, ...] = ()
    later: str = ""


def standard_specifications(variants: Variants, design: Design, window: tuple[int, int]) -> list[Specification]:
    """Return a design of the headline, and the choices that a referee would make otherwise.

    The first is that given what was known at the choice (`bracket`); the other design of a bracket, without covariates,
    stands beside it there.

    Other estimators, parts of the treated units, and what single clusters do have tables of their own (`side_by_side`,
    `effects_by_group`, `leave_one_cluster_out`), so that no design stands under two names.

    Parameters
    ----------
    variants : Variants
        The panels.
    design : Design
        Of the headline.
    window : (int, int)
        Its event times.
    """
    base, every = variants.compared, variants.every
    never = every["status"] != "treated"
    far = every[~(never & (every["nearest_treated_m"] <= variants.far_m))]
    cities = every.loc[~never, design.cluster_columns[0]].unique()
    low, high = window
    found = [
        Specification(GIVEN, base, design, window),
        *_given_otherwise(variants, design, window),
        Specification("doubly robust", base, replace(design, comparison=NEVER_TREATED), window, _doubly_robust),
        *_other_comparisons(base, design, window),
        Specification("against all untreated areas, near ones included", every, design, window),
        Specification(f"against areas {variants.far_m:,.0f} m or farther", far, design, window),
        Specification(
            "within the gemeenten that treat", base[base[design.cluster_columns[0]].isin(cities)], design, window
        ),
        Specification(f"one year earlier ({low - 1}–{high - 1})", base, design, (low - 1, high - 1)),
        Specification(f"one year later ({low + 1}–{high + 1})", base, design, (low + 1, high + 1)),
    ]
    if variants.unchanged is not None:
        found.append(Specification("areas whose boundary never changed", variants.unchanged, design, window))
    return [*found, *_within_series(base, design, window)]


def specification_table(specifications: Sequence[Specification]) -> pd.DataFrame:
    """Estimate every specification.

    Returns
    -------
    DataFrame
        One row is one specification (`COLUMNS`); where it is refused the figures are missing and ``reason`` says why.

    Raises
    ------
    EstimationError
        If none has a figure, with the reason of the first.
    """
    rows = []
    for each in specifications:
        made = estimator(each.run)(each.frame, each.design, each.window)
        if not made:
            rows.append({"term": each.label, "reason": made.reason})
            continue
        frame = made.frame
        term = frame["term"].astype(str)
        row = frame[term.str.startswith("window") | term.str.startswith("mean of event times")].iloc[0]
        rows.append({"term": each.label, **row[list(COLUMNS[1:-1])].to_dict(), "reason": ""})
    table = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
    if table["estimate"].isna().all():
        raise EstimationError(f"no specification has a figure; the first: {table['reason'].iloc[0]}")
    return table


def _given_otherwise(variants: Variants, design: Design, window: tuple[int, int]) -> list[Specification]:
    """Return the headline with other covariates, and with one more from the year on in which it is known."""
    base, mine, others = variants.compared, design.covariates, variants.others
    found = []
    if others and set(others) != set(mine):
        given = replace(design, covariates=others)
        found.append(Specification("given level and trend of values only", base, given, window))
        both = tuple(dict.fromkeys((*mine, *others)))
        found.append(Specification("given the level of values too", base, replace(design, covariates=both), window))
    if variants.later and base[variants.later].notna().any():
        start = base.loc[base[variants.later].notna(), design.time].min()
        given = replace(design, covariates=(*mine, variants.later))
        part = base[base[design.time] >= start]
        found.append(Specification(f"given the change of the score too, starts after {start:.0f}", part, given, window))
    return found


_AGAINST = {
    NEVER_TREATED: "against areas never treated only",
    NOT_YET_TREATED: "against areas not yet treated too",
    AT_RISK: "against all areas untreated at the choice",
}


def _other_comparisons(frame: pd.DataFrame, design: Design, window: tuple[int, int]) -> list[Specification]:
    """Return the headline against the other kinds of comparison areas."""
    return [
        Specification(label, frame, replace(design, comparison=kind), window)
        for kind, label in _AGAINST.items()
        if kind != design.comparison
    ]


def _doubly_robust(frame: pd.DataFrame, design: Design, window: tuple[int, int]) -> EffectEstimate:
    """Run the doubly robust version."""
    return late_effect(frame, design, window, "dr")


def _within_series(frame: pd.DataFrame, design: Design, window: tuple[int, int]) -> list[Specification]:
    """Return the specification that stays on one side of every break, once per side."""
    years = sorted({int(year) for year in frame[design.time].unique()})
    edges = sorted({int(year) for year in design.breaks["break_year"] if years[0] < year <= years[-1]}) if years else []
    found = []
    for low, high in zip([years[0] if years else 0, *edges], [*edges, (years[-1] if years else 0) + 1], strict=True):
        part = frame[(frame[design.time] >= low) & (frame[design.time] < high)]
        if edges and len(part[design.time].unique()) > 1:
            label = f"only {low}–{int(part[design.time].max())}, within one series"
            found.append(Specification(label, part, replace(design, across_breaks=False), window))
    return found
