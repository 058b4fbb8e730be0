"""papermill's engine with a kernel of this environment, a private transport and a limit on the whole notebook."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from traitlets.config import Config

from buurteffect.errors import ProjectError
from buurteffect.pipeline.runs.observe import START

KERNEL = "buurteffect"
ENGINE = "buurteffect"
_PATH_LIMIT = 70


class Watchdog:
    """Kills a kernel, with all it started, when the whole notebook has run too long.

    Attributes
    ----------
    expired : bool
        Whether it has.
    """

    def __init__(self, client: PapermillNotebookClient, seconds: float) -> None:
        self.expired = False
        self._client = client
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Watchdog:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _expire(self) -> None:
        """Kill the kernel's process group."""
        self.expired = True
        process = getattr(getattr(self._client.km, "provisioner", None), "process", None)
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


class NotebookTimeLimitError(Exception):
    """The whole notebook ran past its limit."""


class Engine(NBClientEngine):
    """Runs a notebook in a kernel of this environment over sockets in a private folder, not TCP."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        notebook_seconds: float,
        environment: dict[str, str],
        kernel_log: Path,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        **_: Any,
    ) -> Any:
        """Execute the notebook that papermill manages.

        Parameters
        ----------
        nb_man : NotebookExecutionManager
            papermill's manager.
        kernel_name : str
            Name of the kernel.
        notebook_seconds : float
            Limit for the whole notebook.
        environment : dict of str to str
            Environment of the kernel.
        kernel_log : Path
            File for what the kernel itself says on its error stream.
        start_timeout, execution_timeout : int
            Limits in seconds for the kernel's start and for one cell.

        Raises
        ------
        NotebookTimeLimitError
            If the whole notebook ran past its limit.
        """
        with tempfile.TemporaryDirectory(prefix="be-", dir=_short_folder()) as sockets:
            private = {"transport": "ipc", "connection_file": str(Path(sockets) / "k.json")}
            client = PapermillNotebookClient(
                nb_man,
                config=Config(ConnectionFileMixin=private),
                timeout=execution_timeout,
                startup_timeout=start_timeout,
                kernel_name=kernel_name,
                extra_arguments=[f"--IPKernelApp.exec_lines={START}", "--HistoryManager.enabled=False"],
            )
            with kernel_log.open("wb") as log, Watchdog(client, notebook_seconds) as watchdog:
                try:
                    return client.execute(env=environment, stderr=log)
                except Exception as error:
                    if watchdog.expired:
                        raise NotebookTimeLimitError from error
                    raise


def _short_folder() -> str | None:
    """Return where sockets go: a path of theirs holds about a hundred characters; None for the usual place."""
    short = Path("/tmp")
    return str(short) if len(tempfile.gettempdir()) > _PATH_LIMIT and short.is_dir() else None


papermill_engines.register(ENGINE, Engine)


def check_kernel() -> None:
    """Check that the project's kernel is registered and runs this environment's Python.

    Raises
    ------
    ProjectError
        If it is missing, or belongs to another environment.
    """
    try:
        kernel = KernelSpecManager().get_kernel_spec(KERNEL)
    except NoSuchKernel:
        raise ProjectError(
            f"the kernel {KERNEL!r} is not registered in this environment: run "
            f"rm -f {sys.prefix}/.buurteffect-ready && make setup"
        ) from None
    if Path(kernel.argv[0]).resolve() != Path(sys.executable).resolve() or not Path(kernel.argv[0]).is_relative_to(
        sys.prefix
    ):
        raise ProjectError(
            f"the kernel {KERNEL!r} runs {kernel.argv[0]}, not this environment's Python: remove it "
            f"(jupyter kernelspec remove buurteffect), then run rm -f {sys.prefix}/.buurteffect-ready && make setup"
        )
