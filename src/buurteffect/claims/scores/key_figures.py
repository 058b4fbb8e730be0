"""What the key figures cover and what harmonisation costs: the answer of their audit, in sentences."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import Answer
from buurteffect.errors import MissingDataError


def describe_unharmonised(lacking: MissingDataError) -> list[str]:
    """Say that the key figures are shown as published only, what is missing, and where to get it."""
    places = ". ".join(lacking.where)
    return [
        f"The key figures are not brought to the areas of one year: what is missing is {lacking.missing}.",
        f"Where to get it: {places}. Then: {lacking.command}",
    ]


def describe_key_figures(
    files: pd.DataFrame, ledger: pd.DataFrame | None, conservation: pd.DataFrame, source: str, level: str
) -> Answer:
    """Say what was read, what was placed, and how far totals are kept.

    `files` has one row per file (``year, rows_in, rows_out``), `ledger` one per year, fate and reason (``rows_in,
    rows_placed, rows_left_out``) if rows were brought to the areas of one year, and `conservation`, which may be empty,
    one per year, gemeente and concept (``difference, missing_after_count``).
    """
    answer = Answer("n01b", source, level)
    answer.say(
        "{files:d} files of {first:d} to {last:d} hold {rows:,d} rows, and {rows_out:,d} of them are in the panel.",
        files=len(files),
        first=int(files["year"].min()),
        last=int(files["year"].max()),
        rows=int(files["rows_in"].sum()),
        rows_out=int(files["rows_out"].sum()),
    )
    if ledger is not None:
        answer.say(
            "of {level_rows:,d} rows of {areas}, {placed:,d} were placed on the areas of the base year and "
            "{left_out:,d} were left out, each with its reason.",
            level_rows=int(ledger["rows_in"].sum()),
            placed=int(ledger["rows_placed"].sum()),
            left_out=int(ledger["rows_left_out"].sum()),
        )
    whole = conservation[conservation["missing_after_count"] == 0] if len(conservation) else conservation
    if len(whole):
        answer.say(
            "inhabitants and dwellings were compared in {compared:,d} totals per gemeente; where no area lacks a "
            "value after ({whole:,d} totals), the largest difference is {largest:,.2f}.",
            compared=len(conservation),
            whole=len(whole),
            largest=float(whole["difference"].abs().max()),
        )
    answer.cannot_say(
        "Addresses stand in for inhabitants and dwellings when an area is divided: a part with larger households gets "
        "too few inhabitants. Years without a crosswalk stay in the panel as published only."
    )
    return answer
