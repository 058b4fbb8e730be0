"""The random numbers of the people layer: keyed as those of the simulation, under purposes of their own."""

from __future__ import annotations

from enum import IntEnum
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from buurteffect.synthetic.world.draws import Draws, Purpose
from buurteffect.synthetic.world.world import World


class PeoplePurpose(IntEnum):
    """What a draw of the people layer is for; far above the numbers of `draws.Purpose`, and never reused."""

    EARLIER_YEARS = 1001
    UNION = 1002
    UNION_AGE = 1003
    SEPARATION = 1004
    SEPARATED_AFTER = 1005
    WIDOWED = 1006
    CHILDREN = 1007
    EXTRA_CHILD = 1008
    FIRST_BIRTH = 1009
    SPACING = 1010
    PARTNER_AGE = 1011
    LEAVING = 1012
    SEX = 1013
    ORIGIN = 1014
    PARTNER_ORIGIN = 1015
    OTHER_ORIGIN = 1016
    EDUCATION = 1017
    EMPLOYMENT_LASTING = 1018
    EMPLOYMENT_YEAR = 1019
    DISABILITY = 1020
    UNEMPLOYMENT = 1021
    ASSISTANCE = 1022
    SUPPORT = 1023
    FAMILY = 1024
    RANK_NOISE = 1025
    WEALTH = 1026
    LATER_END = 1027
    END_KIND = 1028
    WIDOWHOOD = 1029
    TIE_KIND = 1030
    TIE_ALTER = 1031
    TIE_NUMBER = 1032
    FAMILY_FROM_ABROAD = 1033
    TURN = 1034
    LIKENESS = 1035
    EARLIER_WAIT = 1036
    SAMPLE = 1040
    ANSWER_CONTACT = 1041
    ANSWER_AT_HOME = 1042
    ANSWER_SAFETY = 1043
    ANSWER_TRUST = 1044
    BUURT_FORM = 1050
    BUURT_DENSITY = 1051
    BUURT_VACANCY = 1052
    OFFENCES = 1053
    REGISTER = 1060
    MOVE_DAY = 1070
    ADMINISTRATIVE = 1071
    OBJECT = 1072
    EARLY_DAY = 1073
    OBJECT_NAME = 1074


def uniform(seed: int, purpose: PeoplePurpose, ids: ArrayLike, year: int = 0) -> NDArray[np.float64]:
    """Return a number strictly between 0 and 1 for each identity; year 0 for what lasts."""
    return Draws(seed).uniform(year, cast(Purpose, purpose), ids)


def normal(seed: int, purpose: PeoplePurpose, ids: ArrayLike, year: int = 0) -> NDArray[np.float64]:
    """Return a standard normal number for each identity; year 0 for what lasts."""
    return Draws(seed).normal(year, cast(Purpose, purpose), ids)


def household_uniform(world: World, purpose: PeoplePurpose) -> NDArray[np.float64]:
    """Return a number strictly between 0 and 1 for each household."""
    return uniform(world.seed, purpose, world.households.key)


def household_normal(world: World, purpose: PeoplePurpose) -> NDArray[np.float64]:
    """Return a standard normal number for each household."""
    return normal(world.seed, purpose, world.households.key)
