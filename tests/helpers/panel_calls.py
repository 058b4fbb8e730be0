"""Every estimator of a panel with a design, on one panel of firms, and what each reads besides it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from buurteffect.estimate import Design, Estimate, did, inference, is_refused, regression, robustness, selection, space
from buurteffect.estimate.measurement import VarianceComponents
from buurteffect.estimate.robustness import Specification

DESIGN = Design("sales", "firm", "year", "start", clusters="sector")
WINDOW = (0, 3)
COMPONENTS = VarianceComponents(1.0, 0.2, 0.5, 0.5, 0.3, 0.1, None)


def firms() -> pd.DataFrame:
    """Return 60 firms in ten years, a sixth treated from 2004 and a sixth from 2006 on."""
    draw = np.random.default_rng(5)
    firm, year = np.repeat(np.arange(60), 10), np.tile(np.arange(2000, 2010), 60)
    start = np.tile([2004.0, 2006.0, *[np.nan] * 4], 10)[firm]
    size = len(firm)
    without = draw.normal(size=60)[firm] + draw.normal(size=12)[firm // 5] + 0.05 * (year - 2000)
    moving = draw.normal(size=size)
    without = without + (0.3 + 0.3 * draw.normal(size=12)[firm // 5]) * moving + 0.3 * draw.normal(size=size)
    return pd.DataFrame(
        {
            "firm": firm,
            "year": year,
            "start": start,
            "sector": firm // 5,
            "kind": firm // 3 % 2,
            "x": draw.normal(size=60)[firm],
            "moving": moving,
            "size": np.where(np.isnan(start), 0.0, (firm % 5 + 1) / 5),
            "east": firm % 6 * 1000.0,
            "north": firm // 6 * 1000.0,
            "w": draw.integers(1, 4, 60)[firm].astype(float),
            "without": without,
            "first": firm == 0,
            "step": year - 1999,
            "cohort_step": start - 1999,
            "sales": without + 0.5 * (year >= start),
        }
    ).assign(orders=lambda rows: np.exp(rows["sales"]))


@dataclass(frozen=True)
class PanelCall:
    """A call of an estimator on a panel and its design.

    Parameters
    ----------
    name : str
        The estimator, as its face offers it, and after a space which call of it.
    run : callable
        Takes a panel and a design.
    more : str
        Columns that it reads besides those of the design, by spaces: those that must hold numbers.
    others : str
        Likewise, columns of any kind.
    changed : mapping
        What its design has otherwise than `DESIGN`.
    """

    name: str
    run: Callable[[pd.DataFrame, Design], object]
    more: str = ""
    others: str = ""
    changed: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @property
    def design(self) -> Design:
        """The design of the call."""
        return replace(DESIGN, **self.changed)


LOCATED = {"coordinates_m": ("east", "north")}
late = did.late_estimator(WINDOW)


def first_place(frame: pd.DataFrame) -> object:
    """Return the name of the first firm, whatever it is called, or 0."""
    return next(iter(frame.loc[frame["first"].astype(bool), "firm"]), 0)


def sizes_of(frame: pd.DataFrame, places: object) -> object:
    """Return the sizes of places, or the refusal to name any."""
    return (
        places if is_refused(places) else [float(frame.loc[frame["firm"] == place, "size"].max()) for place in places]
    )


CALLS = [
    PanelCall("callaway_santanna", did.callaway_santanna),
    PanelCall("callaway_santanna ipw", lambda f, d: did.callaway_santanna(f, d, approach="ipw")),
    PanelCall("group_time", did.group_time),
    PanelCall("late_effect", lambda f, d: did.late_effect(f, d, WINDOW)),
    PanelCall("sun_abraham", did.sun_abraham),
    PanelCall("imputation", did.imputation),
    PanelCall("two_stage", did.two_stage),
    PanelCall("extended_twfe", did.extended_twfe),
    PanelCall("stacked", did.stacked),
    PanelCall("local_projections", did.local_projections),
    PanelCall("synthetic_did", lambda f, d: did.synthetic_did(f, d, [first_place(f)], 19)),
    PanelCall("continuous_dose", lambda f, d: did.continuous_dose(f, d, WINDOW), changed={"dose": "size"}),
    PanelCall("cohorts_behind", lambda f, d: did.cohorts_behind(f, d, WINDOW)),
    PanelCall("event_study_in_steps", did.event_study_in_steps, "step cohort_step"),
    PanelCall("steps_of_window", lambda f, d: did.steps_of_window(f, d, WINDOW), "step cohort_step"),
    PanelCall("twfe", regression.twfe),
    PanelCall("twfe robust", lambda f, d: regression.twfe(f, d, errors=inference.RobustErrors())),
    PanelCall("twfe_event_study", regression.twfe_event_study),
    PanelCall("first_differences", regression.first_differences),
    PanelCall("random_effects", regression.random_effects),
    PanelCall("feols", lambda f, d: regression.feols(f, d, ("firm", "kind", "year")), others="kind"),
    PanelCall("feols pooled", lambda f, d: regression.feols(f, d, ())),
    PanelCall(
        "feols newey_west",
        lambda f, d: regression.feols(f, d, ("firm", "year"), errors=inference.NeweyWestErrors(2)),
    ),
    PanelCall(
        "feols conley",
        lambda f, d: regression.feols(f, d, ("firm", "year"), errors=inference.ConleyErrors(2.0, ("east", "north"))),
        "east north",
    ),
    PanelCall(
        "feols clustered",
        lambda f, d: regression.feols(f, d, ("firm", "year"), errors=inference.ClusteredErrors(("kind", "year"))),
        others="kind",
    ),
    PanelCall("fepois", lambda f, d: regression.fepois(f, d, ("firm", "year")), changed={"outcome": "orders"}),
    PanelCall("mean_group", regression.mean_group),
    PanelCall("mean_group ccemg", lambda f, d: regression.mean_group(f, d, kind="ccemg")),
    PanelCall("mixed_model", lambda f, d: regression.mixed_model(f, d, "firm", "sector"), others="sector"),
    PanelCall(
        "mixed_model slopes",
        lambda f, d: regression.mixed_model(f, d, "firm", "sector", slopes=("moving",)),
        others="sector",
        changed={"covariates": ("moving",)},
    ),
    PanelCall("bacon_decomposition", regression.bacon_decomposition),
    PanelCall("threshold", lambda f, d: regression.threshold(f, d, "moving"), "moving"),
    PanelCall(
        "dose_regressions",
        lambda f, d: regression.dose_regressions(f, d, f[f["step"].isin((1, 10))], "w"),
        "w",
        changed={"dose": "moving", "cohort": None},
    ),
    PanelCall("within_spread", regression.within_spread, changed={"dose": "moving", "cohort": None}),
    PanelCall("side_by_side", lambda f, d: robustness.side_by_side(f, d, WINDOW)),
    PanelCall("shifted_cohorts", lambda f, d: robustness.shifted_cohorts(f, d, 1)),
    PanelCall("permuted_cohorts", lambda f, d: robustness.permuted_cohorts(f, d, WINDOW, "kind", 19), others="kind"),
    PanelCall("never_treated_cohorts", lambda f, d: robustness.never_treated_cohorts(f, d, WINDOW, 19)),
    PanelCall(
        "few_cluster_errors",
        lambda f, d: robustness.few_cluster_errors(f, d, WINDOW, (2.0,), 99),
        changed=LOCATED,
    ),
    PanelCall("leave_one_cluster_out", lambda f, d: robustness.leave_one_cluster_out(f, d, late)),
    PanelCall("future_design", lambda f, d: robustness.future_design(f, d, sorted(f["sector"].unique())[1:3], 8, 3)),
    PanelCall("halves", lambda f, d: robustness.halves(f, d, "size", "size"), "size"),
    PanelCall(
        "effects_by_group",
        lambda f, d: robustness.effects_by_group(f, d, late, {"kind": f["kind"].astype(str)}),
    ),
    PanelCall(
        "specification_table",
        lambda f, d: robustness.specification_table([Specification("plain", f, d, WINDOW)]),
    ),
    PanelCall("reweighted_effects", selection.reweighted_effects),
    PanelCall("pooled_overlap", lambda f, d: selection.pooled_overlap(f, d, ("x",)), "x"),
    PanelCall(
        "balanced_effect",
        lambda f, d: selection.balanced_effect(selection.pooled_overlap(f, d, ("x",)), d, WINDOW),
        "x",
    ),
    PanelCall("naive_two_way", selection.naive_two_way),
    PanelCall("before_and_after", lambda f, d: selection.before_and_after(f, d, WINDOW, COMPONENTS)),
    PanelCall("fitted_components", selection.fitted_components),
    PanelCall("lookalike_placebo", lambda f, d: selection.lookalike_placebo(f, d, late, 1)),
    PanelCall("bracket", lambda f, d: selection.bracket(f, d, WINDOW), changed={"covariates": ("x",)}),
    PanelCall("adjust_outcome", selection.adjust_outcome, changed={"covariates": ("x",)}),
    PanelCall("complete_units", selection.complete_units),
    PanelCall("distance_to_treated", space.distance_to_treated, changed=LOCATED),
    PanelCall("spillover", lambda f, d: space.spillover(f, d, (2100.0,)), changed=LOCATED),
    PanelCall("rings_around", lambda f, d: space.rings_around(f, d, 2100.0, WINDOW), changed=LOCATED),
    PanelCall("values_by_ring", lambda f, d: space.values_by_ring(f, d, 2100.0), changed=LOCATED),
    PanelCall("bias_identity", lambda f, d: space.bias_identity(f, d, "without"), "without"),
    PanelCall("largest_places", lambda f, d: sizes_of(f, space.largest_places(f, d, "size", 3)), "size"),
    PanelCall(
        "effects_on_places",
        lambda f, d: space.effects_on_places(f, d, WINDOW, [first_place(f)], "kind", "size", 9),
        others="kind size",
    ),
]
"""Every estimator of a panel with a design."""


FIGURES = ("estimate", "std_error", "ci_low", "ci_high", "p_value", "event_time", "value", "distance_m", "fit_share")


def told(made: object) -> object:
    """Return the reason of a refusal, or every figure of a result, as one array."""
    return str(made.reason) if is_refused(made) else _figures(made)


def _figures(made: object) -> np.ndarray:
    """Return the figures of a result of any kind, in order; of a panel its outcome, which no order of rows changes."""
    if isinstance(made, pd.Series):
        return np.sort(pd.factorize(made, sort=True)[0]).astype(float)
    if isinstance(made, pd.DataFrame):
        if "sales" in made:
            return np.sort(made["sales"].dropna().to_numpy(dtype=float))
        return _figures([made[name].to_numpy(dtype=float, na_value=np.nan) for name in FIGURES if name in made])
    if isinstance(made, Estimate):
        return _figures(made.frame)
    if isinstance(made, np.ndarray):
        return made.astype(float).ravel() if made.dtype.kind in "ifb" else np.empty(0)
    if isinstance(made, bool | int | float | np.number):
        return np.array([made], dtype=float)
    if isinstance(made, list | tuple):
        return np.concatenate([np.empty(0), *map(_figures, made)])
    inside = getattr(made, "__dataclass_fields__", {})
    return _figures([getattr(made, name) for name in inside if name not in ("design", "sample", "adoption", "dropped")])
