"""Steps that compute and speak, and ask nothing of the world: from `vars` to `log`."""

from __future__ import annotations

from typing import Any

from hub.engine.advance.commands import ReplyNow
from hub.engine.advance.decisions import Decisions
from hub.engine.advance.failure import Failure
from hub.engine.advance.flow import Continued, Returned
from hub.engine.advance.frame import Frame
from hub.engine.workflow import Continue, Fail, Log, Reply, Return, Vars
from hub.values import plain

_STATUSES = range(200, 600)


class Answering:
    """The small steps of one run."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions
        self._values = decisions.values

    def set_vars(self, frame: Frame, step: Vars, path: str) -> None:
        """`vars:`."""
        self._decisions.set_variables(frame, step.values, path)

    def reply(self, frame: Frame, step: Reply, path: str) -> None:
        """`reply:`: the answer goes out with the next transaction."""
        answer = self._decisions.once(path, "reply", lambda: self._answer(frame, step, path))
        self._decisions.replies.append(ReplyNow(**{**answer, "body": plain(answer["body"])}))

    def end_with(self, frame: Frame, step: Return, path: str) -> None:
        """`return:`; raises `Returned`."""
        answer = self._decisions.once(path, "return", lambda: self._answer(frame, step, path))
        raise Returned(answer["body"], status=answer["status"], headers=answer["headers"])

    def fail(self, frame: Frame, step: Fail, path: str) -> None:
        """`fail:`; raises a final `Failure`, the same one when the run is resumed."""
        entry = self._decisions.journal.get(path)
        if entry is not None and entry.error is not None:
            failure = Failure.from_row(entry.error)
        else:
            failure = Failure(
                step.code,
                self._values.text(frame, step.message, path) or step.code,
                step=path,
                attempts=0,
                status=self._status(frame, step, path),
            )
            self._decisions.journal.note(path, "fail", "failed", error=failure.as_row())
        failure.is_final = True
        raise failure

    def go_on_with(self, frame: Frame, step: Continue, path: str) -> None:
        """`continue:`; raises `Continued` for the step whose handler this is."""
        raise Continued(
            self._decisions.once(
                path, "continue", lambda: self._values.render(frame, step.value, path)
            )
        )

    def log(self, frame: Frame, step: Log, path: str) -> None:
        """`log:`: one line of the timeline; the executor writes it to the log as well."""
        self._decisions.once(
            path,
            "log",
            lambda: self._values.text(frame, step.text, path),
            detail=step.level,
        )

    def _answer(self, frame: Frame, step: Reply | Return, path: str) -> dict[str, Any]:
        headers = self._values.optional(frame, step.headers, path) or {}
        return {
            "body": self._values.render(frame, step.value, path),
            "status": self._status(frame, step, path),
            "headers": {name: str(plain(value)) for name, value in headers.items()},
        }

    def _status(self, frame: Frame, step: Reply | Return | Fail, path: str) -> int | None:
        status = self._values.optional(frame, step.status, path)
        if status is None or (isinstance(status, int) and status in _STATUSES):
            return status
        raise Failure("invalid_input", "a status is a number from 200 to 599", step=path)
