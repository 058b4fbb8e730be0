"""Effects of staggered treatment on what residents say, from waves that each draw other respondents.

Nobody is followed, so the unit that is compared over time is the area; who lives there and answers may change, which
is why what is known of respondents enters as controls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse, stats

from buurteffect.errors import (
    CallError,
    EstimationError,
    NoComparisonError,
    NoSwitchError,
    OneTreatedClusterError,
    UnusableValueError,
)
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.design import as_names
from buurteffect.estimate.core.fit import pseudo_inverse
from buurteffect.estimate.core.intervals import critical_value
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers

SOFTWARE = "numpy and scipy.sparse"


@dataclass(frozen=True)
class SurveyDesign:
    """What is estimated from a repeated survey.

    Parameters
    ----------
    outcome : str
        Column of the answers.
    weights : str, optional
        Column of survey weights; every respondent counts once without.
    areas_alike : bool
        Whether weights are divided by their mean in the area, so that they mend who answers within an area and areas
        count by their respondents, not by their inhabitants: with few treated areas a large one would else decide.
    controls : tuple of str
        Columns whose values each get an effect of their own, such as years of residence in groups.
    window : (int, int)
        Years since treatment whose mean effect is wanted, ends included.
    unclear : (int, int)
        Years since treatment that are left out, ends included: registers may be a year off, and work is going on.
        (0, -1) leaves out none.
    area, time, cohort : str
        Columns with the area, the wave and the first year of treatment, missing where an area is never treated.
    alpha : float
        One minus the confidence level.

    Raises
    ------
    EstimationError
        If the years make no sense.
    """

    outcome: str
    weights: str | None = "weight_persons"
    areas_alike: bool = True
    controls: tuple[str, ...] = ()
    window: tuple[int, int] = (1, 20)
    unclear: tuple[int, int] = (-1, 0)
    area: str = "area_code"
    time: str = "year"
    cohort: str = "cohort_year"
    alpha: float = 0.05

    def __post_init__(self) -> None:
        """Take one name for a tuple of one; check that the years are in order."""
        object.__setattr__(self, "controls", as_names(self.controls, "controls"))
        if self.window[0] > self.window[1] or self.unclear[0] > self.unclear[1] + 1:
            raise CallError(f"years must be in order, found {self.window} and {self.unclear}")
        if self.window[0] <= self.unclear[1]:
            raise EstimationError("the window begins within the years that are left out: begin it later")
        if not 0 < self.alpha < 1:
            raise CallError(f"alpha must lie between 0 and 1, found {self.alpha}")


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows that are used, and which of them are under treatment."""

    frame: pd.DataFrame
    outcome: Floats
    weights: Floats
    areas: Integers
    treated: np.ndarray
    dropped: tuple[tuple[str, int], ...]


def survey_effect(frame: pd.DataFrame, design: SurveyDesign, term: str = "effect") -> EffectEstimate:
    """Estimate the mean effect over a window of years by imputation.

    On rows that are not under treatment, y = α_area + λ_year + controls + e is fitted with the survey's weights; the
    effect is the weighted mean over rows in the window of y less what the fit says for them (Borusyak, Jaravel &
    Spiess 2024, doi:10.1093/restud/rdae007, on repeated cross-sections). No treated area is ever compared with one
    treated earlier.

    The error adds two parts: that of the fit on never treated areas, clustered by area, and the jackknife over treated
    areas, each left out in turn, G/(G − 1)-fold as MacKinnon, Nielsen & Webb (2023, doi:10.1016/j.jeconom.2022.04.001)
    do: (G − 1)/G·Σ(τ₋ₐ − τ)². With few treated areas this is the part that counts; the t distribution has as many
    degrees of freedom as the treated areas effectively are, less one.

    Parameters
    ----------
    frame : DataFrame
        One row is one respondent in one wave: the columns that the design names.
    design : SurveyDesign
        What is estimated.
    term : str
        Name of the row.

    Returns
    -------
    EffectEstimate
        One row, with the remarks ``respondents_count``, ``respondents_treated_count`` and ``effective_areas``.

    Raises
    ------
    MissingColumnError, UnusableValueError
        If a column is missing, or holds what no estimate can use.
    NoSwitchError, NoComparisonError, OneTreatedClusterError
        If no treated area is seen before and in the window, no area stays untreated, or only one is treated.
    """
    return estimated(frame, design, term)[0]


def estimated(frame: pd.DataFrame, design: SurveyDesign, term: str = "effect") -> tuple[EffectEstimate, pd.Series]:
    """Return the effect of `survey_effect`, and what each area adds to its error.

    The squares of what areas (the index) add sum up to the variance of the effect, and the products of what they add to
    two effects to their covariance: of the same areas, under different outcomes or choices.
    """
    rows = _draw(frame, design)
    others = _dummies(rows.frame, design)
    weights = rows.weights * ~rows.treated
    system = _System.of(rows.areas, others, weights)
    share = rows.weights * rows.treated / (rows.weights * rows.treated).sum()
    wanted = system.sums(share)
    pull = system.solve(*wanted)
    if not system.spans(pull, wanted):
        raise NoComparisonError("a value of a control, or a year, is seen under treatment only: merge it with another")
    gap = rows.outcome - system.at(*system.solve(*system.sums(weights * rows.outcome)))
    effect = float(share @ gap)
    counts = int(rows.areas.max()) + 1
    parts = np.bincount(rows.areas, weights=share, minlength=counts).astype(float)
    if (parts > 0).sum() < 2:
        raise OneTreatedClusterError("one treated area is seen before and in the window: no error can be told")
    alike = parts[parts > 0]
    effects = np.bincount(rows.areas, weights=share * gap, minlength=counts)[parts > 0] / alike
    left = alike / (1 - alike) * (effects - effect)
    own = (len(alike) - 1) / len(alike) * float(left @ left)
    never = np.bincount(rows.areas, weights=weights * system.at(*pull) * gap, minlength=counts)[parts == 0]
    seen = int((np.bincount(rows.areas, weights=rows.weights, minlength=counts)[parts == 0] > 0).sum())
    rest = float(never @ never) * seen / max(seen - 1, 1)
    effective = float(1 / (alike @ alike))
    adds = np.empty(counts)
    adds[parts > 0] = left * np.sqrt((len(alike) - 1) / len(alike))
    adds[parts == 0] = -never * np.sqrt(seen / max(seen - 1, 1))
    made = _result(rows, design, term, (effect, float(np.sqrt(own + rest)), effective), (len(alike), seen))
    return made, pd.Series(adds, index=pd.unique(rows.frame[design.area]))


def _result(
    rows: _Rows, design: SurveyDesign, term: str, figures: tuple[float, float, float], counts: tuple[int, int]
) -> EffectEstimate:
    """Return the effect as a table; figures are effect, error and effective areas, counts treated and other areas."""
    (effect, error, effective), (treated, never) = figures, counts
    degrees = max(effective - 1, 1.0)
    counted = "weighted as the survey says" if design.weights else "every respondent once"
    if design.weights and design.areas_alike:
        counted = "weighted as the survey says within areas, which count by their respondents"
    controls = f", with effects of {', '.join(design.controls)}" if design.controls else ""
    return EffectEstimate.of(
        [term],
        [effect],
        [error],
        method=f"imputation on repeated cross-sections with area and year effects{controls}; {counted}; years "
        f"{design.window[0]} to {design.window[1]} since the start",
        convention=f"jackknife over treated areas plus the fit's error clustered by area; t distribution with "
        f"{degrees:.1f} degrees of freedom, the effective number of treated areas less one",
        units_count=treated + never,
        treated_count=treated,
        clusters_count=treated + never,
        alpha=design.alpha,
        degrees=degrees,
        remarks={
            "respondents_count": len(rows.frame),
            "respondents_treated_count": int(rows.treated.sum()),
            "effective_areas": effective,
        },
        dropped=rows.dropped,
        software=SOFTWARE,
    )


def _draw(frame: pd.DataFrame, design: SurveyDesign) -> _Rows:
    """Return the rows that the design can use."""
    numbers = [design.outcome, design.time, design.cohort, *([design.weights] if design.weights else [])]
    needed = [*numbers, design.area, *design.controls]
    require(frame, needed, "table of answers")
    require_numbers(frame, numbers, "table of answers")
    dropped: list[tuple[str, int]] = []

    def keep(table: pd.DataFrame, rows: pd.Series, reason: str) -> pd.DataFrame:
        """Return some rows and count the others."""
        if not rows.all():
            dropped.append((reason, int((~rows).sum())))
        return table[rows]

    kept = frame[needed]
    kept = keep(kept, kept[design.outcome].notna(), "respondents without an answer")
    event = (kept[design.time] - kept[design.cohort]).astype(float)
    low, high = design.unclear
    kept = keep(kept, ~event.between(low, high), "respondents in the years around the start")
    event = event[kept.index]
    treated = event.between(*design.window)
    under = event > high
    kept = keep(kept, treated | ~under, "respondents in treated areas outside the window")
    treated = treated[kept.index]
    before = kept.loc[~treated, design.area].unique()
    lost = treated & ~kept[design.area].isin(before)
    kept = keep(kept, ~lost, "respondents in areas that are not seen before treatment")
    treated = treated[kept.index].to_numpy(dtype=bool)
    if not treated.any():
        raise NoSwitchError("no treated area is seen both before its treatment and in the window")
    if kept[design.cohort].notna().all():
        raise NoComparisonError("no area stays untreated: there is nothing to compare with")
    weights = np.ones(len(kept)) if design.weights is None else kept[design.weights].to_numpy(dtype=float)
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise UnusableValueError(f"{design.weights} must be above 0 in every row")
    outcome = kept[design.outcome].to_numpy(dtype=float)
    if not np.isfinite(outcome).all():
        raise UnusableValueError(f"{design.outcome} holds infinite values")
    areas = np.asarray(pd.factorize(kept[design.area])[0])
    means = np.bincount(areas, weights=weights) / np.bincount(areas) if design.areas_alike else weights.mean()
    weights = weights / (means[areas] if design.areas_alike else means)
    return _Rows(kept.reset_index(drop=True), outcome, weights, areas, treated, tuple(dropped))


def _dummies(frame: pd.DataFrame, design: SurveyDesign) -> sparse.csr_matrix:
    """Return a column of ones and zeros per year and per value of a control, the first of each left out."""
    blocks = []
    for name in (design.time, *design.controls):
        codes, values = pd.factorize(frame[name], sort=True)
        if (codes < 0).any():
            raise UnusableValueError(f"{name} is missing in {int((codes < 0).sum())} rows")
        ones = np.ones(len(codes))
        block = sparse.csr_matrix((ones, (np.arange(len(codes)), codes)), shape=(len(codes), len(values)))
        blocks.append(block[:, 1:])
    return sparse.hstack(blocks, format="csr")


@dataclass(frozen=True, eq=False)
class _System:
    """The normal equations of area effects and other dummies; areas, which do not overlap, are eliminated first."""

    areas: Integers
    others: sparse.csr_matrix
    weight: Floats
    crossed: Floats
    rest: Floats
    inverse: Floats

    @classmethod
    def of(cls, areas: Integers, others: sparse.csr_matrix, weights: Floats) -> _System:
        """Return the system of weighted rows; every area has a row with a weight."""
        count = int(areas.max()) + 1
        weight = np.bincount(areas, weights=weights, minlength=count).astype(float)
        weighted = others.multiply(weights[:, None]).tocsr()
        member = sparse.csr_matrix((np.ones(len(areas)), (areas, np.arange(len(areas)))), shape=(count, len(areas)))
        crossed = (member @ weighted).toarray()
        rest = (others.T @ weighted).toarray()
        left = rest - crossed.T @ (crossed / weight[:, None])
        return cls(areas, others, weight, crossed, rest, pseudo_inverse(left, 1e-10))

    def sums(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the sums of values per area and per other dummy."""
        by_area = np.bincount(self.areas, weights=values, minlength=len(self.weight)).astype(float)
        return by_area, np.asarray(self.others.T @ values)

    def solve(self, areas: Floats, others: Floats) -> tuple[Floats, Floats]:
        """Return the coefficients that give these right-hand sides."""
        rest = self.inverse @ (others - self.crossed.T @ (areas / self.weight))
        return (areas - self.crossed @ rest) / self.weight, rest

    def spans(self, found: tuple[Floats, Floats], wanted: tuple[Floats, Floats]) -> bool:
        """Return whether coefficients truly give the right-hand sides: not if a dummy is never seen untreated."""
        again = self.crossed.T @ found[0] + self.rest @ found[1]
        return bool(np.allclose(again, wanted[1], atol=1e-8))

    def at(self, areas: Floats, others: Floats) -> Floats:
        """Return the sum of coefficients in every row."""
        return np.asarray(areas[self.areas] + self.others @ others)


def effects_in_windows(frame: pd.DataFrame, design: SurveyDesign, windows: Sequence[tuple[int, int]]) -> EffectEstimate:
    """Estimate the effect in several windows, each by itself; windows that cannot be seen are left out.

    Returns
    -------
    EffectEstimate
        One row per window; ``event_time`` is the middle of it.
    """
    made, left_out = [], 0
    for low, high in windows:
        try:
            made.append(survey_effect(frame, replace(design, window=(low, high)), f"{low} to {high}"))
        except NoSwitchError:
            left_out += 1
    if not made:
        raise NoSwitchError("no treated area is seen both before its treatment and in any window")
    middles = [round(sum(map(int, one.frame["term"].iloc[0].split(" to "))) / 2) for one in made]
    table = pd.concat([one.frame for one in made], ignore_index=True)
    table["event_time"] = pd.Series(middles, dtype="Int64")
    widest = max(made, key=lambda one: one.units_count)
    dropped = (("windows in which no treated area is seen", left_out),) if left_out else ()
    return replace(widest, frame=table, dropped=dropped)


def placebo_effect(frame: pd.DataFrame, design: SurveyDesign, years: int, term: str = "placebo") -> EffectEstimate:
    """Estimate the effect of a treatment dated some years too early, on rows before the true one only: it should be 0.

    Parameters
    ----------
    frame, design
        As of `survey_effect`.
    years : int
        Years by which treatment is dated too early; the window ends before the years that are unclear.

    Raises
    ------
    EstimationError
        If no year is left between the pretended and the true start.
    """
    return placebo_estimated(frame, design, years, term)[0]


def placebo_estimated(
    frame: pd.DataFrame, design: SurveyDesign, years: int, term: str = "placebo"
) -> tuple[EffectEstimate, pd.Series]:
    """Return the effect of `placebo_effect`, and what each area adds to its error."""
    require_numbers(frame, (design.time, design.cohort), "table of answers")
    event = frame[design.time] - frame[design.cohort]
    before = frame[~(event >= min(design.unclear[0], design.window[0]))]
    early = before.assign(**{design.cohort: before[design.cohort] - years})
    last = years + min(design.unclear[0], design.window[0]) - 1
    first = design.unclear[1] + 1
    if first > last:
        raise EstimationError(f"dated {years} years early nothing is left between the two starts: choose more years")
    return estimated(early, replace(design, window=(first, last)), term)


def detectable(result: EffectEstimate, smallest: float) -> EffectEstimate:
    """Return effects with their minimum detectable effect and a test of equivalence to none.

    Two one-sided tests at 5% (Schuirmann 1987, doi:10.1007/BF01068419) ask whether the effect lies within plus and
    minus the smallest that matters; the minimum detectable effect is (t_{.975} + t_{.8})·standard error, for a power
    of 0.8.

    Parameters
    ----------
    result : EffectEstimate
        Effects.
    smallest : float
        Smallest effect that matters, in the outcome's unit; fixed before any estimate.

    Returns
    -------
    EffectEstimate
        With the remarks ``minimum_detectable_effect``, ``smallest`` and ``equivalence_p``, the larger of the two
        p-values: below .05 the effect is within the bounds.
    """
    table = result.frame
    point, error = table["estimate"].to_numpy(dtype=float), table["std_error"].to_numpy(dtype=float)
    degrees = result.degrees
    if "effective_areas" in table:
        degrees = np.maximum(table["effective_areas"].to_numpy(dtype=float) - 1, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        outside = stats.t.sf((smallest - np.abs(point)) / error, degrees)
    reach = (critical_value(0.05, degrees) + critical_value(2 * (1 - 0.8), degrees)) * error
    return replace(
        result, frame=table.assign(minimum_detectable_effect=reach, smallest=smallest, equivalence_p=outside)
    )
