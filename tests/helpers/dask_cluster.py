"""A Dask cluster of two worker processes on this machine, for tests: started as a script, ended by closing its input.

It prints one line of JSON: the scheduler's address and the numbers of the worker processes. `processes` starts it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def processes(workers: int = 2) -> Iterator[str]:
    """Yield the address of a scheduler with so many workers."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", __file__, str(workers)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "ignore"}, text=True,
    ) as process:  # fmt: skip
        try:
            yield json.loads(process.stdout.readline())["address"]
        finally:
            process.stdin.close()
            process.wait(timeout=60)


def serve(workers: int) -> None:
    """Run the cluster until the input is closed."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers, processes=True, threads_per_worker=1, host="127.0.0.1", dashboard_address=None,
        silence_logs=50,
    ) as cluster:  # fmt: skip
        print(json.dumps({"address": cluster.scheduler_address}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
