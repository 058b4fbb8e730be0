"""Smaller pages: one class per table aligns its columns, sentences are printed once, optional tags and quotes go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_OPTIONAL = re.compile(r"</(?:td|th|tr|thead|tbody|li)>\s*")
_PARAGRAPH_END = re.compile(
    r"</p>\s*(?=</?(?:p|h[1-6]|ul|ol|nav|pre|div|table|figure|figcaption|details|section|aside|header|main|footer)\b)"
)
_QUOTED = re.compile(r"(<(?:a|th|div|p|h2|h3|nav|details|table|figure|figcaption|section|aside|span|header)\b[^>]*>)")
_PLAIN_VALUE = re.compile(r'="([\w#./-]+)"')
_PICTURE = re.compile(r'src="data:[^"]*"')
_HEADING_ID = re.compile(r"<h[23] id=([\w-]+)>")
_ANCHORED = re.compile(r"(<(?:h[23]|a)\b[^>]*?(?:\bid=|href=#))([\w-]+)(?=[ >])")
_ANCHOR_LENGTH = 12
_LONG_ENOUGH = 50
"""Fewest characters of a sentence on how a table was made that is printed only once."""


def aligned(columns: Sequence[Mapping[str, Any]]) -> str:
    """Return the classes of a table that align its columns of numbers to the right.

    ``n2`` stands for the second column, ``f3`` for the third and all behind it.

    Examples
    --------
    >>> aligned([{"number": False}, {"number": True}, {"number": False}, {"number": True}, {"number": True}])
    'n2 f4'
    """
    numbers = [bool(column["number"]) for column in columns]
    first = len(numbers)
    while first and numbers[first - 1]:
        first -= 1
    classes = [f"n{place}" for place in range(1, first + 1) if numbers[place - 1]]
    return " ".join([*classes, *([f"f{first + 1}"] if first < len(numbers) else [])])


def alignment_rules(classes: Iterable[str]) -> str:
    """Return the CSS rule of classes that `aligned` has returned.

    Examples
    --------
    >>> alignment_rules(["n2 f4", "f4"])
    '.f4 tr>:nth-child(n+4),.n2 tr>:nth-child(2){text-align:right}'
    """
    used = sorted({name for text in classes for name in text.split()})
    rules = [f".{name} tr>:nth-child({'n+' if name[0] == 'f' else ''}{name[1:]})" for name in used]
    return ",".join(rules) + "{text-align:right}" if rules else ""


def print_methods_once(blocks: Iterable[dict[str, Any]], names: Mapping[str, str]) -> None:
    """Take from each block the sentences on its method that a block above it prints, and name that block.

    `blocks` are tables and figures in their order, with ``key`` and ``reading``, the sentences on method and errors;
    each gets ``told``: keys and `names` of the blocks that print the sentences taken from it.
    """
    first: dict[str, str] = {}
    for block in blocks:
        seen = {text: first[text] for text in block["reading"] if text in first}
        block["reading"] = [text for text in block["reading"] if text not in seen]
        block["told"] = [(key, names[key]) for key in dict.fromkeys(seen.values())]
        first |= {text: block["key"] for text in block["reading"] if len(text) >= _LONG_ENOUGH}


def minified(html: str) -> str:
    """Return a page without the end tags and quotes that HTML makes optional.

    In its text and attributes ``<`` must be escaped, so that only markup is matched.

    Examples
    --------
    >>> minified('<tr><th scope="col">A</th><td class="x y">1</td></tr>')
    '<tr><th scope=col>A<td class="x y">1'
    """
    short = _PARAGRAPH_END.sub("", _OPTIONAL.sub("", html))
    return _QUOTED.sub(lambda tag: _PLAIN_VALUE.sub(r"=\1", tag[1]), short)


def short_anchors(html: str) -> str:
    """Return a minified page whose headings' anchors are cut to the fewest first words that are unique.

    Examples
    --------
    >>> short_anchors("<a href=#paths-before-and-after>x</a><h2 id=paths-before-and-after>x</h2>")
    '<a href=#paths-before>x</a><h2 id=paths-before>x</h2>'
    """
    taken = set(re.findall(r"\bid=([\w.-]+)", html))
    short: dict[str, str] = {}
    for anchor in _HEADING_ID.findall(html):
        words = anchor.split("-")
        ways = ("-".join(words[:count]) for count in range(1, len(words)))
        new = next((way for way in ways if len(way) >= _ANCHOR_LENGTH and way not in taken), anchor)
        short[anchor] = new
        taken.add(new)
    return _ANCHORED.sub(lambda found: found[1] + short.get(found[2], found[2]), html)


def weight(html: str) -> int:
    """Return how many bytes a page takes beyond its figures.

    Examples
    --------
    >>> weight('<p>one</p><img src="data:image/svg+xml;base64,AAAA">')
    16
    """
    return len(_PICTURE.sub("", html).encode("utf-8"))
