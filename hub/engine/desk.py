"""One run in hand: its fence, its journal's way into the database, its clock.

Every transaction of a worker goes through `fenced`: the run's row is locked with the attempt token
(E4), and what waits to be stored (the journal's notes, answers, turns given up) commits with it.
The transaction of a step may stay open until the machine has said what follows from the step, so
that the answer or the end of the run is stored with the step's result. Steps in our own database
that follow one another may share one transaction (`carry`): all of them are stored, or none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Any, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from hub.action import Mode
from hub.engine.advance.commands import LeaveTurn, ReplyNow
from hub.engine.advance.journal import Entry, Journal
from hub.engine.advance.waiting import consumed_events
from hub.errors import HubError, StepFailed
from hub.storage import runs, steps, turns
from hub.storage.runs import ClaimedRun, OpenClaim
from hub.storage.steps import StepRow
from hub.storage.turns import Turn
from hub.values import decode, encode

log = logging.getLogger(__name__)

_CARRIES_FOR = 0.1  # seconds from its begin until nothing more goes into a transaction
_LEVELS = {"debug": logging.DEBUG, "warning": logging.WARNING, "error": logging.ERROR}


class CancelRequested(HubError):
    """Somebody asked for the end of this run."""


class Overdue(HubError):
    """The run's own `timeout` is over."""


class TakenBack(HubError):
    """A step failed in a transaction that earlier steps shared: theirs is undone as well."""


class Desk:
    """What the executor holds while it works on one run.

    `is_shared`: several threads work at it; each of them stores its own entries and nothing else.
    `has_replied`: an answer of this run is stored, or will be with the next transaction.
    `is_undoing`: the run's end has begun, which no cancel and no timeout cuts short.
    `listens`: the run has rows among those whom events wake.
    `has_key`: the key of the turn that `fenced` was asked to lock is ours.
    `has_stood`: the turn of the whole run was asked for at this desk.
    """

    def __init__(
        self,
        engine: Engine,
        run: ClaimedRun,
        stored: Iterable[StepRow] = (),
        *,
        most_carried: int = 0,
        began: float | None = None,
        claim: OpenClaim | None = None,
    ) -> None:
        """`most_carried`: how many steps may share a transaction with the one that began it.

        `began`: the monotonic second at which the run was claimed; now, if it is not given.
        `claim`: the transaction in which it was claimed, if that is still open.
        """
        self.engine = engine
        self.run = run
        self.is_shared = False
        self.is_undoing = False
        self.listens = False
        self.has_replied = False
        self.turns: dict[str, Turn] = {}
        self.woken: list[Any] = []
        self.taken_events: frozenset[int] = frozenset()
        self._taking = Lock()
        self.most_carried = most_carried
        self._carried = 0
        self._replies: list[ReplyNow] = []
        self._leaving: list[Turn] = []
        self._unstored: dict[str, Turn] = {}
        self._tidings: dict[Connection, list[Callable[[], object]]] = {}
        self._is_awaited = False
        self._claim = claim
        self._open: Connection | None = None if claim is None else claim.connection
        self._is_checked = claim is not None
        self.has_key = False
        self.has_stood = False
        self._opened_at = monotonic()
        self._began = monotonic() if began is None else began
        self.journal = Journal(map(from_row, stored), timer=self.now)

    @property
    def mode(self) -> Mode:
        """The run's mode, as the table's check constraint holds it."""
        return cast("Mode", self.run.mode)

    def now(self) -> datetime:
        """The database's clock, carried on by the monotonic one (E13)."""
        return self.run.claimed_at + timedelta(seconds=monotonic() - self._began)

    def say(self, replies: Sequence[ReplyNow]) -> None:
        """Answers that go out with the next transaction; only the first one counts."""
        if replies and not self.has_replied:
            self._replies.append(replies[0])
            self.has_replied = True

    def take_reply(self) -> dict[str, Any] | None:
        """The answer that is not stored yet, as a row, for the one who stores the run's end."""
        replies, self._replies = self._replies, []
        return response_row(replies[0]) if replies else None

    def hold_turn(self, turn: Turn, *, is_stored: bool) -> None:
        """The run has this turn. One that is not stored yet is kept by the open transaction."""
        self.turns[turn.path] = turn
        self.has_stood = self.has_stood or turn.path == ""
        if not is_stored:
            self._unstored[turn.path] = turn

    def may_hold_without_row(self, turn: Turn) -> bool:
        """A turn of one that no earlier owner of the run can have a row for."""
        is_first = turn.path != "" and turn.limit == 1 and self.run.token == 1
        is_alone = not self._unstored and not self.is_shared
        return is_first and is_alone and self.most_carried > 0

    def leave_turn(self, command: LeaveTurn) -> None:
        """A turn that is given up with the next transaction."""
        turn = self.turns.pop(command.path, None)
        if turn is not None:
            self._give_up(turn)

    def leave_turns(self) -> None:
        """All turns of the run are given up with the next transaction."""
        for turn in self.turns.values():
            self._give_up(turn)
        self.turns.clear()

    def _give_up(self, turn: Turn) -> None:
        """Of a turn that was never stored nothing is left but the lock, up to the commit."""
        if self._unstored.pop(turn.path, None) is None:
            self._leaving.append(turn)
        else:
            self._is_awaited = True

    def take_event(self, event_id: int) -> bool:
        """Have a wait consume an event; false when another wait of the run has just taken it."""
        with self._taking:
            is_free = event_id not in self.taken_events
            self.taken_events |= {event_id}
        return is_free

    def give_events_back(self) -> None:
        """Of the events that waits have taken, those whose branch was cut are free again."""
        if self.taken_events:
            self.taken_events = consumed_events(self.journal)

    @property
    def has_news(self) -> bool:
        """Whether somebody waits for what is not stored yet."""
        return bool(self._replies or self._leaving or self._is_awaited)

    @property
    def is_claim_open(self) -> bool:
        """Whether the run's claim is not stored yet: if it is rolled back, the run is nobody's."""
        return self._claim is not None

    @property
    def may_carry(self) -> bool:
        """Whether the transaction of the last step is open, and nobody waits for its end.

        It must have been found under its lock that new steps may begin, and nothing since then
        took time outside the database. Its locks are others' waiting: it is given up soon.
        """
        is_open = self._open is not None and self._is_checked
        is_young = monotonic() - self._opened_at < _CARRIES_FOR
        is_unawaited = not self.has_news and self._carried < self.most_carried
        return is_open and is_young and is_unawaited

    def holds_key(self) -> None:
        """The open transaction has a lock for which other runs may wait: nothing else goes in."""
        self._is_awaited = True

    def carry(self) -> None:
        """The next step shares the open transaction; if it fails, `TakenBack` is raised."""
        self._carried += 1

    def taken_back(self, stored: Iterable[StepRow]) -> Desk:
        """The same run from what is stored of it, to go on step by step; deaths were seen to."""
        return Desk(self.engine, replace(self.run, deaths=0), stored, began=self._began)

    def keep(self, connection: Connection, entry: Entry) -> None:
        """What became of a step, stored with this transaction."""
        if self.is_shared:
            steps.write(connection, self.run.id, [self._row(entry)])
            self.journal.put(entry)
        else:
            self.journal.keep(entry)

    def when_stored(self, connection: Connection, tell: Callable[[], object]) -> None:
        """Tell others of what this transaction stores, behind its commit; else never."""
        self._tidings.setdefault(connection, []).append(tell)

    @contextmanager
    def fenced(
        self,
        *,
        is_checked: bool = True,
        stores: bool = True,
        stays_open: bool = False,
        turn: Turn | None = None,
    ) -> Iterator[Connection]:
        """One transaction under the run's lock, or the one of the last step, which goes on.

        Raises `LostRun` when the token is old, `CancelRequested` and `Overdue` when the run must
        not begin anything new (`is_checked`), `TakenBack` for a step that fails behind others.
        Without `stores` what waits goes on waiting; with `stays_open` the end is left to `commit`.
        `turn` is locked with the run if nobody has it (`has_key`).
        """
        connection = self._open or self.engine.connect()
        was_open, self._open = self._open is not None, None
        try:
            self._enter(connection, turn, was_open=was_open, is_checked=is_checked)
            yield connection
            if stays_open and not self.is_shared:
                self._open = connection
            else:
                self._leave(connection, stores=stores and not self.is_shared)
        except BaseException as problem:
            self._drop(connection)
            is_refused = isinstance(problem, StepFailed | DBAPIError)
            if is_refused and self._carried and was_open and stays_open:
                raise TakenBack(f"run {self.run.id}: {type(problem).__name__}") from problem
            raise

    def _enter(
        self, connection: Connection, turn: Turn | None, *, was_open: bool, is_checked: bool
    ) -> None:
        if not was_open:
            self._opened_at = monotonic()
            self._lock(connection, turn, is_checked=is_checked)
            self._is_checked = is_checked
        elif turn is not None:
            self.has_key = turns.try_lock(connection, turn)

    def _leave(self, connection: Connection, *, stores: bool) -> None:
        if stores:
            self._store(connection)
        connection.commit()
        for tell in self._tidings.pop(connection, ()):
            tell()
        connection.close()
        self._carried = 0
        self._is_awaited = False
        if self._claim is not None:
            self._claim.stored()
            self._claim = None
        if stores:
            self._forget()

    def commit(self) -> None:
        """End the open transaction, if there is one."""
        if self._open is not None:
            with self.fenced():
                pass

    def roll_back(self) -> None:
        """Give the open transaction up, if there is one."""
        connection, self._open = self._open, None
        if connection is not None:
            self._drop(connection)

    def notes(self) -> list[StepRow]:
        """What of the journal is not stored yet."""
        return [self._row(note) for note in self.journal.notes()]

    def _lock(self, connection: Connection, turn: Turn | None, *, is_checked: bool) -> None:
        state = runs.lock(connection, self.run, key=None if turn is None else turn.lock)
        self.has_key = state.has_key
        is_checked = is_checked and not self.is_undoing
        if is_checked and state.is_cancel_requested:
            raise CancelRequested(f"run {self.run.id} is to be cancelled")
        if is_checked and state.is_overdue:
            raise Overdue(f"run {self.run.id} is past its timeout")

    def _store(self, connection: Connection) -> None:
        if self._replies:
            runs.respond(connection, self.run, response_row(self._replies[0]), self.notes())
        else:
            steps.write(connection, self.run.id, self.notes())
        for turn in turns.in_order(self._unstored.values()):
            turns.stand(connection, turn)
        for turn in turns.in_order(self._leaving):
            self.woken += turns.leave(connection, turn)

    def _forget(self) -> None:
        self.forget_notes()
        self._replies.clear()
        self._leaving.clear()
        self._unstored.clear()

    def forget_notes(self) -> None:
        """What `log` steps say is written to the log when it is written to the journal."""
        for note in self.journal.notes():
            if note.kind == "log":
                level = _LEVELS.get(note.action or "", logging.INFO)
                log.log(level, "%s", note.result, extra={"run_id": str(self.run.id)})
        self.journal.forget_notes()

    def _drop(self, connection: Connection) -> None:
        self._tidings.pop(connection, None)
        try:
            connection.rollback()
        finally:
            connection.close()

    def _row(self, entry: Entry) -> StepRow:
        return to_row(entry, now=self.now())


def response_row(reply: ReplyNow) -> dict[str, Any]:
    """A reply in the form of `runs.response`."""
    return {
        "status": reply.status or 200,
        "body": reply.body,
        "headers": dict(reply.headers),
        "failed": False,
    }


def to_row(entry: Entry, *, now: datetime) -> StepRow:
    """A journal entry in stored form; instants of the run's timer become distances from `now`."""
    ended_at = entry.ended_at or now
    return StepRow(
        path=entry.path,
        kind=entry.kind,
        status=entry.status,
        step_id=entry.step_id,
        action=entry.action,
        attempts=entry.attempts,
        is_simulated=entry.is_simulated,
        key=entry.key,
        inputs=encode(entry.inputs),
        result=encode(entry.result),
        error=entry.error,
        due_in=None if entry.due_at is None else entry.due_at - now,
        took=ended_at - (entry.began_at or ended_at),
        ended_ago=now - ended_at,
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
        is_simulated=row.is_simulated,
    )
