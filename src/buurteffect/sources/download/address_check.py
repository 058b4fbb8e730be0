"""Every address asked for its head, and what came of it as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from buurteffect.errors import DownloadError
from buurteffect.sources.download.jobs import DownloadJob
from buurteffect.sources.download.progress import printed
from buurteffect.sources.http.heads import Head, first_answer


def check_addresses(jobs: Sequence[DownloadJob], say: Callable[[str], None] = print) -> None:
    """Ask the address of every job for its head, and say which answers.

    Of a job with several addresses, the first that answers is told. `say` takes a line or two per job.

    Raises
    ------
    DownloadError
        If one that is fetched by default does not answer.
    """
    silent, failed = 0, []
    for job in jobs:
        if not job.addresses:
            say(f"by hand    {job.name}")
            continue
        head = first_answer(job.addresses)
        mark = "  [fetched by default]" if job.needed else ""
        say(f"{'answers' if head.answers else 'NO':<10} {job.name}: {_said(head, job.sized)}{mark}")
        say(f"           {head.address}")
        silent += not head.answers
        failed += [job.name] if job.needed and not head.answers else []
    say(f"{silent} of {len(jobs)} do not answer" if silent else "all that have an address answer")
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
