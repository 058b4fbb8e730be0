"""What can be fetched on request: the groups of the registry, and years as they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from buurteffect.errors import DataError, ProjectError
from buurteffect.sources.download.catalogue import chosen, parse_years, read_catalogue
from buurteffect.sources.registry import read_registry

TEXTS = 'title = "T"\npublisher = "P"\nlicence = "L"\nnotes = "N"\nfolder = "here"\n'
TABLES = f'[offer.stock]\n{TEXTS}tables = ["81955NED"]\n'
FILES = f'[offer.maps]\n{TEXTS}address = "https://example.org/{{year}}.gpkg"\nfile = "a_{{year}}.gpkg"\n'


YEARS = f"""[offer.maps]
{TEXTS}confirmed = "2026-12-01, one program"
page = "https://example.org/maps"
needed_by = ["n02"]
with_all = [2022]
[offer.maps.absent]
2021 = "look on the site"
[offer.maps.files]
2022 = {{ address = "https://example.org/2022_v1.gpkg", file = "a_2022_v1.gpkg", confirmed = "unconfirmed: a guess" }}
2020 = {{ address = "https://example.org/2020_v3.gpkg", file = "a_2020_v3.gpkg", page = "https://example.org/2020" }}
"""


def put(folder: Path, text: str) -> Path:
    path = folder / "sources.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_groups_come_in_the_order_of_the_file_with_their_defaults(tmp_path):
    stock, maps = read_catalogue(put(tmp_path, TABLES + FILES))
    assert (stock.name, stock.kind, stock.tables) == ("stock", "statline", ((None, "81955NED"),))
    assert (stock.service, stock.by_gemeente, stock.packed, stock.pause_seconds) == (None, False, False, 1.0)
    assert (maps.kind, maps.yearly, stock.yearly) == ("files", True, False)
    source = maps.source(2021)
    assert (source.id, source.address, source.path) == (
        "maps_2021",
        "https://example.org/2021.gpkg",
        "here/a_2021.gpkg",
    )


def test_files_may_have_an_address_and_a_name_of_their_own_every_year(tmp_path):
    (maps,) = read_catalogue(put(tmp_path, YEARS))
    assert (maps.kind, maps.years, maps.yearly, maps.with_all) == ("files", (2020, 2022), True, (2022,))
    assert dict(maps.absent) == {2021: "look on the site"}
    first, last = maps.source(2020), maps.source(2022)
    assert (first.address, first.path) == ("https://example.org/2020_v3.gpkg", "here/a_2020_v3.gpkg")
    assert (first.confirmed, first.page, first.needed_by) == ("unconfirmed", "https://example.org/2020", ("n02",))
    assert (last.confirmed, last.page) == ("unconfirmed: a guess", "https://example.org/maps")


def test_a_table_may_hold_several_years(tmp_path):
    text = TABLES.replace('["81955NED"]', '{ 2009 = "70904ned", 2010 = "70904ned", 2013 = "82339NED" }')
    (stock,) = read_catalogue(put(tmp_path, text))
    assert stock.years == (2009, 2010, 2013)
    assert stock.years_by_table == {"70904ned": (2009, 2010), "82339NED": (2013,)}


def test_a_registry_without_groups_offers_none_and_groups_are_no_sources(tmp_path):
    assert read_catalogue(put(tmp_path, "# none\n")) == ()
    assert read_registry(put(tmp_path, TABLES)) == ()


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('offer = "x"', "offer"),
        ("[offer]\nstock = 1", "offer.stock"),
        (f'[offer."../x"]\n{TEXTS}tables = ["81955NED"]', "offer.../x"),
        (f"[offer.stock]\n{TEXTS}", "offer.stock"),
        (TABLES + 'by_hand = "x"', "offer.stock"),
        (TABLES.replace('title = "T"\n', ""), "offer.stock.title"),
        (FILES.replace('file = "a_{year}.gpkg"\n', ""), "offer.maps.file"),
        (TABLES + 'servise = "https://x.nl"', "offer.stock.servise"),
        (TABLES + 'service = "ftp://x.nl"', "offer.stock.service"),
        (TABLES.replace('"here"', '"../here"'), "offer.stock.folder"),
        (TABLES.replace('"here"', '"/here"'), "offer.stock.folder"),
        (TABLES.replace('"here"', '".."'), "offer.stock.folder"),
        (TABLES.replace('"L"', '" "'), "offer.stock.licence"),
        (TABLES.replace('["81955NED"]', '["../81955NED"]'), "offer.stock"),
        (TABLES.replace('["81955NED"]', '{ later = "81955NED" }'), "offer.stock.tables"),
        (TABLES.replace('["81955NED"]', "[]"), "offer.stock.tables"),
        (TABLES + 'where = { RegioS = "GM\' or 1 eq 1" }', "offer.stock"),
        (TABLES + "where = { RegioS = 1 }", "offer.stock.where"),
        (TABLES + 'packed = "yes"', "offer.stock.packed"),
        (TABLES + "pause_seconds = -1", "offer.stock.pause_seconds"),
        (TABLES + "pause_seconds = true", "offer.stock.pause_seconds"),
        (FILES.replace("{year}.gpkg", "x.gpkg"), "offer.maps.address"),
        (FILES.replace("a_{year}", "a_{year}_{0.__class__}"), "offer.maps.file"),
        (FILES.replace("a_{year}", "a/{year}"), "offer.maps.file"),
        (TABLES + 'confirmed = "yes"', "offer.stock.confirmed"),
        (TABLES + 'confirmed = "2026-13-41, a program"', "offer.stock.confirmed"),
        (TABLES + 'page = "www.cbs.nl"', "offer.stock.page"),
        (TABLES + 'needed_by = "n02"', "offer.stock.needed_by"),
        (TABLES + 'with_all = "yes"', "offer.stock.with_all"),
        (TABLES + "with_all = [true]", "offer.stock.with_all"),
        (TABLES + 'absent = { 2020 = "x" }', "offer.stock.absent"),
        (YEARS.replace("2022 =", "later ="), "offer.maps.files"),
        (YEARS.replace('"a_2020_v3.gpkg"', '"../a.gpkg"'), "offer.maps.files.2020.file"),
        (YEARS.replace('"https://example.org/2022_v1.gpkg"', '"ftp://x.nl"'), "offer.maps.files.2022.address"),
        (YEARS.replace('"unconfirmed: a guess"', '"sure"'), "offer.maps.files.2022.confirmed"),
        (YEARS.replace('"https://example.org/2020"', '"here"'), "offer.maps.files.2020.page"),
        (YEARS.replace('confirmed = "unconfirmed: a guess"', 'size = "1"'), "offer.maps.files.2022.size"),
        (YEARS.replace('"look on the site"', '" "'), "offer.maps.absent"),
    ],
)
def test_a_group_that_is_not_as_it_should_be_is_named(tmp_path, text, column):
    with pytest.raises(DataError) as caught:
        read_catalogue(put(tmp_path, text))
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("2019", (2019,)),
        ("2013-2015", (2013, 2014, 2015)),
        ("2019, 2013 - 2014", (2013, 2014, 2019)),
        ("2019 2019", (2019,)),
    ],
)
def test_years_are_given_one_by_one_or_as_spans(text, years):
    assert parse_years(text) == years


@pytest.mark.parametrize("text", ["", " ", "19", "2019-", "2015-2013", "1900", "2013-20155", "all", "2013:2015"])
def test_years_that_are_none_are_refused(text):
    with pytest.raises(ProjectError, match="give years or spans"):
        parse_years(text)


def test_a_group_is_found_by_its_name_and_the_nearest_is_told(tmp_path):
    offers = read_catalogue(put(tmp_path, TABLES + FILES))
    assert [offer.name for offer in chosen(offers, ["maps", "stock", "maps"])] == ["maps", "stock"]
    with pytest.raises(ProjectError, match="did you mean 'stock'"):
        chosen(offers, ["stok"])
