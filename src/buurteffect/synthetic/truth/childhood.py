"""What is true of places and chances: what the page on neighbourhood effects is compared with after it has spoken."""

from __future__ import annotations


def opportunity_truth() -> dict[str, float]:
    """Return true values by name: effects that no draw of the synthetic country has.

    ``neighbour_income_effect``
        Of the neighbours' mean log income on a household's own: incomes are drawn from the household alone.
    ``place_income_effect``
        Of the share of low incomes around a household on its own log income: none.
    ``exposure_by_mix``
        How the effect of a year of childhood depends on the mix of tenures: not at all.
    ``exposure_curvature``
        How it depends on the share itself: it is linear.
    """
    return {
        "neighbour_income_effect": 0.0,
        "place_income_effect": 0.0,
        "exposure_by_mix": 0.0,
        "exposure_curvature": 0.0,
    }
