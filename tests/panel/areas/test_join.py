"""Every source side by side: which rows are joined, how, and what becomes of the others.

Between 2018 and 2020, A and B merge into C, D keeps its code but loses land to F, G is recoded to H, and E stays. The
Leefbaarometer stands on the areas of 2020, its last wave.
"""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from boundary_files import collection, square
from checkouts import OPEN_DATA
from joined_country import FLOWS, NEW, SCORES, WAVES, A, B, C, D, E, F, G, H, figures, write_country
from key_figure_files import write_bulk
from raw_tables import priority_table, ses_text, stock_row, stock_text, untyped_stock
from statline_server import v3_table

from buurteffect import panel
from buurteffect.errors import DataError, EstimationError, ProjectError
from buurteffect.estimate.scores.differences import difference
from buurteffect.panel.areas.join import HARMONISED_JOIN
from buurteffect.panel.harmonise.boundary_year import match_codes
from buurteffect.panel.harmonise.weights import Crosswalk
from buurteffect.panel.inputs.housing_stock import harmonise_stock
from buurteffect.schema import PANEL, panel_contract
from buurteffect.schema.arrow import check_table
from buurteffect.schema.panel import PANEL_KEY, STOCK_BLOCK
from buurteffect.sources import fetch_table, read_crosswalk
from buurteffect.sources.http.client import Settings


@pytest.fixture
def raw(tmp_path):
    return write_country(tmp_path)


@pytest.fixture
def built(raw, project):
    def build(level="wijk", rule="as_published", **options):
        panel.build(raw, project.processed("open") / "panel", **options)
        return panel.read_joined("open", level, rule, project)

    return build


def joins(frame, column="liveability_join", mark="in_liveability"):
    """Return how each code and year is joined, for the rows that the source has."""
    rows = frame[frame[mark]]
    return {(c, y): j for c, y, j in zip(rows["area_code"], rows["year"], rows[column], strict=True)}


def one(frame, code, year, mark):
    rows = frame[(frame["area_code"] == code) & (frame["year"] == year) & frame[mark]]
    assert len(rows) == 1
    return rows.iloc[0]


# --- as published ------------------------------------------------------------------------------------------------


def test_as_published_a_score_joins_where_the_code_means_the_same_area(built):
    frame = built().frame
    assert {key: join for key, join in joins(frame).items() if key[1] != 2012} == {
        (E, 2018): "one_to_one",
        **{(code, 2018): "not_joined" for code in (C, D, F, H)},
        **{(code, 2020): "same_vintage" for code in NEW},
    }
    row = one(frame, E, 2018, "in_liveability")
    assert (row["inhabitants_count"], row["liveability_score"]) == (1000, SCORES[E])
    assert row["boundary_year"] == 2018


def test_a_code_that_means_another_area_stands_twice_told_apart_by_the_year_of_its_areas(built):
    frame = built().frame
    figures_of_d, scores_of_d = (one(frame, D, 2018, mark) for mark in ("in_key_figures", "in_liveability"))
    assert (figures_of_d["boundary_year"], scores_of_d["boundary_year"]) == (2018, 2020)
    assert figures_of_d["liveability_join"] == scores_of_d["liveability_join"] == "not_joined"
    assert np.isnan(figures_of_d["liveability_score"])
    assert np.isnan(scores_of_d["inhabitants_count"])
    assert (figures_of_d["liveability_score_missing"], scores_of_d["inhabitants_count_missing"]) == ("no_row", "no_row")


def test_areas_that_share_with_a_score_that_was_not_joined_say_so(built):
    frame = built().frame
    assert all(one(frame, code, 2018, "in_key_figures")["liveability_join"] == "not_joined" for code in (A, B, D, G))


def test_the_scores_come_out_exactly_as_they_went_in(built, project):
    built()
    read = panel.read("open", "wijk", project).frame
    assert list(read.columns) == PANEL.columns
    expected = {(code, year): SCORES[code] for code in NEW for year in WAVES}
    assert read.set_index(["area_code", "year"])["liveability_score"].to_dict() == expected
    assert (read["area_name"] == "name of " + read["area_code"]).all()


def test_without_a_crosswalk_the_code_alone_joins_and_the_row_says_so(raw, built):
    (raw / "crosswalk" / "wijk.csv").unlink()
    frame = built().frame
    found = joins(frame)
    assert {code for code in NEW if found[code, 2018] == "by_code_unchecked"} == {D, E}
    assert one(frame, D, 2018, "in_liveability")["inhabitants_count"] == 1000
    assert one(frame, C, 2018, "in_liveability")["boundary_year"] == 2020


def test_a_wave_without_key_figures_stands_on_the_areas_of_the_vintage(built):
    rows = built().frame.query("year == 2012")
    assert set(rows["area_code"]) == set(NEW)
    assert set(rows["boundary_year"]) == {2020}
    assert not rows["in_key_figures"].any()


# --- on the areas of a base year -----------------------------------------------------------------------------------


def test_on_the_areas_of_the_vintage_all_scores_join_the_harmonised_figures(built):
    joined = built(rule="harmonised")
    assert joined.base_year == 2020
    assert set(joins(joined.frame).values()) == {"same_vintage"}
    row = one(joined.frame, C, 2018, "in_liveability")
    assert (row["inhabitants_count"], row["liveability_score"], row["change"]) == (2000, SCORES[C], "merged")
    assert not joined.frame.duplicated(["area_code", "year"]).any()


def test_on_the_areas_of_another_year_only_areas_that_are_one_to_one_join(built):
    frame = built(rule="harmonised", base_year=2018).frame
    assert joins(frame) == {(code, year): "one_to_one" for code in (E, G) for year in WAVES}
    assert one(frame, G, 2018, "in_liveability")["liveability_score"] == SCORES[H]
    assert one(frame, A, 2018, "in_key_figures")["liveability_join"] == "not_joined"


def test_unchanged_areas_only_are_joined_with_the_scores_of_unchanged_areas(raw, built):
    write_bulk(raw, 2019, figures(NEW, 1001))  # no crosswalk reaches this year, but its flags count
    frame = built(rule="unchanged_only").frame
    assert set(joins(frame)) == {(code, year) for code in (E, H) for year in WAVES}
    assert set(frame["area_code"]) == {E, H}


@pytest.mark.parametrize("base_year", [2018, 2020])
@pytest.mark.parametrize("rule", ["as_published", "harmonised", "unchanged_only"])
def test_every_row_of_the_scores_is_counted_once_under_every_rule(built, rule, base_year):
    joined = built(rule=rule, base_year=base_year)
    counts = joined.joins.query("rule == @rule and source == 'liveability'")
    assert counts.groupby("year")["rows_count"].sum().to_dict() == dict.fromkeys(WAVES, len(NEW))
    assert (joined.frame["in_liveability"]).sum() == (
        counts["rows_count"].sum()
        if rule == "as_published"
        else counts.loc[counts["join"] != "not_joined", "rows_count"].sum()
    )
    beside = (joined.frame["in_liveability"] & joined.frame["in_key_figures"]).sum()
    assert counts["with_key_figures_count"].sum() == beside
    summary = panel.joins_of(joined).query("rule == @rule and source == 'liveability'")
    assert summary["rows_count"].sum() == counts["rows_count"].sum()


def test_a_flow_of_noise_does_not_part_two_areas():
    crosswalk = pd.DataFrame(
        {
            "year_from": 2018, "year_to": 2020, "level": "wijk", "source_code": [E, E, D], "target_code": [E, D, D],
            "addresses_count": [5000.0, 1.0, 4000.0], "weight_share": np.nan,
        }
    )  # fmt: skip
    crosswalk = Crosswalk(crosswalk)
    assert match_codes(crosswalk, 2020, 2018, [D, E]).pairs.to_dict() == {D: D, E: E}
    assert match_codes(crosswalk, 2020, 2007, [D, E]) is None


# --- SES-WOA, housing stock, boundaries, growth centres -----------------------------------------------------------


def test_ses_woa_stands_on_the_areas_that_its_title_names(raw, built):
    values = ["     100", "    50.0", "    25.0", "    25.0", "   0.647", "   0.459"]
    rows = [[year, "Wijk", f"{code:10}", *values] for year in ("2018", "2020") for code in (D, E)]
    text = ses_text([*rows, ["2020", "NL", "NL00      ", *values]])
    (raw / "ses_woa" / "scores, regio-indeling 2020.csv").write_text(text, encoding="utf-8")
    joined = built()
    assert joins(joined.frame, "ses_woa_join", "in_ses_woa") == {
        (D, 2018): "not_joined", (E, 2018): "one_to_one", (D, 2020): "same_vintage", (E, 2020): "same_vintage",
    }  # fmt: skip
    row = one(joined.frame, E, 2020, "in_ses_woa")
    assert (row["ses_woa_households_count"], row["ses_woa_score"], row["ses_woa_provisional"]) == (100, 0.647, "no")
    assert one(joined.frame, D, 2018, "in_ses_woa")["boundary_year"] == 2020
    stored = json.loads((raw / "data" / "processed" / "open" / "panel" / "inputs.json").read_text(encoding="utf-8"))
    country = [row for row in stored["joins"] if row["level"] == "country"]
    assert [(row["rows_count"], row["reason"]) for row in country] == [(1, "the panel has no level country")]


def test_an_export_of_ses_woa_that_does_not_say_its_areas_stands_on_those_of_its_table(raw, built):
    """The table with figures up to 2019 is on areas of 2021: D has lost land to F by then, and E is as it was."""
    values = ["     100", "    50.0", "    25.0", "    25.0", "   0.647", "   0.459"]
    rows = [["2018", "Wijk", f"{code:10}", *values] for code in (D, E, F)]
    (raw / "ses_woa" / "SES_WOA_scores_per_wijk_en_buurt_25042023.csv").write_text(ses_text(rows), encoding="utf-8")
    flows = "".join(f"2018,2021,{source[2:]},{target[2:]},{count}\n" for source, target, count in FLOWS)
    with (raw / "crosswalk" / "wijk.csv").open("a", encoding="utf-8") as file:
        file.write(flows)
    joined = built()
    found = joins(joined.frame, "ses_woa_join", "in_ses_woa")
    assert found == {(D, 2018): "not_joined", (E, 2018): "one_to_one", (F, 2018): "not_joined"}
    assert one(joined.frame, D, 2018, "in_ses_woa")["boundary_year"] == 2021
    assert np.isnan(one(joined.frame, D, 2018, "in_key_figures")["ses_woa_score"])
    reasons = joined.joins.query("source == 'ses_woa' and rule == 'as_published'")["reason"]
    assert all("areas of 2021 assumed" in reason for reason in reasons)
    stored = json.loads((raw / "data" / "processed" / "open" / "panel" / "inputs.json").read_text(encoding="utf-8"))
    assert "areas of 2021 (assumed: 85163NED" in next(o["note"] for o in stored["others"] if "SES" in o["kind"])


def test_of_two_tables_of_ses_woa_the_one_on_later_areas_is_taken_and_the_other_counted(raw, built):
    values = ["     100", "    50.0", "    25.0", "    25.0"]
    older = [[y, "Wijk", f"{E:10}", *values, "   0.100", "   0.459"] for y in ("2018", "2019")]
    newer = [["2018", "Wijk", f"{E:10}", *values, "   0.200", "   0.459"]]
    (raw / "ses_woa" / "85163NED.csv").write_text(ses_text(older), encoding="utf-8")
    (raw / "ses_woa" / "85539NED.csv").write_text(ses_text(newer), encoding="utf-8")
    (raw / "ses_woa" / "85539NED again.csv").write_text(ses_text(newer, bom=""), encoding="utf-8")
    frame = built().frame
    taken = frame[frame["in_ses_woa"]].set_index("year")["ses_woa_score"].to_dict()
    assert taken == {2018: 0.2, 2019: 0.1}
    stored = json.loads((raw / "data" / "processed" / "open" / "panel" / "inputs.json").read_text(encoding="utf-8"))
    notes = {o["file"]: o["note"] for o in stored["others"]}
    assert "1 row left out, which another file has on later areas" in notes["85163NED.csv"]


def test_two_files_of_ses_woa_with_the_same_area_in_a_year_are_refused(raw, built):
    values = ["     100", "    50.0", "    25.0", "    25.0", "   0.647", "   0.459"]
    for name, score in (("a", "   0.647"), ("b", "   0.648")):
        text = ses_text([["2020", "Wijk", f"{E:10}", *values[:4], score, values[5]]])
        (raw / "ses_woa" / f"{name}.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.csv and b\.csv"):
        built()


def test_the_housing_stock_of_gemeenten_that_merged_is_added_up(raw, built):
    write_bulk(raw, 2018, [("GM9001", 9000, 4500, 50), ("GM9002", 900, 450, 50)])
    write_bulk(raw, 2020, [("GM9001", 9900, 4950, 50)])
    (raw / "crosswalk" / "gemeente.csv").write_text(
        "year_from,year_to,source,target,n_addresses\n2018,2020,9001,9001,4500\n2018,2020,9002,9001,450\n",
        encoding="utf-8",
    )
    rows = [stock_row("GM9001", 2018, 100, 5), stock_row("GM9002", 2018, 10, 1), stock_row("GM9001", 2020, 116, 4)]
    rows.append(stock_row("GM9009", 2007, 7, 0))
    (raw / "housing_stock" / "stock.csv").write_text(stock_text(rows), encoding="utf-8")
    published = built("gemeente").frame
    assert one(published, "GM9002", 2018, "in_housing_stock")["stock_opening_dwellings_count"] == 10
    assert one(published, "GM9009", 2007, "in_housing_stock")["inhabitants_count_missing"] == "no_row"
    brought = built("gemeente", "harmonised")
    row = one(brought.frame, "GM9001", 2018, "in_housing_stock")
    assert (row["stock_opening_dwellings_count"], row["stock_new_dwellings_count"]) == (110, 6)
    counts = brought.joins.query("source == 'housing_stock' and rule == 'harmonised'")
    assert counts.set_index(["year", "join"])["rows_count"].to_dict() == {
        (2018, HARMONISED_JOIN): 2, (2020, HARMONISED_JOIN): 1, (2007, "not_joined"): 1,
    }  # fmt: skip
    unchanged = built("gemeente", "unchanged_only")
    assert unchanged.frame.empty
    assert unchanged.joins.query("rule == 'unchanged_only'")["join"].unique().tolist() == ["not_joined"]


def test_the_stock_of_a_gemeente_that_grew_by_a_merger_is_not_that_of_an_unchanged_one():
    crosswalk = pd.DataFrame(
        {
            "year_from": 2018, "year_to": 2020, "level": "gemeente", "source_code": ["GM9001", "GM9002"],
            "target_code": "GM9001", "addresses_count": [900.0, 100.0], "weight_share": np.nan,
        }
    )  # fmt: skip
    codes = ["GM9001", "GM9002", "GM9005"]
    stock = pd.DataFrame({"area_code": pd.Series(codes, dtype="str"), "year": 2018})
    for name in STOCK_BLOCK.values:
        stock = stock.assign(**{name: 10.0, f"{name}_missing": pd.Series([None] * 3, dtype="str")})
    kept = pd.DataFrame({"area_code": pd.Series(["GM9001", "GM9005"], dtype="str"), "year": 2020})
    found = harmonise_stock(stock, "unchanged_only", kept, 2020, Crosswalk(crosswalk))
    assert found.frame["area_code"].tolist() == ["GM9005"]
    assert found.ledger[["rows_placed", "rows_left_out"]].to_numpy().tolist() == [[1, 2]]


def test_two_tables_of_one_layout_that_disagree_are_refused(raw, built):
    for name, new in (("a", 5), ("b", 6)):
        text = stock_text([stock_row("GM9001", 2018, 100, new)])
        (raw / "housing_stock" / f"{name}.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="other values for GM9001 in 2018"):
        built()


def test_where_the_housing_stock_comes_from_another_table_its_series_break(raw, built):
    (raw / "housing_stock" / "old.csv").write_text(stock_text([stock_row("GM9001", 2018, 100, 5)]), encoding="utf-8")
    newer = ["ID", "Gebruiksfunctie", "RegioS", "Perioden", "BeginstandVoorraad_1", "NieuwbouwTotaal_6"]
    newer += ["ToevoegingenTotaal_13", "Sloop_15", "SaldoVoorraad_21", "EindstandVoorraad_22"]
    rows = [(0, "A045364", "GM9001", f"{year}JJ00", 105, 3, 3, 0, 3, 108) for year in (2018, 2020)]
    (raw / "housing_stock" / "new.csv").write_text(
        stock_text([(*rows[0][:4], 100, 5, 5, 0, 5, 105), rows[1]], newer), encoding="utf-8"
    )
    joined = built("gemeente")
    found = joined.breaks.query("concept == 'stock_new_dwellings_count'")
    assert found[["break_year", "reason"]].to_numpy().tolist() == [[2020, "table 86098NED instead of 81955NED"]]
    with pytest.raises(EstimationError, match="86098NED"):
        difference(joined.frame, "stock_new_dwellings_count", 2018, 2020, joined.breaks)


def test_fetched_tables_are_found_by_their_manifests(raw, built, project):
    figures_of = [("A045364", "GM9001", "2018JJ00", [100, 5, 0, 0, 0, 0, 5, 105])]
    sets = {"UntypedDataSet": untyped_stock(figures_of), "DataProperties": [{"Type": "Dimension", "Key": "RegioS"}]}
    sets["RegioS"] = [{"Key": "GM9001", "Title": "Ergens"}]
    quick = {"pause_seconds": 0.0, "settings": Settings(progress=False), "say": str}
    with v3_table(sets=sets) as server:
        fetch_table("81955NED", raw / "housing_stock", service=server.v3, **quick)
    priority_table(raw / "priority_areas")
    row = one(built("gemeente").frame, "GM9001", 2018, "in_housing_stock")
    assert row["stock_closing_dwellings_count"] == 105
    others = panel.read_key_figures_panel("open", "gemeente", project=project).others.set_index("kind")
    assert others.loc["housing stock", "file"] == "81955NED"
    assert "enters no table" in others.loc["priority areas of 2007", "note"]
    sizes = {file.origin: file.bytes_count for file in panel.read_joined("open", "gemeente", project=project).inputs}
    assert sizes["81955NED"] == sum(page.stat().st_size for page in (raw / "housing_stock").rglob("*-0*.json"))


def polygons(*codes, side=100.0):
    features = []
    for n, code in enumerate(codes):
        place = {"wijkcode": code, "wijknaam": "x", "gemeentecode": f"GM{code[2:6]}", "water": "NEE"}
        ring = square(90_000.0 + 200 * n, 430_000.0, side)
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": place, "geometry": geometry})
    return json.dumps(collection(*features))


def test_size_and_place_come_from_the_boundaries_whose_year_fits(raw, built):
    (raw / "boundaries" / "wijken_2020.geojson").write_text(polygons(D, E), encoding="utf-8")
    frame = built().frame
    row = one(frame, E, 2018, "in_key_figures")
    assert (row["polygon_join"], row["area_m2"]) == ("one_to_one", pytest.approx(10_000))
    assert (row["centroid_x_m"], row["centroid_y_m"]) == (pytest.approx(90_250), pytest.approx(430_050))
    moved = one(frame, D, 2018, "in_key_figures")
    assert moved["polygon_join"] == "not_joined"
    assert np.isnan(moved["area_m2"])
    assert one(frame, D, 2018, "in_liveability")["polygon_join"] == "same_vintage"


def test_boundaries_without_a_year_in_their_name_join_by_code_unchecked(raw, built):
    (raw / "boundaries" / "wijken.geojson").write_text(polygons(D), encoding="utf-8")
    (raw / "boundaries" / "wijken_2020.geojson").write_text(polygons(E, side=50.0), encoding="utf-8")
    frame = built().frame
    assert one(frame, E, 2020, "in_key_figures")["area_m2"] == pytest.approx(2_500)
    assert frame.loc[frame["area_code"] == D, "polygon_join"].isna().all(), "the file whose year is nearest is taken"
    (raw / "boundaries" / "wijken_2020.geojson").unlink()
    assert one(built().frame, D, 2020, "in_key_figures")["polygon_join"] == "by_code_unchecked"


def test_growth_centres_have_three_values_and_none_without_a_list(raw, built):
    assert built("gemeente").frame["growth_centre"].isna().all()
    write_bulk(raw, 2020, [("GM9001", 9, 4, 50), ("GM9002", 9, 4, 50), ("GM9003", 9, 4, 50)])
    (raw / "treatment" / "groeikernen.csv").write_text(
        "place,gm_code,status\nX,GM9001,confirmed\nY,GM9002,unconfirmed\n", encoding="utf-8"
    )
    found = built("gemeente").frame.query("year == 2020").set_index("area_code")["growth_centre"]
    assert found.to_dict() == {"GM9001": "confirmed", "GM9002": "unconfirmed", "GM9003": "not_listed"}


def test_rows_of_every_source_are_counted_by_year(built):
    counts = panel.source_coverage(built().frame)
    assert counts["year"].is_monotonic_increasing
    assert counts.set_index(["source", "year"])["rows_count"].to_dict() == {
        ("key figures", 2018): 5, ("key figures", 2020): 5, **{("Leefbaarometer", year): 5 for year in WAVES},
    }  # fmt: skip


def test_a_summary_counts_areas_with_a_value_and_below_the_threshold(raw, built):
    known = ["     100", "    50.0", "    25.0", "    25.0", "   0.600", "   0.459"]
    unknown = ["       0", *["       ."] * 5]
    rows = [["2020", "Wijk", f"{code:10}", *cells] for code, cells in ((D, known), (E, unknown))]
    (raw / "ses_woa" / "ses.csv").write_text(ses_text(rows), encoding="utf-8")
    row = panel.summarise(built().frame, ["ses_woa_score"]).iloc[0]
    assert row[["year", "known_count", "below_threshold_count", "mean"]].tolist() == [2020, 1, 1, 0.6]


# --- the contract ------------------------------------------------------------------------------------------------


def test_a_value_is_missing_where_it_has_a_reason_and_nowhere_else(raw, built):
    values = ["       0", "       .", "       .", "       .", "       .", "       ."]
    (raw / "ses_woa" / "ses.csv").write_text(ses_text([["2020", "Wijk", f"{E:10}", *values]]), encoding="utf-8")
    for rule in ("as_published", "harmonised", "unchanged_only"):
        frame = built(rule=rule).frame
        for name in frame.columns:
            if f"{name}_missing" in frame.columns:
                assert (frame[name].isna() == frame[f"{name}_missing"].notna()).all(), name


def test_the_stored_table_keeps_its_contract_under_all_rules_at_once(raw, built, project):
    write_bulk(raw, 2019, figures(NEW, 1001))
    built()
    table = pq.read_table(project.processed("open") / "panel" / "wijk.parquet")
    assert set(table.column("boundary_rule").to_pylist()) == {"as_published", "harmonised", "unchanged_only"}
    check_table(table, panel_contract("wijk"), "wijk.parquet")
    assert not table.to_pandas().duplicated(list(PANEL_KEY)).any()


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("liveability_score", 12.0, "values from .* to 12.0"),
        ("liveability_join", "guessed", "'guessed'"),
        ("city_group", "elsewhere", "'elsewhere'"),
        ("year", 2018, "twice"),
    ],
)
def test_a_stored_table_that_breaks_its_contract_is_refused(built, project, column, value, words):
    built()
    file = project.processed("open") / "panel" / "wijk.parquet"
    table = pq.read_table(file)
    frame = table.to_pandas()
    rows = frame["area_code"].eq(E) & frame["boundary_rule"].eq("as_published")
    frame.loc[rows & frame["boundary_year"].eq(2020), column] = value
    frame.loc[rows, "boundary_year"] = 2020 if column == "year" else frame.loc[rows, "boundary_year"]
    pq.write_table(pa.Table.from_pandas(frame, table.schema, preserve_index=False), file)
    with pytest.raises(DataError, match=words):
        panel.read_joined("open", "wijk", project=project)


def test_a_rule_that_is_not_there_is_named(built, project):
    built()
    with pytest.raises(ProjectError, match="key figures by gemeente"):
        panel.read_joined("open", "gemeente", "harmonised", project)


def test_key_figures_alone_make_a_panel_and_the_scores_are_missed_by_name(raw, built, project):
    (raw / "leefbaarometer3" / "wijken.csv").unlink()
    (raw / "leefbaarometer3").rmdir()
    assert not built().frame["in_liveability"].any()
    with pytest.raises(ProjectError, match="a file of scores by wijk"):
        panel.read("open", "wijk", project)


# --- breaks and codebook -------------------------------------------------------------------------------------------


def test_the_step_of_2014_stops_a_difference_of_scores(built):
    joined = built()
    frame = pd.DataFrame({"area_code": [E, E], "year": [2012, 2014], "liveability_score": [4.1, 4.2]})
    with pytest.raises(EstimationError, match="liveability_score breaks between 2012 and 2014"):
        difference(frame, "liveability_score", 2012, 2014, joined.breaks)
    assert joined.frame.query("in_liveability")["year"].nunique() == 3
    changes = difference(joined.frame.query("in_liveability"), "liveability_score", 2018, 2020, joined.breaks)
    assert changes["change"].tolist() == [0.0] * len(NEW)


def test_years_of_one_series_are_numbered_alike(built):
    joined = built()
    table = panel.break_table(
        joined.breaks, {"liveability_score": [2002, 2012, 2014, 2022], "inhabitants_count": [2018]}
    )
    assert table["series"].tolist() == [1, 1, 2, 2, 1]


@pytest.mark.parametrize("level", ["buurt", "wijk", "gemeente", "pc4"])
def test_the_codebook_has_every_column_of_the_level_with_a_meaning_a_unit_and_a_source(level):
    book = panel.panel_codebook(level)
    columns = [name for name in panel_contract(level).columns if not name.endswith("_missing")]
    assert book["column"].tolist() == columns
    assert (book[["meaning", "unit", "source", "source_columns"]] != "").all(axis=None)
    assert book[["meaning", "unit", "source", "source_columns"]].notna().all(axis=None)


def test_the_codebook_prints_the_years_that_have_values(built):
    joined = built()
    book = panel.panel_codebook("wijk", joined.observed, joined.breaks).set_index("column")
    assert book.loc["inhabitants_count", "years"] == "2018, 2020"
    assert book.loc["liveability_score", ["years", "breaks"]].tolist() == ["2012, 2018, 2020", "2014"]
    assert book.loc["woz_value_eur", "years"] == ""
    assert book.loc["ses_woa_score", "thresholds"] == "100 households"


# --- the real files ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    if not OPEN_DATA.is_dir():
        pytest.skip("the real files are not beside this checkout")
    from buurteffect.project import Project

    project = Project(tmp_path_factory.mktemp("real"))
    panel.build(OPEN_DATA, project.processed("open") / "panel")
    return project


@pytest.mark.shared
def test_all_of_amsterdams_ses_woa_comes_in_beside_its_key_figures(real):
    rows = {level: panel.read_joined("open", level, project=real) for level in ("gemeente", "wijk", "buurt")}
    beside = {level: int((j.frame["in_ses_woa"] & j.frame["in_key_figures"]).sum()) for level, j in rows.items()}
    assert beside == {"gemeente": 1, "wijk": 99, "buurt": 479}


@pytest.mark.shared
def test_no_real_score_is_lost_and_a_joined_one_is_one_to_one_in_the_real_crosswalk(real):
    joined = panel.read_joined("open", "wijk", project=real)
    assert joined.frame["in_liveability"].sum() == 26_366
    crosswalk = read_crosswalk(OPEN_DATA / "crosswalk" / "crosswalk_wijk.csv").frame
    listed = crosswalk.query("year_from == 2016 and year_to == 2022")
    rows = joined.frame.query("year == 2016 and in_liveability and liveability_join == 'one_to_one'")
    touched = listed[listed["source_code"].isin(rows["area_code"]) | listed["target_code"].isin(rows["area_code"])]
    small = touched[touched["source_code"] != touched["target_code"]]
    assert (small["addresses_count"] < 5).all(), "only flows below the floor may tie such an area to another"
    assert joined.frame.duplicated(["area_code", "year"]).sum() == 3


def test_reasons_are_numbers_in_memory_and_texts_in_the_file(raw, tmp_path, monkeypatch):
    met = []
    write_table = pq.ParquetWriter.write_table

    def noted(writer, table, **settings):
        met.append(table)
        write_table(writer, table, **settings)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", noted)
    panel.build(raw, tmp_path / "panel")
    in_memory = next(table for table in met if "inhabitants_count_missing" in table.column_names)
    assert pa.types.is_dictionary(in_memory.schema.field("inhabitants_count_missing").type)
    stored = pq.read_table(tmp_path / "panel" / "wijk.parquet")
    assert not any(pa.types.is_dictionary(field.type) for field in stored.schema)
    named = [name for name in stored.column_names if name.endswith("_missing")]
    assert {str(dtype) for dtype in stored.to_pandas().dtypes[named]} == {"str"}


def test_a_numbered_reason_that_is_none_is_refused(raw, tmp_path):
    panel.build(raw, tmp_path / "panel")
    stored, contract = pq.read_table(tmp_path / "panel" / "wijk.parquet"), panel_contract("wijk")
    at = stored.column_names.index("inhabitants_count_missing")
    odd = pa.array(["lost"] * len(stored), pa.large_string()).dictionary_encode()
    with pytest.raises(DataError, match="lost"):
        check_table(stored.set_column(at, stored.column_names[at], odd), contract, "x")
    assert check_table(stored, contract, "x") is stored


@pytest.mark.parametrize("failing", [1, 3])
def test_a_table_that_cannot_be_written_leaves_the_last_panel(raw, tmp_path, monkeypatch, failing):
    out = tmp_path / "panel"
    panel.build(raw, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    write_table, rules = pq.ParquetWriter.write_table, []

    def full(writer, table, **settings):
        rules.extend(["a rule"] * ("boundary_rule" in table.column_names))
        if len(rules) == failing:
            raise OSError("no space left on device")
        write_table(writer, table, **settings)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="no space left"):
        panel.build(raw, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
