"""Kernels that are forked from one process are as new as any other, leave no process behind, and speak over no port."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from checkouts import write_notebook
from serving import ask_for, wait_until

from buurteffect.pipeline.kernels.client import socket_path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

TABLE = 'page.table("t", pd.DataFrame({"x": [1.5]}), [Column("x", "X", ".2f")], "One number.")'
LEAK = """\
import builtins, decimal, locale, logging, os, random, signal, sys, tempfile, threading, time, warnings
import matplotlib, numpy as np
from buurteffect.report.figures import style
from buurteffect import report as other
builtins.leaked = style.leaked = other.leaked = np.leaked = pd.leaked = matplotlib.leaked = True
os.environ["LEAKED"] = "1"
os.environ["TZ"] = "Asia/Tokyo"
time.tzset()
os.umask(0o077)
os.chdir("/")
sys.path.insert(0, "/leaked")
sys.setrecursionlimit(4321)
matplotlib.rcParams["lines.linewidth"] = 99
warnings.simplefilter("error")
pd.set_option("display.max_rows", 3)
np.seterr(all="raise")
np.random.seed(1)
random.seed(1)
decimal.getcontext().prec = 3
logging.getLogger().addHandler(logging.NullHandler())
signal.signal(signal.SIGUSR1, lambda *_: None)
held = open(os.devnull)
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()"""
STATE = """\
import builtins, decimal, json, locale, logging, os, random, re, signal, sys, threading, time, warnings
import matplotlib, numpy as np
from buurteffect.report.figures import style
from buurteffect import report as other
handles = []
for handle in sorted(os.listdir("/proc/self/fd"), key=int):
    try:
        handles.append(re.sub(r"\\d+|[^/]*staging[^/]*", "N", os.readlink(f"/proc/self/fd/{handle}")))
    except OSError:
        pass
own = ("BUURTEFFECT_STAGING", "BUURTEFFECT_OBSERVE", "JPY_PARENT_PID", "JPY_SESSION_NAME", "IPYTHONDIR")
state = {
    "leaked": [m.__name__ for m in (builtins, style, other, np, pd, matplotlib) if hasattr(m, "leaked")],
    "environment": {k: v for k, v in sorted(os.environ.items()) if k not in own},
    "zone": time.tzname,
    "umask": [(mask := os.umask(0)), os.umask(mask)][0],
    "folder": os.getcwd(),
    "path": sys.path,
    "recursion": sys.getrecursionlimit(),
    "rc": sorted(f"{k}={v}" for k, v in matplotlib.rcParams.items()),
    "warnings": sorted({repr(f) for f in warnings.filters}),
    "options": [pd.get_option("display.max_rows"), pd.get_option("mode.string_storage")],
    "errors": np.geterr(),
    "precision": decimal.getcontext().prec,
    "handlers": [type(h).__name__ for h in logging.getLogger().handlers],
    "signal": str(signal.getsignal(signal.SIGUSR1)),
    "handles": sorted(set(handles)),
    "many": len(handles),
    "threads": sorted(re.sub(r"\\W?\\d+", "", t.name) for t in threading.enumerate()),
    "locale": locale.setlocale(locale.LC_ALL),
}
drawn = [np.random.random(), random.random(), np.random.default_rng().random()]
print("STATE" + json.dumps([state, drawn]))"""
PORTS = """\
import json, os, re
from ipykernel.connect import get_connection_info
inodes = set()
for handle in os.listdir("/proc/self/fd"):
    try:
        inodes |= set(re.findall(r"socket:\\[(\\d+)\\]", os.readlink(f"/proc/self/fd/{handle}")))
    except OSError:
        pass
kinds = {}
for kind in ("tcp", "tcp6", "udp", "udp6", "unix"):
    lines = [line.split() for line in open(f"/proc/self/net/{kind}").read().splitlines()[1:]]
    kinds[kind] = sum(line[6 if kind == "unix" else 9] in inodes for line in lines)
print("STATE" + json.dumps([json.loads(get_connection_info())["transport"], kinds]))"""
FIGURES = """\
for number in range(12):
    figure, axes = report.figure()
    axes.plot([0, 1, 2], [0, number, 1])
    words = f"A line that rises to {number} and falls to 1, all of it made up."
    page.figure(f"f{number}", figure, pd.DataFrame({"y": [0, number, 1]}), f"Line {number}.", words)"""


def lay(project, **runs):
    for name, cells in runs.items():
        file = project.notebooks / f"{name}.ipynb"
        write_notebook(file, [TABLE, *cells, "page.finish()"])
        file.write_text(file.read_text(encoding="utf-8").replace('\\"tiny\\"', f'\\"{name}\\"'), encoding="utf-8")
        (project.notebooks / "runs" / f"{name}.yaml").write_text(f"notebook: {name}\n", encoding="utf-8")


def stock(project, name):
    clean = {k: v for k, v in os.environ.items() if k not in ("BUURTEFFECT_BUILD", "BUURTEFFECT_SERVED")}
    command = [sys.executable, "-m", "buurteffect.pipeline.cli", "run", name]
    done = subprocess.run(command, cwd=project.root, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def told(project, name):
    """Return what a notebook printed behind the word STATE."""
    notebook = nbformat.read(project.processed("synthetic") / "executed" / f"{name}.ipynb", as_version=4)
    text = "".join(o.get("text", "") for c in notebook.cells if c.cell_type == "code" for o in c.outputs)
    (line,) = [line for line in text.splitlines() if line.startswith("STATE")]
    return json.loads(line.removeprefix("STATE"))


@pytest.mark.slow
def test_no_state_passes_from_run_to_run(project, build):
    lay(project, before=[STATE], leaks=[LEAK], after=[STATE])
    for name in ("before", "leaks", "after"):
        done = ask_for(build, "run", name, folder=project.root)
        assert done.returncode == 0, done.stderr
    (first, drawn), (second, drawn_later) = told(project, "before"), told(project, "after")
    assert first["leaked"] == []
    assert second == first
    assert not set(drawn) & set(drawn_later), "chance begins anew in each kernel"

    lay(project, stock=[STATE])
    stock(project, "stock")
    plain, _ = told(project, "stock")
    filters = [{text for text in state.pop("warnings") if not text.startswith("('always'")} for state in (plain, first)]
    assert filters[0] <= filters[1], "libraries that were imported before add filters for their own warnings"
    assert not any("'error'" in text for text in filters[1] - filters[0])
    differ = {key: (plain[key], first[key]) for key in plain if plain[key] != first[key]}
    for key in ("threads", "handles"):
        plain_and_forked = differ.pop(key, ([], []))
        more = {name for name in plain_and_forked[1] if "/site-packages/" not in name}
        assert more <= {*plain_and_forked[0], os.devnull}, "libraries may hold files of their own"
    own = sum("/site-packages/" in name for name in first["handles"])
    assert differ.pop("many", [0, 0])[1] <= plain["many"] + 1 + own, "no handle of the server or of a run is left open"
    here, there = differ.pop("path", ([], []))
    assert [folder for folder in here if folder] == there, "only a stock kernel imports from the folder it works in"
    assert differ == {}


def test_kernels_speak_over_no_port(project, build):
    lay(project, ports=[PORTS])
    done = ask_for(build, "run", "ports", folder=project.root)
    assert done.returncode == 0, done.stderr
    transport, kinds = told(project, "ports")
    assert transport == "ipc"
    assert kinds.pop("unix") > 0
    assert set(kinds.values()) == {0}


@pytest.mark.slow
def test_every_figure_is_there_and_is_that_of_a_stock_kernel(project, build):
    lay(project, many=[FIGURES])
    for verb in ("run", "render"):
        done = ask_for(build, verb, "many", folder=project.root)
        assert done.returncode == 0, done.stderr
    folder = project.processed("synthetic") / "exhibits" / "many" / "figures"
    forked = {file.name: file.read_bytes() for file in folder.glob("*.svg")}
    assert set(forked) == {f"f{number}.svg" for number in range(12)}
    assert len(set(forked.values())) == 12
    page = (project.reports("synthetic") / "many.html").read_text(encoding="utf-8")
    assert all(f"A line that rises to {number} and falls to 1, all of it made up." in page for number in range(12))
    assert page.count("data:image/svg+xml") == 12
    (project.processed("synthetic") / "records" / "many.json").unlink()
    stock(project, "many")
    assert {file.name: file.read_bytes() for file in folder.glob("*.svg")} == forked


CHILDREN = """\
import os, threading, time
def child(path):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with open(path, "w") as file:
                file.write(str(os.getpid()))
            time.sleep(600)
        os._exit(0)
def sleeper(path):
    pid = os.fork()
    if pid == 0:
        time.sleep(600)
    with open(path, "w") as file:
        file.write(str(pid))
sleeper({0!r} + "/direct")
import multiprocessing
worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
worker.start()
with open({0!r} + "/worker", "w") as file:
    file.write(str(worker.pid))
thread = threading.Thread(target=child, args=({0!r} + "/daemon",))
thread.start()
thread.join()
while not os.path.exists({0!r} + "/daemon") or not open({0!r} + "/daemon").read():
    time.sleep(0.01)
"""
ENDS = {
    "well": ("os._exit if False else None", 0, ""),
    "by an exception": ("1 / 0", 11, ""),
    "with its kernel": ("os.kill(os.getpid(), 9)", 12, ""),
    "with its runner": ("os.kill(os.getppid(), 9); time.sleep(600)", 137, ""),
    "by its limit": ("time.sleep(600)", 13, "cell_seconds: 8\n"),
}


@pytest.mark.parametrize(
    "end", [pytest.param(e, marks=() if e == "with its runner" else pytest.mark.slow) for e in ENDS]
)
def test_what_a_kernel_started_ends_with_the_run_however_it_hid(project, build, tmp_path_factory, end):
    folder = tmp_path_factory.mktemp("pids")
    last, code, settings = ENDS[end]
    lay(project, parent=[CHILDREN.format(str(folder)), last])
    file = project.notebooks / "runs" / "parent.yaml"
    file.write_text(file.read_text(encoding="utf-8") + settings, encoding="utf-8")
    done = ask_for(build, "run", "parent", folder=project.root)
    assert done.returncode == code, done.stderr
    pids = {path.name: int(path.read_text()) for path in folder.iterdir()}
    assert set(pids) == {"direct", "worker", "daemon"}
    wait_until(lambda: not [name for name, pid in pids.items() if runs(pid)], 5.0)


@pytest.mark.slow
def test_what_a_kernel_forked_ends_with_a_server_that_is_killed(project, build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pids")
    runner = "int(open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()[1])"
    lay(project, parent=[CHILDREN.format(str(folder)), f"os.kill({runner}, 9); time.sleep(600)"])
    assert ask_for(build, "run", "parent", folder=project.root).returncode == 17
    pids = [int((folder / name).read_text()) for name in ("direct", "worker")]
    wait_until(lambda: not any(map(runs, pids)), 5.0)
    Path(socket_path(str(build.pid))).unlink()  # what was killed has not removed it


def runs(pid):
    """Whether a process is there and not only waits to be asked how it ended."""
    try:
        state = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and time.monotonic() > 0
