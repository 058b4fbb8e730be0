"""Boundary harmonisation: weights, both rules, the ledger and the totals, by hand and on the real crosswalks.

Tolerances: 1e-9 relative for counts that pass through sums of a few dozen weights; 1e-12 for a share between
its parts.
"""

from __future__ import annotations

from importlib import resources

import numpy as np
import pandas as pd
import pytest
from checkouts import OPEN_DATA
from hypothesis import given, settings
from hypothesis import strategies as st

from buurteffect.errors import DataError
from buurteffect.panel.harmonise.combine import MissingRule
from buurteffect.panel.harmonise.harmonised import Harmonised, harmonise
from buurteffect.panel.harmonise.totals_check import conservation
from buurteffect.panel.harmonise.weights import Crosswalk, Floor, Weights, identity_weights
from buurteffect.sources.geography.crosswalk import read_crosswalk

CONCEPTS = pd.read_csv(resources.files("buurteffect.schema") / "concepts.csv")
UNCHANGED = "unchanged_only"
NO_FLOOR = Floor(0, 0.0)

# Five wijken of 2016; by 2017 A splits over P and Q, B and C merge into M, D is recoded to N, E stays.
A, B, C, D, E = (f"WK0001{n:02d}" for n in range(1, 6))
P, Q, M, N = (f"WK0002{n:02d}" for n in range(1, 5))
FLOWS = [(A, P, 75), (A, Q, 25), (B, M, 60), (C, M, 40), (D, N, 10)]
CODES = {2016: [A, B, C, D, E], 2017: [P, Q, M, N, E]}


def crosswalk(flows: list[tuple], years: tuple[int, int] = (2016, 2017), level: str = "wijk") -> pd.DataFrame:
    frame = pd.DataFrame(flows, columns=["source_code", "target_code", "addresses_count"])
    frame = frame.astype({"source_code": "str", "target_code": "str", "addresses_count": "float64"})
    return frame.assign(year_from=years[0], year_to=years[1], level=level, weight_share=np.nan)


def build_weights(flows: pd.DataFrame, *ends: object, **options: object) -> Weights:
    return Crosswalk(flows).weights(*ends, **options)


def weigh(flows: list[tuple] = FLOWS, codes: dict | None = None, **options: object) -> Weights:
    return build_weights(crosswalk(flows), 2016, 2017, codes or CODES, **options)


def table(year: int = 2016, **columns: list) -> pd.DataFrame:
    codes = columns.pop("codes", [A, B, C, D, E])
    return pd.DataFrame({"area_code": pd.Series(codes, dtype="str"), "year": year, **columns})


def shares(weights: Weights) -> dict[tuple[str, str], float]:
    rows = weights.frame[["source_code", "target_code", "weight_share"]].itertuples(index=False, name=None)
    return {(source, target): share for source, target, share in rows}


def values(result: Harmonised, concept: str) -> dict[str, float]:
    return result.frame.set_index("area_code")[concept].to_dict()


def left_out(result: Harmonised) -> dict[str, int]:
    """Return how many rows are left out for each reason."""
    rows = result.ledger[result.ledger["rows_left_out"] > 0]
    return rows.groupby("reason")["rows_left_out"].sum().to_dict()


def assert_accounted(result: Harmonised, frame: pd.DataFrame) -> None:
    """Every row that came in and every row that came out is in the ledger once."""
    ledger = result.ledger
    assert (ledger["rows_in"] == ledger["rows_placed"] + ledger["rows_left_out"]).all()
    by_year = ledger.groupby("year")[["rows_in", "rows_left_out", "rows_out"]].sum()
    assert by_year["rows_in"].to_dict() == frame["year"].value_counts().to_dict()
    assert by_year["rows_out"].sum() == len(result.frame)


# --- weights ---------------------------------------------------------------------------------------------------


def test_a_weight_is_the_share_of_the_addresses_of_the_source():
    assert shares(weigh()) == {(A, P): 0.75, (A, Q): 0.25, (B, M): 1, (C, M): 1, (D, N): 1, (E, E): 1}


def test_backwards_the_weights_are_shares_of_the_target():
    back = build_weights(crosswalk(FLOWS), 2017, 2016, CODES)
    assert shares(back) == {(P, A): 1, (Q, A): 1, (M, B): 0.6, (M, C): 0.4, (N, D): 1, (E, E): 1}


def test_a_code_that_is_not_listed_and_gone_is_unplaced():
    weights = weigh(codes={2016: CODES[2016], 2017: [P, Q, M, N]})
    assert weights.unplaced.to_dict("records") == [{"source_code": E, "arrives_at_code": E, "weight_share": 1.0}]
    assert (E, E) not in shares(weights)


def test_a_year_without_a_code_list_is_refused():
    with pytest.raises(DataError, match="no list of the codes of 2017"):
        weigh(codes={2016: CODES[2016]})


def test_codes_of_another_level_are_refused():
    with pytest.raises(DataError, match="1 of 2 codes of 2016"):
        weigh(codes={2016: [A, "GM0001"], 2017: [P]})


def test_one_address_of_noise_is_dropped():
    weights = weigh([(A, P, 2441), (A, Q, 1), (B, Q, 600)], {2016: [A, B], 2017: [P, Q]})
    assert shares(weights) == {(A, P): 1.0, (B, Q): 1.0}


def test_what_is_dropped_goes_to_the_other_flows_in_proportion():
    weights = weigh([(A, P, 300), (A, Q, 100), (A, M, 2), (B, M, 500)], {2016: [A, B], 2017: [P, Q, M]})
    assert shares(weights) == {(A, P): 0.75, (A, Q): 0.25, (B, M): 1.0}


@pytest.mark.parametrize(
    ("flows", "why"),
    [
        ([(A, P, 2441), (A, Q, 5), (B, Q, 600)], "enough addresses"),
        ([(A, P, 40), (A, Q, 1), (B, Q, 600)], "a large share of a small source"),
        ([(A, P, 2441), (A, Q, 1), (B, Q, 30)], "a large share of a small target"),
        ([(A, P, 2441), (A, Q, 1)], "the only source of a target"),
        ([(A, P, 1), (B, P, 2000)], "the only target of a source"),
    ],
)
def test_a_small_flow_that_matters_to_one_of_its_ends_is_kept(flows, why):
    weights = weigh(flows, {2016: [A, B], 2017: [P, Q]})
    assert len(weights.frame[weights.frame["addresses_count"].notna()]) == len(flows), why


def test_the_floor_can_be_lifted():
    flows = [(A, P, 2441), (A, Q, 1), (B, Q, 600)]
    codes = {2016: [A, B], 2017: [P, Q]}
    assert shares(weigh(flows, codes, floor=NO_FLOOR))[A, Q] == pytest.approx(1 / 2442)
    assert (A, Q) not in shares(weigh(flows, codes, floor=Floor(addresses_min=2)))


def test_the_floor_drops_the_same_flows_in_both_directions():
    flows = [(A, P, 2441), (A, Q, 1), (B, Q, 600), (B, P, 3)]
    codes = {2016: [A, B], 2017: [P, Q]}
    back = build_weights(crosswalk(flows), 2017, 2016, codes)
    forth = weigh(flows, codes)
    assert set(shares(forth)) == {(t, s) for s, t in shares(back)} == {(A, P), (B, Q)}


@pytest.mark.parametrize("direction", [(2016, 2017), (2017, 2016)])
def test_an_area_all_of_whose_flows_are_small_is_still_placed(direction):
    others = [f"WK00{n:04d}" for n in range(300, 500)]
    flows = [(A, other, 2) for other in others[1:]] + [(A, others[0], 3)] + [(B, other, 5000) for other in others]
    found = build_weights(crosswalk(flows), 2016, 2017, {2016: [A, B], 2017: others})
    assert shares(found)[A, others[0]] == 1.0
    turned = crosswalk([(target, source, count) for source, target, count in flows])
    found = build_weights(turned, *direction, {2016: others, 2017: [A, B]})
    ends = (others[0], A) if direction == (2016, 2017) else (A, others[0])
    assert ends in shares(found)


def test_a_code_that_the_crosswalk_lists_is_known_even_if_the_list_lacks_it():
    weights = weigh([(A, P, 9)], {2016: [E], 2017: [E]})
    assert shares(weights) == {(A, P): 1, (E, E): 1}
    assert weights.unplaced.empty


CHAIN = pd.concat(
    [
        crosswalk([(A, A, 60), (A, B, 40)], (2016, 2017)),
        crosswalk([(B, B, 50), (B, C, 50)], (2017, 2018)),
        crosswalk([(D, E, 9)], (2018, 2019)),
    ]
)
CHAIN_CODES = {2016: [A, D], 2017: [A, B, D], 2018: [A, B, C, D], 2019: [A, B, C, E]}


def test_yearly_steps_chain_to_their_product():
    weights = build_weights(CHAIN, 2016, 2019, CHAIN_CODES)
    assert shares(weights) == pytest.approx({(A, A): 0.6, (A, B): 0.2, (A, C): 0.2, (D, E): 1.0})
    assert weights.frame.set_index(["source_code", "target_code"])["addresses_count"].to_dict() == pytest.approx(
        {(A, A): 60, (A, B): 20, (A, C): 20, (D, E): 9}
    )


def test_yearly_steps_chain_backwards():
    weights = build_weights(CHAIN, 2019, 2016, CHAIN_CODES)
    assert shares(weights) == {(A, A): 1, (B, A): 1, (C, A): 1, (E, D): 1}


def test_a_direct_pair_is_taken_before_a_chain():
    both = pd.concat([CHAIN, crosswalk([(A, A, 70), (A, C, 30), (D, E, 9)], (2016, 2019))])
    assert shares(build_weights(both, 2016, 2019, CHAIN_CODES))[A, C] == 0.3


def test_neighbouring_years_without_a_listed_change_are_equal():
    gap = pd.concat([CHAIN[CHAIN["year_from"] != 2017], crosswalk([(B, C, 5)], (2016, 2018))])
    weights = build_weights(gap, 2017, 2018, {2017: [A, B], 2018: [A, B]})
    assert shares(weights) == {(A, A): 1, (B, B): 1}


def test_a_year_that_the_crosswalk_does_not_know_is_refused():
    with pytest.raises(DataError, match="no way from 2015 to 2018: 2015 is in no pair"):
        build_weights(CHAIN, 2015, 2018, {2015: [A], 2018: [A]})
    with pytest.raises(DataError, match="year of the data and as the base year"):
        build_weights(CHAIN, 2016, 2016, CHAIN_CODES)


def test_parts_that_part_and_meet_again_weigh_exactly_one():
    loop = pd.concat(
        [
            crosswalk([(A, P, 10), (A, Q, 20), (A, M, 70)], (2016, 2017)),
            crosswalk([(P, A, 10), (Q, A, 20), (M, A, 70)], (2017, 2018)),
        ]
    )
    weights = build_weights(loop, 2016, 2018, {2016: [A], 2017: [P, Q, M], 2018: [A]})
    assert shares(weights) == {(A, A): 1.0}


def test_codes_without_counts_recode_and_merge_but_do_not_divide():
    codes_only = crosswalk([(A, M, 1), (B, M, 1), (C, N, 1)]).assign(addresses_count=np.nan, weight_share=1.0)
    lists = {2016: [A, B, C], 2017: [M, N]}
    assert shares(build_weights(codes_only, 2016, 2017, lists)) == {(A, M): 1, (B, M): 1, (C, N): 1}
    with pytest.raises(DataError, match="1 areas of 2017 that come from several areas of 2016"):
        build_weights(codes_only, 2017, 2016, lists)
    recoded = codes_only[codes_only["target_code"] == N]
    assert shares(build_weights(recoded, 2017, 2016, {2016: [C], 2017: [N]})) == {(N, C): 1}


# --- values ----------------------------------------------------------------------------------------------------


def test_counts_are_split_by_weight_and_summed():
    frame = table(inhabitants_count=[200.0, 30.0, 50.0, 7.0, 11.0])
    result = harmonise(frame, weigh(), CONCEPTS)
    assert values(result, "inhabitants_count") == {P: 150, Q: 50, M: 80, N: 7, E: 11}
    assert_accounted(result, frame)


def test_shares_are_combined_by_their_denominator_and_never_averaged():
    frame = table(dwellings_count=[100.0, 30.0, 10.0, 5.0, 5.0], rented_share=[0.4, 0.2, 0.6, 0.1, 0.3])
    result = harmonise(frame, weigh(), CONCEPTS)
    # (30 × 0.2 + 10 × 0.6) / 40 = 0.3, neither the mean 0.4 nor the sum 0.8
    assert values(result, "rented_share") == pytest.approx({P: 0.4, Q: 0.4, M: 0.3, N: 0.1, E: 0.3})


def test_means_are_combined_by_the_split_denominator():
    flows = [(A, P, 50), (A, Q, 50), (B, Q, 100)]
    frame = table(codes=[A, B], inhabitants_count=[400.0, 100.0], income_per_inhabitant_eur=[10.0, 25.0])
    result = harmonise(frame, weigh(flows, {2016: [A, B], 2017: [P, Q]}), CONCEPTS)
    # Q has 200 inhabitants of A at 10 and 100 of B at 25
    assert values(result, "income_per_inhabitant_eur") == {P: 10, Q: pytest.approx(15)}


def test_what_cannot_be_combined_is_kept_only_where_one_whole_area_became_one():
    frame = table(urbanity_class=[1.0, 2.0, 2.0, 4.0, 5.0])
    result = harmonise(frame, weigh(), CONCEPTS)
    found = values(result, "urbanity_class")
    assert {N: found[N], E: found[E]} == {N: 4, E: 5}
    reasons = values(result, "urbanity_class_missing")
    assert {code for code, reason in reasons.items() if reason == "not_combinable"} == {P, Q, M}


def test_land_is_added_where_whole_areas_merge_and_never_divided_by_addresses():
    frame = table(land_area_ha=[50.0, 20.0, 30.0, 7.0, 9.0], population_density_per_km2=[100.0, 500.0, 1000.0, 10, 20])
    result = harmonise(frame, weigh(), CONCEPTS)
    assert values(result, "land_area_ha") == {
        P: pytest.approx(np.nan, nan_ok=True),
        Q: pytest.approx(np.nan, nan_ok=True),
        M: 50,
        N: 7,
        E: 9,
    }
    # (20 × 500 + 30 × 1000) / 50
    density = values(result, "population_density_per_km2")
    assert (density[M], density[N], density[E]) == (pytest.approx(800), 10, 20)
    for concept in ("land_area_ha", "population_density_per_km2"):
        reasons = values(result, f"{concept}_missing")
        assert {code for code, reason in reasons.items() if reason == "not_combinable"} == {P, Q}


def test_the_land_of_a_merger_is_unknown_where_one_part_of_it_is():
    frame = table(codes=[B, C], land_area_ha=[20.0, np.nan], land_area_ha_missing=[None, "secret"])
    result = harmonise(frame, weigh(FLOWS[2:4], {2016: [B, C], 2017: [M]}), CONCEPTS)
    assert np.isnan(values(result, "land_area_ha")[M])
    assert values(result, "land_area_ha_missing")[M] == "secret"


def test_a_missing_value_of_a_whole_area_keeps_its_reason():
    frame = table(
        inhabitants_count=[1.0, 1, 1, 1, np.nan], inhabitants_count_missing=[None, None, None, None, "secret"]
    )
    result = harmonise(frame, weigh(), CONCEPTS)
    assert values(result, "inhabitants_count_missing")[E] == "secret"
    assert np.isnan(values(result, "inhabitants_count")[E])


@pytest.mark.parametrize(
    ("addresses_of_c", "limit", "expected"), [(1, 0.02, 30.0), (2, 0.02, 30.0), (3, 0.02, None), (3, 0.05, 30.0)]
)
def test_a_count_is_missing_where_more_than_the_limit_of_its_addresses_is(addresses_of_c, limit, expected):
    flows = [(B, M, 100 - addresses_of_c), (C, M, addresses_of_c)]
    frame = table(codes=[B, C], inhabitants_count=[30.0, np.nan], inhabitants_count_missing=[None, "below_threshold"])
    rule = MissingRule(count_missing_max=limit)
    result = harmonise(frame, weigh(flows, {2016: [B, C], 2017: [M]}), CONCEPTS, missing=rule)
    row = result.frame.iloc[0]
    if expected is None:
        assert np.isnan(row["inhabitants_count"])
        assert row["inhabitants_count_missing"] == "below_threshold"
    else:
        assert row["inhabitants_count"] == expected


@pytest.mark.parametrize(("dwellings_of_c", "known"), [(10.0, True), (11.0, False)])
def test_a_share_is_missing_where_more_than_the_limit_of_its_denominator_is(dwellings_of_c, known):
    frame = table(
        codes=[B, C],
        dwellings_count=[100 - dwellings_of_c, dwellings_of_c],
        rented_share=[0.4, np.nan],
        rented_share_missing=[None, "below_threshold"],
    )
    result = harmonise(frame, weigh(FLOWS[2:4], {2016: [B, C], 2017: [M]}), CONCEPTS)
    row = result.frame.iloc[0]
    assert (row["rented_share"] == pytest.approx(0.4)) if known else np.isnan(row["rented_share"])
    assert (row["rented_share_missing"] == "below_threshold") != known


def test_a_share_without_a_denominator_is_not_averaged_but_missing():
    frame = table(rented_share=[0.4, 0.2, 0.6, 0.1, 0.3])
    result = harmonise(frame, weigh(), CONCEPTS)
    assert np.isnan(values(result, "rented_share")[M])
    assert values(result, "rented_share_missing")[M] == "not_published"
    assert values(result, "rented_share")[P] == 0.4


def test_a_piece_without_a_denominator_is_measured_in_addresses():
    flows = [(B, M, 95), (C, M, 5)]
    frame = table(
        codes=[B, C],
        dwellings_count=[50.0, np.nan],
        dwellings_count_missing=[None, "secret"],
        rented_share=[0.4, 0.9],
    )
    weights = weigh(flows, {2016: [B, C], 2017: [M]})
    result = harmonise(frame, weights, CONCEPTS)
    assert values(result, "rented_share")[M] == pytest.approx(0.4)
    strict = harmonise(frame, weights, CONCEPTS, missing=MissingRule(mean_missing_max=0.04))
    assert values(strict, "rented_share_missing")[M] == "secret"


def test_pieces_without_dwellings_weigh_nothing_and_a_target_without_any_has_no_share():
    frame = table(
        codes=[B, C], dwellings_count=[50.0, 0.0], rented_share=[0.4, np.nan], rented_share_missing=[None, "impossible"]
    )
    weights = weigh(FLOWS[2:4], {2016: [B, C], 2017: [M]})
    result = harmonise(frame, weights, CONCEPTS)
    assert values(result, "rented_share")[M] == pytest.approx(0.4)
    empty = harmonise(frame.assign(dwellings_count=0.0), weights, CONCEPTS)
    assert values(empty, "rented_share_missing")[M] == "impossible"


def test_without_dwellings_a_share_cannot_exist_whatever_its_parts_say():
    frame = table(
        codes=[B, C],
        dwellings_count=[0.0, 0.0],
        rented_share=[np.nan, np.nan],
        rented_share_missing=["secret", "secret"],
    )
    result = harmonise(frame, weigh(FLOWS[2:4], {2016: [B, C], 2017: [M]}), CONCEPTS)
    assert result.frame["rented_share_missing"].tolist() == ["impossible"]


@pytest.mark.parametrize(("of_b", "reason"), [(60, "secret"), (40, "below_threshold")])
def test_the_reason_is_that_of_the_largest_missing_part(of_b, reason):
    frame = table(codes=[B, C], inhabitants_count=[np.nan] * 2, inhabitants_count_missing=["secret", "below_threshold"])
    weights = weigh([(B, M, of_b), (C, M, 100 - of_b)], {2016: [B, C], 2017: [M]})
    assert harmonise(frame, weights, CONCEPTS).frame["inhabitants_count_missing"].tolist() == [reason]


def test_a_part_that_goes_nowhere_is_listed_and_missed_in_the_totals():
    flows = pd.concat([crosswalk([(A, A, 60), (A, B, 40)]), crosswalk([(D, E, 9)], (2017, 2018))])
    weights = build_weights(flows, 2016, 2018, {2016: [A, D], 2018: [A, E]})
    frame = table(codes=[A, D], inhabitants_count=[100.0, 9.0])
    result = harmonise(frame, weights, CONCEPTS)
    assert weights.unplaced[["source_code", "arrives_at_code"]].to_numpy().tolist() == [[A, B]]
    assert weights.unplaced["weight_share"].tolist() == [0.4]
    assert result.conservation["difference"].tolist() == [-40]
    assert result.ledger["fate"].tolist() == ["recoded", "mixed"]
    assert_accounted(result, frame)


def test_a_source_that_the_table_lacks_counts_as_missing():
    result = harmonise(table(codes=[B], inhabitants_count=[30.0]), weigh(), CONCEPTS)
    assert result.frame["area_code"].tolist() == [M]
    assert result.frame["inhabitants_count_missing"].tolist() == ["not_published"]


def test_rows_in_are_rows_out_and_rows_left_out_with_their_fate():
    unknown = "WK009999"
    frame = table(codes=[A, B, C, D, E, unknown], inhabitants_count=[200.0, 30, 50, 7, 11, 3])
    result = harmonise(frame, weigh(codes={2016: CODES[2016], 2017: [P, Q, M, N]}), CONCEPTS)
    assert_accounted(result, frame)
    assert result.ledger.set_index("fate")[["rows_in", "rows_out"]].loc[
        ["recoded", "merged", "split"]
    ].to_numpy().tolist() == [
        [1, 1],
        [2, 1],
        [1, 2],
    ]
    assert left_out(result) == {"its code does not exist in 2017": 1, "its code is not known in 2016": 1}


def test_rows_of_the_base_year_stay_as_they_are():
    now = table(2017, codes=[P, Q, M, N, E], inhabitants_count=[1.0, 2, 3, 4, 5], urbanity_class=[1.0, 2, 3, 4, 5])
    then = table(inhabitants_count=[200.0, 30, 50, 7, 11], urbanity_class=[1.0, 1, 1, 1, 1])
    frame = pd.concat([then, now], ignore_index=True)
    result = harmonise(frame, weigh(), CONCEPTS)
    kept = result.frame[result.frame["year"] == 2017].set_index("area_code")
    assert kept["inhabitants_count"].to_dict() == {P: 1, Q: 2, M: 3, N: 4, E: 5}
    assert kept["urbanity_class"].notna().all()
    assert_accounted(result, frame)


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(3)
    frame = table(
        dwellings_count=[100.0, 30, np.nan, 5, 5],
        dwellings_count_missing=[None, None, "secret", None, None],
        rented_share=[0.4, np.nan, 0.6, 0.1, 0.3],
        rented_share_missing=[None, "below_threshold", None, None, None],
        boundary_flag=pd.array([3, 3, 1, None, 1], dtype="Int64"),
    )
    expected = harmonise(frame, weigh(), CONCEPTS)
    for _ in range(5):
        shuffled = [FLOWS[i] for i in rng.permutation(len(FLOWS))]
        found = harmonise(frame.sample(frac=1, random_state=int(rng.integers(99))), weigh(shuffled), CONCEPTS)
        pd.testing.assert_frame_equal(found.frame, expected.frame)
        pd.testing.assert_frame_equal(found.ledger, expected.ledger)


def test_weights_of_a_year_to_itself_change_nothing():
    frame = table(
        dwellings_count=[100.0, 30, 10, 5, 5], rented_share=[0.4, 0.2, 0.6, 0.1, 0.3], urbanity_class=[1.0] * 5
    )
    result = harmonise(frame, identity_weights([A, B, C, D, E], 2016, "wijk"), CONCEPTS)
    for name in ("dwellings_count", "rented_share", "urbanity_class"):
        assert result.frame[name].tolist() == frame[name].tolist()
    assert set(result.frame["change"]) == {"unchanged"}


def test_merging_after_an_even_split_returns_the_counts_and_shares():
    split = crosswalk([(A, P, 70), (A, Q, 30), (B, Q, 0.0 + 50)])
    codes = {2016: [A, B], 2017: [P, Q]}
    only_a = build_weights(split[split["source_code"] == A], 2016, 2017, {2016: [A], 2017: [P, Q]})
    back = build_weights(split[split["source_code"] == A], 2017, 2016, {2016: [A], 2017: [P, Q]})
    frame = table(codes=[A], dwellings_count=[90.0], rented_share=[0.35])
    there = harmonise(frame, only_a, CONCEPTS).frame[["area_code", "dwellings_count", "rented_share"]].assign(year=2017)
    again = harmonise(there, back, CONCEPTS).frame
    assert again["dwellings_count"].item() == pytest.approx(90, rel=1e-12)
    assert again["rented_share"].item() == pytest.approx(0.35, rel=1e-12)
    assert codes[2016] == [A, B]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda f: f.assign(income=1.0), "1 columns that are no concept: income"),
        (lambda f: pd.concat([f, f[:1]]), "1 rows whose area_code or year is missing or repeats"),
        (lambda f: f.assign(area_code=f["area_code"].where(f["area_code"] != A)), "1 rows whose area_code"),
        (lambda f: f.assign(area_code="GM" + f["area_code"].str[2:]), "5 of 5 codes that do not begin with WK"),
        (lambda f: f.assign(year=2014), "no weights for 2014"),
        (lambda f: f[:0], "no rows"),
        (lambda f: f.drop(columns="year"), "no column year"),
    ],
)
def test_a_table_that_cannot_be_harmonised_is_refused(change, found):
    with pytest.raises(DataError, match=found):
        harmonise(change(table(inhabitants_count=[1.0] * 5)), weigh(), CONCEPTS)


def test_weights_under_the_wrong_year_are_refused():
    with pytest.raises(DataError, match="under a year that is not theirs"):
        harmonise(table(inhabitants_count=[1.0] * 5), {2015: weigh()}, CONCEPTS)


# --- unchanged_only --------------------------------------------------------------------------------------------


def flagged(**flags: int | None) -> pd.DataFrame:
    """Five wijken in 2016 and their successors in 2017, with the flags of 2017 by successor."""
    then = table(inhabitants_count=[200.0, 30, 50, 7, 11], boundary_flag=pd.array([1] * 5, dtype="Int64"))
    codes = [P, Q, M, N, E]
    found = [flags.get(name, 1) for name in ("P", "Q", "M", "N", "E")]
    now = table(
        2017, codes=codes, inhabitants_count=[151.0, 51, 81, 8, 12], boundary_flag=pd.array(found, dtype="Int64")
    )
    return pd.concat([then, now], ignore_index=True)


def test_only_areas_that_nothing_happened_to_stay():
    frame = flagged(N=2)
    result = harmonise(frame, weigh(), CONCEPTS, UNCHANGED)
    assert sorted(set(result.frame["area_code"])) == sorted([N, E])
    assert result.frame["inhabitants_count"].tolist() == [11, 7, 12, 8]
    assert_accounted(result, frame)
    assert set(left_out(result)) == {"split, merged or new between 2016 and 2017"}


def test_an_equal_code_whose_boundary_moved_does_not_stay():
    frame = flagged(E=3, N=2)
    result = harmonise(frame, weigh(), CONCEPTS, UNCHANGED)
    assert set(result.frame["area_code"]) == {N}
    assert "boundary moved in 2017 (flag 3)" in left_out(result)
    assert_accounted(result, frame)
    assert E in set(harmonise(frame, weigh(), CONCEPTS).frame["area_code"])


def test_an_area_without_a_flag_does_not_stay():
    result = harmonise(flagged(E=None), weigh(), CONCEPTS, UNCHANGED)
    assert set(result.frame["area_code"]) == {N}
    assert "no change flag in 2017" in left_out(result)


def test_the_flag_of_the_first_year_tells_of_the_year_before_and_counts_for_nothing():
    frame = flagged()
    frame.loc[frame["year"] == 2016, "boundary_flag"] = 3
    assert set(harmonise(frame, weigh(), CONCEPTS, UNCHANGED).frame["area_code"]) == {N, E}


def test_flags_of_years_that_the_table_skips_are_needed_and_can_be_given():
    weights = build_weights(crosswalk(FLOWS, (2016, 2018)), 2016, 2018, {2016: CODES[2016], 2018: CODES[2017]})
    frame = flagged()
    frame.loc[frame["year"] == 2017, "year"] = 2018
    with pytest.raises(DataError, match="no change flags for 2017"):
        harmonise(frame, weights, CONCEPTS, UNCHANGED)
    flags = pd.DataFrame({"area_code": [E, N], "year": 2017, "boundary_flag": [3, 1]})
    assert set(harmonise(frame, weights, CONCEPTS, UNCHANGED, flags=flags).frame["area_code"]) == {N}


def test_a_row_that_the_base_year_lacks_says_nothing_about_its_boundary():
    frame = flagged()
    flags = frame[["area_code", "year", "boundary_flag"]]
    without = frame[~((frame["area_code"] == E) & (frame["year"] == 2017))]
    result = harmonise(without, weigh(), CONCEPTS, UNCHANGED, flags=flags)
    assert sorted(result.frame["area_code"]) == [E, N, N]
    assert_accounted(result, without)


@pytest.mark.parametrize(("flag", "kept"), [(2, True), (3, False)])
def test_the_flag_is_looked_up_under_the_code_of_its_own_year(flag, kept):
    back = build_weights(crosswalk(FLOWS), 2017, 2016, CODES)
    result = harmonise(flagged(N=flag), back, CONCEPTS, UNCHANGED)
    assert (D in set(result.frame["area_code"])) == kept
    assert E in set(result.frame["area_code"])


def test_a_table_without_flags_cannot_follow_the_rule():
    with pytest.raises(DataError, match="no change flags for 2017"):
        harmonise(flagged().drop(columns="boundary_flag"), weigh(), CONCEPTS, UNCHANGED)


def test_the_largest_flag_of_the_sources_is_carried_along():
    frame = table(inhabitants_count=[1.0] * 5, boundary_flag=pd.array([1, 1, 3, 2, None], dtype="Int64"))
    found = values(harmonise(frame, weigh(), CONCEPTS), "boundary_flag")
    assert {code: found[code] for code in (P, Q, M, N)} == {P: 1, Q: 1, M: 3, N: 2}
    assert pd.isna(found[E])


def test_an_unknown_rule_is_refused():
    with pytest.raises(DataError, match="rule 'all'"):
        harmonise(table(inhabitants_count=[1.0] * 5), weigh(), CONCEPTS, "all")


# --- totals ----------------------------------------------------------------------------------------------------


def test_totals_follow_gemeenten_that_merged():
    gemeenten = build_weights(
        crosswalk([("GM0001", "GM0002", 200)], level="gemeente"), 2016, 2017, {2016: ["GM0001"], 2017: ["GM0002"]}
    )
    codes = {2016: [A, B, C, D], 2017: [P, Q, M, N]}
    frame = table(codes=[A, B, C, D], inhabitants_count=[200.0, 30, 50, 7])
    found = harmonise(frame, weigh(codes=codes), CONCEPTS, gemeente_weights={2016: gemeenten}).conservation
    row = found.set_index("gemeente_code").loc["GM0002"]
    assert (row["before"], row["after"], row["difference"]) == (287, 287, 0)


def test_a_gemeente_that_the_weights_do_not_know_keeps_its_code_in_the_totals():
    other = build_weights(
        crosswalk([("GM0007", "GM0008", 2)], level="gemeente"), 2016, 2017, {2016: ["GM0007"], 2017: ["GM0008"]}
    )
    frame = table(codes=[A], inhabitants_count=[200.0])
    row = conservation(frame, frame, ["inhabitants_count"], {2016: other}).iloc[0]
    assert (row["gemeente_code"], row["before"], row["difference"]) == ("GM0001", 200, 0)


def test_a_total_that_was_lost_is_shown():
    before = table(codes=[A, B], inhabitants_count=[200.0, 30.0])
    after = table(codes=[A, B], inhabitants_count=[200.0, np.nan])
    row = conservation(before, after, ["inhabitants_count"]).iloc[0]
    assert (row["difference"], row["missing_after_count"]) == (-30, 1)
    assert row["difference_share"] == pytest.approx(-30 / 230)


def test_gemeenten_that_divide_a_neighbour_conserve_as_a_group():
    gemeenten = build_weights(
        crosswalk([("GM0001", "GM0001", 50), ("GM0001", "GM0002", 50), ("GM0002", "GM0002", 80)], level="gemeente"),
        2016,
        2017,
        {2016: ["GM0001", "GM0002"], 2017: ["GM0001", "GM0002"]},
    )
    wijken = weigh([(A, P, 50), (P, P, 80)], {2016: [A, B, P], 2017: [B, P]})
    frame = table(codes=[A, B, P], inhabitants_count=[90.0, 110.0, 200.0])
    found = harmonise(frame, wijken, CONCEPTS, gemeente_weights={2016: gemeenten}).conservation
    rows = found.set_index("gemeente_code")
    # half of the addresses of GM0001 left, but 90 of its 200 inhabitants
    assert rows["difference"].to_dict() == {"GM0001": 10, "GM0002": -10}
    assert rows["group_code"].tolist() == ["GM0001", "GM0001"]
    assert rows["group_difference"].tolist() == [0, 0]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, dict[int, list[str]]]:
    """Random areas of two years, random flows between them, counts and shares."""
    sources = [f"WK0001{n:02d}" for n in range(draw(st.integers(1, 6)))]
    targets = [f"WK0002{n:02d}" for n in range(draw(st.integers(1, 6)))]
    flows = [
        (source, target, draw(st.integers(1, 3000)))
        for source in sources
        for target in draw(st.lists(st.sampled_from(targets), min_size=1, unique=True))
    ]
    counts = st.floats(0, 1e6, allow_subnormal=False)
    size = len(sources)
    frame = table(
        codes=sources,
        inhabitants_count=draw(st.lists(counts, min_size=size, max_size=size)),
        dwellings_count=draw(st.lists(st.floats(1, 1e5), min_size=size, max_size=size)),
        rented_share=draw(st.lists(st.floats(0, 1, allow_subnormal=False), min_size=size, max_size=size)),
    )
    return crosswalk(flows), frame, {2016: sources, 2017: targets}


@settings(max_examples=60, deadline=None)
@given(world=worlds(), addresses=st.integers(0, 50), share=st.floats(0, 0.2))
def test_counts_are_conserved_and_shares_stay_between_their_parts(world, addresses, share):
    flows, frame, codes = world
    weights = build_weights(flows, 2016, 2017, codes, floor=Floor(addresses, share))
    assert weights.frame.groupby("source_code")["weight_share"].sum().to_numpy() == pytest.approx(1, rel=1e-12)
    result = harmonise(frame, weights, CONCEPTS)
    assert_accounted(result, frame)
    for name in ("inhabitants_count", "dwellings_count"):
        assert result.frame[name].sum() == pytest.approx(frame[name].sum(), rel=1e-9)
    rented = result.frame.set_index("area_code")["rented_share"]
    for target, parts in weights.frame.groupby("target_code"):
        of = frame.loc[frame["area_code"].isin(parts["source_code"]), "rented_share"]
        assert of.min() - 1e-12 <= rented[target] <= of.max() + 1e-12
        assert 0 <= rented[target] <= 1


@settings(max_examples=30, deadline=None)
@given(world=worlds())
def test_the_share_of_the_whole_is_the_same_before_and_after(world):
    flows, frame, codes = world
    after = harmonise(frame, build_weights(flows, 2016, 2017, codes), CONCEPTS).frame
    total = (frame["rented_share"] * frame["dwellings_count"]).sum()
    assert (after["rented_share"] * after["dwellings_count"]).sum() == pytest.approx(total, rel=1e-9, abs=1e-9)


# --- the real crosswalks ---------------------------------------------------------------------------------------


def known_codes(flows: pd.DataFrame, year: int) -> set[str]:
    listed = flows.loc[flows["year_from"] == year, "source_code"], flows.loc[flows["year_to"] == year, "target_code"]
    return {code for codes in listed for code in codes}


@pytest.fixture(scope="module")
def real() -> dict[str, pd.DataFrame]:
    if not (OPEN_DATA / "crosswalk").is_dir():
        pytest.skip("the shared crosswalks are not here")
    return {
        level: read_crosswalk(OPEN_DATA / "crosswalk" / f"crosswalk_{level}.csv").frame
        for level in ("wijk", "gemeente")
    }


@pytest.fixture(scope="module")
def real_codes(real: dict[str, pd.DataFrame]) -> dict[int, set[str]]:
    """Return the wijken of both years: those with a score in that year, and those that the crosswalk lists."""
    old = pd.read_excel(OPEN_DATA / "leefbaarometer2" / "score_wijk.xlsx", dtype="str", engine="openpyxl")["WK_CODE"]
    new = pd.read_csv(OPEN_DATA / "leefbaarometer3" / "Leefbaarometer-scores wijken 2002-2022.csv", dtype="str")[
        "wk_code"
    ]
    return {2016: set(old) | known_codes(real["wijk"], 2016), 2022: set(new) | known_codes(real["wijk"], 2022)}


def all_addresses(real: dict[str, pd.DataFrame], codes: set[str]) -> pd.DataFrame:
    """Return the addresses of every wijk of 2016 in the listed gemeenten.

    The crosswalk counts only wijken that changed; what a listed gemeente has beyond them stands in one of its
    other wijken, which all kept their code.
    """
    of = {level: frame.query("year_from == 2016 and year_to == 2022") for level, frame in real.items()}
    counts = {level: frame.groupby("source_code")["addresses_count"].sum() for level, frame in of.items()}
    wijken = counts["wijk"]
    rest = counts["gemeente"].sub(wijken.groupby("GM" + wijken.index.str[2:6]).sum()).dropna()
    others = pd.Series(sorted(codes - set(wijken.index)), dtype="str")
    first = others.groupby("GM" + others.str[2:6]).first().reindex(rest.index[rest > 0])
    assert first.notna().all()
    wijken = pd.concat([wijken, pd.Series(rest[first.index].to_numpy(), index=first.to_numpy())])
    return table(codes=list(wijken.index), inhabitants_count=wijken.to_list())


@pytest.mark.shared
@pytest.mark.parametrize(("floor", "largest"), [(Floor(), 5), (NO_FLOOR, 1e-6)])
def test_the_crosswalk_brings_the_wijken_of_2016_to_2022_and_conserves_addresses(real, real_codes, floor, largest):
    frame = all_addresses(real, real_codes[2016])
    codes = {
        year: known_codes(real["gemeente"], year) | {"GM" + code[2:6] for code in real_codes[year]}
        for year in (2016, 2022)
    }
    gemeenten = build_weights(real["gemeente"], 2016, 2022, codes, floor=floor)
    wijken = build_weights(real["wijk"], 2016, 2022, real_codes, floor=floor)
    result = harmonise(frame, wijken, CONCEPTS, gemeente_weights={2016: gemeenten})
    assert_accounted(result, frame)
    assert not left_out(result)
    assert result.frame["inhabitants_count"].sum() == pytest.approx(frame["inhabitants_count"].sum(), rel=1e-12)
    # Addresses spread like addresses, so only flows below one of the two floors make a difference.
    assert result.conservation["before"].sum() == pytest.approx(frame["inhabitants_count"].sum(), rel=1e-12)
    assert result.conservation["difference"].abs().max() <= largest


@pytest.mark.shared
def test_the_flows_below_the_floor_are_few_addresses(real, real_codes):
    frames = [build_weights(real["wijk"], 2016, 2022, real_codes, floor=each).frame for each in (NO_FLOOR, Floor())]
    every, kept = (frame.set_index(["source_code", "target_code"])["addresses_count"].dropna() for frame in frames)
    dropped = every[~every.index.isin(kept.index)]
    assert len(every) == 2525
    assert len(dropped) > 300
    assert dropped.sum() / every.sum() < 0.001


@pytest.mark.shared
@pytest.mark.parametrize("direction", [(2016, 2022), (2022, 2016)])
def test_every_source_is_placed_or_listed_as_unplaced(real, real_codes, direction):
    weights = build_weights(real["wijk"], *direction, real_codes)
    parts = pd.concat([weights.frame, weights.unplaced]).groupby("source_code")["weight_share"].sum()
    assert set(parts.index) == real_codes[direction[0]]
    assert parts.to_numpy() == pytest.approx(1.0, abs=1e-12)
    assert weights.unplaced["source_code"].nunique() <= 20


@pytest.mark.shared
def test_every_gemeente_that_ended_between_2016_and_2022_lands_in_one_that_exists(real):
    flows = real["gemeente"]
    codes = {year: known_codes(flows, year) for year in (2016, 2022)}
    years = list(zip(flows["year_from"], flows["year_to"], strict=True))
    for listed in (flows, flows[[pair != (2016, 2022) for pair in years]]):
        weights = build_weights(listed, 2016, 2022, codes)
        ended = codes[2016] - codes[2022]
        placed = weights.frame.groupby("source_code")["weight_share"].sum()
        assert len(ended) > 50
        assert placed[sorted(ended)].to_numpy() == pytest.approx(1.0, abs=1e-12)
        assert set(weights.frame["target_code"]) <= codes[2022]


@pytest.mark.shared
def test_known_mergers_land_where_they_did(real):
    flows = real["gemeente"]
    weights = build_weights(flows, 2016, 2022, {year: known_codes(flows, year) for year in (2016, 2022)})
    main = weights.frame.sort_values("weight_share").drop_duplicates("source_code", keep="last")
    found = main.set_index("source_code")[["target_code", "weight_share"]]
    # Ten Boer and Haren into Groningen (2019); Appingedam, Delfzijl and Loppersum into Eemsdelta (2021)
    for source, target in [("GM0009", "GM0014"), ("GM0017", "GM0014")] + [
        (f"GM{n:04d}", "GM1979") for n in (3, 10, 24)
    ]:
        assert found.loc[source].tolist() == [target, 1.0]
