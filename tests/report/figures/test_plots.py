"""Figures: what they mark."""

import numpy as np
import pandas as pd
import pytest

from buurteffect import report


def bounds(breakdown: float) -> pd.DataFrame:
    """Return a table of honest bounds."""
    return pd.DataFrame(
        {
            "term": ["parallel trends", "relative magnitudes 0.5", "relative magnitudes 1", "breakdown value"],
            "bound": [np.nan, 0.5, 1.0, np.nan],
            "estimate": [0.2, 0.2, 0.2, breakdown],
            "ci_low": [0.1, 0.05, -0.1, np.nan],
            "ci_high": [0.3, 0.35, 0.5, np.nan],
        }
    )


@pytest.mark.parametrize(("breakdown", "marked"), [(0.75, True), (0.0, True), (3.0, False), (np.inf, False)])
def test_honest_bounds_mark_no_effect_and_the_breakdown_value_where_the_axis_reaches_it(breakdown, marked):
    axes = report.honest_bounds(bounds(breakdown), ("Breaks", "points")).axes[0]
    lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.get_lines()]
    assert ([0, 1], [0, 0]) in lines
    assert ([breakdown, breakdown], [0, 1]) in lines or not marked
    assert len(lines) == (4 if marked else 3)
    ends = [segment[:, 1].tolist() for segment in axes.collections[0].get_segments()]
    np.testing.assert_allclose(ends, [[0.1, 0.3], [0.05, 0.35], [-0.1, 0.5]])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["parallel\ntrends", "0.5", "1"]
