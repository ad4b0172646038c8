"""What all kinds of steps need to decide: facts, values, and a journal that remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from hub.engine.advance.commands import ReplyNow
from hub.engine.advance.evaluation import Evaluation
from hub.engine.advance.failure import Failure
from hub.engine.advance.frame import Facts, Frame, earliest
from hub.engine.advance.journal import Journal
from hub.engine.expressions import OMIT, CompiledValue, Expression
from hub.engine.typed import typed
from hub.engine.workflow import Do, Step


class Decisions:
    """Each decision is made once, noted, and read from the journal ever after."""

    def __init__(self, facts: Facts, journal: Journal) -> None:
        self.facts = facts
        self.journal = journal
        self.values = Evaluation(facts)
        self.replies: list[ReplyNow] = []

    def once(
        self, path: str, kind: str, compute: Callable[[], Any], *, detail: str | None = None
    ) -> Any:
        """The stored decision, or a new one that is noted."""
        entry = self.journal.ended(path)
        if entry is not None:
            return entry.result
        value = compute()
        self.journal.note(path, kind, "succeeded", result=value, action=detail)
        return value

    def deadline(self, frame: Frame, timeout: CompiledValue | None, path: str) -> datetime | None:
        """When the time of a step with `timeout` is up, and not later than what encloses it."""
        duration = self.values.duration(frame, timeout, path)
        if duration is None:
            return frame.deadline
        until = self.once(f"{path}.until", "timeout", lambda: self.facts.timer() + duration)
        return earliest([frame.deadline, until])

    def holds(
        self, frame: Frame, condition: Expression, path: str, extra: Mapping[str, Any]
    ) -> bool:
        """A condition on something that came from outside; one that cannot be told is not true."""
        try:
            return self.values.truth(frame, condition, path, extra)
        except Failure:
            return False

    def as_values(self, step: Step, result: Any) -> Any:
        """A stored result as expressions see it: an action's is JSON, its dates become dates."""
        if isinstance(step, Do):
            return typed(result, self.facts.actions[step.action].output_schema)
        return result

    def set_variables(
        self, frame: Frame, values: tuple[tuple[str, CompiledValue], ...], path: str
    ) -> None:
        """Variables in their order; later ones see earlier ones, `omit` leaves one out."""
        if not values:
            return

        def compute() -> dict[str, Any]:
            computed: dict[str, Any] = {}
            for name, value in values:
                rendered = self.values.render_or_omit(frame, value, path)
                if rendered is not OMIT:
                    frame.variables[name] = computed[name] = rendered
            return computed

        frame.variables.update(self.once(path, "vars", compute))
