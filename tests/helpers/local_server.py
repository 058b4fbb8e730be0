"""A web server on this machine that answers as told: whole, cut, late, wrong or not at all."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Answer = Callable[["Handler"], None]


@dataclass
class LocalServer:
    """Serves `body` at every path, and remembers the headers of every request.

    `answers` are given to the first requests, one each; `otherwise` to all that follow. `heads` answers HEAD.
    """

    body: bytes
    etag: str | None = '"first"'
    last_modified: str | None = "Wed, 01 Jan 2025 12:00:00 GMT"
    answers: list[Answer] = field(default_factory=list)
    otherwise: Answer | None = None
    heads: Answer = lambda handler: status(501)(handler)
    requests: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> LocalServer:
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), type("Bound", (Handler,), {"told": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def address(self, name: str = "scores.zip") -> str:
        return f"http://127.0.0.1:{self._http.server_port}/{name}"

    def next_answer(self, handler: Handler) -> Answer:
        with self._lock:
            self.requests.append({"path": handler.path, **dict(handler.headers.items())})
            return self.answers.pop(0) if self.answers else self.otherwise or whole

    @property
    def ranges(self) -> list[str | None]:
        """The Range header of each request."""
        return [request.get("Range") for request in self.requests]


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing the server waits for its answers

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that hung up is no news
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told: LocalServer

    def do_GET(self) -> None:
        self.close_connection = True
        self.told.next_answer(self)(self)

    def do_HEAD(self) -> None:
        self.close_connection = True
        self.told.heads(self)

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def head(self, status: int, length: int | None, **headers: str | None) -> None:
        self.send_response(status)
        defaults = {"Content-Type": "application/zip", "Connection": "close"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in (defaults | named).items():
            if value is not None:
                self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def versions(self) -> dict[str, str | None]:
        return {"ETag": self.told.etag, "Last_Modified": self.told.last_modified}

    def range_start(self) -> int | None:
        """Return where the client wants to go on, if it asked and its version is still the one served."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if match is None or self.headers.get("If-Range") not in (
            None,
            self.told.etag,
            self.told.last_modified,
        ):
            return None
        return int(match[1])


def whole(handler: Handler) -> None:
    """Answer as a good server does, ranges included."""
    body, start = handler.told.body, handler.range_start()
    if start is None:
        handler.head(200, len(body), **handler.versions())
        handler.wfile.write(body)
    elif start >= len(body):
        handler.head(416, 0, Content_Range=f"bytes */{len(body)}", **handler.versions())
    else:
        span = f"bytes {start}-{len(body) - 1}/{len(body)}"
        handler.head(206, len(body) - start, Content_Range=span, **handler.versions())
        handler.wfile.write(body[start:])


def cut(after: int) -> Answer:
    """Announce what is asked for, send at most `after` bytes of it, and hang up."""

    def answer(handler: Handler) -> None:
        body, start = handler.told.body, handler.range_start() or 0
        span = f"bytes {start}-{len(body) - 1}/{len(body)}" if start else None
        handler.head(206 if start else 200, len(body) - start, Content_Range=span, **handler.versions())
        handler.wfile.write(body[start : start + after])

    return answer


def whole_without_ranges(handler: Handler) -> None:
    """Send everything, whatever was asked."""
    handler.head(200, len(handler.told.body), **handler.versions())
    handler.wfile.write(handler.told.body)


def wrong_length(difference: int) -> Answer:
    """Send everything, and announce more or fewer bytes."""

    def answer(handler: Handler) -> None:
        handler.head(200, len(handler.told.body) + difference, **handler.versions())
        handler.wfile.write(handler.told.body)

    return answer


def without_length(handler: Handler) -> None:
    """Send everything without saying how much it is: the end of the connection is the end of the file."""
    handler.head(200, None)
    handler.wfile.write(handler.told.body)


def chunked(*, cut_off: bool = False) -> Answer:
    """Send everything in chunks of 50,000 bytes, or hang up before the mark of the end."""

    def answer(handler: Handler) -> None:
        handler.head(200, None, Transfer_Encoding="chunked", **handler.versions())
        body = handler.told.body
        for start in range(0, len(body), 50_000):
            piece = body[start : start + 50_000]
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if not cut_off:
            handler.wfile.write(b"0\r\n\r\n")

    return answer


def status(code: int, **headers: str) -> Answer:
    """Answer with a status and a short web page."""

    def answer(handler: Handler) -> None:
        page = b"<html><body>no file here</body></html>"
        handler.head(code, len(page), **({"Content_Type": "text/html"} | headers))
        handler.wfile.write(page)

    return answer


def sending(content: bytes, code: int = 200, **headers: str | None) -> Answer:
    """Send something else than the body."""

    def answer(handler: Handler) -> None:
        handler.head(code, len(content), **headers)
        handler.wfile.write(content)

    return answer


def late(handler: Handler) -> None:
    """Announce the file and send nothing until the test is over."""
    handler.head(200, len(handler.told.body), **handler.versions())
    handler.wfile.write(handler.told.body[:70_000])
    handler.told.stopping.wait(10)


def silent(handler: Handler) -> None:
    """Take the request and say nothing until the test is over."""
    handler.told.stopping.wait(10)


def hang_up(_: Handler) -> None:
    """Close the connection without a word."""
