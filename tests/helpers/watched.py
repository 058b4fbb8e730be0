"""Run code that is watched as a kernel is, in a process forked from one that has the libraries already.

The process reads one request a line, forks for it, and answers with the exit code of the fork.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

_LIBRARIES = (
    "pandas", "pyarrow.parquet", "geopandas", "pyogrio", "python_calamine", "lxml.etree", "sqlite3", "matplotlib",
    "buurteffect.pipeline.runs.observe",
)  # fmt: skip
"""What is imported before anything is forked; polars is not, since its threads do not outlive a fork."""


class Watched:
    """The process that forks; it ends when its standard input does."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, folder: Path, code: str, environment: dict[str, str]) -> tuple[int, str]:
        """Run code in a folder with some more environment; return its exit code and what it said of errors."""
        said = folder.parent / "said.txt"
        request = {"folder": str(folder), "code": code, "environment": environment, "said": str(said)}
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        return int(answer), said.read_text(encoding="utf-8")

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _serve() -> None:
    """Answer requests until there are no more."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    for line in sys.stdin:
        process = os.fork()
        if not process:
            _become(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def _become(request: dict[str, Any]) -> None:
    """Run the code of a request as ``python -c`` would, and end."""
    with Path(request["said"]).open("w", encoding="utf-8") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    code = 0
    try:
        exec(compile(request["code"], "<string>", "exec"), {"__name__": "__main__"})
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve()
