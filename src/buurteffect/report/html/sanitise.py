"""HTML through a sieve: tables, formulas, lists and emphasis pass; whatever could run or fetch something does not.

The text is taken apart and put together anew from names that are listed here, so that nothing passes because it was
not thought of. What is not a listed tag is left out and its text kept, but for the text of scripts and styles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser

_NAMES = {
    "text": "a abbr blockquote br caption cite code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr img ins kbd li ol p "
    "pre q s samp small strong sub sup table tbody td tfoot th thead tr u ul var",
    "formula": "math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms "
    "mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none",
    "of formulas": "accent accentunder columnalign columnlines columnspacing depth displaystyle fence form "
    "height largeop linethickness lspace mathcolor mathvariant maxsize minsize movablelimits notation rowlines "
    "rowspacing rspace scriptlevel separator stretchy symmetric voffset width",
}
"""Tags and, of formulas, attributes that pass."""
_TAGS, _FORMULA_TAGS, _FORMULA_ATTRIBUTES = (frozenset(names.split()) for names in _NAMES.values())
_MEANT = {"b": "strong", "i": "em"}
"""Tags of looks, and what is meant by them."""
_VOID = frozenset({"br", "hr", "img"})
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "math": {"display", "tabindex"},
    **{f"h{level}": {"id"} for level in range(1, 7)},
}
_SCROLLS = {"pre": ' tabindex="0"'}
"""Given to what scrolls where it is too wide, so that keys reach it."""
_UNREADABLE = frozenset({"script", "style"})
_ENDED_BY = {
    "li": {"li"},
    "p": {"p"},
    "td": {"td", "th"},
    "th": {"td", "th"},
    "tr": {"td", "th", "tr"},
    "tbody": {"td", "th", "tr", "thead", "tbody"},
}
"""Open tags that a tag ends, where their own end was left out."""
_VALUE = re.compile(r"[\w.%#+ -]*")
_ADDRESS = re.compile(r"https?:|mailto:|(?![a-z][a-z0-9+.-]*:)(?![\\/]{2})", re.IGNORECASE)
_IGNORED = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_PICTURE = re.compile(r"data:image/(?:png|svg\+xml|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def sieved(html: str) -> str:
    """Return HTML of which nothing is left that could run, fetch or lay out something.

    Parameters
    ----------
    html : str
        Markup from anywhere.

    Returns
    -------
    str
        Balanced markup of listed tags and attributes. Links lead to the web, to mail or into the reports; pictures are
        kept only where they are in the text itself, of others their alternative text.

    Examples
    --------
    >>> sieved("<table onclick=x><tr><td>1<script>x</script></table><img src=//x alt=map>")
    '<table><tr><td>1</td></tr></table>map'
    """
    sieve = _Sieve()
    sieve.feed(html)
    sieve.close()
    return sieve.taken()


class _Sieve(HTMLParser):
    """Puts together anew what may pass."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[str] = []
        self._unreadable = False

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Let a listed tag pass with its listed attributes."""
        tag = _MEANT.get(tag, tag)
        self._unreadable = tag in _UNREADABLE
        given = {name: value or "" for name, value in attrs}
        if tag == "img" and not _PICTURE.fullmatch(given.get("src", "")):
            self.handle_data(given.get("alt", ""))
        elif tag in _TAGS or tag in _FORMULA_TAGS:
            while self._open and self._open[-1] in _ENDED_BY.get(tag, ()):
                self._end()
            kept = "".join(f' {name}="{escape(value)}"' for name, value in given.items() if _passes(tag, name, value))
            self._out.append(f"<{tag}{kept}{_SCROLLS.get(tag, '')}>")
            if tag not in _VOID:
                self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """End a tag that is open, and those within it."""
        self._unreadable, tag = False, _MEANT.get(tag, tag)
        if tag in self._open:
            while self._open[-1] != tag:
                self._end()
            self._end()

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Take ``<mspace/>`` for a tag that ends at once."""
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        """Keep text as text."""
        if not self._unreadable:
            self._out.append(escape(_CONTROL.sub("", data), quote=False))

    def taken(self) -> str:
        """Return what passed, all tags ended."""
        while self._open:
            self._end()
        return "".join(self._out)

    def _end(self) -> None:
        """End the innermost open tag."""
        self._out.append(f"</{self._open.pop()}>")


def _passes(tag: str, name: str, value: str) -> bool:
    """Whether an attribute is listed and its value is what it should be."""
    if name == "href" and tag == "a":
        return bool(_ADDRESS.match(_IGNORED.sub("", value)))
    if tag == "img":
        return name in _ATTRIBUTES["img"]
    listed = _ATTRIBUTES.get(tag, _FORMULA_ATTRIBUTES if tag in _FORMULA_TAGS else ())
    return name in listed and _VALUE.fullmatch(value) is not None
