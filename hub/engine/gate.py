"""The one gate that every action passes before it is done: pure (D10; language, chapter 4, `mode`).

`live`: as it stands. `simulate`: nothing with an effect leaves the hub, nor a question about what
an effect would have made. `test`: only the listed destinations are reached; whatever the gate
cannot judge stays inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.action import Action, DestinationKind, Mode
from hub.values import normalise_phone, origin_of


@dataclass(frozen=True)
class TestDestinations:
    """`test_destinations:` of hub.yaml: who may be reached in mode `test`, the first by default.

    `url` lists origins: scheme, host and port.
    """

    __test__ = False  # pytest: not a test, though it is called so

    phone: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    url: tuple[str, ...] = ()

    def of(self, kind: DestinationKind) -> tuple[str, ...]:
        """The list of one kind."""
        lists: Mapping[DestinationKind, tuple[str, ...]] = {
            "phone": self.phone,
            "email": self.email,
            "channel": self.channel,
            "url": self.url,
        }
        return lists[kind]


@dataclass(frozen=True)
class Allowed:
    """Do it, with these inputs."""

    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Simulated:
    """Do not do it; the action's example is the result, and the timeline says why."""

    reason: str


def pass_gate(
    action: Action, inputs: Mapping[str, Any], mode: Mode, destinations: TestDestinations
) -> Allowed | Simulated:
    """Decide whether the action is done and with which inputs; `inputs` are never changed."""
    if mode == "live" or not action.outward:
        return Allowed(dict(inputs))
    if action.effect == "read":
        if mode == "simulate" and action.reads_effects:
            return Simulated("mode simulate: what it asks about was never made")
        return Allowed(dict(inputs))
    if mode == "test":
        return _in_test(action, inputs, destinations)
    return Simulated("mode simulate: nothing leaves the hub")


class _StaysInside(Exception):
    """Why a destination cannot be replaced."""


def _in_test(
    action: Action, inputs: Mapping[str, Any], destinations: TestDestinations
) -> Allowed | Simulated:
    changed: Any = dict(inputs)
    is_named = False
    try:
        for path, kind in action.destination_inputs.items():
            lead = _Lead(path, kind, destinations.of(kind))
            changed = lead.led(changed, path.split("."))
            is_named |= lead.is_used
    except _StaysInside as why:
        return Simulated(f"mode test: {why}")
    if not is_named:
        return Simulated("mode test: the action names no destination that could be replaced")
    return Allowed(changed)


@dataclass
class _Lead:
    """Leads what stands at one path to a listed destination; lists on the way are walked through.

    `is_used`: something stood there.
    """

    path: str
    kind: DestinationKind
    listed: tuple[str, ...]
    is_used: bool = False

    def led(self, value: Any, rest: list[str]) -> Any:
        """A copy; raises `_StaysInside` for what cannot be led, or cannot be looked into."""
        if value is None:
            return None
        if not rest:
            return self._replaced(value)
        if isinstance(value, list | tuple):
            return [self.led(each, rest) for each in value]
        if not isinstance(value, Mapping):
            raise _StaysInside(f"{self.path} does not lead to a destination")
        name, *further = rest
        return {**value, name: self.led(value[name], further)} if name in value else value

    def _replaced(self, value: Any) -> Any:
        self.is_used = True
        if not self.listed:
            raise _StaysInside(f"test_destinations.{self.kind} is empty")
        replaced = _replaced(value, self.kind, self.listed)
        if replaced is None:
            raise _StaysInside(f"{self.path} is not in test_destinations.{self.kind}")
        return replaced


def _replaced(value: Any, kind: DestinationKind, listed: tuple[str, ...]) -> Any:
    """The listed destination(s) to use instead, None when there can be none.

    What passes is the list's own text, so that two ways of reading one text cannot differ.
    """
    if isinstance(value, list | tuple):
        each = [_replaced(item, kind, listed) for item in value]
        return None if None in each else list(dict.fromkeys(each))
    if kind == "url":
        return value if _is_listed_origin(value, listed) else None
    form = _FORMS[kind]
    wanted = form(value)
    return next((entry for entry in listed if wanted and form(entry) == wanted), listed[0])


def _is_listed_origin(value: Any, listed: tuple[str, ...]) -> bool:
    origin = origin_of(value) if isinstance(value, str) else None
    return origin is not None and origin in {origin_of(entry) for entry in listed}


def _phone(value: Any) -> str:
    try:
        return normalise_phone(value) if isinstance(value, str) else ""
    except ValueError:
        return ""


def _email(value: Any) -> str:
    return value.strip().casefold() if isinstance(value, str) else ""


def _channel(value: Any) -> str:
    return value.strip().removeprefix("#").casefold() if isinstance(value, str) else ""


_FORMS: Mapping[DestinationKind, Callable[[Any], str]] = {
    "phone": _phone,
    "email": _email,
    "channel": _channel,
}
