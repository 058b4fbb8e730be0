"""Two-stage differences: estimates of imputation, errors of both stages as one set of moments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from staggered_worlds import BY_AREA, DESIGN, staggered

from buurteffect.estimate import did, robustness
from buurteffect.estimate.core.design import Design


def with_a_covariate(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with a covariate that changes and moves the outcome."""
    moving = np.sin(frame["area"] * frame["year"])
    return frame.assign(moving=moving, y=frame["y"] + 0.3 * moving)


def by_dummies(frame: pd.DataFrame, groups: pd.Series, first: np.ndarray, second: np.ndarray, weight: np.ndarray):
    """Return second-stage coefficients and their clustered covariance from both stages written out as matrices.

    Gardner (2022): the moments of the stages are stacked, and the influence of a row is that of the second stage less
    what it does to the first.
    """
    outcome = frame["y"].to_numpy()
    untreated = ~(frame["year"] >= frame["cohort"]).to_numpy()
    held = first * untreated[:, None]
    gram = np.linalg.pinv(held.T @ (weight[:, None] * held))
    gamma = gram @ (held.T @ (weight * outcome))
    left = outcome - first @ gamma
    bread = np.linalg.inv(second.T @ (weight[:, None] * second))
    beta = bread @ (second.T @ (weight * left))
    own = weight[:, None] * second * (left - second @ beta)[:, None]
    early = weight[:, None] * held * (outcome - held @ gamma)[:, None]
    scores = own - early @ gram @ (first.T @ (weight[:, None] * second))
    sums = pd.DataFrame(scores).groupby(groups.to_numpy()).sum().to_numpy()
    return beta, bread @ sums.T @ sums @ bread


def first_stage(frame: pd.DataFrame, *covariates: str) -> np.ndarray:
    """Return dummies of areas and years, and covariates."""
    dummies = [pd.get_dummies(frame[name]).to_numpy(dtype=float) for name in ("area", "year")]
    return np.column_stack([*dummies, *(frame[name] for name in covariates)])


def event_dummies(frame: pd.DataFrame) -> tuple[list[int], np.ndarray]:
    """Return the event times and a dummy for each."""
    event = (frame["year"] - frame["cohort"]).to_numpy()
    times = [int(k) for k in np.unique(event[np.isfinite(event)])]
    return times, (event[:, None] == np.array(times)).astype(float)


@pytest.mark.parametrize("covariates", [(), ("moving",)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_event_study_is_that_of_both_stages_written_out(covariates, weighted):
    frame = with_a_covariate(staggered(seed=2, size=40)).assign(weight=lambda f: 1.0 + f["area"] % 3)
    design = replace(DESIGN, covariates=covariates, weights="weight" if weighted else None)
    weight = frame["weight"].to_numpy() if weighted else np.ones(len(frame))
    found = did.two_stage(frame, design)
    times, marks = event_dummies(frame)
    beta, covariance = by_dummies(frame, frame["gemeente"], first_stage(frame, *covariates), marks, weight)
    rows = found.frame["event_time"].notna().to_numpy()
    assert found.frame.loc[rows, "event_time"].tolist() == times
    np.testing.assert_allclose(found.frame.loc[rows, "estimate"], beta, atol=1e-10)
    np.testing.assert_allclose(found.covariance[np.ix_(rows, rows)], covariance, atol=1e-10)
    now = (frame["year"] >= frame["cohort"]).to_numpy(dtype=float)[:, None]
    whole, error = by_dummies(frame, frame["gemeente"], first_stage(frame, *covariates), now, weight)
    row = found.row(term="overall")
    assert row["estimate"] == pytest.approx(whole[0], abs=1e-10)
    assert row["std_error"] == pytest.approx(np.sqrt(error[0, 0]), abs=1e-10)


def test_an_unbalanced_panel_is_that_of_both_stages_written_out():
    frame = staggered(seed=3, size=40)
    frame = frame[(frame["area"] * 7 + frame["year"] * 3) % 11 != 0].reset_index(drop=True)
    found = did.two_stage(frame, BY_AREA)
    times, marks = event_dummies(frame)
    beta, covariance = by_dummies(frame, frame["area"], first_stage(frame), marks, np.ones(len(frame)))
    path = found.event_times().set_index("event_time")
    np.testing.assert_allclose(path.loc[times, "estimate"], beta, atol=1e-10)
    np.testing.assert_allclose(path.loc[times, "std_error"], np.sqrt(np.diag(covariance)), atol=1e-10)
    assert "unbalanced panel" in found.method


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_errors_are_those_of_the_libraries_that_translate_did2s():
    import pyfixest
    from diff_diff.two_stage import TwoStageDiD

    frame = staggered(seed=4, size=60)
    coded = frame.assign(
        first=frame["cohort"].fillna(0).astype(int),
        event=(frame["year"] - frame["cohort"]).fillna(-99).astype(int),
        now=(frame["year"] >= frame["cohort"]),
    )
    theirs = pyfixest.did2s(
        coded, "y", "~ 0 | area + year", "~ i(event, ref = -99)", treatment="now", cluster="gemeente"
    )
    ours = did.two_stage(frame, DESIGN).event_times().set_index("event_time")
    table = theirs.tidy()
    table.index = [int(str(name).split("::")[1].strip("]")) for name in table.index]
    times = ours.index.astype(int)
    np.testing.assert_allclose(ours["estimate"], table.loc[times, "Estimate"], atol=1e-7)
    np.testing.assert_allclose(ours["std_error"], table.loc[times, "Std. Error"], rtol=1e-6)
    model = TwoStageDiD(cluster="gemeente")
    other = model.fit(coded, "y", "area", "year", "first")
    whole = did.two_stage(frame, DESIGN).row(term="overall")
    assert whole["estimate"] == pytest.approx(other.overall_att, abs=1e-8)
    assert whole["std_error"] == pytest.approx(other.overall_se, abs=1e-8)
    path, after = other.aggregate("event_study"), range(7)
    np.testing.assert_allclose(ours.loc[after, "estimate"], path.att[1:], atol=1e-7)
    np.testing.assert_allclose(ours.loc[after, "std_error"], path.se[1:], rtol=1e-6)


def test_effects_are_those_of_imputation_and_leads_are_not():
    frame = staggered(seed=5, trend=0.1)
    ours = did.two_stage(frame, DESIGN, window=(0, 2)).frame.set_index("term")
    theirs = did.imputation(frame, DESIGN, window=(0, 2)).frame.set_index("term")
    after = ["overall", "window 0–2", *(f"event time {k}" for k in range(7))]
    np.testing.assert_allclose(ours.loc[after, "estimate"], theirs.loc[after, "estimate"], atol=1e-12)
    assert (ours.loc[after, "treated_count"] == theirs.loc[after, "treated_count"]).all()
    before = [f"event time {k}" for k in range(-5, 0)]
    assert np.ptp(ours.loc[before, "estimate"]) < 0.8 * np.ptp(theirs.loc[before, "estimate"])
    assert did.two_stage(frame, DESIGN, leads=False).frame["event_time"].min() == 0


def test_the_window_is_the_mean_of_its_event_times():
    found = did.two_stage(staggered(seed=6), DESIGN, window=(0, 2))
    inside = found.frame["event_time"].between(0, 2).fillna(False).to_numpy(dtype=bool)
    row = found.row(term="window 0–2")
    assert row["estimate"] == pytest.approx(found.frame.loc[inside, "estimate"].mean(), abs=1e-12)
    assert row["std_error"] == pytest.approx(np.sqrt(found.covariance[np.ix_(inside, inside)].mean()), abs=1e-12)


def test_two_clusterings_add_up_and_leads_are_no_base_for_honest_inference():
    frame = staggered(seed=7).assign(kind=lambda f: f["area"] % 4, both=lambda f: f["gemeente"] * 10 + f["area"] % 4)
    found = {
        names: did.two_stage(frame, replace(DESIGN, clusters=names)).covariance
        for names in (("gemeente",), ("kind",), ("both",), ("gemeente", "kind"))
    }
    values, vectors = np.linalg.eigh(found["gemeente",] + found["kind",] - found["both",])
    expected = (vectors * np.maximum(values, 0)) @ vectors.T
    np.testing.assert_allclose(found["gemeente", "kind"], expected, atol=1e-12)
    refused = robustness.honest_did(did.two_stage(frame, DESIGN))
    assert not refused and "needs one base" in refused.reason


def test_where_nobody_is_untreated_treated_rows_are_counted_as_lost():
    frame = staggered(seed=8).dropna(subset=["cohort"])
    found = did.two_stage(frame, Design("y", "area", "year", "cohort"))
    late = (frame["year"] >= 2007).sum()
    assert ("treated rows in times when nobody is untreated", late) in found.dropped
