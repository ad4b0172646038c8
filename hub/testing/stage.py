"""The stage: an in-memory hub on a fake clock, on which one test is played to its end.

Everything that decides is the hub's own: the way in, the machine, the rules of attempts. What a
database and a worker would do is done here, one thing after the other, and whenever nothing can go
on the clock moves to the next instant at which something is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from hub.action import Action
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
from hub.engine.advance.waiting import event_names
from hub.engine.expressions import EvaluationError, Scope, evaluate
from hub.engine.start import Start, turn_digest
from hub.engine.workflow import Endpoint, OnEvent, Schedule, Workflow
from hub.storage.deliveries import NewDelivery, NewRun, Recorded
from hub.storage.runs import Ending
from hub.testing.acting import Actor, Real
from hub.testing.door import Exchange
from hub.testing.memory import RequestKeys, RunId, Turns
from hub.testing.plan import Happening, Trial
from hub.testing.playing import Done, Outcome, Played, Waits
from hub.testing.setting import Setting
from hub.testing.story import Story, Told, shown
from hub.values import format_instant

MOST_MOVES = 20_000
"""Looks at all runs in one test; more are needed only by what never comes to an end."""
_SAMPLE_ID = "00000000-0000-4000-8000-{:012}"


@dataclass
class Stage:
    """One test while it is played. Read its story, runs and exchanges afterwards."""

    setting: Setting
    trial: Trial
    real: Real | None = None
    crash_after: str | None = None
    clock: datetime = field(init=False)
    runs: list[Played] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    arrived: list[tuple[Event, int]] = field(default_factory=list)
    heard: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    is_endless: bool = False

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
            real=self.real,
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
            self._start(workflow, {}, scheduled_at=self.clock)
        elif not isinstance(trigger, OnEvent):
            self._start(workflow, {"inputs": dict(self.trial.given.inputs)})

    def _ask(self) -> None:
        self._planned = 0
        exchange = self.setting.door.ask(self, self.trial.workflow, self.trial.given)
        self.exchanges.append(exchange)
        if exchange.response is not None:
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
        due += [until for run in self.runs for until, _ in run.busy.values()]
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

    def look(self, action: str, inputs: Any) -> Any:
        """What a reading action gives now, when all is over."""
        if self.real is None:
            raise LookupError("the test has no database")
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
    ) -> Played:
        self._planned = 0
        start = self.start(workflow, trigger)
        return self._add(start.new_run(self.new_run_id(), scheduled_at=scheduled_at))

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
        if isinstance(command, Perform):
            return self._actor.perform(run, command)
        if isinstance(command, AwaitEvent):
            return self._await(run, command)
        if isinstance(command, Pause):
            return Done() if command.until <= self.clock else Waits(command.until)
        if isinstance(command, TakeTurn):
            return self._take_turn(run, command)
        if isinstance(command, LeaveTurn):
            self._turns.leave(run.id, command.path)
            return Done()
        run.crash_if_at(command.path)
        if isinstance(command, EmitEvent):
            return self._emit_of(run, command)
        return self._detach(run, command)

    def _await(self, run: Played, command: AwaitEvent) -> Outcome:
        event = self.found(run, command)
        if event is not None:
            return Done(event)
        wakes = []
        if command.poll is not None:
            asked = self._actor.ask(run, command.poll, may_fail=not command.names)
            if not isinstance(asked, Waits):
                return asked
            wakes += [asked.until] if asked.until is not None else []
        if command.until is not None and command.until <= self.clock:
            return Done(None)
        wakes += [command.until] if command.until is not None else []
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
        self.tell(
            run, f"{command.path}: emits {command.name} for {command.key!r} {shown(command.data)}"
        )
        self.story.emitted.append(Told(command.name, command.key, command.data))
        self._emit(command.name, command.key, command.data)
        return Done()

    def _emit(self, name: str, key: str, data: Any) -> Event:
        """Store the event, and start the workflows that it starts."""
        event = Event(len(self.events) + 1, name, key, data, self.clock)
        self.events.append(event)
        for workflow in self.setting.workflows.values():
            if self._is_started_by(workflow, event):
                told = {"name": name, "key": key, "data": data, "at": format_instant(event.at)}
                self._start(workflow, {"event": told})
                self.heard.add(event.id)
        return event

    def _is_started_by(self, workflow: Workflow, event: Event) -> bool:
        trigger = workflow.trigger
        if not isinstance(trigger, OnEvent) or event.name not in trigger.names:
            return False
        if not workflow.is_enabled or trigger.only_if is None:
            return workflow.is_enabled
        names = {"event": event_names(workflow, event), "config": self.config}
        scope = Scope(
            names=names, now=self.now, new_id=self.new_id, zone=self.setting.zone(workflow)
        )
        try:
            return evaluate(trigger.only_if, scope) is True
        except EvaluationError:
            return False

    def _detach(self, run: Played, command: StartRun) -> Outcome:
        workflow = self.setting.workflows.get(command.workflow.name, command.workflow)
        started = self._start(workflow, {"inputs": command.inputs})
        self.tell(run, f"{command.path}: starts {started.id}")
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
        if ending.frees_key:
            self._keys.free(run.id)
        if ending.status != "succeeded":
            doubtful = (
                entry.path
                for entry in run.stored.values()
                if entry.status == "started" or (entry.error or {}).get("maybe_done")
            )
            self._actor.once.abandon(run.id, doubtful)


def _instants(trial: Trial) -> list[tuple[datetime, Happening]]:
    """When each entry of the timeline happens: `after` counts from the one before it."""
    moment, found = trial.given.now, []
    for each in trial.given.timeline:
        moment = each.at if each.at is not None else moment + each.after if each.after else moment
        found.append((moment, each))
    return sorted(found, key=lambda pair: pair[0])
