"""What one evaluation may use (S4): sizes of results, and a budget for time and memory.

A unit of work stands for some ten nanoseconds or four bytes, whichever is more. The budget keeps
an evaluation below 50 ms and 16 MiB for every payload, however the filters are combined.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Any, Final

from hub.engine.expressions.errors import Fault
from hub.engine.expressions.scope import Scope

LARGEST_TEXT: Final = 262_144  # bytes of UTF-8
LONGEST_LIST: Final = 10_000
BUDGET: Final = 2_000_000
ITEM: Final = 30  # units for one more value in a list or object
_WIDEST = 4  # bytes of one character


def text_size(text: str) -> int:
    """Count the bytes of a text in UTF-8; for a long one an upper bound will do."""
    if text.isascii():
        return len(text)
    if len(text) * _WIDEST <= LARGEST_TEXT:
        return len(text) * _WIDEST
    if len(text) > LARGEST_TEXT:
        return len(text)
    return len(text.encode(errors="surrogatepass"))


class Work:
    """The scope of one evaluation and how much of its budget is left."""

    __slots__ = ("left", "scope", "text")

    def __init__(self, scope: Scope, text: str) -> None:
        self.scope = scope
        self.text = text
        self.left = BUDGET

    def charge(self, units: int) -> None:
        """Use up some of the budget, before the work is done. Raises Fault."""
        self.left -= units
        if self.left < 0:
            raise Fault("the expression works on too much data; use it on smaller parts")

    def charge_text(self, text: str, per_character: int = 1) -> None:
        """Use up what it costs to go over a text."""
        self.charge(len(text) * per_character)

    def room_for(self, size: int) -> None:
        """Make sure that a text of this size may be built. Raises Fault."""
        if size > LARGEST_TEXT:
            raise Fault("the text would be larger than 256 KB")
        self.charge(size)

    def built(self, text: str) -> str:
        """Give a text that was built, once its size is allowed."""
        self.room_for(text_size(text))
        return text

    def items(self, values: Sized, per_item: int = ITEM) -> None:
        """Use up what it costs to go over a list or object. Raises Fault for more than 10,000."""
        if len(values) > LONGEST_LIST:
            raise Fault(f"the list has {len(values)} items; at most 10,000 are allowed")
        self.charge(len(values) * per_item)

    def listed(self, values: list[Any]) -> list[Any]:
        """Give a list that was built, once its length is allowed."""
        self.items(values)
        return values
