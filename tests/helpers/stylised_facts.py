"""Stylised facts of a country: the figures in which it can be held against the real one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.synthetic.world.world import World

SCORE_YEARS = (2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022)
SEGREGATION_YEARS = (1995, 2002, 2012, 2022)
CORRELATIONS = ((2002, 2008), (2008, 2012), (2012, 2014), (2002, 2022))


def wijk_scores(world: World) -> pd.DataFrame:
    """Return the published scores of the wijken: one row per wijk, one column per year.

    The score of a wijk is the mean of its buurten's published scores, weighted by ``published_dwellings``.
    """
    wijk, _ = pd.factorize(world.geography.buurten["wijk_code"])
    weight = world.geography.buurten["published_dwellings"].to_numpy(dtype=float)
    total = np.bincount(wijk, weights=weight)
    scores = [np.bincount(wijk, weights=weight * row) / total for row in world.history.published_liveability_score]
    codes = world.geography.wijken["wijk_code"]
    return pd.DataFrame(np.column_stack(scores), index=pd.Index(codes), columns=world.history.years)


def dissimilarity(share: NDArray[np.float64]) -> float:
    r"""Return the index of dissimilarity over buurten of equal size.

    .. math:: D = \frac{1}{2} \sum_b \left| x_b / X - (t_b - x_b) / (T - X) \right|

    Parameters
    ----------
    share : ndarray, shape (buurten,)
        Share of the group in each buurt.
    """
    return float(np.abs(share / share.sum() - (1 - share) / (1 - share).sum()).sum() / 2)


def facts(world: World) -> dict[str, float]:
    """Return the stylised facts of a country.

    Scores are those of wijken (`wijk_scores`), every wijk counting once; shares, turnover and dissimilarity are over
    simulated dwellings, of which every buurt has as many. Turnover is the mean over the years of the panel. SDs have
    the divisor n − 1.
    """
    scores, history = wijk_scores(world), world.history
    found = {f"sd_wijk_score_{year}": float(scores[year].std()) for year in SCORE_YEARS}
    for before, after in CORRELATIONS:
        found[f"correlation_{before}_{after}"] = float(np.corrcoef(scores[before], scores[after])[0, 1])
    declined = scores[2014] < scores[2012]
    lowest_fifth = scores[2012] <= scores[2012].quantile(0.2)
    found["declined_share_2012_2014"] = float(declined.mean())
    found["declined_share_2012_2014_lowest_fifth"] = float(declined[lowest_fifth].mean())
    found["mean_change_2002_2022"] = float((scores[2022] - scores[2002]).mean())
    found["turnover_share"] = float(history.turnover_share[1:].mean())
    at = {int(year): row for row, year in enumerate(history.years)}
    for year in (1995, 1998, 2022):
        for tenure in ("social", "owner", "private"):
            found[f"{tenure}_share_{year}"] = float(getattr(history, f"{tenure}_share")[at[year]].mean())
    for year in SEGREGATION_YEARS:
        found[f"dissimilarity_low_income_{year}"] = dissimilarity(history.low_income_share[at[year]])
        found[f"dissimilarity_origin_{year}"] = dissimilarity(history.nonwestern_share[at[year]])
    found |= _urban(world, at[2021])
    return found


def _urban(world: World, row: int) -> dict[str, float]:
    """Return the cross-section of the buurten of big cities and medium gemeenten in 2021, every buurt once."""
    urban = world.geography.buurten["kind"].isin(["big_city", "medium"]).to_numpy()
    named = {
        "low_income_share": world.history.low_income_share[row, urban],
        "lowest40_share": world.history.lowest40_share[row, urban],
        "nonwestern_share": world.history.nonwestern_share[row, urban],
        "income_eur": np.exp(world.history.mean_log_income[row, urban]),
    }
    found: dict[str, float] = {}
    for name, values in named.items():
        found[f"urban_2021_mean_{name}"] = float(values.mean())
        found[f"urban_2021_sd_{name}"] = float(values.std(ddof=1))
    return found
