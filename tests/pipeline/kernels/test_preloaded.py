"""One process serves a build: it answers as the command does, keeps nothing from verb to verb, and ends with make."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from checkouts import ROOT
from serving import CLIENT, ask_for, wait_until

from buurteffect.pipeline.kernels.client import socket_path
from buurteffect.pipeline.kernels.preloaded import LIBRARIES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


def test_verbs_answer_as_the_command_does_and_the_server_ends_with_make(build, tmp_path):
    said = ask_for(build, "parameters", "n01_data_audit")
    alone = subprocess.run(
        [sys.executable, "-m", "buurteffect.pipeline.cli", "parameters", "n01_data_audit"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (said.returncode, said.stdout) == (0, alone.stdout)
    wrong = ask_for(build, "run", "no_such_run")
    assert wrong.returncode == 2
    assert "there is no run 'no_such_run'" in wrong.stderr
    outside = ask_for(build, "parameters", "n01_data_audit", folder=tmp_path)
    assert outside.returncode == 2, "the folder is that of the client"
    assert ask_for(build, "--version").returncode == 0
    assert ask_for(build, "no-such-verb").returncode == 2

    path = Path(socket_path(str(build.pid)))
    assert path.exists()
    assert path.parent.stat().st_mode & 0o077 == 0
    build.kill()
    build.wait()
    wait_until(lambda: not path.exists(), 20.0)


def test_a_verb_ends_when_the_one_who_asked_is_gone(build):
    ask_for(build, "--version")
    client = subprocess.Popen(
        [*CLIENT, "scoreboard", "--seeds", "1", "--scenarios", "S0", "--workers", "0", "--out", os.devnull],
        cwd=ROOT, env={**os.environ, "BUURTEFFECT_BUILD": str(build.pid)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    wait_until(lambda: len(children(build)) == 1, 20.0)
    (verb,) = children(build)
    client.kill()
    client.communicate()
    wait_until(lambda: not alive(verb), 20.0)


def children(build):
    """Return the processes that the server of a build has forked."""
    name = f"buurteffect.pipeline.kernels.preloaded\0{socket_path(str(build.pid))}\0".encode()
    mine = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and name in read(p / "cmdline")]
    return [process for process in mine if parent(process) in mine]


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def parent(process):
    text = read(Path("/proc") / str(process) / "stat").decode().rpartition(")")[2].split()
    return int(text[1]) if text else 0


def alive(process):
    return read(Path("/proc") / str(process) / "stat").decode().rpartition(")")[2].split()[:1] not in ([], ["Z"])


def test_outside_a_build_the_client_is_the_command():
    clean = {name: value for name, value in os.environ.items() if name != "BUURTEFFECT_BUILD"}
    done = subprocess.run([*CLIENT, "--version"], env=clean, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("buurteffect ")


def test_every_library_that_is_imported_beforehand_is_there():
    import importlib

    assert all(importlib.import_module(name) for name in LIBRARIES)
