"""The figures of each size, in turn, and what they are to be beside those of the smallest."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from uuid import uuid4

from bench import load, processes
from bench.figures import Aim, Row
from bench.growth.kinds import Grown
from bench.load import Measured
from hub.storage.workers import WorkerName
from hub.worker.rounds import Rounds

_CALLERS = 10
_WARM_UP = 40  # requests at which processes do what they do once
_WARM_RUNS = 1000  # of each worker: until each of its connections knows its statements
_ACCEPTED = 3  # times as many: they go so fast that a round would be over in a third of a second
_TRIES = 3
_AWAKE_FOR = 0.5  # seconds in which processes that stood still do what they missed
_FAST, _SLOW = Aim(least=0.9), Aim(most=1.5)


@dataclass
class _Found:
    """What the rounds of one size gave."""

    started: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    accepting: list[float] = field(default_factory=list)
    completed: list[float] = field(default_factory=list)
    working: list[float] = field(default_factory=list)
    serving: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    swept: list[float] = field(default_factory=list)


@dataclass
class _Running:
    """One size: its processes, and what its rounds gave."""

    grown: Grown
    pids: list[int]
    found: _Found


def measured(kind: str, sizes: Sequence[Grown], *, rounds: int, number: int) -> list[Row]:
    """The rows of one kind; the smallest size is what stands as the floor of the others."""
    running = [_Running(each, [], _Found()) for each in sizes]
    with ExitStack() as stack:
        for each in running:
            began = time.perf_counter()
            each.pids += stack.enter_context(each.grown.side.web())
            _sent(each.grown, "accept", 1)
            each.found.started.append(time.perf_counter() - began)
            _sent(each.grown, "accept", _WARM_UP)
        for each in _in_turn(running, rounds):
            its = _sent(each.grown, "accept", _ACCEPTED * number)
            each.found.accepted.append(its.rate)
            each.found.accepting.append(its.percentile(0.99))
        for each in running:
            each.grown.side.forget()
            each.pids += stack.enter_context(each.grown.side.workers(each.grown.workers))
            _sent(each.grown, "wait", _WARM_UP)
        for each in _in_turn(running, 1):
            _completed(each.grown, _WARM_RUNS * each.grown.workers)
        for each in _in_turn(running, rounds):
            before = _processor(each)
            each.found.completed.append(_completed(each.grown, number))
            own, servers = (b - a for a, b in zip(before, _processor(each), strict=True))
            each.found.working.append(own / number * 1000)
            each.found.serving.append(servers / number * 1000)
        for each in _in_turn(running, rounds):
            each.found.waited.append(_sent(each.grown, "wait", number).percentile(0.99))
        for each in running:
            each.found.memory.append(processes.memory(each.pids))
    found = {each.grown.size: each.found for each in running}
    _sweep(sizes, found, rounds * 5)
    return _rows(kind, found)


def _processor(running: _Running) -> tuple[float, float]:
    """Seconds of processor time: of its own processes, of the servers that all sizes share."""
    servers = running.grown.side.servers()
    return processes.processor(running.pids), processes.processor(servers)


def _in_turn(running: Sequence[_Running], rounds: int) -> Iterator[_Running]:
    """Each size in each round, while the processes of all others stand still."""
    for _ in range(rounds):
        for each in running:
            others = [pid for other in running if other is not each for pid in other.pids]
            with processes.paused(others):
                time.sleep(_AWAKE_FOR)
                yield each


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
        ("accepting, p99", "ms", "accepting", _SLOW),
        ("completed runs/s", "/s", "completed", _FAST),
        ("processor time of a run: web and workers", "ms", "working", None),
        ("processor time of a run: database and Redis", "ms", "serving", None),
        ("waiting call, p99", "ms", "waited", _SLOW),
        ("one round of a worker's duties", "ms", "swept", _SLOW),
        ("from `hub web` to the first accepted webhook", "s", "started", None),
        ("memory of web and workers (PSS)", "MiB", "memory", None),
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
    """A round in which all were served; one in which the machine was too busy is made again."""
    side = grown.side
    statuses: dict[int, int] = {}
    for _ in range(_TRIES):
        measured = load.run(side.port, side.requests[kind], requests=number, concurrency=_CALLERS)
        if not measured.failed:
            return measured
        statuses = measured.statuses
    raise SystemExit(f"{grown.size:,}: {kind} is no measurement: {statuses}")


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
