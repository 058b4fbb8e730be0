"""The synthetic country: the same for a seed, published as the real sources are, its truth out of reach."""

import json
import re

import numpy as np
import pytest

from buurteffect.errors import ProjectError
from buurteffect.schema import DIMENSIONS_3, WAVES_3, WAVES_WITH_DIMENSIONS_3, MissingReason
from buurteffect.sources import read_score_files
from buurteffect.synthetic import LiveabilityProcess, draw_world, publish


@pytest.fixture(scope="module")
def world():
    return draw_world(seed=7, size="small")


@pytest.fixture(scope="module")
def published(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthetic")
    publish(world, folder / "published", folder / "truth" / "truth.json")
    return folder


def wide(frame):
    return frame.pivot_table(index="area_code", columns="year", values="liveability_score")


def test_the_same_seed_gives_the_same_files_and_another_seed_others(world, published, tmp_path):
    publish(draw_world(seed=7, size="small"), tmp_path / "again", tmp_path / "truth.json")
    publish(draw_world(seed=8, size="small"), tmp_path / "other", tmp_path / "truth.json")
    archive = "leefbaarometer3/open-data-leefbaarometer-meting-2024.zip"
    first = (published / "published" / archive).read_bytes()
    assert (tmp_path / "again" / archive).read_bytes() == first
    assert (tmp_path / "other" / archive).read_bytes() != first


@pytest.mark.parametrize(("level", "name"), [("buurt", "buurten"), ("wijk", "wijken"), ("pc4", "pc4")])
def test_the_reader_brings_back_what_the_world_holds(world, published, level, name):
    files = read_score_files(published / "published" / "leefbaarometer3").files
    read = next(file.frame for file in files if file.level == level)
    key = ["area_code", "year"]
    both = getattr(world, name).merge(read, on=key, suffixes=("_world", "_read"), validate="one_to_one")
    assert len(both) == len(read) == len(getattr(world, name))
    np.testing.assert_allclose(both["liveability_score_read"], both["liveability_score_world"], rtol=0, atol=1e-12)
    seen = both["year"].isin(WAVES_WITH_DIMENSIONS_3)
    for dimension in DIMENSIONS_3.values():
        np.testing.assert_allclose(
            both.loc[seen, f"{dimension}_read"], both.loc[seen, f"{dimension}_world"], rtol=0, atol=1e-12
        )
        assert both.loc[~seen, f"{dimension}_read"].isna().all()
        assert set(both.loc[~seen, f"{dimension}_missing"]) == {MissingReason.NOT_IN_YEAR}


def test_a_wijk_is_the_mean_of_its_buurten(world):
    buurten = world.buurten.assign(wijk="WK" + world.buurten["area_code"].str[2:8])
    mean = buurten.groupby(["wijk", "year"])["liveability_score"].mean()
    wijken = world.wijken.set_index(["area_code", "year"])["liveability_score"]
    np.testing.assert_allclose(wijken, mean.loc[wijken.index], rtol=0, atol=1e-12)


def test_its_codes_cannot_be_mistaken_for_real_ones(world):
    assert world.buurten["area_code"].str.fullmatch(r"BU9\d{7}").all()
    assert world.wijken["area_code"].str.fullmatch(r"WK9\d{5}").all()
    assert world.pc4["area_code"].str.fullmatch(r"0\d{3}").all()  # no real postcode starts with a zero
    assert world.wijken["area_name"].str.contains("synthetic").all()


def test_the_truth_lies_where_no_reader_looks(published):
    truth = json.loads((published / "truth" / "truth.json").read_text(encoding="utf-8"))
    assert truth["noise_sd"] == LiveabilityProcess().noise_sd
    assert not [file for file in (published / "published").rglob("*") if re.search("truth", file.name)]


def test_the_scores_have_the_covariances_that_were_planted():
    # 60 gemeenten share 35% of two parts: the SD of a variance over draws is about a tenth of it, so five worlds
    # together are within 10% with room to spare.
    process = LiveabilityProcess()
    variances = [wide(draw_world(seed).wijken).var() for seed in range(5)]
    loading = 1 - process.loading_decline_per_decade * (np.array(WAVES_3) - 2002) / 10
    expected = (
        (loading * process.permanent_sd) ** 2
        + process.autoregressive_sd**2
        + process.noise_sd**2
        + (np.array(WAVES_3) >= 2014) * process.break_sd**2
    )
    np.testing.assert_allclose(np.mean(variances, axis=0), expected, rtol=0.1)


def test_true_decline_is_counted_without_noise():
    process = LiveabilityProcess(noise_sd=0.5)
    noisy, clean = draw_world(3, process=process), draw_world(3)
    assert noisy.truth["true_share_declined_2012_2014"] == clean.truth["true_share_declined_2012_2014"]
    scores = wide(noisy.wijken)
    observed = (scores[2014] < scores[2012]).mean()
    assert abs(observed - 0.5) < 0.06
    assert not np.isclose(observed, clean.truth["true_share_declined_2012_2014"], atol=0.02)


def test_wijken_that_appear_late_lack_the_early_waves():
    first_year = draw_world(1).wijken.groupby("area_code")["year"].min()
    assert set(first_year) == {2002, 2014}
    assert (first_year == 2014).mean() < 0.03


def test_an_unknown_size_is_refused_with_the_known_ones():
    with pytest.raises(ProjectError, match="small, default"):
        draw_world(1, size="huge")
