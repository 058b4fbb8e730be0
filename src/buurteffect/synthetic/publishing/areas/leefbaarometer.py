"""The Leefbaarometer's zip of open data: scores of buurten, wijken and PC4 areas in every wave."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import ProjectError
from buurteffect.project import writing
from buurteffect.schema import DEVIATION_REFERENCE, DIMENSIONS_3, WAVES_3, WAVES_WITH_DIMENSIONS_3
from buurteffect.synthetic.publishing.areas.workbook import write_zip
from buurteffect.synthetic.world.world import World

LAST_WAVE = 2022
BREAK_WAVE = 2014
"""First wave of the later instrument; some areas have no scores before it."""

ARCHIVE = Path("leefbaarometer3") / f"open-data-leefbaarometer-meting-{LAST_WAVE}.zip"
WITHOUT_EARLY_SCORES = 0.01
"""Share of buurten and wijken without scores before `BREAK_WAVE`."""

DIMENSION_SD = np.array([0.045, 0.072, 0.055, 0.127, 0.048])
DIMENSION_CORRELATION = np.array(
    [
        [1.00, 0.10, 0.10, -0.19, 0.10],
        [0.10, 1.00, 0.83, -0.70, 0.75],
        [0.10, 0.83, 1.00, -0.75, 0.79],
        [-0.19, -0.70, -0.75, 1.00, -0.59],
        [0.10, 0.75, 0.79, -0.59, 1.00],
    ]
)
"""SDs (LBM points) and correlations of fys, onv, soc, vrz and won, near those of the real wijken."""

_LASTING_SHARE = 0.95  # of the variance of a dimension between areas, what stays over the waves
_MOST_PC4 = 999  # a real postcode does not begin with a zero
_FOLDER = f"Leefbaarometer 3.0 - Meting {LAST_WAVE} - open data"
_STREAM = 0x1B3
_Scores = NDArray[np.float64]


def publish_scores(world: World, folder: Path) -> None:
    """Write the zip of scores to `ARCHIVE`, all areas in the vintage of the last wave.

    A buurt has its published score. A wijk has the mean of its buurten, and a PC4 area that of the buurten of
    about half a wijk, both weighed by published dwellings. Dimensions are drawn so that they sum to the
    deviation; waves before 2014 and that of 2016 are without them. Some areas have no row before 2014.

    Raises
    ------
    ProjectError
        If the country has no history of a wave up to `LAST_WAVE`.
    """
    scores = wave_scores(world)
    buurten = world.geography.buurten
    weight = buurten["published_dwellings"].to_numpy(dtype=np.float64)
    wijken = world.geography.wijken["wijk_code"]
    of_wijk = pd.Index(wijken).get_indexer(pd.Index(buurten["wijk_code"]))
    of_pc4 = pc4_of_buurten(world)
    pc4 = [f"{number:04d}" for number in range(1, of_pc4.max() + 2)]
    stream = np.random.default_rng(np.random.SeedSequence([world.seed, _STREAM]))
    levels = (
        ("buurten", ("bu_code", "bu_naam"), buurten["buurt_code"], buurten["buurt_name"], scores),
        (
            "wijken",
            ("wk_code", "wk_naam"),
            wijken,
            world.geography.wijken["wijk_name"],
            _means(scores, weight, of_wijk),
        ),
        ("PC4", ("PC4",), pd.Series(pc4), pd.Series(pc4), _means(scores, weight, of_pc4)),
    )
    members = {}
    for label, keys, codes, names, values in levels:
        frame = _long(codes, names, values, stream)
        if label != "PC4":
            late = codes[stream.random(len(codes)) < WITHOUT_EARLY_SCORES]
            frame = frame[~(frame["code"].isin(late) & (frame["jaar"] < BREAK_WAVE))]
        members[f"{_FOLDER}/Leefbaarometer-scores {label} 2002-{LAST_WAVE}.csv"] = _csv(frame, keys)
    write_zip(folder / ARCHIVE, members)


def publish_gemeente_groups(world: World, folder: Path) -> None:
    """Write ``gemeente_groups.csv``: the big cities and the largest others stand for the four largest.

    The two big cities of a country of default size and its two largest medium gemeenten make four; a country
    with fewer of them has the largest of the next kind.
    """
    gemeenten, buurten = world.geography.gemeenten, world.geography.buurten
    dwellings = buurten.groupby("gemeente_code")["published_dwellings"].sum()
    ranked = gemeenten.assign(
        other=(gemeenten["kind"] != "big_city").astype(int)
        + (gemeenten["kind"].isin(["new_town", "small"])).astype(int),
        dwellings=gemeenten["gemeente_code"].map(dwellings).fillna(0),
    ).sort_values(["other", "dwellings", "gemeente_code"], ascending=[True, False, True])
    largest = set(ranked["gemeente_code"].head(4))
    groups = pd.DataFrame(
        {
            "gemeente_code": gemeenten["gemeente_code"],
            "city_group": ["four_largest" if code in largest else "other" for code in gemeenten["gemeente_code"]],
            "source": "synthetic",
        }
    )
    with writing(folder / "gemeente_groups.csv") as aside:
        groups.to_csv(aside, index=False, lineterminator="\n")


def published_waves() -> tuple[int, ...]:
    """Return the waves that are published.

    Examples
    --------
    >>> published_waves()[0], published_waves()[-1]
    (2002, 2022)
    """
    return tuple(wave for wave in WAVES_3 if wave <= LAST_WAVE)


def wave_scores(world: World) -> _Scores:
    """Return the published score of every buurt in every wave, shape (buurten, waves)."""
    years = world.history.years.tolist()
    absent = [wave for wave in published_waves() if wave not in years]
    if absent:
        raise ProjectError(f"the country's history lacks the waves {', '.join(map(str, absent))}")
    rows = [years.index(wave) for wave in published_waves()]
    return np.asarray(world.history.published_liveability_score[rows].T)


def pc4_of_buurten(world: World) -> NDArray[np.int64]:
    """Return the PC4 area of every buurt: half a wijk, or several halves where codes would run out."""
    wijk = world.geography.buurten["wijk_code"]
    order = wijk.groupby(wijk).cumcount().to_numpy()
    size = wijk.groupby(wijk).transform("size").to_numpy()
    half = (2 * order >= size).astype(np.int64)
    position = pd.Index(world.geography.wijken["wijk_code"]).get_indexer(pd.Index(wijk))
    halves = np.unique(2 * position + half, return_inverse=True)[1]
    count = int(halves.max()) + 1
    return np.asarray(halves if count <= _MOST_PC4 else halves * _MOST_PC4 // count, dtype=np.int64)


def _means(scores: _Scores, weight: _Scores, group: NDArray[np.int64]) -> _Scores:
    """Return the weighted mean of buurten per group and wave."""
    total = np.bincount(group, weight)
    return np.stack([np.bincount(group, weight * wave) / total for wave in scores.T], axis=1)


def _long(codes: pd.Series, names: pd.Series, scores: _Scores, stream: np.random.Generator) -> pd.DataFrame:
    """Return one row per area and wave with the five dimensions, which sum to the deviation."""
    covariance = DIMENSION_CORRELATION * np.outer(DIMENSION_SD, DIMENSION_SD)
    zero = np.zeros(len(DIMENSION_SD))
    lasting = stream.multivariate_normal(zero, _LASTING_SHARE * covariance, size=(scores.shape[0], 1))
    passing = stream.multivariate_normal(zero, (1 - _LASTING_SHARE) * covariance, size=scores.shape)
    dimensions = lasting + passing
    gap = scores - DEVIATION_REFERENCE - dimensions.sum(axis=2)
    dimensions = dimensions + gap[:, :, None] * covariance.sum(axis=1) / covariance.sum()  # conditional on the sum
    waves = np.array(published_waves())
    frame = pd.DataFrame(
        {
            "code": np.repeat(codes.to_numpy(dtype=object), len(waves)),
            "name": np.repeat(names.to_numpy(dtype=object), len(waves)),
            "jaar": np.tile(waves, len(codes)),
            "lbm": scores.ravel(),
            "afw": scores.ravel() - DEVIATION_REFERENCE,
        }
    )
    for number, short in enumerate(DIMENSIONS_3):
        frame[short] = dimensions[:, :, number].ravel()
    frame.loc[~frame["jaar"].isin(WAVES_WITH_DIMENSIONS_3), list(DIMENSIONS_3)] = np.nan
    return frame


def _csv(frame: pd.DataFrame, keys: tuple[str, ...]) -> str:
    """Return a scores file in version 3's layout: quoted header and text, NA for what a wave does not hold."""
    table = frame.rename(columns=dict(zip(("code", "name"), keys, strict=False)))
    text = io.StringIO()
    table[[*keys, "jaar", "lbm", "afw", *DIMENSIONS_3]].to_csv(
        text, index=False, na_rep="NA", quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n"
    )
    return text.getvalue().replace('"NA"', "NA")
