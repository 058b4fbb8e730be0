"""Readers of raw files: each takes what a publisher gives, checks it, and returns a table of the contract."""

from buurteffect.sources.addresses import read_addresses
from buurteffect.sources.archive import list_members, read_member
from buurteffect.sources.area_lists import AreaList, read_focus_areas, read_growth_centres
from buurteffect.sources.boundaries import read_boundaries
from buurteffect.sources.crosswalk import CrosswalkFile, read_crosswalk
from buurteffect.sources.housing_stock import read_housing_stock
from buurteffect.sources.kwb import KeyFigures, KwbFile, has_key_figures, read_key_figures, read_kwb
from buurteffect.sources.kwb_ledger import KwbLedger, MappedColumn
from buurteffect.sources.leefbaarometer2 import ClassFile, DimensionFile, read_classes, read_dimensions
from buurteffect.sources.leefbaarometer3 import (
    Found,
    Located,
    PassedOver,
    ScoreFile,
    ScoreFolder,
    find_score_files,
    read_score_files,
    read_scores,
)
from buurteffect.sources.priority_areas import read_priority_areas
from buurteffect.sources.projects import read_projects
from buurteffect.sources.rawfile import read_text, refuse_duplicates, refuse_same_bytes, sha256_of
from buurteffect.sources.ses_woa import read_ses_woa
from buurteffect.sources.statline import fetch_table
from buurteffect.sources.statline_store import StoredTable, open_table

__all__ = [
    "AreaList",
    "ClassFile",
    "CrosswalkFile",
    "DimensionFile",
    "Found",
    "KeyFigures",
    "KwbFile",
    "KwbLedger",
    "Located",
    "MappedColumn",
    "PassedOver",
    "ScoreFile",
    "ScoreFolder",
    "StoredTable",
    "fetch_table",
    "find_score_files",
    "has_key_figures",
    "list_members",
    "open_table",
    "read_addresses",
    "read_boundaries",
    "read_classes",
    "read_crosswalk",
    "read_dimensions",
    "read_focus_areas",
    "read_growth_centres",
    "read_housing_stock",
    "read_key_figures",
    "read_kwb",
    "read_member",
    "read_priority_areas",
    "read_projects",
    "read_score_files",
    "read_scores",
    "read_ses_woa",
    "read_text",
    "refuse_duplicates",
    "refuse_same_bytes",
    "sha256_of",
]
