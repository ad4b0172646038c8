"""The office that the tests of storage work in: it takes requests, and its workers take runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import Connection, Engine, Row, text

from hub.storage import deliveries, reading, runs, versions
from hub.storage.new_runs import NewDelivery, NewRun, Recorded
from hub.storage.runs import ClaimedRun, Ending

VERSION = "0" * 64
WORKFLOW = "hold-phone"
RECEIVED = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)
LONG = timedelta(days=1)
T = TypeVar("T")

PATIENCE = 30.0  # seconds after which a test that waits has failed


def delivery(body: bytes = b"{}", *, endpoint: str = WORKFLOW, **given: Any) -> NewDelivery:
    facts: dict[str, Any] = {
        "id": uuid4(),
        "endpoint": endpoint,
        "method": "POST",
        "path": f"/{endpoint}",
        "query": {},
        "headers": {"content-type": "application/json"},
        "body": body,
        "body_digest": sha256(body).digest(),
        "is_sealed": False,
        "remote_ip": "127.0.0.1",
        "received_at": RECEIVED,
    }
    return NewDelivery(**{**facts, **given})


def run(key: str | None = None, **given: Any) -> NewRun:
    facts: dict[str, Any] = {
        "id": uuid4(),
        "workflow": WORKFLOW,
        "version": VERSION,
        "mode": "simulate",
        "trigger": {"payload": {}},
        "timeout": timedelta(hours=1),
        "dedupe_key": key,
    }
    return NewRun(**{**facts, **given})


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """The work of many threads that begin together, in their order; raises what one raised."""
    start = threading.Barrier(count)

    def begin(index: int) -> T:
        start.wait(PATIENCE)
        return work(index)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def cut(link: psycopg.Connection[Any], killer: Engine) -> None:
    """End the server's side of a connection, and let the client notice: raises what it sees."""
    with killer.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": link.info.backend_pid}
        )
    link.execute("SELECT 1")


class Office:
    """One database, with the shortest way to each thing a test does in it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        versions.store(engine, version=VERSION, workflow=WORKFLOW, files={"flow.yaml": "do: []"})

    def record(
        self, *asked: NewRun, of: NewDelivery | None = None, engine: Engine | None = None
    ) -> tuple[Recorded, ...]:
        return deliveries.record(engine or self.engine, of or delivery(), asked)

    def accepted(self, **given: Any) -> UUID:
        """A run that was just accepted."""
        return self.record(run(**given))[0].run_id

    def dying(self, deaths: int, **given: Any) -> UUID:
        """A run that has lost so many owners in one step, and is due again."""
        run_id = self.accepted(**given)
        self.do("UPDATE runs SET deaths = :deaths WHERE id = :id", deaths=deaths, id=run_id)
        return run_id

    def claimed(self, **given: Any) -> ClaimedRun:
        """A run that was accepted and that a worker has; the only one that is due."""
        self.accepted(**given)
        (owned,) = self.claim()
        return owned

    def claim(self, most: int = 100, worker: str = "worker") -> list[ClaimedRun]:
        return runs.claim(self.engine, worker=worker, most=most)

    def end(self, owned: ClaimedRun, ending: Ending | None = None) -> None:
        with self.engine.begin() as connection:
            runs.lock(connection, owned)
            runs.end(connection, owned, ending or Ending("succeeded"))

    def wait(self, owned: ClaimedRun, due_in: timedelta = LONG, why: str = "pause") -> None:
        with self.engine.begin() as connection:
            runs.lock(connection, owned)
            runs.put_to_wait(connection, owned, due_in=due_in, why=why)

    def owner_dies(self, owned: ClaimedRun) -> None:
        """The owner is silent until its lease runs out."""
        self.do("UPDATE runs SET lease_until = now() - interval '1 second' WHERE id = :id", owned)

    def facts(self, run_id: UUID) -> reading.RunFacts:
        with self.engine.connect() as connection:
            found = reading.find_run(connection, run_id)
        assert found is not None
        return found

    def status(self, run_id: UUID) -> str:
        return self.facts(run_id).line.status

    def history(self, run_id: UUID) -> list[tuple[str, str | None]]:
        with self.engine.connect() as connection:
            return [(each.status, each.why) for each in reading.history(connection, run_id)]

    def delivery_of(self, run_id: UUID) -> reading.DeliveryFacts:
        with self.engine.connect() as connection:
            found = reading.delivery_of(connection, run_id)
        assert found is not None
        return found

    def do(self, statement: str, owned: ClaimedRun | None = None, **given: Any) -> None:
        with self.engine.begin() as connection:
            given = {"id": owned.id, **given} if owned else given
            connection.execute(text(statement), given)

    def rows(self, statement: str, **given: Any) -> Sequence[Row[Any]]:
        with self.engine.connect() as connection:
            return connection.execute(text(statement), given).all()

    def count(self, table: str) -> int:
        (row,) = self.rows(f"SELECT count(*) AS found FROM {table}")  # noqa: S608 - ours
        return int(row.found)

    def ask(self, question: Callable[[Connection], Any]) -> Any:
        """What a function that needs a transaction says, committed."""
        with self.engine.begin() as connection:
            return question(connection)

    def until(self, holds: Callable[[], object]) -> None:
        """Return when it holds, looking again and again."""
        for _ in range(int(PATIENCE * 100)):
            if holds():
                return
            threading.Event().wait(0.01)
        raise TimeoutError("it does not come about")

    def until_blocked(self) -> None:
        """Return when some transaction waits for another's lock."""
        self.until(lambda: self.rows("SELECT 1 FROM pg_locks WHERE NOT granted"))
