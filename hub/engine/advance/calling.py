"""`call:` — another workflow inside the same run, with its own scope and its own turn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hub.engine.advance.commands import Pause, StartRun, TakeTurn
from hub.engine.advance.decisions import Decisions
from hub.engine.advance.evaluation import as_text
from hub.engine.advance.failure import Failure
from hub.engine.advance.flow import Returned, Steps
from hub.engine.advance.frame import Frame
from hub.engine.expressions import CompiledValue
from hub.engine.retry import RETRIED, pause_before
from hub.engine.typed import typed
from hub.engine.workflow import Call, Workflow
from hub.values import plain


class Calling:
    """Calls of one run; `run_workflow(frame, turn_path)` walks the steps of the called one."""

    def __init__(self, decisions: Decisions, run_workflow: Callable[[Frame, str], Steps]) -> None:
        self._decisions = decisions
        self._run_workflow = run_workflow

    def call(self, frame: Frame, step: Call, path: str) -> Steps:
        """Call, and call again as `retry` says; each try has its own place in the journal."""
        journal = self._decisions.journal
        entry = journal.get(path)
        inputs = entry.inputs if entry else self._inputs(frame, step, path)
        journal.note(path, "call", "started", step_id=step.id, inputs=inputs)
        if step.is_detached:
            return (yield from self._detach(frame, step, inputs, path))
        self._check_enabled(frame, step, path)
        deadline = self._decisions.deadline(frame, step.timeout, path)
        tries = 1
        while True:
            pause = f"{path}~{tries}.pause"
            if (until := self._known_pause(pause)) is not None:
                yield Pause(pause, until)
                tries += 1
                continue
            place = path if tries == 1 else f"{path}~{tries}"
            callee = _callee(self._decisions, frame, step, inputs, f"{place}/")
            callee.deadline = deadline
            try:
                result = yield from self._value_of(callee, place)
            except Failure as failure:
                failure.is_final = False
                until = self._next_try(frame, step, pause, (tries, deadline), failure)
                if until is None:
                    self._note(step, path, tries, failure)
                    raise
                yield Pause(pause, until)
                tries += 1
            else:
                journal.note(
                    path, "call", "succeeded", step_id=step.id, result=result, attempts=tries
                )
                return result

    def _check_enabled(self, frame: Frame, step: Call, path: str) -> None:
        if not frame.workflow.called[step.workflow].is_enabled:
            message = f"the workflow '{step.workflow}' is disabled"
            failure = Failure("not_found", message, step=path, attempts=0)
            self._note(step, path, 0, failure)
            raise failure

    def _detach(self, frame: Frame, step: Call, inputs: Any, path: str) -> Steps:
        """Start a run of its own; gives `run_id`."""
        workflow = frame.workflow.called[step.workflow]
        try:
            run_id = yield StartRun(path, workflow, plain(inputs), step_id=step.id)
        except Failure as failure:
            self._note(step, path, 1, failure)
            raise
        result = {"run_id": run_id}
        self._decisions.journal.note(
            path, "call", "succeeded", step_id=step.id, result=result, attempts=1
        )
        return result

    def _known_pause(self, path: str) -> datetime | None:
        """The pause behind a try that had failed before the run was resumed."""
        entry = self._decisions.journal.ended(path)
        return None if entry is None else entry.result

    def _inputs(self, frame: Frame, step: Call, path: str) -> Any:
        try:
            return self._decisions.values.render(frame, step.inputs, path)
        except Failure as failure:
            self._note(step, path, 0, failure)
            raise

    def _note(self, step: Call, path: str, tries: int, failure: Failure) -> None:
        self._decisions.journal.note(
            path, "call", "failed", step_id=step.id, error=failure.as_row(), attempts=tries
        )

    def _next_try(
        self,
        frame: Frame,
        step: Call,
        path: str,
        so_far: tuple[int, datetime | None],
        failure: Failure,
    ) -> datetime | None:
        """When to call again, or None; decided once. `so_far`: the tries made, and the deadline."""
        tries, deadline = so_far

        def compute() -> datetime | None:
            if tries > step.retry.attempts or not self._is_retryable(frame, step, path, failure):
                return None
            until = self._decisions.facts.timer() + pause_before(step.retry, tries, 1.0)
            return until if deadline is None or until < deadline else None

        if step.retry.attempts == 0:
            return None
        until: datetime | None = self._decisions.once(path, "pause", compute)
        return until

    def _is_retryable(self, frame: Frame, step: Call, path: str, failure: Failure) -> bool:
        if step.retry.only_if is None:
            return failure.code in RETRIED
        return self._decisions.holds(frame, step.retry.only_if, path, {"error": failure.as_row()})

    def _value_of(self, callee: Frame, turn_path: str) -> Steps:
        try:
            yield from self._run_workflow(callee, turn_path)
        except Returned as returned:
            return returned.value
        return {}


def take_turn(decisions: Decisions, frame: Frame, path: str) -> TakeTurn | None:
    """The command that asks for a turn under the workflow's `concurrency`, if it has one."""
    concurrency = frame.workflow.concurrency
    if concurrency is None:
        return None
    return TakeTurn(
        path=path,
        scope=frame.workflow.name,
        key=turn_key(concurrency.key, lambda value: decisions.values.render(frame, value, path)),
        limit=concurrency.limit,
        when_full=concurrency.when_full,
        deadline=frame.deadline,
    )


def turn_key(key: CompiledValue | None, render: Callable[[CompiledValue], Any]) -> str:
    """The key of a turn as text; without `key` the whole workflow is one queue."""
    return "" if key is None else as_text(render(key))


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


def _callee(decisions: Decisions, frame: Frame, step: Call, inputs: Any, prefix: str) -> Frame:
    workflow = frame.workflow.called[step.workflow]
    return Frame(
        workflow=workflow,
        prefix=prefix,
        names={**decisions.facts.shared, "inputs": call_inputs(workflow, inputs)},
    )
