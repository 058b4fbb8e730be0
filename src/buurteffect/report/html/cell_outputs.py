"""What a cell shows past `Page`: its tables, formulas and lists sanitised, the rest as plain text.

A picture is kept where it says in words what it shows, in the metadata of its output under ``alt``; without, the page
is refused, for a figure belongs to `Page.figure`, which asks for its words and its data.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import nbformat
from markupsafe import Markup

from buurteffect.errors import ProjectError
from buurteffect.report.html.markdown import formula, to_html
from buurteffect.report.html.sanitise import sanitise

WORDS_AT_LEAST = 40
"""Fewest characters of an alternative text."""
_PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
_ANCHOR = re.compile(r'(<h[1-6]) id="[^"]*"')
_EMPTY_HEAD = re.compile(r"<th[^>]*></th>")
_DOLLARS = re.compile(r"^\s*(\$\$?)(.*?)\1\s*$", re.DOTALL)


def shown_by(output: nbformat.NotebookNode, count: int | None) -> dict[str, Any] | None:
    """Return the block of a page that shows an output that is not of `Page`; None for one that shows nothing.

    A block has a ``kind`` and either ``text``, to be printed as text, or ``html``, which is sanitised.

    Raises
    ------
    ProjectError
        If a picture has no alternative text.
    """
    if output.output_type == "stream":
        return {"kind": "text", "text": output.text}
    if output.output_type == "error":
        return {"kind": "text", "text": f"{output.ename}: {output.evalue}"}
    data, metadata = output.get("data", {}), output.get("metadata", {})
    picture = next((kind for kind in _PICTURES if kind in data), None)
    html = ""
    if picture:
        html = _picture(picture, data[picture], metadata, count)
    elif "text/html" in data:
        html = _EMPTY_HEAD.sub("<td></td>", _ANCHOR.sub(r"\1", sanitise(data["text/html"])))
    elif "text/markdown" in data or "text/latex" in data:
        html = _written(data)
    if html.strip():
        return {"kind": "output", "html": Markup(html), "count": count}
    return {"kind": "text", "text": data["text/plain"]} if "text/plain" in data else None


def _written(data: Mapping[str, str]) -> str:
    """Return markdown or a formula as HTML; empty where its LaTeX cannot be read and the plain text is shown."""
    try:
        if "text/markdown" in data:
            return _ANCHOR.sub(r"\1", to_html(data["text/markdown"])[0])
        match = _DOLLARS.match(data["text/latex"])
        return sanitise(formula(match[2] if match else data["text/latex"], "block"))
    except ProjectError:
        return ""


def _picture(kind: str, content: str, metadata: Mapping[str, Any], count: int | None) -> str:
    """Return a picture as HTML with its alternative text."""
    words = str(metadata.get(kind, {}).get("alt", "") or metadata.get("alt", ""))
    if len(words) < WORDS_AT_LEAST:
        raise ProjectError(
            f"cell {count} shows a picture that has neither words nor data: show it with page.figure(key, picture, "
            "frame, caption, alt), or close it"
        )
    packed = base64.b64encode(content.encode()).decode("ascii") if kind == "image/svg+xml" else "".join(content.split())
    return str(Markup('<img src="data:{};base64,{}" alt="{}">').format(kind, packed, words))
