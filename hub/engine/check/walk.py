"""One walk over the steps: what each step sees, what it adds, where no way goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hub.action import Action
from hub.engine.check.reasons import Reasons, Whereabouts
from hub.engine.check.state import (
    Way,
    all_unsure,
    field_of,
    fields_of,
    meet,
    with_field,
    with_unsure_field,
    within,
)
from hub.engine.check.values import Values
from hub.engine.expressions import Type, TypeEnv, narrow
from hub.engine.expressions.types import union_of
from hub.engine.workflow import Block, OnError, Step, Workflow
from hub.engine.yaml_profile import Mapping as MappingNode

Walker = Callable[["Walk", Any, TypeEnv], Way]


@dataclass(frozen=True)
class Outcome:
    """What a caller may expect of a workflow: the type it returns, the codes it fails with.

    `shortest`: how long it waits at least before it returns.
    """

    returned: Type
    codes: tuple[str, ...] = ()
    shortest: timedelta = timedelta()


@dataclass(frozen=True)
class Exit:
    """What happens where a step fails or its time is over.

    `state` is the state that leaves the step without a result; `names` are those that only the
    handler sees.
    """

    handler: OnError
    state: str
    names: Mapping[str, Type] = field(default_factory=dict)


@dataclass
class Walk:
    """Walks the steps of one workflow; `returned` are the types of its `return` values."""

    values: Values
    workflow: Workflow
    actions: Mapping[str, Action]
    called: Mapping[str, Workflow]
    results: Mapping[str, Outcome]
    files: Mapping[str, str]
    walkers: Mapping[type[Step], Walker]
    returned: list[Type] = field(default_factory=list)
    _set: list[tuple[str, str, Type]] = field(default_factory=list)
    _continued: list[list[tuple[TypeEnv, Type]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._whereabouts = Whereabouts.of(self.workflow)

    # ------------------------------------------------------------------------------ the ways

    def block(self, block: Block, env: TypeEnv) -> Way:
        """One step after the other; nothing may stand after a step that always ends the run."""
        way: Way = env
        for step in block:
            if way is None:
                message = "this step is never reached: the one before always ends the run"
                self.values.refuse(320, message, self.node(step))
                return None
            way = self.step(step, way)
        return way

    def step(self, step: Step, env: TypeEnv) -> Way:
        """One step with its condition."""
        env = self._with_reasons(env, step)
        walker = self.walkers[type(step)]
        if step.condition is None:
            return walker(self, step, env)
        self.values.condition(step.condition, env)
        done = walker(self, step, narrow(step.condition, env, truth=True))
        skipped = narrow(step.condition, env, truth=False)
        own = None if done is None or step.id is None else field_of(done, "steps", step.id)
        if step.id is not None and own is not None:
            states = frozenset({"skipped"})
            skipped = with_unsure_field(skipped, "steps", step.id, own.type, states)
        return meet([done, skipped])

    def aside(self, block: Block, env: TypeEnv) -> None:
        """A block whose results nobody else sees: what undoes a step."""
        mark = self.mark()
        self.block(block, env)
        self.forget(mark)

    def leave(self, value: Type, env: TypeEnv) -> None:
        """`continue:` the way goes on behind the step whose handler this is."""
        if self._continued:
            self._continued[-1].append((env, value))

    def after(
        self, step: Any, env: TypeEnv, output: Type, exits: Sequence[Exit], *, done: Way, since: int
    ) -> Way:
        """The ways behind a step that can fail.

        `done` is the place where all went well, `since` the mark from before its own steps.
        """
        self.values.duration(step.timeout, env, what="`timeout`")
        behind = None if done is None else self.result(done, step, output)
        ways: list[Way] = [behind]
        for each in exits:
            ways.extend(self._exit(step, env, output, each, since))
        undoing: Block = getattr(step, "compensate", ())
        if behind is not None and undoing:
            self.aside(undoing, behind)
        return meet(ways)

    def _exit(
        self, step: Any, env: TypeEnv, output: Type, leaving: Exit, since: int
    ) -> list[TypeEnv]:
        """The ways on from where a step failed; after a handler that ends, the failure goes on."""
        unsure = self.may_have(env, since)
        if leaving.handler == "continue":
            if step.id is None:
                return [unsure]
            states = frozenset({leaving.state})
            return [with_unsure_field(unsure, "steps", step.id, output, states)]
        if not isinstance(leaving.handler, tuple):
            return []
        self._continued.append([])
        self.block(leaving.handler, unsure.with_names(leaving.names))
        return [
            self.result(within(inner, unsure), step, value)
            for inner, value in self._continued.pop()
        ]

    # --------------------------------------------------------------------- what has been set

    def result(self, env: TypeEnv, step: Step, kind: Type) -> TypeEnv:
        """The place where the step's result is there."""
        return env if step.id is None else self.set(env, "steps", step.id, kind)

    def set(self, env: TypeEnv, owner: str, name: str, kind: Type) -> TypeEnv:
        """The place where a result or a var is there."""
        self._set.append((owner, name, kind))
        return with_field(env, owner, name, kind)

    def mark(self) -> int:
        """How much has been set so far."""
        return len(self._set)

    def forget(self, mark: int) -> None:
        """What was set since then is seen nowhere else."""
        del self._set[mark:]

    def may_have(self, env: TypeEnv, since: int = 0) -> TypeEnv:
        """The place that is reached from any of those since the mark: all may be missing."""
        for owner, name, kind in self._set[since:]:
            known = field_of(env, owner, name)
            both = kind if known is None else union_of((known.type, kind))
            env = with_unsure_field(env, owner, name, both)
        return env

    def handler_env(self, start: TypeEnv, names: Mapping[str, Type]) -> TypeEnv:
        """What the last steps of a workflow see: every earlier result may be missing."""
        env = all_unsure(all_unsure(self.may_have(start), "steps"), "vars")
        return env.with_names(names)

    # ------------------------------------------------------------------------------- places

    def _with_reasons(self, env: TypeEnv, here: Step) -> TypeEnv:
        """Why the results of other steps cannot be seen from here (HUB202)."""
        known = env.why.known if isinstance(env.why, Reasons) else env.why
        why = Reasons(known, self._whereabouts, here, fields_of(env, "steps"))
        return replace(env, why=why)

    def node(self, step: Any, *keys: str) -> Any:
        """The value of the first of these keys that the step has."""
        return self.values.places.value_of(step, *keys)

    def key_node(self, step: Any, *keys: str) -> Any:
        """The first of these keys that the step has; the whole step without any."""
        node = self.node(step)
        entries = (node.get(key) for key in keys) if isinstance(node, MappingNode) else ()
        return next((entry.key for entry in entries if entry is not None), node)

    def inputs_place(self, step: Any, word: str, given: str = "with") -> Any:
        """Where to tell of a missing input: the key `given`, or else the value of `word`."""
        node = self.node(step)
        entry = node.get(given) if isinstance(node, MappingNode) else None
        return self.node(step, word) if entry is None else entry.key
