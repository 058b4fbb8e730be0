"""A country of hand-made tables, to be published without being simulated."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from buurteffect.schema import DEVIATION_REFERENCE
from buurteffect.synthetic.publishing.areas.boundary_changes import BoundaryChanges
from buurteffect.synthetic.world import world as tables

KINDS = ("big_city", "big_city", "medium", "medium", "new_town", "small", "small", "small")
YEARS = np.arange(1995, 2023)
BUSY = BoundaryChanges(share_per_year=0.10)


def fake_world(seed=1, kinds=KINDS, wijken=3, buurten=4):
    """A country of hand-made tables: as many gemeenten as kinds, each of equal shape, with scores drawn at random."""
    stream = np.random.default_rng(seed)
    places = [(g, w, b) for g in range(len(kinds)) for w in range(wijken) for b in range(buurten)]
    gm = [f"GM{9001 + g}" for g in range(len(kinds))]
    wk = {(g, w): f"WK{9001 + g}{w:02d}" for g, w, _ in places}
    geography = tables.Geography(
        gemeenten=pd.DataFrame({"gemeente_code": gm, "gemeente_name": [f"{c} & co (synthetic)" for c in gm],
                                "kind": kinds}),
        wijken=pd.DataFrame([{"wijk_code": code, "wijk_name": f"Wijk {code[2:]} (synthetic)", "gemeente_code": gm[g]}
                             for (g, _), code in wk.items()]),
        buurten=pd.DataFrame([
            {"buurt_code": f"BU{wk[g, w][2:]}{b:02d}", "buurt_name": f"Buurt {wk[g, w][2:]}{b:02d} (synthetic)",
             "wijk_code": wk[g, w], "gemeente_code": gm[g], "kind": kinds[g], "x_m": 3000.0 * g + 400 * b,
             "y_m": 1000.0 * w, "land_area_ha": 20.0 + b,
             "published_dwellings": float(np.round(np.exp(stream.normal(7.1, 0.75))))}
            for g, w, b in places
        ]),
        corners_m=np.zeros((len(places), 6, 2)),
    )  # fmt: skip
    shape = (len(YEARS), len(places))
    names = [field.name for field in dataclasses.fields(tables.History) if field.name != "years"]
    arrays = dict.fromkeys(names, np.full(shape, 0.2))
    arrays["published_liveability_score"] = DEVIATION_REFERENCE + stream.normal(0, 0.12, shape)
    arrays["mean_log_income"] = stream.normal(10.3, 0.3, shape[1]) + np.zeros(shape)
    nothing = np.zeros(0)
    return tables.World(
        seed=seed, size="small", scenario="S0", geography=geography,
        history=tables.History(years=YEARS, **arrays),
        residence=tables.Residence(YEARS, *[nothing] * 7),
        households=tables.Households(*[nothing] * 6),
        projects=pd.DataFrame(),
    )  # fmt: skip


def fake_census(world, seed=5):
    """A census in which everything differs between buurten and years, and parts sum to their wholes."""
    stream = np.random.default_rng(seed)
    codes, size = world.geography.buurten["buurt_code"], world.geography.buurten["published_dwellings"].to_numpy()
    land = world.geography.buurten["land_area_ha"].to_numpy()
    rows = []
    for year in YEARS:
        n = len(codes)
        dwellings = size * stream.uniform(0.8, 1.0, n)
        dwellings[:4] = (3.0, 12.0, 45.0, 90.0)  # below one threshold after the other
        dwellings[20:96:12] = 3.0
        households = 0.95 * dwellings
        people = households * stream.uniform(1.7, 2.6, n)
        ages, types = stream.dirichlet(np.full(5, 8.0), n) * people[:, None], stream.dirichlet([9.0] * 3, n)
        nonwestern = stream.beta(1.4, 3.95, n) * people
        origins = stream.dirichlet(np.full(5, 4.0), n) * nonwestern[:, None]
        tenure = stream.dirichlet([5.0, 3.0, 1.0, 0.3], n)
        income = stream.normal(30_000, 6000, n)
        single = stream.beta(4, 4, n)
        table = {
            "buurt_code": codes, "year": year, "inhabitants_count": people,
            **dict(zip(["age_0_14_count", "age_15_24_count", "age_25_44_count", "age_45_64_count",
                        "age_65_plus_count"], ages.T, strict=True)),
            "origin_western_count": 0.1 * people, "origin_nonwestern_count": nonwestern,
            **dict(zip(["origin_morocco_count", "origin_antilles_count", "origin_suriname_count",
                        "origin_turkey_count", "origin_other_nonwestern_count"], origins.T, strict=True)),
            "households_count": households,
            **dict(zip(["one_person_households_count", "households_without_children_count",
                        "households_with_children_count"], (types * households[:, None]).T, strict=True)),
            "household_size_mean": people / households, "population_density_per_km2": people / land * 100,
            "land_area_ha": land, "dwellings_count": dwellings, "woz_value_eur": stream.normal(200_000, 50_000, n),
            "single_family_share": single, "multi_family_share": 1 - single, "vacant_share": stream.beta(1, 20, n),
            "owner_occupied_share": tenure[:, 0], "rented_share": tenure[:, 1] + tenure[:, 2],
            "association_rented_share": tenure[:, 1], "other_rented_share": tenure[:, 2],
            "tenure_unknown_share": tenure[:, 3], "built_before_2000_share": stream.beta(5, 2, n),
            "income_recipients_count": 0.75 * people, "income_per_recipient_eur": income,
            "income_per_inhabitant_eur": 0.8 * income, "lowest40_persons_share": stream.beta(4, 6, n),
            "highest20_persons_share": stream.beta(2, 8, n), "household_income_standardised_eur": 1.1 * income,
            "lowest40_households_share": stream.beta(4, 6, n), "highest20_households_share": stream.beta(2, 8, n),
            "low_income_households_share": stream.beta(1, 9, n),
            "social_minimum_households_share": stream.beta(1, 9, n),
            "household_wealth_median_eur": stream.normal(40_000, 60_000, n),
            "social_assistance_count": 0.03 * people, "disability_benefit_count": 0.05 * people,
            "unemployment_benefit_count": 0.02 * people, "state_pension_count": ages[:, 4],
            "wmo_clients_count": 0.06 * people, "address_density_per_km2": stream.uniform(200, 5000, n),
            "urbanity_class": np.full(n, 3.0), "social_minimum_110_households_share": stream.beta(1, 8, n),
            **dict(zip(["education_low_count", "education_middle_count", "education_high_count"],
                       (stream.dirichlet([4.0] * 3, n) * 0.7 * people[:, None]).T, strict=True)),
            "cars_per_household_mean": stream.uniform(0.3, 1.5, n), "theft_per_1000": stream.uniform(0, 20, n),
            "vandalism_per_1000": stream.uniform(0, 20, n), "violence_per_1000": stream.uniform(0, 20, n),
        }  # fmt: skip
        rows.append(pd.DataFrame(table))
    frame = pd.concat(rows, ignore_index=True)
    frame.loc[frame["buurt_code"] == codes[6], "tenure_unknown_share"] = 0.7
    return frame
