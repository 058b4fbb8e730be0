"""Faults in real builds: each ends with its own exit code and says why; what stood stays; the next make repairs it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builds import READY, block, built_once, copied, leftovers, make, pages, snapshot, write_own
from serving import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

SMALL_FILES = "import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, ({0}, {0}))"
MEMORY = """\
import resource
pages = int(open('/proc/self/statm').read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + 2**28,) * 2)
bytearray(2**31)"""

FAULTS = {
    "exception": (["1 / 0"], 11, "ZeroDivisionError"),
    "exit": (["import sys; sys.exit(0)"], 11, "SystemExit"),
    "osexit": (["import os; os._exit(0)"], 12, "the kernel ended"),
    "killed": (["import os; os.kill(os.getpid(), 9)"], 12, "the kernel ended"),
    "memory": ([MEMORY], 11, "MemoryError"),
    "cellhangs": (["while True: pass"], 13, "limit of 1 s"),
    "hangs": (["import time; time.sleep(1.5)"] * 4, 13, "limit of 4 s"),
    "runner": (["import os, time; os.kill(os.getppid(), 9); time.sleep(60)"], 137, "killed by signal 9"),
    "diskfull": ([SMALL_FILES.format(4096)], 16, "File too large"),
    "kerneldisk": (
        ["import os, resource; resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))", "page.finish()"], 11, "too large",
    ),
    "magic": (["%run no_such_file.py"], 11, "no_such_file"),
    "warning": (["import warnings; warnings.simplefilter('error')\nwarnings.warn('beware')"], 11, "UserWarning"),
    "truncated": (["page.finish = lambda: (page.folder / 'results.json').write_text('{')"], 14, "not valid JSON"),
    "truth": (["open('data/processed/synthetic/truth/truth.json')"], 15, "no run may read the truth"),
}  # fmt: skip
"""Cells, exit code and a word of the diagnosis."""

LIMITS = {"cellhangs": "cell_seconds: 1\n", "hangs": "notebook_seconds: 4\n"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A checkout that has been built; every test works on a copy of it."""
    folder = copied(built_once(tmp_path_factory), tmp_path_factory.mktemp("built") / "checkout")
    (folder / "notebooks" / "tiny.ipynb").unlink()
    for name in ("one", "two"):
        write_own(folder, name)
    code, said = make(folder, "reports")
    assert code == 0, said
    return folder


@pytest.fixture
def checkout(built, tmp_path):
    """A copy of what has been built: as fresh as the original."""
    folder = tmp_path / "checkout"
    shutil.copytree(built, folder, symlinks=True)
    return folder


def start(checkout, *arguments):
    """Start a build in a session of its own, as a terminal does."""
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return subprocess.Popen(
        ["make", f"ENV={sys.prefix}", f"--old-file={READY}", "SIZE=test", "reports", *arguments],
        cwd=checkout, env=clean, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip


def processes_in(folder):
    """Return the processes whose working folder is a checkout."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                here = (process / "cwd").readlink() == folder
            except OSError:
                continue
            if here and b"kernels.preloaded" not in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found


# --- faults inside runs: one build with a run for each -------------------------------------------------------------


@pytest.fixture(scope="module")
def story(built, tmp_path_factory):
    """Build a run per fault, let each fail in one build, and repair all in the next."""
    folder = tmp_path_factory.mktemp("faults") / "checkout"
    shutil.copytree(built, folder, symlinks=True)
    for name in FAULTS:
        write_own(folder, name)
    first = make(folder, "reports", "-j2")
    assert first[0] == 0, first[1]
    before = snapshot(folder)
    for name, (cells, *_) in FAULTS.items():
        write_own(folder, name, *cells, settings=LIMITS.get(name, ""))
    failed = make(folder, "-k", "-Otarget", "reports", "-j2")
    after, left = snapshot(folder), leftovers(folder)
    for name in FAULTS:
        write_own(folder, name)
    repaired = make(folder, "reports", "-j2")
    return before, failed, after, left, repaired, snapshot(folder), leftovers(folder)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_its_run_with_its_own_code_and_a_diagnosis_on_one_screen(story, fault):
    _, number, words = FAULTS[fault]
    code, said = story[1]
    assert code != 0
    told = block(said, fault)
    assert told[-1].endswith(f"Error {number}")
    assert words in "\n".join(told)
    assert "untouched" in "\n".join(told)
    assert len(told) < 40


@pytest.mark.slow
def test_faults_leave_the_last_good_pages_and_results_byte_for_byte_and_the_next_make_repairs_them(story):
    before, _, after, left, repaired, _, remains = story
    assert after == before
    assert len(left) <= 2, "only what was killed leaves its own folder, under a hidden name"
    assert repaired[0] == 0, repaired[1]
    assert remains == [], "the next run of the same name removes it"


# --- faults of the build itself ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_build_that_is_killed_leaves_no_process_and_nothing_half_written(checkout, number):
    before = snapshot(checkout)
    write_own(checkout, "one", "import time; time.sleep(600)")
    making = start(checkout)
    wait_until(lambda: any(leftovers(checkout)))
    if number == signal.SIGINT:
        os.killpg(making.pid, number)  # a terminal sends it to all
    else:
        making.send_signal(number)
    making.communicate(timeout=60)
    assert making.returncode != 0
    wait_until(lambda: not processes_in(checkout))
    assert snapshot(checkout) == before
    write_own(checkout, "one")
    assert make(checkout, "reports")[0] == 0
    assert leftovers(checkout) == []
    assert make(checkout, "--question", "reports")[0] == 0


@pytest.mark.slow
def test_a_killed_server_is_named_and_the_next_make_has_another(checkout):
    before = snapshot(checkout)
    runner = "int(open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()[1])"
    write_own(checkout, "one", f"import os, time; os.kill({runner}, 9); time.sleep(60)")
    code, said = make(checkout, "reports")
    assert code != 0
    assert "the process that serves the build has gone" in said
    assert "Error 17" in said
    assert "Traceback" not in said
    assert snapshot(checkout) == before
    write_own(checkout, "one")
    assert make(checkout, "reports")[0] == 0


def test_two_makes_at_once_do_the_work_once_and_both_end_well(checkout):
    write_own(checkout, "one", "import time; time.sleep(1)")
    both = [start(checkout), start(checkout)]
    said = [making.communicate(timeout=200)[0] for making in both]
    assert [making.returncode for making in both] == [0, 0], said
    assert "".join(said).count("one (synthetic) ran") == 1, said
    assert make(checkout, "--question", "reports")[0] == 0
    assert leftovers(checkout) == []


@pytest.mark.slow
def test_a_reports_folder_that_cannot_be_written_into_is_named(checkout):
    folder = checkout / "reports" / "synthetic"
    folder.rename(checkout / "kept")
    folder.write_text("no folder", encoding="utf-8")
    code, said = make(checkout, "reports")
    assert code != 0
    assert "Error 16" in said
    assert "make the folder writable" in said
    assert "Traceback" not in said
    assert folder.read_text(encoding="utf-8") == "no folder"
    folder.unlink()
    assert make(checkout, "reports")[0] == 0
    assert set(pages(checkout)) == {"one.html", "two.html", "index.html"}


@pytest.mark.slow
@pytest.mark.parametrize("kernels", ["forked", "stock"])
def test_a_long_temporary_folder_and_kernels_of_either_kind_give_the_same_page(checkout, tmp_path, kernels):
    long = tmp_path / ("x" * 120)
    long.mkdir()
    before = pages(checkout)
    shutil.rmtree(checkout / "data" / "processed" / "synthetic" / "exhibits" / "one")
    code, said = make(checkout, "reports", f"KERNELS={kernels}", TMPDIR=str(long))
    assert code == 0, said
    assert "one (synthetic) ran" in said
    assert pages(checkout) == before


# --- records that would call fresh what is not ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("file", ["results/one.json", "exhibits/one/tables/t.csv"])
def test_results_that_were_edited_by_hand_are_made_again(checkout, file):
    path = checkout / "data" / "processed" / "synthetic" / file
    before = path.read_bytes()
    path.write_bytes(before.replace(b"1.5", b"9.5"))
    assert path.read_bytes() != before
    assert f"made data/processed/synthetic/{file}" in make(checkout, "why")[1]
    code, said = make(checkout, "reports")
    assert code == 0, said
    assert "one (synthetic) ran" in said
    assert path.read_bytes() == before


def test_a_page_that_was_edited_by_hand_is_rendered_again(checkout):
    before = pages(checkout)
    page = checkout / "reports" / "synthetic" / "one.html"
    page.write_bytes(page.read_bytes().replace(b"</main>", b"<p>9.50</p></main>"))
    assert pages(checkout) != before
    assert make(checkout, "reports")[0] == 0
    assert pages(checkout) == before
    assert make(checkout, "--question", "reports")[0] == 0


@pytest.mark.parametrize(
    "file",
    [
        "reports/synthetic/tables/one/t.csv",
        pytest.param("reports/synthetic/index.html", marks=pytest.mark.slow),
        pytest.param("data/processed/synthetic/executed/one.ipynb", marks=pytest.mark.slow),
        pytest.param("data/processed/synthetic/truth/truth.json", marks=pytest.mark.slow),
        pytest.param("data/processed/synthetic/panel/inputs.json", marks=pytest.mark.slow),
        pytest.param("data/processed/synthetic/published/projects", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("deleted", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_whatever_was_made_and_is_edited_or_deleted_by_hand_is_made_again(checkout, file, deleted):
    path = checkout / file
    if path.is_dir():
        path = min(inner for inner in path.rglob("*") if inner.is_file())
    before = path.read_bytes()
    if deleted:
        path.unlink()
    else:
        path.write_bytes(before + b"\n")
    code, said = make(checkout, "reports")
    assert code == 0, said
    assert path.read_bytes() == before
    assert make(checkout, "--question", "reports")[0] == 0


@pytest.mark.slow
def test_a_notebook_that_is_edited_while_it_runs_is_run_again(checkout):
    write_own(checkout, "one", "import time; time.sleep(2)")
    making = start(checkout)
    wait_until(lambda: any(leftovers(checkout)))
    time.sleep(1)
    write_own(checkout, "one", "'other'")
    said = making.communicate(timeout=200)[0]
    assert making.returncode == 0, said
    assert make(checkout, "--question", "reports")[0] == 1
    assert "one (synthetic) ran" in make(checkout, "reports")[1]
    assert make(checkout, "--question", "reports")[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "comes"),
    [
        ("from pathlib import Path; Path('data/raw/extra.csv').exists()", "data/raw/extra.csv"),
        ("try:\n    open('data/raw/extra.csv')\nexcept FileNotFoundError: pass", "data/raw/extra.csv"),
        ("from pathlib import Path; sorted(Path('data/raw').glob('*.csv'))", "data/raw/other name.csv"),
    ],
)
def test_a_file_that_was_looked_for_in_vain_reruns_when_it_comes_under_whatever_date(checkout, cell, comes):
    write_own(checkout, "one", cell)
    assert make(checkout, "reports")[0] == 0
    assert make(checkout, "--question", "reports")[0] == 0
    (checkout / comes).write_text("x", encoding="utf-8")
    code, said = make(checkout, "reports")
    assert code == 0, said
    assert "one (synthetic) ran" in said
    assert "two (synthetic) ran" not in said
    assert make(checkout, "--question", "reports")[0] == 0
