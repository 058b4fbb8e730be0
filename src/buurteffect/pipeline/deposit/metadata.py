"""The machine-readable descriptions of a deposit: Frictionless data package, CODECHECK manifest and citation."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from buurteffect.pipeline.deposit.codebook import Table
from buurteffect.pipeline.deposit.facts import Facts
from buurteffect.pipeline.deposit.outputs import RESULTS
from buurteffect.pipeline.deposit.programs import Exhibit

CODECHECK_VERSION = "https://codecheck.org.uk/spec/config/2.0/"
LICENCES = {
    "MIT": "https://opensource.org/license/mit",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
}
MEDIA = {
    ".csv": "text/csv", ".json": "application/json", ".html": "text/html", ".svg": "image/svg+xml",
    ".ipynb": "application/x-ipynb+json", ".md": "text/markdown", ".txt": "text/plain", ".py": "text/x-python",
    ".toml": "application/toml", ".yml": "application/yaml", ".yaml": "application/yaml", ".lock": "text/plain",
    ".cff": "application/yaml", ".png": "image/png", ".xz": "application/x-xz", "": "text/plain",
}  # fmt: skip


def media_of(path: str) -> str:
    """Return the media type of a file."""
    return MEDIA.get(PurePosixPath(path).suffix, "text/plain")


def as_json(content: object) -> bytes:
    """Return something as JSON text."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def data_package(facts: Facts, tables: Iterable[Table], files: Mapping[str, bytes]) -> bytes:
    """Return ``datapackage.json``: every CSV file with its schema, and every results file with its checksum.

    Follows Data Package 1.0 (specs.frictionlessdata.io).
    """
    resources = [_table_resource(table, files[table.path]) for table in tables]
    resources += [_resource(path, files[path]) for path in sorted(files) if path.startswith(f"{RESULTS}/")]
    licence = facts.stated["licence"]["data"]
    return as_json(
        {
            "profile": "data-package",
            "name": facts.folder.lower(),
            "title": facts.stated["title"],
            "description": "Data, tables and results of the compendium; README.md says how they were made.",
            "version": facts.version,
            "keywords": facts.stated["keywords"],
            "licenses": [{"name": licence, "path": LICENCES[licence], "title": licence}],
            "contributors": [{"title": _name(author), "role": "author"} for author in facts.citation["authors"]],
            "resources": resources,
        }
    )


def _resource(path: str, content: bytes) -> dict[str, Any]:
    """Return a file as a resource: its address, size and checksum."""
    name = re.sub(r"[^a-z0-9._-]+", "-", path.removeprefix("outputs/").lower())
    return {
        "name": name,
        "path": path,
        "profile": "data-resource",
        "format": PurePosixPath(path).suffix.removeprefix("."),
        "mediatype": media_of(path),
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
    }


def _table_resource(table: Table, content: bytes) -> dict[str, Any]:
    """Return a table as a resource with its schema."""
    schema: dict[str, Any] = {"fields": [v.as_field for v in table.variables], "missingValues": [""]}
    if table.key:
        schema["primaryKey"] = list(table.key)
    entry = _resource(table.path, content)
    return entry | {"profile": "tabular-data-resource", "description": table.row, "schema": schema}


def codecheck(facts: Facts, shown: Iterable[Exhibit], files: Mapping[str, bytes]) -> bytes:
    """Return ``codecheck.yml``: what a codechecker is to make again; the codechecker adds the rest.

    An author who has a DOI for the paper states it as ``preferred-citation`` in the citation file.
    """
    listed = [
        {"file": path, "comment": f"Every number of run {path.removeprefix(f'{RESULTS}/')[:-5]}"}
        for path in sorted(files)
        if path.startswith(f"{RESULTS}/")
    ]
    seen: set[str] = set()
    for each in shown:
        if each.number != "recorded" and each.file in files and each.file not in seen:
            seen.add(each.file)
            listed.append({"file": each.file, "comment": f"{each.number} of {each.run}: {each.caption}"})
    paper = facts.citation.get("preferred-citation", {})
    authors = [
        {"name": _name(author)} | ({"ORCID": author["orcid"].rpartition("/")[2]} if "orcid" in author else {})
        for author in facts.citation["authors"]
    ]
    content: dict[str, Any] = {
        "version": CODECHECK_VERSION,
        "paper": {"title": paper.get("title", facts.stated["title"]), "authors": authors}
        | ({"reference": f"https://doi.org/{paper['doi']}"} if "doi" in paper else {}),
        "manifest": listed,
    }
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000, explicit_start=True)
    return str(text).encode()


def citation(facts: Facts) -> bytes:
    """Return ``CITATION.cff`` with the commit that a deposit was made from."""
    content = facts.citation | {"commit": facts.commit}
    return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000)).encode()


def _name(author: Mapping[str, Any]) -> str:
    """Return the name of an author of a citation, a person or a group."""
    person = f"{author.get('given-names', '')} {author.get('family-names', '')}".strip()
    return str(author.get("name") or person)
