"""The parameters of a notebook, declared once: in its ``parameters`` cell.

A line of that cell says everything about a parameter::

    draws: int = 999  # [99 .. 99999 draws] resamples of gemeenten
    level: str = "wijk"  # [buurt | wijk | pc4] kind of area
    cuts: list[float] = [0.0, 0.02]  # [0 .. 1 LBM points] a fall counts from here
    show_map: bool = True  # [true | false] draw the map

In the brackets stand the choices (``GM####`` for GM and four digits), or the smallest and largest value with
the unit; for a list they hold for each element. Nothing else may stand in the cell. Values given to a run are
checked against it before a kernel starts.
"""

from __future__ import annotations

import ast
import difflib
import io
import math
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from buurteffect.errors import ParameterError

_TYPES: dict[str, tuple[type, bool]] = {
    "int": (int, False),
    "float": (float, False),
    "str": (str, False),
    "bool": (bool, False),
    "list[int]": (int, True),
    "list[float]": (float, True),
    "list[str]": (str, True),
}
_COMMENT = re.compile(r"#\s*\[(?P<domain>[^\]]+)\]\s*(?P<meaning>\S.*)")
_RANGE = re.compile(r"(?P<low>[-+.\deE]+)\s*\.\.\s*(?P<high>[-+.\deE]+)\s*(?P<unit>.*)")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, type, domain, unit, default and meaning.

    Attributes
    ----------
    name, annotation : str
        Name, and type as declared: ``int``, ``float``, ``str``, ``bool`` or a list of one of the first three.
    default : object
        Value where a run gives none.
    choices : tuple of str
        All values it can take; empty for a number.
    low, high : float or None
        Smallest and largest value, both allowed.
    unit, meaning : str
        Unit of a number, and what the parameter does.
    """

    name: str
    annotation: str
    default: object
    choices: tuple[str, ...]
    low: float | None
    high: float | None
    unit: str
    meaning: str

    @property
    def domain(self) -> str:
        """The values it can take, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        return f"from {self.low:g} to {self.high:g} {self.unit}".rstrip()

    def check(self, value: object) -> object:
        """Return `value` if the parameter can take it; an int is taken for a float.

        Raises
        ------
        ParameterError
            On a wrong type, a value outside the choices or the range, or an empty list.
        """
        kind, is_list = _TYPES[self.annotation]
        if not is_list:
            return self._check_one(value, kind)
        if not isinstance(value, (list, tuple)) or not value:
            raise ParameterError(
                f"parameter {self.name!r} takes {self.annotation} with at least one element, not {value!r}"
            )
        return [self._check_one(element, kind) for element in value]

    def _check_one(self, value: object, kind: type) -> object:
        """Check one scalar."""
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ParameterError(
                f"parameter {self.name!r} takes {self.annotation}, not {type(value).__name__} {value!r}: "
                f"give {self.domain}"
            )
        if kind is bool:
            return value
        if self.choices:
            if not any(_fits(str(value), choice) for choice in self.choices):
                raise ParameterError(
                    f"parameter {self.name!r} cannot be {value!r}{_nearest(str(value), self.choices)}: "
                    f"give {self.domain}"
                )
        elif isinstance(value, (int, float)) and not (
            math.isfinite(value) and self.low is not None and self.high is not None and self.low <= value <= self.high
        ):
            raise ParameterError(f"parameter {self.name!r} cannot be {value!r}: give a number {self.domain}")
        return value


def read_parameters(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters that a notebook declares, by name.

    Parameters
    ----------
    notebook : Path
        A notebook with exactly one cell tagged ``parameters``.

    Raises
    ------
    ParameterError
        If the cell is missing, doubled, or a line of it does not declare a parameter fully.
    """
    document = nbformat.read(notebook, as_version=4)
    cells = [c for c in document.cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1 or cells[0].cell_type != "code":
        raise ParameterError(
            f"{notebook.name} has {len(cells)} cells tagged 'parameters'; it must have exactly one code cell with "
            "that tag"
        )
    return parse_parameters(cells[0].source, notebook.name)


def parse_parameters(cell: str, label: str) -> dict[str, Parameter]:
    """Return the parameters that the text of a ``parameters`` cell declares.

    Examples
    --------
    >>> parse_parameters("draws: int = 999  # [99 .. 9999 draws] resamples", "example")["draws"].domain
    'from 99 to 9999 draws'
    """
    try:
        statements = ast.parse(cell).body
    except SyntaxError as error:
        raise ParameterError(f"{label}: the parameters cell is not valid Python, line {error.lineno}") from None
    comments = _comments(cell)
    declared: dict[str, Parameter] = {}
    for statement in statements:
        parameter = _declaration(statement, comments.get(statement.end_lineno or 0, ""), label)
        if parameter.name in declared:
            raise ParameterError(f"{label}: parameter {parameter.name!r} is declared twice")
        declared[parameter.name] = parameter
    return declared


def check_values(declared: Mapping[str, Parameter], given: Mapping[str, object], label: str) -> dict[str, Any]:
    """Return the value of every declared parameter: the given one where there is one, else the default.

    Parameters
    ----------
    declared : mapping of str to Parameter
        What the notebook declares.
    given : mapping of str to object
        What the run asks for.
    label : str
        The run, for the error.

    Raises
    ------
    ParameterError
        On a name that is no identifier, that the notebook does not declare (the nearest is suggested), or a
        value it cannot take. All faults of a run are reported at once.
    """
    faults = []
    values: dict[str, Any] = {name: parameter.default for name, parameter in declared.items()}
    for name, value in given.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            faults.append(f"{name!r} is not a parameter name: use letters, digits and '_'")
        elif name not in declared:
            faults.append(
                f"the notebook has no parameter {name!r}{_nearest(name, declared)}; it has {', '.join(declared)}"
            )
        else:
            try:
                values[name] = declared[name].check(value)
            except ParameterError as error:
                faults.append(str(error))
    if faults:
        raise ParameterError("\n".join(f"{label}: {fault}" for fault in faults))
    return values


def _declaration(statement: ast.stmt, comment: str, label: str) -> Parameter:
    """Read one line of the cell."""
    where = f"{label}: parameters cell, line {statement.lineno}"
    if (
        not isinstance(statement, ast.AnnAssign)
        or not isinstance(statement.target, ast.Name)
        or statement.value is None
    ):
        raise ParameterError(f"{where}: only lines like `name: type = default  # [domain] meaning` may stand here")
    annotation = ast.unparse(statement.annotation)
    name = statement.target.id
    if annotation not in _TYPES:
        raise ParameterError(f"{where}: type {annotation!r} of {name!r} is not one of {', '.join(_TYPES)}")
    match = _COMMENT.fullmatch(comment.strip())
    if match is None:
        raise ParameterError(
            f"{where}: {name!r} needs a comment `# [choice | choice] meaning` or `# [low .. high unit] meaning`"
        )
    choices, low, high, unit = _domain(match["domain"], _TYPES[annotation][0], f"{where}: {name!r}")
    try:
        default = ast.literal_eval(statement.value)
    except ValueError:
        raise ParameterError(f"{where}: the default of {name!r} must be a plain value, not an expression") from None
    parameter = Parameter(name, annotation, None, choices, low, high, unit, match["meaning"].strip())
    try:
        default = parameter.check(default)
    except ParameterError as error:
        raise ParameterError(f"{where}: the default breaks its own declaration: {error}") from None
    return Parameter(name, annotation, default, choices, low, high, unit, parameter.meaning)


def _domain(text: str, kind: type, where: str) -> tuple[tuple[str, ...], float | None, float | None, str]:
    """Read the brackets: choices for text and flags, a range with its unit for numbers."""
    if kind in (str, bool):
        choices = tuple(choice.strip() for choice in text.split("|"))
        if len(choices) < 2 or not all(choices) or (kind is bool and choices != ("true", "false")):
            raise ParameterError(f"{where} needs its choices in brackets, like [buurt | wijk] or [true | false]")
        return choices, None, None, ""
    match = _RANGE.fullmatch(text.strip())
    try:
        low, high = (float(match["low"]), float(match["high"])) if match else (1.0, 0.0)
    except ValueError:
        low, high = 1.0, 0.0
    if match is None or low > high:
        raise ParameterError(f"{where} needs its range in brackets, like [0 .. 1 share]")
    return (), low, high, match["unit"].strip()


def _comments(cell: str) -> dict[int, str]:
    """Return the comment of each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(cell).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def _fits(value: str, choice: str) -> bool:
    """Whether a value is a choice; each # in one stands for a digit.

    Examples
    --------
    >>> _fits("GM0363", "GM####"), _fits("GM363", "GM####"), _fits("GM####", "GM####")
    (True, False, False)
    """
    return re.fullmatch(re.escape(choice).replace(r"\#", "[0-9]"), value) is not None


def _nearest(name: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """Suggest the nearest known name."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
