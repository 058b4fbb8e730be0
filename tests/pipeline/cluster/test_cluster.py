"""A cluster executes runs as this machine does; what is out of reach or not alike is named; none is half-done."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builds import READY, block, leftovers, make, snapshot, write_own
from dask_cluster import processes
from grid_checkout import grid, lay_out_grid
from serving import wait_until

from buurteffect.errors import (
    DisclosureError,
    ProjectError,
)
from buurteffect.pipeline.cli import main
from buurteffect.pipeline.cluster import client as cluster_client
from buurteffect.pipeline.cluster import worker as cluster_worker
from buurteffect.pipeline.runs.runs import load_run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

RUNS = 3
DIE = """\
import os, time
runner = os.getppid()
server = int(open(f"/proc/{runner}/stat").read().rpartition(")")[2].split()[1])
worker = int(open(f"/proc/{server}/cmdline").read().split("\\0")[-2])
if %s:
    os.kill(worker, 9)
    time.sleep(60)"""
"""A cell that kills the worker under which it runs."""


@pytest.fixture(scope="module")
def cluster():
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    with processes() as address:
        yield address


def dead_address():
    """Return an address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{free.getsockname()[1]}"


def sums(checkout):
    """Return the SHA-256 of every page, figure, table, result, exhibit and executed notebook."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in snapshot(checkout).items()}


def records(checkout):
    folder = checkout / "data" / "processed" / "synthetic" / "records"
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("[a-z]*")}


# --- quick -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["10.0.0.1:8786", "tcp://host", "http://host:1", "tcp://host:1/x", "tcp://a b:1", "x"]
)
def test_what_is_no_address_of_a_scheduler_is_refused(tiny, address):
    project = tiny()
    with pytest.raises(ProjectError, match="write tcp://host:port"):
        cluster_client.run_on_cluster(project, load_run(project, "tiny", "synthetic"), address)


def test_microdata_never_leave_the_machine(tiny):
    project = tiny()
    with pytest.raises(DisclosureError, match="leave out SCHEDULER"):
        cluster_client.run_on_cluster(project, load_run(project, "tiny", "microdata"), "tcp://127.0.0.1:1")


def test_a_scheduler_that_does_not_answer_is_named_with_its_own_exit_code(tiny, monkeypatch, capsys):
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    project = tiny()
    monkeypatch.setattr(cluster_client, "_REACH_S", 0.5)
    monkeypatch.chdir(project.root)
    address = dead_address()
    assert main(["run", "tiny", "--scheduler", address]) == cluster_client.SchedulerError.exit_code == 50
    said = capsys.readouterr()
    assert f"running tiny (synthetic) on {address}" in said.out
    assert "no Dask scheduler answers" in said.err
    assert len(said.err.splitlines()) < 5
    left = [path for path in project.processed("synthetic").rglob("*") if path.is_file()]
    assert [path.name for path in left if path.suffix in (".terms", ".tries", ".json", ".ipynb")] == []


def terms_file(project, run, **changed):
    """Write what a client asks for, with some of it changed."""
    path = project.root / "asked.terms"
    path.write_text(json.dumps({**cluster_client.terms_of(project, run), **changed}), encoding="utf-8")
    return path


@pytest.fixture
def locked(tiny):
    """A checkout with a lock, a panel and a run."""
    project = tiny()
    (project.root / "requirements.lock").write_text("pandas==3\n", encoding="utf-8")
    panel = project.processed("synthetic") / "panel"
    panel.mkdir(parents=True)
    (panel / "wijk.parquet").write_bytes(b"PAR1")
    return project


def test_a_worker_that_sees_the_same_is_accepted(locked):
    run = load_run(locked, "tiny", "synthetic")
    cluster_client.check_terms(locked, run, terms_file(locked, run))


@pytest.mark.parametrize(
    "file", ["requirements.lock", "notebooks/tiny.ipynb", "data/processed/synthetic/panel/wijk.parquet"]
)
def test_a_worker_that_sees_another_file_is_refused_by_its_name(locked, file):
    run = load_run(locked, "tiny", "synthetic")
    asked = terms_file(locked, run)
    path = locked.root / file
    path.write_text(path.read_text() + "\n", encoding="utf-8")
    with pytest.raises(cluster_client.WorkerDiffersError, match=file) as caught:
        cluster_client.check_terms(locked, run, asked)
    assert "start the workers anew" in str(caught.value)


def test_a_worker_with_another_file_more_is_refused(locked):
    run = load_run(locked, "tiny", "synthetic")
    asked = terms_file(locked, run)
    (locked.processed("synthetic") / "panel" / "buurt.parquet").write_bytes(b"PAR1")
    with pytest.raises(cluster_client.WorkerDiffersError, match=r"buurt\.parquet: none here"):
        cluster_client.check_terms(locked, run, asked)


@pytest.mark.parametrize(
    "term", ["code of buurteffect", "version of pandas", "version of python", "setting parameters"]
)
def test_a_worker_with_other_code_libraries_or_parameters_is_refused(locked, term):
    run = load_run(locked, "tiny", "synthetic")
    with pytest.raises(cluster_client.WorkerDiffersError, match=term):
        cluster_client.check_terms(locked, run, terms_file(locked, run, **{term: "other"}))


def test_a_worker_that_is_older_than_its_environment_is_refused(locked, monkeypatch):
    import pandas

    run = load_run(locked, "tiny", "synthetic")
    asked = terms_file(locked, run)
    monkeypatch.setattr(pandas, "__version__", "2.0")
    with pytest.raises(cluster_client.WorkerDiffersError, match="pandas: imported before it was replaced"):
        cluster_client.check_terms(locked, run, asked)


def words_for(folder, code, forked=False):
    """Return what a client says, with a command of its own in the place of the run."""
    return {
        "root": str(folder),
        "terms": str(folder / "x.terms"),
        "arguments": [code],
        "environment": {},
        "forked": forked,
    }


@pytest.fixture
def stand_in(monkeypatch):
    """Let a worker run Python code in the place of a run."""
    monkeypatch.setattr(cluster_worker, "_command", lambda words: [sys.executable, "-c", *words["arguments"]])


def hold(path):
    """Hold the lock of a file in a process of its own, as a client does; return the process."""
    path.touch()
    code = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2); print('held', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_worker_passes_on_what_a_run_says_and_ends_with(tmp_path, stand_in):
    client = hold(tmp_path / "x.terms")
    code = "import os, sys; print(os.environ['BUURTEFFECT_ROOT']); print('no', file=sys.stderr); sys.exit(11)"
    answer = cluster_worker.run_on_worker(words_for(tmp_path, code))
    client.communicate()
    assert answer == {"code": 11, "out": f"{tmp_path}\n", "err": "no\n"}


def test_a_run_on_a_worker_ends_when_its_client_has_gone(tmp_path, stand_in):
    client = hold(tmp_path / "x.terms")
    client.stdin.close()
    code = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    started = time.monotonic()
    answer = cluster_worker.run_on_worker(words_for(tmp_path, code))
    client.wait()
    client.stdout.close()
    assert answer["code"] == cluster_client.WorkerLostError.exit_code
    assert "client" in answer["err"]
    assert time.monotonic() - started < 10
    if (tmp_path / "pid").is_file():
        assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()


def test_a_worker_without_the_folder_says_so(tmp_path):
    answer = cluster_worker.run_on_worker(words_for(tmp_path / "elsewhere", ""))
    assert answer["code"] == cluster_client.WorkerDiffersError.exit_code
    assert "under its path" in answer["err"]


def test_a_run_that_has_ended_two_workers_is_given_up(tmp_path, stand_in):
    client = hold(tmp_path / "x.terms")
    codes = [cluster_worker.run_on_worker(words_for(tmp_path, "pass"))["code"] for _ in range(3)]
    client.communicate()
    assert codes == [0, 0, cluster_client.WorkerLostError.exit_code]


def test_what_a_killed_client_left_is_removed_and_what_another_holds_is_not(locked):
    run = load_run(locked, "tiny", "synthetic")
    records = locked.processed("synthetic") / "records"
    records.mkdir(parents=True)
    dead, held = records / ".tiny-00000000.terms", records / ".tiny-11111111.terms"
    dead.touch()
    client = hold(held)
    with cluster_client._terms(locked, run) as path:
        assert not dead.exists()
        assert held.exists()
        assert json.loads(path.read_text(encoding="utf-8")) == cluster_client.terms_of(locked, run)
    client.communicate()
    assert sorted(path.name for path in records.iterdir()) == [held.name]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (11, cluster_client.RemoteRunError),
        (51, cluster_client.WorkerDiffersError),
        (-9, cluster_client.WorkerLostError),
    ],
)
def test_a_failure_on_a_worker_has_the_code_that_it_would_have_here(locked, code, kind):
    error = cluster_client._failure(code, "buurteffect: cell 3 raised", load_run(locked, "tiny", "synthetic"))
    assert isinstance(error, kind)
    assert error.exit_code == (code if code > 0 else 52)
    assert "cell 3 raised" in str(error)
    assert "buurteffect: " not in str(error)


def test_what_a_worker_made_and_is_not_seen_here_does_not_count(locked, monkeypatch):
    run = load_run(locked, "tiny", "synthetic")
    record = locked.processed("synthetic") / "records" / "tiny.json"
    record.parent.mkdir(parents=True)
    settings = cluster_client.settings_of(run.notebook, run.parameters)
    whole = {"name": "tiny", "settings": settings, "files": {}, "folders": {}, "made": {"results.json": "0" * 64}}
    record.write_text(json.dumps(whole), encoding="utf-8")
    monkeypatch.setattr(cluster_client, "_SETTLE_S", 0.0)
    with pytest.raises(cluster_client.WorkerDiffersError, match=r"made results\.json"):
        cluster_client._check_what_came(locked, run)
    assert not record.exists(), "make takes a run without a record as not made"


# --- a cluster of two processes -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(cluster, tmp_path_factory):
    """Build the same small grid here and on the cluster; return both checkouts and what the second build said."""
    if not READY.is_file():
        pytest.skip("the environment was not made by make setup")
    here = lay_out_grid(tmp_path_factory.mktemp("here"), RUNS)
    there = here.parent / f"{here.name}-there"
    code, said = make(here, "panel")
    assert code == 0, said
    shutil.copytree(here, there, symlinks=True)
    code, said = make(here, "reports", "-j2")
    assert code == 0, said
    code, said = make(there, "reports", "-j2", f"SCHEDULER={cluster}")
    assert code == 0, said
    return here, there, said


@pytest.mark.slow
def test_a_cluster_leaves_what_this_machine_leaves_byte_for_byte(both, cluster):
    here, there, said = both
    mine, theirs = sums(here), sums(there)
    assert len(mine) > 5 * RUNS
    assert theirs == mine
    assert records(there) == records(here)
    for name in grid(RUNS):
        assert f"running {name} (synthetic) on {cluster}" in said
        assert f"{name} (synthetic) ran in" in said
    print(f"{len(mine)} files compared, {sum(theirs[name] == mine[name] for name in mine)} identical")


@pytest.mark.slow
def test_make_decides_what_is_out_of_date_whoever_executes(both, cluster):
    _, there, _ = both
    assert make(there, "--question", "reports")[0] == 0
    assert make(there, "--question", "reports", f"SCHEDULER={cluster}")[0] == 0
    assert make(there, "reports", "SCHEDULER=tcp://127.0.0.1:1")[0] == 0, "nothing to execute asks nobody"


@pytest.fixture
def checkout(both, tmp_path):
    """A copy of what the cluster built."""
    folder = tmp_path / "checkout"
    shutil.copytree(both[1], folder, symlinks=True)
    return folder


@pytest.mark.slow
def test_a_run_that_fails_on_the_cluster_fails_as_here_and_the_next_make_repairs_it(checkout, cluster):
    before = snapshot(checkout)
    write_own(checkout, "bad", "1 / 0")
    code, said = make(checkout, "reports", f"SCHEDULER={cluster}")
    assert code != 0
    told = "\n".join(block(said, "bad"))
    assert "Error 11" in told
    assert "ZeroDivisionError" in told
    assert "the last good page and results are untouched" in told
    assert snapshot(checkout) == before
    assert leftovers(checkout) == []
    write_own(checkout, "bad")
    code, said = make(checkout, "reports", f"SCHEDULER={cluster}")
    assert code == 0, said


@pytest.mark.slow
def test_a_worker_that_dies_gives_its_run_to_another_once(checkout, cluster):
    """A file that the first try leaves tells the second that it is the second."""
    mark = checkout.parent / "mark"
    first = f"not os.path.exists({str(mark)!r}) and os.close(os.open({str(mark)!r}, os.O_CREAT)) is None"
    write_own(checkout, "dies", DIE % first)
    code, said = make(checkout, "reports", f"SCHEDULER={cluster}")
    assert code == 0, said
    assert said.count("dies (synthetic) ran") == 1
    assert mark.exists()
    assert leftovers(checkout) == []


@pytest.mark.slow
def test_a_run_that_ends_every_worker_is_given_up_and_leaves_nothing(checkout, cluster):
    before = snapshot(checkout)
    write_own(checkout, "kills", DIE % "True")
    code, said = make(checkout, "reports", f"SCHEDULER={cluster}")
    assert code != 0
    told = "\n".join(block(said, "kills"))
    assert "Error 52" in told
    assert "given up" in told
    assert snapshot(checkout) == before
    hidden = [
        p.name for p in (checkout / "data/processed/synthetic/records").glob(".*") if p.suffix in (".terms", ".tries")
    ]
    assert hidden == []


@pytest.mark.slow
def test_a_killed_build_takes_its_runs_on_the_cluster_along(checkout, cluster):
    before = snapshot(checkout)
    write_own(checkout, "long", "import time; time.sleep(600)")
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    making = subprocess.Popen(
        ["make", f"ENV={sys.prefix}", f"--old-file={READY}", "SIZE=test", "reports", f"SCHEDULER={cluster}"],
        cwd=checkout, env=clean, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    wait_until(lambda: any(leftovers(checkout)))
    making.kill()
    making.communicate(timeout=60)
    wait_until(lambda: not kernels_of(checkout))
    assert snapshot(checkout) == before
    write_own(checkout, "long")
    assert make(checkout, "reports", f"SCHEDULER={cluster}")[0] == 0
    assert leftovers(checkout) == []


def kernels_of(checkout):
    """Return the processes that work in a checkout for a run: what a worker's server has forked, not the server."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                here = (process / "cwd").readlink() == checkout
                above = (process / "stat").read_text().rpartition(")")[2].split()[1]
                found += (
                    [process.name]
                    if here and b"kernels.preloaded" in Path(f"/proc/{above}/cmdline").read_bytes()
                    else []
                )
            except OSError:
                continue
    return found


@pytest.mark.slow
def test_a_worker_in_another_environment_is_refused_before_it_runs(checkout, cluster, monkeypatch):
    before = snapshot(checkout)
    write_own(checkout, "more")
    terms = cluster_client.terms_of
    monkeypatch.setattr(cluster_client, "terms_of", lambda *given: terms(*given) | {"requirements.lock": "0" * 64})
    monkeypatch.chdir(checkout)
    assert main(["run", "more", "--scheduler", cluster]) == 51
    assert snapshot(checkout) == before


@pytest.mark.slow
def test_stock_kernels_on_the_cluster_leave_the_same(checkout, both, cluster):
    shutil.rmtree(checkout / "data" / "processed" / "synthetic" / "exhibits" / "g00")
    code, said = make(checkout, "reports", f"SCHEDULER={cluster}", "KERNELS=stock")
    assert code == 0, said
    assert "g00 (synthetic) ran" in said
    assert sums(checkout) == sums(both[0])
