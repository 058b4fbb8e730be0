"""Released results to tables, figures, pages and the index.

A notebook calls `open_page`, shows its tables, figures and verdicts through the `Page` it gets, and ends with
`finish`. The build turns the executed notebook and its results into a page.
"""

from buurteffect.report.figures.maps import area_map, class_map, class_names, strip
from buurteffect.report.figures.plots import event_study, honest_bounds, intervals, lines, listed, ridges, shaded_table
from buurteffect.report.figures.style import figure
from buurteffect.report.page import Page, open_page
from buurteffect.report.tables.columns import Column
from buurteffect.report.tables.restructuring import (
    BALANCE,
    BEND,
    BESIDE,
    BESIDE_NOTE,
    BUILT,
    FADING_NOTE,
    LEFT_OUT,
    LEFT_OUT_NOTE,
    OWN_ERRORS,
    P_VALUE,
    PLACES,
    PLACES_NOTE,
    TRAITS,
    WITHOUT,
    ahead_columns,
)
from buurteffect.report.tables.scores import (
    COMPONENTS,
    RELIABILITIES,
    USED,
    USED_NOTE,
    course_words,
    density_words,
    map_words,
)

__all__ = [
    "BALANCE",
    "BEND",
    "BESIDE",
    "BESIDE_NOTE",
    "BUILT",
    "COMPONENTS",
    "FADING_NOTE",
    "LEFT_OUT",
    "LEFT_OUT_NOTE",
    "OWN_ERRORS",
    "PLACES",
    "PLACES_NOTE",
    "P_VALUE",
    "RELIABILITIES",
    "TRAITS",
    "USED",
    "USED_NOTE",
    "WITHOUT",
    "Column",
    "Page",
    "ahead_columns",
    "area_map",
    "class_map",
    "class_names",
    "course_words",
    "density_words",
    "event_study",
    "figure",
    "honest_bounds",
    "intervals",
    "lines",
    "listed",
    "map_words",
    "open_page",
    "ridges",
    "shaded_table",
    "strip",
]
