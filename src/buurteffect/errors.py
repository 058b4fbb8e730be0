"""The base error of the project and its few children.

Every error says what is wrong, where, and what to do about it. Each kind has an exit code of its own, so
that a build can tell a bad file from a bad parameter without parsing text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


class BuurteffectError(Exception):
    """Base of every error that this project raises on purpose."""

    exit_code = 1


class ProjectError(BuurteffectError):
    """The project's own folders or settings are not as they should be."""

    exit_code = 2


class ParameterError(BuurteffectError):
    """A run asks for a parameter that the notebook does not have, or gives it a value it cannot take."""

    exit_code = 3


class DataError(BuurteffectError):
    """A data file is not what its reader expects.

    Parameters
    ----------
    file : Path or str
        The file as the user knows it; for a member of a zip, ``archive.zip > member.csv``.
    expected, found : str
        What should have been there, and what was.
    action : str
        What the user can do about it.
    line : int, optional
        Line in the file, counted from 1 with the header included; in a workbook, the row.
    column : str, optional
        Column by the name it has in the file.
    """

    exit_code = 4

    def __init__(
        self,
        file: Path | str,
        *,
        expected: str,
        found: str,
        action: str,
        line: int | None = None,
        column: str | None = None,
    ) -> None:
        self.file, self.line, self.column = str(file), line, column
        self.expected, self.found, self.action = expected, found, action
        place = self.file
        if line is not None:
            place += f", line {line}"
        if column is not None:
            place += f", column {column!r}"
        super().__init__(f"{place}\n  found:    {found}\n  expected: {expected}\n  to do:    {action}")

    def at(self, file: str) -> DataError:
        """Return this error with its file called otherwise, such as by its path below the folder of the data."""
        return DataError(
            file, expected=self.expected, found=self.found, action=self.action, line=self.line, column=self.column
        )


class MissingDataError(ProjectError):
    """The data that something rests on are not there, or there are not enough of them.

    On open data a run that ends with it is a page that says so, not a failed run. A kernel hands over nothing of an
    error but its name and text, so the text is both read by people and read back by `parse`.

    Parameters
    ----------
    asked : str
        What was asked for.
    missing : str
        What is missing for it.
    where : sequence of str
        Where to get it: publisher, table or file, address, and the folder that it belongs in; one text per place.
    command : str
        What to run when it is there.

    Examples
    --------
    >>> error = MissingDataError("scores by wijk", "scores", ["the Leefbaarometer"], "make reports SOURCE=open")
    >>> MissingDataError.parse(str(error)).where
    ('the Leefbaarometer',)
    """

    exit_code = 8

    def __init__(self, asked: str, missing: str, where: Sequence[str], command: str) -> None:
        self.asked, self.missing, self.command = (" ".join(text.split()) for text in (asked, missing, command))
        self.where = tuple(" ".join(text.split()) for text in where)
        places = "".join(f"\n  get it:   {place}" for place in self.where)
        super().__init__(f"{self.asked}\n  missing:  {self.missing}{places}\n  to do:    {self.command}")

    @classmethod
    def parse(cls, text: str) -> MissingDataError | None:
        """Return the error that has this text, None where none has."""
        match = re.fullmatch(r"(.+)\n  missing:  (.+)((?:\n  get it:   .+)+)\n  to do:    (.+)", text.strip())
        return match and cls(match[1], match[2], re.findall(r"\n  get it:   (.+)", match[3]), match[4])


class DownloadError(BuurteffectError):
    """A source could not be fetched, or what arrived is not what was recorded."""

    exit_code = 5


class EstimationError(BuurteffectError):
    """An estimate is refused because the data cannot carry it."""

    exit_code = 6


class CallError(EstimationError):
    """An estimator is asked for what no data could give: a column, an option or a combination that there is not.

    The public estimators return a refused estimate where the data cannot carry one, but raise this.
    """

    exit_code = 28


class MissingColumnError(CallError):
    """The panel lacks a column that the design names."""

    exit_code = 20


class DuplicateUnitTimeError(EstimationError):
    """A unit stands more than once in the same time."""

    exit_code = 21


class NotConstantError(EstimationError):
    """Something that belongs to a unit, such as its cohort or weight, changes within it."""

    exit_code = 22


class UnusableValueError(EstimationError):
    """A column holds infinite values, text where numbers belong, or numbers outside their range."""

    exit_code = 23


class SeriesBreakError(EstimationError):
    """An outcome would be compared across a break of its series."""

    exit_code = 24


class NoSwitchError(EstimationError):
    """No treated unit is seen both before and after its treatment."""

    exit_code = 25


class NoComparisonError(EstimationError):
    """No untreated unit is left to compare with."""

    exit_code = 26


class OneTreatedClusterError(EstimationError):
    """All treated units lie in one cluster, so clustered errors would mean nothing."""

    exit_code = 27


class DisclosureError(BuurteffectError):
    """Something would be published that has not passed disclosure control."""

    exit_code = 7


class RunError(BuurteffectError):
    """A notebook run did not complete."""

    exit_code = 10


class CellFailedError(RunError):
    """A cell raised an exception, or ended the kernel's work early."""

    exit_code = 11


class KernelDiedError(RunError):
    """The kernel was killed or ended by itself."""

    exit_code = 12


class TimeLimitError(RunError):
    """A cell or the whole notebook ran past its time limit."""

    exit_code = 13


class IncompleteRunError(RunError):
    """The notebook came back without every cell having run, or without its results."""

    exit_code = 14
