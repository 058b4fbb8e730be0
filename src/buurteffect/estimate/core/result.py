"""The result of an estimator: a tidy table, how it was made, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any, NoReturn, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.bands import sup_t_critical_value
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.intervals import interval, p_value

OWN_CODE = "own code"
"""The software of what is computed here, without a library whose version matters."""

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
    """A table of estimates; or, where the data could not carry them, the reason why there are none.

    `Estimate.of` makes a table of effects, `Estimate.refused` one that only says why. A refused estimate is false, has
    one row of missing values and its reason, and passes through `estimator`, `stack` and a page's tables.

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
    reason : str
        Why there is no estimate; empty where there is one.

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
    reason: str = ""

    def __bool__(self) -> bool:
        """Whether there is an estimate."""
        return not self.reason

    def __iter__(self) -> NoReturn:
        """Refuse to be taken apart, as a pair of results is: say why there is no estimate, where there is none.

        Raises
        ------
        EstimationError
            With the reason of a refused estimate.
        """
        if self.reason:
            raise EstimationError(self.reason)
        raise TypeError(f"{type(self).__name__} is one table, which is not taken apart: use its frame")

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

    def titled(self, title: str) -> Self:
        """Return the estimate with another name for its rows."""
        return replace(self, frame=self.frame.assign(term=title))

    def refusal(self, what: str) -> list[str]:
        """Return in one sentence that something could not be estimated, and why."""
        return [f"{what} cannot be shown: {self.reason.rstrip('.')}."]

    @staticmethod
    def refused(reason: str, term: str = "") -> EffectEstimate:
        """Return an estimate that says why there is none: one row of missing values, counts of 0, and ``reason``.

        Examples
        --------
        >>> none = Estimate.refused("one wave")
        >>> bool(none), none.reason, none.frame["reason"].tolist()
        (False, 'one wave', ['one wave'])
        """
        frame = _effect_columns([term], [np.nan], [np.nan], (0, 0, 0)).assign(reason=reason)
        return EffectEstimate(frame, "", "", 0, 0, reason=reason)

    @staticmethod
    def of(
        terms: Sequence[str],
        points: ArrayLike,
        uncertainty: ArrayLike,
        *,
        method: str,
        convention: str,
        units_count: ArrayLike,
        clusters_count: ArrayLike,
        treated_count: ArrayLike = 0,
        totals: tuple[int, int, int] | None = None,
        degrees: float = np.inf,
        alpha: float | None = None,
        null: float = 0.0,
        event_time: ArrayLike | None = None,
        cohort: ArrayLike | None = None,
        band: ArrayLike | None = None,
        critical: float | None = None,
        remarks: Mapping[str, Any] | None = None,
        dropped: Sequence[tuple[str, int]] = (),
        software: str = OWN_CODE,
        design: Design | None = None,
        not_headline: Sequence[str] = (),
    ) -> EffectEstimate:
        """Return a table of effects from points and their uncertainty.

        Parameters
        ----------
        terms : sequence of str
            Name of each effect.
        points : array_like
            One estimate per effect.
        uncertainty : array_like
            Covariance of the estimates, shape (effects, effects), which the table keeps where all of it is known; or
            their standard errors, shape (effects,). An effect fixed by construction, such as the reference event time,
            has error 0, an interval of no width and no p-value.
        method, convention, software : str
            How, with what errors and by what the figures were made.
        units_count, clusters_count, treated_count : array_like
            Counts behind each effect, or one count for all.
        totals : (int, int, int), optional
            Units, clusters and treated units of the whole table; by default the largest of the counts.
        degrees : float
            Degrees of freedom of t; infinite for the normal.
        alpha : float, optional
            One minus the confidence level; by default the design's, else 0.05.
        null : float
            What p-values test against.
        event_time, cohort : array_like, optional
            Years since treatment and first treated time; missing where they do not apply.
        band : array_like of bool, optional
            Effects that the simultaneous band covers: all when only `critical` is given, none when neither is.
        critical : float, optional
            Critical value of the band; by default `sup_t_critical_value` of the covariance.
        remarks : mapping of str to array_like, optional
            Columns that close the table, or replace what is computed, such as ``p_value`` by rank among permutations.
        dropped : sequence of (str, int)
            What was left out and how often.
        design : Design, optional
            What was asked.
        not_headline : sequence of str
            Reasons why no figure of the table may be a headline.

        Examples
        --------
        >>> made = Estimate.of(["treated"], [0.3], [0.1], method="difference of means", convention="by unit",
        ...                    units_count=50, treated_count=20, clusters_count=10)
        >>> made.frame[["term", "estimate", "ci_low", "p_value"]].round(3).to_dict("records")
        [{'term': 'treated', 'estimate': 0.3, 'ci_low': 0.104, 'p_value': 0.003}]
        """
        spread = np.asarray(uncertainty, dtype=float)
        matrix = spread if spread.ndim == 2 else None
        errors = spread if matrix is None else np.sqrt(np.diag(matrix))
        alpha = alpha if alpha is not None else 0.05 if design is None else design.alpha
        known = matrix is not None and bool(np.isfinite(matrix).all())
        covered = np.full(len(errors), critical is not None) if band is None else np.asarray(band, dtype=bool)
        if critical is None and matrix is not None and known and (errors[covered] > 0).any():
            critical = sup_t_critical_value(matrix[np.ix_(covered, covered)], alpha, degrees)
        counts = tuple(np.asarray(each) for each in (units_count, clusters_count, treated_count))
        frame = _effect_columns(terms, points, errors, counts, event_time, cohort, (alpha, degrees, critical, null))
        frame.loc[~covered, ["ci_low_simultaneous", "ci_high_simultaneous"]] = np.nan
        units, clusters, treated = totals or (int(each.max(initial=0)) for each in counts)
        return EffectEstimate(
            frame.assign(**(remarks or {})),
            method,
            convention,
            units,
            clusters,
            tuple(dropped),
            treated_count=treated,
            software=software,
            design=design,
            covariance=matrix if known else None,
            degrees=degrees,
            not_headline=tuple(not_headline),
        )


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

    def derive(self, terms: Sequence[str], points: ArrayLike, uncertainty: ArrayLike, **changed: Any) -> EffectEstimate:
        """Return a table of figures computed from this one, as `Estimate.of` makes it.

        Words, counts, degrees of freedom, design, what was left out and what stops a headline are those of this table
        unless named.
        """
        own: dict[str, Any] = {
            "method": self.method,
            "convention": self.error_convention,
            "units_count": self.units_count,
            "clusters_count": self.clusters_count,
            "treated_count": self.treated_count,
            "totals": (self.units_count, self.clusters_count, self.treated_count),
            "degrees": self.degrees,
            "dropped": self.dropped,
            "software": self.software,
            "design": self.design,
            "not_headline": self.not_headline,
        }
        return Estimate.of(terms, points, uncertainty, **(own | changed))

    def event_times(self) -> pd.DataFrame:
        """Return the rows that belong to an event time, ascending."""
        part = self.frame[self.frame["event_time"].notna()]
        return part.sort_values(["event_time", "cohort"], kind="stable", na_position="first")


def software_versions(*names: str) -> str:
    """Return libraries with their versions, as they are written under a table.

    Examples
    --------
    >>> software_versions("numpy").startswith("numpy ")
    True
    """
    return ", ".join(f"{name} {version(name)}" for name in names)


def _effect_columns(
    terms: Sequence[str],
    points: ArrayLike,
    errors: ArrayLike,
    counts: Sequence[ArrayLike],
    event_time: ArrayLike | None = None,
    cohort: ArrayLike | None = None,
    settings: tuple[float, float, float | None, float] = (0.05, np.inf, None, 0.0),
) -> pd.DataFrame:
    """Return the columns of a table of effects; settings are alpha, degrees, the band's critical value and the null."""
    point, error = np.asarray(points, dtype=float), np.asarray(errors, dtype=float)
    alpha, degrees, critical, null = settings
    low, high = interval(point, error, degrees, alpha)
    band = np.nan if critical is None else critical
    size = len(point)
    columns = {
        "term": pd.array([str(name) for name in terms], dtype="str"),
        "event_time": _whole(event_time, size),
        "cohort": _whole(cohort, size),
        "estimate": point,
        "std_error": error,
        "ci_low": low,
        "ci_high": high,
        "units_count": _count(counts[0], size),
        "clusters_count": _count(counts[1], size),
        "p_value": p_value(point, error, degrees, null),
        "ci_low_simultaneous": point - band * error,
        "ci_high_simultaneous": point + band * error,
        "treated_count": _count(counts[2], size),
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
