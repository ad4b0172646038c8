"""Which of the things a page offers is meant: a service, a provider, a time (B-02): pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.domain.booking_sessions.slot_times import read_time

_TIME = re.compile(
    r"(?<![\d:.])\d{1,2}(?:[:.]\d{2}(?::\d{2})?(?:\s*[ap]\.?m\b\.?)?|\s*[ap]\.?m\b\.?)",
    re.IGNORECASE | re.ASCII,
)
_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)", re.ASCII)
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)", re.ASCII)
_NINE = 9


@dataclass(frozen=True)
class Offer:
    """One thing that can be taken: its words, what else the page says of it, whether it is free."""

    words: str
    marks: tuple[str, ...] = ()
    is_free: bool = True


def choose(offers: Sequence[Offer], wish: str | None) -> int | None:
    """The place of what is meant; without a wish the first that is free; None: there is none.

    The very words win over those that only hold them: "Cleaning" is not "Deep cleaning".
    """
    free = [place for place, offer in enumerate(offers) if offer.is_free]
    if wish is None:
        return free[0] if free else None
    wanted = _plain(wish)
    same = [place for place in free if _plain(offers[place].words) == wanted]
    holding = [place for place in free if f" {wanted} " in f" {_plain(offers[place].words)} "]
    return next(iter((*same, *holding)), None)


def choose_time(offers: Sequence[Offer], at: datetime) -> int | None:
    """The place of the time that is free and says this local time; None: nobody can have it."""
    return next(
        (place for place, offer in enumerate(offers) if offer.is_free and _says(offer, at)), None
    )


def holds_card_number(text: str) -> bool:
    """Whether digits stand there that may be a card's: 13 to 19 that pass Luhn's sum (B-06)."""
    return any(_is_card(found[0]) for found in _CARD.finditer(text))


def _says(offer: Offer, at: datetime) -> bool:
    """Whether one of its texts names this time, and none another day."""
    texts = (offer.words, *offer.marks)
    days = {day for text in texts for day in _DAY.findall(text)}
    if days and at.date().isoformat() not in days:
        return False
    return any((at.hour, at.minute) in _times(text) for text in texts)


def _times(text: str) -> list[tuple[int, int]]:
    without_days = _DAY.sub(" ", text).replace("T", " ")
    found = []
    for each in _TIME.finditer(without_days):
        try:
            found.append(read_time(each[0]))
        except ValueError:
            continue
    return found[:1]  # "2:30 PM to 3:00 PM" begins at half past two


def _is_card(text: str) -> bool:
    digits = [int(each) for each in reversed(text) if each.isdigit()]
    doubled = sum(digit * 2 - _NINE * (digit * 2 > _NINE) for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0


def _plain(text: str) -> str:
    """The words, however they are spaced and written."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())
