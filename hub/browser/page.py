"""A booking page in a browser: what is to be seen, what is done, and pictures of it.

Questions are asked in one piece, so that all of an answer belongs to one moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from playwright.async_api import Error, Frame, Page
from playwright.async_api import TimeoutError as TooSlow

from hub.domain.booking_sessions.choices import Offer, holds_card_number
from hub.domain.booking_sessions.pictures import LARGEST

Told = TypeVar("Told")

log = logging.getLogger(__name__)

_LONGEST_TEXT = 200_000
_LONGEST_NUMBER = 64
_QUALITIES = (60, 25)
_AT_ONCE = 10_000.0  # milliseconds of a question or a click
_ARRIVES_WITHIN, _LOOK_AGAIN_AFTER = 3.0, 0.1  # seconds
_VISIBLE = "(found) => found.checkVisibility({visibilityProperty: true, opacityProperty: true})"
_LOOK = f"""(selectors) => {{
  const isVisible = {_VISIBLE};
  const has = (each) => {{
    try {{ return [...document.querySelectorAll(each)].some(isVisible); }} catch {{ return false; }}
  }};
  return {{
    text: document.body ? document.body.innerText.slice(0, {_LONGEST_TEXT}) : "",
    shown: selectors.filter(has),
  }};
}}"""
_OFFERS = f"""(selector) => {{
  const isVisible = {_VISIBLE};
  return [...document.querySelectorAll(selector)].slice(0, 500).map((each) => ({{
    words: (each.innerText || each.value || each.textContent || "").trim().slice(0, 300),
    marks: [...each.attributes].filter((it) => /^(data-|value$|datetime$|aria-label$|title$)/
      .test(it.name)).map((it) => it.value.slice(0, 100)),
    free: !each.disabled && each.getAttribute("aria-disabled") !== "true"
      && (each.tagName === "OPTION" || isVisible(each)),
  }}));
}}"""
_TAKE = """([selector, place]) => {
  const each = document.querySelectorAll(selector)[place];
  if (each.tagName === "OPTION") {
    each.selected = true;
    each.parentElement.dispatchEvent(new Event("input", {bubbles: true}));
    each.parentElement.dispatchEvent(new Event("change", {bubbles: true}));
  } else { each.click(); }
}"""
_CARD_FIELDS = """() => [...document.querySelectorAll("input, textarea, select")].some((each) =>
  each.value && each.type !== "hidden" && (
    /^cc-/.test(each.autocomplete) || each.type === "password"
    || /card|cvc|cvv|csc|expir|kreditk|\\bpan\\b/i
      .test(`${each.name} ${each.id} ${each.placeholder}`)
    || /^\\d(?:[ -]?\\d){11,18}$/.test(each.value.trim())))"""


@dataclass(frozen=True)
class Seen:
    """What was to be seen of a page at one moment."""

    url: str
    text: str
    shown: frozenset[str]

    def shows(self, selector: str) -> bool:
        """Whether an element was there, and visible."""
        return selector in self.shown


class BookingPage:
    """One page. Every method raises playwright's `Error` when the page or its browser is gone."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.page.set_default_timeout(_AT_ONCE)
        self.is_used_by_lead = False

    async def open(self, url: str, *, seconds: float) -> None:
        """Load a page, at least so far that its elements are there."""
        await self.page.goto(url, timeout=seconds * 1000, wait_until="domcontentloaded")

    async def look(self, selectors: Collection[str]) -> Seen | None:
        """What is to be seen now; None while another page is on its way."""
        try:
            found = await _answer(self.page.evaluate(_LOOK, list(selectors)))
        except Error:
            if self.is_gone:
                raise
            return None
        return Seen(self.page.url, found["text"], frozenset(found["shown"]))

    @property
    def is_gone(self) -> bool:
        """Whether nothing more can be asked of it."""
        browser = self.page.context.browser
        return self.page.is_closed() or browser is None or not browser.is_connected()

    async def offers(self, selector: str) -> list[Offer]:
        """What can be taken there."""
        found: Sequence[Any] = await _answer(self.page.evaluate(_OFFERS, selector))
        return [Offer(each["words"], tuple(each["marks"]), each["free"]) for each in found]

    async def take(self, selector: str, place: int) -> None:
        """Take one of them."""
        await _answer(self.page.evaluate(_TAKE, [selector, place]))

    async def press(self, selector: str) -> None:
        """Click what is there."""
        await self.page.locator(selector).filter(visible=True).first.click(timeout=_AT_ONCE)

    async def write(self, selector: str, text: str) -> None:
        """Fill in a field."""
        await self.page.locator(selector).first.fill(text, timeout=_AT_ONCE)

    async def words_of(self, selector: str) -> str | None:
        """The words of an element, such as a number of a booking; never a card's (B-06)."""
        found = self.page.locator(selector).first
        if not await _answer(found.count()):
            return None
        text = (await found.inner_text(timeout=_AT_ONCE)).strip()
        return None if not text or holds_card_number(text) else text[:_LONGEST_NUMBER]

    async def address_of(self, selector: str) -> str | None:
        """Where a link leads, as a whole address."""
        found = self.page.locator(selector).first
        if not await _answer(found.count()):
            return None
        return str(await found.evaluate("(it) => it.href", timeout=_AT_ONCE))

    # ----------------------------------------------------------------------------------- pictures

    async def picture(self, payment: str | None) -> bytes | None:
        """A JPEG of what is visible; None where a card may be seen (B-06).

        Once the lead works on the page there is none while the payment step is there.
        """
        if await self._may_show_card(payment):
            return None
        for quality in _QUALITIES:
            taken = await self.page.screenshot(type="jpeg", quality=quality, timeout=_AT_ONCE)
            if len(taken) <= LARGEST:
                return taken
        return None

    async def _may_show_card(self, payment: str | None) -> bool:
        seen = await self._look_at_last([payment] if payment else [])
        if seen is None or holds_card_number(seen.text):
            return True
        if self.is_used_by_lead and (payment is None or seen.shows(payment)):
            return True
        return any([await self._is_filled(frame) for frame in self.page.frames])

    async def _look_at_last(self, selectors: Collection[str]) -> Seen | None:
        """What is to be seen as soon as the page that is on its way is there."""
        ends_at = monotonic() + _ARRIVES_WITHIN
        while True:
            seen = await self.look(selectors)
            if seen is not None or monotonic() >= ends_at:
                return seen
            await asyncio.sleep(_LOOK_AGAIN_AFTER)

    async def _is_filled(self, frame: Frame) -> bool:
        """Whether a frame holds something of a card; one that cannot be asked may."""
        try:
            return bool(await _answer(frame.evaluate(_CARD_FIELDS)))
        except Error:
            return not frame.is_detached()


async def _answer(question: Awaitable[Told]) -> Told:
    """What the page says. Raises `TooSlow`: one that never loads, or is stuck, says nothing."""
    try:
        return await asyncio.wait_for(question, _AT_ONCE / 1000)
    except TimeoutError as silent:
        raise TooSlow("the page does not answer") from silent
