"""A run that lacks its data is a page that says so; of a simulated country, or for any other error, it is a failure."""

import json
import re

import nbformat
import pytest
import serving
from checkouts import ROOT

from buurteffect.errors import CellFailedError, MissingDataError
from buurteffect.pipeline.cli import main
from buurteffect.project import Project
from buurteffect.sources.download.missing_data import KINDS, missing_data

ASKED = "the effect on <b>{rents}</b>, by wijk"
LACKS = f"""\
from buurteffect.sources.download.missing_data import missing_data
raise missing_data(source, {ASKED!r}, "the rents of any year", ["key_figures"])"""
TABLE = 'page.table("t", pd.DataFrame({"x": [1.5]}), [Column("x", "X", ".2f")], "One number.")'


@pytest.fixture
def build(monkeypatch, capfd):
    """Run and render ``tiny``, and write the index; return the codes and what was said."""

    def call(project, source="open"):
        monkeypatch.chdir(project.root)
        code, *ran = serving.ask(project.root, "run", "tiny", "--source", source)
        codes = [code, *(main([verb, "tiny", "--source", source]) for verb in ("render", "index"))]
        said = capfd.readouterr()
        return codes, "".join([*ran, said.out, said.err])

    return call


def results_of(project):
    return json.loads((project.processed("open") / "results" / "tiny.json").read_text(encoding="utf-8"))


def page_of(project, name="tiny"):
    return (project.reports("open") / f"{name}.html").read_text(encoding="utf-8")


def test_a_run_without_its_data_is_a_page_and_the_index_lists_it(tiny, build):
    project = tiny(TABLE, LACKS, "never_reached = 1")
    codes, said = build(project)
    assert codes == [0, 0, 0]
    assert "tiny (open) needs more data: the rents of any year" in said
    needs = results_of(project)["needs"]
    assert set(needs) == {"asked", "missing", "where", "command"}
    assert needs["command"] == "make reports SOURCE=open"
    page = page_of(project)
    for words in ("What was asked", "The rents of any year.", "opendata.cbs.nl", "make reports SOURCE=open"):
        assert words in page
    assert "&lt;b&gt;{rents}&lt;/b&gt;" in page
    assert "One number." not in page
    assert not list((project.reports("open") / "tables" / "tiny").iterdir())
    index = page_of(project, "index")
    assert re.search(r'id="needs-more-data".*<a href="tiny.html">Tiny</a>: the rents of any year', index, re.DOTALL)
    executed = nbformat.read(project.processed("open") / "executed" / "tiny.ipynb", as_version=4)
    assert [cell.execution_count for cell in executed.cells if cell.cell_type == "code"] == [1, 2, 3, 4, 5, None, None]
    assert str(project.root) not in json.dumps(executed)


def test_it_is_up_to_date_until_what_it_read_changes(tiny, build, capfd):
    project = tiny(LACKS)
    build(project)
    assert "needs more data" in build(project)[1]
    assert main(["why", "--source", "open"]) == 0
    assert capfd.readouterr().out == "tiny: up to date\n"
    assert main(["trace", "tiny", "1.5", "--source", "open"]) != 0
    assert "prints no number, since it needs more data" in capfd.readouterr().err
    (project.raw / "sources.toml").write_text(
        '[a]\ntitle = "Rents"\npublisher = "X"\nlicence = "CC0"\naddress = "https://x.nl/rents.csv"\n'
        'path = "kwb/rents.csv"\nneeded = true\nneeded_by = []\nnotes = "none"\n',
        encoding="utf-8",
    )
    build(project)
    assert results_of(project)["needs"]["where"] == [
        "Rents (X): rents.csv from https://x.nl/rents.csv. It belongs in the folder kwb, "
        "into which make fetch brings it."
    ]
    assert results_of(project)["needs"]["command"] == "make fetch && make reports SOURCE=open"
    codes, _ = build(tiny(TABLE))
    assert codes == [0, 0, 0]
    assert "needs" not in results_of(project)
    assert "One number." in page_of(project)
    assert "needs-more-data" not in page_of(project, "index")


@pytest.mark.parametrize(
    ("cell", "source"),
    [
        (LACKS, "synthetic"),
        ("1 / 0", "open"),
        ("[][0]", "open"),
        ("from buurteffect.errors import MissingColumnError\nraise MissingColumnError('no column')", "open"),
        ("class MissingDataError(Exception): pass\nraise MissingDataError('not as it says')", "open"),
    ],
)
def test_any_other_error_and_a_simulated_country_without_its_data_still_fail(tiny, build, cell, source):
    project = tiny(TABLE, cell)
    codes, said = build(project, source)
    assert codes[0] == CellFailedError.exit_code
    assert "needs more data" not in said
    assert not (project.processed(source) / "results" / "tiny.json").exists()


def test_an_estimate_that_the_data_cannot_carry_asks_for_more_of_what_it_rests_on(tiny, build):
    refused = "from buurteffect.errors import EstimationError\nraise EstimationError('3 areas are too few')"
    project = tiny(TABLE, refused, settings="data: [register, key_figures]\n")
    assert build(project)[0] == [0, 0, 0]
    needs = results_of(project)["needs"]
    assert needs["asked"] == "the page “Tiny”"
    assert "3 areas are too few" in needs["missing"]
    for place, kind in zip(needs["where"], ("register", "key figures"), strict=True):
        assert kind in place.lower()


def test_the_text_of_the_error_is_read_back_whatever_stands_in_it():
    made = missing_data("open", "a\nb  to do:", "c\n  get it:   d", ["scores", "register"], Project(ROOT))
    again = MissingDataError.parse(str(made))
    assert (again.asked, again.missing, again.where, again.command) == (
        made.asked,
        made.missing,
        made.where,
        made.command,
    )
    assert MissingDataError.parse("asked\n  missing:  something") is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_data_says_where_it_is_and_in_which_folder_it_belongs(kind, monkeypatch):
    monkeypatch.delenv("OPEN_DATA", raising=False)
    made = missing_data("open", "a", "b", [kind], Project(ROOT))
    assert all(KINDS[kind] in place for place in made.where)
    assert made.command.endswith("make reports SOURCE=open")


def test_a_folder_of_ones_own_is_named_in_the_command_as_it_was_given(monkeypatch):
    monkeypatch.setenv("OPEN_DATA", "/home/someone/my data")
    command = missing_data("open", "a", "b", ["scores"], Project(ROOT)).command
    assert command == 'make reports SOURCE=open OPEN_DATA="/home/someone/my data"'


def test_the_page_lists_tables_by_year_and_links_addresses_without_the_signs_after_them(tiny, build, monkeypatch):
    monkeypatch.delenv("OPEN_DATA", raising=False)
    project = tiny(LACKS)
    registry = (ROOT / "data" / "raw" / "sources.toml").read_text(encoding="utf-8")
    (project.raw / "sources.toml").write_text(registry, encoding="utf-8")
    build(project)
    page = page_of(project)
    assert 'href="https://opendata.cbs.nl/statline"' in page
    assert not re.search(r'href="[^"]*[.;,]"', page)
    assert "<li>2004-2008: 81903NED<li>2009-2012: 70904ned<li>" in page.replace("</li>", "")
    assert "<p>The effect on &lt;b&gt;{rents}&lt;/b&gt;, by wijk." in page
