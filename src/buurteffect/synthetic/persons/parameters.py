"""Settings of the people layer: each value with its unit and where it comes from.

Values marked ``chosen`` were set so that the synthetic country looks plausible; they are no estimates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CHOSEN = "chosen"
SCOPE = "domain scope, 3.5"
RANKS = "points on a scale of 0 to 100"
VISIBLE = (
    "about 4% a year of the gap between places (Chetty and Hendren 2018, doi 10.1093/qje/qjy007), "
    "so that one country can show it"
)


def _set(default: Any, unit: str, source: str = CHOSEN) -> Any:
    """Return a field with its default, unit and source."""
    return field(default=default, metadata={"unit": unit, "source": source})


@dataclass(frozen=True)
class PeopleParameters:
    """Parameters of persons, outcomes, ties and survey answers, each with its unit and where it comes from.

    The scale of adult income ranks is 0 to 100: a childhood of 18 years in buurten with 10 percentage points fewer
    low incomes is worth 2.7 points. The domain scope plants 0.03 a year, 0.54 points in all, for which a country of
    the default size is far too small: ``PeopleParameters(exposure_points=0.03)`` makes such a country. What else
    makes one child's rank differ from another's is kept small for the same reason.
    """

    union_share_old: float = _set(0.92, "share of heads born up to 1940 who ever have a partner")
    union_share_young: float = _set(0.77, "share of heads born from 1985 on who ever have a partner")
    union_age_mean: float = _set(24.0, "years, heads born in 1950")
    union_age_rise: float = _set(0.07, "years per year of birth after 1950")
    union_age_sd: float = _set(4.0, "years")
    separation_share: float = _set(0.28, "share of couples who separate")
    separation_after_mean: float = _set(14.0, "years after the start")
    widowed_age_mean: float = _set(83.0, "age of the head at the death of the partner")
    widowed_age_sd: float = _set(8.0, "years")
    partner_age_gap: float = _set(2.0, "years by which the partner is younger than the head, on average")
    partner_age_sd: float = _set(3.0, "years")
    partner_wait: int = _set(5, "years after a separation in which a partner finds another household, or leaves")
    widowed_for_mean: float = _set(7.0, "years that a head who dies has lived on after the partner")
    dies_from_age: float = _set(50.0, "age of the head above which some households end by death")
    dies_surely_age: float = _set(75.0, "age of the head above which all do; the others leave the country whole")
    family_from_abroad_share: float = _set(
        0.30, "share of entrant households with a birth before their entry that come from abroad with the child"
    )
    children_couple: tuple[float, ...] = _set((0.16, 0.20, 0.42, 0.16, 0.06), "share with 0 to 4 children")
    children_single: tuple[float, ...] = _set((0.86, 0.09, 0.05, 0.0, 0.0), "share with 0 to 4 children")
    extra_child_nonwestern: float = _set(0.30, "share with one child more")
    first_birth_age: float = _set(28.5, "years, heads born in 1950")
    first_birth_rise: float = _set(0.08, "years per year of birth after 1950")
    first_birth_sd: float = _set(4.0, "years")
    leaving_shares: tuple[float, ...] = _set(
        (0.10, 0.13, 0.16, 0.18, 0.17, 0.14, 0.12),
        "share of children who seek a household of their own from 18 to 24 on",
    )
    earlier_wait_mean: float = _set(2.0, "years that those who were free before the panel sought a household")
    home_until: int = _set(28, "age at which a child who found no household in the country leaves it")
    nonwestern_mix: tuple[float, ...] = _set(
        (0.20, 0.08, 0.20, 0.21, 0.31), "share: Morocco, Antilles, Suriname, Turkey, other"
    )
    europe_share: float = _set(0.07, "share of other heads from Europe outside the Netherlands")
    west_outside_europe_share: float = _set(0.03, "share of other heads of Western origin outside Europe")
    same_origin_partner: float = _set(0.82, "share of partners with the head's origin, heads not of Dutch origin")
    mixed_partner_dutch_head: float = _set(0.07, "share of partners of another origin, heads of Dutch origin")
    education_income_weight: float = _set(0.55, "SD of education per SD of permanent income")
    education_cohort_rise: float = _set(0.018, "SD per year of birth after 1960")
    permanent_income_sd: float = _set(0.38, "log points", "domain scope, 3.2")
    low_income_share: float = _set(0.095, "share of the households of the country, the lowest incomes", "parameters.py")

    employment_prime: float = _set(1.0, "probit index at 25 to 54 with mean permanent income")
    employment_income_slope: float = _set(0.55, "probit index per SD of permanent income")
    employment_persistence: float = _set(0.75, "share of the variance of the index that lasts")
    employment_crisis: float = _set(-0.12, "probit index, 2010 to 2014")
    disability_share: float = _set(0.30, "share of persons without work from 30 to pension with a disability benefit")
    unemployment_share: float = _set(0.11, "share of persons without work with an unemployment benefit")
    unemployment_crisis_factor: float = _set(1.6, "factor, 2010 to 2014")
    assistance_share: float = _set(0.90, "share of the rest with social assistance, households with a low income")

    social_minimum_eur: float = _set(13_000.0, "euro of standardised income, prices of 2021")
    personal_over_disposable: float = _set(1.22, "personal income over disposable income")
    savings_share: float = _set(0.35, "years of standardised income at age 45")
    savings_sd: float = _set(1.2, "log points")
    cars_per_adult: float = _set(0.62, "cars per adult, two at most, at the reference income")
    cars_income_eur: float = _set(32_000.0, "euro of standardised income")
    paid_off_young: float = _set(0.08, "share of an owned dwelling that is paid off at 25")
    paid_off_old: float = _set(0.80, "share of an owned dwelling that is paid off from 70 on")

    exposure_points: float = _set(
        0.15, f"{RANKS}, per year aged 0 to 17 and -10 pp low incomes", f"{CHOSEN}: {VISIBLE}; {SCOPE} has 0.03"
    )
    exposure_reference_share: float = _set(0.10, "share of low incomes at which exposure adds nothing")
    last_exposed_age: int = _set(17, "years", SCOPE)
    measured_age: int = _set(28, "years, first age at which the adult rank is known", "domain scope, 2.1 (Ter Weel)")
    parental_rank_slope: float = _set(0.25, "points per point of the parents' permanent rank")
    selection_points: float = _set(2.0, f"{RANKS}, per SD of permanent income that no single year shows")
    family_sd: float = _set(4.0, f"{RANKS}, shared by siblings")
    rank_noise_sd: float = _set(7.0, f"{RANKS}, of one child", f"{CHOSEN}: a rank over several years, not of one")

    ties_count: int = _set(6, "ties per household at most", SCOPE)
    ties_at_arrival: float = _set(2.0, "ties", SCOPE)
    ties_per_year: float = _set(0.5, "ties per year in the buurt", SCOPE)
    homophily_share: float = _set(0.55, "share of ties within the own cell of tenure and income in the buurt", SCOPE)
    homophily_change_after_restructuring: float = _set(0.0, "share added in restructured buurten from the start", SCOPE)

    survey_size: int = _set(4000, "persons per year")
    contact_mean: float = _set(4.2, "points on a scale of 0 to 10 without ties")
    contact_per_tie: float = _set(0.35, "points per tie")
    at_home_mean: float = _set(6.0, "points on a scale of 0 to 10 at arrival")
    at_home_gain: float = _set(1.6, "points gained in the long run")
    at_home_years: float = _set(6.0, "years in which 63% of it is gained")
    safety_per_liveability: float = _set(4.0, "points per point of the Leefbaarometer")
    trust_mean: float = _set(5.6, "points on a scale of 0 to 10")
    trust_low_income: float = _set(-0.6, "points")
    trust_trend_low_income: float = _set(-0.03, "points per year after 2002, persons with a low income")
    answer_sd: float = _set(1.6, "points, of one answer")
    at_home_change_after_restructuring: float = _set(0.0, "points in restructured buurten from the start")
    contact_change_after_restructuring: float = _set(0.0, "points in restructured buurten from the start")
