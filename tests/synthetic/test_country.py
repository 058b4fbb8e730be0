"""A country on disk: the same for a seed, read back by every reader, its truth out of the way."""

import json
import shutil
import sys

import pandas as pd
import pytest

from buurteffect import panel
from buurteffect.errors import DataError, ProjectError
from buurteffect.project import Project
from buurteffect.sources.tables.microdata import read_extract
from buurteffect.synthetic import draw_country, publish_country, scenario_parameters
from buurteffect.synthetic.publishing import publish

SEED = 7


@pytest.fixture(scope="module")
def country():
    return draw_country(SEED, "test", workers=0)


@pytest.fixture(scope="module")
def checkout(country, tmp_path_factory):
    """A checkout whose synthetic country is published and whose panel is built."""
    root = tmp_path_factory.mktemp("checkout")
    (root / "notebooks").mkdir()
    (root / "data" / "raw").mkdir(parents=True)
    (root / "data" / "raw" / "sources.toml").touch()
    project = Project(root)
    publish_country(*country, scenario_parameters("S0"), project.processed("synthetic"))
    panel.build(project.processed("synthetic") / "published", project.processed("synthetic") / "panel")
    return project


@pytest.fixture(scope="module")
def spells(checkout):
    return panel.read_spells(panel.extracts_folder("synthetic", checkout))


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_files(checkout, tmp_path):
    publish_country(*draw_country(SEED, "test", workers=0), scenario_parameters("S0"), tmp_path)
    for folder in ("published", "truth"):
        assert contents(checkout.processed("synthetic") / folder) == contents(tmp_path / folder)


@pytest.mark.slow
def test_another_seed_gives_other_files_of_the_same_names(checkout, tmp_path):
    publish_country(*draw_country(SEED + 1, "test", workers=0), scenario_parameters("S0"), tmp_path)
    first, other = (contents(folder / "published") for folder in (checkout.processed("synthetic"), tmp_path))
    assert first.keys() == other.keys()
    same = {path.name for path in first if first[path] == other[path]}
    assert same == {"gemeente_groups.csv", "DataProperties.json", "TableInfos.json"}


def test_the_truth_lies_outside_of_what_is_published(checkout):
    processed = checkout.processed("synthetic")
    truth = json.loads((processed / "truth" / "truth.json").read_text())
    assert {"noise_sd", "true_sd_2022", "att_6_9_liveability_score"} <= truth.keys()
    assert not [path for path in (processed / "published").rglob("*") if "truth" in path.name]


def test_no_reader_opens_the_truth(checkout, country, tmp_path):
    opened, over = [], []

    def look(event, arguments):
        if event == "open" and not over:
            opened.append(str(arguments[0]))

    sys.addaudithook(look)
    published = checkout.processed("synthetic") / "published"
    panel.build(published, tmp_path / "panel")
    panel.read("synthetic", "wijk", checkout)
    panel.read_projects("synthetic", checkout)
    panel.read_map("synthetic", "buurt", checkout)
    panel.read_spells(panel.extracts_folder("synthetic", checkout))
    over.append(True)  # a hook cannot be taken away
    seen = [name for name in opened if str(checkout.root) in name]
    assert len(seen) > 20
    assert not [name for name in seen if "/truth" in name.removeprefix(str(checkout.root))]


def test_a_publication_that_fails_leaves_the_last_country(country, checkout, tmp_path, monkeypatch):
    shutil.copytree(checkout.processed("synthetic"), tmp_path / "country")
    before = contents(tmp_path / "country" / "published")
    monkeypatch.setattr(publish, "publish_people", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        publish_country(*country, scenario_parameters("S0"), tmp_path / "country")
    assert contents(tmp_path / "country" / "published") == before


@pytest.mark.parametrize(("level", "count"), [("buurt", 60), ("wijk", 18)])
def test_scores_and_key_figures_come_back_for_every_area(checkout, level, count):
    scores = panel.read("synthetic", level, checkout).frame
    assert scores["area_code"].nunique() == count
    figures = panel.read_key_figures_panel("synthetic", level, "harmonised", checkout).frame
    assert figures.groupby("year").size().eq(count).all()
    assert {1995, 2003, 2012, 2019, 2022} <= set(figures["year"])
    unchanged = panel.read_key_figures_panel("synthetic", level, "unchanged_only", checkout).frame
    assert 0 < unchanged["area_code"].nunique() <= count


def test_the_register_lies_on_areas_of_the_panel(checkout, country):
    projects = panel.read_projects("synthetic", checkout)
    assert len(projects) == len(country[0].projects)
    figures = panel.read_key_figures_panel("synthetic", "buurt", "harmonised", checkout).frame
    assert set(projects["area_code"]) <= set(figures["area_code"])


def test_the_map_holds_every_buurt_once(checkout, country):
    areas = panel.read_map("synthetic", "buurt", checkout)
    assert set(areas["area_code"]) == set(country[0].geography.buurten["buurt_code"])
    assert areas.geometry.is_valid.all()
    with pytest.raises(ProjectError, match="no boundaries"):
        panel.read_map("synthetic", "pc4", checkout)


def test_turnover_from_the_register_is_that_of_the_country(spells, country):
    history = country[0].history
    found = panel.turnover_by_year(spells, range(2000, 2010)).set_index("year")["estimate"]
    true = pd.Series(history.turnover_share.mean(axis=1), index=history.years - 1)  # a flow is that of the year before
    assert (found - true[found.index]).abs().max() < 0.005


def test_everyone_of_a_buurt_is_followed_somewhere(checkout, spells, country):
    folder = panel.extracts_folder("synthetic", checkout)
    chosen = panel.largest_project(folder, panel.read_projects("synthetic", checkout))
    start = int(chosen["start_year"])
    found = panel.destinations(folder, spells, chosen["area_code"], start - 1, start + 5)
    table = panel.summarise_destinations(found)
    day = (start - 1) * 10_000 + 101
    there = spells[(spells["first_day"] <= day) & (spells["last_day"] >= day)]
    dwellings = panel.strip_of_buurt(folder, spells, chosen["area_code"], start, [start - 1])
    assert table["estimate"].sum() == pytest.approx(1)
    assert len(dwellings) == 60
    assert dwellings["same_residents"].all()
    assert 60 <= table["persons_count"].sum() <= len(there)


def test_the_strip_keeps_every_dwelling_at_its_place(checkout, spells):
    folder = panel.extracts_folder("synthetic", checkout)
    chosen = panel.largest_project(folder, panel.read_projects("synthetic", checkout))
    start = int(chosen["start_year"])
    strip = panel.strip_of_buurt(folder, spells, chosen["area_code"], start, [start - 1, start + 3, start + 6])
    by_year = strip.groupby("year")
    assert by_year["position"].apply(lambda values: sorted(values) == list(range(60))).all()
    assert by_year["same_residents"].sum().is_monotonic_decreasing
    social = strip[strip["tenure"] == "association"].groupby("year").size()
    assert social.iloc[-1] < social.iloc[0]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda frame: frame.drop(columns="RINPERSOON"), "RINPERSOON"),
        (lambda frame: frame.assign(GBAGESLACHT="9"), "one of 1, 2"),
        (lambda frame: frame.assign(GBAGEBOORTEJAAR=pd.NA), "a value in every row"),
    ],
)
def test_a_damaged_extract_is_refused_without_showing_a_person(checkout, tmp_path, damage, says):
    folder = panel.extracts_folder("synthetic", checkout)
    frame = read_extract(folder, "GBAPERSOONTAB")
    (tmp_path / "GBAPERSOONTAB").mkdir()
    damage(frame).to_parquet(tmp_path / "GBAPERSOONTAB" / "GBAPERSOON2022TABV1.parquet")
    with pytest.raises(DataError, match=says) as caught:
        read_extract(tmp_path, "GBAPERSOONTAB")
    assert frame["RINPERSOON"].iloc[0] not in str(caught.value)


def test_an_extract_saved_as_csv_is_read_as_the_parquet(checkout, tmp_path):
    frame = read_extract(panel.extracts_folder("synthetic", checkout), "GBAPERSOONTAB")
    (tmp_path / "GBAPERSOONTAB").mkdir()
    frame.to_csv(tmp_path / "GBAPERSOONTAB" / "gbapersoon2022tab.csv", index=False)
    pd.testing.assert_frame_equal(read_extract(tmp_path, "GBAPERSOONTAB"), frame, check_dtype=False)


def test_an_extract_that_is_not_there_says_where_to_put_it(tmp_path):
    with pytest.raises(DataError, match="GBAPERSOON2012TABV1"):
        read_extract(tmp_path, "GBAPERSOONTAB")
