"""HTML without what could run, fetch or lay out something: tables, formulas, lists and emphasis stay."""

from __future__ import annotations

import html as entities
import re

import nh3

_TEXT = (
    "a abbr blockquote br caption cite code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr img ins kbd li ol p pre q s "
    "samp small strong sub sup table tbody td tfoot th thead tr u ul var"
)
_FORMULA = (
    "menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle "
    "msub msubsup msup mtable mtd mtext mtr munder munderover none"
)
_FORMULA_ATTRIBUTES = (
    "accent accentunder columnalign columnlines columnspacing depth displaystyle fence form height largeop "
    "linethickness lspace mathcolor mathvariant maxsize minsize movablelimits notation rowlines rowspacing rspace "
    "scriptlevel separator stretchy symmetric voffset width"
)
_VALUE = re.compile(r"[\w.%#+ -]*")
_ADDRESS = re.compile(r"https?:|mailto:|(?![a-z][a-z0-9+.-]*:)(?![\\/]{2})", re.IGNORECASE)
_IGNORED = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_WITHOUT_SOURCE = re.compile(r'<img(?: alt="([^"]*)")?>')
_PICTURE = re.compile(r"data:image/(?:png|svg\+xml|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")


def _kept(_tag: str, name: str, value: str) -> str | None:
    """Return an attribute's value, or none where it is not what it should be."""
    if name == "href":
        kept = bool(_ADDRESS.match(_IGNORED.sub("", value)))
    elif name == "src":
        kept = _PICTURE.fullmatch(value) is not None
    else:
        kept = name == "alt" or _VALUE.fullmatch(value) is not None
    return value if kept else None


_CLEANER = nh3.Cleaner(
    tags={"math", *_TEXT.split(), *_FORMULA.split()},
    attributes={
        "a": {"href"},
        "img": {"src", "alt"},
        "ol": {"start"},
        "td": {"colspan", "rowspan"},
        "th": {"colspan", "rowspan", "scope"},
        "math": {"display", "tabindex"},
        **{f"h{level}": {"id"} for level in range(1, 7)},
        **{tag: set(_FORMULA_ATTRIBUTES.split()) for tag in _FORMULA.split()},
    },
    attribute_filter=_kept,
    set_tag_attribute_values={"pre": {"tabindex": "0"}},  # what scrolls must be reached by keys
    url_schemes={"http", "https", "mailto", "data"},
    link_rel=None,
)


def sanitise(html: str) -> str:
    """Return balanced HTML of which nothing is left that could run, fetch or lay out something.

    Links lead to the web, to mail or into the reports; pictures are kept only where they are in the text itself, of
    others their alternative text.

    Examples
    --------
    >>> sanitise("<table onclick=x><tr><td>1<script>x</script></table><img src=//x alt=map>")
    '<table><tbody><tr><td>1</td></tr></tbody></table>map'
    """
    return _WITHOUT_SOURCE.sub(
        lambda found: entities.escape(entities.unescape(found[1] or ""), quote=False), _CLEANER.clean(html)
    )
