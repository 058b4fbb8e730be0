"""Let the workers of an existing Dask cluster execute notebook runs: ``make reports SCHEDULER=tcp://host:port``.

make decides what is out of date, as ever, and starts as many runs at a time as it has jobs; each is handed to the
cluster and leaves what it leaves in the same folders, so that results and pages do not tell where a run was executed.
Workers therefore need the checkout under its own path, on a filesystem that shares locks, and the same environment.
All of that is compared by checksums before a run begins; what it left is compared once more when it has ended.
A cluster runs what anybody says who can reach its scheduler: use one that you trust, behind its own door.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import buurteffect
from buurteffect.errors import (
    DisclosureError,
    ProjectError,
    RemoteRunError,
    RunError,
    SchedulerError,
    WorkerDiffersError,
    WorkerLostError,
)
from buurteffect.pipeline.cluster.worker import run_on_worker
from buurteffect.pipeline.runs.provenance import LOCK, Change, Record, changes, checksum, name_of, settings_of, versions
from buurteffect.pipeline.runs.runs import TRIAL, Run
from buurteffect.pipeline.runs.staging import RunFiles, on_disk_full
from buurteffect.project import Project

_ADDRESS = re.compile(r"(tcp|tls)://([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}")
_REACH_S = 30.0
_LOOK_S = 1.0
_WITHOUT_WORKERS_S = 60.0
_SETTLE_S = 30.0
"""How long a shared filesystem may take to show here what was written there."""

_PASSED_ON = ("OPEN_DATA",)


def run_on_cluster(project: Project, run: Run, address: str, changed: Sequence[str] = ()) -> str:
    """Execute a run on a cluster, and return what the worker said.

    Parameters
    ----------
    project, run
        The checkout, and what to run.
    address : str
        The scheduler, such as ``tcp://10.0.0.1:8786``.
    changed : sequence of str
        Parameters that were replaced by hand, as ``NAME=VALUE``.

    Raises
    ------
    ProjectError
        If the address is none, or the extra ``cluster`` is not installed.
    DisclosureError
        If the run is on microdata, which do not leave the machine that they are on.
    SchedulerError
        If the scheduler cannot be reached, goes, or has no workers for a minute.
    WorkerDiffersError
        If the worker does not see what this machine sees.
    WorkerLostError
        If two workers died under the run.
    RemoteRunError
        If the run failed.
    """
    if not _ADDRESS.fullmatch(address):
        raise ProjectError(f"SCHEDULER={address!r} is no address of a scheduler: write tcp://host:port")
    if run.source == "microdata":
        raise DisclosureError("runs on microdata stay on the machine that holds them: leave out SCHEDULER")
    name = run.name.removesuffix(TRIAL) if changed else run.name
    settings = [part for text in changed for part in ("--set", text)]
    with on_disk_full(), _terms(project, run) as terms:
        words = {
            "root": str(project.root),
            "terms": str(terms),
            "arguments": ["run", name, "--source", run.source, *settings, "--terms", str(terms)],
            "environment": {key: os.environ[key] for key in _PASSED_ON if key in os.environ},
            "forked": bool(os.environ.get("BUURTEFFECT_SERVED")),
        }
        answer = _answer(address, run.name, words)
        if answer["code"]:
            raise _failure(answer["code"], answer["err"], run)
        _check_what_came(project, run)
    return str(answer["out"])


def terms_of(project: Project, run: Run) -> dict[str, str]:
    """Return what a worker must see as this machine does: versions, and checksums of code, notebook, lock and data."""
    package = Path(buurteffect.__file__).parent
    code = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
            code.update(f"{path.relative_to(package).as_posix()} {checksum(path)}\n".encode())
    folder = project.processed(run.source)
    files = [project.root / LOCK, run.notebook, *(project.root / name for name in run.looks_for)]
    files += [path for part in ("panel", "truth") for path in sorted((folder / part).rglob("*")) if path.is_file()]
    return {
        **{f"version of {name}": version for name, version in versions().items()},
        "code of buurteffect": code.hexdigest(),
        **{name_of(project, path): checksum(path) for path in files},
        **{f"setting {key}": value for key, value in settings_of(run.notebook, run.parameters).items()},
    }


def check_terms(project: Project, run: Run, file: Path) -> None:
    """Check, on a worker, that it sees what the client saw and wrote into a file of terms.

    Raises
    ------
    WorkerDiffersError
        If anything is not the same, or libraries were imported before they were replaced.
    """
    asked: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    here = terms_of(project, run)
    differ = [
        f"{name}: {asked.get(name, 'none')[:12]} here, {here.get(name, 'none')[:12]} on the worker"
        for name in sorted({*asked, *here})
        if asked.get(name) != here.get(name)
    ]
    differ += [f"{name}: imported before it was replaced" for name in _imported_before()]
    if differ:
        more = f"\n    … and {len(differ) - 5} more" if len(differ) > 5 else ""
        raise WorkerDiffersError(
            f"run {run.name!r}: a worker of the cluster does not see what this machine sees\n    "
            + "\n    ".join(differ[:5])
            + more
            + "\n  to do: start the workers anew, in this environment and with this checkout under its path"
        )


def _imported_before() -> list[str]:
    """Return libraries whose imported version is not the installed one: the worker is older than its environment."""
    found = []
    for name in versions():
        module = sys.modules.get(name.replace("-", "_"))
        version = vars(module).get("__version__") if module else None
        if isinstance(version, str) and name != "buurteffect" and version != metadata.version(name):
            found.append(name)
    return found


# --- the client --------------------------------------------------------------------------------------------------


@contextmanager
def _terms(project: Project, run: Run) -> Iterator[Path]:
    """Write the terms of a run and hold their lock, by which the worker knows that the client lives."""
    records = RunFiles(project.processed(run.source), run.name).record.parent
    records.mkdir(parents=True, exist_ok=True)
    _remove_left(records, run.name)
    path = records / f".{run.name}-{secrets.token_hex(4)}.terms"
    with path.open("w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.write(json.dumps(terms_of(project, run)))
            stream.flush()
            os.fsync(stream.fileno())
            yield path
        finally:
            for left in (path, path.with_suffix(".tries")):
                left.unlink(missing_ok=True)


def _remove_left(records: Path, name: str) -> None:
    """Remove the terms of a client that was killed: nobody holds their lock."""
    own = re.compile(rf"\.{re.escape(name)}-[0-9a-f]{{8}}\.terms")
    for path in records.glob(".*.terms"):
        if own.fullmatch(path.name):
            with suppress(OSError), path.open(encoding="utf-8") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                path.with_suffix(".tries").unlink(missing_ok=True)


def _answer(address: str, name: str, words: dict[str, Any]) -> dict[str, Any]:
    """Let a worker do what is asked, and return its answer."""
    try:
        import distributed
    except ImportError:
        raise ProjectError("SCHEDULER needs Dask: install the extra `cluster` (pip install -e '.[cluster]')") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is said below, in words
    dask: Any = distributed  # publishes few types
    try:
        client = dask.Client(address, timeout=_REACH_S, name=f"buurteffect-{name}")
    except (OSError, TimeoutError, ValueError, RuntimeError) as error:
        raise SchedulerError(
            f"no Dask scheduler answers at {address} ({type(error).__name__}): start it, or leave out SCHEDULER to "
            "run here; nothing was changed"
        ) from None
    try:
        future = client.submit(
            run_on_worker, words, key=f"buurteffect-{name}-{secrets.token_hex(4)}", pure=False, retries=0
        )
        return _result(dask, client, future, address)
    finally:
        with suppress(Exception):  # the answer is there, or the error
            client.close(timeout=2)


def _result(dask: Any, client: Any, future: Any, address: str) -> dict[str, Any]:
    """Wait for a worker's answer as long as there are a scheduler and workers."""
    seen = time.monotonic()
    try:
        while True:
            with suppress(TimeoutError):
                dask.wait(future, timeout=_LOOK_S)
                break
            if client.status != "running":
                raise SchedulerError(f"the scheduler at {address} has gone; the next make tries again")
            now = time.monotonic()
            seen = now if client.scheduler_info()["workers"] else seen
            if now - seen > _WITHOUT_WORKERS_S:
                raise SchedulerError(
                    f"the scheduler at {address} has had no workers for {_WITHOUT_WORKERS_S:.0f} s: start some"
                )
        answer: dict[str, Any] = future.result(timeout=_REACH_S)
    except dask.KilledWorker:
        raise WorkerLostError("its workers died; the next make tries again") from None
    except ImportError as error:
        raise WorkerDiffersError(
            f"a worker of the cluster cannot import this package ({error}): start workers in this environment"
        ) from None
    except (OSError, TimeoutError, CancelledError) as error:
        raise SchedulerError(f"the scheduler at {address} has gone ({error}); the next make tries again") from None
    return answer


def _failure(code: int, said: str, run: Run) -> RunError:
    """Return the error for an exit code that a worker gave."""
    words = said.strip().removeprefix("buurteffect: ") or f"run {run.name!r} failed on a worker without a word"
    if code < 0:
        return WorkerLostError(f"run {run.name!r}: its process on the worker was killed by signal {-code}\n{words}")
    kinds = {kind.exit_code: kind for kind in (WorkerDiffersError, WorkerLostError)}
    return kinds[code](words) if code in kinds else RemoteRunError(code, words)


def _check_what_came(project: Project, run: Run) -> None:
    """Check that what the worker read and made is seen here with the same content; else the run does not count."""
    run_files = RunFiles(project.processed(run.source), run.name)
    until = time.monotonic() + _SETTLE_S
    while found := _changes(project, run, run_files):
        if time.monotonic() > until:
            run_files.record.unlink(missing_ok=True)
            shown = "\n    ".join(map(str, found[:5]))
            raise WorkerDiffersError(
                f"run {run.name!r}: what the worker read or made has other content here\n    {shown}\n"
                "  to do: let workers and this machine share the checkout's folder, then run make again"
            )
        time.sleep(_LOOK_S)


def _changes(project: Project, run: Run, run_files: RunFiles) -> list[Change]:
    """Return what differs here from the record of a run."""
    record = Record.read(run_files.record)
    if record is None:
        return [Change("made", name_of(project, run_files.record), "written", "gone")]
    return changes(project, record, settings_of(run.notebook, run.parameters))
