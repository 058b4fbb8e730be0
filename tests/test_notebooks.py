"""Notebooks hold a question, parameters, short calls and prose; numbers happen elsewhere."""

import ast
import json
import re

import nbformat
import pytest
from checkouts import ROOT

from buurteffect.pipeline import load_run, read_parameters
from buurteffect.project import Project

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RUNS = sorted((ROOT / "notebooks" / "runs").glob("*.yaml"))
LONGEST_CELL = 20
FORBIDDEN = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.For,
    ast.While,
    ast.Try,
    ast.With,
)


def read(path):
    return nbformat.read(path, as_version=4)


def code(path):
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_a_notebook_stores_no_output(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert not [cell for cell in cells if cell.outputs or cell.execution_count]


def test_it_opens_with_title_question_estimand_and_what_it_cannot_say(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    for part in ("**Question.**", "**Estimand.**", "**In advance.**"):
        assert part in first.source


def test_its_parameters_are_declared_fully_and_begin_with_the_source(path):
    declared = read_parameters(path)
    assert next(iter(declared)) == "source"
    assert declared["source"].choices == ("synthetic", "open", "microdata")
    assert all(parameter.meaning for parameter in declared.values())


def test_every_parameter_is_used(path):
    names = {node.id for cell in code(path)[1:] for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Name)}
    assert set(read_parameters(path)) <= names


def test_cells_are_short_calls(path):
    for cell in code(path):
        assert len(cell.splitlines()) <= LONGEST_CELL, cell
        for node in ast.walk(ast.parse(cell)):
            assert not isinstance(node, FORBIDDEN), ast.unparse(node)


def test_no_cell_names_a_file_or_reads_one(path):
    for cell in code(path):
        for node in ast.walk(ast.parse(cell)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.search(r"\.(csv|parquet|xlsx?|zip|json)\b|^[/~]|^\.\.?/", node.value), node.value
            if isinstance(node, ast.Call):
                assert "read_csv" not in ast.unparse(node.func)
                assert ast.unparse(node.func) not in ("open", "print")


def test_imports_stand_in_one_cell(path):
    with_imports = [cell for cell in code(path) if re.search(r"^(from|import) ", cell, re.MULTILINE)]
    assert len(with_imports) == 1


def test_it_never_reads_the_truth(path):
    assert "truth/" not in "".join(code(path))
    assert "join_truth" not in "".join(code(path))


def test_prose_holds_no_result(path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown" and not cell.source.startswith("## Sources"):
            text = re.sub(r"\$+[^$]*\$+|\bC\d\d\b|\bn\d\d\b|`[^`]*`", "", cell.source)
            numbers = set(re.findall(r"\d+(?:[.,]\d+)?%?", text)) - YEARS_OF_CLAIMS
            assert not numbers, f"a number in prose that no result stands behind: {numbers}"


YEARS_OF_CLAIMS = {"2002", "2012", "1989", "1993", "2024", "90", "10", "90–", "3"}


def test_it_uses_the_projects_kernel(path):
    assert read(path).metadata.kernelspec.name == "buurteffect"


def test_it_ends_with_its_results(path):
    assert code(path)[-1] == "page.finish()"


def test_it_has_a_run_for_each_source_that_it_is_for(path):
    runs = [run for run in RUNS if re.search(rf"^notebook: {path.stem}$", run.read_text(), re.MULTILINE)]
    assert runs
    for run in runs:
        for source in re.search(r"^sources: \[(.*)\]$", run.read_text(), re.MULTILINE)[1].split(", "):
            assert load_run(Project(ROOT), run.stem, source).parameters["source"] == source


def test_its_cells_have_ids_that_stay(path):
    ids = [cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    assert len(set(ids)) == len(ids)
