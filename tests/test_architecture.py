"""The rooms, and the one way that imports run between them."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from checkouts import ROOT

PACKAGE = ROOT / "src" / "buurteffect"

MAY_IMPORT = {
    "errors": set(),
    "project": {"errors"},
    "schema": {"errors"},
    "sources": {"errors", "project", "schema"},
    "synthetic": {"errors", "project", "schema"},
    "panel": {"errors", "project", "schema", "sources"},
    "estimate": {"errors", "schema"},
    "claims": {"errors", "schema", "estimate"},
    "release": {"errors", "estimate", "claims"},
    "report": {"errors", "project", "release"},
    # It runs every estimator on simulated countries, which no room above may do: it sees what is estimated and what
    # is true.
    "scoreboard": {"errors", "project", "schema", "sources", "synthetic", "panel", "estimate"},
    "pipeline": {
        "errors", "project", "schema", "sources", "synthetic", "panel", "estimate", "report", "scoreboard",
    },
}  # fmt: skip
"""Each room, and the rooms that it may import: none that stands below it."""

ORDER = {
    "schema": "contract columns arrow boundaries liveability microdata survey kwb projects statline panel",
    "sources": "files registry_keys registry fields spreadsheets http statline download geography key_figures"
    " leefbaarometer tables",
    "synthetic": "world simulation persons truth publishing country",
    "panel": "harmonise inputs areas survey persons displacement childhood documentation maps restructuring",
    "estimate": "core sample inference measurement regression did space selection robustness persons childhood survey"
    " scores agreement",
    "claims": "known_truth rules register verdict estimators restructuring scores persons",
    "report": "html tables figures record page provenance pages",
    "scoreboard": "summary cells board check places persons",
    "pipeline": "fetch runs cluster deposit kernels needs verify truth multiplicity execute cli",
}
"""The folders and modules of each room, in the order in which they may import each other."""

MOST_FILES, MOST_LINES = 12, 400


def imports(file: Path) -> list[str]:
    """Return the dotted name of everything that a module of this package imports from it."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports hide the arrow"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return [name for name in found if name.startswith("buurteffect.")]


def arrows(package: Path, depth: int) -> set[tuple[str, str]]:
    """Return the pairs (importing, imported): rooms at depth 1, folders or modules of one room at depth 2.

    A room's ``__init__`` is its face and may import all of the room.
    """
    pairs = set()
    for file in package.rglob("*.py"):
        parts = file.relative_to(package).with_suffix("").parts
        for name in imports(file):
            other = name.split(".")[1:]
            if depth == 1:
                pairs.add((parts[0], other[0]))
            elif parts[0] == other[0] and parts[1:2] != ("__init__",) and len(parts) > 1 and len(other) > 1:
                pairs.add((f"{parts[0]}/{parts[1]}", f"{other[0]}/{other[1]}"))
    return {(one, other) for one, other in pairs if one != other and one != "__init__"}


def backwards(package: Path) -> set[tuple[str, str]]:
    """Return the arrows that run against the order of rooms, or of the folders of a room."""
    rooms = {(a, b) for a, b in arrows(package, 1) if b in MAY_IMPORT and b not in MAY_IMPORT[a]}
    places = {room: order.split() for room, order in ORDER.items()}
    inside = set()
    for one, other in arrows(package, 2):
        order = places[one.split("/")[0]]
        first, second = one.split("/")[1], other.split("/")[1]
        if second in order and (first not in order or order.index(second) > order.index(first)):
            inside.add((one, other))
    return rooms | inside


def test_imports_run_one_way_between_rooms_and_between_the_folders_of_a_room():
    assert not backwards(PACKAGE)


def test_every_room_and_every_folder_of_a_room_is_known():
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert rooms - {"__init__", "__pycache__"} == set(MAY_IMPORT)
    for room, order in ORDER.items():
        inside = {
            path.stem for path in (PACKAGE / room).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
        }
        assert inside - {"__init__"} == set(order.split()), room


@pytest.mark.parametrize(
    ("file", "line", "arrow"),
    [
        ("estimate/x.py", "from buurteffect.sources import find_score_files", ("estimate", "sources")),
        (
            "estimate/core/x.py",
            "from buurteffect.estimate.did.stacks import stacked",
            ("estimate/core", "estimate/did"),
        ),
        ("panel/harmonise/x.py", "import buurteffect.panel.areas.join", ("panel/harmonise", "panel/areas")),
    ],
)
def test_a_backward_import_is_seen(tmp_path, file, line, arrow):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(line + "\n", encoding="utf-8")
    assert backwards(tmp_path) == {arrow}


def test_the_order_has_no_circle():
    order = list(MAY_IMPORT)
    assert all(order.index(other) < order.index(room) for room, others in MAY_IMPORT.items() for other in others)


def test_no_folder_and_no_file_grows_out_of_hand():
    folders = [path for path in [PACKAGE, *PACKAGE.rglob("*")] if path.is_dir()]
    assert not [str(path) for path in folders if len(list(path.glob("*.py"))) > MOST_FILES]
    long = {
        str(file.relative_to(ROOT)): lines
        for file in PACKAGE.rglob("*.py")
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert not long


def inventory(text: str) -> dict[str, str]:
    """Return the folders that a page lists, with what each holds."""
    return dict(re.findall(r"^- `([a-z_/0-9]+)/?` – (.+)$", text, re.MULTILINE))


def test_the_page_on_the_architecture_lists_every_folder():
    said = {}
    for file in PACKAGE.rglob("__init__.py"):
        folder = str(file.parent.relative_to(PACKAGE))
        if folder != ".":
            said[folder] = (
                ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
                .split("\n\n")[0]
                .rstrip(".")
                .replace("\n", " ")
            )
    assert inventory((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")) == said


def test_every_third_party_import_is_a_declared_dependency():
    listed = direct_dependencies() | direct_dependencies("cluster")  # imported only where SCHEDULER asks for it
    declared = {name.replace("-", "_").lower() for name in listed}
    names = {"yaml": "pyyaml", "IPython": "ipython", "zmq": "pyzmq"}
    used = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                used.add(node.module.split(".")[0])
            elif isinstance(node, ast.Import):
                used.update(alias.name.split(".")[0] for alias in node.names)
    third_party = {name for name in used if name not in sys.stdlib_module_names and name != "buurteffect"}
    assert {names.get(name, name).lower() for name in third_party} <= declared


# --- pyproject.toml, environment.yml and requirements.lock -----------------------------------------------------


def direct_dependencies(extra: str | None = None) -> dict[str, str]:
    """Return the direct dependencies of pyproject.toml: name to version range."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return dict(split(text) for text in listed)


def split(requirement: str) -> tuple[str, str]:
    """Split a requirement into its normalised name and its version range."""
    name, version = re.fullmatch(r"([A-Za-z0-9_.-]+)\s*(.*)", requirement).groups()
    return re.sub(r"[-_.]+", "-", name).lower(), version.replace(" ", "")


def locked() -> dict[str, list[str]]:
    """Return the versions that the lock pins, by normalised name."""
    pins: dict[str, list[str]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        match = re.match(r"([A-Za-z0-9_.-]+)==([^ ;\\]+)", line)
        if match:
            pins.setdefault(split(match[1])[0], []).append(match[2])
    return pins


def test_environment_yml_and_pyproject_agree():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    listed = [text for text in environment["dependencies"] if isinstance(text, str)]
    listed += [text for each in environment["dependencies"] if isinstance(each, dict) for text in each["pip"]]
    conda = dict(split(text) for text in listed)
    python = conda.pop("python")
    conda.pop("pip")
    assert conda == direct_dependencies() | direct_dependencies("cluster") | direct_dependencies("dev")
    assert python.startswith(
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    )


@pytest.mark.parametrize("extra", [None, "cluster", "dev"])
def test_the_lock_pins_every_direct_dependency_within_its_range(extra):
    pins = locked()
    for name, version_range in direct_dependencies(extra).items():
        assert name in pins, f"{name} is not in requirements.lock: run make lock"
        for pin in pins[name]:
            assert within(pin, version_range), f"{name} is locked at {pin}, outside {version_range}: run make lock"


def within(version: str, version_range: str) -> bool:
    """Whether a version lies in a range such as ``>=3.0,<4``."""
    number = release(version)
    checks = {">=": lambda bound: number >= bound, "<": lambda bound: number < bound, "==": lambda b: number == b}
    for part in filter(None, version_range.split(",")):
        operator, bound = re.match(r"(>=|==|<)(.+)", part).groups()
        if not checks[operator](release(bound)):
            return False
    return True


def release(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, without trailing zeros."""
    numbers = [int(n) for n in re.match(r"\d+(\.\d+)*", version)[0].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


@pytest.mark.parametrize(
    ("version", "version_range", "inside"),
    [("3.1.1", ">=3.0,<4", True), ("4.0", ">=3.0,<4", False), ("2.9", ">=3", False), ("1.2", "", True)],
)
def test_a_version_is_compared_with_its_range(version, version_range, inside):
    assert within(version, version_range) is inside


def test_the_lock_is_hashed_and_names_no_index():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert not re.search(r"^--(index|extra-index|find-links)", text, re.MULTILINE)


def test_the_lock_serves_both_systems():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert all("win32" not in line or "!=" in line for line in text.splitlines())
    assert "sys_platform == 'darwin'" in text
    assert "sys_platform == 'linux'" in text


# --- the tree --------------------------------------------------------------------------------------------------


def test_every_module_says_what_it_is():
    silent = [
        str(file.relative_to(ROOT))
        for file in PACKAGE.rglob("*.py")
        if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_no_test_imports_another():
    tests = {file.stem: file for file in (ROOT / "tests").rglob("*.py") if file.name.startswith(("test_", "conftest"))}
    named = {
        (str(file.relative_to(ROOT)), name)
        for file in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert not [pair for pair in named if pair[1].split(".")[-1] in tests]


# --- the pages for readers of the code -------------------------------------------------------------------------

PAGES = ["CONTRIBUTING.md", "README.md", "ARCHITECTURE.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
MADE = (
    "data/processed",
    "data/raw/open",
    "data/raw/microdata",
    "reports",
    "dist",
    "docs/scoreboard_check.csv",
    "docs/headline_scoreboard_check.csv",
    "docs/people_scoreboard_check.csv",
    ".venv",
)
"""What a fresh checkout does not hold, because builds and fetches make it."""


def paths_in(page: str) -> set[str]:
    """Return the files and folders of the checkout that a page names, by link or between backticks.

    A name with a placeholder (``NAME``, ``<source>``, ``*``, ``…``) is judged by the folder before it. Words with a
    slash whose first part is no folder of the project are folders of open data, units or addresses.
    """
    text = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    found = set(re.findall(r"\]\((?!https?:|#)([^)#]+)", text))
    homes = {path.name for home in (ROOT, PACKAGE) for path in home.iterdir() if not path.name.startswith(".")}
    for words in re.findall(r"`([^`]+)`", text):
        for word in words.split():
            name = re.split(r"[A-Z]{2,}[a-z_]*\.|[A-Z]{4,}\b(?!\.)|nNN|<|\*|…", word)[0].rstrip("/,;")
            if name in homes or ("/" in name and name.split("/")[0] in homes):
                found.add(word if word == name else name)
    return {name for name in found if name and not name.startswith(MADE)}


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_is_there(page):
    named = paths_in((ROOT / page).read_text(encoding="utf-8"))
    homes = (ROOT, PACKAGE, (ROOT / page).parent)
    assert not sorted(name for name in named if not any((home / name).exists() for home in homes))


def test_a_path_that_is_not_there_is_seen():
    page = "`estimate/none.py`, [x](docs/none.md), `notebooks/runs/NAME.yaml`, `km/h`, `reports/x`, `estimate/did/…`"
    assert paths_in(page) == {"estimate/none.py", "docs/none.md", "notebooks/runs", "estimate/did"}
