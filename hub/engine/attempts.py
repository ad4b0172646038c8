"""What one attempt at an action may and must do, decided from the journal alone (E6 to E9). Pure.

Whoever performs actions asks here: the executor's performer, and the stage of `hub test`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from hub.action import Action
from hub.engine.advance.commands import Perform
from hub.engine.advance.failure import Failure
from hub.engine.advance.journal import Entry
from hub.engine.retry import next_pause
from hub.errors import PayloadProblem, Permanent, StepFailed, Transient
from hub.values import plain

_MOST_TOLD = 5


@dataclass
class Attempted:
    """One command at its next attempt; `known` is its entry in the journal, if there is one."""

    command: Perform
    action: Action
    known: Entry | None

    @property
    def made(self) -> int:
        """How many attempts were begun before."""
        return self.known.attempts if self.known else 0

    @property
    def number(self) -> int:
        """Which attempt this is, from 1."""
        return self.made + 1

    @property
    def delivery(self) -> str:
        """`at_most_once` or `at_least_once`: what the step says, else what fits the effect."""
        fitting = "at_most_once" if self.action.effect == "once" else "at_least_once"
        return self.command.step.delivery or fitting

    @property
    def is_in_doubt(self) -> bool:
        """Whether an earlier owner died between intent and result of what must not be repeated."""
        is_begun = self.known is not None and self.known.status == "started"
        return is_begun and self.action.outward and self.delivery == "at_most_once"

    @property
    def was_maybe_done(self) -> bool:
        """Whether an earlier attempt may have had its effect."""
        if self.known is None or not self.action.outward or self.action.effect == "read":
            return False
        return self.known.status == "started" or bool((self.known.error or {}).get("maybe_done"))

    def intent(self, began_at: datetime) -> Entry:
        """What the journal holds while the attempt is under way."""
        return Entry(
            path=self.command.path,
            kind="do",
            status="started",
            step_id=self.command.step.id,
            action=self.command.step.action,
            attempts=self.number,
            inputs=self.command.inputs,
            key=self.command.key,
            began_at=began_at,
        )

    def time_left(self, now: datetime) -> timedelta:
        """What this attempt may take (E9)."""
        command = self.command
        timeout = command.timeout or self.action.timeout
        return timeout if command.deadline is None else min(timeout, command.deadline - now)

    def failure(self, failed: StepFailed, *, is_called: bool = True) -> Failure:
        """What the action raised, with what earlier attempts left open.

        Not `is_called`: it failed before this attempt began.
        """
        attempts = self.number if is_called else self.made
        failure = Failure.of_step(failed, step=self.command.path, attempts=attempts)
        failure.is_maybe_done = failure.is_maybe_done or self.was_maybe_done
        return failure

    def pause(
        self, failure: Failure, failed: StepFailed, *, now: datetime, chance: float
    ) -> timedelta | None:
        """How long until the next attempt; None: there is none, or it would come too late."""
        command = self.command
        pause = next_pause(
            command.step.retry,
            attempts=failure.attempts,
            is_retryable=isinstance(failed, Transient)
            if command.retry_if is None
            else command.retry_if(failure),
            is_safe=not (self.delivery == "at_most_once" and failure.is_maybe_done),
            retry_after=failed.retry_after,
            chance=chance,
        )
        if pause is None or command.deadline is None:
            return pause
        return pause if now + pause < command.deadline else None


def once_digest(mode: str, key: str) -> bytes:
    """The digest of a `once_per` key.

    Simulated runs have keys of their own: they must not keep a live one from working.
    """
    return sha256(f"{mode}:{key}".encode()).digest()


def too_late() -> Permanent:
    """The step's own time was over before it could begin."""
    return Permanent("timeout", "the time of the enclosing step is up")


def doubt() -> Permanent:
    """What becomes of an attempt whose owner died in it, where it must not be repeated (E8)."""
    return Permanent(
        "outcome_unknown",
        "the worker died during the call: nobody knows whether it was done",
        maybe_done=True,
    )


def refused_inputs(problems: Sequence[PayloadProblem]) -> Permanent:
    """Inputs that the action's schema does not take."""
    told = "; ".join(
        f"{each.pointer or 'inputs'}: {each.message}" for each in problems[:_MOST_TOLD]
    )
    return Permanent("invalid_input", told)


def as_json(inputs: Any) -> Any:
    """Inputs with dates as text; secrets stay references."""
    if type(inputs) is str:  # as most are
        return inputs
    if isinstance(inputs, dict):
        return {name: as_json(value) for name, value in inputs.items()}
    if isinstance(inputs, list | tuple):
        return [as_json(value) for value in inputs]
    return plain(inputs) if isinstance(inputs, datetime | timedelta) else inputs
