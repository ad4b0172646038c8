"""The ways through the steps: what each step sees, what it adds, where no way goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.action import Action
from hub.engine.check.scope import RESERVED, error_type, fields_schema
from hub.engine.check.state import Way, fields_of, meet, with_field, with_unsure_field
from hub.engine.check.switching import check_cases
from hub.engine.check.values import Values
from hub.engine.compile.link import all_steps, steps_of
from hub.engine.expressions import (
    Literal,
    ObjectOf,
    Template,
    Type,
    TypeEnv,
    narrow,
    type_from_schema,
)
from hub.engine.expressions.types import (
    ANYTHING,
    Anything,
    Integer,
    ListType,
    Null,
    ObjectType,
    describe,
    is_nullable,
    is_secret,
    members_of,
    object_type,
    union_of,
    without,
)
from hub.engine.workflow import (
    Block,
    Call,
    Do,
    Endpoint,
    Fail,
    ForEach,
    If,
    Inputs,
    Log,
    OnError,
    Reply,
    Return,
    Step,
    Switch,
    Vars,
    Workflow,
)
from hub.engine.yaml_profile import Mapping as MappingNode


@dataclass(frozen=True)
class Outcome:
    """What a caller may expect of a workflow: the type it returns, the codes it fails with."""

    returned: Type
    codes: tuple[str, ...] = ()


@dataclass
class Flow:
    """Walks the steps of one workflow; `returned` are the types of its `return` values."""

    values: Values
    workflow: Workflow
    actions: Mapping[str, Action]
    called: Mapping[str, Workflow]
    results: Mapping[str, Outcome]
    files: Mapping[str, str]
    returned: list[Type] = field(default_factory=list)

    def block(self, block: Block, env: TypeEnv) -> Way:
        """One step after the other; nothing may stand after a step that always ends the run."""
        way: Way = env
        for step in block:
            if way is None:
                message = "this step is never reached: the one before always ends the run"
                self.values.refuse(320, message, self._node(step))
                return None
            way = self.step(step, way)
        return way

    def step(self, step: Step, env: TypeEnv) -> Way:
        """One step with its condition."""
        env = self._with_reasons(env, step)
        if step.condition is None:
            return _WALKERS[type(step)](self, step, env)
        self.values.condition(step.condition, env)
        done = _WALKERS[type(step)](self, step, narrow(step.condition, env, truth=True))
        return meet([done, narrow(step.condition, env, truth=False)])

    def _with_reasons(self, env: TypeEnv, here: Step) -> TypeEnv:
        """Why the results of other steps cannot be seen from here (HUB202)."""
        visible = fields_of(env, "steps")
        why = dict(env.why)
        for step in steps_of(self.workflow):
            if step.id is None or step.id in visible:
                continue
            line = step.position.line
            if step is here:
                why[f"steps.{step.id}"] = "it is this step itself"
            elif line > here.position.line:
                why[f"steps.{step.id}"] = f"it comes later, in line {line}"
            else:
                why[f"steps.{step.id}"] = f"it stands in another branch or a loop, in line {line}"
        return TypeEnv(env.names, env.present, why)

    # ------------------------------------------------------------------------------- do, call

    def do(self, step: Do, env: TypeEnv) -> Way:
        """`do:` its inputs, its result, its handler."""
        action = self.actions.get(step.action)
        kind = self.values.value(step.inputs, env)
        if action is not None:
            place = self._inputs_key(step, "do")
            self.values.inputs(step.inputs, kind, action.input_schema, place=place)
            self._guarded_inputs(step, action, kind)
            self._templates(step, action)
        self.values.key(step.once_per, env, what="`once_per`")
        self.values.key(step.idempotency_key, env, what="`idempotency_key`")
        codes = action.errors if action else None
        output = ANYTHING if action is None else type_from_schema(action.output_schema)
        return self._fallible(step, env, output, codes)

    def call(self, step: Call, env: TypeEnv) -> Way:
        """`call:` its inputs against the callee's, its result."""
        callee = self.called.get(step.workflow)
        kind = self.values.open_value(step.inputs, env, what="the inputs of a workflow")
        if callee is None or not isinstance(callee.trigger, Inputs):
            return self._fallible(step, env, ANYTHING, ())
        schema = fields_schema(callee.trigger.fields)
        self.values.inputs(step.inputs, kind, schema, place=self._inputs_key(step, "call"))
        outcome = self.results.get(callee.name, Outcome(ANYTHING))
        return self._fallible(step, env, outcome.returned, outcome.codes)

    def _guarded_inputs(self, step: Do, action: Action, kind: Type) -> None:
        """Secrets only where the action takes them (HUB501), literals where it wants them."""
        fields = kind.fields if isinstance(kind, ObjectType) else {}
        for name, each in fields.items():
            if is_secret(each.type) and name not in action.secret_inputs:
                message = f"`{name}` of {action.name} does not take secrets"
                self.values.refuse(501, message, self._input(step, name))
        entries = dict(step.inputs.entries) if isinstance(step.inputs, ObjectOf) else {}
        for name in (*action.literal_inputs, *action.template_inputs):
            if isinstance(entries.get(name), Template):
                message = f"`{name}` of {action.name} is fixed: an expression cannot stand here"
                suggestion = "give values as `params`" if "params" in fields else None
                node = self._input(step, name)
                self.values.refuse(503, message, node, suggestion=suggestion)

    def _templates(self, step: Do, action: Action) -> None:
        for name in action.template_inputs:
            path = self._literal_input(step, name)
            if isinstance(path, str) and (
                not path.startswith("templates/") or path not in self.files
            ):
                self.values.refuse(403, f"there is no file {path}", self._input(step, name))

    def _literal_input(self, step: Do, name: str) -> Any:
        if isinstance(step.inputs, Literal):
            return step.inputs.value.get(name)
        entries = dict(step.inputs.entries) if isinstance(step.inputs, ObjectOf) else {}
        value = entries.get(name)
        return value.value if isinstance(value, Literal) else None

    def _fallible(
        self, step: Do | Call | ForEach, env: TypeEnv, output: Type, codes: tuple[str, ...] | None
    ) -> Way:
        """The ways after a step that can fail."""
        self.values.duration(step.timeout, env, what="`timeout`")
        in_error = env.with_names({"error": error_type(codes)})
        retry = getattr(step, "retry", None)
        if retry is not None and retry.only_if is not None:
            self.values.condition(retry.only_if, in_error)
        self._handler(step.on_error, in_error)
        if step.id is None:
            return env
        if step.on_error == "continue":
            return with_unsure_field(env, "steps", step.id, output)
        return with_field(env, "steps", step.id, output)

    def _handler(self, on_error: OnError, env: TypeEnv) -> None:
        """The steps of `on_error`; after them the failure goes on, so no way comes back."""
        if isinstance(on_error, tuple):
            self.block(on_error, env)

    # -------------------------------------------------------------------------------- branches

    def if_then(self, step: If, env: TypeEnv) -> Way:
        """The ways through the branches, and past them all."""
        ways: list[Way] = []
        for condition, block in step.branches:
            self.values.condition(condition, env)
            ways.append(self.block(block, narrow(condition, env, truth=True)))
            env = narrow(condition, env, truth=False)
        ways.append(self.block(step.otherwise, env))
        return meet(ways)

    def switch(self, step: Switch, env: TypeEnv) -> Way:
        """The ways through the cases; there is none past them (HUB322)."""
        kind = self.values.decision(step.subject, env)
        check_cases(self.values, step, kind)
        blocks = [block for _, block in step.cases]
        if step.otherwise is not None:
            blocks.append(step.otherwise)
        return meet([self.block(block, env) for block in blocks]) if blocks else env

    def for_each(self, step: ForEach, env: TypeEnv) -> Way:
        """The body sees the item; afterwards only the collected values are seen."""
        kind = self.values.decision(step.items, env)
        item = self._item_type(step, kind)
        if step.item_name in RESERVED or step.item_name in env.names:
            message = f"the name '{step.item_name}' is taken"
            self.values.refuse(217, message, self._node(step, "for_each"))
        inside = self.block(step.body, env.with_names({step.item_name: item}))
        result: dict[str, Type] = {"count": Integer(), "failed": Integer()}
        if step.collect is not None:
            last = env if inside is None else inside
            collected = self.values.open_value(step.collect, last, what="`collect`")
            result["items"] = ListType(collected)
        codes = self.codes(step.body)
        return self._fallible(step, env, object_type(result), codes)

    def _item_type(self, step: ForEach, kind: Type) -> Type:
        node = self._node(step, "for_each")
        if is_nullable(kind):
            message = "the list may be null"
            self.values.refuse(210, message, node, suggestion="use `| default([])`")
        items: list[Type] = []
        for member in members_of(without(kind, Null)):
            if isinstance(member, ListType):
                items.append(member.item)
            elif not isinstance(member, Anything):
                message = f"`for_each` goes over a list, this is {describe(member)}"
                self.values.refuse(206, message, node)
        return union_of(items) if items else ANYTHING

    # ---------------------------------------------------------------------------------- others

    def vars(self, step: Vars, env: TypeEnv) -> Way:
        """Each name is set once on every way (HUB218)."""
        node = self._node(step, "vars")
        for name, value in step.values:
            kind = self.values.open_value(value, env, what="a var")
            if name in fields_of(env, "vars"):
                entry = node.get(name) if isinstance(node, MappingNode) else None
                message = f"'{name}' is set already"
                self.values.refuse(218, message, entry.key if entry else node)
            env = with_field(env, "vars", name, kind)
        return env

    def reply(self, step: Reply, env: TypeEnv) -> Way:
        """An answer needs somebody who asked (HUB616)."""
        self._answer(step, env, "reply")
        if not isinstance(self.workflow.trigger, Endpoint):
            message = "`reply` needs an endpoint: nobody waits for an answer here"
            suggestion = "use `return`" if isinstance(self.workflow.trigger, Inputs) else None
            self.values.refuse(616, message, self._node(step), suggestion=suggestion)
        return env

    def return_(self, step: Return, env: TypeEnv) -> Way:
        """The end of the run."""
        self.returned.append(self._answer(step, env, "return"))
        if not isinstance(self.workflow.trigger, Endpoint):
            for key, value in (("status", step.status), ("headers", step.headers)):
                if value is not None:
                    message = f"`{key}` needs an endpoint: there is no HTTP answer here"
                    self.values.refuse(616, message, self._node(step, key))
        return None

    def _answer(self, step: Reply | Return, env: TypeEnv, what: str) -> Type:
        self.values.status(step.status, env)
        self.values.headers(step.headers, env)
        return self.values.open_value(step.value, env, what=f"a {what}")

    def fail(self, step: Fail, env: TypeEnv) -> Way:
        """The end of the run, as a failure."""
        self.values.key(step.message, env, what="`message`")
        self.values.status(step.status, env)
        return None

    def log(self, step: Log, env: TypeEnv) -> Way:
        """A line of text."""
        self.values.log_line(step.text, env)
        return env

    def codes(self, block: Block) -> tuple[str, ...] | None:
        """Codes that a block can fail with, besides the standard ones; None: not all are known."""
        codes: dict[str, None] = {}
        for step in all_steps(block):
            if isinstance(step, Do):
                if step.action not in self.actions:
                    return None
                codes.update(dict.fromkeys(self.actions[step.action].errors))
            elif isinstance(step, Call) and step.workflow in self.results:
                codes.update(dict.fromkeys(self.results[step.workflow].codes))
            elif isinstance(step, Fail):
                codes[step.code] = None
        return tuple(codes)

    def _node(self, step: Step, *keys: str) -> Any:
        return self.values.places.value_of(step, *keys)

    def _inputs_key(self, step: Do | Call, word: str) -> Any:
        """Where to tell of a missing input: the key `with`, or what is done where there is none."""
        node = self._node(step)
        entry = node.get("with") if isinstance(node, MappingNode) else None
        return self._node(step, word) if entry is None else entry.key

    def _input(self, step: Do, name: str) -> Any:
        node = self._node(step, "with")
        entry = node.get(name) if isinstance(node, MappingNode) else None
        return entry.value if entry is not None else node


_WALKERS: dict[type[Step], Callable[[Flow, Any, TypeEnv], Way]] = {
    Do: Flow.do,
    Call: Flow.call,
    If: Flow.if_then,
    Switch: Flow.switch,
    ForEach: Flow.for_each,
    Vars: Flow.vars,
    Reply: Flow.reply,
    Return: Flow.return_,
    Fail: Flow.fail,
    Log: Flow.log,
}
