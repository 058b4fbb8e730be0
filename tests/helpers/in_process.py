"""Run a notebook in this process instead of a kernel: the same cells and the same build, without the wait."""

from __future__ import annotations

import json
import os
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from buurteffect.pipeline import execute


def without_kernels(patch: pytest.MonkeyPatch) -> None:
    """Let `run_notebook` execute notebooks in this process, in which no access is taken down."""
    patch.setattr(execute, "check_kernel", lambda: None)
    patch.setattr(execute.papermill, "execute_notebook", _execute)


def _execute(
    path: str, output: str, *, parameters: Mapping[str, Any], environment: Mapping[str, str], **_: object
) -> None:
    """Execute a notebook as papermill does: up to its end, or to the first cell that fails."""
    notebook = parameterize_notebook(load_notebook_node(path), dict(parameters), kernel_name="buurteffect")
    os.environ["BUURTEFFECT_STAGING"] = environment["BUURTEFFECT_STAGING"]
    os.environ["BUURTEFFECT_ROOT"] = environment["BUURTEFFECT_ROOT"]
    rules = json.loads(environment[execute.SETTING])
    Path(rules["log"]).write_text(json.dumps(["there", rules["root"], 0, 0]) + "\n", encoding="utf-8")
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    failed = None
    for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code" and c.source.strip()), 1):
        cell.execution_count = count
        with capture_output(stdout=True, stderr=True, display=True) as shown, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            done = shell.run_cell(cell.source, store_history=False)
        cell.outputs = [
            nbformat.v4.new_output("display_data", data=each.data, metadata=each.metadata or {})
            for each in shown.outputs
        ]
        error = done.error_before_exec or done.error_in_exec
        if error is not None:
            name, text = type(error).__name__, str(error)
            cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=text, traceback=[]))
            failed = PapermillExecutionError(count, count, cell.source, name, text, traceback.format_exception(error))
            break
    nbformat.write(notebook, output)
    if failed:
        raise failed
