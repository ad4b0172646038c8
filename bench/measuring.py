"""The measurements of `make bench`. Each round measures one side after the other.

Both sides meet the same neighbours that way; what counts is the ratio. Figures are the middle of
the rounds.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from statistics import median
from typing import Self

from bench import drain, load, piles, processes
from bench.figures import Aim, Row, percentile, plain, rate
from bench.load import Measured
from bench.processes import memory, processor
from bench.receiver import Receiver
from bench.sides import Side

ACCEPTED = "accepted webhooks/s, no worker running"
COMPLETED = "completed runs/s: web and one worker"
DRAINED = "completed runs/s: two workers, nothing else to do"
WAITED = "waiting tool call"
LOADED = "memory of web and worker (PSS), loaded"
_IDLE = "memory of web and worker (PSS), idle"
CALLERS = (1, 10, 50, 200)
_AIMED_AT = (1, 10)  # callers for whom it is set what a waiting call may take
_SHARES = (0.5, 0.99)
_MOST_FAILED = 0.01  # of the requests, before it is told
_WARM_UP = 600  # requests: until each connection has prepared its statements and planned them
_WEIGH_EVERY = 0.2  # seconds
_LOADED_WITHIN = 6.0  # seconds from the first answer: every process has loaded what it needs
_IMPORTS = [str(processes.BIN / "python"), "-c", "import flask, sqlalchemy, rq"]


class Bench:
    """The figures, one part after the other, each with the processes that it needs."""

    def __init__(
        self, hub: Side, floor: Side, receiver: Receiver, *, rounds: int, requests: int
    ) -> None:
        self._hub = hub
        self._floor = floor
        self._receiver = receiver
        self._rounds = rounds
        self._each_round = range(rounds)
        self._requests = requests
        self.rows: list[Row] = []
        self.notes: list[str] = []

    # ---------------------------------------------------------------------------- taking requests

    def accept(self) -> None:
        """Requests that are stored and answered at once; no worker competes for the processor."""
        with self._floor.web(), self._hub.web():
            self._warm_up("accept")
            found = {callers: self._both("accept", callers) for callers in CALLERS}
            self._forget()
        for callers, (hub, floor) in found.items():
            aim = Aim(least=0.8)
            self._add(ACCEPTED, "/s", rate(hub), rate(floor), callers=callers, aim=aim)
        self._percentiles("accepting", found)

    def wait(self) -> None:
        """A tool call with two effects in the database: from the request to the spoken answer."""
        with self._floor.web(), self._hub.web(), self._floor.workers(), self._hub.workers():
            self._warm_up("wait")
            found = {callers: self._both("wait", callers) for callers in CALLERS}
        self._percentiles(WAITED, found, (Aim(most=1.5), Aim(most=2)))

    def _percentiles(
        self,
        what: str,
        found: Mapping[int, tuple[list[Measured], list[Measured]]],
        aims: tuple[Aim | None, Aim | None] = (None, None),
    ) -> None:
        for share, aim in zip(_SHARES, aims, strict=True):
            for callers, rounds in found.items():
                hub, floor = (percentile(each, share) for each in rounds)
                aimed = aim if callers in _AIMED_AT else None
                self._add(
                    f"{what}, p{share * 100:.0f}", "ms", hub, floor, callers=callers, aim=aimed
                )

    def complete(self) -> None:
        """From the first request to the end of the last run, while one worker works.

        What 1,000 runs cost the processor is told beside it: the hub's own processes, and the
        database and Redis on its behalf.
        """
        servers = self._hub.servers()
        rates: dict[tuple[str, int], list[float]] = defaultdict(list)
        spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
        with (
            self._floor.web() as floor_web,
            self._floor.workers() as floor_workers,
            self._hub.web() as hub_web,
            self._hub.workers() as hub_workers,
        ):
            sides = (
                (self._floor, [*floor_web, *floor_workers]),
                (self._hub, [*hub_web, *hub_workers]),
            )
            self._warm_up("accept")
            for side in (self._floor, self._hub):
                side.settle()
            for callers in CALLERS:
                for _, (side, own) in product(self._each_round, sides):
                    before = processor(own), processor(servers)
                    runs, seconds = self._completed(side, "accept", callers)
                    after = processor(own), processor(servers)
                    rates[side.name, callers].append(runs / seconds)
                    cost = [(b - a) / runs * 1000 for a, b in zip(before, after, strict=True)]
                    spent[side.name].append((cost[0], cost[1]))
        for callers in CALLERS:
            hub, floor = (median(rates[side, callers]) for side in ("hub", "floor"))
            self._add(COMPLETED, "/s", hub, floor, callers=callers)
        for number, whose in enumerate(("own processes", "database and Redis")):
            hub, floor = (median(each[number] for each in spent[side]) for side in ("hub", "floor"))
            self._add(f"processor time of 1,000 runs: {whose}", "s", hub, floor)

    def reference(self) -> None:
        """The whole reference flow: the call of 50 ms is in it. No floor stands beside it."""
        with self._hub.web(), self._hub.workers():
            for kind in ("reference", "reference-waits"):
                self._warm_up(kind, self._hub)
            self._hub.settle()
            for callers in CALLERS:
                found = [self._completed(self._hub, "reference", callers) for _ in self._each_round]
                rates = [runs / seconds for runs, seconds in found]
                self._add("reference flow, completed runs/s", "/s", median(rates), callers=callers)
            waits = {
                callers: [
                    self._sent(self._hub, "reference-waits", callers, 5) for _ in self._each_round
                ]
                for callers in _AIMED_AT
            }
        for share, callers in product(_SHARES, _AIMED_AT):
            what = f"reference flow, answer awaited, p{share * 100:.0f}"
            self._add(what, "ms", percentile(waits[callers], share), callers=callers)

    def _both(self, kind: str, callers: int) -> tuple[list[Measured], list[Measured]]:
        hub, floor = [], []
        for _ in self._each_round:
            floor.append(self._sent(self._floor, kind, callers))
            hub.append(self._sent(self._hub, kind, callers))
        return hub, floor

    def _sent(self, side: Side, kind: str, callers: int, part: int = 1) -> Measured:
        """One round. One caller alone takes long enough with half of the requests."""
        requests = max(self._requests // part // (2 if callers == 1 else 1), 10)
        measured = load.run(side.port, side.requests[kind], requests=requests, concurrency=callers)
        if measured.failed > requests * _MOST_FAILED:
            self.notes.append(
                f"{side.name}, {kind}, {callers} callers: {measured.failed} of {requests}"
                f" were not served: {measured.statuses}"
            )
        if not measured.served:
            raise SystemExit(f"this is no measurement: {self.notes[-1]}")
        return measured

    def _completed(self, side: Side, kind: str, callers: int) -> tuple[int, float]:
        """How many runs, in how many seconds."""
        began = time.perf_counter()
        measured = self._sent(side, kind, callers)
        side.settle()
        return measured.served, time.perf_counter() - began

    def _warm_up(self, kind: str, *sides: Side) -> None:
        """What processes do only once, at their first requests, is not measured."""
        for side in sides or (self._floor, self._hub):
            load.run(side.port, side.requests[kind], requests=_WARM_UP, concurrency=10)

    def _send_one(self, side: Side) -> None:
        measured = load.run(side.port, side.requests["accept"], requests=1, concurrency=1)
        if measured.failed:
            raise SystemExit(f"the first webhook was not accepted: {measured.statuses}")

    def _forget(self) -> None:
        for side in (self._hub, self._floor):
            side.forget()

    # ------------------------------------------------------------------------------- working off

    def drain(self) -> None:
        """Two hub workers on the whole machine, beside two processes of the bare drain program."""
        runs, warm_up = self._requests * 2, _WARM_UP * 2
        with self._hub.web():
            piles.pile_up(self._hub, "accept", runs * self._rounds + warm_up)
        hub, floor = [], []
        with drain.processes_of(self._floor), self._hub.workers(2):
            piles.drain_bare(self._floor, warm_up, workers=2)
            piles.let_go(self._hub, "accept", warm_up, workers=2)
            for _ in self._each_round:
                floor.append(piles.drain_bare(self._floor, runs * 2, workers=2))
                hub.append(piles.let_go(self._hub, "accept", runs, workers=2))
        self._add(DRAINED, "/s", median(hub), median(floor), aim=Aim(least=0.3))

    def outward(self) -> None:
        """One worker process and runs that call a receiver which answers after 50 ms."""
        runs = self._requests // 2
        kinds = {"call": "runs with one call of 50 ms", "reference": "reference flow"}
        with self._hub.web():
            for kind in kinds:
                piles.pile_up(self._hub, kind, runs * self._rounds + _WARM_UP)
        with self._hub.workers():
            for kind, what in kinds.items():
                piles.let_go(self._hub, kind, _WARM_UP, workers=1)
                rates, most = [], []
                for _ in self._each_round:
                    self._receiver.counted()
                    rates.append(piles.let_go(self._hub, kind, runs, workers=1))
                    most.append(self._receiver.counted().most_at_once)
                is_aimed_at = kind == "call"
                fast, wide = (Aim(least=each, of_ratio=False) for each in (200, 15))
                self._add(
                    f"{what}, one worker", "/s", median(rates), aim=fast if is_aimed_at else None
                )
                self._add(
                    f"{what}, one worker: calls at once",
                    "",
                    median(most),
                    aim=wide if is_aimed_at else None,
                )

    # --------------------------------------------------------------------- processes as a whole

    def memory(self) -> None:
        """PSS of web with its two processes, their master and a worker: idle, and at its most."""
        weighed = []
        for side in (self._hub, self._floor):
            kinds = [
                each for each in ("accept", "wait", "reference-waits") if each in side.requests
            ]
            with side.web() as web, side.workers() as workers:
                pids = [*web, *workers]
                self._send_one(side)
                time.sleep(_LOADED_WITHIN)
                idle = memory(pids)
                with _Scale(pids) as scale:
                    for kind, callers in product(kinds, (10, 200)):
                        self._sent(side, kind, callers)
                    side.settle()
                weighed.append((idle, scale.most))
        for what, hub, floor, most in zip((_IDLE, LOADED), *weighed, (150, 250), strict=True):
            self._add(what, "MiB", hub, floor, aim=Aim(most=most, of_ratio=False))

    def start(self) -> None:
        """From the start of `hub web` to the first accepted webhook, beside three imports."""
        hub, imports = [], []
        for _ in self._each_round:
            began = time.perf_counter()
            subprocess.run(_IMPORTS, check=True)  # noqa: S603 - our own command
            imports.append(time.perf_counter() - began)
            began = time.perf_counter()
            with self._hub.web():
                self._send_one(self._hub)
                hub.append(time.perf_counter() - began)
        self._forget()
        what = "cold start to the first accepted webhook"
        self._add(what, "s", median(hub), median(imports), aim=Aim(most=3))

    def _add(
        self,
        what: str,
        unit: str,
        hub: float,
        floor: float | None = None,
        *,
        callers: int | None = None,
        aim: Aim | None = None,
    ) -> None:
        row = Row(what=what, unit=unit, hub=hub, floor=floor, callers=callers, aim=aim)
        self.rows.append(row)
        print(plain(row), flush=True)


class _Scale:
    """Weighs processes again and again while it is open; keeps the most."""

    def __init__(self, pids: Sequence[int]) -> None:
        self.most = 0.0
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._weigh, daemon=True)

    def _weigh(self) -> None:
        while not self._over.wait(_WEIGH_EVERY):
            self.most = max(self.most, memory(self._pids))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
