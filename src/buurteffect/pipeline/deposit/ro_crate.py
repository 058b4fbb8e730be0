"""The deposit as a Workflow Run RO-Crate: the workflow, what it was run on, and what came out.

Profiles: RO-Crate 1.1, Workflow RO-Crate 1.0, Process Run Crate 0.5 and Workflow Run Crate 0.5 (Leo et al. 2024,
doi:10.1371/journal.pone.0309210). The workflow is the Makefile; make is its engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from buurteffect.pipeline.deposit.facts import Facts
from buurteffect.pipeline.deposit.metadata import LICENCES, as_json, media_of
from buurteffect.pipeline.deposit.outputs import OUTPUTS

CRATE = "ro-crate-metadata.json"
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_WORKFLOW = "Makefile"
_LANGUAGE, _PYTHON = "https://www.gnu.org/software/make/", "https://www.python.org/"
_BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_RUN = "#build"
_TEAM = "#team"
_PARAMETERS = {
    "seed": ("Integer", "Seed of the simulated country: same seed, same country"),
    "size": ("Text", "Size of the simulated country"),
    "scenario": ("Text", "What is known to be so in the simulated country"),
}
_WORDS = {
    "Makefile": "The workflow: every step from raw data to pages",
    "README.md": "What is deposited, and how to make it again",
    "requirements.lock": "Exact versions of all packages, with checksums",
    "codebook.csv": "Every variable of every data file",
    "programs.csv": "Every program",
    "exhibits.csv": "Every table and figure with the program and line that makes it",
    "manifest-sha256.txt": "Checksum of every other file",
    "datapackage.json": "The data files and their schemas, as a Frictionless data package",
    "codecheck.yml": "What a codechecker is to make again",
    "CITATION.cff": "How to cite",
    "LICENSE": "Licence of the code",
    "LICENSE-DATA.md": "Licence of data, tables, figures and text",
}


def crate(facts: Facts, files: Mapping[str, bytes], programs: Mapping[str, str]) -> bytes:
    """Return ``ro-crate-metadata.json`` of the other files (content by path) and programs (meaning by path)."""
    made = sorted(path for path in files if path.startswith(f"{OUTPUTS}/"))
    parameters = {key: value for key, value in facts.settings.items() if key in _PARAMETERS}
    conforms = _list(["https://w3id.org/ro/crate/1.1", "https://w3id.org/workflowhub/workflow-ro-crate/1.0"])
    entities: list[dict[str, Any]] = [
        {"@id": CRATE, "@type": "CreativeWork", "about": _at("./"), "conformsTo": conforms},
        _root(facts, sorted(files)),
        _workflow(facts, parameters),
        _run(facts, made, parameters),
        *_files(facts, files, programs),
        *_surroundings(facts, parameters),
    ]
    return as_json({"@context": CONTEXT, "@graph": entities})


def _at(name: str) -> dict[str, str]:
    """Return a reference to an entity."""
    return {"@id": name}


def _list(names: Iterable[str]) -> list[dict[str, str]]:
    """Return references to entities."""
    return [_at(name) for name in names]


def _root(facts: Facts, paths: list[str]) -> dict[str, Any]:
    """Return the deposit as a whole."""
    told = f" {len(facts.uncommitted)} files were not as the commit holds them." if facts.uncommitted else ""
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": facts.stated["title"],
        "description": f"Code, data, results and pages of the compendium, version {facts.version}, commit "
        f"{facts.commit}.{told} README.md says how to make it all again.",
        "version": facts.version,
        "datePublished": str(facts.citation["date-released"]),
        "keywords": facts.stated["keywords"],
        "author": _at(_TEAM),
        "publisher": _at(_TEAM),
        "license": _at(LICENCES[facts.stated["licence"]["data"]]),
        "conformsTo": _list(_PROFILES),
        "mainEntity": _at(_WORKFLOW),
        "mentions": _at(_RUN),
        "hasPart": _list(paths),
    }


def _workflow(facts: Facts, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the Makefile as a workflow."""
    entry: dict[str, Any] = {
        "@id": _WORKFLOW,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": "make reports",
        "description": _WORDS[_WORKFLOW],
        "version": facts.version,
        "encodingFormat": "text/plain",
        "conformsTo": _at(_BIOSCHEMAS),
        "programmingLanguage": _at(_LANGUAGE),
        "license": _at(LICENCES[facts.stated["licence"]["code"]]),
        "author": _at(_TEAM),
        "creator": _at(_TEAM),
        "dateCreated": str(facts.citation["date-released"]),
        "url": "https://www.gnu.org/software/make/manual/",
        "output": _at("#parameter-pages"),
    }
    if parameters:
        entry["input"] = _list(f"#parameter-{key}" for key in parameters)
    return entry


def _run(facts: Facts, made: list[str], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the build that made what is deposited. Its hour is left out: it would make every archive another."""
    return {
        "@id": _RUN,
        "@type": "CreateAction",
        "name": f"make reports{facts.arguments}",
        "description": f"Built on {facts.stated['machine']['system']}, {facts.stated['machine']['processor']}, Python "
        f"{facts.stated['machine']['python']} and the packages of requirements.lock.",
        "instrument": _at(_WORKFLOW),
        "agent": _at(_TEAM),
        "actionStatus": "http://schema.org/CompletedActionStatus",
        "object": _list(["requirements.lock", *(f"#value-{key}" for key in parameters)]),
        "result": _list(made),
    }


def _files(facts: Facts, files: Mapping[str, bytes], programs: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return every file, the workflow apart."""
    code, data = (LICENCES[facts.stated["licence"][kind]] for kind in ("code", "data"))
    entities = []
    for path in sorted(set(files) - {_WORKFLOW}):
        made = path.startswith(f"{OUTPUTS}/")
        program = path in programs and not made
        entry: dict[str, Any] = {
            "@id": path,
            "@type": ["File", "SoftwareSourceCode"] if program else "File",
            "name": path,
            "encodingFormat": media_of(path),
            "contentSize": str(len(files[path])),
            "license": _at(data if made else code),
        }
        words = _WORDS.get(path) or programs.get(path)
        if words:
            entry["description"] = words
        if program:
            entry |= {"programmingLanguage": _at(_PYTHON), "version": facts.version}
        if path == "README.md":
            entry["about"] = _at("./")
        if path == f"{OUTPUTS}/reports/index.html":
            entry["exampleOfWork"] = _at("#parameter-pages")
        entities.append(entry)
    return entities


def _surroundings(facts: Facts, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what the files refer to: people, licences, languages, profiles and parameters."""
    team, pages = facts.citation["authors"][0].get("name", "The authors"), _at(f"{OUTPUTS}/reports/index.html")
    entities = [
        _entity(_TEAM, "Organization", team),
        _entity(_LANGUAGE, "ComputerLanguage", "GNU make", url=_LANGUAGE, identifier=_LANGUAGE),
        _entity(_PYTHON, "ComputerLanguage", "Python", url=_PYTHON, identifier=_PYTHON),
        _entity(_BIOSCHEMAS, "CreativeWork", "Bioschemas ComputationalWorkflow", version="1.0-RELEASE"),
        _entity("#parameter-pages", "FormalParameter", "pages", additionalType="File", workExample=pages),
    ]
    for kind, name in facts.stated["licence"].items():
        words = f"Licence of the {kind}"
        entities.append(_entity(LICENCES[name], "CreativeWork", name, description=words, identifier=LICENCES[name]))
    for address, (name, version) in _PROFILES.items():
        entities.append(_entity(address, "CreativeWork", name, version=version))
    for key, value in parameters.items():
        (kind, meaning), parameter, given = _PARAMETERS[key], f"#parameter-{key}", f"#value-{key}"
        more = {"description": meaning, "additionalType": kind, "workExample": _at(given)}
        entities.append(_entity(parameter, "FormalParameter", key.upper(), **more))
        entities.append(_entity(given, "PropertyValue", key.upper(), value=value, exampleOfWork=_at(parameter)))
    return entities


def _entity(name: str, kind: str, words: str, **more: Any) -> dict[str, Any]:
    """Return an entity."""
    return {"@id": name, "@type": kind, "name": words, **more}
