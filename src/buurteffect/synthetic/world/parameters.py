"""Every number that makes the synthetic country what it is, with its unit, its meaning and where it comes from."""

# ruff: noqa: RUF009  (`setting` returns a dataclass field, which is what a default may be)

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import pandas as pd

TUNED = "tuned to the stylised facts"
SETTING = "setting"
SCORES = "computed from the published scores of the wijken, Leefbaarometer 3.0"
URBAN = "tuned to the key figures of urban buurten, 2021"


def setting(default: Any, unit: str, meaning: str, source: str = SETTING) -> Any:
    """Declare a parameter with what a reader must know of it."""
    return field(default=default, metadata={"unit": unit, "meaning": meaning, "source": source})


@dataclass(frozen=True)
class ByKind:
    """A number for each kind of gemeente."""

    big_city: float
    medium: float
    new_town: float
    small: float

    def values(self) -> tuple[float, float, float, float]:
        """Return the numbers in the order of `GEMEENTE_KINDS`."""
        return self.big_city, self.medium, self.new_town, self.small


@dataclass(frozen=True)
class MapParameters:
    """Where things lie and how many dwellings they stand for."""

    spacing_m: ByKind = setting(ByKind(500, 600, 600, 700), "m", "distance between the centres of two buurten")
    pitch_m: float = setting(9_000.0, "m", "distance between the centres of two gemeenten, at least")
    published_log_mean: float = setting(7.10, "log dwellings", "mean of log dwellings per buurt", URBAN)
    published_log_sd: float = setting(0.75, "log dwellings", "SD of log dwellings per buurt", URBAN)


@dataclass(frozen=True)
class PopulationParameters:
    """Who lives in the country. Nothing here depends on where anybody lives."""

    log_income_2000: float = setting(10.24, "log euro", "mean log standardised income in 2000, prices of 2021", URBAN)
    permanent_sd: float = setting(0.38, "log euro", "SD of the permanent part of income")
    nonwestern_gap: float = setting(
        -0.22, "log euro", "permanent income of households of non-western origin, less others"
    )
    persistence: float = setting(0.92, "per year", "autoregression of the changing part of income")
    shock_sd: float = setting(0.16, "log euro", "SD of the yearly shock to income")
    entrant_gap: float = setting(-0.10, "log euro", "changing part of income of a new household")
    growth: float = setting(0.008, "log euro per year", "growth of real income")
    crisis: float = setting(-0.02, "log euro per year", "change of income in each year 2009-2013, given back by 2016")
    low_income_rank: float = setting(
        0.095, "share", "households counted as low income: the lowest of the country", URBAN
    )
    dissolution_at_27: float = setting(
        0.0020, "per year", "hazard that a household of which the head is 27 ends", TUNED
    )
    dissolution_growth: float = setting(0.06, "per year of age", "growth of that hazard with age", TUNED)
    dissolution_growth_after_85: float = setting(
        0.09, "per year of age", "growth of that hazard with age above 85, beside the other", TUNED
    )
    entry_age_low: float = setting(18.0, "years", "youngest head of a new household")
    entry_age_span: float = setting(11.0, "years", "spread of the head's age at entry for nine in ten of the entrants")
    nonwestern_entry_1960: float = setting(0.02, "share", "new households of non-western origin, 1960")
    nonwestern_entry_1970: float = setting(0.06, "share", "the same, 1970")
    nonwestern_entry_1995: float = setting(0.20, "share", "the same, 1995")
    nonwestern_entry_2022: float = setting(0.30, "share", "the same, 2022")
    incumbent_effect: float = setting(
        0.0, "log euro", "income that restructuring gives those who lived there the year before it began"
    )


@dataclass(frozen=True)
class StockParameters:
    """Dwellings: who owns them and how old they are."""

    social_share: ByKind = setting(ByKind(0.50, 0.42, 0.32, 0.24), "share", "mean share of social rent before sales")
    private_share: ByKind = setting(ByKind(0.16, 0.10, 0.06, 0.06), "share", "mean share of private rent")
    social_on_score: float = setting(-1.6, "share per point", "social rent where the score is permanently higher")
    social_sd: float = setting(0.12, "share", "SD of the share of social rent between like buurten")
    social_least: float = setting(0.02, "share", "least share of social rent that a buurt is meant to have")
    sale: ByKind = setting(ByKind(0.006, 0.003, 0.003, 0.003), "per year", "social dwellings sold, from 1998 on")
    social_vacancy: float = setting(
        0.10, "per year", "social dwellings that fall vacant; only those can be sold", TUNED
    )
    built_from: ByKind = setting(ByKind(1900, 1920, 1968, 1930), "year", "first year of building")
    built_span: ByKind = setting(ByKind(85, 70, 25, 60), "years", "years of building after the first")
    newness_years: float = setting(15.0, "years", "time in which the attraction of a new dwelling falls to 1/e")


@dataclass(frozen=True)
class MarketParameters:
    """Who moves, and where to."""

    exit_social: float = setting(-2.47, "logit", "yearly exit from social rent", TUNED)
    exit_owner: float = setting(-2.97, "logit", "yearly exit from an owned dwelling", TUNED)
    exit_private: float = setting(-1.27, "logit", "yearly exit from private rent", TUNED)
    exit_on_distance: float = setting(
        0.45,
        "logit per log euro",
        "exit on the distance of income to the buurt's median",
        "sign: Latten et al. 2014, CBS; size: setting",
    )
    exit_on_age: float = setting(-0.25, "logit per 15 years", "exit on the head's age, less 50 years")
    exit_crisis: float = setting(-0.30, "logit", "exit in the crisis, 2009-2013")
    exit_new_town: float = setting(0.35, "logit", "exit of high incomes (0.3 above the mean) from New Towns, from 2002")
    within_wijk: float = setting(0.12, "share", "movers who look in their own wijk")
    within_gemeente: float = setting(0.58, "share", "movers who look in their own gemeente, beyond the wijk")
    noise_1995: float = setting(0.95, "log euro", "noise in the rank of a seeker, until 1995", TUNED)
    noise_slope: float = setting(-0.014, "log euro per year", "its change per year after 1995", TUNED)
    quality_owner: float = setting(0.55, "quality", "quality of an owned dwelling over a social one", TUNED)
    quality_private: float = setting(0.20, "quality", "quality of a private let over a social one", TUNED)
    quality_score: float = setting(3.0, "quality per point", "quality on the liveability score")
    quality_new: float = setting(0.20, "quality", "quality of a new dwelling over an old one")
    quality_noise: float = setting(0.15, "quality", "SD of what else makes a dwelling attractive")
    kin_1995: float = setting(1.8, "weight", "pull of the own origin within blocks of like offers, until 1995", TUNED)
    kin_slope: float = setting(-0.020, "share per year", "its relative change per year after 1995", TUNED)
    kin_scale: float = setting(
        0.15, "share", "share of non-western households that counts as one step of that pull", TUNED
    )
    kin_big_city: float = setting(1.0, "steps", "pull of big cities on households of non-western origin", TUNED)
    block: int = setting(30, "matches", "size of the blocks in which the own origin pulls")
    trend_gap: float = setting(
        0.0,
        "quality per year per share",
        "yearly loss of quality since 1995 where social rent was more common than on average: makes the untreated "
        "trends of deprived buurten differ",
    )
    forced_return: float = setting(0.25, "share", "displaced households that return to a social dwelling in their wijk")
    forced_distance_m: float = setting(1_200.0, "m", "distance at which a displaced household's odds fall to 1/e")


@dataclass(frozen=True)
class ScoreParameters:
    """The liveability score. The parts that policy cannot touch are fitted to the published scores."""

    permanent_wijk_sd: float = setting(0.071, "points", "SD between wijken of the permanent part, 2002", TUNED)
    permanent_buurt_sd: float = setting(
        0.055, "points", "SD between the buurten of a wijk of the permanent part", TUNED
    )
    kind_mean: ByKind = setting(ByKind(-0.05, 0.0, -0.01, 0.04), "points", "mean of the permanent part")
    loading_slope: float = setting(-0.016, "per year", "change of the loading of the permanent part, 1 in 2002", SCORES)
    persistence: float = setting(0.9655, "per year", "autoregression of the changing part", TUNED)
    changing_gemeente_sd: float = setting(0.03, "points", "SD of the changing part that a gemeente shares", TUNED)
    changing_wijk_sd: float = setting(0.059, "points", "SD of the changing part that a wijk shares", TUNED)
    changing_buurt_sd: float = setting(0.050, "points", "SD of the changing part of a buurt of its own", TUNED)
    noise_wijk_sd: float = setting(0.0102, "points", "SD of the instrument's noise that a wijk shares", TUNED)
    noise_buurt_sd: float = setting(0.012, "points", "SD of the instrument's noise of a buurt of its own", TUNED)
    step_gemeente_sd: float = setting(0.0105, "points", "SD of the step of 2014 that a gemeente shares", TUNED)
    step_wijk_sd: float = setting(0.0122, "points", "SD of the step of 2014 that a wijk shares", TUNED)
    step_buurt_sd: float = setting(0.012, "points", "SD of the step of 2014 of a buurt of its own", TUNED)
    on_low_income: float = setting(-0.45, "points per share", "score on the share of low incomes")
    on_owner: float = setting(0.05, "points per share", "score on the share of owned dwellings")
    owner_reference: float = setting(0.45, "share", "share of owned dwellings at which it adds nothing")
    national_path: tuple[tuple[int, float], ...] = setting(
        (
            (2002, 0.0),
            (2008, 0.004),
            (2012, 0.016),
            (2014, 0.030),
            (2016, 0.041),
            (2018, 0.045),
            (2020, 0.050),
            (2022, 0.052),
        ),
        "points",
        "national mean less that of 2002, by year, without what tenure and policy add",
        TUNED,
    )
    covid: float = setting(-0.006, "points", "score in 2021, less what it would have been")
    new_town_slope: float = setting(0.0, "points per year", "change of the score of New Towns since 2000")
    amenity: float = setting(0.030, "points", "score that a restructured buurt gains at the mean dose")
    amenity_ramp_years: float = setting(6.0, "years", "time over which it is gained")
    ring: float = setting(
        0.004, "points", "score that a buurt gains from a restructured one at no distance and mean dose"
    )
    ring_half_m: float = setting(500.0, "m", "distance that halves this gain")
    receiving: float = setting(-0.40, "points per share", "score on the stock of displaced households taken in")
    receiving_memory: float = setting(0.85, "per year", "what is left of that stock after a year")
    policy_stop_year: int = setting(2012, "year", "last year before the end of the policy can be felt")
    policy_stop: float = setting(
        0.0, "points per year", "change of a restructured buurt's score at the mean dose after 2012"
    )


@dataclass(frozen=True)
class PriceParameters:
    """The assessed value of dwellings (WOZ)."""

    log_value_1995: float = setting(11.5, "log euro", "log of the mean assessed value in 1995")
    growth_until_2008: float = setting(0.06, "log euro per year", "growth of prices, 1996-2008")
    growth_in_crisis: float = setting(-0.04, "log euro per year", "growth of prices, 2009-2013")
    growth_until_2021: float = setting(0.06, "log euro per year", "growth of prices, 2014-2021")
    growth_2022: float = setting(0.10, "log euro", "growth of prices in 2022")
    on_score: float = setting(1.6, "log euro per point", "price on the liveability score")
    on_owner: float = setting(0.35, "log euro per share", "price on the share of owned dwellings")
    gemeente_sd: float = setting(0.12, "log euro", "SD of prices between gemeenten")
    buurt_sd: float = setting(0.06, "log euro", "SD of prices between like buurten of a gemeente")
    noise_sd: float = setting(0.01, "log euro", "SD of the yearly noise")
    direct: float = setting(0.035, "log euro", "price in a restructured buurt at the mean dose, beside the score")
    ring: float = setting(0.035, "log euro", "price at no distance from a restructured buurt at the mean dose")
    ring_half_m: float = setting(
        250.0, "m", "distance that halves the price effect", "Koster and Van Ommeren 2013, ERSA version"
    )
    stigma: float = setting(0.0, "log euro", "price in a buurt from the announcement of its restructuring on")


@dataclass(frozen=True)
class PolicyParameters:
    """Where and how much is restructured."""

    first_announcement: int = setting(1998, "year", "first year in which projects are chosen")
    last_announcement: int = setting(2010, "year", "last year in which projects are chosen; work starts the year after")
    last_demolition: int = setting(2014, "year", "last year in which dwellings are demolished")
    starts_per_buurt: float = setting(0.006, "per year", "projects a year per buurt of the kinds that take part")
    starts_at_least: float = setting(0.5, "per year", "projects a year in the smallest country")
    takes_part: ByKind = setting(ByKind(1, 1, 1, 0), "0 or 1", "whether gemeenten of this kind take part")
    social_share_above: float = setting(0.40, "share", "social rent above which a buurt can be chosen")
    gemeenten_at_most: int = setting(0, "gemeenten", "gemeenten that get projects; 0 for no limit")
    weight_level: float = setting(1.0, "per point", "pull of a low score on the choice of buurten")
    weight_dip: float = setting(1.0, "per point", "pull of a fall of the score over the last three years")
    noise_sd: float = setting(0.10, "points", "SD of what else decides between buurten")
    capacity_sd: float = setting(0.10, "points", "SD of the yearly capacity that a gemeente's buurten share")
    dose: float = setting(0.45, "share", "mean share of the social dwellings that a project demolishes")
    mean_dose: float = setting(0.25, "share of all dwellings", "dose at which effects have the size that is stated")
    dose_low: float = setting(0.6, "ratio", "least dose, relative to the mean")
    dose_high: float = setting(1.4, "ratio", "largest dose, relative to the mean")
    demolition_years: int = setting(5, "years", "years over which a project demolishes")
    built_owner: float = setting(0.60, "share", "demolished dwellings replaced by owned ones")
    built_social: float = setting(0.30, "share", "demolished dwellings replaced by social ones")
    works: bool = setting(True, "yes or no", "whether projects that are assigned and registered do anything at all")


@dataclass(frozen=True)
class PublicationParameters:
    """What the publication does to the country; read by the publication layer only."""

    recoded_share: float = setting(0.03, "per year", "buurten with a boundary event in an average year of key figures")


@dataclass(frozen=True)
class WorldParameters:
    """All parameters of a country, in groups.

    Examples
    --------
    >>> describe_parameters(WorldParameters()).loc["score.amenity", "unit"]
    'points'
    """

    map: MapParameters = field(default_factory=MapParameters)
    population: PopulationParameters = field(default_factory=PopulationParameters)
    stock: StockParameters = field(default_factory=StockParameters)
    market: MarketParameters = field(default_factory=MarketParameters)
    score: ScoreParameters = field(default_factory=ScoreParameters)
    price: PriceParameters = field(default_factory=PriceParameters)
    policy: PolicyParameters = field(default_factory=PolicyParameters)
    publication: PublicationParameters = field(default_factory=PublicationParameters)


def describe_parameters(parameters: WorldParameters) -> pd.DataFrame:
    """Return one row per parameter of a country.

    Returns
    -------
    DataFrame
        Index ``parameter`` (group, dot, name; for a number per kind of gemeente a dot and the kind); columns
        ``value``, ``unit``, ``meaning`` and ``source``.
    """
    rows: list[tuple[str, Any, str, str, str]] = []
    for group in fields(parameters):
        members = getattr(parameters, group.name)
        for member in fields(members):
            value, about = getattr(members, member.name), member.metadata
            by_kind = (
                [(f".{kind.name}", getattr(value, kind.name)) for kind in fields(value)] if is_dataclass(value) else []
            )
            for suffix, number in by_kind or [("", value)]:
                name = f"{group.name}.{member.name}{suffix}"
                rows.append((name, number, about["unit"], about["meaning"], about["source"]))
    return pd.DataFrame(rows, columns=["parameter", "value", "unit", "meaning", "source"]).set_index("parameter")
