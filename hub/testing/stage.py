"""The stage: an in-memory hub on a fake clock, on which one test is played to its end.

Everything that decides is the hub's own: the way in, the machine, the rules of attempts. What a
database and a worker would do is done here, one thing after the other, and whenever nothing can go
on the clock moves to the next instant at which something is due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from hub.action import Action, Mode
from hub.engine.advance.commands import (
    AwaitEvent,
    Command,
    EmitEvent,
    Event,
    LeaveTurn,
    Pause,
    Perform,
    StartRun,
    TakeTurn,
)
from hub.engine.advance.failure import Failure
from hub.engine.advance.journal import Entry
from hub.engine.schedule import last_time
from hub.engine.start import Start, turn_digest
from hub.engine.workflow import Endpoint, OnEvent, Schedule, Workflow
from hub.errors import Permanent, Rejected
from hub.storage.new_runs import NewDelivery, NewRun, Recorded
from hub.storage.runs import Ending
from hub.testing.acting import Actor, Real
from hub.testing.door import Exchange
from hub.testing.memory import RequestKeys, RunId, Turns
from hub.testing.plan import Happening, Place, Trial
from hub.testing.playing import Done, Outcome, Played, Waits
from hub.testing.setting import Setting
from hub.testing.story import Story, Told, shown
from hub.values import format_instant, zone

MOST_MOVES = 20_000
"""Looks at all runs in one test; more are needed only by what never comes to an end."""
_SAMPLE_ID = "00000000-0000-4000-8000-{:012}"


@dataclass
class Stage:
    """One test while it is played. Read its story, runs and exchanges afterwards."""

    setting: Setting
    trial: Trial
    crash_after: str | Place | None = None
    clock: datetime = field(init=False)
    runs: list[Played] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    arrived: list[tuple[Event, int]] = field(default_factory=list)
    heard: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    is_endless: bool = False
    real: Real | None = None

    def __post_init__(self) -> None:
        given = self.trial.given
        self.clock = given.now
        self.actions: Mapping[str, Action] = self.setting.project.actions
        self.config: Mapping[str, Any] = {**self.setting.config, **given.config}
        self.crash_after = self.crash_after or given.crash_after
        self.trial_workflow = self.trial.workflow
        self.story = Story(self.now)
        self._actor = Actor(
            actions=self.actions,
            problems=self.setting.input_problems,
            destinations=self.setting.destinations(self.config),
            mocks=given.mocks,
            story=self.story,
            now=self.now,
        )
        self._keys = RequestKeys()
        self._turns = Turns()
        self._ids = count(1)
        self._planned = 0
        self._timeline = _instants(self.trial)

    # -------------------------------------------------------------------------- the play

    def play(self) -> None:
        """Start what the test starts, and go on until nothing is left to happen."""
        self._begin()
        for _ in range(MOST_MOVES):
            if self._goes_on():
                continue
            due = self._next_instant()
            if due is None:
                return
            self.clock = max(self.clock, due)
            while self._timeline and self._timeline[0][0] <= self.clock:
                self._happen(self._timeline.pop(0)[1])
        self.is_endless = True

    def _begin(self) -> None:
        workflow = self.setting.workflows[self.trial.workflow]
        trigger = workflow.trigger
        if isinstance(trigger, Endpoint):
            self._ask()
        elif isinstance(trigger, Schedule):
            name = trigger.timezone or workflow.timezone
            self._start(workflow, {}, scheduled_at=last_time(trigger, self.clock, zone(name)))
        elif not isinstance(trigger, OnEvent):
            self._start(workflow, {"inputs": dict(self.trial.given.inputs)})

    def _ask(self) -> None:
        self._planned = 0
        exchange = self.setting.door.ask(self, self.trial.workflow, self.trial.given)
        self.exchanges.append(exchange)
        if exchange.settle() or exchange.response is not None:
            self._tell_answer(exchange)

    def _goes_on(self) -> bool:
        """Let every run and every answer get on; whether any did."""
        moved = [run.advance() for run in list(self.runs)]
        for exchange in self.exchanges:
            if exchange.settle():
                self._tell_answer(exchange)
                moved.append(True)
        return any(moved)

    def _tell_answer(self, exchange: Exchange) -> None:
        response = exchange.response or {}
        self.story.tell("", f"answered {response.get('status')} {shown(response.get('body'))}")

    def _next_instant(self) -> datetime | None:
        """When something is due next; a run's own time limit alone is none unless it is written."""
        due = [wake for run in self.runs if run.ending is None for wake in run.wakes]
        due += [until for run in self.runs for until, _ in run.busy.values() if run.ending is None]
        due += [each.due for each in self.exchanges if each.due is not None]
        due += [at for at, _ in self._timeline]
        for run in self.runs:
            if run.ending is None and (run.has_own_timeout or any(at > run.deadline for at in due)):
                due.append(run.deadline)
        return min(due) if due else None

    def _happen(self, happening: Happening) -> None:
        self.story.tell("", happening.told)
        if happening.emit is not None:
            event = self._emit(happening.emit, happening.key, happening.data)
            self.arrived.append((event, happening.position.line))
        elif happening.is_again:
            self._ask()
        else:
            self._cancel(happening)

    def _cancel(self, happening: Happening) -> None:
        run = next((each for each in self.runs if each.ending is None), None)
        if run is None:
            line = happening.position.line
            self.notes.append(f"line {line}: there was no run left to cancel")
        else:
            run.is_cancel_requested = True

    def use(self, real: Real) -> None:
        """Do the local actions that the test names on a database."""
        self.real = self._actor.real = real

    def look(self, action: str, inputs: Any) -> Any:
        """What a reading action gives now, when all is over; raises `StepFailed`."""
        if self.real is None or not self.real.does(self.actions[action]):
            connector = action.partition(".")[0]
            raise Permanent("not_configured", f"write `real: [{connector}]` in the test")
        return self.real.look(self.actions[action], inputs)

    # ------------------------------------------------------------------------- starting runs

    def now(self) -> datetime:
        """The stage's clock."""
        return self.clock

    def new_id(self) -> str:
        """What `uuid()` gives: another one each time, the same ones in each play."""
        return _SAMPLE_ID.format(next(self._ids))

    def new_run_id(self) -> UUID:
        """The id of the next run; a request may plan several before any is stored."""
        self._planned += 1
        return RunId(max((run.id.int for run in self.runs), default=0) + self._planned)

    def new_delivery_id(self) -> UUID:
        """The id of the next request."""
        return UUID(self.new_id())

    def start(self, workflow: Workflow, trigger: Mapping[str, Any]) -> Start:
        """What is known of a run before it is stored."""
        return Start(workflow, trigger, self.config, self.clock)

    def run(self, run_id: UUID) -> Played:
        """A run by its id."""
        return next(run for run in self.runs if run.id == run_id)

    def record(self, delivery: NewDelivery, runs: Sequence[NewRun]) -> tuple[Recorded, ...]:
        """Store the runs of a request, each key once (I7)."""
        return tuple(self._recorded(delivery, new) for new in runs)

    def _recorded(self, delivery: NewDelivery, new: NewRun) -> Recorded:
        key = new.dedupe_key
        if key is not None:
            unfinished = [run.id for run in self.runs if run.ending is None]
            held = self._keys.holder(delivery.endpoint, key, now=self.clock, unfinished=unfinished)
            if held is not None:
                run_id, digest = held
                self.story.tell("", f"the request is a repeat of {run_id}'s")
                return Recorded(run_id, is_new=False, is_same_body=digest == delivery.body_digest)
        run = self._add(new)
        if key is not None:
            self._keys.claim(
                delivery.endpoint,
                key,
                run_id=run.id,
                body_digest=delivery.body_digest,
                expires_at=self.clock + new.window,
            )
        return Recorded(run.id, is_new=True)

    def _start(
        self,
        workflow: Workflow,
        trigger: Mapping[str, Any],
        *,
        scheduled_at: datetime | None = None,
        within: Mode = "live",
    ) -> Played:
        self._planned = 0
        start = self.start(workflow, trigger)
        run_id = self.new_run_id()
        return self._add(start.new_run(run_id, scheduled_at=scheduled_at, within=within))

    def _add(self, new: NewRun) -> Played:
        workflow = self.setting.workflows[new.workflow]
        run = Played(RunId(new.id.int), workflow, new, self.clock, self)
        if new.turn is not None:
            self._turns.stand(new.turn, run.id, "")
        self.runs.append(run)
        self.tell(run, f"{workflow.name} starts")
        return run

    # -------------------------------------------------------------------- what runs ask for

    def tell(self, run: Played, text: str) -> None:
        """One line of the timeline."""
        self.story.tell(str(run.id), text)

    def do(self, run: Played, command: Command) -> Outcome:
        """Do one command, or say when to look again."""
        doers: Mapping[type[Command], Callable[[Played, Any], Outcome]] = {
            Perform: self._actor.perform,
            AwaitEvent: self._await,
            Pause: self._pause,
            TakeTurn: self._take_turn,
            LeaveTurn: self._leave_turn,
            EmitEvent: self._emit_of,
            StartRun: self._detach,
        }
        return doers[type(command)](run, command)

    def _pause(self, _: Played, command: Pause) -> Outcome:
        return Done() if command.until <= self.clock else Waits(command.until)

    def _leave_turn(self, run: Played, command: LeaveTurn) -> Outcome:
        self._turns.leave(run.id, command.path)
        return Done()

    def _await(self, run: Played, command: AwaitEvent) -> Outcome:
        """The wait; while its poll is being answered nobody looks at anything else."""
        poll = command.poll
        if poll is not None and poll.perform.path in run.busy:
            asked = self._actor.ask(run, poll, may_fail=not command.names)
            if not isinstance(asked, Waits) or poll.perform.path in run.busy:
                return asked
        event = self.found(run, command)
        if event is not None:
            return Done(event)
        if command.until is not None and command.until <= self.clock:
            return Done(None)
        wakes = [] if command.until is None else [command.until]
        if poll is not None:
            asked = self._actor.ask(run, poll, may_fail=not command.names)
            if not isinstance(asked, Waits):
                return asked
            wakes += [] if asked.until is None else [asked.until]
        return Waits(min(wakes) if wakes else None)

    def found(self, run: Played, wanted: AwaitEvent) -> Event | None:
        """The first event since the run was made that it may take."""
        for event in self.events:
            is_meant = event.name in wanted.names and event.key == wanted.key
            if not is_meant or event.at < run.created_at or event.id in wanted.consumed:
                continue
            self.heard.add(event.id)
            if wanted.accepts is None or wanted.accepts(event):
                return event
        return None

    def _emit_of(self, run: Played, command: EmitEvent) -> Outcome:
        """The event, what it starts and the entry of the step are one transaction."""
        run.crash_if_at(command.path)
        told = {"event": command.name, "key": command.key, "data": command.data}
        self.tell(run, f"{command.path}: emits {command.name} for {command.key!r}")
        self.story.emitted.append(Told(command.name, command.key, command.data))
        self._emit(command.name, command.key, command.data, within=run.mode)
        run.store(Entry(command.path, "emit", "succeeded", command.step_id, inputs=told))
        return Done()

    def _emit(self, name: str, key: str, data: Any, *, within: Mode = "live") -> Event:
        """Store the event, and start the workflows that it starts."""
        event = Event(len(self.events) + 1, name, key, data, self.clock)
        self.events.append(event)
        told = {"name": name, "key": key, "data": data, "at": format_instant(event.at)}
        for workflow in self.setting.workflows.values():
            if _is_started_by(self.start(workflow, {"event": told}), name):
                self._start(workflow, {"event": told}, within=within)
                self.heard.add(event.id)
        return event

    def _detach(self, run: Played, command: StartRun) -> Outcome:
        run.crash_if_at(command.path)
        workflow = self.setting.workflows.get(command.workflow.name, command.workflow)
        if not workflow.is_enabled:
            message = f"the workflow '{workflow.name}' is disabled"
            return Failure("not_found", message, step=command.path, attempts=0)
        started = self._start(workflow, {"inputs": command.inputs}, within=run.mode)
        self.tell(run, f"{command.path}: starts {started.id}")
        known = run.journal.get(command.path)
        inputs = command.inputs if known is None else known.inputs
        entry = Entry(command.path, "call", "succeeded", command.step_id, inputs=inputs)
        run.store(replace(entry, attempts=1, result={"run_id": str(started.id)}))
        return Done(str(started.id))

    def _take_turn(self, run: Played, command: TakeTurn) -> Outcome:
        if command.deadline is not None and command.deadline <= self.clock:
            return Failure("timeout", "no turn came in time", step=command.path)
        line = (command.scope, turn_digest(command.key))
        standing = self._turns.take(
            line,
            run.id,
            command.path,
            limit=command.limit,
            may_wait=command.when_full != "reject",
        )
        if standing == "full":
            return Failure("concurrency_full", "another run has the turn", step=command.path)
        if standing == "ours":
            return Done()
        if command.when_full == "cancel_running":
            for other in self._turns.ahead_of(line, run.id, command.path):
                self.run(other).is_cancel_requested = True
        return Waits(command.deadline)

    def ended(self, run: Played, ending: Ending) -> None:
        """The run is over: let go of what others wait for."""
        error = f" with {ending.error['code']}" if ending.error else ""
        self.tell(run, f"ends: {ending.status}{error}")
        self._turns.leave(run.id)
        doubtful = [
            entry.path
            for entry in run.stored.values()
            if entry.status == "started" or (entry.error or {}).get("maybe_done")
        ]
        if ending.frees_key and not doubtful:
            self._keys.free(run.id)
        if ending.status != "succeeded":
            self._actor.once.abandon(run.id, doubtful)


def _is_started_by(start: Start, event: str) -> bool:
    """Whether a run of the workflow is made for this event."""
    trigger = start.workflow.trigger
    if not isinstance(trigger, OnEvent) or event not in trigger.names:
        return False
    if not start.workflow.is_enabled or trigger.only_if is None:
        return start.workflow.is_enabled
    try:
        return start.is_true(trigger.only_if)
    except Rejected:
        return False


def _instants(trial: Trial) -> list[tuple[datetime, Happening]]:
    """When each entry of the timeline happens: `after` counts from the one before it."""
    moment, found = trial.given.now, []
    for each in trial.given.timeline:
        moment = each.at if each.at is not None else moment + each.after if each.after else moment
        found.append((moment, each))
    return sorted(found, key=lambda pair: pair[0])
