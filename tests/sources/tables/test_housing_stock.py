"""The reader of housing-stock changes: pages and CSV, typed and untyped, and accounts that do not add up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_tables import StockRows, put_stock, typed_stock, untyped_stock
from statline_server import v3_table

from buurteffect.errors import DataError
from buurteffect.schema.statline import HOUSING_STOCK
from buurteffect.sources.http.client import Settings
from buurteffect.sources.statline.fetch import fetch_table
from buurteffect.sources.tables.housing_stock import read_housing_stock

# Only these columns of 86098NED are known.
NEWER = {
    "Nieuwbouw_2": "NieuwbouwTotaal_6",
    "OverigeToevoeging_3": "ToevoegingenTotaal_13",
    "Sloop_4": "Sloop_15",
    "SaldoVoorraad_7": "SaldoVoorraad_21",
    "EindstandVoorraad_8": "EindstandVoorraad_22",
}


def newer(rows: StockRows) -> StockRows:
    """Return rows as 86098NED has them: all additions, and no account of withdrawals and corrections."""
    turned = []
    for row in rows:
        kept = {NEWER.get(k, k): v for k, v in row.items() if k not in ("OverigeOnttrekking_5", "Correctie_6")}
        if isinstance(row["Nieuwbouw_2"], int):
            kept["ToevoegingenTotaal_13"] = row["Nieuwbouw_2"] + row["OverigeToevoeging_3"]  # type: ignore[operator]
        turned.append(kept)
    return turned


def put_json(folder: Path, rows: StockRows) -> Path:
    path = folder / "81955NED.json"
    path.write_text(json.dumps({"odata.metadata": "x", "value": rows}), encoding="utf-8")
    return path


@pytest.mark.parametrize("put", [put_json, put_stock])
@pytest.mark.parametrize("make", [typed_stock, untyped_stock])
def test_every_dress_of_the_table_gives_the_same_account(tmp_path, put, make):
    table = read_housing_stock(put(tmp_path, make()))
    frame = table.frame
    assert list(frame) == HOUSING_STOCK.columns
    assert list(zip(frame["gemeente_code"], frame["year"], strict=True)) == [
        ("GM0363", 2012),
        ("GM0363", 2013),
        ("GM1921", 2013),
    ]
    values = [name for name in frame if name.endswith("_count")]
    assert frame.loc[0, values].tolist() == [1000, 50, 10, 30, 5, -2, 1023]
    assert (table.layout, table.layout_confirmed, table.checked_count) == ("81955NED", True, 2)


def test_every_row_is_in_the_table_or_counted_by_its_reason(tmp_path):
    table = read_housing_stock(put_json(tmp_path, untyped_stock()))
    assert table.left_out == {
        "another period than a year": 1,
        "another region than a gemeente": 1,
        "another use than dwelling": 1,
    }
    assert table.rows_count == len(table.frame) + sum(table.left_out.values()) == 6


def test_a_gemeente_that_did_not_exist_keeps_its_row_and_the_reason(tmp_path):
    frame = read_housing_stock(put_json(tmp_path, untyped_stock())).frame
    assert frame.loc[2, "closing_dwellings_count_missing"] == "not_published"
    blank = untyped_stock()
    blank[2]["EindstandVoorraad_8"] = "        "
    frame = read_housing_stock(put_json(tmp_path, blank)).frame
    assert frame.loc[2, "closing_dwellings_count_missing"] == "impossible"
    assert frame.loc[2, "opening_dwellings_count_missing"] == "not_published"


def test_an_empty_field_of_a_typed_table_does_not_say_that_it_cannot_exist(tmp_path):
    frame = read_housing_stock(put_stock(tmp_path, typed_stock())).frame
    assert frame.loc[2, "closing_dwellings_count_missing"] == "not_published"


def test_the_newer_table_gives_what_follows_from_its_known_columns(tmp_path):
    table = read_housing_stock(put_json(tmp_path, newer(typed_stock())))
    assert (table.layout, table.layout_confirmed, table.checked_count) == ("86098NED", False, 0)
    first = table.frame.iloc[0]
    assert first["other_additions_dwellings_count"] == 10
    assert first["demolished_dwellings_count"] == 30
    assert first["other_withdrawals_dwellings_count_missing"] == "not_published"


def test_the_balance_of_the_newer_table_is_checked_too(tmp_path):
    rows = newer(typed_stock())
    rows[0]["SaldoVoorraad_21"] = 240
    with pytest.raises(DataError, match="1240 where 1023 stands"):
        read_housing_stock(put_json(tmp_path, rows))


def test_columns_may_stand_in_any_order_and_carry_any_number(tmp_path):
    rows = [{k.replace("_3", "_77"): row[k] for k in reversed(row)} for row in untyped_stock()]
    assert read_housing_stock(put_stock(tmp_path, rows)).frame.loc[0, "other_additions_dwellings_count"] == 10


def test_a_fetched_table_reads_over_all_its_pages(tmp_path):
    held = {
        "DataProperties": [
            {"ID": 0, "Type": "GeoDimension", "Key": "RegioS"},
            {"ID": 1, "Type": "Dimension", "Key": "Gebruiksfunctie"},
        ],
        "RegioS": [{"Key": "GM0363", "Title": "Amsterdam"}],
        "Gebruiksfunctie": [{"Key": "A045364", "Title": "Woning"}],
        "UntypedDataSet": untyped_stock(),
    }
    quick = Settings(back_off_seconds=0.01, progress=False)
    with v3_table(sets=held, page_rows=2) as server:
        stored = fetch_table(
            "81955NED", tmp_path, service=server.v3, pause_seconds=0.0, settings=quick, say=lambda _: None
        )
    table = read_housing_stock(stored)
    assert (table.origin, table.rows_count, len(table.frame)) == ("81955NED", 6, 3)


def with_cell(column: str, value: object, row: int = 0) -> Callable[[], StockRows]:
    def make() -> StockRows:
        rows = untyped_stock()
        rows[row][column] = value
        return rows

    return make


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (with_cell("EindstandVoorraad_8", "    1203"), "closing stock of 1023 where 1203 stands"),
        (with_cell("Sloop_4", "     130"), "closing stock of 923 where 1023 stands"),
        (with_cell("Perioden", "2013JJ00"), "GM0363 in 2013 again"),
        (with_cell("Perioden", "2012"), "the code '2012'"),
        (with_cell("Perioden", "2012MM13"), "the code '2012MM13'"),
        (with_cell("RegioS", "GM363 "), "the code 'GM363'"),
        (with_cell("RegioS", "Amsterdam"), "the code 'Amsterdam'"),
        (with_cell("Gebruiksfunctie", "woning"), "the code 'woning'"),
        (with_cell("Sloop_4", "    30,0"), "'    30,0'"),
        (with_cell("Sloop_4", "    30.5"), "'    30.5'"),
        (with_cell("Sloop_4", True), "'True'"),
        (with_cell("Sloop_4", {"a": 1}), "{"),
        (with_cell("Nieuwbouw_2", "     -50"), "-50"),
    ],
)
@pytest.mark.parametrize("put", [put_json, put_stock])
def test_a_row_that_cannot_be_is_refused_with_its_place(tmp_path, put, make, words):
    with pytest.raises(DataError) as caught:
        read_housing_stock(put(tmp_path, make()))
    assert words in str(caught.value)
    assert caught.value.line is not None


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{k: v for k, v in row.items() if k != "Sloop_4"} for row in untyped_stock()], "no such column"),
        ([{k: v for k, v in row.items() if k != "Perioden"} for row in untyped_stock()], "no such column"),
        ([row | {"Sloop_9": "1"} for row in untyped_stock()], "2 columns"),
        (
            [{k: v for k, v in row.items() if "ieuwbouw" not in k and "Toev" not in k} for row in untyped_stock()],
            "no column of new",
        ),
        (untyped_stock()[3:], "no row of dwellings of a gemeente in a year (1 of another period than a year"),
        ([], "no rows"),
    ],
)
def test_a_table_of_another_shape_is_refused(tmp_path, rows, words):
    with pytest.raises(DataError) as caught:
        read_housing_stock(put_json(tmp_path, rows))
    assert words in str(caught.value)


def test_an_account_that_is_off_by_a_few_dwellings_is_read_and_listed(tmp_path):
    rows = untyped_stock()
    rows[0]["SaldoVoorraad_7"] = "      22"
    table = read_housing_stock(put_stock(tmp_path, rows))
    assert table.frame["closing_dwellings_count"].tolist()[:2] == [1023, 1023]
    assert table.slips.found == (
        "line 2: the opening stock and the balance give a closing stock of 1022 where 1023 stands",
    )
    assert table.slips.words.startswith("1 of 2 rows does not quite add up and is read as it is: line 2")


@pytest.mark.parametrize("mark", [",", "\t"])
@pytest.mark.parametrize("name", ["", "X", "1", "Unnamed: 0"])
def test_a_table_that_was_saved_again_gives_the_same_account(tmp_path, mark, name):
    good = read_housing_stock(put_stock(tmp_path, typed_stock())).frame
    path = put_stock(tmp_path, typed_stock())
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    saved = [f"{name if n == 0 else n};{line}".replace(";", mark) for n, line in enumerate(lines)]
    path.write_text("\n".join(saved) + "\n", encoding="utf-8")
    table = read_housing_stock(path)
    assert table.frame.equals(good)
    assert len(table.notes) == 2


def test_many_accounts_that_are_off_are_a_damaged_table(tmp_path):
    years = [("A045364", "GM0363", f"20{n}JJ00", [1000, 0, 0, 0, 0, 0, 0, 1001 + n % 5]) for n in range(12, 24)]
    with pytest.raises(DataError, match="the first of 12 such rows"):
        read_housing_stock(put_stock(tmp_path, typed_stock(years)))


@settings(max_examples=60, deadline=None)
@given(changes=st.lists(st.integers(0, 10**6), min_size=5, max_size=5), correction=st.integers(-1000, 1000))
def test_any_account_that_adds_up_is_taken_and_one_that_is_far_off_is_not(tmp_path_factory, changes, correction):
    opening, new, additions, demolished, withdrawals = changes
    balance = new + additions - demolished - withdrawals + correction
    folder = tmp_path_factory.getbasetemp()
    row: list[int | None] = [opening + 2_000_000 + 2_000, *changes[1:], correction, balance]
    closing = row[0] + balance  # type: ignore[operator]
    right = [("A045364", "GM0363", "2012JJ00", [*row, closing])]
    assert read_housing_stock(put_json(folder, typed_stock(right))).checked_count == 1
    with pytest.raises(DataError, match="closing stock"):
        read_housing_stock(put_json(folder, typed_stock([("A045364", "GM0363", "2012JJ00", [*row, closing + 5_000])])))
