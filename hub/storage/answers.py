"""How a waiting request learns of its run's answer (I13; docs/adr/ says what was measured).

The row is the truth: the first of reply and deadline that writes `runs.response` wins. The signal
is PostgreSQL's `NOTIFY` in the writing transaction, and carries what the row then holds; a slow
look at the row stands behind it.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

import psycopg
from sqlalchemy import Engine

from hub.storage.json_text import json_text
from hub.storage.statement import Statement
from hub.storage.straight import straight_at_once

_CHANNEL = "hub_answers"
_LARGEST_SIGNAL = 7_900  # bytes of an answer that goes out with its signal
_LOOK_EVERY = 0.5  # seconds between two looks at the row while no signal comes
_RECONNECT_AFTER = 0.5
_LINK: dict[str, Any] = {
    "connect_timeout": 2,
    "application_name": "hub-answers",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a run says to its caller. `failed`: the run ended before it replied.

    `fallback_after`: it is `otherwise`, told to a caller who had waited so many seconds.
    """

    run_id: UUID
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    failed: bool = False
    fallback_after: float | None = None

    def as_row(self) -> dict[str, Any]:
        """The form of the column `runs.response`."""
        row = {
            "status": self.status,
            "body": self.body,
            "headers": dict(self.headers),
            "failed": self.failed,
        }
        late = self.fallback_after
        return row if late is None else {**row, "fallback_after": late}

    @staticmethod
    def from_row(run_id: UUID, row: Mapping[str, Any]) -> Answer:
        """The answer that the column holds."""
        return Answer(
            run_id,
            row["status"],
            row["body"],
            row["headers"],
            row["failed"],
            row.get("fallback_after"),
        )


# Part of the statement that writes `runs.response`: wakes who waits for it, at the commit. A signal
# has 8,000 bytes at most; who is woken by a short one looks at the row.
WAKE = f"""
    pg_notify('{_CHANNEL}', CASE WHEN octet_length(CAST(response AS text)) < {_LARGEST_SIGNAL}
                                 THEN id || ' ' || CAST(response AS text)
                                 ELSE CAST(id AS text) END)
"""

_LOOK = Statement("SELECT response FROM runs WHERE id = :id AND response IS NOT NULL")
_SETTLE = Statement(
    "UPDATE runs SET response = CAST(:otherwise AS json)"
    " WHERE id = :id AND response IS NULL RETURNING response"
)


def stored_answer(engine: Engine, run_id: UUID) -> Answer | None:
    """The answer, once there is one."""
    with straight_at_once(engine) as straight:
        row = straight.first(_LOOK, {"id": run_id})
    return Answer.from_row(run_id, row[0]) if row else None


def settle(engine: Engine, run_id: UUID, otherwise: Answer) -> Answer:
    """At the deadline: `otherwise` becomes the answer, unless the reply came first.

    A repeat of a request that has its answer only reads: it neither locks nor rewrites the row.
    """
    values = {"id": run_id, "otherwise": json_text(otherwise.as_row())}
    with straight_at_once(engine) as straight:
        row = straight.first(_SETTLE, values) or straight.first(_LOOK, {"id": run_id})
    return Answer.from_row(run_id, row[0]) if row else otherwise


class Expectation:
    """One request that waits for one run. Made before the run's row can be seen by a worker."""

    def __init__(self, board: AnswerBoard, run_id: UUID) -> None:
        self._board = board
        self._signal = threading.Event()
        self._answer: Answer | None = None
        self.run_id = run_id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._board.forget(self.run_id, self)

    def wake(self, answer: Answer | None) -> None:
        """The answer is there, or may be: look."""
        self._answer = answer or self._answer
        self._signal.set()

    def wait(self, seconds: float) -> Answer | None:
        """The answer that came; None after a while, or when the caller must look at the row."""
        self._signal.wait(min(seconds, _LOOK_EVERY))
        self._signal.clear()
        return self._answer


class AnswerBoard:
    """One listening connection a process, for all requests that wait in it.

    `database_url` is what psycopg itself reads: `postgresql://…`.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._waiting: dict[UUID, set[Expectation]] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen from now on."""
        self._thread = threading.Thread(target=self._listen, name="answers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; takes at most a second."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def expect(self, run_id: UUID) -> Expectation:
        """Register interest; use it as a context manager."""
        expectation = Expectation(self, run_id)
        with self._lock:
            self._waiting.setdefault(run_id, set()).add(expectation)
        return expectation

    def forget(self, run_id: UUID, expectation: Expectation) -> None:
        """Nobody waits here any more."""
        with self._lock:
            waiting = self._waiting.get(run_id, set())
            waiting.discard(expectation)
            if not waiting:
                self._waiting.pop(run_id, None)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen_once()
            except psycopg.Error as problem:
                log.warning("lost the connection that listens for answers: %s", problem)
                self._stopping.wait(_RECONNECT_AFTER)
            except Exception:
                log.exception("listening for answers failed; it goes on")
                self._stopping.wait(_RECONNECT_AFTER)

    def _listen_once(self) -> None:
        with psycopg.connect(self._url, autocommit=True, **_LINK) as connection:
            connection.execute(f"LISTEN {_CHANNEL}")
            while not self._stopping.is_set():
                for notice in connection.notifies(timeout=_LOOK_EVERY):
                    self._wake(notice.payload)

    def _wake(self, payload: str) -> None:
        run_id, answer = _read(payload)
        with self._lock:
            waiting = list(self._waiting.get(run_id, ())) if run_id else []
        for expectation in waiting:
            expectation.wake(answer)


def _read(payload: str) -> tuple[UUID | None, Answer | None]:
    """What a signal says; a wrong one says nothing, for the row decides."""
    named, _, told = payload.partition(" ")
    try:
        run_id = UUID(named)
        return run_id, Answer.from_row(run_id, json.loads(told)) if told else None
    except (ValueError, TypeError, KeyError):
        return None, None
