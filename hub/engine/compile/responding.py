"""`respond` of an endpoint: when its caller is answered, and with what (language, chapter 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hub.engine.compile.reader import Reader, Record, shape
from hub.engine.compile.values import Values
from hub.engine.language.workflow import AT_ONCE, IN_A_WORD, WITHIN
from hub.engine.settings import DialectFacts
from hub.engine.workflow import Accepted, AtOnce, Respond, Within
from hub.engine.yaml_profile import Mapping, Node, Scalar, is_broken

_PATIENCE_OF_A_CALL = timedelta(seconds=10)


@dataclass
class Responding:
    """Compiles the answer of one endpoint."""

    reader: Reader
    values: Values

    def respond(self, record: Record, dialect: DialectFacts) -> Respond:
        """`respond:` of an endpoint; without it, `accepted`."""
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
            return self._within(node, dialect)
        message = f"`respond` is `accepted`, or has `at_once` or `within`, not {shape(node)}"
        self.reader.refuse(110, message, node)
        return Accepted()

    def _at_once(self, node: Node) -> Respond:
        record = self.reader.record(node, AT_ONCE, what="`respond` with `at_once`")
        body = None if record is None else record.get("at_once")
        if record is None or body is None:
            return Accepted()
        return AtOnce(body=self.values.value(body), status=record.read("status"))

    def _within(self, node: Node, dialect: DialectFacts) -> Respond:
        record = self.reader.record(node, WITHIN, what="`respond` with `within`")
        if record is None:
            return Accepted()
        deadline = record.read("within")
        if deadline > _PATIENCE_OF_A_CALL and dialect.is_tool:
            message = "a voice call waits hardly longer than 10s for an answer"
            self.reader.refuse(611, message, record.get("within") or node)
        otherwise, failed = record.get("otherwise"), record.get("failed")
        return Within(
            deadline=deadline,
            otherwise=None if otherwise is None else self.values.value(otherwise),
            failed=None if failed is None else self.values.value(failed),
            status=record.read("status"),
        )
