"""Readers of raw files: each takes what a publisher gives, checks it, and returns a table of the contract."""

from buurteffect.sources.files.rawfile import refuse_same_bytes
from buurteffect.sources.geography.addresses import read_addresses
from buurteffect.sources.geography.boundaries import read_boundaries
from buurteffect.sources.geography.crosswalk import CrosswalkFile, read_crosswalk
from buurteffect.sources.key_figures.layouts.map import has_key_figures
from buurteffect.sources.key_figures.read import KeyFigureFile, read_key_figures
from buurteffect.sources.leefbaarometer.version2 import read_classes, read_dimensions
from buurteffect.sources.leefbaarometer.version3 import ScoreFile, find_score_files, read_score_files, read_scores
from buurteffect.sources.statline.fetch import fetch_table
from buurteffect.sources.statline.store import open_table
from buurteffect.sources.tables.area_lists import read_focus_areas, read_growth_centres
from buurteffect.sources.tables.housing_stock import read_housing_stock
from buurteffect.sources.tables.priority_areas import read_priority_areas
from buurteffect.sources.tables.projects import read_projects
from buurteffect.sources.tables.ses_woa import read_ses_woa

__all__ = [
    "CrosswalkFile",
    "KeyFigureFile",
    "ScoreFile",
    "fetch_table",
    "find_score_files",
    "has_key_figures",
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
    "read_priority_areas",
    "read_projects",
    "read_score_files",
    "read_scores",
    "read_ses_woa",
    "refuse_same_bytes",
]
