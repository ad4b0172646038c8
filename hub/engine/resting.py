"""Turns under `concurrency`, and sleep: a run that waits is a row and nothing else (E11, E16)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from hub.engine.advance.commands import Command, Pause, Perform, TakeTurn
from hub.engine.advance.failure import Failure
from hub.engine.advance.machine import Machine
from hub.engine.desk import Desk
from hub.engine.occurrences import Occurrences
from hub.engine.performing import Blocked, Done, Outcome
from hub.engine.start import turn_digest
from hub.storage import runs, turns
from hub.storage.db import is_busy

_SOON = timedelta(milliseconds=50)
_LOOK_AGAIN = timedelta(seconds=1)


@dataclass(frozen=True)
class Resting:
    """Takes turns for runs and puts them to sleep."""

    ring: Callable[[UUID], object]
    others: Occurrences

    def turn(self, desk: Desk, command: TakeTurn) -> turns.Turn:
        """The place in the queue that a command asks for."""
        return turns.Turn(
            scope=command.scope,
            digest=turn_digest(command.key),
            run_id=desk.run.id,
            path=command.path,
            limit=command.limit,
        )

    def pause(self, desk: Desk, command: Pause) -> Outcome:
        """Whether the time has come."""
        left = command.until - desk.now()
        return Done(None) if left <= timedelta() else Blocked(left, "waits for its time")

    def take_turn(self, desk: Desk, command: TakeTurn) -> Outcome:
        if command.deadline is not None and command.deadline <= desk.now():
            return Failure("timeout", "no turn came in time", step=command.path)
        turn = self.turn(desk, command)
        if command.when_full == "queue" and desk.may_hold_without_row(turn):
            with desk.fenced(stores=False, stays_open=True, turn=turn) as connection:
                is_ours = desk.has_key and turns.is_nobodys(connection, turn)
            if is_ours:
                desk.hold_turn(turn, is_stored=False)
                return Done(None)
        desk.commit()  # with what is in it: whoever waits for the turn below holds nothing else
        try:
            return self._stand(desk, command, turn)
        except DBAPIError as problem:
            if not is_busy(problem):
                raise
            return Blocked(_LOOK_AGAIN, "somebody is in the turn")

    def _stand(self, desk: Desk, command: TakeTurn, turn: turns.Turn) -> Outcome:
        is_impatient = command.when_full == "cancel_running"
        with desk.fenced(stores=False) as connection:
            standing = turns.take(connection, turn, may_wait=command.when_full != "reject")
            others = turns.ahead_of(connection, turn) if is_impatient else []
        desk.hold_turn(turn, is_stored=True)
        for other in others:  # not under the key's lock: the other may wait for it
            with desk.fenced(stores=False) as connection:
                turns.cancel(connection, other)
            self.ring(other)
        if standing == "full":
            return Failure("concurrency_full", "another run has the turn", step=command.path)
        return Done(None) if standing == "ours" else Blocked(runs.TURN_POLL, runs.WAITS_FOR_TURN)

    def sleep(self, desk: Desk, machine: Machine, blocked: list[Blocked]) -> bool:
        """Sleep until the first command may go on; false if a turn came meanwhile."""
        first = min(blocked, key=lambda each: each.due_in)
        waits_for_turn = any(each.why == runs.WAITS_FOR_TURN for each in blocked)
        now = desk.now()
        deadlines = [
            command.deadline - now
            for command in machine.commands
            if isinstance(command, Perform | TakeTurn) and command.deadline is not None
        ]
        due_in = max(min([first.due_in, *deadlines]), _SOON)
        why = runs.WAITS_FOR_TURN if waits_for_turn else first.why
        try:
            with desk.fenced() as connection:
                if self._has_turn_now(desk, connection, machine.commands, blocked):
                    return False
                wanted = [*machine.commands, *machine.cancel_on]
                if not self.others.lie_down(desk, connection, wanted):
                    return False
                self._put_to_wait(desk, connection, due_in, why)
        except DBAPIError as problem:
            if not is_busy(problem):
                raise
            with desk.fenced() as connection:
                self._put_to_wait(desk, connection, _LOOK_AGAIN, why)
        return True

    def _put_to_wait(self, desk: Desk, connection: Connection, due_in: timedelta, why: str) -> None:
        """A run that is undone behind its timeout goes on sleeping, without its turns (E16)."""
        runs.put_to_wait(connection, desk.run, due_in=due_in, why=why, may_outlive=desk.is_undoing)
        if desk.is_undoing and runs.is_late(connection, desk.run):
            desk.woken += turns.leave_all(connection, desk.run.id)
            desk.turns.clear()

    def _has_turn_now(
        self,
        desk: Desk,
        connection: Connection,
        commands: Sequence[Command],
        blocked: Sequence[Blocked],
    ) -> bool:
        """Whether a turn came between the look and the sleep."""
        return any(
            turns.take(connection, self.turn(desk, command), may_wait=True) == "ours"
            for command, each in zip(commands, blocked, strict=True)
            if isinstance(command, TakeTurn) and each.why == runs.WAITS_FOR_TURN
        )
