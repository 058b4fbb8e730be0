"""What an address says of itself: whether it answers, how large the file is and of which date, without its bytes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import requests

from buurteffect.sources.files.rawfile import shown
from buurteffect.sources.http.client import AttemptError, CarefulSession, root_cause
from buurteffect.sources.http.partial_file import announced_length

_THERE = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)
_PAGES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True)
class Head:
    """What came of asking an address for its head.

    Parameters
    ----------
    address : str
        Which.
    answers : bool
        Whether what is there can be the file.
    said : str
        The status in words, or why none came.
    size_bytes : int or None
        Size of the file, where it is told.
    date : str or None
        When it was last changed, as the server writes it.
    """

    address: str
    answers: bool
    said: str
    size_bytes: int | None = None
    date: str | None = None


def first_answer(addresses: Iterable[str], timeout_seconds: tuple[float, float]) -> Head:
    """Return what the first address says that answers, else what the first one says.

    ``HEAD`` is asked; a server that does not take it is asked for the first byte. Nothing is tried twice: whoever
    checks wants to see what is so.
    """
    refused = []
    with CarefulSession() as session:
        for address in addresses:
            head = _ask(session, address, timeout_seconds)
            if head.answers:
                return head
            refused.append(head)
    return refused[0]


def _ask(session: requests.Session, address: str, timeout_seconds: tuple[float, float]) -> Head:
    """Ask one address."""
    try:
        with suppress(requests.RequestException):  # some servers hang up on it
            with session.head(address, timeout=timeout_seconds, allow_redirects=True) as response:
                head = _head(address, response)
            if head.answers:
                return head
        first = {"Range": "bytes=0-0"}
        with session.get(address, headers=first, stream=True, timeout=timeout_seconds) as response:
            return _head(address, response)
    except (requests.RequestException, AttemptError, ValueError) as error:
        root = root_cause(error)
        words = getattr(root, "strerror", None) or str(root) or type(root).__name__
        return Head(address, answers=False, said=f"no answer: {shown(words, 120)}")


def _head(address: str, response: requests.Response) -> Head:
    """Return what one answer says."""
    status = response.status_code
    phrase = HTTPStatus(status).phrase if status in list(HTTPStatus) else "no known status"
    said, answers = f"{status} {phrase}", status in _THERE
    if answers and response.headers.get("Content-Type", "").partition(";")[0].strip().lower() in _PAGES:
        said, answers = f"{said}, but a web page instead of the file", False
    size = announced_length(response.headers) if status == HTTPStatus.OK else None
    if status == HTTPStatus.PARTIAL_CONTENT:
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
        size = int(total) if total.isascii() and total.isdigit() and len(total) < 19 else None
    date = response.headers.get("Last-Modified")
    return Head(address, answers, said, size if answers else None, shown(date, 40).strip("'") if date else None)
