"""Every address asked for its head, and what came of it as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from buurteffect.errors import DownloadError
from buurteffect.sources.download.jobs import Errand
from buurteffect.sources.download.progress import printed
from buurteffect.sources.http.heads import Head, first_answer

TIMEOUT_SECONDS = (10.0, 30.0)


def check_addresses(
    errands: Sequence[Errand],
    say: Callable[[str], None] = print,
    timeout_seconds: tuple[float, float] = TIMEOUT_SECONDS,
) -> None:
    """Ask the address of every errand for its head, and say which answers.

    Parameters
    ----------
    errands : sequence of Errand
        What would be fetched. Of one with several addresses, the first that answers is told.
    say : callable
        Takes a line or two per errand.
    timeout_seconds : tuple of float
        Longest wait for a connection, and for an answer.

    Raises
    ------
    DownloadError
        If one that is fetched by default does not answer.
    """
    silent, failed = 0, []
    for errand in errands:
        if not errand.addresses:
            say(f"by hand    {errand.name}")
            continue
        head = first_answer(errand.addresses, timeout_seconds)
        mark = "  [fetched by default]" if errand.needed else ""
        say(f"{'answers' if head.answers else 'NO':<10} {errand.name}: {_said(head, errand.sized)}{mark}")
        say(f"           {head.address}")
        silent += not head.answers
        failed += [errand.name] if errand.needed and not head.answers else []
    say(f"{silent} of {len(errands)} do not answer" if silent else "all that have an address answer")
    if failed:
        raise DownloadError(
            f"what is fetched by default does not answer: {', '.join(failed)}\n"
            "  to do: see that this machine has a network and try again later; if it stays so, the publisher has moved "
            "it: look on the page that docs/data.md names, and put the new address into data/raw/sources.toml, or "
            "download the file by hand and run make reports SOURCE=open OPEN_DATA=folder"
        )


def _said(head: Head, sized: bool) -> str:
    """Print what a head says; the size of an answer that is not the file itself says nothing."""
    size = printed(head.size_bytes) if sized and head.size_bytes is not None else ""
    if sized and head.answers and not size:
        size = "size not told"
    return ", ".join(part for part in (head.said, size, head.date or "") if part)
