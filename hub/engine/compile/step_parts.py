"""The parts that several kinds of steps have: inputs, keys, retry, answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.action import Action
from hub.engine.compile.context import Context
from hub.engine.compile.reader import Reader, Record, shape
from hub.engine.compile.values import Values
from hub.engine.expressions import CompiledValue, ListOf, Literal, ObjectOf
from hub.engine.language.parts import ID, RETRY, RETRY_KIND
from hub.engine.language.shapes import Either, Integer, Key, Kind, OrExpression
from hub.engine.language.workflow import ANSWER_HEADERS
from hub.engine.workflow import Retry
from hub.engine.yaml_profile import Entry, Mapping, Node, Scalar, is_broken

_TRIES = next(kind for kind in RETRY_KIND.kinds if isinstance(kind, Integer))


@dataclass
class Parts:
    """Compiles the parts of steps of one file."""

    reader: Reader
    values: Values
    context: Context

    def inputs(self, record: Record, action: str = "") -> CompiledValue:
        """`with`: keys and values; what the action takes from a file is the text of that file."""
        node = record.get("with")
        if node is None:
            return Literal({})
        if isinstance(node, Mapping):
            known = self.context.actions.get(action)
            from_files = (*known.template_inputs, *known.file_or_text_inputs) if known else ()
            return self.values.inputs(node, from_files, self.context.files, _urls(known))
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
            self.reader.name(entry.key, ID, what=f"the name `{entry.name}`")
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
            "status": self.computed(record, "status"),
            "headers": self.headers(record),
        }

    def computed(self, record: Record, name: str) -> CompiledValue | None:
        """A literal of the kind that the table names, or one expression that gives it."""
        node, kind = record.get(name), _literal_of(record.place[name])
        if node is None:
            return None
        value = self.values.value(node)
        if isinstance(value, Literal) or not isinstance(node, Scalar):
            self.reader.literal(node, kind, what=f"`{name}`")
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
            self.reader.name(entry.key, ANSWER_HEADERS.name, what="a header")
        return self.values.named(node)

    def retry(self, record: Record, default: Retry) -> Retry:
        """A number, or the long form."""
        node = record.get("retry")
        if node is None or is_broken(node):
            return default
        if isinstance(node, Scalar):
            attempts = self.reader.integer(node, _TRIES, what="`retry`")
            return Retry(attempts=default.attempts if attempts is None else attempts)
        inner = self.reader.record(node, RETRY, what="`retry`")
        return default if inner is None else self._long_retry(inner)

    def _long_retry(self, record: Record) -> Retry:
        only_if = record.get("only_if")
        return Retry(
            attempts=record.read("attempts"),
            first=record.read("first"),
            factor=record.read("factor"),
            maximum=record.read("max"),
            jitter=record.read("jitter"),
            only_if=None if only_if is None else self.values.decision(only_if, what="`only_if`"),
        )


def _literal_of(key: Key) -> Kind:
    """What stands there when it is no expression."""
    kinds = key.kind.kinds if isinstance(key.kind, Either) else (key.kind,)
    return next(kind.literal for kind in kinds if isinstance(kind, OrExpression))


def _urls(action: Action | None) -> frozenset[str]:
    """The inputs of an action that are URLs, by its schema."""
    known = action.input_schema.get("properties", {}) if action else {}
    return frozenset(name for name, schema in known.items() if schema.get("format") == "uri")
