"""How a page tells the outcome: scored signs, looked for by URL, then text, then element: pure.

Signs are data of a platform (B-12). Each has a score, and an outcome is believed when its signs
reach what the platform needs: "Try again" on a harmless page is no declined card (X22). Signs that
were there before the lead paid mean nothing. Where success and failure are both to be seen, nothing
is believed: no success is claimed against the evidence (X20).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

Kind = Literal["url", "text", "element"]
Seen = Literal["success", "payment_failed", "slot_unavailable"]

KINDS: tuple[Kind, ...] = ("url", "text", "element")  # in the order of looking (B-09)
NEEDED = 2
STRONG, WEAK = 2, 1


@dataclass(frozen=True)
class Sign:
    """One thing that speaks for an outcome: part of a path, words, or a CSS selector."""

    outcome: Seen
    kind: Kind
    pattern: str
    score: int = STRONG


@dataclass(frozen=True)
class Signs:
    """The signs of a platform, and the score that an outcome needs."""

    signs: tuple[Sign, ...]
    needed: int = NEEDED


@dataclass(frozen=True)
class Sighting:
    """What is believed, and by which signs; the first is the one that was looked for first."""

    outcome: Seen
    signs: tuple[Sign, ...]

    @property
    def evidence(self) -> dict[str, object]:
        """As it is kept with the session."""
        told = [f"{each.kind}: {each.pattern}" for each in self.signs]
        return {"teller": "browser", "outcome": self.outcome, "signs": told}


class Page(Protocol):
    """What can be seen of a page at one moment."""

    @property
    def url(self) -> str:
        """Its address."""
        ...

    @property
    def text(self) -> str:
        """The words that a person reads."""
        ...

    def shows(self, selector: str) -> bool:
        """Whether an element is there, and visible."""
        ...


def usual(
    success: Mapping[Kind, Iterable[str]],
    failure: Mapping[Kind, Iterable[str]],
    taken: Mapping[Kind, Iterable[str]],
) -> tuple[Sign, ...]:
    """Strong signs from plain lists."""
    lists: tuple[tuple[Seen, Mapping[Kind, Iterable[str]]], ...] = (
        ("success", success),
        ("payment_failed", failure),
        ("slot_unavailable", taken),
    )
    return tuple(
        Sign(outcome, kind, pattern)
        for outcome, given in lists
        for kind in KINDS
        for pattern in given.get(kind, ())
    )


USUAL = Signs(  # what pages of this kind have in common (B-10, B-11, B-14)
    (
        *usual(
            success={
                "url": ("/confirmation", "/success", "/thank-you"),
                "text": ("Booking Confirmed", "Appointment Scheduled"),
                "element": (".confirmation-number", "[data-testid=success]"),
            },
            failure={
                "url": ("/error", "/failed"),
                "text": ("Payment Failed", "Card Declined"),
                "element": ("[data-testid=error]",),
            },
            taken={
                "text": ("no longer available", "has just been taken"),
                "element": ("[data-testid=slot-taken]",),
            },
        ),
        Sign("payment_failed", "text", "Try Again", WEAK),
        Sign("payment_failed", "element", ".error-message", WEAK),
    )
)


def found_on(page: Page, known: Signs) -> tuple[Sign, ...]:
    """The signs that are to be seen, in the order of looking (B-09)."""
    steps, words = _steps(page.url), _words(page.text)

    def is_there(sign: Sign) -> bool:
        if sign.kind == "url":
            return _holds(steps, _steps(sign.pattern))
        if sign.kind == "text":
            return _holds(words, _words(sign.pattern))
        return page.shows(sign.pattern)

    ordered = sorted(known.signs, key=lambda sign: KINDS.index(sign.kind))
    return tuple(sign for sign in ordered if is_there(sign))


def judge(
    found: Iterable[Sign], *, needed: int = NEEDED, before: AbstractSet[Sign] = frozenset()
) -> Sighting | None:
    """What the signs say that were not there `before`; None when they do not say enough."""
    new = [sign for sign in dict.fromkeys(found) if sign not in before]
    scores: dict[Seen, int] = {}
    for sign in new:
        scores[sign.outcome] = scores.get(sign.outcome, 0) + sign.score
    believed = {outcome for outcome, score in scores.items() if score >= needed}
    if believed == {"payment_failed", "slot_unavailable"}:
        believed = {"slot_unavailable"}  # what cannot be had cannot be paid with another card
    if len(believed) != 1:
        return None
    (outcome,) = believed
    return Sighting(outcome, tuple(sign for sign in new if sign.outcome == outcome))


def what_to_do(sighting: Sighting | None, former: Sighting | None) -> Literal["end", "note"] | None:
    """What follows from a look: an end, a note of a declined card, or nothing.

    A card that is still declined at the next look is no second one (X22).
    """
    if sighting is None:
        return None
    if sighting.outcome != "payment_failed":
        return "end"
    was_declined = former is not None and former.outcome == "payment_failed"
    return None if was_declined else "note"


def _steps(url: str) -> list[str]:
    """The parts of the path: `/success` is no part of `/success-stories`."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return []
    return [unquote(each).casefold() for each in path.split("/") if each]


def _words(text: str) -> list[str]:
    """The words, however they are spaced and written: `Confirmed!` is `confirmed`."""
    cleaned = "".join(letter if letter.isalnum() else " " for letter in text.casefold())
    return cleaned.split()


def _holds(all_: list[str], wanted: list[str]) -> bool:
    """Whether `wanted` stands in `all_`, in one piece; nothing is nowhere."""
    size = len(wanted)
    return size > 0 and any(
        all_[start : start + size] == wanted for start in range(len(all_) - size + 1)
    )
