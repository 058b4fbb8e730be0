"""Tables of effects put under each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from buurteffect.estimate.core.result import EffectEstimate

_COUNT = re.compile(r"\d[\d.,]*\d|\d")
_COUNTED = ". Counts are those of the first row; other rows have their own"


def stack_effects(tables: Mapping[str, EffectEstimate], method: str, column: str | None = None) -> EffectEstimate:
    """Return the rows of several tables as one, in order.

    Parameters
    ----------
    tables : mapping of str to EffectEstimate
        Tables by name, at least one.
    method : str
        How they were made, in words.
    column : str, optional
        Name of a closing column that says which table a row comes from; by default none.

    Returns
    -------
    EffectEstimate
        Without a covariance, since it is not known between tables; conventions, software and what was left out are
        those of all, each once, conventions that differ only in their counts with those of the first. What stops a
        figure of one table from being a headline stops all.
    """
    frames = [t.frame if column is None else t.frame.assign(**{column: name}) for name, t in tables.items()]
    every = list(tables.values())
    return EffectEstimate(
        pd.concat(frames, ignore_index=True),
        method,
        _conventions(every),
        max(t.units_count for t in every),
        max(t.clusters_count for t in every),
        tuple(dict.fromkeys(item for t in every for item in t.dropped)),
        treated_count=max(t.treated_count for t in every),
        software="; ".join(dict.fromkeys(t.software for t in every)),
        not_headline=tuple(dict.fromkeys(reason for t in every for reason in t.not_headline)),
    )


def _conventions(tables: Sequence[EffectEstimate]) -> str:
    """Return the conventions of tables, each once; of those that differ only in their counts the first."""
    kinds: dict[str, list[str]] = {}
    for table in tables:
        alike = kinds.setdefault(_COUNT.sub("#", table.error_convention), [])
        if table.error_convention not in alike:
            alike.append(table.error_convention)
    said = [alike[0].rstrip(".") + (_COUNTED if len(alike) > 1 else "") for alike in kinds.values()]
    return "; or ".join(said)
