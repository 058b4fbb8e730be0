"""Childhoods from the register extracts: who counts, where a year was lived, and whose share is left out."""

import numpy as np
import pandas as pd
import pytest

from buurteffect.errors import ProjectError
from buurteffect.panel.childhood.adulthood import read_adult_years, read_neighbours
from buurteffect.panel.childhood.childhood import LAST_CHILDHOOD_AGE, read_childhoods
from buurteffect.panel.childhood.place_qualities import place_quality
from buurteffect.panel.childhood.sampled_exposure import SAMPLED, sampled_exposures
from buurteffect.panel.persons.person_years import read_person_years
from buurteffect.schema.microdata import extract_file
from buurteffect.scoreboard.persons.childhood import childhood_rows
from buurteffect.sources.tables.microdata import read_extract
from buurteffect.synthetic.country import draw_country
from buurteffect.synthetic.publishing.publish import publish_country
from buurteffect.synthetic.world.parameters import WorldParameters


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("country")
    world, truth = draw_country(seed=3, size="test", people=True, workers=0)
    publish_country(world, truth, WorldParameters(), folder)
    return folder / "published"


@pytest.fixture(scope="module")
def people(published):
    return read_person_years(published / "microdata")


@pytest.fixture(scope="module")
def childhoods(published, people):
    return read_childhoods(published / "microdata", people)


def test_every_child_with_an_adult_rank_is_there_or_counted_as_left_out(published, childhoods):
    folder = published / "microdata" / "INPATAB"
    ranked = sum(len(pd.read_parquet(path)) for path in folder.glob("*.parquet"))
    assert len(childhoods.children) + sum(count for _, count in childhoods.dropped) == ranked
    assert childhoods.children["adult_rank"].between(1, 100).all()


def test_exposure_is_the_sum_over_the_years_of_childhood(childhoods):
    young = childhoods.years[childhoods.years["at_home"]]
    assert young["age"].between(0, LAST_CHILDHOOD_AGE).all()
    total = ((0.1 - young["low_income_share"]) / 0.1).groupby(young["person"]).sum()
    children = childhoods.children.set_index("person")
    np.testing.assert_allclose(total.reindex(children.index), children["exposure"], atol=1e-9)


def test_a_year_is_lived_once_and_later_years_are_the_parents(childhoods):
    years = childhoods.years
    assert not years.duplicated(["person", "year"]).any()
    assert (years["at_home"] == (years["age"] <= LAST_CHILDHOOD_AGE)).all()
    assert (years["year"] - years["age"]).groupby(years["person"]).nunique().eq(1).all()
    assert (~years["at_home"]).any()


def test_a_move_lies_between_the_two_places_that_the_years_show(childhoods):
    once = childhoods.children[childhoods.children["move_age"].notna()]
    years = childhoods.years[childhoods.years["person"].isin(once["person"])]
    assert years.groupby("person")["place"].nunique().eq(2).all()
    before = years.merge(once[["person", "move_age"]], on="person")
    changed = before["age"] >= before["move_age"]
    assert before.groupby(["person", changed])["place"].nunique().eq(1).all()
    left = before[changed & before["at_home"]].groupby("person").size().reindex(once["person"], fill_value=0)
    assert (left.to_numpy() == once["years_after_move"].to_numpy()).all()


def test_siblings_have_one_mother(published, childhoods):
    folder = published / "microdata"
    parents = read_extract(folder, "KINDOUDERTAB")
    assert childhoods.children["family"].nunique() <= len(parents)
    assert (childhoods.children.groupby("family").size() > 1).any()


def test_a_persons_second_adult_rank_is_refused(published, people, tmp_path):
    import shutil

    from buurteffect.errors import DataError

    shutil.copytree(published, tmp_path / "published")
    folder = tmp_path / "published" / "microdata"
    files = sorted((folder / "INPATAB").glob("*.parquet"))
    year = int("".join(c for c in files[-1].stem if c.isdigit())[:4])
    both = pd.concat([pd.read_parquet(files[-2]), pd.read_parquet(files[-1])], ignore_index=True)
    both.to_parquet(folder / extract_file("INPATAB", year), index=False)
    with pytest.raises(DataError, match="more than one adult rank"):
        read_childhoods(folder, people)


def small_people():
    rows = [
        # person, year, low income, tenure, main earner
        (1, 2000, True, "owner", True),
        (2, 2000, False, "association", True),
        (3, 2000, False, "owner", True),
        (4, 2000, None, "owner", True),
        (5, 2000, True, "owner", False),
    ]
    frame = pd.DataFrame(rows, columns=["person", "year", "low_income", "tenure", "main_earner"])
    return frame.assign(
        buurt_code=pd.Categorical(["BU1"] * 5),
        low_income=frame["low_income"].astype("boolean"),
        tenure=pd.Categorical(frame["tenure"], categories=["association", "owner", "other_landlord"]),
        log_income=10.0,
        household=[1, 2, 3, 4, 1],
    )


def test_a_households_own_poverty_is_left_out_of_its_places_share():
    people = small_people()
    quality = place_quality(people)
    place, year = np.zeros(4, dtype=int), np.full(4, 2000)
    share = quality.share_of_others(place, year, people["low_income"].iloc[:4])
    # Of three known households one is low: the low one sees none, the others one of two, the unknown one of three.
    np.testing.assert_allclose(share, [0.0, 0.5, 0.5, 1 / 3])


def test_mix_is_entropy_over_its_maximum():
    quality = place_quality(small_people())
    expected = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / np.log(3)
    np.testing.assert_allclose(quality.mix_of(np.array([0]), np.array([2000])), expected)


def test_adults_carry_their_own_past(people):
    frame = read_adult_years(people, every=2)
    assert (frame["person"] % 2 == 0).all()
    now = frame.set_index(["person", "year"])["share"]
    back = frame[["person", "year", "share_1"]].dropna()
    back = back.assign(earlier=[now.get((p, y - 1), np.nan) for p, y in zip(back["person"], back["year"], strict=True)])
    both = back.dropna()
    assert len(both) > 100
    np.testing.assert_allclose(both["share_1"], both["earlier"])


def test_neighbours_are_the_households_of_one_year(people):
    frame = read_neighbours(people, 2012)
    assert frame["household"].is_unique
    assert frame["log_income"].notna().all()


def test_samples_measure_the_same_with_error(people, childhoods):
    samples = sampled_exposures(people, childhoods.years, 0.3)
    both = childhoods.children.merge(samples.dropna(), left_on="person", right_index=True)
    assert both[[*SAMPLED, "exposure"]].corr().loc[list(SAMPLED), "exposure"].between(0.5, 0.999).all()
    with pytest.raises(ProjectError, match="two samples"):
        sampled_exposures(people, childhoods.years, 0.6)


def test_the_scoreboard_says_what_each_estimator_finds(published, people):
    cells = pd.DataFrame(childhood_rows(read_childhoods(published / "microdata", people), people))
    assert {"truth_name", "estimate", "std_error", "ci_low", "ci_high"} <= set(cells.columns)
    assert cells["estimator"].is_unique
    done = cells[cells["estimate"].notna()]
    assert {"movers", "siblings"} <= set(done["estimator"])
    assert done["std_error"].gt(0).all()
