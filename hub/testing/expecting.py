"""`expect:` what must have happened. Only its form and its names are checked here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hub.engine.check.scope import STANDARD_CODES
from hub.engine.compile.reader import Reader, Record
from hub.engine.language.trials import EXPECT, RESPONSE, SENT, SHOWN
from hub.engine.workflow import Workflow
from hub.engine.yaml_profile import Entry, Node, Scalar
from hub.engine.yaml_profile import Mapping as Tree
from hub.testing.names import Names, done_by, fail_codes


@dataclass
class Expectations:
    """Reads the `expect` of one test."""

    reader: Reader
    names: Names
    workflow: Workflow | None

    def read(self, node: Node | None) -> Tree | None:
        """The tree, as it stands in the file; None when it has another shape."""
        record = self.reader.record(node, EXPECT, what="`expect`")
        if record is None:
            return None
        if not record.node.entries:
            self.reader.refuse(110, "`expect` says at least one thing", record.node)
        for entry in record.node.entries:
            check = self._checks.get(entry.name)
            if check is not None:
                check(record, entry.value)
        return record.node

    @property
    def _checks(self) -> Mapping[str, Callable[[Record, Node], object]]:
        return {
            "response": self._response,
            "status": lambda record, _: record.read("status"),
            "error": lambda _, node: self._error(node),
            "steps": lambda _, node: self._each(node, "steps", self._step),
            "did": lambda _, node: self._each(node, "did", self._deed),
            "did_not": lambda _, node: self._each(node, "did_not", self.names.action),
            "simulated": lambda _, node: self._each(node, "simulated", self._deed),
            "emitted": lambda _, node: self._each(node, "emitted", self._emitted),
            "runs": lambda record, _: record.read("runs"),
            "took": lambda record, _: record.read("took"),
            "shows": lambda _, node: self._each(node, "shows", self._shown),
        }

    def _each(self, node: Node, name: str, check: Callable[[Node], object]) -> None:
        for item in self.reader.items(node, what=f"`{name}`"):
            check(item)

    def _response(self, _: Record, node: Node) -> None:
        response = self.reader.record(node, RESPONSE, what="`response`")
        if response is not None:
            response.read("status")

    def _step(self, node: Node) -> None:
        self.names.step(node, self.workflow)

    def _emitted(self, node: Node) -> None:
        """An event's name, or `name: {key, data}`."""
        entry = _single(node)
        self.names.event(node if entry is None else entry.key)
        if entry is not None:
            self.reader.record(entry.value, SENT)

    def _deed(self, node: Node) -> None:
        """An action's name, or the action with some of its inputs."""
        entry = _single(node)
        if entry is None and not isinstance(node, Scalar):
            self.reader.refuse(110, "write the action's name, or `action: {inputs}`", node)
            return
        action = self.names.action(node if entry is None else entry.key)
        if action is None:
            return
        place = node if entry is None else entry.key
        if self.workflow is not None and action.effect == "read":
            message = f"{action.name} only reads: it is never among what was done"
            self.reader.refuse(215, message, place)
        if entry is not None:
            known = list(action.input_schema.get("properties", ()))
            self.names.check_fields(entry.value, known, what=action.name, code=209)

    def _shown(self, node: Node) -> None:
        """`action: {with, gives}`: a reading action that is asked when all is over."""
        entry = _single(node)
        if entry is None:
            self.reader.refuse(110, "write `action: {with: …, gives: …}`", node)
            return
        action = self.names.action(entry.key)
        record = self.reader.record(entry.value, SHOWN)
        if action is None or record is None:
            return
        if action.effect != "read" or action.outward:
            message = f"{action.name} is no action that reads the hub's own data"
            self.reader.refuse(215, message, entry.key)
        inputs = record.get("with") or Tree(node.source, node.start, node.end, ())
        self.names.check_value(inputs, action.input_schema, what=action.name)

    def _error(self, node: Node) -> None:
        if self.workflow is None:
            self.reader.text(node, what="an error code")
            return
        known = set(STANDARD_CODES) | fail_codes(self.workflow)
        for name in done_by(self.workflow):
            action = self.names.project.actions.get(name)
            known |= set(() if action is None else action.errors)
        self.names.error_code(node, known, of=self.workflow.name)


def _single(node: Node) -> Entry | None:
    """The one key of a mapping."""
    return node.entries[0] if isinstance(node, Tree) and len(node.entries) == 1 else None
