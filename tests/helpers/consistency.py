"""What the numbers of one page say together: contradictions between them, each as a sentence."""

import itertools
import math
import re

CLOSE = 1e-6
"""Relative difference below which two figures are the same; results keep nine digits."""

_BOUND = re.compile(r"^(?P<kind>.*?)\s*(?P<value>\d+(?:\.\d+)?)$")
_BOUNDS = ("relative magnitudes", "smoothness")
_HUNDRED = {"transition": ("from_bin", "estimate"), "bacon": ("", "weight")}
_PLANNED = ("future", "ahead")
"""Texts on designs that are only planned; their least effect is another design's."""


def contradictions(results):
    """Return every contradiction among the results of one page."""
    checks = (outside, not_nested, other_least_effects, other_intervals, two_names, not_hundred, without_truth)
    return [f"{check.__name__}: {found}" for check in checks for found in check(results)]


def tables(results):
    """Yield each table of a page that has rows: its key and its rows."""
    for key, table in results["results"].items():
        if table["rows"]:
            yield key, table["rows"]


def texts(results):
    """Yield the numbers in each text of a page: its key and its numbers."""
    for key, text in results["sentences"].items():
        yield key, text["numbers"]
    for verdict in results["verdicts"]:
        yield f"verdict {verdict['claim_id']}", verdict["numbers"]


def known(*values):
    """Return whether all of some figures are numbers."""
    return all(
        isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) for value in values
    )


def same(one, other):
    """Return whether two figures are the same, to the digits that results keep of both."""
    if not known(one, other):
        return one == other
    digits = min(map(_decimals, (one, other)))
    return math.isclose(one, other, rel_tol=CLOSE, abs_tol=0.51 * 10.0**-digits)


def _decimals(value):
    """Return how many decimals a result keeps."""
    return len(repr(float(value)).partition("e")[0].partition(".")[2]) if "e" not in repr(value) else 12


def _inside(estimate, low, high):
    slack = CLOSE * max(abs(low), abs(high))
    return low - slack <= estimate <= high + slack


def outside(results):
    """Yield estimates that lie outside their own intervals, in tables, texts and headlines."""
    for key, rows in tables(results):
        for row in rows:
            ends = row.get("estimate"), row.get("ci_low"), row.get("ci_high")
            if known(*ends) and not _inside(*ends):
                yield f"{key}, {row.get('term', '')}: {ends[0]} [{ends[1]}, {ends[2]}]"
    for key, numbers in texts(results):
        for name, value in numbers.items():
            ends = value, numbers.get(f"{name}_low"), numbers.get(f"{name}_high")
            if known(*ends) and not _inside(*ends):
                yield f"{key}, {name}: {ends[0]} [{ends[1]}, {ends[2]}]"
    for entry in [*results["headline"], *({"label": name, **row} for name, row in results["estimands"].items())]:
        ends = entry.get("value", entry.get("estimate")), entry["ci_low"], entry["ci_high"]
        if known(*ends) and not _inside(*ends):
            yield f"{entry['label']}: {ends[0]} [{ends[1]}, {ends[2]}]"


def bounds(rows):
    """Return the bounds of a table by kind of restriction: value and interval, from the strictest on."""
    found = {}
    for row in rows:
        named = _BOUND.match(str(row.get("term", "")))
        if named and named["kind"].startswith(_BOUNDS) and known(row.get("ci_low"), row.get("ci_high")):
            found.setdefault(named["kind"], []).append((float(named["value"]), row["ci_low"], row["ci_high"]))
    return {kind: sorted(rows) for kind, rows in found.items()}


def not_nested(results):
    """Yield bounds that allow more and say less than stricter ones."""
    for key, rows in tables(results):
        for kind, allowed in bounds(rows).items():
            for (less, low, high), (more, lower, higher) in itertools.pairwise(allowed):
                slack = CLOSE * max(abs(low), abs(high))
                if lower > low + slack or higher < high - slack:
                    yield f"{key}, {kind} {more}: [{lower}, {higher}] does not hold [{low}, {high}] of {less}"


def other_least_effects(results):
    """Yield least detectable effects of one design that differ: in its table, its text and its verdict."""
    said = {}
    for key, numbers in texts(results):
        claim = key.removeprefix("verdict ")
        if "detectable" in numbers and key not in _PLANNED and claim in ("C06", "design"):
            said[key] = numbers["detectable"]
    for key, rows in tables(results):
        if key == "headline" and known(rows[0].get("minimum_detectable_effect")):
            said[key] = rows[0]["minimum_detectable_effect"]
    for (one, first), (other, second) in itertools.pairwise(said.items()):
        if not same(first, second):
            yield f"{first} in {one} and {second} in {other}"
    of_error = {}
    for key, rows in tables(results):
        for row in rows:
            least, figures = row.get("minimum_detectable_effect"), (row.get("estimate"), row.get("std_error"))
            if known(least, *figures):
                seen = of_error.setdefault(figures, (key, least))
                if not same(seen[1], least):
                    yield f"{seen[1]} in {seen[0]} and {least} in {key} of the same effect"


def _effects(results):
    """Yield effects with an error and an interval, under no restriction: key, name, figures and ends."""
    for key, rows in tables(results):
        for row in rows:
            figures = row.get("estimate"), row.get("std_error")
            ends = row.get("ci_low"), row.get("ci_high")
            name = str(row.get("term", ""))
            if (
                name
                and known(*figures, *ends)
                and figures[1] > 0
                and not (_BOUND.match(name) and name.startswith(_BOUNDS))
            ):
                yield key, name, figures, ends


def other_intervals(results):
    """Yield effects with the same estimate and error whose intervals differ: two inferences of one effect."""
    seen = []
    for key, name, figures, ends in _effects(results):
        for key_before, name_before, figures_before, ends_before in seen:
            if all(map(same, figures, figures_before)) and not all(map(same, ends, ends_before)):
                yield f"{key_before}, {name_before} {list(ends_before)} and {key}, {name} {list(ends)}"
        seen.append((key, name, figures, ends))


def two_names(results):
    """Yield names that stand for two designs: among effects of one outcome and what is held against the truth."""
    seen = {}
    for key, name, figures, ends in _effects(results):
        if key in ("side", "specifications", "naive", "two-way", "weighted", "errors", "headline", "honest", "smooth"):
            seen.setdefault(name, []).append((key, figures[0], ends))
    for row in results["estimands"].values():
        if known(row["estimate"], row["ci_low"], row["ci_high"]):
            seen.setdefault(row["label"], []).append(("estimands", row["estimate"], (row["ci_low"], row["ci_high"])))
    for name, designs in seen.items():
        for (one, first, ends), (other, second, others) in itertools.pairwise(designs):
            if not same(first, second) or not all(map(same, ends, others)):
                yield f"{name!r} is {first} {list(ends)} in {one} and {second} {list(others)} in {other}"


def not_hundred(results):
    """Yield shares that should add to one and do not."""
    for key, rows in tables(results):
        group, value = _HUNDRED.get(key, ("", ""))
        parts = {}
        for row in rows:
            if value and known(row.get(value)) and not str(row.get("measure", "")).startswith("rank"):
                parts.setdefault(row.get(group), []).append(row[value])
        for name, shares in parts.items():
            if not math.isclose(sum(shares), 1, abs_tol=CLOSE):
                yield f"{key} {name if name is not None else ''}: {sum(shares)}"


def without_truth(results):
    """Yield headlines of a synthetic page with estimates whose truth is known that stand beside no truth."""
    truths = results.get("truth") or []
    for entry in results["headline"] if truths else []:
        fields = ("ci_low", "ci_high") if "to" in entry else ("value",)  # a set has no estimate, but ends
        names = {"value": "estimate"}
        if not any(all(same(entry[field], row[names.get(field, field)]) for field in fields) for row in truths):
            yield entry["label"]


_PRINTED = re.compile(r"(?<![\d.])(−?\d[\d,]*\.?\d*)(%?)\s\[(−?\d[\d,]*\.?\d*)%?,\s(−?\d[\d,]*\.?\d*)%?\]")


def printed_outside(text):
    """Return estimates that a page prints outside the interval behind them."""
    found = []
    for estimate, _, low, high in _PRINTED.findall(text):
        value, ends = _read(estimate), (_read(low), _read(high))
        if not ends[0] <= value <= ends[1]:
            found.append(f"{estimate} [{low}, {high}]")
    return found


def _read(printed):
    """Return a printed figure as a number."""
    return float(printed.replace("−", "-").replace(",", ""))
