"""The decomposition of a neighbourhood's mean, and effects on its parts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import NEVER_TREATED, Design
from buurteffect.estimate.persons.composition import TERMS, WHOLE, FlowColumns, chain_flows, decompose_flows
from buurteffect.estimate.persons.composition_effects import (
    chained_effects,
    long_effects,
    long_pairs,
    parts_of,
    types_of,
)

NAMES = ["BU1", "BU2", "BU3", "BU4"]


def people_of(rows: list[tuple[int, int, str | None, float, bool]], demolished: dict[int, float] | None = None):
    """Return a person panel of rows (person, year, area, income, counted)."""
    frame = pd.DataFrame(rows, columns=["person", "year", "area", "income", "main_earner"])
    frame["buurt_code"] = pd.Categorical(frame["area"], categories=NAMES)
    frame["gemeente_code"] = pd.Categorical(frame["area"].map({"BU1": "GM1", "BU2": "GM1", "BU3": "GM2", "BU4": "GM2"}))
    frame["demolished_year"] = frame["person"].map(demolished or {}).astype(float)
    return frame


def random_people(seed: int, persons: int = 160, years: range = range(2000, 2005)) -> pd.DataFrame:
    """Return people who move, vanish, come, change their role and have unknown incomes; one area empties."""
    draw = np.random.default_rng(seed)
    rows = []
    for person in range(persons):
        for year in years:
            if draw.random() < 0.2:
                continue
            area = NAMES[int(draw.integers(0, 3 if year > years[0] else 4))]
            income = np.nan if draw.random() < 0.1 else float(draw.normal(10, 1))
            rows.append((person, year, area, income, bool(draw.random() < 0.7)))
    gone = {person: float(draw.integers(2000, 2005)) for person in range(0, persons, 7)}
    return people_of(rows, gone)


@pytest.mark.parametrize("seed", range(8))
def test_parts_and_types_add_up_to_the_change_of_the_mean(seed: int) -> None:
    people = random_people(seed)
    found = decompose_flows(people, FlowColumns("income"), [(2000, 2001), (2001, 2004), (2000, 2004)])
    some = found["stayers_count"] > 0
    assert some.any()
    parts = found.loc[some]
    whole = parts["mean_to"] - parts["mean_from"]
    assert np.abs(parts["in_situ"] + parts["entry"] + parts["exit"] - whole).max() < 1e-10
    types = parts[[name for name in TERMS if name.startswith(("entry_", "exit_"))]].sum(axis=1)
    assert np.abs(parts["in_situ"] + types - whole).max() < 1e-10
    assert np.abs(parts["total"] - whole).max() < 1e-10


def test_areas_without_a_stayer_have_missing_parts_and_not_zero() -> None:
    people = people_of([(1, 2000, "BU1", 1.0, True), (2, 2001, "BU1", 3.0, True), (3, 2000, "BU2", 1.0, True),
                        (3, 2001, "BU2", 1.5, True)])  # fmt: skip
    found = decompose_flows(people, FlowColumns("income"), [(2000, 2001)]).set_index("area_code")
    assert found.loc["BU1", ["in_situ", "entry", "exit"]].isna().all()
    assert found.loc["BU1", "total"] == pytest.approx(2.0)
    assert found.loc["BU2", "in_situ"] == pytest.approx(0.5)
    assert found.loc["BU3", list(TERMS)].isna().all()


def test_six_people_by_hand() -> None:
    rows = [
        (1, 2000, "BU1", 2.0, True), (1, 2001, "BU1", 3.0, True),  # stays
        (2, 2000, "BU1", 4.0, True), (2, 2001, "BU2", 4.0, True),  # forced: the dwelling goes in 2000
        (3, 2000, "BU1", 6.0, True),  # dies
        (4, 2000, "BU3", 5.0, True), (4, 2001, "BU1", 9.0, True),  # comes from another gemeente
        (5, 2000, "BU1", 1.0, False), (5, 2001, "BU1", 6.0, True),  # becomes main earner
        (6, 2000, "BU1", 8.0, True), (6, 2001, "BU1", np.nan, True),  # income becomes unknown
    ]  # fmt: skip
    people = people_of(rows, {2: 2000.0})
    row = decompose_flows(people, FlowColumns("income"), [(2000, 2001)]).set_index("area_code").loc["BU1"]
    # Before 2, 4, 6, 8 (mean 5); after 3, 9, 6 (mean 6); the stayer moved from 2 to 3.
    assert row["total"] == pytest.approx(1.0)
    assert row["in_situ"] == pytest.approx(1.0)
    assert row["entry_elsewhere"] == pytest.approx((9 - 3) / 3)
    assert row["entry_formed"] == pytest.approx((6 - 3) / 3)
    assert row["exit_forced"] == pytest.approx(-(4 - 2) / 4)
    assert row["exit_gone"] == pytest.approx(-(6 - 2) / 4)
    assert row["exit_unknown"] == pytest.approx(-(8 - 2) / 4)
    assert row["exit_same_gemeente"] == 0.0
    assert (row["from_count"], row["to_count"], row["stayers_count"]) == (4, 3, 1)


def test_chained_parts_telescope_to_the_change_since_the_first_year() -> None:
    people = random_people(3, persons=400)
    yearly = decompose_flows(people, FlowColumns("income"), list(pairwise(range(2000, 2005))))
    chained = chain_flows(yearly).set_index(["area_code", "year"])
    means = yearly.set_index(["area_code", "year_to"])["mean_to"]
    first = yearly[yearly["year_from"] == 2000].set_index("area_code")["mean_from"]
    for name in NAMES[:3]:
        change = means[name, 2004] - first[name]
        row = chained.loc[(name, 2004)]
        assert row["total"] == pytest.approx(change, abs=1e-10)
        assert row["in_situ"] + row["entry"] + row["exit"] == pytest.approx(change, abs=1e-10)
        assert (chained.loc[(name, 2000), list(TERMS)] == 0).all()


def test_pairs_that_do_not_follow_each_other_cannot_be_chained() -> None:
    people = random_people(1)
    yearly = decompose_flows(people, FlowColumns("income"), [(2000, 2001), (2002, 2003)])
    with pytest.raises(EstimationError, match="follow each other"):
        chain_flows(yearly)


def test_a_person_twice_in_a_year_is_refused() -> None:
    people = people_of([(1, 2000, "BU1", 1.0, True), (1, 2000, "BU2", 1.0, True), (1, 2001, "BU2", 1.0, True)])
    with pytest.raises(EstimationError, match="repeat a person"):
        decompose_flows(people, FlowColumns("income"), [(2000, 2001)])


def test_a_year_without_people_is_refused() -> None:
    with pytest.raises(EstimationError, match="nobody is in the panel in 2010"):
        decompose_flows(random_people(1), FlowColumns("income"), [(2000, 2010)])


AREAS = [f"BU{n:02d}" for n in range(24)]


def panel_world(seed: int, gain: float = 0.0, inflow: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return people, areas and what is known of them: from 2004 or 2005 on stayers gain, and comers are better off."""
    draw = np.random.default_rng(seed)
    rows, person = [], 0
    for place, area in enumerate(AREAS):
        cohort = {0: 2004, 1: 2005}.get(place % 4, np.inf)
        living = list(range(person, person + 30))
        person += 30
        income = dict(zip(living, draw.normal(10, 0.4, 30), strict=True))
        for year in range(2000, 2010):
            rows += [(who, year, area, income[who]) for who in living]
            leaving = set(draw.choice(living, 3, replace=False).tolist())
            fresh = list(range(person, person + 3))
            person += 3
            living = [who for who in living if who not in leaving] + fresh
            after = year + 1 >= cohort
            income |= {who: income[who] + gain * after + draw.normal(0, 0.05) for who in living if who in income}
            income |= {who: 10 + inflow * after + draw.normal(0, 0.4) for who in fresh}
    frame = pd.DataFrame(rows, columns=["person", "year", "area", "income"]).assign(main_earner=True)
    frame["buurt_code"] = pd.Categorical(frame["area"], categories=AREAS)
    outer = {area: f"GM{place // 4}" for place, area in enumerate(AREAS)}
    frame["gemeente_code"] = pd.Categorical(frame["area"].map(outer))
    frame["demolished_year"] = np.nan
    areas = pd.DataFrame({"area_code": AREAS, "gemeente_code": [outer[a] for a in AREAS]})
    areas["cohort_year"] = [{0: 2004.0, 1: 2005.0}.get(n % 4, np.nan) for n in range(len(AREAS))]
    known = frame.groupby(["area", "year"], as_index=False)["income"].mean().rename(columns={"area": "area_code"})
    return frame, areas, known.rename(columns={"income": "level"})


@pytest.mark.parametrize("covariates", [(), ("level",)])
def test_effects_on_parts_add_up_to_the_effect_on_the_mean(covariates: tuple[str, ...]) -> None:
    people, areas, known = panel_world(5, gain=0.01, inflow=0.3)
    design = Design("income", comparison=NEVER_TREATED, clusters="gemeente_code", covariates=covariates)
    yearly = decompose_flows(people, FlowColumns("income"), list(pairwise(range(2000, 2010))))
    found = chained_effects(chain_flows(yearly), areas, known, design, (2, 4))
    assert found.misfit < 1e-10
    parts = found.effects.frame.set_index("term")["estimate"]
    assert parts["in_situ"] + parts["entry"] + parts["exit"] == pytest.approx(parts["total"], abs=1e-10)
    assert set(found.effects.frame["term"]) == set(TERMS)
    pairs = long_pairs([2004, 2005], (2, 4), 2009)
    spans = decompose_flows(people, FlowColumns("income"), pairs)
    over = long_effects(spans, areas, known, design, (2, 4), WHOLE)
    assert over.misfit < 1e-10
    assert over.row("total")["estimate"] == pytest.approx(found.row("total")["estimate"], abs=1e-9)


def test_a_cohort_of_one_area_is_part_of_the_long_difference() -> None:
    people, areas, known = panel_world(5, gain=0.01, inflow=0.3)
    early = areas.index[areas["cohort_year"] == 2004]
    areas.loc[early[1:], "cohort_year"] = 2005.0
    spans = decompose_flows(people, FlowColumns("income"), long_pairs([2004, 2005], (2, 4), 2009))
    over = long_effects(
        spans, areas, known, Design("income", comparison=NEVER_TREATED, clusters="gemeente_code"), (2, 4), WHOLE
    )
    assert over.misfit < 1e-10
    assert over.effects.treated_count == int(areas["cohort_year"].notna().sum())


def test_growth_of_stayers_and_better_off_comers_are_told_apart() -> None:
    design = Design("income", comparison=NEVER_TREATED, clusters="gemeente_code")
    makes = {"gain": {"gain": 0.02}, "inflow": {"inflow": 0.5}, "nothing": {}}
    found = {}
    for name, given in makes.items():
        people, areas, known = panel_world(8, **given)
        yearly = decompose_flows(people, FlowColumns("income"), list(pairwise(range(2000, 2010))))
        found[name] = chained_effects(chain_flows(yearly), areas, known, design, (2, 4))
    gain, inflow, nothing = (found[name] for name in makes)
    assert gain.row("in_situ")["estimate"] - nothing.row("in_situ")["estimate"] == pytest.approx(0.08, abs=0.01)
    assert abs(inflow.row("in_situ")["estimate"] - nothing.row("in_situ")["estimate"]) < 0.02
    assert inflow.row("entry")["ci_low"] > 0
    assert nothing.row("total")["ci_low"] < 0 < nothing.row("total")["ci_high"]


def test_covariance_with_the_mean_is_that_of_the_parts() -> None:
    people, areas, known = panel_world(2)
    yearly = decompose_flows(people, FlowColumns("income"), list(pairwise(range(2000, 2010))))
    found = chained_effects(
        chain_flows(yearly), areas, known, Design("income", comparison=NEVER_TREATED, clusters="gemeente_code"), (2, 4)
    )
    errors = {term: found.row(term)["std_error"] for term in ("in_situ", "total", "composition")}
    assert abs(found.covariance) <= errors["in_situ"] * errors["total"] * (1 + 1e-9)
    spread = errors["in_situ"] ** 2 + errors["total"] ** 2 - 2 * found.covariance
    assert spread == pytest.approx(errors["composition"] ** 2)


def test_tables_of_parts_and_types_hold_every_row() -> None:
    people, areas, known = panel_world(2)
    yearly = decompose_flows(people, FlowColumns("income"), list(pairwise(range(2000, 2010))))
    found = chained_effects(
        chain_flows(yearly), areas, known, Design("income", comparison=NEVER_TREATED, clusters="gemeente_code"), (2, 4)
    )
    assert list(parts_of({"income": found})["part"]) == ["the mean", "who stayed", "who came", "who left"]
    table = types_of(found)
    parts = found.effects.frame.set_index("term")["estimate"]
    assert table.groupby("kind")["estimate"].sum().loc["came"] == pytest.approx(parts["entry"])
    assert table.groupby("kind")["estimate"].sum().loc["left"] == pytest.approx(parts["exit"])
