"""Register extracts, project register and boundaries of the synthetic country: read back, and compared with it."""

import hashlib
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from synthetic_persons import children, person_years, persons_frame

from buurteffect.errors import ProjectError
from buurteffect.schema.microdata import (
    LASTING_EXTRACTS,
    NO_AREA,
    RUNNING,
    UNKNOWN_INCOME_EUR,
    YEARLY_EXTRACTS,
    extract_file,
    vslgwbtab,
)
from buurteffect.synthetic.country import draw_world
from buurteffect.synthetic.persons.moving_days import draw_moving_days
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import draw_persons
from buurteffect.synthetic.persons.spells import address_spells, building_days, building_objects, first_day
from buurteffect.synthetic.publishing.areas.boundary_changes import BoundaryChanges, draw_vintages
from buurteffect.synthetic.publishing.registers.extracts import cut_register, pieces_of_dwellings
from buurteffect.synthetic.publishing.registers.microdata import publish_microdata, publish_people

PERSON, OBJECT = "RINPERSOON", "RINOBJECTNUMMER"
START, END = "GBADATUMAANVANGADRESHOUDING", "GBADATUMEINDEADRESHOUDING"


@cache
def country(seed=5, size="test"):
    return draw_world(seed, size)


@pytest.fixture(scope="module")
def world():
    return country()


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    publish_people(world, folder)
    return folder


@pytest.fixture(scope="module")
def read(folder):
    return cache(lambda name, year=2022: pd.read_parquet(folder / "microdata" / extract_file(name, year)))


@pytest.fixture(scope="module")
def names(world):
    """The pseudonym of each person_id."""
    ids = np.unique(draw_persons(world).person_id)
    return pd.Series([f"999{n:09d}" for n in range(1, len(ids) + 1)], index=ids)


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


# --- the files ---------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(folder, tmp_path):
    written = publish_people(draw_world(5, "test"), tmp_path / "again")
    publish_people(country(6), tmp_path / "other")
    again, first, other = hashes(tmp_path / "again"), hashes(folder), hashes(tmp_path / "other")
    assert again == first
    assert len(written) == len(again)
    assert not [name for name in first if first[name] == other.get(name)]


@pytest.mark.parametrize("contract", LASTING_EXTRACTS, ids=lambda contract: contract.name)
def test_an_extract_over_all_years_keeps_its_contract(read, contract):
    frame = read(contract.name)
    assert len(frame) > 1000
    pd.testing.assert_frame_equal(contract.check(frame, contract.name), frame)


@pytest.mark.parametrize("contract", YEARLY_EXTRACTS, ids=lambda contract: contract.name)
@pytest.mark.parametrize("year", [2010, 2022])
def test_an_extract_of_a_year_keeps_its_contract(read, contract, year):
    frame = read(contract.name, year)
    assert len(frame) > 50
    pd.testing.assert_frame_equal(contract.check(frame, contract.name), frame)


def test_the_table_of_areas_keeps_its_contract(read):
    contract = vslgwbtab(range(1995, 2023))
    frame = read("VSLGWBTAB")
    pd.testing.assert_frame_equal(contract.check(frame, contract.name), frame)


def test_jobs_are_known_from_2010_on(folder):
    years = sorted(int(path.stem[6:10]) for path in (folder / "microdata" / "SPOLISBUS").iterdir())
    assert years == list(range(2010, 2023))


def test_no_number_can_be_a_real_one(read):
    for contract in (*LASTING_EXTRACTS, *YEARLY_EXTRACTS):
        frame = read(contract.name, 2022)
        for column in frame.columns[frame.columns.str.match("RINPERSOON[^S]|RINPERSOON$")]:
            assert frame[column].dropna().str.fullmatch("999[0-9]{9}").all()
        if OBJECT in frame:
            assert frame[OBJECT].str.fullmatch("SYN[0-9]{9}").all()
    gemeenten = read("VSLGWBTAB").filter(like="gem").to_numpy(dtype=str)
    assert set(np.unique(gemeenten.astype("U1"))) == {"9", "-"}


# --- who lives where -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [1995, 2004, 2022])
def test_the_addresses_of_a_day_are_those_of_the_world(world, read, names, year):
    spells, day = read("GBAADRESOBJECTBUS"), f"{year}0101"
    there = spells[(spells[START] <= day) & (spells[END] >= day)]
    assert there[PERSON].is_unique
    truth = person_years(world, [year])
    truth[PERSON] = truth["person_id"].map(names)
    both = there.merge(truth, on=PERSON, how="outer", indicator=True)
    assert (both["_merge"] == "both").all()
    assert both.groupby(OBJECT)["dwelling_id"].nunique().eq(1).all()
    assert both.groupby("dwelling_id")[OBJECT].nunique().eq(1).all()


def test_the_areas_of_a_dwelling_are_those_of_the_world_in_the_last_year(world, read, names):
    spells = read("GBAADRESOBJECTBUS")
    there = spells[spells[END] >= "20220101"].merge(read("VSLGWBTAB")[[OBJECT, "gem2022", "wc2022", "bc2022"]])
    truth = person_years(world, [2022])
    codes = pd.Series(truth["buurt_code"].astype(str).to_numpy(), index=truth["person_id"].map(names).to_numpy())
    assert len(there) == len(truth)
    assert ("BU" + there["bc2022"]).tolist() == codes[there[PERSON]].tolist()
    assert (there["bc2022"].str[:4] == there["gem2022"]).all()
    assert (there["bc2022"].str[:6] == there["wc2022"]).all()


def test_spells_of_a_person_never_overlap_and_some_are_cut_in_two(read):
    spells = read("GBAADRESOBJECTBUS").sort_values([PERSON, START])
    assert (spells[START] <= spells[END]).all()
    before = spells.shift()
    same = spells[PERSON] == before[PERSON]
    assert (spells[START] > before[END])[same].all()
    gap = pd.to_datetime(spells[START]) - pd.to_datetime(before[END])
    back_to_back = same & (spells[OBJECT] == before[OBJECT])
    assert (gap[back_to_back] == pd.Timedelta(days=1)).all()
    long = (pd.to_datetime(spells[END]) - pd.to_datetime(spells[START])).dt.days > 400
    assert 0.02 < back_to_back.sum() / (long.sum() + back_to_back.sum()) < 0.06
    moved = same & ~back_to_back
    assert (gap[moved] == pd.Timedelta(days=1)).mean() > 0.98


def test_the_members_of_a_household_move_on_the_same_day(world):
    persons, objects = draw_persons(world), building_objects(world)
    spells = address_spells(world, persons, objects)
    frame = pd.DataFrame(
        {
            "household": persons.household[spells.person],
            "object": spells.object,
            "start": spells.start,
            "first": persons.first_year[spells.person],
            "adult": persons.slot[spells.person] < 2,
        }
    )
    late = frame[frame["start"] > first_day(1997)]
    settled = late[(first_day(late["first"].to_numpy()) < late["start"] - 730) & late["adult"]]
    days = settled.drop_duplicates(["household", "object", "start"]).groupby(["household", "object"]).size()
    # More than one day means an administrative cut, or a household that came back.
    assert (days == 1).mean() > 0.90


def stays_of_households(world):
    """Unbroken stays of households at objects, from the first day of a member to the last, and the objects."""
    persons, objects = draw_persons(world), building_objects(world)
    spells = address_spells(world, persons, objects)
    values = {"household": persons.household[spells.person], "object": spells.object}
    frame = pd.DataFrame(values | {"start": spells.start, "end": spells.end})
    frame = frame.sort_values(["object", "household", "start"], ignore_index=True)
    until = frame.groupby(["object", "household"])["end"].cummax()
    fresh = frame["start"] > until.shift() + 1
    fresh |= frame["object"].ne(frame["object"].shift()) | frame["household"].ne(frame["household"].shift())
    stays = frame.groupby(fresh.cumsum()).agg(
        object=("object", "first"), household=("household", "first"), start=("start", "min"), end=("end", "max")
    )
    return stays.sort_values(["object", "start"], ignore_index=True), objects


@pytest.mark.parametrize(("seed", "size"), [(5, "test"), (6, "test"), (7, "test"), (8, "test"), (5, "default")])
def test_no_stay_is_outside_its_building_and_no_dwelling_holds_two_households_on_a_day(seed, size):
    stays, objects = stays_of_households(country(seed, size))
    completed, demolished = building_days(country(seed, size), objects)
    of = stays["object"].to_numpy()
    assert (stays["start"].to_numpy() >= completed[of]).all()
    gone = demolished[of] >= 0
    assert gone.sum() > 50
    assert (stays["end"].to_numpy() < demolished[of])[gone].all()
    until = stays.groupby("object")["end"].cummax().shift()
    same = stays["object"].eq(stays["object"].shift())
    assert (stays["start"] > until)[same].all()


def test_what_is_demolished_is_left_by_may_and_what_replaces_it_entered_from_august_on(read):
    life, spells = read("LEVCYCLWOONNIETWOONBUS"), read("GBAADRESOBJECTBUS")
    life = life.set_index(OBJECT)
    gone = life[life["EINDLEVCYCLWOONNIETWOON"] != RUNNING]
    new = life[life["AANVLEVCYCLWOONNIETWOON"] >= "19950101"]
    assert len(gone) == len(new) > 20
    assert set(gone["EINDLEVCYCLWOONNIETWOON"].str[4:6]) == {"06"}
    assert set(new["AANVLEVCYCLWOONNIETWOON"].str[4:6]) == {"07"}
    assert (new["AANVLEVCYCLWOONNIETWOON"].str[:4] == new["VBOBOUWJAAR"]).all()
    assert (life["AANVLEVCYCLWOONNIETWOON"].str[:4] == life["VBOBOUWJAAR"]).all()
    left = spells.groupby(OBJECT)[END].max()[gone.index]
    entered = spells.groupby(OBJECT)[START].min()[new.index]
    assert (left.str[4:] < "0601").all()
    assert (left.str[:4] == gone["EINDLEVCYCLWOONNIETWOON"].str[:4]).all()
    assert (entered.str[4:] >= "0801").all()
    assert (entered.str[:4] == new["VBOBOUWJAAR"]).all()


def test_a_chain_a_ring_and_a_rebuilt_place_have_days_in_their_order(world):
    # Places 0 to 2: household 0 ends, 1 takes its place, 2 that of 1, and the new 6 that of 2. Places 3 and 4 trade.
    # Place 5 is rebuilt around household 5.
    grid = np.array([[0, 1, 2, 3, 4, 5], [1, 2, 6, 4, 3, 5]], dtype=np.int32)
    some = replace(world.households, **{n: getattr(world.households, n)[:7] for n in vars(world.households)})
    residence = replace(world.residence, years=np.array([2001, 2002]), household=grid)
    objects = np.array([[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 6]], dtype=np.int32)
    for seed in range(20):
        days = draw_moving_days(replace(world, seed=seed, residence=residence, households=some), objects)
        into, out = days.into[1].astype(int), days.out[1].astype(int)
        assert out[0] <= into[0] == out[1] <= into[1] == out[2] <= into[2]
        assert into[3] == out[3] == into[4] == out[4]
        assert out[5] < 150 < 212 < into[5]
        assert min(into.min(), out.min()) >= 1
        assert max(into.max(), out.max()) <= 364
    assert (days.into[0] == 0).all()


def test_the_number_of_a_dwelling_says_nothing_of_its_place(read):
    areas = read("VSLGWBTAB").sort_values(OBJECT)
    next_door = areas["bc2022"].eq(areas["bc2022"].shift())
    assert next_door.mean() < 0.05


def test_a_building_in_the_place_of_another_is_another_object(world, read):
    built = world.residence.built_year
    rebuilt = int((built[1:] != built[:-1]).sum())
    assert rebuilt > 20
    life = read("LEVCYCLWOONNIETWOONBUS")
    assert len(life) == len(world.residence.buurt) + rebuilt
    gone = life[life["EINDLEVCYCLWOONNIETWOON"] != RUNNING].set_index(OBJECT)
    assert len(gone) == rebuilt
    assert (life["AANVLEVCYCLWOONNIETWOON"] < life["EINDLEVCYCLWOONNIETWOON"]).all()
    last_year = gone["EINDLEVCYCLWOONNIETWOON"].str[:4].astype(int)
    areas = read("VSLGWBTAB").set_index(OBJECT)
    for name, year in last_year.head(30).items():
        assert areas.loc[name, f"bc{year}"] != NO_AREA
        assert areas.loc[name, f"bc{year + 1}"] == NO_AREA


def test_codes_of_earlier_years_are_those_of_the_vintage(world, tmp_path):
    vintages = draw_vintages(world, BoundaryChanges(share_per_year=0.2))
    publish_microdata(world, tmp_path, vintages=vintages)
    areas = pd.read_parquet(tmp_path / extract_file("VSLGWBTAB", 2022))
    piece = pieces_of_dwellings(world, vintages)
    assert (vintages.buurt[piece] == world.residence.buurt).all()
    share = np.bincount(piece, minlength=len(vintages.share)) / 60
    assert np.abs(share - vintages.share).max() <= 1 / 60 + 1e-9
    objects = building_objects(world)
    register = cut_register(world, draw_persons(world), objects, 1.0, PeopleParameters())
    row = pd.Series(np.arange(len(objects.place)), index=register.object_names.to_pylist())
    for year in (1995, 2009, 2022):
        standing = areas[areas[f"bc{year}"] != NO_AREA]
        place = objects.place[row[standing[OBJECT]]]
        assert standing[f"bc{year}"].tolist() == vintages.codes[year][piece[place]].tolist()
    assert (areas["bc1995"] != areas["bc2022"]).mean() > 0.05


# --- what is known of them ---------------------------------------------------------------------------------------


def test_incomes_are_those_of_the_world_but_for_a_few_unknown(world, read, names):
    incomes, links = read("INHATAB", 2012), read("KOPPELPERSOONHUISHOUDEN", 2012)
    truth = person_years(world, [2012])
    truth[PERSON] = truth["person_id"].map(names)
    assert set(links["RINPERSOONHKW"]) == set(incomes["RINPERSOONHKW"])
    both = truth.merge(links, on=PERSON, validate="one_to_one").merge(incomes, on="RINPERSOONHKW")
    assert len(both) == len(truth)
    unknown = both["INHGESTINKH"] == UNKNOWN_INCOME_EUR
    assert 0 < unknown.mean() < 0.02
    assert (both["INHEHALGR"] == "9").equals(unknown)
    known = both[~unknown]
    np.testing.assert_allclose(known["INHGESTINKH"], known["income_eur"], rtol=0, atol=0.51)
    owner = known["tenure"] == "owner"
    assert (known.loc[owner, "INHEHALGR"] == "1").all()
    assert known.loc[~owner, "INHEHALGR"].isin(["2", "3"]).all()
    size = both.groupby("RINPERSOONHKW").size()
    assert size.to_dict() == incomes.set_index("RINPERSOONHKW")["INHAHL"].to_dict()


def test_work_and_benefits_are_those_of_the_world(world, read, names):
    truth = person_years(world, [2012])
    truth[PERSON] = truth["person_id"].map(names)
    assert set(read("SPOLISBUS", 2012)[PERSON]) == set(truth.loc[truth["employed"], PERSON])
    spells = read("SECMBUS")
    there = spells[(spells["AANVSECM"] <= "20120101") & (spells["EINDSECM"] >= "20120101")]
    both = truth.merge(there, on=PERSON, validate="one_to_one")
    assert len(both) == len(truth)
    assert (both["SECM"] == "11").equals(both["employed"])
    assert (both["SECM"] == "22").equals(both["benefit"] == "social_assistance")
    assert (both["SECM"] == "21").equals(both["benefit"] == "unemployment")


def test_ownership_and_value_follow_the_world(world, read):
    values = read("EIGENDOMWOZTAB", 2010)
    assert len(values) == len(world.residence.buurt)
    tenure = world.residence.tenure[15]
    found = values["TYPEEIGENAAR"].value_counts(normalize=True)
    for letter, code in {"W": 0, "E": 1, "O": 2}.items():
        assert found[letter] == pytest.approx((tenure == code).mean())
    mean = np.exp(world.history.log_woz[15]).mean()
    assert values["WOZWAARDE"].mean() == pytest.approx(mean, rel=0.03)


def test_the_ranks_of_children_are_published_when_they_turn_28_if_they_are_in_the_country(world, read, names):
    truth = children(world)
    turning = truth[truth["birth_year"] == 1990]
    turning = turning.set_index(turning["person_id"].map(names))
    here = turning[turning.index.isin(set(person_years(world, [2018])["person_id"].map(names)))]
    ranks = read("INPATAB", 2018).set_index(PERSON)["INPP100PPERS"]
    expected = np.clip(np.ceil(here["adult_rank"]), 1, 100)
    assert 50 < len(ranks) == len(here) < len(turning)
    assert ranks[here.index].tolist() == expected.tolist()


def test_children_have_the_adults_of_the_household_of_their_childhood_as_parents(world, read, names):
    frame = persons_frame(draw_persons(world), world)
    frame[PERSON] = frame["person_id"].map(names)
    child = frame[frame["role"] == "child"].set_index(PERSON)["household_id"]
    adults = frame[frame["role"] != "child"].groupby(PERSON)["household_id"].agg(set)
    sex = frame.drop_duplicates(PERSON).set_index(PERSON)["sex"]
    parents = read("KINDOUDERTAB")
    assert set(parents[PERSON]) == set(child.index)
    assert parents[PERSON].is_unique
    assert parents[["RINPERSOONpa", "RINPERSOONMa"]].notna().any(axis=1).all()
    for column in ("RINPERSOONpa", "RINPERSOONMa"):
        known = parents[parents[column].notna()]
        pairs = zip(child[known[PERSON]], adults[known[column]], strict=True)
        assert all(home in homes for home, homes in pairs)
    mothers = parents["RINPERSOONMa"].dropna()
    assert (sex[mothers] == "female").mean() > 0.97


def test_a_life_goes_on_from_the_parental_home_to_a_household_of_ones_own(world, read):
    links, parents = read("KOPPELPERSOONHUISHOUDEN", 2022), read("KINDOUDERTAB")
    born = read("GBAPERSOONTAB").set_index(PERSON)["GBAGEBOORTEJAAR"].astype(int)
    grown = parents[parents[PERSON].map(born).between(1980, 1990)]
    now = grown.merge(links, on=PERSON)
    own = (now["RINPERSOONHKW"] != now["RINPERSOONpa"]) & (now["RINPERSOONHKW"] != now["RINPERSOONMa"])
    assert len(now) > 0.75 * len(grown)
    assert own.all()
    spells = read("GBAADRESOBJECTBUS")
    homes = spells[spells[PERSON].isin(set(now[PERSON]))].groupby(PERSON)[OBJECT].nunique()
    assert (homes > 1).all()


def test_a_part_of_the_country_has_whole_lives_and_the_same_names(world, read, tmp_path):
    publish_microdata(world, tmp_path, gemeente_share=0.2)
    some = pd.read_parquet(tmp_path / extract_file("GBAADRESOBJECTBUS", 2022))
    whole = read("GBAADRESOBJECTBUS")
    assert 0.05 < some[PERSON].nunique() / whole[PERSON].nunique() < 0.9
    theirs = whole[whole[PERSON].isin(set(some[PERSON]))]
    pd.testing.assert_frame_equal(some, theirs.reset_index(drop=True))
    gemeenten = some.merge(pd.read_parquet(tmp_path / extract_file("VSLGWBTAB", 2022))[[OBJECT, "gem2022"]])
    assert len(set(gemeenten["gem2022"])) > 1
    links, incomes = (pd.read_parquet(tmp_path / extract_file(n, 2010)) for n in ("KOPPELPERSOONHUISHOUDEN", "INHATAB"))
    whole_links, persons = read("KOPPELPERSOONHUISHOUDEN", 2010), set(some[PERSON])
    theirs = whole_links[whole_links[PERSON].isin(persons)].reset_index(drop=True)
    pd.testing.assert_frame_equal(links, theirs)
    assert set(incomes["RINPERSOONHKW"]) == set(links["RINPERSOONHKW"])


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_share_that_is_none_is_refused(world, tmp_path, share):
    with pytest.raises(ProjectError, match="gemeente_share"):
        publish_microdata(world, tmp_path, gemeente_share=share)
