"""What a synthetic country holds once it has been simulated: the tables that every other part of the room reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

GEMEENTE_KINDS = ("big_city", "medium", "new_town", "small")
"""Kinds of gemeente; they differ in tenure, origin, level of liveability and whether policy can act there."""


def lowest(income: NDArray[np.floating], share: float) -> NDArray[np.bool_]:
    """Return which incomes are among the lowest `share` of all."""
    rank = round(share * len(income))
    return np.asarray(income < np.partition(income, rank)[rank])


class Tenure(IntEnum):
    """Who owns a dwelling and who lives in it."""

    SOCIAL = 0
    OWNER = 1
    PRIVATE = 2


class Arrival(IntEnum):
    """How the household of a dwelling came to it in the year that ends on this 1 January."""

    STAYED = 0
    FROM_SAME_BUURT = 1
    FROM_SAME_WIJK = 2
    FROM_SAME_GEMEENTE = 3
    FROM_ELSEWHERE = 4
    NEW_HOUSEHOLD = 5


@dataclass(frozen=True, eq=False)
class Geography:
    """Where everything lies; one vintage of areas, that of the last year.

    Attributes
    ----------
    gemeenten : DataFrame
        One row per gemeente: ``gemeente_code`` (GM9001…), ``gemeente_name``, ``kind`` (`GEMEENTE_KINDS`).
    wijken : DataFrame
        One row per wijk: ``wijk_code``, ``wijk_name``, ``gemeente_code``.
    buurten : DataFrame
        One row per buurt, in the order of every array over buurten: ``buurt_code``, ``buurt_name``, ``wijk_code``,
        ``gemeente_code``, ``kind``, ``x_m``, ``y_m`` (centre, metres in the plane of EPSG:28992 but outside the
        Netherlands), ``land_area_ha``, ``published_dwellings`` (dwellings that the simulated ones stand for).
    corners_m : ndarray of float, shape (buurten, 6, 2)
        Corners of each buurt's hexagon; neighbours share them exactly.
    """

    gemeenten: pd.DataFrame
    wijken: pd.DataFrame
    buurten: pd.DataFrame
    corners_m: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class History:
    """What became of the buurten: arrays of shape (years, buurten), in the order of `years` and of the buurten.

    Attributes
    ----------
    years : ndarray of int
        Years of the panel; a stock is that of 1 January, a flow that of the year before.
    liveability_score : ndarray
        The score without noise and without the step of 2014: what policy can change.
    published_liveability_score : ndarray
        The score with the step of 2014 and the noise of the instrument.
    low_income_share, lowest40_share, nonwestern_share : ndarray
        Shares of households.
    mean_log_income : ndarray
        Mean log of standardised household income in euro.
    social_share, owner_share, private_share : ndarray
        Shares of dwellings.
    log_woz : ndarray
        Log of the mean assessed value in euro.
    turnover_share : ndarray
        Share of dwellings whose household left in the year before.
    demolished_social, built_owner, built_social, built_private : ndarray
        Simulated dwellings demolished and built in the year before.
    displaced_inflow_share : ndarray
        Households that came in the year before because their dwelling elsewhere was demolished, per dwelling.
    """

    years: NDArray[np.int64]
    liveability_score: NDArray[np.float64]
    published_liveability_score: NDArray[np.float64]
    low_income_share: NDArray[np.float64]
    lowest40_share: NDArray[np.float64]
    nonwestern_share: NDArray[np.float64]
    mean_log_income: NDArray[np.float64]
    social_share: NDArray[np.float64]
    owner_share: NDArray[np.float64]
    private_share: NDArray[np.float64]
    log_woz: NDArray[np.float64]
    turnover_share: NDArray[np.float64]
    demolished_social: NDArray[np.float64]
    built_owner: NDArray[np.float64]
    built_social: NDArray[np.float64]
    built_private: NDArray[np.float64]
    displaced_inflow_share: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Residence:
    """Who lives where: arrays of shape (years, dwellings) on 1 January, and arrays over dwellings.

    Attributes
    ----------
    years : ndarray of int
        Years of the panel.
    buurt : ndarray of int32, shape (dwellings,)
        Position of each dwelling's buurt. A dwelling that is demolished is rebuilt in its place.
    household : ndarray of int32
        Row of the household in `Households`.
    tenure : ndarray of int8
        `Tenure`.
    built_year : ndarray of int16
        Year in which the building was completed.
    log_income : ndarray of float32
        Log of the household's standardised income in euro.
    arrival : ndarray of int8
        `Arrival`.
    forced : ndarray of bool
        Whether the household came because its dwelling was demolished in the year before.
    """

    years: NDArray[np.int64]
    buurt: NDArray[np.int32]
    household: NDArray[np.int32]
    tenure: NDArray[np.int8]
    built_year: NDArray[np.int16]
    log_income: NDArray[np.float32]
    arrival: NDArray[np.int8]
    forced: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Households:
    """Every household that lived in the country in a year of the panel; arrays over households.

    Attributes
    ----------
    key : ndarray of uint64
        Name by which its draws are keyed; the same household has the same key in every branch of the world.
    entry_year, exit_year : ndarray of int16
        First 1 January on which it was there, and first on which it was not (year after the last if it still is).
    head_birth_year : ndarray of int16
        Year of birth of its head.
    nonwestern : ndarray of bool
        Whether its head has a background outside Europe.
    permanent_income : ndarray of float32
        Permanent part of log income, as deviation from the country's mean.
    """

    key: NDArray[np.uint64]
    entry_year: NDArray[np.int16]
    exit_year: NDArray[np.int16]
    head_birth_year: NDArray[np.int16]
    nonwestern: NDArray[np.bool_]
    permanent_income: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class World:
    """A simulated country.

    Attributes
    ----------
    seed : int
        Same seed, same country.
    size, scenario : str
        Names of its size and of its scenario.
    geography : Geography
    history : History
        With the policy, as it was.
    residence : Residence
    households : Households
    projects : DataFrame
        One row per project, as it was: ``project_id``, ``buurt_code``, ``announce_year``, ``start_year`` (the first
        year in which dwellings are demolished), ``end_year``, ``demolished_social``, ``built_owner``,
        ``built_social``, ``built_private`` (simulated dwellings), ``dose`` (share of the buurt's dwellings).
    """

    seed: int
    size: str
    scenario: str
    geography: Geography
    history: History
    residence: Residence
    households: Households
    projects: pd.DataFrame

    def published_per_simulated(self) -> NDArray[np.float64]:
        """Return how many published dwellings each simulated one of a buurt stands for, shape (buurten,)."""
        published = self.geography.buurten["published_dwellings"].to_numpy(dtype=np.float64)
        simulated = np.bincount(self.residence.buurt, minlength=len(published))
        return np.asarray(published / np.maximum(simulated, 1))
