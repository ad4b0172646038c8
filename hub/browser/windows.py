"""What of a page no picture shows: lists that the browser itself draws, and further windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import ElementHandle, Frame, Page

from hub.domain.booking_sessions.inputs import MOST_CHOICES

_MOST_WINDOWS = 3
_DEEPEST = 5  # frames in frames
_AT_ONCE = 10_000.0  # milliseconds
_AT = """([x, y]) => {
  let found = document.elementFromPoint(x, y);
  while (found && found.shadowRoot) {
    const inside = found.shadowRoot.elementFromPoint(x, y);
    if (!inside || inside === found) break;
    found = inside;
  }
  return found;
}"""
_CHOICES = f"""(it) => {{
  if (it.tagName !== "SELECT" || it.disabled || it.multiple || it.size > 1) return null;
  const label = (it.labels[0] && it.labels[0].firstChild.textContent) || it.ariaLabel || "";
  return {{
    label: label.trim().slice(0, 100),
    choices: [...it.options].slice(0, {MOST_CHOICES}).map((each) => ({{
      words: each.label.trim().slice(0, 100), isFree: !each.disabled, isChosen: each.selected,
    }})),
  }};
}}"""


@dataclass(frozen=True)
class Choices:
    """A list of the page that the browser would draw above it. `shown`: for the lead's page."""

    element: ElementHandle
    shown: dict[str, Any] = field(repr=False)

    async def pick(self, place: int) -> None:
        """Take one; the page hears of it as if it had been done by hand."""
        await self.element.select_option(index=place, timeout=_AT_ONCE)


async def choices_at(page: Page, x: float, y: float) -> Choices | None:
    """The list at a place of the page; None: something else is there."""
    within: Frame = page.main_frame
    for _ in range(_DEEPEST):
        element = (await within.evaluate_handle(_AT, [x, y])).as_element()
        if element is None:
            return None
        inner = await element.content_frame()
        if inner is None:
            shown = await element.evaluate(_CHOICES)
            return None if shown is None else Choices(element, shown)
        box = await element.evaluate(
            "(it) => { const at = it.getBoundingClientRect();"
            " return [at.left + it.clientLeft, at.top + it.clientTop]; }"
        )
        within, x, y = inner, x - box[0], y - box[1]
    return None


class Windows:
    """The windows of one session, the newest on top. `changed` is told when another one is."""

    def __init__(self, page: Page, changed: Callable[[], None]) -> None:
        self._pages, self._changed = [page], changed
        page.context.on("page", self._opened)

    @property
    def top(self) -> Page:
        """The one that the lead sees and uses."""
        return self._pages[-1]

    async def make_room(self) -> None:
        """Close what is too many, and let the one on top be in front, as large as the first."""
        while len(self._pages) > _MOST_WINDOWS:
            await self._pages.pop().close()
        size = self._pages[0].viewport_size
        if self.top is not self._pages[0] and size is not None:
            await self.top.set_viewport_size(size)
        await self.top.bring_to_front()

    def _opened(self, page: Page) -> None:
        self._pages.append(page)
        page.on("close", self._closed)
        self._changed()

    def _closed(self, page: Page) -> None:
        if page in self._pages[1:]:
            self._pages.remove(page)
            self._changed()
