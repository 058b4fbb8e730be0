"""`make verify` tells every number that is not the recorded one, and nothing else."""

import copy
import hashlib
import json
import math
import random
import re
import shutil
import subprocess

import pandas as pd
import pytest
from checkouts import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from buurteffect.errors import (
    EditedByHandError,
    NoReferenceError,
    NotFreshError,
    NotRecordableError,
    OtherSettingsError,
)
from buurteffect.pipeline import cli
from buurteffect.pipeline.runs.provenance import Record, checksum, settings_of
from buurteffect.pipeline.runs.runs import load_run
from buurteffect.pipeline.runs.staging import RunFiles
from buurteffect.pipeline.verify.comparison import check_unedited, verify
from buurteffect.pipeline.verify.differences import MISSING, NEW, compare, leaves_of
from buurteffect.pipeline.verify.reference import FOLDER, Reference, pack, read_reference, unpack
from buurteffect.report.tables.exhibits import DIGITS, plain

SETTINGS = "seed 1 size default scenario S0"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?")


def results(name="tiny"):
    """Return results with every kind of value that a run leaves."""
    return {
        "notebook": name,
        "source": "synthetic",
        "digits": DIGITS,
        "inputs": [{"origin": "a.csv", "bytes_count": 12, "sha256": "ab"}],
        "results": {
            "trend": {
                "rows": [
                    {"term": "before", "estimate": 0.123456789, "p": 1.5e-07, "count": 12, "kept": True},
                    {"term": "after", "estimate": -12.5, "p": None, "count": 0, "kept": False},
                ],
                "method": "least squares on 31 areas",
            },
            "years": {"rows": [{"year": 2002, "value": 0.1}, {"year": 2012, "value": 0.0}]},
        },
        "sentences": {"answer": {"sentences": ["It rose by 0.12."], "numbers": {"rise": 0.123456789}}},
        "verdicts": [{"claim_id": "C01", "outcome": "upheld", "sentences": [], "numbers": {"share": 0.33}}],
        "estimands": {},
        "headline": [{"label": "rise", "value": 0.123456789, "ci_low": None, "text": "0.123"}],
        "run": {
            "name": name,
            "parameters": {"cut": 0.05, "years": [2002, 2012]},
            "commit": "abc",
            "uncommitted_changes": False,
            "versions": {"python": "3.11.0"},
        },
        "truth": [],
    }


@pytest.fixture
def built(tiny):
    """A checkout under git with one run that stands as a build would leave it."""
    project = tiny()
    (project.root / "requirements.lock").write_text("", encoding="utf-8")
    (project.root / ".gitignore").write_text("data/processed/\nreports/\n", encoding="utf-8")
    stand(project, results())
    (project.processed("synthetic") / "settings.txt").write_text(f"{SETTINGS}\n", encoding="utf-8")
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "all")
    return project


def git(project, *words):
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *who, *words], cwd=project.root, check=True, capture_output=True)


def stand(project, found):
    """Put results, their exhibits, their page and their records where a build does."""
    run_files = RunFiles(project.processed("synthetic"), "tiny")
    reports = project.reports("synthetic")
    files = {
        run_files.results: json.dumps(found, indent=1),
        run_files.executed: "{}",
        run_files.exhibits / "tables" / "trend.csv": "x\n1.5\n",
        run_files.exhibits / "figures" / "line.svg": "<svg/>",
        reports / "tables" / "tiny" / "trend.csv": "x\n1.5\n",
        reports / "figures" / "tiny" / "line.svg": "<svg/>",
        reports / "tiny.html": "<p>It rose by 0.12.",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    run = load_run(project, "tiny", "synthetic")
    sums = {path.relative_to(project.root).as_posix(): checksum(path) for path in files}
    made = {shown: value for shown, value in sums.items() if shown.startswith("data/")}
    Record("tiny", settings_of(run.notebook, run.parameters), {}, {}, made).write(run_files.record)
    Record("tiny", {"page": checksum(reports / "tiny.html")}, made).write(run_files.page_record)


def command(project, monkeypatch, *words):
    """Run the verb as make does; return its exit code."""
    monkeypatch.chdir(project.root)
    return cli.main(["verify", *words])


@pytest.fixture
def recorded(built, monkeypatch):
    """The same with its results recorded."""
    assert command(built, monkeypatch, "--record") == 0
    return built


def test_results_that_were_recorded_agree_with_themselves(recorded, monkeypatch, capsys):
    capsys.readouterr()
    assert command(recorded, monkeypatch) == 0
    said = capsys.readouterr().out
    numbers = sum(isinstance(v, (int, float)) and not isinstance(v, bool) for v in leaves_of(results()).values())
    assert f"all {numbers} numbers agree" in said
    page = (recorded.reports("synthetic") / "verify.html").read_text(encoding="utf-8")
    assert f"All {numbers} numbers agree with the record in every digit." in page
    assert "Synthetic data" in page


@pytest.mark.parametrize(
    ("change", "kind", "where"),
    [
        (lambda r: r["results"]["trend"]["rows"][0].update(estimate=0.123456788), "differs", "rows/before/estimate"),
        (lambda r: r["results"]["trend"]["rows"][1].update(count=1), "differs", "rows/after/count"),
        (lambda r: r["results"]["trend"]["rows"][0].update(kept=1), "differs", "rows/before/kept"),
        (lambda r: r["results"]["trend"]["rows"][1].update(p=0.5), "differs", "rows/after/p"),
        (lambda r: r["results"].pop("years"), "missing", "results/years/rows/1/year"),
        (lambda r: r["results"]["trend"]["rows"].pop(0), "missing", "rows/before/estimate"),
        (lambda r: r["results"].update(more={"rows": [{"x": 1.5}]}), "new", "results/more/rows/1/x"),
        (lambda r: r["verdicts"][0].update(outcome="refuted"), "differs", "verdicts/C01/outcome"),
        (lambda r: r["sentences"]["answer"].update(sentences=["It rose by 0.13."]), "differs", "answer/sentences/1"),
        (lambda r: r["run"]["parameters"].update(cut=0.06), "differs", "run/parameters/cut"),
        (lambda r: r["estimands"].update(a={"truth": 1.0}), "new", "estimands/a/truth"),
    ],
)
def test_each_kind_of_difference_is_told_and_fails(change, kind, where, recorded, monkeypatch, capsys):
    found = results()
    change(found)
    stand(recorded, found)
    assert command(recorded, monkeypatch) == 40
    assert where in capsys.readouterr().out
    kinds = {d.kind for run in verify(recorded).runs for d in run.differences if where in d.where}
    assert kinds == {kind}
    page = (recorded.reports("synthetic") / "verify.html").read_text(encoding="utf-8")
    assert where in page
    assert where in (recorded.reports("synthetic") / "verify.csv").read_text(encoding="utf-8")


def test_a_row_that_comes_in_between_moves_no_other():
    longer = results()
    longer["results"]["trend"]["rows"].insert(0, {"term": "ever", "estimate": 1.0})
    found = compare("tiny", results(), longer, DIGITS)
    assert {d.kind for d in found.differences} == {NEW}
    assert all("/ever/" in d.where for d in found.differences)


def test_commit_versions_and_input_files_are_not_results():
    other = results()
    other["run"].update(commit="def", uncommitted_changes=True, versions={"python": "3.13"})
    other["inputs"] = []
    assert not compare("tiny", results(), other, DIGITS).differences


def test_a_difference_says_how_far_a_number_moved_against_its_tolerance():
    moved = results()
    moved["results"]["trend"]["rows"][0]["estimate"] = 0.123456791
    (found,) = compare("tiny", results(), moved, 9).differences
    assert found.moved == pytest.approx(2e-9)
    assert found.tolerance == pytest.approx(0.5e-9)
    assert found.units == pytest.approx(2.0)
    gone = compare("tiny", results(), {}, 9)
    assert gone.count(MISSING) == len(gone.differences) > 20


# --- one flipped digit -----------------------------------------------------------------------------------------


def flips(text, which=None):
    """Yield text with one digit flipped to each other digit, for every digit of the numbers in it."""
    for match in NUMBER.finditer(text):
        for place in range(match.start(), match.end()):
            if text[place].isdigit():
                others = [d for d in "0123456789" if d != text[place]]
                for digit in others if which is None else which.sample(others, 1):
                    yield text[:place] + digit + text[place + 1 :]


def numbers_of(value):
    """Yield each holder of a number, its key and the number."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        if isinstance(item, (int, float)) and not isinstance(item, bool):
            yield value, key, item
        else:
            yield from numbers_of(item)


def test_every_digit_of_every_number_that_is_flipped_is_caught():
    then, now = results(), results()
    del now["inputs"]
    count = 0
    for holder, key, number in list(numbers_of(now)):
        for text in flips(json.dumps(number)):
            holder[key] = json.loads(text) if not re.match(r"-?0\d", text) else float(text)
            assert compare("tiny", then, now, DIGITS).differences, text
            count += 1
        holder[key] = number
    assert count > 500
    assert not compare("tiny", then, now, DIGITS).differences


@settings(max_examples=50, deadline=None)
@given(st.floats(1e-300, 1e15), st.booleans(), st.randoms(use_true_random=False))
def test_a_flipped_digit_of_any_number_is_caught(value, negative, chance):
    written = json.dumps(plain(-value if negative else value))
    for text in flips(written, chance):
        changed = float(text)
        assert math.isinf(changed) or compare("x", {"a": json.loads(written)}, {"a": changed}, DIGITS).differences, text


@pytest.mark.slow
def test_every_flipped_digit_of_every_recorded_number_is_caught():
    """On the project's own reference: the first digits of all numbers at once, then the second ones, and so on."""
    if not (ROOT / FOLDER / "reference.json").is_file():
        pytest.skip("no results are recorded in docs/reference")
    from buurteffect.project import Project

    chance, count = random.Random(1), 0
    for name, then in read_reference(Project(ROOT)).runs.items():
        written = {where: json.dumps(leaf) for where, leaf in leaves_of(then).items()}
        numeric = {w: t for w, t in written.items() if NUMBER.fullmatch(t)}
        for place in range(max(len(text) for text in numeric.values())):
            flipped = {w: t for w, t in numeric.items() if place < len(t) and t[place].isdigit()}
            for where, text in flipped.items():
                other = chance.choice([digit for digit in "0123456789" if digit != text[place]])
                flipped[where] = text[:place] + other + text[place + 1 :]
            now = {where: json.loads(text) for where, text in written.items()}
            now |= {where: float(text) for where, text in flipped.items()}
            differences = compare(name, {w: json.loads(t) for w, t in written.items()}, now, DIGITS).differences
            same = {w for w, text in flipped.items() if float(text) == float(numeric[w]) == 0.0}
            assert {d.where for d in differences} == set(flipped) - same, f"{name}, digit {place}"
            count += len(flipped)
    print(json.dumps({"flipped": count}))
    assert count > 10_000


def test_a_flipped_digit_in_the_recorded_results_themselves_is_named(recorded, monkeypatch, capsys):
    import lzma

    file = recorded.root / FOLDER / "results.json.xz"
    text = lzma.decompress(file.read_bytes()).decode()
    assert "0.123456789" in text
    file.write_bytes(lzma.compress(text.replace("0.123456789", "0.123456788", 1).encode()))
    assert command(recorded, monkeypatch) == NoReferenceError.exit_code
    assert "the results of tiny are not those that were recorded" in capsys.readouterr().err
    file.write_bytes(file.read_bytes()[:-9])
    assert command(recorded, monkeypatch) == NoReferenceError.exit_code
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["tiny.html", "tables/tiny/trend.csv", "figures/tiny/line.svg"])
def test_a_published_file_that_was_edited_by_hand_is_named(name, recorded, monkeypatch, capsys):
    assert check_unedited(recorded, "synthetic") == 7
    file = recorded.reports("synthetic") / name
    file.write_bytes(file.read_bytes().replace(b"1", b"2").replace(b"svg", b"SVG"))
    assert command(recorded, monkeypatch, "--unedited") == EditedByHandError.exit_code
    assert f"reports/synthetic/{name}" in capsys.readouterr().err
    assert command(recorded, monkeypatch) == EditedByHandError.exit_code


def test_results_that_were_edited_by_hand_are_named(recorded, monkeypatch, capsys):
    file = RunFiles(recorded.processed("synthetic"), "tiny").results
    file.write_text(file.read_text(encoding="utf-8").replace("0.123456789", "0.123456780"), encoding="utf-8")
    assert command(recorded, monkeypatch, "--unedited") == EditedByHandError.exit_code
    assert "results/tiny.json" in capsys.readouterr().err
    assert command(recorded, monkeypatch) == NotFreshError.exit_code, "make would build them again"


# --- what cannot be compared or recorded ------------------------------------------------------------------------


def test_another_country_is_refused_by_name(recorded, monkeypatch, capsys):
    (recorded.processed("synthetic") / "settings.txt").write_text("seed 2 size test scenario S4\n", encoding="utf-8")
    assert command(recorded, monkeypatch) == OtherSettingsError.exit_code
    said = capsys.readouterr().err
    assert "seed 2 size test scenario S4" in said
    assert "make verify SEED=1 SIZE=default SCENARIO=S0" in said


@pytest.mark.parametrize("words", [(), ("--record",)])
def test_another_source_is_refused_by_name(words, recorded, monkeypatch, capsys):
    assert command(recorded, monkeypatch, "--source", "open", *words) == OtherSettingsError.exit_code
    assert "not those on open" in capsys.readouterr().err


def test_without_a_reference_verify_says_how_to_make_one(built, monkeypatch, capsys):
    assert command(built, monkeypatch) == NoReferenceError.exit_code
    assert "make verify RECORD=1" in capsys.readouterr().err


def test_stale_results_are_neither_verified_nor_recorded(recorded, tiny, monkeypatch, capsys):
    tiny("x = 1")
    for words in ((), ("--record",)):
        assert command(recorded, monkeypatch, *words) == NotFreshError.exit_code
        assert "tiny: not built, or out of date" in capsys.readouterr().err


@pytest.mark.parametrize("untracked", [True, False])
def test_results_are_not_recorded_on_a_tree_with_changes(untracked, built, monkeypatch, capsys):
    file = built.root / ("new.txt" if untracked else "requirements.lock")
    file.write_text("other", encoding="utf-8")
    assert command(built, monkeypatch, "--record") == NotRecordableError.exit_code
    assert file.name in capsys.readouterr().err
    assert not (built.root / FOLDER).exists()


def test_results_are_not_recorded_outside_git(built, monkeypatch, capsys):
    shutil.rmtree(built.root / ".git")
    assert command(built, monkeypatch, "--record") == NotRecordableError.exit_code
    assert "git does not say" in capsys.readouterr().err


def test_a_run_that_is_another_where_more_is_built_is_named_and_not_recorded(recorded, tiny, monkeypatch, capsys):
    tiny(settings="looks_for: [data/processed/open/panel/inputs.json]\n")
    stand(recorded, {**results(), "headline": []})
    more = recorded.root / "data" / "processed" / "open" / "panel" / "inputs.json"
    more.parent.mkdir(parents=True)
    more.write_text("{}", encoding="utf-8")
    capsys.readouterr()
    assert command(recorded, monkeypatch) == 0
    assert f"tiny is not compared: {more.relative_to(recorded.root)} is here" in capsys.readouterr().out
    assert "tiny is not compared" in (recorded.reports("synthetic") / "verify.html").read_text(encoding="utf-8")
    assert command(recorded, monkeypatch, "--record") == NotRecordableError.exit_code
    assert "which no fresh checkout has" in capsys.readouterr().err
    more.unlink()
    assert command(recorded, monkeypatch) == 40


def test_recording_again_needs_no_commit_of_the_record_and_gives_the_same_bytes(recorded, monkeypatch):
    files = sorted((recorded.root / FOLDER).iterdir())
    before = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    assert command(recorded, monkeypatch, "--record") == 0
    assert [hashlib.sha256(file.read_bytes()).hexdigest() for file in files] == before


def test_runs_in_different_digits_are_not_recorded(built, monkeypatch, capsys):
    stand(built, {**results(), "digits": None} | {"digits": 0})
    assert command(built, monkeypatch, "--record") == NotRecordableError.exit_code
    assert "digits" in capsys.readouterr().err


def test_the_record_takes_tables_apart_and_puts_them_together_again():
    rows = [{"a": 1, "b": [{"c": None}, {"c": "x"}]}, {"a": 2, "b": []}]
    value = {"rows": rows, "mixed": [1, {"a": 1}, {"b": 2}], "one": [{"a": 1}], "none": [], "empty": [{}, {}]}
    assert unpack(json.loads(json.dumps(pack(value)))) == value
    assert "columns" in json.dumps(pack(value))


def test_the_record_of_this_project_can_be_read_and_is_small():
    folder = ROOT / FOLDER
    if not (folder / "reference.json").is_file():
        pytest.skip("no results are recorded in docs/reference")
    from buurteffect.project import Project

    reference = read_reference(Project(ROOT))
    assert isinstance(reference, Reference)
    assert reference.settings == SETTINGS
    assert reference.digits == DIGITS
    assert set(reference.runs) >= {"n02_liveability_trends", "n05_woz"}
    assert sum(file.stat().st_size for file in folder.iterdir()) < 300_000


# --- how many digits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [1e-12, -1e-12, 3e-13])
def test_a_number_keeps_its_digits_under_the_error_of_another_library(error):
    value = 0.1234567812
    assert plain(value) == plain(value * (1 + error)) == float(f"{value:.{DIGITS}g}")


def test_the_results_say_their_digits_and_hold_no_more(tmp_path, monkeypatch):
    from buurteffect.report import Column, open_page

    monkeypatch.setenv("BUURTEFFECT_STAGING", str(tmp_path))
    page = open_page("tiny", "synthetic")
    table = pd.DataFrame({"x": [2 / 3], "y": [1e15 / 7], "z": [-1e-5 / 3]})
    page.table("t", table, [Column("x", "X"), Column("y", "Y"), Column("z", "Z")], "Three numbers.")
    page.finish()
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert found["digits"] == DIGITS
    assert found["decimals"] == {}
    for value in found["results"]["t"]["rows"][0].values():
        assert len(f"{value:e}".split("e")[0].strip("-").replace(".", "").rstrip("0")) <= DIGITS
        assert float(f"{value:.{DIGITS}g}") == value


def test_a_copy_of_results_is_what_it_was():
    assert leaves_of(copy.deepcopy(results())) == leaves_of(results())
