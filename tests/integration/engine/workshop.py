"""A hub without doors: workflows from text, actions that do as they are told, a real database."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, Row, text

from hub.action import Action, Attempt, Mode, action, actions_of
from hub.engine.executor import Executor, Workshop
from hub.engine.gate import TestDestinations
from hub.engine.performing import Tools
from hub.engine.project import bundle, load_project
from hub.engine.settings import DialectFacts
from hub.engine.start import Start
from hub.engine.workflow import OnEvent, Workflow
from hub.errors import StepFailed
from hub.ingest.signatures import AUTH_TYPES
from hub.storage import deliveries, events, runs, steps, versions
from hub.storage.runs import ClaimedRun, OpenClaim
from hub.values import decode, encode
from tests.fakes.clock import FakeClock

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PATIENCE = 30.0  # seconds after which a test that waits has failed


class Crash(BaseException):
    """The process dies here: nothing after it is done."""


@dataclass(frozen=True)
class Called:
    """One call of an action."""

    text: str
    key: str
    number: int
    timeout: float


@dataclass
class World:
    """What is outside. `script`: text → what each call of it does, one after the other."""

    script: dict[str, list[Any]] = field(default_factory=dict)
    calls: list[Called] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)  # calls that were certainly not made
    _lock: Lock = field(default_factory=Lock)

    def act(self, said: str, attempt: Attempt) -> None:
        with self._lock:
            seconds = attempt.timeout.total_seconds()
            self.calls.append(Called(said, attempt.key, attempt.number, seconds))
            planned = self.script.get(said)
            event = planned.pop(0) if planned else None
            self.refused[said] += isinstance(event, StepFailed) and not event.maybe_done
        if isinstance(event, BaseException):
            raise event
        if event is not None:
            event()

    @property
    def said(self) -> list[str]:
        return [call.text for call in self.calls]


@dataclass(frozen=True)
class Written:
    """What an action leaves."""

    text: str
    number: int


def _do(world: World, attempt: Attempt, said: str) -> Written:
    world.act(said, attempt)
    return Written(said, attempt.number)


EXAMPLE = {"text": "example", "number": 0}


@action("ledger.write", effect="idempotent", errors=("torn",), example=EXAMPLE)
def write(db: Connection, world: World, attempt: Attempt, *, text: str) -> Written:
    """Write a row of our own database, then do what the script says."""
    db.execute(_INSERT, {"id": uuid4(), "name": text})
    return _do(world, attempt, text)


@action(
    "letter.send",
    effect="once",
    errors=("returned",),
    example=EXAMPLE,
    outward=True,
    destination_inputs={"to": "email"},
)
def send(world: World, attempt: Attempt, *, text: str, to: str | None = None) -> Written:
    """Call out, once."""
    return _do(world, attempt, text if to is None else f"{text} to {to}")


@action("order.place", effect="keyed", errors=("sold_out",), example=EXAMPLE, outward=True)
def place(world: World, attempt: Attempt, *, text: str) -> Written:
    """Call out with a key."""
    return _do(world, attempt, text)


@action("page.get", effect="read", example=EXAMPLE, outward=True)
def get(world: World, attempt: Attempt, *, text: str) -> Written:
    """Ask outside."""
    return _do(world, attempt, text)


@action("sms.send", effect="once", example=EXAMPLE, outward=True, texted_input="to")
def text_to(world: World, attempt: Attempt, *, text: str, to: str) -> Written:
    """Send a text message."""
    return _do(world, attempt, f"{text} to {to}")


_INSERT = text("INSERT INTO leads (id, first_name, last_name) VALUES (:id, :name, 'row')")
ACTIONS: dict[str, Action] = {each.name: each for each in actions_of(sys.modules[__name__])}

_ASIDE = text("UPDATE runs SET due_at = now() + interval '1 day' WHERE id = :id")
_EVENT_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
_BLOCKED = (
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

HUB = """\
hub: 1
mode: live
auth:
  broker:
    type: bearer
    secret: BROKER_TOKEN
secrets: [BROKER_TOKEN]
"""
EVENTS = {
    "door.opened": """{"type": "object", "required": ["by"], "properties":
        {"by": {"type": "string"}, "until": {"type": "string", "format": "date-time"}}}""",
    "door.closed": '{"type": "object"}',
    "house.sold": '{"type": "object", "properties": {"price": {"type": "integer"}}}',
}
HEAD = "hub: 1\ntitle: Test\n"
INPUTS = """\
inputs:
  names: {type: array, items: {type: string}, default: []}
  key: {type: string, default: one}
"""


def step(action: str, said: str, *, id_: str = "", more: str = "") -> str:
    """One step that says something; its id is what it says unless given."""
    lines = [f"- id: {id_ or said}", f"  do: {action}", "  with:", f"    text: {said}"]
    lines += [f"  {line}" for line in more.splitlines()]
    return "".join(f"  {line}\n" for line in lines)


class Shop:
    """One worker with its database."""

    def __init__(self, engine: Engine, clock: FakeClock, pool: ThreadPoolExecutor) -> None:
        self.engine = engine
        self.world = World()
        self.rung: list[UUID] = []
        self.destinations = TestDestinations()
        self.chance = 1.0
        self.runs_clock: FakeClock | None = clock  # None: the database's
        self._clock = clock
        self._pool = pool
        self._workflows: dict[str, Workflow] = {}
        self._versions: dict[str, Workflow] = {}

    def learn(
        self,
        steps: str,
        *,
        head: str = INPUTS,
        files: Mapping[str, str] | None = None,
        **others: str,
    ) -> None:
        """Load the workflow `main` with these steps; `others` are whole bodies."""
        bodies = {"main": head + steps, **others}
        flows = {f"workflows/{name}.yaml": f"{HEAD}{body}" for name, body in bodies.items()}
        flows |= {f"schemas/events/{name}.json": schema for name, schema in EVENTS.items()}
        project = load_project(
            {"hub.yaml": HUB, **flows, **(files or {})},
            actions=ACTIONS,
            auth_types=AUTH_TYPES,
            dialects={"json": DialectFacts("json")},
        )
        assert not project.errors, "\n".join(map(str, project.errors))
        self._workflows = dict(project.workflows)
        self._versions |= {each.version: each for each in project.workflows.values()}
        for name in project.workflows:
            kept = bundle(project, name)
            versions.store(self.engine, version=kept.hash, workflow=name, files=kept.files)

    def executor(self) -> Executor:
        """A worker's executor; each has its own way to the outside, which is the same world."""
        tools = Tools(
            actions=ACTIONS,
            services=lambda _: {World: self.world},
            clock=self.runs_clock,
            destinations=self.destinations,
            problems=lambda _action, _inputs: [],
            secret=lambda name: name,
            hide=lambda value: value,
            hide_named=lambda value: value,
            chance=lambda: self.chance,
        )
        return Executor(
            Workshop(
                engine=self.engine,
                tools=tools,
                program=self._versions.__getitem__,
                config={},
                new_id=uuid4,
                start=lambda workflow, trigger: Start(workflow, trigger, {}, self._clock.now()),
                started_by=self._started_by,
                in_force=self._workflows.get,
                ring=self.rung.append,
                side_by_side=self._pool,
            )
        )

    def _started_by(self, event: str) -> list[Workflow]:
        return [
            each
            for each in self._workflows.values()
            if isinstance(each.trigger, OnEvent) and event in each.trigger.names
        ]

    def start(
        self,
        name: str = "main",
        *,
        mode: Mode = "live",
        is_awaited: bool = False,
        trigger: Mapping[str, Any] | None = None,
        **inputs: Any,
    ) -> UUID:
        """A run that is due."""
        facts = {"inputs": inputs} if trigger is None else trigger
        start = Start(self._workflows[name], facts, {}, self._clock.now())
        run = replace(start.new_run(uuid4(), is_awaited=is_awaited), mode=mode)
        with self.engine.begin() as connection:
            deliveries.start_run(connection, run)
        return run.id

    def claim(self, worker: str = "worker") -> list[ClaimedRun]:
        return runs.claim(self.engine, worker=worker, most=100)

    def work(self, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
        """Work on what is due until nothing is; the number of runs that were taken."""
        taken = 0
        while claimed := self.claim():
            for run in claimed:
                taken += 1
                self.executor().work(run, is_stopping=is_stopping)
        return taken

    def work_named(self, run: UUID, worker: str = "worker") -> bool:
        """The bell names a run: claim it and begin in one transaction; whether it was stored."""
        stored: list[bool] = []
        with self.engine.connect() as connection:
            claimed = runs.claim_new(connection, run, worker=worker)
            assert claimed is not None
            claim = OpenClaim(connection, lambda: stored.append(True))
            self.executor().work(claimed, is_stopping=lambda: False, claim=claim)
        return stored == [True]

    def work_apart(self, run: ClaimedRun) -> Future[None]:
        """Another worker works on a claimed run, in a thread of its own."""
        return self._pool.submit(self.executor().work, run, is_stopping=lambda: False)

    def until_somebody_waits_for_a_lock(self) -> None:
        """Return when some transaction of this database waits for another's lock."""
        for _ in range(int(PATIENCE * 100)):
            if self.rows(_BLOCKED):
                return
            Event().wait(0.01)
        raise TimeoutError("nobody waits for a lock")

    def owner_dies(self) -> None:
        """The leases of all owners run out, and the sweep finds their runs."""
        self.do("UPDATE runs SET lease_until = now() - interval '1 s' WHERE status = 'running'")
        runs.sweep(self.engine)

    def wake(self) -> None:
        """What sleeps is due now."""
        self.do("UPDATE steps SET due_at = now() WHERE due_at IS NOT NULL")
        self.do("UPDATE runs SET due_at = now() WHERE status = 'waiting'")

    def do(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def emit(self, name: str, key: str = "one", data: Mapping[str, Any] | None = None) -> None:
        """An event from some other run."""
        with self.engine.begin() as connection:
            self.emit_on(connection, name, key, data)

    def emit_on(
        self,
        connection: Connection,
        name: str,
        key: str = "one",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """The same inside a transaction."""
        start = Start(self._workflows["main"], {"inputs": {}}, {}, self._clock.now())
        other = replace(start.new_run(uuid4()), turn=None)
        deliveries.start_run(connection, other)
        connection.execute(_ASIDE, {"id": other.id})
        steps.write(connection, other.id, [steps.StepRow("x", "emit", "succeeded")])
        events.emit(connection, name=name, key=key, data=data or {}, run_id=other.id, path="x")

    def hold_event_lock(self, connection: Connection, name: str, key: str) -> None:
        """Be about to emit this event: who wants to wait for it waits for our commit."""
        connection.execute(_EVENT_LOCK, {"lock": events.lock_of(name, key)})

    def time_is_up(self, run: UUID) -> None:
        """What the run waits for at most is over now."""
        for row in self.rows("SELECT * FROM steps WHERE run_id = :id", id=run):
            if row.kind == "wait" and row.inputs and row.inputs.get("until"):
                self._set_back(row, "inputs", {**decode(row.inputs), "until": LONG_AGO})
            elif row.kind == "timeout":
                self._set_back(row, "result", LONG_AGO)
        self.wake()

    def ask_now(self, run: UUID) -> None:
        """It is time to ask again."""
        for row in self.rows("SELECT * FROM steps WHERE run_id = :id", id=run):
            if row.kind == "wait" and row.inputs and row.inputs.get("ask_at"):
                self._set_back(row, "inputs", {**decode(row.inputs), "ask_at": LONG_AGO})
        self.wake()

    def _set_back(self, row: Row[Any], column: str, value: Any) -> None:
        self.do(
            f"UPDATE steps SET {column} = CAST(:value AS json)"  # noqa: S608 - our own name
            " WHERE run_id = :id AND path = :path",
            value=json.dumps(encode(value)),
            id=row.run_id,
            path=row.path,
        )

    def rows(self, query: str, **values: Any) -> list[Row[Any]]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(query), values))

    def run(self, run_id: UUID) -> Row[Any]:
        (row,) = self.rows("SELECT * FROM runs WHERE id = :id", id=run_id)
        return row

    def steps(self, run_id: UUID) -> dict[str, Row[Any]]:
        rows = self.rows("SELECT * FROM steps WHERE run_id = :id ORDER BY seq", id=run_id)
        return {row.path: row for row in rows}

    def history(self, run_id: UUID) -> list[str]:
        """The run's states, from the first to the last."""
        rows = self.rows("SELECT status FROM run_history WHERE run_id = :id ORDER BY id", id=run_id)
        return [row.status for row in rows]

    @property
    def ledger(self) -> list[str]:
        """The rows that `ledger.write` left."""
        return [row.first_name for row in self.rows("SELECT first_name FROM leads ORDER BY 1")]
