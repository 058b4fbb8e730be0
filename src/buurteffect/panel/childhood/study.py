"""The study of children and of the places in which they grow up, from the register extracts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from buurteffect.panel.childhood.adulthood import read_adult_years, read_neighbours
from buurteffect.panel.childhood.childhood import Childhoods, read_childhoods
from buurteffect.panel.childhood.sampled_exposure import sampled_exposures
from buurteffect.panel.inputs.contents import InputFile
from buurteffect.panel.inputs.source_folders import extracts_folder
from buurteffect.panel.persons.person_years import read_person_years
from buurteffect.project import Project
from buurteffect.sources.tables.microdata import extract_paths

READ = (
    "EIGENDOMWOZTAB", "GBAADRESOBJECTBUS", "GBAPERSOONTAB", "INHATAB", "INPATAB", "KINDOUDERTAB",
    "KOPPELPERSOONHUISHOUDEN", "SECMBUS", "VSLGWBTAB",
)  # fmt: skip
"""The extracts that the study reads."""

REGIONS = {"groningen": ("GM0014",), "cities": ("GM0363", "GM0599", "GM0518", "GM0344")}
"""Gemeenten that a claim names: Groningen, and the four largest cities (Amsterdam, Rotterdam, Den Haag, Utrecht)."""


@dataclass(frozen=True, eq=False)
class ChildhoodStudy:
    """Children, adults and neighbours of one country.

    Attributes
    ----------
    childhoods : Childhoods
        See `read_childhoods`.
    adults : DataFrame
        See `read_adult_years`.
    neighbours : DataFrame
        See `read_neighbours`.
    samples : DataFrame
        See `sampled_exposures`.
    gemeenten : Index
        Codes of the gemeenten; their position is the number that the tables use.
    inputs : tuple of InputFile
        The extracts that were read.
    """

    childhoods: Childhoods
    adults: pd.DataFrame
    neighbours: pd.DataFrame
    samples: pd.DataFrame
    gemeenten: pd.Index
    inputs: tuple[InputFile, ...] = ()

    @classmethod
    def read(
        cls, folder: Path, neighbours_year: int, every: int = 5, sample_share: float = 0.1, seed: int = 1
    ) -> ChildhoodStudy:
        """Return the study of a folder of register extracts; see `childhood_study`."""
        people = read_person_years(folder)
        childhoods = read_childhoods(folder, people)
        return cls(
            childhoods,
            read_adult_years(people, every=every),
            read_neighbours(people, neighbours_year),
            sampled_exposures(people, childhoods.years, sample_share, seed),
            people["gemeente_code"].cat.categories,
            tuple(InputFile.of(path) for table in READ for path in extract_paths(folder, table).values()),
        )

    @property
    def children(self) -> pd.DataFrame:
        """One row per child."""
        return self.childhoods.children

    @property
    def years(self) -> pd.DataFrame:
        """One row per child and year."""
        return self.childhoods.years

    @property
    def ranks_spread(self) -> float:
        """Standard deviation of the adult ranks, in points."""
        return float(self.children["adult_rank"].std())

    @property
    def named_regions(self) -> dict[str, list[int]]:
        """Gemeenten of the regions of `REGIONS`, by the number that the tables use; none where they are not there."""
        return {
            name: [int(at) for at in self.gemeenten.get_indexer(list(codes)) if at >= 0]
            for name, codes in REGIONS.items()
        }

    @property
    def summary(self) -> pd.DataFrame:
        """Who is in the study: one row per group, ``what, count``."""
        children = self.children
        once = children["moves_count"] == 1
        several = children.groupby("family")["person"].transform("size") > 1
        counts = {
            "children with a known adult rank": len(children),
            "families": children["family"].nunique(),
            "children whose family moved once": int(once.sum()),
            "children whose family moved once, before they were 18": int((children["move_age"] <= 17).sum()),
            "children with a brother or sister among them": int(several.sum()),
            "main earners of working age, person-years": len(self.adults),
        }
        counts |= dict(self.childhoods.dropped)
        return pd.DataFrame({"what": counts.keys(), "count": counts.values()})


def childhood_study(
    source: str,
    neighbours_year: int,
    every: int = 5,
    sample_share: float = 0.1,
    seed: int = 1,
    project: Project | None = None,
) -> ChildhoodStudy:
    """Return the study of a source.

    Parameters
    ----------
    source : {"synthetic", "microdata"}
        Where the data come from.
    neighbours_year : int
        Year whose households are regressed on their neighbours.
    every : int
        Every so many-th adult is taken for the panel regressions.
    sample_share : float
        Share of the households in each of two samples that poverty is also measured from.
    seed : int
        Of the lot that draws them.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Raises
    ------
    ProjectError
        If the source has no extracts.
    DataError
        If an extract is missing or breaks its contract.
    """
    return ChildhoodStudy.read(extracts_folder(source, project), neighbours_year, every, sample_share, seed)
