"""`respond` of an endpoint: when its caller is answered, and with what (language, chapter 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from hub.engine.compile.reader import Reader, Record, shape
from hub.engine.compile.values import Values
from hub.engine.language.workflow import AT_ONCE, IN_A_WORD, WITHIN
from hub.engine.settings import DialectFacts
from hub.engine.workflow import Accepted, AtOnce, Respond, Within
from hub.engine.yaml_profile import Mapping, Node, Scalar, is_broken

_PATIENCE_OF_A_CALL = timedelta(seconds=10)
_ON_THE_WAY = 1.5  # seconds that an answer needs beside the waiting


@dataclass
class Responding:
    """Compiles the answer of one endpoint."""

    reader: Reader
    values: Values

    def respond(
        self, record: Record, dialect: DialectFacts, schema: dict[str, Any] | None
    ) -> Respond:
        """`respond:` of an endpoint; without it, `accepted`. `schema` is that of its payload."""
        node = record.get("respond")
        if node is None or is_broken(node):
            return Accepted()
        if isinstance(node, Scalar):
            self.reader.choice(node, IN_A_WORD.words, what="`respond`")
            return Accepted()
        names = {entry.name for entry in node.entries} if isinstance(node, Mapping) else set()
        if "at_once" in names:
            return self._at_once(node)
        if "within" in names:
            return self._within(node, dialect, schema)
        message = f"`respond` is `accepted`, or has `at_once` or `within`, not {shape(node)}"
        self.reader.refuse(110, message, node)
        return Accepted()

    def _at_once(self, node: Node) -> Respond:
        record = self.reader.record(node, AT_ONCE, what="`respond` with `at_once`")
        body = None if record is None else record.get("at_once")
        if record is None or body is None:
            return Accepted()
        return AtOnce(body=self.values.value(body), status=record.read("status"))

    def _within(self, node: Node, dialect: DialectFacts, schema: dict[str, Any] | None) -> Respond:
        record = self.reader.record(node, WITHIN, what="`respond` with `within`")
        if record is None:
            return Accepted()
        deadline = record.read("within")
        if deadline is not None and (told := _too_long(deadline, dialect, schema)):
            message, suggestion = told
            place = record.get("within") or node
            self.reader.refuse(611, message, place, suggestion=suggestion)
        otherwise, failed = record.get("otherwise"), record.get("failed")
        return Within(
            deadline=deadline,
            otherwise=None if otherwise is None else self.values.value(otherwise),
            failed=None if failed is None else self.values.value(failed),
            status=record.read("status"),
        )


def _too_long(
    deadline: timedelta, dialect: DialectFacts, schema: dict[str, Any] | None
) -> tuple[str, str | None] | None:
    """What is said of a deadline that is later than the caller waits, and what to do about it."""
    seconds = deadline.total_seconds()
    kind, fixed = _fixed(dialect, schema)
    if fixed is not None and seconds > fixed - _ON_THE_WAY:
        message = f"the caller waits {fixed:g} s for the answer to {kind}, whatever is set there"
        fitting = _fitting(fixed)
        return message, f"write `within: {fitting}` or less: it is answered then all the same"
    suggestion = _at_the_vendor(seconds, dialect)
    if deadline > _PATIENCE_OF_A_CALL and dialect.is_tool:
        message = "a person on the phone waits hardly longer than 10s for an answer"
        shorter = "write `within: 10s` or less"
        return (
            message,
            shorter if suggestion is None else f"{shorter}; if it must take longer, {suggestion}",
        )
    if suggestion is None:
        return None
    if not dialect.wait_set_at:
        return f"the caller waits {dialect.usual_wait:g} s for an answer", suggestion
    return f"the caller waits {dialect.usual_wait:g} s, if nobody told it otherwise", suggestion


def _at_the_vendor(seconds: float, dialect: DialectFacts) -> str | None:
    """What to set there, or that it cannot be set so high; nothing when the caller waits so."""
    needed, usual = ceil(seconds + _ON_THE_WAY), dialect.usual_wait
    if usual is None or needed <= usual:
        return None
    if dialect.longest_wait is not None and needed > dialect.longest_wait:
        return f"the caller can be told to wait {dialect.longest_wait:g} s, and not longer"
    shorter = f"write `within: {_fitting(usual)}` or less"
    if not dialect.wait_set_at:
        return f"{shorter}, or `respond: accepted`"
    return f"{shorter}, or set {dialect.wait_set_at.format(needed)}"


def _fitting(limit: float) -> str:
    """The longest `within` that leaves the answer its time on the way."""
    return f"{int(limit - _ON_THE_WAY)}s"


def _fixed(dialect: DialectFacts, schema: dict[str, Any] | None) -> tuple[str, float | None]:
    """The shortest fixed limit of the kinds of message that may come here, and its kind."""
    only = _possible_types(schema or {})
    possible = {
        kind: limit for kind, limit in dialect.fixed_waits.items() if only is None or kind in only
    }
    kind = min(possible, key=lambda each: possible[each], default="")
    return kind, possible.get(kind)


def _possible_types(schema: dict[str, Any]) -> Any:
    """The values that `type` of the payload may have; nothing where that is not said."""
    field = schema.get("properties", {}).get("type")
    if not isinstance(field, dict):
        return None
    return [field["const"]] if "const" in field else field.get("enum")
