"""What the files of a project know of the names in a test: actions, steps, events, fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.action import Action
from hub.engine.compile.context import Context
from hub.engine.compile.link import actions_of, steps_of
from hub.engine.compile.reader import Reader
from hub.engine.compile.waits import event_path
from hub.engine.expressions.fitting import misfits
from hub.engine.expressions.schema_types import type_from_schema, type_of_literal
from hub.engine.findings import Severity, did_you_mean, nearest
from hub.engine.project import Project
from hub.engine.workflow import Call, Endpoint, Fail, Inputs, Step, ValueField, Workflow
from hub.engine.yaml_profile import Mapping as Tree
from hub.engine.yaml_profile import Node, Scalar, Sequence, is_broken, plain
from hub.schemas import Validator, compile_schema
from hub.values import parse_instant

_FIELDS = {"params": "params", "query": "query"}


@dataclass
class Names:
    """Looks names up and tells, at their place, those that do not exist."""

    reader: Reader
    project: Project
    _validators: dict[str, Validator] = field(default_factory=dict)

    # ------------------------------------------------------------------------ single names

    def action(self, node: Node) -> Action | None:
        """An action by its name (HUB215)."""
        name = self.reader.text(node, what="an action")
        if name is None:
            return None
        found = self.project.actions.get(name)
        if found is None:
            suggestion = did_you_mean(name, self.project.actions)
            self.reader.refuse(215, f"there is no action '{name}'", node, suggestion=suggestion)
        return found

    def event(self, node: Node) -> str | None:
        """An event by its name (HUB213)."""
        name = self.reader.text(node, what="an event")
        if name is None or event_path(name) in self.project.files:
            return name
        suggestion = did_you_mean(name, self._events()) or f"write {event_path(name)}"
        self.reader.refuse(213, f"there is no event '{name}'", node, suggestion=suggestion)
        return None

    def _events(self) -> list[str]:
        folder, ending = event_path("|").split("|")
        return [
            path.removeprefix(folder).removesuffix(ending)
            for path in self.project.files
            if path.startswith(folder)
        ]

    def event_schema(self, name: str) -> Mapping[str, Any]:
        """The schema of an event's data; anything where its file cannot be read."""
        context = Context(self.project.files, self.project.settings, {}, {})
        found = context.schema(event_path(name))
        return {} if found is None or found.schema is None else found.schema

    def step(self, node: Node, workflow: Workflow | None) -> str | None:
        """The id of a step, or `call/step` for one of a called workflow (HUB202)."""
        name = self.reader.text(node, what="a step")
        if name is None or workflow is None:
            return name
        known = step_names(workflow)
        if name in known:
            return name
        message = f"{workflow.name} has no step '{name}'"
        self.reader.refuse(202, message, node, suggestion=did_you_mean(name, known))
        return None

    def instant(self, node: Node, what: str, *, told: bool = True) -> datetime | None:
        """A date and time with its offset; `told`: a finding when it is none."""
        value = node.value if isinstance(node, Scalar) else None
        with suppress(ValueError):
            return parse_instant(value) if isinstance(value, str) else parse_instant("")
        if told and not is_broken(node):
            message = f"{what} is a date and time with its offset, such as 2025-10-20T14:00:00Z"
            self.reader.refuse(110, message, node)
        return None

    def error_code(self, node: Node, known: Iterable[str], *, of: str) -> str | None:
        """A code that a failure can have (HUB208)."""
        code, codes = self.reader.text(node, what="an error code"), sorted(known)
        if code is None or code in codes:
            return code
        message = f"{of} never fails with '{code}'"
        suggestion = did_you_mean(code, codes) or f"it may be {', '.join(codes)}"
        self.reader.refuse(208, message, node, suggestion=suggestion)
        return None

    # ------------------------------------------------------------------ values by a schema

    def check_value(self, node: Node, schema: Mapping[str, Any], *, what: str) -> None:
        """A whole value against its schema, each problem at its own place (HUB206)."""
        if is_broken(node):
            return
        for problem in compile_schema(schema).problems(plain(node)):
            pointer = problem.pointer.removeprefix("/").replace("/", ".")
            place = f"{what}: {pointer}" if pointer else what
            self.reader.refuse(206, f"{place} {problem.message}", node_at(node, problem.pointer))

    def check_data(self, node: Node, schema: Mapping[str, Any], *, what: str) -> None:
        """The data of an event: they fit, and have no field that nobody can read (HUB209)."""
        self.check_value(node, schema, what=what)
        if is_broken(node) or compile_schema(schema).problems(plain(node)):
            return
        for misfit in misfits(type_of_literal(plain(node)), type_from_schema(schema)):
            parent = node_at(node, "".join(f"/{name}" for name in misfit.path[:-1]))
            entry = parent.get(misfit.path[-1]) if isinstance(parent, Tree) else None
            if misfit.code == "HUB209" and entry is not None:
                message, _, suggestion = misfit.message.partition(" — ")
                self.reader.refuse(
                    209, f"{what}: {message}", entry.key, suggestion=suggestion or None
                )

    def check_fields(
        self,
        node: Node | None,
        known: Iterable[str],
        *,
        what: str,
        code: int = 203,
        severity: Severity | None = None,
    ) -> None:
        """The keys of an object (HUB203, HUB209)."""
        names = list(known)
        for entry in node.entries if isinstance(node, Tree) else ():
            if entry.name not in names:
                message = f"{what} has no field '{entry.name}'"
                suggestion = nearest(entry.name, names)
                told = None if suggestion is None else f"did you mean '{suggestion}'?"
                self.reader.refuse(code, message, entry.key, suggestion=told, severity=severity)

    def check_given(self, own: Mapping[str, Node], workflow: Workflow | None) -> None:
        """The parts of a request or a call that the test itself gives."""
        self._check_config(own.get("config"))
        if workflow is None:
            return
        trigger = workflow.trigger
        if isinstance(trigger, Endpoint):
            self._check_payload(own.get("payload"), trigger)
            for name in _FIELDS:
                fields = [each.name for each in getattr(trigger, name)]
                self.check_fields(own.get(name), fields, what=name)
        if isinstance(trigger, Inputs):
            self._check_inputs(own.get("inputs"), trigger.fields)
        self._check_door(own, workflow)

    def _check_door(self, own: Mapping[str, Node], workflow: Workflow) -> None:
        """Keys that this kind of workflow has no use for."""
        takes = {
            Endpoint: ("payload", "request", "params", "query"),
            Inputs: ("inputs",),
        }.get(type(workflow.trigger), ())
        for name in ("payload", "request", "params", "query", "inputs"):
            node = own.get(name)
            if node is not None and name not in takes:
                self.reader.refuse(110, f"{workflow.name} takes no `{name}`", node)

    def _check_payload(self, node: Node | None, endpoint: Endpoint) -> None:
        """A field that no schema names is dropped at the door: probably a misspelt one."""
        schema = endpoint.payload_schema or {}
        known = schema.get("properties")
        if known and not schema.get("additionalProperties"):
            self.check_fields(node, known, what="the payload's schema", severity="warning")

    def _check_inputs(self, node: Node | None, fields: Iterable[ValueField]) -> None:
        declared = {each.name: each for each in fields}
        self.check_fields(node, declared, what="the workflow's `inputs`", code=209)
        for entry in node.entries if isinstance(node, Tree) else ():
            if entry.name in declared:
                self.check_value(entry.value, declared[entry.name].schema, what=entry.name)

    def _check_config(self, node: Node | None) -> None:
        declared = self.project.settings.config
        self.check_fields(node, declared, what="`config` of hub.yaml")
        for entry in node.entries if isinstance(node, Tree) else ():
            if entry.name in declared:
                schema = declared[entry.name].schema
                self.check_value(entry.value, schema, what=f"config.{entry.name}")

    # --------------------------------------------------------------------- a real database

    def real(self, node: Node | None, *, is_told: bool) -> tuple[str, ...]:
        """`real:` the connectors whose local actions are done on a database."""
        items = node.items if isinstance(node, Sequence) else ()
        if node is not None and not items and is_told:
            self.reader.items(node, what="`real`")
        local = {name.partition(".")[0] for name, each in self._local().items()}
        names = []
        for item in items:
            name = plain(item)
            if isinstance(name, str) and name in local:
                names.append(name)
            elif is_told:
                suggestion = did_you_mean(str(name), local)
                message = f"no actions '{name}.…' work on the hub's own data"
                self.reader.refuse(215, message, item, suggestion=suggestion)
        return tuple(names)

    def _local(self) -> dict[str, Action]:
        return {name: each for name, each in self.project.actions.items() if not each.outward}

    def done_before(
        self, parts: Mapping[str, Node], *, is_told: bool
    ) -> tuple[tuple[str, Any], ...]:
        """`given:` actions of `real` connectors, done before the test begins."""
        node = parts.get("given")
        if node is None:
            return ()
        names = self if is_told else Names(Reader(self.reader.source), self.project)
        items = names.reader.items(node, what="`given`")
        real = names.real(parts.get("real"), is_told=False)
        found = (names.given_action(item, real) for item in items)
        return tuple(each for each in found if each is not None)

    def given_action(self, node: Node, real: Iterable[str]) -> tuple[str, Any] | None:
        """One `connector.action: inputs`, which must fit the action."""
        if not isinstance(node, Tree) or len(node.entries) != 1:
            self.reader.refuse(110, "each of `given` is one action with its inputs", node)
            return None
        entry = node.entries[0]
        action = self.action(entry.key)
        if action is None:
            return None
        if action.outward:
            message = f"{action.name} reaches out of the hub: it is never done for real in a test"
            self.reader.refuse(215, message, entry.key)
            return None
        connector = action.name.partition(".")[0]
        if connector not in real:
            message = f"{action.name} is done before the test only where `real` names '{connector}'"
            self.reader.refuse(110, message, entry.key)
        self.check_value(entry.value, action.input_schema, what=action.name)
        return action.name, plain(entry.value)

    # ------------------------------------------------------------------------ what is missing

    def check_complete(self, trial: Node, parts: Mapping[str, Any], workflow: Workflow) -> None:
        """What the workflow cannot start without, and neither the test nor its file gives."""
        trigger = workflow.trigger
        fields: tuple[ValueField, ...] = ()
        if isinstance(trigger, Endpoint):
            fields, word = trigger.params, "params"
        elif isinstance(trigger, Inputs):
            fields, word = trigger.fields, "inputs"
        else:
            return
        for each in fields:
            is_needed = not each.is_optional and each.default is None
            if is_needed and each.name not in parts[word]:
                self.reader.refuse(209, f"`{word}` lacks '{each.name}'", trial)


def step_names(workflow: Workflow) -> list[str]:
    """The ids of a workflow's steps, then those of what it calls, as `call/step`."""
    own = [step.id for step in steps_of(workflow) if step.id is not None]
    return own + [
        f"{step.id}/{inner}"
        for step in steps_of(workflow)
        if isinstance(step, Call) and not step.is_detached
        for inner in step_names(workflow.called[step.workflow])
    ]


def done_by(workflow: Workflow) -> set[str]:
    """The actions that a run of the workflow may do, with those of what it calls."""
    names = {ask.action for step in steps_of(workflow) for ask in actions_of(step)}
    return names.union(*(done_by(each) for each in workflow.called.values()))


def fail_codes(workflow: Workflow) -> set[str]:
    """The codes of the workflow's own `fail` steps, with those of what it calls."""
    codes = {step.code for step in _steps(workflow) if isinstance(step, Fail)}
    return codes.union(*(fail_codes(each) for each in workflow.called.values()))


def _steps(workflow: Workflow) -> Iterable[Step]:
    return steps_of(workflow)


def node_at(node: Node, pointer: str) -> Node:
    """The node that a JSON pointer means, or the nearest one around it."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Tree) and (entry := node.get(name)) is not None:
            node = entry.value
        elif isinstance(node, Sequence) and name.isdecimal() and int(name) < len(node.items):
            node = node.items[int(name)]
        else:
            return node
    return node
