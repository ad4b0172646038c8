"""Filters on numbers, lists, objects and JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Hashable
from typing import Any

from hub.engine.expressions.errors import Fault
from hub.engine.expressions.kinds import bounded, family_of, is_ordered, kind_of, matches
from hub.engine.expressions.scope import Missing
from hub.engine.expressions.signatures import KIND_WORDS
from hub.engine.expressions.work import LARGEST_TEXT, LONGEST_LIST, Work
from hub.values import plain

_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,40}(?:\.[0-9]{1,400})?\s*", re.ASCII)
_LONGEST_NUMBER = 500
_MOST_DECIMALS = 15
_DEEPEST_JSON = 64
_SORT_COST = 80
_JSON_MARK_COST = 20
_JSON_ITEM = 10
_EMPTY = Missing("an item of an empty list")


def to_int(_work: Work, value: str | float) -> int | float:
    """A whole number; what is behind the point is cut off."""
    return bounded(int(_number(value, "int")))


def to_float(_work: Work, value: str | float) -> float:
    """A number with a point."""
    return float(_number(value, "float"))


def _number(value: str | float, name: str) -> int | float:
    if not isinstance(value, str):
        return value
    if len(value) > _LONGEST_NUMBER or _NUMBER.fullmatch(value) is None:
        raise Fault(f"`{name}` needs a text that is a number, such as '12'")
    return float(value) if "." in value else int(value)


def rounded(_work: Work, value: float, *, n: int = 0) -> int | float:
    """Rounded to n places behind the point."""
    if not 0 <= n <= _MOST_DECIMALS:
        raise Fault(f"`round` takes 0 to {_MOST_DECIMALS} places")
    return bounded(round(value, n))


def absolute(_work: Work, value: float) -> int | float:
    """Without its sign."""
    return bounded(abs(value))


def total(work: Work, value: list[Any]) -> int | float:
    """The sum of a list of numbers; 0 for an empty one."""
    work.items(value)
    for item in value:
        if family_of(item) != "number":
            raise Fault(f"`sum` adds numbers, this list holds {KIND_WORDS[kind_of(item)]}")
    return bounded(sum(value))


def smallest(work: Work, value: list[Any]) -> Any:
    """The smallest item."""
    return _extreme(work, value, "<")


def largest(work: Work, value: list[Any]) -> Any:
    """The largest item."""
    return _extreme(work, value, ">")


def _extreme(work: Work, value: list[Any], sign: str) -> Any:
    work.items(value, _SORT_COST)
    if not value:
        return _EMPTY
    found = value[0]
    for item in value:
        if is_ordered(sign, item, found):
            found = item
    return found


def length(_work: Work, value: str | list[Any] | dict[str, Any]) -> int:
    """How many characters, items or keys."""
    return len(value)


def first(_work: Work, value: list[Any]) -> Any:
    """The first item."""
    return value[0] if value else _EMPTY


def last(_work: Work, value: list[Any]) -> Any:
    """The last item."""
    return value[-1] if value else _EMPTY


def unique(work: Work, value: list[Any]) -> list[Any]:
    """Every item once, in the order of the first ones."""
    work.items(value, _SORT_COST)
    seen: dict[Hashable, Any] = {}
    for item in value:
        seen.setdefault(_identity(work, item), item)
    return list(seen.values())


def _identity(work: Work, value: Any) -> Hashable:
    family = family_of(value)
    if family == "list":
        work.items(value)
        return ("list", *(_identity(work, item) for item in value))
    if family == "object":
        work.items(value, _SORT_COST)
        return ("object", frozenset((key, _identity(work, value[key])) for key in value))
    return (family, value)


def sort(work: Work, value: list[Any], *, field: str | None = None) -> list[Any]:
    """In ascending order, of a field of the items if one is named; capitals make no difference."""
    work.items(value, _SORT_COST)
    keys = [item if field is None else _field_of(item, field, "sort") for item in value]
    families = {family_of(key) for key in keys}
    if len(families) > 1 or not families <= {"number", "text", "instant", "duration"}:
        raise Fault("`sort` needs items that are all numbers, all texts, all dates or durations")
    if families == {"text"}:
        for key in keys:
            work.charge_text(key)
        keys = [key.lower() for key in keys]
    order = sorted(range(len(value)), key=keys.__getitem__)
    return [value[place] for place in order]


def where(work: Work, items: list[Any], *, field: str, value: Any) -> list[Any]:
    """The items whose field has that value."""
    work.items(items, _SORT_COST)
    return [
        item
        for item in items
        if field in _object(item, "where") and matches(work, item[field], value)
    ]


def pluck(work: Work, value: list[Any], *, field: str) -> list[Any]:
    """That field of every item; items without it are left out."""
    work.items(value)
    return [item[field] for item in value if field in _object(item, "pluck")]


def keys(work: Work, value: dict[str, Any]) -> list[str]:
    """The names of the fields."""
    work.items(value)
    return list(value)


def values(work: Work, value: dict[str, Any]) -> list[Any]:
    """The values of the fields."""
    work.items(value)
    return list(value.values())


def merge(work: Work, value: dict[str, Any], *, o: dict[str, Any]) -> dict[str, Any]:
    """Both objects in one; where both have a field, the second wins."""
    work.items(value)
    work.items(o)
    return {**value, **o}


def pick(work: Work, value: dict[str, Any], *, names: list[str]) -> dict[str, Any]:
    """Only these fields, as far as they are there."""
    work.items(names)
    return {name: value[name] for name in names if name in value}


def _field_of(item: Any, field: str, name: str) -> Any:
    found = _object(item, name)
    if field not in found:
        raise Fault(f"`{name}`: an item has no field '{field[:40]}'")
    return found[field]


def _object(item: Any, name: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise Fault(f"`{name}` needs a list of objects, this holds {KIND_WORDS[kind_of(item)]}")
    return item


def to_json(work: Work, value: Any) -> str:
    """Compact JSON text."""
    _measure(work, value, 0)
    return work.built(json.dumps(plain(value), ensure_ascii=False, separators=(",", ":")))


def _measure(work: Work, value: Any, size: int) -> int:
    """Add up how long the JSON text will be at least; stop before it is built (S4)."""
    kind = kind_of(value)
    work.charge(_JSON_ITEM)
    if kind == "secret":
        raise Fault("a secret cannot be written as JSON")
    if kind == "text":
        size += len(value)
        work.charge_text(value)
    elif kind == "list":
        for item in value:
            size = _measure(work, item, size)
    elif kind == "object":
        for key, item in value.items():
            size = _measure(work, item, size + len(key))
    size += 1
    if size > LARGEST_TEXT:
        raise Fault("the text would be larger than 256 KB")
    return size


def from_json(work: Work, value: str) -> Any:
    """The value that a JSON text describes."""
    work.room_for(len(value))
    # Every mark stands for a value that has to be built: they cost more than the text itself.
    work.charge(sum(map(value.count, "{[,:")) * _JSON_MARK_COST)
    try:
        read = json.loads(value, parse_constant=_no_constant)
        _check_json(read)
    except (ValueError, RecursionError):
        raise Fault("`from_json` needs a text that is JSON") from None
    return read


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _check_json(value: Any) -> None:
    """Refuse what no request may hold either: see the table of bad input in `guarantees`."""
    level = [value]
    for _ in range(_DEEPEST_JSON + 1):
        deeper: list[Any] = []
        for item in level:
            if not _JSON_CHECKS[type(item)](item):
                raise ValueError
            if isinstance(item, list):
                deeper.extend(item)
            elif isinstance(item, dict):
                deeper.extend(item.values())
        if not deeper:
            return
        level = deeper
    raise ValueError


def _is_storable(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


_JSON_CHECKS: dict[type, Callable[[Any], bool]] = {
    type(None): lambda _null: True,
    bool: lambda _boolean: True,
    str: _is_storable,
    int: lambda number: abs(number) < 2**63,
    float: math.isfinite,
    list: lambda items: len(items) <= LONGEST_LIST,
    dict: lambda fields: len(fields) <= LONGEST_LIST and all(map(_is_storable, fields)),
}

DATA_FILTERS: dict[str, Callable[..., Any]] = {
    "int": to_int,
    "float": to_float,
    "round": rounded,
    "abs": absolute,
    "sum": total,
    "min": smallest,
    "max": largest,
    "length": length,
    "first": first,
    "last": last,
    "unique": unique,
    "sort": sort,
    "where": where,
    "pluck": pluck,
    "keys": keys,
    "values": values,
    "merge": merge,
    "pick": pick,
    "to_json": to_json,
    "from_json": from_json,
}
