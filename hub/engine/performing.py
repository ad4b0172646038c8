"""Doing one action: gate, intent, effect, result, and what a failure leads to (E6–E9).

An action on our database commits its effect with its step's result in one transaction. An action
that calls out commits its intent before and its result after; a crash in between is
`outcome_unknown` for `at_most_once` and the same call again, with the same key, otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from hub.action import Action, Attempt, Clock
from hub.engine.advance.commands import Perform
from hub.engine.advance.failure import Failure
from hub.engine.advance.journal import Entry, Status
from hub.engine.desk import Desk, to_row
from hub.engine.gate import Simulated, TestDestinations, pass_gate
from hub.engine.retry import next_pause
from hub.errors import PayloadProblem, Permanent, StepFailed, Transient
from hub.storage import once, runs, steps
from hub.values import plain, reveal

log = logging.getLogger(__name__)

_LOOK_AGAIN = timedelta(seconds=1)
_TRY_AGAIN_STATES = ("40001", "40P01", "55P03", "57014")  # serialization, deadlock, lock, statement


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
    """What performing needs of the hub. `problems` validates inputs, `hide` removes secrets."""

    actions: Mapping[str, Action]
    services: Callable[[str | None], Mapping[type, Any]]  # by `connection:` of the step
    clock: Clock
    destinations: TestDestinations
    problems: Callable[[Action, Any], list[PayloadProblem]]
    secret: Callable[[str], str]
    hide: Callable[[Any], Any]
    chance: Callable[[], float]


class Performer:
    """Performs the commands of one run at a desk."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def perform(self, desk: Desk, command: Perform) -> Outcome:
        """Do it, or say why not. What happened is stored when this returns."""
        known = desk.journal.get(command.path)
        if known is not None and known.due_at is not None and known.due_at > desk.now():
            return Blocked(known.due_at - desk.now(), "retry")
        if command.deadline is not None and command.deadline <= desk.now():
            late = Permanent("timeout", "the time of the enclosing step is up")
            return self._record_failure(desk, command, self._entry(desk, command), late)
        return self._attempt(desk, command)

    def _attempt(self, desk: Desk, command: Perform) -> Outcome:
        action = self._tools.actions[command.step.action]
        entry = self._entry(desk, command)
        known = desk.journal.get(command.path)
        is_begun = known is not None and known.status == "started"
        if is_begun and action.outward and _delivery(command, action) == "at_most_once":
            unknown = Permanent(
                "outcome_unknown",
                "the worker died during the call: nobody knows whether it was done",
                maybe_done=True,
            )
            return self._record_failure(desk, command, entry, unknown)
        if problems := self._tools.problems(action, plain(command.inputs)):
            told = "; ".join(f"{each.pointer or 'inputs'}: {each.message}" for each in problems[:5])
            return self._record_failure(desk, command, entry, Permanent("invalid_input", told))
        passed = pass_gate(action, _as_json(command.inputs), desk.mode, self._tools.destinations)
        if isinstance(passed, Simulated):
            return self._simulate(desk, entry, action, passed)
        if action.outward:
            return self._outward(desk, command, entry, action, passed.inputs)
        return self._local(desk, command, entry, action, passed.inputs)

    def _entry(self, desk: Desk, command: Perform) -> Entry:
        known = desk.journal.get(command.path)
        return Entry(
            path=command.path,
            kind="do",
            status="started",
            step_id=command.step.id,
            action=command.step.action,
            attempts=(known.attempts if known else 0) + 1,
            inputs=command.inputs,
            key=command.key,
        )

    # ----------------------------------------------------------------------------- the three ways

    def _simulate(self, desk: Desk, entry: Entry, action: Action, why: Simulated) -> Outcome:
        done = replace(entry, status="succeeded", result=dict(action.example))
        with desk.fenced() as connection:
            steps.write(connection, desk.run.id, [to_row(done, is_simulated=True)])
        desk.journal.put(done)
        log.info("simulated %s: %s", action.name, why.reason, extra={"run_id": str(desk.run.id)})
        return Done(done.result)

    def _local(
        self, desk: Desk, command: Perform, entry: Entry, action: Action, inputs: Mapping[str, Any]
    ) -> Outcome:
        try:
            with desk.fenced() as connection:
                settled = self._take_once(connection, desk, command, entry)
                if settled is None:
                    result = self._call(desk, command, entry.attempts, action, inputs, connection)
                    done = replace(entry, status="succeeded", result=result)
                    self._store_done(connection, desk, command, done)
                    settled = done
        except StepFailed as failed:
            return self._record_failure(desk, command, entry, failed)
        except DBAPIError as problem:
            if getattr(problem.orig, "sqlstate", None) not in _TRY_AGAIN_STATES:
                raise
            busy = Transient("internal", "the database was busy with the same rows")
            return self._record_failure(desk, command, entry, busy)
        return _outcome(desk, settled)

    def _outward(
        self, desk: Desk, command: Perform, entry: Entry, action: Action, inputs: Mapping[str, Any]
    ) -> Outcome:
        try:
            with desk.fenced() as connection:
                settled = self._take_once(connection, desk, command, entry)
                if settled is None:
                    steps.write(connection, desk.run.id, [to_row(entry)])
        except Permanent as refused:
            return self._record_failure(desk, command, entry, refused)
        if settled is not None:
            return _outcome(desk, settled)
        desk.journal.put(entry)
        return self._call_out(desk, command, entry, action, inputs)

    def _call_out(
        self, desk: Desk, command: Perform, entry: Entry, action: Action, inputs: Mapping[str, Any]
    ) -> Outcome:
        """Between the intent and the result: no transaction is open (E4)."""
        try:
            result = self._tools.hide(
                self._call(desk, command, entry.attempts, action, inputs, None)
            )
        except StepFailed as failed:
            return self._record_failure(desk, command, entry, failed)
        except Exception:
            log.exception("%s failed in a way it does not declare", action.name)
            bug = Transient("internal", f"a fault in {action.name}", maybe_done=True)
            return self._record_failure(desk, command, entry, bug)
        done = replace(entry, status="succeeded", result=result)
        with desk.fenced(is_checked=False) as connection:
            self._store_done(connection, desk, command, done)
        desk.journal.put(done)
        return Done(result)

    def _call(
        self,
        desk: Desk,
        command: Perform,
        attempts: int,
        action: Action,
        inputs: Mapping[str, Any],
        connection: Connection | None,
    ) -> Any:
        attempt = Attempt(
            run_id=desk.run.id,
            workflow=command.workflow,
            key=command.key,
            mode=desk.mode,
            number=attempts,
            timeout=_time_left(command, action, desk.now()),
        )
        services = {
            **self._tools.services(command.step.connection),
            Attempt: attempt,
            Clock: self._tools.clock,
        }
        if connection is not None:
            services[Connection] = connection
        return action.call(services, reveal(dict(inputs), self._tools.secret))

    # ------------------------------------------------------------------------------ what came of it

    def _store_done(
        self, connection: Connection, desk: Desk, command: Perform, done: Entry
    ) -> None:
        steps.write(connection, desk.run.id, [to_row(done)])
        runs.clear_deaths(connection, desk.run)
        if command.once_key is not None:
            once.succeed(connection, _once_key(desk, command), done.result)

    def _record_failure(
        self, desk: Desk, command: Perform, entry: Entry, failed: StepFailed
    ) -> Outcome:
        """Store the failure, with the time of the next attempt where there is one."""
        failure = Failure.of_step(failed, step=command.path, attempts=entry.attempts)
        failure.message = str(self._tools.hide(failure.message))
        pause = self._pause(command, failure, failed)
        status: Status = "failed" if pause is None else "retrying"
        stored = replace(entry, status=status, error=failure.as_row())
        with desk.fenced(is_checked=False) as connection:
            steps.write(connection, desk.run.id, [to_row(stored, due_in=pause)])
            if pause is None and failure.is_maybe_done:
                runs.mark_maybe_done(connection, desk.run)
            if command.once_key is not None and pause is None:
                once.give_up(
                    connection, _once_key(desk, command), is_maybe_done=failure.is_maybe_done
                )
        if pause is None:
            desk.journal.put(stored)
            return failure
        desk.journal.put(replace(stored, due_at=desk.now() + pause))
        return Blocked(pause, f"retry after {failure.code}")

    def _pause(self, command: Perform, failure: Failure, failed: StepFailed) -> timedelta | None:
        action = self._tools.actions[command.step.action]
        is_at_most_once = _delivery(command, action) == "at_most_once"
        return next_pause(
            command.step.retry,
            attempts=failure.attempts,
            is_retryable=isinstance(failed, Transient)
            if command.retry_if is None
            else command.retry_if(failure),
            is_safe=not (is_at_most_once and failure.is_maybe_done),
            retry_after=failed.retry_after,
            chance=self._tools.chance(),
        )

    def _take_once(
        self, connection: Connection, desk: Desk, command: Perform, entry: Entry
    ) -> Entry | Blocked | None:
        """Claim `once_per`: None when it is ours, else what another run made of it."""
        if command.once_key is None:
            return None
        held = once.take(connection, _once_key(desk, command))
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
        done = replace(entry, status="succeeded", result=held.result, attempts=0)
        steps.write(connection, desk.run.id, [to_row(done)])
        return done


def _outcome(desk: Desk, settled: Entry | Blocked) -> Outcome:
    if isinstance(settled, Blocked):
        return settled
    desk.journal.put(settled)
    return Done(settled.result)


def _delivery(command: Perform, action: Action) -> str:
    return command.step.delivery or ("at_most_once" if action.effect == "once" else "at_least_once")


def _once_key(desk: Desk, command: Perform) -> once.OnceKey:
    """Simulated runs have keys of their own: they must not keep a live one from working."""
    text = f"{desk.run.mode}:{command.once_key}"
    return once.OnceKey(
        workflow=command.workflow,
        step_id=command.step.id or command.path,
        digest=sha256(text.encode()).digest(),
        run_id=desk.run.id,
        path=command.path,
    )


def _time_left(command: Perform, action: Action, now: datetime) -> timedelta:
    timeout = command.timeout or action.timeout
    return timeout if command.deadline is None else min(timeout, command.deadline - now)


def _as_json(inputs: Any) -> Any:
    """Inputs with dates as text; secrets stay references."""
    if isinstance(inputs, dict):
        return {name: _as_json(value) for name, value in inputs.items()}
    if isinstance(inputs, list | tuple):
        return [_as_json(value) for value in inputs]
    return plain(inputs) if isinstance(inputs, datetime | timedelta) else inputs
