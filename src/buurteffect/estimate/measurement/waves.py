"""The scores of one level of areas, laid out as areas by waves, with the gemeente and group of each area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.inference.bootstrap import Bootstrap, Statistic, cluster_bootstrap, count_clusters, tidy

ALL = "all"
"""Name of the part that holds every area."""

FEWEST_CLUSTERS = 2
"""With fewer clusters than this nothing can be said about uncertainty."""

FEWEST_AREAS = 20
"""With fewer areas than this a tenth of them is one, and covariances between waves are mostly chance."""

ONE_GEMEENTE = "areas of one gemeente"
"""What clusters are where all areas lie in one gemeente: each area is one."""

_NEEDED = ("area_code", "level", "gemeente_code", "city_group", "year", "liveability_score")


@dataclass(frozen=True, eq=False)
class Waves:
    """Scores of areas over waves.

    Parameters
    ----------
    scores : DataFrame
        One row is one area (index ``area_code``, ascending), one column is one wave (year, ascending); LBM
        points, NaN where the area has no score in that wave.
    clusters : Series
        Cluster of each area, on the index of `scores`: its gemeente, or its own code where that is unknown or all
        areas lie in one.
    groups : Series
        City group of each area, on the index of `scores`.
    cluster_kind : str
        What the clusters are, in words.
    unscored_count : int
        Areas of the panel that have no score in any wave and are therefore not here.

    Raises
    ------
    EstimationError
        With fewer than two waves or two clusters, a repeated area, or parts that do not belong together.
    """

    scores: pd.DataFrame
    clusters: pd.Series
    groups: pd.Series
    cluster_kind: str = "gemeenten"
    unscored_count: int = 0

    def __post_init__(self) -> None:
        """Check that the parts fit each other and can carry an estimate."""
        index = self.scores.index
        if not (index.is_unique and index.is_monotonic_increasing):
            raise EstimationError("area codes must be unique and ascending: build Waves with waves_from_panel")
        if not (index.equals(self.clusters.index) and index.equals(self.groups.index)):
            raise EstimationError("scores, clusters and groups must have the same areas in the same order")
        if len(self.years) < 2 or list(self.years) != sorted(set(self.years)):
            raise EstimationError(
                f"two or more different waves in ascending order are needed, found {self.years}: "
                "keep more years in the panel"
            )
        if self.clusters_count < FEWEST_CLUSTERS:
            raise EstimationError(
                f"at least {FEWEST_CLUSTERS} clusters are needed, found {self.clusters_count} "
                f"({self.units_count} areas): widen the selection of areas"
            )

    @property
    def years(self) -> tuple[int, ...]:
        """The waves, ascending."""
        return tuple(int(year) for year in self.scores.columns)

    @property
    def units_count(self) -> int:
        """Number of areas."""
        return len(self.scores)

    @property
    def clusters_count(self) -> int:
        """Number of clusters."""
        return int(self.clusters.nunique())

    @cached_property
    def labels(self) -> NDArray[np.str_]:
        """Cluster of each area as an array."""
        return np.asarray(self.clusters.to_numpy(dtype=str))

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Scores as an array, areas by waves."""
        return np.asarray(self.scores.to_numpy(dtype=float))

    def column(self, year: int) -> NDArray[np.float64]:
        """Return the scores of one wave."""
        return self.values[:, self.position(year)]

    def position(self, year: int) -> int:
        """Return the place of `year` in the list of waves, from 0; raise `EstimationError` if it is none."""
        if year not in self.years:
            raise EstimationError(f"{year} is not a wave; choose one of {', '.join(map(str, self.years))}")
        return self.years.index(year)

    def columns(self, years: Sequence[int]) -> NDArray[np.float64]:
        """Return the scores of some waves, areas by waves in the order of `years`."""
        return np.take(self.values, [self.position(year) for year in years], axis=1)

    def scored(self, *years: int) -> NDArray[np.bool_]:
        """Return which areas have a score in every one of `years`."""
        return np.asarray(np.isfinite(self.columns(years)).all(axis=1))

    def restrict(self, keep: NDArray[np.bool_]) -> Waves:
        """Return only the areas in `keep`, a boolean array in the order of the areas."""
        return replace(
            self, scores=self.scores[keep], clusters=self.clusters[keep], groups=self.groups[keep], unscored_count=0
        )

    def group(self, name: str) -> Waves:
        """Return only the areas of one city group, or everything for ``all``.

        Raises
        ------
        EstimationError
            If the group has no area, or areas in fewer than two clusters.
        """
        if name == ALL:
            return self
        if name not in set(self.groups):
            found = ", ".join(sorted(set(self.groups)))
            raise EstimationError(f"no area is in group {name!r}; choose {ALL} or one of: {found}")
        return self.restrict(np.asarray(self.groups == name))

    def by_area(self) -> Waves:
        """Return the same scores with every area a cluster of its own.

        For a group of few gemeenten, where a bootstrap over gemeenten has next to nothing to draw from.
        """
        return replace(self, clusters=self.scores.index.to_series(), cluster_kind="areas")

    def parts(self, groups: Sequence[str] | None) -> tuple[dict[str, Waves], tuple[tuple[str, int], ...]]:
        """Return the named groups, and what was left out and why.

        Parameters
        ----------
        groups : sequence of str, optional
            Names, ``all`` among them where wanted. By default all areas and every group that is not simply
            all areas again and has at least two clusters; a group with fewer is reported as left out.
        """
        if groups is not None:
            return {name: self.group(name) for name in groups}, ()
        chosen, left_out = {ALL: self}, []
        for name, codes in self.clusters.groupby(self.groups):
            if codes.nunique() < FEWEST_CLUSTERS:
                left_out.append((f"group {name} by itself: fewer than {FEWEST_CLUSTERS} clusters", len(codes)))
            elif len(codes) < self.units_count:
                chosen[str(name)] = self.group(str(name))
        return chosen, tuple(left_out)

    @property
    def ledger(self) -> tuple[tuple[str, int], ...]:
        """What the panel held and the waves do not, for an estimate's `dropped`."""
        return (("areas without a score in any wave", self.unscored_count),) if self.unscored_count else ()

    def bootstrap(
        self,
        statistic: Statistic,
        keep: NDArray[np.bool_],
        identity: Mapping[str, object],
        bootstrap: Bootstrap,
        counted: Sequence[NDArray[np.bool_]] | None = None,
    ) -> pd.DataFrame:
        """Return figures with the result columns: one row per figure of a statistic over some areas.

        Parameters
        ----------
        statistic : callable
            As of `cluster_bootstrap`; its units are the areas in `keep`. Clusters of all areas are drawn from.
        keep : ndarray of bool
            Which areas.
        identity : mapping of str to object
            Columns in front that say what each figure is: one value for all, or one each.
        bootstrap : Bootstrap
            Number of draws, seed and level.
        counted : sequence of ndarray of bool, optional
            Areas behind each figure, among those in `keep`; by default all of these.
        """
        labels = self.labels[keep]
        drawn = cluster_bootstrap(statistic, labels, bootstrap, universe=self.labels)
        behind = [np.ones(len(labels), dtype=bool)] if counted is None else counted
        size = len(drawn.point)
        units = np.broadcast_to([int(members.sum()) for members in behind], size)
        clusters = np.broadcast_to([count_clusters(labels, members) for members in behind], size)
        return tidy(pd.DataFrame(identity, index=range(size)), drawn, bootstrap.confidence, units, clusters)

    def estimate(
        self, frame: pd.DataFrame, method: str, bootstrap: Bootstrap, dropped: Sequence[tuple[str, int]] = ()
    ) -> Estimate:
        """Return a table of bootstrapped figures as an estimate, with the counts of these waves and what they lack."""
        words = bootstrap.convention(self.cluster_kind, self.clusters_count, frame["clusters_count"])
        return Estimate(frame, method, words, self.units_count, self.clusters_count, (*self.ledger, *dropped))

    def unscored(self, years: Sequence[int], words: str) -> tuple[tuple[str, int], ...]:
        """Return how many areas lack a score in one of `years`, in words, for an estimate's `dropped`."""
        return ((words, int((~self.scored(*years)).sum())),)


def waves_from_panel(panel: pd.DataFrame) -> Waves:
    """Lay out the liveability panel as areas by waves.

    Parameters
    ----------
    panel : DataFrame
        One row is one area in one wave, as in ``schema.PANEL``; one level of areas only. The order of the rows
        does not matter.

    Raises
    ------
    EstimationError
        On missing columns, several levels, repeated area-years, an area whose gemeente or group changes, a wave
        without any score, fewer than two waves or fewer than two clusters.

    Examples
    --------
    >>> panel = pd.DataFrame({
    ...     "area_code": ["WK000100", "WK000100", "WK000200", "WK000200"], "level": "wijk",
    ...     "gemeente_code": ["GM0001", "GM0001", "GM0002", "GM0002"], "city_group": "other",
    ...     "year": [2002, 2008, 2002, 2008], "liveability_score": [4.0, 4.1, 4.2, None]})
    >>> waves_from_panel(panel).years
    (2002, 2008)
    """
    _check_panel(panel)
    cells = panel.set_index(["area_code", "year"])["liveability_score"].sort_index()
    scores = cells.unstack("year")  # noqa: PD010 - pivot_table would drop areas and waves without a score
    scores.columns = scores.columns.astype(int)
    empty = [str(year) for year in scores.columns[scores.isna().all()]]
    if empty:
        raise EstimationError(f"no area has a score in {', '.join(empty)}: leave these years out of the panel")
    never = scores.isna().all(axis=1)
    scores = scores[~never].astype(float)
    first = panel.drop_duplicates("area_code").set_index("area_code").loc[scores.index]
    own = first["gemeente_code"].isna()
    kind = "areas" if own.all() else "gemeenten and areas without one" if own.any() else "gemeenten"
    if not own.any() and first["gemeente_code"].nunique() < FEWEST_CLUSTERS <= len(first):
        own, kind = ~own, ONE_GEMEENTE
    clusters = first["gemeente_code"].where(~own, first.index.to_series()).astype(str)
    return Waves(scores, clusters, first["city_group"].astype(str), kind, int(never.sum()))


def at_least(waves: Waves) -> Waves:
    """Return the waves, or raise `EstimationError` where they have fewer than `FEWEST_AREAS` areas."""
    if waves.units_count < FEWEST_AREAS:
        raise EstimationError(f"this needs scores of {FEWEST_AREAS} areas or more, and there are {waves.units_count}")
    return waves


def _check_panel(panel: pd.DataFrame) -> None:
    """Refuse a panel that cannot be laid out as areas by waves."""
    require(panel, _NEEDED, advice="pass the table of schema.PANEL")
    require_numbers(panel, ("year", "liveability_score"))
    levels = sorted(set(panel["level"]))
    if len(levels) > 1:
        raise EstimationError(f"the panel mixes levels ({', '.join(levels)}): pass one level at a time")
    repeated = int(panel.duplicated(["area_code", "year"]).sum())
    if repeated:
        raise EstimationError(f"{repeated} rows repeat an area and year: an area has one score in a wave")
    for name in ("gemeente_code", "city_group"):
        pairs = panel[["area_code", name]].drop_duplicates()
        changing = int(pairs.loc[pairs.duplicated("area_code"), "area_code"].nunique())
        if changing:
            raise EstimationError(f"{changing} areas have more than one {name}: bring the panel to one boundary year")
