"""One file over HTTP: asked for a few times, resumed where it was cut, refused if it cannot be the file."""

from __future__ import annotations

import re
from functools import partial
from http import HTTPStatus
from pathlib import Path

import requests
from tqdm import tqdm

from buurteffect.errors import DownloadError
from buurteffect.sources.http.client import Client, RequestError, Settings, TooLargeError
from buurteffect.sources.http.partial_file import PartialFile, Version, announced_length
from buurteffect.sources.registry import Source


def transfer(source: Source, part: PartialFile, settings: Settings) -> None:
    """Bring the whole of a source into its partial file, going on with what an earlier try left.

    Complete means that as many bytes came as the server announced; what they are is for the caller to check.
    A connection that fails, times out or is cut, and an answer of 5xx or 429, are tried again.

    Raises
    ------
    DownloadError
        If the file cannot be had. What has arrived stays if it can be of use.
    OSError
        If the partial file cannot be written.
    """
    with Client(settings) as client:
        try:
            return client.persist(source.address, partial(_try_once, client, source, part))
        except RequestError as error:
            raise refusal(
                source,
                "could not be fetched",
                tried=error.tried,
                last=str(error),
                to_do=f"{error.advice}. {by_hand(source, part.target)}",
            ) from None


def by_hand(source: Source, target: Path) -> str:
    """Say how to do without the download."""
    return (
        f"Without a network here, download {source.address} in a browser "
        + (f"(it stands on {source.page}) " if source.page else "")
        + f"and put the file at {target}, or "
        "read the open data from a folder of your own: make … OPEN_DATA=folder"
    )


def refusal(source: Source, headline: str, **rows: str) -> DownloadError:
    """Return the error about a source: a headline and one named row per fact."""
    width = max(map(len, rows)) + 1
    text = [f"{source.id} {headline}"]
    text += [f"  {name.replace('_', ' ') + ':':<{width}} {value}" for name, value in rows.items()]
    return DownloadError("\n".join(text))


def _try_once(client: Client, source: Source, part: PartialFile) -> None:
    """Ask for the rest of the file where there is a start, else for all of it."""
    version, offset = part.resumable(source.address), part.size_bytes
    if version is not None:
        # Resumable versions have a validator: without If-Range the rest could be that of another version.
        headers = {"Range": f"bytes={offset}-", "If-Range": str(version.validator)}
        with client.ask(source.address, headers) as response:
            if response.status_code == HTTPStatus.PARTIAL_CONTENT and _goes_on(response, version, offset):
                return _receive(client, response, source, part, offset)
            if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                if _is_all(response, version, offset):
                    return None
            elif response.status_code != HTTPStatus.PARTIAL_CONTENT:
                return _receive(client, response, source, part, 0)
    with client.ask(source.address) as response:
        return _receive(client, response, source, part, 0)


def _goes_on(response: requests.Response, version: Version, offset: int) -> bool:
    """Say whether a partial answer holds exactly the rest of the same version."""
    match = re.fullmatch(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", response.headers.get("Content-Range", ""))
    if match is None:
        return False
    first, last, total = map(int, match.groups())
    whole_rest = first == offset and last + 1 == total and version.total_bytes in (None, total)
    return (
        whole_rest
        and announced_length(response.headers) in (None, total - offset)
        and version.same_as(response.headers)
    )


def _is_all(response: requests.Response, version: Version, offset: int) -> bool:
    """Say whether the server refuses the rest because there is none: all bytes had come before."""
    ends_here = response.headers.get("Content-Range") == f"bytes */{offset}"
    return ends_here and version.total_bytes == offset and version.same_as(response.headers)


def _receive(client: Client, response: requests.Response, source: Source, part: PartialFile, offset: int) -> None:
    """Write an answer's body to the partial file, from its start or after what is there."""
    shows_a_cut = source.path.lower().endswith(".zip") or bool(source.sha256)
    total, pieces = client.body(response, "file", offset=offset, shows_a_cut=shows_a_cut)
    if not offset:
        part.start(Version.of(source.address, response))
    progress = client.settings.progress
    hide = None if progress is None else not progress
    try:
        with (
            part.path.open("ab") as file,
            tqdm(desc=source.id, total=total, initial=offset, unit="B", unit_scale=True, disable=hide) as bar,
        ):
            for piece in pieces:
                file.write(piece)
                bar.update(len(piece))
    except TooLargeError:
        part.discard()
        raise
