"""The steps of a workflow as generators that decide and never do.

A generator yields a command and gets its result, or a `Failure` thrown in. What was decided or done
before is in the journal: to resume is to run again over it. Decisions (`if`, `switch`, lists,
variables, replies) become notes, which the executor stores with the next effect.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hub.engine.advance.answering import Answering
from hub.engine.advance.branching import Branching
from hub.engine.advance.calling import Calling, take_turn
from hub.engine.advance.commands import AwaitEvent, LeaveTurn, Perform, ReplyNow
from hub.engine.advance.decisions import Decisions
from hub.engine.advance.evaluation import as_text
from hub.engine.advance.failure import Failure
from hub.engine.advance.flow import Continued, Returned, Steps
from hub.engine.advance.frame import Facts, Frame
from hub.engine.advance.journal import Journal
from hub.engine.advance.looping import Looping
from hub.engine.advance.undoing import Undoing
from hub.engine.advance.waiting import Waiting
from hub.engine.workflow import (
    Block,
    Call,
    Continue,
    Do,
    Emit,
    Fail,
    ForEach,
    Group,
    If,
    Log,
    OnError,
    Parallel,
    Reply,
    Return,
    Step,
    Switch,
    Vars,
    Wait,
)


class Interpreter:
    """Walks one run's workflow. Replies and the journal's notes are taken by the machine.

    `cancel_on`: the events that cancel the run, known as soon as it has begun.
    """

    def __init__(self, facts: Facts, journal: Journal) -> None:
        self._decisions = Decisions(facts, journal)
        self._values = self._decisions.values
        self.undoing = Undoing(self._decisions, self._block)
        self.cancel_on: tuple[AwaitEvent, ...] = ()
        self._waiting = Waiting(self._decisions, self._command, self._longest_wait)
        calling = Calling(self._decisions, self.workflow)
        looping = Looping(self._decisions, lambda frame, block: self._block(frame, block, ""))
        branching = Branching(self._decisions, self._block)
        answering = Answering(self._decisions)
        self._at_once: dict[type[Step], Callable[..., None]] = {
            Vars: answering.set_vars,
            Reply: answering.reply,
            Return: answering.end_with,
            Fail: answering.fail,
            Log: answering.log,
            Continue: answering.go_on_with,
        }
        self._walked: dict[type[Step], Callable[..., Steps]] = {
            If: self._if,
            Switch: self._switch,
            Emit: self._waiting.emit,
        }
        self._settled: dict[type[Step], Callable[..., Steps]] = {
            Do: self._perform,
            Call: calling.call,
            Wait: self._waiting.wait,
            ForEach: looping.loop,
            Parallel: branching.parallel,
            Group: branching.group,
        }

    def take_replies(self) -> list[ReplyNow]:
        """The answers since the last time."""
        replies, self._decisions.replies = self._decisions.replies, []
        return replies

    # --------------------------------------------------------------------------- the whole run

    def run(self, frame: Frame) -> Steps:
        """The run itself; when it fails, what it did is undone before its `on_error` runs."""
        self.undoing.root = frame.workflow
        self.cancel_on = self._waiting.cancels(frame)
        yield from self.workflow(frame, "")

    def cancelled(self, frame: Frame) -> Steps:
        """What follows when somebody ends the run: undo, then `on_cancel`."""
        yield from self.undoing.undo(frame.workflow)
        yield from self._block(frame, frame.workflow.on_cancel, "on_cancel/")

    def aborted(self, frame: Frame, failure: Failure) -> Steps:
        """What follows when the hub ends the run: undo, then `on_error`; raises the failure."""
        yield from self._fail_run(frame, failure)
        raise failure

    def _fail_run(self, frame: Frame, failure: Failure) -> Steps:
        if frame.workflow is self.undoing.root:
            yield from self.undoing.undo(frame.workflow)
        yield from self._handle(frame, frame.workflow.on_error, "on_error/", failure)

    def _longest_wait(self) -> timedelta | None:
        """A run that is being undone has no timeout any more: each of its waits has as long."""
        root = self.undoing.root
        return root.timeout if root is not None and self.undoing.is_over else None

    # ------------------------------------------------------------------ a workflow and its blocks

    def workflow(self, frame: Frame, turn_path: str) -> Steps:
        """All of one workflow: its turn, its variables, its steps, its `on_error`.

        A whole run (`turn_path` is empty) keeps its turn until its end is stored, and asks for none
        when it goes on with its end: that needs none, and its timeout may have taken it (E16).
        Raises `Returned` for a `return` and `Failure` when it fails.
        """
        is_ending = turn_path == "" and self.undoing.why() is not None
        turn = None if is_ending else take_turn(self._decisions, frame, turn_path)
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
            if workflow is self.undoing.root:
                self.undoing.begin(workflow, failure)
            yield from self._fail_run(frame, failure)
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
        self._decisions.facts.walked(frame.workflow, step, path)
        if type(step) in self._at_once:
            self._at_once[type(step)](frame, step, path)
        elif type(step) in self._walked:
            yield from self._walked[type(step)](frame, step, path)
        else:
            yield from self._settle(frame, step, path)

    # ------------------------------------------------------------------------- success and failure

    def _settle(self, frame: Frame, step: Any, path: str) -> Steps:
        """The step's result from the journal or from walking it now; then what follows from it.

        A block is walked in any case: steps behind it see what those inside of it gave.
        """
        is_block = isinstance(step, Parallel | Group)
        has_steps = isinstance(step, Group) or (isinstance(step, Call) and not step.is_detached)
        try:
            entry = None if is_block else self._decisions.journal.ended(path)
            if entry is None and isinstance(step, Do | Call) and not has_steps:
                self.undoing.register(frame, step, path)
            walk = self._settled[type(step)]
            result = entry.result if entry else (yield from walk(frame, step, path))
            if has_steps:
                self.undoing.register(frame, step, path)
        except Failure as failure:
            yield from self._failed(frame, step, path, failure)
            return
        if step.id:
            frame.results[step.id] = self._as_values(frame, step, result)
            frame.states[step.id] = "ok"

    def _as_values(self, frame: Frame, step: Step, result: Any) -> Any:
        if isinstance(step, Wait):
            return self._waiting.as_values(frame.workflow, result)
        return self._decisions.as_values(step, result)

    def _failed(self, frame: Frame, step: Any, path: str, failure: Failure) -> Steps:
        """`on_error` of one step: go on, or run the handlers and let the failure go up.

        A `fail` inside a block ends the whole workflow: `continue` does not take it up.
        """
        is_late = isinstance(step, Wait) and self._waiting.is_timed_out(path)
        if step.id:
            frame.states[step.id] = "timed_out" if is_late else "failed"
        word = "on_timeout" if is_late and step.on_timeout != "fail" else "on_error"
        handler: OnError = getattr(step, word)
        if handler == "continue" and not failure.is_final:
            return
        if isinstance(handler, tuple):
            trail = f"{path.removeprefix(frame.prefix)}.{word}/"
            try:
                yield from self._handle(frame, handler, trail, failure)
            except Continued as taken_up:
                if not failure.is_final:
                    if step.id:
                        frame.results[step.id] = taken_up.value
                    return
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
            else lambda failure: self._decisions.holds(
                frame, only_if, path, {"error": failure.as_row()}
            ),
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
