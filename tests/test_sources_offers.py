"""What can be fetched on request: the groups of the registry, and years as they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from buurteffect.errors import DataError, ProjectError
from buurteffect.sources.offers import chosen, parse_years, read_offers
from buurteffect.sources.registry import read_registry

TEXTS = 'title = "T"\npublisher = "P"\nlicence = "L"\nnotes = "N"\nfolder = "here"\n'
TABLES = f'[offer.stock]\n{TEXTS}tables = ["81955NED"]\n'
FILES = f'[offer.maps]\n{TEXTS}address = "https://example.org/{{year}}.gpkg"\nfile = "a_{{year}}.gpkg"\n'


def put(folder: Path, text: str) -> Path:
    path = folder / "sources.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_groups_come_in_the_order_of_the_file_with_their_defaults(tmp_path):
    stock, maps = read_offers(put(tmp_path, TABLES + FILES))
    assert (stock.name, stock.kind, stock.tables) == ("stock", "statline", ((None, "81955NED"),))
    assert (stock.service, stock.by_gemeente, stock.packed, stock.pause_seconds) == (None, False, False, 1.0)
    assert (maps.kind, maps.yearly, stock.yearly) == ("files", True, False)
    source = maps.source(2021)
    assert (source.id, source.address, source.path) == (
        "maps_2021",
        "https://example.org/2021.gpkg",
        "here/a_2021.gpkg",
    )


def test_a_registry_without_groups_offers_none_and_groups_are_no_sources(tmp_path):
    assert read_offers(put(tmp_path, "# none\n")) == ()
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
    ],
)
def test_a_group_that_is_not_as_it_should_be_is_named(tmp_path, text, column):
    with pytest.raises(DataError) as caught:
        read_offers(put(tmp_path, text))
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
    offers = read_offers(put(tmp_path, TABLES + FILES))
    assert [offer.name for offer in chosen(offers, ["maps", "stock", "maps"])] == ["maps", "stock"]
    with pytest.raises(ProjectError, match="did you mean 'stock'"):
        chosen(offers, ["stok"])
