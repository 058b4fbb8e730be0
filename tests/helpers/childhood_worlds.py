"""Children of families that move, with a planted effect of years: frames as `panel.read_childhoods` returns them."""

import numpy as np
import pandas as pd

LAST_AGE = 17


def childhoods(seed, families=4000, slope=1.0, threshold=0.0, selection=6.0, noise=4.0, placebo=0.0, window=None):
    """Return children and years.

    Every family has two or three children and moves once, when its eldest is between 1 and 34. Families with a high
    hidden trait live in better places and move to better ones, and their children rank higher anyway.
    """
    rng = np.random.default_rng(seed)
    trait = rng.standard_normal(families)
    origin = np.clip(0.15 - 0.04 * trait + 0.04 * rng.standard_normal(families), 0.01, 0.5)
    destination = np.clip(0.14 - 0.05 * trait + 0.04 * rng.standard_normal(families), 0.01, 0.5)
    move = 1990 + rng.integers(0, 30, families)
    number = rng.integers(2, 4, families)
    family = np.repeat(np.arange(families), number)
    person = np.arange(len(family))
    order = person - np.repeat(np.cumsum(number) - number, number)
    born = 1980 + np.repeat(rng.integers(0, 6, families), number) + 3 * order
    age = np.arange(0, 35)
    year = born[:, None] + age + 1
    after = year >= move[family][:, None]
    share = np.where(after, destination[family][:, None], origin[family][:, None])
    drift = 0.01 * rng.standard_normal((families, 60))
    share = share + drift[family[:, None], year - 1980]
    low, high = window or (0, LAST_AGE)
    counts = (age >= low) & (age <= high)
    years = pd.DataFrame(
        {
            "person": np.repeat(person, len(age)),
            "year": year.ravel(),
            "age": np.tile(age, len(person)),
            "at_home": np.tile(age <= LAST_AGE, len(person)),
            "low_income_share": share.ravel(),
            "tenure_mix": np.repeat(rng.uniform(0.2, 1.0, families)[family], len(age)),
        }
    )
    steps = (0.1 - share) / 0.1
    beyond = np.clip(share - 0.15, 0, None) / 0.1
    move_age = (move[family] - born - 1).astype(float)
    rank = (
        50
        + selection * trait[family]
        + slope * (steps * counts).sum(axis=1)
        - threshold * (beyond * counts).sum(axis=1)
    )
    rank = rank + placebo * np.clip(34 - move_age, 0, 10) * (origin - destination)[family] / 0.1
    children = pd.DataFrame(
        {
            "person": person,
            "family": family,
            "place": family % 97,
            "gemeente": family % 13,
            "birth_year": born,
            "female": rng.integers(0, 2, len(person)).astype(float),
            "nonwestern": (rng.random(len(person)) < 0.2).astype(float),
            "adult_rank": rank + noise * rng.standard_normal(len(person)),
            "childhood_years": LAST_AGE + 1,
            "exposure": (steps * (age <= LAST_AGE)).sum(axis=1),
            "own_low_years": rng.integers(0, 5, len(person)).astype(float),
            "parent_rank": 50 + 12 * trait[family] + 15 * rng.standard_normal(len(person)),
            "moves_count": 1,
            "move_age": move_age,
            "years_after_move": (after & (age <= LAST_AGE)).sum(axis=1).astype(float),
            "origin_share": origin[family],
            "destination_share": destination[family],
        }
    )
    # The panel saw fewer years of some childhoods, as a real one does.
    children["childhood_years"] -= rng.integers(0, 3, len(person))
    children["parent_rank_teenage"] = children["parent_rank"]
    return children, years
