"""One run in hand: its fence, its journal's way into the database, its clock.

Every transaction of a worker goes through `fenced`: the run's row is locked with the attempt token
(E4), the notes that wait are stored, and what follows commits with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, cast

from sqlalchemy import Connection, Engine

from hub.action import Mode
from hub.engine.advance.commands import LeaveTurn, ReplyNow
from hub.engine.advance.journal import Entry, Journal
from hub.errors import HubError
from hub.storage import runs, steps, turns
from hub.storage.runs import ClaimedRun
from hub.storage.steps import StepRow
from hub.values import decode, encode


class CancelRequested(HubError):
    """Somebody asked for the end of this run."""


class Overdue(HubError):
    """The run's own `timeout` is over."""


class Desk:
    """What the executor holds while it works on one run."""

    def __init__(self, engine: Engine, run: ClaimedRun, journal: Journal) -> None:
        self.engine = engine
        self.run = run
        self.journal = journal
        self.has_turns = run.token > 1
        self.woken: list[Any] = []
        self._replies: list[ReplyNow] = []
        self._leaving: list[LeaveTurn] = []
        self._began = monotonic()

    @property
    def mode(self) -> Mode:
        """The run's mode, as the table's check constraint holds it."""
        return cast("Mode", self.run.mode)

    def now(self) -> datetime:
        """The database's clock, carried on by the monotonic one (E13)."""
        return self.run.claimed_at + timedelta(seconds=monotonic() - self._began)

    def say(self, replies: Sequence[ReplyNow]) -> None:
        """Answers that go out with the next transaction."""
        self._replies += replies

    def leave_turn(self, command: LeaveTurn) -> None:
        """A turn that is given up with the next transaction."""
        self._leaving.append(command)

    @property
    def has_news(self) -> bool:
        """Whether somebody waits for what is not stored yet."""
        return bool(self._replies or self._leaving)

    @contextmanager
    def fenced(self, *, is_checked: bool = True) -> Iterator[Connection]:
        """One transaction under the run's lock.

        Raises `LostRun` when the token is old, `CancelRequested` and `Overdue` when the run must
        not begin anything new (`is_checked`).
        """
        with self.engine.begin() as connection:
            state = runs.lock(connection, self.run)
            if is_checked and state.is_cancel_requested:
                raise CancelRequested(f"run {self.run.id} is to be cancelled")
            if is_checked and state.is_overdue:
                raise Overdue(f"run {self.run.id} is past its timeout")
            steps.write(connection, self.run.id, [to_row(note) for note in self.journal.notes()])
            for reply in self._replies:
                runs.respond(connection, self.run, response_row(reply))
            woken = [
                run_id
                for leaving in self._leaving
                for run_id in turns.leave(connection, self.run.id, leaving.path)
            ]
            yield connection
        self.journal.forget_notes()
        self._replies.clear()
        self._leaving.clear()
        self.woken += woken


def response_row(reply: ReplyNow, *, failed: bool = False) -> dict[str, Any]:
    """A reply in the form of `runs.response`."""
    return {
        "status": reply.status or 200,
        "body": reply.body,
        "headers": dict(reply.headers),
        "failed": failed,
    }


def to_row(entry: Entry, *, due_in: timedelta | None = None, is_simulated: bool = False) -> StepRow:
    """A journal entry in stored form."""
    return StepRow(
        path=entry.path,
        kind=entry.kind,
        status=entry.status,
        step_id=entry.step_id,
        action=entry.action,
        attempts=entry.attempts,
        is_simulated=is_simulated,
        key=entry.key,
        inputs=encode(entry.inputs),
        result=encode(entry.result),
        error=entry.error,
        due_in=due_in,
    )


def from_row(row: StepRow) -> Entry:
    """A stored entry with its values as expressions see them."""
    return Entry(
        path=row.path,
        kind=row.kind,
        status=row.status,  # type: ignore[arg-type]  # the table's check constraint holds it
        step_id=row.step_id,
        action=row.action,
        attempts=row.attempts,
        inputs=decode(row.inputs),
        result=decode(row.result),
        error=row.error,
        key=row.key,
        due_at=row.due_at,
    )
