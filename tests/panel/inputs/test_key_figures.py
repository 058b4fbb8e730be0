"""Key figures of several files become one table per level, as published and on the areas of one year."""

import json

import geopandas as gpd
import pandas as pd
import pytest
from checkouts import OPEN_DATA
from key_figure_files import bulk, write_bulk
from shapely.geometry import box

from buurteffect import claims, panel
from buurteffect.errors import DataError, EstimationError, ProjectError
from buurteffect.estimate.scores.differences import difference

SCORES = "wk_code,wk_naam,jaar,lbm,afw,fys,onv,soc,vrz,won\nWK900100,x,2012,4.102265,0,NA,NA,NA,NA,NA\n"


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "kwb").mkdir()
    (tmp_path / "crosswalk").mkdir()
    write_bulk(tmp_path, 2018, [("GM9001", 3000, 1500, 50), ("WK900100", 1000, 500, 40), ("WK900101", 2000, 1000, 55)])
    write_bulk(tmp_path, 2020, [("GM9001", 3100, 1550, 51), ("WK900102", 3100, 1550, 51)])
    (tmp_path / "crosswalk" / "wijk.csv").write_text(
        "year_from,year_to,source,target,n_addresses\n2018,2020,900100,900102,500\n2018,2020,900101,900102,1000\n",
        encoding="utf-8",
    )
    return tmp_path


@pytest.fixture
def built(raw, project):
    def build(level="wijk", rule="as_published", **options):
        panel.build(raw, project.processed("open") / "panel", **options)
        return panel.read_key_figures_panel("open", level, rule, project)

    return build


def test_a_merger_adds_counts_and_weighs_shares(built):
    brought = built(rule="harmonised")
    assert brought.base_year == 2020
    rows = brought.frame.set_index(["area_code", "year"])
    assert rows.loc[("WK900102", 2018), "inhabitants_count"] == 3000
    assert rows.loc[("WK900102", 2018), "owner_occupied_share"] == pytest.approx((0.40 * 500 + 0.55 * 1000) / 1500)
    assert rows.loc[("WK900102", 2020), "owner_occupied_share"] == pytest.approx(0.51)


def test_every_row_is_accounted_for(built):
    for rule in ("as_published", "harmonised"):
        ledger = built(rule=rule).ledger
        assert (ledger["rows_in"] == ledger["rows_placed"] + ledger["rows_left_out"]).all()
        assert ledger["rows_in"].sum() == 3
    assert built(rule="harmonised").conservation["difference"].abs().max() == 0


def test_a_year_out_of_a_crosswalks_reach_stays_as_published_only(raw, built):
    write_bulk(raw, 2019, [("WK900100", 1000, 500, 40)])
    assert set(built().frame["year"]) == {2018, 2019, 2020}
    brought = built(rule="harmonised")
    assert set(brought.frame["year"]) == {2018, 2020}
    left = brought.ledger[brought.ledger["year"] == 2019].iloc[0]
    assert (left["fate"], left["rows_left_out"]) == ("left out", 1)
    assert left["reason"]


def test_a_level_without_a_crosswalk_is_there_as_published_only(built):
    assert len(built("gemeente").frame) == 2
    with pytest.raises(ProjectError, match="a crosswalk of the level gemeente"):
        built("gemeente", "harmonised")


def test_the_same_area_twice_in_a_year_is_refused(raw, built):
    (raw / "kwb-more").mkdir()
    write_bulk(raw, 2018, [("WK900100", 1005, 500, 40)], "kwb-more")
    with pytest.raises(DataError, match="WK900100 in 2018 in both"):
        built()


def test_the_same_bytes_under_two_names_are_refused(raw, built):
    text = bulk(2018, [("WK900100", 1000, 500, 40)])
    (raw / "kwb" / "a 84286NED.csv").write_text(text, encoding="utf-8")
    (raw / "kwb" / "b 84286NED.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="same bytes"):
        built()


def test_rows_that_two_exports_share_are_taken_once_and_counted(raw, built, project):
    (raw / "kwb-more").mkdir()
    write_bulk(raw, 2018, [("GM9001", 3000, 1500, 50), ("WK900103", 70, 30, 10)], "kwb-more")
    frame = built().frame
    assert frame[frame["year"] == 2018]["area_code"].tolist() == ["WK900100", "WK900101", "WK900103"]
    record = json.loads((project.processed("open") / "panel" / "inputs.json").read_text(encoding="utf-8"))
    (second,) = (file for file in record["files"] if file["rows_out"] == 1)
    assert second["left_out"] == [{"reason": "the same figures as in key figures 84286NED.csv", "count": 1}]


def test_a_table_of_several_years_in_a_folder_of_a_package_gives_all_of_them(raw, built):
    folder = raw / "kwb" / "deep" / "70904NED"
    folder.mkdir(parents=True)
    rows = [{"RegioS": "WK900100", "Perioden": f"{y}JJ00", "AantalInwoners_5": y} for y in range(2009, 2013)]
    (folder / "TypedDataSet.json").write_text(json.dumps(rows), encoding="utf-8")
    areas = [{"Key": "WK900100", "Title": "Noord", "Description": ""}]
    (folder / "RegioS.json").write_text(json.dumps(areas), encoding="utf-8")
    found = built()
    assert sorted(set(found.frame["year"])) == [2009, 2010, 2011, 2012, 2018, 2020]
    counts = found.frame.set_index("year")["inhabitants_count"]
    assert counts[2011] == 2011
    assert "kwb/deep/70904NED/RegioS.json" in set(found.passed_over["file"])


def test_a_map_beside_the_boundaries_is_named_and_in_the_folder_of_key_figures_read(raw, built):
    map_of = {"WK_CODE": ["WK900102"], "AANT_INW": [5], "P_00_14_JR": [1], "WOZ": [200], "H2O": ["NEE"]}
    areas = gpd.GeoDataFrame(map_of, geometry=[box(100_000, 450_000, 101_000, 451_000)], crs=28992)
    (raw / "boundaries").mkdir()
    areas.to_file(raw / "boundaries" / "wijken_2019.gpkg")
    passed_over = built().passed_over.set_index("file")["reason"]
    assert "put a copy of it into the folder kwb" in passed_over["boundaries/wijken_2019.gpkg"]
    areas.to_file(raw / "kwb" / "wijken_2019.gpkg")
    found = built()
    assert 2019 in set(found.frame["year"])
    assert "boundaries/wijken_2019.gpkg" not in set(found.passed_over["file"])


def test_a_folder_without_key_figures_leaves_no_stale_table(raw, built, project):
    built()
    for file in (raw / "kwb").iterdir():
        file.unlink()
    (raw / "leefbaarometer3").mkdir()
    (raw / "leefbaarometer3" / "wijken.csv").write_text(SCORES, encoding="utf-8")
    panel.build(raw, project.processed("open") / "panel")
    with pytest.raises(ProjectError, match="the key figures of any year"):
        panel.read_key_figures_panel("open", "wijk", project=project)
    assert not (project.processed("open") / "panel" / "gemeente.parquet").exists()


def test_files_that_hold_none_are_listed(raw, built):
    (raw / "kwb" / "TableInfos.json").write_text("{}", encoding="utf-8")
    (raw / "kwb" / "notes.pdf").write_text("x", encoding="utf-8")
    listed = set(built().passed_over["file"])
    assert listed == {
        "kwb/TableInfos.json",
        "kwb/notes.pdf",
        "data/raw/sources.toml",
    }  # the checkout is the folder here


def test_a_file_that_repeats_another_is_listed_by_its_folder(raw, built):
    (raw / "kwb-more").mkdir()
    write_bulk(raw, 2018, [("GM9001", 3000, 1500, 50)], "kwb-more")
    (raw / "kwb-more" / "notes.pdf").write_text("x", encoding="utf-8")
    listed = built().passed_over.set_index("file")["reason"]
    assert listed["kwb-more/key figures 84286NED.csv"] == "the same figures as in key figures 84286NED.csv"
    assert "kwb-more/notes.pdf" in listed


def test_a_failed_build_leaves_the_last_good_tables(raw, built, project):
    built()
    record = project.processed("open") / "panel" / "inputs.json"
    before = record.read_bytes()
    write_bulk(raw, 2019, [("WK9001", 1, 1, 1)])
    with pytest.raises(DataError):
        built()
    assert record.read_bytes() == before
    assert json.loads(before)["files"]


def test_another_source_that_fails_leaves_the_last_good_tables(raw, built, project):
    built()
    tables = project.processed("open") / "panel"
    before = {file.name: file.read_bytes() for file in tables.iterdir()}
    write_bulk(raw, 2019, [("WK900100", 1000, 500, 40)])
    (raw / "ses_woa").mkdir()
    (raw / "ses_woa" / "scores.csv").write_text("not;a;table\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"scores\.csv"):
        built()
    assert {file.name: file.read_bytes() for file in tables.iterdir()} == before


def test_no_total_is_spoken_of_where_none_is_complete(built):
    brought = built(rule="harmonised")
    lacking = brought.conservation.assign(missing_after_count=1)
    answer = claims.describe_key_figures(brought.files, brought.ledger, lacking, "open", "wijk")
    assert "largest" not in answer.numbers
    whole = claims.describe_key_figures(brought.files, brought.ledger, brought.conservation, "open", "wijk")
    assert whole.numbers["largest"] == 0


def test_a_break_that_the_mapping_knows_stops_a_difference(built):
    breaks = built().breaks
    frame = pd.DataFrame({"area_code": ["WK1", "WK1"], "year": [2004, 2010], "owner_occupied_share": [0.4, 0.5]})
    with pytest.raises(EstimationError, match="owner_occupied_share breaks between 2004 and 2010"):
        difference(frame, "owner_occupied_share", 2004, 2010, breaks)


def test_the_record_of_a_file_says_which_columns_of_its_year_it_lacks(built):
    files = built().files.set_index("year")
    assert files.loc[2018, "expected_missing"].startswith("k_0Tot15Jaar")
    assert files.loc[2018, "expected_missing"].endswith(" more")
    assert files["odd_count"].eq(0).all()


def test_missing_values_are_counted_by_reason(built):
    counts = panel.missing_by_concept(built().frame).set_index(["concept", "year"])
    assert counts.loc[("inhabitants_count", 2018), "known_share"] == 1
    assert counts.loc[("woz_value_eur", 2018), "not_in_file_count"] == 2
    assert counts.loc[("poverty_persons_share", 2018), "not_in_year_count"] == 2


def test_the_codebook_has_a_line_for_every_concept_with_its_sources():
    book = panel.panel_codebook("wijk")
    assert book["column"].is_unique
    row = book.set_index("column").loc["owner_occupied_share"]
    assert row["breaks"] == "2005, 2009"
    assert "Koopwoningen" in row["source_columns"]
    assert row["combine"] == "weighted by dwellings_count"


@pytest.mark.shared
def test_the_real_files_build_and_keep_their_totals(project):
    if not OPEN_DATA.is_dir():
        pytest.skip("the real files are not beside this checkout")
    panel.build(OPEN_DATA, project.processed("open") / "panel")
    gemeenten = panel.read_key_figures_panel("open", "gemeente", project=project).frame.set_index(["area_code", "year"])
    assert gemeenten.loc[("GM0363", 2019), "inhabitants_count"] == 862_965
    buurten = panel.read_key_figures_panel("open", "buurt", project=project).frame
    rotterdam = buurten[buurten["area_code"].str.startswith("BU0599")]
    codes = rotterdam.groupby("year")["area_code"].agg(frozenset)
    assert set(codes.index) == {2014, 2015, 2016, 2017}
    assert len(set(codes)) == 1
    assert len(codes.iloc[0]) == 92
    assert (rotterdam["boundary_flag"] == 3).sum() == 43
    brought = panel.read_key_figures_panel("open", "wijk", "harmonised", project)
    whole = brought.conservation[brought.conservation["missing_after_count"] == 0]
    assert whole["difference"].abs().max() < 1e-6


def test_files_passed_over_are_counted_by_reason_and_the_first_are_named():
    files = [f"t{number}.json" for number in range(5)]
    passed_over = pd.DataFrame({"file": [*files, "notes.txt"], "reason": ["describes a table"] * 5 + ["no table"]})
    found = panel.passed_over_by_reason(passed_over).to_dict("records")
    assert found == [
        {"reason": "describes a table", "files_count": 5, "files": "t0.json, t1.json, t2.json …"},
        {"reason": "no table", "files_count": 1, "files": "notes.txt"},
    ]
    assert panel.passed_over_by_reason(passed_over.iloc[:0]).empty
