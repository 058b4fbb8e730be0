"""The housing stock of gemeenten on the areas of every rule."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from buurteffect.panel.harmonise.boundary_year import AS_PUBLISHED, UNCHANGED_ONLY
from buurteffect.panel.harmonise.harmonised import harmonise
from buurteffect.panel.harmonise.weights import Crosswalk
from buurteffect.panel.inputs.key_figures import weights_to
from buurteffect.schema.panel import STOCK_BLOCK

_WHOLE = ("unchanged", "recoded")
_NOT_WHOLE = "not among the areas that stayed as they were"


@dataclass(frozen=True, eq=False)
class HarmonisedStock:
    """The housing stock under one rule.

    Attributes
    ----------
    frame : DataFrame
        One row per gemeente and year: ``area_code, year`` and its columns.
    ledger : DataFrame
        One row per year and reason: ``year, reason, rows_placed, rows_left_out``, which sum to the rows of a year.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame


def harmonise_stock(
    stock: pd.DataFrame,
    rule: str,
    key_figures: pd.DataFrame,
    base_year: int | None,
    crosswalk: Crosswalk | None,
) -> HarmonisedStock:
    """Return the housing stock of gemeenten on the areas of a rule; its counts are divided and added like key figures.

    `stock` is as published (``area_code, year`` and its columns), `key_figures` are those of gemeenten under the rule:
    ``unchanged_only`` keeps gemeenten that are there.
    """
    if rule == AS_PUBLISHED or base_year is None or crosswalk is None:
        return HarmonisedStock(stock, _ledger(stock, stock, ""))
    codes = {int(year): set(names) for year, names in stock.groupby("year")["area_code"]}
    here = set(key_figures.loc[key_figures["year"] == base_year, "area_code"])
    codes[base_year] = codes.get(base_year, set()) | here
    weights, out_of_reach = weights_to(codes, crosswalk, base_year)
    reached = stock[~stock["year"].isin(list(out_of_reach))].reset_index(drop=True)
    far = stock[stock["year"].isin(list(out_of_reach))]
    far_ledger = _ledger(far, far.iloc[:0], f"no crosswalk brings this year to {base_year}")
    if reached.empty or not weights:
        return HarmonisedStock(reached, pd.concat([_ledger(reached, reached, ""), far_ledger], ignore_index=True))
    concepts = pd.DataFrame({"concept": list(STOCK_BLOCK.values), "combine": "sum", "denominator": ""})
    done = harmonise(reached, weights, concepts)
    frame, ledger = done.frame, done.ledger[["year", "reason", "rows_placed", "rows_left_out"]]
    if rule == UNCHANGED_ONLY:
        whole = frame["change"].isin(_WHOLE) & frame["area_code"].isin(key_figures["area_code"])
        frame = frame[whole]
        ledger = _ledger(reached, frame, _NOT_WHOLE)
    columns = ["area_code", "year", *(each for name in STOCK_BLOCK.values for each in (name, f"{name}_missing"))]
    return HarmonisedStock(frame[columns].reset_index(drop=True), pd.concat([ledger, far_ledger], ignore_index=True))


def _ledger(rows_in: pd.DataFrame, rows_out: pd.DataFrame, reason: str) -> pd.DataFrame:
    """Return one row per year: rows placed, and rows left out for one reason."""
    placed = rows_out.groupby("year").size()
    ledger = rows_in.groupby("year").size().rename("rows_in").reset_index()
    kept = ledger["year"].map(placed).fillna(0).astype("int64")
    return pd.DataFrame(
        {"year": ledger["year"], "reason": reason, "rows_placed": kept, "rows_left_out": ledger["rows_in"] - kept}
    )
