"""A checkout whose notebooks write down what they read, to be compared with what the build says of them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from builds import READY, make
from checkouts import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from spying import SPY, TELL

SOURCE = 'source: str = "synthetic"  # [synthetic | open | microdata] where the data come from'
TABLE = 'page.table("t", pd.DataFrame({"x": [float(len(str(shown)))]}), [Column("x", "X", ".2f")], "One number.")'
SCORES = f"""{SOURCE}
level: str = "wijk"  # [wijk | pc4] kind of area
draws: int = 99  # [99 .. 999 draws] resamples
seed: int = 1  # [0 .. 99 seed] of the resamples"""
RAW = """\
import os
from pathlib import Path

def words():
    from buurteffect.schema import CONCEPTS
    return len(CONCEPTS)

raw = Path("data/raw")
shown = [words(), pd.read_csv(raw / "extra.csv")["x"].sum(), sorted(p.name for p in (raw / "many").glob("*"))]
shown += [(raw / "flag.txt").exists(), (raw / "stands.txt").is_file(), os.path.getsize(raw / "sized.bin")]"""
FIGURE = """\
figure, axes = report.figure()
axes.plot([1, 2, 3], [2, 1, 3])
page.figure("f", figure, pd.DataFrame({"x": [1.0]}), "A line.", "A line that falls and rises, of three points.")"""
MEAN = """\
from buurteffect import panel
from buurteffect.estimate import inference, measurement, scores
data = panel.read(source, level)
bootstrap = inference.Bootstrap(draws, seed, 0.9)
shown = scores.mean_by_wave(measurement.waves_from_panel(data.frame), bootstrap=bootstrap).frame.round(6).to_csv()
page.sentences("s", [f"The mean is {shown[:200]!r}."], {})"""
NOTEBOOKS = {
    "words": (SOURCE, ["shown = 1", TABLE, FIGURE]),
    "raw": (SOURCE, [RAW, TABLE]),
    "scores": (SCORES, [MEAN, TABLE]),
    "claims": (SOURCE, ["from buurteffect import claims\nshown = len(dir(claims))", TABLE]),
    "n05_restructuring_did": (None, ["shown = 1", TABLE]),
}
RUNS = {
    "words": "notebook: words\n",
    "raw": "notebook: raw\n",
    "scores": "notebook: scores\n",
    "towns": "notebook: scores\nparameters:\n  level: pc4\n",
    "claims": "notebook: claims\n",
    "headline": "notebook: n05_restructuring_did\n",
}
DONE, PAGES = "data/processed/synthetic", "reports/synthetic"


def write_notebook(checkout: Path, name: str, *, prose: str = "Some prose.", extra: str = "") -> None:
    parameters, cells = NOTEBOOKS[name]
    if parameters is None:  # those of the real one
        real = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
        parameters = next(c.source for c in real.cells if "parameters" in c.metadata.get("tags", []))
    declared = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    begin = "import pandas as pd\nfrom buurteffect import report\nfrom buurteffect.report import Column\n\n"
    code = [SPY, f'{begin}page = report.open_page("{name}", source)', *cells, *([extra] if extra else [])]
    notebook = new_notebook(
        cells=[
            new_markdown_cell(f"# {name}\n\n**Question.** {prose}"), declared, *map(new_code_cell, code),
            new_code_cell("page.finish()"), new_code_cell(TELL),
        ]
    )  # fmt: skip
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    nbformat.write(notebook, checkout / "notebooks" / f"{name}.ipynb")


def lay_out(folder: Path, runs: dict[str, str]) -> Path:
    """Make a folder a checkout with a copy of the package, whose modules can be changed."""
    if not READY.is_file():
        pytest.skip("the environment was not made by make setup")
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy2(ROOT / name, folder)
    shutil.copytree(ROOT / "src", folder / "src")
    for name in ("tests", "data/raw/many", "notebooks/runs"):
        (folder / name).mkdir(parents=True)
    shutil.copy2(ROOT / "data" / "raw" / "sources.toml", folder / "data" / "raw")
    for name, text in {"extra.csv": "x\n1\n2\n", "stands.txt": "x", "sized.bin": "xxx", "many/a.txt": ""}.items():
        (folder / "data" / "raw" / name).write_text(text, encoding="utf-8")
    for name in {re.search(r"notebook: (\w+)", text)[1] for text in runs.values()}:
        write_notebook(folder, name)
    for name, text in runs.items():
        (folder / "notebooks" / "runs" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def build(checkout: Path, *arguments: str) -> str:
    code, said = make(checkout, *(arguments or ("reports", "-j2")), PYTHONPATH=str(checkout / "src"))
    assert code == 0, said
    return said
