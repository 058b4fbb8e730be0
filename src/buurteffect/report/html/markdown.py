"""Markdown to HTML with formulas as MathML, which browsers draw by themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from buurteffect.errors import ProjectError
from buurteffect.report.html.sanitise import sanitise

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
        """Return an inline formula."""
        return formula(body, "inline")

    def block_math(self, body: str) -> str:
        """Return a displayed formula."""
        return formula(body.strip(), "block")

    def latex_environment(self, name: str, body: str) -> str:
        """Return the formula of a LaTeX environment."""
        return formula(body if name.startswith("equation") else rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    def heading(self, text: str, level: int, **_: object) -> str:
        """Return a heading with its anchor, and add it to the contents."""
        plain = unescape(_TAG.sub("", text))
        anchor = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
        if level == 2:
            self.headings.append(Heading(plain, anchor))
        return f'<h{level} id="{anchor}">{text}</h{level}>\n' if level > 1 else f"<h1>{text}</h1>\n"


def formula(latex: str, display: str) -> str:
    r"""Return LaTeX, without dollar signs, as MathML for HTML, ``inline`` or as a ``block``.

    Raises
    ------
    ProjectError
        If it cannot be read.

    Examples
    --------
    >>> formula(r"a < \text{<b>}", "inline")
    '<math><mrow><mi>a</mi><mo>&lt;</mo><mtext>&lt;b&gt;</mtext></mrow></math>'
    """
    try:
        drawn = convert_to_element(latex, display=display)
    except Exception as error:  # the converter's errors share no base, and broken formulas end in others too
        raise ProjectError(f"the formula ${latex}$ cannot be read ({type(error).__name__}): mend its LaTeX") from error
    del drawn.attrib["xmlns"]
    if display == "inline":
        del drawn.attrib["display"]
    else:
        drawn.attrib["tabindex"] = "0"  # it scrolls where it is wider than a phone
    for part in drawn.iter():
        # The converter writes signs as entities, to be taken out of the finished text, where that would also make
        # markup of words. Here each sign is put in place before the text is escaped.
        part.text = unescape(part.text) if part.text else part.text
    return ElementTree.tostring(drawn, encoding="unicode")


def to_html(markdown: str) -> tuple[str, list[Heading]]:
    r"""Return a markdown cell as HTML, and its second-level headings.

    Raw HTML in the text is shown as text, and the HTML is sanitised: a link leads nowhere but to
    the web, to mail or into the reports, and a picture that lies elsewhere is named by its alternative text.

    Raises
    ------
    ProjectError
        If a formula cannot be read.

    Examples
    --------
    >>> to_html("a <b>c</b>")[0]
    '<p>a &lt;b&gt;c&lt;/b&gt;</p>\n'
    """
    renderer = _Renderer()
    return sanitise(MarkdownWithMath(renderer=renderer).render(markdown)), renderer.headings


def number_references(html: str, names: Mapping[str, str]) -> str:
    """Replace the links ``[Table](#key)`` and ``[Figure](#key)`` by their numbers.

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
