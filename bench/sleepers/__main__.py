"""`make bench-sleepers`: the same measurements with few and with many sleeping runs.

The rows are those that the hub itself writes (crowd.py). What a worker does between due times is
measured statement by statement in this process, and as a whole on a worker process that has nothing
to do: its processor time, and the blocks that the database looked at meanwhile.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from statistics import median
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from bench.folder import fresh
from bench.processes import processor
from bench.sleepers.crowd import fill, settle
from bench.sleepers.house import House, begin, wait_until
from hub import embedded
from hub.bootstrap import Hub
from hub.storage import events, gauges, migrate, runs, schedules
from hub.storage.workers import WorkerName
from hub.worker.rounds import Rounds

_ASLEEP = "SELECT count(*) = 2 FROM runs WHERE status = 'waiting'"
_ENDED = "SELECT status = 'succeeded' FROM runs WHERE id = :id"
_SLEEPER = (
    "SELECT run_id FROM event_waits JOIN runs ON runs.id = run_id AND status = 'waiting'"
    " WHERE name = 'alarm.rung' AND event_waits.key = :key"
)
_LATENCY = (
    "SELECT extract(epoch FROM runs.ended_at - events.at) * 1000 FROM runs, events"
    " WHERE runs.id = :id AND events.name = 'alarm.rung' AND events.key = :key"
)
_ASIDE = (
    "UPDATE runs SET due_at = now() + interval '1 year'"
    " WHERE status = 'waiting' AND due_at <= now()"
)
_BLOCKS = (
    "SELECT sum(coalesce(hits, 0) + coalesce(reads, 0)) FROM pg_stat_io"
    " WHERE backend_type = 'client backend'"
)
_COUNT_NOW = "SELECT pg_stat_force_next_flush()"  # so that our own reading is not counted later
_SCANNED = (
    "SELECT sum(seq_tup_read) FROM pg_stat_user_tables"
    " WHERE relname IN ('runs', 'run_history', 'steps', 'event_waits')"
)
_WRITE = (
    "INSERT INTO workers (id, host, pid, seen_at) VALUES (:id, '', 0, now())"
    " ON CONFLICT (id) DO UPDATE SET seen_at = now()"
)
_COUNT = "SELECT count(*), (SELECT count(*) FROM event_waits) FROM runs WHERE status = 'waiting'"


def main() -> None:
    """Fill, measure, fill more, measure again, print."""
    options = _options()
    with (
        fresh("hub-sleepers-") as folder,
        embedded.start(folder / "state") as servers,
    ):
        migrate.upgrade(servers.database_url)
        house = House(folder / "project", servers)
        with house.hub() as hub:
            found = Night(house, hub, options).measured()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} processors")
    print(f"python -m bench.sleepers {' '.join(sys.argv[1:])}".rstrip())
    print(f"medians of {options.looks} (woken runs: {options.wakes})\n")
    print(f"{'sleeping runs':42}" + "".join(f"{size:>12,}" for size in options.sizes))
    for what in found[0]:
        print(f"{what:42}" + "".join(f"{each[what]:12.2f}" for each in found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-sleepers")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 1_000_000])
    parser.add_argument("--looks", type=int, default=50)
    parser.add_argument("--wakes", type=int, default=20)
    parser.add_argument("--idle", type=float, default=20, help="seconds in which nothing is due")
    return parser.parse_args()


class Night:
    """Sizes from the smallest on; at each one the same measurements."""

    def __init__(self, house: House, hub: Hub, options: argparse.Namespace) -> None:
        self._house = house
        self._hub = hub
        self._engine = hub.database
        self._options = options
        self._asleep = 0
        self._woken = 0
        self._emitter = UUID(int=0)

    def measured(self) -> list[dict[str, float]]:
        """The figures of each size."""
        with self._house.worker(self._engine):
            listener, napper = (begin(self._hub, each, "first") for each in ("listener", "napper"))
            wait_until(self._engine, _ASLEEP)
        self._emitter = napper
        found = []
        for size in self._options.sizes:
            began, more = time.monotonic(), size - self._asleep
            fill(self._engine, listener=listener, napper=napper, first=self._asleep, count=more)
            self._asleep = size
            settle(self._engine)
            seconds = time.monotonic() - began
            print(f"{_told(self._engine)}; filled in {seconds:.0f} s", file=sys.stderr)
            figures, before = self._statements(), self._scanned()
            figures |= {**self._worker_alone(), **self._wakes()}
            figures["rows read without an index meanwhile"] = self._scanned() - before
            found.append({**figures, "load of the machine": os.getloadavg()[1]})
        return found

    def _statements(self) -> dict[str, float]:
        """What a worker does again and again, and what sends an event: milliseconds."""
        engine = self._engine
        name = WorkerName(id=uuid4().hex, host="bench", pid=os.getpid())
        rounds = Rounds(
            self._hub, scheduled=lambda: self._hub.scheduled, ring=lambda: None, worker=name
        )
        found = {
            "a commit alone (the disk's own time), ms": self._timed(self._commit),
            "a look for due runs, ms": self._timed(
                lambda: _nothing(runs.claim(engine, worker="bench", most=10))
            ),
            "a round of duties, ms": self._timed(rounds.once),
            "freeing lost runs, ms": self._timed(lambda: _nothing(runs.sweep(engine))),
            "a look at the schedules, ms": self._timed(lambda: _nothing(schedules.due(engine))),
            "the length of the queue, ms": self._timed(
                lambda: _nothing(gauges.count_waiting(engine))
            ),
            "whether a schedule's run goes on, ms": self._timed(self._look_unfinished),
            "sweeping old events, ms": self._timed(self._sweep_events),
            "an event that wakes one, ms": self._timed(self._emit),
        }
        with engine.begin() as connection:
            connection.execute(text(_ASIDE))
            connection.execute(text(_COUNT_NOW))
        settle(engine)
        return found

    def _timed(self, do: Callable[[], object]) -> float:
        do()
        times = []
        for _ in range(self._options.looks):
            began = time.perf_counter()
            do()
            times.append(time.perf_counter() - began)
        return median(times) * 1000

    def _commit(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(text(_WRITE), {"id": "commit"})

    def _look_unfinished(self) -> None:
        with self._engine.connect() as connection:
            _nothing(schedules.has_unfinished(connection, "napper"))

    def _sweep_events(self) -> None:
        with self._engine.begin() as connection:
            _nothing(events.sweep(connection))

    def _next_key(self) -> str:
        """The key of a listener that nobody has woken yet; every other sleeper is one."""
        self._woken += 1
        return f"s{2 * self._woken}"

    def _emit(self) -> None:
        with self._engine.begin() as connection:
            key = self._next_key()
            emitted = events.emit(
                connection, name="alarm.rung", key=key, data={}, run_id=self._emitter, path=key
            )
            if len(emitted.woken) != 1:
                raise SystemExit(f"{key} woke {len(emitted.woken)} runs")

    def _worker_alone(self) -> dict[str, float]:
        """A worker process while nothing is due: its own time, and the blocks of the database."""
        with self._house.worker(self._engine) as pid:
            time.sleep(2)  # it has looked around
            before, began = (processor([pid]), self._blocks()), time.monotonic()
            time.sleep(self._options.idle)
            seconds = time.monotonic() - began
            after = (processor([pid]), self._blocks())
        return {
            "an idle worker, ms of processor per s": (after[0] - before[0]) * 1000 / seconds,
            "an idle worker, database blocks per s": (after[1] - before[1]) / seconds,
        }

    def _blocks(self) -> int:
        return self._counted(_BLOCKS)

    def _scanned(self) -> int:
        """Rows of the tables that grow with the sleepers, read one after the other."""
        return self._counted(_SCANNED)

    def _counted(self, question: str) -> int:
        time.sleep(1.5)  # what the backends counted is told once a second
        with self._engine.connect() as connection:
            return int(connection.execute(text(question)).scalar_one())

    def _wakes(self) -> dict[str, float]:
        """From the emitted event to the end of the run that it woke, by the database's clock."""
        latencies = []
        with self._house.worker(self._engine):
            for _ in range(self._options.wakes):
                key = self._next_key()
                with self._engine.connect() as connection:
                    row = connection.execute(text(_SLEEPER), {"key": key}).one()
                begin(self._hub, "ringer", key)
                wait_until(self._engine, _ENDED, id=row.run_id)
                with self._engine.connect() as connection:
                    values = {"id": row.run_id, "key": key}
                    latencies.append(float(connection.execute(text(_LATENCY), values).scalar_one()))
        return {
            "from event to the woken run's end, ms": median(latencies),
            "the slowest of them, ms": max(latencies),
        }


def _nothing(found: object) -> None:
    if found:
        raise SystemExit(f"something was due: {found}")


def _told(engine: Engine) -> str:
    with engine.connect() as connection:
        asleep, waits = connection.execute(text(_COUNT)).one()
        connection.execute(text(_COUNT_NOW))
    return f"{asleep:,} runs sleep, {waits:,} of them until an event comes"


if __name__ == "__main__":
    main()
