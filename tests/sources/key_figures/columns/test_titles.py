"""Titles of the publisher's tables, as its own pages and files show them, and which concept each is.

Titles marked here were seen for that table; the numbers are invented. A title that no concept uses is left unread.
"""

import pytest
from key_figure_files import row, written
from one_table import read_kwb

from buurteffect.errors import DataError
from buurteffect.sources.key_figures.columns.mapping import mapping_rows, table_years
from buurteffect.sources.key_figures.columns.stem import title_stem

TITLES = {
    ("37108", 1995): """Omgevingsadressendichtheid per km2 (dichtheid) = address_density_per_km2
        Stedelijkheid (klasse) = urbanity_class
        Aantal inwoners (absoluut) = inhabitants_count
        Leeftijd 0-14 jaar (%) = age_0_14_count
        Leeftijd 15-24 jaar (%) = age_15_24_count
        Leeftijd 25-44 jaar (%) = age_25_44_count
        Leeftijd 45-64 jaar (%) = age_45_64_count
        Leeftijd 65 jaar en ouder (%) = age_65_plus_count
        Bevolkingsdichtheid (aantal/km2) = population_density_per_km2
        Aantal gezinnen (absoluut) = -
        Allochtonen (%) = -""",
    ("37515", 1997): """Omgevingsadressen dichtheid (dichtheid) = address_density_per_km2
        Stedelijkheid gemeente, wijk of buurt (code) = urbanity_class
        Inwoners (absoluut) = inhabitants_count
        Personen 0-14 jaar (%) = age_0_14_count
        Personen 65 jaar en ouder (%) = age_65_plus_count
        Gezinnen (absoluut) = -
        Allochtonen (%) = -""",
    ("37681", 1999): """Omgevingsadressen dichtheid (dichtheid) = address_density_per_km2
        Stedelijkheid gemeente, wijk of buurt (code) = urbanity_class
        Inwoners (absoluut) = inhabitants_count
        Personen 0-14 jr (%) = age_0_14_count
        Personen 15-24 jr (%) = age_15_24_count
        Personen 65 jr en ouder (%) = age_65_plus_count
        Bevolkingsdichtheid (absoluut) = population_density_per_km2
        Allochtonen (%) = -""",
    ("70139NED", 2001): """Omgevingsadressendichtheid (absoluut) = address_density_per_km2
        stedelijkheid gemeente, wijk of buurt (code) = urbanity_class
        Aantal inwoners (absoluut) = inhabitants_count
        Personen 0 -14 jr (%) = age_0_14_count
        Personen 15 - 24 jr (%) = age_15_24_count
        Personen 65 jr en ouder (%) = age_65_plus_count
        Bevolkingsdichtheid per km² (absoluut) = population_density_per_km2
        Aantal huishoudens (absoluut) = households_count
        Eenpersoonshuishoudens (%) = one_person_households_count
        Huishoudens met kinderen (%) = households_with_children_count
        Huishoudens zonder kinderen (%) = households_without_children_count
        Gemiddelde huishoudensgrootte (%) = household_size_mean
        Allochtonen (%) = -""",
    ("80868NED", 2003): """Aantal inwoners (aantal) = inhabitants_count
        15 tot 25 jaar (%) = age_15_24_count
        Niet-westerse allochtonen totaal (%) = origin_nonwestern_count
        Huurwoningen (%) = rented_share
        Gemiddeld inkomen per inkomensontvanger (1 000 euro) = income_per_recipient_eur
        Uitkeringsontvangers (%) = -""",
    ("70904NED", 2012): """Aantal inwoners (aantal) = inhabitants_count
        Westers totaal (%) = origin_western_count
        Niet-westers totaal (%) = origin_nonwestern_count
        Aantal inkomensontvangers (aantal) = income_recipients_count
        Gemiddeld inkomen per inkomensontvanger (1 000 euro) = income_per_recipient_eur
        Gemiddeld inkomen per inwoner (1 000 euro) = income_per_inhabitant_eur
        Personen met laag inkomen (%) = lowest40_persons_share
        Personen met hoog inkomen (%) = highest20_persons_share
        Niet actieven (%) = -
        Huishouden met laag inkomen (%) = lowest40_households_share
        Huishouden met hoog inkomen (%) = highest20_households_share
        Huishouden met lage koopkracht (%) = low_income_households_share
        Huish. onder of rond sociaal minimum (%) = social_minimum_households_share
        Bouwjaarklasse vanaf 2000 (%) = -""",
    ("82339NED", 2013): """Aantal inwoners (aantal) = inhabitants_count
        Personen met laag inkomen (%) = lowest40_persons_share
        Personen met hoog inkomen (%) = highest20_persons_share
        Huishoudens met laag inkomen (%) = lowest40_households_share
        Huishoudens met hoog inkomen (%) = highest20_households_share
        Huishoudens met lage koopkracht (%) = low_income_households_share
        Huish. onder of rond sociaal minimum (%) = social_minimum_households_share
        Percentage leegstaand (%) = vacant_share
        Mate van stedelijkheid (code) = urbanity_class""",
    ("82931NED", 2014): """Aantal inwoners (aantal) = inhabitants_count
        Gemiddelde woningwaarde (x 1 000 euro) = woz_value_eur
        Percentage onbewoond (%) = vacant_share
        Huurwoningen totaal (%) = rented_share
        In bezit woningcorporatie (%) = association_rented_share
        20% huishoudens met hoogste inkomen (%) = highest20_households_share
        Huishoudens met een laag inkomen (%) = low_income_households_share
        Personen per soort uitkering; Bijstand (aantal) = social_assistance_count""",
    ("84583NED", 2019): """Aantal inwoners (aantal) = inhabitants_count
        Gemiddelde WOZ-waarde van woningen (x 1 000 euro) = woz_value_eur
        40% personen met laagste inkomen (%) = lowest40_persons_share
        Gem. gestandaardiseerd inkomen van huish (x 1 000 euro) = household_income_standardised_eur
        Huishoudens tot 110% van sociaal minimum (%) = social_minimum_110_households_share
        Huishoudens tot 120% van sociaal minimum (%) = -
        Mediaan vermogen van particuliere huish. (x 1 000 euro) = household_wealth_median_eur""",
    ("85618NED", 2023): """65 jaar of ouder (aantal) = age_65_plus_count
        Huishoudens totaal (aantal) = households_count
        Gemiddelde huishoudensgrootte (aantal) = household_size_mean
        40% huishoudens met laagste inkomen (%) = lowest40_households_share
        Personenauto's per huishouden (per huishouden) = cars_per_household_mean""",
}
FIGURES = {
    "inhabitants_count": 5000,
    "households_count": 2200,
    "household_size_mean": "2,2",
    "population_density_per_km2": 900,
    "address_density_per_km2": 800,
    "urbanity_class": 4,
    "woz_value_eur": 210,
    "income_recipients_count": 3600,
    "age_65_plus_count": 900,
    "social_assistance_count": 90,
    "cars_per_household_mean": "1,1",
}


def export(table, year):
    """Return a web export of one gemeente with the titles of a table, and what concept each is."""
    lines = [line.strip().rpartition(" = ") for line in TITLES[table, year].splitlines()]
    titles = [text.rpartition(" (")[0] for text, _, _ in lines]
    units = [text.rpartition(" (")[2].removesuffix(")") for text, _, _ in lines]
    concepts = [concept for _, _, concept in lines]
    shares = {concept for concept, unit in zip(concepts, units, strict=True) if unit == "%"} - {"household_size_mean"}
    figures = ["20" if concept in shares else str(FIGURES.get(concept, 20)) for concept in concepts]
    blank = ";" * (len(titles) + 2)
    return "\n".join(
        [
            f"Kerncijfers wijken en buurten {year}{blank}",
            blank,
            ";".join(["", "Soort regio", "Codering", *(f'"{title}"' for title in titles)]),
            ";".join(["Wijken en buurten", "omschrijving", "code", *units]),
            ";".join(["Proefstad", "Gemeente", "GM9001", *figures]),
            "",
        ]
    ), dict(zip(titles, concepts, strict=True))


@pytest.mark.parametrize(("table", "year"), TITLES)
def test_every_title_that_was_seen_in_a_table_is_its_concept_in_that_year(tmp_path, table, year):
    text, expected = export(table, year)
    file = read_kwb(written(tmp_path, text, f"{table} {year}.csv"))
    assert file.year == year
    assert {m.column: m.concept for m in file.ledger.mapped} == {t: c for t, c in expected.items() if c != "-"}
    assert {title for title, concept in expected.items() if concept == "-"} <= set(file.ledger.unmapped)
    assert not [note for note in file.ledger.notes if "outside the years" in note or "other number" in note]
    assert row(file, "GM9001")["inhabitants_count" if year != 2023 else "households_count"] in (5000, 2200)


@pytest.mark.parametrize(("table", "year"), TITLES)
def test_rows_marked_as_checked_hold_the_titles_of_the_tables_that_were_checked(table, year):
    _, expected = export(table, year)
    rows = [one for one in mapping_rows() if one.layout == "statline" and one.holds_in(year)]
    for title, concept in expected.items():
        found = [one for one in rows if one.stem == title_stem(title)]
        assert {one.concept for one in found} == ({concept} if concept != "-" else set())
        assert all(one.source == "V" for one in found), title
    assert year in table_years()[table]


def test_the_unit_of_household_size_printed_as_a_percentage_is_read_and_said(tmp_path):
    file = read_kwb(written(tmp_path, export("70139NED", 2001)[0], "70139NED.csv"))
    assert row(file, "GM9001")["household_size_mean"] == 2.2
    said = "column 'Gemiddelde huishoudensgrootte' is read as household_size_mean: its unit is printed as '%', a slip"
    assert said in file.ledger.notes


@pytest.mark.parametrize("unit", ["%", "absoluut"])
def test_a_slip_of_a_unit_does_not_let_another_quantity_pass(tmp_path, unit):
    text = export("85618NED", 2023)[0].replace("(aantal)", "").replace(";2,2;", ";45,5;")
    lines = text.splitlines()
    lines[3] = lines[3].replace("aantal;aantal;aantal", f"aantal;aantal;{unit}")
    with pytest.raises(DataError, match="household_size_mean"):
        read_kwb(written(tmp_path, "\n".join(lines) + "\n", "x_2023.csv"))


@pytest.mark.parametrize(
    ("stem", "other", "concept"),
    [
        ("Huishoudens met hoog inkomen", "Huishouden met hoog inkomen", "highest20_households_share"),
        ("Personen met laag inkomen", "Persoon met laag inkomen", "lowest40_persons_share"),
        ("Aantal inwoners", "Aantal inwoner", "inhabitants_count"),
    ],
)
def test_singular_and_plural_titles_are_one_concept(tmp_path, stem, other, concept):
    text = export("82339NED", 2013)[0]
    one = read_kwb(written(tmp_path, text, "a_2013.csv"))
    two = read_kwb(written(tmp_path, text.replace(stem, other), "b_2013.csv"))
    assert one.frame[concept].equals(two.frame[concept])
    assert two.frame[concept].notna().all()


BULK_2013 = """"ID";"RegioS";"AantalInwoners_4";"Koopwoning_53";"Huurwoning_52"
"1";"GM9001    ";"5000";"3200";"2100"
"""


def test_a_column_on_energy_is_never_taken_for_tenure_whose_title_is_its_plural(tmp_path):
    file = read_kwb(written(tmp_path, BULK_2013, "Ergens_2013_82339NED.csv"))
    assert set(file.frame["owner_occupied_share_missing"]) == {"not_in_file"}
    assert {"Koopwoning_53", "Huurwoning_52"} <= set(file.ledger.unmapped)


def test_two_columns_that_differ_in_number_only_are_not_both_taken(tmp_path):
    text = (
        BULK_2013.replace("Koopwoning_53", "HuishoudensMetLaagInkomen_69")
        .replace("Huurwoning_52", "HuishoudenMetLaagInkomen_70")
        .replace("3200", "41")
        .replace("2100", "12")
    )
    file = read_kwb(written(tmp_path, text, "Ergens_2013_82339NED.csv"))
    assert row(file, "GM9001")["lowest40_households_share"] == 0.41
    assert "HuishoudenMetLaagInkomen_70" in file.ledger.unmapped


def test_the_other_number_in_all_of_its_titles_does_not_make_a_file_one_of_another_year(tmp_path):
    text = export("70904NED", 2012)[0].replace("Huishouden met", "Huishoudens met")
    file = read_kwb(written(tmp_path, text, "70904NED 2012.csv"))
    assert row(file, "GM9001")["highest20_households_share"] == 0.2


def test_the_title_of_the_year_is_taken_where_one_of_another_year_stands_beside_it(tmp_path):
    text = BULK_2013.replace("Koopwoning_53", "NietWesterseAllochtonenTotaal_20").replace(
        "Huurwoning_52", "NietWestersTotaal_21"
    )
    text = text.replace("3200", "9").replace("2100", "30")
    file = read_kwb(written(tmp_path, text, "Ergens_2003_80868NED.csv"))
    assert row(file, "GM9001")["origin_nonwestern_count"] == 450
    assert "NietWestersTotaal_21" in file.ledger.unmapped


def test_a_share_printed_in_a_unit_that_is_none_of_its_own_is_left_unread_and_said(tmp_path):
    text = export("82339NED", 2013)[0]
    lines = text.splitlines()
    lines[3] = ";".join([*lines[3].split(";")[:-2], "km", "code"])
    file = read_kwb(written(tmp_path, "\n".join(lines) + "\n", "a_2013.csv"))
    assert set(file.frame["vacant_share_missing"]) == {"not_in_file"}
    assert "column 'Percentage leegstaand' is not read as vacant_share: the unit 'km'" in file.ledger.notes
    assert row(file, "GM9001")["inhabitants_count"] == 5000
