"""How the designs of n09 do in simulated countries, before anything is published: what its page tells of them.

``PYTHONPATH=tests/helpers python tests/bench/movers_simulations.py`` writes the record anew (some minutes).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from synthetic_persons import children

from buurteffect.estimate.childhood.design import ChildDesign
from buurteffect.estimate.childhood.movers import MoversDesign
from buurteffect.estimate.childhood.movers_and_siblings import both_designs
from buurteffect.estimate.childhood.siblings import naive_slopes
from buurteffect.synthetic.country import draw_world
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import draw_persons
from buurteffect.synthetic.persons.succession import FIRST_NONWESTERN

COUNTRIES = range(1, 41)
RECORD = Path(__file__).parents[2] / "src" / "buurteffect" / "claims" / "persons" / "movers_simulations.csv"
_NAMES = {
    "household_id": "family", "parent_income_rank": "parent_rank", "origin_low_share": "origin_share",
    "destination_low_share": "destination_share",
}  # fmt: skip


def estimated(seed: int, size: str = "default") -> pd.DataFrame:
    """Return what each design finds in one country: one row per design, with its interval."""
    parameters = PeopleParameters()
    world = draw_world(seed=seed, size=size)
    persons = draw_persons(world, parameters)
    grown = children(world, persons, parameters).rename(columns=_NAMES)
    foreign = pd.Series(persons.origin >= FIRST_NONWESTERN, index=persons.person_id).astype(float)
    grown["nonwestern"] = foreign[~foreign.index.duplicated()].reindex(grown["person_id"]).to_numpy()
    grown = grown.assign(
        person=np.arange(len(grown)),
        female=grown["sex"].astype(float),
        adult_rank=np.clip(np.ceil(grown["adult_rank"]), 1, 100),
    )
    clusters = ("family",)
    both, _ = both_designs(grown, MoversDesign(clusters=clusters))
    return pd.concat([both.frame, naive_slopes(grown, ChildDesign(clusters)).frame], ignore_index=True)


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Return one row per design, as the record holds them."""
    truth = PeopleParameters().exposure_points
    covered = found["ci_low"].le(truth) & found["ci_high"].ge(truth)
    grouped = found.assign(covered=covered).groupby("term", sort=False)
    table = grouped.agg(
        countries_count=("estimate", "size"),
        mean=("estimate", "mean"),
        error_sd=("estimate", "std"),
        std_error_mean=("std_error", "mean"),
        covered_count=("covered", "sum"),
    )
    table.insert(1, "truth", truth)
    return table.round(5).rename_axis("design").reset_index()


if __name__ == "__main__":
    from tqdm import tqdm

    made = pd.concat([estimated(seed) for seed in tqdm(COUNTRIES)], ignore_index=True)
    summary(made).to_csv(RECORD, index=False, lineterminator="\n")
