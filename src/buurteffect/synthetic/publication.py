"""Publish a synthetic country in the file layouts of the real publishers, quirks included."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pandas as pd

from buurteffect.project import writing
from buurteffect.schema import DEVIATION_REFERENCE, DIMENSIONS_3, WAVES_WITH_DIMENSIONS_3
from buurteffect.synthetic.liveability import World

ARCHIVE = Path("leefbaarometer3") / "open-data-leefbaarometer-meting-2024.zip"
_FOLDER = "Leefbaarometer 3.0 - Meting 2024 - open data"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def publish(world: World, published: Path, truth: Path) -> None:
    """Write what a publisher would publish, and, elsewhere, the truth.

    Parameters
    ----------
    world : World
        The country.
    published : Path
        Folder for the public files: the Leefbaarometer's zip and the list of gemeente groups.
    truth : Path
        JSON file for the true values. It lies outside `published`, where no reader looks.
    """
    members = {
        "buurten": (world.buurten, ("bu_code", "bu_naam")),
        "wijken": (world.wijken, ("wk_code", "wk_naam")),
        "PC4": (world.pc4, ("PC4",)),
    }
    with writing(published / ARCHIVE) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
        for label, (frame, keys) in members.items():
            member = zipfile.ZipInfo(f"{_FOLDER}/Leefbaarometer-scores {label} 2002-2024.csv", _ZIP_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, _scores_csv(frame, keys))
    with writing(published / "gemeente_groups.csv") as aside:
        world.gemeente_groups.to_csv(aside, index=False, lineterminator="\n")
    with writing(truth) as aside:
        aside.write_text(json.dumps(world.truth, indent=2) + "\n", encoding="utf-8")


def _scores_csv(frame: pd.DataFrame, keys: tuple[str, ...]) -> str:
    """Return a scores file in version 3's layout: quoted header and text, NA for what a wave does not hold."""
    table = pd.DataFrame({keys[0]: frame["area_code"]})
    if len(keys) == 2:
        table[keys[1]] = frame["area_name"]
    table["jaar"] = frame["year"]
    table["lbm"] = frame["liveability_score"]
    table["afw"] = frame["liveability_score"] - DEVIATION_REFERENCE
    has_dimensions = frame["year"].isin(WAVES_WITH_DIMENSIONS_3)
    for short, name in DIMENSIONS_3.items():
        table[short] = frame[name].where(has_dimensions)
    buffer = io.StringIO()
    table.to_csv(buffer, index=False, na_rep="NA", quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    return buffer.getvalue().replace('"NA"', "NA")
