"""Markdown to HTML with formulas as MathML, which browsers draw by themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from buurteffect.errors import ProjectError

_TAG = re.compile(r"<[^>]+>")
_REFERENCE = re.compile(r'<a href="#([\w-]+)">(?:Table|Figure)</a>')


@dataclass(frozen=True)
class Heading:
    """A heading of the page's contents: its text and the anchor it carries."""

    text: str
    anchor: str


class _Renderer(IPythonRenderer):
    """nbconvert's renderer with MathML, plain anchors, and raw HTML shown as text."""

    def __init__(self) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
        self.headings: list[Heading] = []

    def inline_math(self, body: str) -> str:
        """Draw a formula in the line."""
        return _formula(body, "inline")

    def block_math(self, body: str) -> str:
        """Draw a formula on its own line."""
        return _formula(body.strip(), "block")

    def heading(self, text: str, level: int, **_: object) -> str:
        """Give a heading its anchor and note it for the contents."""
        plain = _TAG.sub("", text)
        anchor = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
        if level == 2:
            self.headings.append(Heading(plain, anchor))
        return f'<h{level} id="{anchor}">{text}</h{level}>\n'


def _formula(latex: str, display: str) -> str:
    """Return MathML; HTML needs no namespace address."""
    return str(convert(latex, display=display)).replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")


def to_html(markdown: str) -> tuple[str, list[Heading]]:
    r"""Return a markdown cell as HTML, and its second-level headings.

    Raw HTML in the text is shown as text.

    Examples
    --------
    >>> to_html("a <b>c</b>")[0]
    '<p>a &lt;b&gt;c&lt;/b&gt;</p>\n'
    """
    renderer = _Renderer()
    return MarkdownWithMath(renderer=renderer).render(markdown), renderer.headings


def number_references(html: str, names: Mapping[str, str]) -> str:
    """Replace ``[Table](#key)`` and ``[Figure](#key)`` by their numbers.

    Raises
    ------
    ProjectError
        If the page shows no such table or figure.
    """

    def numbered(match: re.Match[str]) -> str:
        if match[1] not in names:
            raise ProjectError(f"the text refers to #{match[1]}, but the page shows {', '.join(names) or 'nothing'}")
        return f'<a href="#{match[1]}">{names[match[1]]}</a>'

    return _REFERENCE.sub(numbered, html)
