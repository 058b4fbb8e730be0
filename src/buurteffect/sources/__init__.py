"""Readers of raw files: each takes what a publisher gives, checks it, and returns a table of the contract."""

from buurteffect.sources.archive import list_members, read_member
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
from buurteffect.sources.rawfile import read_text, refuse_duplicates, refuse_same_bytes, sha256_of

__all__ = [
    "ClassFile",
    "DimensionFile",
    "Found",
    "Located",
    "PassedOver",
    "ScoreFile",
    "ScoreFolder",
    "find_score_files",
    "list_members",
    "read_classes",
    "read_dimensions",
    "read_member",
    "read_score_files",
    "read_scores",
    "read_text",
    "refuse_duplicates",
    "refuse_same_bytes",
    "sha256_of",
]
