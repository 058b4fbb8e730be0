"""The process that serves one build: it imports the libraries once, forks for every verb, and ends with make.

Nothing is computed in it, no thread is started and no module of this project is kept, so that what is forked begins
as a fresh interpreter would, only sooner.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import logging
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buurteffect.pipeline.kernels.processes import adopt_orphans, children_of, kill_below, kill_descendants

LIBRARIES = (
    "numpy", "pandas", "pyarrow.parquet", "scipy.stats", "scipy.optimize", "statsmodels.api", "linearmodels",
    "matplotlib.pyplot", "seaborn", "ipykernel.kernelapp", "ipykernel.ipkernel", "papermill", "nbconvert", "nbformat",
    "jupyter_client.provisioning", "yaml", "pyfixest.estimation", "shapely", "tqdm",
    "openpyxl", "geopandas", "python_calamine",
)  # fmt: skip
"""What is imported before anything is forked. A library that is missing here is only imported later."""

_CLUSTER = ("SCHEDULER", "distributed")
"""The switch that hands runs to a cluster, and the library that this takes."""

_OWN = "buurteffect"
_KILLED = 128
_PATIENCE_S = 10.0


@dataclass
class _Job:
    """One verb that runs: its process and who waits for it."""

    process: int
    waiting: socket.socket


@dataclass
class _Request:
    """What a client asks for: its words, and where its output goes."""

    words: dict[str, Any]
    handles: list[int]

    @classmethod
    def read(cls, connection: socket.socket) -> _Request:
        """Read a request."""
        head, handles, _, _ = socket.recv_fds(connection, 8, 2)
        body = b""
        while len(body) < int.from_bytes(head, "big"):
            part = connection.recv(1 << 16)
            if not part:
                raise EOFError
            body += part
        return cls(json.loads(body), handles)

    def close(self) -> None:
        """Let go of the client's output."""
        for handle in self.handles:
            os.close(handle)

    def run(self) -> int:
        """Run the verb in this process; return its exit code."""
        for handle, target in zip(self.handles, (1, 2), strict=True):
            os.dup2(handle, target)
        self.close()
        reset_process(self.words["environment"] | {"BUURTEFFECT_SERVED": "1"}, self.words["folder"])
        cli = importlib.import_module("buurteffect.pipeline.cli")
        try:
            return int(cli.main(self.words["arguments"]))
        except SystemExit as error:
            return error.code if isinstance(error.code, int) else 2


@dataclass
class Server:
    """Forks a process for each request that comes in over a socket.

    Attributes
    ----------
    path : str
        Where it listens.
    build : int
        Number of the make process; when that ends, so does this.
    """

    path: str
    build: int
    _jobs: dict[int, _Job] = field(default_factory=dict, repr=False)

    def serve(self) -> None:
        """Serve until make has ended."""
        listening = socket.socket(socket.AF_UNIX)
        Path(self.path).unlink(missing_ok=True)
        listening.bind(self.path)
        Path(self.path).chmod(0o600)
        listening.listen(64)
        wake, woken = socket.socketpair()
        woken.setblocking(False)
        wake.setblocking(False)
        adopt_orphans(True)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        os.chdir("/")
        import_libraries()
        with selectors.DefaultSelector() as selector:
            selector.register(listening, selectors.EVENT_READ, "come")
            selector.register(wake, selectors.EVENT_READ, "child")
            watch = _watch(self.build)
            if watch is not None:
                selector.register(watch, selectors.EVENT_READ, "make")
            held: list[Any] = [listening, wake, woken, selector, *([] if watch is None else [watch])]
            try:
                self._loop(selector, held, watch)
            finally:
                self._end()

    def _loop(self, selector: selectors.BaseSelector, held: Sequence[Any], watch: int | None) -> None:
        """Take what comes, until make is gone."""
        listening, wake, *_ = held
        while True:
            for key, _ in selector.select(0.5 if watch is None else 30.0):
                if key.data == "make":
                    return
                if key.data == "child":
                    with contextlib.suppress(BlockingIOError):
                        wake.recv(4096)
                    self._reap(selector)
                elif key.data == "come":
                    self._take(selector, listening, held)
                elif isinstance(key.data, _Job) and key.data.process in self._jobs:  # it may just have been reaped
                    _kill(key.data.process)  # who waited for it is gone
                    selector.unregister(key.data.waiting)
            if not _alive(self.build):
                return

    def _take(self, selector: selectors.BaseSelector, listening: socket.socket, held: Sequence[Any]) -> None:
        """Take one request, and fork a process for it."""
        connection, _ = listening.accept()
        connection.settimeout(_PATIENCE_S)
        try:
            request = _Request.read(connection)
        except (OSError, ValueError, EOFError):
            connection.close()
            return
        job = self._fork(connection, request, held)
        request.close()
        self._jobs[job.process] = job
        selector.register(connection, selectors.EVENT_READ, job)

    def _fork(self, connection: socket.socket, request: _Request, held: Sequence[Any]) -> _Job:
        """Fork a process for one request."""
        server = os.getpid()
        process = os.fork()
        if process:
            return _Job(process, connection)
        code = 70
        try:
            signal.set_wakeup_fd(-1)
            for name in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(name, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for other in [connection, *held, *(job.waiting for job in self._jobs.values())]:
                os.close(other) if isinstance(other, int) else other.close()
            os.setsid()
            die_with(server)
            code = request.run()
        except BaseException as error:  # what is forked must never return into the server's loop
            with contextlib.suppress(Exception):
                print(f"buurteffect: {type(error).__name__}: {error}", file=sys.stderr)
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _reap(self, selector: selectors.BaseSelector) -> None:
        """Tell who waits how its verb ended, and end what a verb that was killed has left."""
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not process:
                break
            job = self._jobs.pop(process, None)
            if job is not None:
                code = os.waitstatus_to_exitcode(status)
                with contextlib.suppress(OSError):
                    job.waiting.sendall(bytes([code if code >= 0 else _KILLED - code]))
                with contextlib.suppress(KeyError, ValueError):
                    selector.unregister(job.waiting)
                job.waiting.close()
        for orphan in children_of(os.getpid()):
            if orphan not in self._jobs:
                kill_below(orphan)

    def _end(self) -> None:
        """Kill what still runs, and remove the socket."""
        for process in self._jobs:
            _kill(process)
        kill_descendants()
        for path in (self.path, f"{self.path}.lock"):
            Path(path).unlink(missing_ok=True)


def import_libraries() -> None:
    """Import what runs and pages need, and set aside what was imported, so that forks share its memory."""
    level, handlers = logging.root.level, list(logging.root.handlers)
    switch, library = _CLUSTER
    for name in (*LIBRARIES, library) if os.environ.get(switch) else LIBRARIES:
        with contextlib.suppress(Exception):  # whoever needs it is told by the verb itself
            importlib.import_module(name)
    logging.root.handlers[:] = handlers  # one library lets every other speak
    logging.root.setLevel(level)
    gc.collect()
    gc.freeze()


def reset_process(environment: dict[str, str], folder: str) -> None:
    """Make a forked process begin as a new interpreter would: its own environment, and no module of this project."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    time.tzset()
    for name in [name for name in sys.modules if name == _OWN or name.startswith(f"{_OWN}.")]:
        del sys.modules[name]
    tempfile.tempdir = None
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    importlib.invalidate_caches()


def die_with(parent: int) -> None:
    """Let this process be killed when its parent ends, or if it has ended by now, where the system can do that."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


def _kill(process: int) -> None:
    """Kill a verb with all it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)


def _watch(process: int) -> int | None:
    """Return a handle that becomes readable when a process ends, None where the system has none."""
    try:
        return os.pidfd_open(process)
    except (AttributeError, OSError):
        return None


def _alive(process: int) -> bool:
    """Whether a process is still there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    Server(sys.argv[1], int(sys.argv[2])).serve()
