"""Prose as plain text, paragraph by paragraph, without its formulas."""

from __future__ import annotations

from html.parser import HTMLParser

from buurteffect.report.html.markdown import to_html

_BLOCKS = ("p", "li", "h1", "h2", "h3", "h4", "td", "th", "tr", "blockquote", "pre", "div", "figcaption", "summary")


class TextReader(HTMLParser):
    """Collects the text of markup, a line per block; what stands in `left_out` is passed over.

    Attributes
    ----------
    lines : list of str
        The text so far.
    """

    def __init__(self, left_out: tuple[str, ...] = ("math",)) -> None:
        super().__init__()
        self.lines = [""]
        self._left_out = left_out
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, _: object) -> None:
        """Begin a line with a block."""
        if tag in self._left_out:
            self._inside.append(tag)
        elif tag in _BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        """End a line with a block."""
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()
        elif tag in _BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        """Take text."""
        if not self._inside:
            self.lines[-1] += data


def text_of(markdown: str) -> list[str]:
    r"""Return the paragraphs of a cell of prose as text.

    Examples
    --------
    >>> text_of("One *and* $x_2$.\n\n- Two")
    ['One and .', 'Two']
    """
    reader = TextReader()
    reader.feed(to_html(markdown)[0])
    return [line.strip() for line in reader.lines if line.strip()]
