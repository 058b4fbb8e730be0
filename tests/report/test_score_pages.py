"""n01 and n02 on whatever scores there are: every section shows something, or says why not."""

import json
import re
import shutil
import zipfile

import geopandas as gpd
import matplotlib as mpl
import nbformat
import numpy as np
import pandas as pd
import pytest
from checkouts import ROOT
from shapely.geometry import box

from buurteffect import claims, panel, report
from buurteffect.errors import EstimationError
from buurteffect.estimate.measurement.reliability import municipal_share_of_change
from buurteffect.estimate.measurement.waves import at_least, waves_from_panel
from buurteffect.estimate.scores.score_density import score_densities
from buurteffect.project import Project
from buurteffect.report.page import EXHIBIT
from buurteffect.sources.download.catalogue import read_catalogue

mpl.use("Agg")

YEARS = (2002, 2012, 2014, 2018, 2022)
FEW = {"draws": 9, "fit_draws": 2, "grid_draws": 2}
FOUR_LARGEST, OTHERS = ("0363", "0599", "0518", "0344"), ("0034", "0014", "0855", "1680", "0106", "0200")


def codes_of(level, gemeenten, each):
    """Return codes of areas: some in each gemeente."""
    if level == "pc4":
        return [str(1000 + 7 * place) for place in range(len(gemeenten) * each)]
    wijken = [f"WK{gemeente}{number:02d}" for gemeente in gemeenten for number in range(each)]
    return wijken if level == "wijk" else [f"BU{code[2:]}{part:02d}" for code in wijken for part in (0, 1)]


def write_scores(
    folder,
    level="wijk",
    years=YEARS,
    gemeenten=FOUR_LARGEST + OTHERS,
    each=5,
    dimensions=True,
    blank=(),
    alike=False,
    moving=False,
):
    """Write a file of the publisher's layout with invented scores that move slowly."""
    key = {"wijk": "wk_code", "buurt": "bu_code", "pc4": "PC4"}[level]
    codes = codes_of(level, gemeenten, each)
    random = np.random.default_rng(len(codes) + len(years))
    lasting, rows = random.normal(0, 0.12, len(codes)), []
    for year in years:
        move = random.normal(0, 0.03, len(codes))
        values = lasting * 0 if alike else lasting + move + (year - 2002) / 1000
        for place, (code, deviation) in enumerate(zip(codes, values, strict=True)):
            if moving and place % len(years) != years.index(year):
                continue
            parts = np.round([deviation / 2, deviation / 4, deviation / 8, deviation / 16, deviation / 16], 9)
            row = {key: code, "jaar": year, "lbm": round(4.102265 + parts.sum(), 9), "afw": round(parts.sum(), 9)}
            has = dimensions and year in (2014, 2018, 2020, 2022, 2024)
            row |= dict(zip(("fys", "onv", "soc", "vrz", "won"), parts if has else [None] * 5, strict=True))
            if year in blank:
                row |= dict.fromkeys(("lbm", "afw", "fys", "onv", "soc", "vrz", "won"))
            if level != "pc4":
                row[key.replace("code", "naam")] = f"Area {code}"
            rows.append(row)
    frame = pd.DataFrame(rows)
    order = [key] if level == "pc4" else [key, key.replace("code", "naam")]
    frame = frame[[*order, *(name for name in frame if name not in order)]]
    place = folder / "leefbaarometer3"
    place.mkdir(parents=True, exist_ok=True)
    frame.to_csv(place / f"{level} {years[0]}-{years[-1]}.csv", index=False, na_rep="NA")
    return codes


def write_boundaries(folder, codes, year=2022, name="buurten", driver="GeoJSON"):
    """Write squares of a kilometre for some codes, gemeente by gemeente."""
    key = {"BU": "buurtcode", "WK": "wijkcode", "GM": "gemeentecode"}[codes[0][:2]]
    places = [(100_000 + 1000 * (n % 20), 400_000 + 1000 * (n // 20)) for n in range(len(codes))]
    shapes = gpd.GeoDataFrame(
        {key: codes}, geometry=[box(x, y, x + 1000, y + 1000) for x, y in places], crs="EPSG:28992"
    )
    (folder / "boundaries").mkdir(parents=True, exist_ok=True)
    suffix = {"GeoJSON": "geojson", "GPKG": "gpkg"}[driver]
    shapes.to_file(folder / "boundaries" / f"{name}_{year}.{suffix}", driver=driver)


@pytest.fixture
def build(project, tmp_path, monkeypatch):
    """Build the panel of a folder of open data in an empty checkout."""
    monkeypatch.setenv("BUURTEFFECT_ROOT", str(project.root))

    def build(**options):
        folder = tmp_path / "open data"
        codes = write_scores(folder, **options)
        monkeypatch.setenv("OPEN_DATA", str(folder))
        panel.build(folder, panel_of())
        return folder, codes

    return build


def panel_of():
    """Return the folder of the panel that the tests build."""
    return Project.find().processed("open") / "panel"


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Run a notebook's cells on open data: return what each section showed, and the results."""

    def page(name, **parameters):
        monkeypatch.setenv("BUURTEFFECT_STAGING", str(tmp_path / name))
        (tmp_path / name).mkdir(exist_ok=True)
        shown = []
        monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda _, file, **__: file.write_text("<svg/>"))
        monkeypatch.setattr("buurteffect.report.page.display", lambda bundle, **_: shown.append(bundle[EXHIBIT]))
        space, sections, heading = {}, {"": []}, ""
        for cell in nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells:
            if cell.cell_type == "markdown":
                heads = re.findall(r"^## (.+)$", cell.source, re.MULTILINE)
                heading = heads[-1] if heads else heading
                sections.setdefault(heading, [])
                continue
            shown.clear()
            exec(compile(cell.source, cell.id, "exec"), space)
            if "parameters" in cell.metadata.get("tags", []):
                space.update(
                    {key: value for key, value in {**FEW, **parameters}.items() if key in space}, source="open"
                )
            sections[heading] += [each for each in shown if each.get("sentences") != [] or each["kind"] != "sentences"]
        results = json.loads((tmp_path / name / "results.json").read_text(encoding="utf-8"))
        return sections, results

    return page


def texts(sections):
    """Return all sentences, captions and notes of a page as one text."""
    parts = [each for section in sections.values() for each in section]
    words = [part.get("caption", "") + " " + part.get("note", "") for part in parts]
    return " ".join(words + [" ".join([*part.get("sentences", []), *part.get("limits", [])]) for part in parts])


QUICK = {
    "postcode areas, two waves": {"level": "pc4", "years": (2012, 2014)},
    "a handful of areas": {"gemeenten": ("0363", "0034"), "each": 3},
    "one gemeente with few areas": {"gemeenten": ("0034",), "each": 4},
    "two waves": {"years": (2012, 2014)},
    "one wave": {"years": (2022,)},
    "no dimensions": {"dimensions": False, "years": (2018, 2022)},
    "no score at all": {"blank": (2018, 2022), "years": (2018, 2022)},
    "waves without an area in common": {"moving": True, "years": (2012, 2014, 2018, 2022)},
}
LONG = {
    "wijken": {},
    "scores that are all alike": {"alike": True, "years": (2012, 2014, 2018, 2022)},
    "postcode areas alone": {"level": "pc4"},
    "buurten alone": {"level": "buurt"},
    "one area": {"gemeenten": ("0034",), "each": 1},
    "one gemeente": {"gemeenten": ("0599",), "each": 25},
    "two other waves": {"years": (2020, 2022)},
    "three waves": {"years": (2012, 2014, 2016)},
    "up to 2024": {"years": (*YEARS, 2024)},
    "waves after the step": {"years": (2016, 2018, 2020, 2022, 2024)},
    "a wave without scores": {"blank": (2022,)},
    "none of the four largest": {"gemeenten": OTHERS, "each": 5},
    "the four largest alone": {"gemeenten": FOUR_LARGEST, "each": 8},
}
SLOW = [pytest.param(case, marks=pytest.mark.slow) for case in LONG]


@pytest.mark.parametrize("case", [*QUICK, *SLOW])
def test_every_section_shows_something_or_says_why_not(build, page, case):
    build(**{**QUICK, **LONG}[case])
    for name in ("n01_data_audit", "n02_liveability_trends"):
        sections, results = page(name)
        assert not [heading for heading, shown in sections.items() if not shown and heading != "Sources"]
        assert "nan" not in re.findall(r"\w+", texts(sections).lower())
        assert results["sentences"]["scores"]


@pytest.mark.parametrize(
    ("options", "level", "words"),
    [
        ({}, "wijk", "about wijken in the Netherlands: 50 have a score in 2022, the latest of 2 waves since 2012."),
        ({"level": "buurt", "each": 2}, "buurt", "about buurten in the Netherlands: 40 have"),
        ({"level": "pc4"}, "pc4", "about postcode areas in the Netherlands: 50 have"),
    ],
)
def test_the_level_is_the_first_that_has_scores_and_the_page_says_which(build, options, level, words):
    build(years=(2012, 2022), **options)
    assert panel.scored_level("open") == level
    assert panel.scored_level("open", "pc4") == "pc4"
    answer = claims.describe_scores(panel.coverage("open"), panel.read("open", level).frame, "open", level)
    assert words in " ".join(answer.sentences)
    assert "scores of no other kind of area" in " ".join(answer.sentences)
    assert ("name no gemeente of a postcode area" in " ".join(answer.sentences)) is (level == "pc4")


def test_a_page_names_the_other_levels_and_how_to_choose_them(build):
    folder, _ = build(years=(2012, 2022))
    build(years=(2012, 2022), level="buurt")
    answer = claims.describe_scores(panel.coverage("open"), panel.read("open", "wijk").frame, "open", "wijk")
    assert "also hold scores of buurten" in answer.sentences[1]
    assert "SET='level=buurt'" in answer.sentences[1]
    assert len(list((folder / "leefbaarometer3").iterdir())) == 2


def test_without_scores_the_level_is_one_that_its_reader_refuses(project):
    assert panel.scored_level("open", "available", project) == "wijk"


@pytest.mark.parametrize(
    ("count", "gemeenten", "message"),
    [(1, "GM0034", "found 1"), (3, "GM0034", None), (3, None, None)],
)
def test_areas_of_one_gemeente_are_drawn_one_by_one(count, gemeenten, message):
    frame = pd.DataFrame(
        [
            {"area_code": f"WK0034{n:02d}", "level": "wijk", "gemeente_code": gemeenten, "city_group": "other",
             "year": year, "liveability_score": 4 + n / 10}
            for n in range(count)
            for year in (2002, 2022)
        ]
    )  # fmt: skip
    if message:
        with pytest.raises(EstimationError, match=message):
            waves_from_panel(frame)
        return
    waves = waves_from_panel(frame)
    assert waves.clusters.tolist() == waves.scores.index.tolist()
    assert waves.cluster_kind == ("areas of one gemeente" if gemeenten else "areas")
    reason = "all areas lie in one" if gemeenten else "these areas belong to none"
    with pytest.raises(EstimationError, match=reason):
        municipal_share_of_change(waves)
    with pytest.raises(EstimationError, match="20 areas or more, and there are 3"):
        at_least(waves)


def scores(values, years=(2022,)):
    rows = [(year, value) for year in years for value in values]
    return pd.DataFrame(rows, columns=["year", "liveability_score"])


def test_densities_are_those_of_a_normal_kernel():
    values = np.random.default_rng(1).normal(4.1, 0.1, 400)
    found = score_densities(scores([*values, np.nan], (2012, 2022)))
    one = found.grid[found.grid["year"] == 2022]
    step = one["score"].diff().iloc[1]
    assert one["density"].sum() * step == pytest.approx(1, abs=0.02)
    row = found.summary.iloc[1]
    assert (row["areas_count"], row["median_score"]) == (400, pytest.approx(np.median(values)))
    width = 0.9 * min(values.std(ddof=1), np.subtract(*np.quantile(values, (0.75, 0.25))) / 1.34) * 400**-0.2
    assert row["bandwidth_score"] == pytest.approx(width)
    point = one.iloc[40]
    kernels = np.exp(-0.5 * ((point["score"] - values) / width) ** 2) / np.sqrt(2 * np.pi) / width
    assert point["density"] == pytest.approx(kernels.mean())


@pytest.mark.parametrize("values", [[], [4.1] * 5, [4.1] * 500, np.linspace(4, 5, 19)])
def test_too_few_different_scores_have_no_density(values):
    with pytest.raises(EstimationError, match="20 areas or more with different scores"):
        score_densities(scores(values))


def test_a_wave_with_too_few_scores_is_left_out_of_the_densities():
    frame = pd.concat([scores(np.linspace(4, 5, 30), (2012, 2014)), scores([4.0], (2022,))])
    assert score_densities(frame).left_out == (2022,)


# --- the map ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", ["GeoJSON", "GPKG"])
def test_the_map_joins_the_latest_scores_to_polygons_by_code(build, driver):
    folder, codes = build(years=(2012, 2022), gemeenten=("0363", "0034"), each=10)
    write_boundaries(folder, [*codes[:-1], "WK003499"], name="wijken", driver=driver)
    data = panel.read("open", "wijk")
    found = panel.score_map(data)
    assert found
    assert (found.year, found.boundary_year, found.scored_count, found.drawn_count, found.blank_count) == (
        2022, 2022, 20, 19, 1,
    )  # fmt: skip
    expected = data.frame[data.frame["year"] == 2022].set_index("area_code")["liveability_score"]
    drawn = found.table.dropna(subset="liveability_score").set_index("area_code")
    assert drawn["liveability_score"].equals(expected[drawn.index])
    assert drawn["class_number"].eq(1 + np.searchsorted(found.limits, drawn["liveability_score"], side="right")).all()
    assert found.limits == tuple(np.quantile(expected, (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)))
    assert len(found.outlines) == 2
    assert found.areas.geometry.area.sum() == pytest.approx(20e6)
    assert "19 of 20 areas with a score have a polygon; 1 polygons have no score" in found.note


def test_wijken_are_put_together_from_buurten(build):
    folder, codes = build(years=(2012, 2022), gemeenten=("0599",), each=10)
    write_boundaries(folder, [f"BU{code[2:]}{part:02d}" for code in codes for part in range(3)], year=2018)
    write_boundaries(folder, [f"BU{code[2:]}00" for code in codes], year=2016)
    found = panel.score_map(panel.read("open", "wijk"))
    assert found.boundary_year == 2018
    assert found.drawn_count == 10
    assert found.areas.geometry.area.round().eq(3e6).all()
    assert len(found.outlines) == 0


def test_the_geometry_beside_the_scores_is_drawn(build):
    folder, codes = build(level="buurt", years=(2012, 2022), gemeenten=("0363", "0034"), each=4)
    write_boundaries(folder, codes, name="buurt", driver="GPKG")
    with zipfile.ZipFile(folder / "leefbaarometer3" / "geometrie-lbm3-2022.zip", "w") as archive:
        archive.write(folder / "boundaries" / "buurt_2022.gpkg", "geometrie/buurt 2022.gpkg")
    shutil.rmtree(folder / "boundaries")
    panel.build(folder, panel_of())
    found = panel.score_map(panel.read("open", "buurt"))
    assert (found.drawn_count, found.boundary_year) == (16, 2022)
    used = panel.sources_used("open", found.boundaries).set_index("source")
    assert used.loc["Boundaries", "state"] == "used here"
    assert used.loc["Boundaries", "files"].startswith("buurt 2022.gpkg (")


@pytest.mark.parametrize(
    ("level", "boundaries", "reason"),
    [
        ("wijk", None, "hold no boundaries of wijken. In a folder of your own (OPEN_DATA)"),
        ("buurt", ["WK036300"], "hold no boundaries of buurten"),
        ("wijk", ["WK999999"], "give boundaries of that year"),
        ("pc4", ["BU03630000"], "boundaries of postcode areas are not among the sources"),
    ],
)
def test_without_polygons_a_page_says_how_to_get_a_map(build, page, level, boundaries, reason):
    folder, _ = build(level=level, years=(2012, 2022), gemeenten=("0363", "0034"), each=2)
    if boundaries:
        write_boundaries(folder, boundaries, name="wijken" if level == "wijk" else "buurten")
    found = panel.score_map(panel.read("open", level))
    assert not found
    assert reason in found.reason


@pytest.mark.parametrize(("wave", "year"), [(2018, 2020), (2022, 2022), (2024, 2024)])
def test_what_is_said_to_fetch_boundaries_is_on_offer(build, project, wave, year):
    shutil.copyfile(ROOT / "data" / "raw" / "sources.toml", project.raw / "sources.toml")
    build(years=(2012, wave), gemeenten=("0363", "0034"), each=2)
    reason = panel.score_map(panel.read("open", "wijk")).reason
    assert f"make fetch TABLES=boundaries YEARS={year} downloads" in reason
    offer = next(each for each in read_catalogue(project.raw / "sources.toml") if each.name == "boundaries")
    assert offer.source(year).path.startswith("boundaries/")


def test_the_map_is_of_the_year_nearest_to_the_scores(build):
    folder, codes = build(years=(2012, 2022), gemeenten=("0363", "0034"), each=4)
    for year in (2016, 2021, 2025):
        write_boundaries(folder, codes, year=year, name="wijken")
    assert panel.score_map(panel.read("open", "wijk")).boundary_year == 2021


def test_the_page_shows_the_map_the_densities_and_the_sources(build, page):
    folder, codes = build(years=(2012, 2022), gemeenten=("0363", "0034"), each=12)
    write_boundaries(folder, codes, name="wijken")
    (folder / "leefbaarometer3" / "read me.txt").write_text("hello", encoding="utf-8")
    panel.build(folder, panel_of())
    sections, results = page("n02_liveability_trends")
    shown = {each["key"]: each for each in sections["The scores: where, and how they are spread"]}
    assert list(shown) == ["map", "densities"]
    assert "24 of 24 areas with a score have a polygon" in shown["map"]["note"]
    assert len(results["results"]["map"]["rows"]) == 24
    assert {row["year"] for row in results["results"]["densities"]["rows"]} == {2012, 2022}
    used = {row["source"]: row for row in results["results"]["used"]["rows"]}
    assert used["Leefbaarometer 3"]["state"] == used["Boundaries"]["state"] == "used here"
    assert used["Boundaries"]["files"].startswith("wijken_2022.geojson (")
    assert used["Key figures (CBS)"]["state"] == "not given"
    assert (used["Other files"]["state"], used["Other files"]["files"]) == ("passed over", "read me.txt")
    assert "wijken_2022.geojson" in json.dumps(results["inputs"])


def test_classes_are_named_with_the_decimals_that_tell_them_apart():
    assert report.class_names([4.0, 4.001]) == ["below 4.000", "4.000 to 4.001", "4.001 and above"]
