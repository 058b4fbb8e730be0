"""What a year of childhood in a better place is worth, from families that move once while children are of other ages.

Families that move to better places differ from others, whatever the age of their children. If that difference does
not depend on the child's age at the move, children who moved earlier and so lived longer in the destination show what
the place does: Chetty & Hendren (2018), doi:10.1093/qje/qjy007.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.childhood.design import EXPOSURE, STEP, ChildDesign
from buurteffect.estimate.core.columns import require_numbers
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.result_tables import stack
from buurteffect.estimate.inference.wald import JointTest, joint_test
from buurteffect.estimate.regression.ols_iv import Equation, ivreg

PARENTS = ("parent_rank", "parent_rank_squared")
PERSONAL = ("female", "nonwestern")
AGES = ((1, 3), (4, 6), (7, 9), (10, 12), (13, 15), (16, 18), (19, 21), (22, 24), (25, 28), (29, 34))
"""Ages at the move that a figure shows, ends included."""


@dataclass(frozen=True)
class MoversDesign(ChildDesign):
    """Which moves are compared, and what is held fixed.

    Parameters
    ----------
    first_age, last_age : int
        Ages of the child at the move. Moves after childhood add no exposure and show how far families that move to
        better places differ anyway.
    last_exposed_age : int
        Last age that counts as childhood.
    controls : tuple of str
        Columns held fixed besides the design's own: the gap itself, the origin, the origin times the years of
        childhood seen, and indicators of the birth year and of the age at the move.
    clusters, alpha
        As of `ChildDesign`.
    """

    first_age: int = 1
    last_age: int = 27
    last_exposed_age: int = 17
    controls: tuple[str, ...] = (*PARENTS, *PERSONAL)

    def equation(self) -> Equation:
        """Return the regression, on the rows of `movers_sample`."""
        controls = ("gap", "origin", "origin_years", "childhood_years", *self.controls)
        return replace(self.between((EXPOSURE,), controls, ("birth_year", "move_age")), instruments=("predicted",))


MOVED = ("move_age", "years_after_move", "origin_share", "destination_share", "childhood_years", "parent_rank")
"""Columns of children that the comparison of moves is made from."""


def movers_sample(children: pd.DataFrame, first_age: int, last_age: int) -> pd.DataFrame:
    """Return the children of families that moved once, at some ages of the child, with the design's columns.

    Parameters
    ----------
    children : DataFrame
        One row per child, see `panel.read_childhoods`: ``move_age, years_after_move, origin_share,
        destination_share, childhood_years, parent_rank`` are used.
    first_age, last_age : int
        Ages of the child at the move, ends included.

    Returns
    -------
    DataFrame
        These rows with ``gap`` (low incomes in the origin less those in the destination, in steps of ten points: above
        0 is a move to a better place), ``origin`` (less the origin's share, in the same steps), ``origin_years``
        (that times the years of childhood seen), ``predicted`` (gap times the years of childhood after the move) and
        ``parent_rank_squared``.

    Raises
    ------
    EstimationError
        If no family moved once at these ages.
    """
    require_numbers(children, MOVED, "table of children")
    once = children[children["move_age"].between(first_age, last_age)]
    if once.empty:
        raise EstimationError(f"no family moved once when its child was between {first_age} and {last_age}")
    return once.assign(
        gap=(once["origin_share"] - once["destination_share"]) / STEP,
        origin=-once["origin_share"] / STEP,
        origin_years=-once["origin_share"] / STEP * once["childhood_years"],
        predicted=(once["origin_share"] - once["destination_share"]) / STEP * once["years_after_move"],
        parent_rank_squared=once["parent_rank"] ** 2 / 100,
    )


def movers_slope(children: pd.DataFrame, design: MoversDesign | None = None) -> EffectEstimate:
    """Return the childhood exposure effect per year and ten points fewer low incomes, from ages at the move.

    y_i = β E_i + δ Δ_i + ρ₁ o_i + ρ₂ o_i n_i + α_cohort + α_age at move + x_i'γ + e_i, with E the exposure of
    childhood, Δ the gap between origin and destination and o the origin. Δ takes up that families who move to better
    places differ. Shares change after a move, so that E is not Δ times the years after it, and a family that sees
    its place change may answer to it: E is instrumented by Δ × years of childhood after the move.

    Parameters
    ----------
    children : DataFrame
        One row per child, see `panel.read_childhoods`.
    design : MoversDesign, optional
        Which moves are compared.

    Returns
    -------
    EffectEstimate
        One row, ``exposure``: points of adult rank per year and ten points fewer low incomes.

    Raises
    ------
    EstimationError
        If no family moved once at the design's ages.
    """
    chosen = design or MoversDesign()
    solved = ivreg(movers_sample(children, chosen.first_age, chosen.last_age), chosen.equation())
    return solved.table(
        "families that moved once; exposure instrumented by the gap times the years of childhood after the move, first "
        f"stage F {solved.first_stage_f:,.0f}"
    )


def movers_variants(children: pd.DataFrame, design: MoversDesign | None = None) -> EffectEstimate:
    """Return the slope under other choices: one row is one choice, the first the design's own.

    Raises
    ------
    EstimationError
        If no family moved once at the design's ages.
    """
    chosen = design or MoversDesign()
    main = chosen.equation()
    sample = movers_sample(children, chosen.first_age, chosen.last_age)
    early = sample[sample["move_age"] <= chosen.last_exposed_age]
    variants = {
        "as designed": (sample, main),
        "exposure itself, not instrumented": (sample, replace(main, instruments=())),
        "gap times years after the move itself": (sample, replace(main, explained_by=("predicted",), instruments=())),
        "moves during childhood only": (early, main),
        "without the parents' income": (sample, replace(main, controls=_less(main.controls, PARENTS))),
        "origin times age at the move": (
            sample.assign(origin_age=sample["origin"] * sample["move_age"]),
            replace(main, controls=(*main.controls, "origin_age")),
        ),
        "effects of the gemeente": (sample, replace(main, dummies=(*main.dummies, "gemeente"))),
        "effects of the destination": (sample, replace(main, effect="place")),
        "years with a low income at home held fixed": (
            sample,
            replace(main, controls=(*main.controls, "own_low_years")),
        ),
    }
    tables = {name: ivreg(*given).table("", [name]) for name, given in variants.items()}
    return stack(tables, "families that moved once, under other choices")


def movers_by_age(children: pd.DataFrame, design: MoversDesign | None = None) -> EffectEstimate:
    """Return how much of the gap between two places children keep, by their age at the move.

    y_i = Σ_m b_m Δ_i 1(age at move in m) + controls as in `movers_slope`. With a constant effect of a year b_m falls
    in a straight line until childhood ends, and is flat after it.

    Parameters
    ----------
    children, design
        As of `movers_slope`, with the ages of `AGES` in place of the design's.

    Returns
    -------
    EffectEstimate
        One row per group of ages: points of rank per step of ten points; ``event_time`` is the mean age at the move.
    """
    sample, names = _gaps_by_age(children)
    main = (design or MoversDesign()).equation()
    controls = _less(main.controls, ("gap",))
    found = ivreg(sample, replace(main, explained_by=tuple(names), instruments=(), controls=controls))
    labels = [f"{low}–{high}" for low, high in AGES]
    table = found.table("families that moved once: the gap between places by age at the move", labels)
    middle = [round(float(sample.loc[sample["move_age"].between(*ages), "move_age"].mean())) for ages in AGES]
    return replace(table, frame=table.frame.assign(event_time=pd.array(middle, dtype="Int64")))


def linearity_test(children: pd.DataFrame, design: MoversDesign | None = None) -> JointTest:
    """Test that what children keep of the gap lies on the line that `movers_slope` assumes, at all ages of `AGES`.

    y_i = δ Δ_i + β Δ_i n_i + Σ_m θ_m Δ_i 1(age at move in m) + controls, with n the years of childhood after the move
    (0 after childhood) and one group of ages left out: with an effect of years that is the same at every age, and a
    difference between families that does not depend on the age at the move, all θ are 0. Tested by Wald with the
    covariance and degrees of the design.

    Parameters
    ----------
    children, design
        As of `movers_by_age`.

    Returns
    -------
    JointTest
        That all θ are 0; where it is rejected, the slope of a line says little of the bins.
    """
    sample, names = _gaps_by_age(children)
    main = (design or MoversDesign()).equation()
    found = ivreg(sample, replace(main, explained_by=(*names[1:], "predicted"), instruments=()))
    table = found.table("families that moved once: departures from a line by age at the move", [*names[1:], "line"])
    return joint_test(table, range(len(names) - 1))


def _gaps_by_age(children: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the sample of `movers_sample` over `AGES` with the gap of each group of ages, and these columns' names."""
    sample = movers_sample(children, AGES[0][0], AGES[-1][1])
    names = []
    for low, high in AGES:
        inside = sample["move_age"].between(low, high)
        if inside.sum() < 2:
            raise EstimationError(
                f"fewer than two children were {low} to {high} when their family moved: widen the ages"
            )
        names.append(f"gap_{low}_{high}")
        sample[names[-1]] = sample["gap"].where(inside, 0.0)
    return sample, names


def placebo_after(
    children: pd.DataFrame, first_age: int = 24, last_age: int = 40, design: MoversDesign | None = None
) -> EffectEstimate:
    """Return the slope that the same design finds in moves after which nobody's childhood can change.

    Children who were older at the move are compared with younger ones, per year, as if years after it counted.

    Parameters
    ----------
    children, design
        As of `movers_slope`.
    first_age, last_age : int
        Ages of the child at the move, ends included, in place of the design's.

    Returns
    -------
    EffectEstimate
        One row, ``years after the move``: nothing, if the design is right.
    """
    sample = movers_sample(children, first_age, last_age)
    sample["later"] = sample["gap"] * (last_age + 1 - sample["move_age"])
    main = (design or MoversDesign()).equation()
    controls = (*main.controls, EXPOSURE)
    found = ivreg(sample, replace(main, explained_by=("later",), instruments=(), controls=controls))
    words = f"families that moved once when the child was {first_age} to {last_age}: gap times years since"
    return found.table(words, ["years after the move"])


def _less(names: tuple[str, ...], gone: tuple[str, ...]) -> tuple[str, ...]:
    """Return names without some."""
    return tuple(name for name in names if name not in gone)
