"""The steps of a workflow as generators that decide and never do.

A generator yields a command and gets its result, or a `Failure` thrown in. What was decided or done
before is in the journal: to resume is to run again over it. Decisions (`if`, `switch`, lists,
variables, replies) become notes, which the executor stores with the next effect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.engine.advance.answering import Answering
from hub.engine.advance.calling import Calling, take_turn
from hub.engine.advance.commands import LeaveTurn, Perform, ReplyNow
from hub.engine.advance.decisions import Decisions
from hub.engine.advance.evaluation import as_text
from hub.engine.advance.failure import Failure
from hub.engine.advance.flow import Returned, Steps
from hub.engine.advance.frame import Facts, Frame
from hub.engine.advance.journal import Journal
from hub.engine.advance.looping import Looping
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
)


class Interpreter:
    """Walks one run's workflow. Replies and the journal's notes are taken by the machine."""

    def __init__(self, facts: Facts, journal: Journal) -> None:
        self._decisions = Decisions(facts, journal)
        self._values = self._decisions.values
        self._calling = Calling(self._decisions, self.workflow)
        self._looping = Looping(self._decisions, lambda frame, block: self._block(frame, block, ""))
        answering = Answering(self._decisions)
        self._at_once: dict[type[Step], Callable[..., None]] = {
            Vars: answering.set_vars,
            Reply: answering.reply,
            Return: answering.end_with,
            Fail: answering.fail,
            Log: answering.log,
        }
        self._walked: dict[type[Step], Callable[..., Steps]] = {
            Do: self._do,
            Call: self._call,
            If: self._if,
            Switch: self._switch,
            ForEach: self._for_each,
        }

    def take_replies(self) -> list[ReplyNow]:
        """The answers since the last time."""
        replies, self._decisions.replies = self._decisions.replies, []
        return replies

    # ------------------------------------------------------------------ a workflow and its blocks

    def workflow(self, frame: Frame, turn_path: str) -> Steps:
        """All of one workflow: its turn, its variables, its steps, its `on_error`.

        A whole run (`turn_path` is empty) keeps its turn until its end is stored.
        Raises `Returned` for a `return` and `Failure` when it fails.
        """
        turn = take_turn(self._decisions, frame, turn_path)
        try:
            if turn is not None:
                yield turn
            yield from self._steps(frame)
        except (Failure, Returned):
            if turn is not None and turn_path:
                yield LeaveTurn(turn_path)
            raise
        if turn is not None and turn_path:
            yield LeaveTurn(turn_path)

    def _steps(self, frame: Frame) -> Steps:
        workflow = frame.workflow
        try:
            self._decisions.set_variables(frame, workflow.vars, f"{frame.prefix}#vars")
            yield from self._block(frame, workflow.steps, "")
        except Failure as failure:
            yield from self._handle(frame, workflow.on_error, "on_error/", failure)
            raise

    def _block(self, frame: Frame, block: Block, trail: str) -> Steps:
        for step in block:
            yield from self._step(frame, step, trail)

    def _step(self, frame: Frame, step: Step, trail: str) -> Steps:
        path = frame.prefix + (step.id or trail + step.slug)
        condition = step.condition
        if condition is not None and not self._decisions.once(
            f"{path}?", "if", lambda: self._values.truth(frame, condition, path)
        ):
            if step.id:
                frame.states[step.id] = "skipped"
            return
        if type(step) in self._at_once:
            self._at_once[type(step)](frame, step, path)
        else:
            yield from self._walked[type(step)](frame, step, path)

    # ------------------------------------------------------------------------- success and failure

    def _settle(
        self, frame: Frame, step: Do | Call | ForEach, path: str, walk: Callable[[], Steps]
    ) -> Steps:
        """The step's result from the journal or from walking it now; then what follows from it."""
        try:
            entry = self._decisions.journal.ended(path)
            result = entry.result if entry else (yield from walk())
        except Failure as failure:
            yield from self._failed(frame, step, path, failure)
            return
        if step.id:
            frame.results[step.id] = self._as_values(step, result)
            frame.states[step.id] = "ok"

    def _as_values(self, step: Step, result: Any) -> Any:
        """An action's result is JSON: its dates become dates."""
        if isinstance(step, Do):
            return typed(result, self._decisions.facts.actions[step.action].output_schema)
        return result

    def _failed(
        self, frame: Frame, step: Do | Call | ForEach, path: str, failure: Failure
    ) -> Steps:
        """`on_error` of one step: go on, or run the handlers and let the failure go up.

        A `fail` inside a loop ends the whole workflow: `continue` does not take it up.
        """
        if step.id:
            frame.states[step.id] = "failed"
        if step.on_error == "continue" and not failure.is_final:
            return
        if isinstance(step.on_error, tuple):
            trail = path.removeprefix(frame.prefix) + ".on_error/"
            yield from self._handle(frame, step.on_error, trail, failure)
        raise failure

    def _handle(self, frame: Frame, block: Block, trail: str, failure: Failure) -> Steps:
        """Run the steps of an `on_error` with `error` in scope; the caller raises it again.

        When the time of an enclosing step is up, its handlers still have theirs.
        """
        outer_names, outer_deadline = frame.names, frame.deadline
        frame.names = {**outer_names, "error": failure.as_row()}
        if outer_deadline is not None and outer_deadline <= self._decisions.facts.timer():
            frame.deadline = None
        try:
            yield from self._block(frame, block, trail)
        finally:
            frame.names, frame.deadline = outer_names, outer_deadline

    # --------------------------------------------------------------------------- the kinds of steps

    def _do(self, frame: Frame, step: Do, path: str) -> Steps:
        yield from self._settle(frame, step, path, lambda: self._perform(frame, step, path))

    def _call(self, frame: Frame, step: Call, path: str) -> Steps:
        walk = self._calling.call
        yield from self._settle(frame, step, path, lambda: walk(frame, step, path))

    def _for_each(self, frame: Frame, step: ForEach, path: str) -> Steps:
        walk = self._looping.loop
        yield from self._settle(frame, step, path, lambda: walk(frame, step, path))

    def _perform(self, frame: Frame, step: Do, path: str) -> Steps:
        try:
            command = self._command(frame, step, path)
        except Failure as failure:
            self._decisions.journal.note(
                path,
                "do",
                "failed",
                step_id=step.id,
                action=step.action,
                error=failure.as_row(),
            )
            raise
        return (yield command)

    def _command(self, frame: Frame, step: Do, path: str) -> Perform:
        entry = self._decisions.journal.get(path)
        only_if = step.retry.only_if
        return Perform(
            path=path,
            step=step,
            workflow=frame.workflow.name,
            inputs=entry.inputs if entry else self._values.render(frame, step.inputs, path),
            key=(entry.key if entry else None)
            or self._values.text(frame, step.idempotency_key, path)
            or f"{self._decisions.facts.run_id}/{path}",
            once_key=self._values.text(frame, step.once_per, path),
            timeout=self._values.duration(frame, step.timeout, path),
            retry_if=None
            if only_if is None
            else lambda failure: self._decisions.is_true_of(failure, frame, only_if, path),
            deadline=frame.deadline,
        )

    def _if(self, frame: Frame, step: If, path: str) -> Steps:
        def choose() -> int:
            for place, (condition, _) in enumerate(step.branches):
                if self._values.truth(frame, condition, path):
                    return place
            return len(step.branches)

        place = self._decisions.once(path, "if", choose)
        blocks = [block for _, block in step.branches] + [step.otherwise]
        yield from self._block(frame, blocks[place], f"{_trail(frame, path)}{place + 1}.")

    def _switch(self, frame: Frame, step: Switch, path: str) -> Steps:
        def subject() -> str:
            return as_text(self._values.evaluate(frame, step.subject, path))

        chosen = self._decisions.once(path, "switch", subject)
        for place, (values, block) in enumerate(step.cases):
            if chosen in values:
                yield from self._block(frame, block, f"{_trail(frame, path)}{place + 1}.")
                return
        if step.otherwise is None:
            raise Failure("invalid_input", f"no case for {chosen[:60]!r}", step=path, attempts=0)
        yield from self._block(frame, step.otherwise, f"{_trail(frame, path)}else.")


def _trail(frame: Frame, path: str) -> str:
    return path.removeprefix(frame.prefix) + "/"
