"""Key figures of the CBS on small handwritten files: layouts, units, reasons, years."""

import json
from pathlib import Path

import pytest
from key_figure_files import BULK, as_csv, row, written
from one_table import read_kwb

from buurteffect.errors import DataError
from buurteffect.schema.kwb import CONCEPTS, KWB
from buurteffect.sources.key_figures.columns.mapping import breaks, mapping_rows, table_years


def test_untyped_bulk_becomes_units_of_the_contract_with_a_reason_for_every_gap(tmp_path):
    file = read_kwb(written(tmp_path, as_csv(BULK)))
    assert (file.year, file.table_id, file.layout, file.rows_count) == (2019, "84583NED", "bulk", 3)
    city, wijk, buurt = (row(file, code) for code in ("GM0363", "WK036300", "BU0363AB10"))
    assert city["inhabitants_count"] == 862965
    assert city["woz_value_eur"] == 378_000
    assert city["owner_occupied_share"] == 0.30
    assert city["income_per_inhabitant_eur"] == pytest.approx(31_300)
    assert [city["area_name"], city["gemeente_name"]] == ["Amsterdam", "Amsterdam"]
    assert file.frame["level"].tolist() == ["gemeente", "wijk", "buurt"]
    assert file.frame["boundary_flag"].fillna(0).tolist() == [0, 1, 3]
    assert wijk["income_per_inhabitant_eur_missing"] == "secret"  # 4,295 inhabitants are above the threshold
    assert buurt["income_per_inhabitant_eur_missing"] == "below_threshold"  # 40 are below 100
    assert buurt["owner_occupied_share_missing"] == "below_threshold"  # 10 dwellings are below 20
    assert buurt["woz_value_eur_missing"] == "secret"  # no confirmed threshold in 2019
    assert wijk["wmo_clients_count_missing"] == "impossible"
    assert buurt["wmo_clients_count_missing"] == "secret"
    assert buurt["origin_netherlands_count_missing"] == "not_in_year"


@pytest.mark.parametrize(
    ("people", "reason"), [("      95", "below_threshold"), ("     100", "secret"), ("       .", "secret")]
)
def test_a_gap_is_explained_by_the_threshold_only_below_it(tmp_path, people, reason):
    table = BULK | {"AantalInwoners_5": ["  862965", "    4295", people]}
    found = row(read_kwb(written(tmp_path, as_csv(table))), "BU0363AB10")
    assert found["income_per_inhabitant_eur_missing"] == reason


def test_reasons_can_be_filled_with_nothing_as_texts_can(tmp_path):
    frame = read_kwb(written(tmp_path, as_csv(BULK))).frame
    reasons = frame["woz_value_eur_missing"].fillna("")
    assert reasons.tolist() == ["", "", "secret"]
    assert (
        frame.fillna({name: "" for name in frame if name.endswith("_missing")}).notna()["woz_value_eur_missing"].all()
    )


def test_the_ledger_accounts_for_every_row_and_column(tmp_path):
    file = read_kwb(written(tmp_path, as_csv(BULK)))
    ledger = file.ledger
    assert ledger.balanced
    assert file.ledger.unmapped == ("ID", "Appartement_48", "AfstandTotSchool_108")
    used = {m.column for m in ledger.mapped} | {column for _, column in ledger.keys}
    assert used | set(file.ledger.unmapped) == set(BULK)
    missing = dict(ledger.expected_missing)
    assert {*ledger.not_in_year, *missing, *(m.concept for m in ledger.mapped)} == set(CONCEPTS)
    assert missing["rented_share"] == "HuurwoningenTotaal"
    assert set(file.frame["rented_share_missing"]) == {"not_in_file"}
    assert set(file.frame["poverty_persons_share_missing"]) == {"not_in_year"}
    assert any("does not name its year" in note for note in ledger.notes)
    assert ledger.columns().set_index("concept").loc["woz_value_eur", "factor"] == 1000


def test_typed_bulk_gives_the_same_numbers_and_owns_that_it_lost_the_marks(tmp_path):
    def typed(name, cells):
        texts = name.startswith(("Wijken", "Gemeente", "Soort", "Codering", "Indeling"))
        return cells if texts else [c.strip().replace("       .", "") if c.strip() != "." else "" for c in cells]

    plain = {name: typed(name, cells) for name, cells in BULK.items()}
    one = read_kwb(written(tmp_path, as_csv(BULK)))
    other = read_kwb(written(tmp_path, as_csv(plain), "typed_2019_84583NED.csv"))
    for concept in CONCEPTS:
        assert one.frame[concept].equals(other.frame[concept])
    assert row(other, "BU0363AB10")["owner_occupied_share_missing"] == "below_threshold"
    assert row(other, "WK036300")["income_per_inhabitant_eur_missing"] == "not_published"


@pytest.mark.parametrize(("end", "bom"), [("\n", True), ("\r\n", True), ("\n", False), ("\r\n", False)])
def test_line_ends_and_byte_order_marks_change_nothing(tmp_path, end, bom):
    one = read_kwb(written(tmp_path, as_csv(BULK), "a_2019.csv"))
    other = read_kwb(written(tmp_path, as_csv(BULK, end=end, bom=bom), "b_2019.csv"))
    assert one.frame.equals(other.frame)


def test_a_concept_is_found_whatever_its_suffix_and_place(tmp_path):
    shifted = {name: BULK[name] for name in reversed(BULK)}
    shifted = {f"{n.rsplit('_', 1)[0]}_{500 + i}" if "_" in n else n: c for i, (n, c) in enumerate(shifted.items())}
    one = read_kwb(written(tmp_path, as_csv(BULK), "a_2019.csv"))
    other = read_kwb(written(tmp_path, as_csv(shifted), "b_2019.csv"))
    assert one.frame.equals(other.frame)


def test_keys_without_any_suffix_are_found_by_their_stems(tmp_path):
    bare = {name.rsplit("_", 1)[0] if name[-1].isdigit() else name: cells for name, cells in BULK.items()}
    one = read_kwb(written(tmp_path, as_csv(BULK), "a_2019.csv"))
    assert read_kwb(written(tmp_path, as_csv(bare), "b_2019.csv")).frame.equals(one.frame)


def test_the_table_of_2013_names_its_areas_otherwise_and_holds_the_country(tmp_path):
    table = {name.replace("WijkenEnBuurten", "RegioS"): cells for name, cells in BULK.items() if "Indel" not in name}
    table["RegioS"] = table["Codering_3"] = ["NL00      ", "GM0363    ", "BU0363AB10"]
    table["SoortRegio_2"] = ["Land      ", "Gemeente  ", "Buurt     "]
    table["k_0Tot15Jaar_8"] = ["10"] * 3
    file = read_kwb(written(tmp_path, as_csv(table), "82339NED.csv"))
    assert (file.year, file.frame["level"].tolist()) == (2013, ["land", "gemeente", "buurt"])


def test_another_city_and_year_read_without_a_change(tmp_path):
    text = as_csv(BULK).replace("0363", "0344").replace("Amsterdam", "Utrecht")
    file = read_kwb(written(tmp_path, text, "Utrecht_2020_84799NED.csv"))
    assert file.year == 2020
    assert row(file, "BU0344AB10")["gemeente_name"] == "Utrecht"


def test_2023_tells_country_of_origin_from_country_of_birth_by_place(tmp_path):
    table = {name: cells for name, cells in BULK.items() if "Indeling" not in name}
    table |= {"IndelingswijzigingGemeenteWijkBuurt_4": [".", "1", "3"]}
    origin = {"Nederland_17": "400000", "EuropaExclusiefNederland_18": "150000", "BuitenEuropa_19": "310000"}
    birth = {"Nederland_20": "7", "EuropaExclusiefNederland_21": "8", "BuitenEuropa_22": "9"}
    abroad = {"EuropaExclusiefNederland_23": "5", "BuitenEuropa_24": "6"}
    table |= {name: [cell, "9", "9"] for name, cell in (abroad | birth | origin).items()}
    file = read_kwb(written(tmp_path, as_csv(table), "x_2023_85618NED.csv"))
    found = row(file, "GM0363")[["origin_netherlands_count", "origin_europe_count", "origin_outside_europe_count"]]
    assert found.tolist() == [400_000, 150_000, 310_000]


def test_a_stem_that_cannot_be_told_from_its_twin_is_refused(tmp_path):
    table = BULK | {"Nederland_20": ["1", "2", "3"]}
    with pytest.raises(DataError, match="could be origin_netherlands_count") as caught:
        read_kwb(written(tmp_path, as_csv(table), "x_2023_85618NED.csv"))
    assert caught.value.column == "Nederland_20"
    assert "DataProperties" in caught.value.action


@pytest.mark.parametrize("year", [2013, 2014])
def test_percentages_of_old_years_become_counts(tmp_path, year):
    table = BULK | {"k_0Tot15Jaar_8": ["      17", "      10", "       ."]}
    del table["Woningvoorraad_34"]
    file = read_kwb(written(tmp_path, as_csv(table), f"x_{year}.csv"))
    assert row(file, "WK036300")["age_0_14_count"] == pytest.approx(429.5)
    assert row(file, "BU0363AB10")["age_0_14_count_missing"] == "below_threshold"
    mapped = {m.concept: m for m in file.ledger.mapped}["age_0_14_count"]
    assert (mapped.unit, mapped.of) == ("%", "inhabitants_count")
    assert "half a percent" in mapped.note


def test_a_count_in_one_year_is_never_read_as_a_percentage_of_another(tmp_path):
    with pytest.raises(DataError, match="0 to 100"):
        read_kwb(written(tmp_path, as_csv(BULK), "x_2014.csv"))


@pytest.mark.parametrize(
    ("mark", "reason"),
    [("", "impossible"), (".", "secret"), ("x", "secret"), ("-99997", "not_published"), ("-99999999", "not_published")],
)
def test_every_mark_has_its_reason(tmp_path, mark, reason):
    table = BULK | {"AantalInwoners_5": ["  862965", f"{mark:>8}", "      40"]}
    found = row(read_kwb(written(tmp_path, as_csv(table))), "WK036300")
    assert found["inhabitants_count_missing"] == reason


@pytest.mark.parametrize("mark", ["-", "0"])
def test_nil_is_zero_and_not_missing(tmp_path, mark):
    table = BULK | {"AantalInwoners_5": ["  862965", f"{mark:>8}", "      40"]}
    assert row(read_kwb(written(tmp_path, as_csv(table))), "WK036300")["inhabitants_count"] == 0


def test_provisional_numbers_are_numbers(tmp_path):
    table = BULK | {"AantalInwoners_5": [" 862965*", "  4295**", "      40"]}
    assert row(read_kwb(written(tmp_path, as_csv(table))), "WK036300")["inhabitants_count"] == 4295


@pytest.mark.parametrize("name", ["Amsterdam_2019_84799NED.csv", "kwb.csv"])
def test_a_file_whose_name_and_table_disagree_or_say_nothing_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="year"):
        read_kwb(written(tmp_path, as_csv(BULK), name))


def test_the_content_of_another_time_under_a_late_year_is_refused(tmp_path):
    table = BULK | {name: ["1", "1", "1"] for name in ("PercentageOnbewoond_39", "BouwjaarVoor2000_45", "Marokko_19")}
    with pytest.raises(DataError, match="that the table of 2024 does not have"):
        read_kwb(written(tmp_path, as_csv(table), "Amsterdam_2024_85984NED.csv"))


def test_a_table_of_several_years_gives_the_year_that_is_asked_and_counts_the_others(tmp_path):
    twice = {name: cells * 2 for name, cells in BULK.items()}
    twice["Perioden"] = ["2010JJ00"] * 3 + ["2011JJ00"] * 3
    twice["k_0Tot15Jaar_8"] = ["10"] * 6
    twice["AantalInwoners_5"] = ["100"] * 3 + ["200"] * 3
    path = written(tmp_path, as_csv(twice), "70904NED.csv")
    file = read_kwb(path, 2011)
    assert file.frame["inhabitants_count"].tolist() == [200] * 3
    assert file.ledger.left_out == (("another year than 2011", 3),)
    assert file.ledger.balanced


def test_an_empty_json_list_beside_pages_does_no_harm(tmp_path):
    (tmp_path / "a").mkdir()
    page = {"value": [{name: cells[0] for name, cells in BULK.items()}]}
    (tmp_path / "a" / "TypedDataSet_2019.json").write_text(json.dumps(page))
    (tmp_path / "a" / "empty.json").write_text('{"value": []}')
    assert len(read_kwb(tmp_path / "a").frame) == 1


def test_the_mapping_names_only_known_concepts_and_confirms_what_it_claims():
    keys = {"area_code", "area_name", "level", "gemeente_name", "boundary_flag", "year"}
    for one in mapping_rows():
        assert one.concept in keys | set(CONCEPTS), one
        assert one.from_year <= one.to_year, one
        assert one.source in {"V", "S", "M"}, one
        assert one.of in {"", *CONCEPTS}, one
        assert (one.threshold is None) == (one.threshold_of == ""), one
        assert one.threshold_note or one.threshold is None, one
        assert one.break_from is None or (one.break_from == one.from_year and one.note), one
        unit = CONCEPTS[one.concept].unit if one.concept in CONCEPTS else ""
        if unit == "share":
            assert (one.unit, one.factor) == ("%", 0.01), one
        if unit == "euro":
            assert one.unit.startswith("x 1 000"), one


def test_every_concept_has_a_row_in_the_statline_layout():
    assert {one.concept for one in mapping_rows() if one.layout == "statline"} >= set(CONCEPTS)


def test_rows_of_one_concept_and_name_never_overlap_with_two_readings():
    rows = [one for one in mapping_rows() if one.concept in CONCEPTS and one.layout != "workbook_free"]
    for one in rows:
        for other in rows:
            alike = all(getattr(one, n) == getattr(other, n) for n in ("concept", "layout", "stem", "group"))
            if alike and one is not other:
                assert one.to_year < other.from_year or other.to_year < one.from_year, (one, other)


def test_tenure_and_income_break_where_the_publisher_says():
    found = breaks().groupby("concept")["break_from"].agg(list)
    assert found["owner_occupied_share"] == [2005, 2009]
    assert found["woz_value_eur"] == [2005, 2007, 2008]
    assert found["income_per_inhabitant_eur"] == [2008]
    assert 2010 not in {year for years in found for year in years}


def test_tables_and_years_are_those_of_the_publisher():
    assert table_years()["85984NED"] == {2024}
    assert table_years()["70904NED"] == {2009, 2010, 2011, 2012}


def test_the_contract_holds_every_concept_with_its_reason():
    assert all(c in KWB.columns and f"{c}_missing" in KWB.columns for c in CONCEPTS)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="cannot be opened"):
        read_kwb(Path(tmp_path / "kwb-2019.csv"))
