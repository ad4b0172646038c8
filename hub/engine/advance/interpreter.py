"""The steps of a workflow as generators that decide and never do.

A generator yields a command and gets its result, or a `Failure` thrown in. What was decided or done
before is in the journal: to resume is to run again over it. Decisions (`if`, `switch`, lists,
variables, replies) become notes, which the executor stores with the next effect.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from hub.engine.advance.commands import Command, LeaveTurn, Pause, Perform, ReplyNow, TakeTurn
from hub.engine.advance.evaluation import Evaluation
from hub.engine.advance.failure import Failure
from hub.engine.advance.frame import Facts, Frame, earliest
from hub.engine.advance.journal import Journal
from hub.engine.expressions import CompiledValue
from hub.engine.retry import pause_before
from hub.engine.typed import typed
from hub.engine.workflow import (
    Block,
    Call,
    Do,
    Fail,
    ForEach,
    If,
    Log,
    Reply,
    Return,
    Step,
    Switch,
    Vars,
    Workflow,
)
from hub.values import plain

MOST_ITEMS = 10_000
Answer = TypeVar("Answer")


class Returned(Exception):  # noqa: N818 - flow of control, not an error
    """A `return` on its way to the end of its workflow."""

    def __init__(self, value: Any, *, status: int | None, headers: dict[str, str]) -> None:
        super().__init__()
        self.value = value
        self.status = status
        self.headers = headers


@dataclass(frozen=True)
class Fork:
    """Several strands, at most `limit` at once; answered with a list of results and failures."""

    strands: tuple[Callable[[], Steps], ...]
    limit: int
    stops_at_failure: bool


Steps = Generator[Command | Fork, Any, Any]


class Interpreter:
    """Walks one run's workflow. `replies` and the journal's notes are taken by the machine."""

    def __init__(self, facts: Facts, journal: Journal) -> None:
        self.facts = facts
        self.journal = journal
        self.replies: list[ReplyNow] = []
        self._values = Evaluation(facts)
        self._handlers: dict[type[Step], Callable[..., Steps]] = {
            Do: self._do,
            Call: self._call,
            If: self._if,
            Switch: self._switch,
            ForEach: self._for_each,
            Vars: self._vars,
            Reply: self._reply,
            Return: self._return,
            Fail: self._fail,
            Log: self._log,
        }

    # ------------------------------------------------------------------ a workflow and its blocks

    def workflow(self, frame: Frame, *, turn_path: str) -> Steps:
        """All of one workflow: its turn, its variables, its steps, its `on_error`.

        A whole run (`turn_path` is empty) keeps its turn until its end is stored.
        Raises `Returned` for a `return` and `Failure` when it fails.
        """
        workflow = frame.workflow
        if workflow.concurrency is not None:
            yield self._turn(frame, turn_path)
        leaves_turn = workflow.concurrency is not None and turn_path != ""
        try:
            try:
                self._set_variables(frame, workflow.vars, f"{frame.prefix}#vars")
                yield from self._block(frame, workflow.steps, "")
            except Failure as failure:
                yield from self._handle(frame, workflow.on_error, "on_error/", failure)
                raise
        except (Failure, Returned):
            if leaves_turn:
                yield LeaveTurn(turn_path)
            raise
        if leaves_turn:
            yield LeaveTurn(turn_path)

    def _turn(self, frame: Frame, path: str) -> TakeTurn:
        concurrency = frame.workflow.concurrency
        assert concurrency is not None  # noqa: S101 - the caller asked
        return TakeTurn(
            path=path,
            scope=frame.workflow.name,
            key=turn_key(concurrency.key, lambda value: self._values.render(frame, value, path)),
            limit=concurrency.limit,
            when_full=concurrency.when_full,
            deadline=frame.deadline,
        )

    def _block(self, frame: Frame, block: Block, trail: str) -> Steps:
        for step in block:
            yield from self._step(frame, step, trail)

    def _step(self, frame: Frame, step: Step, trail: str) -> Steps:
        path = frame.prefix + (step.id or trail + step.slug)
        condition = step.condition
        if condition is not None and not self._decide(
            f"{path}?", "if", lambda: self._values.truth(frame, condition, path)
        ):
            if step.id:
                frame.states[step.id] = "skipped"
            return
        yield from self._handlers[type(step)](frame, step, path)

    def _handle(self, frame: Frame, block: Block, trail: str, failure: Failure) -> Steps:
        """Run the steps of an `on_error` with `error` in scope; the caller raises it again."""
        outer = frame.names.get("error")
        frame.names["error"] = failure.as_row()
        yield from self._block(frame, block, trail)
        frame.names["error"] = outer

    def _failed(
        self, frame: Frame, step: Do | Call | ForEach, path: str, failure: Failure
    ) -> Steps:
        """`on_error` of one step: go on, or run the handlers and let the failure go up."""
        if step.id:
            frame.states[step.id] = "failed"
        if step.on_error == "continue" and not (failure.is_final and isinstance(step, ForEach)):
            return
        if isinstance(step.on_error, tuple):
            trail = path.removeprefix(frame.prefix) + "/on_error/"
            yield from self._handle(frame, step.on_error, trail, failure)
        raise failure

    def _succeeded(self, frame: Frame, step: Step, result: Any) -> None:
        if step.id:
            frame.results[step.id] = result
            frame.states[step.id] = "ok"

    # --------------------------------------------------------------------------------- do and call

    def _do(self, frame: Frame, step: Do, path: str) -> Steps:
        schema = self.facts.actions[step.action].output_schema
        try:
            entry = self.journal.ended(path)
            result = entry.result if entry else (yield self._perform(frame, step, path))
        except Failure as failure:
            yield from self._failed(frame, step, path, failure)
            return
        self._succeeded(frame, step, typed(result, schema))

    def _perform(self, frame: Frame, step: Do, path: str) -> Perform:
        entry = self.journal.get(path)
        inputs = entry.inputs if entry else self._values.render(frame, step.inputs, path)
        only_if = step.retry.only_if
        return Perform(
            path=path,
            step=step,
            workflow=frame.workflow.name,
            inputs=inputs,
            key=(entry.key if entry else None)
            or self._values.text(frame, step.idempotency_key, path)
            or f"{self.facts.run_id}/{path}",
            once_key=self._values.text(frame, step.once_per, path),
            timeout=self._values.duration(frame, step.timeout, path),
            retry_if=None
            if only_if is None
            else lambda failure: self._values.truth(
                frame, only_if, path, {"error": failure.as_row()}
            ),
            attempts=entry.attempts if entry else 0,
            is_begun=entry is not None and entry.status == "started",
            is_stored=entry is not None,
            due_at=entry.due_at if entry else None,
            deadline=frame.deadline,
        )

    def _call(self, frame: Frame, step: Call, path: str) -> Steps:
        try:
            entry = self.journal.ended(path)
            result = entry.result if entry else (yield from self._called(frame, step, path))
        except Failure as failure:
            yield from self._failed(frame, step, path, failure)
            return
        self._succeeded(frame, step, result)

    def _called(self, frame: Frame, step: Call, path: str) -> Steps:
        """Call, and call again as `retry` says; each try has its own place in the journal."""
        entry = self.journal.get(path)
        inputs = entry.inputs if entry else self._values.render(frame, step.inputs, path)
        self.journal.note(path, "call", "started", step_id=step.id, inputs=inputs)
        deadline = self._deadline(frame, step.timeout, path)
        tries = 1
        while True:
            callee = self._callee(
                frame, step, inputs, f"{path}~{tries}/" if tries > 1 else f"{path}/"
            )
            callee.deadline = deadline
            try:
                result = yield from self._value_of(
                    callee, path if tries == 1 else f"{path}~{tries}"
                )
            except Failure as failure:
                failure.is_final = False
                if tries > step.retry.attempts:
                    self.journal.note(
                        path,
                        "call",
                        "failed",
                        step_id=step.id,
                        error=failure.as_row(),
                        attempts=tries,
                    )
                    raise
                until = self._decide_pause(frame, step, f"{path}~{tries}.pause", tries)
                yield Pause(f"{path}~{tries}.pause", until, deadline)
                tries += 1
            else:
                self.journal.note(
                    path, "call", "succeeded", step_id=step.id, result=result, attempts=tries
                )
                return result

    def _decide_pause(self, frame: Frame, step: Call, path: str, tries: int) -> datetime:
        until: datetime = self._decide(
            path, "pause", lambda: self.facts.now() + pause_before(step.retry, tries, 1.0)
        )
        return until

    def _value_of(self, callee: Frame, turn_path: str) -> Steps:
        try:
            yield from self.workflow(callee, turn_path=turn_path)
        except Returned as returned:
            return returned.value
        return {}

    def _callee(self, frame: Frame, step: Call, inputs: Any, prefix: str) -> Frame:
        workflow = frame.workflow.called[step.workflow]
        return Frame(
            workflow=workflow,
            prefix=prefix,
            names={**self.facts.shared, "inputs": call_inputs(workflow, inputs)},
        )

    # ------------------------------------------------------------------------- branches and loops

    def _if(self, frame: Frame, step: If, path: str) -> Steps:
        def choose() -> int:
            for place, (condition, _) in enumerate(step.branches):
                if self._values.truth(frame, condition, path):
                    return place
            return len(step.branches)

        place = self._decide(path, "if", choose)
        blocks = [block for _, block in step.branches] + [step.otherwise]
        yield from self._block(frame, blocks[place], f"{self._trail(frame, path)}{place + 1}.")

    def _switch(self, frame: Frame, step: Switch, path: str) -> Steps:
        def subject() -> str:
            value = plain(self._values.evaluate(frame, step.subject, path))
            return "true" if value is True else "false" if value is False else str(value)

        chosen = self._decide(path, "switch", subject)
        for place, (values, block) in enumerate(step.cases):
            if chosen in values:
                yield from self._block(frame, block, f"{self._trail(frame, path)}{place + 1}.")
                return
        if step.otherwise is None:
            raise Failure("invalid_input", f"no case for {chosen[:60]!r}", step=path)
        yield from self._block(frame, step.otherwise, f"{self._trail(frame, path)}else.")

    def _for_each(self, frame: Frame, step: ForEach, path: str) -> Steps:
        try:
            entry = self.journal.ended(path)
            result = entry.result if entry else (yield from self._items(frame, step, path))
        except Failure as failure:
            self.journal.note(path, "for_each", "failed", step_id=step.id, error=failure.as_row())
            yield from self._failed(frame, step, path, failure)
            return
        self._succeeded(frame, step, result)

    def _items(self, frame: Frame, step: ForEach, path: str) -> Steps:
        entry = self.journal.get(path)
        items = entry.inputs if entry else self._list(frame, step, path)
        self.journal.note(path, "for_each", "started", step_id=step.id, inputs=items)
        deadline = self._deadline(frame, step.timeout, path)

        def strand(place: int) -> Callable[[], Steps]:
            inner = frame.item(
                step.item_name, items[place], prefix=f"{path}[{place}]/", deadline=deadline
            )
            return lambda: self._item(inner, step)

        outcomes = yield Fork(
            strands=tuple(strand(place) for place in range(len(items))),
            limit=step.max_parallel,
            stops_at_failure=step.on_item_error == "fail",
        )
        result = _loop_result(outcomes, step)
        self.journal.note(path, "for_each", "succeeded", step_id=step.id, result=result)
        return result

    def _item(self, frame: Frame, step: ForEach) -> Steps:
        yield from self._block(frame, step.body, "")
        if step.collect is None:
            return None
        return self._values.render(frame, step.collect, frame.prefix)

    def _list(self, frame: Frame, step: ForEach, path: str) -> list[Any]:
        items = self._values.evaluate(frame, step.items, path)
        if not isinstance(items, list):
            raise Failure("invalid_input", "for_each needs a list", step=path)
        if len(items) > MOST_ITEMS:
            raise Failure("invalid_input", f"more than {MOST_ITEMS} items", step=path)
        return items

    # -------------------------------------------------------------------------- values and answers

    def _vars(self, frame: Frame, step: Vars, path: str) -> Steps:
        self._set_variables(frame, step.values, path)
        return
        yield  # a generator like its neighbours

    def _set_variables(
        self, frame: Frame, values: tuple[tuple[str, CompiledValue], ...], path: str
    ) -> None:
        if not values:
            return

        def compute() -> dict[str, Any]:
            computed: dict[str, Any] = {}
            for name, value in values:
                frame.variables[name] = computed[name] = self._values.render(frame, value, path)
            return computed

        frame.variables.update(self._decide(path, "vars", compute))

    def _reply(self, frame: Frame, step: Reply, path: str) -> Steps:
        answer = self._decide(path, "reply", lambda: self._answer(frame, step, path))
        self.replies.append(ReplyNow(**answer))
        return
        yield

    def _return(self, frame: Frame, step: Return, path: str) -> Steps:
        def compute() -> dict[str, Any]:
            answer = self._answer(frame, step, path)
            return {**answer, "body": self._values.render(frame, step.value, path)}

        answer = self._decide(path, "return", compute)
        raise Returned(answer["body"], status=answer["status"], headers=answer["headers"])
        yield

    def _answer(self, frame: Frame, step: Reply | Return, path: str) -> dict[str, Any]:
        headers = self._values.optional(frame, step.headers, path) or {}
        return {
            "body": plain(self._values.render(frame, step.value, path)),
            "status": self._values.optional(frame, step.status, path),
            "headers": {name: str(plain(value)) for name, value in headers.items()},
        }

    def _fail(self, frame: Frame, step: Fail, path: str) -> Steps:
        message = self._values.text(frame, step.message, path) or step.code
        status = self._values.optional(frame, step.status, path)
        failure = Failure(step.code, message, step=path, attempts=0, status=status, is_final=True)
        self.journal.note(path, "fail", "failed", error=failure.as_row())
        raise failure
        yield

    def _log(self, frame: Frame, step: Log, path: str) -> Steps:
        self._decide(
            path, "log", lambda: self._values.text(frame, step.text, path), detail=step.level
        )
        return
        yield

    # ------------------------------------------------------------------------------- small matters

    def _decide(
        self, path: str, kind: str, compute: Callable[[], Any], *, detail: str | None = None
    ) -> Any:
        """The stored decision, or a new one that is noted."""
        entry = self.journal.ended(path)
        if entry is not None:
            return entry.result
        value = compute()
        self.journal.note(path, kind, "succeeded", result=value, action=detail)
        return value

    def _deadline(self, frame: Frame, timeout: CompiledValue | None, path: str) -> datetime | None:
        duration = self._values.duration(frame, timeout, path)
        if duration is None:
            return frame.deadline
        until = self._decide(f"{path}.until", "timeout", lambda: self.facts.now() + duration)
        return earliest([frame.deadline, until])

    @staticmethod
    def _trail(frame: Frame, path: str) -> str:
        return path.removeprefix(frame.prefix) + "/"


def turn_key(key: CompiledValue | None, render: Callable[[CompiledValue], Any]) -> str:
    """The key of a turn as text; without `key` the whole workflow is one queue."""
    return "" if key is None else str(plain(render(key)))


def call_inputs(workflow: Workflow, given: Any) -> dict[str, Any]:
    """The `inputs` of a called workflow: dates parsed, defaults filled in."""
    fields = getattr(workflow.trigger, "fields", ())
    found = {
        each.name: typed(given[each.name], each.schema) for each in fields if each.name in given
    }
    for each in fields:
        if each.name not in found and each.default is not None:
            found[each.name] = typed(each.default, each.schema)
    return found


def _loop_result(outcomes: list[Any], step: ForEach) -> dict[str, Any]:
    """`items`, `count`, `failed`; raises what ends the loop: a `return`, or the first failure."""
    for outcome in outcomes:
        if isinstance(outcome, Returned) or (isinstance(outcome, Failure) and outcome.is_final):
            raise outcome
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    if failures and step.on_item_error == "fail":
        raise failures[0]
    items = (
        [] if step.collect is None else [each for each in outcomes if not isinstance(each, Failure)]
    )
    return {"items": items, "count": len(outcomes), "failed": len(failures)}
