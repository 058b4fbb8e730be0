"""Tables of key figures as users keep them: years in names, joined, filled, and opened in a spreadsheet."""

from functools import partial

import pandas as pd
import pytest
from one_table import read_kwb

from buurteffect.errors import DataError
from buurteffect.sources.geography.boundaries import read_boundaries
from buurteffect.sources.key_figures.read import read_key_figures

KEYS = {
    "Codering_3": ["GM0998", "GM0997", "BU09980001"],
    "AantalInwoners_5": [50000, 21000, 1200],
    "HuishoudensTotaal_28": [24000, 9000, 560],
    "Woningvoorraad_34": [22000, 8800, 540],
    "GemiddeldeWOZWaardeVanWoningen_35": [210, 240, 205],
    "Koopwoningen_40": [44, 61, 47],
    "HuurwoningenTotaal_41": [56, 39, 53],
}
SHEET = dict(zip(KEYS, ["gwb_code_10", "a_inw", "a_hh", "a_woning", "g_woz", "p_koopw", "p_huurw"], strict=True))


def table(**columns):
    """Return a table with the keys of StatLine, some of its columns replaced."""
    return pd.DataFrame({**KEYS, **columns})


def sheet(**columns):
    """Return a table with the names of a yearly spreadsheet, some of its columns replaced."""
    return pd.DataFrame(KEYS).rename(columns=SHEET).assign(**columns)


def kept(folder, name, frame, **options):
    """Write a table as a program does, and return its path."""
    path = folder / name
    frame.to_csv(path, index=False, **options)
    return path


@pytest.mark.parametrize("frame", [table(Year=2018), sheet(year=2018), sheet(jaar="2018-01-01")])
def test_a_column_of_years_holds_against_the_name_of_the_file(tmp_path, frame):
    assert read_kwb(kept(tmp_path, "figures.csv", frame)).year == 2018
    with pytest.raises(DataError, match=r"2018 in its column '(Year|year|jaar)', but 2019 in its name"):
        read_kwb(kept(tmp_path, "kwb-2019.csv", frame))


@pytest.mark.parametrize("name", ["{}_2018", "X2018.{}", "{}.2018", "{}2018"])
def test_a_year_in_the_names_of_columns_is_the_year_or_refused_by_name(tmp_path, name):
    def dated(frame):
        return frame.rename(columns={figure: name.format(figure) for figure in frame.columns[1:]})

    plain = table().rename(columns=lambda name: name.rsplit("_", 1)[0])
    read = read_kwb(kept(tmp_path, "figures.csv", dated(plain)))
    assert read.year == 2018
    assert read.frame["owner_occupied_share"].tolist() == [0.44, 0.61, 0.47]
    with pytest.raises(DataError, match="2018 in the name of its column"):
        read_kwb(kept(tmp_path, "kwb-2019.csv", dated(plain)))
    with pytest.raises(DataError, match="the year 2018 in the names of columns") as refused:
        read_kwb(kept(tmp_path, "sheet.csv", dated(sheet())))
    assert "into the name of the file" in refused.value.action
    assert read_kwb(kept(tmp_path, "kwb-2018.csv", sheet())).year == 2018


def test_years_side_by_side_are_refused_and_read_once_the_table_is_long(tmp_path):
    frame = sheet()
    wide = frame.merge(frame.assign(a_inw=frame["a_inw"] + 5), on="gwb_code_10", suffixes=("_2018", "_2019"))
    with pytest.raises(DataError, match=r"figures of 2 years side by side.*a_inw_2018") as refused:
        read_kwb(kept(tmp_path, "wide.csv", wide))
    assert "wide_to_long" in refused.value.action
    stubs = [name for name in SHEET.values() if name != "gwb_code_10"]
    long = pd.wide_to_long(wide, stubs, i="gwb_code_10", j="jaar", sep="_").reset_index()
    files = read_key_figures(kept(tmp_path, "long.csv", long)).files
    assert {file.year: file.frame["inhabitants_count"].tolist() for file in files} == {
        2018: [50000, 21000, 1200],
        2019: [50005, 21005, 1205],
    }


def test_one_number_behind_all_names_may_be_a_year(tmp_path):
    frame = table().rename(columns=lambda name: name if name == "Codering_3" else f"{name.rsplit('_', 1)[0]}_18")
    with pytest.raises(DataError, match="the number 18 behind all names") as refused:
        read_kwb(kept(tmp_path, "kwb-2019.csv", frame))
    assert "take the number off" in refused.value.action
    mended = frame.rename(columns=lambda name: name.removesuffix("_18")).assign(jaar=2018)
    assert read_kwb(kept(tmp_path, "mended.csv", mended)).year == 2018


def test_zeros_that_a_program_filled_in_are_no_figures_and_are_listed(tmp_path):
    frame = sheet(g_woz=[210, 240, 0], p_koopw=[44, 61, 0], p_huurw=[56, 39, 0], p_wcorpw=[30, 20, 0])
    read = read_kwb(kept(tmp_path, "kwb-2019.csv", frame))
    last = read.frame.iloc[2]
    for concept in ("woz_value_eur", "owner_occupied_share", "rented_share", "association_rented_share"):
        assert pd.isna(last[concept])
        assert last[f"{concept}_missing"] == "not_published"
    assert {(odd.line, odd.column) for odd in read.ledger.implausible} == {
        (4, name) for name in ("g_woz", "p_koopw", "p_huurw", "p_wcorpw")
    }
    unknown = read_kwb(kept(tmp_path, "kwb-2019.csv", frame.assign(p_e_o_w=[0, 0, 100])))
    assert unknown.frame["owner_occupied_share"].tolist() == [0.44, 0.61, 0.0]


def test_shares_for_percentages_are_refused_however_few_areas_there_are(tmp_path):
    one = sheet().tail(1)
    with pytest.raises(DataError, match=r"column 'p_koopw'[\s\S]*0\.47 in a column without any figure above 1"):
        read_kwb(kept(tmp_path, "kwb-2019.csv", one.assign(p_koopw=0.47)))
    low = read_kwb(kept(tmp_path, "kwb-2019.csv", one.assign(p_leegsw=0.4)))
    assert low.frame["vacant_share"].tolist() == [0.004]


def test_what_a_spreadsheet_leaves_around_a_table_is_left_out(tmp_path):
    plain = read_kwb(kept(tmp_path, "kwb-2019.csv", sheet(), sep=";"))
    text = sheet().to_csv(index=False, sep=";").replace("\n", ";;\n") + ";" * 8 + "\n"
    (tmp_path / "kwb-2019.csv").write_text(text)
    wide = read_kwb(tmp_path / "kwb-2019.csv")
    assert wide.frame.equals(plain.frame)
    assert {"empty rows at its end are left out", "empty columns at its right are left out"} <= set(wide.ledger.notes)
    (tmp_path / "kwb-2019.csv").write_text(text.replace("1200;", "1200;;", 1))
    with pytest.raises(DataError, match="line 4"):
        read_kwb(tmp_path / "kwb-2019.csv")


def test_windows_1252_is_read_and_noted_and_damaged_utf_8_is_not(tmp_path):
    frame = sheet(regio=["’s-Hove", "Oud–Zuid", "Süd"], recs=["Gemeente", "Gemeente", "Buurt"])
    path = kept(tmp_path, "kwb-2019.csv", frame, encoding="cp1252")
    read = read_kwb(path)
    assert read.frame["area_name"].tolist() == ["’s-Hove", "Oud–Zuid", "Süd"]
    assert "its text is Windows-1252, as it is no UTF-8" in read.ledger.notes
    whole = kept(tmp_path, "kwb-2019.csv", frame).read_bytes()
    for byte in "–".encode():
        path.write_bytes(whole.replace("–".encode(), "–".encode().replace(bytes([byte]), b"")))
        with pytest.raises(DataError, match="not UTF-8"):
            read_kwb(path)


def test_the_powers_that_r_writes_are_numbers_and_those_of_a_spreadsheet_have_lost_digits(tmp_path):
    read = read_kwb(kept(tmp_path, "kwb-2019.csv", sheet(a_inw=["1e+05", "21000", "1200"])))
    assert read.frame["inhabitants_count"].tolist() == [100000, 21000, 1200]
    with pytest.raises(DataError, match=r"1\.23E\+05"):
        read_kwb(kept(tmp_path, "kwb-2019.csv", sheet(a_inw=["1.23E+05", "21000", "1200"])))


def test_the_keys_of_statline_in_a_workbook_are_read(tmp_path):
    text = read_kwb(kept(tmp_path, "84583NED.csv", table()))
    table().to_excel(tmp_path / "84583NED.xlsx", index=False)
    assert read_kwb(tmp_path / "84583NED.xlsx").frame.equals(text.frame)


@pytest.mark.parametrize("make", [table, sheet])
def test_figures_joined_with_boundaries_have_their_code_as_statcode(tmp_path, make):
    frame = make().rename(columns={"Codering_3": "statcode", "gwb_code_10": "statcode"}).assign(statnaam=list("abc"))
    read = read_kwb(kept(tmp_path, "kwb-2019.csv", frame))
    assert read.frame["area_code"].tolist() == ["GM0998", "GM0997", "BU09980001"]


def test_what_stands_in_the_place_of_a_file_is_named_in_every_folder(tmp_path):
    for folder, name in (("kwb", "kwb-2019.csv"), ("kwb", "kwb-2019.xlsx"), ("boundaries", "wijk_2019.gpkg")):
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        read = read_kwb if folder == "kwb" else partial(read_boundaries, level="wijk")
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n")
        with pytest.raises(DataError, match=r"pointer of Git LFS[\s\S]*git lfs pull"):
            read(path)
        path.write_text("\n<!DOCTYPE html><html><body>Not found</body></html>")
        with pytest.raises(DataError, match="a page of HTML"):
            read(path)


def test_another_table_is_told_before_its_year_is_asked_for(tmp_path):
    other = pd.DataFrame({"RegioS": ["GM0998"], "AfstandTotSchool_60": [1.2], "AfstandTotHuisarts_5": [0.8]})
    with pytest.raises(DataError, match=r"no known column[\s\S]*move it out of the folder"):
        read_kwb(kept(tmp_path, "85231NED.csv", other))


def test_a_long_table_is_refused_and_read_once_it_is_wide(tmp_path):
    long = table().melt(id_vars="Codering_3")
    with pytest.raises(DataError, match=r"a long table[\s\S]*pivot") as refused:
        read_kwb(kept(tmp_path, "84583NED.csv", long))
    assert refused.value.found.startswith("a long table")
    wide = long.pivot_table(index="Codering_3", columns="variable", values="value").reset_index()
    assert set(read_kwb(kept(tmp_path, "84583NED.csv", wide)).frame["inhabitants_count"]) == {50000, 21000, 1200}
