"""The reader of the priority areas of 2007, whose layout is known only by what its table says about itself."""

from __future__ import annotations

import pytest
from raw_tables import area_figures, described_areas, priority_table

from buurteffect.errors import DataError
from buurteffect.schema.statline import PRIORITY_AREAS
from buurteffect.sources.tables.priority_areas import read_priority_areas


def test_topics_come_with_their_title_unit_groups_and_the_mark_unconfirmed(tmp_path):
    table = read_priority_areas(priority_table(tmp_path))
    assert list(table.frame) == PRIORITY_AREAS.columns
    first, second = table.frame.to_dict("records")
    assert (first["area_code"], first["area_name"], first["year"], first["value"]) == ("W1", "Kolenkit", 2005, 12.5)
    assert (first["topic"], first["topic_group"], first["unit"]) == ("Koopwoningen", "Wonen / Woningen", "%")
    assert (first["breakdown"], first["layout_confirmed"]) == ("Leeftijd=T1", False)
    assert second["value_missing"] == "not_published"


def test_every_row_is_counted(tmp_path):
    table = read_priority_areas(priority_table(tmp_path))
    assert (table.rows_count, len(table.frame), table.left_out) == (3, 2, {"another period than a year": 1})
    assert (table.areas_count, table.topics_left_out) == (2, ("Naam_2",))


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (
            {"DataProperties": [row for row in described_areas() if row["Key"] != "Perioden"]},
            "0 dimensions that can be the years",
        ),
        ({"DataProperties": described_areas()[1:]}, "0 dimensions that can be the areas"),
        (
            {"DataProperties": [r | {"Key": "Extra_9"} if r["ID"] == 5 else r for r in described_areas()]},
            "no column 'Extra_9'",
        ),
        ({"DataProperties": [row for row in described_areas() if row["ID"] != 5]}, "no topic with figures"),
        ({"UntypedDataSet": area_figures()[2:]}, "no row of a year"),
        ({"UntypedDataSet": [r | {"Perioden": "2005"} for r in area_figures()]}, "the period '2005'"),
        ({"UntypedDataSet": [r | {"Regio": "W1"} for r in area_figures()]}, "again"),
        ({"UntypedDataSet": [r | {"Koopwoningen_1": "1,5"} for r in area_figures()]}, "'1,5'"),
    ],
)
def test_a_table_that_is_not_understood_is_refused(tmp_path, sets, words):
    stored = priority_table(tmp_path, **sets)
    with pytest.raises(DataError) as caught:
        read_priority_areas(stored)
    assert words in str(caught.value)


def test_a_dimension_that_is_no_column_is_refused(tmp_path):
    with pytest.raises(DataError, match="no column 'Gebied'"):
        read_priority_areas(priority_table(tmp_path, DataProperties=described_areas(area="Gebied"), Gebied=[]))
