"""What can be fetched, as text: from whom and on which terms, how large it is and whether it is here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from buurteffect.sources.download.catalogue import Offer
from buurteffect.sources.registry import FETCHED_NAME, Source, read_records

_UNKNOWN = "size not known before it has come"


def listed(sources: Iterable[Source], offers: Iterable[Offer], folder: Path) -> str:
    """Return what can be fetched, as text.

    Parameters
    ----------
    sources : iterable of Source
        The files of the registry.
    offers : iterable of Offer
        Its groups.
    folder : Path
        The folder of the open data, in which is looked for what is there already.

    Raises
    ------
    DataError
        If the record of what was fetched is damaged.
    """
    records = read_records(folder / FETCHED_NAME)
    lines = []
    for source in sources:
        record = records.get(source.id)
        size = source.size_bytes or (record.size_bytes if record else None)
        lines += [
            f"{source.id}: {source.title}" + ("  [fetched by default]" if source.needed else "  [not fetched by name]"),
            f"    {source.publisher}; licence {source.licence}; {_size(size)}; {_state(folder / source.path)}",
            f"    {source.address}",
        ]
    for offer in offers:
        lines += ["", f"{offer.name}: {offer.title}  [{_request(offer)}]"]
        lines += [f"    {offer.publisher}; licence {offer.licence}", *(f"    {row}" for row in _rows(offer, folder))]
    return "\n".join(lines)


def _request(offer: Offer) -> str:
    """Return how a group is asked for."""
    words = f"TABLES={offer.name}"
    if offer.yearly:
        words += f" YEARS={offer.years[0]}-{offer.years[-1]}" if offer.years else " YEARS=2020-2022"
    return f"{words} GEMEENTE=GM0599" if offer.by_gemeente else words


def _rows(offer: Offer, folder: Path) -> Iterator[str]:
    """Yield a line per table or file of a group."""
    home = folder / offer.folder
    if offer.kind == "by_hand":
        yield f"by hand: {offer.by_hand}; {_there(home.glob('*'))}"
    elif offer.files:
        for each in offer.files:
            yield f"{each.year}  {each.address}; {_there([home / each.file])}"
    elif offer.kind == "files":
        yield f"{offer.address}; {_there(home.glob(offer.file.replace('{year}', '*')))}"
    for table_id, years in offer.years_by_table.items():
        found = home.glob(f"*{table_id}*.zip") if offer.packed else home.glob(f"{table_id}/*/*.json")
        yield f"{span_of(years) or '-'}  {table_id}  {_there(found)}"


def span_of(years: Sequence[int]) -> str:
    """Print the years of one table.

    Examples
    --------
    >>> span_of((2009, 2010, 2011)), span_of((2019,)), span_of(())
    ('2009-2011', '2019', '')
    """
    return "-".join(map(str, sorted({years[0], years[-1]}))) if years else ""


def _there(paths: Iterable[Path]) -> str:
    """Say what is there of one table or file, and how large it is."""
    files = sorted(path for path in paths if path.is_file() and not path.name.startswith("."))
    if not files:
        return f"not here; {_UNKNOWN}"
    size = sum(path.stat().st_size for path in files)
    return f"here: {', '.join(path.name for path in files[:3])}{' …' if len(files) > 3 else ''}; {_size(size)}"


def _state(path: Path) -> str:
    """Say whether a file is there."""
    return "here" if path.exists() else "not here"


def _size(size_bytes: int | None) -> str:
    """Print a size."""
    return _UNKNOWN if size_bytes is None else f"{size_bytes:,} bytes"
