"""The kinds of figure that the reports use: lines with bands, points with intervals, and shaded tables."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from buurteffect.report.figures.style import PALETTE, figure
from buurteffect.report.tables.columns import print_value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TINT = "#b7cbd6"
_OVERLAP = 1.5  # rows that the highest of stacked densities takes
_LONGEST, _LINE = 60, 50
"""Characters of the longest name of a row that is written in one line, and of a line where one is longer."""


def lines(
    frame: pd.DataFrame,
    x: str,
    hue: str,
    labels: Mapping[str, str],
    axis: tuple[str, str],
    panel: str | None = None,
    panels: Mapping[str, str] | None = None,
    share_y: bool = True,
    low: str = "ci_low",
    high: str = "ci_high",
) -> Figure:
    """Draw estimates over `x` as lines with interval bands, one line per value of `hue`.

    Parameters
    ----------
    frame : DataFrame
        One row per point: `x`, `hue`, ``estimate`` and the interval's columns.
    x, hue : str
        Columns for the horizontal axis and for the lines.
    labels : mapping of str to str
        Values of `hue` that are drawn, in order, with their names in the legend.
    axis : tuple of str
        Labels of the horizontal and of the vertical axis.
    panel : str, optional
        Column that splits the figure into panels.
    panels : mapping of str to str, optional
        Values of `panel` that are drawn, in order, with their titles.
    share_y : bool
        Whether the panels share a vertical axis.
    low, high : str
        Columns of the interval; empty for none.
    """
    titles = dict(panels or {"": ""})
    drawn, grid = figure(columns=len(titles), sharey=share_y, squeeze=False)
    for axes, (value, title) in zip(grid[0], titles.items(), strict=True):
        part = frame if panel is None else frame[frame[panel] == value]
        for place, (name, label) in enumerate(labels.items()):
            line = part[part[hue] == name].sort_values(x)
            color = PALETTE[place % len(PALETTE)]
            axes.plot(line[x], line["estimate"], marker="o", markersize=4, color=color, label=label)
            if low:
                axes.fill_between(line[x], line[low], line[high], color=color, alpha=0.15, linewidth=0)
        axes.set_title(title)
        axes.set_xlabel(axis[0])
    grid[0][0].set_ylabel(axis[1])
    _year_ticks(grid[0], frame[x])
    if len(labels) > 1:
        drawn.legend(*grid[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=min(len(labels), 3))
    return drawn


def listed(estimate: Any, spec: str = ".3f") -> str:
    """Return the ``estimate`` at each ``event_time`` of an event study as text, for those who cannot see it."""
    points = estimate.frame.dropna(subset=["event_time", "estimate"]).sort_values("event_time")
    named = [
        f"{print_value(value, spec)} at {print_value(time, 'd')}"
        for time, value in zip(points["event_time"], points["estimate"], strict=True)
    ]
    return ", ".join(named)


def intervals(
    frame: pd.DataFrame,
    names: str,
    hue: str,
    labels: Mapping[str, str],
    axis: str,
    height: float = 3.6,
    mark: float | None = None,
) -> Figure:
    """Draw estimates with their intervals as points in rows, the rows in the order of the frame.

    Parameters
    ----------
    frame : DataFrame
        One row per point: `names`, `hue`, ``estimate, ci_low, ci_high``.
    names, hue : str
        Column with the name of the row, and column that sets points of a row apart.
    labels : mapping of str to str
        Values of `hue` that are drawn, in order, with their names in the legend.
    axis : str
        Label of the horizontal axis.
    height : float
        Height in inches.
    mark : float, optional
        Value at which a line is drawn, such as the share that intervals promise to hold.
    """
    drawn, axes = figure(height=height)
    if mark is not None:
        axes.axvline(mark, color="#4d4d4d", linewidth=1, linestyle=":")
    rows = list(dict.fromkeys(frame[names]))
    for place, (value, label) in enumerate(labels.items()):
        part = frame[frame[hue] == value]
        shift = 0.16 * (place - (len(labels) - 1) / 2)
        y = [rows.index(name) + shift for name in part[names]]
        spread = [part["estimate"] - part["ci_low"], part["ci_high"] - part["estimate"]]
        axes.errorbar(part["estimate"], y, xerr=spread, fmt="o", markersize=4, color=PALETTE[place], label=label)
    axes.set_yticks(range(len(rows)), _wrapped(rows), fontsize=7 if _long(rows) else None)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(axis)
    if len(labels) > 1:
        drawn.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=min(len(labels), 3))
    return drawn


def event_study(frame: pd.DataFrame, axis: tuple[str, str], base: int = -1, height: float = 3.8) -> Figure:
    """Draw an event study: effects by event time with pointwise intervals and, wider and thinner, the band of all.

    Parameters
    ----------
    frame : DataFrame
        One row per event time: ``event_time, estimate, ci_low, ci_high`` and, where there is a band,
        ``ci_low_simultaneous, ci_high_simultaneous``.
    axis : tuple of str
        Labels of the horizontal and of the vertical axis.
    base : int
        Event time that all others are compared with; drawn hollow, treatment begins to the right of it.
    height : float
        Height in inches.
    """
    from matplotlib.ticker import MaxNLocator

    drawn, axes = figure(height=height)
    rows = frame.sort_values("event_time")
    x, y = rows["event_time"].to_numpy(dtype=float), rows["estimate"].to_numpy(dtype=float)
    axes.axhline(0, color="#4d4d4d", linewidth=1)
    axes.axvline(base + 0.5, color="#4d4d4d", linewidth=1, linestyle=":")
    for low, high, width, label in (
        ("ci_low_simultaneous", "ci_high_simultaneous", 1.2, "interval for all points at once"),
        ("ci_low", "ci_high", 4.0, "interval for this point alone"),
    ):
        spread = [y - rows[low].to_numpy(dtype=float), rows[high].to_numpy(dtype=float) - y]
        axes.errorbar(x, y, yerr=spread, fmt="none", elinewidth=width, color=PALETTE[0], alpha=0.55, label=label)
    at = x == base
    axes.plot(x[~at], y[~at], "o", markersize=5, color=PALETTE[0])
    axes.plot(x[at], y[at], "o", markersize=6, markerfacecolor="white", markeredgecolor=PALETTE[0])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(axis[0])
    axes.set_ylabel(axis[1])
    drawn.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return drawn


def honest_bounds(frame: pd.DataFrame, axis: tuple[str, str], height: float = 3.8) -> Figure:
    """Draw intervals under bounds on violations of parallel trends, with no effect and the breakdown value marked.

    Parameters
    ----------
    frame : DataFrame
        Of `honest_did`: ``term, bound, estimate, ci_low, ci_high``, first the row of parallel trends, which is drawn
        hollow left of the others, last that of the breakdown value, a dotted line where the axis reaches it.
    axis : tuple of str
        Labels of the horizontal axis, the bound, and of the vertical one.
    height : float
        Height in inches.
    """
    drawn, axes = figure(height=height)
    rows, breakdown = frame.iloc[:-1], float(frame["estimate"].iloc[-1])
    last = float(rows["bound"].max()) if len(rows) > 1 else 1.0
    x, y = rows["bound"].fillna(-0.15 * last).to_numpy(dtype=float), rows["estimate"].to_numpy(dtype=float)
    spread = [y - rows["ci_low"].to_numpy(dtype=float), rows["ci_high"].to_numpy(dtype=float) - y]
    axes.axhline(0, color="#4d4d4d", linewidth=1)
    axes.errorbar(x, y, yerr=spread, fmt="none", elinewidth=3, color=PALETTE[0], alpha=0.55)
    axes.plot(x[1:], y[1:], "o", markersize=5, color=PALETTE[0])
    axes.plot(x[:1], y[:1], "o", markersize=6, markerfacecolor="white", markeredgecolor=PALETTE[0])
    if breakdown <= 1.05 * last:
        axes.axvline(breakdown, color=PALETTE[1], linestyle=":", label=f"breakdown value {breakdown:.2g}")
        drawn.legend(*axes.get_legend_handles_labels(), loc="outside lower center")
    axes.set_xticks(x, ["parallel\ntrends", *(f"{bound:g}" for bound in x[1:])])
    axes.set_xlabel(axis[0])
    axes.set_ylabel(axis[1])
    return drawn


def ridges(grid: pd.DataFrame, marks: pd.DataFrame, axis: str, names: tuple[str, str, str]) -> Figure:
    """Draw one density above the other, the first at the top, each with its middle and two outer marks.

    Parameters
    ----------
    grid : DataFrame
        One row per curve and point: ``year, score, density``.
    marks : DataFrame
        One row per curve: ``year`` and the three columns of `names`.
    axis : str
        Label of the horizontal axis.
    names : tuple of str
        Columns of the low, middle and high mark; the middle one is printed beside the curve.
    """
    years = list(marks["year"])
    drawn, axes = figure(height=1.0 + 0.36 * len(years))
    top = _OVERLAP / float(grid["density"].max())
    for place, (_, mark) in enumerate(marks.iterrows()):
        curve = grid[grid["year"] == mark["year"]]
        base, x, y = len(years) - 1 - place, curve["score"].to_numpy(), curve["density"].to_numpy() * top
        axes.fill_between(x, base, base + y, color=_TINT, alpha=0.9, linewidth=0, zorder=2 + 2 * place)
        axes.plot(x, base + y, color=PALETTE[0], linewidth=1, zorder=3 + 2 * place)
        for name, reach in zip(names, (0.24, 0.5, 0.24), strict=True):
            axes.plot([mark[name]] * 2, [base, base + reach], color="#1d1d1b", linewidth=1.2, zorder=3 * len(years))
        text = print_value(mark[names[1]], ".3f")
        axes.annotate(text, (1.01, base), xycoords=("axes fraction", "data"), va="center", annotation_clip=False)
    axes.annotate("median", (1.01, len(years) - 0.4), xycoords=("axes fraction", "data"), va="center")
    labels = [str(int(year)) for year in years]
    axes.set_yticks(range(len(years) - 1, -1, -1), labels, fontsize=10)
    axes.set_ylim(-0.08, len(years) - 1 + _OVERLAP * 1.05)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(axis)
    return drawn


def shaded_table(
    table: pd.DataFrame, axis: tuple[str, str], spec: str, center: float | None = None, height: float = 3.8
) -> Figure:
    """Draw a table as shaded cells with their values; a missing cell stays empty.

    A table of more than 250 cells gets a scale beside it in place of the values, which would be too small to read.

    Parameters
    ----------
    table : DataFrame
        Values; its index and columns name the rows and columns.
    axis : tuple of str
        Labels of the horizontal and of the vertical axis.
    spec : str
        Format of the values.
    center : float, optional
        Value that is drawn white; below it one hue, above it another.
    height : float
        Height in inches.
    """
    import seaborn as sns
    from matplotlib.ticker import PercentFormatter

    drawn, axes = figure(height=height)
    crowded = table.size > 250
    shown = table.map(lambda value: "" if pd.isna(value) else print_value(value, spec))
    sns.heatmap(
        table.astype(float).set_axis(_wrapped(table.index), axis=0),
        annot=None if crowded else shown,
        fmt="",
        ax=axes,
        center=center,
        cmap=sns.light_palette(PALETTE[0], as_cmap=True) if center is None else "RdBu_r",
        cbar=crowded,
        cbar_kws={"format": PercentFormatter(1) if spec.endswith("%") else None, "shrink": 0.4} if crowded else None,
        yticklabels=True,
        linewidths=0.4 if crowded else 1,
        rasterized=crowded,
        annot_kws={"size": 9},
    )
    axes.grid(visible=False)
    axes.set_xlabel(axis[0])
    axes.set_ylabel(axis[1])
    axes.tick_params(axis="y", rotation=0, labelsize=7 if _long(table.index) else 8 if crowded else None)
    if _long(table.index):
        axes.tick_params(axis="x", labelsize=8)
    return drawn


def _long(names: Sequence[Any]) -> bool:
    """Whether names of rows would take the room of what is drawn."""
    return any(len(str(name)) > _LONGEST for name in names)


def _wrapped(names: Sequence[Any]) -> list[str]:
    """Return the names of rows, in two lines or more where some would take the room of what is drawn."""
    if not _long(names):
        return [str(name) for name in names]
    return [textwrap.fill(str(name), _LINE) for name in names]


def _year_ticks(grid: Sequence[Any], values: pd.Series) -> None:
    """Put a tick at each value where there are few of them, else at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    ticks = sorted(values.unique())
    for axes in grid:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(ticks) <= 10:
        for axes in grid:
            axes.set_xticks(ticks, [str(tick) for tick in ticks], rotation=45 if len(grid) > 1 else 0)
