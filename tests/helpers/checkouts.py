"""Checkouts: the root of this one, and small notebooks for others."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[2]
OPEN_DATA = ROOT.parent / "shared" / "data" / "open"
"""Real files that are not part of the project, where they are there."""
PARAMETERS = 'source: str = "synthetic"  # [synthetic | open | microdata] where the data come from'
BEGIN = """\
import pandas as pd
from buurteffect import report
from buurteffect.report import Column

page = report.open_page("tiny", source)"""


def write_notebook(file: Path, cells: list[str], parameters: str = PARAMETERS, front: str = "# Tiny") -> None:
    """Write a small notebook: a title, the parameters, a beginning, some cells and the end."""
    declared = new_code_cell(parameters)
    declared.metadata["tags"] = ["parameters"]
    body = [new_markdown_cell(c[3:]) if c.startswith("md:") else new_code_cell(c) for c in cells]
    notebook = new_notebook(cells=[new_markdown_cell(front), declared, new_code_cell(BEGIN), *body])
    nbformat.write(notebook, file)
