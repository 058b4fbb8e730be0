"""Advice on requests that is followed leads to success: folders, runs, parameters, and what is to be fetched."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import zipfile

import pytest
from checkouts import ROOT
from fetching import names
from raw_tables import SCORES, put_scores

from buurteffect import panel
from buurteffect.errors import DownloadError, MissingDataError, ParameterError, ProjectError
from buurteffect.pipeline.cli import main
from buurteffect.pipeline.runs.parameters import read_parameters
from buurteffect.pipeline.runs.runs import load_run
from buurteffect.project import Project


@pytest.fixture
def say(monkeypatch, capfd):
    """Run the command in a checkout; return its code and what it said."""
    monkeypatch.chdir(ROOT)

    def run(*words: str) -> tuple[int, str]:
        code = main(list(words))
        told = capfd.readouterr()
        return code, told.out + told.err

    return run


def test_a_folder_that_is_not_there_is_named_before_anything_is_read(project, monkeypatch, say, raw):
    monkeypatch.setenv("BUURTEFFECT_ROOT", str(project.root))
    code, told = say("panel", "--source", "open", "--open-data", str(raw.parent / "opne"))
    assert code == ProjectError.exit_code
    assert "opne does not exist: name the folder that holds the data (make … OPEN_DATA=folder)" in told
    put_scores(raw)
    assert say("panel", "--source", "open", "--open-data", str(raw))[0] == 0


def test_a_quote_in_the_name_of_the_folder_is_refused_and_a_link_helps(raw, tmp_path):
    odd = tmp_path / "jan's data"
    raw.rename(odd)
    make = ["make", "-C", str(ROOT), "help"]
    refused = subprocess.run([*make, f"OPEN_DATA={odd}"], capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "link to it under another name" in refused.stderr
    (tmp_path / "data").symlink_to(odd)
    done = subprocess.run([*make, f"OPEN_DATA={tmp_path / 'data'}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("name", "setting", "advice", "followed"),
    [
        ("n02", "", r"did you mean '(n02_liveability_trends)'", "run"),
        ("n02_liveability_trends", "levl=buurt", r"did you mean '(level)'", "parameter"),
        ("n02_liveability_trends", "level=wijken", r"did you mean '(wijk)'", "value"),
        ("n02_liveability_trends", "level", r"such as SET='(draws)=99'", None),
    ],
)
def test_a_run_or_parameter_that_is_not_there_is_answered_with_one_that_is(say, name, setting, advice, followed):
    code, told = say("run", name, "--source", "open", *(["--set", setting] if setting else []))
    assert code in (ProjectError.exit_code, ParameterError.exit_code)
    named = re.search(advice, told)
    assert named, told
    run = {
        "run": lambda: load_run(Project(ROOT), named[1], "open"),
        "parameter": lambda: load_run(Project(ROOT), name, "open", {named[1]: "buurt"}),
        "value": lambda: load_run(Project(ROOT), name, "open", {"level": named[1]}),
        None: lambda: load_run(Project(ROOT), name, "open"),
    }[followed]()
    assert run.name.startswith("n02_liveability_trends")


def test_a_number_out_of_range_or_of_the_wrong_type_is_told_the_range(say):
    notebook = ROOT / "notebooks" / "n02_liveability_trends.ipynb"
    number = next(each for each in read_parameters(notebook).values() if each.annotation == "int")
    for wrong in ("many", str(int(number.high) + 1)):
        code, told = say("run", notebook.stem, "--source", "open", "--set", f"{number.name}={wrong}")
        assert code == ParameterError.exit_code
        low = re.search(r"from ([0-9]+) to ([0-9]+)", told.replace(",", ""))
        run = load_run(Project(ROOT), notebook.stem, "open", {number.name: int(low[2])})
        assert run.parameters[number.name] == int(low[2])


# --- fetching, over a local server ---------------------------------------------------------------------------------

SETTINGS = {"KWB": "--kwb", "TABLES": "--tables", "YEARS": "--years", "GEMEENTE": "--gemeente", "LIST": "--list"}


def as_options(command: str) -> list[str]:
    """Return what make makes of its settings for the command that fetches."""
    pairs = [word.split("=", 1) for word in shlex.split(command) if "=" in word and not word.startswith("SOURCE")]
    return [part for name, value in pairs for part in (SETTINGS[name], value)]


@pytest.mark.parametrize(
    ("asked", "advice", "followed", "brought"),
    [
        ("TABLES=kwbs YEARS=2019", r"did you mean 'kwb'", "TABLES=kwb YEARS=2019", "kwb-2019-84583NED.zip"),
        ("KWB=2018-2019", r"no table is known of 2018; .* Leave that year out", "KWB=2019", "kwb-2019-84583NED.zip"),
        ("KWB=2019-2017", r"the first year first, such as", "KWB=2017-2017", "kwb-2017-83765NED.zip"),
        ("KWB=2019 GEMEENTE=Rotterdam", r"give GM and four digits", "KWB=2019 GEMEENTE=GM0599", "84583NED-GM0599.zip"),
        ("YEARS=2019", r"by KWB or TABLES, such as KWB=", "KWB=2019", "kwb-2019-84583NED.zip"),
        ("TABLES=boundaries", r"such as TABLES=boundaries YEARS=20", "TABLES=boundaries YEARS=2020", "2020.gpkg"),
    ],
)
def test_a_request_that_cannot_be_met_says_one_that_can(fetch, home, asked, advice, followed, brought):
    told = fetch(*as_options(asked), code=ProjectError.exit_code)
    assert re.search(advice, told), told
    fetch(*as_options(followed))
    assert any(path.name.endswith(brought) for path in home.rglob("*"))


def test_a_fetch_that_broke_goes_on_when_it_is_run_again_as_it_says(fetch, home, statline):
    with zipfile.ZipFile(home.parent / "x.zip", "w") as archive:
        archive.writestr("wijken.csv", SCORES)
    statline.files["/scores.zip"] = b"<!doctype html>"
    told = fetch(code=DownloadError.exit_code)
    assert "run the same again" in told
    statline.files["/scores.zip"] = (home.parent / "x.zip").read_bytes()
    fetch()
    assert main(["panel", "--source", "open"]) == 0
    assert "leefbaarometer3/scores.zip" in names(home)


def test_the_command_that_a_page_without_its_level_names_brings_it(fetch, home, statline, project):
    put_scores(home)
    assert main(["panel", "--source", "open"]) == 0
    with pytest.raises(MissingDataError) as caught:
        panel.read_key_figures_panel("open", "wijk", project=project)
    first, *rest = caught.value.command.split(" && ")
    assert first.startswith("make fetch KWB=")
    assert rest == ["make reports SOURCE=open"]
    fetch(*as_options(first))
    assert main(["panel", "--source", "open"]) == 0
    found = panel.read_key_figures_panel("open", "wijk", project=project).frame
    assert set(found["year"]) <= {2017, 2019, 2022}


def test_what_a_page_says_of_a_folder_of_ones_own_brings_it_there(fetch, home, project, tmp_path, monkeypatch):
    own = tmp_path / "own"
    put_scores(own)
    monkeypatch.setenv("OPEN_DATA", str(own))
    assert main(["panel", "--source", "open", "--open-data", str(own)]) == 0
    with pytest.raises(MissingDataError) as caught:
        panel.read_key_figures_panel("open", "wijk", project=project)
    said = re.search(r"run (make fetch \S+), then copy data/raw/open/(\w+) there", caught.value.where[0])
    fetch(*as_options(said[1]))
    shutil.copytree(home / said[2], own / said[2])
    assert main(["panel", "--source", "open", "--open-data", str(own)]) == 0
    assert len(panel.read_key_figures_panel("open", "wijk", project=project).frame)
