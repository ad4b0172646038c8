"""What reaches a run from outside and what it sends out: events, answers of polls, new runs.

Every look for an event is made under the run's lock, and the last one behind `events.listen`: what
is emitted after that finds the sleeper (chapter 10).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid5

from sqlalchemy import Connection

from hub.engine.advance.commands import (
    Asked,
    Asking,
    AwaitEvent,
    Command,
    EmitEvent,
    Event,
    StartRun,
)
from hub.engine.advance.failure import Failure
from hub.engine.advance.journal import Entry
from hub.engine.desk import Desk
from hub.engine.performing import Blocked, Done, Outcome, Performer
from hub.engine.start import Start
from hub.engine.workflow import OnEvent, Workflow
from hub.errors import Rejected
from hub.storage import events
from hub.storage.deliveries import start_run
from hub.storage.events import StoredEvent
from hub.storage.new_runs import NewRun
from hub.values import format_instant

log = logging.getLogger(__name__)

_NEVER = timedelta(days=36_500)


@dataclass(frozen=True)
class Occurrences:
    """Does the commands that have to do with other runs.

    `start` is what is known of a run to be made; `started_by` are the workflows that an event
    starts. A detached run has the version `in_force` when it is made; one that is gone has the
    version that the caller knows.
    """

    performer: Performer
    start: Callable[[Workflow, Mapping[str, Any]], Start]
    started_by: Callable[[str], Iterable[Workflow]]
    in_force: Callable[[str], Workflow | None]

    # ------------------------------------------------------------------------------------ waiting

    def awaited(self, desk: Desk, command: AwaitEvent) -> Outcome:
        """The event or the answer that ends the wait, `None` when its time is up."""
        if command.names:
            with desk.fenced(stores=False, stays_open=True) as connection:
                accepted = list(_free(connection, desk, command))
            for found in accepted:
                if desk.take_event(found.id):
                    return Done(found)
        now = desk.now()
        if command.until is not None and command.until <= now:
            return Done(None)
        outcome = Blocked(_NEVER, _why(command))
        if command.poll is not None:
            asked = self._asked(desk, command, command.poll, now)
            if not isinstance(asked, Blocked):
                return asked
            outcome = replace(outcome, due_in=asked.due_in)
        if command.until is not None:
            outcome = replace(outcome, due_in=min(outcome.due_in, command.until - desk.now()))
        return outcome

    def _asked(self, desk: Desk, command: AwaitEvent, poll: Asking, now: datetime) -> Outcome:
        """Ask, if it is time; what is not done yet is asked again after a while."""
        known = desk.journal.get(poll.perform.path)
        if known is None and poll.first_at > now:
            return Blocked(poll.first_at - now, _why(command))
        outcome = self.performer.perform(desk, poll.perform)
        if isinstance(outcome, Done) and poll.is_done(outcome.result):
            return Done(Asked(outcome.result))
        is_over = isinstance(outcome, Failure) and not command.names
        if isinstance(outcome, Blocked) or is_over:
            return outcome
        self._ask_again(desk, poll)
        return Blocked(poll.every, _why(command))

    def _ask_again(self, desk: Desk, poll: Asking) -> None:
        entry = desk.journal.get(poll.perform.path)
        if entry is not None:
            again = replace(entry, status="retrying", due_at=desk.now() + poll.every)
            with desk.fenced(is_checked=False) as connection:  # sleep looks whether it is cancelled
                desk.keep(connection, again)

    def is_cancelled(self, desk: Desk, wanted: Sequence[AwaitEvent]) -> bool:
        """Whether an event has come that cancels the run, even if a wait has taken it."""
        if not wanted:
            return False
        with desk.fenced(stores=False, stays_open=True) as connection:
            found = (_accepted(connection, desk, each, without=frozenset()) for each in wanted)
            return any(any(each) for each in found)

    def lie_down(
        self, desk: Desk, connection: Connection, commands: Sequence[Command | AwaitEvent]
    ) -> bool:
        """Have the run woken by what it waits for; false if that is there already."""
        waits = [each for each in commands if isinstance(each, AwaitEvent) and each.names]
        if not waits and not desk.listens:
            return True
        events.listen(
            connection,
            desk.run.id,
            [(name, each.key) for each in waits for name in each.names],
        )
        desk.listens = bool(waits)
        return not any(any(_free(connection, desk, each)) for each in waits)

    # ----------------------------------------------------------------------------------- sending

    def emit(self, desk: Desk, command: EmitEvent) -> Outcome:
        """Store the event with the step, wake who waits for it, start what it starts."""
        with desk.fenced(stays_open=True) as connection:
            emitted = events.emit(
                connection,
                name=command.name,
                key=command.key,
                data=command.data,
                run_id=desk.run.id,
                path=command.path,
            )
            desk.woken += emitted.woken
            if emitted.event is not None:
                self._start_all(desk, connection, command, emitted.event)
            told = {"event": command.name, "key": command.key, "data": command.data}
            entry = Entry(command.path, "emit", "succeeded", command.step_id, inputs=told)
            desk.keep(connection, entry)
            desk.holds_key()  # whoever wants to wait for the same waits for our commit
        return Done(None)

    def _start_all(
        self, desk: Desk, connection: Connection, command: EmitEvent, event: StoredEvent
    ) -> None:
        trigger = {
            "event": {
                "name": event.name,
                "key": event.key,
                "data": event.data,
                "at": format_instant(event.at),
            }
        }
        for workflow in self.started_by(event.name):
            run = _wanted(desk, self.start(workflow, trigger), f"{command.path}/{workflow.name}")
            if run is not None:
                start_run(connection, run)
                desk.woken.append(run.id)

    def start_run(self, desk: Desk, command: StartRun) -> Outcome:
        """Start the run that is not waited for, with the step."""
        workflow = self.in_force(command.workflow.name) or command.workflow
        if not workflow.is_enabled:
            message = f"the workflow '{workflow.name}' is disabled"
            return Failure("not_found", message, step=command.path, attempts=0)
        start = self.start(workflow, {"inputs": command.inputs})
        try:
            run = _new_run(desk, start, command.path)
        except Rejected as problem:
            return Failure("invalid_input", _told(problem), step=command.path, attempts=0)
        with desk.fenced(stays_open=True) as connection:
            start_run(connection, run)
            result = {"run_id": str(run.id)}
            known = desk.journal.get(command.path)
            inputs = command.inputs if known is None else known.inputs
            entry = Entry(command.path, "call", "succeeded", command.step_id, inputs=inputs)
            desk.keep(connection, replace(entry, attempts=1, result=result))
        desk.woken.append(run.id)
        return Done(str(run.id))


def _new_run(desk: Desk, start: Start, path: str) -> NewRun:
    """The new run, in a mode that is no bolder than ours; the same one if it is made again.

    It stands in the queue of its turn when it begins: whoever has the turn now may wait for us.
    Raises `Rejected` when its mode cannot be told.
    """
    return start.new_run(uuid5(desk.run.id, path), within=desk.mode, is_queued=False)


def _told(problem: Rejected) -> str:
    """Why no run can be made."""
    return "; ".join(each.message for each in problem.problems) or problem.title


def _wanted(desk: Desk, start: Start, path: str) -> NewRun | None:
    """The run that an event starts; None if `only_if` of its workflow does not take the event.

    A workflow of which that cannot be told is not started: its mistake does not end our run.
    """
    trigger = start.workflow.trigger
    if not isinstance(trigger, OnEvent):
        return None
    try:
        if trigger.only_if is not None and not start.is_true(trigger.only_if):
            return None
        return _new_run(desk, start, path)
    except Rejected as problem:
        log.warning("%s was not started by an event: %s", start.workflow.name, _told(problem))
        return None


def _free(connection: Connection, desk: Desk, command: AwaitEvent) -> Iterator[Event]:
    """The events that the wait takes and no other wait of the run has taken."""
    taken = command.consumed | desk.taken_events
    return _accepted(connection, desk, command, without=taken)


def _accepted(
    connection: Connection, desk: Desk, command: AwaitEvent, *, without: frozenset[int]
) -> Iterator[Event]:
    """The events that are wanted; one that came when the time was up is too late."""
    found = events.find(
        connection,
        command.names,
        command.key,
        since=desk.run.created_at,
        without=without,
    )
    for each in found:
        if command.until is None or each.at <= command.until:
            event = Event(each.id, each.name, each.key, each.data, each.at)
            if command.accepts is None or command.accepts(event):
                yield event


def _why(command: AwaitEvent) -> str:
    if not command.names:
        return "asks again later"
    return f"waits for {' or '.join(command.names)}"
