"""The figures of each size, in turn, and what they are to be beside those of the smallest."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from uuid import uuid4

from bench import load
from bench.figures import Aim, Row
from bench.growth.kinds import Grown
from bench.load import Measured
from hub.storage.workers import WorkerName
from hub.worker.rounds import Rounds

_CALLERS = 10
_WARM_UP = 40  # requests at which processes do what they do once
_FAST, _SLOW = Aim(least=0.9), Aim(most=1.5)


@dataclass
class _Found:
    """What the rounds of one size gave."""

    accepted: list[float] = field(default_factory=list)
    completed: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    swept: list[float] = field(default_factory=list)


def measured(kind: str, sizes: Sequence[Grown], *, rounds: int, number: int) -> list[Row]:
    """The rows of one kind; the smallest size is what stands as the floor of the others."""
    found = {each.size: _Found() for each in sizes}
    turns = [(each, found[each.size]) for _ in range(rounds) for each in sizes]
    with ExitStack() as stack:
        for each in sizes:
            stack.enter_context(each.side.web())
            _sent(each, "accept", _WARM_UP)
        for each, its in turns:
            its.accepted.append(_sent(each, "accept", number).rate)
        for each in sizes:
            each.side.forget()
            stack.enter_context(each.side.workers(each.workers))
            _sent(each, "wait", _WARM_UP)
        for each, its in turns:
            its.completed.append(_completed(each, number))
        for each, its in turns:
            its.waited.append(_sent(each, "wait", number).percentile(0.99))
    _sweep(sizes, found, rounds * 5)
    return _rows(kind, found)


def _sweep(sizes: Sequence[Grown], found: dict[int, _Found], rounds: int) -> None:
    """A worker's duties, done by hand while no worker is there."""
    duties = {each.size: _duties(each) for each in sizes}
    for _ in range(rounds):
        for size, duty in duties.items():
            began = time.perf_counter()
            duty.once()
            found[size].swept.append((time.perf_counter() - began) * 1000)


def _rows(kind: str, found: dict[int, _Found]) -> list[Row]:
    (first, *more) = found
    told = (
        ("accepted webhooks/s", "/s", "accepted", _FAST),
        ("completed runs/s", "/s", "completed", _FAST),
        ("waiting call, p99", "ms", "waited", _SLOW),
        ("one round of a worker's duties", "ms", "swept", _SLOW),
    )
    return [
        Row(
            f"{kind}, {first:,} → {size:,}: {what}",
            unit,
            hub=median(getattr(found[size], name)),
            floor=median(getattr(found[first], name)),
            aim=aim,
        )
        for size in more
        for what, unit, name, aim in told
    ]


def _sent(grown: Grown, kind: str, number: int) -> Measured:
    side = grown.side
    measured = load.run(side.port, side.requests[kind], requests=number, concurrency=_CALLERS)
    if measured.failed:
        raise SystemExit(f"{grown.size:,}: {kind} is no measurement: {measured.statuses}")
    return measured


def _completed(grown: Grown, number: int) -> float:
    began = time.perf_counter()
    _sent(grown, "accept", number)
    grown.side.settle()
    return number / (time.perf_counter() - began)


def _duties(grown: Grown) -> Rounds:
    """Ready to be measured: done twice, so that everything is planned and loaded."""
    name = WorkerName(id=uuid4().hex, host="bench", pid=os.getpid())
    hub = grown.hub
    rounds = Rounds(hub, scheduled=lambda: hub.scheduled, ring=lambda: None, worker=name)
    for _ in range(2):
        rounds.once()
    return rounds
