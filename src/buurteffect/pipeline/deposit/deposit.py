"""The deposit: one archive with code, data, results and pages that an editor accepts and a replicator can build.

It is made from a commit and a build that is up to date, and from nothing else: twice the same give the same bytes.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from buurteffect.errors import (
    DepositError,
    DisclosureError,
    ForeignInputError,
    NotReplicatedError,
    OutOfDateError,
    UncommittedError,
)
from buurteffect.pipeline.deposit.archive import (
    COMMIT,
    MANIFEST,
    archive_of,
    changed_since,
    commit_of_deposit,
    manifest_of,
    read_manifest,
    write_archive,
)
from buurteffect.pipeline.deposit.codebook import codebook_of, results_keys, tables_of
from buurteffect.pipeline.deposit.facts import Facts, facts_of, tracked
from buurteffect.pipeline.deposit.metadata import citation, codecheck, data_package
from buurteffect.pipeline.deposit.outputs import EXECUTED, OUTPUTS, PAGES, RESULTS, differences, outputs_of
from buurteffect.pipeline.deposit.programs import Exhibit, exhibits_of, programs_of, random_draws_in, references_in
from buurteffect.pipeline.deposit.readme_text import Contents, data_licence, readme
from buurteffect.pipeline.deposit.ro_crate import CRATE, crate
from buurteffect.pipeline.deposit.scan import names_of_this_machine, refuse_unfit
from buurteffect.pipeline.runs.observe import GONE
from buurteffect.pipeline.runs.provenance import Record, lies_in, name_of
from buurteffect.pipeline.runs.runs import runs_of
from buurteffect.pipeline.runs.stages import explain
from buurteffect.pipeline.runs.staging import RunFiles
from buurteffect.project import Project

_ELSEWHERE = {"README.md": "ABOUT.md"}
"""Files of the checkout that have another name in a deposit, where theirs is taken."""


@dataclass(frozen=True)
class Deposit:
    """A deposit that was made: where it lies, how many files it has and how many bytes."""

    path: Path
    files_count: int
    bytes_count: int
    unpacked_count: int


def make_deposit(project: Project, source: str, folder: Path, allow_uncommitted: bool = False) -> Deposit:
    """Write the archive of the reports of a source into a folder, with its checksum beside it.

    Files may differ from the commit only where that is allowed; the deposit then says which.

    Raises
    ------
    DisclosureError
        For microdata, always.
    OutOfDateError
        If a report is not built, or what it rests on has changed.
    ForeignInputError
        If a page rests on a file that a replicator would not have.
    UncommittedError
        If a tracked file differs from the commit, or a page was built from such a file.
    UndescribedError, UnfitFileError
        If a variable has no meaning in the codebook, or an editor would turn a file down.
    """
    refuse_microdata(source)
    facts = facts_of(project, source, allow_uncommitted)
    refuse_stale(project, source, facts.runs)
    refuse_foreign(project, source, facts.runs)
    files = files_of(project, facts)
    refuse_unfit(files, names_of_this_machine(project.root))
    content = archive_of(files, facts.folder)
    path = folder / f"{facts.folder}.zip"
    write_archive(path, content)
    return Deposit(path, len(files), len(content), sum(map(len, files.values())))


def refuse_microdata(source: str) -> None:
    """Stop before anything of persons is looked at.

    Raises
    ------
    DisclosureError
        For microdata.
    """
    if source == "microdata":
        raise DisclosureError(
            "results on microdata are never deposited: they leave the closed environment of CBS only by its own "
            "disclosure control, and the files on persons not at all"
        )


def refuse_stale(project: Project, source: str, runs: Iterable[str]) -> None:
    """Stop where a page is not what would be built now.

    Raises
    ------
    OutOfDateError
        If a run or its page is missing or out of date, with the reasons that `make why` gives.
    """
    lines = explain(project, source, runs)
    stale = [line for line in lines if not line.endswith(": up to date")]
    if stale or not lines:
        raise OutOfDateError(
            "the reports are not what would be built now:\n"
            + "\n".join(f"  {line}" for line in stale[:30] or ["no run has been built"])
            + f"\n  to do: make reports SOURCE={source}, then make deposit again"
        )


def refuse_foreign(project: Project, source: str, runs: Iterable[str]) -> None:
    """Stop where a page rests on a file that a replicator would not have.

    Raises
    ------
    ForeignInputError
        If a run read a file that is neither under version control, nor a folder of such files, nor made by the build
        of this source.
    """
    own, known = name_of(project, project.processed(source)), set(tracked(project.root))
    known |= {folder.as_posix() for name in known for folder in PurePosixPath(name).parents}
    raw = [name_of(project, project.raw), os.environ.get("OPEN_DATA") or own] if source == "open" else []
    found = []
    for run in runs:
        record = Record.read(RunFiles(project.processed(source), run).record)
        for name, sha256 in (record.files if record else {}).items():
            if sha256 != GONE and name not in known and not lies_in(name, [own, *raw]):
                found.append(f"{run} read {project.show(project.root / name)}")
    if found:
        raise ForeignInputError(
            "a replicator would not have what these pages rest on:\n"
            + "\n".join(f"  {line}" for line in found[:20])
            + f"\n  to do: move it away, make reports SOURCE={source}, then make deposit again"
        )


def files_of(project: Project, facts: Facts) -> dict[str, bytes]:
    """Return every file of a deposit by its path.

    Raises
    ------
    UncommittedError
        If results were made from uncommitted files, unless that was allowed.
    UndescribedError
        If a variable is described nowhere.
    """
    code = {_ELSEWHERE.get(path, path): content for path, content in tracked(project.root).items()}
    made = outputs_of(project, facts.source, facts.runs)
    results = {run: json.loads(made[f"{RESULTS}/{run}.json"]) for run in facts.runs}
    _refuse_uncommitted(results, facts)
    files = code | made | {"LICENSE-DATA.md": data_licence(facts)}
    programs = programs_of(code)
    shown = _exhibits(facts, files, results)
    tables = tables_of(files)
    keys = results_keys({key for each in results.values() for key in each})
    files |= {
        "codebook.csv": _csv(codebook_of(tables, keys)),
        "programs.csv": _csv(pd.DataFrame([asdict(each) for each in programs])),
        "exhibits.csv": _csv(pd.DataFrame([asdict(each) for each in shown])),
        "CITATION.cff": citation(facts),
        "datapackage.json": data_package(facts, tables, files),
        "codecheck.yml": codecheck(facts, shown, files),
        COMMIT: f"{facts.commit}{' and uncommitted changes' if facts.uncommitted else ''}\n".encode(),
    }
    used = {f"notebooks/{each['notebook']}.ipynb" for each in results.values()}
    cited = references_in({path: content for path, content in code.items() if path in used})
    contents = Contents(files, tables, programs, random_draws_in(code), shown, cited, results)
    files["README.md"] = readme(facts, contents, project.raw / "sources.toml")
    files[CRATE] = crate(facts, files | {MANIFEST: b""}, {each.path: each.meaning for each in programs})
    files[MANIFEST] = manifest_of(files)
    return files


def _refuse_uncommitted(results: Mapping[str, Mapping[str, Any]], facts: Facts) -> None:
    """Stop where a page says that it was built from uncommitted files."""
    loose = [run for run, each in results.items() if each["run"]["uncommitted_changes"] or not each["run"]["commit"]]
    if loose and not facts.uncommitted:
        raise UncommittedError(
            f"the pages of {', '.join(loose)} say that they were built from uncommitted files\n"
            "  to do: remove them, and make reports again"
        )


def _exhibits(facts: Facts, files: Mapping[str, bytes], results: Mapping[str, Mapping[str, Any]]) -> list[Exhibit]:
    """Return every table and figure, with the file that holds its numbers in a deposit."""
    found: list[Exhibit] = []
    for run in facts.runs:
        source = files[f"notebooks/{results[run]['notebook']}.ipynb"]
        found += exhibits_of(run, files[f"{EXECUTED}/{run}.ipynb"], source, results[run], f"{PAGES}/tables")
    return [_stored_once(each, files, results) for each in found]


def _stored_once(each: Exhibit, files: Mapping[str, bytes], results: Mapping[str, Mapping[str, Any]]) -> Exhibit:
    """Return an exhibit with the file that its numbers are in, where the same content stands once for several."""
    if each.file in files:
        return each
    table = results[each.run]["results"].get(PurePosixPath(each.file).stem)
    for run, other in results.items():
        for name, entry in other["results"].items():
            file = f"{PAGES}/tables/{run}/{name}.csv"
            if file in files and table is not None and entry["rows"] == table["rows"]:
                return replace(each, file=file)
    return replace(each, file=f"{RESULTS}/{each.run}.json")


def _csv(frame: pd.DataFrame) -> bytes:
    """Return a list as CSV."""
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode()


def replicate(project: Project, source: str) -> str:
    """Compare what an unpacked deposit holds with what was built in its folder; return what was found, in words.

    Raises
    ------
    DepositError
        If this is no unpacked deposit, or a file in it is not as it was deposited.
    NotReplicatedError
        If a file that was made again is not the same.
    """
    refuse_microdata(source)
    root = project.root
    if commit_of_deposit(root) is None:
        raise DepositError("this folder is no unpacked deposit: `make verify` compares a checkout with its reference")
    edited = changed_since(root)
    if edited:
        raise DepositError(
            f"{len(edited)} files are not as they were deposited: {', '.join(edited[:8])}\n"
            "  to do: unpack the archive anew; then a difference can only come from the build"
        )
    then = {path: (root / path).read_bytes() for path in read_manifest(root) if path.startswith(f"{OUTPUTS}/")}
    built = [run for run in runs_of(project, source) if (project.reports(source) / f"{run}.html").is_file()]
    same, other = differences(then, outputs_of(project, source, built))
    told = f"{len(same)} of {len(then)} deposited files are the same, byte for byte but for the commit that they name"
    if other:
        rest = f"\n  and {len(other) - 20} more" if len(other) > 20 else ""
        raise NotReplicatedError(f"{told}\n" + "\n".join(f"  {line}" for line in other[:20]) + rest)
    return told
