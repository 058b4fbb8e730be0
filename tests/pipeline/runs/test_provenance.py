"""What a run was made from is kept by content, and make can read it."""

import json
import os
import shutil
import subprocess

import nbformat
import pytest

from buurteffect.errors import IncompleteRunError, ObservedAccessError
from buurteffect.pipeline.runs.provenance import (
    GONE,
    Record,
    changes,
    checksum,
    listing,
    observed,
    settings_of,
    write_dependencies,
)
from buurteffect.project import Project


@pytest.fixture
def project(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a", encoding="utf-8")
    return Project(tmp_path)


def notebook(path, code="x = 1", prose="# Title"):
    cells = [nbformat.v4.new_markdown_cell(prose), nbformat.v4.new_code_cell(code)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def log_of(project, *lines):
    log = project.root / "reads.jsonl"
    log.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return log


def seen(path):
    state = path.stat()
    return ["file", str(path), state.st_mtime_ns, state.st_size]


@pytest.mark.parametrize(
    ("changed", "differs"),
    [({"code": "x = 2"}, {"code"}), ({"prose": "# Other"}, {"prose"}), ({}, set())],
)
def test_code_and_prose_of_a_notebook_are_told_apart(tmp_path, changed, differs):
    one = settings_of(notebook(tmp_path / "n.ipynb"), {"a": 1})
    two = settings_of(notebook(tmp_path / "n.ipynb", **changed), {"a": 1})
    assert {name for name in one if one[name] != two[name]} == differs
    assert settings_of(tmp_path / "n.ipynb", {"a": 2})["parameters"] != two["parameters"]


def test_what_changed_is_named_with_both_checksums_and_a_touched_file_is_not(project):
    file = project.root / "data" / "a.csv"
    record = Record("n", {"code": "1"}, {"data/a.csv": checksum(file)}, {"data": listing(file.parent)})
    os.utime(file, (1, 1))
    assert changes(project, record, {"code": "1"}) == []
    old = checksum(file)
    file.write_text("b", encoding="utf-8")
    (project.root / "data" / "new.csv").write_text("", encoding="utf-8")
    found = changes(project, record, {"code": "2"})
    assert [(change.kind, change.name) for change in found] == [
        ("setting", "code"),
        ("file", "data/a.csv"),
        ("folder", "data"),
    ]
    assert str(found[1]) == f"file data/a.csv: {old[:12]} then, {checksum(file)[:12]} now"
    file.unlink()
    assert changes(project, record, {"code": "1"})[0].now == GONE


def test_a_record_that_cannot_be_read_is_none(tmp_path):
    path = tmp_path / "r.json"
    assert Record.read(path) is None
    path.write_text('{"name": "n", "setti', encoding="utf-8")
    assert Record.read(path) is None
    Record("n", {"a": "b"}, {"f": "1"}).write(path)
    assert Record.read(path) == Record("n", {"a": "b"}, {"f": "1"})


def test_what_was_refused_fails_the_run_though_the_notebook_went_on(project):
    log = log_of(project, seen(project.root / "data" / "a.csv"), ["refused", "read the truth", 0, 0])
    with pytest.raises(ObservedAccessError, match="the run read the truth"):
        observed(project, "n", {}, log, [])


def test_a_file_that_changes_under_a_run_fails_it(project):
    file = project.root / "data" / "a.csv"
    log = log_of(project, seen(file))
    assert observed(project, "n", {}, log, []).files == {"data/a.csv": checksum(file)}
    file.write_text("longer", encoding="utf-8")
    with pytest.raises(IncompleteRunError, match=r"data/a\.csv changed while the run was under way"):
        observed(project, "n", {}, log, [])


def test_code_that_is_edited_under_a_run_makes_it_stale_at_once(project):
    module = project.root / "m.py"
    module.write_text("x = 1", encoding="utf-8")
    log = log_of(project, seen(module))
    module.write_text("x = 12", encoding="utf-8")
    record = observed(project, "n", {}, log, [])
    assert [change.name for change in changes(project, record, {})] == ["m.py"]


def test_a_file_that_was_absent_and_a_folder_whose_names_changed_under_a_run_fail_it(project):
    folder = project.root / "data"
    lines = [["absent", str(folder / "b.csv"), 0, 0]], [["folder", str(folder), listing(folder), 0]]
    assert observed(project, "n", {}, log_of(project, *lines[0]), []).files == {"data/b.csv": GONE}
    assert observed(project, "n", {}, log_of(project, *lines[1]), []).folders == {"data": listing(folder)}
    (folder / "b.csv").write_text("", encoding="utf-8")
    for said in lines:
        with pytest.raises(IncompleteRunError, match="changed while"):
            observed(project, "n", {}, log_of(project, *said), [])


def test_what_was_only_looked_for_counts_by_its_presence_not_by_its_content(project):
    file, folder = project.root / "data" / "a.csv", project.root / "data"
    log = log_of(project, ["there", str(file), 0, 0], ["there", str(folder), 0, 0])
    record = observed(project, "n", {}, log, [])
    file.write_text("other", encoding="utf-8")
    assert changes(project, record, {}) == []
    file.unlink()
    assert [(change.name, change.now) for change in changes(project, record, {})] == [("data/a.csv", GONE)]


def test_a_folder_that_was_looked_for_in_vain_changes_a_record_when_it_comes(project):
    record = Record("n", {}, {"data/new": GONE})
    assert changes(project, record, {}) == []
    (project.root / "data" / "new").mkdir()
    assert [change.name for change in changes(project, record, {})] == ["data/new"]


def test_a_file_that_a_run_is_newly_told_to_look_for_changes_it(project):
    record = Record("n", {}, {"data/a.csv": checksum(project.root / "data" / "a.csv")})
    assert changes(project, record, {}, ["data/a.csv"]) == []
    assert [str(change) for change in changes(project, record, {}, ["data/b.csv"])] == [
        "file data/b.csv: not read then, gone now"
    ]


def test_what_the_work_itself_wrote_does_not_count_as_read_but_a_folder_that_was_there_does(project):
    made, old = project.root / "data" / "made", project.root / "data" / "a.csv"
    made.mkdir()
    (made / "b.csv").write_text("b", encoding="utf-8")
    lines = ["absent", str(made), 0, 0], ["wrote", str(made), 0, 0], seen(made / "b.csv"), seen(old)
    assert set(observed(project, "n", {}, log_of(project, *lines), []).files) == {"data/a.csv"}


def test_a_run_that_was_not_watched_is_not_complete(project):
    with pytest.raises(IncompleteRunError, match="not taken down"):
        observed(project, "n", {}, project.root / "nothing.jsonl", [])


@pytest.mark.parametrize("name", ["plain.csv", "two words.csv", "a#b.csv", "a$b.csv", "a%b.csv", "a:b.csv"])
def test_make_reads_the_dependency_file_whatever_a_file_is_called(project, name):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    file, target = project.root / "data" / name, project.root / "out.txt"
    file.write_text("a", encoding="utf-8")
    record = Record("n", {}, {f"data/{name}": checksum(file)})
    write_dependencies(project, record, target, project.root / "n.d")
    (project.root / "Makefile").write_text("out.txt:\n\ttouch out.txt\n-include n.d\n", encoding="utf-8")
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}

    def asked():
        command = ["make", "--question", "out.txt"]
        return subprocess.run(command, cwd=project.root, env=clean, capture_output=True, check=False).returncode

    target.touch()
    os.utime(file, (1, 1))
    assert asked() == 0
    os.utime(file)
    os.utime(target, (2, 2))
    assert asked() == 1
    target.touch()
    file.unlink()
    assert asked() == 1, "a file that is gone counts as changed and stops nothing"
