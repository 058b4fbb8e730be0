"""What a notebook shows and records: tables, figures, verdicts and estimates, each released and written once.

Everything goes to two places: into the notebook, as data that the page's template prints as text, and into
the run's folder, as ``results.json``, SVG figures and CSV tables. No value becomes markup on the way.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
from IPython.display import display

from buurteffect.errors import ProjectError
from buurteffect.project import Project, check_identifier, writing
from buurteffect.report.figures.style import SAME_MARKS
from buurteffect.report.record import RESULTS, RunRecord, rows_of
from buurteffect.report.tables.binding import rows_across, spans_of
from buurteffect.report.tables.columns import MISSING, Column, as_preview, as_text, print_interval, print_value
from buurteffect.report.tables.exhibits import (
    AnswerLike,
    EstimateLike,
    VerdictLike,
    few_clusters,
    plain,
    reading_of,
)

EXHIBIT = "application/vnd.buurteffect.exhibit+json"
_EFFECT = Column("estimate", "Effect", ".3f", "ci_low", "ci_high")
_TREATED = Column("treated_count", "Treated", ",d")

Shown: TypeAlias = pd.DataFrame | EstimateLike
"""What a table or figure shows: numbers, or an estimate with its method and errors."""


@dataclass
class Page:
    """The report that a notebook writes while it runs; results, figures and tables go to `folder`."""

    notebook: str
    source: str
    folder: Path
    _record: RunRecord = field(repr=False)

    def table(
        self, key: str, frame: Shown, columns: Sequence[Column], caption: str, note: str = "", otherwise: str = ""
    ) -> None:
        """Show a table, and write all its numbers as CSV and into the results; or say why there is none.

        Parameters
        ----------
        key : str
            Name of the table, by which text refers to it (``[Table](#key)``).
        frame : DataFrame or Estimate
            The numbers; of an estimate also the method and what its errors are. A refused one shows no table.
        columns : sequence of Column
            Which columns the page prints, and how. The CSV holds all.
        caption : str
            What the table shows.
        note : str
            How to read it; an estimate's own words on method and errors follow.
        otherwise : str
            What cannot be shown where the estimate was refused; nothing is said where this is empty.
        """
        if self._refused(key, frame, otherwise):
            return
        data, reading = self._take(key, frame)
        rows = [list(row) for row in zip(*(column.cells(data) for column in columns), strict=True)]
        self._show_table(key, caption, note, reading, [column.head() for column in columns], rows)

    def effects(
        self,
        key: str,
        made: Shown,
        term: str,
        caption: str,
        *more: Column,
        note: str = "",
        otherwise: str = "",
        value: str = "",
    ) -> None:
        """Show a table of effects with their intervals and the number of treated; or why there is none.

        Parameters
        ----------
        key, caption, note, otherwise
            As for `table`.
        made : DataFrame or Estimate
            Effects; an estimate without a method says nothing on how it was made.
        term : str
            Heading of the column that names the rows.
        *more : Column
            Columns behind the effect and the number of treated.
        value : str
            Heading of the effects where they are no effects; then the number of treated is not shown.
        """
        if not self._refused(key, made, otherwise):
            effect = [replace(_EFFECT, label=value)] if value else [_EFFECT, _TREATED]
            shown = made if isinstance(made, pd.DataFrame) or made.method else made.frame
            self.table(key, shown, [Column("term", term), *effect, *more], caption, note)

    def wide_table(
        self,
        key: str,
        frame: Shown,
        rows: Sequence[Column],
        across: Column,
        value: Column,
        caption: str,
        note: str = "",
        otherwise: str = "",
    ) -> None:
        """Show a table with the values of one column side by side.

        Parameters
        ----------
        key, frame, caption, note, otherwise
            As for `table`; the CSV holds the table in its long form.
        rows : sequence of Column
            Columns that together name a row of the page.
        across : Column
            Column whose values become columns, in the order in which they come.
        value : Column
            What the cells print.

        Raises
        ------
        ProjectError
            If two rows of the frame would share a cell.
        """
        if self._refused(key, frame, otherwise):
            return
        data, reading = self._take(key, frame)
        names = list(zip(*(column.cells(data) for column in rows), strict=True))
        heads = across.cells(data)
        cells = dict(zip(zip(names, heads, strict=True), value.cells(data), strict=True))
        if len(cells) != len(data):
            raise ProjectError(f"table {key!r}: {len(data) - len(cells)} rows share a cell; add a column to `rows`")
        wide = [
            value.head()
            | {"label": f"{across.label} {head}".strip(), "number": True, "across": [across.name, heads.index(head)]}
            for head in dict.fromkeys(heads)
        ]
        printed = [
            [*name, *(cells.get((name, head), MISSING) for head in dict.fromkeys(heads))]
            for name in dict.fromkeys(names)
        ]
        places = rows_across(names, heads, len(rows))
        self._show_table(key, caption, note, reading, [column.head() for column in rows] + wide, printed, places)

    def record(self, key: str, frame: Shown) -> None:
        """Record a table in the results and as CSV without showing it; nothing of a refused estimate."""
        if not self._refused(key, frame):
            self._take(key, frame)

    def figure(self, key: str, picture: Any, frame: Shown, caption: str, alt: str, note: str = "") -> None:
        """Show a figure, and write it as SVG with the data it was drawn from as CSV.

        Parameters
        ----------
        key : str
            Name of the figure, by which text refers to it (``[Figure](#key)``).
        picture : matplotlib.figure.Figure
            The figure; it is closed afterwards.
        frame : DataFrame or Estimate
            The numbers that it shows.
        caption, alt : str
            What the figure shows, and the same for someone who cannot see it: axes, shape and main numbers.
        note : str
            How to read it.
        """
        import matplotlib.pyplot as plt

        if len(alt) < 40:
            raise ProjectError(f"figure {key!r} needs an alternative text that says what it shows, not {alt!r}")
        _, reading = self._take(key, frame)
        file = self.folder / "figures" / f"{key}.svg"
        with writing(file) as aside, plt.rc_context(SAME_MARKS):
            picture.savefig(aside, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(picture)
        self._show(
            "figure",
            key,
            drawing=file.read_text(encoding="utf-8"),
            caption=caption,
            alt=alt,
            note=self._noted(note, key),
            reading=reading,
            svg=f"figures/{key}.svg",
            csv=f"tables/{key}.csv",
        )

    def verdict(self, verdict: VerdictLike) -> None:
        """Show the verdict on a claim as sentences made from its numbers, and record both."""
        key = f"verdict-{verdict.claim_id}"
        content: dict[str, Any] = {
            "claim_id": verdict.claim_id,
            "claim": verdict.claim,
            "outcome": str(verdict.outcome),
            "sentences": list(verdict.sentences),
            "limits": list(verdict.limits),
            "numbers": dict(verdict.numbers),
            "population": verdict.population,
            "estimand": verdict.estimand,
            "rule": [{"heading": heading, "conditions": list(part)} for heading, part in verdict.rule],
            "remarks": list(verdict.remarks),
            "changes": list(verdict.changes),
            "primary": dict(verdict.primary),
        }
        self._record.add("verdicts", key, content)
        conditions = [condition for _, part in verdict.rule for condition in part]
        self._show("verdict", key, **content, said=spans_of(verdict.sentences), ruled=spans_of(conditions))

    def sentences(self, key: str, sentences: Iterable[str], numbers: Mapping[str, float]) -> None:
        """Show sentences made from results, and record them with the numbers they are made from."""
        content: dict[str, Any] = {"sentences": list(sentences), "numbers": dict(numbers)}
        self._record.add("sentences", key, content)
        self._show("sentences", key, **content, said=spans_of(content["sentences"]))

    def say(self, key: str, answer: AnswerLike, limits: str = "") -> None:
        """Show and record an answer; what it cannot say follows, under a key of its own where `limits` names one."""
        self.sentences(key, [*answer.sentences, *(() if limits else answer.limits)], answer.numbers)
        if limits:
            self.sentences(limits, answer.limits, {})

    def missing(self, key: str, reasons: Sequence[str]) -> None:
        """Say why estimates are missing; nothing where none is."""
        if reasons:
            self.sentences(key, reasons, {})

    def headline(
        self,
        label: str,
        value: float | EstimateLike,
        spec: str,
        low: float | None = None,
        high: float | None = None,
        estimand: str = "",
        to: float | None = None,
    ) -> None:
        """Record a result that the index shows, printed by `spec`, with its interval where it has one.

        Of an estimate it is the first row; of a refused one, nothing. Where the result is a set, `value` is its lower
        end and `to` its upper one. Under `estimand`, a name that `estimand` records,
        its truth on synthetic data stands beside it.
        """
        if hasattr(value, "frame"):
            if self._refused(label, value):
                return
            value, low, high = value.frame.iloc[0][["estimate", "ci_low", "ci_high"]]
        text = print_value(value, spec) + (f" to {print_value(to, spec)}" if to is not None else "")
        if low is not None and high is not None:
            text += f" {print_interval(low, high, spec)}"
        entry = {"label": label, "value": value, "ci_low": low, "ci_high": high, "text": text}
        entry |= ({"estimand": estimand} if estimand else {}) | ({"to": to} if to is not None else {})
        self._record.add("headline", label, entry)

    def estimand(self, name: str, label: str, estimate: float, low: float, high: float, unit: str) -> None:
        """Record an estimate whose truth is known on synthetic data; the truth is joined after the run.

        What follows an ``@`` in `name` tells estimates of one truth apart.

        Raises
        ------
        ProjectError
            If the name was recorded before: the one would have overwritten the other.
        """
        entry = {"label": label, "estimate": estimate, "ci_low": low, "ci_high": high, "unit": unit}
        self._record.add("estimands", name, entry)

    def estimands(self, estimate: EstimateLike, column: str, names: Mapping[str, str], unit: str = "") -> None:
        """Record the rows of an estimate whose truth is known on synthetic data.

        Parameters
        ----------
        estimate : Estimate
            Its table.
        column : str
            Identifying column that names the row.
        names : mapping of str to str
            Value of `column` to the name that the truth has.
        unit : str
            Unit of the values.
        """
        if self._refused("estimands", estimate):
            return
        for value, name in names.items():
            found = estimate.frame[estimate.frame[column] == value]
            if len(found) != 1:
                raise ProjectError(f"{name!r} is the truth of {value!r}, of which the estimate has {len(found)} rows")
            row = found.iloc[0]
            self.estimand(name, value, row["estimate"], row["ci_low"], row["ci_high"], unit)

    def finish(self) -> None:
        """Write ``results.json``: the last thing a notebook does, and the sign that it ran to its end."""
        self._record.write(self.folder / RESULTS)

    def _refused(self, key: str, source: Shown, otherwise: str = "") -> bool:
        """Return whether an estimate was refused; say so where it is told what cannot be shown."""
        reason = "" if isinstance(source, pd.DataFrame) else getattr(source, "reason", "")
        if reason and otherwise:
            self.sentences(key, [f"{otherwise} cannot be shown: {reason.rstrip('.')}."], {})
        return bool(reason)

    def _take(self, key: str, source: Shown) -> tuple[pd.DataFrame, list[str]]:
        """Release a frame or estimate, record it, write its CSV, and return it with the sentences on its method."""
        frame = source if isinstance(source, pd.DataFrame) else source.frame
        entry: dict[str, Any] = {"rows": rows_of(frame, key)}
        reading: list[str] = []
        if not isinstance(source, pd.DataFrame):
            entry |= {
                "method": source.method,
                "error_convention": source.error_convention,
                "units_count": source.units_count,
                "clusters_count": source.clusters_count,
                "dropped": [{"reason": reason, "count": count} for reason, count in source.dropped],
            }
            reading = reading_of(source)
            entry["few_clusters"] = few_clusters(frame, source.error_convention)
        self._record.add("results", key, entry)
        with writing(self.folder / "tables" / f"{key}.csv") as aside:  # further digits differ between libraries
            frame.to_csv(aside, index=False, float_format="%.12g", lineterminator="\n")
        return frame, reading

    def _noted(self, note: str, key: str) -> str:
        """Return a note, followed by the warning on few clusters where it applies."""
        return " ".join(part for part in (note, self._record["results"][key].get("few_clusters", "")) if part)

    def _show_table(
        self,
        key: str,
        caption: str,
        note: str,
        reading: list[str],
        columns: list[dict[str, Any]],
        rows: list[list[str]],
        places: list[list[int | None]] | None = None,
    ) -> None:
        """Display a recorded table; `places` says which row of the results each cell prints, if not its own."""
        note, csv = self._noted(note, key), f"tables/{key}.csv"
        read: dict[str, Any] = {"caption": caption, "note": note, "reading": reading}
        self._show("table", key, **read, columns=columns, rows=rows, places=places, csv=csv)

    def _show(self, kind: str, key: str, drawing: str | None = None, **content: Any) -> None:
        """Display an exhibit: as data for the page, and as a preview for JupyterLab."""
        shown = plain({"kind": kind, "key": key, **content})
        bundle: dict[str, Any] = {EXHIBIT: shown, "text/plain": as_text(shown), "text/html": as_preview(shown)}
        if drawing is not None:
            bundle["image/svg+xml"] = drawing
            del bundle["text/html"]
        display(bundle, raw=True)


def open_page(notebook: str, source: str, inputs: Iterable[Any] = ()) -> Page:
    """Start the report of a notebook.

    Parameters
    ----------
    notebook : str
        Name of the notebook without ``.ipynb``.
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    inputs : iterable of InputFile
        The raw files that the results rest on, with their hashes.

    Returns
    -------
    Page
        It writes to the run's folder; opened by hand, to ``data/processed/<source>/drafts/<notebook>/``.
    """
    check_identifier(notebook, "notebook")
    staging = os.environ.get("BUURTEFFECT_STAGING")
    folder = Path(staging) if staging else Project.find().processed(source) / "drafts" / notebook
    files = [asdict(item) if is_dataclass(item) and not isinstance(item, type) else item for item in inputs]
    return Page(notebook, source, folder, RunRecord(notebook, source, files))
