"""A headless Chromium that says what a page ran, asked for and looks like; skipped where there is none."""

from __future__ import annotations

import base64
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

_SAID = "hostile payload ran: "
_CALLED = f"""
for (const name of ["alert", "confirm", "prompt", "print"])
    window[name] = number => console.warn("{_SAID}" + number + ";");
"""
"""Put into each document before its own scripts: what a payload calls, it says to the browser's log."""
_TOUCH = """
addEventListener("click", event => {
    const link = event.target.closest && event.target.closest("a[href], area[href]");
    if (link && /^(https?|file|blob):/.test(link.protocol)) event.preventDefault();
}, true);
addEventListener("submit", event => event.preventDefault(), true);
for (const details of document.querySelectorAll("details")) details.open = true;
for (const element of document.querySelectorAll("*"))
    for (const kind of ["mouseover", "mouseenter", "pointerenter", "focus", "click", "toggle"])
        element.dispatchEvent(new MouseEvent(kind, {bubbles: kind !== "toggle", cancelable: true}));
"""
"""Touch all that a page holds, as a reader could."""


class PageServer:
    """Serve pages from memory on this machine, and note every address that is asked for.

    Attributes
    ----------
    pages : dict of str to str
        Path, such as ``/page.html``, to its HTML.
    asked : list of str
        Paths in the order in which they were asked for.
    """

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                found = outer.pages.get(self.path)
                body = (found or "not there").encode("utf-8", "surrogatepass")
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_HEAD = do_GET  # noqa: N815 (names that the standard library calls)

            def log_message(self, *args: Any) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> PageServer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Browser:
    """A Chromium under the control of a test."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self._command("Page.addScriptToEvaluateOnNewDocument", source=_CALLED)

    def open(self, address: str, width: int = 1100, height: int = 900) -> None:
        """Open a page at a width, as on a screen or phone; what was logged before is forgotten."""
        self._command("Emulation.setEmulatedMedia", media="")
        self._command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(address)

    def touch(self, patience: float = 0.4) -> None:
        """Open all folds, click, focus and point at everything, and give it time to do what it would."""
        time.sleep(patience / 2)
        self.script(_TOUCH)
        time.sleep(patience)

    def ran(self) -> list[str]:
        """Return the numbers of the payloads that ran since the page was opened, each once."""
        messages = [entry["message"] for entry in self.driver.get_log("browser")]
        found = {part.split(";")[0].rstrip('"') for text in messages for part in text.split(_SAID)[1:]}
        return sorted(found)

    def requests(self) -> list[str]:
        """Return the addresses that the browser asked for, or tried to, since the page was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith("data:")]

    def script(self, source: str, *arguments: Any) -> Any:
        """Run a test's own script, which the page's policy does not bind; return its value."""
        return self.driver.execute_script(source, *arguments)

    def violations(self, axe: str) -> list[str]:
        """Return what axe finds on the open page: rule, what it asks for and where."""
        self.script(axe)
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then(r => done(r.violations))"
        )
        return [
            f"{rule['id']}: {rule['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
            for rule in found
            for node in rule["nodes"]
        ]

    def paper(self) -> None:
        """Lay the open page out as on A4 paper with margins of 1 cm."""
        self._command("Emulation.setEmulatedMedia", media="print")
        self._command("Emulation.setDeviceMetricsOverride", width=718, height=1047, deviceScaleFactor=1, mobile=False)

    def pdf(self) -> bytes:
        """Print the open page, with its backgrounds."""
        printed = self._command(
            "Page.printToPDF", printBackground=True, paperWidth=8.27, paperHeight=11.69,
            marginTop=0.39, marginBottom=0.39, marginLeft=0.39, marginRight=0.39,
        )  # fmt: skip
        return base64.b64decode(printed["data"])

    def _command(self, name: str, **options: Any) -> Mapping[str, Any]:
        """Send a command of the developer tools."""
        answer: Mapping[str, Any] = self.driver.execute_cdp_cmd(name, options)
        return answer


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """Run a Chromium that keeps its files in `folder` and reaches no other machine; skip where there is none."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver_file = shutil.which("chromedriver")
    if not binary or not driver_file:
        pytest.skip("no chromium and chromedriver here (on Debian: packages chromium and chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed (make setup installs it)")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in (
        "--headless=new",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-extensions",
        "--disable-sync",
        "--no-first-run",
        "--hide-scrollbars",
        "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--user-data-dir={folder}",
    ):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    service = webdriver.ChromeService(executable_path=driver_file)
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
