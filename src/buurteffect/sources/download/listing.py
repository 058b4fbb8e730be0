"""What can be fetched, as text: from whom and on which terms, how large it is and whether it is here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from buurteffect.sources.download.catalogue import CatalogueEntry, span_of
from buurteffect.sources.registry import FETCHED_NAME, Source, read_records

_UNKNOWN = "size not known before it has come"


def listed(sources: Iterable[Source], entries: Iterable[CatalogueEntry], folder: Path) -> str:
    """Return what can be fetched, as text.

    Raises
    ------
    DataError
        If the record of what was fetched is damaged.
    """
    records = read_records(folder / FETCHED_NAME)
    lines = []
    for source in sources:
        record = records.get(source.id)
        here = "here" if (folder / source.path).exists() else "not here"
        size = source.size_bytes or (record.size_bytes if record else None)
        lines += [
            f"{source.id}: {source.title}" + ("  [fetched by default]" if source.needed else "  [not fetched by name]"),
            f"    {source.publisher}; licence {source.licence}; {_size(size)}; {here}",
            f"    {source.address}",
        ]
    for entry in entries:
        lines += ["", f"{entry.name}: {entry.title}  [{_request(entry)}]"]
        lines += [f"    {entry.publisher}; licence {entry.licence}", *(f"    {row}" for row in _rows(entry, folder))]
    return "\n".join(lines)


def _request(entry: CatalogueEntry) -> str:
    """Return how a group is asked for."""
    words = f"TABLES={entry.name}"
    if entry.yearly:
        words += f" YEARS={entry.years[0]}-{entry.years[-1]}" if entry.years else " YEARS=2020-2022"
    return f"{words} GEMEENTE=GM0599" if entry.by_gemeente else words


def _rows(entry: CatalogueEntry, folder: Path) -> Iterator[str]:
    """Yield a line per table or file of a group."""
    home = folder / entry.folder
    if entry.kind == "by_hand":
        yield f"by hand: {entry.by_hand}; {_there(home.glob('*'))}"
    elif entry.files:
        for each in entry.files:
            yield f"{each.year}  {each.address}; {_there([home / each.file])}"
    elif entry.kind == "files":
        yield f"{entry.address}; {_there(home.glob(entry.file.replace('{year}', '*')))}"
    for table_id, years in entry.years_by_table.items():
        found = home.glob(f"*{table_id}*.zip") if entry.packed else home.glob(f"{table_id}/*/*.json")
        yield f"{span_of(years) or '-'}  {table_id}  {_there(found)}"


def _there(paths: Iterable[Path]) -> str:
    """Say what is there of one table or file, and how large it is."""
    files = sorted(path for path in paths if path.is_file() and not path.name.startswith("."))
    if not files:
        return f"not here; {_UNKNOWN}"
    size = sum(path.stat().st_size for path in files)
    return f"here: {', '.join(path.name for path in files[:3])}{' …' if len(files) > 3 else ''}; {_size(size)}"


def _size(size_bytes: int | None) -> str:
    """Print a size."""
    return _UNKNOWN if size_bytes is None else f"{size_bytes:,} bytes"
