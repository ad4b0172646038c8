"""One Chromium for all sessions of a worker: started when it is wanted, ended when nobody does.

Each session has a context of its own: cookies, storage and cache of nobody else, gone with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from playwright.async_api import Browser, BrowserContext, Error, Page, Playwright, async_playwright

log = logging.getLogger(__name__)

IDLE = 60.0  # seconds after which a Chromium that nobody uses ends
_CLOSE_WITHIN = 5.0  # seconds
SIZE = {"width": 1024, "height": 768}
# Chromium obeys the last list only: these are Playwright's as well. `Autofill…` told a server of
# its maker which fields a booking page has.
_FEATURES = (
    "AutofillServerCommunication",
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose"),
    *("HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter"),
    *("PaintHolding", "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
)
_FLAGS = (
    f"--disable-features={','.join(_FEATURES)}",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)


@dataclass(frozen=True)
class Program:
    """Which Chromium, and how."""

    path: str
    has_sandbox: bool


class Chromium:
    """Starts it, gives contexts, ends it."""

    def __init__(self, program: Program, *, idle: float = IDLE) -> None:
        self._program, self._idle = program, idle
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._starting = asyncio.Lock()
        self._in_use = 0
        self._ending: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def contexts(self) -> int:
        """How many sessions have one now (B-19)."""
        return 0 if self._browser is None else len(self._browser.contexts)

    @property
    def pages(self) -> list[Page]:
        """All pages that are open now."""
        contexts = [] if self._browser is None else self._browser.contexts
        return [page for context in contexts for page in context.pages]

    @property
    def is_running(self) -> bool:
        """Whether there is a Chromium, and it lives."""
        return self._browser is not None and self._browser.is_connected()

    @asynccontextmanager
    async def context(
        self, *, timezone: str | None = None, proxy: str | None = None
    ) -> AsyncIterator[BrowserContext]:
        """A context of its own, closed at the end whatever happens; raises `Error`.

        `proxy`: its one way to other hosts.
        """
        self._in_use += 1
        try:
            browser = await self._running()
            context = await browser.new_context(
                viewport=SIZE,  # type: ignore[arg-type]  # a TypedDict of theirs
                accept_downloads=False,
                service_workers="block",
                timezone_id=timezone,
                proxy=None if proxy is None else {"server": proxy, "bypass": "<-loopback>"},
                locale="en-US",
            )
            try:
                yield context
            finally:
                with suppress(Error, TimeoutError):
                    await asyncio.wait_for(context.close(), _CLOSE_WITHIN)
        finally:
            self._in_use -= 1
            if not self._in_use:
                self._end_later()

    async def _running(self) -> Browser:
        async with self._starting:
            if self._ending is not None:
                self._ending.cancel()
                self._ending = None
            if self._browser is not None and self._browser.is_connected():
                return self._browser
            await self._end()
            self._playwright = await async_playwright().start()
            self._browser = await self._playwright.chromium.launch(
                executable_path=self._program.path,
                chromium_sandbox=self._program.has_sandbox,
                args=list(_FLAGS),
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
            log.info("Chromium runs", extra={"version": self._browser.version})
            return self._browser

    def _end_later(self) -> None:
        loop = asyncio.get_running_loop()

        def begin() -> None:
            task = loop.create_task(self.stop())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._ending = loop.call_later(self._idle, begin)

    async def stop(self) -> None:
        """End it, unless somebody uses it again by now."""
        async with self._starting:
            if not self._in_use:
                await self._end()

    async def _end(self) -> None:
        browser, playwright = self._browser, self._playwright
        self._browser = self._playwright = None
        with suppress(Error, TimeoutError):
            if browser is not None:
                await asyncio.wait_for(browser.close(), _CLOSE_WITHIN)
        with suppress(Error, TimeoutError):
            if playwright is not None:
                await asyncio.wait_for(playwright.stop(), _CLOSE_WITHIN)
