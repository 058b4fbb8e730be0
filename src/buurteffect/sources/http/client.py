"""The one HTTP client: what it asks, how often, up to which size and time, and its errors in words of one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from math import inf
from time import monotonic, sleep
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from buurteffect import __version__
from buurteffect.errors import ProjectError
from buurteffect.sources.files.rawfile import shown
from buurteffect.sources.http.partial_file import announced_length

Kind = Literal["file", "page"]
_Answer = TypeVar("_Answer")

MAX_REDIRECTS = 5
TIMEOUT_SECONDS = (10.0, 60.0)
HEAD_TIMEOUT_SECONDS = (10.0, 30.0)
RETRY_AFTER_CAP_SECONDS = 60
WEB_PAGE = "a web page came instead of the file"
LATER = "run it again later: what has come is kept, and it goes on from there"
_OPEN_IT = "open the address in a browser: the site may be closed, ask for consent, or have moved the file"
_MOVED = "the publisher may have moved or withdrawn it: look for its new address and put it in data/raw/sources.toml"
_NETWORK = f"see that this machine has a network and its proxy, if it names one, is right; then {LATER}"
_NETWORK_ERRORS = (requests.ConnectionError, requests.Timeout, ChunkedEncodingError)
_CHUNK_BYTES = 16 * 1024


@dataclass(frozen=True)
class Limits:
    """The largest body that is taken, and the longest time for it: a server that sends a byte a minute is given up."""

    size_bytes: int
    seconds: float = inf


LIMITS: dict[Kind, Limits] = {"file": Limits(2_000_000_000), "page": Limits(500_000_000, 900.0)}
"""Of a file, and of one page of a table; 10,000 rows of the widest known table have about 40 million bytes."""


@dataclass(frozen=True)
class Settings:
    """How hard to try.

    Parameters
    ----------
    tries : int
        How often a file is asked for.
    back_off_seconds : float
        Wait after the first failed try; it doubles after each.
    timeout_seconds : tuple of float
        Longest wait for a connection, and for the next bytes.
    progress : bool or None
        Whether to draw a bar on stderr; None draws it where stderr is a terminal.
    advance : callable, optional
        Is told of every piece that came: how many bytes.

    Raises
    ------
    ProjectError
        If `tries` is below 1.
    """

    tries: int = 3
    back_off_seconds: float = 1.0
    timeout_seconds: tuple[float, float] = TIMEOUT_SECONDS
    progress: bool | None = None
    advance: Callable[[int], None] | None = None

    def __post_init__(self) -> None:
        if self.tries < 1:
            raise ProjectError(f"tries={self.tries}: a file has to be asked for at least once")


class RequestError(Exception):
    """A request failed: what happened, whether to try again at once, and what a person can do.

    `status` is that of the answer, where it was refused; `tried` says which address was asked for, and how often.
    """

    tried = ""

    def __init__(self, last: str, *, again: bool = False, advice: str = LATER, status: int | None = None) -> None:
        super().__init__(last)
        self.again, self.advice, self.status = again, advice, status


class TooLargeError(RequestError):
    """A body is larger than is taken."""


class _Patience(Retry):
    """Tries that are left; the wait before each doubles, and is as long as the server asks for, up to a cap."""

    def increment(self, *args: Any, **kwargs: Any) -> Self:
        """Return one try less; the body of the answer that costs it is not read, since it may have no end."""
        left = super().increment(*args, **kwargs)
        if kwargs.get("response"):
            kwargs["response"].close()
        return left

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Wait before the next try."""
        asked = None
        with suppress(InvalidHeader, ValueError):
            asked = None if response is None else self.get_retry_after(response)
        sleep(max(min(asked or 0.0, RETRY_AFTER_CAP_SECONDS), self.backoff_factor * 2 ** (len(self.history) - 1)))


class Client(requests.Session):
    """A session that asks for one thing at a time.

    Bytes are asked for as they are: a length or hash of something re-encoded would say nothing. Proxies that the
    environment names are used. Few redirects are followed, and never one from https to another scheme.

    Parameters
    ----------
    settings : Settings
        How hard to try.
    follow : bool
        Whether redirects are followed at all.
    pause_seconds : float
        Shortest time between the end of one request and the start of the next.
    """

    def __init__(self, settings: Settings, *, follow: bool = True, pause_seconds: float = 0.0) -> None:
        super().__init__()
        self.settings, self.follow, self.pause_seconds = settings, follow, pause_seconds
        self.max_redirects = MAX_REDIRECTS
        self.headers.update({"User-Agent": f"buurteffect/{__version__}", "Accept-Encoding": "identity"})
        self._all = self._left = _Patience(
            settings.tries - 1,
            # An answer of 500 is left to the caller: its body may say that asking again cannot help.
            status_forcelist=(HTTPStatus.TOO_MANY_REQUESTS, *range(501, 600)),
            backoff_factor=max(settings.back_off_seconds, pause_seconds),
            raise_on_status=False,
        )
        self._adapter = HTTPAdapter()
        self.mount("https://", self._adapter)
        self.mount("http://", self._adapter)
        self._ended: float | None = None

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where an answer redirects to, unless that gives up encryption."""
        target: str | None = super().get_redirect_target(resp)
        if target and resp.url.startswith("https:"):
            scheme = urlsplit(urljoin(resp.url, target)).scheme
            if scheme != "https":
                resp.close()
                raise RequestError(f"redirected from https to {scheme}, which is not followed", advice=_OPEN_IT)
        return target

    def persist(self, address: str, once: Callable[[], _Answer]) -> _Answer:
        """Return what a function that asks returns, called again while its errors allow and tries are left.

        Raises
        ------
        RequestError
            That of the last try.
        """
        self._left = self._all
        while True:
            try:
                return once()
            except RequestError as error:
                if not error.again or not self._left.total:
                    tries = self.settings.tries - int(self._left.total or 0)
                    error.tried = f"{address} ({'once' if tries == 1 else f'{tries} times'})"
                    raise
                self._left = self._left.increment("GET", error=error)
            self._left.sleep()

    @contextmanager
    def ask(
        self, address: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> Iterator[requests.Response]:
        """Yield the answer to a request, its body still to come.

        A connection that fails or times out, and an answer of 429 or above 500, use up the tries that are left.

        Raises
        ------
        RequestError
            If no answer came.
        """
        if self.pause_seconds and self._ended is not None:
            sleep(max(0.0, self._ended + self.pause_seconds - monotonic()))
        self._adapter.max_retries = self._left
        try:
            with self._sent(address, headers, method) as response:
                if isinstance(response.raw.retries, _Patience):
                    self._left = response.raw.retries
                yield response
        finally:
            self._ended = monotonic()

    def _sent(self, address: str, headers: Mapping[str, str] | None, method: str) -> requests.Response:
        """Return the answer to a request."""
        wait, follow = self.settings.timeout_seconds, self.follow
        try:
            return self.request(method, address, headers=headers, stream=True, timeout=wait, allow_redirects=follow)
        except ValueError as error:  # of requests too; a redirect to what is no address raises a bare one
            said = f"the address, or what it redirects to, cannot be asked for: {shown(error)}"
            raise RequestError(said, advice=_OPEN_IT) from None
        except requests.RequestException as error:
            if isinstance(error, _NETWORK_ERRORS):
                self._left = self._left.new(total=0)
            raise self._explained(error) from None

    def body(
        self, response: requests.Response, kind: Kind, *, offset: int = 0, shows_a_cut: bool = False
    ) -> tuple[int | None, Iterator[bytes]]:
        """Return how many bytes there will be in all, where that is told, and the pieces of an answer's body.

        Parameters
        ----------
        response : Response
            The answer.
        kind : {"file", "page"}
            What it is, for its `LIMITS`.
        offset : int
            Number of bytes that came before: then only the rest is taken.
        shows_a_cut : bool
            Whether the content itself shows that its end is missing.

        Raises
        ------
        RequestError
            If the answer cannot be what was asked for; from the pieces, if they are cut off, too many or too slow.
        """
        headers, limits = response.headers, LIMITS[kind]
        if response.status_code != (HTTPStatus.PARTIAL_CONTENT if offset else HTTPStatus.OK):
            raise status_error(response)
        if is_web_page(response):
            raise RequestError(WEB_PAGE, advice=_OPEN_IT, status=response.status_code)
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            encoding = shown(headers["Content-Encoding"])
            raise RequestError(f"the server sent it encoded as {encoding}, which was not asked for")
        length = announced_length(headers)
        total = None if length is None else offset + length
        if total is not None and total > limits.size_bytes:
            raise _too_large(total, limits)
        # A chunked body ends in a mark.
        if total is None and not shows_a_cut and "chunked" not in headers.get("Transfer-Encoding", ""):
            raise RequestError("the server does not say how long it is, so a cut could not be seen")
        return total, self._pieces(response, limits, offset, total)

    def _pieces(self, response: requests.Response, limits: Limits, count: int, total: int | None) -> Iterator[bytes]:
        """Yield a body within the limits."""
        end = monotonic() + limits.seconds
        try:
            for piece in response.iter_content(_CHUNK_BYTES):
                count += len(piece)
                if count > limits.size_bytes:
                    raise _too_large(count, limits)
                if monotonic() > end:
                    raise RequestError(f"it was not whole after {limits.seconds:g} s")
                yield piece
                if self.settings.advance:
                    self.settings.advance(len(piece))
        except ChunkedEncodingError:  # fewer bytes than announced, too
            so_far = f"{count} bytes" + (f" of {total}" if total else "")
            raise RequestError(f"the connection was cut after {so_far}", again=True, advice=_NETWORK) from None
        except requests.RequestException as error:
            raise self._explained(error) from None

    def _explained(self, error: requests.RequestException) -> RequestError:
        """Put an error of the network in words of one line."""
        root = _root_cause(error)
        connect, read = self.settings.timeout_seconds
        if isinstance(error, requests.TooManyRedirects):
            return RequestError(f"redirected more than {MAX_REDIRECTS} times", advice=_OPEN_IT)
        if isinstance(error, requests.ConnectTimeout):
            said = f"no connection within {connect:g} s"
        elif isinstance(root, TimeoutError) or type(root).__name__ == "ReadTimeoutError":
            said = f"no bytes came for {read:g} s"
        else:
            said = f"the connection failed: {getattr(root, 'strerror', None) or str(root) or type(root).__name__}"
        return RequestError(said, again=isinstance(error, _NETWORK_ERRORS), advice=_NETWORK)


def status_words(status: int) -> str:
    """Return what a status is called.

    Examples
    --------
    >>> status_words(404), status_words(799)
    ('Not Found', 'no known status')
    """
    return HTTPStatus(status).phrase if status in list(HTTPStatus) else "no known status"


def is_web_page(response: requests.Response) -> bool:
    """Say whether an answer calls itself a web page."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml")


def status_error(response: requests.Response) -> RequestError:
    """Return what an answer without the content means."""
    status = response.status_code
    last = f"the server answered {status} ({status_words(status)})"
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return RequestError(last, again=True, status=status)
    if response.is_redirect:
        last += f" and names {shown(response.headers['Location'], 200)}, which is not followed"
    refused = status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    advice = "the server may refuse programs: download it in a browser" if refused else _MOVED
    return RequestError(last, advice=advice, status=status)


def _too_large(size_bytes: int, limits: Limits) -> TooLargeError:
    """Return the refusal of a body beyond the limit."""
    return TooLargeError(f"{size_bytes} bytes are more than the {limits.size_bytes} that it may have", advice=_OPEN_IT)


def _root_cause(error: BaseException) -> BaseException:
    """Return the innermost error that the network libraries wrapped."""
    candidates = [getattr(error, "reason", None), *error.args, error.__cause__]
    inner = next((c for c in candidates if isinstance(c, BaseException)), None)
    return error if inner is None else _root_cause(inner)
