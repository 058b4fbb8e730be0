"""Tables of estimates put under each other, and parts of a table for a figure or a shorter one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.result import RESULT_COLUMNS, EffectEstimate, Estimate

AnEstimate = TypeVar("AnEstimate", bound=Estimate)

_COUNT = re.compile(r"\d[\d.,]*\d|\d")
_COUNTED = ". Counts are those of the first row; other rows have their own"


def stack(
    tables: Mapping[str, AnEstimate], method: str = "", column: str | None = None, named: bool = False
) -> AnEstimate:
    """Return the rows of several estimates of one kind as one table, in order.

    Parameters
    ----------
    tables : mapping of str to Estimate
        Estimates by name, at least one. A refused one gives a row of missing values, counts of 0 and its reason, under
        its name; once one is refused, every row says its ``reason``, empty where there is none.
    method : str
        How they were made, in words; by default that of the first.
    column : str, optional
        Name of a closing column that says which table a row comes from; by default none.
    named : bool
        Whether to take only the first row of each table, under the table's name, with its ``reason``.

    Returns
    -------
    Estimate
        Without a covariance, since how estimates made apart move together is not known. Of effects, conventions,
        software and what was left out are those of all, each once, conventions that differ only in their counts with
        those of the first; what stops a figure of one from being a headline stops all. Otherwise words and counts are
        those of the first. Refused, with every reason, where all are.

    Raises
    ------
    EstimationError
        If there is no table.

    Examples
    --------
    >>> both = stack({"a": Estimate.refused("one wave"), "b": Estimate.refused("two waves.")})
    >>> both.reason
    'a: one wave; b: two waves'
    """
    made = [table for table in tables.values() if table]
    if not tables:
        raise EstimationError("there is no table to stack")
    if not made:
        return replace(next(iter(tables.values())), reason=_reasons(tables))
    frames = []
    for name, table in tables.items():
        frame = table.frame.iloc[[0]] if named else table.frame
        if named or not table:
            frame = frame.assign(term=pd.array([name] * len(frame), dtype="str"))
        if named or len(made) < len(tables):
            frame = frame.assign(reason=table.reason)
        frames.append(frame if column is None else frame.assign(**{column: name}))
    whole = pd.concat(frames, ignore_index=True)
    first = made[0]
    if not isinstance(first, EffectEstimate):
        return replace(first, frame=whole, method=method or first.method)
    effects = [table for table in made if isinstance(table, EffectEstimate)]
    return replace(
        first,
        frame=whole,
        method=method or first.method,
        error_convention=_conventions(effects),
        units_count=max(t.units_count for t in effects),
        clusters_count=max(t.clusters_count for t in effects),
        dropped=tuple(dict.fromkeys(item for t in effects for item in t.dropped)),
        treated_count=max(t.treated_count for t in effects),
        software="; ".join(dict.fromkeys(t.software for t in effects)),
        design=None,
        covariance=None,
        degrees=np.inf,
        not_headline=tuple(dict.fromkeys(reason for t in effects for reason in t.not_headline)),
    )


def first_rows(tables: Mapping[str, Estimate], *more: Estimate) -> Estimate:
    """Return the first row of each estimate under its name, whatever made it, with the reason where it was refused.

    Parameters
    ----------
    tables : mapping of str to Estimate
        Estimates by name.
    *more : Estimate
        Estimates all of whose rows follow, under their own names.

    Returns
    -------
    Estimate
        Rows with ``term``, the result columns, ``treated_count``, ``p_value`` and ``reason``; counts of refused ones
        are missing. Without words, since each estimate has its own. Refused, with every reason, where all are.

    Examples
    --------
    >>> first_rows({"a": Estimate.refused("one wave"), "b": Estimate.refused("two waves.")}).reason
    'a: one wave; b: two waves'
    """
    columns = ["term", *RESULT_COLUMNS, "treated_count", "p_value", "reason"]
    rows = [
        {**(table.frame.iloc[0].to_dict() if table else {}), "term": name, "reason": table.reason}
        for name, table in tables.items()
    ]
    whole = pd.concat(
        [pd.DataFrame(rows).reindex(columns=columns), *(table.frame.reindex(columns=columns) for table in more)],
        ignore_index=True,
    )
    made = [table for table in (*tables.values(), *more) if table]
    if not made:
        return Estimate.refused(_reasons(tables))
    return Estimate(whole, "", "", max(t.units_count for t in made), max(t.clusters_count for t in made))


def refused_rows(table: Estimate | pd.DataFrame) -> str:
    """Return in one text which rows of a table (``term, reason``) were refused and why.

    Examples
    --------
    >>> refused_rows(pd.DataFrame({"term": ["a", "b"], "reason": ["", "one wave; two areas"]}))
    'Refused: b: one wave.'
    """
    if isinstance(table, Estimate):
        return refused_rows(table.frame) if table else ""
    rows = table[table["reason"].fillna("") != ""]
    told = [f"{row['term']}: {str(row['reason']).split(';')[0].rstrip('.')}" for _, row in rows.iterrows()]
    return f"Refused: {'; '.join(told)}." if told else ""


def select(estimate: AnEstimate, **identity: object) -> AnEstimate:
    """Return the rows whose identifying columns have the given values, as an estimate, with their covariance.

    Raises
    ------
    EstimationError
        If no row has them.
    """
    frame = estimate.frame
    keep = np.ones(len(frame), dtype=bool)
    for name, value in identity.items():
        keep &= (frame[name] == value).fillna(False).to_numpy(dtype=bool)
    if not keep.any():
        raise EstimationError(f"no row has {identity}")
    return _rows(estimate, keep)


def consecutive(estimate: AnEstimate) -> AnEstimate:
    """Return the rows for pairs of consecutive waves, of an estimate with ``from_year`` and ``to_year``."""
    frame = estimate.frame
    neighbours = set(pairwise(sorted({*frame["from_year"], *frame["to_year"]})))
    keep = [pair in neighbours for pair in zip(frame["from_year"], frame["to_year"], strict=True)]
    return _rows(estimate, keep)


def label_pairs(estimate: Estimate) -> pd.DataFrame:
    """Return the table with a column ``pair``, such as ``2012–2014``, in front."""
    frame = estimate.frame
    pair = frame["from_year"].astype(str) + "–" + frame["to_year"].astype(str)
    return pd.concat([pair.rename("pair"), frame], axis=1)


def _reasons(tables: Mapping[str, Estimate]) -> str:
    """Return why each of several estimates was refused."""
    return "; ".join(f"{name}: {table.reason.rstrip('.')}" for name, table in tables.items())


def _conventions(tables: Sequence[EffectEstimate]) -> str:
    """Return the conventions of tables, each once; of those that differ only in their counts the first."""
    kinds: dict[str, list[str]] = {}
    for table in tables:
        alike = kinds.setdefault(_COUNT.sub("#", table.error_convention), [])
        if table.error_convention not in alike:
            alike.append(table.error_convention)
    said = [alike[0].rstrip(".") + (_COUNTED if len(alike) > 1 else "") for alike in kinds.values()]
    return "; or ".join(said)


def _rows(estimate: AnEstimate, keep: ArrayLike) -> AnEstimate:
    """Return some rows of an estimate, and of its covariance where it has one."""
    kept = np.flatnonzero(keep)
    frame = estimate.frame.iloc[kept].reset_index(drop=True)
    if isinstance(estimate, EffectEstimate) and estimate.covariance is not None:
        return replace(estimate, frame=frame, covariance=estimate.covariance[np.ix_(kept, kept)])
    return replace(estimate, frame=frame)
