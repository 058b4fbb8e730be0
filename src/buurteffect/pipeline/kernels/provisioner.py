"""Kernels that were forked from a process that has imported the libraries, for papermill to find by its usual way.

A spare process is forked before papermill starts a thread or a socket. It waits until the provisioner names the
connection, and then becomes an ordinary IPython kernel.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from buurteffect.pipeline.kernels.preloaded import die_with, reset_process

FORKED = "buurteffect-forked"
"""Name of the provisioner."""

_NULL = os.devnull
_spare: Spare | None = None


@dataclass
class Spare:
    """A process that waits to become a kernel. It has what a kernel manager asks of a `subprocess.Popen`."""

    pid: int
    pipe: int
    returncode: int | None = None
    stdin = stdout = stderr = None

    def start(self, arguments: list[str], environment: dict[str, str], folder: str, log: str) -> None:
        """Let it become a kernel."""
        words = {"arguments": arguments, "environment": environment, "folder": folder, "log": log}
        with os.fdopen(self.pipe, "wb") as pipe:
            pipe.write(json.dumps(words).encode())

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        if self.returncode is None:
            try:
                process, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else has asked how it ended
                self.returncode = -signal.SIGKILL
            else:
                if process:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code when it has ended."""
        until = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired("kernel", timeout or 0.0)
            time.sleep(0.005)
        return self.returncode or 0

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def fork_spare_kernel() -> None:
    """Fork the process that will become this process's one kernel, and tell papermill's managers of it."""
    global _spare
    reading, writing = os.pipe()
    runner = os.getpid()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.close(writing)
            code = _become_kernel(reading, runner)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException as error:  # must not return into what forked it
            with contextlib.suppress(Exception):
                print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            os._exit(code)
    os.close(reading)
    _spare = Spare(pid, writing)
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[FORKED] = EntryPoint(
        FORKED, f"{__name__}:ForkedProvisioner", KernelProvisionerFactory.GROUP_NAME
    )
    factory.default_provisioner_name = FORKED


class ForkedProvisioner(LocalProvisioner):
    """Starts a kernel by letting the spare process become one."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel; behind the module's name in its command stand its arguments, `kwargs` are of `Popen`."""
        global _spare
        spare, _spare = _spare, None
        if spare is None or "ipykernel_launcher" not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        log = getattr(kwargs.get("stderr"), "name", _NULL)
        environment = {**kwargs["env"], "JPY_PARENT_PID": str(os.getpid())}
        folder = str(kwargs.get("cwd") or Path.cwd())
        spare.start(cmd[cmd.index("ipykernel_launcher") + 1 :], environment, folder, str(log))
        process: Any = spare
        self.process, self.pid, self.pgid, self.cwd = process, spare.pid, spare.pid, Path(folder)
        return self.connection_info


def _become_kernel(pipe: int, runner: int) -> int:
    """Wait for the words, and be a kernel."""
    os.setsid()
    die_with(runner)
    with os.fdopen(pipe, "rb") as reading:
        said = reading.read()
    if not said:
        return 0
    words = json.loads(said)
    nothing = os.open(_NULL, os.O_RDONLY)
    os.dup2(nothing, 0)
    log = os.open(words["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for handle in (1, 2):
        os.dup2(log, handle)
    for handle in (nothing, log):
        if handle > 2:
            os.close(handle)
    reset_process(words["environment"], words["folder"])
    _let_forks_end_with_their_parent()
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance(argv=words["arguments"])
    return 0


def _let_forks_end_with_their_parent() -> None:
    """Let what is forked from here on end with what forked it, even where nobody is left to look for it."""
    forking: list[tuple[int, bool]] = []  # the signal comes when the thread ends that forked

    def before() -> None:
        forking[:] = [(os.getpid(), threading.current_thread() is threading.main_thread())]

    def forked() -> None:
        parent, by_main = forking[0]
        if by_main:
            die_with(parent)

    os.register_at_fork(before=before, after_in_child=forked)
