"""What a lead does on our page of a session, as it comes from a phone: checked, never kept: pure.

Places are parts of the picture that is shown, from 0 to 1. What is typed may be a card's: nothing
here quotes it (B-06).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal, get_args

Pointed = Literal["tap", "press", "move", "release"]
KEYS = frozenset(
    {
        *("Backspace", "Delete", "Enter", "Escape", "Tab", "Home", "End"),
        *("ArrowDown", "ArrowLeft", "ArrowRight", "ArrowUp"),
    }
)
POINTED: Mapping[str, Pointed] = {each: each for each in get_args(Pointed)}
MOST = 50  # in one message
LONGEST = 200  # characters
MOST_CHOICES = 500  # of a list
_NARROWEST, _WIDEST = 280, 1280
_LOWEST, _HIGHEST = 320, 1600
_FARTHEST = 5000


@dataclass(frozen=True)
class Pointer:
    """A finger or a mouse."""

    do: Pointed
    x: float
    y: float


@dataclass(frozen=True)
class Wheel:
    """The page is moved up or down by so many points."""

    x: float
    y: float
    by: float


@dataclass(frozen=True)
class Typed:
    """Text, as a keyboard or a phone's suggestion gives it."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class Pressed:
    """A key that is no text."""

    key: str = field(repr=False)


@dataclass(frozen=True)
class Screen:
    """The lead's screen has this size."""

    width: int
    height: int


@dataclass(frozen=True)
class Picked:
    """One of the choices of the list that was shown last, by its place."""

    place: int = field(repr=False)


Input = Pointer | Wheel | Typed | Pressed | Screen | Picked


def read_inputs(given: Any) -> list[Input]:
    """The inputs of one message; raises ValueError without quoting any of them."""
    if not isinstance(given, list) or not 0 < len(given) <= MOST:
        raise ValueError(f"a message holds 1 to {MOST} inputs")
    return [_input(each) for each in given]


def _input(each: Any) -> Input:
    if not isinstance(each, Mapping):
        raise ValueError("an input is an object")  # noqa: TRY004 - for one `except` of callers
    do: Any = each.get("do")
    if isinstance(do, str) and do in POINTED:
        return Pointer(POINTED[do], _part(each.get("x")), _part(each.get("y")))
    if do == "wheel":
        by = _number(each.get("by"), -_FARTHEST, _FARTHEST)
        return Wheel(_part(each.get("x")), _part(each.get("y")), by)
    if do == "text":
        return Typed(_text(each.get("text")))
    if do == "key" and each.get("key") in KEYS:
        return Pressed(str(each["key"]))
    if do == "pick":
        return Picked(round(_number(each.get("place"), 0, MOST_CHOICES - 1)))
    if do == "size":
        width = _number(each.get("width"), 0, _FARTHEST)
        height = _number(each.get("height"), 0, _FARTHEST)
        return Screen(
            round(min(max(width, _NARROWEST), _WIDEST)), round(min(max(height, _LOWEST), _HIGHEST))
        )
    raise ValueError("the kind of an input is not known")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST or not value.isprintable():
        raise ValueError(f"a text has 1 to {LONGEST} printable characters")
    return value


def _part(value: Any) -> float:
    return _number(value, 0, 1)


def _number(value: Any, least: float, most: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not isfinite(value) or not least <= value <= most:
        raise ValueError(f"a number from {least} to {most} is missing")
    return float(value)
