"""What can be wrong with an expression: its text, or a value it met while running."""

from __future__ import annotations


class ExpressionError(Exception):
    """The text is no expression of the language. Offsets count characters of that text.

    `code` is the finding's number (`HUB301`), `message` names the remedy; `fix` is what to write
    instead of the characters from `fix_start` (or `start`) to `end`.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        start: int,
        end: int,
        fix: str | None = None,
        fix_start: int | None = None,
    ) -> None:
        super().__init__(message)
        self.fix = fix
        self.fix_start = start if fix_start is None else fix_start
        self.code = code
        self.message = message
        self.start = start
        self.end = end

    def moved(self, distance: int) -> ExpressionError:
        """The same error in a text that begins `distance` characters earlier."""
        return ExpressionError(
            self.code,
            self.message,
            start=self.start + distance,
            end=self.end + distance,
            fix=self.fix,
            fix_start=self.fix_start + distance,
        )


class EvaluationError(Exception):
    """An expression met a value it cannot work with. `code` is an error code of workflows."""

    def __init__(self, message: str, *, start: int, end: int, code: str = "invalid_input") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end


class MissingValue(EvaluationError):
    """A value that is not there was needed; `path` names the first missing field."""

    def __init__(self, path: str, *, start: int, end: int) -> None:
        super().__init__(f"{path} is missing", start=start, end=end, code="missing_value")
        self.path = path


class Fault(Exception):
    """Inside this package: an operation refuses its operands; the evaluator adds the position."""
