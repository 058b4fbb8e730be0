"""How much urban neighbourhoods differ in income in one year."""

from __future__ import annotations

import pandas as pd

from buurteffect.errors import EstimationError

_URBAN_CLASSES = (1, 2)
_COLUMNS = ("low_income_households_share", "lowest40_households_share", "household_income_standardised_eur")


def urban_spread(figures: pd.DataFrame, year: int) -> dict[str, float]:
    """Return the spread of low incomes and of mean income between the urban areas of one year, each area once.

    Parameters
    ----------
    figures : DataFrame
        One row per area and year: ``year``, ``urbanity_class`` (1 the densest), ``low_income_households_share``,
        ``lowest40_households_share`` (shares), ``household_income_standardised_eur``. Areas of which one is missing
        are left out.
    year : int
        Which year.

    Returns
    -------
    dict of str to float
        By name of the fact with the year behind it: mean and SD of the share of low incomes, SD of the share in the
        lowest 40%, SD of income over its mean, and the correlation of income with the share of low incomes.

    Raises
    ------
    EstimationError
        If fewer than three urban areas are published in full.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     [(2021, 1, 0.10, 0.5, 30_000.0), (2021, 2, 0.06, 0.4, 36_000.0), (2021, 1, 0.08, 0.3, 33_000.0)],
    ...     columns=["year", "urbanity_class", *_COLUMNS],
    ... )
    >>> round(urban_spread(table, 2021)["low_income_sd_2021"], 3)
    0.02
    """
    urban = figures[(figures["year"] == year) & figures["urbanity_class"].isin(_URBAN_CLASSES)]
    known = urban[list(_COLUMNS)].dropna().astype(float)
    if len(known) < 3:
        raise EstimationError(
            f"{len(known)} urban areas have both shares and the mean income of {year}: three are needed for a spread; "
            "choose a year in which they are published"
        )
    low, lowest, income = (known[name] for name in _COLUMNS)
    return {
        f"low_income_mean_{year}": float(low.mean()),
        f"low_income_sd_{year}": float(low.std()),
        f"lowest40_sd_{year}": float(lowest.std()),
        f"income_cv_{year}": float(income.std() / income.mean()),
        f"income_low_income_correlation_{year}": float(income.corr(low)),
    }
