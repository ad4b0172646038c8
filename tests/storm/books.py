"""Looks at the database from outside all the time: the books balance on every look (E2, E18)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from hub.storage import invariants
from tests.processes.house import LEASE_SECONDS
from tests.storm.facts import Database
from tests.storm.reconcile import Violation

_LOOK_EVERY = 0.25  # seconds
_INVARIANTS_EVERY = 4  # looks
_FEWEST_LOOKS = 10
_GRACE = 15.0  # seconds in which a worker that lives must have swept; it may be frozen meanwhile
# With a grace of their own in the question, or true again as soon as somebody goes his rounds.
_SWEPT = {"leases", "overdue", "turns", "once-keys"}

# One statement is one snapshot: each run is in exactly one column, or the books are wrong.
_BALANCE = """
    SELECT count(*),
           count(*) FILTER (WHERE ended_at IS NOT NULL AND lease_until IS NULL
              AND status IN ('succeeded', 'failed', 'cancelled', 'undo_failed')),
           count(*) FILTER (WHERE status = 'waiting' AND ended_at IS NULL
              AND lease_until IS NULL AND due_at IS NOT NULL),
           count(*) FILTER (WHERE status = 'running' AND ended_at IS NULL
              AND lease_until IS NOT NULL AND worker IS NOT NULL),
           count(*) FILTER (WHERE status = 'queued' AND ended_at IS NULL
              AND lease_until IS NULL AND due_at IS NOT NULL)
      FROM runs
"""
_WORKERS = "SELECT count(*) FROM workers WHERE seen_at > now() - interval '6 seconds'"
_WITHOUT_RUN = """
    SELECT id FROM deliveries
     WHERE NOT EXISTS (SELECT FROM runs WHERE runs.delivery_id = deliveries.id) LIMIT 5
"""
_UNKNOWN = """
    SELECT id FROM unnest(%s::text[]) AS told (id)
     WHERE NOT EXISTS (SELECT FROM runs WHERE runs.dedupe_key = told.id) LIMIT 5
"""


class Books:
    """One thread that looks. `told`: the webhooks whose senders have a 2xx."""

    def __init__(self, database: Database, told: Callable[[], list[str]]) -> None:
        self._database, self._told = database, told
        self._seen: set[str] = set()
        self._broken_since: dict[str, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look_forever, name="books")
        self.looks = 0
        self.blind = 0
        self.violations: list[Violation] = []

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop with the present look."""
        self._stopping.set()
        self._thread.join()
        if self.looks < _FEWEST_LOOKS:
            self._break("books", f"there were {self.looks} looks at them")

    def look(self) -> None:
        """Look once. Raises `psycopg.Error` or `SQLAlchemyError` while the database is away."""
        with self._database.connect() as connection:
            self._balance(connection)
        if self.looks % _INVARIANTS_EVERY == 0:
            self._ask_invariants()
        self.looks += 1

    def _look_forever(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY):
            try:
                self.look()
            except (psycopg.Error, SQLAlchemyError):
                self.blind += 1  # the database is away just now, and so it should be
            except Exception as problem:  # noqa: BLE001 - who does not look may not say all is well
                self._break("books", f"a look failed: {problem!r}")

    def _balance(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        told = [each for each in self._told() if each not in self._seen]
        missing = connection.execute(_UNKNOWN, [told]).fetchall()
        self._seen.update(told)
        for row in missing:
            self._break("lost", f"{row[0]}: its sender has a 2xx, and there is no run")
        for row in connection.execute(_WITHOUT_RUN).fetchall():
            self._break("books", f"delivery {row[0]} has no run")
        counted = connection.execute(_BALANCE).fetchone()
        if counted is not None:
            accepted, *parts = (int(str(each)) for each in counted)
            if accepted != sum(parts):
                named = dict(zip(("ended", "waiting", "leased", "queued"), parts, strict=True))
                self._break("books", f"{accepted} accepted, but {named}")

    def _ask_invariants(self) -> None:
        engine = create_engine(self._database.database_url, poolclass=NullPool)
        with engine.connect() as connection:
            has_worker = bool(connection.execute(text(_WORKERS)).scalar_one())
            found = {
                f"{each.name}: {fault}": each.name in _SWEPT
                for each in invariants.INVARIANTS
                for fault in invariants.faults(
                    connection, each, lease=timedelta(seconds=LEASE_SECONDS)
                )
            }
        now = monotonic()
        since = self._broken_since if has_worker else {}  # nobody is there who could sweep
        self._broken_since = {each: since.get(each, now) for each in found}
        for fault, first_seen in self._broken_since.items():
            if not found[fault] or now - first_seen > _GRACE:
                self._break("books", fault)

    def _break(self, kind: str, what: str) -> None:
        violation = Violation(kind, what)
        if violation not in self.violations:
            self.violations.append(violation)
