"""The same exposures from samples of households: what measurement error in the poverty of a place does."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.panel.childhood.childhood import POINT_STEP, REFERENCE_SHARE
from buurteffect.panel.childhood.place_qualities import place_quality

SAMPLED = ("exposure_sampled", "exposure_sampled_again")
"""Columns with the exposure by two samples that have no household in common."""


def sampled_exposures(people: pd.DataFrame, years: pd.DataFrame, share: float = 0.1, seed: int = 1) -> pd.DataFrame:
    """Return each child's exposure with shares of low incomes from two samples of households.

    Parameters
    ----------
    people : DataFrame
        From `read_person_years`, all years.
    years : DataFrame
        From `read_childhoods`.
    share : float
        Share of the households in each sample, up to a half; a household is in one, the other or none for good.
    seed : int
        Of the lot.

    Returns
    -------
    DataFrame
        One row per child (index ``person``) with the columns `SAMPLED`; missing where a year of childhood has no
        sampled household in the buurt.

    Raises
    ------
    ProjectError
        If the share is not above 0 and up to a half.
    """
    if not 0 < share <= 0.5:
        raise ProjectError(f"two samples of {share} of the households: give a share above 0 and up to 0.5")
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    lot = generator.random(int(people["person"].max()) + 2)
    lot[-1] = 1.0  # household -1: not known
    young = years[years["at_home"]]
    place, year = young["place"].to_numpy(), young["year"].to_numpy()
    columns = {}
    for place_of, name in enumerate(SAMPLED):
        low, high = share * place_of, share * (place_of + 1)
        drawn = (lot >= low) & (lot < high)
        own = pd.Series(np.where(drawn[young["household"].to_numpy()], young["low_income"], np.nan))
        quality = place_quality(people[drawn[people["household"].to_numpy()]])
        step = (REFERENCE_SHARE - quality.share_of_others(place, year, own)) / POINT_STEP
        columns[name] = pd.Series(step).groupby(young["person"].to_numpy()).sum(min_count=1)
        gaps = pd.Series(np.isnan(step)).groupby(young["person"].to_numpy()).any()
        columns[name] = columns[name].mask(gaps)
    return pd.DataFrame(columns).rename_axis("person")
