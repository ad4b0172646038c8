"""One run on the stage: the real machine over a journal in memory, and what its commands lead to.

What a database would keep is kept in stored form: after a crash the run goes on from nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from hub.action import Action, Mode
from hub.engine.advance import (
    Command,
    Facts,
    Failure,
    Finished,
    Machine,
)
from hub.engine.advance.commands import AwaitEvent, Event
from hub.engine.advance.journal import Entry, Journal
from hub.engine.ending import ending_of, final_response
from hub.engine.start import Start, scope_names
from hub.engine.workflow import Step, Workflow
from hub.storage.new_runs import NewRun
from hub.storage.runs import ClaimedRun, Ending
from hub.testing.memory import RunId
from hub.testing.plan import Place
from hub.values import decode, encode

_MARKS = re.compile(r"\[\d+\]|~\d+")  # of items and of repeated calls, in a path
DEFAULT_TIMEOUT = timedelta(days=30)


class Crash(Exception):
    """The worker dies here."""


@dataclass(frozen=True)
class Done:
    """A command's result."""

    result: Any = None


@dataclass(frozen=True)
class Waits:
    """Not yet; `until` is when to look again, if time alone can help."""

    until: datetime | None = None


Outcome = Done | Failure | Waits


class World(Protocol):
    """What a run needs of the stage."""

    actions: Mapping[str, Action]
    config: Mapping[str, Any]
    crash_after: str | Place | None
    trial_workflow: str

    def now(self) -> datetime:
        """The stage's clock."""

    def new_id(self) -> str:
        """What `uuid()` gives."""

    def do(self, run: Played, command: Command) -> Outcome:
        """Do one command, or say when to look again."""

    def found(self, run: Played, wanted: AwaitEvent) -> Event | None:
        """The first event that the run may take."""

    def ended(self, run: Played, ending: Ending) -> None:
        """The run is over: let go of what others wait for."""

    def tell(self, run: Played, text: str) -> None:
        """One line of the timeline."""


@dataclass
class Played:
    """A run. `walked`: the steps it began, by path; `busy`: actions under way, by path."""

    id: RunId
    workflow: Workflow
    new: NewRun
    created_at: datetime
    world: World = field(repr=False)
    status: str = "queued"
    token: int = 0
    machine: Machine | None = None
    stored: dict[str, Entry] = field(default_factory=dict)
    walked: dict[str, tuple[str, Step]] = field(default_factory=dict)
    busy: dict[str, tuple[datetime, Callable[[], Outcome]]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] | None = None
    finished: Finished | None = None
    ending: Ending | None = None
    ended_at: datetime | None = None
    wakes: list[datetime] = field(default_factory=list)
    is_cancel_requested: bool = False
    has_crashed: bool = False

    @property
    def mode(self) -> Mode:
        """`live`, `test` or `simulate`, from its start to its end."""
        return cast("Mode", self.new.mode)

    @property
    def deadline(self) -> datetime:
        """When the run's own `timeout` is over."""
        return self.created_at + self.workflow.timeout

    @property
    def has_own_timeout(self) -> bool:
        """Whether the file says how long the run may take."""
        return self.workflow.timeout != DEFAULT_TIMEOUT

    @property
    def journal(self) -> Journal:
        """The journal of the machine at hand."""
        return self.at_hand.journal

    @property
    def at_hand(self) -> Machine:
        """The machine; made anew from what is stored, where there is none."""
        if self.machine is None:
            self.machine = self._resumed()
        return self.machine

    # --------------------------------------------------------------------------- going on

    def advance(self) -> bool:
        """Go on as far as the present instant allows; whether anything happened."""
        has_moved = False
        while self.ending is None:
            try:
                has_begun = self.machine is None
                self._take_ends(self.at_hand)
                self._crash_if_asked()
                self._commit()
                if self._finishes_what_is_cut():
                    continue
                if self.at_hand.ending is not None:
                    self._crash_at_the_end()
                    self._end(self.at_hand.ending)
                    return True
                if not self._step() and not has_begun:
                    break
            except Crash:
                self._crash()
            has_moved = True
        return has_moved

    def _take_ends(self, machine: Machine) -> None:
        """What ends the run from outside; what is under way is done before."""
        if self.busy or machine.ending is not None or machine.is_undoing:
            return
        if self.is_cancel_requested or any(
            self.world.found(self, each) for each in machine.cancel_on
        ):
            self.world.tell(self, "is cancelled")
            machine.cancel()
        elif self.world.now() >= self.deadline:
            self.world.tell(self, "took longer than its timeout")
            machine.time_out()

    def _step(self) -> bool:
        """Do the first command that can be done; false when all of them wait."""
        self.wakes = []
        machine = self.at_hand
        for command in machine.commands:
            outcome = self.world.do(self, command)
            if isinstance(outcome, Waits):
                if outcome.until is not None:
                    self.wakes.append(outcome.until)
                continue
            if isinstance(outcome, Failure):
                machine.fail(command, outcome)
            else:
                machine.resolve(command, outcome.result)
            return True
        self.status = "waiting"
        return False

    def _finishes_what_is_cut(self) -> bool:
        """Whether actions were under way that nobody waits for any more: they are done now.

        The run then goes on from its journal, where they stand: what was done may be undone.
        """
        wanted = {path for command in self.at_hand.commands for path in _paths(command)}
        cut = [path for path in self.busy if path not in wanted]
        for path in cut:
            _, finish = self.busy.pop(path)
            finish()
        if cut:
            self.machine = None
        return bool(cut)

    # ---------------------------------------------------------------------------- storing

    def store(self, entry: Entry) -> None:
        """What was done, stored at once with all that was decided before."""
        self.journal.keep(entry)
        self._commit()

    def _commit(self) -> None:
        machine = self.at_hand
        for note in machine.journal.notes():
            self.stored[note.path] = replace(
                note, inputs=encode(note.inputs), result=encode(note.result)
            )
            if note.kind in _TOLD:
                self.world.tell(self, _TOLD[note.kind](note))
        machine.journal.forget_notes()
        for reply in machine.take_replies():
            self.answer(reply.status or 200, reply.body, reply.headers)

    def answer(
        self, status: int, body: Any, headers: Mapping[str, str], *, failed: bool = False
    ) -> None:
        """The first answer is the answer; later ones are kept by the run and not sent."""
        if self.response is None:
            self.response = {
                "status": status,
                "body": body,
                "headers": dict(headers),
                "failed": failed,
            }

    def _end(self, finished: Finished) -> None:
        self.finished, self.ending = finished, ending_of(finished)
        self.status, self.ended_at = self.ending.status, self.world.now()
        if self.new.is_awaited and self.response is None:
            start = Start(self.workflow, self.new.trigger, self.world.config, self.world.now())
            row = final_response(start, self.ending, finished, self.id)
            self.answer(row["status"], row["body"], row["headers"], failed=row["failed"])
        self.world.ended(self, self.ending)

    # --------------------------------------------------------------------------- crashing

    def is_crash_step(self, path: str) -> bool:
        """Whether the worker is to die behind this step."""
        wanted, walked = self.world.crash_after, self.walked.get(path)
        if wanted is None or walked is None or self.has_crashed:
            return False
        if isinstance(wanted, Place):
            return (str(self.id), path) == (wanted.run, wanted.path)
        workflow, step = walked
        if "/" in wanted:
            return _MARKS.sub("", path) == wanted
        return step.id == wanted and workflow == self.world.trial_workflow

    def crash_if_at(self, path: str) -> None:
        """Raise `Crash` behind the step that the test names."""
        if self.is_crash_step(path):
            raise Crash

    def _crash_if_asked(self) -> None:
        for note in self.journal.notes():
            if note.kind != "do" and note.status in ("succeeded", "failed"):
                self.crash_if_at(note.path)

    def _crash_at_the_end(self) -> None:
        """A step in which the run ends has no end of its own: it is lost with that of the run."""
        if isinstance(self.world.crash_after, Place):
            self.crash_if_at(self.world.crash_after.path)

    def _crash(self) -> None:
        self.world.tell(self, "the worker dies; another one goes on from what is stored")
        self.has_crashed = True
        self.machine = None
        self.busy.clear()

    # --------------------------------------------------------------------------- the machine

    def _resumed(self) -> Machine:
        self.token += 1
        self.status = "running"
        entries = [
            replace(each, inputs=decode(each.inputs), result=decode(each.result))
            for each in self.stored.values()
        ]
        return Machine(self.workflow, self._facts(), Journal(entries, timer=self.world.now))

    def _facts(self) -> Facts:
        names = scope_names(self._claimed(), self.workflow, config=self.world.config)
        shared = {name: names[name] for name in ("config", "secrets", "run")}
        return Facts(
            run_id=str(self.id),
            names=names,
            shared=shared,
            actions=self.world.actions,
            now=self.world.now,
            timer=self.world.now,
            new_id=self.world.new_id,
            walked=self._walk,
        )

    def _walk(self, workflow: Workflow, step: Step, path: str) -> None:
        self.walked.setdefault(path, (workflow.name, step))

    def _claimed(self) -> ClaimedRun:
        now = self.world.now()
        return ClaimedRun(
            id=self.id,
            workflow=self.workflow.name,
            version=self.workflow.version,
            mode=self.new.mode,
            trigger=self.new.trigger,
            token=self.token,
            deaths=0,
            is_awaited=self.new.is_awaited,
            created_at=self.created_at,
            started_at=self.created_at,
            scheduled_at=self.new.scheduled_at,
            retry_of=None,
            claimed_at=now,
        )


def _paths(command: Command) -> tuple[str, ...]:
    """Where the actions of a command stand in the journal: its own, and that of its poll."""
    poll = command.poll if isinstance(command, AwaitEvent) else None
    return (command.path,) if poll is None else (command.path, poll.perform.path)


def _told_wait(note: Entry) -> str:
    if note.status == "started":
        until = (note.inputs or {}).get("until")
        return f"{note.path}: waits" + (
            "" if until is None else f" until {until:%Y-%m-%d %H:%M:%S}Z"
        )
    if note.status == "failed":
        return f"{note.path}: {(note.error or {}).get('code')}: {(note.error or {}).get('message')}"
    return f"{note.path}: goes on"


_TOLD: Mapping[str, Callable[[Entry], str]] = {
    "wait": _told_wait,
    "fail": lambda note: f"{note.path}: fails with {(note.error or {}).get('code')}",
    "return": lambda note: f"{note.path}: returns",
    "reply": lambda note: f"{note.path}: replies",
    "log": lambda note: f"{note.path}: {note.result}",
}
