"""Sums over cells stand for dummies that are never written out: the same numbers as with the dummies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from staggered_worlds import DESIGN, staggered

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.within import group_sums, within_two_way
from buurteffect.estimate.did.saturated import extended_twfe, sun_abraham
from buurteffect.estimate.inference.sandwich import ClusteredErrors, DriscollKraayErrors
from buurteffect.estimate.regression.cell_terms import term_columns
from buurteffect.estimate.regression.twoway_event_study import (
    CELLS,
    LINEARMODELS,
    PYFIXEST,
    Window,
    twfe_event_study,
)
from buurteffect.estimate.sample.estimation_sample import draw_sample


def world(gaps: bool, seed: int = 5):
    """Return a staggered panel with a covariate that changes and weights, perhaps with gaps."""
    frame, stream = staggered(seed=seed), np.random.default_rng(seed)
    frame = frame.assign(z=stream.normal(size=len(frame)), w=(1 + frame["area"] % 3).astype(float))
    return frame[stream.uniform(size=len(frame)) > 0.15] if gaps else frame


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_products_are_those_of_the_dummies_after_unit_and_time_effects(gaps, weighted):
    sample = draw_sample(world(gaps), replace(DESIGN, covariates=("z",), weights="w" if weighted else None))
    stream, weights = np.random.default_rng(1), sample.weights
    terms = stream.integers(-1, 4, sample.rows_count)
    codes = (sample.unit_codes, sample.time_codes)
    dummies = (terms[:, None] == np.arange(4)).astype(float)
    dense = within_two_way(np.column_stack([dummies, sample.covariates]), *codes, weights if weighted else None)
    columns = term_columns(terms, 4, dense[:, 4:], *codes, weights)
    values, groups = stream.normal(size=sample.rows_count), sample.cluster_codes[0]
    other, slopes = stream.uniform(0.5, 2, sample.rows_count), stream.normal(size=5)
    np.testing.assert_allclose(columns.gram(other), dense.T @ (dense * other[:, None]), atol=1e-9)
    np.testing.assert_allclose(columns.products(values), dense.T @ values, atol=1e-10)
    np.testing.assert_allclose(
        columns.group_products(values, groups), group_sums(dense * values[:, None], groups), atol=1e-10
    )
    np.testing.assert_allclose(columns.times_coefficients(slopes), dense @ slopes, atol=1e-11)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("clusters", [("gemeente",), ("gemeente", "year")])
@pytest.mark.parametrize("window", [None, Window(first=-3, last=2)])
def test_an_event_study_is_the_same_from_cells_and_from_libraries(gaps, weights, clusters, window):
    design = replace(DESIGN, covariates=("z",), weights=weights, clusters=clusters)
    sample = draw_sample(world(gaps), design)
    own, *others = (twfe_event_study(sample, window, engine=name) for name in (CELLS, PYFIXEST, LINEARMODELS))
    for other in others:
        assert list(own.frame["term"]) == list(other.frame["term"])
        np.testing.assert_allclose(own.frame["estimate"], other.frame["estimate"], atol=1e-8)
        np.testing.assert_allclose(own.covariance, other.covariance, atol=1e-8)
        assert own.error_convention == other.error_convention


def test_errors_that_are_not_clustered_get_their_regressors_written_out():
    sample = draw_sample(world(False), DESIGN)
    assert "numpy" in twfe_event_study(sample, errors=ClusteredErrors(("gemeente",))).software
    assert "pyfixest" in twfe_event_study(sample, errors=DriscollKraayErrors(1)).software
    with pytest.raises(EstimationError, match="errors that are grouped"):
        twfe_event_study(sample, errors=DriscollKraayErrors(1), engine=CELLS)


def test_an_unknown_engine_is_refused():
    with pytest.raises(EstimationError, match="engine must be"):
        twfe_event_study(draw_sample(world(False), DESIGN), engine="abacus")


@pytest.mark.parametrize("estimator", [sun_abraham, extended_twfe])
def test_a_covariate_that_repeats_another_is_refused_by_name(estimator):
    frame = world(True).assign(twice=lambda f: 2 * f["z"])
    with pytest.raises(EstimationError, match="explain each other"):
        estimator(frame, replace(DESIGN, covariates=("z", "twice")))
