"""One polite connection to StatLine: a request at a time, a pause between two, and patience when it is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from time import monotonic, sleep

import requests

from buurteffect import __version__
from buurteffect.errors import DownloadError
from buurteffect.sources.files.rawfile import shown
from buurteffect.sources.http.client import WEB_PAGE, Settings, retry_after_seconds, root_cause
from buurteffect.sources.http.partial_file import announced_length

PAGE_BYTES_LIMIT = 500_000_000
"""Largest body of one page; a page of 10,000 rows of the widest known table has about 40 million bytes."""

PAGE_SECONDS_LIMIT = 900.0
"""Longest time for one page: a server that sends a byte a minute is given up."""

_CHUNK_BYTES = 64 * 1024
_HEAD_BYTES = 2_000
_LATER = "run it again later: it goes on after the last whole page"
_MOVED = "look in a browser whether the table is still at this address; the publisher may have moved or withdrawn it"
_FEWER = "ask for the table by the route without a limit, the feed, or for one gemeente at a time"
_SAID = re.compile(r'"value"\s*:\s*"([^"\\]{1,300})')
_LIMIT = re.compile(r"more than 10[.,]?000|10[.,]?000 (?:records|rows)")


_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""Answers that speak of the whole server rather than of the route by which it was asked."""


class RefusedError(DownloadError):
    """A page that could not be had.

    Attributes
    ----------
    tried, last, advice : str
        What was asked for and how often, what came of it, and what a person can do.
    by_the_route : bool
        Whether it may be this route alone that refuses, so that another is worth asking.
    absent : bool
        Whether the answer was that there is nothing at the address.
    """

    def __init__(
        self, what: str, tried: str, last: str, advice: str, *, by_the_route: bool = False, absent: bool = False
    ) -> None:
        """Say what could not be fetched."""
        super().__init__(
            f"{what} could not be fetched\n  tried: {tried}\n  last:  {last}\n  to do: {advice}",
        )
        self.tried, self.last, self.advice = tried, last, advice
        self.by_the_route, self.absent = by_the_route, absent


class _AttemptError(Exception):
    """One try failed."""

    def __init__(
        self,
        last: str,
        *,
        again: bool,
        wait_seconds: float = 0.0,
        advice: str = _LATER,
        by_the_route: bool = False,
        absent: bool = False,
    ) -> None:
        """Say what happened, whether and when to try again, and what a person can do."""
        super().__init__(last)
        self.again, self.wait_seconds, self.advice = again, wait_seconds, advice
        self.by_the_route, self.absent = by_the_route, absent


class Connection:
    """A session that asks for pages one after the other.

    Parameters
    ----------
    what : str
        What is fetched, for errors.
    settings : Settings
        How hard to try.
    pause_seconds : float
        Shortest time between the end of one request and the start of the next.
    """

    def __init__(self, what: str, settings: Settings, pause_seconds: float) -> None:
        self.what, self.settings, self.pause_seconds = what, settings, pause_seconds
        self._ended: float | None = None
        self._session = requests.Session()
        self._session.headers.update(
            {
                "User-Agent": f"buurteffect/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
            }
        )

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def get(self, address: str) -> bytes:
        """Return the whole body at an address.

        An answer of 429 or 5xx, a connection that fails and a body that is cut are tried again, after the time
        that the server names or one that doubles. Redirects are not followed: they could lead anywhere.

        Raises
        ------
        RefusedError
            If the page cannot be had.
        """
        for attempt in range(1, self.settings.tries + 1):
            try:
                return self._try_once(address)
            except _AttemptError as error:
                failure = error
            except requests.RequestException as error:
                failure = self._explain(error)
            if not failure.again or attempt == self.settings.tries:
                break
            sleep(max(failure.wait_seconds, self.settings.back_off_seconds * 2 ** (attempt - 1)))
        times = "once" if attempt == 1 else f"{attempt} times"
        raise RefusedError(
            self.what,
            f"{address} ({times})",
            str(failure),
            failure.advice,
            by_the_route=failure.by_the_route,
            absent=failure.absent,
        )

    def _try_once(self, address: str) -> bytes:
        """Return the body, after the pause that is due."""
        if self._ended is not None:
            sleep(max(0.0, self._ended + self.pause_seconds - monotonic()))
        try:
            with self._ask(address) as response:
                _check_answer(response)
                body = _read(response)
            if self.settings.advance:
                self.settings.advance(len(body))
            return body
        finally:
            self._ended = monotonic()

    @contextmanager
    def _ask(self, address: str) -> Iterator[requests.Response]:
        """Yield the answer to one request."""
        try:
            response = self._session.get(
                address, stream=True, timeout=self.settings.timeout_seconds, allow_redirects=False
            )
        except requests.RequestException:
            raise
        except ValueError as error:
            raise _AttemptError(
                f"the address cannot be asked for: {shown(error)}", again=False, advice=_MOVED
            ) from None
        with response:
            yield response

    def _explain(self, error: requests.RequestException) -> _AttemptError:
        """Put an error of the network in words of one line."""
        root, (connect, read) = root_cause(error), self.settings.timeout_seconds
        network = requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError
        advice = f"see that this machine has a network and its proxy, if it names one, is right; then {_LATER}"
        if isinstance(error, requests.ConnectTimeout):
            said = f"no connection within {connect:g} s"
        elif isinstance(root, TimeoutError) or type(root).__name__ == "ReadTimeoutError":
            said = f"no bytes came for {read:g} s"
        elif isinstance(error, requests.exceptions.ChunkedEncodingError):
            said = "the connection was cut in the middle of a page"
        else:
            said = f"the connection failed: {getattr(root, 'strerror', None) or str(root) or type(root).__name__}"
        return _AttemptError(said, again=isinstance(error, network), advice=advice)


def _check_answer(response: requests.Response) -> None:
    """Refuse an answer that cannot be a page."""
    status, headers = response.status_code, response.headers
    if status != HTTPStatus.OK:
        raise _status_error(response)
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml"):
        said = WEB_PAGE.replace("the file", "the data")
        raise _AttemptError(said, again=False, advice=_MOVED, by_the_route=True)
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _AttemptError(
            f"the server sent it encoded as {shown(headers['Content-Encoding'])}, which was not asked for", again=False
        )
    length = announced_length(headers)
    if length is not None and length > PAGE_BYTES_LIMIT:
        raise _too_large(length)
    if length is None and "chunked" not in headers.get("Transfer-Encoding", ""):
        raise _AttemptError("the server does not say how long the page is, so a cut could not be seen", again=False)


def _read(response: requests.Response) -> bytes:
    """Return a body, within the limits of size and time."""
    length, pieces, received = announced_length(response.headers), [], 0
    end = monotonic() + PAGE_SECONDS_LIMIT
    for piece in response.iter_content(_CHUNK_BYTES):
        pieces.append(piece)
        received += len(piece)
        if received > PAGE_BYTES_LIMIT:
            raise _too_large(received)
        if monotonic() > end:
            raise _AttemptError(f"the page was not whole after {PAGE_SECONDS_LIMIT:g} s", again=False)
    # urllib3 sees this itself from version 2 on.
    if length is not None and received != length:
        raise _AttemptError(f"{received} bytes came where {length} were announced", again=True)
    return b"".join(pieces)


def _status_error(response: requests.Response) -> _AttemptError:
    """Return what an answer without a page means."""
    status = response.status_code
    phrase = HTTPStatus(status).phrase if status in list(HTTPStatus) else "no known status"
    last = f"the server answered {status} ({phrase})"
    if response.is_redirect or response.is_permanent_redirect:
        target = shown(response.headers.get("Location", ""), 200)
        return _AttemptError(f"{last} and names {target}, which is not followed", again=False, advice=_MOVED)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _AttemptError(last, again=True, wait_seconds=retry_after_seconds(response.headers))
    by_the_route = status not in _BUSY
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        head = next(response.iter_content(_HEAD_BYTES), b"").decode("utf-8", "replace")
        if _LIMIT.search(head):
            last += ": the query has more rows than this route gives"
            return _AttemptError(last, again=False, advice=_FEWER, by_the_route=True)
        if said := _SAID.search(head):
            last += f": {shown(said[1], 160)}"
        wait = retry_after_seconds(response.headers)
        return _AttemptError(last, again=True, wait_seconds=wait, by_the_route=by_the_route)
    absent = status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
    return _AttemptError(last, again=False, advice=_MOVED, by_the_route=by_the_route, absent=absent)


def _too_large(size_bytes: int) -> _AttemptError:
    """Return the refusal of a page beyond the limit."""
    return _AttemptError(
        f"{size_bytes} bytes are more than the {PAGE_BYTES_LIMIT} that a page may have", again=False, advice=_MOVED
    )
