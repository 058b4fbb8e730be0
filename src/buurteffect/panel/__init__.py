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
from buurteffect.panel.folder import Folder, InputFile, read_folder
from buurteffect.panel.liveability import LevelPanel, assemble_levels
from buurteffect.panel.register import read_projects
from buurteffect.panel.statistics import STATISTICS_LEVELS, STATISTICS_RULES, assemble_statistics, stack_files
from buurteffect.panel.store import build
from buurteffect.panel.views import JoinedLevel, Panel, Statistics, read, read_joined, read_record, read_statistics

__all__ = [
    "STATISTICS_LEVELS",
    "STATISTICS_RULES",
    "Folder",
    "InputFile",
    "JoinedLevel",
    "LevelPanel",
    "Panel",
    "Statistics",
    "assemble_levels",
    "assemble_statistics",
    "boundary_changes",
    "break_table",
    "build",
    "coverage",
    "identities",
    "joins_of",
    "largest_differences",
    "missing_by_concept",
    "missing_values",
    "panel_codebook",
    "read",
    "read_folder",
    "read_joined",
    "read_projects",
    "read_record",
    "read_statistics",
    "series_breaks",
    "source_coverage",
    "stack_files",
    "summarise",
    "totals",
]
