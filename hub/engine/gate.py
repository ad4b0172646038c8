"""The one gate that every action passes before it is done: pure (D10; language, chapter 4, `mode`).

`live`: as it stands. `simulate`: nothing with an effect leaves the hub. `test`: only the listed
destinations are reached; whatever the gate cannot judge stays inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.action import Action, DestinationKind, Mode
from hub.values import normalise_phone

_ORIGIN = re.compile(
    r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(?=[/?#]|\Z)", re.IGNORECASE
)
_PORTS = {"http": "80", "https": "443"}


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
    if mode == "live" or not action.outward or action.effect == "read":
        return Allowed(dict(inputs))
    if mode == "test":
        return _in_test(action, inputs, destinations)
    return Simulated("mode simulate: nothing leaves the hub")


def _in_test(
    action: Action, inputs: Mapping[str, Any], destinations: TestDestinations
) -> Allowed | Simulated:
    given = {
        name: kind
        for name, kind in action.destination_inputs.items()
        if inputs.get(name) is not None
    }
    if not given:
        return Simulated("mode test: the action names no destination that could be replaced")
    changed = dict(inputs)
    for name, kind in given.items():
        listed = destinations.of(kind)
        if not listed:
            return Simulated(f"mode test: test_destinations.{kind} is empty")
        replaced = _replaced(inputs[name], kind, listed)
        if replaced is None:
            return Simulated(f"mode test: {name} is not in test_destinations.{kind}")
        changed[name] = replaced
    return Allowed(changed)


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
    origin = _origin(value)
    return origin is not None and origin in {_origin(entry) for entry in listed}


def _origin(value: Any) -> tuple[str, str, str] | None:
    """Scheme, host and port of a URL; None for anything a reader could take in two ways."""
    if not isinstance(value, str) or "\\" in value:
        return None
    match = _ORIGIN.match(value)
    if match is None:
        return None
    scheme = match[1].lower()
    return scheme, match[2].lower(), (match[3] or _PORTS[scheme]).lstrip("0")


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
