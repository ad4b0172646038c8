"""The parts that several kinds of steps have: inputs, keys, retry, answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub.engine.compile.context import Context
from hub.engine.compile.keys import RETRY_KEYS
from hub.engine.compile.reader import Reader, Record, shape
from hub.engine.compile.values import Values
from hub.engine.expressions import CompiledValue, ListOf, Literal, ObjectOf
from hub.engine.workflow import Retry
from hub.engine.yaml_profile import Entry, Mapping, Node, Scalar, is_broken

ID = r"[a-z][a-z0-9_]{0,62}"
ID_FORM = "small letters, digits and _ (such as `tell_team`)"
ACTION = r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*"
ACTION_FORM = "connector.action, such as `slack.post`"
_HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_MAX_ATTEMPTS = 50
_MAX_FACTOR = 10


@dataclass
class Parts:
    """Compiles the parts of steps of one file."""

    reader: Reader
    values: Values
    context: Context

    def named(self, entry: Entry | None, pattern: str, form: str) -> str:
        """Literal text of a certain form."""
        if entry is None:
            return ""
        return self.reader.name(entry.value, pattern, what=f"`{entry.name}`", form=form) or ""

    def inputs(self, record: Record, action: str = "") -> CompiledValue:
        """`with`: keys and values; what the action takes from a file is the text of that file."""
        node = record.get("with")
        if node is None:
            return Literal({})
        if isinstance(node, Mapping):
            known = self.context.actions.get(action)
            return self.values.inputs(
                node, known.template_inputs if known else (), self.context.files
            )
        if not is_broken(node):
            self.reader.refuse(110, f"`with` needs keys and values, not {shape(node)}", node)
        return Literal({})

    def named_values(self, node: Node | None) -> tuple[tuple[str, CompiledValue], ...]:
        """`vars`: names and values, in order."""
        if node is None or is_broken(node):
            return ()
        if not isinstance(node, Mapping) or not node.entries:
            self.reader.refuse(110, f"`vars` needs names and values, not {shape(node)}", node)
            return ()
        for entry in node.entries:
            self.reader.name(entry.key, ID, what=f"the name `{entry.name}`", form=ID_FORM)
        return tuple((entry.name, self.values.value(entry.value)) for entry in node.entries)

    def key(self, record: Record, name: str) -> CompiledValue | None:
        """A key: text with at least one expression (HUB334)."""
        entry = record.entry(name)
        return None if entry is None else self.key_of(entry)

    def key_of(self, entry: Entry) -> CompiledValue:
        """The value of a key; without an expression all runs would share it (HUB334)."""
        value = self.values.value(entry.value)
        if isinstance(value, Literal) and not is_broken(entry.value):
            message = f"`{entry.name}` is the same for every run"
            suggestion = "put an expression into it, such as `${{ payload.id }}`"
            self.reader.refuse(334, message, entry.value, suggestion=suggestion)
        elif isinstance(value, ObjectOf | ListOf):
            self.reader.refuse(110, f"`{entry.name}` must be one value", entry.value)
        return value

    def answer(self, record: Record, kind: str) -> dict[str, Any]:
        """Value, status and headers of `reply` and `return`."""
        value = record.get(kind)
        return {
            "value": Literal(None) if value is None else self.values.value(value),
            "status": self.status(record, lowest=200),
            "headers": self.headers(record),
        }

    def duration_value(self, record: Record, name: str) -> CompiledValue | None:
        """A duration, or one expression that gives one."""
        node = record.get(name)
        if node is None:
            return None
        value = self.values.value(node)
        if isinstance(value, Literal) and not is_broken(node):
            self.reader.duration(node, what=f"`{name}`", lowest=timedelta(seconds=1))
        return value

    def status(self, record: Record, *, lowest: int) -> CompiledValue | None:
        """A status, or one expression that gives it."""
        node = record.get("status")
        if node is None:
            return None
        value = self.values.value(node)
        if isinstance(value, Literal):
            self.reader.integer(node, what="`status`", lowest=lowest, highest=599)
        return value

    def headers(self, record: Record) -> CompiledValue | None:
        """Names and values."""
        node = record.get("headers")
        if node is None or is_broken(node):
            return None
        if not isinstance(node, Mapping):
            self.reader.refuse(110, f"`headers` needs names and values, not {shape(node)}", node)
            return None
        for entry in node.entries:
            self.reader.name(entry.key, _HEADER, what="a header", form="`X-Name`")
        return self.values.value(node)

    def retry(self, record: Record, default: Retry) -> Retry:
        """A number, or the long form."""
        node = record.get("retry")
        if node is None or is_broken(node):
            return default
        if isinstance(node, Scalar):
            attempts = self.reader.integer(node, what="`retry`", lowest=0, highest=_MAX_ATTEMPTS)
            return Retry(attempts=default.attempts if attempts is None else attempts)
        inner = self.reader.record(node, RETRY_KEYS, what="`retry`", required=("attempts",))
        return default if inner is None else self._long_retry(inner)

    def _long_retry(self, record: Record) -> Retry:
        only_if = record.get("only_if")
        return Retry(
            attempts=record.integer("attempts", 5, lowest=1, highest=_MAX_ATTEMPTS),
            first=record.duration("first", timedelta(seconds=2)),
            factor=self._factor(record),
            maximum=record.duration("max", timedelta(minutes=5)),
            jitter=record.boolean("jitter", default=True),
            only_if=None if only_if is None else self.values.decision(only_if, what="`only_if`"),
        )

    def _factor(self, record: Record) -> float:
        node = record.get("factor")
        if node is None or is_broken(node):
            return 2
        value = node.value if isinstance(node, Scalar) else None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and 1 <= float(value or 0) <= _MAX_FACTOR:
            return float(value or 0)
        self.reader.refuse(110, f"`factor` is a number from 1 to {_MAX_FACTOR}", node)
        return 2
