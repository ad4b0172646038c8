"""Doing one action: gate, intent, effect, result, and what a failure leads to (E6 to E9).

An action on our database commits its effect with its step's result in one transaction. An action
that calls out commits its intent before and its result after; a crash in between is
`outcome_unknown` for `at_most_once` and the same call again, with the same key, otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from hub.action import Action, Attempt, Clock
from hub.engine.advance.commands import Perform
from hub.engine.advance.failure import Failure
from hub.engine.advance.journal import Entry
from hub.engine.attempts import (
    Attempted,
    as_json,
    doubt,
    once_digest,
    refused_inputs,
    too_late,
)
from hub.engine.counting import count_doubt, counted_call, step_span
from hub.engine.desk import Desk
from hub.engine.gate import Simulated, TestDestinations, pass_gate
from hub.engine.receivers import Receiver, receiver_of
from hub.errors import PayloadProblem, Permanent, StepFailed, Transient
from hub.metrics.catalogue import STEPS
from hub.storage import once, runs
from hub.storage.db import DatabaseClock, is_busy
from hub.values import encode, plain, reveal

log = logging.getLogger(__name__)

_LOOK_AGAIN = timedelta(seconds=1)
_DEADLOCK = "40P01"
_TRIES = 3  # of a transaction that others were in the way of, before it counts as refused
_R = TypeVar("_R")


@dataclass(frozen=True)
class Done:
    """The action's result, in JSON form."""

    result: Any


@dataclass(frozen=True)
class Blocked:
    """Not yet: look again after this time."""

    due_in: timedelta
    why: str


Outcome = Done | Failure | Blocked


@dataclass(frozen=True)
class Tools:
    """What performing needs of the hub.

    `problems` validates inputs, `hide` removes secrets, `hide_named` those of `hub.yaml` only.

    `clock` is a test's. Without it the time is the database's, whatever the host's clock says, so
    that hosts agree on when a hold is over (E13).
    """

    actions: Mapping[str, Action]
    services: Callable[[str | None], Mapping[type, Any]]  # by `connection:` of the step
    clock: Clock | None
    destinations: TestDestinations
    problems: Callable[[Action, Any], list[PayloadProblem]]
    secret: Callable[[str], str]
    hide: Callable[[Any], Any]
    hide_named: Callable[[Any], Any]
    chance: Callable[[], float]

    def clock_at(self, desk: Desk, connection: Connection | None = None) -> Clock:
        """The time for what is done at a desk; in its transaction the exact one."""
        if self.clock is not None:
            return self.clock
        return desk if connection is None else DatabaseClock(connection)


@dataclass
class Task(Attempted):
    """One command in hand: where it stands, and the entry that this attempt will leave.

    `is_called`: the call out has begun, and no rollback undoes it.
    """

    desk: Desk
    entry: Entry = field(init=False)
    is_called: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.entry = self.intent(self.desk.now())

    @property
    def once_key(self) -> once.OnceKey:
        """The key of `once_per`, of the run's mode."""
        return once.OnceKey(
            workflow=self.command.workflow,
            step_id=self.command.step.id or self.command.path,
            digest=once_digest(self.desk.run.mode, str(self.command.once_key)),
            run_id=self.desk.run.id,
            path=self.command.path,
        )


class Performer:
    """Performs the commands of one run at a desk."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def perform(self, desk: Desk, command: Perform) -> Outcome:
        """Do it, or say why not.

        What was done is in the desk's transaction, which may be open; a failure is stored.
        """
        action = self._tools.actions[command.step.action]
        task = Task(command, action, desk.journal.get(command.path), desk)
        known, now = task.known, desk.now()
        if task.is_in_doubt:
            return self._record_failure(task, doubt(), is_called=False)
        if command.deadline is not None and command.deadline <= now:
            return self._record_failure(task, too_late(), is_called=False)
        if known is not None and known.due_at is not None and known.due_at > now:
            return Blocked(known.due_at - now, "retry")
        with step_span(task) as span:
            outcome = self._attempt(task)
            if isinstance(outcome, Failure):
                span.fail(outcome.code)
        return outcome

    def _attempt(self, task: Task) -> Outcome:
        action, inputs = task.action, task.command.inputs
        if problems := self._tools.problems(action, plain(inputs)):
            return self._record_failure(task, refused_inputs(problems))
        passed = pass_gate(action, as_json(inputs), task.desk.mode, self._tools.destinations)
        try:
            if isinstance(passed, Simulated):
                return self._simulate(task, passed)
            if action.outward:
                return self._outward(task, passed.inputs)
            return _again(partial(self._local, task, passed.inputs), _is_in_a_circle)
        except StepFailed as failed:
            return self._record_failure(task, failed)
        except DBAPIError as problem:
            if problem.connection_invalidated or not getattr(problem.orig, "sqlstate", None):
                raise
            if task.is_called:  # what came of it cannot be stored: the next owner is in doubt (E8)
                raise
            return self._record_failure(task, _database_refused(action, problem))

    # ----------------------------------------------------------------------------- the three ways

    def _simulate(self, task: Task, why: Simulated) -> Outcome:
        with task.desk.fenced(stays_open=True) as connection:
            example = task.action.simulated_result(task.command.key)
            if (settled := self._take_once(connection, task, result=example)) is not None:
                return settled
            self._keep_done(connection, task, example, is_simulated=True)
        log.info(
            "simulated %s: %s",
            task.action.name,
            why.reason,
            extra={"run_id": str(task.desk.run.id)},
        )
        return Done(example)

    def _local(self, task: Task, inputs: Mapping[str, Any]) -> Outcome:
        """The effect and the result are one transaction (E6)."""
        with task.desk.fenced(stays_open=True) as connection:
            if (settled := self._take_once(connection, task)) is not None:
                return settled
            result = self._call(task, inputs, connection)
            self._keep_done(connection, task, result)
        return Done(result)

    def _outward(self, task: Task, inputs: Mapping[str, Any]) -> Outcome:
        """The intent is stored before, the result after; no transaction is open meanwhile (E4)."""
        receiver = receiver_of(task.action, inputs)
        with task.desk.fenced() as connection:
            refusal = None if receiver is None else receiver.refusal(connection)
            if refusal is None:  # else nothing is begun: no intent, and `once_per` stays free
                if (settled := self._take_once(connection, task)) is not None:
                    return settled
                task.desk.keep(connection, task.entry)
        if refusal is not None:
            raise refusal
        try:
            result = self._tools.hide_named(self._call(task, inputs, None))
        except StepFailed as failed:
            if receiver is not None and receiver.is_news(failed):
                _again(partial(self._note_failure, task, receiver), is_busy)
            raise
        _again(partial(self._store_done, task, result, receiver), is_busy)
        return Done(result)

    def _note_failure(self, task: Task, receiver: Receiver) -> None:
        with task.desk.fenced(is_checked=False) as connection:
            receiver.note_failure(connection, source=task.action.name)

    def _store_done(self, task: Task, result: Any, receiver: Receiver | None) -> None:
        with task.desk.fenced(is_checked=False, stays_open=True) as connection:
            if receiver is not None:
                run_id, path = task.desk.run.id, task.command.path
                receiver.note_sent(connection, result, run_id=run_id, path=path)
            self._keep_done(connection, task, result)

    def _call(self, task: Task, inputs: Mapping[str, Any], connection: Connection | None) -> Any:
        """Call the action; what it does not declare becomes the error `internal`."""
        command, desk, action = task.command, task.desk, task.action
        attempt = Attempt(
            run_id=desk.run.id,
            workflow=command.workflow,
            key=command.key,
            mode=desk.mode,
            number=task.entry.attempts,
            may_be_done=task.was_maybe_done,
            timeout=task.time_left(desk.now()),
            path=command.path,
        )
        services = {
            **self._tools.services(command.step.connection),
            Attempt: attempt,
            Clock: self._tools.clock_at(desk, connection),
        }
        if connection is not None:
            services[Connection] = connection
        given = reveal(dict(inputs), self._tools.secret)
        task.is_called = connection is None
        try:
            with counted_call(action.name, is_outward=action.outward):
                result = action.call(services, given)
            encode(result)  # what cannot be stored is a fault of the action, found here
        except StepFailed:
            raise
        except Exception as bug:
            if isinstance(bug, DBAPIError) and connection is not None:
                raise  # our database: what it refused is rolled back
            log.exception("%s failed in a way it does not declare", action.name)
            raise Transient(
                "internal", f"a fault in {action.name}", maybe_done=action.outward
            ) from bug
        return result

    # ------------------------------------------------------------------------------ what came of it

    def _keep_done(
        self, connection: Connection, task: Task, result: Any, *, is_simulated: bool = False
    ) -> None:
        done = replace(task.entry, status="succeeded", result=result, is_simulated=is_simulated)
        task.desk.keep(connection, done)
        _count(connection, task, "simulated" if is_simulated else "succeeded")
        runs.clear_deaths(connection, task.desk.run)
        if task.command.once_key is not None and not is_simulated:
            once.succeed(connection, task.once_key, result)

    def _record_failure(self, task: Task, failed: StepFailed, *, is_called: bool = True) -> Outcome:
        """Store the failure, with the time of the next attempt where there is one."""
        desk, entry = task.desk, task.entry
        failure = task.failure(failed, is_called=is_called)
        failure.message = str(self._tools.hide(failure.message))
        pause = task.pause(failure, failed, now=desk.now(), chance=self._tools.chance())
        stored = replace(
            entry,
            status="failed" if pause is None else "retrying",
            attempts=failure.attempts,
            error=failure.as_row(),
            due_at=None if pause is None else desk.now() + pause,
        )
        _again(partial(self._store_failure, task, failure, stored), is_busy)
        return failure if pause is None else Blocked(pause, f"retry after {failure.code}")

    def _store_failure(self, task: Task, failure: Failure, stored: Entry) -> None:
        desk, is_final = task.desk, stored.status == "failed"
        with desk.fenced(is_checked=False, stays_open=is_final) as connection:
            desk.keep(connection, stored)
            _count(connection, task, "failed" if is_final else "retried")
            if is_final:
                runs.clear_deaths(connection, desk.run)
            if is_final and failure.is_maybe_done:
                runs.mark_maybe_done(connection, desk.run)
            if is_final and task.command.once_key is not None:
                once.give_up(connection, task.once_key, is_maybe_done=failure.is_maybe_done)

    def _take_once(
        self, connection: Connection, task: Task, *, result: Any = None
    ) -> Done | Blocked | None:
        """Claim `once_per`: None when it is ours, else what another run made of it.

        `result`: what the step will have given, where that is known.
        """
        if task.command.once_key is None:
            return None
        task.desk.holds_key()
        if result is None:
            held = once.take(connection, task.once_key)
        else:
            held = once.take_with_result(connection, task.once_key, result)
        if held.by == "ours":
            return None
        if held.by == "started":
            return Blocked(_LOOK_AGAIN, "another run does the same")
        if held.by == "unknown":
            raise Permanent(
                "outcome_unknown",
                "an earlier run may have done this: it is not done again",
                maybe_done=True,
            )
        done = replace(task.entry, status="succeeded", result=held.result, attempts=0)
        task.desk.keep(connection, done)
        return Done(held.result)


def _again(attempt: Callable[[], _R], may_go_again: Callable[[DBAPIError], bool]) -> _R:
    """Do what is one transaction, and do it again while others were in its way.

    Steps of two runs that share their transactions may wait in a circle. What came of a call is
    known, and is not given up to doubt for a lock that is held a little too long (E8).
    """
    for _ in range(_TRIES - 1):
        try:
            return attempt()
        except DBAPIError as problem:
            if not may_go_again(problem):
                raise
    return attempt()


def _is_in_a_circle(problem: DBAPIError) -> bool:
    return getattr(problem.orig, "sqlstate", None) == _DEADLOCK


def _count(connection: Connection, task: Task, outcome: str) -> None:
    """One attempt, once it is stored: what is rolled back is done again, and counted then."""
    task.desk.when_stored(connection, partial(STEPS.add, task.action.name, outcome))
    if task.is_in_doubt:
        task.desk.when_stored(connection, partial(count_doubt, task.action.name))


def _database_refused(action: Action, problem: DBAPIError) -> Transient:
    """What the database said no to inside an action was rolled back: it is not done."""
    if is_busy(problem):
        return Transient("internal", "the database was busy with the same rows")
    log.error("the database refused what %s asked: %s", action.name, problem.orig)
    return Transient("internal", f"a fault in {action.name}: the database refused it")
