"""Headless Chromium over its debugging pipe: pages from disk, questions to them, and pictures. One process for all of them."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--allow-file-access-from-files",
    "--remote-debugging-pipe",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """Chromium's path, where it is installed."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Tab:
    """One page. The protocol is https://chromedevtools.github.io/devtools-protocol/, one JSON text and a zero byte a message."""

    def __init__(self, *, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._number = 0
        self._rest = b""
        self._session: str | None = None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")

    def open(self, page: Path, *, width: int, dark: bool, scale: float = 1.0) -> None:
        """Load a file as a screen of that width shows it."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=600,
            deviceScaleFactor=scale,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call("Page.navigate", url=page.as_uri())
        self._await("Page.loadEventFired")

    def ask(self, script: str) -> Any:
        """What an expression, or the promise that it is, comes to. An exception in it is raised as RuntimeError."""
        told = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise RuntimeError(str(told["exceptionDetails"].get("exception", {}).get("description", told)))
        return told["result"].get("value")

    def picture(self, file: Path, *, width: int) -> None:
        """The whole page, however long it is."""
        height = self.ask("Math.ceil(document.documentElement.getBoundingClientRect().height)")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        told = self._call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(told["data"]))

    def _call(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            told = self._read()
            if told.get("id") == self._number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']}")
                result: Mapping[str, Any] = told["result"]
                return result

    def _await(self, event: str) -> None:
        while self._read().get("method") != event:
            pass

    def _read(self) -> Mapping[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._back, 1 << 16)
            if not more:
                raise RuntimeError("Chromium has ended")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        told: Mapping[str, Any] = json.loads(line)
        return told


@contextmanager
def open_browser(browser: str, home: Path) -> Iterator[Tab]:
    """A browser with a profile of its own in `home`, and its one tab."""
    read, to = os.pipe()
    back, write = os.pipe()
    # The browser reads descriptor 3 and writes 4: the shell puts them there.
    command = f'exec "$0" "$@" 3<&{read} 4>&{write}'
    process = subprocess.Popen(  # our own words
        ["/bin/bash", "-c", command, browser, *_SWITCHES, f"--user-data-dir={home / 'profile'}"],
        pass_fds=(read, write),
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read)
    os.close(write)
    try:
        yield Tab(to=to, back=back)
    finally:
        os.close(to)
        os.close(back)
        process.terminate()
        process.wait(timeout=20)
