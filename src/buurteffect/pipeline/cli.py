"""The command that make calls; each of its verbs can also be called by hand."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from buurteffect import __version__
from buurteffect.errors import BuurteffectError, ParameterError, ProjectError
from buurteffect.project import SOURCES, Project, check_identifier


def command_line() -> argparse.ArgumentParser:
    """Return the parser of all verbs, which leaves the one that is asked for in ``verb``."""
    source = argparse.ArgumentParser(add_help=False)
    source.add_argument("--source", default="synthetic", choices=SOURCES, help="where the data come from")
    parser = argparse.ArgumentParser(prog="buurteffect", description="What make calls, and can be called by hand.")
    parser.add_argument("--version", action="version", version=f"buurteffect {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="VERB", dest="verb")

    fetch = verbs.add_parser("fetch", help="download what a source needs, or check a folder that holds it")
    fetch.add_argument("--open-data", type=Path, help="folder with the open data, used instead of a download")
    fetch.add_argument("--kwb", metavar="YEARS", help="key figures of these years, such as 2013-2024 or 2015,2019")
    fetch.add_argument(
        "--tables", nargs="+", default=[], metavar="GROUP", help="groups of tables, as --list names them"
    )
    fetch.add_argument("--years", help="years of the groups that have a table or file per year")
    fetch.add_argument("--gemeente", nargs="+", default=[], metavar="GM0599", help="only the rows of this gemeente")
    fetch.add_argument("--list", action="store_true", help="show what can be fetched, and fetch nothing")
    fetch.add_argument("--all", action="store_true", help="everything that the open reports can use")
    fetch.add_argument("--check", action="store_true", help="ask every address for its head, and fetch nothing")
    fetch.add_argument("--docs", action="store_true", help="print docs/data.md, and fetch nothing")

    synthetic = verbs.add_parser("synthetic", help="draw the synthetic country and publish it")
    synthetic.add_argument("--seed", type=int, default=1, help="same seed, same country (default 1)")
    synthetic.add_argument("--size", default="default", help="test or default (default)")
    synthetic.add_argument(
        "--scenario", default="S0", help="S0 (default) to S12: what is known to be so in the country"
    )

    panel = verbs.add_parser("panel", help="build the panel from the raw files of a source", parents=[source])
    panel.add_argument("--open-data", type=Path, help="folder with the open data, used instead of data/raw/open")
    panel.add_argument("--base-year", type=int, help="year whose areas all years are brought to (default: the latest)")

    run = verbs.add_parser("run", help="execute one named run", parents=[source])
    run.add_argument("name", help="name of a file in notebooks/runs/ without .yaml")
    run.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="replace one parameter")
    run.add_argument("--left", type=int, default=0, help="runs that follow this one, for the progress line")
    run.add_argument("--scheduler", metavar="ADDRESS", help="execute it on the workers of this Dask cluster")
    run.add_argument("--terms", type=Path, help=argparse.SUPPRESS)  # on a worker: what it must see

    render = verbs.add_parser("render", help="render the page of an executed run", parents=[source])
    render.add_argument("name", help="name of the run")

    why = verbs.add_parser(
        "why", help="say for each page what changed since it was built, with checksums", parents=[source]
    )
    why.add_argument("names", nargs="*", help="runs (default: all of the source)")

    trace = verbs.add_parser(
        "trace", help="say where a number on a page comes from: result, cell, inputs, commit", parents=[source]
    )
    trace.add_argument("report", help="a run, the beginning of its name, or its page")
    trace.add_argument("number", help="the number as the page prints it")
    trace.add_argument("--at", default="", metavar="KEY", help="only in this table, figure or text")

    verify = verbs.add_parser(
        "verify", help="compare every number with the recorded results; fail if one differs", parents=[source]
    )
    either = verify.add_mutually_exclusive_group()
    either.add_argument("--unedited", action="store_true", help="only check that no published file was edited by hand")
    either.add_argument("--record", action="store_true", help="record the results at hand as the reference")

    index = verbs.add_parser("index", help="write the index of all pages of a source", parents=[source])
    index.add_argument("names", nargs="+", help="runs in the order of the index")

    check = verbs.add_parser(
        "check", help="check all run files of a source against the list that make has read", parents=[source]
    )
    check.add_argument("names", nargs="*", help="runs as make sees them")

    scored = {
        "scoreboard": "the estimators of effects on places",
        "headline-scoreboard": "the designs of n05's headline",
        "people-scoreboard": "the estimators of effects on persons",
    }
    for name, what in scored.items():
        scoreboard = verbs.add_parser(name, help=f"score {what} on many simulated countries")
        scoreboard.add_argument("--seeds", type=int, help="countries per scenario (default 200, or as many as needed)")
        scoreboard.add_argument("--scenarios", help="which scenarios, such as S0,S1 (default: all of the scoreboard)")
        scoreboard.add_argument("--workers", type=int, default=2, help="processes (default 2)")
        scoreboard.add_argument("--size", default="scoreboard", help="size of the countries (default scoreboard)")
        scoreboard.add_argument("--out", type=Path, help="where the summary goes, if not where it usually does")
        scoreboard.add_argument("--check", type=float, help="share of the countries to run anew and hold to the stored")

    deposit = verbs.add_parser("deposit", help="write the archive that is deposited", parents=[source])
    deposit.add_argument("--allow-uncommitted", action="store_true", help="also of uncommitted files; it then says so")
    deposit.add_argument("--out", type=Path, default=Path("dist"), help="folder for the archive (default dist)")

    verbs.add_parser(
        "replicate", help="compare an unpacked deposit with what was built in its folder", parents=[source]
    )

    parameters = verbs.add_parser("parameters", help="list the parameters that a notebook declares")
    parameters.add_argument("notebook", help="name of a notebook without .ipynb")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line without the program's name.

    Returns
    -------
    int
        0 if all went well, else the code of the error (see `buurteffect.errors`).
    """
    options = command_line().parse_args(arguments)
    try:
        _VERBS[options.verb](Project.find(), options)
    except BuurteffectError as error:
        print(f"buurteffect: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        kept = "what is whole is in its place, and the same command goes on" if options.verb == "fetch" else ""
        print(f"buurteffect: interrupted; {kept or 'nothing was put in place'}", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"buurteffect: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        return ProjectError.exit_code
    return 0


def _fetch(project: Project, options: argparse.Namespace) -> None:
    """Download the open data, or say what there is."""
    from buurteffect.pipeline.fetch import run_fetch

    run_fetch(project, options)


def _synthetic(project: Project, options: argparse.Namespace) -> None:
    """Draw and publish the synthetic country."""
    from buurteffect.pipeline.runs.stages import Stage, settings_as_text

    folder = project.processed("synthetic")
    settings = settings_as_text(seed=options.seed, size=options.size, scenario=options.scenario)
    made = (folder / "published", folder / "truth")
    stage = Stage(project, "synthetic", "country", folder / "truth" / "truth.json", settings, made)
    started = time.perf_counter()
    drawn = stage.do(lambda: _draw(project, options))
    print(
        f"synthetic country (seed {options.seed}, size {options.size}, scenario {options.scenario}) "
        + (f"drawn and published in {time.perf_counter() - started:.1f} s" if drawn else "is unchanged")
    )


def _draw(project: Project, options: argparse.Namespace) -> None:
    """Draw and publish the synthetic country, with a bar."""
    from tqdm import tqdm

    from buurteffect.synthetic import draw_country, publish_country, scenario_parameters

    parameters = scenario_parameters(options.scenario)
    with tqdm(desc="simulating", unit=" years", leave=False, disable=None) as bar:

        def advance(_: int) -> None:
            bar.update()

        world, truth = draw_country(options.seed, options.size, options.scenario, progress=advance)
    publish_country(world, truth, parameters, project.processed("synthetic"))


def _panel(project: Project, options: argparse.Namespace) -> None:
    """Build the panel of a source."""
    from buurteffect.pipeline.runs.provenance import name_of
    from buurteffect.pipeline.runs.stages import Stage, settings_as_text

    if options.source == "synthetic":
        raw = project.processed("synthetic") / "published"
    elif options.source == "open":
        from buurteffect.sources.download.open_data import check_open_data

        raw = check_open_data(options.open_data) if options.open_data else project.raw / "open"
    else:
        raw = project.raw / "microdata"
    started = time.perf_counter()
    out = project.processed(options.source) / "panel"
    settings = settings_as_text(folder=name_of(project, raw), base_year=options.base_year)
    stage = Stage(project, options.source, "panel", out / "inputs.json", settings, (out,))

    def work() -> None:
        from buurteffect.panel import build

        if passed := build(raw, out, options.base_year):
            more = f" and {len(passed) - 3:,} more" if len(passed) > 3 else ""
            print(f"passed over (all are in {out.name}/inputs.json and on page n01b): {'; '.join(passed[:3])}{more}")

    if stage.do(work, [raw]):
        print(f"panel ({options.source}) built in {time.perf_counter() - started:.1f} s")
    else:
        print(f"panel ({options.source}) is unchanged")


def _run(project: Project, options: argparse.Namespace) -> None:
    """Execute a run."""
    from buurteffect.pipeline.runs.runs import load_run

    run = load_run(project, options.name, options.source, dict(_assignment(text) for text in options.set))
    left = f", {options.left} to follow" if options.left else ""
    where = f" on {options.scheduler}" if options.scheduler else ""
    if not options.terms:
        print(f"running {run.name} ({run.source}){where}{left} …", flush=True)
    if options.scheduler or options.terms:
        from buurteffect.pipeline.cluster.client import check_terms, run_on_cluster

        if options.scheduler:
            print(run_on_cluster(project, run, options.scheduler, options.set), end="", flush=True)
            return
        check_terms(project, run, options.terms)
    if os.environ.get("BUURTEFFECT_SERVED"):
        from buurteffect.pipeline.kernels.provisioner import fork_spare_kernel

        fork_spare_kernel()
    from buurteffect.pipeline.execute import run_notebook  # after the checks: its imports take a second

    started = time.perf_counter()
    outcome = run_notebook(project, run)
    print(f"        {run.name} ({run.source}) {outcome} in {time.perf_counter() - started:.1f} s", flush=True)


def _render(project: Project, options: argparse.Namespace) -> None:
    """Render a page."""
    from buurteffect.pipeline.runs.stages import render_if_changed

    name = check_identifier(options.name, "run")

    def render() -> Path:
        from buurteffect.report.pages.render import render_page

        return render_page(project, options.source, name)

    page, rendered = render_if_changed(project, options.source, name, render)
    print(f"page    {project.show(page)}{'' if rendered else ' is unchanged'}")


def _why(project: Project, options: argparse.Namespace) -> None:
    """Say for each run what changed since it was built."""
    from buurteffect.pipeline.runs.runs import runs_of
    from buurteffect.pipeline.runs.stages import explain

    print("\n".join(explain(project, options.source, options.names or runs_of(project, options.source))))


def _trace(project: Project, options: argparse.Namespace) -> None:
    """Say where a number comes from."""
    from buurteffect.pipeline.verify.tracing import trace

    print("\n".join(trace(project, options.source, options.report, options.number, options.at)))


def _verify(project: Project, options: argparse.Namespace) -> None:
    """Compare the results with the recorded ones, or record them."""
    from buurteffect.pipeline.verify.comparison import run_verify

    run_verify(project, options)


def _index(project: Project, options: argparse.Namespace) -> None:
    """Write the index."""
    from buurteffect.pipeline.multiplicity import deciding, families_of
    from buurteffect.pipeline.runs.runs import TRIAL
    from buurteffect.pipeline.runs.stages import Page
    from buurteffect.pipeline.verify.comparison import since_recorded
    from buurteffect.report.pages.index import write_index

    names = [check_identifier(name, "run") for name in options.names]
    for orphan in set(project.reports(options.source).glob("*.html")):
        if orphan.stem not in names and orphan.stem not in ("index", "verify") and not orphan.stem.endswith(TRIAL):
            orphan.unlink()
            for suffix in ("html", "json"):
                (orphan.parent / "addresses" / f"{orphan.stem}.{suffix}").unlink(missing_ok=True)
            print(f"removed {project.show(orphan)}: its run is gone")
    index = Page(project, options.source, "index")
    processed = project.processed(options.source)
    tested, families = deciding(processed, names), families_of(processed, names)

    def write() -> Path:
        return write_index(project, options.source, names, since_recorded(project, options.source), tested, families)

    fresh = index.write(write, runs=names, tested=tested, families=families)
    print(f"index   {project.show(index.target)}{'' if fresh else ' is unchanged'}")


def _check(project: Project, options: argparse.Namespace) -> None:
    """Check that make and this program read the same runs."""
    from buurteffect.pipeline.runs.runs import runs_of

    known = set(runs_of(project, options.source))
    if known != set(options.names):
        raise ProjectError(
            f"make sees the runs {', '.join(options.names)}, the run files say {', '.join(sorted(known))}: "
            "write their keys on one line each, as CONTRIBUTING.md shows"
        )


def _scoreboard(project: Project, options: argparse.Namespace) -> None:
    """Run what is left of a scoreboard and summarise it, or check the stored one."""
    from buurteffect.scoreboard import persons, places
    from buurteffect.scoreboard.check import check_stored

    boards = (places.SCOREBOARD, places.HEADLINE_SCOREBOARD, persons.SCOREBOARD)
    board = next(each for each in boards if each.command == f"make {options.verb}")
    if options.check is not None:
        path = check_stored(board, project, options.check, options.workers)
        print(f"every figure that was run anew is equal to the stored one; which, says {project.show(path)}")
        return
    scenarios = options.scenarios.split(",") if options.scenarios else None
    cells = board.cells(board.folder(project), scenarios, options.seeds, options.size)
    board.run(cells, options.workers)
    print(f"scoreboard of {len(cells)} cells in {project.show(board.store(project, cells, options.out))}")


def _deposit(project: Project, options: argparse.Namespace) -> None:
    """Write the archive that is deposited."""
    from buurteffect.pipeline.deposit.deposit import make_deposit

    out = options.out if options.out.is_absolute() else project.root / options.out
    made = make_deposit(project, options.source, out, options.allow_uncommitted)
    print(
        f"deposit {project.show(made.path)}: {made.files_count} files, {made.bytes_count / 1e6:.1f} MB "
        f"({made.unpacked_count / 1e6:.1f} MB unpacked)"
    )


def _replicate(project: Project, options: argparse.Namespace) -> None:
    """Compare an unpacked deposit with what was built in its folder."""
    from buurteffect.pipeline.deposit.deposit import replicate

    print(replicate(project, options.source))


def _parameters(project: Project, options: argparse.Namespace) -> None:
    """List a notebook's parameters."""
    from buurteffect.pipeline.runs.parameters import read_parameters

    notebook = project.notebooks / f"{check_identifier(options.notebook, 'notebook')}.ipynb"
    if not notebook.is_file():
        there = ", ".join(sorted(path.stem for path in project.notebooks.glob("*.ipynb")))
        raise ProjectError(f"there is no notebook {notebook.name} in notebooks/, which holds {there or 'none'}")
    for parameter in read_parameters(notebook).values():
        print(f"{parameter.name}: {parameter.annotation} = {parameter.default!r}")
        print(f"    {parameter.domain}; {parameter.meaning}")


def _assignment(text: str) -> tuple[str, object]:
    """Read NAME=VALUE; the value as YAML, so that 0.1, true and [1, 2] mean what they look like."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ParameterError(f"SET (--set) takes NAME=VALUE, such as SET='draws=99', not {text!r}")
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError:
        raise ParameterError(
            f"SET={name}=…: {value!r} is not a plain value: give a number, a word, true or false, or [1, 2] for a list"
        ) from None


_VERBS: dict[str, Callable[[Project, argparse.Namespace], None]] = {
    "fetch": _fetch,
    "synthetic": _synthetic,
    "panel": _panel,
    "run": _run,
    "render": _render,
    "why": _why,
    "trace": _trace,
    "verify": _verify,
    "index": _index,
    "check": _check,
    "scoreboard": _scoreboard,
    "headline-scoreboard": _scoreboard,
    "people-scoreboard": _scoreboard,
    "deposit": _deposit,
    "replicate": _replicate,
    "parameters": _parameters,
}


if __name__ == "__main__":
    raise SystemExit(main())
