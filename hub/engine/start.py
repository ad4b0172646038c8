"""From a trigger to a run: mode, key, turn and the names that the steps will see. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.action import Mode
from hub.engine.advance.calling import call_inputs, turn_key
from hub.engine.expressions import (
    OMIT,
    CompiledValue,
    EvaluationError,
    Expression,
    Scope,
    evaluate,
    render_value,
)
from hub.engine.typed import Same, typed
from hub.engine.workflow import Endpoint, OnEvent, Workflow
from hub.errors import PayloadProblem, Rejected
from hub.storage.new_runs import NewRun
from hub.storage.runs import ClaimedRun
from hub.tracing import CARRIED, carried
from hub.values import Secret, parse_instant

_MODES = ("live", "test", "simulate")  # from the boldest to the most careful


class SecretNames(dict[str, Secret]):
    """`secrets.NAME`: a reference, whatever the name; the checker knows which names exist."""

    def __missing__(self, name: str) -> Secret:
        return Secret(name)


@dataclass(frozen=True)
class Start:
    """What is known when a run is made. `trigger` is JSON: payload, caller, inputs and the like."""

    workflow: Workflow
    trigger: Mapping[str, Any]
    config: Mapping[str, Any]
    now: datetime
    default_mode: CompiledValue | None = None

    def render(self, value: CompiledValue) -> Any:
        """A value at the door: steps, vars and the run are not in scope (`dedupe`, `mode`, …).

        Raises `Rejected` 422 when the request lacks what the value needs.
        """
        return self._made(lambda scope: _rendered(value, scope))

    def answer(self, value: CompiledValue, run_id: UUID) -> Any:
        """An answer that needs no step; of the run it sees what its row says (`run.id`, …).

        Raises `Rejected` 422 when the request lacks what the value needs.
        """
        run = {
            "id": str(run_id),
            "workflow": self.workflow.name,
            "version": self.workflow.version,
        }
        with suppress(Rejected):  # an answer that does not ask for the mode needs none
            run["mode"] = self.mode()
        return self._made(lambda scope: _rendered(value, scope), {"run": run})

    def is_true(self, condition: Expression) -> bool:
        """A decision at the door, such as the `only_if` of an `event`; raises as `render` does."""
        return self._made(lambda scope: evaluate(condition, scope)) is True

    def _made(self, make: Callable[[Scope], Any], names: Mapping[str, Any] | None = None) -> Any:
        scope = Scope(
            names={**self._names, "config": self.config, **(names or {})},
            now=lambda: self.now,
            new_id=lambda: "",
            zone=ZoneInfo(self.workflow.timezone),
        )
        try:
            return make(scope)
        except EvaluationError as problem:
            raise Rejected(
                422,
                "The request cannot be used",
                problems=[PayloadProblem("", problem.message[:200])],
            ) from problem

    @cached_property
    def _names(self) -> Mapping[str, Any]:
        return trigger_names(self.workflow, self.trigger)

    def mode(self) -> Mode:
        """`mode` of the workflow, else of the project; what is neither is `simulate`."""
        value = self.workflow.mode or self.default_mode
        mode = "simulate" if value is None else self.render(value)
        return cast("Mode", mode) if mode in _MODES else "simulate"

    def turn(self) -> tuple[str, bytes] | None:
        """The place under the workflow's `concurrency`, taken in commit order (E16)."""
        concurrency = self.workflow.concurrency
        if concurrency is None:
            return None
        return self.workflow.name, turn_digest(turn_key(concurrency.key, self.render))

    def new_run(
        self,
        run_id: UUID,
        *,
        dedupe_key: str | None = None,
        window: timedelta = timedelta(days=7),
        is_awaited: bool = False,
        is_bound_to_body: bool = False,
        message_key: str | None = None,
        message_window: timedelta = timedelta(0),
        scheduled_at: datetime | None = None,
        within: Mode = "live",
        is_queued: bool = True,
    ) -> NewRun:
        """The row to store; `within` is the mode of the run that makes it: it gets none bolder.

        One that is not `is_queued` stands in line for its turn when it begins.
        """
        return NewRun(
            id=run_id,
            workflow=self.workflow.name,
            version=self.workflow.version,
            mode=max(self.mode(), within, key=_MODES.index),
            trigger=carried(self.trigger),
            timeout=self.workflow.timeout,
            dedupe_key=dedupe_key,
            window=window,
            is_awaited=is_awaited,
            is_bound_to_body=is_bound_to_body,
            message_key=message_key,
            message_window=message_window,
            turn=self.turn() if is_queued else None,
            scheduled_at=scheduled_at,
        )


def _rendered(value: CompiledValue, scope: Scope) -> Any:
    """The value with its `${{ }}` filled in; `omit` where nothing can be left out is null."""
    rendered = render_value(value, scope)
    return None if rendered is OMIT else rendered


def turn_digest(key: str) -> bytes:
    """Keys of any length are stored by digest."""
    return sha256(key.encode()).digest()


def trigger_names(workflow: Workflow, trigger: Mapping[str, Any]) -> dict[str, Any]:
    """The trigger's JSON as expressions see it: dates parsed as the schemas say."""
    names = {name: value for name, value in trigger.items() if name != CARRIED}
    started_by = workflow.trigger
    if isinstance(started_by, Endpoint):
        if started_by.payload_schema is not None and "payload" in names:
            names["payload"] = typed(names["payload"], started_by.payload_schema)
        for part, fields in (("params", started_by.params), ("query", started_by.query)):
            given = names.get(part) or {}
            schemas = {field.name: field.schema for field in fields}
            names[part] = {
                name: typed(value, schemas.get(name, {})) for name, value in given.items()
            }
        if "request" in names:
            names["request"] = typed(names["request"], _REQUEST)
    if "inputs" in names:
        names["inputs"] = call_inputs(workflow, names["inputs"])
    if isinstance(started_by, OnEvent) and "event" in names:
        data = workflow.event_schemas.get(str(names["event"].get("name")), _ANYTHING)
        names["event"] = typed(names["event"], _event_schema(Same(data)))
    return names


@lru_cache(maxsize=1024)
def _event_schema(data: Same) -> dict[str, Any]:
    return {"properties": {"data": data.schema, "at": {"format": "date-time"}}}


_ANYTHING: Mapping[str, Any] = {}
_REQUEST = {"properties": {"received_at": {"format": "date-time"}}}


def run_facts(run: ClaimedRun) -> dict[str, Any]:
    """`run.*` of the scope (language, chapter 11)."""
    facts: dict[str, Any] = {
        "id": str(run.id),
        "workflow": run.workflow,
        "version": run.version,
        "mode": run.mode,
        "started_at": run.started_at,
        "attempt": run.token,
        "test": False,
    }
    scheduled_at = run.scheduled_at or _planned(run.trigger)
    if scheduled_at is not None:
        facts["scheduled_at"] = scheduled_at
    return facts


def _planned(trigger: Mapping[str, Any]) -> datetime | None:
    """The planned time of a `schedule` workflow that was started by hand: its row has none."""
    try:
        return parse_instant(str(trigger["scheduled_at"]))
    except (KeyError, ValueError):
        return None


def scope_names(
    run: ClaimedRun, workflow: Workflow, *, config: Mapping[str, Any]
) -> dict[str, Any]:
    """All names a run's expressions see besides steps and vars."""
    names = trigger_names(workflow, run.trigger)
    return {**names, "config": dict(config), "secrets": SecretNames(), "run": run_facts(run)}
