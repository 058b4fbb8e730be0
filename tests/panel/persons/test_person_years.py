"""The person panel, the places of dwellings, treatment by demolition, and residents followed wherever they live."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from buurteffect.errors import DataError, ProjectError
from buurteffect.panel.persons.demolition import read_dwelling_lives, treated_buurten
from buurteffect.panel.persons.dwellings import dwelling_places
from buurteffect.panel.persons.person_years import (
    COLUMNS,
    dwelling_pseudonyms,
    person_pseudonyms,
    read_person_years,
)
from buurteffect.panel.persons.residents import residents_of_areas, residents_of_blocks
from buurteffect.panel.persons.study import PersonStudy, compared_buurten
from buurteffect.schema.microdata import UNKNOWN_INCOME_EUR, extract_file

YEARS = (2001, 2002)
PERSONS = ("P1", "P2", "P3", "P4")
SPELLS = [
    ("P3", "20010101", "20010630", "D2"),
    ("P3", "20010701", "20021231", "D3"),
    ("P1", "20010101", "20021231", "D1"),
    ("P2", "20010101", "20021231", "D1"),
    ("P4", "20010601", "20021231", "D3"),
]


def write(folder: Path, name: str, year: int, columns: dict[str, list[object]]) -> None:
    """Write one extract."""
    path = folder / extract_file(name, year)
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_parquet(path, index=False)


def kinds(column: str, values: list[str], kind: str = "R") -> dict[str, list[object]]:
    """Return the kind of a record beside its pseudonym."""
    return {
        column: [kind] * len(values),
        column.replace("SOORT", "RIN").replace("RINPERSOONS", "RINPERSOON"): [*values],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write extracts of four persons in three dwellings; D2 is demolished in 2001, in a buurt that is split in 2002."""
    extracts = tmp_path / "microdata"
    person = kinds("RINPERSOONS", [row[0] for row in SPELLS])
    spells = person | {
        "GBADATUMAANVANGADRESHOUDING": [row[1] for row in SPELLS],
        "GBADATUMEINDEADRESHOUDING": [row[2] for row in SPELLS],
        "SOORTOBJECTNUMMER": ["D"] * len(SPELLS),
        "RINOBJECTNUMMER": [row[3] for row in SPELLS],
    }
    write(extracts, "GBAADRESOBJECTBUS", 2002, spells)
    register = kinds("RINPERSOONS", list(PERSONS)) | {
        "GBAGEBOORTEJAAR": ["1960", "1965", "1990", "1970"],
        "GBAGESLACHT": ["1", "2", "1", "2"],
        "GBAHERKOMSTGROEPERING": ["S00", "S11", "S01", "S00"],
    }
    write(extracts, "GBAPERSOONTAB", 2002, register)
    work = kinds("RINPERSOONS", ["P1", "P1", "P2"]) | {
        "AANVSECM": ["20010101", "20010601", "20010101"],
        "EINDSECM": ["20010531", "20021231", "20021231"],
        "SECM": ["11", "22", "25"],
    }
    write(extracts, "SECMBUS", 2002, work)
    objects = {"SOORTOBJECTNUMMER": ["D"] * 3, "RINOBJECTNUMMER": ["D1", "D2", "D3"]}
    areas = {"gem2001": ["0001", "0001", "0002"], "wc2001": ["000101", "000101", "000201"],
             "bc2001": ["00010101", "00010102", "00020101"], "gem2002": ["0001", "----", "0002"],
             "wc2002": ["000101", "----", "000201"], "bc2002": ["00010101", "----", "00020101"]}  # fmt: skip
    write(extracts, "VSLGWBTAB", 2002, objects | areas)
    lives = {"AANVLEVCYCLWOONNIETWOON": ["19700101", "19600101", "20010301"],
             "EINDLEVCYCLWOONNIETWOON": ["88888888", "20010815", "88888888"],
             "VBOBOUWJAAR": ["1970", "1960", "2001"]}  # fmt: skip
    write(extracts, "LEVCYCLWOONNIETWOONBUS", 2002, objects | lives)
    members = {
        2001: [("P1", "P1"), ("P2", "P1"), ("P3", "P3")],
        2002: [("P1", "P1"), ("P2", "P1"), ("P3", "P4"), ("P4", "P4")],
    }
    incomes = {2001: {"P1": 20_000, "P3": 10_000}, 2002: {"P1": 21_000, "P4": UNKNOWN_INCOME_EUR}}
    for year in YEARS:
        pairs = members[year]
        links = kinds("RINPERSOONS", [who for who, _ in pairs]) | {
            "RINPERSOONSHKW": ["R"] * len(pairs),
            "RINPERSOONHKW": [head for _, head in pairs],
        }
        write(extracts, "KOPPELPERSOONHUISHOUDEN", year, links)
        heads = list(incomes[year])
        amounts = {
            n: list(incomes[year].values()) for n in ("INHBESTINKH", "INHGESTINKH", "INHBRUTINKH", "INHPRIMINKH")
        }
        households = {"RINPERSOONSHKW": ["R"] * len(heads), "RINPERSOONHKW": heads}
        write(
            extracts,
            "INHATAB",
            year,
            households | amounts | {"INHEHALGR": ["1"] * len(heads), "INHAHL": [1] * len(heads)},
        )
        values = {
            "VBOEIGENDOM": ["E", "H", "H"],
            "TYPEEIGENAAR": ["E", "W", "O"],
            "WOZWAARDE": [100_000, 50_000, 80_000],
        }
        write(extracts, "EIGENDOMWOZTAB", year, objects | values)
    crosswalk = tmp_path / "crosswalk"
    crosswalk.mkdir()
    lines = [
        "year_from,year_to,source,target,n_addresses",
        "2001,2002,00010102,00010103,30",
        "2001,2002,00010102,00010104,70",
    ]
    (crosswalk / "crosswalk_buurt.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return extracts


def test_a_row_stands_for_each_person_with_an_address_on_1_january(folder: Path) -> None:
    people = read_person_years(folder)
    assert tuple(people.columns) == COLUMNS
    assert list(zip(people["person"], people["year"], strict=True)) == [
        (0, 2001), (0, 2002), (1, 2001), (1, 2002), (2, 2001), (2, 2002), (3, 2002),
    ]  # fmt: skip
    assert person_pseudonyms(folder).tolist() == list(PERSONS)
    assert dwelling_pseudonyms(folder).tolist() == ["D1", "D2", "D3"]
    assert people["person"].dtype == people["household"].dtype == people["dwelling"].dtype == np.int32


def test_members_have_the_income_of_their_main_earner(folder: Path) -> None:
    people = read_person_years(folder).set_index(["person", "year"])
    assert people.loc[(1, 2001), "household"] == 0
    assert people.loc[(1, 2001), "income_eur"] == 20_000
    assert people.loc[(1, 2001), "log_income"] == pytest.approx(np.log(20_000))
    assert not people.loc[(1, 2001), "main_earner"]
    assert people.loc[(2, 2002), "household"] == 3


def test_unknown_incomes_are_missing_and_the_person_stays(folder: Path) -> None:
    people = read_person_years(folder).set_index(["person", "year"])
    row = people.loc[(3, 2002)]
    assert np.isnan(row["income_eur"]) and np.isnan(row["log_income"])
    assert pd.isna(row["low_income"])


def test_age_sex_origin_and_work_are_those_of_1_january(folder: Path) -> None:
    people = read_person_years(folder).set_index(["person", "year"])
    assert people.loc[(0, 2002), "age"] == 41
    assert (people.loc[(1, 2001), "sex"], people.loc[(1, 2001), "origin"]) == ("female", "morocco")
    assert people.loc[(1, 2001), "origin_nonwestern"] and not people.loc[(2, 2001), "origin_nonwestern"]
    assert bool(people.loc[(0, 2001), "employed"]) and not bool(people.loc[(0, 2002), "employed"])
    assert pd.isna(people.loc[(2, 2001), "employed"])


def test_a_demolished_dwelling_lies_in_the_part_that_took_most_addresses(folder: Path) -> None:
    people = read_person_years(folder).set_index(["person", "year"])
    row = people.loc[(2, 2001)]
    assert (row["buurt_code"], row["wijk_code"], row["gemeente_code"]) == ("BU00010104", "WK000101", "GM0001")
    assert row["tenure"] == "association"


def test_two_addresses_on_one_day_are_refused_without_naming_anybody(folder: Path) -> None:
    path = folder / extract_file("GBAADRESOBJECTBUS", 2002)
    spells = pd.read_parquet(path)
    more = spells[spells["RINPERSOON"] == "P1"].assign(RINOBJECTNUMMER="D3", GBADATUMAANVANGADRESHOUDING="20010102")
    pd.concat([spells, more]).to_parquet(path, index=False)
    with pytest.raises(DataError, match="1 persons at more than one address") as refusal:
        read_person_years(folder)
    assert "P1" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "year", "column"),
    [
        ("EIGENDOMWOZTAB", 2001, "RINOBJECTNUMMER"),
        ("GBAPERSOONTAB", 2002, "RINPERSOON"),
        ("VSLGWBTAB", 2002, "RINOBJECTNUMMER"),
    ],
)
def test_extracts_that_lack_what_is_inhabited_are_refused(folder: Path, name: str, year: int, column: str) -> None:
    path = folder / extract_file(name, year)
    frame = pd.read_parquet(path)
    frame[frame[column] != frame[column].iloc[0]].to_parquet(path, index=False)
    with pytest.raises(DataError, match=name):
        read_person_years(folder)


def test_a_crosswalk_that_is_not_there_is_asked_for(folder: Path) -> None:
    (folder.parent / "crosswalk" / "crosswalk_buurt.csv").unlink()
    with pytest.raises(DataError, match="no crosswalk of buurten"):
        dwelling_places(folder, dwelling_pseudonyms(folder))


def test_treatment_begins_with_the_first_demolition(folder: Path) -> None:
    lives = read_dwelling_lives(folder, dwelling_pseudonyms(folder))
    assert lives["demolished_year"].tolist()[1] == 2001
    found = treated_buurten(pd.Series(["A", "A", "B"]), lives, 2001, 0.05).set_index("area_code")
    assert found.loc["A", "cohort_year"] == 2001
    assert found.loc["A", "dose_share"] == pytest.approx(0.5)
    assert (found.loc["B", "status"], found.loc["A", "status"]) == ("untreated", "treated")
    least = treated_buurten(pd.Series(["A", "A", "B"]), lives, 2001, 0.9).set_index("area_code")
    assert least.loc["A", "status"] == "below the least dose"
    assert np.isnan(least.loc["A", "cohort_year"])


def test_study_says_what_is_compared(folder: Path) -> None:
    study = PersonStudy.read(folder)
    areas = study.compared(0.5)
    assert set(areas["area_code"]) == {"BU00010104"}
    table = compared_buurten(study, areas).set_index("status")
    assert table["areas_count"].sum() == len(study.areas)
    assert table.loc["treated", "demolished_count"] == 1


def made_study(years: range = range(2000, 2011)) -> PersonStudy:
    """Return a study of 4 buurten of 6 persons: BU1 is treated in 2003, its first two dwellings go in 2003 and 2010."""
    rows = []
    for person in range(24):
        home = person // 6
        for year in years:
            area = "BU2" if person == 0 and year >= 2004 else f"BU{home + 1}"
            if person == 3 and year >= 2006:
                continue
            rows.append(
                (person, year, area, 10.0 + 0.1 * (year - 2000) + 0.01 * person, person in (0, 2, 4) or person > 5)
            )
    people = pd.DataFrame(rows, columns=["person", "year", "buurt_code", "log_income", "main_earner"])
    people["main_earner"] = True
    people["buurt_code"] = people["buurt_code"].astype("category")
    people["wijk_code"] = (
        people["buurt_code"].astype("str").map({"BU1": "WK1", "BU2": "WK1"}).fillna("WK2").astype("category")
    )
    people["tenure"] = pd.Categorical(["association"] * len(people), ["association", "owner"])
    people["employed"] = pd.array([True] * len(people), dtype="boolean")
    people["age"], people["sex"], people["origin_nonwestern"] = people["year"] - 1971, "male", False
    goes = {0: 2003.0, 1: 2010.0}
    people["demolished_year"] = people["person"].map(goes).where(people["buurt_code"] == "BU1").astype(float)
    areas = pd.DataFrame({"area_code": ["BU1", "BU2", "BU3", "BU4"], "gemeente_code": ["GM1", "GM1", "GM1", "GM2"]})
    areas["cohort_year"], areas["built_owner_share"] = [2003.0, np.nan, np.nan, np.nan], [0.5, 0.0, 0.0, 0.0]
    areas["status"] = ["treated", "untreated", "untreated", "untreated"]
    return PersonStudy(people, areas, pd.DataFrame())


def test_residents_of_the_year_before_are_followed_wherever_they_live() -> None:
    frame = residents_of_areas(made_study(), (-1, 1, 2, 5)).frame.set_index("person")
    assert frame["treated"].sum() == 6
    assert set(frame["gemeente_code"]) == {"GM1"}
    assert frame.loc[0, "log_income_5"] == pytest.approx(10.7, abs=1e-5)
    assert (frame.loc[0, "in_buurt_2"], frame.loc[0, "in_wijk_2"], frame.loc[0, "in_buurt_1"]) == (0.0, 1.0, 1.0)
    assert frame.loc[3, "in_register_5"] == 0.0
    assert np.isnan(frame.loc[3, "log_income_5"]) and np.isnan(frame.loc[3, "in_buurt_5"])
    assert frame.loc[3, "log_income_mean"] == pytest.approx(np.mean([10.33, 10.43]), abs=1e-5)
    assert frame.loc[1, "area_income"] == pytest.approx(frame.loc[[0, 1, 2, 3, 4, 5], "log_income"].mean(), abs=1e-5)


def test_residents_of_a_block_are_compared_with_those_demolished_after_the_last_look() -> None:
    found = residents_of_blocks(made_study(), (1, 2, 3)).frame
    first = found[found["cohort"] == 2003]
    assert first["person"].tolist() == [0, 1]
    assert first["treated"].tolist() == [True, False]
    with pytest.raises(ProjectError, match="no cohort"):
        residents_of_blocks(made_study(), (1, 9))
