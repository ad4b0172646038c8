"""Why a step did not succeed, as it travels up through handlers to the end of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.engine.expressions import EvaluationError
from hub.errors import StepFailed


class Failure(Exception):
    """The `error` of `on_error`: code, message, step, attempts, status, maybe_done (chapter 8).

    `is_final`: raised by a `fail` step, which no loop of the same workflow takes up.
    `is_cut`: the strand did not fail itself, another one ended it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        step: str = "",
        attempts: int = 1,
        status: int | None = None,
        is_maybe_done: bool = False,
        is_final: bool = False,
        is_cut: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.step = step
        self.attempts = attempts
        self.status = status
        self.is_maybe_done = is_maybe_done
        self.is_final = is_final
        self.is_cut = is_cut

    @classmethod
    def of_step(cls, failed: StepFailed, *, step: str, attempts: int) -> Failure:
        """What an action raised."""
        return cls(
            failed.code,
            failed.message,
            step=step,
            attempts=attempts,
            status=failed.status,
            is_maybe_done=failed.maybe_done,
        )

    @classmethod
    def of_expression(cls, problem: EvaluationError, *, step: str) -> Failure:
        """What an expression met at run time."""
        return cls(problem.code, problem.message, step=step, attempts=0)

    @classmethod
    def from_row(cls, error: Mapping[str, Any]) -> Failure:
        """The failure that a journal entry or a run holds."""
        return cls(
            error["code"],
            error["message"],
            step=error.get("step", ""),
            attempts=error.get("attempts", 1),
            status=error.get("status"),
            is_maybe_done=error.get("maybe_done", False),
        )

    def as_row(self) -> dict[str, Any]:
        """The form of the scope, the journal and the run's row."""
        return {
            "code": self.code,
            "message": self.message,
            "step": self.step,
            "attempts": self.attempts,
            "status": self.status,
            "maybe_done": self.is_maybe_done,
        }
