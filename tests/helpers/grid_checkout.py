"""A checkout with a grid of small runs: one notebook like the real ones, many values of two parameters."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import nbformat
from checkouts import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NOTEBOOK = "grid"
LINKED = ("Makefile", "requirements.lock", "pyproject.toml", "src")

KERNEL = {"display_name": "Python (buurteffect)", "language": "python", "name": "buurteffect"}

TITLE = """\
# A line through the scores

**Question.** How do the scores move over the waves, and with the place that an area had at first?"""

PARAMETERS = """\
source: str = "synthetic"  # [synthetic | open] where the data come from
level: str = "wijk"  # [buurt | wijk | pc4] kind of area
tail: float = 0.1  # [0.01 .. 0.5 share] of the areas that counts as the bottom of the list
knot: int = 2012  # [2008 .. 2022 year] wave in which the line may bend"""

CELLS = (
    """\
import statsmodels.formula.api as smf

from buurteffect import panel, report
from buurteffect.estimate import inference, measurement, scores
from buurteffect.report import Column

data = panel.read(source, level)
waves = measurement.waves_from_panel(data.frame)
page = report.open_page("grid", source, data.inputs)""",
    """\
rows = data.frame.dropna(subset=["liveability_score", "gemeente_code"])
first = rows[rows["year"] == rows["year"].min()].set_index("area_code")["liveability_score"]
rows = rows[rows["area_code"].isin(first.index)]
rows = rows.assign(
    low=rows["area_code"].map(first <= first.quantile(tail)).astype(float),
    since=(rows["year"] - knot).clip(lower=0) / 10,
    decade=(rows["year"] - rows["year"].min()) / 10,
    cluster=rows["gemeente_code"].astype("category").cat.codes,
)
fit = smf.ols("liveability_score ~ low * (decade + since)", rows).fit(
    cov_type="cluster", cov_kwds={"groups": rows["cluster"]}
)
table = fit.conf_int().set_axis(["ci_low", "ci_high"], axis=1)
table = table.assign(term=table.index, estimate=fit.params, p_value=fit.pvalues).reset_index(drop=True)
page.table(
    "line",
    table,
    [
        Column("term", "Term"),
        Column("estimate", "Points per decade", ".3f", "ci_low", "ci_high"),
        Column("p_value", "p", ".3f"),
    ],
    f"The line and its bend in {knot}, with errors that are clustered by gemeente.",
)""",
    """\
mean = scores.mean_by_wave(waves, bootstrap=inference.Bootstrap(99, 1, 0.95))
groups = {"all": "all areas", "four_largest": "four largest cities", "other": "other gemeenten"}
page.figure(
    "mean",
    report.lines(mean.frame, "year", "group", groups, ("Wave", "Mean score (LBM points)")),
    mean,
    "Mean score by wave, with intervals.",
    "Lines of the mean score over the waves for all areas, the four largest cities and the other gemeenten.",
)""",
    "page.finish()",
)

TAILS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
KNOTS = (2008, 2012, 2014, 2016, 2018)


def grid(count: int) -> dict[str, dict[str, float | int]]:
    """Return the parameters of as many runs, at most fifty, by name."""
    values = [{"tail": tail, "knot": knot} for tail, knot in itertools.product(TAILS, KNOTS)]
    return {f"g{number:02d}": given for number, given in enumerate(values[:count])}


def lay_out_grid(folder: Path, count: int) -> Path:
    """Make a folder a checkout with so many runs of the grid; code, Makefile and lock are those of this one."""
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    (folder / "tests").mkdir()
    (folder / "data" / "raw").mkdir(parents=True)
    shutil.copy2(ROOT / "data" / "raw" / "sources.toml", folder / "data" / "raw")
    (folder / "notebooks" / "runs").mkdir(parents=True)
    write_grid(folder / "notebooks", count)
    return folder


def write_grid(notebooks: Path, count: int) -> None:
    """Write the notebook and its runs."""
    declared = new_code_cell(PARAMETERS)
    declared.metadata["tags"] = ["parameters"]
    cells = [new_markdown_cell(TITLE), declared, *map(new_code_cell, CELLS)]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), notebooks / f"{NOTEBOOK}.ipynb")
    for name, given in grid(count).items():
        lines = [f"notebook: {NOTEBOOK}", "parameters:", *(f"  {key}: {value}" for key, value in given.items())]
        (notebooks / "runs" / f"{name}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
