"""`wait:` and `emit:` — the run sleeps until a time, an event or an answer (chapter 10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from hub.engine.advance.commands import (
    Asked,
    Asking,
    AwaitEvent,
    EmitEvent,
    Event,
    Pause,
    Perform,
)
from hub.engine.advance.decisions import Decisions
from hub.engine.advance.failure import Failure
from hub.engine.advance.flow import Steps
from hub.engine.advance.frame import Frame, earliest
from hub.engine.advance.journal import Journal
from hub.engine.expressions import CompiledValue, Expression
from hub.engine.typed import typed
from hub.engine.workflow import CancelOn, Do, Emit, Poll, Wait, Workflow
from hub.schemas import compile_schema
from hub.values import plain

LONGEST_KEY = 500  # characters
_NOTHING = timedelta()

Ask = Callable[[Frame, Do, str], Perform]


class Waiting:
    """Waits and events of one run; `ask(frame, step, path)` is the command of a poll's action.

    `longest`: how long a wait without `timeout` takes, where no timeout of the run ends it.
    """

    def __init__(
        self, decisions: Decisions, ask: Ask, longest: Callable[[], timedelta | None]
    ) -> None:
        self._decisions = decisions
        self._ask = ask
        self._longest = longest

    # ------------------------------------------------------------------------------------- wait

    def wait(self, frame: Frame, step: Wait, path: str) -> Steps:
        """Until it is over; gives `event`, `data`, `at`. Raises `Failure` when time is up."""
        try:
            return (yield from self._waited(frame, step, path))
        except Failure as failure:
            known = self._decisions.journal.get(path)
            if not failure.is_final and (known is None or known.status == "started"):
                self._fail(step, path, failure)
            raise

    def _waited(self, frame: Frame, step: Wait, path: str) -> Steps:
        journal = self._decisions.journal
        entry = journal.get(path)
        known = entry.inputs if entry else self._begun(frame, step, path)
        journal.note(path, "wait", "started", step_id=step.id, inputs=known)
        if step.events or step.poll:
            return (yield from self._awaited(frame, step, path, known))
        until: datetime = known["until"]
        if until > self._decisions.facts.timer():
            yield Pause(path, earliest([until, frame.deadline]) or until)
        is_cut = frame.deadline is not None and frame.deadline < until
        if is_cut or known.get("is_timeout"):
            raise self._timed_out(step, path, is_own=not is_cut)
        return self._done(step, path, {"at": until})

    def _begun(self, frame: Frame, step: Wait, path: str) -> dict[str, Any]:
        """What is decided when the wait begins: its end, its key, when to ask first."""
        values, now = self._decisions.values, self._decisions.facts.timer()
        timeout = values.duration(frame, step.timeout, path)
        limit = None if timeout is None else now + timeout
        if not step.events and step.poll is None:
            until = self._end(frame, step, path, now)
            if limit is None or until <= limit:
                return {"until": until}
            return {"until": limit, "is_timeout": True}
        longest = self._longest()
        if limit is None and longest is not None:
            limit = now + longest
        begun: dict[str, Any] = {"until": limit}
        if step.events:
            begun["key"] = self._key(frame, step.key, path)
        if step.poll is not None:
            begun["ask_at"] = now + step.poll.every if step.events else now
        return begun

    def _end(self, frame: Frame, step: Wait, path: str, now: datetime) -> datetime:
        """When a wait for a time is over by itself."""
        if step.until is None:
            return now + (self._decisions.values.duration(frame, step.duration, path) or _NOTHING)
        until = self._decisions.values.render(frame, step.until, path)
        if not isinstance(until, datetime):
            raise Failure("invalid_input", "`until` is a date and time", step=path, attempts=0)
        return until

    def _awaited(self, frame: Frame, step: Wait, path: str, known: Mapping[str, Any]) -> Steps:
        until = known["until"]
        found = yield AwaitEvent(
            path=path,
            names=step.events,
            key=known.get("key", ""),
            accepts=self._accepts(frame, step.only_if, path),
            consumed=consumed_events(self._decisions.journal),
            until=earliest([until, frame.deadline]),
            poll=None if step.poll is None else self._asking(frame, step.poll, path, known),
        )
        if isinstance(found, Event):
            data = {"event": found.name, "data": found.data, "at": found.at, "id": found.id}
            return self._done(step, path, data)
        if isinstance(found, Asked) and step.poll is not None:
            return self._done(step, path, self._answer(frame, step, path, found.result))
        is_own = until is not None and (frame.deadline is None or until <= frame.deadline)
        raise self._timed_out(step, path, is_own=is_own)

    def _timed_out(self, step: Wait, path: str, *, is_own: bool) -> Failure:
        """`is_own`: the time of the wait itself is up, not that of a block around it."""
        told = "what was waited for did not come in time"
        asked = self._decisions.journal.get(f"{path}.poll")
        if asked is not None and asked.error:
            told += f"; asking failed: {asked.error['code']}: {asked.error['message']}"
        failure = Failure("timeout", told, step=path, attempts=0)
        self._fail(step, path, failure, result={"timed_out": True} if is_own else None)
        return failure

    def is_timed_out(self, path: str) -> bool:
        """Whether this wait ended because its own `timeout` was over."""
        entry = self._decisions.journal.get(path)
        return bool(entry is not None and entry.status == "failed" and entry.result)

    def _done(self, step: Wait, path: str, result: dict[str, Any]) -> dict[str, Any]:
        self._decisions.journal.note(path, "wait", "succeeded", step_id=step.id, result=result)
        return result

    def _fail(self, step: Wait, path: str, failure: Failure, *, result: Any = None) -> None:
        self._decisions.journal.note(
            path, "wait", "failed", step_id=step.id, error=failure.as_row(), result=result
        )

    def as_values(self, workflow: Workflow, result: Mapping[str, Any]) -> dict[str, Any]:
        """A stored result as expressions see it: the dates of the data are dates."""
        seen = {name: value for name, value in result.items() if name != "id"}
        if "data" in seen:
            seen["data"] = _typed_data(workflow, seen.get("event"), seen["data"])
        return seen

    # ------------------------------------------------------------------------------------- polls

    def _asking(self, frame: Frame, poll: Poll, path: str, known: Mapping[str, Any]) -> Asking:
        perform = self._ask(frame, poll.ask, f"{path}.poll")

        def is_done(result: Any) -> bool:
            seen = {"result": self._result(poll, result)}
            return self._decisions.holds(frame, poll.done_if, path, seen)

        return Asking(perform, every=poll.every, is_done=is_done, first_at=known["ask_at"])

    def _result(self, poll: Poll, result: Any) -> Any:
        return typed(result, self._decisions.facts.actions[poll.ask.action].output_schema)

    def _answer(self, frame: Frame, step: Wait, path: str, result: Any) -> dict[str, Any]:
        """What a poll gives: its `data`, which fits the event's schema as an event's would."""
        poll = step.poll
        if poll is None or poll.data is None:
            data = result
        else:
            seen = {"result": self._result(poll, result)}
            data = plain(self._decisions.values.render(frame, poll.data, path, seen))
        event = step.events[0] if len(step.events) == 1 else None
        if event is not None:
            _check_data(frame.workflow, event, data, path)
        return {"event": event, "data": data, "at": self._decisions.facts.timer()}

    # ------------------------------------------------------------------------------------ events

    def emit(self, frame: Frame, step: Emit, path: str) -> Steps:
        """Store the event, once; its data fit its schema."""
        journal, values = self._decisions.journal, self._decisions.values
        if journal.ended(path) is not None:
            return
        try:
            key = self._key(frame, step.key, path)
            data = plain(values.render(frame, step.data, path))
            _check_data(frame.workflow, step.event, data, path)
        except Failure as failure:
            journal.note(path, "emit", "failed", step_id=step.id, error=failure.as_row())
            raise
        yield EmitEvent(path, step.event, key, data, step_id=step.id)
        told = {"event": step.event, "key": key, "data": data}
        journal.note(path, "emit", "succeeded", step_id=step.id, inputs=told)

    def cancels(self, frame: Frame) -> tuple[AwaitEvent, ...]:
        """What `cancel_on` listens to; the keys are made once, when the run starts."""
        wanted = frame.workflow.cancel_on
        if not wanted:
            return ()
        keys = self._decisions.once("#cancel_on", "cancel_on", lambda: self._keys(frame, wanted))
        return tuple(
            AwaitEvent(
                path=f"#cancel_on.{place}",
                names=each.events,
                key=key,
                accepts=self._accepts(frame, each.only_if, "#cancel_on"),
            )
            for place, (each, key) in enumerate(zip(wanted, keys, strict=True))
        )

    def _keys(self, frame: Frame, wanted: tuple[CancelOn, ...]) -> list[str]:
        return [self._key(frame, each.key, "cancel_on") for each in wanted]

    def _key(self, frame: Frame, value: CompiledValue | None, path: str) -> str:
        """The key of an event, which an index must hold."""
        key = self._decisions.values.text(frame, value, path) or ""
        if len(key) > LONGEST_KEY:
            told = f"the key of an event has at most {LONGEST_KEY} characters"
            raise Failure("invalid_input", told, step=path, attempts=0)
        return key

    def _accepts(
        self, frame: Frame, condition: Expression | None, path: str
    ) -> Callable[[Event], bool] | None:
        if condition is None:
            return None

        def accepts(event: Event) -> bool:
            seen = {"event": event_names(frame.workflow, event)}
            return self._decisions.holds(frame, condition, path, seen)

        return accepts


def consumed_events(journal: Journal) -> frozenset[int]:
    """The events that the waits of this run have taken."""
    results = (each.result for each in journal.entries() if each.kind == "wait" and each.result)
    return frozenset(result["id"] for result in results if "id" in result)


def event_names(workflow: Workflow, event: Event) -> dict[str, Any]:
    """`event` of the scope."""
    return {
        "name": event.name,
        "key": event.key,
        "data": _typed_data(workflow, event.name, event.data),
        "at": event.at,
    }


def _typed_data(workflow: Workflow, event: str | None, data: Any) -> Any:
    """The data of an event; those of a poll that stands for several may be of any of them."""
    known = workflow.event_schemas
    return typed(data, known.get(event or "", {"anyOf": list(known.values())}))


def _check_data(workflow: Workflow, event: str, data: Any, path: str) -> None:
    problems = compile_schema(workflow.event_schemas.get(event, {})).problems(data)
    if problems:
        told = f"{event}: {problems[0].pointer or 'data'}: {problems[0].message}"
        raise Failure("invalid_input", told, step=path, attempts=0)
