"""One file over HTTP: asked for a few times, resumed where it was cut, refused if it cannot be the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from time import sleep
from urllib.parse import urljoin, urlsplit

import requests
from tqdm import tqdm

from buurteffect import __version__
from buurteffect.errors import DownloadError, ProjectError
from buurteffect.sources.http.partial_file import Part, Version, announced_length
from buurteffect.sources.registry import Source

MAX_BYTES = 2_000_000_000
MAX_REDIRECTS = 5
RETRY_AFTER_CAP_SECONDS = 60.0
CHUNK_BYTES = 16 * 1024

WEB_PAGE = "a web page came instead of the file"
_OPEN_IT = "open the address in a browser: the site may be closed, ask for consent, or have moved the file"


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
        Is told of every piece of a file that came: how many bytes.
    """

    tries: int = 3
    back_off_seconds: float = 1.0
    timeout_seconds: tuple[float, float] = (10.0, 60.0)
    progress: bool | None = None
    advance: Callable[[int], None] | None = None

    def __post_init__(self) -> None:
        """Refuse a number of tries that asks for nothing."""
        if self.tries < 1:
            raise ProjectError(f"tries={self.tries}: a file has to be asked for at least once")


class AttemptError(Exception):
    """One try failed."""

    def __init__(
        self, last: str, *, again: bool = False, wait_seconds: float = 0.0, advice: str = "run it again later"
    ) -> None:
        """Say what happened, whether and when to try again, and what a person can do."""
        super().__init__(last)
        self.again, self.wait_seconds, self.advice = again, wait_seconds, advice


class CarefulSession(requests.Session):
    """A session that follows few redirects and never one from https to http."""

    def __init__(self) -> None:
        """Ask for the bytes as they are: a length or hash of something re-encoded would say nothing."""
        super().__init__()
        self.max_redirects = MAX_REDIRECTS
        self.headers.update({"User-Agent": f"buurteffect/{__version__}", "Accept-Encoding": "identity"})

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where an answer redirects to, unless that gives up encryption."""
        target: str | None = super().get_redirect_target(resp)
        if target and resp.url.startswith("https:"):
            scheme = urlsplit(urljoin(resp.url, target)).scheme
            if scheme != "https":
                resp.close()
                raise AttemptError(f"redirected from https to {scheme}, which is not followed", advice=_OPEN_IT)
        return target


def transfer(source: Source, part: Part, settings: Settings) -> None:
    """Bring the whole of a source into its part, going on with what an earlier try left.

    Complete means that as many bytes came as the server announced; what they are is for the caller to check.
    A connection that fails, times out or is cut, and an answer of 5xx or 429, are tried again.

    Raises
    ------
    DownloadError
        If the file cannot be had. What has arrived stays if it can be of use.
    OSError
        If the part cannot be written.
    """
    with CarefulSession() as session:
        for attempt in range(1, settings.tries + 1):
            try:
                return _try_once(session, source, part, settings)
            except AttemptError as error:
                failure = error
            except requests.RequestException as error:
                failure = _explain(error, part, settings)
            if not failure.again or attempt == settings.tries:
                break
            sleep(max(failure.wait_seconds, settings.back_off_seconds * 2 ** (attempt - 1)))
    times = "once" if attempt == 1 else f"{attempt} times"
    raise refusal(
        source,
        "could not be fetched",
        tried=f"{source.address} ({times})",
        last=str(failure),
        to_do=f"{failure.advice}. {by_hand(source, part.target)}",
    )


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


def _try_once(session: requests.Session, source: Source, part: Part, settings: Settings) -> None:
    """Ask for the rest of the file where there is a start, else for all of it."""
    version, offset = part.resumable(source.address), part.size_bytes
    if version is not None:
        with _ask(session, source, settings, version, offset) as response:
            if response.status_code == HTTPStatus.PARTIAL_CONTENT and _goes_on(response, version, offset):
                return _receive(response, source, part, offset, settings)
            if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                if _is_all(response, version, offset):
                    return None
            elif response.status_code != HTTPStatus.PARTIAL_CONTENT:
                return _receive(response, source, part, 0, settings)
    with _ask(session, source, settings) as response:
        return _receive(response, source, part, 0, settings)


@contextmanager
def _ask(
    session: requests.Session,
    source: Source,
    settings: Settings,
    version: Version | None = None,
    offset: int = 0,
) -> Iterator[requests.Response]:
    """Yield the answer to a request for a source, from `offset` on if it is still this version."""
    # Resumable versions have a validator: without If-Range the rest could be that of another version.
    headers = {"Range": f"bytes={offset}-", "If-Range": version.validator} if version else {}
    try:
        response = session.get(source.address, headers=headers, stream=True, timeout=settings.timeout_seconds)
    except ValueError as error:  # of requests too; a redirect to what is no address raises a bare one
        raise AttemptError(
            f"the address, or what it redirects to, cannot be asked for: {error}", advice=_OPEN_IT
        ) from None
    with response:
        yield response


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


def _receive(response: requests.Response, source: Source, part: Part, offset: int, settings: Settings) -> None:
    """Write an answer's body to the part, from its start or after what is there."""
    length = _check_answer(response, source, offset)
    if not offset:
        part.start(Version.of(source.address, response))
    total, received = None if length is None else offset + length, offset
    hide = None if settings.progress is None else not settings.progress
    with (
        part.path.open("ab") as file,
        tqdm(desc=source.id, total=total, initial=offset, unit="B", unit_scale=True, disable=hide) as bar,
    ):
        for chunk in response.iter_content(CHUNK_BYTES):
            received += len(chunk)
            if received > MAX_BYTES:
                break
            file.write(chunk)
            bar.update(len(chunk))
            if settings.advance:
                settings.advance(len(chunk))
    if received > MAX_BYTES:
        part.discard()
        raise _too_large(received)
    if total is not None and received != total:
        raise AttemptError(f"{received} bytes came where {total} were announced", again=True)


def _check_answer(response: requests.Response, source: Source, offset: int) -> int | None:
    """Return the length an answer announces, if the answer can be the file."""
    status, headers = response.status_code, response.headers
    if status != (HTTPStatus.PARTIAL_CONTENT if offset else HTTPStatus.OK):
        raise _status_error(response)
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() in (
        "text/html",
        "application/xhtml+xml",
    ):
        raise AttemptError(WEB_PAGE, advice=_OPEN_IT)
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise AttemptError(f"the server sent it encoded as {headers['Content-Encoding']!r}, which was not asked for")
    length = announced_length(headers)
    if length is not None and offset + length > MAX_BYTES:
        raise _too_large(offset + length)
    # A zip and a recorded hash show a cut by themselves; a chunked body ends in a mark.
    shows_a_cut = (
        source.path.lower().endswith(".zip") or source.sha256 or "chunked" in headers.get("Transfer-Encoding", "")
    )
    if length is None and not shows_a_cut:
        raise AttemptError("the server does not say how long the file is, so a cut could not be seen")
    return length


def _status_error(response: requests.Response) -> AttemptError:
    """Return what an answer without the file means."""
    status = response.status_code
    phrase = HTTPStatus(status).phrase if status in list(HTTPStatus) else "no known status"
    last = f"the server answered {status} ({phrase})"
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return AttemptError(last, again=True, wait_seconds=retry_after_seconds(response.headers))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return AttemptError(last, advice="the server may refuse programs: download it in a browser")
    return AttemptError(
        last,
        advice="the publisher may have moved the file: look for its new address and put it in data/raw/sources.toml",
    )


def retry_after_seconds(headers: Mapping[str, str]) -> float:
    """Return how long the server asks to wait, in seconds or until a date, up to the cap."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+", value):
        return min(float(value), RETRY_AFTER_CAP_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), RETRY_AFTER_CAP_SECONDS)


def _too_large(size_bytes: int) -> AttemptError:
    """Return the refusal of a file beyond the limit."""
    return AttemptError(f"{size_bytes} bytes are more than the {MAX_BYTES} that a source may have", advice=_OPEN_IT)


def _explain(error: requests.RequestException, part: Part, settings: Settings) -> AttemptError:
    """Put an error of the network in words of one line."""
    root = root_cause(error)
    connect, read = settings.timeout_seconds
    again = isinstance(error, (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError))
    advice = "see that this machine has a network and its proxy, if it names one, is right; then run it again"
    if isinstance(error, requests.ConnectTimeout):
        return AttemptError(f"no connection within {connect:g} s", again=True, advice=advice)
    if isinstance(error, requests.TooManyRedirects):
        return AttemptError(f"redirected more than {MAX_REDIRECTS} times", advice=_OPEN_IT)
    if isinstance(root, TimeoutError) or type(root).__name__ == "ReadTimeoutError":
        return AttemptError(f"no bytes came for {read:g} s", again=True, advice=advice)
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return AttemptError(f"the connection was cut after {_so_far(part)}", again=True, advice=advice)
    said = getattr(root, "strerror", None) or str(root) or type(root).__name__
    return AttemptError(f"the connection failed: {said}", again=again, advice=advice)


def _so_far(part: Part) -> str:
    """Say how much of the file has arrived."""
    version = part.version()
    total = version.total_bytes if version else None
    return f"{part.size_bytes} bytes" + (f" of {total}" if total else "")


def root_cause(error: BaseException) -> BaseException:
    """Return the innermost error that the network libraries wrapped."""
    wrapped = getattr(error, "reason", None)
    candidates = [wrapped, *error.args, error.__cause__]
    inner = next((c for c in candidates if isinstance(c, BaseException)), None)
    return error if inner is None else root_cause(inner)
