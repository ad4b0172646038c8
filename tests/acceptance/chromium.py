"""A real Chromium without a window, driven through its own pipe: no driver, no port, no wait."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from select import select
from time import monotonic
from typing import Any, Self

PATIENCE = 90.0  # seconds; the machine may be busy, and only what fails waits so long
_READ, _WRITE = 3, 4  # where Chromium reads its orders and tells what became of them
_WITHOUT = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)


class Browser:
    """One page of one Chromium. `told` are the complaints of its console, and of scripts."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders, self._answers = orders, answers
        self._numbers = count(1)
        self._rest = b""
        self._session: str | None = None
        self.told: list[str] = []

    def open_page(self) -> Self:
        """A page of its own, whose console is heard."""
        target = self.order("Target.createTarget", url="about:blank")["targetId"]
        attached = self.order("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.order(f"{domain}.enable")
        return self

    def order(self, method: str, **params: Any) -> dict[str, Any]:
        """One order of the DevTools protocol, and its result."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._orders, json.dumps(message).encode() + b"\0")
        ends_at = monotonic() + PATIENCE
        while True:
            said = self._next(ends_at)
            if said.get("id") == number:
                assert "error" not in said, said["error"]
                return dict(said["result"])
            self._hear(said)

    def _next(self, ends_at: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select([self._answers], [], [], max(ends_at - monotonic(), 0))
            assert ready, "Chromium does not answer"
            read = os.read(self._answers, 1 << 20)
            assert read, "Chromium has ended"
            self._rest += read
        first, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(first))

    def _hear(self, said: dict[str, Any]) -> None:
        params = said.get("params", {})
        if said["method"] == "Runtime.exceptionThrown":
            self.told.append(json.dumps(params["exceptionDetails"])[:600])
        if said["method"] == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.told.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def look(self, width: int, height: int, *, scheme: str = "light") -> None:
        """A screen of this size, light or dark."""
        self.order(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.order("Emulation.setEmulatedMedia", features=features)

    def go(self, url: str) -> None:
        """Begin to load a page; `until` says when it is there."""
        self.order("Page.navigate", url=url)

    def value(self, script: str) -> Any:
        """What an expression is in the page; promises are waited for."""
        said = self.order(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def until(self, script: str) -> Any:
        """Wait inside the page until an expression is true; what it is then."""
        watching = f"""new Promise((found, lost) => {{
            const ends = Date.now() + {PATIENCE * 900:.0f};
            const look = () => {{
                const value = ({script});
                if (value) return found(value);
                if (Date.now() > ends)
                    return lost(new Error({json.dumps(script)} + " is never true: "
                        + document.body.innerText.slice(0, 800)));
                setTimeout(look, 25);
            }};
            look();
        }})"""
        return self.value(watching)

    def click(self, selector: str) -> None:
        """Click what is there, or what comes."""
        wanted = json.dumps(selector)
        self.until(f"document.querySelector({wanted})")
        self.value(f"document.querySelector({wanted}).click()")

    def press(self, key: str) -> None:
        """A key of the keyboard, such as Tab or ArrowRight."""
        for kind in ("keyDown", "keyUp"):
            self.order("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def screenshot(self, path: Path) -> None:
        """The whole page as a picture."""
        taken = self.order("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))


@contextmanager
def open_browser(program: str, profile: Path) -> Iterator[Browser]:
    """Start Chromium with an empty profile; it ends with the block."""
    their_orders, our_orders = os.pipe()
    our_answers, their_answers = os.pipe()

    def place() -> None:
        """Chromium reads and writes at fixed numbers; what they may stand on is moved away."""
        orders, answers = os.dup(their_orders), os.dup(their_answers)
        os.dup2(orders, _READ)
        os.dup2(answers, _WRITE)

    process = subprocess.Popen(
        [program, *_WITHOUT, f"--user-data-dir={profile}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=place,  # noqa: PLW1509 - two calls, which take no lock
        close_fds=False,
    )
    os.close(their_orders)
    os.close(their_answers)
    try:
        yield Browser(our_orders, our_answers).open_page()
    finally:
        os.close(our_orders)
        process.terminate()
        process.wait(PATIENCE)
        os.close(our_answers)
