"""A run is kept only if all of it ran; everything else ends non-zero and leaves the last good page alone."""

import json
import re
from pathlib import Path

import nbformat
import pytest
import serving
from checkouts import ROOT

from buurteffect import errors
from buurteffect.pipeline.cli import main
from buurteffect.pipeline.cluster.worker import DIFFERS, LOST
from buurteffect.pipeline.kernels import engine
from buurteffect.pipeline.truth.join import join_truth

TABLE = 'page.table("t", pd.DataFrame({"x": [1.5]}), [Column("x", "X", ".2f")], "One number.")'
LIMITS = {
    "a cell that hangs": "cell_seconds: 4\nnotebook_seconds: 60\n",
    "a notebook that hangs": "cell_seconds: 50\nnotebook_seconds: 7\n",
}


@pytest.fixture
def run(monkeypatch, capfd):
    """Run ``tiny`` in a build, or here with a kernel of its own; return its exit code and its error stream."""

    def call(project, *arguments, here=False):
        monkeypatch.chdir(project.root)
        if not here:
            code, _, said = serving.ask(project.root, "run", "tiny", *arguments)
            return code, said
        code = main(["run", "tiny", *arguments])
        return code, capfd.readouterr().err

    return call


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return every file that a finished run and page leave, and its bytes."""
    parts = ("executed", "results", "exhibits", "synthetic")
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and any(part in file.parts for part in parts) and "failed" not in file.parts
    }


@pytest.mark.parametrize("here", [False, True], ids=["in a build", "by itself"])
def test_a_good_run_leaves_results_exhibits_and_the_executed_notebook(tiny, run, here):
    project = tiny(TABLE)
    assert run(project, here=here) == (0, "")
    done = project.processed("synthetic")
    results = json.loads((done / "results" / "tiny.json").read_text(encoding="utf-8"))
    assert results["results"]["t"]["rows"] == [{"x": 1.5}]
    assert results["run"]["parameters"] == {"source": "synthetic"}
    assert results["run"]["versions"]["papermill"]
    assert (done / "exhibits" / "tiny" / "tables" / "t.csv").read_text() == "x\n1.5\n"
    assert not list(done.glob(".staging*"))
    notebook = nbformat.read(done / "executed" / "tiny.ipynb", as_version=4)
    assert [c.execution_count for c in notebook.cells if c.cell_type == "code"] == [1, 2, 3, 4, 5]
    assert str(project.root) not in (done / "executed" / "tiny.ipynb").read_text(encoding="utf-8")


FAULTS = {
    "an exception": (["1 / 0"], errors.CellFailedError, "ZeroDivisionError"),
    "sys.exit(0)": (["import sys; sys.exit(0)"], errors.CellFailedError, "SystemExit"),
    "os._exit(0)": (["import os; os._exit(0)"], errors.KernelDiedError, "the kernel ended"),
    "a killed kernel": (["import os; os.kill(os.getpid(), 9)"], errors.KernelDiedError, "the kernel ended"),
    "a cell that hangs": (["import time; time.sleep(60)"], errors.TimeLimitError, "limit of 4 s"),
    "a notebook that hangs": (["import time; time.sleep(3)"] * 4, errors.TimeLimitError, "limit of 7 s"),
    "a line magic that fails": (["%run no_such_file.py"], errors.CellFailedError, "no_such_file"),
    "results of another source": (["page = report.open_page('tiny', 'open')"], errors.IncompleteRunError, "'open'"),
    "truncated results": (
        ["page.finish = lambda: (page.folder / 'results.json').write_text('{')"],
        errors.IncompleteRunError,
        "not valid JSON",
    ),
}  # fmt: skip


ALONE = ("a killed kernel", "a cell that hangs")
"""Faults that are tried by themselves, where a kernel is a process of its own and not forked."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_run_ends_with_its_own_code_and_leaves_the_last_good_page(tiny, run, fault):
    cells, kind, words = FAULTS[fault]
    project = tiny(TABLE)
    assert run(project)[0] == 0
    assert main(["render", "tiny"]) == 0
    before = snapshot(project.root)
    assert before

    code, said = run(tiny(TABLE, *cells, settings=LIMITS.get(fault, "")), here=fault in ALONE)
    assert code == kind.exit_code
    assert words in said
    assert "the last good page and results are untouched" in said
    assert len(said.splitlines()) < 40
    assert snapshot(project.root) == before
    assert (project.processed("synthetic") / "failed" / "tiny.ipynb").is_file()
    assert not list(project.processed("synthetic").glob(".staging*"))

    assert run(tiny(TABLE))[0] == 0
    assert not (project.processed("synthetic") / "failed" / "tiny.ipynb").exists()


def test_a_notebook_that_never_finishes_its_report_is_incomplete(tiny, run):
    code, said = run(tiny(TABLE, finish=False))
    assert (code, "must call page.finish()" in said) == (errors.IncompleteRunError.exit_code, True)


def test_every_kind_of_error_has_its_own_exit_code():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    codes = [kind.exit_code for kind in kinds if kind is not errors.RemoteRunError]  # which takes that of another
    assert len(set(codes)) == len(codes)
    assert 0 not in codes
    assert (errors.WorkerDiffersError.exit_code, errors.WorkerLostError.exit_code) == (DIFFERS, LOST)


def test_exit_codes_are_given_in_one_place_only():
    found = [file.name for file in (ROOT / "src").rglob("*.py") if re.search(r"\n    exit_code = ", file.read_text())]
    assert found == ["errors.py"]


def test_a_wrong_parameter_is_refused_before_a_kernel_starts(tiny, run, monkeypatch):
    def never(*_args, **_kwargs):
        raise AssertionError("a kernel was started")

    monkeypatch.setattr(engine.Engine, "execute_managed_notebook", never)
    code, said = run(tiny(TABLE), "--set", "sourze=open", here=True)
    assert code == errors.ParameterError.exit_code
    assert "did you mean 'source'?" in said


def test_a_parameter_name_that_holds_code_never_runs(tiny, run, tmp_path):
    code, said = run(tiny(TABLE), "--set", f"x\nopen({str(tmp_path / 'ran')!r}, 'w')=1")
    assert code == errors.ParameterError.exit_code
    assert "is not a parameter name" in said
    assert not (tmp_path / "ran").exists()


def test_microdata_leave_nothing_while_disclosure_control_is_missing(tiny, run):
    project = tiny(TABLE)
    code, said = run(project, "--source", "microdata")
    assert code == errors.CellFailedError.exit_code
    assert "DisclosureError" in said
    assert not (project.processed("microdata") / "results").exists()


def test_a_missing_kernel_says_what_to_do(tiny, run, monkeypatch):
    monkeypatch.setattr(engine, "KERNEL", "no-such-kernel")
    code, said = run(tiny(TABLE), here=True)
    assert code == errors.ProjectError.exit_code
    assert "make setup" in said


def test_a_notebook_sees_the_parameter_of_its_run(tiny, run):
    parameters = 'source: str = "synthetic"  # [synthetic | open] data\nn: int = 1  # [1 .. 9 x] number'
    cell = 'page.sentences("s", [f"n is {n}"], {"n": n})'
    project = tiny(cell, parameters=parameters, settings="parameters: {n: 7}\n")
    assert run(project)[0] == 0
    results = json.loads((project.processed("synthetic") / "results" / "tiny.json").read_text(encoding="utf-8"))
    assert results["sentences"]["s"] == {"sentences": ["n is 7"], "numbers": {"n": 7}}


# --- the truth -----------------------------------------------------------------------------------------------------


def test_truth_is_joined_after_the_run_and_a_miss_is_shown(tiny, run):
    project = tiny('page.estimand("a", "A", 1.0, 0.5, 1.5, "x")\npage.estimand("b", "B", 1.0, 0.5, 1.5, "x")')
    truth = project.processed("synthetic") / "truth" / "truth.json"
    truth.parent.mkdir(parents=True)
    truth.write_text('{"a": 1.2, "b": 9.0}', encoding="utf-8")
    assert run(project)[0] == 0
    results = json.loads((project.processed("synthetic") / "results" / "tiny.json").read_text(encoding="utf-8"))
    assert [(row["name"], row["covered"]) for row in results["truth"]] == [("a", True), ("b", False)]
    assert main(["render", "tiny"]) == 0
    page = (project.reports("synthetic") / "tiny.html").read_text(encoding="utf-8")
    assert re.search(r"<th[^>]*>B<.*no: missed", page)


def test_no_truth_file_means_no_truth(tmp_path):
    assert join_truth({"a": {"ci_low": 0, "ci_high": 1}}, tmp_path / "none.json") == []


def test_an_estimate_without_an_interval_does_not_cover(tmp_path):
    (tmp_path / "t.json").write_text('{"a": 1}', encoding="utf-8")
    estimand = {"label": "A", "estimate": 1.0, "ci_low": None, "ci_high": None, "unit": "x"}
    assert join_truth({"a": estimand}, tmp_path / "t.json")[0]["covered"] is None
