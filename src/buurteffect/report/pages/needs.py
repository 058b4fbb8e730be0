"""The page of a run that lacks its data: what was asked, what is missing, where to get it, and what to run then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buurteffect.report.html.minify import minified
from buurteffect.report.html.template import filled


def needs_html(title: str, results: Mapping[str, Any], source_words: str) -> str:
    """Return the page of a run whose results say under ``needs`` what it lacks."""
    page = {
        "title": title,
        "needs": results["needs"],
        "run": results["run"],
        "notebook": results["notebook"],
        "synthetic": results["source"] == "synthetic",
        "source_words": source_words,
    }
    return minified(filled("needs.html.j2", page))
