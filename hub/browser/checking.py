"""A description of booking pages tried on a page: which of its selectors match nothing (B-12).

The browser goes through steps 1 to 4 as it does for a session, with a lead that does not exist, and
stops at the payment: nothing is booked, though a page may keep a time for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Error

from hub.browser.chromium import Chromium, Program
from hub.browser.page import BookingPage
from hub.browser.steps import Chosen, PageFault, SlotGone, Steps, Wish
from hub.browser.way_out import WayOut
from hub.connectors.http.addresses import OutboundPolicy
from hub.domain.booking_sessions.signs import Sign, found_on
from hub.platforms import Platform

NOBODY: Mapping[str, str] = {
    "first_name": "Test",
    "last_name": "Please-Ignore",
    "phone": "+12025550123",  # of the numbers that belong to nobody
    "email": "test@example.com",
    "notes": "This is a test of the booking page.",
}
_HTTPS, _HTTP = 443, 80


@dataclass(frozen=True)
class Missed:
    """A selector of the description that matches nothing."""

    step: str
    key: str
    selector: str
    why: str


@dataclass(frozen=True)
class Tried:
    """What became of it. `fault`: what went wrong that is no selector's fault.

    `idle`: signs that stand on the page before the payment, so that they mean nothing. `picture`:
    the page as it was in the end, a JPEG.
    """

    reached: tuple[str, ...]
    missed: tuple[Missed, ...] = ()
    fault: str | None = None
    idle: tuple[Sign, ...] = ()
    picture: bytes | None = field(default=None, repr=False)

    @property
    def is_right(self) -> bool:
        """Whether everything matched that was tried."""
        return not self.missed and self.fault is None


class _FarEnough(Exception):
    """The step stands open at which somebody wants to stop."""


class _Trial:
    """One page, one description."""

    def __init__(self, page: BookingPage, platform: Platform, *, upto: str) -> None:
        self._page, self._platform, self._upto = page, platform, upto
        self._reached: list[str] = []

    async def run(self, wish: Wish, *, patience: float) -> Tried:
        steps = Steps(self._page, self._platform, patience=patience, reached=self._open)
        try:
            await steps.fill_in(wish, _chose)
        except _FarEnough:
            pass
        except PageFault as fault:
            missed = await self._missed(fault)
            return await self._told(missed, None if missed else str(fault))
        except SlotGone as gone:
            return await self._told((), f"{self._reached[-1]}: {gone}")
        if self._upto == "payment":
            return await self._told(await self._at_payment(), None)
        return await self._told((), None)

    async def _open(self, step: str) -> None:
        self._reached.append(step)
        if step == self._upto:
            raise _FarEnough

    async def _missed(self, fault: PageFault) -> tuple[Missed, ...]:
        """The selector that nothing matched; where fields are filled in, the others as well."""
        if fault.step is None or fault.key is None:
            return ()
        selectors = self._platform.steps[fault.step]
        first = Missed(fault.step, fault.key, selectors[fault.key], str(fault))
        if fault.step != "contact" or "contact" not in self._reached:
            return (first,)
        seen = await self._page.look(set(selectors.values()))
        others = [
            Missed("contact", key, each, f"contact: nothing is to be seen at {each}")
            for key, each in selectors.items()
            if key != fault.key and seen is not None and not seen.shows(each)
        ]
        return (first, *others)

    async def _at_payment(self) -> tuple[Missed, ...]:
        link = self._platform.steps["payment"].get("link")
        if link is None or await self._page.address_of(link) is not None:
            return ()
        return (Missed("payment", "link", link, f"payment: there is no {link}"),)

    async def _told(self, missed: tuple[Missed, ...], fault: str | None) -> Tried:
        signs = self._platform.signs
        wanted = [each.pattern for each in signs.signs if each.kind == "element"]
        seen = await self._page.look(wanted)
        idle = () if seen is None or "payment" not in self._reached else found_on(seen, signs)
        return Tried(
            reached=tuple(self._reached),
            missed=missed,
            fault=fault,
            idle=tuple(idle),
            picture=await self._page.picture(self._platform.steps["payment"]["reached"]),
        )


def check_platform(
    platform: Platform,
    wish: Wish,
    *,
    program: Program,
    policy: OutboundPolicy,
    upto: str,
    patience: float,
) -> Tried:
    """The same in a Chromium of its own, for who has no loop."""

    async def check() -> Tried:
        chromium = Chromium(program)
        try:
            return await try_platform(
                platform, wish, chromium=chromium, policy=policy, upto=upto, patience=patience
            )
        finally:
            await chromium.stop()

    return asyncio.run(check())


async def try_platform(
    platform: Platform,
    wish: Wish,
    *,
    chromium: Chromium,
    policy: OutboundPolicy,
    upto: str,
    patience: float,
) -> Tried:
    """Go through the steps of a page up to one of them; never raises for what the page does."""
    parts = urlsplit(wish.url)
    asked = (parts.hostname, parts.port or (_HTTPS if parts.scheme == "https" else _HTTP))
    # Whoever types an address means it, private or not.
    way_out = WayOut(policy, lambda host, port: (host, port) == asked)
    proxy = await way_out.start()
    try:
        async with chromium.context(timezone=platform.timezone, proxy=proxy) as context:
            trial = _Trial(BookingPage(await context.new_page()), platform, upto=upto)
            return await trial.run(wish, patience=patience)
    except Error as lost:
        return Tried((), fault=f"the browser was lost: {lost.message.splitlines()[0][:200]}")
    finally:
        await way_out.stop()


async def _chose(_: Chosen) -> None:
    """Nobody needs to know."""
