"""The page of a session shown to its lead, and what the lead does on it (X20).

Pictures and inputs pass through memory only: none is logged, none is stored (B-06).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from time import monotonic
from typing import Any
from uuid import UUID

from playwright.async_api import CDPSession, Error, Page

from hub.browser.page import BookingPage
from hub.browser.windows import Choices, Windows, choices_at
from hub.domain.booking_sessions.inputs import (
    Input,
    Picked,
    Pointer,
    Pressed,
    Screen,
    Typed,
    Wheel,
    read_inputs,
)
from hub.domain.booking_sessions.lead_lines import DONE, SEEN
from hub.errors import Unavailable
from hub.lines import Lines

log = logging.getLogger(__name__)

_QUALITY = 60
_FRAME_EVERY = 0.1  # seconds; more a phone cannot use
_WATCHED_FOR = 30.0  # seconds after the viewer's last word
_HEAR_FOR = 1.0
_AGAIN_AFTER = 2.0


class Stream:
    """One page and its viewer. `gate` is held by whoever must not be disturbed by inputs."""

    def __init__(
        self, page: BookingPage, lines: Lines, session_id: UUID, *, executor: Executor
    ) -> None:
        self._page, self._lines, self._executor = page, lines, executor
        self._seen, self._done = SEEN.format(session_id), DONE.format(session_id)
        self.gate = asyncio.Lock()
        self._devtools: CDPSession | None = None
        self._windows = Windows(page.page, self._on_window)
        self._choices: Choices | None = None
        self._watched_until = 0.0
        self._last: bytes | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve the viewer until the session is over; without Redis it is tried again."""
        try:
            while True:
                with suppress(Unavailable):
                    await self._serve()
                await asyncio.sleep(_AGAIN_AFTER)
        finally:
            self._last = None

    async def over(self) -> None:
        """Tell the viewer that nothing more comes."""
        with suppress(Unavailable):
            await self._say(json.dumps({"kind": "over"}).encode())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        hearing = self._lines.hear(self._done)
        hear = await loop.run_in_executor(self._executor, hearing.__enter__)
        try:
            while True:
                said = await loop.run_in_executor(self._executor, hear, _HEAR_FOR)
                if said is not None:
                    await self._take(json.loads(said))
                if self._devtools is not None and monotonic() > self._watched_until:
                    await self._stop()
        finally:
            await loop.run_in_executor(self._executor, hearing.__exit__, None, None, None)

    async def _take(self, said: Any) -> None:
        self._watched_until = monotonic() + _WATCHED_FOR
        if said.get("kind") == "watch":
            await self._show()
            return
        try:
            inputs = read_inputs(said.get("inputs"))
        except ValueError:
            return  # the web refused it before; nobody else has our key
        async with self.gate:
            for each in inputs:
                try:
                    await self._do(each)
                except Error:
                    if self._page.is_gone:
                        raise
                    log.info("an input did not reach the page", extra={"kind": type(each).__name__})

    async def _show(self) -> None:
        """Begin to show the page; to who comes later what was shown last."""
        if self._devtools is None:
            top = self._windows.top
            self._devtools = await top.context.new_cdp_session(top)
            self._devtools.on("Page.screencastFrame", self._on_frame)
            shape = {"format": "jpeg", "quality": _QUALITY, "everyNthFrame": 1}
            await self._devtools.send("Page.startScreencast", shape)
        elif self._last is not None:
            await self._say(self._last)

    async def _stop(self) -> None:
        devtools, self._devtools, self._last = self._devtools, None, None
        with suppress(Error):
            if devtools is not None:
                await devtools.send("Page.stopScreencast")
                await devtools.detach()

    def _on_frame(self, frame: dict[str, Any]) -> None:
        self._begin(self._pass_on(frame))

    def _on_window(self) -> None:
        self._begin(self._change())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _change(self) -> None:
        """Another window is on top: a card's bank opened it, or it was closed."""
        async with self.gate:
            is_shown = self._devtools is not None
            self._choices = None
            await self._stop()
            with suppress(Error):
                await self._windows.make_room()
                if is_shown:
                    await self._show()

    async def _pass_on(self, frame: dict[str, Any]) -> None:
        shown = {"kind": "frame", "jpeg": frame["data"]}
        self._last = json.dumps(shown).encode()
        with suppress(Unavailable):
            await self._say(self._last)
        await asyncio.sleep(_FRAME_EVERY)
        with suppress(Error):
            if self._devtools is not None:
                number = {"sessionId": frame["sessionId"]}
                await self._devtools.send("Page.screencastFrameAck", number)

    async def _say(self, message: bytes) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._lines.say, self._seen, message)

    async def _do(self, what: Input) -> None:
        self._page.is_used_by_lead = True
        page = self._windows.top
        if isinstance(what, Picked):
            choices, self._choices = self._choices, None
            if choices is not None:
                await choices.pick(what.place)
        elif isinstance(what, Typed):
            await page.keyboard.insert_text(what.text)
        elif isinstance(what, Pressed):
            await page.keyboard.press(what.key)
        elif isinstance(what, Screen):
            await page.set_viewport_size({"width": what.width, "height": what.height})
        else:
            await self._point(what)

    async def _point(self, what: Pointer | Wheel) -> None:
        top = self._windows.top
        mouse, size = top.mouse, top.viewport_size
        if size is None:
            return
        x, y = what.x * size["width"], what.y * size["height"]
        if isinstance(what, Wheel):
            await mouse.move(x, y)
            await mouse.wheel(0, what.by)
            return
        if what.do == "tap" and await self._is_list(top, x, y):
            return
        done: dict[str, Callable[[], Awaitable[None]]] = {
            "tap": lambda: mouse.click(x, y),
            "move": lambda: mouse.move(x, y),
            "press": mouse.down,
            "release": mouse.up,
        }
        if what.do == "press":
            await mouse.move(x, y)
        await done[what.do]()

    async def _is_list(self, top: Page, x: float, y: float) -> bool:
        """Whether a list lies there: no picture would show it, so the lead's page does."""
        self._choices = await choices_at(top, x, y)
        if self._choices is None:
            return False
        await self._say(json.dumps({"kind": "choices", **self._choices.shown}).encode())
        return True
