"""Displacement: hazards, matched differences and departures find what was planted, and nothing where nothing was."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from buurteffect.errors import EstimationError, NoComparisonError
from buurteffect.estimate.persons.departure import clustered_mean, departure_ratios
from buurteffect.estimate.persons.displacement_tables import attrition
from buurteffect.estimate.persons.exit_hazard import excess_exit, exit_path, fit_hazards, predict_exit
from buurteffect.estimate.persons.matching import concentration, matched_difference

HORIZON = 4


def households(extra=0.0, place=0.0, seed=0, buurten=60, size=60):
    """Residents of buurten, a third of them restructured in 2003; `extra` is added to their logit of leaving from then,
    `place` to that of all years."""
    rng = np.random.default_rng(seed)
    parts = []
    for base, before in ((2002, False), (2000, True)):
        buurt = np.repeat(np.arange(buurten), size)
        treated = buurt % 3 == 0
        rows = pd.DataFrame({"buurt": buurt, "gemeente": buurt // 6, "treated": treated})
        rows["before"], rows["cohort"] = before, base + 1
        rows["tercile"] = rng.choice(["low", "middle", "high"], len(rows))
        rows["home"] = rng.integers(0, 3, len(rows))
        for name in ("age_band", "distance_band", "before_band"):
            rows[name] = rng.integers(0, 2, len(rows))
        logit = -2.0 + 0.4 * rows["home"] + 0.3 * rows["age_band"] + place * treated
        out = np.zeros(len(rows), dtype=bool)
        for year in range(1, HORIZON + 1):
            more = extra * treated * (year > 1) * (not before)
            out = out | (rng.random(len(rows)) < 1 / (1 + np.exp(-(logit + more))))
            known = not before or base + year <= 2003
            for unit in ("buurt", "wijk"):
                rows[f"{unit}_{year}"] = np.where(known, out.astype(int), -1)
        parts.append(rows[rows["treated"]] if before else rows)
    return pd.concat(parts, ignore_index=True)


def true_excess(extra, place=0.0):
    """Excess of the process above, over many households."""
    with_more, without = (households(e, place, seed=9, buurten=600, size=200) for e in (extra, 0.0))
    share = [
        float((rows[rows["treated"] & ~rows["before"]][f"buurt_{HORIZON}"] == 1).mean())
        for rows in (with_more, without)
    ]
    return share[0] - share[1]


@pytest.mark.parametrize("first_exit", [True, False])
def test_excess_exit_recovers_a_planted_excess(first_exit):
    found = excess_exit(households(0.8), "buurt", HORIZON, first_exit=first_exit).row(term="all")
    assert abs(found["estimate"] - true_excess(0.8)) < 3 * found["std_error"]
    assert found["ci_low"] > 0


def test_excess_exit_finds_nothing_where_nothing_was_added():
    gaps = [excess_exit(households(0.0, seed=s), "buurt", HORIZON).row(term="all") for s in range(12)]
    assert sum(row["ci_low"] > 0 or row["ci_high"] < 0 for row in gaps) <= 3
    assert abs(np.mean([row["estimate"] for row in gaps])) < 0.01


def test_a_place_that_people_always_left_more_is_not_taken_for_displacement():
    rows = households(0.0, place=0.5)
    known = excess_exit(rows, "buurt", HORIZON, first_exit=True).row(term="all")
    blind = excess_exit(rows[~rows["before"]], "buurt", HORIZON, first_exit=True).row(term="all")
    assert abs(known["estimate"]) < 3 * known["std_error"]
    assert blind["ci_low"] > 0.05


def test_the_logit_agrees_with_statsmodels():
    rows = households(0.0)
    rows = rows[~rows["treated"]].reset_index(drop=True)
    states = np.where(rows[["buurt_1"]].to_numpy() == 1, 1, 0)
    made = fit_hazards(rows, states, rows["buurt"].to_numpy())
    design = made.terms.rows(made.terms.fixed(rows), rows["cohort"].to_numpy(), 0)
    used = design.any(axis=0)
    other = sm.GLM(states[:, 0], design[:, used], family=sm.families.Binomial()).fit()
    assert made.coefficients[used] == pytest.approx(other.params, abs=1e-8)
    clustered = sm.GLM(states[:, 0], design[:, used], family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": rows["buurt"].to_numpy(), "use_correction": False}
    )
    own = np.sqrt((made.influence**2).sum(axis=0))[used]
    assert own == pytest.approx(clustered.bse, rel=1e-6)


def test_the_predicted_chance_is_one_less_the_product_of_staying():
    rows = households(0.0)
    part = rows[~rows["treated"]].reset_index(drop=True)
    out = part[[f"buurt_{year}" for year in range(1, HORIZON + 1)]].to_numpy() == 1
    states = np.where(np.cumsum(out, axis=1) - out > 0, -1, out.astype(int))
    made = fit_hazards(part, states, part["buurt"].to_numpy())
    chance, gradient = predict_exit(made, part)
    stay = np.ones(len(part))
    for step in range(HORIZON):
        columns = made.terms.rows(made.terms.fixed(part), part["cohort"].to_numpy(), step)
        stay *= 1 - 1 / (1 + np.exp(-columns @ made.coefficients))
    assert chance == pytest.approx(1 - stay)
    bumped = made.coefficients.copy()
    bumped[0] += 1e-6
    again, _ = predict_exit(type(made)(bumped, made.influence, made.terms, made.rows_count), part)
    assert (again - chance) / 1e-6 == pytest.approx(gradient[:, 0], abs=1e-5)


def test_the_path_ends_where_the_hazards_end():
    rows = households(0.8)
    path = exit_path(rows, "buurt", HORIZON)
    last = path[(path["year"] == HORIZON) & (path["tercile"] == "all")].set_index("kind")["estimate"]
    whole = excess_exit(rows, "buurt", HORIZON, first_exit=True).row(term="all")
    assert last["restructured"] - last["without"] == pytest.approx(whole["estimate"])


def test_nobody_left_alone_is_refused():
    rows = households()
    with pytest.raises(NoComparisonError, match="others"):
        excess_exit(rows[rows["treated"]], "buurt", HORIZON)


def test_a_matched_difference_by_hand():
    frame = pd.DataFrame(
        {
            "gone": [True, True, True, False, False, False, True],
            "cell": [0, 0, 1, 0, 0, 1, 2],
            "home": list("abcdefg"),
            "y": [1.0, 3.0, 10.0, 0.0, 2.0, 4.0, 99.0],
        }
    )
    made = matched_difference(frame, "gone", "y", ["cell"], "home")
    # Cell 0: 2 against 1; cell 1: 10 against 4; cell 2 has nobody to compare with.
    assert made.frame["estimate"].iloc[0] == pytest.approx((2 * 1 + 1 * 6) / 3)
    assert made.dropped == (("of the first group without a match", 1),)


def test_a_matched_difference_is_free_of_what_cells_differ_in():
    rng = np.random.default_rng(1)
    cell = rng.integers(0, 5, 6000)
    gone = rng.random(6000) < 0.1 + 0.15 * cell
    y = cell + 0.5 * gone + rng.normal(0, 1, 6000)
    frame = pd.DataFrame({"gone": gone, "cell": cell, "home": rng.integers(0, 80, 6000), "y": y})
    made = matched_difference(frame, "gone", "y", ["cell"], "home").frame.iloc[0]
    assert abs(made["estimate"] - 0.5) < 3 * made["std_error"]
    assert y[gone].mean() - y[~gone].mean() > 1


def test_no_cell_in_common_is_refused():
    frame = pd.DataFrame({"gone": [True, False], "cell": [0, 1], "home": [0, 1], "y": [1.0, 2.0]})
    with pytest.raises(NoComparisonError, match="coarser"):
        matched_difference(frame, "gone", "y", ["cell"], "home")


def test_concentration_is_one_where_all_go_to_one_place():
    flows = pd.DataFrame({"origin_code": ["a", "b"], "area_code": ["x", "y"], "households_count": [3, 4]})
    assert concentration(flows) == 1.0


def test_departure_ratios_recover_a_planted_ratio_within_places():
    rng = np.random.default_rng(2)
    place = rng.integers(0, 100, 40_000)
    trait = rng.normal(size=40_000) + place / 50
    left = rng.random(40_000) < 0.1 * (1 + 0.2 * (trait - place / 50)) * (1 + place / 100)
    frame = pd.DataFrame({"left": left, "trait": trait, "place": place, "kind": rng.integers(0, 2, 40_000)})
    row = departure_ratios(frame, "left", {"trait": "trait"}, ["kind"], ["place"], "place").row(term="trait")
    wanted = 1 + 0.2 * trait.std()
    assert abs(row["estimate"] - wanted) < 3 * row["std_error"]


def test_a_clustered_mean_counts_clusters_and_not_rows():
    frame = pd.DataFrame({"y": [0.0] * 50 + [1.0] * 50, "home": [0] * 50 + [1] * 50})
    assert clustered_mean(frame, "y", "home", "mean").frame["std_error"].iloc[0] == pytest.approx(0.5)
    with pytest.raises(EstimationError, match="error"):
        clustered_mean(frame[frame["home"] == 0], "y", "home", "mean")


def test_attrition_is_matched_and_bounds_hold_the_excess_of_those_who_are_seen_either_way():
    rows = households(0.8).assign(tercile=lambda part: pd.Categorical(part["tercile"], ["low", "middle", "high"]))
    rows["person"] = np.arange(len(rows))
    rng = np.random.default_rng(3)
    gone = rng.random(len(rows)) < np.where(rows["treated"], 0.2, 0.1)
    rows.loc[gone, f"buurt_{HORIZON}"] = -1
    found = attrition(rows, HORIZON).set_index("term")
    assert found.index.tolist() == ["low", "middle", "high", "all"]
    now = rows[~rows["before"]]
    assert found.loc["all", "mean_treated"] == pytest.approx((now.loc[now["treated"], f"buurt_{HORIZON}"] == -1).mean())
    assert found.loc["all", "estimate"] == pytest.approx(0.1, abs=0.03)
    assert found.loc["all", "ci_low"] > 0
    low, high = found.loc["all", ["either_way_low", "either_way_high"]]
    assert low < true_excess(0.8) < high
    assert high - low > 0.05


def test_without_attrition_the_bounds_are_one_figure():
    rows = households(0.8).assign(tercile=lambda part: pd.Categorical(part["tercile"], ["low", "middle", "high"]))
    rows["person"] = np.arange(len(rows))
    row = attrition(rows, HORIZON).set_index("term").loc["all"]
    assert (row["estimate"], row["mean_treated"]) == (0, 0)
    assert row["either_way_low"] == pytest.approx(row["either_way_high"])
