"""What a storm does, from its seed alone: the same seed makes the same storm again. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

Servers = Literal["postgres", "embedded"]

# Each kind of webhook with its share of a hundred.
KINDS: Mapping[str, int] = {
    "notes": 20,  # one effect in the database
    "books": 20,  # a tool call that waits: appointment, hold, then a chat message
    "asks": 10,  # waits for an answer made from its effect
    "puts": 15,  # one call of somebody who honours keys, then an effect
    "texts": 15,  # one SMS: at most once
    "waits": 5,  # sleeps until an event comes
    "emits": 5,  # the event
    "naps": 10,  # sleeps on a timer
}

# What can be done, and for how many seconds (least, most).
OF_PROCESSES: Mapping[str, tuple[float, float]] = {
    "web.kill": (0, 0),
    "web.kill_child": (0, 0),
    "web.stop_child": (1, 3),
    "web.terminate": (0, 0),
    "worker.kill": (0, 0),
    "worker.stop": (6, 8),  # longer than a lease
    "worker.terminate": (0, 0),
    "files.save": (0, 0),
}
OF_REDIS: Mapping[str, tuple[float, float]] = {
    "redis.kill": (0.2, 2),
    "redis.stop": (1, 4),
    "redis.flush": (0, 0),
    "redis.restart": (0, 0),
}
OF_POSTGRES: Mapping[str, tuple[float, float]] = {
    "postgres.kill": (0.1, 1),
    "postgres.kill_backend": (0, 0),
    "postgres.stop": (1, 3),
    "postgres.restart": (0, 0.5),
    "postgres.end_sessions": (0, 0),
}
OF_LINKS: Mapping[str, tuple[float, float]] = {"redis.cut": (1, 4), "postgres.cut": (0.5, 3)}
OF_HUB_DEV: Mapping[str, tuple[float, float]] = {"dev.kill": (0, 0), "dev.terminate": (0, 0)}

_PROCESSES_AND_SERVERS = {**OF_PROCESSES, **OF_REDIS, **OF_POSTGRES}
FAULTS: Mapping[Servers, Mapping[str, tuple[float, float]]] = {
    "postgres": {**_PROCESSES_AND_SERVERS, **OF_LINKS},
    "embedded": {**_PROCESSES_AND_SERVERS, **OF_HUB_DEV},
}

_EARLIEST, _LATEST = 0.03, 0.92  # of the traffic: faults fall amid it
_EVENT_AFTER = 0.02  # of the traffic, between a sleeper and its event
_REPEATED, _HUNG_UP = 0.12, 0.06  # of the webhooks


@dataclass(frozen=True)
class Webhook:
    """One webhook. `at`: when in the traffic, 0 to 1. `partner`: whom an event is for.

    `repeats`: how often its sender sends it again though it was answered; `hangs_up`: the first
    time he does not wait for the answer.
    """

    id: str
    number: int
    kind: str
    at: float
    repeats: int = 0
    hangs_up: bool = False
    partner: str = ""


@dataclass(frozen=True)
class Fault:
    """One fault. `at`: when in the traffic, 0 to 1; `pick` says whom of several it hits."""

    number: int
    kind: str
    at: float
    seconds: float
    pick: int


@dataclass(frozen=True)
class Plan:
    """A whole storm."""

    seed: int
    servers: Servers
    webhooks: tuple[Webhook, ...]
    faults: tuple[Fault, ...]


def plan(seed: int, *, webhooks: int, faults: int, servers: Servers) -> Plan:
    """The storm of a seed."""
    random = Random(f"{seed} {servers}")  # noqa: S311 - to be repeated, not to be guessed
    return Plan(
        seed, servers, tuple(_webhooks(random, webhooks)), tuple(_faults(random, faults, servers))
    )


def _webhooks(random: Random, number: int) -> list[Webhook]:
    kinds = [kind for kind, share in KINDS.items() for _ in range(share) if kind != "emits"]
    made: list[Webhook] = []
    while len(made) < number:
        kind = random.choice(kinds)
        if kind == "waits" and len(made) + 2 > number:
            kind = "notes"
        first = _webhook(random, len(made), kind, at=random.random() * (1 - _EVENT_AFTER))
        made.append(first)
        if kind == "waits":
            at = first.at + _EVENT_AFTER * (0.2 + 0.8 * random.random())
            made.append(_webhook(random, len(made), "emits", at=at, partner=first.id))
    return sorted(made, key=lambda each: each.at)


def _webhook(random: Random, number: int, kind: str, *, at: float, partner: str = "") -> Webhook:
    return Webhook(
        id=f"w{number:06}",
        number=number,
        kind=kind,
        at=at,
        repeats=random.choice((1, 1, 2)) if random.random() < _REPEATED else 0,
        hangs_up=random.random() < _HUNG_UP,
        partner=partner,
    )


def _faults(random: Random, number: int, servers: Servers) -> list[Fault]:
    """Every kind as often as any other, in a random order, spread over the traffic."""
    known = FAULTS[servers]
    kinds = _dealt(random, sorted(known), number)
    made = []
    for place, kind in enumerate(kinds):
        at = _EARLIEST + (_LATEST - _EARLIEST) * (place + random.random()) / number
        seconds = random.uniform(*known[kind])
        made.append(Fault(place + 1, kind, at, round(seconds, 2), random.randrange(1000)))
    return made


def _dealt(random: Random, kinds: Sequence[str], number: int) -> list[str]:
    dealt: list[str] = []
    while len(dealt) < number:
        dealt += random.sample(kinds, len(kinds))
    return dealt[:number]
