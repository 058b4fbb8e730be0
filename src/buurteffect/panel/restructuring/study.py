"""The panel on which restructuring is judged: an outcome by area and year, beside what was done where and when."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from buurteffect.errors import MissingDataError
from buurteffect.panel.areas.panel_files import JoinedLevel, read_joined, read_record
from buurteffect.panel.harmonise.boundary_year import AS_PUBLISHED, UNCHANGED_ONLY
from buurteffect.panel.inputs.contents import InputFile
from buurteffect.panel.inputs.project_register import read_projects
from buurteffect.panel.restructuring.known_at_choice import FIRST, KNOWN, known_by_year
from buurteffect.panel.restructuring.outcomes import OutcomeSeries, outcome_series
from buurteffect.panel.restructuring.placed_projects import PlacedProjects, place_projects
from buurteffect.panel.restructuring.pre_policy import BEFORE, values_before
from buurteffect.panel.restructuring.treatment import treatment_of_areas
from buurteffect.project import Project
from buurteffect.sources.download.missing_data import missing_data

FINEST = "finest"
"""Ask for the finest level at which a source has the outcome."""

_LEVELS = ("buurt", "wijk")
_ENOUGH = 0.9
_NOTHING: tuple[str, tuple[str, ...]] = ("", ())
RULE = ("score_level", "rented_share_known", "woz_trend")
"""What the rule that chooses areas looks at, as far as published when it does. The trend is that of the value of
dwellings: one of the score takes two scores, which most starts do not have, and would use up the test of trends."""
VALUED = ("woz_level", "woz_trend")
"""Level and trend of the log value of dwellings."""
_TREATMENT = ("cohort_year", "dose_share", "projects_count", "status", "nearest_treated_m", "ring")
FRAME_COLUMNS = (
    "area_code", "gemeente_code", "year", "step", "cohort_step", *_TREATMENT, "x_m", "y_m", *BEFORE, "alike", *KNOWN,
    *FIRST,
)  # fmt: skip
"""Columns of the frame besides the outcome."""


@dataclass(frozen=True, eq=False)
class RestructuringStudy:
    """One outcome by area and year, with the treatment of every area.

    Parameters
    ----------
    source, level, rule : str
        Where the data come from, the kind of area, and what an area is over the years.
    outcome : OutcomeSeries
        The outcome.
    frame : DataFrame
        One row is one area in one year in which the outcome is published for it: the outcome's column and
        `FRAME_COLUMNS`. ``step`` numbers the years of the outcome from 1 on, ``cohort_step`` is the first step in or
        after the year in which treatment starts. ``dose_share`` is the share of dwellings demolished. What was known
        before (`BEFORE`), what was known first (`FIRST`) and ``alike`` (the
        fifth of areas by their first score, 1 the lowest) do not change within an area; what was known by the year
        (`KNOWN`) does. Areas treated below the least dose are not in it. Empty where nothing
        can be estimated.
    areas : DataFrame
        One row is one area: ``area_code, gemeente_code, dwellings_count, x_m, y_m`` and its treatment.
    projects : DataFrame
        The projects that were placed on an area.
    left_out : DataFrame
        What was left out: ``what, reason, count``.
    breaks : DataFrame
        Breaks of the outcome's series: ``concept, break_year, reason``.
    covariates : tuple of str
        Those of `RULE` that at least nine rows in ten have.
    first : tuple of str
        The same as known in the first year of the score, for what takes no covariate that changes.
    valued : tuple of str
        Level and trend of the value of dwellings before the outcome's first year, where nine areas in ten have both.
    inputs : tuple of InputFile
        The raw files.
    reason : str
        Why nothing can be estimated; empty where something can.
    lacking : tuple of str
        Kinds of data that would help then (`missing_data.KINDS`).
    """

    source: str
    level: str
    rule: str
    outcome: OutcomeSeries
    frame: pd.DataFrame
    areas: pd.DataFrame
    projects: pd.DataFrame
    left_out: pd.DataFrame
    breaks: pd.DataFrame
    covariates: tuple[str, ...]
    first: tuple[str, ...]
    valued: tuple[str, ...]
    inputs: tuple[InputFile, ...]
    reason: str = ""
    lacking: tuple[str, ...] = ()
    joined: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    @property
    def column(self) -> str:
        """Column of the frame that holds the outcome."""
        return self.outcome.column

    @property
    def years(self) -> list[int]:
        """Years in which the outcome is there."""
        return sorted(int(year) for year in self.frame["year"].unique())

    @property
    def ready(self) -> bool:
        """Whether there is something to estimate."""
        return not self.reason

    @property
    def treated(self) -> pd.DataFrame:
        """The treated areas, one row each."""
        return self.areas[self.areas["status"] == "treated"]

    @property
    def coordinates_m(self) -> tuple[str, str] | None:
        """Columns of the areas' centres; None where nine areas in ten have none, so that nothing rests on them."""
        return ("x_m", "y_m") if self.areas["x_m"].notna().mean() >= _ENOUGH else None

    def require(self) -> None:
        """Do nothing where there is something to estimate.

        Raises
        ------
        MissingDataError
            If there is not, with what is missing.
        """
        if not self.ready:
            asked = f"the effect of restructuring on the {self.outcome.label}, by {self.level}"
            raise missing_data(self.source, asked, self.reason, self.lacking)

    def compared(self, ring_m: float) -> pd.DataFrame:
        """Return the rows of treated areas, and of untreated ones farther than `ring_m` from every treated one.

        Where an area's place is not known it stays, since nothing says that it is near.
        """
        near = (self.frame["status"] != "treated") & (self.frame["nearest_treated_m"] <= ring_m)
        return self.frame[~near].reset_index(drop=True)


def restructuring_study(
    source: str,
    level: str = FINEST,
    outcome: str = "liveability",
    rule: str = "harmonised",
    least_dose_share: float = 0.05,
    project: Project | None = None,
) -> RestructuringStudy:
    """Return one outcome by area and year, with the treatment that the register of projects says.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    level : {"finest", "buurt", "wijk"}
        Kind of area.
    outcome : str
        One of `OUTCOMES`.
    rule : {"harmonised", "unchanged_only", "as_published"}
        What an area is over the years. Where a level cannot be harmonised, areas as published are taken and a row of
        `left_out` says so.
    least_dose_share : float
        Share of the dwellings demolished from which on an area counts as treated.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Raises
    ------
    ProjectError
        If the panel has not been built, or the outcome has no such name.
    MissingDataError
        If it has neither buurten nor wijken, or not the level asked for.
    DataError
        If the stored panel or register breaks its contract.
    """
    series = outcome_series(outcome)
    chosen, used, remark = _where(source, level, rule, series, project)
    if not used:
        return _without_areas(read_joined(source, chosen, AS_PUBLISHED, project), series, rule)
    joined = _joined(source, chosen, used, project)
    areas = _areas(joined.frame)
    if areas.empty:
        return _without_areas(joined, series, rule)
    left_out = [{"what": "boundary rule", "reason": remark, "count": 1}] if remark else []
    placed = PlacedProjects(pd.DataFrame(), ())
    reason, lacking = _NOTHING
    try:
        placed = place_projects(read_projects(source, project), areas["area_code"], chosen, joined.base_year)
    except MissingDataError as error:
        reason, lacking = error.missing, ("register",)
    treated = _treated(areas, placed.frame, joined.frame, least_dose_share)
    frame, gaps = _frame(joined, series, treated)
    more, kinds = _why_not(frame, series, chosen, placeable=not reason)
    reason, lacking = " and ".join(part for part in (more, reason) if part), (*kinds, *lacking)
    left_out += [*placed.left_out, *gaps, *_below(treated, least_dose_share), *_unknown(treated)]
    return RestructuringStudy(
        source,
        chosen,
        used,
        series,
        frame,
        treated,
        placed.frame,
        pd.DataFrame(left_out, columns=["what", "reason", "count"]),
        series.breaks(joined.breaks),
        _known(frame, RULE),
        _known(frame, (*FIRST, "woz_trend")),
        VALUED if _known(frame, VALUED) == VALUED else (),
        joined.inputs,
        reason,
        lacking,
        joined.frame,
    )


def _without_areas(joined: JoinedLevel, series: OutcomeSeries, rule: str) -> RestructuringStudy:
    """Return the panel of a level and rule that leave no area."""
    return RestructuringStudy(
        joined.source,
        joined.level,
        rule,
        series,
        pd.DataFrame(columns=["area_code", "year", series.column, *FRAME_COLUMNS]),
        pd.DataFrame(columns=["area_code", "gemeente_code", "dwellings_count", "x_m", "y_m", *_TREATMENT]),
        pd.DataFrame(),
        pd.DataFrame(columns=["what", "reason", "count"]),
        series.breaks(joined.breaks),
        (),
        (),
        (),
        joined.inputs,
        f"key figures of several years and a crosswalk, without which no {joined.level} is left under the rule {rule}",
        ("key_figures", "crosswalk"),
    )


def _joined(source: str, level: str, rule: str, project: Project | None) -> JoinedLevel:
    """Return the joined panel; under unchanged_only that of harmonised areas, of those that never changed.

    The stored rows of unchanged areas begin where the crosswalk does, and what was known before lies earlier.
    """
    joined = read_joined(source, level, rule, project)
    if rule != UNCHANGED_ONLY:
        return joined
    harmonised = read_joined(source, level, "harmonised", project)
    kept = harmonised.frame["area_code"].isin(set(joined.frame["area_code"]))
    return replace(harmonised, rule=rule, frame=harmonised.frame[kept].reset_index(drop=True))


def _where(source: str, level: str, rule: str, series: OutcomeSeries, project: Project | None) -> tuple[str, str, str]:
    """Return level and rule that the panel has, and a remark where the rule is not the one asked for.

    There is no rule where areas that never changed are asked for and nothing says which they are.
    """
    levels = read_record(source, project)["levels"]
    wanted = _LEVELS if level == FINEST else (level,)
    having = [name for name in wanted if name in levels and _observed(levels[name], series)]
    having += [name for name in wanted if name in levels]
    if not having:
        asked = f"the effect of restructuring on the {series.label}, by {' or '.join(wanted)}"
        there = f"; there are data by {', '.join(levels)}" if levels else ""
        raise missing_data(source, asked, f"the {series.label} by {' or '.join(wanted)}{there}", series.kinds, project)
    rules = levels[having[0]]["rules"]
    if rule in rules:
        return having[0], rule, ""
    if rule == UNCHANGED_ONLY:
        return having[0], "", ""
    remark = f"{having[0]} cannot be harmonised for want of a crosswalk: areas are taken as published"
    return having[0], AS_PUBLISHED, remark


def _observed(detail: dict[str, object], series: OutcomeSeries) -> bool:
    """Whether a level has values of every part of an outcome."""
    observed = detail.get("observed", {})
    return isinstance(observed, dict) and all(observed.get(concept) for concept in series.concepts)


def _areas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per area: its gemeente and its centre, where these are known."""
    ordered = frame.sort_values("year", kind="stable")
    found = ordered.groupby("area_code")[["gemeente_code", "centroid_x_m", "centroid_y_m"]].last()
    names = {"centroid_x_m": "x_m", "centroid_y_m": "y_m"}
    return found.rename(columns=names).reset_index()


def _treated(areas: pd.DataFrame, projects: pd.DataFrame, frame: pd.DataFrame, least: float) -> pd.DataFrame:
    """Return every area with its dwellings before treatment and its treatment."""
    if projects.empty:
        projects = pd.DataFrame(
            {name: pd.Series(dtype=kind) for name, kind in (("area_code", "str"), ("project_id", "str"),
             ("start_year", "int64"), ("demolished_social_dwellings_count", "float64"))}
        )  # fmt: skip
    begins = projects.groupby("area_code")["start_year"].min().astype(float)
    sizes = frame.loc[frame["dwellings_count"].notna(), ["area_code", "year", "dwellings_count"]]
    start = begins.reindex(sizes["area_code"]).to_numpy()
    early = sizes[np.isnan(start) | (sizes["year"].to_numpy() <= start)].sort_values("year", kind="stable")
    before = early.groupby("area_code")["dwellings_count"].last().astype(float)
    first = sizes.sort_values("year", kind="stable").groupby("area_code")["dwellings_count"].first().astype(float)
    codes = areas["area_code"]
    count = np.where(codes.isin(before.index), before.reindex(codes), first.reindex(codes))
    known = areas.assign(dwellings_count=count)
    return known.merge(treatment_of_areas(known, projects, least), on="area_code", how="left")


def _frame(
    joined: JoinedLevel, series: OutcomeSeries, areas: pd.DataFrame
) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Return the rows that have the outcome, and how many have not, and why."""
    rows = joined.frame[["area_code", "year"]].assign(**{series.column: series.values(joined.frame)})
    years = sorted(rows.loc[rows[series.column].notna(), "year"].unique())
    known = rows[rows[series.column].notna() & ~rows.duplicated(["area_code", "year"], keep=False)]
    gaps = _gaps(joined.frame, rows, series, years)
    steps = {year: place + 1 for place, year in enumerate(years)}
    first = int(years[0]) if years else 0
    at_time = known_by_year(joined.frame)
    scores = at_time.groupby("area_code")["score_first"].first()
    before = values_before(joined.frame, series.known_until or first, first, series.column, rows, scores)
    frame = known.merge(areas.drop(columns="dwellings_count"), on="area_code").merge(before, on="area_code", how="left")
    frame = frame.merge(at_time, on=["area_code", "year"], how="left")
    frame = frame[frame["status"] != "below_dose"]
    frame["step"] = frame["year"].map(steps).astype("int64")
    later = np.searchsorted(years, frame["cohort_year"].fillna(np.inf).to_numpy(), side="left") + 1.0
    frame["cohort_step"] = np.where(frame["cohort_year"].notna(), later, np.nan)
    columns = [series.column, *FRAME_COLUMNS]
    ordered = frame.reindex(columns=["area_code", "year", *(c for c in columns if c not in ("area_code", "year"))])
    return ordered.sort_values(["area_code", "year"], ignore_index=True), gaps


def _gaps(frame: pd.DataFrame, rows: pd.DataFrame, series: OutcomeSeries, years: list[int]) -> list[dict[str, object]]:
    """Count the rows without outcome in the years in which it is published, by the reason that the panel gives."""
    inside = rows["year"].isin(years) & rows[series.column].isna()
    reasons = frame.loc[inside, f"{series.concepts[0]}_missing"].fillna("not there to be logged or added up")
    found: list[dict[str, object]] = [
        {"what": f"rows without {series.label}", "reason": str(reason), "count": int(count)}
        for reason, count in reasons.value_counts().items()
    ]
    outside = set(frame.loc[frame[list(series.concepts)].notna().all(axis=1), "year"]) - set(years)
    if outside and series.reason:
        listed = ", ".join(map(str, sorted(int(year) for year in outside)))
        found.append({"what": f"years not used ({listed})", "reason": series.reason, "count": len(outside)})
    return found


def _below(areas: pd.DataFrame, least: float) -> list[dict[str, object]]:
    """Count the areas treated below the least dose."""
    count = int((areas["status"] == "below_dose").sum())
    reason = f"less than {least:.0%} of the dwellings demolished: neither treated nor fit for comparison"
    return [{"what": "areas", "reason": reason, "count": count}] if count else []


def _unknown(areas: pd.DataFrame) -> list[dict[str, object]]:
    """Count the treated areas of unknown dose, and the areas whose place is not known."""
    undosed = (areas["status"] == "treated") & areas["dwellings_count"].isna()
    nowhere = areas["x_m"].isna()
    rows = {
        "no source says how many dwellings they have: treated, whatever share was demolished": int(undosed.sum()),
        "no boundaries say where they lie: never left out as near a treated one, and in no ring": int(nowhere.sum()),
    }
    return [{"what": "areas kept", "reason": reason, "count": count} for reason, count in rows.items() if count]


def _why_not(frame: pd.DataFrame, series: OutcomeSeries, level: str, *, placeable: bool) -> tuple[str, tuple[str, ...]]:
    """Return what is missing for an estimate, and the kinds of data that hold it; nothing where nothing is."""
    if frame.empty:
        return f"the {series.label} of {level}en in any year", series.kinds
    if placeable and not (frame["status"] == "treated").any():
        return f"a project that lies in a {level} of the panel that has the {series.label}", ("register",)
    return _NOTHING


def _known(frame: pd.DataFrame, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that at least nine rows in ten have, and that are not the same for all."""
    if frame.empty:
        return ()
    return tuple(name for name in wanted if frame[name].notna().mean() >= _ENOUGH and frame[name].std() > 0)
