"""What is published about a simulated country: its areas over the years, and files as the publishers write them."""

import dataclasses
import hashlib
import zipfile

import numpy as np
import pandas as pd
import pytest
from hand_made_country import BUSY, fake_census, fake_world

from buurteffect.errors import ProjectError
from buurteffect.schema import CONCEPTS, WAVES_WITH_DIMENSIONS_3
from buurteffect.sources.leefbaarometer.version3 import read_score_files
from buurteffect.sources.tables.ses_woa import read_ses_woa
from buurteffect.synthetic.publishing.areas import publish_areas
from buurteffect.synthetic.publishing.areas.boundary_changes import (
    KWB_YEARS,
    BoundaryChanges,
    draw_vintages,
    true_crosswalk,
)
from buurteffect.synthetic.publishing.areas.columns import all_columns, columns_of
from buurteffect.synthetic.publishing.areas.figures import area_values, census_by_year, release, valuation_year
from buurteffect.synthetic.publishing.areas.kwb import LAYOUTS, publish_kwb
from buurteffect.synthetic.publishing.areas.leefbaarometer import ARCHIVE, pc4_of_buurten, published_waves, wave_scores
from buurteffect.synthetic.publishing.areas.ses_woa import SCORE_SD, buurt_scores
from buurteffect.synthetic.publishing.areas.workbook import number_cell, text_cell, write_workbook


@pytest.fixture(scope="module")
def country():
    return fake_world()


@pytest.fixture(scope="module")
def vintages(country):
    return draw_vintages(country, BUSY)


@pytest.fixture(scope="module")
def census(country):
    return census_by_year(country, fake_census(country))


@pytest.fixture(scope="module")
def published(country, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    publish_areas(country, fake_census(country), folder, BUSY)
    return folder


def test_every_year_divides_every_buurt_whole(country, vintages):
    whole = np.bincount(vintages.buurt, vintages.share)
    assert np.allclose(whole, 1, rtol=0, atol=1e-12)
    assert (vintages.share > 0).all()
    assert set(vintages.codes) == set(KWB_YEARS)
    last = np.array([code[2:] for code in country.geography.buurten["buurt_code"]])
    assert (vintages.codes[2022] == last[vintages.buurt]).all()


def test_codes_of_all_years_are_none_of_the_netherlands(vintages):
    codes = np.concatenate(list(vintages.codes.values()))
    assert (codes.astype("U4").astype(int) >= 9001).all()


def test_every_kind_of_event_happens(vintages):
    assert set(vintages.events["kind"]) == {"recode", "merge", "split", "moved border", "merger of gemeenten"}


def test_a_code_takes_part_in_one_event_a_year(vintages):
    ours = vintages.events[vintages.events["kind"] != "merger of gemeenten"]
    parts = pd.concat([ours[["year", "code"]], ours[["year", "other_code"]].set_axis(["year", "code"], axis=1)])
    assert not parts.duplicated().any()


def test_about_the_share_that_is_asked_for_has_an_event():
    shares = []
    for seed in range(12):
        found = draw_vintages(fake_world(seed), BoundaryChanges(share_per_year=0.05, mergers=0))
        pairs = found.events["kind"].isin(["split", "moved border"]).sum()
        shares.append((len(found.events) + pairs) / (96 * (len(KWB_YEARS) - 1)))
    assert 0.035 < np.mean(shares) < 0.065


def test_no_changes_at_all_can_be_asked_for(country):
    still = draw_vintages(country, BoundaryChanges(share_per_year=0, mergers=0))
    assert still.events.empty
    assert (still.codes[1995] == still.codes[2022]).all()
    assert set(still.flags["flag"].dropna()) == {1.0}


def test_a_scenario_of_chaos_has_more_events(country):
    calm, chaos = (draw_vintages(dataclasses.replace(country, scenario=name)) for name in ("S0", "S11"))
    assert len(chaos.events) > 2 * len(calm.events)


def test_flags_say_what_the_events_did(vintages):
    """An event of one kind alone gives one flag; which one, the publisher's own words say."""
    flags = vintages.flags[vintages.flags["level"] == "buurt"].set_index(["year", "code"])["flag"]
    for row in vintages.events.itertuples():
        if row.kind == "merger of gemeenten":
            ours = vintages.flags[(vintages.flags["year"] == row.year) & (vintages.flags["code"].str[:4] == row.code)]
            assert (ours["flag"] == 2).all()
            assert set(ours["level"]) == {"buurt", "wijk"}
        else:
            assert flags[row.year, row.code] == (2 if row.kind == "recode" else 3)
            if row.kind in ("split", "moved border"):
                assert flags[row.year, row.other_code] == 3
    touched = set(zip(vintages.events["year"], vintages.events["code"], strict=True))
    touched |= set(zip(vintages.events["year"], vintages.events["other_code"], strict=True))
    merged = {(row.year, row.code) for row in vintages.events.itertuples() if row.kind == "merger of gemeenten"}
    rest = flags[[key not in touched and (key[0], key[1][:4]) not in merged for key in flags.index]]
    assert set(rest.dropna()) == {1.0}


def test_a_retired_code_never_comes_back(vintages):
    seen, gone = set(), set()
    for year in KWB_YEARS:
        now = set(vintages.codes[year])
        assert not now & gone
        gone |= seen - now
        seen |= now


def test_the_true_crosswalk_moves_every_address_once(country, vintages):
    addresses = country.geography.buurten["published_dwellings"].to_numpy()
    for level in ("buurt", "wijk", "gemeente"):
        flows = true_crosswalk(vintages, addresses, 1995, 2022, level)
        assert flows["addresses"].sum() == pytest.approx(addresses.sum())
        back = true_crosswalk(vintages, addresses, 2022, 1995, level)
        assert back["addresses"].sum() == pytest.approx(addresses.sum())
    merger = vintages.events[vintages.events["kind"] == "merger of gemeenten"].iloc[0]
    before = true_crosswalk(vintages, addresses, KWB_YEARS[KWB_YEARS.index(merger["year"]) - 1], 2022, "gemeente")
    assert (before["target"] == merger["code"]).sum() == 2


def test_settings_that_make_no_sense_are_refused(country):
    with pytest.raises(ProjectError, match="no scenario 'S99'"):
        draw_vintages(dataclasses.replace(country, scenario="S99"))
    with pytest.raises(ProjectError, match="must sum to 1"):
        draw_vintages(country, BoundaryChanges(kinds=(1.0, 1.0, 0.0, 0.0)))
    crowded = fake_world(kinds=("medium",), wijken=1, buurten=20)
    with pytest.raises(ProjectError, match="used up all codes"):
        draw_vintages(crowded, BoundaryChanges(share_per_year=50.0, kinds=(1.0, 0.0, 0.0, 0.0)))


def test_areas_sum_to_the_country(country, vintages, census):
    truth = area_values(vintages, census, 2003)
    for prefix in ("BU", "WK", "GM"):
        rows = truth[truth.index.str.startswith(prefix)]
        assert rows["inhabitants_count"].sum() == pytest.approx(census[2003]["inhabitants_count"].sum())
        assert np.average(rows["owner_occupied_share"], weights=rows["dwellings_count"]) == pytest.approx(
            truth.loc["NL00", "owner_occupied_share"]
        )
    assert truth.index[:3].tolist() == ["NL00", "GM9001", "WK900100"]


def test_dwellings_are_valued_at_an_earlier_date(country, vintages, census):
    truth = area_values(vintages, census, 2006)
    ours = census[2003]
    expected = np.average(ours["woz_value_eur"], weights=census[2006]["dwellings_count"])
    assert truth.loc["NL00", "woz_value_eur"] == pytest.approx(expected)
    assert [valuation_year(year) for year in (2004, 2005, 2007, 2008, 2022)] == [1999, 2003, 2005, 2007, 2021]


def test_a_buurt_that_is_too_small_is_withheld(country, vintages, census):
    found = release(country, vintages, census, 2022, "statline")
    rows = pd.DataFrame(found.figures, index=found.areas["area_code"])
    assert rows.loc["BU90010000", "dwellings_count"] == 5
    assert rows.loc[["BU90010000", "BU90010001"], "owner_occupied_share"].isna().all()
    assert rows.loc["BU90010002", "owner_occupied_share"] == pytest.approx(
        np.floor(100 * census[2022]["owner_occupied_share"].iloc[2] + 0.5)
    )
    assert rows.loc[["BU90010000", "BU90010001", "BU90010002"], "lowest40_households_share"].isna().all()
    assert np.isnan(rows.loc["BU90010102", "rented_share"])  # of most dwellings nobody knows the tenure
    assert rows.loc["BU90010102", "tenure_unknown_share"] == 70


def test_a_concept_that_the_census_lacks_has_no_column(country, vintages, census):
    bare = {year: rows.drop(columns="wmo_clients_count") for year, rows in census.items()}
    found = release(country, vintages, bare, 2022, "statline")
    assert "wmo_clients_count" not in {column.concept for column in found.columns}


def test_the_list_of_columns_names_known_concepts_once():
    for column in all_columns():
        assert column.concept in CONCEPTS
        assert column.percent_of in {"", *CONCEPTS}
        assert (column.threshold is None) == (column.threshold_of == "")
    for year, layout in LAYOUTS.items():
        listed = columns_of(layout if year < 2019 else "statline", year)
        for names in ([c.name for c in listed], [c.concept for c in listed]):
            assert len(names) == len(set(names)) > 10


@pytest.mark.parametrize("change", ["lacks", "twice", "year"])
def test_a_census_that_is_not_whole_is_refused(country, change):
    frame = fake_census(country)
    if change == "lacks":
        frame = frame.iloc[1:]
    elif change == "twice":
        frame = pd.concat([frame, frame.iloc[:1]])
    else:
        frame = frame[frame["year"] != 2010]
    with pytest.raises(ProjectError, match="census"):
        census_by_year(country, frame)


def test_a_layout_of_another_time_is_refused(country, vintages, census, tmp_path):
    with pytest.raises(ProjectError, match="no layout 'web' in 1995"):
        publish_kwb(country, vintages, census, tmp_path, {**LAYOUTS, 1995: "web"})


def test_a_workbook_opens_in_a_spreadsheet_program(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    columns = [[text_cell("a & <b>"), text_cell(" c ")], [number_cell("1.5"), number_cell(".")]]
    write_workbook(tmp_path / "x.xlsx", "Blad & 1", [["title"], [], ["x", "y"]], columns)
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["Blad & 1"]
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert rows == [["title", None], [None, None], ["x", "y"], ["a & <b>", 1.5], [" c ", "."]]


def test_wijken_and_pc4_areas_weigh_their_buurten_by_dwellings(country, published):
    with zipfile.ZipFile(published / ARCHIVE) as archive:
        text = {name.split("scores ")[1].split(" ")[0]: archive.open(name) for name in archive.namelist()}
        wijken, pc4 = (pd.read_csv(text[label], dtype={"PC4": str}) for label in ("wijken", "PC4"))
    rows = wijken[wijken["jaar"] == 2014].set_index("wk_code")
    weight = country.geography.buurten["published_dwellings"].to_numpy()
    scores = wave_scores(country)[:, published_waves().index(2014)]
    assert rows.loc["WK900101", "lbm"] == pytest.approx(np.average(scores[4:8], weights=weight[4:8]))
    assert set(pc4["PC4"].str[0]) == {"0"}
    assert np.bincount(pc4_of_buurten(country)).tolist() == [2] * 48


def test_a_large_country_has_postcodes_enough():
    large = fake_world(kinds=("small",) * 200)
    assert pc4_of_buurten(large).max() == 998


def test_the_four_largest_are_two_big_cities_and_two_medium_ones(published):
    groups = pd.read_csv(published / "gemeente_groups.csv").set_index("gemeente_code")["city_group"]
    assert groups[groups == "four_largest"].index.tolist() == ["GM9001", "GM9002", "GM9003", "GM9004"]


def test_scores_read_back_in_all_waves(published, country):
    found = {file.level: file for file in read_score_files(published / "leefbaarometer3").files}
    assert {file.waves for file in found.values()} == {published_waves()}
    rows = found["buurt"].frame
    buurten = rows.set_index(["area_code", "year"])["liveability_score"].unstack()  # noqa: PD010
    expected = pd.DataFrame(wave_scores(country), country.geography.buurten["buurt_code"], published_waves())
    there = buurten.notna()
    assert np.allclose(buurten[there], expected.loc[buurten.index][there], rtol=0, atol=1e-12, equal_nan=True)
    assert there.loc[:, 2014:].all(axis=None)
    assert there.loc[:, :2012].mean(axis=None) > 0.9
    frame = found["wijk"].frame
    with_dimensions = frame["year"].isin(WAVES_WITH_DIMENSIONS_3)
    assert frame["housing_score"].notna().equals(with_dimensions)
    assert (frame.loc[~with_dimensions, "housing_score_missing"] == "not_in_year").all()
    assert found["pc4"].frame["area_code"].nunique() == pc4_of_buurten(country).max() + 1


def test_social_status_reads_back_with_mean_zero_on_the_areas_of_its_last_year(published, vintages, census):
    frame = read_ses_woa(next((published / "ses_woa").glob("*.csv"))).frame
    assert sorted(frame["year"].unique()) == list(range(2014, 2022))
    assert set(frame.loc[frame["provisional"], "year"]) == {2021}
    codes = "BU" + pd.Series(vintages.codes[2021]).astype("str")
    for year in range(2014, 2022):
        rows = frame[(frame["year"] == year) & (frame["level"] == "buurt")].set_index("area_code")
        assert set(rows.index) == set(codes)
        true = buurt_scores(census, year)
        pieces = true.iloc[vintages.buurt]
        weight = pd.Series(pieces["households"].to_numpy() * vintages.share)
        for column, name in (("ses_woa_score", "score"), ("education_high_share", "high")):
            mean = (weight * pieces[name].to_numpy()).groupby(codes).sum() / weight.groupby(codes).sum()
            there = rows[column].notna()
            assert (rows[column] - mean.loc[rows.index])[there].abs().max() <= 0.0005 + 1e-9
            assert (there == (rows["households_count"] > 100)).all()
        assert set(rows.loc[~there, "ses_woa_score_missing"]) == {"below_threshold"}
        assert np.average(true["score"], weights=true["households"]) == pytest.approx(0, abs=1e-9)
        assert np.sqrt(np.average(true["score"] ** 2, weights=true["households"])) == pytest.approx(SCORE_SD)
        assert rows["ses_woa_spread_score"].mean() == pytest.approx(0.9, abs=0.05)


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_country_gives_the_same_bytes_and_another_seed_others(tmp_path):
    country = fake_world()
    other = dataclasses.replace(country, seed=2)
    frame = fake_census(country)
    for name, one in (("a", country), ("b", country), ("c", other)):
        publish_areas(one, frame, tmp_path / name, BUSY)
    first, again, third = (digests(tmp_path / name) for name in "abc")
    assert first == again
    alone = {name for name, digest in third.items() if first.get(name) != digest}
    assert {"crosswalk/crosswalk_buurt.csv", "kwb/kwb-2003.xlsx", ARCHIVE.as_posix()} <= alone
    assert len(first) == len(KWB_YEARS) + 2 + 3 + 3
