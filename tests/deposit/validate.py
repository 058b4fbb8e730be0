"""Validate a deposit with what others wrote for it: Frictionless, the RO-Crate validator and cffconvert.

Runs in an environment of its own (make check-deposit), without a network: the RO-Crate context lies beside this file,
cut down to the terms that a deposit uses. CODECHECK publishes rules and no validator in Python; those of its rules
that an author can keep are checked here.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import requests
import yaml
from requests.adapters import BaseAdapter

CONTEXT = Path(__file__).with_name("ro-crate-context.json")
CONTEXT_ADDRESS = "https://w3id.org/ro/crate/1.1/context"
PROFILE = "workflow-run-crate-0.5"
ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
PLACEHOLDER = re.compile(r"FIXME|TODO|XXXX")


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack an archive that holds one folder; return that folder."""
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        tops = {name.split("/")[0] for name in names}
        if len(tops) != 1 or any(".." in name.split("/") or name.startswith("/") for name in names):
            raise SystemExit(f"{archive.name} does not unpack into one folder: {sorted(tops)[:5]}")
        opened.extractall(folder)
    return folder / tops.pop()


def check_manifest(root: Path) -> list[str]:
    """Every file is listed with its checksum, and every listed file is there."""
    lines = (root / "manifest-sha256.txt").read_text(encoding="utf-8").splitlines()
    listed = {path: sha for sha, path in (line.split("  ", 1) for line in lines)}
    here = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()} - {"manifest-sha256.txt"}
    wrong = [p for p in here & set(listed) if hashlib.sha256((root / p).read_bytes()).hexdigest() != listed[p]]
    empty = [p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_dir() and not any(p.iterdir())]
    print(f"    {len(listed)} files listed, {len(here)} there")
    return (
        [f"{path}: has another checksum" for path in sorted(wrong)]
        + [f"{path}: is not listed, or not there" for path in sorted(here ^ set(listed))]
        + [f"{path}: is an empty folder" for path in empty]
    )


def check_data_package(root: Path) -> list[str]:
    """The data package is valid, and every row of every table keeps its schema (frictionless validate)."""
    import frictionless

    report = frictionless.validate(str(root / "datapackage.json"))
    rows = sum(task.stats.get("rows") or 0 for task in report.tasks)
    print(f"    frictionless {frictionless.__version__}: {len(report.tasks)} resources, {rows:,} rows")
    return [f"{task.place}: {error.message}" for task in report.tasks for error in task.errors[:3]] + [
        error.message for error in report.errors
    ]


class _Local(BaseAdapter):
    """Answers a request for the context of RO-Crate with the file beside this one."""

    def send(self, request, **_):
        """Return the context."""
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response.headers["Content-Type"] = "application/ld+json"
        response.raw = _raw(CONTEXT.read_bytes())
        return response

    def close(self):
        """Have nothing to close."""


def _raw(content: bytes):
    """Return bytes as an answer comes in."""
    from urllib3 import HTTPResponse

    headers = {"Content-Type": "application/ld+json"}
    return HTTPResponse(io.BytesIO(content), headers=headers, status=200, preload_content=False)


def check_crate(root: Path) -> list[str]:
    """The crate keeps every MUST of Workflow Run Crate and of the profiles that it extends (rocrate-validator)."""
    from importlib.metadata import version

    from requests_cache import CachedSession
    from rocrate_validator import services
    from rocrate_validator.models import Severity, ValidationSettings
    from rocrate_validator.utils.http import HttpRequester

    unknown = _terms_without_context(root)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "contexts"
        with CachedSession(cache_name=str(cache), backend="sqlite", allowable_codes=(200,), expire_after=-1) as session:
            session.mount("https://", _Local())
            session.get(CONTEXT_ADDRESS, headers={"Accept": "application/ld+json, application/json, */*;q=0.1"})
            session.get(CONTEXT_ADDRESS)
        HttpRequester.reset()
        found = {}
        for severity in (Severity.REQUIRED, Severity.RECOMMENDED):
            settings = ValidationSettings(
                rocrate_uri=str(root), profile_identifier=PROFILE, requirement_severity=severity, offline=True,
                cache_path=str(cache), disable_remote_crate_download=True, abort_on_first=False,
            )  # fmt: skip
            result = services.validate(settings)
            found[severity] = [f"{issue.check.identifier} {issue.message}" for issue in result.get_issues(severity)]
            checks = len(result.executed_checks) if hasattr(result, "executed_checks") else 0
        HttpRequester.reset()
    advice = sorted(set(found[Severity.RECOMMENDED]) - set(found[Severity.REQUIRED]))
    print(
        f"    rocrate-validator {version('roc-validator')}, {PROFILE}: {checks} checks, {len(advice)} recommendations"
    )
    for line in advice:
        print(f"      recommended: {line}")
    return unknown + found[Severity.REQUIRED]


def _terms_without_context(root: Path) -> list[str]:
    """Return the terms of a crate that the context beside this file does not know: they would not be looked at."""
    known = json.loads(CONTEXT.read_text(encoding="utf-8"))["@context"]
    graph = json.loads((root / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    kinds = {kind for e in graph for kind in (e["@type"] if isinstance(e["@type"], list) else [e["@type"]])}
    used = kinds | {key for entity in graph for key in entity if not key.startswith("@")}
    return [f"the term {term} is not in {CONTEXT.name}" for term in sorted(used - set(known))]


def check_citation(root: Path) -> list[str]:
    """The citation file keeps the schema of its version (cffconvert)."""
    from importlib.metadata import version

    from cffconvert import Citation

    print(f"    cffconvert {version('cffconvert')}")
    try:
        with redirect_stdout(io.StringIO()):
            Citation((root / "CITATION.cff").read_text(encoding="utf-8")).validate()
    except Exception as error:  # whatever it raises is what it found
        return [str(error).splitlines()[0]]
    return []


def check_codecheck(root: Path) -> list[str]:
    """The codecheck.yml keeps those rules of CODECHECK 2.0 that an author can keep before the check."""
    text = (root / "codecheck.yml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    manifest, paper = content.get("manifest") or [], content.get("paper") or {}
    authors = paper.get("authors") or []
    files = [str(item.get("file", "")) for item in manifest]
    rules = {
        "CC-CFG-002 explicit document": text.startswith("---\n"),
        "CC-CFG-004 manifest": bool(manifest),
        "CC-CFG-005 manifest items have a file": all(files),
        "CC-CFG-006 paths are relative": not any(file.startswith("/") or ".." in file.split("/") for file in files),
        "CC-CFG-007 manifest items have a comment": all(item.get("comment") for item in manifest),
        "CC-CFG-014 version": bool(content.get("version")),
        "CC-CFG-015 version known": bool(
            re.fullmatch(r"https://codecheck\.org\.uk/spec/config/[12]\.0/?", str(content.get("version")))
        ),
        "CC-CFG-016 paper": bool(paper),
        "CC-CFG-017 title": bool(paper.get("title")),
        "CC-CFG-018 authors": bool(authors),
        "CC-CFG-019 authors have names": all(author.get("name") for author in authors),
        "CC-CFG-023 no placeholders": not PLACEHOLDER.search(text),
        "CC-MET-001 ORCIDs are well formed": all(ORCID.fullmatch(a["ORCID"]) for a in authors if "ORCID" in a),
        "CC-BUN-001 manifest files exist": all((root / file).is_file() for file in files),
        "CC-BUN-005 licence": (root / "LICENSE").is_file(),
    }
    waits = {
        "CC-CFG-020 ORCIDs of authors": all("ORCID" in author for author in authors),
        "CC-CFG-021 reference to the article": "reference" in paper,
        "CC-CFG-008, 009, 011, 024, 025: codechecker, report, summary and certificate": "codechecker" in content,
    }
    print(f"    {len(rules)} rules, {len(manifest)} files to make again")
    for rule, kept in waits.items():
        if not kept:
            print(f"      waits for the article or the codechecker: {rule}")
    return [f"{rule}: is not kept" for rule, kept in rules.items() if not kept]


CHECKS: dict[str, Callable[[Path], list[str]]] = {
    "manifest-sha256.txt": check_manifest,
    "datapackage.json": check_data_package,
    "ro-crate-metadata.json": check_crate,
    "CITATION.cff": check_citation,
    "codecheck.yml": check_codecheck,
}


def main(archives: list[str]) -> int:
    """Validate archives; return 1 if a validator found anything."""
    failed = False
    for name in archives:
        archive = Path(name)
        print(f"{archive.name}, {archive.stat().st_size / 1e6:.1f} MB")
        with tempfile.TemporaryDirectory() as folder:
            root = unpacked(archive, Path(folder))
            for what, check in CHECKS.items():
                print(f"  {what}")
                found = check(root)
                for line in found[:20]:
                    print(f"      {line}")
                print(f"    {'valid' if not found else f'{len(found)} errors'}")
                failed = failed or bool(found)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
