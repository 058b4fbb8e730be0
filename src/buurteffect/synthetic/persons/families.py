"""Who could live in each household, and when: what a household's own name says, before anybody has moved between them.

A household is a head, a partner for part of its life, and up to four children. All of it follows from the
household's key, the head's year of birth and origin, and the years in which it enters and ends. Policy touches
none of these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.persons.draws import PeoplePurpose, household_normal, household_uniform, uniform
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.simulation.population import dissolution_hazard
from buurteffect.synthetic.world.draws import pair_identity
from buurteffect.synthetic.world.parameters import PopulationParameters
from buurteffect.synthetic.world.world import Households, World

ROLES = ("head", "partner", "child", "child", "child", "child")
"""Roles in a household by slot; children in order of birth."""

HEAD, PARTNER, CHILD = 0, 1, 2
NEVER = 32_000
"""Year of what does not happen."""

_MOST_CHILDREN = 4
_OF_AGE = 18
_OLDEST_PARENT = 47
_OLDEST_HEAD = 130

Years = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Families:
    """Who could live in each household: arrays of shape (households, slots), or (households,) where it is said.

    Attributes
    ----------
    birth : ndarray of int64
        Year of birth by slot; `NEVER` where nobody is.
    begin, end : ndarray of int64
        First 1 January in the household, and the first on which the person is not there any more if no other
        household takes him or her.
    free : ndarray of int64
        First 1 January on which another household may take a grown child or a partner who separates; else `NEVER`.
    dies : ndarray of bool
        Whether that end is a death.
    abroad : ndarray of bool, shape (households,)
        Whether the household begins with children, and so comes from abroad as a whole.
    """

    birth: Years
    begin: Years
    end: Years
    free: Years
    dies: NDArray[np.bool_]
    abroad: NDArray[np.bool_]


def person_keys(households: Households) -> NDArray[np.uint64]:
    """Return the key of every possible person, shape (households, slots), made from the household's key."""
    return pair_identity(households.key[:, None], np.arange(1, len(ROLES) + 1, dtype=np.uint64)[None, :])


def draw_families(world: World, p: PeopleParameters) -> Families:
    """Return who could live in each household of the panel."""
    households = world.households
    entry, leave = households.entry_year.astype(np.int64), households.exit_year.astype(np.int64)
    ends = _ending_years(world)
    came, parted, widowed = _unions(world, p)
    birth = _birth_years(world, p, came, np.minimum(parted, widowed))
    by_death = _ends_by_death(world, p, birth, ends)
    bereaved = np.where(by_death, _bereavements(world, p, birth, ends, came), widowed)
    shape = len(entry), len(ROLES)
    begin, end = np.repeat(entry, len(ROLES)).reshape(shape), np.repeat(leave, len(ROLES)).reshape(shape)
    free, dies = np.full(shape, NEVER), np.zeros(shape, dtype=bool)
    begin[:, PARTNER] = np.maximum(entry, came + 1)
    begin[:, CHILD:] = np.maximum(entry[:, None], birth[:, CHILD:] + 1)
    separates = (parted < bereaved) & (parted + 1 < leave)
    free[:, PARTNER] = np.where(separates, parted + 1, NEVER)
    waits = np.where(separates, parted + 1 + p.partner_wait, NEVER)
    end[:, PARTNER] = np.minimum(np.minimum(leave, waits), bereaved + 1)
    free[:, CHILD:] = birth[:, CHILD:] + 1 + _seeking_ages(world, p)
    end[:, CHILD:] = np.minimum(leave[:, None], birth[:, CHILD:] + 1 + p.home_until)
    first = int(world.residence.years[0])
    end = np.where(_gone_before(world, p, free, first), np.minimum(end, first), end)
    dies[:, HEAD] = by_death & (leave == ends)
    dies[:, PARTNER] = (bereaved < waits) & (bereaved + 1 < leave)
    return Families(birth, begin, end, free, dies, birth[:, CHILD] < entry)


def _ending_years(world: World) -> Years:
    """Return the first 1 January without each household; for those of the last year it is drawn by the same hazard."""
    households = world.households
    last = int(world.residence.years[-1])
    log_stays = np.log1p(-np.minimum(dissolution_hazard(PopulationParameters(), np.arange(_OLDEST_HEAD)), 1 - 1e-9))
    through = -np.concatenate([[0.0], np.cumsum(log_stays)])
    age = np.clip(last - households.head_birth_year.astype(np.int64), 0, _OLDEST_HEAD)
    wanted = through[age] - np.log1p(-household_uniform(world, PeoplePurpose.LATER_END))
    drawn = last + np.maximum(np.searchsorted(through, wanted) - age, 1)
    leave = households.exit_year.astype(np.int64)
    return np.where(leave > last, drawn, leave)


def _unions(world: World, p: PeopleParameters) -> tuple[Years, Years, Years]:
    """Return the years in which the partner comes, separates, and dies before an old head; `NEVER` if that is not."""
    born = world.households.head_birth_year.astype(np.float64)
    share = np.interp(born, (1940, 1985), (p.union_share_old, p.union_share_young))
    mean = p.union_age_mean + p.union_age_rise * (born - 1950)
    age = np.maximum(_OF_AGE, mean + p.union_age_sd * household_normal(world, PeoplePurpose.UNION_AGE))
    apart = household_uniform(world, PeoplePurpose.SEPARATION) < p.separation_share
    lasts = 1 - p.separation_after_mean * np.log1p(-household_uniform(world, PeoplePurpose.SEPARATED_AFTER))
    widowed = p.widowed_age_mean + p.widowed_age_sd * household_normal(world, PeoplePurpose.WIDOWED)
    coupled = household_uniform(world, PeoplePurpose.UNION) < share
    years = [
        np.where(coupled, np.floor(born + age), NEVER),
        np.where(coupled & apart, np.floor(born + age + lasts), NEVER),
        np.where(coupled, np.floor(born + np.maximum(widowed, age + 1)), NEVER),
    ]
    came, parted, dead = (some.astype(np.int64) for some in years)
    return came, parted, dead


def _birth_years(world: World, p: PeopleParameters, came: Years, until: Years) -> Years:
    """Return years of birth by slot, shape (households, slots); `NEVER` where nobody is."""
    households = world.households
    born, entry = households.head_birth_year.astype(np.int64), households.entry_year.astype(np.int64)
    coupled = came < NEVER
    u = household_uniform(world, PeoplePurpose.CHILDREN)
    couple, single = (np.searchsorted(np.cumsum(shares), u) for shares in (p.children_couple, p.children_single))
    more = households.nonwestern & (household_uniform(world, PeoplePurpose.EXTRA_CHILD) < p.extra_child_nonwestern)
    number = np.minimum(np.where(coupled, couple, single) + more, _MOST_CHILDREN)
    age = p.first_birth_age + p.first_birth_rise * (born - 1950)
    age = np.maximum(_OF_AGE, age + p.first_birth_sd * household_normal(world, PeoplePurpose.FIRST_BIRTH))
    year = np.maximum(np.floor(born + age).astype(np.int64), np.where(coupled, came + 1, 0))
    with_child = household_uniform(world, PeoplePurpose.FAMILY_FROM_ABROAD) < p.family_from_abroad_share
    year = np.where(with_child, year, np.maximum(year, entry))
    years = np.full((len(born), len(ROLES)), NEVER, dtype=np.int64)
    years[:, HEAD] = born
    partner = born - p.partner_age_gap + p.partner_age_sd * household_normal(world, PeoplePurpose.PARTNER_AGE)
    years[:, PARTNER] = np.where(coupled, np.minimum(np.floor(partner).astype(np.int64), came - _OF_AGE), NEVER)
    for child in range(_MOST_CHILDREN):
        if child:
            gap = 3 * uniform(world.seed, PeoplePurpose.SPACING, households.key, child)
            year = year + 2 + np.floor(gap).astype(np.int64)
        comes = (child < number) & (year <= born + _OLDEST_PARENT) & (~coupled | (year <= until))
        years[:, CHILD + child] = np.where(comes, year, NEVER)
    return years


def _ends_by_death(world: World, p: PeopleParameters, birth: Years, ends: Years) -> NDArray[np.bool_]:
    """Return whether a household ends by the death of its head: an old one, with no child under 18 left there."""
    age = ends - 1 - world.households.head_birth_year
    share = np.interp(age, (p.dies_from_age, p.dies_surely_age), (0.0, 1.0))
    minor = (birth[:, CHILD:] < ends[:, None]) & (birth[:, CHILD:] + _OF_AGE >= ends[:, None])
    return np.asarray((household_uniform(world, PeoplePurpose.END_KIND) < share) & ~minor.any(axis=1), dtype=bool)


def _bereavements(world: World, p: PeopleParameters, birth: Years, ends: Years, came: Years) -> Years:
    """Return the year in which the partner of a head who dies later has died: some years before, after all births."""
    u = household_uniform(world, PeoplePurpose.WIDOWHOOD)
    lasts = 2 + np.floor(-p.widowed_for_mean * np.log1p(-u)).astype(np.int64)
    born = np.where(birth[:, CHILD:] < NEVER, birth[:, CHILD:], 0).max(axis=1)
    earliest = np.maximum(np.where(came < NEVER, came, 0), born) + 1
    return np.where(came < NEVER, np.minimum(np.maximum(ends - lasts, earliest), ends - 2), NEVER)


def _seeking_ages(world: World, p: PeopleParameters) -> Years:
    """Return the age from which each child seeks a household of its own, shape (households, children)."""
    u = uniform(world.seed, PeoplePurpose.LEAVING, person_keys(world.households)[:, CHILD:])
    return np.asarray(_OF_AGE + np.searchsorted(np.cumsum(p.leaving_shares)[:-1], u), dtype=np.int64)


def _gone_before(world: World, p: PeopleParameters, free: Years, first: int) -> NDArray[np.bool_]:
    """Return who had found another household before the panel: whoever was free, after a wait that is drawn."""
    u = uniform(world.seed, PeoplePurpose.EARLIER_WAIT, person_keys(world.households))
    return np.asarray(free - np.floor(p.earlier_wait_mean * np.log1p(-u)) <= first, dtype=bool)
