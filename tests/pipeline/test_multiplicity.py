"""Outcomes of one claim on several pages are one family of tests."""

import json

import numpy as np
import pytest

from buurteffect.errors import CallError
from buurteffect.estimate.core.multiplicity import leave_out_covariance
from buurteffect.pipeline.multiplicity import deciding, families_of


def run(folder, name, p_value, without, claim="C06"):
    effect = {"term": "e", "estimate": 0.1, "ci_low": 0.0, "ci_high": 0.2, "p_value": p_value}
    rows = [{"term": cluster, "estimate": value} for cluster, value in without.items()]
    results = {
        "verdicts": [{"claim_id": claim, "estimand": "mean", "primary": {"p_value": p_value}}],
        "headline": [{"label": name}],
        "run": {"name": name, "commit": "abc"},
        "results": {"headline": {"rows": [effect]}, "without": {"rows": rows}},
    }
    (folder / "results").mkdir(exist_ok=True)
    (folder / "results" / f"{name}.json").write_text(json.dumps(results), encoding="utf-8")
    return name


def adjusted(folder, names):
    return [round(row["adjusted"], 3) for row in families_of(folder, names)]


def test_independent_outcomes_pay_as_by_sidak(tmp_path):
    """With effects moved by different clusters the smaller p-value becomes 1 − (1 − p)², the larger stays."""
    names = [run(tmp_path, "one", 0.03, {"a": 0.1, "b": -0.1}), run(tmp_path, "two", 0.2, {"c": 0.1, "d": -0.1})]
    family = families_of(tmp_path, names)
    assert [row["run"] for row in family] == names
    small, large = (row["adjusted"] for row in family)
    assert small == pytest.approx(1 - 0.97**2, abs=0.004)
    assert large == 0.2


def test_outcomes_that_move_as_one_pay_nothing(tmp_path):
    names = [run(tmp_path, name, 0.03, {"a": 0.1, "b": -0.1}) for name in ("one", "two")]
    assert adjusted(tmp_path, names) == pytest.approx([0.03, 0.03], abs=0.004)


def test_one_outcome_and_one_without_a_test_are_no_family(tmp_path):
    names = [run(tmp_path, "one", 0.03, {"a": 0.1, "b": 0.2}), run(tmp_path, "two", None, {"a": 0.1, "b": 0.2})]
    assert families_of(tmp_path, names) == []
    other = run(tmp_path, "three", 0.1, {"a": 0.1, "b": 0.2}, claim="C27")
    assert families_of(tmp_path, [names[0], other]) == []


def test_estimands_that_decide_are_adjusted_over_all_claims(tmp_path):
    """Of .01, .04 and .04 the smallest becomes .03; one without a test is not among them."""
    chances = {"one": 0.01, "two": 0.04, "three": 0.04, "four": None}
    names = [run(tmp_path, name, chance, {}, claim=name) for name, chance in chances.items()]
    found = deciding(tmp_path, names)
    assert [row["run"] for row in found] == ["one", "two", "three"]
    assert [row["adjusted"] for row in found] == pytest.approx([0.03, 0.04, 0.04])
    assert deciding(tmp_path, ["four"]) == []


def test_a_covariance_needs_two_clusters():
    with pytest.raises(CallError, match="without 1 clusters"):
        leave_out_covariance([1.0], [{"a": 1.0}])
    np.testing.assert_allclose(leave_out_covariance([1.0, 1.0], [{"a": 2.0}, {"b": 3.0}]), np.diag([0.5, 2.0]))
