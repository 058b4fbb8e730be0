"""The page about the open data, printed from the registry so that no address is written down twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from buurteffect.sources.download.catalogue import STATLINE_PAGE, CatalogueEntry, span_of
from buurteffect.sources.registry import Source

_HEAD = """# The open data

What the reports on the Netherlands are made from, printed from `data/raw/sources.toml` by `buurteffect fetch --docs`.

- `make fetch` downloads what is needed by default; `make fetch ALL=1` all that the open reports can use, with one
  display of what has come and what is to come; `make fetch TABLES=<name> YEARS=2019-2024` one group. What was cut off
  goes on, and what is there is not fetched twice.
- `make fetch CHECK=1` asks every address for its head and prints which answers, with size and date.
- `make fetch LIST=1` shows what there is and what is here.
- By hand: put each file into the folder that its entry names, in a folder of your own, and run `make reports
  SOURCE=open OPEN_DATA=folder`; or below `data/raw/open/`. A file may keep its publisher's name.

No server could be asked from where this project was built. *Confirmed* says on which day and by what an address was
confirmed; where it names public programs, they use that address, and no more is known.
"""


def data_page(sources: Iterable[Source], entries: Iterable[CatalogueEntry]) -> str:
    """Return the page in Markdown: of each source what it is, who needs it, how large, on which terms, and where."""
    lines = [_HEAD]
    for source in sources:
        lines += [
            f"## {source.title}",
            "",
            *_about(source.publisher, source.licence, source.needed_by, source.notes),
            f"- **Fetch**: {_fetched(source)}",
            f"- **Size**: {_size(source.size_bytes)}",
            f"- **By hand**: {_link(source.page)}download <{source.address}>",
            f"- **Folder**: `{PurePosixPath(source.path).parent}/`",
            f"- **Confirmed**: {source.confirmed}",
            "",
        ]
    for entry in entries:
        lines += [f"## {entry.title} (`{entry.name}`)", ""]
        lines += _about(entry.publisher, entry.licence, entry.needed_by, entry.notes)
        lines += [f"- **Fetch**: {_asked(entry)}", "- **Size**: not recorded", *_by_hand(entry), ""]
    return "\n".join(lines).rstrip() + "\n"


def _about(publisher: str, licence: str, needed_by: tuple[str, ...], notes: str) -> Iterator[str]:
    """Yield what is said of every source."""
    yield f"- **Publisher**: {publisher}"
    yield f"- **Licence**: {licence}"
    yield f"- **Needed by**: {', '.join(f'`{name}`' for name in needed_by) or 'no report'}"
    yield f"- **Note**: {notes}"


def _fetched(source: Source) -> str:
    """Say what fetches a source."""
    return "`make fetch`" if source.needed else "`make fetch ALL=1`" if source.with_all else "by hand only"


def _asked(entry: CatalogueEntry) -> str:
    """Say what fetches a group."""
    words = f"`make fetch TABLES={entry.name}`"
    words += f", `YEARS=` some of {span_of(entry.years)}" if entry.years else ""
    words += ", `GEMEENTE=GM0599` for one gemeente" if entry.by_gemeente else ""
    if entry.with_all:
        only = f" ({', '.join(map(str, entry.with_all))})" if isinstance(entry.with_all, tuple) else ""
        words += f"; with `make fetch ALL=1`{only}"
    return words


def _by_hand(entry: CatalogueEntry) -> Iterator[str]:
    """Yield how to fetch a group by hand, and how its addresses were confirmed."""
    if entry.kind == "by_hand":
        yield f"- **By hand**: {entry.by_hand}; put it into `{entry.folder}/`"
        yield f"- **Confirmed**: {entry.confirmed}"
    elif entry.kind == "statline":
        yield f"- **By hand**: {_link(entry.page)}open the table below, {entry.on_its_page}"
        yield f"- **Confirmed**: {entry.confirmed}"
        yield from ("", "| years | table |", "|---|---|")
        for table, years in entry.years_by_table.items():
            yield f"| {span_of(years) or 'all'} | [{table}]({STATLINE_PAGE.format(table=table)}) |"
    else:
        yield f"- **By hand**: download the file of a year into `{entry.folder}/`"
        yield f"- **Confirmed**: {entry.confirmed}"
        yield from ("", "| year | file | confirmed |", "|---|---|---|")
        for each in entry.files:
            yield f"| {each.year} | {_link(each.page)}<{each.address}> | {each.confirmed} |"
        for year, advice in entry.absent.items():
            yield f"| {year} | none: {advice} | |"
        if not entry.files:
            yield f"| each | <{entry.address}> | {entry.confirmed} |"


def _link(page: str) -> str:
    """Return a link to the page where a person finds it, if one is known."""
    return f"[its page]({page}): " if page else ""


def _size(size_bytes: int | None) -> str:
    """Print a size."""
    return "not recorded" if size_bytes is None else f"{size_bytes:,} bytes"
