"""The code of a run on a page of its own, beside a page that it would make heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import nbformat

from buurteffect.report.html.template import filled


def code_page_html(results: Mapping[str, Any], cells: Sequence[nbformat.NotebookNode]) -> str:
    """Return the page that lists the code of a run, cell by cell, and its input files with their full checksums."""
    page = {
        "run": results["run"]["name"],
        "notebook": results["notebook"],
        "synthetic": results["source"] == "synthetic",
        "inputs": results["inputs"],
        "versions": results["run"]["versions"],
        "cells": [{"count": cell.execution_count, "source": cell.source} for cell in cells],
    }
    return filled("code.html.j2", page)
