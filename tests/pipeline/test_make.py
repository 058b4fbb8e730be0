"""make knows real files: what did not change is not built again, and what failed is tried again."""

import os
import re
import subprocess

import pytest
from builds import built_once, copied, lay_out, make, pages, write_run
from checkouts import ROOT


@pytest.fixture
def checkout(tmp_path):
    """A checkout with two tiny runs that uses the environment of the tests."""
    return lay_out(tmp_path, ("one", "two"))


@pytest.fixture
def built(tmp_path_factory, tmp_path):
    """A copy of that checkout once it has been built."""
    return copied(built_once(tmp_path_factory), tmp_path / "built")


def test_reports_are_built_once_and_only_what_changed_is_built_again(checkout):
    code, said = make(checkout, "reports", "-j2")
    assert code == 0, said
    assert set(pages(checkout)) == {"one.html", "two.html", "index.html"}
    assert re.search(r"running one \(synthetic\), 1 to follow", said)

    assert make(checkout, "--question", "reports")[0] == 0

    run = checkout / "notebooks" / "runs" / "two.yaml"
    run.write_text(run.read_text() + "cell_seconds: 60\n", encoding="utf-8")
    code, said = make(checkout, "reports")
    assert code == 0, said
    assert "running two" in said
    assert "running one" not in said

    page = pages(checkout)["one.html"]
    code, said = make(checkout, "run", "RUN=one", "SET=source=synthetic")
    assert code != 0
    assert "'source' is not set in a run" in said
    assert pages(checkout)["one.html"] == page

    (checkout / "data" / "processed" / "synthetic" / "results" / "one.json").unlink()
    code, said = make(checkout, "reports")
    assert code == 0, said
    assert "running one" in said
    assert "running two" not in said

    (checkout / "notebooks" / "runs" / "two.yaml").unlink()
    code, said = make(checkout, "reports")
    assert code == 0, said
    assert set(pages(checkout)) == {"one.html", "index.html"}
    write_run(checkout, "two")

    code, said = make(checkout, "reports", "SEED=2")
    assert code == 0, said
    assert "panel (synthetic) built" in said
    assert said.count("running") == 2
    assert make(checkout, "--question", "reports", "SEED=2")[0] == 0


def test_what_is_put_back_with_an_older_date_is_seen(built):
    checkout, notebook = built, built / "notebooks" / "tiny.ipynb"
    assert make(checkout, "--question", "reports")[0] == 0
    then, before = notebook.stat(), notebook.read_text(encoding="utf-8")

    notebook.write_text(before.replace("One number.", "Three numbers."), encoding="utf-8")
    os.utime(notebook, ns=(then.st_atime_ns, then.st_mtime_ns - 10**12))
    assert make(checkout, "--question", "reports")[0] == 1
    code, said = make(checkout, "reports")
    assert code == 0, said
    assert said.count("running") == 2
    assert "Three numbers." in (checkout / "reports" / "synthetic" / "one.html").read_text(encoding="utf-8")
    assert make(checkout, "--question", "reports")[0] == 0

    notebook.chmod(0o600)
    code, said = make(checkout, "reports")
    assert code == 0, said
    assert " ran in " not in said
    assert make(checkout, "--question", "reports")[0] == 0


def test_a_failed_run_fails_the_build_keeps_the_last_good_page_and_is_tried_again(built):
    checkout, before = built, pages(built)
    write_run(checkout, "one", "import sys; sys.exit(0)")
    for _ in range(2):
        code, said = make(checkout, "reports")
        assert code != 0
        assert "SystemExit" in said
        assert pages(checkout) == before
    write_run(checkout, "one")
    assert make(checkout, "reports")[0] == 0
    assert make(checkout, "--question", "reports")[0] == 0


def test_open_data_are_read_from_a_folder_and_a_new_file_in_it_is_seen(checkout, tmp_path):
    folder = tmp_path / "my open data"
    (folder / "leefbaarometer3").mkdir(parents=True)
    rows = "".join(f"WK{g}00,x,{y},4.102265,0,NA,NA,NA,NA,NA\n" for g in ("0363", "9901") for y in (2002, 2012))
    file = folder / "leefbaarometer3" / "wijken 2002-2012.csv"
    file.write_text("wk_code,wk_naam,jaar,lbm,afw,fys,onv,soc,vrz,won\n" + rows, encoding="utf-8")
    command = ("reports", "SOURCE=open", f"OPEN_DATA={folder}")
    code, said = make(checkout, *command)
    assert code == 0, said
    assert "Synthetic data." not in (checkout / "reports" / "open" / "one.html").read_text(encoding="utf-8")
    assert make(checkout, "--question", *command)[0] == 0
    (folder / "leefbaarometer3" / "readme.txt").write_text("new", encoding="utf-8")
    code, said = make(checkout, *command)
    assert "panel (open) built" in said
    assert "leefbaarometer3/readme.txt: neither a CSV nor a zip" in said
    times = file.stat()
    file.write_text(file.read_text(encoding="utf-8").replace(",x,", ",y,"), encoding="utf-8")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns - 10**12))
    assert "panel (open) built" in make(checkout, "panel", *command[1:])[1], "other bytes under an older date"


def test_a_run_without_its_data_fails_no_build_until_it_has_them(checkout, tmp_path):
    folder = tmp_path / "open data"
    (folder / "leefbaarometer3").mkdir(parents=True)
    rows = "".join(f"WK{g}00,x,{y},4.102265,0,NA,NA,NA,NA,NA\n" for g in ("0363", "9901") for y in (2002, 2012))
    text = "wk_code,wk_naam,jaar,lbm,afw,fys,onv,soc,vrz,won\n" + rows
    (folder / "leefbaarometer3" / "wijken.csv").write_text(text, encoding="utf-8")
    write_run(checkout, "two", "from buurteffect import panel", 'found = panel.read(source, "buurt")')
    command = ("reports", "SOURCE=open", f"OPEN_DATA={folder}")
    code, said = make(checkout, *command)
    assert code == 0, said
    assert said.count("needs more data: a file of scores by buurt") == 2
    assert "needs-more-data" in (checkout / "reports" / "open" / "index.html").read_text(encoding="utf-8")
    assert make(checkout, "--question", *command)[0] == 0
    buurten = text.replace("wk_", "bu_").replace("WK036300", "BU03630000").replace("WK990100", "BU99010000")
    (folder / "leefbaarometer3" / "buurten.csv").write_text(buurten, encoding="utf-8")
    code, said = make(checkout, *command)
    assert code == 0, said
    assert "needs more data" not in said
    assert "needs-more-data" not in (checkout / "reports" / "open" / "index.html").read_text(encoding="utf-8")


def test_a_missing_folder_of_open_data_is_named(checkout):
    code, said = make(checkout, "reports", "SOURCE=open", "OPEN_DATA=no/such/folder")
    assert code != 0
    assert "OPEN_DATA=no/such/folder does not exist: name the folder that holds the data" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("folder", ["it's", 'a"b', "a$(b)", "a`b`"])
def test_a_folder_name_that_a_shell_would_read_is_refused(checkout, folder):
    code, said = make(checkout, "reports", "SOURCE=open", f"OPEN_DATA={folder.replace('$', '$$')}")
    assert code != 0
    assert "must not hold quotes" in said


def test_looking_changes_nothing(built):
    checkout = built
    before = (checkout / "data" / "processed" / "synthetic" / "settings.txt").read_text()
    make(checkout, "--dry-run", "reports", "SEED=5")
    make(checkout, "--question", "reports", "SEED=5")
    assert (checkout / "data" / "processed" / "synthetic" / "settings.txt").read_text() == before


def test_clean_removes_what_can_be_rebuilt_and_never_raw_data(checkout):
    mine = checkout / "data" / "raw" / "microdata" / "mine.csv"
    mine.parent.mkdir()
    mine.write_text("precious", encoding="utf-8")
    (checkout / "reports").mkdir()
    (checkout / "data" / "processed").mkdir()
    assert make(checkout, "clean")[0] == 0
    assert mine.read_text() == "precious"
    assert not (checkout / "reports").exists()
    assert not (checkout / "data" / "processed").exists()


def test_help_lists_every_target_that_has_a_comment(checkout):
    code, said = make(checkout, "help")
    assert code == 0
    for target in re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE):
        assert f"make {target} " in said


def test_microdata_are_not_built_yet_and_make_says_so(checkout):
    code, said = make(checkout, "reports", "SOURCE=microdata")
    assert code != 0
    assert "choose synthetic or open" in said


def test_an_active_conda_environment_is_used_and_no_venv_is_made(checkout):
    conda = checkout / "conda"
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    environment = clean | {"CONDA_PREFIX": str(conda), "BUURTEFFECT_CONDA": "1", "CONDA_DEFAULT_ENV": "buurteffect"}
    said = subprocess.run(
        ["make", "--dry-run", "test"], cwd=checkout, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert f"{conda}/bin/python -m pytest" in said
    assert "venv" not in said
    other = environment | {"BUURTEFFECT_CONDA": ""}
    said = subprocess.run(
        ["make", "--dry-run", "test"], cwd=checkout, env=other, capture_output=True, text=True, check=True
    ).stdout
    assert ".venv/bin/python -m pytest" in said
