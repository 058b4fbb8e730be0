"""What is estimated, on whom, against whom: a frozen design, checked against the panel before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from buurteffect.errors import CallError

NEVER_TREATED, NOT_YET_TREATED, AT_RISK = "never_treated", "not_yet_treated", "at_risk"
COMPARISONS = (NEVER_TREATED, NOT_YET_TREATED, AT_RISK)

_BREAK_COLUMNS = ("concept", "break_year", "reason")


def as_names(given: object, role: str) -> tuple[str, ...]:
    """Return names of columns as a tuple: one name stands for one of itself, None for none.

    Raises
    ------
    CallError
        If it is anything but a name or a sequence of names.

    Examples
    --------
    >>> as_names("income", "covariates"), as_names(["income", "age"], "covariates"), as_names(None, "clusters")
    (('income',), ('income', 'age'), ())
    """
    some = () if given is None else (given,) if isinstance(given, str) else given
    names = tuple(some) if isinstance(some, Iterable) else (some,)
    if not all(isinstance(name, str) for name in names):
        raise CallError(f"{role} must be names of columns, such as ('income', 'age'), found {given!r}")
    return names


@dataclass(frozen=True, eq=False)
class Design:
    """The design of a before/after comparison; names are columns of the panel it is applied to.

    Parameters
    ----------
    outcome : str
        What is explained; one value per unit and time.
    unit, time : str
        The panel's key. Times are whole numbers, dates or periods; event times count their steps, of dates the longest
        period (year, quarter, month, week, day) that tells all times apart.
    cohort : str or None
        First treated time of a unit, as `time` is; missing or infinite for one that is never treated. Centred times
        have cohorts 0 and below. None for a plain panel regression.
    dose : str or None
        How strongly a unit is treated, such as the share of dwellings demolished.
    comparison : {"never_treated", "not_yet_treated", "at_risk"}
        Who stands for what would have happened: units that are never treated; those too that are treated after the
        time looked at; or everybody untreated when the cohort was chosen, whatever became of them (see
        `buurteffect.estimate.did.at_risk`).
    covariates : tuple of str, list of str, or str
        Covariates; estimators that compare changes take their value in the last time before treatment. The time may be
        one, as a trend, where there are no effects of time.
    eligible : str, optional
        With ``at_risk``: column that is true (or 1) in the times at which an untreated unit may be chosen. Only units
        for which it was true in the last time before a cohort's treatment stand for that cohort.
    clusters : tuple of str, list of str, or str
        Columns within whose values errors may depend on each other; one or two, the first the one over which
        units are drawn or permuted. By default none: every unit by itself.
    coordinates_m : tuple of str, optional
        Two columns with coordinates in metres (east, north), for errors that depend on distance.
    weights : str, optional
        Column of weights. They may change within a unit where an estimator weights rows (imputation, two-stage,
        saturated and two-way regressions); one that compares changes of units takes one per unit and refuses others.
    anticipation_years : int
        How long before treatment its effect may begin, in steps of time.
    breaks : DataFrame
        One row per break of a series: ``concept, break_year, reason``.
    across_breaks : bool
        Whether to compare across a break of the outcome's series all the same.
    alpha : float
        One minus the confidence level.

    Raises
    ------
    EstimationError
        If a setting makes no sense, or a column is named in two roles that exclude each other.

    Examples
    --------
    >>> Design(outcome="liveability_score").key
    ('area_code', 'year')
    >>> Design(outcome="liveability_score", comparison="everyone")
    Traceback (most recent call last):
        ...
    buurteffect.errors.CallError: comparison must be never_treated, not_yet_treated or at_risk, found 'everyone'
    """

    outcome: str
    unit: str = "area_code"
    time: str = "year"
    cohort: str | None = "cohort_year"
    dose: str | None = None
    comparison: str = NOT_YET_TREATED
    covariates: tuple[str, ...] = ()
    eligible: str | None = None
    clusters: tuple[str, ...] = ()
    coordinates_m: tuple[str, str] | None = None
    weights: str | None = None
    anticipation_years: int = 0
    breaks: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_BREAK_COLUMNS)))
    across_breaks: bool = False
    alpha: float = 0.05

    def __post_init__(self) -> None:
        """Check the settings against each other; take one name for a tuple of one."""
        for name in ("covariates", "clusters"):
            object.__setattr__(self, name, as_names(getattr(self, name), name))
        if self.coordinates_m is not None:
            object.__setattr__(self, "coordinates_m", as_names(self.coordinates_m, "coordinates_m"))
        if self.comparison not in COMPARISONS:
            known = f"{', '.join(COMPARISONS[:-1])} or {COMPARISONS[-1]}"
            raise CallError(f"comparison must be {known}, found {self.comparison!r}")
        if self.eligible is not None and self.comparison != AT_RISK:
            raise CallError(f"eligible goes with comparison {AT_RISK!r}, found {self.comparison!r}")
        if not 0 < self.alpha < 1:
            raise CallError(f"alpha must lie between 0 and 1, found {self.alpha}")
        if self.anticipation_years < 0 or int(self.anticipation_years) != self.anticipation_years:
            raise CallError(f"anticipation_years must be 0 or a whole number above, found {self.anticipation_years}")
        self._check_names()
        lacking = [name for name in _BREAK_COLUMNS if name not in self.breaks.columns]
        if lacking:
            raise CallError(f"the table of breaks lacks {', '.join(lacking)}")

    def _check_names(self) -> None:
        """Refuse more than two clusters, and a column in two roles."""
        if len(self.clusters) > 2 or len(set(self.clusters)) != len(self.clusters):
            raise CallError(f"name one or two different clusters, found {', '.join(self.clusters)}")
        if len(set(self.covariates)) != len(self.covariates):
            raise CallError(f"a covariate is named twice: {', '.join(self.covariates)}")
        if self.coordinates_m is not None and (len(self.coordinates_m) != 2 or len(set(self.coordinates_m)) != 2):
            raise CallError("coordinates_m must be two different columns, east and north")
        others = [name for name in self.covariates if name != self.time]  # a trend is a covariate like any other
        roles = [self.outcome, self.unit, self.time, *(n for n in (self.cohort, self.dose) if n), *others]
        repeated = sorted({name for name in roles if roles.count(name) > 1})
        if repeated:
            raise CallError(
                f"{', '.join(repeated)} has two roles among outcome, unit, time, cohort, dose and covariates"
            )

    @property
    def key(self) -> tuple[str, str]:
        """Names of unit and time."""
        return self.unit, self.time

    @property
    def cluster_columns(self) -> tuple[str, ...]:
        """The clusters, or the unit where none is named."""
        return self.clusters or (self.unit,)

    @property
    def confidence(self) -> float:
        """Confidence level of the intervals."""
        return 1 - self.alpha


def refuse_at_risk(design: Design, name: str) -> None:
    """Refuse a comparison with units at risk where an estimator has none.

    Raises
    ------
    EstimationError
        If the design asks for it.
    """
    if design.comparison == AT_RISK:
        raise CallError(
            f"{name} cannot compare with units at risk: use callaway_santanna with approach 'reg', or compare with "
            f"{NOT_YET_TREATED!r}"
        )
