"""Every folder of open data ends in an index: what it lacks is a page that says so, and no section is empty."""

import json
import re
import shutil
from pathlib import Path

import lattice
import pytest
from checkouts import ROOT
from in_process import without_kernels
from matplotlib.figure import Figure

from buurteffect import panel
from buurteffect.pipeline.execute import run_notebook
from buurteffect.pipeline.runs.runs import load_run, runs_of
from buurteffect.project import Project
from buurteffect.report.pages.index import write_index
from buurteffect.report.pages.render import render_page

FEW = {"draws": 9, "fit_draws": 9, "grid_draws": 9}
"""Draws of a bootstrap: pages are tested here, not numbers."""

DRAWN = lattice.drawn(14)
HEADING = re.compile(r"<h([1-6])[^>]*>(.*?)</h\1>", re.DOTALL)
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg"/>'


def name_of(corner):
    """Return a corner as the name of a test."""
    flags = [name for name in ("crosswalk", "boundaries", "register", "others") if getattr(corner, name)]
    return "; ".join([corner.scores, corner.key_figures, *flags])


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout in which notebooks run in this process and pictures are not drawn."""
    for name in ("requirements.lock", "src", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "data" / "raw").mkdir(parents=True)
    shutil.copy2(ROOT / "data" / "raw" / "sources.toml", tmp_path / "data" / "raw")
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    without_kernels(monkeypatch)
    monkeypatch.setattr(Figure, "savefig", lambda self, path, **_: Path(path).write_text(PICTURE, encoding="utf-8"))
    monkeypatch.setenv("BUURTEFFECT_ROOT", str(tmp_path))
    monkeypatch.setenv("OPEN_DATA", str(tmp_path / "my data"))
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def shape_of(name, corner):
    """Return what of a corner decides which cells of a run do what; runs of one shape differ in their numbers only."""
    level = {"all": "wijk"}.get(corner.scores, corner.scores)
    figures = corner.key_figures != "none"
    if name == "n05_restructuring_did":
        level = "areas" if level in ("buurt", "wijk") else level
        return (name, level, corner.register, *((corner.boundaries, figures) if corner.register else ()))
    if name in ("n01b_statistics_audit", "n05_dose"):
        return name, corner.key_figures, corner.crosswalk and figures and name != "n05_dose"
    return name, level, corner.boundaries and name == "n02_liveability_trends"


def build(project, corner, seen):
    """Build the panel, the pages of all runs of a shape that was not seen, and the index; return these runs."""
    folder = project.root / "my data"
    lattice.write(corner, folder)
    panel.build(folder, project.processed("open") / "panel")
    names = [name for name in runs_of(project, "open") if shape_of(name, corner) not in seen]
    seen |= {shape_of(name, corner) for name in names}
    for name in names:
        run = load_run(project, name, "open")
        run.parameters.update({key: value for key, value in FEW.items() if key in run.parameters})
        run_notebook(project, run)
        render_page(project, "open", name)
    write_index(project, "open", names)
    return names


def empty_sections(page):
    """Return the headings of a page that nothing stands under, its code aside."""
    main = re.sub(
        r'<details class="?code.*?</details>', "", page[page.index("<main>") : page.index("</main>")], flags=re.S
    )
    heads = [*HEADING.finditer(main)]
    ends = [*heads[1:], None]
    return [
        head[2]
        for head, after in zip(heads, ends, strict=True)
        if not re.sub(r"<[^>]*>", "", main[head.end() : after.start() if after else len(main)]).strip()
        and not (after and int(after[1]) > int(head[1]))
    ]


def check(project, names):
    """Check every page of a build."""
    index = (project.reports("open") / "index.html").read_text(encoding="utf-8")
    for name in names:
        page = (project.reports("open") / f"{name}.html").read_text(encoding="utf-8")
        results = json.loads((project.processed("open") / "results" / f"{name}.json").read_text(encoding="utf-8"))
        assert not empty_sections(page), name
        assert f'href="{name}.html"' in index
        needs = results.get("needs")
        lacking = f'href="{name}.html"' in index.partition('id="needs-more-data"')[2]
        assert bool(needs) == lacking
        if needs:
            assert all(needs[key] for key in ("asked", "missing", "where", "command"))
            for heading in ("What was asked", "What is missing", "Where to get it", "What to run then"):
                assert heading in page
            assert "make reports SOURCE=open" in page


@pytest.fixture(scope="module")
def seen():
    """The shapes of runs that were executed: once is enough here, and the slow test runs all in every folder."""
    return set()


@pytest.mark.parametrize("corner", DRAWN, ids=name_of)
def test_every_folder_ends_in_an_index(checkout, corner, seen):
    check(checkout, build(checkout, corner, seen))


@pytest.mark.slow
@pytest.mark.parametrize("corner", lattice.drawn(60, seed=15), ids=name_of)
def test_every_run_of_every_folder_ends_in_an_index(checkout, corner):
    names = build(checkout, corner, set())
    assert len(names) == 5
    check(checkout, names)


def test_the_draw_holds_every_value_of_every_source():
    assert len(set(DRAWN)) == 14
    for field, values in (("scores", lattice.LEVELS), ("key_figures", lattice.KEY_FIGURES)):
        assert {getattr(corner, field) for corner in DRAWN} == set(values)
    for field in ("crosswalk", "boundaries", "register", "others"):
        assert {getattr(corner, field) for corner in DRAWN} == {True, False}
