"""Every error of the project, with the exit code that it ends a command with.

An error says what is wrong, where, and what to do about it. Each kind has an exit code of its own, so that a build can
tell a bad file from a bad parameter without parsing text: 1 to 8 are of the project and its data, 10 to 19 of runs and
pages, 20 to 28 of estimates, 40 to 45 of `make verify`, 50 to 52 of a cluster, 60 to 66 of a deposit. Without an error
of this list a command ends with 17 where the process that serves the build has gone, with 130 where it was
interrupted, and with 128 and the signal's number where it was killed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


class BuurteffectError(Exception):
    """Base of every error that this project raises on purpose; a kind without a code of its own has its parent's."""

    exit_code = 1

    def __init_subclass__(cls, code: int | None = None) -> None:
        """Give a kind of error its exit code."""
        if code is not None:
            cls.exit_code = code


class ProjectError(BuurteffectError, code=2):
    """The project's own folders or settings are not as they should be."""


class ParameterError(BuurteffectError, code=3):
    """A run asks for a parameter that the notebook does not have, or gives it a value it cannot take."""


class DataError(BuurteffectError, code=4):
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


class MissingDataError(ProjectError, code=8):
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


class DownloadError(BuurteffectError, code=5):
    """A source could not be fetched, or what arrived is not what was recorded."""


class EstimationError(BuurteffectError, code=6):
    """An estimate is refused because the data cannot carry it."""


class CallError(EstimationError, code=28):
    """An estimator is asked for what no data could give: a column, an option or a combination that there is not.

    The public estimators return a refused estimate where the data cannot carry one, but raise this.
    """


class MissingColumnError(CallError, code=20):
    """The panel lacks a column that the design names."""


class DuplicateUnitTimeError(EstimationError, code=21):
    """A unit stands more than once in the same time."""


class NotConstantError(EstimationError, code=22):
    """Something that belongs to a unit, such as its cohort or weight, changes within it."""


class UnusableValueError(EstimationError, code=23):
    """A column holds infinite values, text where numbers belong, or numbers outside their range."""


class SeriesBreakError(EstimationError, code=24):
    """An outcome would be compared across a break of its series."""


class NoSwitchError(EstimationError, code=25):
    """No treated unit is seen both before and after its treatment."""


class NoComparisonError(EstimationError, code=26):
    """No untreated unit is left to compare with."""


class OneTreatedClusterError(EstimationError, code=27):
    """All treated units lie in one cluster, so clustered errors would mean nothing."""


class DisclosureError(BuurteffectError, code=7):
    """Something would be published that has not passed disclosure control."""


class RunError(BuurteffectError, code=10):
    """A notebook run did not complete."""


class CellFailedError(RunError, code=11):
    """A cell raised an exception, or ended the kernel's work early."""


class KernelDiedError(RunError, code=12):
    """The kernel was killed or ended by itself."""


class TimeLimitError(RunError, code=13):
    """A cell or the whole notebook ran past its time limit."""


class IncompleteRunError(RunError, code=14):
    """The notebook came back without every cell having run, or without its results."""


class ObservedAccessError(RunError, code=15):
    """A run read or wrote what it has no business with."""


class StorageError(RunError, code=16):
    """What was made could not be written: the disk is full, or a folder cannot be written into."""


class TraceError(ProjectError, code=18):
    """There is no such number, page or run."""


class HeavyPageError(ProjectError, code=19):
    """A page weighs more beyond its figures than a page may."""


class ResultsDifferError(BuurteffectError, code=40):
    """A number, or a word made from numbers, is not the recorded one."""


class NoReferenceError(BuurteffectError, code=41):
    """There are no recorded results to compare with, or they are not as they were recorded."""


class OtherSettingsError(BuurteffectError, code=42):
    """The results at hand are of another country than the recorded ones."""


class NotRecordableError(BuurteffectError, code=43):
    """Results cannot be recorded now, because no commit says what they were made from."""


class EditedByHandError(BuurteffectError, code=44):
    """A published file is not as the build left it."""


class NotFreshError(BuurteffectError, code=45):
    """Results are asked for that are not built, or are out of date."""


class SchedulerError(RunError, code=50):
    """The scheduler cannot be reached, has gone, or has no workers."""


class WorkerDiffersError(RunError, code=51):
    """A worker has other code, libraries or data than this checkout."""


class WorkerLostError(RunError, code=52):
    """The workers that were given a run died, one after the other."""


class RemoteRunError(RunError):
    """A run failed on a worker; its exit code is what it would have been here."""

    def __init__(self, code: int, said: str) -> None:
        self.exit_code = code
        super().__init__(said)


class DepositError(BuurteffectError, code=60):
    """A deposit cannot be made, or one that was unpacked does not hold."""


class OutOfDateError(DepositError, code=61):
    """The reports are not built, or something they rest on has changed since."""


class UncommittedError(DepositError, code=62):
    """What would be deposited is not what a commit holds."""


class UndescribedError(DepositError, code=63):
    """A variable of a data file has no line in the codebook."""


class UnfitFileError(DepositError, code=64):
    """A file would be turned down by an editor: empty, twice there, too large, or telling of a machine or a person."""


class NotReplicatedError(DepositError, code=65):
    """What was rebuilt from a deposit is not what lies in it."""


class ForeignInputError(DepositError, code=66):
    """A page rests on a file that is neither deposited nor made again by the build."""
