"""The page of a run that lacks its data: what was asked, what is missing, where to get it, and what to run then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from buurteffect.report.html.minify import lightened


def needs_html(title: str, results: Mapping[str, Any], source_words: str, css: Markup) -> str:
    """Return the page of a run whose results say what it needs.

    Parameters
    ----------
    title : str
        Title of the page.
    results : mapping
        The run's results, with ``needs``.
    source_words : str
        Where the data come from, in words.
    css : Markup
        The style of pages.
    """
    environment = Environment(loader=PackageLoader("buurteffect.report"), autoescape=True, undefined=StrictUndefined)
    page = {
        "title": title,
        "needs": results["needs"],
        "run": results["run"],
        "notebook": results["notebook"],
        "synthetic": results["source"] == "synthetic",
        "source_words": source_words,
        "css": css,
    }
    return lightened(environment.get_template("needs.html.j2").render(page=page)) + "\n"
