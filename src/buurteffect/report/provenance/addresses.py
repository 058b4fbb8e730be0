"""The address of every number of a page: which result it prints, made in which cell; or what else it is.

A number of a table, of a headline or of a sentence that was filled in by name is bound to its result when it is
printed, and never by looking for one that is alike. What text was made otherwise can only be compared by value, which
is said, with all results that it could be. What was typed is told apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import nbformat

from buurteffect.report.html.plain_text import text_of
from buurteffect.report.page import EXHIBIT
from buurteffect.report.provenance.lookup import Address, Finder, Kind, covers, holds, leaves
from buurteffect.report.provenance.origins import Code
from buurteffect.report.provenance.printed_numbers import numbers_in

_SOURCES = re.compile(r"^#+ (?:Sources|References|Literature)\s*$", re.MULTILINE)
_DOI = re.compile(r"\b10\.\d{4,9}/\S+[^\s.,;)\]]")
SHORT, TRUTH = "in-short", "beside-the-truth"
_PROSE, _OUTPUT = "text-", "output-"


@dataclass(frozen=True)
class Section:
    """A table, figure or text of a page with its numbers.

    Attributes
    ----------
    key, title : str
        Its address on the page, and what it is called.
    cell : int or None
        Which cell made it, by its execution count; none for what the build joined.
    line : str
        The line of the cell that shows it.
    numbers : tuple of Address
        Its numbers in their order.
    """

    key: str
    title: str
    cell: int | None
    line: str
    numbers: tuple[Address, ...]

    @property
    def shown(self) -> bool:
        """Whether something showed it; the rest is prose."""
        return not self.key.startswith(_PROSE)

    @property
    def on_page(self) -> bool:
        """Whether it has an address on the page."""
        return self.shown and self.key != SHORT and not self.key.startswith(_OUTPUT)


def sections_of(
    notebook: nbformat.NotebookNode, results: Mapping[str, Any], modules: Sequence[Code] = ()
) -> list[Section]:
    """Return the sections of a page with the addresses of their numbers.

    Parameters
    ----------
    notebook : NotebookNode
        The executed notebook.
    results : mapping
        The run's results.
    modules : sequence of Code
        Modules that the run read, whose sentences the page shows.
    """
    cells = [Code(f"cell {c.execution_count}", c.source) for c in notebook.cells if c.cell_type == "code"]
    finder = Finder(results, cells, modules)
    sections = [_headlines(finder)]
    counts: Counter[str] = Counter()
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            sections.append(Section(f"{_PROSE}{place}", f"Text {place}", None, "", tuple(_prose(cell.source))))
            continue
        output = tuple(_output(cell))
        sections.append(Section(f"{_OUTPUT}{place}", f"Output of cell {place}", cell.execution_count, "", output))
        shown = list(_exhibits(cell))
        verdicts = [exhibit["key"] for exhibit in shown if exhibit["kind"] == "verdict"]
        for exhibit in shown:
            key, kind = exhibit["key"], exhibit["kind"]
            counts[kind] += 1
            line = _line_of(cell.source, exhibit, verdicts.index(key) if kind == "verdict" else 0)
            numbers = tuple(_numbers_of(exhibit, finder))
            sections.append(Section(key, f"{kind.capitalize()} {counts[kind]}", cell.execution_count, line, numbers))
    joined = tuple(_joined(results, finder))
    sections.append(Section(TRUTH, "Beside the truth", None, "none: the build joined it to the results", joined))
    return [section for section in sections if section.numbers]


def _output(cell: nbformat.NotebookNode) -> Iterator[Address]:
    """Yield the numbers that a cell put out past the draft."""
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if EXHIBIT not in data:
            text = output.get("text", "") or data.get("text/plain", "")
            yield from (Address(number.text, "output", Kind.COMPUTED) for number in numbers_in(text))


def _exhibits(cell: nbformat.NotebookNode) -> Iterator[dict[str, Any]]:
    """Yield what a cell showed through the draft."""
    for output in cell.get("outputs", []):
        if EXHIBIT in output.get("data", {}):
            yield dict(output.data[EXHIBIT])


def _numbers_of(exhibit: Mapping[str, Any], finder: Finder) -> Iterator[Address]:
    """Yield the numbers of an exhibit."""
    if exhibit["kind"] in ("table", "figure"):
        yield from _around(exhibit, finder)
        if exhibit["kind"] == "table":
            yield from _cells(exhibit, finder)
    elif exhibit["kind"] == "verdict":
        yield from _verdict(exhibit, finder)
    else:
        numbers = f"sentences[{exhibit['key']!r}].numbers"
        kept = finder.results["sentences"][exhibit["key"]]["numbers"]
        yield from _sentences({**exhibit, "numbers": kept}, finder, "sentence", exhibit["sentences"], numbers)


def _around(exhibit: Mapping[str, Any], finder: Finder) -> Iterator[Address]:
    """Yield the numbers of the words around a table or figure."""
    key = f"results[{exhibit['key']!r}]"
    entry = finder.results["results"].get(exhibit["key"], {})
    near = dict(leaves(entry, key))
    texts = {f"{key}.{name}": entry[name] for name in ("method", "error_convention", "few_clusters") if name in entry}
    for place, left in enumerate(entry.get("dropped", [])):
        texts[f"{key}.dropped[{place}].count"] = f"{left['count']:,} {left['reason']}"
    labels = {name: text for name, text in leaves(entry, key, str) if any(sign.isdigit() for sign in text)}
    for part in ("caption", "alt", "note", "reading"):
        text = exhibit.get(part, "")
        text = " ".join(text) if isinstance(text, list) else text
        for number in numbers_in(text):
            recorded = texts if part in ("note", "reading") else {}
            held = [name for name, words in recorded.items() if holds(words, text, number)]
            held = held or [name for name, words in labels.items() if covers(words, text, number)]
            if held:
                yield Address(number.text, part, Kind.TEXT, tuple(held))
            else:
                yield finder.other(text, number, part, near)


def _cells(exhibit: Mapping[str, Any], finder: Finder) -> Iterator[Address]:
    """Yield the numbers of a table's heads and cells; a cell knows the row and the columns that it prints."""
    entry = finder.results["results"].get(exhibit["key"], {"rows": []})
    rows, key = entry["rows"], f"results[{exhibit['key']!r}].rows"
    heads = exhibit["columns"]
    for place, head in enumerate(heads, 1):
        for number in numbers_in(head["label"]):
            across = head.get("across")
            if across and number.text in str(rows[across[1]].get(across[0], "")):
                value = rows[across[1]][across[0]]
                yield finder.bound(number, f"heading {place}", f"{key}[{across[1]}].{across[0]}", value)
            else:
                yield finder.other(head["label"], number, f"heading {place}", {})
    places = exhibit.get("places") or [[line] * len(heads) for line in range(len(exhibit["rows"]))]
    for line, (row, at) in enumerate(zip(exhibit["rows"], places, strict=True), 1):
        for head, text, index in zip(heads, row, at, strict=True):
            yield from _cell(text, head, f"row {line}, {head['label']}", rows, index, key, finder)


def _cell(
    text: str, head: Mapping[str, Any], part: str, rows: Sequence[Any], index: int | None, key: str, finder: Finder
) -> Iterator[Address]:
    """Yield the numbers of one cell: the value, and the bounds in brackets behind it."""
    fields = head.get("fields")
    numbers = list(numbers_in(text))
    if not fields or index is None or index >= len(rows):
        yield from (Address(number.text, part, Kind.NONE) for number in numbers)
        return
    bracket = text.rfind(" [") if len(fields) == 3 else -1
    behind = [number for number in numbers if 0 <= bracket < number.start]
    for number in numbers:
        field = fields[1 + behind.index(number)] if number in behind else fields[0]
        value, at = rows[index].get(field), f"{key}[{index}].{field}"
        if text.startswith("<") and isinstance(value, (int, float)) and value < number.value:
            yield Address(number.text, part, Kind.RESULT, (at,), value, "printed as smaller than this")
        elif not head["number"] and head.get("words", {}).get(str(value)) == text:
            yield Address(number.text, part, Kind.RESULT, (at,), value, "printed in words")
        else:
            yield finder.bound(number, part, at, value)


def _sentences(
    exhibit: Mapping[str, Any], finder: Finder, word: str, sentences: Sequence[str], key: str, name: str = "said"
) -> Iterator[Address]:
    """Yield the numbers of sentences; one that was filled in knows its name."""
    said = exhibit.get(name) or [{} for _ in sentences]
    values = exhibit["numbers"]
    near = {f"{key}.{name}": value for name, value in values.items()}
    for place, (text, how) in enumerate(zip(sentences, said, strict=True), 1):
        part, spans = f"{word} {place}", how.get("spans", [])
        for number in numbers_in(text):
            inside = [name for start, end, name in spans if start <= number.start and number.end <= end]
            if inside and inside[0] in values:
                at = f"{key}.{inside[0]}"
                yield finder.bound(number, part, at, values[inside[0]], how.get("by", ""))
            else:
                found = finder.other(text, number, part, {} if spans else near, how.get("by", ""))
                nothing = found.kind is Kind.NONE
                yield finder.anywhere(text, number, part, how.get("by", "")) if nothing else found


def _verdict(exhibit: Mapping[str, Any], finder: Finder) -> Iterator[Address]:
    """Yield the numbers of a verdict."""
    key = f"verdicts[{exhibit['claim_id']!r}].numbers"
    kept = next(each for each in finder.results["verdicts"] if each["claim_id"] == exhibit["claim_id"])["numbers"]
    exhibit = {**exhibit, "numbers": kept}
    for part in ("outcome", "claim"):
        for number in numbers_in(exhibit[part]):
            if part == "claim":
                yield Address(number.text, part, Kind.TYPED, origin=f"the register of claims, {exhibit['claim_id']}")
            else:
                yield finder.other(exhibit[part], number, part, exhibit["numbers"])
    yield from _sentences(exhibit, finder, "sentence", exhibit["sentences"], key)
    yield from _sentences(exhibit, finder, "limit", exhibit["limits"], key, "limits_said")


def _headlines(finder: Finder) -> Section:
    """Return the headlines of a page, which its summary and the index show."""
    numbers: list[Address] = []
    for place, entry in enumerate(finder.results["headline"]):
        label, key = entry["label"], f"headline[{place}]"
        numbers += [finder.other(label, n, f"headline {place + 1}, label", {}) for n in numbers_in(label)]
        fields = [field for field in ("value", "ci_low", "ci_high") if entry[field] is not None]
        printed = zip(numbers_in(entry["text"]), fields, strict=False)
        numbers += [
            finder.bound(number, f"headline {place + 1}", f"{key}.{field}", entry[field]) for number, field in printed
        ]
    cells = [code.name for code in finder.cells if ".headline(" in code.source]
    return Section(SHORT, "Headlines", None, f"page.headline in {' or '.join(cells)}", tuple(numbers))


def _joined(results: Mapping[str, Any], finder: Finder) -> Iterator[Address]:
    """Yield the numbers of the tables that the build joins: estimates beside the truth, and the error taken apart."""
    for place, row in enumerate(results.get("truth") or []):
        for field in ("label", "unit", "estimate", "ci_low", "ci_high", "truth"):
            yield from _field(row[field], f"row {place + 1}, {field}", f"truth[{place}].{field}", finder)
    for place, row in enumerate(results.get("identity") or []):
        for field in ("part", "value"):
            yield from _field(row[field], f"part {place + 1}", f"identity[{place}].{field}", finder)


def _field(value: Any, part: str, key: str, finder: Finder) -> Iterator[Address]:
    """Yield the numbers of a value as the page's template prints it."""
    text = value if isinstance(value, str) else "–" if value is None else f"{value:.4g}".replace("-", "−")
    yield from (finder.bound(number, part, key, value) for number in numbers_in(text))


def _prose(source: str) -> Iterator[Address]:
    """Yield the numbers of a cell of prose: all of them were typed."""
    literature = bool(_SOURCES.search(source))
    for paragraph in text_of(source):
        found = _DOI.search(paragraph)
        for number in numbers_in(paragraph):
            if literature or found:
                origin = f"doi:{found[0]}" if found else paragraph[:60]
                yield Address(number.text, "sources", Kind.LITERATURE, origin=origin)
            else:
                yield Address(number.text, "text", Kind.YEAR if number.like_a_year else Kind.TYPED)


def _line_of(source: str, exhibit: Mapping[str, Any], verdicts: int) -> str:
    """Return the line of a cell that shows an exhibit; its first line where none says so.

    Which of several verdicts of the cell it is, is said by how many came before it.
    """
    mark = ".verdict(" if exhibit["kind"] == "verdict" else f'"{exhibit["key"]}"'
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    places = [place for place, line in enumerate(lines) if mark in line]
    if not places:
        return lines[0] if lines else ""
    place = places[min(verdicts, len(places) - 1)]
    return lines[place] if "page." in lines[place] or not place else f"{lines[place - 1]}{lines[place]}"
