"""Who knows whom in a buurt, and what residents answer in a survey.

A household has a few ties. A share *h* of them is drawn within its own cell of tenure and income in the buurt, the
rest from the whole buurt. Coleman's index of a group, (s - w) / (1 - w) with the share of its ties that stay in
the group *s* and the group's share of the buurt *w*, is then *h*, and the share of ties across groups is 1 - *h*
of what random mixing in the buurt would give.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.schema import DEVIATION_REFERENCE
from buurteffect.synthetic.persons.draws import PeoplePurpose, normal, uniform
from buurteffect.synthetic.persons.outcomes import TENURES, low_income
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import Persons, age_on, draw_persons, household_ids, present
from buurteffect.synthetic.persons.stays import draw_stays
from buurteffect.synthetic.persons.succession import ORIGINS, SEXES
from buurteffect.synthetic.world.draws import pair_identity
from buurteffect.synthetic.world.world import World

INCOME_GROUPS = ("low", "middle", "high")
"""Thirds of the country's households by income."""

_ADULT = 18
_CHILD = 2


def income_groups(world: World, t: int) -> NDArray[np.int8]:
    """Return for each dwelling the position of its household in `INCOME_GROUPS`."""
    income = world.residence.log_income[t]
    return np.asarray(np.searchsorted(np.quantile(income, (1 / 3, 2 / 3)), income), dtype=np.int8)


def tie_counts(world: World, t: int, since: NDArray[np.int16], p: PeopleParameters) -> NDArray[np.int64]:
    """Return the number of ties of each dwelling's household: two on arrival, half a one more each year, six at most.

    A half tie is there or not by a draw that lasts, so that a household's number never falls while it stays.
    """
    years = world.residence.years[t].astype(np.int64) - since
    u = uniform(world.seed, PeoplePurpose.TIE_NUMBER, world.households.key)[world.residence.household[t]]
    number = np.floor(p.ties_at_arrival + p.ties_per_year * years + u)
    return np.asarray(np.minimum(number, p.ties_count), dtype=np.int64)


def ties(world: World, year: int, parameters: PeopleParameters | None = None) -> pd.DataFrame:
    """Return the ties of all households on 1 January of a year.

    Returns
    -------
    DataFrame
        One row per tie: ``household_id`` and ``other_household_id``, ``buurt_code``, ``year``, ``tenure`` and
        ``other_tenure``, ``income_group`` and ``other_income_group`` (thirds of the country), ``years_in_buurt``
        and ``other_years_in_buurt``. A tie need not be returned. Someone alone in the own cell has ties in the whole
        buurt only, someone alone in the buurt has none.
    """
    p, t = parameters or PeopleParameters(), _position(world, year)
    residence = world.residence
    since = draw_stays(world).buurt_since[t]
    income, tenure, buurt = income_groups(world, t), residence.tenure[t], residence.buurt
    one = np.repeat(np.arange(len(buurt)), tie_counts(world, t, since, p))
    number = np.arange(len(one)) - np.searchsorted(one, one, side="left")
    ids = pair_identity(world.households.key[residence.household[t]][one], number)
    kin = uniform(world.seed, PeoplePurpose.TIE_KIND, ids, year) < homophily(world, t, p)[buurt[one]]
    u = uniform(world.seed, PeoplePurpose.TIE_ALTER, ids, year)
    cell = buurt.astype(np.int64) * 9 + tenure * 3 + income
    anywhere, inside = _draw_other(buurt.astype(np.int64), one, u), _draw_other(cell, one, u)
    other = np.where(kin & (inside >= 0), inside, anywhere)
    one, other = one[other >= 0], other[other >= 0]
    names = household_ids(world.households)[residence.household[t]]
    codes = list(world.geography.buurten["buurt_code"])
    return pd.DataFrame(
        {
            "household_id": names[one],
            "other_household_id": names[other],
            "buurt_code": pd.Categorical.from_codes(buurt[one], codes),
            "year": np.int16(year),
            "tenure": pd.Categorical.from_codes(tenure[one], list(TENURES)),
            "other_tenure": pd.Categorical.from_codes(tenure[other], list(TENURES)),
            "income_group": pd.Categorical.from_codes(income[one], list(INCOME_GROUPS)),
            "other_income_group": pd.Categorical.from_codes(income[other], list(INCOME_GROUPS)),
            "years_in_buurt": (year - since[one]).astype(np.int16),
            "other_years_in_buurt": (year - since[other]).astype(np.int16),
        }
    )


def homophily(world: World, t: int, p: PeopleParameters) -> NDArray[np.float64]:
    """Return the share of ties within the own cell by buurt; by default restructuring does not change it."""
    change = p.homophily_change_after_restructuring * restructured(world, t).astype(np.float64)
    return np.asarray(p.homophily_share + change, dtype=np.float64)


def restructured(world: World, t: int) -> NDArray[np.bool_]:
    """Return for each buurt whether a project has started there by the panel's year at position `t`."""
    begun = world.projects.loc[world.projects["start_year"] <= int(world.residence.years[t]), "buurt_code"]
    return np.asarray(world.geography.buurten["buurt_code"].isin(set(begun)), dtype=bool)


def _position(world: World, year: int) -> int:
    """Return the position of a year in the panel."""
    return int(np.flatnonzero(world.residence.years == year)[0])


def _draw_other(group: NDArray[np.int64], one: NDArray[np.int64], u: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each of some members another member of its group, all alike likely; -1 where there is none."""
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group))
    start = np.searchsorted(group[order], group)
    size = np.bincount(group)[group]
    step = 1 + np.floor(u * (size[one] - 1)).astype(np.int64)
    place = (rank[one] - start[one] + step) % size[one]
    return np.where(size[one] > 1, order[start[one] + place], -1)


def survey(
    world: World,
    year: int,
    size: int | None = None,
    persons: Persons | None = None,
    parameters: PeopleParameters | None = None,
) -> pd.DataFrame:
    """Return the answers of a random sample of adults; another year draws another sample.

    Parameters
    ----------
    size : int, optional
        Persons in the sample, by default `PeopleParameters.survey_size`; all adults if they are fewer.

    Returns
    -------
    DataFrame
        One row per respondent: ``person_id, year, buurt_code, age, sex, origin, tenure, low_income,
        years_in_buurt``; the answers ``contact_score, at_home_score, safety_score, trust_score``, each from 0 to 10;
        ``weight_persons``, the inhabitants that the respondent stands for.
    """
    p, t = parameters or PeopleParameters(), _position(world, year)
    persons = persons or draw_persons(world, p)
    rows, dwelling = present(world, persons, t)
    adult = (age_on(persons, year)[rows] >= _ADULT) & (persons.slot[rows] < _CHILD)
    rows, dwelling = rows[adult], dwelling[adult]
    wanted = min(size or p.survey_size, len(rows))
    u = uniform(world.seed, PeoplePurpose.SAMPLE, persons.person_id[rows], year)
    drawn = np.sort(np.argsort(u, kind="stable")[:wanted])
    share = wanted / max(len(rows), 1)
    rows, dwelling = rows[drawn], dwelling[drawn]
    buurt, since = world.residence.buurt[dwelling], draw_stays(world).buurt_since[t]
    frame = pd.DataFrame(
        {
            "person_id": persons.person_id[rows],
            "year": np.int16(year),
            "buurt_code": pd.Categorical.from_codes(buurt, list(world.geography.buurten["buurt_code"])),
            "age": age_on(persons, year)[rows].astype(np.int16),
            "sex": pd.Categorical.from_codes(persons.sex[rows], list(SEXES)),
            "origin": pd.Categorical.from_codes(persons.origin[rows], list(ORIGINS)),
            "tenure": pd.Categorical.from_codes(world.residence.tenure[t][dwelling], list(TENURES)),
            "low_income": low_income(world, t, p.low_income_share)[dwelling],
            "years_in_buurt": (year - since[dwelling]).astype(np.int16),
        }
    )
    known = tie_counts(world, t, since, p)[dwelling]
    for name, answer in _answers(world, t, frame, buurt, known, p).items():
        frame[name] = np.clip(answer, 0, 10)
    frame["weight_persons"] = world.published_per_simulated()[buurt] / share
    return frame


def _answers(
    world: World, t: int, frame: pd.DataFrame, buurt: NDArray[np.int32], known: NDArray[np.int64], p: PeopleParameters
) -> dict[str, NDArray[np.float64]]:
    """Return the answers on each scale before they are cut off at its ends."""
    year, ids = int(world.residence.years[t]), frame["person_id"].to_numpy()
    stay, poor = frame["years_in_buurt"].to_numpy(dtype=np.float64), frame["low_income"].to_numpy()
    treated = restructured(world, t)[buurt]
    score = world.history.liveability_score[t][buurt] - DEVIATION_REFERENCE

    def noise(purpose: PeoplePurpose) -> NDArray[np.float64]:
        """Return the random error of each answer."""
        return np.asarray(p.answer_sd * normal(world.seed, purpose, ids, year))

    home = p.at_home_mean + p.at_home_gain * (1 - np.exp(-stay / p.at_home_years))
    trust = p.trust_mean + poor * (p.trust_low_income + p.trust_trend_low_income * max(year - 2002, 0))
    return {
        "contact_score": p.contact_mean
        + p.contact_per_tie * known
        + p.contact_change_after_restructuring * treated
        + noise(PeoplePurpose.ANSWER_CONTACT),
        "at_home_score": home + p.at_home_change_after_restructuring * treated + noise(PeoplePurpose.ANSWER_AT_HOME),
        "safety_score": 6.8 + p.safety_per_liveability * score + noise(PeoplePurpose.ANSWER_SAFETY),
        "trust_score": trust + noise(PeoplePurpose.ANSWER_TRUST),
    }
