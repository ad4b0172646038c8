"""Does what deciding asks for, until the run ends, waits or is handed back. To resume is to run.

load → ask the machine → do → give it the result → ask again. A run that is not ours any more, or a
database that is gone, ends the work and nothing else: the lease runs out and somebody goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.engine.advance.commands import (
    AwaitEvent,
    Command,
    EmitEvent,
    Finished,
    LeaveTurn,
    Pause,
    Perform,
    StartRun,
    TakeTurn,
)
from hub.engine.advance.failure import Failure
from hub.engine.advance.frame import Facts
from hub.engine.advance.machine import Machine
from hub.engine.counting import count_end
from hub.engine.desk import CancelRequested, Desk, Overdue, TakenBack
from hub.engine.ending import broken_response, ending_of, final_response
from hub.engine.occurrences import Occurrences
from hub.engine.performing import Blocked, Done, Outcome, Performer, Tools
from hub.engine.resting import Resting
from hub.engine.start import Start, scope_names
from hub.engine.workflow import Workflow
from hub.errors import LostRun
from hub.storage import events, once, runs, steps, turns
from hub.storage.db import at_once
from hub.storage.runs import ClaimedRun, Ending, OpenClaim

log = logging.getLogger(__name__)

MOST_CARRIED = 20  # steps in one transaction: their locks last as long as it does
MOST_READERS = 2 * runs.MOST_DEATHS  # dead ones: those that were to give the run up died of it too


@dataclass(frozen=True)
class Workshop:
    """What the executor needs of the hub besides the tools of its actions."""

    engine: Engine
    tools: Tools
    program: Callable[[str], Workflow]  # by version (E15)
    config: Mapping[str, Any]
    new_id: Callable[[], UUID]
    start: Callable[[Workflow, Mapping[str, Any]], Start]
    started_by: Callable[[str], Iterable[Workflow]]  # the workflows that an event starts
    in_force: Callable[[str], Workflow | None]  # by name
    ring: Callable[[UUID], object]
    side_by_side: ThreadPoolExecutor


class Executor:
    """Works on claimed runs; safe to share between threads."""

    def __init__(self, workshop: Workshop) -> None:
        self._shop = workshop
        self._performer = Performer(workshop.tools)
        self._others = Occurrences(
            self._performer, workshop.start, workshop.started_by, workshop.in_force
        )
        self._resting = Resting(workshop.ring, self._others)
        self._doers: Mapping[type[Command], Callable[[Desk, Any], Outcome]] = {
            Perform: self._performer.perform,
            TakeTurn: self._resting.take_turn,
            Pause: self._resting.pause,
            AwaitEvent: self._others.awaited,
            EmitEvent: self._others.emit,
            StartRun: self._others.start_run,
        }

    def work(
        self,
        run: ClaimedRun,
        *,
        is_stopping: Callable[[], bool],
        claim: OpenClaim | None = None,
    ) -> None:
        """Take the run as far as it goes now; never raises.

        `claim`: the transaction in which the run was claimed, where its first steps belong too.
        """
        try:
            self._work(run, is_stopping, claim)
        except LostRun as lost:
            log.warning("%s", lost, extra={"run_id": str(run.id)})
        except (DBAPIError, PoolTimeout) as problem:
            log.warning("the database failed: %s", problem, extra={"run_id": str(run.id)})
        except Exception:
            log.exception("the hub failed on a run", extra={"run_id": str(run.id)})
            if claim is not None:
                claim.connection.close()
            broken = Failure("internal", "a fault of the hub; see the log")
            self._give_up(run, Finished(failure=broken))

    def _work(
        self, run: ClaimedRun, is_stopping: Callable[[], bool], claim: OpenClaim | None
    ) -> None:
        if run.deaths >= MOST_READERS:
            self._give_up(run, _unreadable(run))
            return
        workflow = self._shop.program(run.version)
        is_new = run.token == 1 and run.retry_of is None  # then there is nothing to read
        stored = () if is_new else self._stored(run)
        desk = Desk(self._shop.engine, run, stored, most_carried=MOST_CARRIED, claim=claim)
        try:
            self._attend(desk, workflow, is_stopping)
        except TakenBack as problem:
            log.debug("%s: its steps are done again, one by one", problem)
            if desk.is_claim_open:
                return  # taken back as well: whoever looks next has the run
            self._attend(desk.taken_back(self._stored(run)), workflow, is_stopping)

    def _attend(self, desk: Desk, workflow: Workflow, is_stopping: Callable[[], bool]) -> None:
        try:
            machine = Machine(workflow, self._facts(desk, workflow), desk.journal)
            desk.is_undoing = machine.is_undoing
            if desk.run.deaths >= runs.MOST_DEATHS:
                self._give_step_up(desk, machine)
            while (is_over := self._driven(desk, machine, is_stopping)) is None:
                pass
            if is_over and machine.ending is not None:
                self._end(desk, workflow, ending_of(machine.ending), machine.ending)
        finally:
            desk.roll_back()
            self._ring(desk)

    def _ring(self, desk: Desk) -> None:
        """Tell that runs were woken or made, once that is committed."""
        woken, desk.woken = desk.woken, []
        for run_id in woken:
            self._shop.ring(run_id)

    def _give_step_up(self, desk: Desk, machine: Machine) -> None:
        """A step ends its owners: what the run did is undone, if that did not end them too."""
        poison = _poison(desk)
        if machine.is_undoing:
            machine.ending = Finished(failure=poison, is_undo_failed=True)
            return
        machine.abort(poison)
        desk.is_undoing = True
        with desk.fenced() as connection:
            runs.clear_deaths(connection, desk.run)

    def _driven(self, desk: Desk, machine: Machine, is_stopping: Callable[[], bool]) -> bool | None:
        """As `_drive`; None when the run is to be ended from outside: the machine knows now."""
        try:
            return self._drive(desk, machine, is_stopping)
        except CancelRequested:
            desk.roll_back()
            machine.cancel()
        except Overdue:
            desk.roll_back()
            machine.time_out()
        return None

    def _stored(self, run: ClaimedRun) -> list[steps.StepRow]:
        with at_once(self._shop.engine) as connection:
            return steps.load(connection, run.id)

    def _facts(self, desk: Desk, workflow: Workflow) -> Facts:
        run = desk.run
        names = scope_names(run, workflow, config=self._shop.config)
        shared = {name: names[name] for name in ("config", "secrets", "run")}
        return Facts(
            run_id=str(run.id),
            names=names,
            shared=shared,
            actions=self._shop.tools.actions,
            now=self._shop.tools.clock_at(desk).now,
            timer=desk.now,
            new_id=lambda: str(self._shop.new_id()),
        )

    # --------------------------------------------------------------------------------- the circle

    def _drive(self, desk: Desk, machine: Machine, is_stopping: Callable[[], bool]) -> bool:
        """Until the machine has its ending (true), or the run sleeps or is handed back (false).

        What follows from a step at once (an answer, the end) goes into the step's transaction, and
        so do the steps in our own database that follow it.
        """
        while True:
            self._settle(desk, machine)
            desk.is_undoing = machine.is_undoing
            if machine.ending is not None:
                return True
            if is_stopping():
                with desk.fenced(is_checked=False) as connection:
                    runs.hand_back(connection, desk.run)
                return False
            if desk.may_carry and self._is_carried(desk, machine.commands):
                desk.carry()
            elif not (desk.is_claim_open and _is_turn(machine.commands)):
                desk.commit()
                self._ring(desk)
            if self._others.is_cancelled(desk, machine.cancel_on):
                desk.commit()  # what was done is done, and will be undone
                raise CancelRequested(f"run {desk.run.id}: an event of its `cancel_on` came")
            blocked = self._round(desk, machine)
            if blocked and self._resting.sleep(desk, machine, blocked):
                return False

    def _is_carried(self, desk: Desk, commands: list[Command]) -> bool:
        """Whether a step goes into the transaction of those before it: first try, no calling out.

        Not one with `once_per`: other runs may wait for its key.
        """
        match commands:
            case [Perform(once_key=None) as command]:
                is_first = desk.journal.get(command.path) is None
                return is_first and not self._is_outward(command)
        return False

    def _settle(self, desk: Desk, machine: Machine) -> None:
        """Take up what asks for no deed of its own: it goes out with the transaction at hand."""
        desk.say(machine.take_replies())
        while leaving := [each for each in machine.commands if isinstance(each, LeaveTurn)]:
            for command in leaving:
                if command.asked is not None:
                    desk.hold_turn(self._resting.turn(desk, command.asked), is_stored=True)
                desk.leave_turn(command)
                machine.resolve(command)
            desk.say(machine.take_replies())

    def _round(self, desk: Desk, machine: Machine) -> list[Blocked]:
        """Do every open command once; a list when none of them got on."""
        commands = machine.commands
        desk.give_events_back()
        if desk.has_news and any(isinstance(each, Perform | TakeTurn) for each in commands):
            with desk.fenced():
                pass  # the caller listens: the answer goes out before the next deed
        outcomes = self._all(desk, commands)
        is_stuck = True
        for command, outcome in zip(commands, outcomes, strict=True):
            if isinstance(outcome, Blocked):
                continue
            is_stuck = False
            if isinstance(outcome, Failure):
                machine.fail(command, outcome)
            else:
                machine.resolve(command, outcome.result)
        return [each for each in outcomes if isinstance(each, Blocked)] if is_stuck else []

    def _all(self, desk: Desk, commands: list[Command]) -> list[Outcome]:
        """One command leaves its transaction open for what follows; of several each has its own."""
        if len(commands) == 1:
            return [self._do(desk, commands[0])]
        if sum(self._is_outward(command) for command in commands) > 1:
            return self._side_by_side(desk, commands)
        outcomes = []
        for command in commands:
            outcomes.append(self._do(desk, command))
            desk.commit()
        return outcomes

    def _side_by_side(self, desk: Desk, commands: list[Command]) -> list[Outcome]:
        """In threads. All of them have ended when this returns or raises: none works on alone."""
        with desk.fenced():
            pass  # the notes are stored first, so that the threads share nothing
        desk.is_shared = True
        try:
            futures = [
                self._shop.side_by_side.submit(copy_context().run, self._do, desk, each)
                for each in commands
            ]
            wait(futures)
        finally:
            desk.is_shared = False
        return [future.result() for future in futures]

    def _is_outward(self, command: Command) -> bool:
        asked = command.poll if isinstance(command, AwaitEvent) else None
        perform = asked.perform if asked is not None else command
        return (
            isinstance(perform, Perform) and self._shop.tools.actions[perform.step.action].outward
        )

    def _do(self, desk: Desk, command: Command) -> Outcome:
        do = self._doers.get(type(command))
        return Done(None) if do is None else do(desk, command)

    # -------------------------------------------------------------------------------------- the end

    def _end(
        self,
        desk: Desk,
        workflow: Workflow,
        ending: Ending,
        finished: Finished | None = None,
    ) -> None:
        response = desk.take_reply()
        if desk.run.is_awaited and not desk.has_replied:
            now = self._shop.tools.clock_at(desk).now()
            start = Start(workflow, desk.run.trigger, self._shop.config, now)
            response = final_response(start, ending, finished, desk.run.id)
        with desk.fenced(is_checked=False) as connection:
            # The place that was given at acceptance is not known to one who never asked for it.
            has_place = workflow.concurrency is not None and not desk.has_stood
            self._store_end(desk, connection, ending, response, has_place=has_place)
        count_end(desk, ending)

    def _store_end(
        self,
        desk: Desk,
        connection: Connection,
        ending: Ending,
        response: Mapping[str, Any] | None,
        *,
        has_place: bool,
    ) -> None:
        """End the run, and let go of what others wait for (E16)."""
        runs.end(connection, desk.run, ending, response=response, notes=desk.notes())
        desk.forget_notes()
        if ending.status != "succeeded" or desk.journal.has_unended():
            once.abandon(connection, desk.run.id)  # a branch may have been cut in between
        if desk.listens or desk.run.token > 1:
            events.forget(connection, desk.run.id)
        if has_place or desk.run.token > 1:  # an earlier owner may have taken more of them
            desk.woken += turns.leave_all(connection, desk.run.id)
        else:
            desk.leave_turns()

    def _give_up(self, run: ClaimedRun, finished: Finished) -> None:
        """End a run whose journal or workflow nobody can read."""
        desk = Desk(self._shop.engine, run)
        ending = ending_of(finished)
        try:
            with desk.fenced(is_checked=False) as connection:
                response = broken_response(ending, run.id) if run.is_awaited else None
                runs.end(connection, run, ending, response=response)
                once.abandon(connection, run.id)
                events.forget(connection, run.id)
                woken = turns.leave_all(connection, run.id)
            count_end(desk, ending)
        except (LostRun, DBAPIError, PoolTimeout):
            log.warning("the failed run could not be ended", extra={"run_id": str(run.id)})
        else:
            for each in woken:
                self._shop.ring(each)


def _is_turn(commands: list[Command]) -> bool:
    return len(commands) == 1 and isinstance(commands[0], TakeTurn)


def _poison(desk: Desk) -> Failure:
    """The end of a run that ends its owners, with the step that was begun, where that is known."""
    begun = (
        entry.path
        for entry in desk.journal.entries()
        if entry.kind == "do" and entry.status == "started"
    )
    message = f"{desk.run.deaths} workers died in the same step"
    return Failure("poison", message, step=next(begun, ""))


def _unreadable(run: ClaimedRun) -> Finished:
    """The end of a run that nobody lives to read: what it did is not undone."""
    message = f"{run.deaths} workers died, the last ones of reading what the run did"
    return Finished(failure=Failure("poison", message), is_undo_failed=True)
