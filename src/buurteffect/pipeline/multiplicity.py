"""Many tests at once: the estimands that decide, over all claims, and the outcomes of one claim on several pages."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from buurteffect.estimate.core.multiplicity import benjamini_hochberg, leave_out_covariance, romano_wolf

HEADLINE, WITHOUT = "headline", "without"
"""Tables of a run: its effect in the first row, and the same without each cluster in turn."""


def deciding(processed: Path, names: Sequence[str]) -> list[dict[str, object]]:
    """Return the estimands that decide a claim and have a test, with p-values for their being many.

    Those of `benjamini_hochberg`, over all claims of some runs.

    Parameters
    ----------
    processed, names
        As of `families_of`.

    Returns
    -------
    list of dict
        One per claim: ``claim_id, run, label, estimate, ci_low, ci_high, p_value, adjusted``.
    """
    tested = [
        {"run": name, "claim_id": verdict["claim_id"], "label": verdict["estimand"], **verdict["primary"]}
        for name in names
        for verdict in _results(processed, name)["verdicts"]
        if verdict["primary"].get("p_value") is not None
    ]
    adjusted = benjamini_hochberg([row["p_value"] for row in tested])
    return [{**row, "adjusted": float(value)} for row, value in zip(tested, adjusted, strict=True)]


def families_of(processed: Path, names: Sequence[str]) -> list[dict[str, object]]:
    """Return the outcomes of claims that two runs or more judge, with p-values that hold for all of a claim together.

    The step-down test of Romano & Wolf, by the covariance of the effects over the clusters left out in turn
    (`leave_out_covariance`), which each run records.

    Parameters
    ----------
    processed : Path
        Folder of a source's results.
    names : sequence of str
        The runs.

    Returns
    -------
    list of dict
        One per outcome: ``claim_id, run, label, estimate, ci_low, ci_high, p_value, adjusted``.
    """
    claims: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        results = _results(processed, name)
        for verdict in results["verdicts"]:
            claims.setdefault(verdict["claim_id"], []).append({**results, "run": name})
    found = []
    for claim_id, runs in claims.items():
        judged = [results for results in runs if _tested(results)]
        if len(judged) > 1:
            found += _family(claim_id, judged)
    return found


def _results(processed: Path, name: str) -> dict[str, Any]:
    """Return what a run recorded."""
    return dict(json.loads((processed / "results" / f"{name}.json").read_text(encoding="utf-8")))


def _tested(results: Mapping[str, Any]) -> bool:
    """Return whether a run has an effect with a p-value, and the same without each cluster."""
    tables = results["results"]
    return WITHOUT in tables and HEADLINE in tables and _first(results)["p_value"] is not None


def _first(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the effect of a run."""
    return dict(results["results"][HEADLINE]["rows"][0])


def _family(claim_id: str, judged: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """Return the outcomes of one claim with their adjusted p-values."""
    rows, without, middle = [_first(results) for results in judged], [], []
    for results in judged:
        again = {row["term"]: row["estimate"] for row in results["results"][WITHOUT]["rows"]}
        known = {name: value for name, value in again.items() if value is not None and math.isfinite(value)}
        without.append(known)
        middle.append(sum(known.values()) / max(len(known), 1))
    adjusted = romano_wolf([row["p_value"] for row in rows], leave_out_covariance(middle, without))
    figures = ("estimate", "ci_low", "ci_high", "p_value")
    return [
        {
            "claim_id": claim_id, "run": results["run"], "label": results["headline"][0]["label"],
            **{name: row[name] for name in figures}, "adjusted": float(value),
        }
        for results, row, value in zip(judged, rows, adjusted, strict=True)
    ]  # fmt: skip
