"""What is changed in earnest: which runs are executed again, which results move, and which pages say something else."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from builds import make
from spied_builds import DONE, PAGES, RUNS, build, lay_out

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


def added(name: str, more: str) -> Callable[[Path], None]:
    """Return a change that adds a line to a file."""

    def change(checkout: Path) -> None:
        with (checkout / name).open("a", encoding="utf-8") as stream:
            stream.write(more)

    return change


def replaced(name: str, before: str, after: str) -> Callable[[Path], None]:
    """Return a change that replaces a text in a file, which has to stand there."""

    def change(checkout: Path) -> None:
        text = (checkout / name).read_text(encoding="utf-8")
        assert before in text
        (checkout / name).write_text(text.replace(before, after), encoding="utf-8")

    return change


ALL = frozenset(RUNS)
REBUILDS: tuple[tuple[Callable[[Path], None], frozenset[str], frozenset[str], frozenset[str]], ...] = (
    (added("data/raw/extra.csv", "1000000\n"), frozenset({"raw"}), frozenset({"raw"}), frozenset({"raw"})),
    (added("data/raw/flag.txt", "x"), frozenset({"raw"}), frozenset({"raw"}), frozenset({"raw"})),
    (
        added("src/buurteffect/estimate/measurement/waves.py", "\n# a word\n"),
        frozenset({"claims", "scores", "towns"}),
        frozenset(),
        frozenset(),
    ),
    (
        replaced("notebooks/runs/scores.yaml", "notebook: scores\n", "notebook: scores\nparameters:\n  draws: 199\n"),
        frozenset({"scores"}),
        frozenset({"scores"}),
        frozenset({"scores"}),
    ),
    (replaced("notebooks/words.ipynb", "Some prose.", "Other prose."), frozenset(), frozenset(), frozenset({"words"})),
    (replaced("notebooks/words.ipynb", "shown = 1", "shown = 100"), *[frozenset({"words"})] * 3),
    (added("notebooks/runs/claims.yaml", "cell_seconds: 99\n"), frozenset(), frozenset(), frozenset()),
    (added("src/buurteffect/report/templates/style.css", "\np { orphans: 2; }\n"), frozenset(), frozenset(), ALL),
    (added("requirements.lock", "# a word\n"), ALL, frozenset(), frozenset()),
)
"""A change, the runs that are executed again for it, those whose results are others then, and the pages that are."""


@pytest.mark.slow
def test_results_move_only_where_a_run_was_executed_again(tmp_path):
    checkout = lay_out(tmp_path, RUNS)
    build(checkout)
    for number, (change, ran, moved, pages) in enumerate(REBUILDS):
        before = {name: kept(checkout, name) for name in RUNS}
        change(checkout)
        said = build(checkout)
        assert set(re.findall(r"^ +(\w+) \(synthetic\) ran in", said, re.MULTILINE)) == ran, (number, said)
        after = {name: kept(checkout, name) for name in RUNS}
        assert {name for name in RUNS if before[name][0] != after[name][0]} == moved, number
        assert {name for name in RUNS if before[name][1] != after[name][1]} == pages, number
        assert make(checkout, "--question", "reports", PYTHONPATH=str(checkout / "src"))[0] == 0, number


def kept(checkout: Path, name: str) -> tuple[object, str]:
    """Return the results of a run, and what its page says to a reader, without what it says of its making.

    The spy at the end of each notebook prints the name of the folder that a run is made in.
    """
    results = json.loads((checkout / DONE / "results" / f"{name}.json").read_text(encoding="utf-8"))["results"]
    page = (checkout / PAGES / f"{name}.html").read_text(encoding="utf-8")
    return results, re.sub(r"<footer.*?</footer>|\.staging-[\w-]+", "", page, flags=re.DOTALL)
