"""Everything that the page on neighbourhoods and chances reads, out of one pass through the register extracts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from buurteffect.panel.childhood.adulthood import read_adult_years, read_neighbours
from buurteffect.panel.childhood.childhood import Childhoods, read_childhoods
from buurteffect.panel.childhood.sampled_exposure import sampled_exposures
from buurteffect.panel.folder.raw_folder import InputFile
from buurteffect.panel.persons.person_years import read_person_years
from buurteffect.panel.persons.residence import extracts_folder
from buurteffect.project import Project
from buurteffect.sources.tables.microdata import extract_paths

READ = (
    "EIGENDOMWOZTAB",
    "GBAADRESOBJECTBUS",
    "GBAPERSOONTAB",
    "INHATAB",
    "INPATAB",
    "KINDOUDERTAB",
    "KOPPELPERSOONHUISHOUDEN",
    "SECMBUS",
    "VSLGWBTAB",
)
"""The extracts that the page reads."""


@dataclass(frozen=True, eq=False)
class OpportunityStudy:
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


def opportunity_study(
    source: str,
    neighbours_year: int,
    every: int = 5,
    sample_share: float = 0.1,
    seed: int = 1,
    project: Project | None = None,
) -> OpportunityStudy:
    """Read the register extracts of a source.

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

    Raises
    ------
    ProjectError
        If the source has no extracts.
    DataError
        If an extract is missing or breaks its contract.
    """
    folder = extracts_folder(source, project)
    people = read_person_years(folder)
    childhoods = read_childhoods(folder, people)
    return OpportunityStudy(
        childhoods,
        read_adult_years(people, every=every),
        read_neighbours(people, neighbours_year),
        sampled_exposures(people, childhoods.years, sample_share, seed),
        people["gemeente_code"].cat.categories,
        _inputs(folder),
    )


def _inputs(folder: Path) -> tuple[InputFile, ...]:
    """Return the extracts that the page reads, by name, size and hash."""
    paths = [path for table in READ for path in extract_paths(folder, table).values()]
    return tuple(InputFile.of(path) for path in paths)
