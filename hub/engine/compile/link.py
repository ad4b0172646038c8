"""The files of a project together: names that must exist, calls in order, routes of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from hub.engine.compile.context import Context
from hub.engine.compile.file import CompiledFile
from hub.engine.expressions.fixed import fixed_names
from hub.engine.findings import Finding, correction, only_candidate
from hub.engine.workflow import (
    Block,
    Call,
    Do,
    Endpoint,
    ForEach,
    Group,
    If,
    Inputs,
    Parallel,
    Step,
    Switch,
    Vars,
    Wait,
    Workflow,
)

MAX_CALL_LEVELS = 16


def all_steps(block: Block) -> Iterator[Step]:
    """The steps of a block and of the blocks inside it, from top to bottom."""
    for step in block:
        yield step
        for inner in inner_blocks(step):
            yield from all_steps(inner)


def inner_blocks(step: Step) -> tuple[Block, ...]:
    """The blocks inside one step."""
    if isinstance(step, If):
        return (*(block for _, block in step.branches), step.otherwise)
    if isinstance(step, Switch):
        return (*(block for _, block in step.cases), step.otherwise or ())
    return (*_bodies(step), *_exits(step))


def _bodies(step: Step) -> tuple[Block, ...]:
    if isinstance(step, ForEach | Group):
        return (step.body,)
    if isinstance(step, Parallel):
        return tuple(block for _, block in step.branches)
    return ()


def _exits(step: Step) -> tuple[Block, ...]:
    """The blocks that are walked only when something went wrong."""
    found = (getattr(step, name, None) for name in ("on_error", "on_timeout", "compensate"))
    return tuple(block for block in found if isinstance(block, tuple))


def steps_without_failure(block: Block) -> Iterator[Step]:
    """The steps that can be reached while nothing fails: those of no handler and no undoing."""
    for step in block:
        yield step
        for inner in inner_blocks(step)[: len(inner_blocks(step)) - len(_exits(step))]:
            yield from steps_without_failure(inner)


def steps_of(workflow: Workflow) -> Iterator[Step]:
    """All steps of a workflow, with those of its `on_error` and `on_cancel`."""
    yield from all_steps(workflow.steps)
    yield from all_steps(workflow.on_error)
    yield from all_steps(workflow.on_cancel)


def actions_of(step: Step) -> Iterator[Do]:
    """The actions that one step itself does: its own, or that of its poll."""
    if isinstance(step, Do):
        yield step
    elif isinstance(step, Wait) and step.poll is not None:
        yield step.poll.ask


def calls_of(workflow: Workflow) -> tuple[Call, ...]:
    """The steps that call a workflow, from top to bottom."""
    return tuple(step for step in steps_of(workflow) if isinstance(step, Call))


def called_names(workflow: Workflow) -> tuple[str, ...]:
    """The workflows that the file calls, each once."""
    return tuple(dict.fromkeys(step.workflow for step in calls_of(workflow)))


@dataclass
class Linker:
    """Finds what one file alone cannot show; `found` are findings by workflow.

    It asks of a workflow its name, its trigger and its calls, and of no other step anything:
    notes hold these (`hub.engine.sketch`).
    """

    files: Mapping[str, CompiledFile]
    context: Context
    found: dict[str, list[Finding]] = field(default_factory=dict)
    _calls: dict[str, tuple[Call, ...]] = field(default_factory=dict)

    def check_names(self) -> None:
        """Unknown workflows (HUB216)."""
        for name in self.files:
            for step in self.calls(name):
                self._check_call(name, step)

    def calls(self, name: str) -> tuple[Call, ...]:
        """The calls of one file."""
        if name not in self._calls:
            workflow = self.files[name].workflow
            self._calls[name] = () if workflow is None else calls_of(workflow)
        return self._calls[name]

    def called(self, name: str) -> tuple[str, ...]:
        """The workflows that one file calls, each once."""
        return tuple(dict.fromkeys(step.workflow for step in self.calls(name)))

    def check_routes(self) -> None:
        """Two workflows at one method and path (HUB620): the later name gives way."""
        owners: dict[tuple[str, str], str] = {}
        for name, file in sorted(self.files.items()):
            endpoint = None if file.workflow is None else file.workflow.trigger
            if not isinstance(endpoint, Endpoint):
                continue
            route = (endpoint.method, re.sub(r"\{[^}]*\}", "{}", endpoint.path))
            owner = owners.setdefault(route, name)
            if owner != name:
                message = f"{endpoint.method} {endpoint.path} belongs to '{owner}' already"
                self._refuse(name, 620, message, endpoint, "path", "auth")

    def in_call_order(self) -> list[str]:
        """Callees before callers; names in a circle or too deep get a finding and are left out."""
        levels: dict[str, int] = {}
        for name in sorted(self.files):
            self._visit(name, (), levels)
        known = [name for name, level in levels.items() if level >= 0]
        return sorted(known, key=lambda name: (levels[name], name))

    def _visit(self, name: str, path: tuple[str, ...], levels: dict[str, int]) -> int:
        """How many levels of calls lie below; -1 for what cannot be called."""
        if name in levels:
            return levels[name]
        file = self.files.get(name)
        if file is None or file.workflow is None:
            return -1
        level = 0
        for step in self.calls(name):
            if level >= 0:
                level = self._level(name, step, (*path, name), levels, level)
        levels[name] = level
        return level

    def _level(
        self, name: str, step: Call, path: tuple[str, ...], levels: dict[str, int], level: int
    ) -> int:
        if step.workflow in path:
            circle = " → ".join([*path[path.index(step.workflow) :], step.workflow])
            self._refuse(
                name, 216, f"the workflows call each other in a circle: {circle}", step, "call"
            )
            return -1
        below = self._visit(step.workflow, path, levels) + 1
        if below > MAX_CALL_LEVELS or len(path) > MAX_CALL_LEVELS:
            message = f"calls go deeper than {MAX_CALL_LEVELS} levels"
            self._refuse(name, 110, message, step, "call")
            return -1
        return max(level, below)

    def _check_call(self, name: str, step: Call) -> None:
        if not step.workflow:
            return
        callee = self.files.get(step.workflow)
        if callee is None:
            message = f"there is no workflow '{step.workflow}'"
            suggestion = correction(step.workflow, self._callable(), what="those with `inputs` are")
            fix = only_candidate(step.workflow, self._callable())
            self._refuse(name, 216, message, step, "call", suggestion=suggestion, fix=fix)
        elif callee.workflow is not None and not isinstance(callee.workflow.trigger, Inputs):
            message = f"'{step.workflow}' cannot be called: only workflows with `inputs` can"
            self._refuse(name, 216, message, step, "call")

    def _callable(self) -> list[str]:
        """The workflows that can be called, as far as they could be read."""
        read = {name: file.workflow for name, file in sorted(self.files.items()) if file.workflow}
        return [name for name, each in read.items() if isinstance(each.trigger, Inputs)]

    def refuse_broken_calls(self, name: str, usable: Mapping[str, Workflow]) -> None:
        """A workflow that calls a broken one is broken too."""
        for step in self.calls(name):
            if step.workflow not in usable and step.workflow in self.files:
                message = f"'{step.workflow}' has errors of its own, so it cannot be called"
                self._refuse(name, 216, message, step, "call")

    def _refuse(
        self,
        name: str,
        code: int,
        message: str,
        compiled: Step | Endpoint,
        *keys: str,
        suggestion: str | None = None,
        fix: str | None = None,
    ) -> None:
        """A finding on the value of the first of the keys that the step has."""
        found = refusal(
            self.files[name], code, message, compiled, *keys, suggestion=suggestion, fix=fix
        )
        self.found.setdefault(name, []).extend(found)


def refusal(
    file: CompiledFile,
    code: int,
    message: str,
    compiled: Step | Endpoint,
    *keys: str,
    suggestion: str | None = None,
    fix: str | None = None,
) -> tuple[Finding, ...]:
    """A finding on the value of the first of the keys that a part has; none without its place."""
    node = file.places.value_of(compiled, *keys)
    if node is None:
        return ()
    found = node.source.finding(
        code, message, start=node.start, end=node.end, suggestion=suggestion, fix=fix
    )
    return (found,)


def linked(workflow: Workflow, version: str, called: Mapping[str, Workflow]) -> Workflow:
    """The workflow with what it calls and its version."""
    return replace(workflow, version=version, called=called, fixed_vars=fixed_vars_of(workflow))


def fixed_vars_of(workflow: Workflow) -> frozenset[str]:
    """The variables of a workflow, wherever they are set, in which there is never any data."""
    steps = [step for step in steps_of(workflow) if isinstance(step, Vars)]
    return fixed_names([*workflow.vars, *(each for step in steps for each in step.values)])
