"""What can be asked of the command: its verbs, their options and the help on them."""

from __future__ import annotations

import argparse
from pathlib import Path

from buurteffect import __version__
from buurteffect.project import SOURCES

DESCRIPTION = "The command that make calls; each of its verbs can also be called by hand."


def command_line() -> argparse.ArgumentParser:
    """Return the parser of all verbs; each leaves its name in ``verb``."""
    parser = argparse.ArgumentParser(prog="buurteffect", description=DESCRIPTION)
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
    fetch.add_argument("--all", action="store_true", help="everything that the open reports can use")
    fetch.add_argument("--check", action="store_true", help="ask every address for its head, and fetch nothing")
    fetch.add_argument("--docs", action="store_true", help="print docs/data.md, and fetch nothing")
    fetch.set_defaults(verb="fetch")

    synthetic = verbs.add_parser("synthetic", help="draw the synthetic country and publish it")
    synthetic.add_argument("--seed", type=int, default=1, help="same seed, same country (default 1)")
    synthetic.add_argument("--size", default="default", help="test or default (default)")
    synthetic.add_argument(
        "--scenario", default="S0", help="S0 (default) to S12: what is known to be so in the country"
    )
    synthetic.set_defaults(verb="synthetic")

    panel = verbs.add_parser("panel", help="build the panel from the raw files of a source")
    _add_source(panel)
    panel.add_argument("--open-data", type=Path, help="folder with the open data, used instead of data/raw/open")
    panel.add_argument("--base-year", type=int, help="year whose areas all years are brought to (default: the latest)")
    panel.set_defaults(verb="panel")

    run = verbs.add_parser("run", help="execute one named run")
    run.add_argument("name", help="name of a file in notebooks/runs/ without .yaml")
    _add_source(run)
    run.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="replace one parameter")
    run.add_argument("--left", type=int, default=0, help="runs that follow this one, for the progress line")
    run.add_argument("--scheduler", metavar="ADDRESS", help="execute it on the workers of this Dask cluster")
    run.add_argument("--terms", type=Path, help=argparse.SUPPRESS)  # on a worker: what it must see
    run.set_defaults(verb="run")

    render = verbs.add_parser("render", help="render the page of an executed run")
    render.add_argument("name", help="name of the run")
    _add_source(render)
    render.set_defaults(verb="render")

    why = verbs.add_parser("why", help="say for each page what changed since it was built, with checksums")
    why.add_argument("names", nargs="*", help="runs (default: all of the source)")
    _add_source(why)
    why.set_defaults(verb="why")

    trace = verbs.add_parser("trace", help="say where a number on a page comes from: result, cell, inputs, commit")
    trace.add_argument("report", help="a run, the beginning of its name, or its page")
    trace.add_argument("number", help="the number as the page prints it")
    trace.add_argument("--at", default="", metavar="KEY", help="only in this table, figure or text")
    _add_source(trace)
    trace.set_defaults(verb="trace")

    verify = verbs.add_parser("verify", help="compare every number with the recorded results; fail if one differs")
    _add_source(verify)
    either = verify.add_mutually_exclusive_group()
    either.add_argument("--standing", action="store_true", help="only check that no published file was edited by hand")
    either.add_argument("--record", action="store_true", help="record the results at hand as the reference")
    verify.set_defaults(verb="verify")

    index = verbs.add_parser("index", help="write the index of all pages of a source")
    index.add_argument("names", nargs="+", help="runs in the order of the index")
    _add_source(index)
    index.set_defaults(verb="index")

    check = verbs.add_parser("check", help="check all run files of a source against the list that make has read")
    check.add_argument("names", nargs="*", help="runs as make sees them")
    _add_source(check)
    check.set_defaults(verb="check")

    for name, persons in (("scoreboard", False), ("people-scoreboard", True)):
        who = "of effects on persons" if persons else "of effects on places"
        scoreboard = verbs.add_parser(name, help=f"score the estimators {who} on many simulated countries")
        scoreboard.add_argument("--seeds", type=int, help="countries per scenario (default 200, or as many as needed)")
        scoreboard.add_argument("--scenarios", help="which scenarios, such as S0,S1 (default: all of the scoreboard)")
        scoreboard.add_argument("--workers", type=int, default=2, help="processes (default 2)")
        scoreboard.add_argument("--size", default="scoreboard", help="size of the countries (default scoreboard)")
        scoreboard.add_argument("--out", type=Path, help="where the summary goes, if not where it usually does")
        scoreboard.add_argument("--check", type=float, help="share of the countries to run anew and hold to the stored")
        scoreboard.set_defaults(verb="scoreboard", persons=persons)

    deposit = verbs.add_parser("deposit", help="write the archive that is deposited")
    _add_source(deposit)
    deposit.add_argument("--allow-uncommitted", action="store_true", help="also of uncommitted files; it then says so")
    deposit.add_argument("--out", type=Path, default=Path("dist"), help="folder for the archive (default dist)")
    deposit.set_defaults(verb="deposit")

    replicate = verbs.add_parser("replicate", help="compare an unpacked deposit with what was built in its folder")
    _add_source(replicate)
    replicate.set_defaults(verb="replicate")

    parameters = verbs.add_parser("parameters", help="list the parameters that a notebook declares")
    parameters.add_argument("notebook", help="name of a notebook without .ipynb")
    parameters.set_defaults(verb="parameters")
    return parser


def _add_source(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses the source of data."""
    parser.add_argument("--source", default="synthetic", choices=SOURCES, help="where the data come from")
