"""Raw files to one panel, with every row accounted for."""

import json
import zipfile

import pandas as pd
import pytest
from checkouts import OPEN_DATA
from raw_tables import SCORE_HEADER, score_row

from buurteffect import panel
from buurteffect.errors import DataError, ProjectError
from buurteffect.schema import PANEL

FULL = SCORE_HEADER + "".join(
    score_row(c, y, 4.1 + i / 100) for i, c in enumerate(["WK036300", "WK990101"]) for y in (2002, 2012)
)
PART = SCORE_HEADER + score_row("WK036300", 2002, 4.1) + score_row("WK036300", 2012, 4.15)


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "raw" / "leefbaarometer3"
    folder.mkdir(parents=True)
    (folder / "wijken 2002-2012.csv").write_text(FULL, encoding="utf-8")
    return folder.parent


@pytest.fixture
def built(raw, project):
    def build(**files):
        for name, text in files.items():
            (raw / "leefbaarometer3" / f"{name}.csv").write_text(text, encoding="utf-8")
        panel.build(raw, project.processed("open") / "panel")
        return panel.read("open", "wijk", project)

    return build


def test_the_panel_keeps_its_contract_and_knows_gemeente_and_city_group(built):
    frame = built().frame
    assert list(frame.columns) == PANEL.columns
    assert frame.set_index("area_code")["gemeente_code"].to_dict() == {"WK036300": "GM0363", "WK990101": "GM9901"}
    assert frame.set_index("area_code")["city_group"].to_dict() == {"WK036300": "four_largest", "WK990101": "other"}


def test_the_fullest_file_is_taken_and_the_other_accounted_for(built):
    read = built(part=PART)
    ledger = read.ledger.set_index("file")
    assert (ledger["rows_in"] == ledger["rows_out"] + ledger["rows_left_out"]).all()
    assert ledger.loc["part.csv", "rows_left_out"] == 2
    assert "wijken 2002-2012.csv" in ledger.loc["part.csv", "reason"]
    assert len(read.frame) == 4


def test_releases_that_disagree_are_shown_to_disagree(built):
    agreement = built(part=PART).agreement.iloc[0]
    assert agreement["rows_shared"] == 2
    assert agreement["largest_difference_score"] == pytest.approx(0.05, abs=1e-12)


def test_a_list_of_groups_beside_the_data_replaces_the_projects_own(raw, built):
    groups = "gemeente_code,city_group,source\nGM9901,four_largest,test\n"
    (raw / "gemeente_groups.csv").write_text(groups, encoding="utf-8")
    assert set(built().frame.set_index("area_code")["city_group"].items()) == {
        ("WK036300", "other"),
        ("WK990101", "four_largest"),
    }


@pytest.mark.parametrize(
    "text", ["gemeente_code,group,source\nGM1,x,y\n", "gemeente_code,city_group,source\nGM1,other,y\nGM1,other,y\n"]
)
def test_a_faulty_list_of_groups_is_refused(raw, built, text):
    (raw / "gemeente_groups.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"gemeente_groups\.csv"):
        built()


def test_a_postcode_has_no_gemeente(raw, built, project):
    header = SCORE_HEADER.replace("wk_code,wk_naam", "PC4")
    (raw / "leefbaarometer3" / "pc4.csv").write_text(
        header + score_row("1011", 2002, 4.1).replace("Centrum,", ""), encoding="utf-8"
    )
    built()
    frame = panel.read("open", "pc4", project).frame
    assert frame["gemeente_code"].isna().all()
    assert set(frame["city_group"]) == {"unknown"}


def test_a_file_that_holds_no_scores_is_listed_not_dropped(raw, built):
    with zipfile.ZipFile(raw / "leefbaarometer3" / "more.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "readme.txt" in built().passed_over["file"].item()


def test_a_level_that_is_gone_leaves_no_stale_panel(raw, built, project):
    header = SCORE_HEADER.replace("wk_code,wk_naam", "PC4")
    extra = raw / "leefbaarometer3" / "pc4.csv"
    extra.write_text(header + score_row("1011", 2002, 4.1).replace("Centrum,", ""), encoding="utf-8")
    built()
    extra.unlink()
    built()
    with pytest.raises(ProjectError, match="a file of scores by pc4"):
        panel.read("open", "pc4", project)


def test_a_panel_that_is_not_built_says_what_to_run(project):
    with pytest.raises(ProjectError, match="make panel SOURCE=open"):
        panel.read("open", "wijk", project)


def test_a_failed_build_leaves_the_last_good_panel(raw, built, project):
    built()
    before = (project.processed("open") / "panel" / "wijk.parquet").read_bytes()
    (raw / "leefbaarometer3" / "wijken 2002-2012.csv").write_text(SCORE_HEADER + "WK1,x\n", encoding="utf-8")
    with pytest.raises(DataError):
        panel.build(raw, project.processed("open") / "panel")
    assert (project.processed("open") / "panel" / "wijk.parquet").read_bytes() == before
    assert len(panel.read("open", "wijk", project).frame) == 4


def test_a_stored_panel_that_breaks_its_contract_is_refused(built, project):
    built()
    file = project.processed("open") / "panel" / "wijk.parquet"
    frame = pd.read_parquet(file)
    pd.concat([frame, frame.iloc[[0]]]).to_parquet(file, index=False)
    with pytest.raises(DataError, match="break the contract"):
        panel.read("open", "wijk", project)


def test_inputs_carry_size_and_hash(built, project):
    file = built().inputs[0]
    assert (file.origin, file.bytes_count, len(file.sha256)) == ("wijken 2002-2012.csv", len(FULL.encode()), 64)
    assert json.loads((project.processed("open") / "panel" / "inputs.json").read_text())["scores"]


@pytest.mark.shared
def test_the_real_wijken_are_all_there(project):
    if not OPEN_DATA.is_dir():
        pytest.skip("the real files are not beside this checkout")
    panel.build(OPEN_DATA, project.processed("open") / "panel")
    read = panel.read("open", "wijk", project)
    assert len(read.frame) == 26_366
    assert read.frame["gemeente_code"].nunique() == 345
    assert (read.frame.drop_duplicates("area_code")["city_group"] == "four_largest").sum() == 173
