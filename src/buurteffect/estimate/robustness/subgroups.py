"""Effects on parts of the treated areas, and without each cluster that holds some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core import refusal
from buurteffect.estimate.core.columns import require_numbers
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EFFECT_COLUMNS, EffectEstimate
from buurteffect.estimate.core.result_tables import stack
from buurteffect.estimate.did.aggregation import Estimator


def effects_by_group(
    frame: pd.DataFrame, design: Design, estimator: Estimator, splits: Mapping[str, pd.Series]
) -> EffectEstimate:
    """Estimate the effect on each part of the treated units.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated.
    estimator : callable
        Takes a panel and a design; its first row counts.
    splits : mapping of str to Series
        Name of a split to the part of every row, on the index of `frame`; missing for no part.

    Returns
    -------
    EffectEstimate
        One row is one part: ``term`` names it, with the remarks ``split`` and ``reason``. Parts are not compared with
        each other: that their intervals overlap, or do not, is no test.

    Raises
    ------
    EstimationError
        If no part has a figure.
    """
    treated = frame[str(design.cohort)].notna()
    made: dict[tuple[str, str], EffectEstimate] = {
        (split, str(part)): refusal.estimator(estimator)(frame[~treated | (parts == part)], design)
        for split, parts in splits.items()
        for part in sorted(parts[treated].dropna().unique())
    }
    if not any(made.values()):
        why = next((f": {each.reason}" for each in made.values()), "")
        raise EstimationError(f"no part of the treated areas can be compared by itself{why}")
    whole = stack({f"{split} {part}": each for (split, part), each in made.items()}, named=True)
    names = {"term": [part for _, part in made], "split": [split for split, _ in made]}
    table = whole.frame.assign(**names)[[*EFFECT_COLUMNS, "split", "reason"]]
    return replace(next(each for each in made.values() if each), frame=table, covariance=None)


def leave_one_cluster_out(frame: pd.DataFrame, design: Design, estimator: Estimator) -> EffectEstimate:
    """Estimate the effect again without each cluster that holds treated units.

    What one cluster decides is no finding on the others: where few clusters hold the treated, the effect without the
    one that moves it most belongs beside the headline.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated; its first cluster is left out.
    estimator : callable
        Takes a panel and a design; its first row counts.

    Returns
    -------
    EffectEstimate
        One row is one cluster: ``term`` names it, the effect and its interval are those without it, and
        ``treated_count`` is what is left. Remarks: ``left_out_count`` (treated units behind the effect that it holds),
        ``change`` (the effect without it less that with all) and ``reason``. The one that moves the effect most comes
        first, those without which there is no estimate last.

    Raises
    ------
    EstimationError
        If there is no estimate with all clusters, or none without any of them.
    """
    cluster = design.cluster_columns[0]
    whole = estimator(frame, design)
    point, treated = whole.frame.iloc[0][["estimate", "treated_count"]]
    holding = sorted(frame.loc[frame[str(design.cohort)].notna(), cluster].dropna().unique())
    made = {str(name): refusal.estimator(estimator)(frame[frame[cluster] != name], design) for name in holding}
    if not any(made.values()):
        raise EstimationError(f"without any one {cluster} there is no estimate: all treated units lie in one of them")
    table = stack(made, named=True).frame.assign(term=list(made))
    table["change"] = table["estimate"] - point
    table["left_out_count"] = (treated - table["treated_count"]).where(table["estimate"].notna()).astype("Int64")
    table = table[table["left_out_count"].ne(0).fillna(value=True)]
    table = table.sort_values("change", key=lambda moved: -moved.abs(), kind="stable", ignore_index=True)
    columns = [*EFFECT_COLUMNS, "left_out_count", "change", "reason"]
    return replace(whole, frame=table[columns], covariance=None)


def halves(frame: pd.DataFrame, design: Design, column: str, label: str) -> pd.Series:
    """Return whether the unit of a row is in the lower or the upper half of the treated units by a column.

    Returns
    -------
    Series
        ``label below x`` and ``label from x on``; missing where the column is.
    """
    require_numbers(frame, (column,))
    treated = frame[frame[str(design.cohort)].notna()].drop_duplicates(design.unit)[column].dropna()
    if treated.empty:
        return pd.Series(np.nan, index=frame.index, dtype=object)
    middle = float(treated.median())
    whole = abs(middle) >= 10_000 or (middle < 1_000 and middle == round(middle))
    shown = f"{middle:,.0f}" if whole else f"{middle:.4g}"
    text = pd.Series(
        np.where(frame[column] < middle, f"{label} below {shown}", f"{label} from {shown} on"), frame.index
    )
    return text.where(frame[column].notna())
