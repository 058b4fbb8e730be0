"""The reader of the priority areas of 2007, whose layout is known only by what its table says about itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from statline_server import Row, v3_table

from buurteffect.errors import DataError
from buurteffect.schema.statline import PRIORITY_AREAS
from buurteffect.sources.http.client import Settings
from buurteffect.sources.statline.fetch import fetch_table
from buurteffect.sources.statline.store import StoredTable
from buurteffect.sources.tables.priority_areas import read_priority_areas


def described(area: str = "Regio", sort: str = "Dimension") -> list[Row]:
    return [
        {"ID": 0, "Type": sort, "Key": area},
        {"ID": 1, "Type": "Dimension", "Key": "Leeftijd"},
        {"ID": 2, "Type": "TimeDimension", "Key": "Perioden"},
        {"ID": 3, "Type": "TopicGroup", "Key": "", "Title": "Wonen", "ParentID": None},
        {"ID": 4, "Type": "TopicGroup", "Key": "", "Title": "Woningen", "ParentID": 3},
        {
            "ID": 5,
            "Type": "Topic",
            "Key": "Koopwoningen_1",
            "Title": "Koop",
            "Unit": "%",
            "ParentID": 4,
            "Datatype": "Float",
        },
        {"ID": 6, "Type": "Topic", "Key": "Naam_2", "Title": "Naam", "Unit": "", "ParentID": 3, "Datatype": "String"},
    ]


def figures() -> list[Row]:
    cells = [("1", "2005JJ00", "    12.5"), ("2", "2005JJ00", "       ."), ("1", "2006KW01", "     1.0")]
    return [
        {
            "ID": n,
            "Regio": f"W{code}    ",
            "Leeftijd": "T1  ",
            "Perioden": period,
            "Koopwoningen_1": value,
            "Naam_2": "a",
        }
        for n, (code, period, value) in enumerate(cells)
    ]


def fetched(folder: Path, **sets: list[Row]) -> StoredTable:
    held = {
        "DataProperties": described(),
        "UntypedDataSet": figures(),
        "Regio": [{"Key": "W1    ", "Title": "Kolenkit"}, {"Key": "W2    ", "Title": "Klarendal"}],
        "Leeftijd": [{"Key": "T1  ", "Title": "Totaal"}],
        "Perioden": [{"Key": "2005JJ00", "Title": "2005"}],
    }
    quick = Settings(progress=False)
    with v3_table(sets=held | sets) as server:
        return fetch_table("71718ned", folder, service=server.v3, pause_seconds=0.0, settings=quick, say=lambda _: None)


def test_topics_come_with_their_title_unit_groups_and_the_mark_unconfirmed(tmp_path):
    table = read_priority_areas(fetched(tmp_path))
    assert list(table.frame) == PRIORITY_AREAS.columns
    first, second = table.frame.to_dict("records")
    assert (first["area_code"], first["area_name"], first["year"], first["value"]) == ("W1", "Kolenkit", 2005, 12.5)
    assert (first["topic"], first["topic_group"], first["unit"]) == ("Koopwoningen", "Wonen / Woningen", "%")
    assert (first["breakdown"], first["layout_confirmed"]) == ("Leeftijd=T1", False)
    assert second["value_missing"] == "not_published"


def test_every_row_is_counted(tmp_path):
    table = read_priority_areas(fetched(tmp_path))
    assert (table.rows_count, len(table.frame), table.left_out) == (3, 2, {"another period than a year": 1})
    assert (table.areas_count, table.topics_left_out) == (2, ("Naam_2",))


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (
            {"DataProperties": [row for row in described() if row["Key"] != "Perioden"]},
            "0 dimensions that can be the years",
        ),
        ({"DataProperties": described()[1:]}, "0 dimensions that can be the areas"),
        (
            {"DataProperties": [r | {"Key": "Extra_9"} if r["ID"] == 5 else r for r in described()]},
            "no column 'Extra_9'",
        ),
        ({"DataProperties": [row for row in described() if row["ID"] != 5]}, "no topic with figures"),
        ({"UntypedDataSet": figures()[2:]}, "no row of a year"),
        ({"UntypedDataSet": [r | {"Perioden": "2005"} for r in figures()]}, "the period '2005'"),
        ({"UntypedDataSet": [r | {"Regio": "W1"} for r in figures()]}, "again"),
        ({"UntypedDataSet": [r | {"Koopwoningen_1": "1,5"} for r in figures()]}, "'1,5'"),
    ],
)
def test_a_table_that_is_not_understood_is_refused(tmp_path, sets, words):
    stored = fetched(tmp_path, **sets)
    with pytest.raises(DataError) as caught:
        read_priority_areas(stored)
    assert words in str(caught.value)


def test_a_dimension_that_is_no_column_is_refused(tmp_path):
    with pytest.raises(DataError, match="no column 'Gebied'"):
        read_priority_areas(fetched(tmp_path, DataProperties=described(area="Gebied"), Gebied=[]))
