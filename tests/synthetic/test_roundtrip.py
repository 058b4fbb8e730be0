"""What is published about a simulated country reads back as what it was made from, file by file and harmonised.

The true values are added up here from the census and the pieces of the buurten, without the writers' code; only
which concepts a year has, and below what size they are withheld, is taken from the writers' list of columns.
"""

import shutil
from collections import Counter

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hand_made_country import BUSY, fake_census, fake_world
from one_table import read_kwb

from buurteffect import panel
from buurteffect.errors import DataError
from buurteffect.panel.harmonise.weights import Crosswalk
from buurteffect.panel.inputs.key_figures import assemble_key_figures, stack_files
from buurteffect.schema import CONCEPTS
from buurteffect.sources.geography.crosswalk import read_crosswalk
from buurteffect.synthetic.country import draw_world
from buurteffect.synthetic.publishing.areas import publish_areas
from buurteffect.synthetic.publishing.areas.boundary_changes import KWB_YEARS, draw_vintages, true_crosswalk
from buurteffect.synthetic.publishing.areas.columns import columns_of
from buurteffect.synthetic.publishing.areas.figures import census_by_year
from buurteffect.synthetic.publishing.areas.kwb import LAYOUTS, publish_year
from buurteffect.synthetic.publishing.areas.true_figures import census as simulated_census

VALUED = {1995: 1995, 1997: 1995, 1999: 1995, 2001: 1999, 2003: 1999, 2004: 1999, 2005: 2003, 2006: 2003, 2007: 2005}
WIDTHS = {"land": 0, "gemeente": 4, "wijk": 6, "buurt": 8}
PREFIXES = {"land": "NL00", "gemeente": "GM", "wijk": "WK", "buurt": "BU"}
ORIGIN_PARTS = ("origin_morocco_count", "origin_antilles_count", "origin_suriname_count", "origin_turkey_count",
                "origin_other_nonwestern_count")  # fmt: skip
TENURES = ("owner_occupied_share", "rented_share", "association_rented_share", "other_rented_share")
TYPED = {"typed", "pages", "observations"}
EXACT = 1e-9


@pytest.fixture(scope="module")
def country():
    return fake_world()


@pytest.fixture(scope="module")
def vintages(country):
    return draw_vintages(country, BUSY)


@pytest.fixture(scope="module")
def census(country):
    return census_by_year(country, fake_census(country))


@pytest.fixture(scope="module")
def published(country, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    publish_areas(country, fake_census(country), folder, BUSY)
    return folder


@pytest.fixture(scope="module")
def paths(published):
    tables = [path for path in (published / "kwb").rglob("*") if path.suffix in (".xlsx", ".csv")]
    return [*tables, *(published / "kwb").rglob("TypedDataSet.json")]


@pytest.fixture(scope="module")
def files(paths):
    return {file.year: file for file in map(read_kwb, paths)}


@pytest.fixture(scope="module")
def levels(published, files):
    crosswalks = {
        file.level: Crosswalk(file.frame) for file in map(read_crosswalk, (published / "crosswalk").glob("*.csv"))
    }
    return assemble_key_figures(stack_files(list(files.values())), crosswalks, 2022)


def family(year):
    return "statline" if year >= 2019 else LAYOUTS[year]


def true_rows(census, year):
    """The census of a year, with dwellings at the value of the date at which that year values them."""
    return census[year].assign(woz_value_eur=census[VALUED.get(year, year - 1)]["woz_value_eur"])


def true_areas(vintages, census, year):
    """Add up the census over the pieces of every area of every level."""
    rows = true_rows(census, year).iloc[vintages.buurt]
    parts = []
    for level, width in WIDTHS.items():
        code = [PREFIXES[level] + code[:width] for code in vintages.codes[year]]
        columns = {}
        for name in rows:
            rule = CONCEPTS[name]
            weight = vintages.share if rule.combine in ("sum", "whole") else vintages.share * rows.get(
                rule.denominator, rows["households_count"])  # fmt: skip
            total = pd.Series(np.asarray(rows[name] * weight)).groupby(code).sum()
            columns[name] = total if rule.combine in ("sum", "whole") else total / (
                pd.Series(np.asarray(weight)).groupby(code).sum())  # fmt: skip
        parts.append(pd.DataFrame(columns))
    truth = pd.concat(parts)
    classes = np.searchsorted([500, 1000, 1500, 2500], truth["address_density_per_km2"], side="right")
    return truth.assign(urbanity_class=5.0 - classes)


def slack(concept, year, whole):
    """How far a printed value may be from the true one: half of what it is rounded to."""
    step = 10 if year <= 2009 else 5
    if concept in ("income_recipients_count",):
        return 50
    if concept.startswith(("social_assist", "disability", "unemployment", "state_pension", "education")):
        return 5
    if concept in whole:  # a whole percentage of a number that is itself rounded
        return 0.005 * whole[concept] + step / 2 + 0.005 * step
    if concept.endswith("_count"):
        return step / 2
    if concept.endswith("_share"):
        fine = year >= 2013 and any(word in concept for word in ("lowest", "highest", "low_income", "minimum"))
        return 0.0005 if fine else 0.005
    if concept == "woz_value_eur":
        return 500 / (2.20371 if year <= 2001 else 1) + 0.1
    if concept.endswith("_eur"):
        return 50
    return {"household_size_mean": 0.05, "cars_per_household_mean": 0.05, "urbanity_class": 0}.get(concept, 0.5)


def clipped(truth):
    """The national income groups are printed from 5 to 95%."""
    names = [name for name in truth if name.startswith(("lowest40", "highest20"))]
    return truth.assign(**{name: truth[name].clip(0.05, 0.95) for name in names})


@pytest.mark.parametrize("year", KWB_YEARS)
def test_every_concept_of_every_year_reads_back_as_it_was(year, files, vintages, census):
    frame = files[year].frame.set_index("area_code")
    truth = clipped(true_areas(vintages, census, year))
    listed = {column.concept: column for column in columns_of(family(year), year)}
    land = {"NL00"} if year <= 2012 else set()
    assert set(frame.index) == set(truth.index) - land
    truth = truth.loc[frame.index]
    whole = {c.concept: truth[c.percent_of] for c in listed.values() if c.percent_of}
    assert set(listed) <= set(truth)
    for concept in CONCEPTS:
        value, reason = frame[concept], frame[f"{concept}_missing"]
        if concept not in listed:
            assert (reason == "not_in_year").all(), concept
            continue
        there = value.notna()
        assert there.sum() > 100, concept
        off = (value - truth[concept]).abs() - slack(concept, year, whole)
        assert (off[there] <= EXACT * truth[concept][there].abs().clip(lower=1)).all(), concept
        assert reason[there].isna().all()


@pytest.mark.parametrize("year", KWB_YEARS)
def test_what_is_withheld_says_why(year, files):
    frame = files[year].frame
    unexplained = "not_published" if LAYOUTS[year] in TYPED else "secret"
    listed = {column.concept: column for column in columns_of(family(year), year)}
    for concept, column in listed.items():
        few = np.zeros(len(frame), dtype=bool)
        if column.threshold is not None:
            few = (frame[column.threshold_of] < column.threshold).to_numpy()
        other = np.zeros(len(frame), dtype=bool)
        if concept in ORIGIN_PARTS and column.percent_of:
            other = (frame["origin_nonwestern_count"] < 10).to_numpy()
        if concept in TENURES and "tenure_unknown_share" in listed:
            other = (frame["tenure_unknown_share"] > 0.5).to_numpy()
        reason = frame[f"{concept}_missing"]
        assert (reason[few] == "below_threshold").all(), concept
        assert (reason[other & ~few] == unexplained).all(), concept
        assert reason[~few & ~other].isna().all(), concept
    below = [c for c in listed if (frame[f"{c}_missing"] == "below_threshold").any()]
    assert len(below) >= (2 if year <= 2001 else 5)


@pytest.mark.parametrize("year", KWB_YEARS)
def test_flags_names_and_levels_read_back(year, files, vintages, country):
    frame = files[year].frame.set_index("area_code")
    flags = vintages.flags[vintages.flags["year"] == year]
    codes = flags["level"].map(PREFIXES) + flags["code"]
    expected = pd.Series(flags["flag"].to_numpy(), index=codes)
    assert frame.loc[codes, "boundary_flag"].equals(expected.rename("boundary_flag"))
    assert frame.drop(codes)["boundary_flag"].isna().all()
    assert set(frame["level"]) == set(WIDTHS) - ({"land"} if year <= 2012 else set())
    names = country.geography.gemeenten.set_index("gemeente_code")["gemeente_name"]
    ours = frame[frame.index.str[2:6].isin(names.index.str[2:])]
    assert (ours["gemeente_name"] == ("GM" + ours.index.str[2:6]).map(names)).all()
    assert frame["gemeente_name"].str.contains("synthetic|Synthetic").all()


def test_every_row_is_in_the_table_and_only_decoys_are_left_over(files):
    assert sorted(files) == list(KWB_YEARS)
    for year, file in files.items():
        assert file.ledger.balanced
        assert file.rows_count == len(file.frame) + (year == 2021)
        assert not [note for note in file.ledger.notes if "outside the years" in note]
        known = {"ID"} | {f"{stem}{tail}" for stem in ("Appartement", "Huurwoning", "Eigen woning") for tail in ("",)}
        left = {name.rsplit("_", 1)[0].replace("EigenWoning", "Eigen woning") for name in file.ledger.unmapped}
        assert left <= (known if year >= 2019 else set())


def test_no_file_reads_as_another_year(paths, files, tmp_path):
    for path in paths:
        year = next(y for y, file in files.items() if file.origin.split(" > ")[0] == path.name and file.year == y)
        if path.suffix == ".xlsx" or year == 2021:
            renamed = tmp_path / path.name.replace(str(year), str(year + 1))
            shutil.copy(path, renamed)
            with pytest.raises(DataError, match=str(year)):
                read_kwb(renamed)


def test_the_quirks_that_a_reader_must_overcome_are_in_the_files(published):
    header, row = list(openpyxl.load_workbook(published / "kwb" / "kwb-2004.xlsx").active.iter_rows(values_only=True))[
        :2
    ]
    cells = dict(zip(header, row, strict=True))
    assert "," in cells["GEM_HH_GR"]
    assert (type(cells["AANT_INW"]), type(cells["GWB_CODE"])) == (int, int)
    bulk = (published / "kwb" / "Kerncijfers_wijken_en_buurten_2019_84583NED.csv").read_text("utf-8-sig").splitlines()
    keys, country = (line.strip('"').split('";"') for line in bulk[:2])
    assert (country[1], len(country[6])) == ("NL00      ", 8)
    assert Counter(key.rsplit("_", 1)[0] for key in keys)["Huurwoning"] == 2


@pytest.mark.parametrize("year", [2019, 2020, 2021, 2022])
def test_the_layouts_of_statline_hold_the_same_figures(year, files, country, vintages, census, tmp_path):
    values = ["area_code", "boundary_flag", *CONCEPTS]
    for layout in ("untyped", "typed", "web", "pages", "observations"):
        publish_year(country, vintages, census, tmp_path / layout, year, layout)
        (path,) = [p for p in (tmp_path / layout).rglob("*.*") if p.stem not in ("DataProperties", "TableInfos")]
        file = read_kwb(path)
        assert file.year == year
        assert file.frame[values].equals(files[year].frame[values]), layout
        known = file.frame["area_name"].notna()
        assert known.any()


def test_the_published_crosswalk_is_the_true_one_but_for_noise(published, country, vintages):
    addresses = country.geography.buurten["published_dwellings"].to_numpy()
    for level, prefix in (("buurt", "BU"), ("wijk", "WK"), ("gemeente", "GM")):
        frame = read_crosswalk(published / "crosswalk" / f"crosswalk_{level}.csv").frame
        noise = 0
        for year in KWB_YEARS[:-1]:
            true = true_crosswalk(vintages, addresses, year, 2022, level)
            true = true.set_index([prefix + true["source"], prefix + true["target"]])["addresses"]
            for pair, ends in (
                ((year, 2022), ("source_code", "target_code")),
                ((2022, year), ("target_code", "source_code")),
            ):
                rows = frame[(frame["year_from"] == pair[0]) & (frame["year_to"] == pair[1])]
                found = rows.set_index(list(ends))["addresses_count"]
                strange = found[~found.index.isin(true.index)]
                assert (strange == 1).all()
                noise += len(strange)
                real = found[found.index.isin(true.index)]
                assert (real - true[real.index]).abs().max() <= 0.5
                unlisted = true[~true.index.isin(found.index)]
                assert (unlisted.index.get_level_values(0) == unlisted.index.get_level_values(1)).all()
        assert noise >= 2 * (len(KWB_YEARS) - 1)


def exact_changes(frame):
    return frame["change"].isin(["unchanged", "recoded", "merged"])


def test_recoded_and_merged_buurten_are_harmonised_exactly(levels, country, census):
    frame = levels["buurt", "harmonised"].frame
    codes = country.geography.buurten["buurt_code"]
    seen = Counter()
    for year in KWB_YEARS:
        rows = frame[frame["year"] == year].set_index("area_code")
        assert sorted(rows.index) == sorted(codes)
        truth = clipped(true_rows(census, year)).loc[rows.index]
        exact = exact_changes(rows)
        listed = {column.concept: column for column in columns_of(family(year), year)}
        for concept, column in listed.items():
            if concept in ("household_wealth_median_eur", "urbanity_class"):
                continue
            whole = {concept: truth[column.percent_of]} if column.percent_of else {}
            allowed = slack(concept, year, whole)
            if CONCEPTS[concept].combine in ("sum", "whole"):  # every part of a merged area was rounded by itself
                per_part = slack(concept, year, {}) + (0.005 * 10 if whole else 0)
                allowed = per_part * rows["sources_count"] + (0.005 * truth[column.percent_of] if whole else 0)
            there = exact & rows[concept].notna()
            off = (rows[concept] - truth[concept]).abs() - allowed
            assert (off[there] <= EXACT * truth[concept][there].abs().clip(lower=1)).all(), (year, concept)
        seen.update(rows["change"])
    assert min(seen[change] for change in ("unchanged", "recoded", "merged", "split")) >= 20


def test_split_buurten_are_bounded_by_those_they_were_one_with(levels, vintages, census):
    """A share of an area that was part of a larger one lies between those of all areas that it was tied to."""
    frame = levels["buurt", "harmonised"].frame
    checked = 0
    for year in KWB_YEARS[4:-1]:
        rows = frame[frame["year"] == year].set_index("area_code")
        truth = true_rows(census, year)
        tied = _tied(vintages, year)
        for code in rows.index[rows["change"].isin(["split", "mixed"])]:
            group = truth.loc[tied[code]]
            total = group["inhabitants_count"].sum()
            assert -EXACT <= rows.loc[code, "inhabitants_count"] <= total + 5 * 2 * len(group)
            low, high = group["single_family_share"].min(), group["single_family_share"].max()
            if not np.isnan(rows.loc[code, "single_family_share"]):
                assert low - 0.006 <= rows.loc[code, "single_family_share"] <= high + 0.006
            checked += 1
        for code, members in tied.items():
            ours = rows.loc[members, "inhabitants_count"]
            parts = 2 * len(members) + (vintages.buurt[:, None] == 0).sum()
            assert abs(ours.sum() - truth.loc[members, "inhabitants_count"].sum()) <= 5 * parts, code
    assert checked >= 50


def _tied(vintages, year):
    """Return for every buurt of the last year those that it shares areas of a year with, directly or not."""
    last = "BU" + pd.Series(vintages.codes[2022]).astype("str")
    group = {code: code for code in last}

    def root(code):
        while group[code] != code:
            code = group[code]
        return code

    first = {}
    for then, now in zip(vintages.codes[year], last, strict=True):
        group[root(now)] = root(first.setdefault(then, now))
    members = {}
    for code in sorted(set(last)):
        members.setdefault(root(code), []).append(code)
    return {code: found for found in members.values() for code in found}


@pytest.mark.parametrize("level", ["buurt", "wijk", "gemeente"])
def test_nothing_is_lost_or_gained_per_gemeente(levels, level):
    done = levels[level, "harmonised"]
    assert set(done.frame["year"]) == set(KWB_YEARS)
    assert (done.ledger["rows_left_out"] == 0).all()
    assert done.conservation["difference"].abs().max() < 1e-6
    assert len(done.conservation) == 2 * 8 * len(KWB_YEARS)


def test_wijken_only_ever_change_their_codes(levels, country, census):
    frame = levels["wijk", "harmonised"].frame
    assert set(frame["change"]) == {"unchanged", "recoded"}
    wijk = country.geography.buurten["wijk_code"].to_numpy()
    for year in KWB_YEARS:
        people = census[year]["inhabitants_count"].groupby(wijk).sum()
        rows = frame[frame["year"] == year].set_index("area_code")["inhabitants_count"]
        assert (rows - people).abs().max() <= 5


def test_unchanged_areas_are_those_of_which_no_boundary_moved(files, published, vintages, country):
    frame = stack_files([file for year, file in files.items() if year >= 2003])
    crosswalk = read_crosswalk(published / "crosswalk" / "crosswalk_buurt.csv").frame
    kept = set(
        assemble_key_figures(frame, {"buurt": Crosswalk(crosswalk)}, 2022)["buurt", "unchanged_only"].frame["area_code"]
    )
    expected = set()
    for position, code in enumerate(country.geography.buurten["buurt_code"]):
        ours = vintages.buurt == position
        names = [set(vintages.codes[year][ours]) for year in range(2003, 2023)]
        alone = all(
            len(name) == 1 and (np.isin(vintages.codes[year], list(name)) == ours).all()
            for year, name in zip(range(2003, 2023), names, strict=True)
        )
        if alone:
            expected.add(code)
    assert kept == expected
    assert 10 < len(kept) < 90


def test_the_whole_folder_is_read_and_every_file_in_it_accounted_for(published):
    found = panel.read_folder(published)
    assert sorted(file.year for file in found.key_figures) == list(KWB_YEARS)
    assert sorted(found.levels) == ["buurt", "pc4", "wijk"]
    assert sorted(found.crosswalks) == ["buurt", "gemeente", "wijk"]
    assert len(found.ses_woa) == 1
    files = {f"kwb/2022_85318NED/{name}.json" for name in ("DataProperties", "TableInfos")}
    assert {name for name, _ in found.passed_over} == files
    assert found.groups["source"].eq("synthetic").all()


def test_a_simulated_country_reads_back_as_its_census(tmp_path):
    world = draw_world(7, "test")
    true = simulated_census(world)
    publish_areas(world, true, tmp_path)
    frame = read_kwb(tmp_path / "kwb" / "2022_85318NED" / "TypedDataSet.json").frame
    rows = true[true["year"] == 2022].set_index("buurt_code")
    ours = frame[frame["level"] == "buurt"].set_index("area_code").loc[rows.index]
    for concept in ("inhabitants_count", "households_count", "association_rented_share", "low_income_households_share"):
        there = ours[concept].notna()
        assert there.mean() > 0.9
        assert ((ours[concept] - rows[concept]).abs()[there] <= slack(concept, 2022, {}) + EXACT).all()
    found = panel.read_folder(tmp_path)
    assert sorted(file.year for file in found.key_figures) == list(KWB_YEARS)
