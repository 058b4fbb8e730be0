"""What lies in a deposit, what stops one, and that one can be built again."""

import hashlib
import io
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml
from checkouts import ROOT, write_notebook

from buurteffect.errors import (
    DepositError,
    DisclosureError,
    ForeignInputError,
    NotReplicatedError,
    OutOfDateError,
    UncommittedError,
    UndescribedError,
    UnfitFileError,
)
from buurteffect.pipeline.deposit.archive import archive_of, changed_since, commit_of_deposit, manifest_of
from buurteffect.pipeline.deposit.codebook import codebook_of, described_columns, results_keys, tables_of
from buurteffect.pipeline.deposit.deposit import make_deposit, refuse_foreign, refuse_microdata, replicate
from buurteffect.pipeline.deposit.facts import Facts
from buurteffect.pipeline.deposit.metadata import citation, codecheck, data_package
from buurteffect.pipeline.deposit.outputs import differences, outputs_of
from buurteffect.pipeline.deposit.programs import Exhibit, exhibits_of, programs_of, random_draws_in, references_in
from buurteffect.pipeline.deposit.readme_text import Contents, readme
from buurteffect.pipeline.deposit.ro_crate import crate
from buurteffect.pipeline.deposit.scan import names_of_this_machine, refuse_unfit, unfit
from buurteffect.pipeline.runs.provenance import Record
from buurteffect.report.page import EXHIBIT

READY = Path(sys.prefix) / ".buurteffect-ready"
VALIDATORS = ROOT / ".venv-validators" / "bin" / "python"
TABLE = (
    'page.table("t", pd.DataFrame({"year": [2002, 2004], "estimate": [1.5, 2.5]}),'
    ' [Column("year", "Year", "d"), Column("estimate", "Estimate", ".2f")], "Two numbers.")'
)


@pytest.fixture
def facts():
    """What a small deposit says of itself."""
    return Facts(
        "0.1.0",
        "synthetic",
        "a" * 40,
        (),
        {"seed": "1", "size": "test", "scenario": "S0"},
        ("one",),
        {
            "title": "A title",
            "contact": "The team",
            "keywords": ["mix"],
            "licence": {"code": "MIT", "data": "CC-BY-4.0"},
            "machine": {
                "measured": "2026-11-22", "processor": "two cores", "memory_gb": 8, "system": "Linux", "python": "3.11",
            },
            "needs": {"minutes": "2", "setup_minutes": "3", "memory_gb": "4", "storage_gb": "1"},
        },
        {"title": "A title", "authors": [{"name": "The team"}], "version": "0.1.0", "date-released": "2026-11-22"},
    )  # fmt: skip


# --- what an editor turns down ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("a.txt", b"", "is empty"),
        ("src/p/__init__.py", b"", "is empty"),
        ("a.md", b"see C:\\Users\\me\\data", "a Windows path"),
        ("outputs/a.json", b'"/home/someone/work"', "a home folder"),
        ("outputs/a.json", b'"/Users/someone/work"', "a home folder"),
        ("a.md", b"write to someone@university.nl", "an address of mail"),
        ("outputs/a.csv", b"RINPERSOON,income\n1,2\n", "columns that name persons: RINPERSOON"),
        ("outputs/a.csv", b'year,"birth_date"\n1,2\n', "columns that name persons"),
        ("outputs/a.parquet", b"PAR1", "no open format"),
        ("a.md", b"\xff\xfe", "is not UTF-8"),
        ("a.json.xz", lzma.compress(b'"/home/someone/work"'), "a home folder"),
        ("a.json.xz", b"no xz", "cannot be unpacked"),
        ("a.json.xz", lzma.compress(b"1") + b"2", "more than one text"),
        ("a.parquet.xz", lzma.compress(b"1"), "no text by its name"),
        ("a.json", b'"/tmp/the-folder/x"', "of the machine it was made on"),
        ("src/a.py", b'ROOT = "/tmp/the-folder/x"', "of the machine it was made on"),
    ],
)
def test_what_an_editor_turns_down_is_found(path, content, reason):
    found = unfit({path: content, "b.md": b"sound"}, ("/tmp/the-folder",))
    assert len(found) == 1
    assert found[0].startswith(path)
    assert reason in found[0]


def test_a_file_that_is_too_large_is_found(monkeypatch):
    monkeypatch.setattr("buurteffect.pipeline.deposit.scan.LARGEST", 10)
    assert unfit({"a.csv": b"year\n2002\n", "b.csv": b"year\n20022\n"}, ()) == ["b.csv: has 11 bytes, over 10"]


def test_an_archive_in_the_archive_is_found_by_its_content():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as inner:
        inner.writestr("x", "y")
    assert any("an archive inside" in line for line in unfit({"data.csv": stream.getvalue()}, ()))


def test_a_file_that_stands_twice_is_found():
    assert unfit({"a.csv": b"x\n1\n", "b.csv": b"x\n1\n"}, ()) == ["b.csv: has the same content as a.csv"]


@pytest.mark.parametrize(("counts", "found"), [([1, 2, 3], 0), ([1, 3, 2], 1), ([2, 3, 4], 1), ([1, None, 2], 1)])
def test_a_notebook_that_was_not_run_from_top_to_end_is_found(counts, found):
    cells = [{"cell_type": "code", "execution_count": count} for count in counts]
    content = json.dumps({"cells": [{"cell_type": "markdown"}, *cells]}).encode()
    assert len(unfit({"outputs/notebooks/a.ipynb": content}, ())) == found


def test_an_unfit_file_stops_the_deposit_with_an_exit_code_of_its_own():
    with pytest.raises(UnfitFileError, match=r"a\.txt: is empty"):
        refuse_unfit({"a.txt": b""}, ())
    codes = [error.exit_code for error in (DepositError, *DepositError.__subclasses__())]
    assert len(codes) == len(set(codes)) == 7


def test_this_machine_is_known_by_the_folder_of_the_checkout(tmp_path):
    assert str(tmp_path) in names_of_this_machine(tmp_path)


# --- the archive -------------------------------------------------------------------------------------------------


def test_an_archive_has_the_same_bytes_whatever_the_order_of_its_files():
    files = {"b/y.txt": b"2\n", "a.txt": b"1\n", "run": b"#!/bin/sh\n"}
    first, second = (archive_of(dict(order), "d") for order in (files.items(), reversed(files.items())))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == ["d/a.txt", "d/b/y.txt", "d/run"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert [oct(entry.external_attr >> 16) for entry in archive.infolist()] == ["0o644", "0o644", "0o755"]


def unpack(files, folder):
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def test_the_manifest_is_what_sha256sum_reads_and_tells_of_every_edit(tmp_path):
    files = {"src/a.py": b"1\n", "outputs/b c.csv": b"2\n", "COMMIT": b"a" * 40 + b"\n"}
    root = unpack(files | {"manifest-sha256.txt": manifest_of(files)}, tmp_path)
    done = subprocess.run(["sha256sum", "--check", "--quiet", "manifest-sha256.txt"], cwd=root, check=False)
    assert done.returncode == 0
    assert changed_since(root) == []
    assert commit_of_deposit(root) == ("a" * 12, False)

    (root / "outputs" / "b c.csv").write_bytes(b"3\n")
    assert changed_since(root) == ["outputs/b c.csv"]
    assert commit_of_deposit(root) == ("a" * 12, False)
    (root / "src" / "a.py").unlink()
    assert changed_since(root) == ["outputs/b c.csv", "src/a.py"]
    assert commit_of_deposit(root) == ("a" * 12, True)


def test_a_checkout_is_no_unpacked_deposit(project):
    assert commit_of_deposit(project.root) is None
    with pytest.raises(DepositError, match="no unpacked deposit"):
        replicate(project, "synthetic")


# --- what was made -----------------------------------------------------------------------------------------------


def built(project, runs, tables):
    """Put pages, results and notebooks of tiny runs in place; `tables` by run."""
    processed, reports = project.processed("synthetic"), project.reports("synthetic")
    for run in runs:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Tiny")])
        for path, text in {
            processed / "executed" / f"{run}.ipynb": nbformat.writes(notebook),
            processed / "results" / f"{run}.json": json.dumps({"run": {"commit": "c" * 12, "name": run}}),
            reports / f"{run}.html": f'<a href="tables/{run}/t.csv">{run}</a>',
            reports / "index.html": "<p>index</p>",
            reports / f"{run}-trial.html": "<p>not deposited</p>",
            reports / "tables" / run / "t.csv": tables[run],
            reports / "tables" / "gone" / "t.csv": "x\n9\n",
        }.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    panel = processed / "panel" / "buurt.parquet"
    panel.parent.mkdir()
    pd.DataFrame({"area_code": ["BU1", None], "score": [1.25, None], "flag": [True, False]}).to_parquet(panel)
    return project


def test_tables_of_the_same_content_stand_once_and_pages_link_to_the_one(project):
    made = outputs_of(built(project, ["one", "two"], {"one": "x\n1\n", "two": "x\n1\n"}), "synthetic", ["one", "two"])
    assert [path for path in made if "/tables/" in path] == ["outputs/reports/tables/one/t.csv"]
    assert made["outputs/reports/two.html"] == b'<a href="tables/one/t.csv">two</a>'
    assert made["outputs/reports/one.html"] == b'<a href="tables/one/t.csv">one</a>'


def test_tables_of_other_content_trials_and_runs_that_are_gone_are_told_apart(project):
    made = outputs_of(built(project, ["one", "two"], {"one": "x\n1\n", "two": "x\n2\n"}), "synthetic", ["one", "two"])
    assert sorted(made) == [
        "outputs/data/buurt.csv",
        "outputs/notebooks/one.ipynb",
        "outputs/notebooks/two.ipynb",
        "outputs/reports/index.html",
        "outputs/reports/one.html",
        "outputs/reports/tables/one/t.csv",
        "outputs/reports/tables/two/t.csv",
        "outputs/reports/two.html",
        "outputs/results/one.json",
        "outputs/results/two.json",
    ]
    assert made["outputs/data/buurt.csv"] == b"area_code,score,flag\nBU1,1.25,True\n,,False\n"


def test_a_run_without_its_page_stops_the_deposit(project):
    built(project, ["one"], {"one": "x\n1\n"})
    with pytest.raises(OutOfDateError, match="two"):
        outputs_of(project, "synthetic", ["one", "two"])


def test_what_was_made_again_may_name_another_commit_and_nothing_else():
    def made(commit, number):
        return {
            "outputs/results/a.json": json.dumps({"run": {"commit": commit}, "n": number}).encode(),
            "outputs/reports/a.html": f"<td>{commit}</td><td>{number}</td>".encode(),
        }

    assert differences(made("a" * 12, 1), made("b" * 12, 1)) == (sorted(made("a" * 12, 1)), [])
    same, other = differences(made("a" * 12, 1), made("b" * 12, 2))
    assert same == []
    assert [line.split(":")[0] for line in other] == sorted(made("a" * 12, 1))
    _, other = differences(made("a" * 12, 1), {"outputs/reports/b.html": b"new"})
    assert {line.rpartition(": ")[2] for line in other} == {"was not made again", "is not in the deposit"}


# --- the codebook ------------------------------------------------------------------------------------------------


def test_a_variable_without_a_meaning_stops_the_deposit_and_is_named():
    with pytest.raises(UndescribedError, match=r"mystery \(outputs/reports/tables/a/t\.csv\)"):
        tables_of({"outputs/reports/tables/a/t.csv": b"year,mystery\n2002,1\n"})


def test_types_ranges_and_missing_values_of_a_table_are_those_that_are_found():
    content = b"year,estimate,term,met,reason\n2002,1.5,a,True,\n2004,,b,False,\n"
    (table,) = tables_of({"outputs/reports/tables/a/t.csv": content})
    assert [(v.name, v.type, v.values, v.missing_count) for v in table.variables] == [
        ("year", "integer", "2002 to 2004", 0),
        ("estimate", "number", "1.5 to 1.5", 1),
        ("term", "string", "a; b", 0),
        ("met", "boolean", "", 0),
        ("reason", "any", "", 2),
    ]
    assert all(v.meaning for v in table.variables)


def test_the_panel_is_described_by_its_contract():
    from buurteffect.schema import panel_contract

    contract = panel_contract("pc4")
    content = ",".join(contract.columns).encode() + b"\n"
    (table,) = tables_of({"outputs/data/pc4.csv": content})
    assert table.key == contract.key
    score = next(v for v in table.variables if v.name == "liveability_score")
    declared = next(f for f in contract.fields if f.name == "liveability_score")
    assert (score.unit, score.meaning, score.low) == (declared.unit, declared.meaning, declared.low)
    assert score.as_field["constraints"]


def test_a_word_may_mean_something_else_in_one_file():
    (table,) = tables_of({"src/kwb_tables.csv": b"table_id,source\nx,V\n"})
    assert table.variables[1].meaning == "How well the row is known"
    assert described_columns()["source"].meaning != "How well the row is known"


def test_every_column_of_results_has_one_line_with_unit_and_meaning():
    table = pd.read_csv(ROOT / "src/buurteffect/schema/result_columns.csv", keep_default_na=False)
    assert not table["column"].duplicated().any()
    assert (table["unit"] != "").all()
    assert table["meaning"].str.len().gt(5).all()


def test_a_column_that_results_share_with_the_panel_means_what_its_contract_says():
    from buurteffect.schema import panel_contract

    shared = {"area_code", "area_name", "city_group", "gemeente_code", "gemeente_name", "level", "year"}
    assert not shared & set(pd.read_csv(ROOT / "src/buurteffect/schema/result_columns.csv")["column"])
    meanings = {field.name: field.meaning for field in panel_contract("buurt").fields}
    assert {name: described_columns()[name].meaning for name in shared} == {name: meanings[name] for name in shared}


def heading(file):
    with file.open("rb") as stream:
        return stream.readline()


def test_every_table_that_was_built_here_is_described():
    first = {heading(p): str(p.relative_to(ROOT)) for p in ROOT.glob("reports/*/tables/*/*.csv")}
    files = {path: columns for columns, path in first.items()}
    if not files:
        pytest.skip("no reports are built here")
    assert len(tables_of(files)) == len(files)


def test_every_csv_file_of_the_checkout_is_described():
    files = {p.relative_to(ROOT).as_posix(): heading(p) for p in (ROOT / "src").rglob("*.csv")}
    assert len(tables_of(files)) == len(files) > 5


def test_a_key_of_the_results_that_nobody_described_stops_the_deposit():
    with pytest.raises(UndescribedError, match="novelty"):
        results_keys({"notebook", "novelty"})


def test_the_codebook_has_a_row_for_every_variable_of_every_file():
    tables = tables_of({"a.csv": b"year,estimate\n2002,1\n", "b.csv": b"year\n2002\n"})
    codebook = codebook_of(tables, results_keys(["notebook"]))
    assert list(codebook["file"][:3]) == ["a.csv", "a.csv", "b.csv"]
    assert (codebook["meaning"] != "").all()


# --- programs, exhibits, chance ----------------------------------------------------------------------------------


def notebook_with_a_table(executed):
    """Return a notebook that shows a table, as it is or as it was executed."""
    code = nbformat.v4.new_code_cell('x = 1\npage.table("t", frame)\n')
    given = nbformat.v4.new_code_cell("seed = 2", metadata={"tags": ["injected-parameters"]})
    if executed:
        shown = {"kind": "table", "key": "t", "caption": "Two numbers."}
        code.outputs = [nbformat.v4.new_output("display_data", {EXHIBIT: shown})]
        code.execution_count, given.execution_count = 3, 2
    declared = nbformat.v4.new_code_cell("seed: int = 1  # [0 .. 9 seed] of all")
    sources = nbformat.v4.new_markdown_cell(
        "## Sources\n\nB. (2001). Other. doi:10.1234/b.\n\nA. (2000). Title. doi:10.1234/a."
    )
    cells = [nbformat.v4.new_markdown_cell("# What?"), declared, *([given] if executed else []), code, sources]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()


def test_a_table_is_listed_with_its_number_program_cell_and_line():
    source = notebook_with_a_table(executed=False)
    results = {"notebook": "n", "results": {"t": {}, "kept": {}}, "truth": [1], "identity": []}
    table, kept, truth = exhibits_of("one", notebook_with_a_table(executed=True), source, results, "outputs/tables")
    assert (table.number, table.program, table.cell, table.file) == (
        "Table 1", "notebooks/n.ipynb", 3, "outputs/tables/one/t.csv",
    )  # fmt: skip
    assert '"page.table(\\"t\\", frame)' in source.decode().splitlines()[table.line - 1]
    assert kept.number == "recorded"
    assert (truth.number, truth.program) == ("Table 2", "src/buurteffect/pipeline/truth/join.py")
    assert (ROOT / truth.program).is_file()


def test_seeds_are_found_with_their_lines_in_make_parameters_and_modules():
    files = {
        "Makefile": b"A = 1\nSEED      ?= 1\n",
        "notebooks/n.ipynb": notebook_with_a_table(executed=False),
        "src/a.py": b"import numpy\n\nstream = np.random.default_rng(seed)\n",
        "tests/test_a.py": b"np.random.default_rng(1)\n",
    }
    found = random_draws_in(files)
    assert [(each.path, each.text.split()[0]) for each in found] == [
        ("Makefile", "SEED"), ("notebooks/n.ipynb", "seed:"), ("src/a.py", "stream"),
    ]  # fmt: skip
    for each in found:
        assert each.text.split("#")[0].strip() in files[each.path].decode().splitlines()[each.line - 1]


def test_programs_say_what_they_are():
    files = {"src/a.py": b'"""Adds\nnumbers."""\n\nx = 1\n', "notebooks/n.ipynb": notebook_with_a_table(False)}
    assert [(p.path, p.meaning, p.lines_count) for p in programs_of(files | {"a.csv": b"x"})] == [
        ("notebooks/n.ipynb", "What?", 3), ("src/a.py", "Adds numbers.", 4),
    ]  # fmt: skip


def test_references_are_those_of_the_notebooks_each_once():
    notebook = notebook_with_a_table(executed=False)
    found = references_in({"notebooks/n.ipynb": notebook, "notebooks/m.ipynb": notebook, "a.md": b"## Sources\n\nC."})
    assert found == ["A. (2000). Title. doi:10.1234/a.", "B. (2001). Other. doi:10.1234/b."]


# --- what machines read, and what people read --------------------------------------------------------------------


def files_of_one_run():
    return {
        "Makefile": b"all:\n",
        "README.md": b"x\n",
        "LICENSE": b"MIT\n",
        "requirements.lock": b"numpy==2.0\n    --hash=sha256:0\n",
        "outputs/reports/index.html": b"<p>",
        "outputs/reports/tables/one/t.csv": b"year,estimate\n2002,1.5\n",
        "outputs/results/one.json": b"{}",
    }


def test_the_data_package_holds_each_table_with_its_schema_bytes_and_checksum(facts):
    files = files_of_one_run()
    package = json.loads(data_package(facts, tables_of(files), files))
    table, results = package["resources"]
    content = files[table["path"]]
    assert (table["bytes"], table["hash"]) == (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")
    assert [field["name"] for field in table["schema"]["fields"]] == ["year", "estimate"]
    assert results["path"] == "outputs/results/one.json"
    names = [resource["name"] for resource in package["resources"]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9._-]+", name) for name in names)


def test_the_crate_describes_every_file_and_refers_to_nothing_that_is_not_in_it(facts):
    files = files_of_one_run()
    graph = json.loads(crate(facts, files, {"Makefile": "All."}))["@graph"]
    names = [entity["@id"] for entity in graph]
    assert len(set(names)) == len(names)
    assert set(files) <= set(names)

    def references(value):
        if isinstance(value, dict):
            return [value["@id"]] if set(value) == {"@id"} else [r for v in value.values() for r in references(v)]
        return [r for each in value for r in references(each)] if isinstance(value, list) else []

    known = {"https://w3id.org/ro/crate/1.1"}
    assert {r for entity in graph for v in entity.values() for r in references(v)} <= {*names, *known}
    root = next(entity for entity in graph if entity["@id"] == "./")
    run = next(entity for entity in graph if entity["@type"] == "CreateAction")
    assert root["mainEntity"] == run["instrument"] == {"@id": "Makefile"}
    assert {each["@id"] for each in run["result"]} == {path for path in files if path.startswith("outputs/")}
    assert all(entity.get("license") for entity in graph if "File" in entity["@type"])


def test_every_term_of_the_crate_is_in_the_context_that_validates_it_offline(facts):
    known = json.loads((ROOT / "tests/deposit/ro-crate-context.json").read_text(encoding="utf-8"))["@context"]
    graph = json.loads(crate(facts, files_of_one_run(), {"Makefile": "All."}))["@graph"]
    kinds = {kind for e in graph for kind in (e["@type"] if isinstance(e["@type"], list) else [e["@type"]])}
    assert kinds | {key for entity in graph for key in entity if not key.startswith("@")} <= set(known)


def test_codecheck_lists_what_is_to_be_made_again_and_claims_no_check(facts):
    files = files_of_one_run()
    shown = [Exhibit("one", "Table 1", "Two: numbers.", "n", 1, 1, "outputs/reports/tables/one/t.csv")]
    text = codecheck(facts, shown, files).decode()
    content = yaml.safe_load(text)
    assert text.startswith("---\n")
    assert [item["file"] for item in content["manifest"]] == [
        "outputs/results/one.json", "outputs/reports/tables/one/t.csv",
    ]  # fmt: skip
    assert "Two: numbers." in content["manifest"][1]["comment"]
    assert not {"codechecker", "certificate", "report", "summary"} & set(content)


def test_the_citation_names_the_commit(facts):
    assert yaml.safe_load(citation(facts))["commit"] == facts.commit


TEMPLATE = [
    "Overview", "Data availability and provenance statements", "Dataset list", "Computational requirements",
    "Description of programs", "Instructions to replicators", "List of tables and figures", "References",
]  # fmt: skip


def test_the_readme_keeps_the_order_of_the_data_editors_template(facts):
    files = files_of_one_run()
    notebook = notebook_with_a_table(executed=False)
    code = {"notebooks/n.ipynb": notebook, "src/buurteffect/pipeline/a.py": b'"""Builds."""\n'}
    contents = Contents(
        files,
        tables_of(files),
        programs_of(code),
        random_draws_in(code),
        [Exhibit("one", "Table 1", "A | caption.", "notebooks/n.ipynb", 3, 27, "outputs/reports/tables/one/t.csv")],
        references_in(code),
        {"one": {"notebook": "n", "inputs": []}},
    )
    text = readme(facts, contents, ROOT / "data" / "raw" / "sources.toml").decode()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[: len(TEMPLATE)] == TEMPLATE
    rows = re.findall(r"^\| one .*$", text, re.MULTILINE)
    assert rows == [
        r"| one | Table 1 | A \| caption. | `notebooks/n.ipynb` | 3 | 27 | `outputs/reports/tables/one/t.csv` |"
    ]
    assert "make replicate SIZE=test" in text
    assert "invented country" in text
    assert "doi:10.1234/a" in text
    for words in ("Leefbaarometer 3.0", "CC BY 4.0", "memory | 4 GB", "Linux, Python 3.11", "seed: int = 1"):
        assert words in text
    assert not unfit({"README.md": text.encode()}, ())


# --- what stops a deposit ----------------------------------------------------------------------------------------


def test_microdata_are_never_deposited(project, tmp_path):
    with pytest.raises(DisclosureError, match="never deposited"):
        make_deposit(project, "microdata", tmp_path, allow_uncommitted=True)
    with pytest.raises(DisclosureError):
        refuse_microdata("microdata")
    assert not list(tmp_path.glob("*.zip"))


def git(folder, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def under_version_control(folder):
    for name in ("CITATION.cff", "LICENSE", "docs/deposit.toml"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    (folder / ".gitignore").write_text("data/processed/\nreports/\n__pycache__/\n", encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")


def test_a_folder_without_commits_is_not_deposited(project, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.root.parent))
    with pytest.raises(UncommittedError, match="no commit"):
        make_deposit(project, "synthetic", tmp_path)


def test_uncommitted_files_are_named_and_not_deposited(project, tmp_path):
    under_version_control(project.root)
    (project.root / "LICENSE").write_text("mine\n", encoding="utf-8")
    with pytest.raises(UncommittedError, match="LICENSE"):
        make_deposit(project, "synthetic", tmp_path)


def test_reports_that_are_not_built_are_not_deposited(project, tmp_path):
    write_notebook(project.notebooks / "tiny.ipynb", [TABLE, "page.finish()"])
    (project.notebooks / "runs").mkdir(exist_ok=True)
    (project.notebooks / "runs" / "one.yaml").write_text("notebook: tiny\n", encoding="utf-8")
    under_version_control(project.root)
    with pytest.raises(OutOfDateError, match="one: has not been built"):
        make_deposit(project, "synthetic", tmp_path)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("data/processed/open/panel/inputs.json", True),
        ("/somewhere/else.csv", True),
        ("data/processed/synthetic/panel/wijk.parquet", False),
        ("LICENSE", False),
        ("data/raw", False),
        ("data/elsewhere", True),
    ],
)
def test_a_page_that_rests_on_what_a_replicator_would_not_have_stops_the_deposit(project, name, refused):
    under_version_control(project.root)
    record = Record("one", {}, {name: "0" * 64, "data/processed/open/looked-for.csv": "gone"})
    record.write(project.processed("synthetic") / "records" / "one.json")
    if refused:
        with pytest.raises(ForeignInputError, match=f"one read .*{Path(name).name}"):
            refuse_foreign(project, "synthetic", ["one"])
    else:
        refuse_foreign(project, "synthetic", ["one"])


# --- the environments --------------------------------------------------------------------------------------------


def test_the_validators_have_a_lock_of_their_own_that_is_hashed_and_names_no_index():
    text = (ROOT / "tests" / "deposit" / "validators.lock").read_text(encoding="utf-8")
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=\S)", text.strip()))
    assert "://" not in text
    wanted = re.findall(r"^([a-z-]+)", (ROOT / "tests/deposit/validators.txt").read_text("utf-8"), re.MULTILINE)
    assert {"frictionless", "roc-validator", "cffconvert"} == set(wanted)
    assert all(f"\n{name}==" in f"\n{text}" for name in wanted)


@pytest.mark.parametrize("recipe", ["Containerfile", "binder/postBuild"])
def test_containers_install_the_same_lock_by_its_checksums(recipe):
    text = (ROOT / recipe).read_text(encoding="utf-8")
    installs = re.findall(r"pip install ([^\\\n&]*)", text)
    assert "--require-hashes --requirement requirements.lock" in installs[0]
    assert all("--require-hashes" in each or "--no-deps" in each for each in installs)


def test_the_container_does_not_run_as_root_and_copies_the_lock_before_the_code():
    lines = (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines()
    words = [line.split()[0] for line in lines if re.match(r"[A-Z]+ ", line)]
    assert set(words) <= {"ARG", "FROM", "RUN", "USER", "WORKDIR", "ENV", "COPY", "CMD"}
    assert words.index("USER") < words.index("COPY")
    copies = [line for line in lines if line.startswith("COPY")]
    assert "requirements.lock" in copies[0]
    assert copies[-1].endswith(" . .")


# --- all of it ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deposited(tmp_path_factory):
    """A small checkout that was built and deposited, twice: the folder, and what was said."""
    if not READY.is_file():
        pytest.skip("the environment was not made by make setup")
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, folder / name)
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    (folder / "tests").mkdir()
    (folder / "tests" / "test_nothing.py").write_text('"""No test."""\n', encoding="utf-8")
    (folder / "data" / "raw").mkdir(parents=True)
    shutil.copyfile(ROOT / "data/raw/sources.toml", folder / "data/raw/sources.toml")
    (folder / "notebooks" / "runs").mkdir(parents=True)
    for run, notebook, table in (("one", "tiny", TABLE), ("two", "other", TABLE.replace("2.5", "3.5"))):
        file = folder / "notebooks" / f"{notebook}.ipynb"
        write_notebook(file, [table, "page.finish()"])
        text = file.read_text(encoding="utf-8").replace(
            'report.open_page(\\"tiny\\"', f'report.open_page(\\"{notebook}\\"'
        )
        file.write_text(text, encoding="utf-8")
        (folder / "notebooks" / "runs" / f"{run}.yaml").write_text(f"notebook: {notebook}\n", encoding="utf-8")
    under_version_control(folder)
    make(folder, "reports")
    said = [call(folder, "deposit", "--out", str(folder.parent / f"dist{n}-{folder.name}")) for n in (1, 2)]
    assert [code for code, _ in said] == [0, 0], said
    archives = [next((folder.parent / f"dist{n}-{folder.name}").glob("*.zip")) for n in (1, 2)]
    return folder, archives, said


def environment(folder):
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return clean | {"PYTHONPATH": str(folder / "src")}


def make(folder, *targets):
    command = ["make", f"ENV={sys.prefix}", f"--old-file={READY}", "SIZE=test", *targets]
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=1500, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def call(folder, *arguments):
    command = [sys.executable, "-m", "buurteffect.pipeline.cli", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=1500, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_a_deposit_has_the_same_bytes_twice(deposited):
    _, archives, said = deposited
    assert [code for code, _ in said] == [0, 0], said
    assert archives[0].read_bytes() == archives[1].read_bytes()
    told = archives[0].with_suffix(".zip.sha256").read_text(encoding="utf-8").split()[0]
    assert told == hashlib.sha256(archives[0].read_bytes()).hexdigest()


@pytest.mark.slow
def test_an_edit_without_a_commit_or_a_build_stops_the_deposit(deposited, tmp_path):
    folder, _, _ = deposited
    run = folder / "notebooks" / "runs" / "one.yaml"
    run.write_text("notebook: tiny\ncell_seconds: 60\n", encoding="utf-8")
    try:
        assert call(folder, "deposit", "--out", str(tmp_path))[0] == UncommittedError.exit_code
        code, said = call(folder, "deposit", "--allow-uncommitted", "--out", str(tmp_path))
        assert code == 0, said
        with zipfile.ZipFile(next(tmp_path.glob("*.zip"))) as archive:
            text = archive.read("buurteffect-0.1.0/README.md").decode()
            assert archive.read("buurteffect-0.1.0/COMMIT").decode().endswith("and uncommitted changes\n")
        assert "Made with uncommitted changes" in text
        assert "notebooks/runs/one.yaml" in text
    finally:
        run.write_text("notebook: tiny\n", encoding="utf-8")
    module = folder / "src" / "buurteffect" / "report" / "tables" / "exhibits.py"
    before = module.read_text(encoding="utf-8")
    module.write_text(before + "\n# edited\n", encoding="utf-8")
    try:
        code, said = call(folder, "deposit", "--allow-uncommitted", "--out", str(tmp_path))
        assert code == OutOfDateError.exit_code, said
    finally:
        module.write_text(before, encoding="utf-8")


@pytest.mark.slow
def test_an_unpacked_deposit_builds_the_same_and_one_flipped_digit_is_caught(deposited, tmp_path):
    _, archives, _ = deposited
    with zipfile.ZipFile(archives[0]) as archive:
        archive.extractall(tmp_path)
    root = tmp_path / "buurteffect-0.1.0"
    check = ["sha256sum", "--check", "--quiet", "manifest-sha256.txt"]
    assert subprocess.run(check, cwd=root, check=False).returncode == 0
    make(root, "reports")
    code, said = call(root, "replicate")
    assert code == 0, said
    deposited_count = sum(path.is_file() for path in (root / "outputs").rglob("*"))
    assert f"{deposited_count} of {deposited_count} deposited files are the same" in said

    results = root / "data" / "processed" / "synthetic" / "results" / "one.json"
    results.write_text(results.read_text(encoding="utf-8").replace("2.5", "2.6"), encoding="utf-8")
    code, said = call(root, "replicate")
    assert code == NotReplicatedError.exit_code
    assert "outputs/results/one.json: has other bytes" in said

    page = root / "outputs" / "reports" / "one.html"
    page.write_text(page.read_text(encoding="utf-8").replace("2.50", "2.60"), encoding="utf-8")
    code, said = call(root, "replicate")
    assert code == DepositError.exit_code
    assert "not as they were deposited: outputs/reports/one.html" in said


@pytest.mark.slow
def test_the_validators_find_nothing_and_find_a_fault(deposited, tmp_path):
    if not VALIDATORS.is_file():
        pytest.skip("the validators are not installed: make check-deposit installs them")
    _, archives, _ = deposited
    script = ROOT / "tests" / "deposit" / "validate.py"
    done = subprocess.run([VALIDATORS, script, archives[0]], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\n    valid\n") == 5

    with zipfile.ZipFile(archives[0]) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    table = "outputs/reports/tables/one/t.csv"
    files[table] = files[table].replace(b"2002", b"in 2002")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(archive_of(files, "buurteffect-0.1.0"))
    done = subprocess.run([VALIDATORS, script, broken], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 1
    assert f"{table}: has another checksum" in done.stdout
