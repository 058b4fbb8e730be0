"""The fact sheet says what is within its tolerance, what stands at a bound, and what differs which way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from buurteffect.claims import describe_world, mark_facts

SEGREGATION = pd.DataFrame({"group": ["low_income"] * 2, "year": [2008, 2022], "estimate": [0.28, 0.32]})


def facts(**changes):
    rows = {
        "sd_2002": ("SD of 2002", 0.155, 0.133, 0.012),
        "sd_2008": ("SD of 2008", 0.151, 0.128, np.nan),
        "correlation_2002_2022": ("Correlation", 0.797, 0.774, 0.05),
        "noise_sd": ("Noise", 0.0, 0.013, np.nan),
        "low_income_sd_2021": ("Low incomes", 0.08, 0.053, np.nan),
        "income_cv_2021": ("Income", 0.2, 0.35, np.nan),
    } | changes
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["label", "synthetic", "real", "tolerance"])
    return table.rename_axis("fact").reset_index()


def test_each_fact_with_a_tolerance_is_in_or_out_and_the_tolerance_stands_as_it_was_set():
    within = mark_facts(facts()).set_index("fact")["within"]
    assert within["sd_2002"] == "no (±0.012)"
    assert within["correlation_2002_2022"] == "yes (±0.05)"
    assert within["sd_2008"] == within["noise_sd"] == ""


def test_a_fact_that_is_not_known_is_neither_in_nor_out():
    within = mark_facts(facts(sd_2002=("SD of 2002", np.nan, 0.133, 0.012))).set_index("fact")["within"]
    assert within["sd_2002"] == ""


@pytest.mark.parametrize(("noise", "marked"), [(0.0, True), (1e-9, False), (0.012, False)])
def test_a_variance_fitted_at_its_bound_is_marked_and_said(noise, marked):
    table = facts(noise_sd=("Noise", noise, 0.013, np.nan))
    label = mark_facts(table).set_index("fact")["marked_label"]["noise_sd"]
    assert label == ("Noise (at its bound)" if marked else "Noise")
    said = " ".join(describe_world(table, SEGREGATION, "wijk").sentences)
    assert ("at the bound" in said) is marked


def test_a_correlation_of_zero_is_at_no_bound():
    table = facts(correlation_2002_2022=("Correlation", 0.0, 0.774, 0.05))
    assert mark_facts(table).set_index("fact")["marked_label"]["correlation_2002_2022"] == "Correlation"


def test_the_answer_counts_what_is_within_and_says_which_way_incomes_differ():
    answer = describe_world(facts(), SEGREGATION, "wijk")
    assert answer.numbers["aimed"] == 2 and answer.numbers["inside"] == 1
    said = " ".join(answer.sentences)
    assert "differs more than in the Netherlands (SD 0.080 against 0.053)" in said
    assert "mean income less (SD over mean 0.200 against 0.350)" in said
    other = describe_world(facts(income_cv_2021=("Income", 0.4, 0.35, np.nan)), SEGREGATION, "wijk")
    assert "mean income more" in " ".join(other.sentences)


def test_without_incomes_nothing_is_said_of_them():
    table = facts().query("fact != 'income_cv_2021'")
    assert "urban" not in " ".join(describe_world(table, SEGREGATION, "wijk").sentences)
