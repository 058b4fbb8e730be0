"""A parameter is declared once, in its notebook, and checked before a kernel starts."""

import nbformat
import pytest
from checkouts import write_notebook
from nbformat.v4 import new_code_cell, new_notebook

from buurteffect.errors import ParameterError, ProjectError
from buurteffect.pipeline import check_values, load_run, parse_parameters, read_parameters

CELL = """\
source: str = "synthetic"  # [synthetic | open] where the data come from
cuts: list[float] = [0, 0.02]  # [0 .. 1 LBM points] a fall counts from here
draws: int = 99  # [9 .. 999 draws] resamples
confidence: float = 0.95  # [0.5 .. 0.999 share] of the intervals
show_map: bool = True  # [true | false] draw the map
"""


def declared():
    return parse_parameters(CELL, "example")


def test_the_cell_gives_name_type_domain_unit_default_and_meaning():
    draws = declared()["draws"]
    assert (draws.annotation, draws.default, draws.low, draws.high) == ("int", 99, 9, 999)
    assert (draws.unit, draws.meaning) == ("draws", "resamples")
    assert declared()["source"].choices == ("synthetic", "open")
    assert declared()["cuts"].default == [0.0, 0.02]


def test_what_a_run_does_not_set_keeps_its_default():
    values = check_values(declared(), {"draws": 500, "cuts": [0.05]}, "run")
    assert values == {
        "source": "synthetic",
        "cuts": [0.05],
        "draws": 500,
        "confidence": 0.95,
        "show_map": True,
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"drawz": 99}, "no parameter 'drawz' (did you mean 'draws'?)"),
        ({"draws": "99"}, "takes int, not str '99'"),
        ({"draws": True}, "takes int, not bool True"),
        ({"draws": 99.0}, "takes int, not float"),
        ({"draws": 1000}, "from 9 to 999 draws"),
        ({"confidence": 1}, "from 0.5 to 0.999 share"),
        ({"confidence": float("nan")}, "cannot be nan"),
        ({"confidence": float("inf")}, "cannot be inf"),
        ({"source": "opne"}, "did you mean 'open'?"),
        ({"show_map": 1}, "takes bool, not int"),
        ({"cuts": 0.1}, "takes list[float]"),
        ({"cuts": []}, "at least one element"),
        ({"cuts": [0.1, 2]}, "from 0 to 1 LBM points"),
        ({"x = 1; import os": 1}, "is not a parameter name"),
        ({"draws\n": 99}, "is not a parameter name"),
        ({"drаws": 99}, "is not a parameter name"),  # a Cyrillic a
        ({7: 1}, "is not a parameter name"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_to_give(given, message):
    with pytest.raises(ParameterError) as error:
        check_values(declared(), given, "run")
    assert message in str(error.value)


def test_all_faults_of_a_run_are_named_at_once():
    with pytest.raises(ParameterError) as error:
        check_values(declared(), {"drawz": 1, "confidence": 7}, "run.yaml")
    assert str(error.value).count("run.yaml:") == 2


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("draws = 9  # [9 .. 99 draws] resamples", "only lines like"),
        ("import os", "only lines like"),
        ("draws: int = 9", "needs a comment"),
        ("draws: int = 9  # resamples", "needs a comment"),
        ("draws: int = 9  # [9 | 99] resamples", "needs its range"),
        ("draws: int = 9  # [99 .. 9 draws] resamples", "needs its range"),
        ("level: str = 'wijk'  # [wijk] level", "needs its choices"),
        ("level: str = 'stad'  # [wijk | buurt] level", "the default breaks its own declaration"),
        ("draws: int = 3  # [9 .. 99 draws] resamples", "the default breaks its own declaration"),
        ("draws: int = int('9')  # [9 .. 99 draws] resamples", "must be a plain value"),
        ("draws: complex = 9  # [9 .. 99 draws] resamples", "is not one of"),
        ("draws: int = (", "not valid Python"),
        ("a: int = 9  # [9 .. 99 x] b\na: int = 9  # [9 .. 99 x] b", "declared twice"),
    ],
)
def test_a_parameters_cell_that_leaves_something_open_is_refused(cell, message):
    with pytest.raises(ParameterError) as error:
        parse_parameters(cell, "example")
    assert message in str(error.value)


@pytest.mark.parametrize("tagged", [0, 2])
def test_a_notebook_has_exactly_one_parameters_cell(tmp_path, tagged):
    cells = [new_code_cell(CELL, metadata={"tags": ["parameters"]}) for _ in range(tagged)]
    nbformat.write(new_notebook(cells=cells), tmp_path / "n.ipynb")
    with pytest.raises(ParameterError, match=f"{tagged} cells tagged"):
        read_parameters(tmp_path / "n.ipynb")


# --- run files ---------------------------------------------------------------------------------------------------


def test_a_run_joins_its_file_its_source_and_the_notebooks_defaults(tiny):
    project = tiny(parameters=CELL, settings="sources: [synthetic]\nparameters:\n  draws: 42\nnotebook_seconds: 90\n")
    run = load_run(project, "tiny", "synthetic", {"confidence": 0.9})
    assert run.name == "tiny-trial"
    assert load_run(project, "tiny", "synthetic").name == "tiny"
    assert (run.parameters["draws"], run.parameters["confidence"], run.notebook_seconds) == (42, 0.9, 90)
    assert run.parameters["source"] == "synthetic"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("parameter:\n  draws: 9\n", "did you mean 'parameters'?"),
        ("parameters: [draws]\n", "must be a dict"),
        ("cell_seconds: 0\n", "positive number of seconds"),
        ("cell_seconds: soon\n", "must be a int"),
        ("notebook: other\n", "stands twice"),
        ("sources:\n  - synthetic\n", "on one line"),
        ("sources: ['synthetic']\n", "on one line"),
        ("sources: [synthetic]  # and open later\n", "on one line"),
        ("data: [gossip]\n", "there is no kind 'gossip'; the kinds are scores, key_figures"),
        ("parameters:\n  draws: 9\n  draws: 10\n", "stands twice"),
        ("parameters: !!python/object/apply:os.system ['true']\n", "not a valid run file"),
        ("parameters: {draws: [\n", "not a valid run file"),
        ("parameters:\n  source: open\n", "'source' is not set in a run"),
    ],
)
def test_a_run_file_with_a_fault_is_refused(tiny, settings, message):
    project = tiny(parameters=CELL, settings=settings)
    with pytest.raises(ParameterError) as error:
        load_run(project, "tiny", "synthetic")
    assert message in str(error.value)


@pytest.mark.parametrize("name", ["../tiny", "/etc/passwd", "tiny/../tiny", "", "a b", ".hidden"])
def test_a_run_name_that_climbs_out_of_its_folder_is_refused(tiny, name):
    with pytest.raises(ProjectError, match="cannot be the name of a run"):
        load_run(tiny(), name, "synthetic")


def test_a_notebook_name_that_climbs_out_of_its_folder_is_refused(tiny):
    project = tiny()
    (project.notebooks / "runs" / "tiny.yaml").write_text("notebook: ../../secret\n", encoding="utf-8")
    with pytest.raises(ProjectError, match="cannot be the name of a notebook"):
        load_run(project, "tiny", "synthetic")


@pytest.mark.parametrize("name", ["index", "figures", "tables", "tiny-trial"])
def test_a_run_cannot_have_a_name_that_means_something_else(tiny, name):
    project = tiny()
    (project.notebooks / "runs" / f"{name}.yaml").write_text("notebook: tiny\n", encoding="utf-8")
    with pytest.raises(ProjectError, match="cannot be named"):
        load_run(project, name, "synthetic")


def test_an_unknown_run_is_named_with_the_nearest_known_one(tiny):
    with pytest.raises(ProjectError, match="did you mean 'tiny'"):
        load_run(tiny(), "tinny", "synthetic")


def test_a_run_is_refused_on_a_source_that_it_is_not_for(tiny):
    with pytest.raises(ProjectError, match="not for source 'open'"):
        load_run(tiny(settings="sources: [synthetic]\n"), "tiny", "open")


def test_a_run_of_a_missing_notebook_is_refused(tiny, tmp_path):
    project = tiny()
    write_notebook(tmp_path / "other.ipynb", [])
    (project.notebooks / "tiny.ipynb").unlink()
    with pytest.raises(ProjectError, match=r"tiny\.ipynb does not exist"):
        load_run(project, "tiny", "synthetic")
