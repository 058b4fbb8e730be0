"""What an address says of itself: whether it answers, how large the file is and of which date, without its bytes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import requests

from buurteffect.sources.files.rawfile import shown
from buurteffect.sources.http.client import (
    HEAD_TIMEOUT_SECONDS,
    Client,
    RequestError,
    Settings,
    is_web_page,
    status_words,
)
from buurteffect.sources.http.partial_file import announced_length


@dataclass(frozen=True)
class Head:
    """What came of asking an address for its head: whether what is there can be the file, and the status in words.

    Size in bytes and date of the last change are None where the server does not tell them.
    """

    address: str
    answers: bool
    said: str
    size_bytes: int | None = None
    date: str | None = None


def first_answer(addresses: Iterable[str], timeout_seconds: tuple[float, float] = HEAD_TIMEOUT_SECONDS) -> Head:
    """Return what the first address says that answers, else what the first one says.

    ``HEAD`` is asked; a server that does not take it is asked for the first byte. Nothing is tried twice: whoever
    checks wants to see what is so.
    """
    refused = []
    with Client(Settings(tries=1, timeout_seconds=timeout_seconds)) as client:
        for address in addresses:
            head = _ask(client, address)
            if head.answers:
                return head
            refused.append(head)
    return refused[0]


def _ask(client: Client, address: str) -> Head:
    """Ask one address."""
    with suppress(RequestError):  # some servers hang up on it
        with client.ask(address, method="HEAD") as response:
            head = _head(address, response)
        if head.answers:
            return head
    try:
        with client.ask(address, {"Range": "bytes=0-0"}) as response:
            return _head(address, response)
    except RequestError as error:
        return Head(address, answers=False, said=f"no answer: {error}")


def _head(address: str, response: requests.Response) -> Head:
    """Return what one answer says."""
    status = response.status_code
    said, answers = f"{status} {status_words(status)}", status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)
    if answers and is_web_page(response):
        said, answers = f"{said}, but a web page instead of the file", False
    size = announced_length(response.headers) if status == HTTPStatus.OK else None
    if status == HTTPStatus.PARTIAL_CONTENT:
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
        size = announced_length({"Content-Length": total})
    date = response.headers.get("Last-Modified")
    return Head(address, answers, said, size if answers else None, shown(date, 40).strip("'") if date else None)
