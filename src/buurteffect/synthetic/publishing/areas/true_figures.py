"""The key figures of every buurt and year as they truly are: what the publication rounds, withholds and renames.

Counts are expanded from the simulated dwellings to those that the buurt stands for. Households and dwellings are
equally many: what stands empty is made good by dwellings that several households share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.schema import CONCEPTS, DEVIATION_REFERENCE
from buurteffect.synthetic.persons.draws import PeoplePurpose, normal, uniform
from buurteffect.synthetic.persons.households import Composition, composition, personal_incomes, wealth
from buurteffect.synthetic.persons.outcomes import BENEFITS, benefits, employed, low_income
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import EDUCATIONS, Persons, age_on, draw_persons, present
from buurteffect.synthetic.persons.succession import FIRST_NONWESTERN, ORIGINS
from buurteffect.synthetic.world.world import GEMEENTE_KINDS, Tenure, World

AGE_BREAKS = (15, 25, 45, 65)
_AGES = ("age_0_14_count", "age_15_24_count", "age_25_44_count", "age_45_64_count", "age_65_plus_count")
_URBANITY = (2500, 1500, 1000, 500)
_DENSITY = {"big_city": 4200.0, "medium": 1900.0, "new_town": 1700.0, "small": 650.0}
# Share of dwellings in multi-family buildings by tenure (social, owner, private).
_MULTI = {
    "big_city": (0.85, 0.55, 0.85),
    "medium": (0.55, 0.20, 0.65),
    "new_town": (0.50, 0.12, 0.55),
    "small": (0.30, 0.06, 0.35),
}
_SUPPORT_AGES = (18, 65, 75, 85)
_SUPPORT_SHARE = np.array([0.004, 0.028, 0.07, 0.22, 0.45])
_SUPPORT_LOW_INCOME = 2.0
_VACANT_MEAN, _VACANT_SD = 0.028, 0.4

# Offences per 1,000 inhabitants in 2012 at a mean score, and their yearly change as a log.
_OFFENCES = {"theft": (6.0, -0.08), "vandalism": (7.0, -0.04), "violence": (5.5, -0.02)}
_OFFENCES_ON_SCORE, _OFFENCES_SD = 2.5, 0.25

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Year:
    """One year's world, with what several groups of concepts need."""

    world: World
    parameters: PeopleParameters
    persons: Persons
    t: int
    year: int
    buurt: NDArray[np.int32]
    households: Vector
    weight: Vector
    rows: NDArray[np.int64]
    dwelling: NDArray[np.int32]
    age: NDArray[np.int64]
    composition: Composition
    low: NDArray[np.bool_]
    dense: Vector

    def by_buurt(self, where: NDArray[np.bool_] | Vector) -> Vector:
        """Return the sum over dwellings by buurt."""
        return np.asarray(np.bincount(self.buurt, weights=where, minlength=len(self.households)), dtype=np.float64)

    def persons_by_buurt(self, where: NDArray[np.bool_] | Vector) -> Vector:
        """Return the sum over persons by buurt."""
        places = self.buurt[self.dwelling]
        return np.asarray(np.bincount(places, weights=where, minlength=len(self.households)), dtype=np.float64)

    def persons_by_class(self, classes: NDArray[np.int64] | NDArray[np.int8], number: int) -> Vector:
        """Return the number of persons by class and buurt, shape (classes, buurten)."""
        places = self.buurt[self.dwelling].astype(np.int64) * number + classes
        counts = np.bincount(places, minlength=number * len(self.households))
        return counts.reshape(-1, number).T.astype(np.float64)


def census(world: World, persons: Persons | None = None) -> pd.DataFrame:
    """Return the true key figures.

    Returns
    -------
    DataFrame
        One row per buurt and year of the panel, by year and in the order of the buurten: ``buurt_code``, ``year``
        and every concept of `schema.CONCEPTS`, unrounded, shares from 0 to 1, euros. A value that does not exist
        (a mean over no households, building in a year after the panel), or of which the country knows
        nothing, is missing.
    """
    p = PeopleParameters()
    persons = persons or draw_persons(world, p)
    codes = world.geography.buurten["buurt_code"].to_numpy(dtype=object)
    lasting = _lasting(world)
    parts = [_census_year(world, persons, t, p, lasting) for t in range(len(world.residence.years))]
    unknown = np.full(len(codes), np.nan)
    columns = {name: np.concatenate([part.get(name, unknown) for part in parts]) for name in CONCEPTS}
    keys = {
        "buurt_code": pd.Series(np.tile(codes, len(parts)), dtype="str"),
        "year": np.repeat(world.residence.years.astype(np.int64), len(codes)),
    }
    return pd.DataFrame(keys | columns)


def _lasting(world: World) -> dict[str, Vector]:
    """Return what a buurt keeps over the years: address density and share of flats, each as deviation."""
    ids = np.arange(len(world.geography.buurten), dtype=np.uint64)
    kinds = world.geography.buurten["kind"]
    density = kinds.map(_DENSITY).to_numpy(dtype=np.float64)
    return {
        "density": density * np.exp(0.35 * normal(world.seed, PeoplePurpose.BUURT_DENSITY, ids)),
        "flats": 0.6 * normal(world.seed, PeoplePurpose.BUURT_FORM, ids),
        "multi": np.array([_MULTI[kind] for kind in GEMEENTE_KINDS])[kinds.map(GEMEENTE_KINDS.index).to_numpy()],
    }


def _census_year(
    world: World, persons: Persons, t: int, p: PeopleParameters, lasting: dict[str, Vector]
) -> dict[str, Vector]:
    """Return the concepts of one year, each an array over buurten."""
    year, buurt = int(world.residence.years[t]), world.residence.buurt
    rows, dwelling = present(world, persons, t)
    households = np.bincount(buurt, minlength=len(world.geography.buurten)).astype(np.float64)
    weight = np.where(households > 0, world.published_per_simulated(), 0.0)
    age = age_on(persons, year)[rows]
    shape = composition(persons, rows, dwelling, age, len(buurt))
    now = _Year(
        world,
        p,
        persons,
        t,
        year,
        buurt,
        households,
        weight,
        rows,
        dwelling,
        age,
        shape,
        low_income(world, t, p.low_income_share),
        lasting["density"],
    )
    values = _people(now) | _homes(now, lasting) | _incomes(now) | _support(now)
    return values | _places(now, values) | _offences(now)


def _divide(top: Vector, bottom: Vector) -> Vector:
    """Return a ratio, missing where the denominator is nil."""
    ratio: Vector = np.full(np.broadcast(top, bottom).shape, np.nan)
    return np.divide(top, bottom, out=ratio, where=bottom > 0)


def _people(now: _Year) -> dict[str, Vector]:
    """Return the concepts of inhabitants and households."""
    ages = now.persons_by_class(np.searchsorted(AGE_BREAKS, now.age, side="right"), len(_AGES)) * now.weight
    origins = now.persons_by_class(now.persons.origin[now.rows], len(ORIGINS)) * now.weight
    origin = dict(zip(ORIGINS, origins, strict=True))
    size, with_children = now.composition.size, now.composition.children > 0
    households = now.households * now.weight
    schooled = np.where((now.age >= 15) & (now.age < 75), 1 + now.persons.education[now.rows], 0)
    educations = now.persons_by_class(schooled, 1 + len(EDUCATIONS))[1:] * now.weight
    return {
        "inhabitants_count": ages.sum(axis=0),
        **dict(zip(_AGES, ages, strict=True)),
        "origin_western_count": origin["europe"] + origin["west_outside_europe"],
        "origin_nonwestern_count": origins[FIRST_NONWESTERN:].sum(axis=0),
        **{f"origin_{name}_count": origin[name] for name in ORIGINS[FIRST_NONWESTERN:]},
        "origin_netherlands_count": origin["netherlands"],
        "origin_europe_count": origin["europe"],
        "origin_outside_europe_count": origins[2:].sum(axis=0),
        **{f"education_{name}_count": count for name, count in zip(EDUCATIONS, educations, strict=True)},
        "households_count": households,
        "one_person_households_count": now.by_buurt(size == 1) * now.weight,
        "households_without_children_count": now.by_buurt((size > 1) & ~with_children) * now.weight,
        "households_with_children_count": now.by_buurt((size > 1) & with_children) * now.weight,
        "household_size_mean": _divide(ages.sum(axis=0), households),
    }


def _homes(now: _Year, lasting: dict[str, Vector]) -> dict[str, Vector]:
    """Return the concepts of dwellings."""
    history, t = now.world.history, now.t
    residence = now.world.residence
    # What is built in the panel carries the year of its first 1 January; it was completed the year before.
    completed = residence.built_year[t] - (residence.built_year[t] > residence.years[0])
    shares = np.stack(
        [_divide(now.by_buurt(residence.tenure[t] == tenure), now.households) for tenure in Tenure], axis=1
    )
    odds = np.log(lasting["multi"] / (1 - lasting["multi"])) + lasting["flats"][:, None]
    multi = (shares / (1 + np.exp(-odds))).sum(axis=1)
    new = np.full(len(now.households), np.nan)
    if t + 1 < len(history.years):
        new = (history.built_owner + history.built_social + history.built_private)[t + 1] * now.weight
    ids = np.arange(len(now.households), dtype=np.uint64)
    vacant = _VACANT_MEAN * np.exp(_VACANT_SD * normal(now.world.seed, PeoplePurpose.BUURT_VACANCY, ids, now.year))
    return {
        "dwellings_count": now.households * now.weight,
        "new_dwellings_count": new,
        "woz_value_eur": np.where(now.households > 0, np.exp(history.log_woz[t]), np.nan),
        "single_family_share": 1 - multi,  # missing, like the shares by tenure, where nobody lives
        "multi_family_share": multi,
        "vacant_share": np.where(now.households > 0, np.minimum(vacant, 0.25), np.nan),
        "owner_occupied_share": shares[:, Tenure.OWNER],
        "rented_share": shares[:, Tenure.SOCIAL] + shares[:, Tenure.PRIVATE],
        "association_rented_share": shares[:, Tenure.SOCIAL],
        "other_rented_share": shares[:, Tenure.PRIVATE],
        "tenure_unknown_share": np.where(now.households > 0, 0.0, np.nan),
        "built_before_2000_share": _divide(now.by_buurt(completed < 2000), now.households),
    }


def _incomes(now: _Year) -> dict[str, Vector]:
    """Return the concepts of income and wealth."""
    p, history, t = now.parameters, now.world.history, now.t
    log_income = now.world.residence.log_income[t].astype(np.float64)
    income = np.exp(log_income)
    personal, receives = personal_incomes(now.persons, now.rows, now.dwelling, now.age, income, now.composition, p)
    recipients, total = now.persons_by_buurt(receives), now.persons_by_buurt(personal)
    low, high = np.quantile(personal[receives], (0.4, 0.8))
    top = log_income > np.quantile(log_income, 0.8)
    poverty = income[now.dwelling] / p.social_minimum_eur
    inhabitants = now.persons_by_buurt(np.ones(len(now.rows)))
    owned = wealth(now.world, t, p)
    adults = now.composition.size - now.composition.children
    cars = np.minimum(adults, 2) * p.cars_per_adult * np.clip(income / p.cars_income_eur, 0.3, 1.6)
    return {
        "income_recipients_count": recipients * now.weight,
        "income_per_recipient_eur": _divide(total, recipients),
        "income_per_inhabitant_eur": _divide(total, inhabitants),
        "lowest40_persons_share": _divide(now.persons_by_buurt(receives & (personal <= low)), recipients),
        "highest20_persons_share": _divide(now.persons_by_buurt(receives & (personal > high)), recipients),
        "household_income_standardised_eur": _divide(now.by_buurt(income), now.households),
        "lowest40_households_share": history.lowest40_share[t],
        "highest20_households_share": _divide(now.by_buurt(top), now.households),
        "low_income_households_share": history.low_income_share[t],
        "social_minimum_households_share": _divide(now.by_buurt(income < p.social_minimum_eur), now.households),
        "social_minimum_110_households_share": _divide(
            now.by_buurt(income < 1.1 * p.social_minimum_eur), now.households
        ),
        "poverty_persons_share": _divide(now.persons_by_buurt(poverty < 1), inhabitants),
        "near_poverty_persons_share": _divide(now.persons_by_buurt((poverty >= 1) & (poverty < 1.25)), inhabitants),
        "cars_per_household_mean": _divide(now.by_buurt(cars), now.households) * (1 - 0.3 * (now.dense > 2500)),
        "household_wealth_median_eur": group_medians(now.buurt, owned, len(now.households)),
    }


def group_medians(group: NDArray[np.int32], values: Vector, number: int) -> Vector:
    """Return the median of the values of each group, missing for an empty group."""
    order = np.lexsort((values, group))
    ordered = values[order]
    counts = np.bincount(group, minlength=number)
    start = np.concatenate([[0], np.cumsum(counts)[:-1]])
    low, high = start + np.maximum(counts - 1, 0) // 2, start + counts // 2
    some = counts > 0
    median = np.full(number, np.nan)
    median[some] = (ordered[low[some]] + ordered[high[some]]) / 2
    return median


def _support(now: _Year) -> dict[str, Vector]:
    """Return the concepts of benefits and support."""
    world, persons, rows = now.world, now.persons, now.rows
    poor = now.low[now.dwelling]
    works = employed(world, persons, rows, now.year, now.parameters)
    benefit = now.persons_by_class(benefits(world, persons, rows, now.year, works, poor, now.parameters), len(BENEFITS))
    named = dict(zip(BENEFITS, benefit * now.weight, strict=True))
    share = _SUPPORT_SHARE[np.searchsorted(_SUPPORT_AGES, now.age, side="right")]
    share = np.minimum(share * np.where(poor, _SUPPORT_LOW_INCOME, 1.0), 1.0)
    helped = uniform(world.seed, PeoplePurpose.SUPPORT, persons.person_id[rows]) < share
    return {
        "social_assistance_count": named["social_assistance"],
        "disability_benefit_count": named["disability"],
        "unemployment_benefit_count": named["unemployment"],
        "state_pension_count": named["state_pension"],
        "wmo_clients_count": now.persons_by_buurt(helped) * now.weight,
    }


def _places(now: _Year, values: dict[str, Vector]) -> dict[str, Vector]:
    """Return the concepts of land and density."""
    land = now.world.geography.buurten["land_area_ha"].to_numpy(dtype=np.float64)
    classes = 1 + np.searchsorted(-np.array(_URBANITY), -now.dense, side="left")
    return {
        "population_density_per_km2": _divide(values["inhabitants_count"], land / 100),
        "land_area_ha": land,
        "address_density_per_km2": now.dense,
        "urbanity_class": classes.astype(np.float64),
    }


def _offences(now: _Year) -> dict[str, Vector]:
    """Return offences per 1,000 inhabitants: fewer where the score is higher, and ever fewer thefts."""
    score = now.world.history.liveability_score[now.t] - DEVIATION_REFERENCE
    ids = np.arange(len(now.households), dtype=np.uint64)
    values = {}
    for number, (name, (level, trend)) in enumerate(_OFFENCES.items()):
        z = normal(now.world.seed, PeoplePurpose.OFFENCES, ids + np.uint64(number << 32), now.year)
        rate = level * np.exp(trend * (now.year - 2012) - _OFFENCES_ON_SCORE * score + _OFFENCES_SD * z)
        values[f"{name}_per_1000"] = np.where(now.households > 0, rate, np.nan)
    return values
