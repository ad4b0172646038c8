"""Pages of the console in a real Chromium: who looks, how, and what must never be seen there."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from math import inf
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    sync_playwright,
)
from werkzeug.serving import make_server

from hub.people.roles import Role
from hub.web.app import HubApp
from hub.web.endpoints import TO_LIVE
from tests.acceptance.browser import begin_session
from tests.acceptance.story import Story

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_WITHOUT = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_AA = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
_IS_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
_FAULTS = """settings => axe.run(document, {...settings, resultTypes: ["violations"]}).then(found =>
    found.violations.map(each => each.id + " " + each.nodes.map(node =>
        node.target + (node.any[0] ? ": " + node.any[0].message : "")).slice(0, 2).join("; ")))"""

# What htmx says of a request that has no answer; one with a bad answer is `htmx:responseError`.
_LEFT = ("htmx:afterRequest,", "htmx:sendError,", "htmx:sendAbort,")


@dataclass(frozen=True)
class Look:
    """A screen."""

    width: int
    height: int
    scheme: Any

    def __str__(self) -> str:
        return f"{self.width} {self.scheme}"


PHONE = Look(390, 844, "light")
DESK, DESK_AT_NIGHT = Look(1280, 860, "light"), Look(1280, 860, "dark")


@dataclass
class Visitor:
    """Somebody with a browser: what it complained of stands in `told`."""

    page: Page
    url: str
    told: list[str] = field(default_factory=list)

    def open(self, address: str, look: Look) -> int:
        """Go to a page; gives the status of the answer."""
        self.wear(look)
        answer = self.page.goto(self.url + address, wait_until="load")
        assert answer is not None
        return answer.status

    def wear(self, look: Look) -> None:
        """Look at the same page on another screen."""
        self.page.set_viewport_size({"width": look.width, "height": look.height})
        self.page.emulate_media(color_scheme=look.scheme, reduced_motion="reduce")

    def faults(self, *looks: Look) -> list[str]:
        """What breaks a rule of accessibility on these screens, on the first one all of them."""
        found = [f"{looks[0]}: {each}" for each in self._against(looks[0], _AA)]
        for look in looks[1:]:
            found += [f"{look}: {each}" for each in self._against(look, _COLOURS)]
        return [f"{self.page.url.removeprefix(self.url)}, {each}" for each in found]

    def complaints(self, *looks: Look) -> list[str]:
        """What the browser complained of, and on which of these screens the page is too wide."""
        found = list(self.told)
        self.told.clear()
        for look in looks:
            self.wear(look)
            if self.page.evaluate(_IS_WIDE):
                found.append(f"it is wider than {look}")
        return [f"{self.page.url.removeprefix(self.url)}: {each}" for each in found]

    def refuse(self, dialog: Dialog) -> None:
        """Nothing of ours opens one: a script of somebody else's does."""
        self.told.append("a dialog opened")
        dialog.dismiss()

    def _against(self, look: Look, rules: dict[str, Any]) -> list[str]:
        self.wear(look)
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_axe())
        return cast("list[str]", self.page.evaluate(_FAULTS, rules))


@dataclass
class Chromium:
    """One browser in front of one hub; each role has a window of its own."""

    browser: Browser
    story: Story
    url: str
    contexts: list[BrowserContext] = field(default_factory=list)

    def window(self, role: Role | None) -> Visitor:
        """Somebody of this role, or a stranger."""
        context = self.browser.new_context()
        self.contexts.append(context)
        if role is not None:
            self._sign_in(context, role)
        visitor = Visitor(context.new_page(), self.url)
        page, told = visitor.page, visitor.told
        page.on("console", lambda said: told.extend(_complaint(said)))
        page.on("pageerror", lambda error: told.append(f"script: {error}"))
        page.on("dialog", visitor.refuse)
        return visitor

    def _sign_in(self, context: BrowserContext, role: Role) -> None:
        token = begin_session(self.story, f"{role.value}@example.com", role)
        context.add_cookies([{"name": "hub_session", "value": token, "url": f"{self.url}/admin"}])


def own_address() -> str:
    """An address on this machine that nobody has; it goes into the settings of the hub."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@contextmanager
def open_chromium(program: str, story: Story) -> Iterator[Chromium]:
    """Serve the hub of the story on a port of its own, and open a browser in front of it."""
    with launched(program) as browser, in_front_of(browser, story) as chromium:
        yield chromium


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    """A browser that several stories may share."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*_WITHOUT])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def in_front_of(browser: Browser, story: Story) -> Iterator[Chromium]:
    """Serve the hub of the story; the windows that were opened in front of it go with it."""
    with serving(story.client.application, story.hub.settings.public_url) as url:
        chromium = Chromium(browser, story, url)
        try:
            yield chromium
        finally:
            for each in chromium.contexts:
                each.close()
            stop_looking(story)


def stop_looking(story: Story) -> None:
    """Nobody looks for those who watched any more, so the hub can be closed."""
    for each in cast("HubApp", story.client.application).console.circles:
        each.stop()


@contextmanager
def serving(app: Flask, url: str) -> Iterator[str]:
    """An application at its own address, which it takes requests of its pages from.

    At the end its streams are told that their process is to end.
    """
    is_over = threading.Event()

    def told(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[TO_LIVE] = lambda: 0.0 if is_over.is_set() else inf
        return app(environ, start_response)

    server = make_server("127.0.0.1", urlsplit(url).port or 0, told, threaded=True)
    server.daemon_threads = False  # type: ignore[attr-defined]  # at the end all of them are waited for
    thread = threading.Thread(target=server.serve_forever, name="console", daemon=True)
    thread.start()
    try:
        yield url
    finally:
        is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _complaint(said: ConsoleMessage) -> list[str]:
    """An error of the console.

    No complaint of the page is that it was refused, or left while it asked for a part of itself.
    """
    is_refusal = said.text.startswith("Failed to load resource") and " 403 " in said.text
    is_left = said.text.startswith(_LEFT)
    return [said.text] if said.type in {"error", "warning"} and not is_refusal | is_left else []


@cache
def _axe() -> str:
    """The rules of accessibility, from the package that is locked."""
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    assert json.dumps("wcag2aa") in script
    return script
