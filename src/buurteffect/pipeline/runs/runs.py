"""Named runs: one notebook with one set of parameters, in ``notebooks/runs/NAME.yaml``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from buurteffect.errors import ParameterError, ProjectError
from buurteffect.pipeline.runs.parameters import check_values, read_parameters
from buurteffect.project import SOURCES, Project, check_identifier

_KEYS: dict[str, type] = {
    "notebook": str,
    "sources": list,
    "data": list,
    "parameters": dict,
    "looks_for": list,
    "cell_seconds": int,
    "notebook_seconds": int,
}
_CELL_SECONDS, _NOTEBOOK_SECONDS = 600, 1800
_RESERVED = ("index", "figures", "tables")
TRIAL = "-trial"
"""What is added to a run's name where a parameter was replaced by hand, so that its own page stays as it is."""

# make reads these two keys by line; the forms are fixed so that make and this module never disagree.
_FORMS = {
    "notebook": re.compile(r"notebook: [^\s'\"#]+"),
    "sources": re.compile(r"sources: \[[a-z]+(?:, [a-z]+)*\]"),
}


@dataclass(frozen=True)
class Run:
    """One notebook with one set of parameters, on one source of data.

    Attributes
    ----------
    name, source : str
        Name of the run, and where its data come from.
    notebook : Path
        The notebook.
    parameters : dict
        Value of every parameter that the notebook declares, checked.
    cell_seconds, notebook_seconds : int
        Time limits for one cell and for the whole notebook.
    looks_for : tuple of str
        Files of the checkout whose coming or going makes the run another, though it may not open them.
    data : tuple of str
        Kinds of open data (`missing_data.KINDS`) that its estimates rest on: what its page asks for where they are not
        enough.
    """

    name: str
    source: str
    notebook: Path
    parameters: dict[str, Any]
    cell_seconds: int
    notebook_seconds: int
    looks_for: tuple[str, ...] = ()
    data: tuple[str, ...] = ()


class _StrictLoader(yaml.SafeLoader):
    """A YAML loader that refuses a key that stands twice."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    """Read a mapping; a key may stand once."""
    seen: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, (str, int, float)) or key in seen:
            raise ParameterError(f"line {key_node.start_mark.line + 1}: key {key!r} stands twice or is no plain name")
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_run(project: Project, name: str, source: str, overrides: Mapping[str, object] | None = None) -> Run:
    """Read a run and check it against its notebook, before anything starts.

    Parameters
    ----------
    project : Project
        The checkout.
    name : str
        Name of a file in ``notebooks/runs/`` without ``.yaml``.
    source : {"synthetic", "open", "microdata"}
        Where the data come from; given to the notebook as its parameter ``source``.
    overrides : mapping, optional
        Parameters that replace those of the file. The run then has another name, so that the page of the run
        as it is named is not touched.

    Raises
    ------
    ProjectError
        If there is no such run or notebook, or a name would climb out of its folder.
    ParameterError
        If the file or a parameter is not as it should be.
    """
    file = project.notebooks / "runs" / f"{check_identifier(name, 'run')}.yaml"
    if not file.is_file():
        known = sorted(path.stem for path in file.parent.glob("*.yaml"))
        number = name.partition("_")[0]
        close = [each for each in known if each.partition("_")[0] == number] or difflib.get_close_matches(
            name, known, n=1
        )
        hint = f" (did you mean {' or '.join(map(repr, close[:3]))}?)" if close else ""
        raise ProjectError(f"there is no run {name!r}{hint}; notebooks/runs/ holds {', '.join(known) or 'none'}")
    if name in _RESERVED or name.endswith(TRIAL):
        raise ProjectError(f"a run cannot be named {name!r}: the name is used for something else in reports/")
    settings = _read_settings(file)
    if source not in settings.get("sources", list(SOURCES)):
        raise ProjectError(
            f"run {name!r} is not for source {source!r}: its file lists {', '.join(settings['sources'])}; choose one "
            f"of them, such as make run RUN={name} SOURCE={settings['sources'][0]}"
        )
    notebook = project.notebooks / f"{check_identifier(settings['notebook'], 'notebook')}.ipynb"
    if not notebook.is_file():
        raise ProjectError(f"{file.name} names notebook {settings['notebook']!r}, but {notebook.name} does not exist")
    declared = read_parameters(notebook)
    given = {**settings.get("parameters", {}), **(overrides or {})}
    if "source" in given:
        raise ParameterError(f"{file.name}: 'source' is not set in a run: choose it with make … SOURCE=…")
    values = check_values(declared, {**given, "source": source}, file.name)
    return Run(
        f"{name}{TRIAL}" if overrides else name,
        source,
        notebook,
        values,
        settings.get("cell_seconds", _CELL_SECONDS),
        settings.get("notebook_seconds", _NOTEBOOK_SECONDS),
        tuple(check_inside(str(path), file.name) for path in settings.get("looks_for", [])),
        tuple(settings.get("data", [])),
    )


def runs_of(project: Project, source: str) -> list[str]:
    """Return the names of all runs whose files are for `source`.

    Raises
    ------
    ProjectError, ParameterError
        If a run file is not as it should be.
    """
    found = []
    for file in sorted((project.notebooks / "runs").glob("*.yaml")):
        if file.stem in _RESERVED or file.stem.endswith(TRIAL):
            raise ProjectError(f"a run cannot be named {file.stem!r}: the name is used for something else in reports/")
        settings = _read_settings(file)
        if source in settings.get("sources", list(SOURCES)):
            found.append(file.stem)
    return found


def check_inside(path: str, file: str) -> str:
    """Return a path relative to the checkout if it cannot climb out of it.

    Raises
    ------
    ParameterError
        If it can.
    """
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise ParameterError(f"{file}: looks_for: {path!r} must be a path inside the checkout, without '..'")
    return path


def _read_settings(file: Path) -> dict[str, Any]:
    """Read a run's file and check its keys and their types."""
    try:
        settings = yaml.load(file.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except (yaml.YAMLError, UnicodeDecodeError, ParameterError) as error:
        raise ParameterError(f"{file.name} is not a valid run file: {error}") from None
    if not isinstance(settings, dict) or "notebook" not in settings:
        raise ParameterError(f"{file.name} must be a mapping with at least the key 'notebook'")
    lines = file.read_text(encoding="utf-8").splitlines()
    for key, form in _FORMS.items():
        if key in settings and not any(form.fullmatch(line.rstrip()) for line in lines):
            raise ParameterError(
                f"{file.name}: write {key!r} on one line without quotes or a comment, as make reads it: "
                "`notebook: n01_data_audit`, `sources: [synthetic, open]`"
            )
    for key, value in settings.items():
        if key not in _KEYS:
            close = difflib.get_close_matches(str(key), _KEYS, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ParameterError(f"{file.name}: unknown key {key!r}{hint}; known keys are {', '.join(_KEYS)}")
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            raise ParameterError(f"{file.name}: {key!r} must be a {_KEYS[key].__name__}, not {value!r}")
        if isinstance(value, int) and value <= 0:
            raise ParameterError(f"{file.name}: {key!r} must be a positive number of seconds, not {value}")
    if settings.get("data"):
        from buurteffect.sources.download.missing_data import (
            KINDS,  # only here: runs do not rest on all that reads raw files
        )

        unknown = [kind for kind in settings["data"] if kind not in KINDS]
        if unknown:
            raise ParameterError(
                f"{file.name}: data: there is no kind {unknown[0]!r}; the kinds are {', '.join(KINDS)}"
            )
    return settings
