"""Where expressions stand (language, chapter 3): value, decision and literal positions."""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Mapping as Files
from dataclasses import dataclass, field, replace
from typing import Any

from hub.engine.compile.reader import Reader, shape
from hub.engine.expressions import (
    CompiledValue,
    Expression,
    ExpressionError,
    Literal,
    Template,
    from_template,
    list_of,
    object_of,
    parse_expression,
    parse_template,
)
from hub.engine.findings import Source
from hub.engine.yaml_profile import (
    Entry,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Whole,
    as_scalar,
    is_broken,
)

NEVER = parse_expression("false")
"""Stands for a decision that could not be read: its workflow is not loaded."""

_LOOP = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s+in\s+(?=\S)")
_ONLY_PART = re.compile(r"\s*(\w+\s+in\s+)?\$\{\{\s*((?:(?!\$\{\{|\}\}).)*?)\s*\}\}\s*")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass
class Places:
    """The way back from what was compiled to the file, by identity."""

    _nodes: dict[int, tuple[Any, Node, int]] = field(default_factory=dict)

    def add(self, compiled: Any, node: Node, offset: int = 0) -> None:
        """`compiled` comes from this node; its text starts at `offset` of the node's text."""
        self._nodes[id(compiled)] = (compiled, node, offset)

    def node(self, compiled: Any) -> Node | None:
        """The node something was compiled from."""
        found = self._nodes.get(id(compiled))
        return None if found is None else found[1]

    def value_of(self, compiled: Any, *keys: str) -> Node | None:
        """The value of the first of these keys that the mapping has; the mapping without any."""
        node = self.node(compiled)
        if not isinstance(node, Mapping):
            return node
        entries = (node.get(key) for key in keys)
        return next((entry.value for entry in entries if entry is not None), node)

    def span(self, expression: Expression, start: int, end: int) -> tuple[Source, int, int] | None:
        """Where the characters `start` … `end` of an expression stand in the file."""
        found = self._nodes.get(id(expression))
        if found is None:
            return None
        _, node, offset = found
        if not isinstance(node, Scalar):
            return node.source, node.start, node.end
        return node.source, *node.span(offset + start, offset + max(end, start + 1))


@dataclass
class Values:
    """Compiles the values and decisions of one file."""

    reader: Reader
    places: Places

    def value(self, node: Node) -> CompiledValue:
        """Any YAML; texts may hold `${{ expression }}`."""
        compiled = self._value(node)
        self.places.add(compiled, node)
        return compiled

    def named(self, node: Mapping) -> CompiledValue:
        """Values whose names were read already."""
        compiled = object_of((entry.name, self.value(entry.value)) for entry in node.entries)
        self.places.add(compiled, node)
        return compiled

    def inputs(
        self,
        node: Mapping,
        from_files: Collection[str],
        files: Files[str, str],
        urls: Collection[str] = (),
    ) -> CompiledValue:
        """Keys and values; those of `from_files` name a file of `templates/`, which is read.

        What data adds to those of `urls` stays the part of the URL that it is (S14).
        """
        self._fixed_keys(node)
        compiled = object_of(
            (entry.name, self._input(entry, from_files, files, urls)) for entry in node.entries
        )
        self.places.add(compiled, node)
        return compiled

    def _input(
        self,
        entry: Entry,
        from_files: Collection[str],
        files: Files[str, str],
        urls: Collection[str],
    ) -> CompiledValue:
        compiled = self._file_or_value(entry, from_files, files)
        if entry.name not in urls or not isinstance(compiled, Template) or compiled.single:
            return compiled
        url = replace(compiled, is_url=True)
        self.places.add(url, entry.value)
        return url

    def _file_or_value(
        self, entry: Entry, from_files: Collection[str], files: Files[str, str]
    ) -> CompiledValue:
        path = entry.value.value if isinstance(entry.value, Scalar) else None
        is_file = isinstance(path, str) and path.startswith("templates/") and path in files
        if entry.name not in from_files or not is_file:
            return self.value(entry.value)
        compiled = self._file(str(path), files[str(path)])
        self.places.add(compiled, entry.value)
        return compiled

    def _file(self, path: str, text: str) -> Template:
        """A text with expressions that is a file of its own; findings stand in that file."""
        node = Whole(Source(path, text), 0, len(text), text)
        try:
            template = replace(parse_template(text), file=path)
        except ExpressionError as error:
            code = int(error.code.removeprefix("HUB"))
            found = node.source.finding(code, error.message, start=error.start, end=error.end)
            self.reader.findings.append(found)
            return Template(text, (text,), path)
        for part in template.parts:
            self.places.add(part.expression, node, part.offset)
        return template

    def _fixed_keys(self, node: Mapping) -> None:
        for entry in node.entries:
            self.reader.fixed_key(entry, what="a key")

    def decision(self, node: Node, *, what: str) -> Expression | None:
        """A bare expression; None after a finding."""
        text = self._bare_text(node, what)
        return None if text is None else self._expression(node, text, 0)

    def loop(self, node: Node) -> tuple[str, Expression] | None:
        """`name in expression`."""
        text = self._bare_text(node, "`for_each`")
        if text is None:
            return None
        found = _LOOP.match(text)
        if found is None or not _NAME.fullmatch(found.group(1)):
            self.reader.refuse(110, "`for_each` has the form `name in list`", node)
            return None
        items = self._expression(node, text[found.end() :], found.end())
        return None if items is None else (found.group(1), items)

    def _bare_text(self, node: Node, what: str) -> str | None:
        if is_broken(node):
            return None
        if not isinstance(node, Scalar) or node.value is None:
            self.reader.refuse(110, f"{what} needs an expression, not {shape(node)}", node)
            return None
        text = node.value if isinstance(node.value, str) else node.raw
        if "${{" not in text:
            return text
        at = text.index("${{")
        start, end = node.span(at, at + 3)
        inner = _ONLY_PART.fullmatch(text)
        bare = (inner.group(1) or "") + inner.group(2) if inner else ""
        self.reader.findings.append(
            self.reader.source.finding(
                302,
                f"{what} is an expression already",
                start=start,
                end=end,
                suggestion="write it without `${{ }}`",
                fix=as_scalar(bare) if inner and node.style != "block" else None,
                fixed=(node.start, node.end),
            )
        )
        return None

    def _expression(self, node: Node, text: str, offset: int) -> Expression | None:
        try:
            expression = parse_expression(text)
        except ExpressionError as error:
            self._syntax(node, error, offset)
            return None
        self.places.add(expression, node, offset)
        return expression

    def _syntax(self, node: Node, error: ExpressionError, offset: int) -> None:
        start, end, fixed = node.start, node.end, None
        if isinstance(node, Scalar):
            start, end = node.span(offset + error.start, offset + max(error.end, error.start + 1))
            fixed = node.span(offset + error.fix_start, offset + error.end)
        code = int(error.code.removeprefix("HUB"))
        self.reader.findings.append(
            self.reader.source.finding(
                code, error.message, start=start, end=end, fix=error.fix, fixed=fixed
            )
        )

    def _value(self, node: Node) -> CompiledValue:
        if isinstance(node, Mapping):
            self._fixed_keys(node)
            return self.named(node)
        if isinstance(node, Sequence):
            return list_of(self.value(item) for item in node.items)
        if isinstance(node, Scalar) and isinstance(node.value, str) and not node.is_broken:
            return self._text(node, node.value)
        return Literal(node.value if isinstance(node, Scalar) else None)

    def _text(self, node: Scalar, text: str) -> CompiledValue:
        if "${{" not in text:
            return Literal(text)
        try:
            template = parse_template(text)
        except ExpressionError as error:
            self._syntax(node, error, 0)
            return Literal(text)
        for part in template.parts:
            self.places.add(part.expression, node, part.offset)
        return from_template(template)
