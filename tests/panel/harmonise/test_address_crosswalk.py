"""Crosswalks counted from the address files of a folder: which files, which years, which levels, what is written."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from joined_country import FLOWS, E, write_country
from raw_tables import STREET, STREET_HEADERS, street

from buurteffect import panel
from buurteffect.errors import DataError
from buurteffect.panel.harmonise.address_crosswalk import crosswalks_from_addresses, write_crosswalks
from buurteffect.panel.harmonise.weights import Crosswalk
from buurteffect.panel.inputs.raw_folder import read_folder
from buurteffect.sources.geography.addresses import read_addresses, year_of_addresses
from buurteffect.sources.geography.crosswalk import read_crosswalk


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return write_country(tmp_path)


def put(folder: Path, year: int, *, packed: str | None = None, text: str | None = None) -> Path:
    """Put the file of a year into the folder of addresses, in a zip of some name if that is given."""
    home = folder / "addresses"
    home.mkdir(parents=True, exist_ok=True)
    own = f"pc6hnr{year}0801_gwb.csv"
    if packed is None:
        (home / own).write_text(text or street(year), encoding="utf-8")
        return home / own
    with zipfile.ZipFile(home / packed, "w") as archive:
        archive.writestr(own, text or street(year))
        archive.writestr(f"buurten_{year}.csv", "code;naam\n1;a\n")
    return home / packed


def flows(frame: pd.DataFrame) -> list[tuple[int, int, str, str, int]]:
    columns = ["year_from", "year_to", "source_code", "target_code", "addresses_count"]
    return list(frame[columns].itertuples(index=False, name=None))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for year in STREET:
        put(tmp_path, year)
    return tmp_path


def test_addresses_are_counted_between_years_that_follow_on_one_another_at_every_level(folder):
    counted = crosswalks_from_addresses(folder)
    assert flows(counted.frames["buurt"]) == [
        (2016, 2017, "BU03630000", "BU03630000", 2),
        (2016, 2017, "BU03630000", "BU03630100", 6),
        (2017, 2019, "BU03630000", "BU03940000", 2),
        (2017, 2019, "BU03630100", "BU03940100", 6),
    ]
    assert flows(counted.frames["wijk"])[:2] == [
        (2016, 2017, "WK036300", "WK036300", 2),
        (2016, 2017, "WK036300", "WK036301", 6),
    ]
    assert flows(counted.frames["gemeente"]) == [
        (2016, 2017, "GM0363", "GM0363", 8),
        (2017, 2019, "GM0363", "GM0394", 8),
    ]


def test_the_counts_become_shares_along_the_years(folder):
    crosswalk = crosswalks_from_addresses(folder).frames["buurt"]
    codes = {year: [f"BU{code}" for code in set(STREET[year])] for year in STREET}
    weights = Crosswalk(crosswalk).weights(2016, 2019, codes).frame
    assert weights["weight_share"].tolist() == [0.25, 0.75]
    assert weights["target_code"].tolist() == ["BU03940000", "BU03940100"]


def test_what_is_written_is_read_as_a_crosswalk_and_is_the_same(folder):
    assert write_crosswalks(folder, say=lambda _: None)
    counted = crosswalks_from_addresses(folder).frames
    for level, frame in counted.items():
        read = read_crosswalk(folder / "crosswalk" / f"counted_{level}.csv")
        assert read.level == level
        assert flows(read.frame.sort_values(["year_from", "source_code", "target_code"])) == flows(frame)


def test_the_record_names_the_files_and_holds_the_ledger(folder):
    write_crosswalks(folder, say=lambda _: None)
    record = json.loads((folder / "crosswalk" / "counted.json").read_text(encoding="utf-8"))
    assert [file["file"] for file in record["addresses"].values()] == [
        f"pc6hnr{year}0801_gwb.csv" for year in (2016, 2017, 2019)
    ]
    assert {row["fate"] for row in record["ledger"]} == {"matched", "only in this year", "repeated", "ambiguous"}


def test_addresses_in_one_year_only_are_counted_as_such(tmp_path):
    put(tmp_path, 2016)
    put(tmp_path, 2017, text=street(2017, STREET[2017][:5]))
    said: list[str] = []
    write_crosswalks(tmp_path, say=said.append)
    assert (
        "  2016 to 2017: 5 addresses in both; only in 2016: 3; only in 2017: 0; in several buurten at once: 0" in said
    )


def test_a_crosswalk_is_counted_again_only_where_the_files_are_others(folder):
    assert write_crosswalks(folder, say=lambda _: None)
    assert not write_crosswalks(folder, say=lambda _: None)
    put(folder, 2019, text=street(2019, STREET[2017]))
    assert write_crosswalks(folder, say=lambda _: None)
    assert "BU03630100,BU03630100,6" in (folder / "crosswalk" / "counted_buurt.csv").read_text(encoding="utf-8")
    (folder / "crosswalk" / "counted_wijk.csv").unlink()
    assert write_crosswalks(folder, say=lambda _: None)
    (folder / "crosswalk" / "counted.json").write_text("{", encoding="utf-8")
    assert write_crosswalks(folder, say=lambda _: None)


def test_what_another_crosswalk_in_the_folder_gives_is_not_written_twice(folder):
    (folder / "crosswalk").mkdir()
    own = folder / "crosswalk" / "own.csv"
    own.write_text("year_from,year_to,source,target\n2016,2017,0363,0363\n2017,2019,0363,0394\n", encoding="utf-8")
    assert write_crosswalks(folder, say=lambda _: None)
    assert {path.name for path in own.parent.glob("*.csv")} == {"own.csv", "counted_buurt.csv", "counted_wijk.csv"}
    assert not write_crosswalks(folder, say=lambda _: None)
    own.unlink()
    assert write_crosswalks(folder, say=lambda _: None)
    assert (folder / "crosswalk" / "counted_gemeente.csv").is_file()
    own.write_text("year_from,year_to,source,target\n2016,2017,0363,0363\n2017,2019,0363,0394\n", encoding="utf-8")
    assert write_crosswalks(folder, say=lambda _: None)
    assert not (folder / "crosswalk" / "counted_gemeente.csv").exists()


def test_a_count_that_fails_leaves_no_record_and_no_half_of_a_file(folder):
    put(folder, 2019, text=STREET_HEADERS[2019] + "\n1011AB,1,3940000,39401,394\n")
    with pytest.raises(DataError, match="in wijk 039401"):
        write_crosswalks(folder, say=lambda _: None)
    assert not (folder / "crosswalk").exists()


def test_years_that_a_crosswalk_is_given_for_are_not_read(folder):
    put(folder, 2016, text=street(2016)[:-30])  # would be refused
    given = {(level, 2017, 2016) for level in ("buurt", "wijk", "gemeente")}
    counted = crosswalks_from_addresses(folder, given)
    assert [year for _, year in counted.files] == [2017, 2019]
    partly = crosswalks_from_addresses(folder, given | {("wijk", 2017, 2019)})
    assert set(partly.frames) == {"buurt", "gemeente"}


def test_fewer_than_two_years_give_nothing(tmp_path):
    assert not write_crosswalks(tmp_path, say=lambda _: None)
    put(tmp_path, 2016)
    assert not write_crosswalks(tmp_path, say=lambda _: None)
    assert crosswalks_from_addresses(tmp_path).frames == {}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("buurten_2017.csv", "buurtcode;buurtnaam\n1;a\n"),
        ("read me.txt", "x"),
        ("gem2017.csv", ""),
        ("names.zip", None),
    ],
)
def test_what_holds_no_addresses_is_passed_over_by_name(folder, name, content):
    path = folder / "addresses" / name
    if content is None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("buurten.csv", "a;b\n")
            archive.writestr("wijken.csv", "a;b\n")
    else:
        path.write_text(content, encoding="utf-8")
    counted = crosswalks_from_addresses(folder)
    assert [file for file, _ in counted.passed_over] == [name]
    assert len(counted.files) == 3


def test_two_files_of_one_year_are_refused_with_both_names(folder):
    put(folder, 2017, packed="again.zip")
    with pytest.raises(DataError, match=r"as in again\.zip") as caught:
        crosswalks_from_addresses(folder)
    assert "move one of the two out of" in str(caught.value)


# --- the publisher's own slips and what others do to the files


def test_the_date_in_the_name_of_the_zip_is_not_believed(tmp_path):
    # The zips of 2021 and 2022 are called after the year before.
    path = put(tmp_path, 2017, packed="2017-cbs-pc6huisnr20160801_buurt.zip")
    assert year_of_addresses(path) == 2017
    assert read_addresses(path).year == 2017


def test_a_zip_with_two_versions_of_a_year_is_refused_and_not_passed_over(folder):
    path = folder / "addresses" / "2018.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("pc6hnr20180801_gwb.csv", "pc6hnr20180801_gwb-vs2.csv"):
            archive.writestr(name, street(2017).replace("2017", "2018"))
    with pytest.raises(DataError, match=r"2 CSV files that can be meant: 'pc6hnr20180801_gwb\.csv, ") as caught:
        crosswalks_from_addresses(folder)
    assert "unpack it" in str(caught.value)


def test_a_table_in_a_folder_of_the_zip_is_found(tmp_path):
    path = tmp_path / "2017.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("2017-cbs-pc6huisnr20170801_buurt/pc6hnr20170801_gwb.csv", street(2017))
        archive.writestr("2017-cbs-pc6huisnr20170801_buurt/gemeenten_2017.csv", "GM_CODE,GM_NAAM\n")
    assert read_addresses(path, year=2017).year == year_of_addresses(path) == 2017


@pytest.mark.parametrize(
    "header",
    [
        "pc6;huisnummer;gwb_code20178;wijkcode;gemeentecode",
        "pc6;huisnummer;gwb2017_code;wijkcode;gemeentecode",
        "pc6;huisnummer;gwb2017_code8;wijkcode2017;gemeentecode2017",
        "Postcode;Huisnummer;Buurtcode2017;Wijkcode2017;Gemcode2017",
        "PC6;HUISNUMMER;BUURT2017;WIJK2017;GEM2017",
        "postcode;huisnr;buurtcode;wijkcode;gemeentecode",
    ],
)
def test_the_columns_of_every_year_are_known(tmp_path, header):
    path = put(tmp_path, 2017, text=street(2017).replace(STREET_HEADERS[2017], header))
    found = read_addresses(path)
    assert (found.year, len(found.frame)) == (2017, 8)


def test_a_year_that_neither_header_nor_name_says_is_asked_for(tmp_path):
    path = tmp_path / "addresses.csv"
    path.write_text(street(2017).replace(STREET_HEADERS[2017], "pc6;huisnummer;buurtcode;wijkcode;gemeentecode"))
    with pytest.raises(DataError, match="no year") as caught:
        read_addresses(path)
    assert "such as pc6hnr20200801_gwb.csv" in str(caught.value)


def test_row_numbers_and_prefixes_that_others_add_are_taken_off(tmp_path):
    plain = read_addresses(put(tmp_path, 2017))
    numbered = [f'"{n or ""}",{line.replace(";", ",")}' for n, line in enumerate(street(2017).splitlines())]
    prefixed = "\n".join(numbered).replace(",3630", ",BU03630").replace(",36301,363", ",WK036301,GM0363")
    found = read_addresses(put(tmp_path, 2017, text=prefixed.replace(",36300,363", ",WK036300,GM0363") + "\n"))
    assert found.frame.equals(plain.frame)


def test_codes_with_letters_are_kept(tmp_path):
    text = STREET_HEADERS[2017] + "\n1011AB;1;0363AF01;0363AF;0363\n1011AB;2;0363AF02;0363AF;0363\n"
    found = read_addresses(put(tmp_path, 2017, text=text))
    assert found.frame["buurt_code"].tolist() == ["BU0363AF01", "BU0363AF02"]


# --- in a folder of open data


def of_wijken(year: int, places: list[tuple[str, int]]) -> str:
    """Return the addresses of a year: so many houses after one another in each wijk."""
    codes = [f"{wijk[2:]}00" for wijk, count in places for _ in range(count)]
    rows = [f"1011{chr(65 + n // 999)}A,{n % 999 + 1},{code},{code[:6]},{code[:4]}" for n, code in enumerate(codes)]
    return f"PC6,Huisnummer,Buurt{year},Wijk{year},Gemeente{year}\n" + "\n".join(rows) + "\n"


@pytest.fixture
def addresses_of_the_flows(raw):
    """Put the addresses beside the key figures that the crosswalk of the joined tables stands for."""
    flows_and_rest = [*FLOWS, (E, E, 50)]
    put(raw, 2018, text=of_wijken(2018, [(source, count) for source, _, count in flows_and_rest]))
    put(raw, 2020, text=of_wijken(2020, [(target, count) for _, target, count in flows_and_rest]))
    return raw


def test_address_files_do_what_the_crosswalk_that_they_stand_for_does(addresses_of_the_flows, project):
    def built() -> dict[str, pd.DataFrame]:
        panel.build(addresses_of_the_flows, project.processed("open") / "panel")
        rules = ("as_published", "harmonised")
        return {rule: panel.read_joined("open", "wijk", rule, project).frame for rule in rules}

    given = built()
    (addresses_of_the_flows / "crosswalk" / "wijk.csv").unlink()
    counted = built()
    for rule, frame in given.items():
        pd.testing.assert_frame_equal(counted[rule], frame)
    others = panel.read_key_figures_panel("open", "wijk", project=project).others.set_index("file")
    entry = others.loc["pc6hnr20180801_gwb.csv"]
    assert (entry["kind"], entry["rows"]) == ("addresses, counted into crosswalks", 1680)
    assert entry["note"] == "areas of 2018; 0 not in 2020"


def test_a_given_crosswalk_goes_before_the_addresses(addresses_of_the_flows):
    given = addresses_of_the_flows / "crosswalk" / "wijk.csv"
    given.write_text(given.read_text(encoding="utf-8").replace(",500", ",501"), encoding="utf-8")
    found = read_folder(addresses_of_the_flows).crosswalks
    assert 501 in found["wijk"]["addresses_count"].tolist()
    assert 500 not in found["wijk"]["addresses_count"].tolist()
    assert set(found) == {"buurt", "wijk", "gemeente"}


def test_crosswalks_that_were_written_are_read_and_the_addresses_then_are_not(addresses_of_the_flows):
    (addresses_of_the_flows / "crosswalk" / "wijk.csv").unlink()
    counted = read_folder(addresses_of_the_flows).crosswalks
    write_crosswalks(addresses_of_the_flows, say=lambda _: None)
    found = read_folder(addresses_of_the_flows)
    assert not [file for file in found.inputs if file.origin.startswith("pc6hnr")]
    for level, frame in counted.items():
        key = ["source_code", "target_code"]
        pd.testing.assert_frame_equal(found.crosswalks[level].sort_values(key, ignore_index=True), frame)


def test_two_crosswalks_that_give_the_same_flow_are_refused_by_name(raw):
    wijk = (raw / "crosswalk" / "wijk.csv").read_text(encoding="utf-8")
    (raw / "crosswalk" / "later.csv").write_text(wijk.replace(",30\n", ",31\n"), encoding="utf-8")
    with pytest.raises(DataError, match=r"later\.csv and wijk\.csv") as caught:
        read_folder(raw)
    assert "move one of the files out of the folder crosswalk" in str(caught.value)


def test_crosswalks_of_several_pairs_of_years_may_lie_in_several_files(raw):
    wijk = (raw / "crosswalk" / "wijk.csv").read_text(encoding="utf-8")
    (raw / "crosswalk" / "later.csv").write_text(wijk.replace("2018,2020", "2016,2018"), encoding="utf-8")
    assert sorted(read_folder(raw).crosswalks["wijk"]["year_from"].unique()) == [2016, 2018]
