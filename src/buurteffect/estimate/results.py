"""Tables of effects put under each other."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from buurteffect.estimate.estimate import EffectEstimate


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
        those of all, each once. What stops a figure of one table from being a headline stops all.
    """
    frames = [t.frame if column is None else t.frame.assign(**{column: name}) for name, t in tables.items()]
    every = list(tables.values())
    return EffectEstimate(
        pd.concat(frames, ignore_index=True),
        method,
        "; or ".join(dict.fromkeys(t.error_convention for t in every)),
        max(t.units_count for t in every),
        max(t.clusters_count for t in every),
        tuple(dict.fromkeys(item for t in every for item in t.dropped)),
        treated_count=max(t.treated_count for t in every),
        software="; ".join(dict.fromkeys(t.software for t in every)),
        not_headline=tuple(dict.fromkeys(reason for t in every for reason in t.not_headline)),
    )
