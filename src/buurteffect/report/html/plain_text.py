"""Markdown as plain text, paragraph by paragraph, without formulas."""

from __future__ import annotations

from html.parser import HTMLParser

from buurteffect.report.html.markdown import to_html

_BLOCKS = ("p", "li", "h1", "h2", "h3", "h4", "td", "th", "tr", "blockquote", "pre", "div", "figcaption", "summary")


class _TextReader(HTMLParser):
    """Collects the text of HTML, one line per block element, without formulas."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = [""]
        self._in_formula = False

    def handle_starttag(self, tag: str, _: object) -> None:
        """Begin a line at the start of a block."""
        self._in_formula |= tag == "math"
        if tag in _BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        """Begin a line at the end of a block."""
        self._in_formula &= tag != "math"
        if tag in _BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        """Add text to the line."""
        if not self._in_formula:
            self.lines[-1] += data


def paragraphs_of(markdown: str) -> list[str]:
    r"""Return the paragraphs of a markdown cell as plain text.

    Examples
    --------
    >>> paragraphs_of("One *and* $x_2$.\n\n- Two")
    ['One and .', 'Two']
    """
    reader = _TextReader()
    reader.feed(to_html(markdown)[0])
    return [line.strip() for line in reader.lines if line.strip()]
