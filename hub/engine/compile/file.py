"""One workflow file: tree → `Workflow`, or all that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from hub.engine.compile.context import Context
from hub.engine.compile.reader import Reader, Record
from hub.engine.compile.step_parts import Parts
from hub.engine.compile.steps import Steps
from hub.engine.compile.triggers import Triggers
from hub.engine.compile.values import Places, Values
from hub.engine.compile.waits import Waits
from hub.engine.expressions import CompiledValue, Literal
from hub.engine.findings import Finding, in_order
from hub.engine.language.parts import MODE
from hub.engine.language.workflow import CONCURRENCY, TRIGGERS, WORKFLOW
from hub.engine.workflow import (
    Block,
    Concurrency,
    Inputs,
    Schedule,
    Trigger,
    Workflow,
)
from hub.engine.yaml_profile import Document, Node, Scalar, load

_LONGEST_RUN = timedelta(days=3653)


@dataclass(frozen=True)
class CompiledFile:
    """What became of one file. `workflow` is whole only when no finding is an error."""

    name: str
    document: Document
    workflow: Workflow | None
    findings: tuple[Finding, ...]
    places: Places = field(default_factory=Places)

    @property
    def is_clean(self) -> bool:
        """Whether it can run."""
        return self.workflow is not None and not any(each.is_error for each in self.findings)


def compile_file(path: str, content: str, *, name: str, context: Context) -> CompiledFile:
    """Read one workflow file. Never raises; `called` and `version` are filled in by the project."""
    document = load(path, content)
    if document.root is None:
        findings = document.findings or (_empty(document),)
        return CompiledFile(name, document, None, findings)
    reader = Reader(document.source)
    places = Places()
    workflow = _File(reader, Values(reader, places), path, name, context).workflow(document.root)
    findings = in_order([*document.findings, *reader.findings])
    return CompiledFile(name, document, workflow, findings, places)


def _empty(document: Document) -> Finding:
    return document.source.finding(110, "the file is empty", start=0)


@dataclass
class _File:
    reader: Reader
    values: Values
    path: str
    name: str
    context: Context

    def workflow(self, root: Node) -> Workflow | None:
        record = self.reader.record(root, WORKFLOW)
        if record is None:
            return None
        self._language(record)
        parts = Parts(self.reader, self.values, self.context)
        waits = Waits(self.reader, self.values, parts, self.context)
        trigger = self._trigger(record, parts, waits)
        steps = Steps(self.reader, self.values, self.path, parts, waits)
        variables = parts.named_values(record.get("vars"))
        block, cancel_on = record.get("steps"), waits.cancel_on(record.get("cancel_on"))
        compiled = Workflow(
            name=self.name,
            version="",
            title=record.read("title") or self.name,
            trigger=trigger or Inputs(),
            steps=() if block is None else steps.block(block),
            description=record.read("description") or "",
            tags=self._tags(record),
            is_enabled=record.read("enabled"),
            timezone=record.read("timezone") or self.context.settings.timezone,
            mode=self._mode(record),
            concurrency=self._concurrency(record, parts) or _in_turn(trigger),
            timeout=self._timeout(record),
            vars=variables,
            cancel_on=cancel_on,
            on_error=self._last_steps(steps, record, "on_error"),
            on_cancel=self._last_steps(steps, record, "on_cancel"),
            event_schemas=waits.named,
        )
        return None if trigger is None else compiled

    def _last_steps(self, steps: Steps, record: Record, name: str) -> Block:
        node = record.get(name)
        steps.is_last = True
        return () if node is None else steps.block(node, what=f"`{name}`")

    def _language(self, record: Record) -> None:
        entry = record.entry("hub")
        if entry is None:
            return
        self.reader.language(entry.value)
        if record.node.entries[0] is not entry:
            self.reader.refuse(110, "`hub: 1` is the first key", entry.key)

    def _trigger(self, record: Record, parts: Parts, waits: Waits) -> Trigger | None:
        entries = [entry for name in TRIGGERS if (entry := record.entry(name)) is not None]
        if len(entries) != 1:
            words = "`endpoint`, `schedule`, `event` and `inputs`"
            message = f"a workflow has exactly one of {words}"
            written = entries[1:2] or record.node.entries[:1]
            place = written[0].key if written else record.node
            self.reader.refuse(111, message, place)
            return None
        node = entries[0].value
        triggers = Triggers(self.reader, self.values, parts, self.context, self.name)
        if entries[0].name == "endpoint":
            return triggers.endpoint(node)
        if entries[0].name == "schedule":
            return triggers.schedule(node)
        if entries[0].name == "event":
            return waits.trigger(node)
        return triggers.inputs(node)

    def _tags(self, record: Record) -> tuple[str, ...]:
        node = record.get("tags")
        items = () if node is None else self.reader.items(node, what="`tags`")
        tags = (self.reader.text(item, what="a tag") for item in items)
        return tuple(tag for tag in tags if tag is not None)

    def _mode(self, record: Record) -> CompiledValue | None:
        node = record.get("mode")
        if node is None:
            return self.context.settings.mode
        return mode_value(self.reader, self.values, node)

    def _concurrency(self, record: Record, parts: Parts) -> Concurrency | None:
        node = record.get("concurrency")
        inner = self.reader.record(node, CONCURRENCY, what="`concurrency`")
        if inner is None:
            return None
        key = inner.entry("key")
        return Concurrency(
            key=None if key is None else parts.key_of(key),
            limit=inner.read("limit"),
            when_full=inner.read("when_full"),
        )

    def _timeout(self, record: Record) -> timedelta:
        timeout: timedelta = record.read("timeout")
        return min(timeout, _LONGEST_RUN)


def mode_value(reader: Reader, values: Values, node: Node) -> CompiledValue:
    """`mode`: one of the three words, or an expression that gives one."""
    value = values.value(node)
    if isinstance(value, Literal) or not isinstance(node, Scalar):
        reader.literal(node, MODE.literal, what="`mode`")
    return value


def _in_turn(trigger: Trigger | None) -> Concurrency | None:
    """`overlap: queue`: a planned run waits for the one before it (E12, E16)."""
    is_queued = isinstance(trigger, Schedule) and trigger.overlap == "queue"
    return Concurrency() if is_queued else None
