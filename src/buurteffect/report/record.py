"""What a run leaves in ``results.json``: everything released, and under a name of its own.

Nothing can be overwritten: a second entry under a name is an error, whether it is a table, a figure, a text, a verdict,
a headline or an estimate whose truth is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.project import check_identifier, writing
from buurteffect.release import Gate
from buurteffect.report.tables.exhibits import DIGITS
from buurteffect.report.tables.rounding import decimals_of, rounded

RESULTS = "results.json"
_SHOWN = ("results", "sentences", "verdicts")
_LISTS = ("verdicts", "headline")
_KINDS = {
    "results": "the table",
    "sentences": "the text",
    "verdicts": "the verdict",
    "estimands": "the estimate with a known truth",
    "headline": "the headline",
}
"""Parts of the results, and what an entry of each is called."""


class RunRecord:
    """The results of a run while its notebook runs.

    Parameters
    ----------
    notebook, source : str
        Which notebook, and where its data come from.
    inputs : sequence of mapping
        The raw files that the results rest on.
    """

    def __init__(self, notebook: str, source: str, inputs: Sequence[Any]) -> None:
        self.notebook = notebook
        self._content: dict[str, Any] = {
            "notebook": notebook, "source": source, "digits": DIGITS, "decimals": {}, "inputs": list(inputs),
            "results": {}, "sentences": {}, "verdicts": [], "estimands": {}, "headline": [],
        }  # fmt: skip
        self._gate, self._finished = Gate(source), False
        self._taken: dict[tuple[str, str], str] = {}

    def __getitem__(self, part: str) -> Any:
        """Return a part of the results as it stands."""
        return self._content[part]

    def add(self, part: str, name: str, content: Mapping[str, Any]) -> None:
        """Release an entry and record it.

        Parameters
        ----------
        part : {"results", "sentences", "verdicts", "estimands", "headline"}
            Where it stands.
        name : str
            Its key. Tables, figures, texts and verdicts share the keys of a page, which are file names as well.
        content : mapping
            The entry.

        Raises
        ------
        ProjectError
            If the name was taken before, cannot be a file name, or comes after the results were written.
        DisclosureError
            If it must not be released.
        """
        if self._finished:
            raise ProjectError(f"{name!r} is shown after page.finish(): it would be on the page and not in the results")
        if part in _SHOWN:
            check_identifier(name, "table, figure or text")
        place = ("page" if part in _SHOWN else part, name)
        if place in self._taken:
            raise ProjectError(
                f"{_KINDS[part]} {name!r} is recorded twice in {self.notebook}, first as {self._taken[place]}: "
                "give each its own name"
            )
        self._taken[place] = _KINDS[part]
        released = self._gate.release(dict(content), f"{_KINDS[part]} {name!r}")
        if part in _LISTS:
            self._content[part].append(released)
        else:
            self._content[part][name] = released

    def write(self, file: Path) -> None:
        """Write the results; nothing can be added to them any more."""
        self._finished = True
        with writing(file) as aside:
            text = json.dumps(
                rounded(self._content, decimals_of(self.notebook)), indent=1, ensure_ascii=False, allow_nan=False
            )
            aside.write_text(text + "\n", encoding="utf-8")


def rows_of(frame: pd.DataFrame, key: str) -> list[dict[str, Any]]:
    """Return the rows of a table by column; refuse one in which a column would overwrite another."""
    twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
    if twice:
        raise ProjectError(f"{key!r} has several columns {', '.join(twice)}: only one of each could be recorded")
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
