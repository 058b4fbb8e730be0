"""Raw files to one checked panel per level, with a ledger of every row that was left out and why."""

from buurteffect.panel.audit import coverage, identities, missing_values
from buurteffect.panel.liveability import LevelPanel, assemble_levels
from buurteffect.panel.store import InputFile, Panel, build, read

__all__ = [
    "InputFile",
    "LevelPanel",
    "Panel",
    "assemble_levels",
    "build",
    "coverage",
    "identities",
    "missing_values",
    "read",
]
