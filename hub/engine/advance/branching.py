"""`parallel:` and `steps:` — blocks with a time limit and a handler of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.engine.advance.decisions import Decisions
from hub.engine.advance.failure import Failure
from hub.engine.advance.flow import Branch, Fork, Steps
from hub.engine.advance.frame import Frame
from hub.engine.advance.looping import raise_end
from hub.engine.workflow import Block, Group, Parallel


class Branching:
    """Blocks of one run; `run_block(frame, block, trail)` walks their steps."""

    def __init__(
        self, decisions: Decisions, run_block: Callable[[Frame, Block, str], Steps]
    ) -> None:
        self._decisions = decisions
        self._run_block = run_block

    # --------------------------------------------------------------------------------- parallel

    def parallel(self, frame: Frame, step: Parallel, path: str) -> Steps:
        """All branches side by side; gives `failed`. What they did is seen only if all went well.

        With `wait_for: first` it is seen of the branch that was done first.
        """
        journal = self._decisions.journal
        entry = journal.get(path)
        if entry is not None and entry.status == "failed":
            raise Failure.from_row(entry.error or {})
        known = entry.result if entry is not None else None
        first = known.get("first") if known else None
        if entry is None:
            journal.note(path, "parallel", "started", step_id=step.id)
        try:
            result = yield from self._branches(frame, step, path, first)
        except Failure as failure:
            if not failure.is_final:
                journal.note(path, "parallel", "failed", step_id=step.id, error=failure.as_row())
            raise
        journal.note(path, "parallel", "succeeded", step_id=step.id, result=known or result)
        return known or result

    def _branches(self, frame: Frame, step: Parallel, path: str, first: str | None) -> Steps:
        deadline = self._decisions.deadline(frame, step.timeout, path)
        blocks = [each for each in step.branches if first in (None, each[0])]
        frames = [frame.copy(deadline=deadline) for _ in blocks]
        outcomes = yield Fork(
            path=path,
            branches=tuple(
                self._branch(inner, block, f"{_trail(frame, path)}{name}/")
                for inner, (name, block) in zip(frames, blocks, strict=True)
            ),
            limit=len(blocks),
            stops_at="cut" if step.wait_for == "all" else "first",
        )
        raise_end(outcomes)
        if step.wait_for == "first":
            return self._winner(frame, outcomes, list(zip(frames, blocks, strict=True)))
        for outcome in outcomes:
            if isinstance(outcome, Failure) and not outcome.is_cut:
                raise outcome
        for inner in frames:
            frame.take_over(inner)
        return {"failed": 0}

    def _branch(self, frame: Frame, block: Block, trail: str) -> Branch:
        return Branch(frame.prefix + trail, lambda: self._run_block(frame, block, trail))

    def _winner(
        self, frame: Frame, outcomes: list[Any], branches: list[tuple[Frame, tuple[str, Block]]]
    ) -> dict[str, Any]:
        """The first branch that was done without failing; raises when there is none."""
        failures = [each for each in outcomes if isinstance(each, Failure) and not each.is_cut]
        for outcome, (inner, (name, _)) in zip(outcomes, branches, strict=True):
            if not isinstance(outcome, Failure):
                frame.take_over(inner)
                return {"failed": len(failures), "first": name}
        raise failures[0]

    # ------------------------------------------------------------------------------------ steps

    def group(self, frame: Frame, step: Group, path: str) -> Steps:
        """The steps, one after the other; what they gave is seen behind the block too."""
        journal = self._decisions.journal
        if journal.get(path) is None:
            journal.note(path, "steps", "started", step_id=step.id)
        outer = frame.deadline
        frame.deadline = self._decisions.deadline(frame, step.timeout, path)
        try:
            yield from self._run_block(frame, step.body, _trail(frame, path))
        except Failure as failure:
            if not failure.is_final:
                journal.note(path, "steps", "failed", step_id=step.id, error=failure.as_row())
            raise
        finally:
            frame.deadline = outer
        journal.note(path, "steps", "succeeded", step_id=step.id, result={})
        return {}


def _trail(frame: Frame, path: str) -> str:
    return path.removeprefix(frame.prefix) + "/"
