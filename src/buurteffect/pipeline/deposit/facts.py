"""What a deposit says of itself: facts that a person stated, the commit, the settings of the build, and the runs."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from buurteffect import __version__
from buurteffect.errors import DepositError, UncommittedError
from buurteffect.pipeline.deposit.archive import commit_of_deposit
from buurteffect.pipeline.runs.git import git
from buurteffect.pipeline.runs.runs import runs_of
from buurteffect.project import Project

STATED = "docs/deposit.toml"
_KEYS = {"title", "contact", "keywords", "licence", "machine", "needs"}
_SETTINGS = re.compile(r"seed (?P<seed>\d+) size (?P<size>\w+) scenario (?P<scenario>\w+)")
_DEFAULTS = {"seed": "1", "size": "default", "scenario": "S0"}


@dataclass(frozen=True)
class Facts:
    """What a deposit says of itself.

    Attributes
    ----------
    name, version : str
        Name of the package, and its version.
    source : str
        Where the data come from.
    commit : str
        Full name of the commit.
    uncommitted : tuple of str
        Files that are not as the commit holds them; empty unless that was allowed.
    settings : dict of str to str
        Seed, size and scenario of a simulated country; empty for other sources.
    runs : tuple of str
        The runs of the index.
    stated : dict
        What a person stated in ``docs/deposit.toml``.
    citation : dict
        The citation file.
    """

    version: str
    source: str
    commit: str
    uncommitted: tuple[str, ...]
    settings: dict[str, str]
    runs: tuple[str, ...]
    stated: dict[str, Any]
    citation: dict[str, Any]
    name: str = "buurteffect"

    @property
    def folder(self) -> str:
        """Folder that an archive unpacks to, and the archive's name without its ending."""
        return f"{self.name}-{self.version}" + ("" if self.source == "synthetic" else f"-{self.source}")

    @property
    def arguments(self) -> str:
        """What make has to be told to build the same, with a space in front; nothing for its defaults."""
        given = {} if self.source == "synthetic" else {"SOURCE": self.source}
        given |= {key.upper(): value for key, value in self.settings.items() if value != _DEFAULTS[key]}
        return "".join(f" {key}={value}" for key, value in given.items())


def facts_of(project: Project, source: str, allow_uncommitted: bool = False) -> Facts:
    """Return what a deposit of a source says of itself.

    Raises
    ------
    UncommittedError
        If a tracked file is not as the commit holds it, and that is not allowed; or there is no commit.
    DepositError
        If what a person has to state is not there, or the citation has another version.
    """
    commit, changed = _commit(project.root)
    if changed and not allow_uncommitted:
        raise UncommittedError(
            f"{len(changed)} files are not as commit {commit[:12]} holds them: {', '.join(changed[:8])}"
            f"{' …' if len(changed) > 8 else ''}\n"
            "  to do: commit them; or say make deposit UNCOMMITTED=1, and the deposit will tell of them"
        )
    citation = yaml.safe_load((project.root / "CITATION.cff").read_text(encoding="utf-8"))
    if citation.get("version") != __version__:
        raise DepositError(f"CITATION.cff is of version {citation.get('version')}, the package of {__version__}")
    return Facts(
        __version__,
        source,
        commit,
        tuple(changed),
        _settings(project.processed(source)) if source == "synthetic" else {},
        tuple(_built(project, source)),
        _stated(project.root / STATED),
        citation,
    )


def tracked(root: Path) -> dict[str, bytes]:
    """Return every file that is under version control, by its path; of an unpacked deposit, every file in it."""
    done = _git(root, "ls-files", "-z")
    names = [name for name in done.split("\0") if name]
    return {name: (root / name).read_bytes() for name in sorted(names) if (root / name).is_file()}


def _commit(root: Path) -> tuple[str, list[str]]:
    """Return the commit, and the tracked files that are not as it holds them."""
    if commit_of_deposit(root) is not None:
        raise DepositError("this is an unpacked deposit: a deposit is made from a checkout under version control")
    commit = _git(root, "rev-parse", "HEAD").strip()
    lines = _git(root, "status", "--porcelain", "--untracked-files=no").splitlines()
    return commit, [line[3:] for line in lines]


def _git(root: Path, *words: str) -> str:
    """Return what git says."""
    said = git(root, *words)
    if said is None:
        raise UncommittedError(
            "there is no commit to deposit: git does not answer here\n  to do: make the deposit from a clone"
        )
    return said


def _settings(processed: Path) -> dict[str, str]:
    """Return seed, size and scenario that a simulated country was built with."""
    file = processed / "settings.txt"
    match = _SETTINGS.match(file.read_text(encoding="utf-8")) if file.is_file() else None
    return dict(match.groupdict()) if match else dict(_DEFAULTS)


def _built(project: Project, source: str) -> list[str]:
    """Return the runs that make takes for this source: those it listed, in its order; all where it listed none."""
    listed = project.processed(source) / "runs.txt"
    known = runs_of(project, source)
    names = listed.read_text(encoding="utf-8").split() if listed.is_file() else known
    return [name for name in names if name in known]


def _stated(file: Path) -> dict[str, Any]:
    """Return what a person stated."""
    if not file.is_file():
        raise DepositError(f"{STATED} is missing: it holds what a person has to state about a deposit")
    stated = tomllib.loads(file.read_text(encoding="utf-8"))
    lacking = sorted(_KEYS - set(stated))
    if lacking:
        raise DepositError(f"{STATED} does not state {', '.join(lacking)}")
    return stated
