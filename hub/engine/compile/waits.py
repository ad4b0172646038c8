"""Events and waits: `wait`, `event`, `cancel_on`, and the names of events (chapters 6 and 10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.engine.compile.context import Context
from hub.engine.compile.reader import Reader, Record, shape
from hub.engine.compile.step_parts import Parts
from hub.engine.compile.values import NEVER, Values
from hub.engine.expressions import Literal
from hub.engine.findings import did_you_mean, only_candidate
from hub.engine.language.parts import EVENT
from hub.engine.language.steps import POLL, WAITS
from hub.engine.language.workflow import CANCEL_ON, ON_EVENT
from hub.engine.workflow import CancelOn, Do, OnEvent, Poll, Retry
from hub.engine.yaml_profile import Mapping, Node, Scalar, Sequence, is_broken

EVENT_FOLDER = "schemas/events/"
_AGAIN_AND_AGAIN = 1_000_000_000  # a poll goes on asking until its wait is over


def event_path(name: str) -> str:
    """Where the schema of an event's data lies."""
    return f"{EVENT_FOLDER}{name}.json"


@dataclass
class Waits:
    """Compiles what has to do with events in one file; `named` are the events it names."""

    reader: Reader
    values: Values
    parts: Parts
    context: Context
    named: dict[str, dict[str, Any]] = field(default_factory=dict)

    # ------------------------------------------------------------------------------------ events

    def event(self, node: Node) -> str | None:
        """The name of one event, which has a schema (HUB213)."""
        name = self.reader.name(node, EVENT, what="an event")
        if name is None or name in self.named:
            return name
        found = self.context.schema(event_path(name))
        if found is None:
            known = [
                path.removeprefix(EVENT_FOLDER).removesuffix(".json")
                for path in self.context.files
                if path.startswith(EVENT_FOLDER)
            ]
            suggestion = did_you_mean(name, known) or f"write {event_path(name)}"
            fix, message = only_candidate(name, known), f"there is no event '{name}'"
            self.reader.refuse(213, message, node, suggestion=suggestion, fix=fix)
            return None
        self.reader.findings.extend(found.findings)
        self.named[name] = dict(found.schema or {})
        return name

    def _events(self, node: Node | None, *, what: str) -> tuple[str, ...]:
        """One name, or a list of them."""
        if node is None or is_broken(node):
            return ()
        if not isinstance(node, Sequence):
            name = self.event(node)
            return () if name is None else (name,)
        if not node.items:
            self.reader.refuse(110, f"{what} needs at least one event", node)
        names = (self.event(item) for item in node.items)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    def trigger(self, node: Node) -> OnEvent | None:
        """`event:` a run for each of these events."""
        record = self.reader.record(node, ON_EVENT, what="`event`")
        if record is None:
            return None
        only_if = record.get("only_if")
        return OnEvent(
            names=self._events(record.get("name"), what="`name`"),
            only_if=None if only_if is None else self.values.decision(only_if, what="`only_if`"),
        )

    def cancel_on(self, node: Node | None) -> tuple[CancelOn, ...]:
        """`cancel_on`: one, or a list of them."""
        if node is None or is_broken(node):
            return ()
        nodes = node.items if isinstance(node, Sequence) else (node,)
        if not nodes:
            self.reader.refuse(110, "`cancel_on` needs an event and its key", node)
        found = (self._cancel(each) for each in nodes)
        return tuple(each for each in found if each is not None)

    def _cancel(self, node: Node) -> CancelOn | None:
        record = self.reader.record(node, CANCEL_ON, what="`cancel_on`")
        if record is None:
            return None
        only_if = record.get("only_if")
        cancel = CancelOn(
            events=self._events(record.get("event"), what="`event`"),
            key=self.parts.key(record, "key"),
            only_if=None if only_if is None else self.values.decision(only_if, what="`only_if`"),
        )
        self.values.places.add(cancel, node)
        return cancel

    # ------------------------------------------------------------------------------------- waits

    def what(self, record: Record, common: dict[str, Any]) -> dict[str, Any]:
        """What a `wait` waits for: a duration, a date, events, an answer."""
        node = record.get("wait")
        if node is None or is_broken(node):
            return {}
        if not isinstance(node, Mapping):
            return {"duration": self.parts.computed(record, "wait")}
        form = self._form(node)
        inner = form and self.reader.record(node, WAITS[form], what=f"`wait` with `{form}`")
        if not inner:
            return {}
        if form == "until":
            return {"until": self._until(inner)}
        return self._for(inner, common) if form == "for" else self._asks(inner, common)

    def _form(self, node: Mapping) -> str | None:
        forms = [name for name in WAITS if node.get(name) is not None]
        if len(forms) == 1:
            return forms[0]
        message = "`wait` is a duration such as `10m`, or has `until`, `for` or `poll`"
        if forms:
            message = f"`wait` has either `{forms[0]}` or `{forms[1]}`"
        suggestion = "write `or_poll` beside `for`" if {"for", "poll"} <= set(forms) else None
        self.reader.refuse(110, message, node, suggestion=suggestion)
        return None

    def _asks(self, record: Record, common: dict[str, Any]) -> dict[str, Any]:
        return {"poll": self._poll(record, "poll", common)}

    def _until(self, record: Record) -> Any:
        node = record.get("until")
        value = Literal(None) if node is None else self.values.value(node)
        if node is not None and not isinstance(node, Scalar) and not is_broken(node):
            self.reader.refuse(110, f"`until` needs a date and time, not {shape(node)}", node)
        return value

    def _for(self, record: Record, common: dict[str, Any]) -> dict[str, Any]:
        only_if = record.get("only_if")
        return {
            "events": self._events(record.get("for"), what="`for`"),
            "key": self.parts.key(record, "key"),
            "only_if": None if only_if is None else self.values.decision(only_if, what="`only_if`"),
            "poll": self._poll(record, "or_poll", common),
        }

    def _poll(self, record: Record, name: str, common: dict[str, Any]) -> Poll | None:
        """The question, the interval and the condition of `poll` or `or_poll`."""
        inner = self.reader.record(record.get(name), POLL, what=f"`{name}`")
        if inner is None:
            return None
        done_if, data = inner.get("done_if"), inner.get("data")
        every = inner.read("every")
        decided = None if done_if is None else self.values.decision(done_if, what="`done_if`")
        action = inner.read("do") or ""
        ask = Do(
            slug="poll",
            position=common["position"],
            action=action,
            inputs=self.parts.inputs(inner, action),
            connection=inner.read("connection"),
            retry=Retry(_AGAIN_AND_AGAIN, first=every, factor=1, maximum=every, jitter=False),
        )
        self.values.places.add(ask, inner.node)
        return Poll(
            ask=ask,
            every=every,
            done_if=decided or NEVER,
            data=None if data is None else self.values.value(data),
        )
