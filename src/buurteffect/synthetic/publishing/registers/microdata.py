"""Publish a country's people: register extracts for persons, the project register and the boundaries.

The extracts have the layouts of `schema.microdata`. No number in them can be a real one: a RINPERSOON begins with 999
and has 12 digits where real ones have nine, a RINOBJECTNUMMER begins with ``SYN``, and gemeenten count from 9001 on.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from buurteffect.errors import ProjectError
from buurteffect.project import writing
from buurteffect.schema.microdata import extract_file
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import Persons, draw_persons
from buurteffect.synthetic.persons.spells import building_objects
from buurteffect.synthetic.publishing.areas.boundary_changes import Vintages, draw_vintages
from buurteffect.synthetic.publishing.registers.boundaries import FOLDER as BOUNDARIES
from buurteffect.synthetic.publishing.registers.boundaries import publish_boundaries
from buurteffect.synthetic.publishing.registers.extracts import cut_register
from buurteffect.synthetic.publishing.registers.projects import REGISTER, publish_register
from buurteffect.synthetic.publishing.registers.yearly_extracts import extract_tables
from buurteffect.synthetic.world.world import World

MICRODATA = Path("microdata")


def publish_microdata(
    world: World,
    folder: Path,
    gemeente_share: float = 1.0,
    *,
    persons: Persons | None = None,
    vintages: Vintages | None = None,
) -> tuple[Path, ...]:
    """Write the register extracts as parquet, each to a folder of its own, and return the files in that order.

    Parameters
    ----------
    world : World
        The country.
    folder : Path
        Folder of the extracts.
    gemeente_share : float
        Share of the gemeenten, above 0 and at most 1, drawn by lot. Everyone who ever lived in one of them is in the
        extract, with the years lived elsewhere.
    persons, vintages : optional
        Persons and areas of this world, if they are at hand.

    Raises
    ------
    ProjectError
        If the share is none.
    """
    if not 0 < gemeente_share <= 1:
        raise ProjectError(f"gemeente_share is {gemeente_share}: give a share above 0 and at most 1")
    parameters = PeopleParameters()
    persons = persons or draw_persons(world, parameters)
    register = cut_register(world, persons, building_objects(world), gemeente_share, parameters)
    written = []
    for name, year, table in extract_tables(register, vintages or draw_vintages(world)):
        path = folder / extract_file(name, year)
        with writing(path) as aside:
            pq.write_table(table, aside, compression="zstd", store_schema=False)
        written.append(path)
    return tuple(written)


def publish_people(
    world: World, folder: Path, *, persons: Persons | None = None, vintages: Vintages | None = None
) -> tuple[Path, ...]:
    """Write register extracts (``microdata/``), project register (``projects/``) and boundaries (``boundaries/``).

    Parameters are those of `publish_microdata`; all files are returned.
    """
    publish_register(world, folder / REGISTER)
    maps = publish_boundaries(world, folder / BOUNDARIES)
    extracts = publish_microdata(world, folder / MICRODATA, persons=persons, vintages=vintages)
    return (folder / REGISTER, *maps, *extracts)
