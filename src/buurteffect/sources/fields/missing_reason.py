"""Why a value is missing, as a column beside the values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.schema import MissingReason
from buurteffect.sources.files.line_numbers import Mask


def reason_column(missing: Mask, reason: MissingReason | npt.NDArray[np.object_]) -> pd.Series:
    """Return the reason where a value is missing, and a missing text where it is not.

    `reason` is one for all rows, or one per row.

    Examples
    --------
    >>> reason_column(np.array([True, False]), MissingReason.NOT_PUBLISHED).isna().tolist()
    [False, True]
    """
    reasons = [str(reason)] * len(missing) if isinstance(reason, MissingReason) else list(map(str, reason))
    return pd.Series(reasons, dtype="str").where(missing)


def reasons_by_year(missing: Mask, years: pd.Series) -> pd.Series:
    """Return `NOT_IN_YEAR` where no area has a value in that year, `NOT_PUBLISHED` where others have."""
    whole_year = pd.Series(missing).groupby(years.to_numpy()).transform("all").to_numpy()
    choices = np.array([MissingReason.NOT_PUBLISHED, MissingReason.NOT_IN_YEAR], dtype=object)
    return reason_column(missing, choices[whole_year.astype(int)])
