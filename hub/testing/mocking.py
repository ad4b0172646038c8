"""`mocks:` what actions give instead of being done; nothing that they could not give (HUB206)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hub.action import Action
from hub.engine.check.scope import STANDARD_CODES
from hub.engine.compile.reader import Reader, Record
from hub.engine.language.trials import OUTCOME
from hub.engine.yaml_profile import Entry, Mapping, Node, Sequence, is_broken, plain
from hub.testing.names import Names
from hub.testing.plan import Mocked


@dataclass
class Mocks:
    """Reads the mocks of a file or of one test."""

    reader: Reader
    names: Names

    def read(self, node: Node | None) -> dict[str, tuple[Mocked, ...]]:
        """Action → what its calls give, one after the other; the last one repeats."""
        if node is None or is_broken(node):
            return {}
        if not isinstance(node, Mapping):
            self.reader.refuse(110, "`mocks` has actions as its keys", node)
            return {}
        found = {}
        names = Names(self.reader, self.names.project)
        for entry in node.entries:
            action = names.action(entry.key)
            if action is not None:
                found[action.name] = self._outcomes(entry, action)
        return found

    def _outcomes(self, entry: Entry, action: Action) -> tuple[Mocked, ...]:
        if not isinstance(entry.value, Sequence):
            return (self._outcome(entry.value, action),)
        if not entry.value.items:
            self.reader.refuse(110, f"the list of {action.name} is empty", entry.value)
        return tuple(self._outcome(item, action) for item in entry.value.items)

    def _outcome(self, node: Node, action: Action) -> Mocked:
        record = self.reader.record(node, OUTCOME, what=f"a mock of {action.name}")
        if record is None:
            return Mocked()
        returns = self._returns(record, action)
        return Mocked(
            returns=returns,
            fails=self._fails(record, action),
            is_maybe_done=record.read("maybe_done"),
            takes=record.read("takes") or timedelta(0),
        )

    def _returns(self, record: Record, action: Action) -> object:
        node = record.get("returns")
        if node is None:
            return None
        if "fails" in record:
            self.reader.refuse(110, "a mock either `returns` or `fails`", node)
        names = Names(self.reader, self.names.project)
        names.check_value(node, action.output_schema, what=f"{action.name} gives")
        value: object = plain(node)
        return value

    def _fails(self, record: Record, action: Action) -> str | None:
        node, doubt = record.get("fails"), record.get("maybe_done")
        if doubt is not None and node is None:
            self.reader.refuse(110, "`maybe_done` stands beside `fails`", doubt)
        if node is None:
            return None
        names = Names(self.reader, self.names.project)
        return names.error_code(node, STANDARD_CODES | set(action.errors), of=action.name)
