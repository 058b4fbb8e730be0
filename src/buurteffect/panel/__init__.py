"""Raw files to one checked panel per level, with a ledger of every row that was left out and why."""

from buurteffect.panel.audit import (
    boundary_changes,
    coverage,
    identities,
    joins_of,
    largest_differences,
    missing_by_concept,
    missing_values,
    source_coverage,
    summarise,
    totals,
)
from buurteffect.panel.breaks import break_table, series_breaks
from buurteffect.panel.codebook import panel_codebook
from buurteffect.panel.dose_panel import DosePanel, dose_panel
from buurteffect.panel.folder import Folder, InputFile, read_folder
from buurteffect.panel.liveability import LevelPanel, assemble_levels
from buurteffect.panel.polygons import read_map
from buurteffect.panel.register import read_projects
from buurteffect.panel.residence import (
    destinations,
    extracts_folder,
    largest_project,
    read_spells,
    strip_of_buurt,
    summarise_destinations,
    turnover_by_year,
)
from buurteffect.panel.restructuring import RestructuringPanel, restructuring_panel
from buurteffect.panel.restructuring_tables import (
    built_and_demolished,
    focus_areas_of,
    register_by_cohort,
    restructuring_map,
)
from buurteffect.panel.statistics import STATISTICS_LEVELS, STATISTICS_RULES, assemble_statistics, stack_files
from buurteffect.panel.store import build
from buurteffect.panel.treatment import RINGS_M, treatment_of_areas
from buurteffect.panel.views import (
    JoinedLevel,
    Panel,
    Statistics,
    has_scores,
    read,
    read_joined,
    read_record,
    read_statistics,
)

__all__ = [
    "RINGS_M",
    "STATISTICS_LEVELS",
    "STATISTICS_RULES",
    "DosePanel",
    "Folder",
    "InputFile",
    "JoinedLevel",
    "LevelPanel",
    "Panel",
    "RestructuringPanel",
    "Statistics",
    "assemble_levels",
    "assemble_statistics",
    "boundary_changes",
    "break_table",
    "build",
    "built_and_demolished",
    "coverage",
    "destinations",
    "dose_panel",
    "extracts_folder",
    "focus_areas_of",
    "has_scores",
    "identities",
    "joins_of",
    "largest_differences",
    "largest_project",
    "missing_by_concept",
    "missing_values",
    "panel_codebook",
    "read",
    "read_folder",
    "read_joined",
    "read_map",
    "read_projects",
    "read_record",
    "read_spells",
    "read_statistics",
    "register_by_cohort",
    "restructuring_map",
    "restructuring_panel",
    "series_breaks",
    "source_coverage",
    "stack_files",
    "strip_of_buurt",
    "summarise",
    "summarise_destinations",
    "totals",
    "treatment_of_areas",
    "turnover_by_year",
]
