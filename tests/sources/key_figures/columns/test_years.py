"""Headers of key figures as they stand in files of many years and layouts, over invented areas and values."""

import csv
import io

import pytest
from key_figure_files import as_workbook, row, written
from key_figure_headers import CODES, LOWER, cell
from one_table import read_kwb

from buurteffect.errors import DataError
from buurteffect.schema.kwb import CONCEPTS
from buurteffect.sources.key_figures.columns.mapping import mapping_rows

PEOPLE = """Gemeentenaam SoortRegio Codering AantalInwoners Mannen Vrouwen k_0Tot15Jaar k_15Tot25Jaar k_25Tot45Jaar
k_45Tot65Jaar k_65JaarOfOuder Ongehuwd Gehuwd"""
WEST = "WestersTotaal NietWestersTotaal Marokko NederlandseAntillenEnAruba Suriname Turkije OverigNietWesters"
ORIGIN = """Nederland EuropaExclusiefNederland BuitenEuropa Nederland EuropaExclusiefNederland BuitenEuropa
EuropaExclusiefNederland BuitenEuropa"""
HOMES = """HuishoudensTotaal Eenpersoonshuishoudens HuishoudensZonderKinderen HuishoudensMetKinderen
GemiddeldeHuishoudensgrootte Bevolkingsdichtheid Woningvoorraad"""
TENURE = "Koopwoningen HuurwoningenTotaal InBezitWoningcorporatie InBezitOverigeVerhuurders"
ENERGY = "Appartement Huurwoning EigenWoning Appartement Huurwoning EigenWoning"
INCOME = """AantalInkomensontvangers GemiddeldInkomenPerInkomensontvanger GemiddeldInkomenPerInwoner
k_40PersonenMetLaagsteInkomen k_20PersonenMetHoogsteInkomen"""
HOUSEHOLDS = """k_40HuishoudensMetLaagsteInkomen k_20HuishoudensMetHoogsteInkomen HuishoudensMetEenLaagInkomen
HuishOnderOfRondSociaalMinimum"""
WEALTH = "GemGestandaardiseerdInkomenVanHuish HuishoudensTot110VanSociaalMinimum MediaanVermogenVanParticuliereHuish"
BENEFITS = """PersonenPerSoortUitkeringBijstand PersonenPerSoortUitkeringAO PersonenPerSoortUitkeringWW
PersonenPerSoortUitkeringAOW"""
PLACE = "PersonenautoSPerHuishouden OppervlakteLand MateVanStedelijkheid Omgevingsadressendichtheid"
OLD_HOMES = "PercentageEengezinswoning PercentageMeergezinswoning PercentageBewoond {vacant} EigendomOnbekend"
OLD_BUILT = "BouwjaarVoor2000 BouwjaarVanaf2000"
CRIME = "TotaalDiefstalUitWoningSchuurED VernielingMisdrijfTegenOpenbareOrde GeweldsEnSeksueleMisdrijven"
LEVELS = "OpleidingsniveauLaag OpleidingsniveauMiddelbaar OpleidingsniveauHoog"
NEW_LEVELS = "BasisonderwijsVmboMbo1 HavoVwoMbo24 HboWo"
FLAG, NEW_FLAG = "IndelingswijzigingWijkenEnBuurten", "IndelingswijzigingGemeenteWijkBuurt"
WOZ, NEW_WOZ = "GemiddeldeWoningwaarde", "GemiddeldeWOZWaardeVanWoningen"
UNOCCUPIED = OLD_HOMES.format(vacant="PercentageOnbewoond")
MIDDLE = f"{HOMES} {UNOCCUPIED} {TENURE} {OLD_BUILT} {ENERGY} {INCOME} {HOUSEHOLDS} {BENEFITS} {PLACE}"
BULK = {
    2013: f"""RegioS {PEOPLE} {WEST} {HOMES} {WOZ} {OLD_HOMES.format(vacant="PercentageLeegstaand")} {TENURE}
        {OLD_BUILT} {ENERGY.replace("EigenWoning", "Koopwoning")} AantalInkomensontvangers
        GemiddeldInkomenPerInkomensontvanger GemiddeldInkomenPerInwoner PersonenMetLaagInkomen PersonenMetHoogInkomen
        NietActieven HuishoudensMetLaagInkomen HuishoudensMetHoogInkomen HuishoudensMetLageKoopkracht
        HuishOnderOfRondSociaalMinimum PersonenMetEenWWBUitkeringTotaal PersonenMetEenAOUitkeringTotaal
        PersonenMetEenWWUitkeringTotaal PersonenMetEenAOWUitkeringTotaal {PLACE} {FLAG}""",
    2014: f"WijkenEnBuurten {PEOPLE} {WEST} {MIDDLE} {WOZ} {FLAG}",
    2015: f"WijkenEnBuurten {PEOPLE} {FLAG} {WEST} {MIDDLE} {NEW_WOZ}",
    2016: f"WijkenEnBuurten {PEOPLE} {FLAG} {WEST} {MIDDLE} {WOZ} {CRIME}",
    2017: f"WijkenEnBuurten {PEOPLE} {FLAG} {WEST} {MIDDLE} {NEW_WOZ} {CRIME}",
    2018: f"WijkenEnBuurten {PEOPLE} {FLAG} {WEST} {MIDDLE} {WOZ} {WEALTH} WmoClienten {CRIME}",
    2019: f"WijkenEnBuurten {PEOPLE} {FLAG} {WEST} {MIDDLE} {WOZ} {WEALTH} WmoClienten {LEVELS}",
    2020: f"WijkenEnBuurten {PEOPLE} {FLAG} {WEST} {MIDDLE} {NEW_WOZ} {WEALTH} WmoClienten {LEVELS}",
    2021: f"WijkenEnBuurten {PEOPLE} {FLAG} {WEST} {MIDDLE} {NEW_WOZ} {WEALTH} WmoClienten {LEVELS}",
    2022: f"WijkenEnBuurten {PEOPLE} {NEW_FLAG} {WEST} {MIDDLE} {NEW_WOZ} {WEALTH} WmoClienten {LEVELS}",
    2023: f"WijkenEnBuurten {PEOPLE} {NEW_FLAG} {ORIGIN} {MIDDLE} {NEW_WOZ} {WEALTH} WmoClienten {NEW_LEVELS}",
    2024: f"""WijkenEnBuurten {PEOPLE} {NEW_FLAG} {ORIGIN} {HOMES} NieuwbouwWoningen NietWoningvoorraad
        NieuwbouwNietWoningen {NEW_WOZ} PercentageEengezinswoning PercentageTussenwoningEengezins
        PercentageMeergezinswoning OnbewoondeWoningen {TENURE} BouwjaarMeerDanTienJaarGeleden
        BouwjaarAfgelopenTienJaar {NEW_LEVELS} {INCOME} PersonenInArmoede PersonenTot25BovenArmoedegrens
        GemGestandaardiseerdInkomen k_40HuishoudensMetLaagsteInkomen k_20HuishoudensMetHoogsteInkomen
        MediaanVermogenVanParticuliereHuish {BENEFITS} WmoClienten {PLACE}""",
}
TABLES = {
    2013: "82339NED",
    2014: "82931NED",
    2015: "83220NED",
    2016: "83487NED",
    2017: "83765NED",
    2018: "84286NED",
    2019: "84583NED",
    2020: "84799NED",
    2021: "85039NED",
    2022: "85318NED",
    2023: "85618NED",
    2024: "85984NED",
}


def as_bulk(names, separator=";"):
    """Return a bulk CSV with these keys and invented areas."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow([name if at == 0 else f"{name}_{at}" for at, name in enumerate(names)])
    writer.writerows([cell(name, place) for name in names] for place in range(4))
    return out.getvalue()


def as_sheet(path, names, title="Blad1"):
    """Write a lower-case spreadsheet with these names and invented areas."""
    header = [2 if name == "2" else name for name in names]
    return as_workbook(path, [header, *([cell(name, place) for name in names] for place in range(4))], sheet=title)


def expected_in(year, layout, names):
    """Return the concepts that the mapping has a column for among some names, whatever their years."""
    stems = {name.removeprefix("k_").replace("_", "").lower() for name in names}
    rows = [one for one in mapping_rows() if one.layout == layout and one.concept in CONCEPTS]
    return {one.concept for one in rows if one.stem in stems and one.holds_in(year)}


@pytest.mark.parametrize("year", BULK)
def test_the_keys_of_every_year_of_statline_resolve_within_their_years(tmp_path, year):
    names = BULK[year].split()
    file = read_kwb(written(tmp_path, as_bulk(names), f"Ergens_{year}_{TABLES[year]}.csv"))
    assert (file.year, file.frame["area_code"].tolist()) == (year, list(CODES))
    assert {m.concept for m in file.ledger.mapped} == expected_in(year, "statline", names)
    assert len(file.ledger.mapped) >= 43
    assert not [note for note in file.ledger.notes if "outside the years" in note]
    assert all(m.source != "M" for m in file.ledger.mapped)


@pytest.mark.parametrize("year", LOWER)
def test_the_names_of_every_lower_case_spreadsheet_resolve_within_their_years(tmp_path, year):
    names = LOWER[year].split()
    file = read_kwb(as_sheet(tmp_path / f"kwb-{year}.xlsx", names))
    assert (file.year, file.frame["area_code"].tolist()) == (year, list(CODES))
    assert {m.concept for m in file.ledger.mapped} == expected_in(year, "workbook_lower", names)
    assert len(file.ledger.mapped) >= 45
    assert not [note for note in file.ledger.notes if "outside the years" in note]
    assert row(file, "GM9001")["urbanity_class"] == 3


@pytest.mark.parametrize(
    ("year", "claimed"), [(2013, 2014), (2014, 2013), (2018, 2019), (2019, 2018), (2022, 2023), (2024, 2023)]
)
def test_the_columns_tell_a_year_of_statline_under_the_name_of_another(tmp_path, year, claimed):
    with pytest.raises(DataError, match=f"that the table of {claimed} does not have"):
        read_kwb(written(tmp_path, as_bulk(BULK[year].split()), f"Ergens_{claimed}.csv"))


@pytest.mark.parametrize(
    ("year", "claimed"), [(2013, 2016), (2016, 2013), (2018, 2019), (2019, 2018), (2020, 2023), (2023, 2020)]
)
def test_the_columns_tell_a_spreadsheet_under_the_name_of_another_year(tmp_path, year, claimed):
    with pytest.raises(DataError, match=f"that the table of {claimed} does not have"):
        read_kwb(as_sheet(tmp_path / f"kwb-{claimed}.xlsx", LOWER[year].split()))


def test_where_columns_do_not_tell_the_year_the_ledger_says_what_it_rests_on(tmp_path):
    file = read_kwb(as_sheet(tmp_path / "kwb-2021.xlsx", LOWER[2020].split()))
    assert "the content itself does not name its year, which rests on its name" in file.ledger.notes


def test_two_names_that_differ_in_a_number_only_are_two_columns(tmp_path):
    file = read_kwb(as_sheet(tmp_path / "kwb-2020.xlsx", LOWER[2020].split()))
    mapped = {m.concept: m.column for m in file.ledger.mapped}
    assert mapped["social_minimum_110_households_share"] == "p_hh_110"
    assert "p_hh_120" in file.ledger.unmapped


@pytest.mark.parametrize("mark", ["0", "-", 0])
def test_an_area_without_a_class_of_urbanity_has_none(tmp_path, mark):
    names = LOWER[2016].split()
    path = as_sheet(tmp_path / "kwb-2016.xlsx", names)
    lines = [names, *([cell(name, place) for name in names] for place in range(4))]
    lines[3][names.index("ste_mvs")] = mark
    file = read_kwb(as_workbook(path, lines, sheet="Blad1"))
    assert row(file, "WK900100")["urbanity_class_missing"] == "not_published"
    assert row(file, "BU90010000")["urbanity_class"] == 3


UPPER_2012 = (
    "RECS GWB_CODE12 Code_10_pos12 GM_CODE WK_CODE BU_CODE GWB_NAAM12_60POS GEM_NAAM AANT_INW P_W_AL woningwaarde"
)
AREAS_2012 = [
    ("N", "0000", "NL00", "0000", None, None, "Nederland", "Nederland"),
    ("G", "9001", "GM9001", "9001", None, None, "Ergens", "Ergens"),
    ("W", "900100", "WK900100", "9001", "00", None, "Wijk 00", "Ergens"),
    ("B", "90010000", "BU90010000", "9001", "00", "00", "Noord", "Ergens"),
]


def test_the_sheet_of_2012_has_its_year_in_the_names_of_its_keys(tmp_path):
    rows = [UPPER_2012.split(), *([*keys, 500, 10, 200] for keys in AREAS_2012)]
    file = read_kwb(as_workbook(tmp_path / "kwb-2012.xlsx", rows, sheet="kwb2012"))
    assert file.frame["area_code"].tolist() == list(CODES)
    assert row(file, "BU90010000")[["area_name", "gemeente_name"]].tolist() == ["Noord", "Ergens"]
    assert row(file, "GM9001")[["origin_western_count", "woz_value_eur"]].tolist() == [50, 200_000]
    assert file.ledger.unmapped == ("Code_10_pos12",)


@pytest.mark.parametrize(
    "name", ["kwb-2003-versie-2011-08-16.xlsx", "kwb-2003-versie-2013-12.xlsx", "kwb_2003 (20110816).xlsx"]
)
def test_the_date_of_a_version_in_a_name_is_no_year_of_the_content(tmp_path, name):
    rows = [["RECS", "GWB_CODE", "GWB_NAAM", "AANT_INW", "WOZ"], ["G", 9001, "Ergens", 1000, 100]]
    assert read_kwb(as_workbook(tmp_path / name, rows, sheet="Blad1")).year == 2003


FREE_1997 = [
    ["Kerncijfers wijken en buurten 1997"],
    [],
    [
        "Nummer",
        "Gebied",
        "Regioaanduiding",
        "Inwoners",
        "Personen 0-14 jaar (%)",
        "Stedelijkheid gemeente, wijk of buurt",
        "Bevolkingsdichtheid per km²",
        "Gemiddelde WOZ-waarde van woningen",
        "Oppervlakte land in km2",
    ],
    [],
    ["9001", "Ergens", "G", 1000, 20, 1, 80, 150, 12.5],
    ["90010000", "Noord", "B", 400, 25, 2, 4000, ".", "0,1"],
    ["Bron: CBS"],
]


def test_a_sheet_of_the_nineties_has_its_code_and_name_first_and_a_gap_below_its_header(tmp_path):
    file = read_kwb(as_workbook(tmp_path / "kwb-1997.xlsx", FREE_1997, sheet="Blad1"))
    assert file.frame["area_code"].tolist() == ["GM9001", "BU90010000"]
    assert file.frame["area_name"].tolist() == ["Ergens", "Noord"]
    assert file.frame["age_0_14_count"].tolist() == [200, 100]
    assert file.frame["land_area_ha"].tolist() == [1250, 10]
    assert file.ledger.left_out == (("source line below the data", 1),)
    assert file.ledger.balanced


def test_money_of_the_nineties_without_a_unit_is_left_unread_and_said_so(tmp_path):
    file = read_kwb(as_workbook(tmp_path / "kwb-1997.xlsx", FREE_1997, sheet="Blad1"))
    assert file.frame["woz_value_eur"].isna().all()
    assert set(file.frame["woz_value_eur_missing"]) == {"not_in_file"}
    assert "woz_value_eur" not in file.ledger.not_in_year
    assert any("not read as woz_value_eur" in note for note in file.ledger.notes)
    told = [*FREE_1997]
    told[3] = [None, None, None, "aantal", "%", "code", "per km2", "x 1 000 gulden", "km2"]
    read = read_kwb(as_workbook(tmp_path / "kwb-1997.xlsx", told, sheet="Blad1"))
    assert row(read, "GM9001")["woz_value_eur"] == pytest.approx(150_000 / 2.20371, rel=1e-6)


def test_a_column_without_a_name_is_listed_and_never_a_concept(tmp_path):
    names = [*LOWER[2016].split()[:12], None, *LOWER[2016].split()[12:]]
    lines = [names, *([cell(name or "", place) for name in names] for place in range(4))]
    file = read_kwb(as_workbook(tmp_path / "kwb-2016.xlsx", lines, sheet="Blad1"))
    assert "column 13 (no name)" in file.ledger.unmapped


@pytest.mark.parametrize("text", ["1.234", "12,345", "1.234.567"])
def test_text_in_a_spreadsheet_that_may_be_thousands_is_refused(tmp_path, text):
    names = LOWER[2016].split()
    lines = [names, *([cell(name, place) for name in names] for place in range(4))]
    lines[2][names.index("a_inw")] = text
    with pytest.raises(DataError, match="may be thousands") as caught:
        read_kwb(as_workbook(tmp_path / "kwb-2016.xlsx", lines, sheet="Blad1"))
    assert (caught.value.line, caught.value.column) == (3, "a_inw")
