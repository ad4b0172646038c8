"""Values of expressions inside a frame; what they cannot do becomes a `Failure` of the step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hub.engine.advance.failure import Failure
from hub.engine.advance.frame import Facts, Frame
from hub.engine.expressions import (
    OMIT,
    CompiledValue,
    EvaluationError,
    Expression,
    evaluate,
    render_value,
)
from hub.values import parse_duration, plain


def as_text(value: Any) -> str:
    """A value as keys, messages and cases have it: as it stands in a text, else as JSON."""
    written = plain(value)
    return written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)


class Evaluation:
    """Evaluates with the facts of one run."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def evaluate(
        self,
        frame: Frame,
        expression: Expression,
        path: str,
        extra: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value of an expression; raises `Failure` with the code of the fault."""
        try:
            return evaluate(expression, frame.scope(self._facts, extra))
        except EvaluationError as problem:
            raise Failure.of_expression(problem, step=path) from problem

    def truth(
        self,
        frame: Frame,
        expression: Expression,
        path: str,
        extra: Mapping[str, Any] | None = None,
    ) -> bool:
        """The value of a condition, which is true or false and nothing else."""
        value = self.evaluate(frame, expression, path, extra)
        if not isinstance(value, bool):
            raise Failure(
                "invalid_input", "a condition must be true or false", step=path, attempts=0
            )
        return value

    def render(
        self,
        frame: Frame,
        value: CompiledValue,
        path: str,
        extra: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value with its `${{ }}` filled in; `omit` where nothing can be left out is null."""
        rendered = self.render_or_omit(frame, value, path, extra)
        return None if rendered is OMIT else rendered

    def render_or_omit(
        self,
        frame: Frame,
        value: CompiledValue,
        path: str,
        extra: Mapping[str, Any] | None = None,
    ) -> Any:
        """The same, with `OMIT` for a value that is to be left out."""
        try:
            return render_value(value, frame.scope(self._facts, extra))
        except EvaluationError as problem:
            raise Failure.of_expression(problem, step=path) from problem

    def optional(self, frame: Frame, value: CompiledValue | None, path: str) -> Any:
        """The same for a key that may be left out."""
        return None if value is None else self.render(frame, value, path)

    def text(self, frame: Frame, value: CompiledValue | None, path: str) -> str | None:
        """The value as text, for keys and messages."""
        rendered = self.optional(frame, value, path)
        return None if rendered is None else as_text(rendered)

    def duration(self, frame: Frame, value: CompiledValue | None, path: str) -> timedelta | None:
        """The value as a duration."""
        rendered = self.optional(frame, value, path)
        if rendered is None or isinstance(rendered, timedelta):
            return rendered
        try:
            return parse_duration(str(rendered))
        except ValueError as problem:
            raise Failure("invalid_input", str(problem), step=path, attempts=0) from problem
