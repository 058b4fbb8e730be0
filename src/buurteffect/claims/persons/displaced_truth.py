"""Which estimates of displacement and the waterbed have a recorded truth, and under which name."""

from __future__ import annotations

from collections.abc import Mapping as Named

import pandas as pd

from buurteffect.claims.restructuring.averages import KnownTruth
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.space.exposures import ExposureMapping
from buurteffect.estimate.space.profiles import SLOPE
from buurteffect.estimate.space.waterbed import Ledger

TRUTH_HORIZON = 7
GAP_WORDS = "score of the displaced's places (LBM points), beside others (truth: beside themselves, later)"
"""What is estimated and what is recorded as true differ here, and the table says so."""
_COLUMNS = ["term", "estimate", "ci_low", "ci_high"]
_SCORE, _LOW = "liveability_score", "low_income_share"
_ENTRIES = {"direct": "restructured areas", "ring": "near works", "receiving": "taking in the displaced"}


def displacement_truth(
    exits: Named[str, EffectEstimate],
    horizon: int,
    quality: EffectEstimate,
    mapping: ExposureMapping | Estimate,
    books: Ledger | Estimate,
    heads_books: Ledger | Estimate,
    spread: EffectEstimate,
    year: int,
) -> KnownTruth:
    """Name the truth of the headline figures of displacement and the waterbed, one row per estimate.

    `exits` is `excess_exit` by unit, of which the truth is recorded at a `horizon` of `TRUTH_HORIZON` years; `quality`
    the score of the places of the displaced, against those left alone; `mapping` and `books` are of the score in
    `year`, `heads_books` and `spread` of the share of low incomes.
    """
    found: list[tuple[str, str, pd.Series]] = []
    for unit, made in exits.items():
        if made and horizon == TRUTH_HORIZON:
            for group in ("low", "all"):
                part = made.frame[made.frame["term"] == group]
                if len(part):
                    name = f"excess_exit_{unit}_{group}_{horizon}"
                    found.append((f"excess exit from the {unit}, {group} incomes (share)", name, part.iloc[0]))
    if quality and horizon == TRUTH_HORIZON:
        found.append((GAP_WORDS, f"destination_gap_{horizon}", quality.frame.iloc[0]))
    if not isinstance(mapping, Estimate):
        row = mapping.effects.row(term="taken_in")
        found.append(("score per displaced taken in (LBM points)", f"seen_inflow_slope_{_SCORE}_{year}", row))
    for made_books, outcome, words in (
        (books, _SCORE, "score (LBM points)"),
        (heads_books, _LOW, "low incomes (shares)"),
    ):
        if not isinstance(made_books, Estimate):
            for entry, place in _ENTRIES.items():
                row = made_books.entries.row(term=entry)
                found.append((f"books of the {words}: {place}", f"seen_{entry}_{outcome}_{year}", row))
    if not isinstance(books, Estimate):
        row = books.leakage.row(term="displaced")
        found.append(("leakage of the score, displaced (of the gain)", f"seen_leakage_displaced_{_SCORE}_{year}", row))
    if spread:
        found.append(("change of the SD of low incomes (share)", f"seen_sd_change_{_LOW}_{year}", spread.frame.iloc[0]))
    table = [{**row[_COLUMNS[1:]].to_dict(), "term": words} for words, _, row in found]
    return KnownTruth(pd.DataFrame(table, columns=_COLUMNS), {words: name for words, name, _ in found})


def known_set(profile: EffectEstimate, year: int) -> KnownTruth:
    """Return the effect per displaced taken in as a set, over all combinations of an `exposure_profile` in `year`.

    One row, none of a refused profile: ``term``, ``lowest`` and ``highest`` estimate, and ``ci_low, ci_high`` from the
    lowest lower end to the highest upper end; ``estimate`` is missing, since none is chosen.
    """
    columns = ["term", "estimate", "ci_low", "ci_high", "lowest", "highest"]
    if not profile:
        return KnownTruth(pd.DataFrame(columns=columns), {})
    rows = profile.frame[profile.frame["quantity"] == SLOPE]
    term = "score per displaced taken in, over all persistences and reaches (LBM points)"
    ends = rows["ci_low"].min(), rows["ci_high"].max(), rows["estimate"].min(), rows["estimate"].max()
    frame = pd.DataFrame([(term, float("nan"), *ends)], columns=columns)
    return KnownTruth(frame, {term: f"seen_inflow_slope_{_SCORE}_{year}@set"})


def displacement_truth_remarks(source: str) -> list[str]:
    """Return how the truth beside the estimates is to be read; nothing on real data."""
    if source != "synthetic":
        return []
    return [
        "The truth beside the estimates was joined after this page was made. That of exits is the contrast with a "
        "country in which a cohort's projects were called off. That of the places of the displaced is another figure "
        "than the one estimated: it sets them against where the same households would have lived then, more years on, "
        "where the page sets them against others like them; that the interval holds it is no proof. That of the books "
        "and of the displaced taken in lays the true effects out on exposures counted with the persistence and the "
        "reach that the country was built with, relative to the rest of the gemeente; what all buurten of a gemeente "
        "shared is in neither. Beside the set over all persistences and reaches it is the truth of that one of them, "
        "which the intervals together should hold."
    ]
