"""The result of an estimator: a tidy table, how it was made, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design

RESULT_COLUMNS = ("estimate", "std_error", "ci_low", "ci_high", "units_count", "clusters_count")
"""The columns that close every tidy table, in this order; only remarks on a row may follow them."""

EFFECT_IDENTITY = ("term", "event_time", "cohort")
"""What identifies an effect; event time and cohort are missing where they do not apply."""

EFFECT_REMARKS = ("p_value", "ci_low_simultaneous", "ci_high_simultaneous", "treated_count")
"""What an effect says besides the result columns."""

EFFECT_COLUMNS = (*EFFECT_IDENTITY, *RESULT_COLUMNS, *EFFECT_REMARKS)
"""The columns that open every table of effects, in this order."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """A table of estimates.

    Parameters
    ----------
    frame : DataFrame
        One row is one estimate: the columns that identify it, then ``estimate``, ``std_error``, ``ci_low``,
        ``ci_high``, ``units_count`` (areas behind the figure) and ``clusters_count`` (clusters that hold them),
        then remarks, such as the ``reason`` why an estimate is missing.
    method : str
        How the figures were made, in words.
    error_convention : str
        What the uncertainty is, in words.
    units_count : int
        Areas that the whole table rests on.
    clusters_count : int
        Clusters that hold them.
    dropped : tuple of (str, int)
        What was left out and how often.

    Raises
    ------
    EstimationError
        If the table does not have the columns above.
    """

    frame: pd.DataFrame
    method: str
    error_convention: str
    units_count: int
    clusters_count: int
    dropped: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        """Check that the result columns stand together and in order."""
        names = list(self.frame.columns)
        start = names.index("estimate") if "estimate" in names else len(names)
        if tuple(names[start : start + len(RESULT_COLUMNS)]) != RESULT_COLUMNS:
            raise EstimationError(
                f"an estimate's table needs {', '.join(RESULT_COLUMNS)} in this order, found {', '.join(names)}"
            )

    def row(self, **identity: object) -> pd.Series:
        """Return the one row whose identifying columns have the given values.

        Raises
        ------
        EstimationError
            If no row or more than one row has them.
        """
        found = self.frame
        for name, value in identity.items():
            found = found[found[name] == value]
        if len(found) != 1:
            raise EstimationError(f"{len(found)} rows have {identity}, one was asked for")
        return found.iloc[0]


@dataclass(frozen=True, eq=False)
class EffectEstimate(Estimate):
    """A table of effects: an `Estimate` that also says of which design, by which software, and how it hangs together.

    Parameters
    ----------
    frame : DataFrame
        One row is one effect: ``term, event_time, cohort``, the result columns (``ci_low`` and ``ci_high`` hold
        this effect alone), then ``p_value`` (of no effect, two-sided), ``ci_low_simultaneous`` and
        ``ci_high_simultaneous`` (hold all effects of the table's band at once; NaN where there is no band) and
        ``treated_count`` (treated units behind the effect). Remarks may follow.
    treated_count : int
        Treated units that the whole table rests on.
    software : str
        Library and version that computed the figures.
    design : Design, optional
        What was asked.
    covariance : ndarray, optional
        Covariance of the estimates, rows and columns in the order of the frame.
    degrees : float
        Degrees of freedom of the t distribution behind intervals and p-values; infinite for the normal.
    not_headline : tuple of str
        Reasons why no figure of this table may be a headline; empty where nothing stops it.

    Raises
    ------
    EstimationError
        If the table does not open with the columns above, or the covariance does not belong to it.
    """

    treated_count: int = 0
    software: str = ""
    design: Design | None = None
    covariance: NDArray[np.float64] | None = None
    degrees: float = np.inf
    not_headline: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the columns and the covariance."""
        super().__post_init__()
        names = tuple(self.frame.columns)
        if names[: len(EFFECT_COLUMNS)] != EFFECT_COLUMNS:
            raise EstimationError(
                f"a table of effects opens with {', '.join(EFFECT_COLUMNS)}, found {', '.join(names)}"
            )
        if self.covariance is not None and self.covariance.shape != (len(self.frame), len(self.frame)):
            raise EstimationError(
                f"the covariance has shape {self.covariance.shape}, the table has {len(self.frame)} effects"
            )

    @property
    def may_be_headline(self) -> bool:
        """Whether nothing stops a figure of this table from being a headline."""
        return not self.not_headline

    def event_times(self) -> pd.DataFrame:
        """Return the rows that belong to an event time, ascending."""
        part = self.frame[self.frame["event_time"].notna()]
        return part.sort_values(["event_time", "cohort"], kind="stable", na_position="first")


def effect_frame(
    term: Sequence[str],
    estimate: ArrayLike,
    std_error: ArrayLike,
    *,
    units_count: ArrayLike,
    treated_count: ArrayLike,
    clusters_count: ArrayLike,
    event_time: ArrayLike | None = None,
    cohort: ArrayLike | None = None,
    alpha: float = 0.05,
    degrees: float = np.inf,
    critical: float | None = None,
) -> pd.DataFrame:
    """Return the table of an `EffectEstimate` from estimates and standard errors.

    Parameters
    ----------
    term : sequence of str
        Name of each effect.
    estimate, std_error : array_like
        One value per effect. An effect fixed by construction, such as the reference event time, has standard
        error 0 and gets an interval of no width and no p-value.
    units_count, treated_count, clusters_count : array_like
        Counts behind each effect, or one count for all.
    event_time, cohort : array_like, optional
        Years since treatment and first treated time; missing where they do not apply.
    alpha : float
        One minus the confidence level.
    degrees : float
        Degrees of freedom of the t distribution; infinite for the normal.
    critical : float, optional
        Critical value of the simultaneous band, from `buurteffect.estimate.core.bands`.

    Examples
    --------
    >>> table = effect_frame(["treated"], [0.3], [0.1], units_count=50, treated_count=20, clusters_count=10)
    >>> table[["term", "estimate", "ci_low", "p_value"]].round(3).to_dict("records")
    [{'term': 'treated', 'estimate': 0.3, 'ci_low': 0.104, 'p_value': 0.003}]
    """
    point, error = np.asarray(estimate, dtype=float), np.asarray(std_error, dtype=float)
    pointwise = stats.t.ppf(1 - alpha / 2, degrees)
    with np.errstate(invalid="ignore", divide="ignore"):
        p_value = np.where(error > 0, 2 * stats.t.sf(np.abs(point / error), degrees), np.nan)
    band = np.nan if critical is None else critical
    size = len(point)
    columns = {
        "term": pd.array([str(name) for name in term], dtype="str"),
        "event_time": _whole(event_time, size),
        "cohort": _whole(cohort, size),
        "estimate": point,
        "std_error": error,
        "ci_low": point - pointwise * error,
        "ci_high": point + pointwise * error,
        "units_count": _count(units_count, size),
        "clusters_count": _count(clusters_count, size),
        "p_value": p_value,
        "ci_low_simultaneous": point - band * error,
        "ci_high_simultaneous": point + band * error,
        "treated_count": _count(treated_count, size),
    }
    return pd.DataFrame(columns)


def _whole(values: ArrayLike | None, size: int) -> pd.arrays.IntegerArray:
    """Return whole numbers that may be missing."""
    numbers = np.full(size, np.nan) if values is None else np.asarray(values, dtype=float)
    missing = np.isnan(numbers)
    return pd.arrays.IntegerArray(np.where(missing, 1, numbers).astype(np.int64), missing)


def _count(values: ArrayLike, size: int) -> NDArray[np.int_]:
    """Return one count per effect."""
    return np.asarray(np.broadcast_to(np.asarray(values, dtype=int), size)).copy()
