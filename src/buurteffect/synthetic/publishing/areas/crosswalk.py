"""Crosswalks between the areas of every year of the key figures and those of the last, in both directions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.project import writing
from buurteffect.synthetic.publishing.areas.boundary_changes import WIDTHS, Vintages, true_crosswalk
from buurteffect.synthetic.world.world import World

NOISE_FLOWS = 3
"""Addresses per level and pair of years that seem to have moved and have not: one each."""

_STREAM = 0xADD
_LARGE = 200
_COLUMNS = ["source", "target", "n_addresses"]


def publish_crosswalk(world: World, vintages: Vintages, folder: Path) -> None:
    """Write ``crosswalk_<level>.csv`` for buurten, wijken and gemeenten.

    One row is a pair of codes of two years with the addresses that they share; a buurt has as many addresses as
    published dwellings. Codes have no prefix. Areas that did not change are left out, but for those that a flow of
    noise touches, and for one where nothing at all changed, so that the pair of years is known.
    """
    addresses = np.maximum(world.geography.buurten["published_dwellings"].to_numpy(dtype=np.float64), 1.0)
    last = vintages.years[-1]
    for number, level in enumerate(WIDTHS):
        parts = []
        for year in vintages.years[:-1]:
            stream = np.random.default_rng(np.random.SeedSequence([world.seed, _STREAM, number, year]))
            flows = _published(true_crosswalk(vintages, addresses, year, last, level), stream)
            parts.append(flows.assign(year_from=year, year_to=last))
            back = flows.rename(columns={"source": "target", "target": "source"})
            parts.append(back.assign(year_from=last, year_to=year))
        frame = pd.concat(parts)[["year_from", "year_to", *_COLUMNS]]
        frame = frame.sort_values(["year_from", "year_to", "source", "target"])
        with writing(folder / f"crosswalk_{level}.csv") as aside:
            frame.to_csv(aside, index=False, lineterminator="\n")


def _published(true: pd.DataFrame, stream: np.random.Generator) -> pd.DataFrame:
    """Return the flows of the units that changed, whole numbers of addresses, with noise among large ones."""
    flows = true.assign(n_addresses=np.maximum(np.round(true["addresses"]), 1).astype(np.int64))[_COLUMNS]
    kept = (
        (flows["source"] == flows["target"])
        & ~flows["source"].duplicated(keep=False)
        & ~flows["target"].duplicated(keep=False)
    ).to_numpy()
    noise = _noise(flows[kept], stream)
    touched = set(noise["source"]) | set(noise["target"])
    if kept.all() and not touched:
        touched = {flows["source"].iloc[0]}
    listed = flows[~kept | flows["source"].isin(list(touched)).to_numpy()]
    return pd.concat([listed, noise], ignore_index=True)


def _noise(unchanged: pd.DataFrame, stream: np.random.Generator) -> pd.DataFrame:
    """Return flows of one address between neighbours in the list of large areas that did not change."""
    large: NDArray[np.object_] = unchanged.loc[unchanged["n_addresses"] >= _LARGE, "source"].to_numpy(dtype=object)
    count = min(NOISE_FLOWS, max(len(large) - 1, 0))
    first = np.sort(stream.choice(len(large) - 1, size=count, replace=False)) if count else np.array([], dtype=np.int64)
    return pd.DataFrame(
        {
            "source": pd.Series(large[first], dtype="str"),
            "target": pd.Series(large[first + 1], dtype="str"),
            "n_addresses": np.ones(count, dtype=np.int64),
        }
    )
