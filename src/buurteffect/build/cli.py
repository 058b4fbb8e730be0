"""The command that make calls; each of its verbs can also be called by hand."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from buurteffect import __version__
from buurteffect.errors import BuurteffectError, ParameterError, ProjectError
from buurteffect.project import SOURCES, Project, check_identifier

if TYPE_CHECKING:
    from buurteffect.sources.errands import Errand
    from buurteffect.sources.offers import Offer


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
    options = _parser().parse_args(arguments)
    try:
        options.verb(Project.find(), options)
    except BuurteffectError as error:
        print(f"buurteffect: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("buurteffect: interrupted; nothing was put in place", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"buurteffect: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        return ProjectError.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    parser = argparse.ArgumentParser(prog="buurteffect", description=__doc__)
    parser.add_argument("--version", action="version", version=f"buurteffect {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    fetch = verbs.add_parser("fetch", help="download what a source needs, or check a folder that holds it")
    fetch.add_argument("--open-data", type=Path, help="folder with the open data, used instead of a download")
    fetch.add_argument("--kwb", metavar="YEARS", help="key figures of these years, such as 2013-2024 or 2015,2019")
    fetch.add_argument(
        "--tables", nargs="+", default=[], metavar="GROUP", help="groups of tables, as --list names them"
    )
    fetch.add_argument("--years", help="years of the groups that have a table or file per year")
    fetch.add_argument("--gemeente", nargs="+", default=[], metavar="GM0599", help="only the rows of this gemeente")
    fetch.add_argument("--list", action="store_true", help="show what can be fetched, and fetch nothing")
    fetch.set_defaults(verb=_fetch)

    synthetic = verbs.add_parser("synthetic", help="draw the synthetic country and publish it")
    synthetic.add_argument("--seed", type=int, default=1, help="same seed, same country (default 1)")
    synthetic.add_argument("--size", default="default", help="test or default (default)")
    synthetic.add_argument(
        "--scenario", default="S0", help="S0 (default) to S12: what is known to be so in the country"
    )
    synthetic.set_defaults(verb=_synthetic)

    panel = verbs.add_parser("panel", help="build the panel from the raw files of a source")
    _add_source(panel)
    panel.add_argument("--open-data", type=Path, help="folder with the open data, used instead of data/raw/open")
    panel.add_argument("--base-year", type=int, help="year whose areas all years are brought to (default: the latest)")
    panel.set_defaults(verb=_panel)

    run = verbs.add_parser("run", help="execute one named run")
    run.add_argument("name", help="name of a file in notebooks/runs/ without .yaml")
    _add_source(run)
    run.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="replace one parameter")
    run.add_argument("--left", type=int, default=0, help="runs that follow this one, for the progress line")
    run.add_argument("--scheduler", metavar="ADDRESS", help="execute it on the workers of this Dask cluster")
    run.add_argument("--terms", type=Path, help=argparse.SUPPRESS)  # on a worker: what it must see
    run.set_defaults(verb=_run)

    render = verbs.add_parser("render", help="render the page of an executed run")
    render.add_argument("name", help="name of the run")
    _add_source(render)
    render.set_defaults(verb=_render)

    why = verbs.add_parser("why", help="say for each page what changed since it was built, with checksums")
    why.add_argument("names", nargs="*", help="runs (default: all of the source)")
    _add_source(why)
    why.set_defaults(verb=_why)

    trace = verbs.add_parser("trace", help="say where a number on a page comes from: result, cell, inputs, commit")
    trace.add_argument("report", help="a run, the beginning of its name, or its page")
    trace.add_argument("number", help="the number as the page prints it")
    trace.add_argument("--at", default="", metavar="KEY", help="only in this table, figure or text")
    _add_source(trace)
    trace.set_defaults(verb=_trace)

    verify = verbs.add_parser("verify", help="compare every number with the recorded results; fail if one differs")
    _add_source(verify)
    either = verify.add_mutually_exclusive_group()
    either.add_argument("--standing", action="store_true", help="only check that no published file was edited by hand")
    either.add_argument("--record", action="store_true", help="record the results at hand as the reference")
    verify.set_defaults(verb=_verify)

    index = verbs.add_parser("index", help="write the index of all pages of a source")
    index.add_argument("names", nargs="+", help="runs in the order of the index")
    _add_source(index)
    index.set_defaults(verb=_index)

    check = verbs.add_parser("check", help="check all run files of a source against the list that make has read")
    check.add_argument("names", nargs="*", help="runs as make sees them")
    check.add_argument("--without", nargs="*", default=[], help="runs that make leaves out because of what they need")
    _add_source(check)
    check.set_defaults(verb=_check)

    scoreboard = verbs.add_parser("scoreboard", help="score every estimator on many simulated countries")
    scoreboard.add_argument("--seeds", type=int, default=200, help="countries per scenario (default 200)")
    scoreboard.add_argument("--scenarios", help="which scenarios, such as S0,S1 (default: all)")
    scoreboard.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    scoreboard.add_argument("--size", default="scoreboard", help="size of the countries (default scoreboard)")
    scoreboard.add_argument("--out", type=Path, help="where the summary goes, if not where a full or partial one does")
    scoreboard.set_defaults(verb=_scoreboard)

    people = verbs.add_parser("people-scoreboard", help="score the estimators of persons on many simulated countries")
    people.add_argument("--seeds", type=int, help="countries per scenario (default: 200 of S0, fewer of the others)")
    people.add_argument("--scenarios", default="S0,S2,S3,S4,S6", help="which scenarios (default S0,S2,S3,S4,S6)")
    people.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    people.add_argument("--size", default="scoreboard", help="size of the countries (default scoreboard)")
    people.add_argument("--out", type=Path, help="where the summary goes, if not where a full or partial one does")
    people.set_defaults(verb=_people_scoreboard)

    deposit = verbs.add_parser("deposit", help="write the archive that is deposited")
    _add_source(deposit)
    deposit.add_argument("--allow-uncommitted", action="store_true", help="also of uncommitted files; it then says so")
    deposit.add_argument("--out", type=Path, default=Path("dist"), help="folder for the archive (default dist)")
    deposit.set_defaults(verb=_deposit)

    replicate = verbs.add_parser("replicate", help="compare an unpacked deposit with what was built in its folder")
    _add_source(replicate)
    replicate.set_defaults(verb=_replicate)

    parameters = verbs.add_parser("parameters", help="list the parameters that a notebook declares")
    parameters.add_argument("notebook", help="name of a notebook without .ipynb")
    parameters.set_defaults(verb=_parameters)
    return parser


def _add_source(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses the source of data."""
    parser.add_argument("--source", default="synthetic", choices=SOURCES, help="where the data come from")


def _fetch(project: Project, options: argparse.Namespace) -> None:
    """Download the open data: what is needed by default, or what is asked for."""
    from buurteffect.sources.download import check_open_data
    from buurteffect.sources.errands import errands_of_sources, refuse_failures, run_errands
    from buurteffect.sources.listing import listed
    from buurteffect.sources.offers import read_offers
    from buurteffect.sources.registry import read_registry, sources_needed
    from buurteffect.sources.transfer import Settings

    registry = project.raw / "sources.toml"
    sources, offers, folder = read_registry(registry), read_offers(registry), project.raw / "open"
    asked = _asked(options)
    if options.list:
        print(listed(sources, offers, folder))
    elif options.open_data is not None:
        if asked:
            raise ProjectError(
                "a folder of open data of your own is read as it is, and nothing is fetched into it: leave out "
                f"either OPEN_DATA or {', '.join(asked)}"
            )
        print(f"Open data are read from {check_open_data(options.open_data)} as they are; nothing is downloaded.")
    else:
        errands = errands_of_sources(sources_needed(sources), folder, Settings())
        refuse_failures(run_errands(_requested(options, offers, folder) if asked else errands))


def _asked(options: argparse.Namespace) -> list[str]:
    """Return which options ask for something beyond what is fetched by default."""
    given = {"KWB": options.kwb, "TABLES": options.tables, "YEARS": options.years, "GEMEENTE": options.gemeente}
    return [name for name, value in given.items() if value]


def _requested(options: argparse.Namespace, offers: Sequence[Offer], folder: Path) -> Sequence[Errand]:
    """Return what the options ask for, table by table."""
    from buurteffect.sources.errands import Request, errands_of_offer
    from buurteffect.sources.offers import chosen, parse_years
    from buurteffect.sources.transfer import Settings

    names = " ".join(options.tables).replace(",", " ").split()
    gemeenten = tuple(" ".join(options.gemeente).replace(",", " ").split())
    years = parse_years(options.years) if options.years else ()
    of_kwb = parse_years(options.kwb) if options.kwb else years
    groups = chosen(offers, [*(["kwb"] if options.kwb else []), *names])
    if not groups:
        raise ProjectError("YEARS and GEMEENTE say which part of a group is wanted: name it too, by KWB or TABLES")
    if years and not any(group.yearly for group in groups):
        raise ProjectError(f"YEARS: there is no table per year of {', '.join(names)}; leave it out")
    if gemeenten and not any(group.by_gemeente for group in groups):
        raise ProjectError(f"GEMEENTE: {', '.join(names)} cannot be cut down to a gemeente; leave it out")
    return [
        errand
        for group in groups
        for errand in errands_of_offer(
            group, Request(of_kwb if group.name == "kwb" else years, gemeenten), folder, Settings()
        )
    ]


def _synthetic(project: Project, options: argparse.Namespace) -> None:
    """Draw and publish the synthetic country."""
    from buurteffect.build.stages import Stage, settings_as_text

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
    from buurteffect.build.records import name_of
    from buurteffect.build.stages import Stage, settings_as_text

    if options.source == "synthetic":
        raw = project.processed("synthetic") / "published"
    elif options.source == "open":
        raw = options.open_data or project.raw / "open"
    else:
        raw = project.raw / "microdata"
    started = time.perf_counter()
    out = project.processed(options.source) / "panel"
    settings = settings_as_text(folder=name_of(project, raw), base_year=options.base_year)
    stage = Stage(project, options.source, "panel", out / "inputs.json", settings, (out,))

    def work() -> None:
        from buurteffect.panel import build

        for name in build(raw, out, options.base_year):
            print(f"passed over: {name}")

    if stage.do(work, [raw]):
        print(f"panel ({options.source}) built in {time.perf_counter() - started:.1f} s")
    else:
        print(f"panel ({options.source}) is unchanged")


def _run(project: Project, options: argparse.Namespace) -> None:
    """Execute a run."""
    from buurteffect.build.runs import load_run

    run = load_run(project, options.name, options.source, dict(_assignment(text) for text in options.set))
    left = f", {options.left} to follow" if options.left else ""
    where = f" on {options.scheduler}" if options.scheduler else ""
    if not options.terms:
        print(f"running {run.name} ({run.source}){where}{left} …", flush=True)
    if options.scheduler or options.terms:
        from buurteffect.build.scale_out import check_terms, run_elsewhere

        if options.scheduler:
            print(run_elsewhere(project, run, options.scheduler, options.set), end="", flush=True)
            return
        check_terms(project, run, options.terms)

    if os.environ.get("BUURTEFFECT_SERVED"):
        from buurteffect.build.kernels import keep_spare

        keep_spare()
    from buurteffect.build.execute import run_notebook  # after the checks: its imports take a second

    started = time.perf_counter()
    became = run_notebook(project, run)
    print(f"        {run.name} ({run.source}) {became} in {time.perf_counter() - started:.1f} s", flush=True)


def _render(project: Project, options: argparse.Namespace) -> None:
    """Render a page."""
    from buurteffect.build.stages import render_if_changed

    name = check_identifier(options.name, "run")

    def render() -> Path:
        from buurteffect.report.pages import render_page

        return render_page(project, options.source, name)

    page, rendered = render_if_changed(project, options.source, name, render)
    print(f"page    {project.show(page)}{'' if rendered else ' is unchanged'}")


def _why(project: Project, options: argparse.Namespace) -> None:
    """Say for each run what changed since it was built."""
    from buurteffect.build.runs import runs_of
    from buurteffect.build.stages import explain

    print("\n".join(explain(project, options.source, options.names or runs_of(project, options.source))))


def _trace(project: Project, options: argparse.Namespace) -> None:
    """Say where a number comes from."""
    from buurteffect.build.trace import trace

    print("\n".join(trace(project, options.source, options.report, options.number, options.at)))


def _verify(project: Project, options: argparse.Namespace) -> None:
    """Compare the results with the recorded ones, or record them."""
    from buurteffect.build.verify_command import run_verify

    run_verify(project, options)


def _index(project: Project, options: argparse.Namespace) -> None:
    """Write the index."""
    from buurteffect.build.runs import TRIAL
    from buurteffect.build.verify_command import since_recorded
    from buurteffect.report.index import write_index

    names = [check_identifier(name, "run") for name in options.names]
    for orphan in set(project.reports(options.source).glob("*.html")):
        if orphan.stem not in names and orphan.stem not in ("index", "verify") and not orphan.stem.endswith(TRIAL):
            orphan.unlink()
            for suffix in ("html", "json"):
                (orphan.parent / "addresses" / f"{orphan.stem}.{suffix}").unlink(missing_ok=True)
            print(f"removed {project.show(orphan)}: its run is gone")
    index = write_index(project, options.source, names, since_recorded(project, options.source))
    print(f"index   {project.show(index)}")


def _check(project: Project, options: argparse.Namespace) -> None:
    """Check that make and this program read the same runs."""
    from buurteffect.build.runs import runs_of

    known = set(runs_of(project, options.source))
    if known != {*options.names, *options.without} & known or set(options.names) - known:
        raise ProjectError(
            f"make sees the runs {', '.join(options.names)}, the run files say {', '.join(sorted(known))}: "
            "write their keys on one line each, as CONTRIBUTING.md shows"
        )


def _scoreboard(project: Project, options: argparse.Namespace) -> None:
    """Run what is left of the scoreboard, and summarise it."""
    from buurteffect.build.scoreboard import cells_of, run_cells
    from buurteffect.build.scoreboard_summary import store_scoreboard

    folder = project.root / "data" / "processed" / "scoreboard"
    scenarios = options.scenarios.split(",") if options.scenarios else None
    cells = cells_of(folder, scenarios, options.seeds, options.size)
    run_cells(cells, options.workers)
    print(f"scoreboard of {len(cells)} cells in {project.show(store_scoreboard(project, cells, options.out))}")


def _people_scoreboard(project: Project, options: argparse.Namespace) -> None:
    """Run what is left of the scoreboard of persons, and summarise it."""
    from buurteffect.build.people_cells import people_cells_of, run_people_cells
    from buurteffect.build.people_summary import store_people_scoreboard

    folder = project.root / "data" / "processed" / "people_scoreboard"
    cells = people_cells_of(folder, options.scenarios.split(","), options.seeds, options.size)
    run_people_cells(cells, options.workers)
    path = store_people_scoreboard(project, cells, options.out)
    print(f"scoreboard of persons of {len(cells)} cells in {project.show(path)}")


def _deposit(project: Project, options: argparse.Namespace) -> None:
    """Write the archive that is deposited."""
    from buurteffect.build.deposit import make_deposit

    out = options.out if options.out.is_absolute() else project.root / options.out
    made = make_deposit(project, options.source, out, options.allow_uncommitted)
    print(
        f"deposit {project.show(made.path)}: {made.files_count} files, {made.bytes_count / 1e6:.1f} MB "
        f"({made.unpacked_count / 1e6:.1f} MB unpacked)"
    )


def _replicate(project: Project, options: argparse.Namespace) -> None:
    """Compare an unpacked deposit with what was built in its folder."""
    from buurteffect.build.deposit import replicate

    print(replicate(project, options.source))


def _parameters(project: Project, options: argparse.Namespace) -> None:
    """List a notebook's parameters."""
    from buurteffect.build.parameters import read_parameters

    notebook = project.notebooks / f"{check_identifier(options.notebook, 'notebook')}.ipynb"
    if not notebook.is_file():
        raise ProjectError(f"there is no notebook {notebook.name} in notebooks/")
    for parameter in read_parameters(notebook).values():
        print(f"{parameter.name}: {parameter.annotation} = {parameter.default!r}")
        print(f"    {parameter.domain}; {parameter.meaning}")


def _assignment(text: str) -> tuple[str, object]:
    """Read NAME=VALUE; the value as YAML, so that 0.1, true and [1, 2] mean what they look like."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ParameterError(f"--set takes NAME=VALUE, not {text!r}")
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError:
        raise ParameterError(f"--set {name}: {value!r} is not a plain value") from None


if __name__ == "__main__":
    raise SystemExit(main())
