"""The look of every figure: one palette that holds in print and for the colour-blind, text as outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PALETTE = ("#1f5a7a", "#c8553d", "#6a8532", "#8a6bbf", "#b58b00", "#4d4d4d")
SAME_MARKS: dict[Any, Any] = {"svg.hashsalt": "buurteffect"}
"""What makes a figure's file the same each time: the names of its marks are drawn by chance otherwise."""
_SETTINGS = {
    **SAME_MARKS,
    "svg.fonttype": "path",
    "figure.dpi": 96,
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#e4e4e0",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def figure(
    columns: int = 1, rows: int = 1, width: float = 7.2, height: float = 3.6, **options: Any
) -> tuple[Figure, Any]:
    """Return an empty figure in the project's style, sized in inches, and its axes as `subplots` returns them."""
    import matplotlib.pyplot as plt
    import seaborn as sns

    sns.set_theme(style="whitegrid", palette=PALETTE, rc=_SETTINGS)
    return plt.subplots(rows, columns, figsize=(width, height), **options)
