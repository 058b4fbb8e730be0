"""The project register and the boundaries of the synthetic country, read back by the readers of real ones."""

import json
from dataclasses import replace
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from buurteffect.errors import ProjectError
from buurteffect.sources.geography.boundaries import EXTENT_M, read_boundaries
from buurteffect.sources.tables.projects import read_projects
from buurteffect.synthetic.country import draw_world
from buurteffect.synthetic.publishing.registers.boundaries import SEA_M, outline, publish_boundaries, published_shift_m
from buurteffect.synthetic.publishing.registers.projects import RegisterErrors, publish_register


@cache
def country(seed=5, size="test"):
    return draw_world(seed, size)


@pytest.fixture(scope="module")
def world():
    return country()


# --- the project register ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large():
    return country(5, "default")


def truth_of(world):
    weight = world.geography.buurten.set_index("buurt_code")["published_dwellings"]
    simulated = np.bincount(world.residence.buurt)[0]
    return world.projects.assign(weight=weight[world.projects["buurt_code"]].to_numpy() / simulated)


COUNTS = {
    "demolished_social": "demolished_social",
    "built_owner": "built_owner",
    "built_social": "built_social",
    "built_private_rent": "built_private",
}


def test_a_register_without_errors_is_the_truth(large, tmp_path):
    publish_register(large, tmp_path / "r.csv", RegisterErrors(0, 0, 0))
    frame, truth = read_projects(tmp_path / "r.csv").frame, truth_of(large)
    assert frame["area_code"].tolist() == truth["buurt_code"].tolist()
    for moment in ("announce", "start", "end"):
        assert frame[f"{moment}_year"].tolist() == truth[f"{moment}_year"].tolist()
    for name, true in COUNTS.items():
        expected = np.rint(truth[true] * truth["weight"])
        assert frame[f"{name}_dwellings_count"].tolist() == expected.tolist()
    assert frame["source"].str.startswith("synthetic").all()
    assert set(frame["code_year"]) == {2022}


def test_the_register_has_gaps_and_wrong_years_but_no_wrong_figures(tmp_path):
    frames, truths = [], []
    for seed in range(5, 9):
        publish_register(country(seed, "default"), tmp_path / f"{seed}.csv")
        frames.append(read_projects(tmp_path / f"{seed}.csv").frame)
        truths.append(truth_of(country(seed, "default")))
    frame, truth = pd.concat(frames, ignore_index=True), pd.concat(truths, ignore_index=True)
    counts = frame[[f"{name}_dwellings_count" for name in COUNTS]]
    assert 0.05 < counts.isna().mean().mean() < 0.15
    for name, true in COUNTS.items():
        found = frame[f"{name}_dwellings_count"]
        expected = np.rint(truth[true] * truth["weight"])[found.notna()]
        assert found.dropna().tolist() == expected.tolist()
    off = np.column_stack([frame[f"{m}_year"] - truth[f"{m}_year"] for m in ("announce", "start", "end")])
    assert set(np.unique(off[~np.isnan(off)])) == {-1, 0, 1}
    assert 0.03 < (np.abs(off) == 1).sum() / (~np.isnan(off)).sum() < 0.15
    assert 0.05 < np.isnan(off[:, [0, 2]]).mean() < 0.16
    assert frame["start_year"].notna().all()
    assert frame["source"].str.extract(r"synthetic (.*),")[0].nunique() == 4


def test_a_country_without_projects_has_an_empty_register(world, tmp_path):
    publish_register(replace(world, projects=world.projects.iloc[:0]), tmp_path / "r.csv")
    assert read_projects(tmp_path / "r.csv").frame.empty


# --- boundaries --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "column"), [("buurt", "buurt_code"), ("wijk", "wijk_code"), ("gemeente", "gemeente_code")]
)
def test_boundaries_are_read_back_at_every_level(large, tmp_path, level, column):
    files = dict(zip(("buurt", "wijk", "gemeente"), publish_boundaries(large, tmp_path), strict=True))
    read = read_boundaries(files[level], level)
    buurten = large.geography.buurten
    area = buurten.groupby(column)["land_area_ha"].sum()
    assert read.frame["area_code"].tolist() == sorted(area.index)
    np.testing.assert_allclose(read.frame["area_m2"] / 1e4, area[read.frame["area_code"]], rtol=1e-5)
    assert read.repaired.empty
    west, south, east, north = SEA_M
    bounds = read.frame.total_bounds
    assert west <= bounds[0] and south <= bounds[1] and bounds[2] <= east and bounds[3] <= north


def test_neighbours_share_their_edges(world, tmp_path):
    frame = read_boundaries(publish_boundaries(world, tmp_path)[0], "buurt").frame
    pairs = gpd.sjoin(frame, frame, predicate="touches")
    left = frame.geometry.loc[pairs.index].reset_index(drop=True)
    right = frame.geometry.loc[pairs["index_right"]].reset_index(drop=True)
    assert len(pairs) > 60
    assert left.intersection(right).length.gt(100).all()
    union = frame.geometry.union_all()
    assert union.area == pytest.approx(frame["area_m2"].sum(), rel=1e-9)


def test_the_published_map_is_the_simulated_one_moved_as_a_whole(world, tmp_path):
    shift = published_shift_m(world.geography)
    frame = read_boundaries(publish_boundaries(world, tmp_path)[0], "buurt").frame.set_index("area_code")
    centres = frame.geometry.centroid.loc[world.geography.buurten["buurt_code"]]
    np.testing.assert_allclose(centres.x, world.geography.buurten["x_m"] + shift[0], rtol=0, atol=0.01)
    np.testing.assert_allclose(centres.y, world.geography.buurten["y_m"] + shift[1], rtol=0, atol=0.01)


def test_the_sea_lies_within_what_the_reader_takes():
    assert EXTENT_M[0] < SEA_M[0] and EXTENT_M[1] < SEA_M[1]
    assert SEA_M[2] < EXTENT_M[2] and SEA_M[3] <= EXTENT_M[3]


def test_a_country_larger_than_the_sea_is_refused(world, tmp_path):
    huge = replace(world.geography, corners_m=world.geography.corners_m * 10)
    with pytest.raises(ProjectError, match="does not fit into the sea"):
        publish_boundaries(replace(world, geography=huge), tmp_path)


def test_the_files_say_their_coordinate_system(world, tmp_path):
    for path in publish_boundaries(world, tmp_path):
        collection = json.loads(path.read_text(encoding="utf-8"))
        assert collection["crs"]["properties"]["name"].endswith("EPSG::28992")
        assert {feature["properties"]["water"] for feature in collection["features"]} == {"NEE"}


def hexagon(column, row):
    """A hexagon of side 2 in a honeycomb; corners are whole numbers of half steps, so neighbours share them."""
    x, y = 2 * column + row % 2, 3 * row
    return np.array([(x + 1, y - 1), (x + 1, y + 1), (x, y + 2), (x - 1, y + 1), (x - 1, y - 1), (x, y - 2)], float)


@pytest.mark.parametrize(
    ("cells", "corners"),
    [
        ([(0, 0)], [[6]]),
        ([(0, 0), (1, 0)], [[10]]),
        ([(0, 0), (5, 0)], [[6], [6]]),
        ([(0, 0), (1, 0), (0, 1)], [[12]]),
        ([(0, 0), (2, 0), (0, 1), (1, 1), (0, -1), (1, -1)], [[18, 6]]),
    ],
    ids=["one", "two", "apart", "three around a corner", "six around a hole"],
)
def test_the_outline_of_hexagons(cells, corners):
    polygons = outline(np.array([hexagon(*cell) for cell in cells]))
    assert [[len(ring) - 1 for ring in polygon] for polygon in polygons] == corners
    for polygon in polygons:
        assert all(ring[0] == ring[-1] for ring in polygon)
