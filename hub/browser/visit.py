"""One session in a browser, from its claim to its end; nothing of the browser is left behind.

Side by side: the page is driven and watched; the claim is renewed, which also tells that the
session was cancelled or that its time is up; the page is shown to its lead. Who is first to know an
end writes it; the row decides.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from playwright.async_api import Error
from sqlalchemy.exc import SQLAlchemyError

from hub.browser.chromium import Chromium
from hub.browser.desk import SessionDesk
from hub.browser.page import BookingPage
from hub.browser.steps import Chosen, PageFault, SlotGone, Steps, Wish
from hub.browser.stream import Stream
from hub.domain.booking_sessions.browsers import LEASE, Claim
from hub.domain.booking_sessions.rows import Session
from hub.domain.booking_sessions.signs import Sighting, Sign, found_on, judge, what_to_do
from hub.domain.booking_sessions.states import END_OF, Outcome, State, is_over
from hub.errors import Permanent, StepFailed
from hub.lines import Lines
from hub.metrics import catalogue as metrics
from hub.platforms import Platform

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0  # seconds (B-09)
_PICTURE_WITHIN = 3.0  # seconds, where somebody waits for us to stop
Result = TypeVar("Result")


@dataclass(frozen=True)
class Bench:
    """What visits work with. `link`: where the lead of a session sees our page of it."""

    desk: SessionDesk
    chromium: Chromium
    lines: Lines
    executor: Executor
    platform_of: Callable[[str], Platform | None]
    link: Callable[[Session], str]
    patience: float
    proxy: str | None = None
    look_every: float = LOOK_EVERY


class Visit:
    """One session of this worker."""

    def __init__(self, bench: Bench, claim: Claim) -> None:
        self._bench, self._claim = bench, claim
        self._session = claim.session
        self._page: BookingPage | None = None
        self._platform: Platform | None = None
        self._stream: Stream | None = None
        self._is_with_lead = asyncio.Event()
        self._untouched: bytes | None = None  # the page as the lead got it
        self._has_picture_of_lead = False

    async def run(self) -> None:
        """Until the session is over, or goes on without a browser. Never raises."""
        try:
            await self._run()
        except asyncio.CancelledError:
            if self._page is None:
                await self._stopped()
            raise
        except Error:
            await self._finish("error", await self._lost())
        except SQLAlchemyError as problem:  # its lease runs out, and the sweep tells the truth
            log.warning("the database cannot be reached: %s", type(problem).__name__)
        except StepFailed as failed:
            log.info("the session is no longer ours: %s", failed.code)
        except Exception:
            log.exception("a fault of the browser worker")
            await self._finish("error", "a fault of the browser worker")

    async def _run(self) -> None:
        self._platform = self._bench.platform_of(self._session.booking_url)
        if self._platform is None:
            await self._finish("error", "no description in workflows/platforms is for this page")
            return
        zone = self._platform.timezone or self._session.timezone
        async with self._bench.chromium.context(timezone=zone, proxy=self._bench.proxy) as context:
            self._page = BookingPage(await context.new_page())
            try:
                await self._first_of(self._keep(), self._work(self._page, self._platform))
            except asyncio.CancelledError:
                await self._stopped()  # while there is a page to take a picture of
                raise
            if self._stream is not None:
                await self._stream.over()

    async def _first_of(self, *works: Coroutine[Any, Any, None]) -> None:
        """Do them side by side until one is done; the others are given up."""
        tasks = [asyncio.create_task(each) for each in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # ---------------------------------------------------------------------------- keeping the claim

    async def _keep(self) -> None:
        """Renew until the session is over or another's, or its time is up."""
        kept_until = monotonic() + LEASE.total_seconds()
        while True:
            try:
                self._session, over = await self._ask(self._bench.desk.renew, self._claim)
                kept_until = monotonic() + LEASE.total_seconds()
                if self._session.state == "monitoring":
                    self._is_with_lead.set()
            except Permanent:
                await self._picture_of_end()
                return
            except SQLAlchemyError:
                if monotonic() > kept_until:
                    raise
                over = None
            if over is not None:
                await self._finish(over.outcome, over.why)
                return
            await asyncio.sleep(self._bench.look_every)

    async def _picture_of_end(self) -> None:
        """The session ended elsewhere, such as cancelled: what the page looked like then."""
        session = await self._ask(self._bench.desk.read, self._claim)
        if is_over(session.state):
            await self._keep_picture_of_lead()
            await self._keep_picture(session.state)

    # ----------------------------------------------------------------------------- driving the page

    async def _work(self, page: BookingPage, platform: Platform) -> None:
        """Steps 1 to 4, then the hand-over, then the outcome."""
        steps = Steps(page, platform, patience=self._bench.patience, reached=self._reached)
        began = monotonic()
        try:
            await steps.fill_in(Wish.of(self._session, platform), self._chose)
        except SlotGone as gone:
            await self._finish("slot_unavailable", str(gone), evidence=dict(gone.evidence))
            return
        except PageFault as fault:
            await self._finish("error", str(fault))
            return
        metrics.BROWSER_SECONDS.observe(monotonic() - began, platform.name)
        before = await self._signs_now(page, platform)
        await self._ready(page, platform)
        if platform.handover == "browser":
            await self._first_of(self._show(page), self._watch(page, platform, before))
        else:
            await self._hand_over_for_good()

    async def _reached(self, step: str) -> None:
        log.info("a step stands open", extra={"step": step, **self._names})
        if step != "payment":
            await self._keep_picture("navigating")

    async def _chose(self, chosen: Chosen) -> None:
        told = {"service": chosen.service, "provider": chosen.provider}
        await self._ask(lambda: self._bench.desk.choose(self._claim, **told))

    async def _ready(self, page: BookingPage, platform: Platform) -> None:
        selector = platform.steps["payment"].get("link")
        url, address = page.page.url, None
        if platform.handover == "browser":
            address = self._bench.link(self._session)
        elif selector is not None:
            address = await page.address_of(selector)
        self._untouched = await self._keep_picture("ready_for_handoff")
        await self._ask(
            lambda: self._bench.desk.ready(
                self._claim,
                handoff_url=address or url,
                page_url=url,
                source="browser" if platform.handover == "browser" else "platform",
            )
        )

    async def _hand_over_for_good(self) -> None:
        """The lead goes on in a browser of his own: ours sees nothing more (X20)."""
        await self._is_with_lead.wait()
        await self._keep_picture_of_lead()
        await self._ask(self._bench.desk.leave, self._claim)

    # ------------------------------------------------------------------------- watching the outcome

    async def _show(self, page: BookingPage) -> None:
        bench = self._bench
        self._stream = Stream(page, bench.lines, self._session.id, executor=bench.executor)
        await self._stream.run()

    async def _watch(self, page: BookingPage, platform: Platform, before: frozenset[Sign]) -> None:
        """Look every 2 s for signs of an outcome that were not there before (B-09)."""
        former: Sighting | None = None
        while True:
            is_with_lead = self._is_with_lead.is_set()
            if is_with_lead:
                await self._keep_picture_of_lead()
            seen = await page.look(_elements(platform))
            if seen is not None and is_with_lead:
                signs = found_on(seen, platform.signs)
                sighting = judge(signs, needed=platform.signs.needed, before=before)
                if await self._follows(page, platform, sighting, former):
                    return
                former = sighting
            await asyncio.sleep(self._bench.look_every)

    async def _follows(
        self,
        page: BookingPage,
        platform: Platform,
        sighting: Sighting | None,
        former: Sighting | None,
    ) -> bool:
        """Do what a look demands; whether that was the end."""
        todo = what_to_do(sighting, former)
        if sighting is None or todo is None:
            return False
        if todo == "note":
            await self._ask(self._bench.desk.declined, self._claim, sighting.evidence)
            return False
        number = None
        if sighting.outcome == "success" and platform.confirmation_number is not None:
            number = await page.words_of(platform.confirmation_number)
        why = f"the page shows {sighting.outcome}"
        await self._finish(sighting.outcome, why, evidence=sighting.evidence, number=number)
        return True

    async def _signs_now(self, page: BookingPage, platform: Platform) -> frozenset[Sign]:
        seen = await page.look(_elements(platform))
        return frozenset() if seen is None else frozenset(found_on(seen, platform.signs))

    # -------------------------------------------------------------------------------------- the end

    async def _finish(self, outcome: Outcome, why: str, **told: Any) -> None:
        """Write the end, with a picture of it; another's end stands as it is."""
        await self._keep_picture_of_lead()
        await self._keep_picture(END_OF[outcome])
        await self._write_end(outcome, why, **told)

    async def _write_end(self, outcome: Outcome, why: str, **told: Any) -> None:
        finish = self._bench.desk.finish
        try:
            await self._ask(lambda: finish(self._claim, outcome, why, **told))
        except Permanent as refused:
            log.info("the end is another's: %s", refused.code, extra=self._names)
        except SQLAlchemyError as problem:
            log.warning("the end cannot be written: %s", type(problem).__name__)
        else:
            log.info("a session is over", extra={"outcome": outcome, "why": why, **self._names})

    async def _stopped(self) -> None:
        await self._keep_picture_of_lead()
        with suppress(TimeoutError):  # a page that is stuck must not keep us
            await asyncio.wait_for(self._keep_picture("failed"), _PICTURE_WITHIN)
        await self._write_end("error", "the browser worker was stopped")

    async def _keep_picture_of_lead(self) -> None:
        """The picture of `monitoring`, once, if the lead has or had the page.

        The lead may begin to type before anybody looks, and the end may come before that. Then it
        is the page as the lead got it: nothing was typed into that one.
        """
        if self._has_picture_of_lead:
            return
        with suppress(Permanent, SQLAlchemyError):
            session = await self._ask(self._bench.desk.read, self._claim)
            if session.handed_over_at is not None:
                kept = await self._keep_picture("monitoring", otherwise=self._untouched)
                self._has_picture_of_lead = kept is not None

    async def _keep_picture(self, state: State, *, otherwise: bytes | None = None) -> bytes | None:
        """A picture for the timeline; a session is not lost for the lack of one."""
        try:
            jpeg = await self._picture() or otherwise
            if jpeg is not None:
                keep = self._bench.desk.keep_picture
                await self._ask(keep, self._session.id, state, jpeg)
        except SQLAlchemyError as problem:
            log.info("no picture of %s: %s", state, type(problem).__name__, extra=self._names)
            return None
        return jpeg

    async def _picture(self) -> bytes | None:
        page, platform = self._page, self._platform
        if page is None or platform is None or page.is_gone:
            return None
        try:
            return await self._undisturbed(page.picture(platform.steps["payment"]["reached"]))
        except Error as problem:
            log.info("no picture: %s", type(problem).__name__, extra=self._names)
            return None

    async def _undisturbed(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do it while no input of the lead comes in between (B-06)."""
        if self._stream is None:
            return await work
        async with self._stream.gate:
            return await work

    async def _ask(self, work: Callable[..., Result], *given: Any) -> Result:
        """What the database says, asked beside the other sessions."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._bench.executor, work, *given)

    @property
    def _names(self) -> dict[str, str]:
        return {"session": str(self._session.id)}

    async def _lost(self) -> str:
        """The lead may have come since the last renewal: the row knows."""
        with suppress(SQLAlchemyError):
            self._session = await self._ask(self._bench.desk.read, self._claim)
        return f"the browser was lost while the session was {self._session.state}"


def _elements(platform: Platform) -> list[str]:
    return [each.pattern for each in platform.signs.signs if each.kind == "element"]
