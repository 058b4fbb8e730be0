"""Join what is known of the truth to results, in a process of its own that is watched as a kernel is.

The truth is read after the kernel has ended, and by code that no notebook imports. What that code reads, modules and
tables alike, moves the results as well: it is recorded, so that a run counts as old when any of it changes, and a
run that has no use for it does not.
"""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buurteffect.errors import RunError
from buurteffect.pipeline.kernels.preloaded import reset_process
from buurteffect.pipeline.runs.observe import record_reads
from buurteffect.pipeline.runs.runs import Run
from buurteffect.project import Project

_SERVED = "BUURTEFFECT_SERVED"


def join_in_own_process(project: Project, run: Run, estimands: Mapping[str, Any], log: Path) -> dict[str, Any]:
    """Return what the results have beside the notebook's: ``truth`` and ``identity``.

    What was read is logged; no log is made where the source has no truth.

    Raises
    ------
    RunError
        If they could not be joined.
    """
    if not (project.processed(run.source) / "truth" / "truth.json").is_file():
        return {"truth": [], "identity": []}
    question = (project, run, dict(estimands), log)
    said, error = _forked(question) if os.environ.get(_SERVED) else _started(question)
    try:
        answer: dict[str, Any] = pickle.loads(said)
    except (EOFError, pickle.UnpicklingError):
        raise RunError(f"the truth could not be joined to the results: {error or 'its process ended'}") from None
    return answer


def join(project: Project, run: Run, estimands: Mapping[str, Any], log: Path) -> dict[str, Any]:
    """Return the same, from this very process, which must not have imported what joins."""
    with record_reads(project.root, log):
        from buurteffect.pipeline.truth.error_decomposition import decompose_error
        from buurteffect.pipeline.truth.join import join_truth

        truth = join_truth(estimands, project.processed(run.source) / "truth" / "truth.json")
        return {"truth": truth, "identity": decompose_error(project, run)}


def _forked(question: tuple[Any, ...]) -> tuple[bytes, str]:
    """Ask a fork of this process, which has the libraries; return its answer and what went wrong."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        code = 1
        try:
            os.close(reading)
            reset_process(dict(os.environ), str(Path.cwd()))
            answer = importlib.import_module(__name__).join(*question)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(answer, pipe)
            code = 0
        except BaseException:  # must not return into what forked it
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(process, 0)
    return said, f"its process ended with {os.waitstatus_to_exitcode(status)}"


def _started(question: tuple[Any, ...]) -> tuple[bytes, str]:
    """Ask a process of its own; return its answer and what went wrong."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "buurteffect.pipeline.truth.process"],
        input=pickle.dumps(question),
        capture_output=True,
        check=False,
    )
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return done.stdout, lines[-1] if lines else ""


if __name__ == "__main__":
    answered = importlib.import_module("buurteffect.pipeline.truth.process").join(
        *pickle.loads(sys.stdin.buffer.read())
    )
    sys.stdout.buffer.write(pickle.dumps(answered))
