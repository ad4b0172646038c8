"""Steps 1 to 4 of a booking page, by the description of its platform (B-05).

The browser stops where the payment begins. What the page does not have is told with the step and
the selector, so that somebody can mend the description (B-12).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Error

from hub.browser.page import BookingPage
from hub.domain.booking_sessions.choices import Offer, choose, choose_time
from hub.domain.booking_sessions.rows import Session
from hub.domain.booking_sessions.signs import Signs, found_on, judge
from hub.platforms import Platform

_LOOK_EVERY = 0.1  # seconds
ORDER = ("service", "provider", "time", "contact", "payment")
_FIRST_OF = {"service": "option", "provider": "option", "time": "day", "payment": "reached"}
_CONTACT = ("first_name", "last_name", "phone", "email", "notes")


class PageFault(Exception):
    """The page is not as its description says; the message names step and selector.

    `step` and `key`: where the selector stands in the description, if it is the selector's fault.
    """

    def __init__(self, why: str, *, step: str | None = None, key: str | None = None) -> None:
        super().__init__(why)
        self.step, self.key = step, key


class SlotGone(Exception):
    """The time cannot be had any more (B-14). `evidence`: what says so."""

    def __init__(self, why: str, evidence: Mapping[str, Any]) -> None:
        super().__init__(why)
        self.evidence = evidence


@dataclass(frozen=True)
class Chosen:
    """What was taken of the things that a page offers."""

    service: str
    provider: str


@dataclass(frozen=True)
class Wish:
    """What is to be filled in. `at`: none: the first time of the day that is free."""

    url: str
    day: date
    at: datetime | None
    service: str | None
    provider: str | None
    contact: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, session: Session, platform: Platform) -> Wish:
        """What a session wants, its time as the page's clock says it."""
        at = session.starts_at.astimezone(ZoneInfo(platform.timezone or session.timezone))
        return cls(
            url=session.booking_url,
            day=at.date(),
            at=at,
            service=session.service,
            provider=session.provider,
            contact=session.contact,
        )


Reached = Callable[[str], Awaitable[None]]


class Steps:
    """Fills in one page. `reached` is told the name of each step that stands open."""

    def __init__(
        self,
        page: BookingPage,
        platform: Platform,
        *,
        patience: float,
        reached: Reached,
        look_every: float = _LOOK_EVERY,
    ) -> None:
        self._page, self._platform, self._patience = page, platform, patience
        self._reached, self._look_every = reached, look_every
        self._of_slot = Signs(
            tuple(it for it in platform.signs.signs if it.outcome == "slot_unavailable"),
            platform.signs.needed,
        )

    async def fill_in(self, wish: Wish, chosen: Callable[[Chosen], Awaitable[None]]) -> None:
        """From the first page to the payment. Raises `PageFault`, `SlotGone`, `Error`."""
        await self._open(wish.url)
        service = await self._choose("service", wish.service)
        provider = await self._choose("provider", wish.provider)
        await chosen(Chosen(service, provider))
        await self._choose_time(wish)
        await self._fill_contact(wish.contact)

    async def _open(self, url: str) -> None:
        try:
            await self._page.open(url, seconds=self._patience)
        except Error as problem:
            if self._page.is_gone:
                raise
            raise PageFault(f"the page did not load: {_first_line(problem)}") from problem
        await self._until("service")

    async def _choose(self, step: str, wish: str | None) -> str:
        selector = self._platform.steps[step]["option"]
        offers = await self._offered(step, selector)
        place = choose(offers, wish)
        if place is None and wish is not None:
            raise PageFault(f"{step}: the page offers no {wish[:60]!r}")
        if place is None:
            raise PageFault(f"{step}: nothing is free at {selector}", step=step, key="option")
        await self._page.take(selector, place)
        await self._next(step)
        return " ".join(offers[place].words.split())[:200]

    async def _choose_time(self, wish: Wish) -> None:
        step = self._platform.steps["time"]
        if "day" in step:
            await self._write("time", "day", wish.day.isoformat())
        offers = await self._offered("time", step["option"])
        place = choose(offers, None) if wish.at is None else choose_time(offers, wish.at)
        if place is None:
            wanted = f"{wish.at:%Y-%m-%d %H:%M}" if wish.at else f"a time of {wish.day}"
            told = {"teller": "browser", "outcome": "slot_unavailable", "free": _free(offers)}
            raise SlotGone(f"{wanted} is not among the times that are free", told)
        await self._page.take(step["option"], place)
        await self._next("time")

    async def _fill_contact(self, contact: Mapping[str, str]) -> None:
        step = self._platform.steps["contact"]
        for name in _CONTACT:
            if name in step and name in contact:
                await self._write("contact", name, contact[name])
        await self._next("contact")

    async def _write(self, step: str, key: str, text: str) -> None:
        selector = self._platform.steps[step][key]
        try:
            await self._page.write(selector, text)
        except Error as problem:
            if self._page.is_gone:
                raise
            why = f"{step}: {selector} cannot be filled in"
            raise PageFault(why, step=step, key=key) from problem

    async def _next(self, step: str) -> None:
        selector = self._platform.steps[step]["next"]
        try:
            await self._page.press(selector)
        except Error as problem:
            if self._page.is_gone:
                raise
            why = f"{step}: {selector} cannot be clicked"
            raise PageFault(why, step=step, key="next") from problem
        await self._until(ORDER[ORDER.index(step) + 1])

    async def _offered(self, step: str, selector: str) -> list[Offer]:
        """What the page offers, as soon as it offers anything."""
        ends_at = monotonic() + self._patience
        while True:
            offers = await self._page.offers(selector)
            if offers:
                return offers
            await self._wait(ends_at, step, "option")

    async def _until(self, step: str) -> None:
        """Until the step stands open; raises `SlotGone` when the page says that instead."""
        key = _first(self._platform, step)
        selector = self._platform.steps[step][key]
        signs = {it.pattern for it in self._of_slot.signs if it.kind == "element"}
        ends_at = monotonic() + self._patience
        while True:
            seen = await self._page.look({selector, *signs})
            if seen is not None and seen.shows(selector):
                await self._reached(step)
                return
            if seen is not None:
                gone = judge(found_on(seen, self._of_slot), needed=self._of_slot.needed)
                if gone is not None:
                    raise SlotGone("the page says that the time is taken", gone.evidence)
            await self._wait(ends_at, step, key)

    async def _wait(self, ends_at: float, step: str, key: str) -> None:
        if monotonic() >= ends_at:
            why = f"{step}: nothing is to be seen at {self._platform.steps[step][key]}"
            raise PageFault(why, step=step, key=key)
        await asyncio.sleep(self._look_every)


def _first(platform: Platform, step: str) -> str:
    """The key of the element that shows that a step stands open."""
    wanted = _FIRST_OF.get(step, "first_name")
    return wanted if wanted in platform.steps[step] else "option"


def _free(offers: list[Offer]) -> list[str]:
    return [offer.words[:40] for offer in offers if offer.is_free][:20]


def _first_line(problem: Error) -> str:
    """What happened, without the address: it may hold more than a log should."""
    text = problem.message.splitlines()[0]
    return text.partition(" at ")[0].removeprefix("Page.goto: ")[:120]
