"""Chromium by WebDriver, spoken with the standard library alone: click, type, look; nothing leaves the machine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of the protocol under which an element's name stands
KEYS = {"tab": "\ue004", "enter": "\ue007", "escape": "\ue00c", "space": " "}


class Browser:
    """One open page."""

    def __init__(self, session: str) -> None:
        self._session = session

    def open(self, page: Path, at: str = "") -> None:
        """Load a file."""
        self._post("url", url=page.as_uri() + at)

    def run(self, script: str) -> Any:
        """Return what a script of the test's own returns."""
        return self._post("execute/sync", script=script, args=[])

    def click(self, selector: str) -> None:
        """Click the first element that fits, as a person does: it must be there to be hit."""
        found = self._post("element", using="css selector", value=selector)[_ELEMENT]
        self._post(f"element/{found}/click")

    def press(self, *keys: str) -> None:
        """Press keys of the keyboard, whoever has the focus: names of KEYS, or the characters themselves."""
        typed = [char for key in keys for char in KEYS.get(key, key)]
        acts = [{"type": way, "value": char} for char in typed for way in ("keyDown", "keyUp")]
        self._post("actions", actions=[{"type": "key", "id": "keyboard", "actions": acts}])

    def device(self, width: int, height: int, *, dark: bool = False, media: str = "") -> None:
        """Be a screen of that size, light or dark, or paper (`media="print"`)."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._cdp("Emulation.setDeviceMetricsOverride", metrics)
        # Without motion a click finds what it aims at: a page that still glides is not where it was.
        wanted = {"prefers-reduced-motion": "reduce", "prefers-color-scheme": "dark" if dark else "light"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        self._cdp("Emulation.setEmulatedMedia", {"media": media, "features": features})

    def picture(self) -> bytes:
        """Return the whole page as PNG."""
        return b64decode(self._cdp("Page.captureScreenshot", {"captureBeyondViewport": True})["data"])

    def _cdp(self, command: str, given: Mapping[str, Any]) -> Any:
        return self._post("goog/cdp/execute", cmd=command, params=given)

    def _post(self, what: str, **given: Any) -> Any:
        return _asked(f"{self._session}/{what}", given)


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start Chromium with an empty *profile* folder, and end it."""
    assert CHROMIUM is not None
    assert DRIVER is not None
    process = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = next(filter(None, (re.search(r"started successfully on port (\d+)", line) for line in process.stdout)))
        switches = [*SWITCHES, f"--user-data-dir={profile}"]
        options = {"goog:chromeOptions": {"binary": CHROMIUM, "args": switches}, "browserName": "chrome"}
        root = f"http://127.0.0.1:{said[1]}"
        session = _asked(f"{root}/session", {"capabilities": {"alwaysMatch": options}})["sessionId"]
        try:
            yield Browser(f"{root}/session/{session}")
        finally:
            urlopen(Request(f"{root}/session/{session}", method="DELETE"), timeout=60).close()
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def _asked(address: str, given: Mapping[str, Any]) -> Any:
    request = Request(address, json.dumps(given).encode(), {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=90) as answer:
            return json.load(answer)["value"]
    except HTTPError as error:
        raise AssertionError(json.load(error)["value"]["message"]) from error
