"""The address of every number of a page: the result that it prints and the cell that made it, or that it was typed.

A number of a table, a headline or a sentence that was filled in by name is bound to its result when it is printed. The
words on how an estimate was made stand in the results as text. Every other number is said to be typed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import nbformat

from buurteffect.report.html.plain_text import paragraphs_of
from buurteffect.report.page import EXHIBIT
from buurteffect.report.provenance.lookup import Address, Kind, NumberLookup
from buurteffect.report.provenance.printed_numbers import numbers_in
from buurteffect.report.tables.columns import NO_LOWER, print_value

_SOURCES = re.compile(r"^#+ (?:Sources|References|Literature)\s*$", re.MULTILINE)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s;,)\]]*[^\s.,;)\]]")
SHORT, TRUTH = "in-short", "beside-the-truth"
_JOINED = {
    "truth": ("label", "unit", "estimate", "ci_low", "ci_high", "truth", "truth_without_policy"),
    "identity": ("part", "value"),
}
_PROSE, _OUTPUT = "text-", "output-"


@dataclass(frozen=True)
class Section:
    """A table, figure or text of a page with its numbers in their order.

    `key` is its anchor on the page; `cell` the execution count of the cell that made it, none for what the build
    joined; `line` the line of that cell that shows it.
    """

    key: str
    title: str
    cell: int | None
    line: str
    numbers: tuple[Address, ...]

    @property
    def shown(self) -> bool:
        """Whether a cell or the build showed it; the rest is prose."""
        return not self.key.startswith(_PROSE)

    @property
    def on_page(self) -> bool:
        """Whether the page has an anchor for it."""
        return self.shown and self.key != SHORT and not self.key.startswith(_OUTPUT)


def sections_of(notebook: nbformat.NotebookNode, results: Mapping[str, Any]) -> list[Section]:
    """Return the sections of an executed notebook's page with the addresses of their numbers, but for empty ones."""
    lookup = NumberLookup(results)
    cells = [f"cell {c.execution_count}" for c in notebook.cells if c.cell_type == "code" and ".headline(" in c.source]
    sections = [Section(SHORT, "Headlines", None, f"page.headline in {' or '.join(cells)}", tuple(_headlines(lookup)))]
    counts: Counter[str] = Counter()
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            sections.append(Section(f"{_PROSE}{place}", f"Text {place}", None, "", tuple(_prose(cell.source))))
            continue
        output = tuple(_output(cell))
        sections.append(Section(f"{_OUTPUT}{place}", f"Output of cell {place}", cell.execution_count, "", output))
        shown = [dict(out.data[EXHIBIT]) for out in cell.get("outputs", []) if EXHIBIT in out.get("data", {})]
        verdicts = [exhibit["key"] for exhibit in shown if exhibit["kind"] == "verdict"]
        for exhibit in shown:
            key, kind = exhibit["key"], exhibit["kind"]
            counts[kind] += 1
            line = _line_of(cell.source, exhibit, verdicts.index(key) if kind == "verdict" else 0)
            numbers = tuple(_numbers_of(exhibit, lookup))
            sections.append(Section(key, f"{kind.capitalize()} {counts[kind]}", cell.execution_count, line, numbers))
    joined = tuple(_joined(lookup))
    sections.append(Section(TRUTH, "Beside the truth", None, "none: the build joined it to the results", joined))
    return [section for section in sections if section.numbers]


def _typed(text: str, part: str, origin: str = "") -> Iterator[Address]:
    """Yield the numbers of a text that nothing binds; those of a DOI lead to it."""
    cited = [(match.span(), f"doi:{match[0]}") for match in _DOI.finditer(text)]
    for number in numbers_in(text):
        doi = next((doi for (start, end), doi in cited if start <= number.start < end), "")
        yield Address(number.text, part, Kind.LITERATURE if doi else Kind.TYPED, origin=doi or origin)


def _output(cell: nbformat.NotebookNode) -> Iterator[Address]:
    """Yield the numbers that a cell put out past the page."""
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if EXHIBIT not in data:
            yield from _typed(output.get("text", "") or data.get("text/plain", ""), "output")


def _numbers_of(exhibit: Mapping[str, Any], lookup: NumberLookup) -> Iterator[Address]:
    """Yield the numbers of an exhibit."""
    key, kind = exhibit["key"], exhibit["kind"]
    if kind in ("table", "figure"):
        yield from _around(exhibit, lookup.results["results"].get(key, {}))
        if kind == "table":
            yield from _cells(exhibit, lookup)
    elif kind == "verdict":
        yield from _verdict(exhibit, lookup)
    else:
        values = lookup.results["sentences"][key]["numbers"]
        said = exhibit.get("said", [])
        yield from _sentences(exhibit["sentences"], said, "sentence", f"sentences[{key!r}].numbers", values, lookup)


def _around(exhibit: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[Address]:
    """Yield the numbers of the words around a table or figure; `entry` is what the results hold of it."""
    key, few = f"results[{exhibit['key']!r}]", entry.get("few_clusters", "")
    for part in ("caption", "alt"):
        yield from _typed(exhibit.get(part, ""), part)
    yield from _typed(exhibit.get("note", "").removesuffix(few), "note")
    if exhibit.get("note", "").endswith(few):
        yield from (Address(number.text, "note", Kind.TEXT, (f"{key}.few_clusters",)) for number in numbers_in(few))
    recorded = {f"{key}.{name}": entry.get(name, "") for name in ("method", "error_convention")}
    for place, left in enumerate(entry.get("dropped", [])):
        recorded[f"{key}.dropped[{place}]"] = f"{left['count']:,} {left['reason']}"
    held = {at: {_minus(number.text) for number in numbers_in(text)} for at, text in recorded.items()}
    for number in numbers_in(" ".join(exhibit.get("reading", []))):
        keys = tuple(at for at, printed in held.items() if _minus(number.text) in printed)
        yield Address(number.text, "reading", Kind.TEXT if keys else Kind.TYPED, keys)


def _minus(number: str) -> str:
    """Return a printed number with a typographic minus."""
    return number.replace("-", "−")


def _cells(exhibit: Mapping[str, Any], lookup: NumberLookup) -> Iterator[Address]:
    """Yield the numbers of a table's heads and cells; a cell knows the row and the columns that it prints."""
    rows, key = lookup.results["results"].get(exhibit["key"], {"rows": []})["rows"], f"results[{exhibit['key']!r}].rows"
    heads = exhibit["columns"]
    for place, head in enumerate(heads, 1):
        name, row = head.get("across") or ("", 0)
        value = rows[row].get(name) if name else None
        for number in numbers_in(head["label"]):
            if name and number.text in str(value):
                yield lookup.bound(number, f"heading {place}", f"{key}[{row}].{name}", value)
            else:
                yield Address(number.text, f"heading {place}", Kind.TYPED)
    places = exhibit.get("places") or [[line] * len(heads) for line in range(len(exhibit["rows"]))]
    for line, (row, at) in enumerate(zip(exhibit["rows"], places, strict=True), 1):
        for head, text, index in zip(heads, row, at, strict=True):
            if index is not None:
                part = f"row {line}, {head['label']}"
                yield from _cell(text, head, part, rows[index], f"{key}[{index}]", lookup)


def _cell(
    text: str, head: Mapping[str, Any], part: str, row: Mapping[str, Any], key: str, lookup: NumberLookup
) -> Iterator[Address]:
    """Yield the numbers of one cell: the value, and the bounds in brackets behind it."""
    fields = head["fields"]
    numbers = list(numbers_in(text))
    bracket = text.rfind(" [") if len(fields) == 3 else -1
    behind = [number for number in numbers if 0 <= bracket < number.start]
    first = 2 if f"[{NO_LOWER}" in text else 1
    for number in numbers:
        field = fields[first + behind.index(number)] if number in behind else fields[0]
        value, at = row.get(field), f"{key}.{field}"
        if text.startswith("<") and isinstance(value, (int, float)) and value < number.value:
            yield Address(number.text, part, Kind.RESULT, (at,), value, "printed as smaller than this")
        elif not head["number"] and head.get("words", {}).get(str(value)) == text:
            yield Address(number.text, part, Kind.RESULT, (at,), value, "printed in words")
        else:
            yield lookup.bound(number, part, at, value)


def _sentences(
    sentences: Sequence[str],
    said: Sequence[Mapping[str, Any]],
    word: str,
    key: str,
    values: Mapping[str, Any],
    lookup: NumberLookup,
) -> Iterator[Address]:
    """Yield the numbers of sentences; `said` holds where in each a number was filled in, and under which name."""
    for place, (text, how) in enumerate(zip(sentences, said or [{}] * len(sentences), strict=True), 1):
        part, by = f"{word} {place}", how.get("by", "")
        for number in numbers_in(text):
            names = [n for start, end, n in how.get("spans", []) if start <= number.start and number.end <= end]
            if names and names[0] in values:
                yield lookup.bound(number, part, f"{key}.{names[0]}", values[names[0]], by)
            else:
                yield Address(number.text, part, Kind.TYPED, origin=by)


def _verdict(exhibit: Mapping[str, Any], lookup: NumberLookup) -> Iterator[Address]:
    """Yield the numbers of a verdict."""
    claim_id = exhibit["claim_id"]
    values = next(each for each in lookup.results["verdicts"] if each["claim_id"] == claim_id)["numbers"]
    yield from _typed(exhibit["outcome"], "outcome")
    yield from _typed(exhibit["claim"], "claim", f"the register of claims, {claim_id}")
    said, key = exhibit.get("said", []), f"verdicts[{claim_id!r}].numbers"
    yield from _sentences(exhibit["sentences"], said, "sentence", key, values, lookup)
    yield from _sentences(exhibit["limits"], [], "limit", key, values, lookup)
    conditions = [text for part in exhibit.get("rule", []) for text in part["conditions"]]
    yield from _sentences(conditions, exhibit.get("ruled", []), "condition", key, values, lookup)
    for remark in exhibit.get("remarks", []):
        yield from _typed(remark, "remark on the rule", f"the register of claims, {claim_id}")
    for change in exhibit.get("changes", []):
        yield from _typed(change, "change of the rule", f"changes.toml, {claim_id}")


def _headlines(lookup: NumberLookup) -> Iterator[Address]:
    """Yield the numbers of the headlines of a page, which its summary and the index show."""
    for place, entry in enumerate(lookup.results["headline"]):
        part = f"headline {place + 1}"
        yield from _typed(entry["label"], f"{part}, label")
        fields = [field for field in ("value", "to", "ci_low", "ci_high") if entry.get(field) is not None]
        for number, field in zip(numbers_in(entry["text"]), fields, strict=False):
            yield lookup.bound(number, part, f"headline[{place}].{field}", entry[field])
        for at, row in enumerate(lookup.results.get("truth") or []):
            for field in ("truth", "truth_without_policy") if entry.get("estimand", "") == row.get("name") else ():
                for number in numbers_in(print_value(row.get(field), ".3g")):
                    yield lookup.bound(number, part, f"truth[{at}].{field}", row[field])


def _joined(lookup: NumberLookup) -> Iterator[Address]:
    """Yield the numbers of the tables that the build joins: estimates beside the truth, and the error taken apart."""
    for name, fields in _JOINED.items():
        for place, row in enumerate(lookup.results.get(name) or []):
            for field in fields:
                value = row.get(field)
                text = value if isinstance(value, str) else print_value(value, ".4g")
                for number in numbers_in(text):
                    yield lookup.bound(number, f"row {place + 1}, {field}", f"{name}[{place}].{field}", value)


def _prose(source: str) -> Iterator[Address]:
    """Yield the numbers of a cell of prose: all were typed, those of literature with their source."""
    literature = bool(_SOURCES.search(source))
    for paragraph in paragraphs_of(source):
        found = _DOI.search(paragraph)
        if literature or found:
            origin = f"doi:{found[0]}" if found else paragraph[:60]
            yield from (Address(n.text, "sources", Kind.LITERATURE, origin=origin) for n in numbers_in(paragraph))
        else:
            yield from _typed(paragraph, "text")


def _line_of(source: str, exhibit: Mapping[str, Any], verdicts: int) -> str:
    """Return the line of a cell that shows an exhibit, or its first; `verdicts` of the cell came before this one."""
    mark = ".verdict(" if exhibit["kind"] == "verdict" else f'"{exhibit["key"]}"'
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    places = [place for place, line in enumerate(lines) if mark in line]
    if not places:
        return lines[0] if lines else ""
    place = places[min(verdicts, len(places) - 1)]
    return lines[place] if "page." in lines[place] or not place else f"{lines[place - 1]}{lines[place]}"
