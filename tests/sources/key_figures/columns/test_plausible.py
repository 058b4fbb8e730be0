"""Figures that cannot be, columns that are not there, and columns without a figure: said, counted, never guessed."""

import re

import pytest
from key_figure_files import BULK, TOWNS, as_csv, row, times, towns, written
from one_table import read_kwb

from buurteffect.errors import DataError
from buurteffect.schema.kwb import CONCEPTS


def test_the_towns_as_published_are_read_without_a_note_on_their_figures(tmp_path):
    file = read_kwb(towns(tmp_path))
    assert file.ledger.implausible == ()
    assert row(file, "GM9001")[["woz_value_eur", "household_size_mean"]].tolist() == [285_000, 2.2]


@pytest.mark.parametrize(
    ("name", "factor", "told"),
    [
        ("g_wozbag", 1000, "about 1,000 times too high"),
        ("g_wozbag", 100, "about 100 times too high"),
        ("g_wozbag", 10, "about 10 times too high"),
        ("g_wozbag", 0.1, "about 10 times too low"),
        ("g_wozbag", 0.001, "about 1,000 times too low"),
        ("g_ink_pi", 1000, "about 1,000 times too high"),
        ("g_ink_pi", 10, "about 10 times too high"),
        ("g_ink_pi", 0.01, "about 100 times too low"),
        ("g_hhgro", 10, "about 10 times too high"),
        ("g_hhgro", 0.1, "about 10 times too low"),
        ("bev_dich", 10, "about 10 times too high"),
        ("bev_dich", 1000, "in 2020, about 1,000 times too high"),
        ("a_inw", 1000, "about 1,000 times too high"),
        ("bev_dich", 0.01, "about 100 times too low"),
        ("p_koopw", 0.01, "about 100 times too low"),
        ("p_leegsw", 0.01, "about 100 times too low"),
        ("p_ink_li", 100, "about 100 times too high"),
        ("a_hh", 10, "about 10 times too high"),
        ("a_1p_hh", 100, "about 100 times too high"),
        ("a_00_14", 1000, "about 1,000 times too high"),
        ("a_woning", 1000, "about 1,000 times too high"),
        ("a_inkont", 10, "about 10 times too high"),
        ("a_soz_wb", 1000, "about 1,000 times too high"),
        ("g_pau_hh", 10, "about 10 times too high"),
        ("ste_oad", 100, "about 100 times too high"),
    ],
)
def test_a_column_in_another_unit_is_refused_by_name_and_its_advice_leads_to_success(tmp_path, name, factor, told):
    with pytest.raises(DataError) as caught:
        read_kwb(towns(tmp_path, **times(name, factor)))
    assert told in caught.value.found
    assert caught.value.column == name
    way, _, number = re.match(r"(divide|multiply) the column by (([0-9,]+)), which", caught.value.action).groups()
    mend = float(number.rstrip(",").replace(",", ""))
    follow = 1 / mend if way == "divide" else mend
    file = read_kwb(towns(tmp_path, **times(name, factor * follow)))
    assert file.frame.equals(read_kwb(towns(tmp_path)).frame)


def test_a_land_area_in_another_unit_is_told_by_the_density_beside_it(tmp_path):
    with pytest.raises(DataError, match="inhabitants_count/land_area_ha in the same file is in another unit"):
        read_kwb(towns(tmp_path, **times("a_lan_ha", 100)))


def test_all_counts_in_a_unit_a_thousand_times_too_small_are_refused(tmp_path):
    counts = {name: figures for name in TOWNS if name.startswith("a_") for figures in [times(name, 1000)[name]]}
    with pytest.raises(DataError, match="'a_inw'"):
        read_kwb(towns(tmp_path, **counts))


@pytest.mark.parametrize(
    ("name", "figures", "concept"),
    [
        ("p_koopw", [56, 64, 48, 109, 61], "owner_occupied_share"),
        ("g_wozbag", [285, 310, 240, 23100, 260], "woz_value_eur"),
        ("g_hhgro", [2.2, 2.3, 2.1, 21, 2.2], "household_size_mean"),
        ("a_hh", [22000, 8500, 3600, -5, 430], "households_count"),
        ("a_1p_hh", [8000, 2400, 1400, 2_100_000, 160], "one_person_households_count"),
    ],
)
def test_one_figure_that_cannot_be_is_left_out_and_listed(tmp_path, name, figures, concept):
    file = read_kwb(towns(tmp_path, **{name: figures}))
    found = row(file, "BU90010000")
    assert found[f"{concept}_missing"] == "not_published"
    assert file.frame[concept].isna().sum() == 1
    (odd,) = file.ledger.implausible
    assert (odd.line, odd.column, odd.concept, odd.figure) == (5, name, concept, figures[3])
    assert f"line 5, column '{name}': {figures[3]:g}" in " ".join(file.ledger.notes)


def test_an_odd_figure_of_a_small_area_does_not_pass_for_one_below_the_threshold(tmp_path):
    small = {"a_inw": [50000, 20000, 8000, 1200, 30], "a_woning": [22500, 8700, 3700, 570, 12]}
    file = read_kwb(towns(tmp_path, **small, p_koopw=[56, 64, 48, 43, 101]))
    assert row(file, "BU90010001")["owner_occupied_share_missing"] == "not_published"


def test_every_concept_has_both_ends_of_a_range_and_real_areas_lie_within_the_usual():
    assert not [c.name for c in CONCEPTS.values() if c.low is None or c.high is None]
    usual = [c for c in CONCEPTS.values() if c.usual_high is not None]
    assert all((c.usual_low or 0) < c.usual_high for c in usual)
    assert all(c.usual_high <= c.high for c in usual if not c.usual_of)
    assert {c.name for c in CONCEPTS.values()} - {c.name for c in usual} == {
        "inhabitants_count",
        "land_area_ha",
        "tenure_unknown_share",
    }


WEB = """Kerncijfers wijken en buurten 2018;;;;;
;;;;;
;Soort regio;Codering;Jaar;Aantal inwoners;Personen per soort uitkering, Bijstand
Wijken en buurten;omschrijving;code;;aantal;aantal
Proefstad;Gemeente;GM9001;2018;50000;{0}
Buurt;Buurt;BU90010000;2018;1200;{1}
Klein;Buurt;BU90010001;2018;40;{2}
"""


@pytest.mark.parametrize(
    ("marks", "reasons"),
    [
        ((".", ".", "."), ["not_published"] * 3),
        (("x", "x", "x"), ["not_published"] * 3),
        (("70", ".", "."), ["", "secret", "secret"]),
        ((".", "20", "."), ["secret", "", "secret"]),
    ],
)
def test_a_column_without_any_figure_is_not_published(tmp_path, marks, reasons):
    file = read_kwb(written(tmp_path, WEB.format(*marks), "export.csv"))
    assert file.frame["social_assistance_count_missing"].astype("str").fillna("").tolist() == reasons


def test_where_no_gemeente_is_in_the_file_small_areas_stay_below_the_threshold(tmp_path):
    table = {name: cells[1:] for name, cells in BULK.items()}
    table["GemiddeldInkomenPerInwoner_72"] = ["       .", "       ."]
    file = read_kwb(written(tmp_path, as_csv(table)))
    assert file.frame["income_per_inhabitant_eur_missing"].tolist() == ["not_published", "below_threshold"]


@pytest.mark.parametrize("blank", ["", ".", None])
def test_a_spreadsheet_whose_column_has_not_come_out_says_so(tmp_path, blank):
    file = read_kwb(towns(tmp_path, g_ink_pi=[blank] * 5))
    assert set(file.frame["income_per_inhabitant_eur_missing"]) == {"not_published"}


def test_a_percentage_without_its_whole_is_left_unread_and_the_rest_is_read(tmp_path):
    chosen = ("WijkenEnBuurten", "Woningvoorraad_33", "Eenpersoonshuishoudens_28", "k_0Tot15Jaar_8")
    cells = [["GM9001    ", "BU90010000"], ["22000", "560"], ["38", "41"], ["16", "20"]]
    file = read_kwb(written(tmp_path, as_csv(dict(zip(chosen, cells, strict=True))), "Ergens_2014_82931NED.csv"))
    assert file.frame["dwellings_count"].tolist() == [22000, 560]
    for concept in ("one_person_households_count", "age_0_14_count", "households_count"):
        assert set(file.frame[f"{concept}_missing"]) == {"not_in_file"}
    assert {"Eenpersoonshuishoudens_28", "k_0Tot15Jaar_8"} <= set(file.ledger.unmapped)
    assert ("households_count", "HuishoudensTotaal") in file.ledger.expected_missing
    assert any("percentages of households_count, which the file does not have" in note for note in file.ledger.notes)
