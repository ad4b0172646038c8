"""Whether what happened is what a test expects, and if not, where in the file it says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.engine.yaml_profile import Mapping as Tree
from hub.engine.yaml_profile import Node, Sequence, plain
from hub.testing.story import shown
from hub.values import parse_duration, parse_instant

ABSENT = object()
"""What stands for a value that is not there at all."""


@dataclass(frozen=True)
class Mismatch:
    """One thing that is not as expected; `node` is where the file says so."""

    node: Node
    message: str


def mismatches(node: Node, actual: Any, what: str) -> Iterator[Mismatch]:
    """Compare: of objects every key that is given, of lists every item, dates as instants.

    `{contains: x}` is a part of a text, or one of a list; `{any: true}` is anything that is there.
    """
    loose = _loose(node)
    if actual is ABSENT:
        yield Mismatch(node, f"{what} is missing, expected {shown(plain(node))}")
    elif loose is not None:
        name, wanted = loose
        if name == "contains" and not _contains(actual, wanted):
            yield Mismatch(node, f"{what} is {shown(actual)}, which does not contain {wanted!r}")
    elif isinstance(node, Tree):
        yield from _of_object(node, actual, what)
    elif isinstance(node, Sequence):
        yield from _of_list(node, actual, what)
    elif not is_same(plain(node), actual):
        yield Mismatch(node, f"{what} is {shown(actual)}, expected {shown(plain(node))}")


def fits(node: Node, actual: Any) -> bool:
    """Whether a value matches."""
    return next(mismatches(node, actual, ""), None) is None


def is_same(expected: Any, actual: Any) -> bool:
    """Equal, or two ways to write one instant or one length of time."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if expected == actual:
        return True
    if not (isinstance(expected, str) and isinstance(actual, str)):
        return False
    first, second = _moment(expected), _moment(actual)
    return first is not None and first == second


def _of_object(node: Tree, actual: Any, what: str) -> Iterator[Mismatch]:
    if not isinstance(actual, dict):
        yield Mismatch(node, f"{what} is {shown(actual)}, expected an object")
        return
    for entry in node.entries:
        place = f"{what}.{entry.name}" if what else entry.name
        yield from mismatches(entry.value, actual.get(entry.name, ABSENT), place)


def _of_list(node: Sequence, actual: Any, what: str) -> Iterator[Mismatch]:
    if not isinstance(actual, list | tuple):
        yield Mismatch(node, f"{what} is {shown(actual)}, expected a list")
        return
    for place, item in enumerate(node.items):
        found = actual[place] if place < len(actual) else ABSENT
        yield from mismatches(item, found, f"{what}[{place}]")
    if len(actual) > len(node.items):
        message = f"{what} has {len(actual)} items, expected {len(node.items)}: {shown(actual)}"
        yield Mismatch(node, message)


def _loose(node: Node) -> tuple[str, Any] | None:
    """`contains` with its value, or `any`; None for what is compared as it stands."""
    if not isinstance(node, Tree) or len(node.entries) != 1:
        return None
    entry = node.entries[0]
    value = plain(entry.value)
    is_any = entry.name == "any" and value is True
    return (entry.name, value) if entry.name == "contains" or is_any else None


def _contains(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, str):
        return str(wanted) in actual
    return isinstance(actual, list | tuple) and any(is_same(wanted, each) for each in actual)


def _moment(text: str) -> datetime | timedelta | None:
    for read in (parse_instant, parse_duration):
        with suppress(ValueError):
            return read(text)
    return None
