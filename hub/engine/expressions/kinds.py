"""Which kind of value it is, and what the operators do with values of each kind."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from hub.engine.expressions.errors import Fault
from hub.engine.expressions.scope import Omit
from hub.engine.expressions.signatures import KIND_WORDS, Kind
from hub.engine.expressions.work import LARGEST_TEXT, Work
from hub.values import (
    Secret,
    SecretText,
    format_duration,
    format_instant,
    join_secret,
    parse_duration,
    parse_instant,
)

_KINDS: Final[dict[type, Kind]] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    datetime: "instant",
    timedelta: "duration",
    list: "list",
    dict: "object",
    Secret: "secret",
    SecretText: "secret",
}
_ORDERED = frozenset({"number", "text", "instant", "duration"})
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_SIMPLE = frozenset({bool, int, float, str})
_COMPARED = 70  # units for one comparison
_SMALLEST = -(2**63)
_LARGEST = 2**63 - 1


def kind_of(value: Any) -> Kind:
    """Name the kind of a value. Raises Fault for anything that is no value of the language."""
    kind = _KINDS.get(type(value))
    if kind is None:
        if isinstance(value, Omit):
            raise Fault("`omit` stands alone or in `| default(omit)`")
        raise Fault("this is no value that expressions can work with")
    if kind == "integer":
        bounded(value)
    return kind


def family_of(value: Any) -> str:
    """Name the kind of a value; whole numbers and others are one family."""
    kind = kind_of(value)
    return "number" if kind == "integer" else kind


def bounded(number: float) -> int | float:
    """Give a number that fits: whole ones into 64 bits, others finite. Raises Fault."""
    if isinstance(number, int):
        if not _SMALLEST <= number <= _LARGEST:
            raise Fault("the whole number does not fit into 64 bits")
    elif not math.isfinite(number):
        raise Fault("the number is too large")
    return number


def calculate(sign: str, left: Any, right: Any) -> int | float:
    """Work out `left sign right` for numbers. Raises Fault."""
    for operand in (left, right):
        kind = kind_of(operand)
        if kind not in {"integer", "number"}:
            raise Fault(_no_number(sign, kind))
    try:
        return bounded(_ARITHMETIC[sign](left, right))
    except ZeroDivisionError:
        raise Fault("a division by zero") from None


def _no_number(sign: str, kind: Kind) -> str:
    remedy = ""
    if kind == "text" and sign == "+":
        remedy = ": join texts with `~`"
    elif kind == "text":
        remedy = ": use `| int` or `| float`"
    elif kind == "instant":
        remedy = ": use `| plus('24h')` or `| minus('24h')`"
    return f"`{sign}` works on numbers, this is {KIND_WORDS[kind]}{remedy}"


def is_equal(work: Work, left: Any, right: Any) -> bool:
    """Compare two values of the same kind; text is read as a date or duration. Raises Fault."""
    left, right = _aligned(left, right)
    return is_same(work, left, right)


def is_ordered(sign: str, left: Any, right: Any) -> bool:
    """Work out `<`, `<=`, `>`, `>=` for numbers, texts, dates and durations. Raises Fault."""
    left, right = _aligned(left, right)
    if family_of(left) not in _ORDERED:
        raise Fault(f"`{sign}` cannot compare {KIND_WORDS[kind_of(left)]}")
    return _ORDER[sign](left, right)


def is_same(work: Work, left: Any, right: Any) -> bool:
    """Tell whether two values are equal, at any depth; other kinds are just not equal."""
    if type(left) is type(right) and type(left) in _SIMPLE:
        return bool(left == right)
    work.charge(_COMPARED)
    family = family_of(left)
    if family != family_of(right):
        return False
    if family == "list":
        work.charge(len(left) * _COMPARED)
        return len(left) == len(right) and all(
            is_same(work, one, other) for one, other in zip(left, right, strict=True)
        )
    if family == "object":
        work.charge(len(left) * _COMPARED)
        return left.keys() == right.keys() and all(
            is_same(work, value, right[key]) for key, value in left.items()
        )
    return bool(left == right)


def matches(work: Work, left: Any, right: Any) -> bool:
    """Tell whether an item is the one looked for; text that is a date may stand for a date."""
    if type(left) is not type(right):
        try:
            left, right = _aligned(left, right)
        except Fault:
            return False
    return is_same(work, left, right)


def contains(work: Work, wanted: Any, container: Any) -> bool:
    """Work out `wanted in container`: a list, the keys of an object, or part of a text."""
    kind = kind_of(container)
    if kind == "list":
        work.items(container, _COMPARED)
        return any(matches(work, item, wanted) for item in container)
    if kind not in {"object", "text"}:
        raise Fault(f"`in` looks into lists, objects and texts, not into {KIND_WORDS[kind]}")
    if kind_of(wanted) != "text":
        raise Fault(f"`in` looks for a text here, this is {KIND_WORDS[kind_of(wanted)]}")
    if kind == "text":
        work.charge(len(container) + len(wanted))
    return wanted in container


def _aligned(left: Any, right: Any) -> tuple[Any, Any]:
    """Bring two values to one kind, or refuse to compare them."""
    one, other = family_of(left), family_of(right)
    if "secret" in {one, other}:
        raise Fault("a secret cannot be compared")
    if one == other:
        return left, right
    if one == "text" and other in {"instant", "duration"}:
        return _read_as(other, left), right
    if other == "text" and one in {"instant", "duration"}:
        return left, _read_as(one, right)
    message = f"{KIND_WORDS[kind_of(left)]} cannot be compared with {KIND_WORDS[kind_of(right)]}"
    if "null" in {one, other}:
        message += ": use `| default(x)` or `is set`"
    raise Fault(message)


def _read_as(family: str, text: str) -> datetime | timedelta:
    try:
        return parse_instant(text) if family == "instant" else parse_duration(text)
    except ValueError as unreadable:
        raise Fault(str(unreadable)) from None


def text_of(value: Any) -> str | Secret | SecretText:
    """Write a value as part of a text. Raises Fault for null, lists and objects."""
    kind = kind_of(value)
    if kind in {"text", "secret"}:
        return value  # type: ignore[no-any-return]
    write = _WRITERS.get(kind)
    if write is None:
        remedy = "use `| default('')`" if kind == "null" else "use `| to_json`"
        raise Fault(f"{KIND_WORDS[kind]} cannot be joined into text: {remedy}")
    return write(value)


def _duration_text(value: timedelta) -> str:
    try:
        return format_duration(value)
    except ValueError as unwritable:
        raise Fault(str(unwritable)) from None


_WRITERS: dict[Kind, Callable[[Any], str]] = {
    "boolean": lambda value: "true" if value else "false",
    "integer": str,
    "number": repr,
    "instant": format_instant,
    "duration": _duration_text,
}


def joined(work: Work, values: list[Any], separator: str = "") -> str | SecretText:
    """Write values one after the other, never more than a text may hold. Raises Fault."""
    parts: list[str | Secret | SecretText] = []
    size = 0
    for place, value in enumerate(values):
        if place and separator:
            parts.append(separator)
            size += len(separator)
        part = text_of(value)
        parts.append(part)
        size += len(part) if isinstance(part, str) else 0
        if size > LARGEST_TEXT:
            break
    work.room_for(size)
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) < len(parts):
        return join_secret(parts)
    return work.built("".join(texts))
