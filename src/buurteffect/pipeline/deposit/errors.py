"""Why a deposit is not made, or does not hold."""

from __future__ import annotations

from buurteffect.errors import BuurteffectError


class DepositError(BuurteffectError):
    """A deposit cannot be made, or one that was unpacked does not hold."""

    exit_code = 60


class OutOfDateError(DepositError):
    """The reports are not built, or something they rest on has changed since."""

    exit_code = 61


class UncommittedError(DepositError):
    """What would be deposited is not what a commit holds."""

    exit_code = 62


class UndescribedError(DepositError):
    """A variable of a data file has no line in the codebook."""

    exit_code = 63


class UnfitFileError(DepositError):
    """A file would be turned down by an editor: empty, twice there, too large, or telling of a machine or a person."""

    exit_code = 64


class NotReplicatedError(DepositError):
    """What was rebuilt from a deposit is not what lies in it."""

    exit_code = 65


class ForeignInputError(DepositError):
    """A page rests on a file that is neither deposited nor made again by the build."""

    exit_code = 66
