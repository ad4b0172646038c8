"""`compensate:` — a run that fails or is cancelled is undone, last one first (chapter 9).

What a step with `compensate` sees is noted. At the end of the run those of these
steps that succeeded are undone: whoever goes on with the run finds everything in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hub.engine.advance.decisions import Decisions
from hub.engine.advance.failure import Failure
from hub.engine.advance.flow import Steps
from hub.engine.advance.frame import Frame
from hub.engine.advance.journal import Entry
from hub.engine.compile.link import all_steps, steps_of
from hub.engine.workflow import Block, Call, Do, Group, Workflow

UNDO = "#undo"
_FAILED = "#failed"  # where the journal says why the run ends; a `cut`, which no new run takes over
Undoable = Do | Call | Group


class Undoing:
    """Compensations of one run of `root`. `failed`: the first that failed for good, if one did.

    `is_over`: the run does nothing more that would be undone.
    """

    def __init__(
        self, decisions: Decisions, run_block: Callable[[Frame, Block, str], Steps]
    ) -> None:
        self._decisions = decisions
        self._run_block = run_block
        self.root: Workflow | None = None
        self.is_active = False
        self.is_over = False
        self.failed: Failure | None = None

    def register(self, frame: Frame, step: Undoable, path: str) -> None:
        """Note what the step sees: before it is done, a block or a call behind its own steps."""
        is_known = self._decisions.journal.get(path + UNDO) is not None
        if not step.compensate or is_known or self.is_over:
            return
        outer = self._outer_names(frame.workflow)
        known = {
            "step": step.id,
            "workflow": frame.workflow.name,
            "prefix": frame.prefix,
            "names": {name: value for name, value in frame.names.items() if name not in outer},
            "steps": dict(frame.results),
            "vars": dict(frame.variables),
            "inside": _inside(frame, step),
        }
        self._decisions.journal.note(path + UNDO, "undo", "started", inputs=known)

    def why(self) -> Failure | None:
        """What the run failed with by itself, once that was noted."""
        entry = self._decisions.journal.get(_FAILED)
        return None if entry is None else Failure.from_row(entry.error or {})

    def begin(self, workflow: Workflow, failure: Failure) -> None:
        """A run that has had its turn fails: it ends with this, whatever comes behind it."""
        journal = self._decisions.journal
        if workflow.on_error or any(each.path.endswith(UNDO) for each in journal.entries()):
            journal.note(_FAILED, "cut", "failed", error=failure.as_row())

    def undo(self, workflow: Workflow) -> Steps:
        """Undo what was done; what cannot be undone is remembered, the others are undone.

        What is done afterwards, in the last handlers of the run, is not undone.
        """
        self.is_over = True
        journal = self._decisions.journal
        was_active, self.is_active = self.is_active, True
        for entry in [each for each in journal.entries() if each.path.endswith(UNDO)][::-1]:
            done = journal.get(entry.path.removesuffix(UNDO))
            if done is None or done.status != "succeeded":
                continue
            if entry.status == "failed":
                self.failed = self.failed or Failure.from_row(entry.error or {})
            elif entry.status == "started":
                yield from self._undo_one(workflow, entry, done)
        self.is_active = was_active

    def _undo_one(self, workflow: Workflow, entry: Entry, done: Entry) -> Steps:
        journal, known = self._decisions.journal, entry.inputs
        owner, step = _find(workflow, known["workflow"], known["step"])
        frame = Frame(
            workflow=owner,
            prefix=known["prefix"],
            names={**self._outer_names(owner), **known["names"]},
            results={**known["steps"]},
            variables=dict(known["vars"]),
        )
        frame.results[known["step"]] = self._decisions.as_values(step, done.result)
        try:
            yield from self._run_block(frame, step.compensate, f"{known['step']}.undo/")
        except Failure as failure:
            self.failed = self.failed or failure
            journal.note(entry.path, "undo", "failed", error=failure.as_row())
        else:
            journal.note(entry.path, "undo", "succeeded")

    def _outer_names(self, owner: Workflow) -> dict[str, Any]:
        """What all steps of a workflow see: of a called one only what is shared."""
        facts = self._decisions.facts
        return {**(facts.names if owner is self.root else {}), **facts.shared}


def _inside(frame: Frame, step: Undoable) -> list[str]:
    """The paths of the steps that a block holds: to begin again with it is to do them again."""
    body = step.body if isinstance(step, Group) else ()
    return [frame.prefix + each.id for each in all_steps(body) if each.id]


def _find(root: Workflow, name: str, step_id: str) -> tuple[Workflow, Undoable]:
    """The workflow of this name in the run's tree of calls, and its step."""
    owner = next(each for each in _tree(root) if each.name == name)
    for step in steps_of(owner):
        if step.id == step_id and isinstance(step, Do | Call | Group):
            return owner, step
    raise LookupError(f"{name} has no step {step_id}")


def _tree(workflow: Workflow) -> Iterator[Workflow]:
    yield workflow
    for called in workflow.called.values():
        yield from _tree(called)
