"""Key figures that other software saved again, and the newer web exports with one line of paths."""

import csv
import io
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from key_figure_files import BULK, WEB, as_csv, as_workbook, row, written
from key_figure_headers import LOWER, cell
from one_table import read_kwb

from buurteffect.errors import DataError
from buurteffect.schema.kwb import CONCEPTS
from buurteffect.sources.spreadsheets.saved_again import make_names

QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def saved(table, separator=",", first=None, quoting=csv.QUOTE_MINIMAL):
    """Return a bulk table as software of statistics writes it, with its rows numbered from `first`."""
    rows = [list(table), *map(list, zip(*table.values(), strict=True))]
    if first is not None:
        rows = [["", *rows[0]], *([str(first + at), *cells] for at, cells in enumerate(rows[1:]))]
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n", quoting=quoting).writerows(rows)
    return out.getvalue()


def same(one, other):
    """Return whether two files have the same numbers."""
    return all(one.frame[name].equals(other.frame[name]) for name in ["area_code", *CONCEPTS])


@QUICK
@given(
    separator=st.sampled_from([",", "\t", ";"]),
    first=st.one_of(st.none(), st.integers(0, 99_999)),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    order=st.permutations(list(BULK)),
)
def test_a_bulk_table_saved_again_gives_the_same_table_and_says_so(tmp_path, separator, first, quoting, order):
    plain = read_kwb(written(tmp_path, as_csv(BULK), "a_2019.csv"))
    text = saved({name: BULK[name] for name in order}, separator, first, quoting)
    file = read_kwb(written(tmp_path, text, "b_2019.csv"))
    assert same(file, plain)
    again = [note for note in file.ledger.notes if "saved again" in note]
    assert bool(again) == (separator != ";" or first is not None)
    assert set(file.ledger.unmapped) == set(plain.ledger.unmapped)


def test_na_is_nothing_in_a_file_that_was_saved_again(tmp_path):
    typed = {name: ["NA" if c.strip() == "." and name[:3] != "Ind" else c for c in BULK[name]] for name in BULK}
    typed = {name: [c.strip() for c in cells] for name, cells in typed.items()}
    file = read_kwb(written(tmp_path, saved(typed, ",", 1), "b_2019.csv"))
    assert same(file, read_kwb(written(tmp_path, as_csv(BULK), "a_2019.csv")))
    assert row(file, "WK036300")["income_per_inhabitant_eur_missing"] == "not_published"
    plain = read_kwb(written(tmp_path, saved(typed, ";"), "b_2019.csv"))
    assert same(plain, file)
    assert any("NA for what is not there" in note for note in plain.ledger.notes)


def test_na_in_the_key_is_no_code(tmp_path):
    text = saved(BULK, ",", 1).replace("BU0363AB10", "NA")
    with pytest.raises(DataError, match="no code"):
        read_kwb(written(tmp_path, text, "b_2019.csv"))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda t: t.replace('"  862965"', '"862,965"'), "may be thousands"),
        (lambda t: t.replace('"  862965"', '"1.862.965"'), "may be thousands"),
        (lambda t: t.replace('"    31.3"', '"31.300"'), "may be thousands"),
        (lambda t: t.replace('\n"2",', '\n"one",'), "without a name"),
        (lambda t: t.replace('\n"3",', '\n"2",'), "without a name"),
        (lambda t: t.replace('"Koopwoningen_40"', '""'), "without a name"),
        (lambda t: t.replace('"      30"', '"      30","7"'), "fields"),
    ],
)
def test_a_file_saved_again_badly_is_refused(tmp_path, change, match):
    text = change(saved(BULK, ",", 1, csv.QUOTE_ALL))
    with pytest.raises(DataError, match=match) as caught:
        read_kwb(written(tmp_path, text, "b_2019.csv"))
    assert caught.value.line


def test_a_decimal_comma_in_quotes_is_one_in_a_file_saved_again(tmp_path):
    text = saved(BULK, ",", 1, csv.QUOTE_ALL).replace('"    31.3"', '"31,3"')
    assert row(read_kwb(written(tmp_path, text, "b_2019.csv")), "GM0363")["income_per_inhabitant_eur"] == 31_300


def test_titles_in_the_place_of_codes_are_names(tmp_path):
    table = BULK | {"WijkenEnBuurten": ["Amsterdam", "Burgwallen", "Kop Zeedijk"]}
    file = read_kwb(written(tmp_path, as_csv(table), "a_2019.csv"))
    assert file.frame["area_code"].tolist() == ["GM0363", "WK036300", "BU0363AB10"]
    assert file.frame["area_name"].tolist() == table["WijkenEnBuurten"]
    assert any("holds names, not codes" in note for note in file.ledger.notes)
    rows = [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]
    pages = written(tmp_path, json.dumps(rows), "a_2019.json")
    assert read_kwb(pages).frame["area_name"].tolist() == table["WijkenEnBuurten"]


@pytest.mark.parametrize("third", ["BU0363AB1", "bu0363ab10", "0363AB10", "GM0364"])
def test_a_code_among_titles_makes_the_column_one_of_codes(tmp_path, third):
    table = BULK | {"WijkenEnBuurten": ["Amsterdam", "Burgwallen", third]}
    with pytest.raises(DataError, match="beside"):
        read_kwb(written(tmp_path, as_csv(table), "a_2019.csv"))


def test_titles_without_any_code_are_refused(tmp_path):
    table = {k: v for k, v in BULK.items() if k != "Codering_3"} | {"WijkenEnBuurten": ["A", "B", "C"]}
    with pytest.raises(DataError, match="the code 'A'"):
        read_kwb(written(tmp_path, as_csv(table), "a_2019.csv"))


@QUICK
@given(separator=st.sampled_from([";", ",", "\t"]), comma=st.booleans(), gap=st.sampled_from([".", "NA", "", "NaN"]))
def test_a_spreadsheet_as_text_is_the_spreadsheet(tmp_path, separator, comma, gap):
    names = LOWER[2016].split()
    lines = [names, *([cell(name, place) for name in names] for place in range(4))]
    lines[3][names.index("g_ink_pi")] = "21,5" if comma else "21.5"
    lines[4][names.index("p_koopw")] = gap
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(lines)
    file = read_kwb(written(tmp_path, out.getvalue(), "kwb-2016.csv"))
    lines[4][names.index("p_koopw")] = "."
    book = read_kwb(as_workbook(tmp_path / "kwb-2016.xlsx", lines, sheet="Blad1"))
    assert same(file, book)
    assert any("those of a yearly spreadsheet" in note for note in file.ledger.notes)
    assert row(file, "BU90010000")["owner_occupied_share"] != row(file, "GM9001")["owner_occupied_share"]


PATHS = {
    "Wijken en buurten": ["Nederland", "Ergens", "Noord"],
    "Regioaanduiding/Gemeentenaam (naam)": ["Nederland        ", "Ergens           ", "Ergens           "],
    "Regioaanduiding/Soort regio (omschrijving)": ["Land      ", "Gemeente  ", "Buurt     "],
    "Regioaanduiding/Codering (code)": ["NL00      ", "GM9001    ", "BU90010000"],
    "Regioaanduiding/Indelingswijziging wijken en buurten (code)": [".", ".", "1"],
    "Bevolking/Aantal inwoners (aantal)": ["17000000", "5000", "155"],
    "Bevolking/Particuliere huishoudens/Gemiddelde huishoudensgrootte (aantal)": ['"     2.1"', '"     2.2"', '"   ."'],
    "Wonen/Gemiddelde WOZ-waarde van woningen (x 1 000 euro)": ["250", "212,5", ""],
    "Energie/Gemiddeld elektriciteitsverbruik/Naar eigendom/Huurwoning (kWh)": ["2120", "1870", ""],
    "Energie/Gemiddeld aardgasverbruik/Naar eigendom/Huurwoning (m³)": ["930", "770", ""],
    "Inkomen/Inkomen van personen/Gemiddeld inkomen per inwoner  (x 1 000 euro)": ["27,1", "31,3", ""],
    "Inkomen/Inkomen van huishoudens/Huishoudens tot 110% van sociaal minimum (%)": ["10,2", "16,5", ""],
    "Sociale zekerheid/Personen per soort uitkering; Bijstand (aantal)": ["431360", "40", ""],
    "Criminaliteit/Totaal diefstal uit woning/schuur/e.d. (per 1 000 inwoners)": ["5", '"       6"', ""],
}


def as_portal(table, quote=True):
    """Return a newer web export: one line of titles as paths with their units, text quoted and numbers not."""
    lines = [";".join(f'"{name}"' for name in table)]
    for cells in zip(*table.values(), strict=True):
        text = [c if c.startswith('"') or c[:1].isdigit() or not c else f'"{c}"' for c in cells]
        lines.append(";".join(text if quote else cells))
    return "\n".join(lines) + "\n"


def test_a_web_export_of_paths_reads_with_either_mark_of_decimals_per_column(tmp_path):
    file = read_kwb(written(tmp_path, as_portal(PATHS), "Kerncijfers_wijken_en_buurten_2018_11122025_141648.csv"))
    assert (file.year, file.layout) == (2018, "web")
    city = row(file, "GM9001")
    assert city[["household_size_mean", "woz_value_eur"]].tolist() == [2.2, 212_500]
    assert city["social_minimum_110_households_share"] == pytest.approx(0.165)
    assert city[["social_assistance_count", "theft_per_1000"]].tolist() == [40, 6]
    assert row(file, "BU90010000")[["area_name", "gemeente_name"]].tolist() == ["Noord", "Ergens"]
    assert file.ledger.unmapped == ("Huurwoning", "Huurwoning")


def test_an_export_without_any_dot_has_lost_the_reasons_of_its_gaps(tmp_path):
    dots = read_kwb(written(tmp_path, as_portal(PATHS), "x_2018.csv"))
    assert row(dots, "BU90010000")["woz_value_eur_missing"] == "impossible"
    name = "Bevolking/Particuliere huishoudens/Gemiddelde huishoudensgrootte (aantal)"
    bare = read_kwb(written(tmp_path, as_portal(PATHS | {name: ["2,1", "2,2", ""]}), "x_2018.csv"))
    assert row(bare, "BU90010000")["woz_value_eur_missing"] == "not_published"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda t: t.replace(";5000;", ";5.000;"), "may be thousands"),
        (lambda t: t.replace(";212,5;", ";212,500;"), "may be thousands"),
        (lambda t: t.replace(";5000;", ";5 000;"), "the text"),
        (lambda t: t.replace("31,3", "31,3;31.3").replace(";40;", ";"), "points and decimal commas|the text"),
        (lambda t: t.replace('"     2.2"', '"     2,2"'), "points and decimal commas"),
    ],
)
def test_a_bad_web_export_of_paths_is_refused(tmp_path, change, match):
    with pytest.raises(DataError, match=match):
        read_kwb(written(tmp_path, change(as_portal(PATHS)), "x_2018.csv"))


def test_an_export_without_codes_says_what_to_do(tmp_path):
    bare = {name: cells for name, cells in PATHS.items() if "Codering" not in name}
    with pytest.raises(DataError, match="export the table again with the codes"):
        read_kwb(written(tmp_path, as_portal(bare), "x_2018.csv"))


def r_export(table, separator=",", numbers="", names=make_names):
    """Return a web export as R writes it after reading it: row numbers, names of its own, NA, quoted commas."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow([numbers, *map(names, table)] if numbers is not None else list(map(names, table)))
    for at, cells in enumerate(zip(*table.values(), strict=True)):
        plain = [cell.strip('"') or "NA" for cell in cells]
        writer.writerow([at + 1, *plain] if numbers is not None else plain)
    return out.getvalue()


def clean_names(title):
    return re.sub(r"[^a-z0-9]+", "_", title.lower().replace("%", "percent").replace("³", "3")).strip("_")


@QUICK
@given(
    separator=st.sampled_from([",", ";", "\t", "|"]),
    numbers=st.sampled_from([None, "", "X", "1", "Unnamed: 0", "...1", "rownames"]),
    names=st.sampled_from([str, make_names, clean_names]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_web_export_that_r_saved_again_is_the_export(tmp_path, separator, numbers, names, encoding):
    table = {name: [cell.replace(".", ",") if "2" in cell else cell for cell in cells] for name, cells in PATHS.items()}
    plain = read_kwb(written(tmp_path, as_portal(table), "x_2018.csv"))
    again = read_kwb(written(tmp_path, r_export(table, separator, numbers, names), "y_2018.csv", encoding))
    assert same(again, plain)
    assert row(again, "GM9001")["household_size_mean"] == 2.2
    assert again.frame["area_name"].tolist() == plain.frame["area_name"].tolist()
    told = separator != ";" or numbers is not None or names is not str
    assert any("saved again" in note for note in again.ledger.notes) == told


PARTS = """"Kerncijfers wijken en buurten 2003"
""
"";"";"Onderwerp"
"Regio's";"Perioden";"Regio aanduiding";"Gebied|Gemeentecode";"Gebied|Wijkcode";"Gebied|Buurtcode";"Aantal inwoners"
"";"";"omschrijving";"code";"code";"code";"aantal"
"Nederland";"2003";"Land";"";"";"";"16000000"
"Ergens";"2003";"Gemeente";"0999";"";"";"50000"
"Wijk";"2003";"Wijk";"0999";"01";"";"8000"
"Noord";"2003";"Buurt";"0999";"01";"02";"1200"
"""


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace('"0999"', '"999"').replace('"01"', '"1"').replace('"02"', '"2"'),
        lambda text: text.replace("Regio aanduiding", "Iets anders"),
        lambda text: text.replace('"0999";"01";"02"', '"GM0999";"WK099901";"BU09990102"'),
        lambda text: text.replace('"";"";""', '".";".";"."').replace('"0999";"";""', '"0999";".";"."'),
    ],
)
def test_a_code_in_three_columns_is_joined(tmp_path, change):
    file = read_kwb(written(tmp_path, change(PARTS), "80868NED_2003.csv"))
    assert file.frame["area_code"].tolist() == ["NL00", "GM0999", "WK099901", "BU09990102"]
    assert file.frame["inhabitants_count"].tolist() == [16_000_000, 50_000, 8_000, 1_200]
    assert file.frame["area_name"].tolist()[1:] == ["Ergens", "Wijk", "Noord"]


def test_codes_that_a_spreadsheet_shortened_are_completed_or_refused(tmp_path):
    for short in (["363", "36300", "03630001"], ["363.0", "36300.0", "3630001.0"]):
        table = BULK | {"WijkenEnBuurten": short, "Codering_3": short}
        file = read_kwb(written(tmp_path, saved(table, ","), "a_2019.csv"))
        assert file.frame["area_code"].tolist() == ["GM0363", "WK036300", "BU03630001"]
    table = BULK | {"WijkenEnBuurten": ["363", "36300", "3,63E+06"], "Codering_3": ["363", "36300", "3,63E+06"]}
    with pytest.raises(DataError, match="turned into a number") as caught:
        read_kwb(written(tmp_path, saved(table, ","), "a_2019.csv"))
    assert caught.value.line == 4


def test_a_web_export_in_a_workbook_reads_like_the_text(tmp_path):
    lines = [line.split(";") for line in WEB.splitlines()]
    numbers = [[int(c) if c.isdigit() else c for c in line] for line in lines]
    text = read_kwb(written(tmp_path, WEB, "Gouda.csv"))
    book = read_kwb(as_workbook(tmp_path / "Gouda.xlsx", numbers, sheet="Tabel", others=("Toelichting",)))
    assert (book.year, book.layout) == (2016, "web")
    assert book.frame.equals(text.frame)
    assert any("'Toelichting' is passed over" in note for note in book.ledger.notes)


GROUPS = ["Thema", "Wonen en leven", "Cijfers 2", "Regio"]


@QUICK
@given(
    groups=st.lists(st.sampled_from(GROUPS), max_size=4),
    blanks=st.integers(0, 2),
    bars=st.integers(0, 3),
    units=st.booleans(),
    footer=st.sampled_from([[], ["Bron: CBS"], ["", "© CBS, Den Haag"], ['"Bron: CBS"', ""]]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_depth_of_header_gives_the_same_table(tmp_path, groups, blanks, bars, units, footer, end):
    plain = read_kwb(written(tmp_path, WEB, "Gouda.csv"))
    title, _, topic, names, below, *body = WEB.splitlines()
    width = names.count(";")
    titles = [("|" * bars if at > 3 else "") + name.strip("|") for at, name in enumerate(names.split(";"))]
    if not units:
        told = below.split(";")
        titles = [f"{n} ({u})" if at and n else n or u for at, (n, u) in enumerate(zip(titles, told, strict=True))]
    above = [";" + ";".join([group] * width) for group in groups]
    header = [title, *[";" * width] * blanks, topic, *above, ";".join(titles), *([below] if units else [])]
    text = end.join([*header, *body, *footer]) + end
    file = read_kwb(written(tmp_path, text, "other.csv"))
    assert file.frame.equals(plain.frame)
    assert file.ledger.balanced


@pytest.mark.parametrize("region", ["WijkenEnBuurten1995", "RegioS", "Regio"])
def test_observations_of_old_tables_name_their_areas_otherwise(tmp_path, region):
    folder = tmp_path / "37108 1995"
    folder.mkdir()
    rows = [{"Id": 1, "Measure": "T1", "Value": 500, region: "GM9001"}]
    (folder / "Observations.json").write_text(json.dumps({"value": rows}))
    codes = [{"Identifier": "T1", "Title": "Aantal inwoners", "Unit": "aantal", "MeasureGroupId": None}]
    (folder / "MeasureCodes.json").write_text(json.dumps({"value": codes}))
    assert row(read_kwb(folder), "GM9001")["inhabitants_count"] == 500


def test_old_and_new_income_beside_each_other_are_told_apart_by_their_group(tmp_path):
    names = {
        "Regiocodering/Codering ()": ["GM9001    "],
        "Perioden": ["2009"],
        "Bevolking/Aantal inwoners (aantal)": ["5000"],
        "Inkomen/Besteedbaar inkomen/Gemiddeld inkomen per inwoner (1 000 euro)": ["12,5"],
        "Inkomen/Persoonlijk inkomen/Gemiddeld inkomen per inwoner  (1 000 euro)": ["21,5"],
    }
    file = read_kwb(written(tmp_path, as_portal(names), "statline_70904NED.csv"))
    assert file.year == 2009
    assert row(file, "GM9001")["income_per_inhabitant_eur"] == 21_500
    twice = {
        name.replace("Besteedbaar", "Persoonlijk").replace("inwoner (", "inwoner  ( "): c for name, c in names.items()
    }
    with pytest.raises(DataError, match="could be income_per_inhabitant_eur"):
        read_kwb(
            written(tmp_path, as_portal(twice | {n: c for n, c in names.items() if "Pers" in n}), "x_70904NED.csv")
        )
