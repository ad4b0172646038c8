"""`for_each:` — the same steps for every item of a list, some of them side by side."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hub.engine.advance.decisions import Decisions
from hub.engine.advance.failure import Failure
from hub.engine.advance.flow import Branch, Fork, Returned, Steps
from hub.engine.advance.frame import Frame
from hub.engine.expressions import OMIT
from hub.engine.workflow import Block, ForEach

MOST_ITEMS = 10_000


class Looping:
    """Loops of one run; `run_block(frame, block)` walks the steps of one item."""

    def __init__(self, decisions: Decisions, run_block: Callable[[Frame, Block], Steps]) -> None:
        self._decisions = decisions
        self._run_block = run_block

    def loop(self, frame: Frame, step: ForEach, path: str) -> Steps:
        """All items; gives `items`, `count`, `failed`. Raises what ends the loop early."""
        journal = self._decisions.journal
        try:
            result = yield from self._items(frame, step, path)
        except Failure as failure:
            if not failure.is_final:  # the end of the whole run is not the failure of this step
                journal.note(path, "for_each", "failed", step_id=step.id, error=failure.as_row())
            raise
        journal.note(path, "for_each", "succeeded", step_id=step.id, result=result)
        return result

    def _items(self, frame: Frame, step: ForEach, path: str) -> Steps:
        entry = self._decisions.journal.get(path)
        items = entry.inputs if entry else self._list(frame, step, path)
        self._decisions.journal.note(path, "for_each", "started", step_id=step.id, inputs=items)
        deadline = self._decisions.deadline(frame, step.timeout, path)
        outcomes = yield Fork(
            path=path,
            branches=tuple(
                self._branch(frame, step, item, prefix=f"{path}[{place}]/", deadline=deadline)
                for place, item in enumerate(items)
            ),
            limit=step.max_parallel,
            stops_at="failure" if step.on_item_error == "fail" else "never",
        )
        return _loop_result(outcomes, step)

    def _branch(
        self, frame: Frame, step: ForEach, item: Any, *, prefix: str, deadline: datetime | None
    ) -> Branch:
        def start() -> Steps:
            if step.max_parallel > 1:  # a resumed loop must know which items had begun
                self._decisions.journal.note(f"{prefix}#item", "item", "succeeded")
            inner = frame.item(step.item_name, item, prefix=prefix, deadline=deadline)
            return self._item(inner, step)

        return Branch(prefix, start)

    def _item(self, frame: Frame, step: ForEach) -> Steps:
        yield from self._run_block(frame, step.body)
        if step.collect is None:
            return OMIT
        return self._decisions.once(
            f"{frame.prefix}#collect", "collect", lambda: self._collected(frame, step)
        ).get("value", OMIT)

    def _collected(self, frame: Frame, step: ForEach) -> dict[str, Any]:
        """What an item gives to `items`; nothing when that is `omit`."""
        if step.collect is None:
            return {}
        value = self._decisions.values.render_or_omit(frame, step.collect, frame.prefix)
        return {} if value is OMIT else {"value": value}

    def _list(self, frame: Frame, step: ForEach, path: str) -> list[Any]:
        items = self._decisions.values.evaluate(frame, step.items, path)
        if not isinstance(items, list):
            raise Failure("invalid_input", "for_each needs a list", step=path, attempts=0)
        if len(items) > MOST_ITEMS:
            raise Failure("invalid_input", f"more than {MOST_ITEMS} items", step=path, attempts=0)
        return items


def raise_end(outcomes: list[Any]) -> None:
    """Raise what ends more than the strands themselves: a `return`, or a `fail`."""
    for outcome in outcomes:
        if isinstance(outcome, Returned) or (isinstance(outcome, Failure) and outcome.is_final):
            raise outcome


def _loop_result(outcomes: list[Any], step: ForEach) -> dict[str, Any]:
    """`items`, `count`, `failed`; raises what ends the loop: a `return`, or the first failure."""
    raise_end(outcomes)
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    if failures and step.on_item_error == "fail":
        raise failures[0]
    items = [each for each in outcomes if each is not OMIT and not isinstance(each, Failure)]
    return {"items": items, "count": len(outcomes), "failed": len(failures)}
