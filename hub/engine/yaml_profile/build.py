"""Events → nodes, with our own meaning of plain scalars."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from hub.engine.findings import Finding, Source
from hub.engine.yaml_profile.nodes import (
    Entry,
    Mapping,
    Node,
    PlainValue,
    Scalar,
    Sequence,
    Style,
)
from hub.engine.yaml_profile.quoting import our_template

MAX_DEPTH = 32
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_WORDS: dict[str, PlainValue] = {"": None, "null": None, "~": None, "true": True, "false": False}
_LOOKS_OTHERWISE = frozenset({"yes", "no", "on", "off", "true", "false", "null"})
STYLES: dict[str, Style] = {"'": "single", '"': "double", "|": "block", ">": "block"}
TEMPLATE_OF_OTHERS = re.compile(r"=?\{\{")


class TooDeep(Exception):
    """More levels than a file may have; nothing of them was built."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def resolve(text: str) -> PlainValue:
    """What a plain scalar means: null, a boolean, a number, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


@dataclass
class _Frame:
    """A list or a mapping that is not finished yet."""

    start: int
    is_mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    key: Scalar | None = None
    names: dict[str, Scalar] = field(default_factory=dict)


class Builder:
    """Takes the events of one file; afterwards `root`, `findings` and the `spans` of scalars."""

    def __init__(self, source: Source, text: str, mended: list[tuple[int, int]]) -> None:
        self.source = source
        self.root: Node | None = None
        self.findings: list[Finding] = []
        self.spans: list[tuple[int, int]] = []
        self._text = text
        self._mended = frozenset(start for start, _ in mended)
        self._stack: list[_Frame] = []
        self._documents = 0
        self._skipped_levels = 0
        self._skipped_from = 0

    @property
    def is_several(self) -> bool:
        """More than one document: it is not known which is meant."""
        return self._documents > 1

    def open(self, start: int, *, is_mapping: bool) -> None:
        """A list or mapping begins."""
        self._stack.append(_Frame(start, is_mapping))

    def close(self, end: int) -> None:
        """The innermost list or mapping ends."""
        frame = self._stack.pop()
        if frame.is_mapping:
            self._add(Mapping(self.source, frame.start, end, tuple(frame.entries)))
        else:
            self._add(Sequence(self.source, frame.start, end, tuple(frame.items)))

    def scalar(
        self, start: int, end: int, text: str, style: Style, *, is_marked: bool = False
    ) -> None:
        """A key or a value; `is_marked`: it has a tag or an anchor."""
        self.spans.append((start, end))
        if is_marked or start in self._mended:
            self._add(self._broken(start, end))
        elif self._is_key():
            self._add(Scalar(self.source, start, end, text, style))
        elif style != "block" and TEMPLATE_OF_OTHERS.match(text):
            self._foreign_template(start, end)
            self._add(self._broken(start, end))
        else:
            value = self._value(start, end, text, style)
            self._add(Scalar(self.source, start, end, value, style))

    def _value(self, start: int, end: int, text: str, style: Style) -> PlainValue:
        if style == "block":
            header = self._text[start : self._text.find("\n", start)].partition("#")[0]
            return text if "+" in header else text.removesuffix("\n")
        if style != "plain":
            return text
        value = resolve(text)
        if isinstance(value, str) and text.lower() in _LOOKS_OTHERWISE:
            self._refuse(106, f"`{text}` is text here", start, end, suggestion=_meant(text))
        return value

    def _foreign_template(self, start: int, end: int) -> None:
        message = f"`{self._text[start : start + 3].rstrip()}` does not start an expression"
        fix = our_template(self._text[start:end])
        self._refuse(103, message, start, end, suggestion="write `${{ ... }}`", fix=fix)

    def _is_key(self) -> bool:
        return bool(self._stack) and self._stack[-1].is_mapping and self._stack[-1].key is None

    def _add(self, node: Node) -> None:
        if not self._stack:
            self.root = node
        elif not self._stack[-1].is_mapping:
            self._stack[-1].items.append(node)
        elif self._stack[-1].key is None:
            self._stack[-1].key = self._key(node)
        else:
            self._close_entry(self._stack[-1], node)

    def _key(self, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            self._refuse(102, "a key must be plain text", node.start, node.end)
            return self._broken(node.start, node.end)
        if node.is_broken:
            return node
        if node.value == "":
            self._refuse(102, "a key is missing before `:`", node.start)
            return self._broken(node.start, node.end)
        if node.value == "<<" and node.style == "plain":
            self._refuse(
                104,
                "merge keys (`<<`) are not allowed",
                node.start,
                node.end,
                suggestion="repeat the keys",
            )
        return node

    def _close_entry(self, frame: _Frame, value: Node) -> None:
        key, frame.key = frame.key, None
        if key is None or key.is_broken or key.value == "<<":
            return
        name = str(key.value)
        if name in frame.names:
            line = self.source.position(frame.names[name].start)[0]
            self._refuse(
                108, f"the key '{name}' stands twice, first in line {line}", key.start, key.end
            )
            return
        frame.names[name] = key
        frame.entries.append(Entry(key, value))

    def _broken(self, start: int, end: int) -> Scalar:
        return Scalar(self.source, start, end, "", is_broken=True)

    def _refuse(
        self,
        code: int,
        message: str,
        start: int,
        end: int | None = None,
        *,
        suggestion: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.findings.append(
            self.source.finding(code, message, start=start, end=end, suggestion=suggestion, fix=fix)
        )


def _meant(text: str) -> str:
    meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}
    value = meant.get(text.lower(), text.lower())
    return f"write `{value}`, or quotes around it if text is meant"
