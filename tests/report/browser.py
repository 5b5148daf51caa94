"""A real browser for tests: Debian's chromium, headless, spoken to over a pipe with its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)


def chromium() -> str | None:
    """The browser's program, where it is installed."""
    return next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)


class Browser:
    """One tab of a browser with a profile of its own, which is deleted afterwards."""

    def __init__(self, timeout: float = 60) -> None:
        program = chromium()
        assert program is not None
        self.timeout = timeout
        self.events: list[dict[str, Any]] = []
        self._profile = tempfile.TemporaryDirectory(prefix="curate-browser-", ignore_cleanup_errors=True)
        ours, theirs = os.pipe(), os.pipe()

        # The browser reads from descriptor 3 and writes to 4.
        place = f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}'
        self._process = subprocess.Popen(
            ["bash", "-c", place, "bash", program, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"],
            pass_fds=(ours[0], theirs[1]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(ours[0])
        os.close(theirs[1])
        self._write, self._read = ours[1], theirs[0]
        self._buffer = b""
        self._number = 0
        os.set_blocking(self._read, False)
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(20)
        os.close(self._write)
        os.close(self._read)
        self._profile.cleanup()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one command."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            got = self._next()
            if got.get("id") == number:
                assert "error" not in got, got
                result: dict[str, Any] = got["result"]
                return result
            self.events.append(got)

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + self.timeout
        while b"\0" not in self._buffer:
            assert time.monotonic() < end, "the browser does not answer"
            try:
                part = os.read(self._read, 1 << 20)
                assert part, "the browser has ended"
                self._buffer += part
            except BlockingIOError:
                time.sleep(0.01)
        first, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(first)
        return found

    def wait(self, event: str) -> None:
        """Until the browser tells of `event`."""
        while not any(e.get("method") == event for e in self.events):
            self.events.append(self._next())

    def open(self, page: Path, *, width: int = 1200, dark: bool = False) -> None:
        """Load a file in a window of that width and theme."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.events.clear()
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.wait("Page.loadEventFired")

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives, as JSON."""
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    def frames(self, count: int) -> None:
        """Until the page has been drawn `count` times more."""
        for _ in range(count):
            self.value("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")

    def complaints(self) -> list[str]:
        """All that the console was told since the page was opened: errors, warnings, refusals of the policy."""
        self.value("new Promise(done => setTimeout(done, 100))")
        told = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
        return [json.dumps(e["params"])[:500] for e in self.events if e.get("method") in told]

    def requests(self) -> list[str]:
        """Every address that was asked for since the page was opened."""
        sent = [e for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return [e["params"]["request"]["url"] for e in sent]

    def picture(self, *, whole: bool = True) -> bytes:
        """A PNG of the page."""
        got = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole,
                        **({"clip": self._whole()} if whole else {}))  # fmt: skip
        return base64.b64decode(got["data"])

    def _whole(self) -> dict[str, float]:
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}

    def printed(self) -> bytes:
        """The page on paper, as PDF."""
        return base64.b64decode(self.call("Page.printToPDF")["data"])
