"""Everything is changed, one thing at a time: what is made again is exactly what read it.

What should be made again is found out without the machinery of the build (`spying`); what would be is asked of make
and of the function that decides by content. One small country is built once, with runs that read different things.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from builds import make
from nbformat.v4 import new_code_cell, new_markdown_cell
from spied_builds import DONE, NOTEBOOKS, PAGES, RUNS, build, lay_out
from spying import closure, inside, spied, spied_program

from buurteffect.pipeline.runs.provenance import Record, changes, settings_of
from buurteffect.pipeline.runs.runs import load_run
from buurteffect.pipeline.runs.stages import Page
from buurteffect.project import Project

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

JOINED = {
    f"pipeline/{name}.py"
    for name in ("execute", "needs", "truth/process", "runs/staging", "truth/join", "truth/error_decomposition")
}
"""Code outside the kernel that moves the results of every run."""


def asked(checkout: Path) -> set[str]:
    """Return what make would call; the program called decides whether anything is done."""
    code, said = make(checkout, "--dry-run", "reports", PYTHONPATH=str(checkout / "src"))
    assert code == 0, said
    verbs = {"synthetic": "country", "panel": "panel", "index": "index"}
    found = set()
    for verb, name in re.findall(r"client\.py (\w+)(?: (\w+))?", said):
        if verb in verbs:
            found.add(verbs[verb])
        elif verb in ("run", "render"):
            found.add(f"{'run' if verb == 'run' else 'page'} {name}")
    return found


def prerequisites(checkout: Path) -> dict[str, set[str]]:
    """Return which files make compares each part with, from make's own print of what it has read."""
    said = make(checkout, "--print-data-base", "--question", "reports", PYTHONPATH=str(checkout / "src"))[1]
    found: dict[str, set[str]] = {}
    for goal, names in re.findall(r"^(\S+\.(?:json|ipynb|html)): (.*)$", said, re.MULTILINE):
        what = goal_of(goal)
        if what is not None:
            found[what] = set(names.split())
    return found


def goal_of(goal: str) -> str | None:
    """Return the part whose making make knows by a file."""
    known = {
        f"{DONE}/truth/truth.json": "country",
        f"{DONE}/panel/inputs.json": "panel",
        f"{PAGES}/index.html": "index",
    }
    run = re.fullmatch(rf"{DONE}/executed/(\w+)\.ipynb", goal)
    page = re.fullmatch(rf"{PAGES}/(\w+)\.html", goal)
    return known.get(goal) or (f"run {run[1]}" if run else f"page {page[1]}" if page else None)


def decided(checkout: Path, runs: dict[str, str]) -> set[str]:
    """Return what would be made again, by content, if it were called."""
    project, found = Project(checkout), set()
    for name in ("country", "panel"):
        record = Record.read(checkout / DONE / "records" / f"_{name}.json")
        found |= {name} if changes(project, record, record.settings) else set()
    for name in runs:
        run = load_run(project, name, "synthetic")
        record = Record.read(checkout / DONE / "records" / f"{name}.json")
        difference = changes(project, record, settings_of(run.notebook, run.parameters), run.looks_for)
        if difference:
            found.add(f"{'prose' if [change.name for change in difference] == ['prose'] else 'run'} {name}")
        if Page(project, "synthetic", name).why({}) != []:
            found.add(f"page {name}")
    return found | ({"index"} if Page(project, "synthetic", "index").why({"runs": json.dumps(sorted(runs))}) else set())


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A checkout that has been built, and what each part of it reads, as spied out."""
    checkout = lay_out(tmp_path_factory.mktemp("mutations"), RUNS)
    build(checkout)
    should = spied_reads(checkout)
    build(checkout)  # the spies have rendered pages anew
    assert make(checkout, "--question", "reports", PYTHONPATH=str(checkout / "src"))[0] == 0
    return checkout, should


def spied_reads(checkout: Path) -> dict[str, set[str]]:
    """Return the files that the country, the panel, each run, page and the index read."""
    published, aside = checkout / DONE / "published", checkout.parent / "spied"
    project = (
        f"from pathlib import Path\nfrom buurteffect.project import Project\nproject = Project(Path({str(checkout)!r}))"
    )
    names = [*(name for name in RUNS if name != "headline"), "headline"]  # what loads more modules comes last
    reads = {}
    (reads["country"],) = spied_program(
        checkout,
        "from pathlib import Path\n"
        "from buurteffect.synthetic import draw_country, publish_country, scenario_parameters\n"
        "world, truth = draw_country(1, 'test', 'S0')\n"
        f"publish_country(world, truth, scenario_parameters('S0'), Path({str(aside)!r}))",
    )
    (reads["panel"],) = spied_program(
        checkout,
        "from pathlib import Path\nfrom buurteffect.panel import build\n"
        f"build(Path({str(published)!r}), Path({str(aside / 'panel')!r}))",
    )
    _, *joins = spied_program(
        checkout,
        f"{project}\nimport buurteffect.pipeline.truth.join\n"
        "from buurteffect.pipeline.truth.error_decomposition import decompose_error\n"
        "from buurteffect.pipeline.runs.runs import load_run",
        *(f"decompose_error(project, load_run(project, {name!r}, 'synthetic'))" for name in names),
    )
    render = (
        project + "\nfrom buurteffect.report.pages.render import render_page\n"
        "render_page(project, 'synthetic', {name!r})"
    )
    pages = [spied_program(checkout, render.format(name=name))[0] for name in names]
    for name, joined, page in zip(names, joins, pages, strict=True):
        executed = nbformat.read(checkout / DONE / "executed" / f"{name}.ipynb", as_version=4)
        told = "".join(o.get("text", "") for c in executed.cells if c.cell_type == "code" for o in c.outputs)
        kernel = {file for file in spied(told)[0] if "/buurteffect/pipeline/" not in file}
        own = ("/buurteffect/pipeline/", "/notebooks/")  # what the spy itself needs to load a run
        reads[f"run {name}"] = kernel | {file for file in joined if not any(part in file for part in own)}
        reads[f"page {name}"] = page
    (reads["index"],) = spied_program(
        checkout,
        f"{project}\nfrom buurteffect.pipeline.verify.comparison import since_recorded\n"
        "from buurteffect.report.pages.index import write_index\n"
        f"write_index(project, 'synthetic', {sorted(RUNS)!r}, since_recorded(project, 'synthetic'))",
    )
    reads["index"] = {file for file in reads["index"] if "/buurteffect/pipeline/" not in file}
    reads = {what: inside(files, checkout) for what, files in reads.items()}
    reads["run raw"].add("data/raw/sized.bin")  # whose size it asks for
    for what, files in reads.items():
        files.add("requirements.lock")
        if what.startswith("run "):
            files |= {f"src/buurteffect/{name}" for name in JOINED} | {f"{DONE}/truth/truth.json"}
        else:
            files.discard("src/buurteffect/__init__.py")
    return reads


def made_by(name: str) -> str | None:
    """Return what makes a file, by where it stands; None for what nobody makes."""
    places = {
        "country": rf"{DONE}/(published|truth)/", "panel": rf"{DONE}/panel/", "index": rf"{PAGES}/index\.html",
        "run": rf"{DONE}/(?:executed|results)/(\w+)\.|{DONE}/exhibits/(\w+)/",
        "page": rf"{PAGES}/(\w+)\.html|{PAGES}/(?:figures|tables)/(\w+)/"
                rf"|{PAGES}/(?:code|addresses)/(\w+)\.",
    }  # fmt: skip
    for what, place in places.items():
        found = re.match(place, name)
        if found:
            run = next((group for group in found.groups() if group), "")
            return f"{what} {run}" if what in ("run", "page") else what
    return None


def changed_bytes(file: Path) -> bytes:
    """Return other bytes for a file, with which everything that reads its name can still go on."""
    data = file.read_bytes()
    return data + (b"\n# changed\n" if file.suffix in (".py", ".lock", ".toml", ".yaml") else b"\n")


@contextmanager
def other(file: Path, data: bytes):
    """Let a file have other content for a while."""
    before, state = file.read_bytes(), file.stat()
    file.write_bytes(data)
    try:
        yield
    finally:
        file.write_bytes(before)
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


def files_to_change(checkout: Path) -> list[str]:
    """Return every file of a built checkout that somebody could change."""
    names = ["requirements.lock", "pyproject.toml", "Makefile"]
    for folder in ("src", "data/raw", f"{DONE}/published", f"{DONE}/truth", f"{DONE}/panel", f"{DONE}/executed",
                   f"{DONE}/results", f"{DONE}/exhibits", PAGES):  # fmt: skip
        names += [p.relative_to(checkout).as_posix() for p in sorted((checkout / folder).rglob("*")) if p.is_file()]
    return [name for name in names if "__pycache__" not in name]


class Tally:
    """Counts mutations and which of them were exact."""

    def __init__(self, checkout: Path, runs: dict[str, str]) -> None:
        self.checkout, self.runs, self.known = checkout, runs, prerequisites(checkout)
        self.counts: dict[str, list[int]] = {}
        self.wrong: list[str] = []
        self.tried: set[tuple[str, frozenset[str]]] = set()

    def judge(self, kind: str, name: str, expected: set[str]) -> None:
        """Compare what would be made again with what should be; make has to ask for all of it.

        make compares dates of the files that it knows; of each sort of mutation one is tried on make itself.
        """
        would = decided(self.checkout, self.runs)
        goals = {what.replace("prose ", "run ") for what in would}
        sort = (kind, frozenset(expected))
        if sort in self.tried and all(goal_of(name) == goal or name in self.known[goal] for goal in goals):
            unasked = set()
        else:
            unasked = goals - asked(self.checkout)
            self.tried.add(sort)
        count = self.counts.setdefault(kind, [0, 0])
        count[0] += 1
        count[1] += would == expected and not unasked
        if would != expected or unasked:
            self.wrong.append(
                f"{kind} {name}: not made again {sorted(expected - would)}, made again for nothing "
                f"{sorted(would - expected)}, make does not ask {sorted(unasked)}"
            )

    def __str__(self) -> str:
        rows = [f"{kind}: {exact} of {number} exact" for kind, (number, exact) in self.counts.items()]
        total = [sum(count[at] for count in self.counts.values()) for at in (1, 0)]
        return "; ".join([*rows, f"together {total[0]} of {total[1]}"])


def kind_of(name: str) -> str:
    if name.startswith("src/"):
        return "module" if name.endswith(".py") else "file of the package"
    if name.startswith("data/raw") or "/published/" in name or "/truth/" in name:
        return "raw or published file"
    if "/panel/" in name:
        return "panel table"
    return "what was made" if made_by(name) else "file of the checkout"


def expected_of(name: str, should: dict[str, set[str]]) -> set[str]:
    """Return what has to be made again when a file changes."""
    maker = made_by(name)
    return {what for what, files in should.items() if name in files} | ({maker} if maker else set())


@pytest.mark.slow
def test_imports_that_are_always_reached_and_no_others_are_among_what_a_run_reads(built):
    checkout, should = built
    for name, text in RUNS.items():
        notebook = nbformat.read(
            checkout / "notebooks" / f"{re.search(r'notebook: (.+)', text)[1]}.ipynb", as_version=4
        )
        code = ["\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")]
        read = {n for n in should[f"run {name}"] if n.endswith(".py") and "/pipeline/" not in n}
        joins = ["import buurteffect.pipeline.truth.error_decomposition, buurteffect.pipeline.truth.join"] * (
            name == "headline"
        )
        least = {n for n in closure(checkout / "src", code, False) if "/pipeline/" not in n}
        most = {n for n in closure(checkout / "src", [*code, *joins], True) if "/pipeline/" not in n}
        outside = {"src/buurteffect/__init__.py", "src/buurteffect/errors.py", "src/buurteffect/project.py"}
        assert least <= read
        assert read <= most | outside


@pytest.mark.slow
def test_every_file_that_changes_makes_again_exactly_what_read_it(built, capsys):
    checkout, should = built
    tally = Tally(checkout, RUNS)
    assert decided(checkout, RUNS) == set()
    assert asked(checkout) == set()
    for name in files_to_change(checkout):
        file = checkout / name
        with other(file, changed_bytes(file)):
            tally.judge(kind_of(name), name, expected_of(name, should))
    with capsys.disabled():
        print(f"\nmutations of files: {tally}")
    assert decided(checkout, RUNS) == set(), "what has its old content again is as it was"
    assert tally.wrong == []


@pytest.mark.slow
def test_every_parameter_cell_and_key_of_every_run_makes_again_exactly_that_run(built, capsys):
    checkout, _ = built
    tally = Tally(checkout, RUNS)
    of = {name: re.search(r"notebook: (\w+)", text)[1] for name, text in RUNS.items()}
    for name, text in RUNS.items():
        file, run = checkout / "notebooks" / "runs" / f"{name}.yaml", load_run(Project(checkout), name, "synthetic")
        for parameter, value in run.parameters.items():
            if parameter == "source":
                continue
            with other(file, with_parameter(text, run.parameters, parameter, other_value(parameter, value))):
                tally.judge("parameter", f"{name} {parameter}", {f"run {name}"})
            given = with_parameter(text, run.parameters, parameter, value)
            with other(file, given):
                tally.judge("parameter given as it was", f"{name} {parameter}", set())
        for kind, more, expected in (
            ("comment of a run", "# a word\n", set()), ("limit of a run", "cell_seconds: 99\n", set()),
            ("file to look for", "looks_for: [docs/x.csv]\n", {f"run {name}"}),
        ):  # fmt: skip
            with other(file, (text + more).encode()):
                tally.judge(kind, name, expected)
    for notebook in NOTEBOOKS:
        file, runs = checkout / "notebooks" / f"{notebook}.ipynb", [name for name in RUNS if of[name] == notebook]
        for kind, change, what in NOTEBOOK_CHANGES:
            with other(file, changed_notebook(file, change)):
                tally.judge(kind, notebook, {f"{what} {name}" for name in runs if what})
    with capsys.disabled():
        print(f"\nmutations of runs and notebooks: {tally}")
    assert tally.wrong == []


def with_parameter(text: str, values: dict, name: str, value: object) -> bytes:
    """Return a run's file with a value for a parameter."""
    head = text.partition("parameters:")[0]
    given = {key: values[key] for key in re.findall(r"^  (\w+):", text, re.MULTILINE)} | {name: value}
    return (head + "parameters:\n" + "".join(f"  {k}: {json.dumps(v)}\n" for k, v in given.items())).encode()


def other_value(name: str, value: object) -> object:
    """Return another value that a parameter may have."""
    words = {"level": "pc4" if value == "wijk" else "wijk", "outcome": "woz", "comparison": "never_treated",
             "rule": "as_published", "window": [5, 9], "least_dose": 0.1, "confidence": 0.9,
             "ring_m": 500.0}  # fmt: skip
    return words[name] if name in words else value + 1


NOTEBOOK_CHANGES: tuple[tuple[str, Callable[[nbformat.NotebookNode], None], str], ...] = (
    ("code of a notebook", lambda n: n.cells[2].update(source=f"{n.cells[2].source}\n1"), "run"),
    ("cell more", lambda n: n.cells.insert(3, new_code_cell("1", id="more")), "run"),
    ("cells in another order", lambda n: n.cells.insert(4, n.cells.pop(3)), "run"),
    ("tag of a cell", lambda n: n.cells[3].metadata.update(tags=["new"]), "run"),
    ("prose of a notebook", lambda n: n.cells[0].update(source=f"{n.cells[0].source} More."), "prose"),
    ("cell of prose more", lambda n: n.cells.insert(2, new_markdown_cell("## More", id="more")), "prose"),
    ("output that was left in", lambda n: n.cells[3].update(execution_count=7), ""),
    ("data about a notebook", lambda n: n.metadata.update(kernelspec={"name": "x", "display_name": "x"}), ""),
)


def changed_notebook(file: Path, change: Callable[[nbformat.NotebookNode], None]) -> bytes:
    notebook = nbformat.read(file, as_version=4)
    change(notebook)
    return nbformat.writes(notebook).encode()


@pytest.mark.slow
def test_files_that_come_and_go_make_again_exactly_the_run_that_looked_for_them(built):
    checkout, _ = built
    raw, tally = checkout / "data" / "raw", Tally(checkout, RUNS)
    for come in (raw / "flag.txt", raw / "many" / "b.txt"):
        come.write_text("x", encoding="utf-8")
        tally.judge("file that comes", come.name, {"run raw"})
        come.unlink()
    for goes in (raw / "stands.txt", raw / "many" / "a.txt", raw / "extra.csv"):
        before, state = goes.read_bytes(), goes.stat()
        goes.unlink()
        tally.judge("file that goes", goes.name, {"run raw"})
        goes.write_bytes(before)
        os.utime(goes, ns=(state.st_atime_ns, state.st_mtime_ns))
    (raw / "elsewhere.txt").write_text("x", encoding="utf-8")
    tally.judge("file that nobody looks for", "elsewhere.txt", set())
    (raw / "elsewhere.txt").unlink()
    assert tally.wrong == []


@pytest.mark.slow
def test_touching_every_file_makes_nothing_again(built, tmp_path):
    checkout = tmp_path / "checkout"
    shutil.copytree(built[0], checkout)
    for path in checkout.rglob("*"):
        if path.is_file() and not any(part in ("data", "reports") for part in path.relative_to(checkout).parts[:1]):
            path.touch()
    before = snapshot(checkout)
    said = build(checkout)
    assert not re.search(r" ran in | has new prose|drawn and published|\) built in", said)
    assert len(re.findall(r" is unchanged", said)) == 2 + 2 * len(RUNS) + 1
    assert snapshot(checkout) == before
    assert make(checkout, "--question", "reports", PYTHONPATH=str(checkout / "src"))[0] == 0


def snapshot(checkout: Path) -> dict[str, bytes]:
    """Return every result, exhibit and page, and its bytes."""
    places = [checkout / PAGES, *(checkout / DONE / part for part in ("results", "exhibits", "executed"))]
    return {
        p.relative_to(checkout).as_posix(): p.read_bytes() for place in places for p in place.rglob("*") if p.is_file()
    }
