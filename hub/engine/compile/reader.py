"""Strict reading of a tree: every key must be known, every value have its shape (HUB110)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hub.engine.compile.keys import OF_OTHER_TOOLS, RENAMED
from hub.engine.findings import Finding, Severity, Source, did_you_mean, only_candidate
from hub.engine.language import Place
from hub.engine.language.shapes import (
    Boolean,
    Choice,
    Duration,
    Integer,
    Key,
    Kind,
    Number,
    Text,
    Timezone,
)
from hub.engine.yaml_profile import Entry, Mapping, Node, Scalar, Sequence, is_broken, plain
from hub.schemas import compile_schema, lint_schema
from hub.values import parse_duration, zone

_ANY_LENGTH = Duration()
_WORDS = {Mapping: "keys and values", Sequence: "a list", Scalar: "one value"}


@dataclass
class Reader:
    """One file while it is read: collects the findings."""

    source: Source
    findings: list[Finding] = field(default_factory=list)

    def refuse(
        self,
        code: int,
        message: str,
        node: Node,
        *,
        suggestion: str | None = None,
        source: str | None = None,
        severity: Severity | None = None,
        fix: str | None = None,
    ) -> None:
        """A finding on a node, on the first of its lines; `fix` is what to write there."""
        self.findings.append(
            self.source.finding(
                code,
                message,
                start=node.start,
                end=node.end,
                severity=severity,
                suggestion=suggestion,
                source=source,
                fix=fix,
            )
        )

    def record(
        self,
        node: Node | None,
        place: Place,
        *,
        what: str | None = None,
        required: Iterable[str] | None = None,
    ) -> Record | None:
        """The keys of a mapping; None (and a finding) for any other shape.

        `required`: those that are missed here, where other words are found for the others.
        """
        what = what or place.title
        if node is None or is_broken(node):
            return None
        if not isinstance(node, Mapping):
            self.refuse(110, f"{what} needs keys and values, not {shape(node)}", node)
            return None
        record = Record(self, node, what, place)
        record.check_keys(place)
        record.check_required(place.required if required is None else required)
        record.check_any()
        return record

    def items(self, node: Node, *, what: str) -> tuple[Node, ...]:
        """The items of a list; nothing (and a finding) for any other shape."""
        if isinstance(node, Sequence):
            return node.items
        if not is_broken(node):
            suggestion = "start each item with `- `" if isinstance(node, Mapping) else None
            self.refuse(110, f"{what} is a list, not {shape(node)}", node, suggestion=suggestion)
        return ()

    def text(self, node: Node, *, what: str) -> str | None:
        """Plain text without expressions."""
        value = self._plain(node, what)
        if isinstance(value, str):
            return value
        if value is not None:
            suggestion = f"put it in quotes: '{value}'" if isinstance(value, int | float) else None
            self.refuse(110, f"{what} must be text", node, suggestion=suggestion)
        return None

    def choice(self, node: Node, options: Iterable[str], *, what: str) -> str | None:
        """One word of a closed list."""
        value, options = self.text(node, what=what), list(options)
        if value is None or value in options:
            return value
        message = f"{what} is one of {', '.join(options)}"
        meant, fix = did_you_mean(value, options), only_candidate(value, options)
        self.refuse(110, message, node, suggestion=meant, fix=fix)
        return None

    def name(self, node: Node, kind: Text, *, what: str) -> str | None:
        """Text of a certain form."""
        value = self.text(node, what=what)
        if value is None or kind.pattern is None or re.fullmatch(kind.pattern, value):
            return value
        self.refuse(110, f"{what} has the form {kind.form}", node)
        return None

    def integer(self, node: Node, bounds: Integer, *, what: str) -> int | None:
        """A whole number inside its bounds."""
        value = self._plain(node, what)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if is_whole and bounds.lowest <= value <= bounds.highest:
            return int(value)
        if value is not None:
            words = f"a whole number from {bounds.lowest} to {bounds.highest}"
            self.refuse(110, f"{what} is {words}", node)
        return None

    def number(self, node: Node, bounds: Number, *, what: str) -> float | None:
        """A number inside its bounds."""
        value = self._plain(node, what)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and bounds.lowest <= value <= bounds.highest:
            return float(value)
        if value is not None:
            self.refuse(110, f"{what} is a number from {bounds.lowest} to {bounds.highest}", node)
        return None

    def language(self, node: Node) -> None:
        """`hub: 1`, the only version there is."""
        is_one = isinstance(node, Scalar) and type(node.value) is int and node.value == 1
        if not is_one and not is_broken(node):
            self.refuse(110, "the version of the language is 1", node, suggestion="write `hub: 1`")

    def boolean(self, node: Node, *, what: str) -> bool | None:
        """True or false."""
        value = self._plain(node, what)
        if isinstance(value, bool):
            return value
        if value is not None:
            self.refuse(110, f"{what} is true or false", node)
        return None

    def duration(
        self, node: Node, bounds: Duration = _ANY_LENGTH, *, what: str
    ) -> timedelta | None:
        """A length of time such as `90s`, `15m` or `1h30m`."""
        value = self._plain(node, what)
        if value is None:
            return None
        try:
            length = parse_duration(value if isinstance(value, str) else str(value))
        except ValueError as problem:
            self.refuse(110, f"{what}: {problem}", node)
            return None
        if length < parse_duration(bounds.lowest):
            self.refuse(110, f"{what} is too short", node)
            return None
        if bounds.highest is not None and length > parse_duration(bounds.highest):
            self.refuse(110, f"{what} is at most {bounds.highest}", node)
            return None
        return length

    def timezone(self, node: Node, *, what: str) -> str | None:
        """An IANA name."""
        value = self.text(node, what=what)
        if value is None:
            return None
        try:
            zone(value)
        except ValueError as problem:
            self.refuse(110, f"{what}: {problem}", node)
            return None
        return value

    def literal(self, node: Node, kind: Kind, *, what: str) -> Any:
        """One value of a kind that knows no expressions; None after a finding."""
        read = _LITERALS[type(kind)]
        return read(self, node, kind, what)

    def check_default(self, node: Mapping, schema: dict[str, Any]) -> None:
        """The `default` beside a schema must fit it (HUB206)."""
        default = node.get("default")
        if default is None or is_broken(default.value) or lint_schema(schema):
            return
        for problem in compile_schema(schema).problems(plain(default.value)):
            self.refuse(206, f"the default {problem.message}", default.value)

    def fixed_key(self, entry: Entry, *, what: str) -> None:
        """A key is taken as it is written: `${{` in it would go out literally (HUB110)."""
        if "${{" in entry.name:
            self.refuse(110, f"{what} is fixed: an expression cannot stand here", entry.key)

    def _plain(self, node: Node, what: str) -> Any:
        """The value of a scalar; None after a finding."""
        if is_broken(node):
            return None
        if not isinstance(node, Scalar):
            self.refuse(110, f"{what} must be one value, not {shape(node)}", node)
            return None
        if node.value is None:
            self.refuse(110, f"{what} has no value", node)
        elif isinstance(node.value, str) and "${{" in node.value:
            self.refuse(110, f"{what} is fixed: an expression cannot stand here", node)
            return None
        return node.value


@dataclass
class Record:
    """One mapping while it is read."""

    reader: Reader
    node: Mapping
    what: str
    place: Place

    def __contains__(self, name: str) -> bool:
        return self.node.get(name) is not None

    def entry(self, name: str) -> Entry | None:
        """The key with its value."""
        return self.node.get(name)

    def get(self, name: str) -> Node | None:
        """The value of a key."""
        entry = self.node.get(name)
        return None if entry is None else entry.value

    def check_keys(self, place: Place) -> None:
        """Unknown keys: the nearest known one, or what another tool's key is called here."""
        for entry in self.node.entries:
            if entry.name not in place.names and not place.others:
                self._unknown(entry, place.names)

    def check_required(self, required: Iterable[str]) -> None:
        """Missing keys."""
        for name in required:
            if name not in self:
                first = self.node.entries[0].key if self.node.entries else self.node
                self.reader.refuse(110, f"{self.what} needs the key `{name}`", first)

    def check_any(self) -> None:
        """One of several keys must be there, whichever."""
        names = self.place.any_of
        if names and not any(name in self for name in names):
            words = " or ".join(f"`{name}`" for name in names)
            self.reader.refuse(110, f"{self.what} needs {words}", self.node)

    def _unknown(self, entry: Entry, known: Iterable[str]) -> None:
        name = entry.name
        suggestion = OF_OTHER_TOOLS.get(name) or did_you_mean(name, known)
        message = f"{self.what} has no key `{name[:60]}`"
        fix = self._meant(name, known)
        self.reader.refuse(110, message, entry.key, suggestion=suggestion, fix=fix)

    def _meant(self, name: str, known: Iterable[str]) -> str | None:
        """The key to write instead, if it is certain which, and free here."""
        is_foreign = name in OF_OTHER_TOOLS
        meant = RENAMED.get(name) if is_foreign else only_candidate(name, known)
        is_free = meant is not None and meant in known and meant not in self
        return meant if is_free else None

    def read(self, name: str) -> Any:
        """The value of a key by its kind in the table of the language, or its default there."""
        key, node = self.place[name], self.get(name)
        found = None if node is None else self.reader.literal(node, key.kind, what=f"`{name}`")
        return default_of(key) if found is None else found


def default_of(key: Key) -> Any:
    """What a key means when it is left out; durations as lengths."""
    is_length = isinstance(key.kind, Duration) and key.default is not None
    return parse_duration(key.default) if is_length else key.default


def shape(node: Node) -> str:
    """What a node is, in words."""
    if isinstance(node, Scalar) and node.value is None:
        return "nothing"
    return _WORDS[type(node)]


_LITERALS: dict[type, Callable[[Reader, Node, Any, str], Any]] = {
    Text: lambda reader, node, kind, what: reader.name(node, kind, what=what),
    Choice: lambda reader, node, kind, what: reader.choice(node, kind.words, what=what),
    Integer: lambda reader, node, kind, what: reader.integer(node, kind, what=what),
    Number: lambda reader, node, kind, what: reader.number(node, kind, what=what),
    Boolean: lambda reader, node, _, what: reader.boolean(node, what=what),
    Duration: lambda reader, node, kind, what: reader.duration(node, kind, what=what),
    Timezone: lambda reader, node, _, what: reader.timezone(node, what=what),
}
