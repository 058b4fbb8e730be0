"""Readers of raw files: each takes what a publisher gives, checks it, and returns a table of the contract."""

from buurteffect.sources.files.rawfile import read_text, refuse_duplicates, refuse_same_bytes, sha256_of
from buurteffect.sources.files.zip_archive import list_members, read_member
from buurteffect.sources.geography.addresses import read_addresses
from buurteffect.sources.geography.boundaries import read_boundaries
from buurteffect.sources.geography.crosswalk import CrosswalkFile, read_crosswalk
from buurteffect.sources.key_figures.ledger import KwbLedger, MappedColumn
from buurteffect.sources.key_figures.read import KeyFigures, KwbFile, has_key_figures, read_key_figures, read_kwb
from buurteffect.sources.leefbaarometer.version2 import ClassFile, DimensionFile, read_classes, read_dimensions
from buurteffect.sources.leefbaarometer.version3 import (
    Found,
    Located,
    PassedOver,
    ScoreFile,
    ScoreFolder,
    find_score_files,
    read_score_files,
    read_scores,
)
from buurteffect.sources.statline.fetch import fetch_table
from buurteffect.sources.statline.store import StoredTable, open_table
from buurteffect.sources.tables.area_lists import AreaList, read_focus_areas, read_growth_centres
from buurteffect.sources.tables.housing_stock import read_housing_stock
from buurteffect.sources.tables.priority_areas import read_priority_areas
from buurteffect.sources.tables.projects import read_projects
from buurteffect.sources.tables.ses_woa import read_ses_woa

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
