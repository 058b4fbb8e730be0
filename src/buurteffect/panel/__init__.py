"""Raw files to one checked panel per level, with a ledger of every row that was left out and why."""

from buurteffect.panel.audit import (
    boundary_changes,
    coverage,
    identities,
    largest_differences,
    missing_by_concept,
    missing_values,
    totals,
)
from buurteffect.panel.codebook import statistics_codebook
from buurteffect.panel.liveability import LevelPanel, assemble_levels
from buurteffect.panel.statistics import STATISTICS_LEVELS, STATISTICS_RULES, assemble_statistics, stack_files
from buurteffect.panel.statistics_store import Statistics, build_statistics, read_statistics
from buurteffect.panel.store import InputFile, Panel, build, read

__all__ = [
    "STATISTICS_LEVELS",
    "STATISTICS_RULES",
    "InputFile",
    "LevelPanel",
    "Panel",
    "Statistics",
    "assemble_levels",
    "assemble_statistics",
    "boundary_changes",
    "build",
    "build_statistics",
    "coverage",
    "identities",
    "largest_differences",
    "missing_by_concept",
    "missing_values",
    "read",
    "read_statistics",
    "stack_files",
    "statistics_codebook",
    "totals",
]
