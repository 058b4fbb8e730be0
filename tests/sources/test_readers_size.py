"""Files that would fill the memory: each is refused by name, quickly, with little of it read.

A line of 2 GB is a hole in a sparse file, or a member of a zip that unpacks to it: nothing of that size is written.
All readers meet them in one process of their own, whose largest memory is measured.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from reader_samples import READERS

LINE_BYTES = 2**31
MEMORY_LIMIT_BYTES = 1_000_000_000
SECONDS_LIMIT = 5.0

# Run in a process of its own: reads every path with every reader that takes its kind, and tells what came of it.
PROBE = """
import json, resource, sys, time
from pathlib import Path
from buurteffect.errors import BuurteffectError
from buurteffect.sources import (find_score_files, read_classes, read_dimensions, read_focus_areas,
    read_growth_centres, read_housing_stock, read_projects, read_scores, read_ses_woa)
from buurteffect.sources.geography.addresses import read_addresses
from buurteffect.sources.geography.boundaries import read_boundaries
from buurteffect.sources.geography.crosswalk import read_crosswalk
text = {"scores": read_scores, "ses_woa": read_ses_woa, "crosswalk": read_crosswalk, "addresses": read_addresses,
    "projects": read_projects, "growth": read_growth_centres, "focus": read_focus_areas, "stock": read_housing_stock}
kinds = {".csv": text, ".json": {"stock page": read_housing_stock},
    ".geojson": {"areas": lambda p: read_boundaries(p, "buurt")},
    ".gpkg": {"areas": lambda p: read_boundaries(p, "buurt")},
    ".xlsx": {"classes": read_classes, "dimensions": read_dimensions},
    ".zip": {"addresses": read_addresses, "scores": lambda p: read_scores(p, "big.csv"),
             "folder": lambda p: find_score_files(p.parent)}}
def peak_bytes():
    # The kernel hands a parent's peak down in ru_maxrss; the high-water mark of this process's own memory is not.
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
told = []
for path in map(Path, sys.argv[1:]):
    for name, read in kinds[path.suffix].items():
        start = time.perf_counter()
        try:
            read(path)
            found = "read"
        except BuurteffectError as error:
            found = str(error)
        memory = peak_bytes()
        told.append([path.name, name, found, time.perf_counter() - start, memory])
print(json.dumps(told))
"""


@dataclass(frozen=True)
class Answer:
    """What one reader said to one file."""

    file: str
    reader: str
    found: str
    seconds: float
    memory: int


def sparse(path: Path, head: bytes, size: int = LINE_BYTES) -> Path:
    """Write a file that begins with a few bytes and goes on as a hole."""
    with path.open("wb") as handle:
        handle.write(head)
        handle.truncate(size)
    return path


def deflated_zeros(megabytes: int) -> bytes:
    """Return deflated zeros without deflating all of them: the same piece stands there over and over."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * megabytes + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def zip_of(path: Path, member: str, data: bytes, declared: int) -> Path:
    """Write a zip with one deflated member that declares a size of its own."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, b"")
    name = member.encode()
    sizes = struct.pack("<LLL", 0, len(data), declared)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", len(name), 0) + name
    central = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33) + sizes
    central += struct.pack("<HHHHHLL", len(name), 0, 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(central), len(local) + len(data), 0)
    path.write_bytes(local + data + central + end)
    return path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    """What every reader says to every file too large, in how many seconds, and the largest memory up to then."""
    folder = tmp_path_factory.mktemp("large")
    head = READERS[0].sample.data
    paths = [
        sparse(folder / "line.csv", head + b"WK001402,"),
        sparse(folder / "page.json", b'{"value": [{"ID": 1, "RegioS": "'),
        sparse(folder / "areas.geojson", b'{"type": "FeatureCollection", "features": [{"type": "'),
        sparse(folder / "areas.gpkg", b"SQLite format 3\0"),
        sparse(folder / "book.xlsx", b"PK\x03\x04"),
    ]
    (folder / "commas.csv").write_bytes(head + b"," * 30_000_000 + b"\n")
    (folder / "letters.csv").write_bytes(head + b"x" * 30_000_000)
    paths += [folder / "commas.csv", folder / "letters.csv"]
    zeros = deflated_zeros(LINE_BYTES >> 20)
    for name, member, declared in (("bomb", "big.csv", LINE_BYTES), ("lie", "big.csv", 900_000)):
        (folder / name).mkdir()
        paths.append(zip_of(folder / name / f"{name}.zip", member, zeros, declared))
    (folder / "folded").mkdir()
    bomb = deflated_zeros(400)
    paths.append(zip_of(folder / "folded" / "folded.zip", "big.csv", bomb, 400 << 20))
    paths.append(zip_of(folder / "bomb.xlsx", "[Content_Types].xml", bomb, 400 << 20))
    assert sum(path.stat().st_blocks * 512 for path in paths) < 100_000_000
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *map(str, paths)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return [Answer(*answer) for answer in json.loads(done.stdout)]


def test_no_reader_takes_more_than_a_gigabyte_of_memory_or_five_seconds(told: list[Answer]) -> None:
    assert [answer for answer in told if answer.memory >= MEMORY_LIMIT_BYTES] == []
    assert [answer for answer in told if answer.seconds >= SECONDS_LIMIT] == []


@pytest.mark.parametrize(
    ("file", "count", "words"),
    [
        ("line.csv", 8, "a file of 2,147,483,648 bytes"),
        ("page.json", 1, "a file of 2,147,483,648 bytes"),
        ("areas.geojson", 1, "a file of 2,147,483,648 bytes"),
        ("areas.gpkg", 1, "a file of 2,147,483,648 bytes"),
        ("book.xlsx", 2, "truncated, damaged or of an unknown kind"),
        ("bomb.zip", 3, "a member of 2,147,483,648 bytes"),
        ("lie.zip", 3, "big.csv"),
        ("folded.zip", 3, "more than that is a zip bomb"),
        ("bomb.xlsx", 2, "more than that is a zip bomb"),
    ],
)
def test_what_is_too_large_is_named(told: list[Answer], file: str, count: int, words: str) -> None:
    answers = [answer for answer in told if answer.file == file]
    assert len(answers) == count
    for answer in answers:
        assert answer.found.startswith(file), answer
        assert words in answer.found, answer


@pytest.mark.parametrize("file", ["commas.csv", "letters.csv"])
def test_a_long_line_in_a_file_of_bearable_size_is_refused_with_its_line(told: list[Answer], file: str) -> None:
    line = len(READERS[0].sample.rows) + 2
    for answer in (answer for answer in told if answer.file == file):
        assert "to do:" in answer.found, answer
        if answer.reader != "addresses":  # its columns are looked at first, and are not those of addresses
            assert answer.found.startswith(f"{file}, line {line}"), answer
            assert "a line of more than 1,000,000 characters" in answer.found, answer
