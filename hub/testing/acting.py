"""Actions on the stage: gate, intent, what the mock gives instead of an effect, result.

The order and the rules are those of `hub.engine.performing`; nothing outward can be done here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from hub.action import Action, Attempt
from hub.engine.advance.commands import Asked, Asking, Perform
from hub.engine.attempts import (
    Attempted,
    as_json,
    doubt,
    once_digest,
    refused_inputs,
    too_late,
)
from hub.engine.gate import Simulated, TestDestinations, pass_gate
from hub.engine.retry import RETRIED
from hub.errors import PayloadProblem, Permanent, StepFailed, Transient
from hub.storage.once import OnceKey
from hub.testing.memory import OnceKeys
from hub.testing.plan import Mocked
from hub.testing.playing import Done, Outcome, Played, Waits
from hub.testing.story import Deed, Story, length, shown
from hub.values import encode, plain

NO_JITTER = 1.0
_NO_TIME = timedelta(0)


class Real(Protocol):
    """Does local actions on a database."""

    def does(self, action: Action) -> bool:
        """Whether the test wants this action done for real."""

    def call(self, action: Action, inputs: Mapping[str, Any], attempt: Attempt) -> Any:
        """Do it; its effect is undone unless `keep` follows."""

    def look(self, action: Action, inputs: Mapping[str, Any]) -> Any:
        """What a reading action gives; nothing is changed."""

    def keep(self) -> None:
        """The effect stays."""

    def undo(self) -> None:
        """The effect is taken back."""


@dataclass
class Actor:
    """Does the actions of all runs of one test."""

    actions: Mapping[str, Action]
    problems: Callable[[Action, Any], list[PayloadProblem]]
    destinations: TestDestinations
    mocks: Mapping[str, tuple[Mocked, ...]]
    story: Story
    now: Callable[[], datetime]
    real: Real | None = None
    once: OnceKeys = field(default_factory=OnceKeys)

    def perform(self, run: Played, command: Perform) -> Outcome:
        """Do one action, or say when to look again."""
        under_way = self._under_way(run, command.path)
        if under_way is not None:
            return under_way
        task = self._task(run, command)
        known = task.known
        if task.is_in_doubt:
            return self._fail(run, task, doubt(), is_called=False)
        if command.deadline is not None and command.deadline <= self.now():
            return self._fail(run, task, too_late(), is_called=False)
        if known is not None and known.due_at is not None and known.due_at > self.now():
            return Waits(known.due_at)
        return self._attempt(run, task)

    def _under_way(self, run: Played, path: str) -> Outcome | None:
        """What came of an action that takes its time; None where none is under way."""
        if path not in run.busy:
            return None
        until, finish = run.busy[path]
        if until > self.now():
            return Waits(until)
        del run.busy[path]
        return finish()

    def _task(self, run: Played, command: Perform) -> Attempted:
        action = self.actions[command.step.action]
        return Attempted(command, action, run.journal.get(command.path))

    def _attempt(self, run: Played, task: Attempted) -> Outcome:
        action = task.action
        if problems := self.problems(action, plain(task.command.inputs)):
            return self._fail(run, task, refused_inputs(problems))
        passed = pass_gate(action, as_json(task.command.inputs), run.mode, self.destinations)
        settled = self._take_once(run, task)
        if settled is not None:
            return settled
        if isinstance(passed, Simulated):
            return self._simulate(run, task, passed)
        if action.outward:
            run.store(task.intent(self.now()))
        mocked = self._mocked(run, task.command.path, action)
        return self._begin(run, task, passed.inputs, mocked)

    def _begin(
        self, run: Played, task: Attempted, inputs: Mapping[str, Any], mocked: Mocked
    ) -> Outcome:

        def finish(late: StepFailed | None) -> Outcome:
            run.answers[task.command.path] = mocked  # given again, should the worker die now
            if late is not None:
                return self._fail(run, task, late, inputs)
            return self._finish(run, task, inputs, mocked)

        return self._in_time(run, task, mocked, finish)

    def _in_time(
        self,
        run: Played,
        task: Attempted,
        mocked: Mocked,
        finish: Callable[[StepFailed | None], Outcome],
    ) -> Outcome:
        """Now, or when the time that it `takes` is over; at the latest when its own time is up."""
        limit = task.time_left(self.now())
        if mocked.takes > limit:
            message = f"no answer within {length(limit)}"
            late = Transient("timeout", message, maybe_done=_has_effect(task.action))
            return self._later(run, task, limit, lambda: finish(late))
        if mocked.takes > _NO_TIME:
            return self._later(run, task, mocked.takes, lambda: finish(None))
        return finish(None)

    def _later(
        self, run: Played, task: Attempted, takes: timedelta, finish: Callable[[], Outcome]
    ) -> Outcome:
        until = self.now() + takes
        run.busy[task.command.path] = (until, finish)
        self.story.tell(str(run.id), f"{_name(task)} takes {length(takes)}")
        return Waits(until)

    def _finish(
        self, run: Played, task: Attempted, inputs: Mapping[str, Any], mocked: Mocked
    ) -> Outcome:
        try:
            result = self._result(run, task, inputs, mocked)
        except StepFailed as failed:
            return self._fail(run, task, failed, inputs)
        if task.action.outward:
            self._tell_deed(run, task, inputs, result)
            run.crash_if_at(task.command.path)
        else:
            self._crash_undone(run, task)
            self._tell_deed(run, task, inputs, result)
        run.answers.pop(task.command.path, None)
        if self.real is not None:
            self.real.keep()
        return self._keep(run, task, result)

    def _crash_undone(self, run: Played, task: Attempted) -> None:
        """Effect and result are one transaction: both are lost, and done again."""
        if run.is_crash_step(task.command.path):
            self.story.tell(str(run.id), f"{_name(task)} is done, and undone by the crash")
            if self.real is not None:
                self.real.undo()
            run.crash_if_at(task.command.path)

    def _keep(
        self, run: Played, task: Attempted, result: Any, *, is_simulated: bool = False
    ) -> Outcome:
        entry = task.intent(self.now())
        run.store(replace(entry, status="succeeded", result=result, is_simulated=is_simulated))
        if task.command.once_key is not None:
            self.once.settle(_once_key(run, task), result=result, by="succeeded")
        return Done(result)

    def _simulate(self, run: Played, task: Attempted, why: Simulated) -> Outcome:
        run.crash_if_at(task.command.path)
        deed = Deed(str(run.id), task.command.path, task.action.name, plain(task.command.inputs))
        self.story.simulated.append(deed)
        self.story.tell(str(run.id), f"{_name(task)} is simulated ({why.reason})")
        return self._keep(run, task, dict(task.action.example), is_simulated=True)

    # ------------------------------------------------------------------- what an action gives

    def _mocked(self, run: Played, path: str, action: Action) -> Mocked:
        """What this call gives: what was lost in a crash, the next of the mocks, the example."""
        if path in run.answers:
            known: Mocked = run.answers[path]
            return known
        calls = self.story.called.get(action.name, 0)
        self.story.called[action.name] = calls + 1
        outcomes = self.mocks.get(action.name)
        return outcomes[min(calls, len(outcomes) - 1)] if outcomes else Mocked()

    def _result(
        self, run: Played, task: Attempted, inputs: Mapping[str, Any], mocked: Mocked
    ) -> Any:
        """The result of one call; raises `StepFailed`."""
        action = task.action
        if mocked.fails is not None:
            kind = Transient if mocked.fails in RETRIED else Permanent
            raise kind(mocked.fails, f"{action.name} fails", maybe_done=mocked.is_maybe_done)
        if self.real is not None and mocked.returns is None and self.real.does(action):
            attempt = Attempt(
                run_id=run.id,
                workflow=task.command.workflow,
                key=task.command.key,
                mode=run.mode,
                number=task.number,
                timeout=task.time_left(self.now()),
            )
            return self.real.call(action, inputs, attempt)
        result = dict(action.example) if mocked.returns is None else mocked.returns
        encode(result)
        return result

    def _tell_deed(
        self, run: Played, task: Attempted, inputs: Mapping[str, Any], result: Any
    ) -> None:
        action, given = task.action, plain(dict(inputs))
        told = f"{_name(task)} {shown(given)} → {shown(result)}"
        if action.effect == "read":
            self.story.tell(str(run.id), told)
            return
        deed = Deed(str(run.id), task.command.path, action.name, given)
        is_new = self.story.add(deed, repeats=action.effect != "once")
        self.story.tell(str(run.id), told if is_new else f"{told} (again, with the same key)")

    # -------------------------------------------------------------------------------- failing

    def _fail(
        self,
        run: Played,
        task: Attempted,
        failed: StepFailed,
        inputs: Mapping[str, Any] | None = None,
        *,
        is_called: bool = True,
    ) -> Outcome:
        """Store the failure, with the time of the next attempt where there is one."""
        if self.real is not None:
            self.real.undo()
        failure = task.failure(failed, is_called=is_called)
        if inputs is not None and failed.maybe_done and _has_effect(task.action):
            given = plain(dict(inputs))
            deed = Deed(str(run.id), task.command.path, task.action.name, given, is_maybe_done=True)
            self.story.add(deed, repeats=task.action.effect != "once")
        run.crash_if_at(task.command.path)
        run.answers.pop(task.command.path, None)
        pause = task.pause(failure, failed, now=self.now(), chance=NO_JITTER)
        due_at = None if pause is None else self.now() + pause
        told = f"{_name(task)} fails: {failure.code}"
        told += " (it may have been done)" if failure.is_maybe_done else ""
        told += "" if pause is None else f"; again in {length(pause)}"
        self.story.tell(str(run.id), told)
        run.store(
            replace(
                task.intent(self.now()),
                status="failed" if pause is None else "retrying",
                attempts=failure.attempts,
                error=failure.as_row(),
                due_at=due_at,
            )
        )
        if pause is None and task.command.once_key is not None:
            by = "unknown" if failure.is_maybe_done else "free"
            self.once.settle(_once_key(run, task), by=by)
        return failure if due_at is None else Waits(due_at)

    def _take_once(self, run: Played, task: Attempted) -> Outcome | None:
        """Claim `once_per`: None when it is ours, else what another run made of it."""
        if task.command.once_key is None:
            return None
        held = self.once.take(_once_key(run, task))
        if held.by == "ours":
            return None
        if held.by == "started":
            return Waits()
        if held.by == "unknown":
            message = "an earlier run may have done this: it is not done again"
            return self._fail(run, task, Permanent("outcome_unknown", message, maybe_done=True))
        run.crash_if_at(task.command.path)
        self.story.tell(str(run.id), f"{_name(task)} was done before for the same once_per")
        entry = task.intent(self.now())
        run.store(replace(entry, status="succeeded", result=held.result, attempts=0))
        return Done(held.result)

    # --------------------------------------------------------------------------------- asking

    def ask(self, run: Played, asking: Asking, *, may_fail: bool) -> Outcome:
        """The question of a poll: `Asked` when it is answered, else when to ask again.

        A question that fails is asked again; for good it fails only where nothing else can end
        the wait (`may_fail`).
        """
        under_way = self._under_way(run, asking.perform.path)
        if under_way is not None:
            return under_way
        task = self._task(run, asking.perform)
        due_at = asking.first_at if task.known is None else task.known.due_at
        if due_at is not None and due_at > self.now():
            return Waits(due_at)
        if problems := self.problems(task.action, plain(task.command.inputs)):
            return self._unanswered(run, task, asking, refused_inputs(problems), may_fail=may_fail)
        inputs = as_json(task.command.inputs)
        if isinstance(pass_gate(task.action, inputs, run.mode, self.destinations), Simulated):
            return self._answered(run, task, asking, dict(task.action.example))
        mocked = self._mocked(run, task.command.path, task.action)

        def finish(late: StepFailed | None) -> Outcome:
            try:
                if late is not None:
                    raise late
                result = self._result(run, task, inputs, mocked)
            except StepFailed as failed:
                return self._unanswered(run, task, asking, failed, may_fail=may_fail)
            return self._answered(run, task, asking, result)

        return self._in_time(run, task, mocked, finish)

    def _unanswered(
        self, run: Played, task: Attempted, asking: Asking, failed: StepFailed, *, may_fail: bool
    ) -> Outcome:
        if may_fail and isinstance(failed, Permanent):
            return task.failure(failed)
        self.story.tell(str(run.id), f"{_name(task)} fails: {failed.code}")
        return self._ask_again(run, task, asking)

    def _answered(self, run: Played, task: Attempted, asking: Asking, result: Any) -> Outcome:
        if asking.is_done(result):
            self.story.tell(str(run.id), f"{_name(task)} → {shown(result)}")
            run.store(replace(task.intent(self.now()), status="succeeded", result=result))
            return Done(Asked(result))
        if task.known is None:
            every = length(asking.every)
            self.story.tell(str(run.id), f"{_name(task)}: not yet, again every {every}")
        return self._ask_again(run, task, asking)

    def _ask_again(self, run: Played, task: Attempted, asking: Asking) -> Outcome:
        again_at = self.now() + asking.every
        run.store(replace(task.intent(self.now()), status="retrying", due_at=again_at))
        return Waits(again_at)


def _has_effect(action: Action) -> bool:
    return action.outward and action.effect != "read"


def _name(task: Attempted) -> str:
    return f"{task.command.path}: {task.action.name}"


def _once_key(run: Played, task: Attempted) -> OnceKey:
    command = task.command
    return OnceKey(
        workflow=command.workflow,
        step_id=command.step.id or command.path,
        digest=once_digest(run.new.mode, str(command.once_key)),
        run_id=run.id,
        path=command.path,
    )
