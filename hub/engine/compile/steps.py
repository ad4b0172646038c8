"""Steps: each kind from its keys (language, chapter 7).

Length: one short method for each kind of step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.engine.compile.keys import OF_OTHER_TOOLS
from hub.engine.compile.reader import Reader, Record, shape
from hub.engine.compile.step_parts import Parts
from hub.engine.compile.values import NEVER, Values
from hub.engine.compile.waits import Waits
from hub.engine.expressions import Expression, Literal
from hub.engine.findings import did_you_mean, only_candidate
from hub.engine.language.parts import ID
from hub.engine.language.shapes import Place
from hub.engine.language.steps import BRANCH, NOT_IN_UNDO, STEPS
from hub.engine.workflow import (
    Block,
    Call,
    Continue,
    Do,
    Emit,
    Fail,
    ForEach,
    Group,
    If,
    Log,
    OnError,
    Parallel,
    Position,
    Reply,
    Retry,
    Return,
    Step,
    Switch,
    Vars,
    Wait,
)
from hub.engine.yaml_profile import Entry, Mapping, Node, Scalar, is_broken

MAX_STEPS = 200
MAX_LEVELS = 6
_FEWEST_BRANCHES = 2
_ANY_STEP = Place(
    "a step", "", tuple({key.name: key for each in STEPS.values() for key in each.keys}.values())
)
_UNDO_RETRIES = 10  # of each step of a compensation (chapter 9)


@dataclass
class Steps:
    """Compiles the steps of one file, wherever they stand.

    `is_last`: they are those that run when the run is over.
    """

    reader: Reader
    values: Values
    file: str
    parts: Parts
    waits: Waits
    is_last: bool = False
    _ids: dict[str, int] = field(default_factory=dict)
    _count: int = 0
    _is_undo: bool = False
    _is_handler: bool = False

    def block(self, node: Node, *, level: int = 1, what: str = "`steps`") -> Block:
        """A list of steps; at least one."""
        items = self.reader.items(node, what=what)
        if not items and not is_broken(node) and shape(node) == "a list":
            self.reader.refuse(110, f"{what} needs at least one step", node)
        if level > MAX_LEVELS:
            self.reader.refuse(110, f"steps are nested deeper than {MAX_LEVELS} levels", node)
            return ()
        steps = (self._step(item, place, level) for place, item in enumerate(items, 1))
        return tuple(step for step in steps if step is not None)

    def _step(self, node: Node, place: int, level: int) -> Step | None:
        self._count += 1
        if self._count == MAX_STEPS + 1:
            self.reader.refuse(110, f"a file has at most {MAX_STEPS} steps", node)
        if self._count > MAX_STEPS or is_broken(node):
            return None
        if not isinstance(node, Mapping):
            self.reader.refuse(110, f"a step needs keys and values, not {shape(node)}", node)
            return None
        kind = self._kind(node)
        if kind is None:
            return None
        record = self._record(node, STEPS[kind.name])
        self._check_place(kind)
        step = _BUILDERS[kind.name](self, record, self._common(record, kind, place), level)
        self.values.places.add(step, node)
        return step

    def _record(self, node: Mapping, place: Place) -> Record:
        """The keys of a step; a missing `id` has a finding of its own."""
        record = Record(self.reader, node, place.title, place)
        record.check_keys(place)
        record.check_required(name for name in place.required if name != "id")
        return record

    def _kind(self, node: Mapping) -> Entry | None:
        """The key that says what the step does: exactly one."""
        foreign = node.get("foreach")
        if foreign is not None and node.get("for_each") is None:
            message, suggestion = "a step has no key `foreach`", OF_OTHER_TOOLS["foreach"]
            self.reader.refuse(110, message, foreign.key, suggestion=suggestion, fix="for_each")
            return None
        kinds = [entry for entry in node.entries if entry.name in STEPS]
        if "for_each" in {entry.name for entry in kinds}:
            kinds = [entry for entry in kinds if entry.name != "steps"]
        if len(kinds) == 1:
            return kinds[0]
        if kinds:
            message = f"a step does one thing: `{kinds[0].name}` or `{kinds[1].name}`"
            self.reader.refuse(110, message, kinds[1].key, suggestion="make two steps of it")
            return None
        self._no_kind(node)
        return None

    def _no_kind(self, node: Mapping) -> None:
        before = len(self.reader.findings)
        Record(self.reader, node, "a step", _ANY_STEP).check_keys(_ANY_STEP)
        if len(self.reader.findings) > before:
            return
        condition = node.get("if")
        if condition is not None:
            self.reader.refuse(110, "`if` needs `then`, or a step to skip", condition.key)
        else:
            words = ", ".join(name if name != "then" else "if + then" for name in STEPS)
            self.reader.refuse(110, f"a step needs one of: {words}", node)

    def _check_place(self, kind: Entry) -> None:
        """Steps that mean something only inside of handlers, or nothing in an undoing."""
        if self._is_undo and kind.name in NOT_IN_UNDO:
            message = f"`{kind.name}` cannot stand in `compensate`: the run is over already"
            self.reader.refuse(110, message, kind.key)
        elif kind.name == "continue" and not self._is_handler:
            message = "`continue` stands only in the `on_error` or `on_timeout` of a step"
            self.reader.refuse(617, message, kind.key)

    def _common(self, record: Record, kind: Entry, place: int) -> dict[str, Any]:
        step_id = self._id(record, kind)
        name = record.read("name")
        condition = record.get("if")
        line, column = self.reader.source.position(record.node.start)
        word = "if" if kind.name == "then" else kind.name
        return {
            "slug": step_id or f"{place}-{word}",
            "position": Position(self.file, line, column),
            "id": step_id,
            "name": name,
            "condition": (
                None
                if condition is None or kind.name == "then"
                else self.values.decision(condition, what="`if`")
            ),
        }

    def _id(self, record: Record, kind: Entry) -> str | None:
        node = record.get("id")
        if node is None:
            if record.place["id"].is_required and not self._is_undo:
                suggestion = "add `id: <name>`; later steps read `steps.<name>`"
                message = f"a step with `{kind.name}` needs an `id`"
                self.reader.refuse(211, message, record.node, suggestion=suggestion)
            return None
        name = self.reader.name(node, ID, what="`id`")
        if name is None:
            return None
        line = self.reader.source.position(node.start)[0]
        if name in self._ids:
            message = f"the id '{name}' is used twice, first in line {self._ids[name]}"
            self.reader.refuse(212, message, node)
            return None
        self._ids[name] = line
        return name

    # ----------------------------------------------------------------------------------- by kind

    def do(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`do:`."""
        action = record.read("do") or ""
        return Do(
            **common,
            action=action,
            inputs=self.parts.inputs(record, action),
            connection=record.read("connection"),
            retry=self.parts.retry(record, Retry(_UNDO_RETRIES) if self._is_undo else Retry()),
            timeout=self.parts.computed(record, "timeout"),
            delivery=record.read("delivery"),
            idempotency_key=self.parts.key(record, "idempotency_key"),
            once_per=self.parts.key(record, "once_per"),
            on_error=self._handler(record, "on_error", level),
            compensate=self._compensate(record, level),
        )

    def call(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`call:`."""
        attempts = _UNDO_RETRIES if self._is_undo else record.place["retry"].default
        is_detached = record.read("detach")
        for name in ("retry", "timeout") if is_detached else ():
            if (entry := record.entry(name)) is not None:
                message = f"`{name}` says nothing here: a detached call is not waited for"
                self.reader.refuse(110, message, entry.key, suggestion="delete it")
        return Call(
            **common,
            workflow=record.read("call") or "",
            inputs=self.parts.inputs(record),
            is_detached=is_detached,
            retry=self.parts.retry(record, Retry(attempts=attempts)),
            timeout=self.parts.computed(record, "timeout"),
            on_error=self._handler(record, "on_error", level),
            compensate=self._compensate(record, level),
        )

    def wait(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`wait:`."""
        timeout = self.parts.computed(record, "timeout")
        return Wait(
            **common,
            **self.waits.what(record, common),
            timeout=timeout,
            on_timeout=self._handler(record, "on_timeout", level),
            on_error=self._handler(record, "on_error", level),
        )

    def emit(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`emit:`."""
        del level
        event, data = record.get("emit"), record.get("data")
        return Emit(
            **common,
            event="" if event is None else self.waits.event(event) or "",
            key=self.parts.key(record, "key"),
            data=Literal({}) if data is None else self.values.value(data),
        )

    def if_then(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`if` + `then:`."""
        branches = [self._branch(record.get("if"), record.get("then"), level)]
        for node in self._elifs(record):
            inner = self.reader.record(node, BRANCH, what="`elif`")
            if inner is not None:
                branches.append(self._branch(inner.get("if"), inner.get("then"), level))
        otherwise = record.get("else")
        return If(
            **common,
            branches=tuple(branches),
            otherwise=() if otherwise is None else self._inner(otherwise, level, "`else`"),
        )

    def _elifs(self, record: Record) -> tuple[Node, ...]:
        node = record.get("elif")
        return () if node is None else self.reader.items(node, what="`elif`")

    def _branch(
        self, condition: Node | None, then: Node | None, level: int
    ) -> tuple[Expression, Block]:
        block = () if then is None else self._inner(then, level, "`then`")
        decided = None if condition is None else self.values.decision(condition, what="`if`")
        return decided or NEVER, block

    def switch(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`switch:`."""
        node = record.get("switch")
        subject = None if node is None else self.values.decision(node, what="`switch`")
        cases: list[tuple[tuple[str, ...], Block]] = []
        otherwise: Block | None = None
        for entry in self._cases(record):
            block = self._inner(entry.value, level, f"the case `{entry.name}`")
            if entry.name == "else":
                otherwise = block
            else:
                cases.append((tuple(part.strip() for part in entry.name.split(" | ")), block))
        return Switch(**common, subject=subject or NEVER, cases=tuple(cases), otherwise=otherwise)

    def _cases(self, record: Record) -> tuple[Entry, ...]:
        node = record.get("cases")
        if node is None or is_broken(node):
            return ()
        if not isinstance(node, Mapping) or not node.entries:
            self.reader.refuse(110, "`cases` needs a value and its steps for each case", node)
            return ()
        for entry in node.entries:
            self.reader.fixed_key(entry, what="a case")
        return node.entries

    def for_each(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`for_each:`."""
        node = record.get("for_each")
        loop = None if node is None else self.values.loop(node)
        body, collect = record.get("steps"), record.get("collect")
        return ForEach(
            **common,
            item_name=loop[0] if loop else "item",
            items=loop[1] if loop else NEVER,
            body=() if body is None else self._body(body, level, "`steps`"),
            max_parallel=record.read("max_parallel"),
            on_item_error=record.read("on_item_error"),
            collect=None if collect is None else self.values.value(collect),
            timeout=self.parts.computed(record, "timeout"),
            on_error=self._handler(record, "on_error", level),
        )

    def parallel(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`parallel:`."""
        branches = tuple(
            (entry.name, self._body(entry.value, level, f"the branch `{entry.name}`"))
            for entry in self._branches(record)
        )
        return Parallel(
            **common,
            branches=branches,
            wait_for=record.read("wait_for"),
            timeout=self.parts.computed(record, "timeout"),
            on_error=self._handler(record, "on_error", level),
        )

    def _branches(self, record: Record) -> tuple[Entry, ...]:
        node = record.get("parallel")
        if node is None or is_broken(node):
            return ()
        if not isinstance(node, Mapping) or len(node.entries) < _FEWEST_BRANCHES:
            message = "`parallel` needs names and their steps, at least two"
            self.reader.refuse(110, message, node)
            return ()
        for entry in node.entries:
            self.reader.name(entry.key, ID, what="the name of a branch")
        return node.entries

    def group(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`steps:`."""
        body = record.get("steps")
        return Group(
            **common,
            body=() if body is None else self._inner(body, level, "`steps`"),
            timeout=self.parts.computed(record, "timeout"),
            on_error=self._handler(record, "on_error", level),
            compensate=self._compensate(record, level),
        )

    def continue_(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`continue:`."""
        del level
        value = record.get("continue")
        compiled = Literal(None) if value is None else self.values.value(value)
        return Continue(**common, value=compiled)

    def vars(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`vars:`."""
        del level
        return Vars(**common, values=self.parts.named_values(record.get("vars")))

    def reply(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`reply:`."""
        del level
        return Reply(**common, **self.parts.answer(record, "reply"))

    def return_(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`return:`."""
        del level
        return Return(**common, **self.parts.answer(record, "return"))

    def fail(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`fail:`."""
        del level
        message = record.get("message")
        return Fail(
            **common,
            code=record.read("fail") or "",
            message=None if message is None else self.values.value(message),
            status=self.parts.computed(record, "status"),
        )

    def log(self, record: Record, common: dict[str, Any], level: int) -> Step:
        """`log:`."""
        del level
        text = record.get("log")
        return Log(
            **common,
            text=Literal("") if text is None else self.values.value(text),
            level=record.read("level"),
        )

    def _inner(self, node: Node, level: int, what: str) -> Block:
        return self.block(node, level=level + 1, what=what)

    def _body(self, node: Node, level: int, what: str) -> Block:
        """A block of which several go on side by side: `continue` of a handler cannot be there."""
        before, self._is_handler = self._is_handler, False
        try:
            return self._inner(node, level, what)
        finally:
            self._is_handler = before

    def _handler(self, record: Record, name: str, level: int) -> OnError:
        """`on_error` or `on_timeout` of a step."""
        node = record.get(name)
        if node is None or is_broken(node):
            return "fail"
        if not isinstance(node, Scalar):
            before, self._is_handler = self._is_handler, True
            try:
                return self._inner(node, level, f"`{name}`")
            finally:
                self._is_handler = before
        if node.value == "continue":
            return "continue"
        if node.value != "fail":
            message = f"`{name}` is `fail`, `continue` or a list of steps"
            suggestion = did_you_mean(str(node.value), ("fail", "continue"))
            fix = only_candidate(str(node.value), ("fail", "continue"))
            self.reader.refuse(110, message, node, suggestion=suggestion, fix=fix)
        return "fail"

    def _compensate(self, record: Record, level: int) -> Block:
        """`compensate`: how the step is undone; each of its steps is tried again ten times."""
        entry = record.entry("compensate")
        if entry is None:
            return ()
        if self._is_undo or self.is_last:
            what = "what undoes a step" if self._is_undo else "what runs when the run is over"
            self.reader.refuse(110, f"{what} is not undone itself", entry.key)
            return ()
        self._is_undo = True
        try:
            return self._inner(entry.value, level, "`compensate`")
        finally:
            self._is_undo = False


_BUILDERS: dict[str, Callable[[Steps, Record, dict[str, Any], int], Step]] = {
    "do": Steps.do,
    "call": Steps.call,
    "wait": Steps.wait,
    "emit": Steps.emit,
    "then": Steps.if_then,
    "switch": Steps.switch,
    "for_each": Steps.for_each,
    "parallel": Steps.parallel,
    "steps": Steps.group,
    "vars": Steps.vars,
    "reply": Steps.reply,
    "return": Steps.return_,
    "fail": Steps.fail,
    "log": Steps.log,
    "continue": Steps.continue_,
}
