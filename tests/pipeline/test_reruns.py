"""The same inputs give the same bytes: in another folder, for another user, on another day, with other settings."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from builds import lay_out, make
from checkouts import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

pytestmark = pytest.mark.slow

READY = Path(sys.prefix) / ".buurteffect-ready"
REAL_RUN = "n02_liveability_trends"
PLOTTING = "lines.linewidth: 9\nlines.markersize: 20\naxes.titlesize: 30\npatch.linewidth: 5\n"
CELLS = (
    """\
import matplotlib.pyplot as plt
import pandas as pd
from buurteffect import panel, report
from buurteffect.report import Column

data = panel.read(source, "wijk")
page = report.open_page("whole", source, data.inputs)""",
    """\
frame = data.frame
means = frame.groupby("year", as_index=False)["liveability_score"].mean().dropna()
kinds = pd.DataFrame({"kind": sorted({str(kind) for kind in frame.dtypes})})""",
    """\
page.table("means", means, [Column("year", "Year"), Column("liveability_score", "Mean", ".4f")], "Means by year.")
page.record("kinds", kinds)""",
    """\
figure, axes = plt.subplots()
axes.plot(means["year"], means["liveability_score"], label="mean")
axes.legend()
page.figure("line", figure, means, "The mean.", "A line of the mean score of all areas, one point for every wave.")""",
    """\
page.sentences("answer", [f"The last mean is {means['liveability_score'].iloc[-1]:.3f}."], {"rows": len(frame)})
page.headline("last mean", float(means["liveability_score"].iloc[-1]), ".3f")""",
    "page.finish()",
)
LATER = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
#define LATER 300000000L
time_t time(time_t *held) {
    time_t (*real)(time_t *) = dlsym(RTLD_NEXT, "time");
    time_t now = real(0) + LATER;
    if (held) *held = now;
    return now;
}
int clock_gettime(clockid_t which, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(which, now);
    if (!code && which == CLOCK_REALTIME) now->tv_sec += LATER;
    return code;
}
int gettimeofday(struct timeval *now, void *zone) {
    int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
    int code = real(now, zone);
    if (!code) now->tv_sec += LATER;
    return code;
}
"""
"""A clock that is nine and a half years ahead, for all programs that are started with it."""


@dataclass
class Circumstances:
    """What is other than in the first build, while the inputs are the same."""

    folder: str = "there"
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    cores: int = 0
    mask: int = 0o022
    files: dict[str, str] = field(default_factory=dict)


def lay_out_whole(folder):
    """Make a folder a checkout with a small run that reads the panel, and one of the project's own."""
    folder.mkdir(parents=True)
    lay_out(folder, ())
    for name in (f"{REAL_RUN}.ipynb", f"runs/{REAL_RUN}.yaml"):
        shutil.copyfile(ROOT / "notebooks" / name, folder / "notebooks" / name)
    declared = new_code_cell('source: str = "synthetic"  # [synthetic | open | microdata] where the data come from')
    declared.metadata["tags"] = ["parameters"]
    cells = [new_markdown_cell("# Whole"), declared, *(new_code_cell(cell) for cell in CELLS)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    nbformat.write(new_notebook(cells=cells), folder / "notebooks" / "whole.ipynb")
    (folder / "notebooks" / "runs" / "whole.yaml").write_text("notebook: whole\n", encoding="utf-8")
    return folder


def build(folder, circumstances):
    """Build all that make builds."""

    def begin():
        os.umask(circumstances.mask)
        if circumstances.cores:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: circumstances.cores])

    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    command = ["make", f"ENV={sys.prefix}", f"--old-file={READY}", "SIZE=test", "reports", *circumstances.arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=clean | circumstances.environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        preexec_fn=begin,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def made(folder):
    """Return the SHA-256 of every file that a build left, by its path."""
    roots = (folder / "data" / "processed", folder / "reports")
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A build, and the checksum of everything that it left."""
    folder = lay_out_whole(tmp_path_factory.mktemp("first") / "here")
    build(folder, Circumstances())
    return made(folder)


def later_clock(folder):
    """Return a library that puts the clock forward for the programs that load it."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("another day needs a C compiler on Linux: the clock is put forward by a small library")
    (folder / "later.c").write_text(LATER, encoding="utf-8")
    library = folder / "later.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(folder / "later.c"), "-ldl"], check=True)
    told = [sys.executable, "-c", "import datetime; print(datetime.date.today().year)"]
    years = [
        int(subprocess.run(told, env=env, capture_output=True, text=True, check=True).stdout)
        for env in (dict(os.environ), os.environ | {"LD_PRELOAD": str(library)})
    ]
    assert years[1] >= years[0] + 9
    return str(library)


def dutch_locale(folder):
    """Return the folder of a locale with a decimal comma, made for this test."""
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/locales/nl_NL").is_file():
        pytest.skip("another locale needs localedef and the sources of locales (on Debian: the package locales)")
    made = ["localedef", "-i", "nl_NL", "-f", "UTF-8", str(folder / "nl_NL.UTF-8")]
    subprocess.run(made, check=False, capture_output=True)
    environment = {"LOCPATH": str(folder), "LC_ALL": "nl_NL.UTF-8"}
    asks = "import locale; locale.setlocale(locale.LC_ALL, ''); print(locale.format_string('%.1f', 1.5))"
    told = [sys.executable, "-c", asks]
    said = subprocess.run(told, env=os.environ | environment, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "1,5"
    return environment


def circumstances_of(name, folder):
    """Return what differs under a name."""
    if name == "folder":
        return Circumstances(folder=f"a longer way/{'x' * 60}/thére")
    if name == "user":
        (folder / "home").mkdir()
        user = dict.fromkeys(("USER", "LOGNAME", "USERNAME"), "replicator")
        return Circumstances(environment=user | {"HOME": str(folder / "home")}, mask=0o077)
    if name == "date":
        return Circumstances(environment={"LD_PRELOAD": later_clock(folder)})
    if name == "locale":
        return Circumstances(environment=dutch_locale(folder))
    return {
        "timezone": Circumstances(environment={"TZ": "Pacific/Kiritimati"}),
        "C locale": Circumstances(environment={"LC_ALL": "POSIX", "LANG": "", "PYTHONCOERCECLOCALE": "0"}),
        "hash seed": Circumstances(environment={"PYTHONHASHSEED": "4711"}),
        "one core": Circumstances(cores=1),
        "two jobs": Circumstances(arguments=("-j2",)),
        "stock kernels": Circumstances(
            arguments=("KERNELS=stock",), environment={"PYTHONHASHSEED": "random", "OPENBLAS_NUM_THREADS": "2"}
        ),
        "mathematical library": Circumstances(environment={"OPENBLAS_CORETYPE": "Nehalem", "OMP_NUM_THREADS": "3"}),
        "plotting settings": Circumstances(files={"matplotlibrc": PLOTTING}),
        "plotting settings, stock kernels": Circumstances(
            arguments=("KERNELS=stock",), files={"matplotlibrc": PLOTTING}
        ),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "folder",
        "user",
        "date",
        "timezone",
        "locale",
        "C locale",
        "hash seed",
        "one core",
        "two jobs",
        "stock kernels",
        "mathematical library",
        "plotting settings",
        "plotting settings, stock kernels",
    ],
)
def test_every_file_is_the_same_under_another(name, first, tmp_path):
    other = circumstances_of(name, tmp_path)
    folder = lay_out_whole(tmp_path / other.folder)
    for path, text in other.files.items():
        (folder / path).write_text(text, encoding="utf-8")
    build(folder, other)
    again = made(folder)
    differ = sorted(path for path in {*first, *again} if first.get(path) != again.get(path))
    print(json.dumps({"another": name, "compared": len({*first, *again}), "identical": len(again) - len(differ)}))
    assert not differ


def test_a_build_of_other_inputs_is_seen_to_differ(first, tmp_path):
    folder = lay_out_whole(tmp_path / "there")
    build(folder, Circumstances(arguments=("SEED=2",)))
    again = made(folder)
    same = [path for path in first if first[path] == again.get(path)]
    assert not [path for path in same if path.startswith("data/processed/synthetic/results/")]
    assert not [path for path in same if path.endswith(".parquet") and "/panel/" in path]


def test_make_verify_builds_compares_and_stops_at_what_was_edited_by_hand(tmp_path):
    folder = lay_out_whole(tmp_path / "there")
    (folder / ".gitignore").write_text("data/processed/\nreports/\n", encoding="utf-8")
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "all")):
        subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)

    code, said = make(folder, "verify")
    assert code != 0
    assert "docs/reference holds none of: seed 1 size test scenario S0" in said
    assert not (folder / "data" / "processed").exists(), "nothing is built for a comparison that cannot be made"

    code, said = make(folder, "verify", "RECORD=1", "-j2")
    assert code == 0, said
    assert "recorded docs/reference/results.json.xz" in said
    code, said = make(folder, "verify")
    assert code == 0, said
    assert re.search(r"all [\d,]+ numbers agree with the results recorded at", said)
    index = (folder / "reports" / "synthetic" / "index.html").read_text(encoding="utf-8")
    assert 'Since the last release: <a href="verify.html">nothing moved</a>' in index

    assert make(folder, "verify", "SEED=2")[0] != 0

    page = folder / "reports" / "synthetic" / "whole.html"
    good = page.read_bytes()
    page.write_bytes(re.sub(rb"(The last mean is \d\.\d\d)\d", rb"\g<1>x", good))
    code, said = make(folder, "verify")
    assert code != 0
    assert "reports/synthetic/whole.html" in said
    assert "stopped before anything was built" in said
    page.write_bytes(good)

    notebook = folder / "notebooks" / "whole.ipynb"
    notebook.write_text(notebook.read_text(encoding="utf-8").replace(".mean()", ".median()"), encoding="utf-8")
    code, said = make(folder, "verify")
    assert code != 0
    assert re.search(r"whole: results/means/rows/\d+/liveability_score: .* moved by .* against a tolerance of", said)
    assert "whole.html" in str(list((folder / "reports" / "synthetic").glob("*.html")))
    moved = (folder / "reports" / "synthetic" / "verify.html").read_text(encoding="utf-8")
    assert 'id="whole"' in moved
    assert 'id="n02_liveability_trends"' not in moved

    notebook.write_text(notebook.read_text(encoding="utf-8").replace(".median()", ".mean()"), encoding="utf-8")
    code, said = make(folder, "verify", "AFRESH=1", "-j2")
    assert code == 0, said
    assert said.count("running ") == 2
    assert "drawn and published" in said
