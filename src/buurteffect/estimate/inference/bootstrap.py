"""Uncertainty by drawing whole clusters anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.result import RESULT_COLUMNS
from buurteffect.estimate.core.weighted_stats import Floats

FEW_CLUSTERS = 30
"""Below this number of clusters an estimate says that its intervals may be too narrow."""

FEWEST_DEFINED = 0.9
"""A figure that exists in a smaller share of the draws gets no interval."""

BLOCK_SIZE = 500_000  # weights held in memory at once; keeps a block of draws within the processor's cache

Statistic = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Bootstrap:
    """How uncertainty is drawn.

    Parameters
    ----------
    draws : int
        Number of resamples.
    seed : int
        Seed of the random numbers; the same seed gives the same resamples of the same clusters.
    confidence : float
        Level of the intervals, between 0 and 1.

    Raises
    ------
    EstimationError
        If a value makes no sense.
    """

    draws: int = 999
    seed: int = 1
    confidence: float = 0.95

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.draws < 2:
            raise EstimationError(f"a bootstrap needs at least 2 draws, asked for {self.draws}")
        if self.seed < 0:
            raise CallError(f"the seed must be 0 or larger, found {self.seed}")
        if not 0 < self.confidence < 1:
            raise CallError(f"confidence must lie between 0 and 1, found {self.confidence}")

    def convention(self, kind: str, clusters_count: int, rows: Iterable[int] = ()) -> str:
        """Return in words what the intervals are.

        Parameters
        ----------
        kind : str
            What a cluster is.
        clusters_count : int
            Clusters that were drawn from.
        rows : iterable of int
            Clusters behind each row of the table; where some are few, the sentence says so.
        """
        text = (
            f"{self.confidence:.0%} percentile intervals, bootstrap over {clusters_count} {kind}, {self.draws} draws, "
            f"seed {self.seed}; every area is scored, so an interval says how far the figure depends on which "
            f"{kind} there are, not on sampling within them"
        )
        counts = [count for count in (clusters_count, *rows) if count < FEW_CLUSTERS]
        if counts:
            text += (
                f"; figures that rest on fewer than {FEW_CLUSTERS} clusters (the fewest: {min(counts)}) have "
                "intervals that may be too narrow"
            )
        return text


STANDARD = Bootstrap()
"""999 draws, seed 1, 95% intervals."""


@dataclass(frozen=True, eq=False)
class Draws:
    """What a bootstrap returns.

    Parameters
    ----------
    point : ndarray
        The figures on the data themselves, shape (figures,).
    values : ndarray
        The figures in each draw, shape (draws, figures); NaN where a figure does not exist in a draw.
    """

    point: Floats
    values: Floats

    def std_error(self) -> Floats:
        """Return the standard deviation over the draws (denominator draws − 1)."""
        return self._over_draws(lambda values: np.nanstd(values, axis=0, ddof=1))

    def quantile(self, probability: float) -> Floats:
        """Return a quantile over the draws."""
        return self._over_draws(lambda values: np.nanquantile(values, probability, axis=0))

    def table(self, confidence: float) -> pd.DataFrame:
        """Return one row per figure: estimate, std_error, ci_low, ci_high (percentile interval)."""
        tail = (1 - confidence) / 2
        return pd.DataFrame(
            {
                "estimate": self.point,
                "std_error": self.std_error(),
                "ci_low": self.quantile(tail),
                "ci_high": self.quantile(1 - tail),
            }
        )

    def _over_draws(self, summary: Statistic) -> Floats:
        """Summarise the draws of the figures that exist in the data and in nearly all draws; NaN for the others."""
        result = np.full(self.point.shape, np.nan)
        usable = np.isfinite(self.point) & (np.isfinite(self.values).mean(axis=0) >= FEWEST_DEFINED)
        if usable.any():
            result[usable] = summary(self.values[:, usable])
        return result


def cluster_bootstrap(
    statistic: Statistic,
    clusters: Sequence[str] | NDArray[np.str_],
    bootstrap: Bootstrap = STANDARD,
    universe: Sequence[str] | NDArray[np.str_] | None = None,
) -> Draws:
    """Draw whole clusters with replacement, as many as there are, and compute the figures in each resample.

    A resample is held as weights: how often each unit's cluster was drawn. The clusters are put in order before
    drawing, so that the order of the units does not matter. This is the pairs cluster bootstrap of Cameron,
    Gelbach & Miller (2008), doi:10.1162/rest.90.3.414; the standard error is the standard deviation over the
    draws. With few clusters it understates uncertainty, as the same authors show.

    Parameters
    ----------
    statistic : callable
        Takes weights, shape (draws, units), and returns figures, shape (draws, figures).
    clusters : sequence of str
        Cluster of each unit.
    bootstrap : Bootstrap
        Number of draws, seed and level.
    universe : sequence of str, optional
        Clusters to draw from, where units of some of them are not part of the statistic; by default those of
        the units.

    Returns
    -------
    Draws
        The figures on the data and in each draw.

    Raises
    ------
    EstimationError
        With fewer than two clusters, no unit, or a unit whose cluster is not in the universe.

    Examples
    --------
    >>> scores = np.array([1.0, 2.0, 3.0, 4.0])
    >>> def average(weights):
    ...     return (weights @ scores / weights.sum(axis=1))[:, None]
    >>> drawn = cluster_bootstrap(average, ["a", "a", "b", "c"], Bootstrap(draws=200, seed=3))
    >>> drawn.point, drawn.values.shape
    (array([2.5]), (200, 1))
    """
    labels = np.asarray(clusters)
    names = np.unique(labels if universe is None else np.asarray(universe))
    if len(names) < 2 or not len(labels):
        raise EstimationError(
            f"a cluster bootstrap needs units in at least 2 clusters, found {len(labels)} units and {len(names)} "
            "clusters: widen the selection of areas"
        )
    places = np.searchsorted(names, labels)
    if (places == len(names)).any() or (names[places] != labels).any():
        raise EstimationError("some units lie in a cluster that is not drawn from: pass a universe that holds all")
    counts = _cluster_counts(len(names), bootstrap.draws, bootstrap.seed)
    step = max(1, BLOCK_SIZE // len(labels))
    blocks = [
        statistic(np.take(counts[start : start + step], places, axis=1)) for start in range(0, bootstrap.draws, step)
    ]
    return Draws(statistic(np.ones((1, len(labels))))[0], np.concatenate(blocks))


def tidy(
    identity: pd.DataFrame,
    draws: Draws,
    confidence: float,
    units: Sequence[int] | NDArray[np.int_],
    clusters: Sequence[int] | NDArray[np.int_],
) -> pd.DataFrame:
    """Return a tidy table: `identity` (one row per figure), the figures with their uncertainty, the counts."""
    table = draws.table(confidence).assign(
        units_count=np.asarray(units, dtype=int), clusters_count=np.asarray(clusters, dtype=int)
    )
    return pd.concat([identity.reset_index(drop=True), table[list(RESULT_COLUMNS)]], axis=1)


def count_clusters(clusters: NDArray[np.str_], members: NDArray[np.bool_]) -> int:
    """Return how many clusters hold the units in `members`."""
    return len(np.unique(clusters[members]))


@lru_cache(maxsize=8)
def _cluster_counts(clusters_count: int, draws: int, seed: int) -> Floats:
    """Return how often each cluster occurs in each draw: draws by clusters."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    drawn = generator.integers(0, clusters_count, size=(draws, clusters_count))
    rows = np.arange(draws)[:, None] * clusters_count
    counts = np.bincount((drawn + rows).ravel(), minlength=draws * clusters_count)
    counts = counts.reshape(draws, clusters_count).astype(float)
    counts.setflags(write=False)
    return np.asarray(counts)
