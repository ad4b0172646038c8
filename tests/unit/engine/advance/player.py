"""Plays a workflow without a hub: what the machine asks for is done by a script, in memory.

What a database would keep is kept in stored form: a cut run goes on from nothing else.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hub.action import action
from hub.engine.advance import (
    AwaitEvent,
    Command,
    Event,
    Facts,
    Failure,
    Finished,
    LeaveTurn,
    Machine,
    Pause,
    Perform,
    StartRun,
    TakeTurn,
)
from hub.engine.advance.calling import call_inputs
from hub.engine.advance.journal import Entry, Journal
from hub.engine.settings import ProjectSettings
from hub.engine.versions import compile_bundle
from hub.engine.workflow import Workflow
from hub.values import decode, encode, plain

START = datetime(2025, 10, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Said:
    """What the one action of these workflows gives back."""

    text: str
    number: int
    at: datetime | None = None


@action("voice.say", effect="idempotent", example={"text": "", "number": 0}, errors=("hoarse",))
def say(*, text: str, number: int | None = None, at: datetime | None = None) -> Said:
    """Say something."""
    return Said(text, number or 0, at)


ACTIONS = {each.name: each for each in [say.__hub_action__]}  # type: ignore[attr-defined]
EVENTS: dict[str, dict[str, Any]] = {
    "door.opened": {
        "type": "object",
        "properties": {"by": {"type": "string"}, "at": {"type": "string", "format": "date-time"}},
        "required": ["by"],
    },
    "door.closed": {"type": "object"},
}
Script = Mapping[str, Any]
Chooser = Callable[[list[Command]], Command]


def compiled(**files: str) -> Workflow:
    """The workflow `main`, with those it calls; names and texts of files are given."""
    texts = {f"schemas/events/{name}.json": json.dumps(schema) for name, schema in EVENTS.items()}
    texts |= {
        f"workflows/{name.replace('_', '-')}.yaml": f"hub: 1\ntitle: {name}\n{text}"
        for name, text in files.items()
    }
    return compile_bundle(texts, "main", ProjectSettings(), ACTIONS)


class Cut(Exception):
    """The owner of the run is gone."""


@dataclass
class Player:
    """One run. `script`: path → result or `Failure`, or a list of them for one try after another.

    `did` are the actions that were done, by path; `asked` all commands but these. Somebody cancels
    the run when `cancel_at` actions are done. With `has_events` all waits for events end with one.
    Pauses end one by one, whenever they are asked to: no clock ends two of them at once.
    """

    workflow: Workflow
    given: Mapping[str, Any] = field(default_factory=dict)
    script: Script = field(default_factory=dict)
    stored: dict[str, Entry] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    replies: list[Any] = field(default_factory=list)
    most_at_once: int = 0
    now: datetime = START
    has_events: bool = False
    cancel_at: int | None = None
    _ids: Any = field(default_factory=lambda: count(1))

    def play(self, *, cut_after: int | None = None, choose: Chooser | None = None) -> Finished:
        """Until the end; with `cut_after` the owner dies after so many commands: `Cut`."""
        return self._play(cut_after, lambda commands: [(choose or _oldest)(commands)])

    def play_rounds(self, *, cut_after: int | None = None, choose: Chooser) -> Finished:
        """As the executor does: all open commands are done before the machine hears of the first.

        It hears of them in the order of `choose`; the owner dies when all that is stored.
        """

        def ordered(commands: list[Command]) -> list[Command]:
            waiting, found = list(commands), []
            while waiting:
                found.append(choose(waiting))
                waiting.remove(found[-1])
            return found

        return self._play(cut_after, ordered, stores_all=True)

    def _play(
        self,
        cut_after: int | None,
        chosen: Callable[[list[Command]], list[Command]],
        *,
        stores_all: bool = False,
    ) -> Finished:
        machine = Machine(self.workflow, self._facts(), Journal(self.stored.values()))
        done = 0
        while True:
            self._cancel(machine)
            self.replies += [reply.body for reply in machine.take_replies()]
            if stores_all:
                self._settle(machine)
            if stores_all or machine.ending is not None:
                self._store(machine)
            if machine.ending is not None:
                return machine.ending
            if done == cut_after:
                raise Cut
            self.most_at_once = max(self.most_at_once, len(machine.commands))
            round_ = [(each, self._do(machine, each)) for each in chosen(machine.commands)]
            for command, outcome in round_:
                if isinstance(outcome, Failure):
                    machine.fail(command, outcome)
                else:
                    machine.resolve(command, outcome)
            done += 1

    def _settle(self, machine: Machine) -> None:
        """Turns and pauses between calls take no round: who resumes a run asks for them anew."""
        while asked := [each for each in machine.commands if _is_asked_anew(each)]:
            for command in asked:
                machine.resolve(command, self._do_other(machine, command))

    def _cancel(self, machine: Machine) -> None:
        is_wanted = self.cancel_at is not None and len(self.did) >= self.cancel_at
        if is_wanted and machine.ending is None and not machine.is_undoing:
            machine.cancel()

    def _facts(self) -> Facts:
        run = {"id": "run-1", "workflow": "main", "mode": "live", "started_at": START}
        return Facts(
            run_id="run-1",
            names={"inputs": call_inputs(self.workflow, self.given)},
            shared={"config": {}, "secrets": {}, "run": run},
            actions=ACTIONS,
            now=self._tick,
            timer=lambda: self.now,
            new_id=lambda: f"id-{next(self._ids)}",
        )

    def _tick(self) -> datetime:
        """Every look at the clock sees another time: nothing may be looked up twice."""
        self.now += timedelta(seconds=1)
        return self.now

    def _do(self, machine: Machine, command: Command) -> Any:
        if not isinstance(command, Perform):
            return self._do_other(machine, command)
        outcome = self._outcome(command)
        entry = Entry(
            path=command.path,
            kind="do",
            status="failed" if isinstance(outcome, Failure) else "succeeded",
            step_id=command.step.id,
            action=command.step.action,
            attempts=1,
            inputs=command.inputs,
            result=None if isinstance(outcome, Failure) else outcome,
            error=outcome.as_row() if isinstance(outcome, Failure) else None,
            key=command.key,
        )
        self.did.append(command.path)
        self.texts.append(command.inputs["text"])
        self._store(machine)
        self.stored[command.path] = _kept(entry)
        machine.journal.put(entry)
        return outcome

    def _do_other(self, machine: Machine, command: Command) -> Any:
        """Waits end with what the script says of their path: an event, an answer or nothing."""
        self.asked.append(f"{type(command).__name__} {command.path}")
        self._store(machine)
        found = self._usual(command)
        if isinstance(command, AwaitEvent):
            found = self.script.get(command.path, found)
        if isinstance(command, AwaitEvent) and isinstance(found, list):
            found = next((each for each in found if self._is_taken(command, each)), None)
        return found

    def _usual(self, command: Command) -> Any:
        """What a command ends with of which the script says nothing."""
        if isinstance(command, AwaitEvent) and self.has_events:
            number = zlib.crc32(command.path.encode())
            return Event(number, command.names[0], command.key, {"by": command.path}, START)
        return f"run of {command.path}" if isinstance(command, StartRun) else None

    @staticmethod
    def _is_taken(command: AwaitEvent, event: Event) -> bool:
        is_new = event.id not in command.consumed
        return is_new and (command.accepts is None or command.accepts(event))

    def _outcome(self, command: Perform) -> Any:
        scripted = self.script.get(command.path, self.script.get(command.step.id or ""))
        if isinstance(scripted, Failure):
            return Failure(scripted.code, scripted.message, step=command.path)
        return scripted or say(
            **{name: plain(value) for name, value in command.inputs.items()}
        ).__dict__ | {"at": plain(command.inputs.get("at"))}

    def _store(self, machine: Machine) -> None:
        for note in machine.journal.notes():
            self.stored[note.path] = _kept(note)
        machine.journal.forget_notes()


def _is_asked_anew(command: Command) -> bool:
    is_between = isinstance(command, Pause) and command.path.endswith(".pause")
    return is_between or isinstance(command, TakeTurn | LeaveTurn)


def _oldest(commands: list[Command]) -> Command:
    return commands[0]


def _kept(entry: Entry) -> Entry:
    """The entry as it comes back from the database."""
    return replace(
        entry,
        inputs=decode(json.loads(json.dumps(encode(entry.inputs)))),
        result=decode(json.loads(json.dumps(encode(entry.result)))),
    )


def play(
    main: str, *, given: Mapping[str, Any] | None = None, script: Script | None = None, **files: str
) -> tuple[Player, Finished]:
    """Play `main` to its end."""
    player = Player(compiled(main=main, **files), given or {}, script or {})
    return player, player.play()
