"""What a kernel reads is taken down, also behind Python's back, and what it has no business with is refused."""

import fnmatch
import importlib
import json
from pathlib import Path

import pandas as pd
import pytest
from watched import Watched

import buurteffect
from buurteffect.pipeline.runs.audit_shims import READS, WRITES
from buurteffect.pipeline.runs.observe import SETTING

BEGIN = "from buurteffect.pipeline.runs import observe; observe.start()\n"


@pytest.fixture
def place(tmp_path):
    """A checkout in which a run is under way."""
    for folder in ("data/truth", "staging", "elsewhere"):
        (tmp_path / "checkout" / folder if folder != "elsewhere" else tmp_path / folder).mkdir(parents=True)
    root = tmp_path / "checkout"
    (root / "data" / "a.csv").write_text("x\n1\n", encoding="utf-8")
    (root / "data" / "truth" / "t.json").write_text("{}", encoding="utf-8")
    pd.DataFrame({"x": [1.0]}).to_parquet(root / "data" / "p.parquet")
    return root


@pytest.fixture(scope="module")
def watched():
    """A process with the libraries, from which code that is watched is forked."""
    process = Watched()
    yield process
    process.close()


@pytest.fixture
def run(watched):
    """Run code that is watched; return its exit code, what it said, and what was taken down by kind."""

    def call(root, code, strict=True):
        log = root / "staging" / "reads.jsonl"
        rules = {
            "root": str(root.resolve()), "staging": str((root / "staging").resolve()), "log": str(log),
            "refused": [str((root / "data" / "truth").resolve())], "also": [str(Path(buurteffect.__file__).parent)],
            "strict": strict,
        }  # fmt: skip
        status, said = watched.run(root, BEGIN + code, {SETTING: json.dumps(rules)})
        lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        names = {
            kind: [name.split("/checkout/")[-1] for k, name, *_ in lines if k == kind] for kind in ("file", "folder")
        }
        return status, said, names | {"refused": [text for k, text, *_ in lines if k == "refused"]}

    return call


@pytest.mark.parametrize(
    "code",
    [
        "open('data/a.csv').read()",
        "import pathlib; pathlib.Path('data/a.csv').read_bytes()",
        "import pandas as pd; pd.read_csv('data/a.csv')",
        "import os; os.close(os.open('data/a.csv', os.O_RDONLY))",
        "import os; os.chdir('data'); open('a.csv')",
    ],
)
def test_every_way_of_opening_a_file_is_seen(run, place, code):
    status, said, taken = run(place, code)
    assert status == 0, said
    assert taken["file"].count("data/a.csv") == 1


@pytest.mark.parametrize(
    "code",
    [
        "import pandas as pd; pd.read_parquet('data/p.parquet')",
        "import pyarrow.parquet as pq; pq.read_table('data/p.parquet', filters=[('x', '>', 0)])",
        "import pyarrow.parquet as pq; pq.read_schema('data/p.parquet')",
        "import pyarrow.parquet as pq; pq.ParquetFile('data/p.parquet').read()",
        "import pyarrow as pa; pa.memory_map('data/p.parquet')",
        "import pyarrow.dataset as ds; ds.dataset('data/p.parquet').to_table()",
    ],
)
def test_files_that_arrow_opens_by_itself_are_seen(run, place, code):
    status, said, taken = run(place, code)
    assert status == 0, said
    assert "data/p.parquet" in taken["file"]


@pytest.mark.parametrize(
    "code",
    [
        "import pyarrow as pa; pa.OSFile('data/a.csv').read()",
        "import pyarrow.fs as fs; fs.LocalFileSystem().open_input_file('data/a.csv').read()",
        "import pyarrow.json as j\ntry:\n    j.read_json('data/a.csv')\nexcept Exception: pass",
        "import geopandas\ntry:\n    geopandas.read_file('data/a.csv')\nexcept Exception: pass",
        "import geopandas\ntry:\n    geopandas.read_file('/vsizip/data/a.csv/b.shp')\nexcept Exception: pass",
        "import pyogrio\ntry:\n    pyogrio.read_info('data/a.csv')\nexcept Exception: pass",
        "import python_calamine as c\ntry:\n    c.CalamineWorkbook.from_path('data/a.csv')\nexcept Exception: pass",
        "import python_calamine as c\ntry:\n    c.load_workbook('data/a.csv')\nexcept Exception: pass",
        "from lxml import etree\ntry:\n    etree.parse('data/a.csv')\nexcept Exception: pass",
        "import polars; polars.read_csv('data/a.csv')",
        "import polars; polars.scan_csv('data/a.csv').collect()",
        "import multiprocessing as m; p = m.get_context('fork').Process(target=open, args=('data/a.csv',))\n"
        "p.start(); p.join()",
    ],
)
def test_files_that_other_libraries_or_forks_open_are_seen(run, place, code):
    status, said, taken = run(place, code)
    assert status == 0, said
    assert "data/a.csv" in taken["file"]


def kinds(place):
    """Return what was taken down of each name in the checkout."""
    lines = (place / "staging" / "reads.jsonl").read_text(encoding="utf-8").splitlines()
    return {(kind, name.split("/checkout/")[-1]) for kind, name, *_ in map(json.loads, lines)}


@pytest.mark.parametrize("module", sorted({*READS, *WRITES}))
def test_no_function_that_opens_files_has_another_name_in_its_library(module):
    library = importlib.import_module(module)
    for word in f"{READS.get(module, '')} {WRITES.get(module, '')}".split():
        *kind, name = word.partition(":")[0].split(".")
        owner = getattr(library, kind[0]) if kind else library
        assert fnmatch.filter(dir(owner), name), f"{module}.{word}"


@pytest.mark.parametrize(
    ("look", "kind"),
    [
        ("os.path.exists('data/a.csv')", "there"),
        ("Path('data/a.csv').is_file()", "there"),
        ("os.access('data/a.csv', os.R_OK)", "there"),
        ("Path('data').is_dir()", "there"),
        ("os.path.getsize('data/a.csv')", "file"),
        ("Path('data/a.csv').stat().st_size", "file"),
        ("os.access('data/no.csv', os.R_OK)", "absent"),
    ],
)
def test_a_look_at_a_file_is_taken_down_as_what_it_asks(run, place, look, kind):
    status, said, _ = run(place, f"import os; from pathlib import Path; {look}")
    assert status == 0, said
    name = "data" if "is_dir" in look else "data/no.csv" if "no.csv" in look else "data/a.csv"
    assert kinds(place) == {(kind, name)}


@pytest.mark.parametrize(
    "look", ["open('data/no.csv')", "os.stat('data/no.csv')", "assert not os.path.exists('data/no.csv'); 1 / 0"]
)
def test_a_file_that_is_looked_for_in_vain_is_taken_down(run, place, look):
    code = f"import os\ntry:\n    {look}\nexcept (OSError, ZeroDivisionError): pass"
    status, said, _ = run(place, code)
    assert status == 0, said
    log = (place / "staging" / "reads.jsonl").read_text(encoding="utf-8")
    assert any(json.loads(line)[:2] == ["absent", str(place / "data" / "no.csv")] for line in log.splitlines())


def test_modules_of_the_package_are_seen_by_their_source_and_folders_by_their_listing(run, place):
    status, said, taken = run(place, "import os; os.listdir('data'); import buurteffect.estimate.core.bands")
    assert status == 0, said
    assert taken["folder"] == ["data"]
    assert any(name.endswith("buurteffect/estimate/core/bands.py") for name in taken["file"])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("open('data/truth/t.json')", "no run may read the truth"),
        ("import pyarrow.parquet as pq; pq.read_table('data/truth/../truth/t.json')", "no run may read the truth"),
        ("open('data/new.csv', 'w')", "wrote to data/new.csv"),
        ("import os; os.remove('data/a.csv')", "wrote to data/a.csv"),
        ("import os; os.rename('data/a.csv', 'data/b.csv')", "wrote to data/a.csv"),
        ("import os; os.mkdir('data/more')", "wrote to data/more"),
        ("import shutil; shutil.rmtree('data')", "wrote to data"),
        (
            "import pyarrow as pa, pyarrow.csv as c; c.write_csv(pa.table({'x': [1]}), 'data/w.csv')",
            "wrote to data/w.csv",
        ),
        ("import subprocess; subprocess.run(['cat', 'data/truth/t.json'])", "another program (cat)"),
        ("import os; os.system('cat data/truth/t.json')", "started another program"),
        ("import os; os.chmod('data/a.csv', 0o600)", "wrote to data/a.csv"),
        ("import os; os.utime('data/a.csv')", "wrote to data/a.csv"),
        ("import sqlite3; sqlite3.connect('data/new.db')", "wrote to data/new.db"),
        ("import polars; polars.DataFrame({'x': [1]}).write_csv('data/new.csv')", "wrote to data/new.csv"),
        (
            "import multiprocessing as m; m.get_context('spawn').Process(target=print).start()",
            "started another program",
        ),
        ("import socket as s; s.socket(type=s.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))", "the network"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "the network"),
    ],
)
def test_what_a_run_has_no_business_with_is_refused_at_once(run, place, code, words):
    before = sorted(path.name for path in (place / "data").rglob("*"))
    status, said, taken = run(place, code)
    assert status != 0
    assert words in said
    assert any(words in text for text in taken["refused"])
    assert sorted(path.name for path in (place / "data").rglob("*")) == before


def test_a_refusal_that_is_swallowed_stays_written_down(run, place):
    status, _, taken = run(place, "try:\n    open('data/truth/t.json')\nexcept Exception:\n    pass")
    assert status == 0
    assert len(taken["refused"]) == 1


def test_the_run_may_write_into_its_own_folder_and_into_scratch(run, place):
    code = """
import os, tempfile
open('staging/x', 'w').close()
tempfile.TemporaryFile().write(b'x')
with tempfile.TemporaryDirectory() as folder:  # is emptied by names relative to a handle
    os.mkdir(folder + '/deep')
    open(folder + '/deep/y', 'w').close()
"""
    status, said, taken = run(place, code)
    assert status == 0, said
    assert taken["refused"] == []


def test_without_strictness_nothing_is_refused_and_all_is_taken_down(run, place):
    status, said, taken = run(place, "open('data/truth/t.json'); open('data/new.csv', 'w')", strict=False)
    assert status == 0, said
    assert "data/truth/t.json" in taken["file"]
