"""Steps: each kind from its keys (language, chapter 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hub.engine.compile.keys import COMMON_STEP_KEYS, NOT_YET, RETRY_KEYS, STEP_KEYS, STEP_KINDS
from hub.engine.compile.reader import Reader, Record, shape
from hub.engine.compile.values import Values
from hub.engine.expressions import CompiledValue, Expression, Literal
from hub.engine.findings import did_you_mean
from hub.engine.workflow import (
    Block,
    Call,
    Do,
    Fail,
    ForEach,
    If,
    Log,
    OnError,
    Position,
    Reply,
    Retry,
    Return,
    Step,
    Switch,
    Vars,
)
from hub.engine.yaml_profile import Entry, Mapping, Node, Scalar, is_broken
from hub.values import parse_duration

MAX_STEPS = 200
MAX_LEVELS = 6
_ID = r"[a-z][a-z0-9_]{0,62}"
_ID_FORM = "small letters, digits and _ (such as `tell_team`)"
_ACTION = r"[a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*"
_WORKFLOW = r"[a-z][a-z0-9-]{0,62}"
_NEEDS_ID = frozenset({"do", "call", "for_each"})
_MAX_ATTEMPTS = 50
_MAX_FACTOR = 10


@dataclass
class Steps:
    """Compiles the steps of one file, wherever they stand."""

    reader: Reader
    values: Values
    file: str
    _ids: dict[str, int] = field(default_factory=dict)
    _count: int = 0

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
        record = Record(self.reader, node, f"a step with `{kind.name}`")
        common = COMMON_STEP_KEYS if kind.name != "then" else ("id", "name", "if")
        record.check_keys((*common, *STEP_KEYS[kind.name]))
        step = _BUILDERS[kind.name](self, record, self._common(record, kind, place), level)
        self.values.places.add(step, node)
        return step

    def _kind(self, node: Mapping) -> Entry | None:
        """The key that says what the step does: exactly one."""
        kinds = [entry for name in STEP_KINDS if (entry := node.get(name)) is not None]
        if len(kinds) == 1:
            return kinds[0]
        if kinds:
            message = f"a step does one thing: `{kinds[0].name}` or `{kinds[1].name}`"
            self.reader.refuse(110, message, kinds[1].key, suggestion="make two steps of it")
            return None
        self._no_kind(node)
        return None

    def _no_kind(self, node: Mapping) -> None:
        names = [entry.name for entry in node.entries]
        later = next((entry for entry in node.entries if entry.name in NOT_YET), None)
        if later is not None:
            message = f"`{later.name}` is not available in this version of the hub"
            self.reader.refuse(110, message, later.key)
        elif "steps" in names:
            message = "a group of `steps` is not available in this version of the hub"
            self.reader.refuse(110, message, node)
        elif "if" in names:
            self.reader.refuse(110, "`if` needs `then`, or a step to skip", node)
        else:
            self._unknown_kind(node)

    def _unknown_kind(self, node: Mapping) -> None:
        record = Record(self.reader, node, "a step")
        known = {name for keys in STEP_KEYS.values() for name in keys} | set(COMMON_STEP_KEYS)
        before = len(self.reader.findings)
        record.check_keys(sorted(known))
        if len(self.reader.findings) == before:
            words = ", ".join(name if name != "then" else "if + then" for name in STEP_KINDS)
            self.reader.refuse(110, f"a step needs one of: {words}", node)

    def _common(self, record: Record, kind: Entry, place: int) -> dict[str, Any]:
        step_id = self._id(record, kind)
        name = record.text("name")
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
            if kind.name in _NEEDS_ID:
                suggestion = "add `id: <name>`; later steps read `steps.<name>`"
                message = f"a step with `{kind.name}` needs an `id`"
                self.reader.refuse(211, message, record.node, suggestion=suggestion)
            return None
        name = self.reader.name(node, _ID, what="`id`", form=_ID_FORM)
        if name is None:
            return None
        line = self.reader.source.position(node.start)[0]
        if name in self._ids:
            message = f"the id '{name}' is used twice, first in line {self._ids[name]}"
            self.reader.refuse(212, message, node)
            return None
        self._ids[name] = line
        return name

    # ------------------------------------------------------------------------------- by kind

    def _do(self, record: Record, common: dict[str, Any], level: int) -> Step:
        node = record.node.get("do")
        action = self._named(node, _ACTION, "connector.action, such as `slack.post`")
        return Do(
            **common,
            action=action,
            inputs=self._inputs(record),
            connection=record.text("connection"),
            retry=self._retry(record, Retry()),
            timeout=self._duration_value(record, "timeout"),
            delivery=record.choice("delivery", ("at_least_once", "at_most_once"), None),
            idempotency_key=self._key(record, "idempotency_key"),
            once_per=self._key(record, "once_per"),
            on_error=self._on_error(record, level),
        )

    def _call(self, record: Record, common: dict[str, Any], level: int) -> Step:
        node = record.node.get("call")
        return Call(
            **common,
            workflow=self._named(node, _WORKFLOW, "small letters, digits and -"),
            inputs=self._inputs(record),
            retry=self._retry(record, Retry(attempts=0)),
            timeout=self._duration_value(record, "timeout"),
            on_error=self._on_error(record, level),
        )

    def _if(self, record: Record, common: dict[str, Any], level: int) -> Step:
        record.check_required(["if"])
        branches = [self._branch(record.get("if"), record.get("then"), level)]
        for node in self._elifs(record):
            inner = self.reader.record(node, ("if", "then"), what="`elif`", required=("if", "then"))
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

    def _switch(self, record: Record, common: dict[str, Any], level: int) -> Step:
        node = record.get("switch")
        subject = None if node is None else self.values.decision(node, what="`switch`")
        record.check_required(["cases"])
        cases: list[tuple[tuple[str, ...], Block]] = []
        otherwise: Block | None = None
        for entry in self._cases(record):
            block = self._inner(entry.value, level, f"the case `{entry.name}`")
            if entry.name == "else":
                otherwise = block
            else:
                cases.append((tuple(part.strip() for part in entry.name.split(" | ")), block))
        return Switch(
            **common, subject=subject or NEVER, cases=tuple(cases), otherwise=otherwise
        )

    def _cases(self, record: Record) -> tuple[Entry, ...]:
        node = record.get("cases")
        if node is None or is_broken(node):
            return ()
        if not isinstance(node, Mapping) or not node.entries:
            self.reader.refuse(110, "`cases` needs a value and its steps for each case", node)
            return ()
        return node.entries

    def _for_each(self, record: Record, common: dict[str, Any], level: int) -> Step:
        node = record.get("for_each")
        loop = None if node is None else self.values.loop(node)
        record.check_required(["steps"])
        body, collect = record.get("steps"), record.get("collect")
        return ForEach(
            **common,
            item_name=loop[0] if loop else "item",
            items=loop[1] if loop else NEVER,
            body=() if body is None else self._inner(body, level, "`steps`"),
            max_parallel=record.integer("max_parallel", 1, lowest=1, highest=100),
            on_item_error=record.choice("on_item_error", ("fail", "continue"), "fail"),
            collect=None if collect is None else self.values.value(collect),
            timeout=self._duration_value(record, "timeout"),
            on_error=self._on_error(record, level),
        )

    def _vars(self, record: Record, common: dict[str, Any], level: int) -> Step:
        del level
        return Vars(**common, values=self.named_values(record.get("vars")))

    def _reply(self, record: Record, common: dict[str, Any], level: int) -> Step:
        del level
        return Reply(**common, **self._answer(record, "reply"))

    def _return(self, record: Record, common: dict[str, Any], level: int) -> Step:
        del level
        return Return(**common, **self._answer(record, "return"))

    def _answer(self, record: Record, kind: str) -> dict[str, Any]:
        value = record.get(kind)
        return {
            "value": Literal(None) if value is None else self.values.value(value),
            "status": self._status(record, lowest=200),
            "headers": self._headers(record),
        }

    def _fail(self, record: Record, common: dict[str, Any], level: int) -> Step:
        del level
        message = record.get("message")
        return Fail(
            **common,
            code=self._named(record.node.get("fail"), _ID, "a code such as `slot_taken`"),
            message=None if message is None else self.values.value(message),
            status=self._status(record, lowest=400),
        )

    def _log(self, record: Record, common: dict[str, Any], level: int) -> Step:
        del level
        text = record.get("log")
        return Log(
            **common,
            text=Literal("") if text is None else self.values.value(text),
            level=record.choice("level", ("debug", "info", "warning", "error"), "info"),
        )

    # ---------------------------------------------------------------------------- parts of them

    def _inner(self, node: Node, level: int, what: str) -> Block:
        return self.block(node, level=level + 1, what=what)

    def _named(self, entry: Entry | None, pattern: str, form: str) -> str:
        if entry is None:
            return ""
        return self.reader.name(entry.value, pattern, what=f"`{entry.name}`", form=form) or ""

    def _inputs(self, record: Record) -> CompiledValue:
        node = record.get("with")
        if node is None:
            return Literal({})
        if isinstance(node, Mapping):
            return self.values.value(node)
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
            self.reader.name(entry.key, _ID, what=f"the name `{entry.name}`", form=_ID_FORM)
        return tuple((entry.name, self.values.value(entry.value)) for entry in node.entries)

    def _key(self, record: Record, name: str) -> CompiledValue | None:
        entry = record.entry(name)
        return None if entry is None else key_value(self.values, entry)

    def _duration_value(self, record: Record, name: str) -> CompiledValue | None:
        """A duration, or one expression that gives one."""
        node = record.get(name)
        if node is None:
            return None
        value = self.values.value(node)
        if isinstance(value, Literal) and not is_broken(node):
            self.reader.duration(node, what=f"`{name}`", lowest=timedelta(seconds=1))
        return value

    def _status(self, record: Record, *, lowest: int) -> CompiledValue | None:
        node = record.get("status")
        if node is None:
            return None
        value = self.values.value(node)
        if isinstance(value, Literal):
            self.reader.integer(node, what="`status`", lowest=lowest, highest=599)
        return value

    def _headers(self, record: Record) -> CompiledValue | None:
        node = record.get("headers")
        if node is None or is_broken(node):
            return None
        if not isinstance(node, Mapping):
            self.reader.refuse(110, f"`headers` needs names and values, not {shape(node)}", node)
            return None
        for entry in node.entries:
            self.reader.name(
                entry.key, r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", what="a header", form="`X-Name`"
            )
        return self.values.value(node)

    def _on_error(self, record: Record, level: int) -> OnError:
        node = record.get("on_error")
        if node is None or is_broken(node):
            return "fail"
        if not isinstance(node, Scalar):
            return self._inner(node, level, "`on_error`")
        if node.value == "continue":
            return "continue"
        if node.value != "fail":
            message = "`on_error` is `fail`, `continue` or a list of steps"
            suggestion = did_you_mean(str(node.value), ("fail", "continue"))
            self.reader.refuse(110, message, node, suggestion=suggestion)
        return "fail"

    def _retry(self, record: Record, default: Retry) -> Retry:
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
        if isinstance(value, int | float) and not isinstance(value, bool):
            if 1 <= value <= _MAX_FACTOR:
                return value
        self.reader.refuse(110, f"`factor` is a number from 1 to {_MAX_FACTOR}", node)
        return 2
