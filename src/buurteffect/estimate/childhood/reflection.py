"""The reflection problem: why incomes that go with the neighbours' incomes say nothing about an effect of neighbours.

In a regression of an outcome on its mean among neighbours three things come to the same: neighbours act on each
other, they have something in common that acts on all of them, and like lives with like. With the means of everything
else among the regressors the first is not identified at all when groups act through their means: Manski (1993),
doi:10.2307/2298123.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.result_tables import stack
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.regression.ols_iv import Equation, ivreg

OUTCOME = "log_income"
OWN = ("age", "age_squared", "nonwestern", "owner", "social")
"""A household's own traits."""

ALONE, TRAITS, CONTEXT, RANDOM = (
    "neighbours' mean alone",
    "given own traits",
    "given own and the neighbours' traits",
    "neighbours drawn by lot in the gemeente, given own traits",
)


def linear_in_means(households: pd.DataFrame, seed: int = 1, alpha: float = 0.05) -> EffectEstimate:
    """Return the linear-in-means regression of own income on the mean of the others in the buurt, not identified.

    y_i = λ ȳ_{-i} + x_i'β (+ x̄_{-i}'γ) + gemeente + e_i. The last row gives every household other neighbours, drawn by
    lot within its gemeente: there λ is about nothing (less a little: whoever is high leaves lower others behind;
    Guryan, Kroft & Notowidigdo 2009, doi:10.1257/app.1.4.34), so that what the other rows find is who lives with
    whom.

    Parameters
    ----------
    households : DataFrame
        One row per household of one year, see `panel.read_neighbours`.
    seed : int
        Of the lot.
    alpha : float
        One minus the confidence level.

    Returns
    -------
    EffectEstimate
        Four rows, `ALONE`, `TRAITS`, `CONTEXT` and `RANDOM`; no figure may be a headline.

    Raises
    ------
    EstimationError
        If every household is alone in its buurt.
    """
    require_numbers(households, (OUTCOME, "age", "nonwestern", "owner", "social"), "table of households")
    require(households, ("place", "gemeente"), "table of households")
    frame = households.assign(age_squared=households["age"] ** 2 / 100)
    placed = _with_means(frame, frame["place"].to_numpy())
    lot = _with_means(frame, _shuffled(frame, seed))
    means = tuple(f"others_{name}" for name in OWN)
    base = Equation(OUTCOME, ("others",), OWN, ("gemeente",), clusters=("place",), unit="household", alpha=alpha)
    rows = {
        ALONE: (placed, replace(base, controls=())),
        TRAITS: (placed, base),
        CONTEXT: (placed, replace(base, controls=(*OWN, *means))),
        RANDOM: (lot, base),
    }
    tables = {name: ivreg(*given).table("", [name]) for name, given in rows.items()}
    found = stack(tables, "own outcome on the mean of the other households in the buurt, gemeente effects")
    return replace(found, not_headline=("the reflection problem: like lives with like",))


def _with_means(frame: pd.DataFrame, place: NDArray[np.int_]) -> pd.DataFrame:
    """Return the households that are not alone, with the means of the others in their place."""
    size = np.bincount(place)[place]
    if (size < 2).all():
        raise EstimationError("every household is alone in its buurt: there are no neighbours")
    result = frame.assign(place=place)
    for name, column in (("others", OUTCOME), *((f"others_{own}", own) for own in OWN)):
        result[name] = _others(frame[column].to_numpy(dtype=float), place, size)
    return result[size > 1].reset_index(drop=True)


def _others(values: Floats, place: NDArray[np.int_], size: NDArray[np.int_]) -> Floats:
    """Return the mean over the others of a place."""
    total = np.bincount(place, weights=values)[place] - values
    return np.asarray(np.divide(total, size - 1, out=np.full(len(values), np.nan), where=size > 1))


def _shuffled(frame: pd.DataFrame, seed: int) -> NDArray[np.int_]:
    """Return places dealt out anew within each gemeente; every place keeps its size."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    gemeente, place = frame["gemeente"].to_numpy(), frame["place"].to_numpy()
    order = np.lexsort([generator.random(len(frame)), gemeente])
    slots = np.lexsort([place, gemeente])
    dealt = np.empty(len(frame), dtype=place.dtype)
    dealt[order] = place[slots]
    return np.asarray(dealt)
