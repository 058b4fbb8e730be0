"""Ask the process that serves a build to run one verb, and start that process where none is there yet.

make calls this for every run and page. It imports next to nothing, so a call costs milliseconds where a process of its
own would import papermill and the panel stack anew. With ``KERNELS=stock`` it becomes the command itself.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_PATIENCE_S = 60.0
_PATH_LIMIT = 80
_KILLED = 128
_SERVER_GONE = 17
_INTERRUPTED = 130

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_MOVES_DIGITS = ("OPENBLAS_", "GOTO_", "MKL_", "OMP_", "NPY_")


def socket_path(build: str) -> str:
    """Return where the process that serves a build (make's process number) listens: a folder of this user alone.

    Raises
    ------
    RuntimeError
        If another user holds the folder.
    """
    folder = Path(tempfile.gettempdir()) / f"buurteffect-{os.getuid()}"
    if len(str(folder)) > _PATH_LIMIT:
        folder = Path("/tmp") / folder.name
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if state.st_uid != os.getuid() or state.st_mode & 0o077:
        raise RuntimeError(f"{folder} can be read by others: remove it, then run make again")
    return str(folder / f"{int(build)}.sock")


def reproducible_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which the same inputs give the same figures, whatever its own settings were.

    One thread, no hash seed, no settings of the plotting library, and the kernels that OpenBLAS has for processors with
    AVX2 where this is one: it would choose others, with other last digits, on those that also have AVX-512. None of the
    environment's own settings of mathematical libraries is kept.
    """
    kept = {name: value for name, value in environment.items() if not name.startswith(_MOVES_DIGITS)}
    kept |= {"PYTHONHASHSEED": "0", "MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}
    kept |= dict.fromkeys(_ONE_THREAD, "1")
    return kept | ({"OPENBLAS_CORETYPE": "Haswell"} if _has_avx2() else {})


def _has_avx2() -> bool:
    """Whether the processor is known to have AVX2 and FMA; False where the system does not say."""
    if os.uname().machine not in ("x86_64", "AMD64"):
        return False
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flags = next((line.split() for line in told.splitlines() if line.startswith("flags")), [])
    return {"avx2", "fma"} <= set(flags)


def main(arguments: Sequence[str]) -> int:
    """Run one verb of the command ``buurteffect`` in a process forked for it; return its exit code."""
    build = os.environ.get("BUURTEFFECT_BUILD", "")
    if not build.isdigit():
        return _run_alone(arguments)
    try:
        served = _served(socket_path(build), build)
    except (OSError, RuntimeError) as error:
        print(f"buurteffect: one process for the build could not be started ({error}); running alone", file=sys.stderr)
        return _run_alone(arguments)
    with served:
        answer = _answer(served, arguments)
    if not answer:
        print(
            "buurteffect: the process that serves the build has gone, and the run with it; what was made before is "
            "untouched, and the next make tries again",
            file=sys.stderr,
        )
        return _SERVER_GONE
    if answer[0] > _KILLED:
        number = answer[0] - _KILLED
        print(
            f"buurteffect: {' '.join(arguments[:2])} was killed by signal {number}"
            + (" (out of memory?)" if number == signal.SIGKILL else "")
            + "; what was made before is untouched, and the next make tries again",
            file=sys.stderr,
        )
    return answer[0]


def _answer(served: socket.socket, arguments: Sequence[str]) -> bytes:
    """Say what is asked, and return the exit code as one byte; nothing where the server has gone."""
    request = {"arguments": list(arguments), "folder": str(Path.cwd()), "environment": dict(os.environ)}
    body = json.dumps(request).encode()
    try:
        socket.send_fds(served, [len(body).to_bytes(8, "big")], [1, 2])
        served.sendall(body)
        return served.recv(1)
    except (BrokenPipeError, ConnectionResetError):
        return b""


def _run_alone(arguments: Sequence[str]) -> int:
    """Become the command itself."""
    sys.stdout.flush()
    command = [sys.executable, "-P", "-m", "buurteffect.pipeline.cli", *arguments]
    os.execve(sys.executable, command, reproducible_environment(os.environ))


def _served(path: str, build: str) -> socket.socket:
    """Return a connection to the process that serves the build, started here if nobody has yet."""
    with Path(f"{path}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        connection = _connect(path)
        if connection is not None:
            return connection
        server = _start(path, build)
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until and server.poll() is None:
            connection = _connect(path)
            if connection is not None:
                server.returncode = 0
                return connection
            time.sleep(0.01)
    raise RuntimeError("it did not answer")


def _connect(path: str) -> socket.socket | None:
    """Return a connection, None where nobody listens."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        return None
    return connection


def _start(path: str, build: str) -> subprocess.Popen[bytes]:
    """Start the process that serves the build; it ends with make."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "buurteffect.pipeline.kernels.preloaded", path, build],
        env=reproducible_environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:  # that the connection closes ends the verb
        print("buurteffect: interrupted; what was made before is untouched", file=sys.stderr)
        code = _INTERRUPTED
    raise SystemExit(code)
