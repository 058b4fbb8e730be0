"""One treated unit, or one cluster of them: the estimate is given, its error is not, and both say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from buurteffect.estimate import did, regression, robustness
from buurteffect.estimate.core.design import AT_RISK, Design

DESIGN = Design("y", "area", "year", "cohort", clusters="gemeente")
BY_AREA = replace(DESIGN, clusters=())
LEVEL = {0: 1.0, 1: 2.0, 2: 4.0, 3: 0.5, 4: 3.0}
CHANGE = {1: 0.3, 2: 0.1, 3: -0.2, 4: 0.6}


def one_treated(units: int = 1) -> pd.DataFrame:
    """Return treated areas in one gemeente, which rise by 2 and then 3, and four others, over four years."""
    rows = []
    for area in range(units):
        rows += [(100 + area, 0, 2003.0, year, area + rise) for year, rise in zip(YEARS, (0, 0, 2, 3), strict=True)]
    for area, change in CHANGE.items():
        path = (0.0, 0.0, change, 2 * change)
        rows += [(area, area, np.nan, year, LEVEL[area] + rise) for year, rise in zip(YEARS, path, strict=True)]
    return pd.DataFrame(rows, columns=["area", "gemeente", "cohort", "year", "y"])


YEARS = (2001, 2002, 2003, 2004)
OTHERS = np.mean(list(CHANGE.values()))
HAND = ((2 - OTHERS) + (3 - 2 * OTHERS)) / 2
ESTIMATORS = {
    "Callaway–Sant'Anna": did.callaway_santanna,
    "simple": lambda frame, design: did.callaway_santanna(frame, design, "simple"),
    "at risk": lambda frame, design: did.callaway_santanna(frame, replace(design, comparison=AT_RISK), approach="reg"),
    "imputation": did.imputation,
    "two stages": did.two_stage,
    "Sun–Abraham": did.sun_abraham,
    "extended two-way": did.extended_twfe,
    "stacked": lambda frame, design: did.stacked(frame, design, before=2, after=1),
    "local projections": did.local_projections,
}


@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_estimate_is_the_difference_of_changes_and_the_error_is_missing(name, units):
    design = DESIGN if units > 1 else BY_AREA
    found = ESTIMATORS[name](one_treated(units), design)
    row = found.row(term="overall")
    assert row["estimate"] == pytest.approx(HAND, abs=1e-12)
    assert np.isnan([row["std_error"], row["ci_low"], row["ci_high"], row["p_value"]]).all()
    assert found.covariance is None and not found.may_be_headline
    told = "there is one treated unit" if units == 1 else "the 3 treated units lie in one gemeente"
    assert found.error_convention.startswith(f"no standard error: {told}")
    assert found.frame["ci_low_simultaneous"].isna().all()


def test_a_base_stays_zero_without_error():
    frame = one_treated()
    frame.loc[frame["year"] == 2001, "y"] += 0.1 * np.sin(frame["area"])
    path = did.callaway_santanna(frame, BY_AREA).event_times().set_index("event_time")
    assert path.loc[-1, ["estimate", "std_error", "ci_low"]].tolist() == [0, 0, 0]
    assert np.isnan(path.loc[-2, "std_error"])


def test_clusters_of_one_treated_unit_each_have_errors():
    frame = one_treated(3)
    found = did.callaway_santanna(frame.assign(gemeente=frame["area"]), DESIGN)
    assert np.isfinite(found.row(term="overall")["std_error"])
    assert found.may_be_headline


def test_an_effect_by_dose_of_one_gemeente_has_no_error():
    frame = one_treated(3)
    sized = frame.assign(dose=np.where(frame["cohort"].notna(), frame["area"] - 99.0, 0.0))
    sized["y"] += 0.5 * sized["dose"] * (sized["year"] >= 2003)
    found = did.continuous_dose(sized, replace(DESIGN, dose="dose"), (0, 1))
    assert found.row(term="slope in dose")["estimate"] == pytest.approx(0.5, abs=1e-12)
    assert found.frame["std_error"].isna().all()


def test_a_headline_needs_an_error_and_is_refused_with_the_reason():
    refused = did.late_effect(one_treated(), BY_AREA, (0, 1))
    assert not refused and "no standard error: there is one treated unit" in refused.reason


def test_bounds_and_tables_beside_each_other_say_that_there_is_no_error():
    refused = robustness.honest_did(did.callaway_santanna(one_treated(), BY_AREA))
    assert not refused and "this estimate has none" in refused.reason
    table = robustness.side_by_side(one_treated(), BY_AREA, (0, 1))
    np.testing.assert_allclose(table.frame["estimate"], HAND, atol=1e-12)
    assert table.frame["std_error"].isna().all() and "one treated unit" in table.error_convention


def test_the_p_value_of_one_treated_unit_is_its_rank():
    found = robustness.permuted_cohorts(one_treated(), BY_AREA, (0, 1), draws=99).frame.iloc[0]
    assert found["estimate"] == pytest.approx(HAND)
    assert 0.1 < found["p_value"] < 0.4  # one of five units


def test_a_decomposition_asks_for_nothing_that_it_does_not_use():
    frame = one_treated(2).assign(gemeente=np.nan, weight=-1.0, size="large")
    plain = regression.bacon_decomposition(frame, Design("y", "area", "year", "cohort"))
    asked = Design(
        "y", "area", "year", "cohort", clusters=("gemeente", "province"), weights="weight", covariates="size"
    )
    found = regression.bacon_decomposition(frame, replace(asked, anticipation_years=2))
    assert found.two_way == plain.two_way == pytest.approx(HAND, abs=1e-12)
    assert found.comparisons["weight"].sum() == pytest.approx(1)
    lone = regression.bacon_decomposition(one_treated(), DESIGN)
    assert lone.two_way == pytest.approx(HAND, abs=1e-12)


def test_single_places_ask_for_no_clusters():
    frame = one_treated().drop(columns="gemeente")
    found = did.synthetic_did(frame, DESIGN, [100])
    same = did.synthetic_did(frame, BY_AREA, [100])
    assert found.frame["estimate"].iloc[0] == same.frame["estimate"].iloc[0]
