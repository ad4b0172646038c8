"""The text of a file → its layout: every comment goes where it belongs.

A comment on a line of its own belongs to what follows it; at the end of a block it belongs to the
block while it is indented deeper than what comes next. One behind a value stays with the value,
one behind `|` moves above it.
Comments inside `[ ]` or `{ }` need lines of their own: such a value is laid out as a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hub.editing.layout import Branch, Gap, Leaf, Part, Value
from hub.editing.scalars import header_comment, leaf
from hub.engine.yaml_profile import Document, Mapping, Node, Scalar, Sequence

_COLON = re.compile(r"[ \t]*:")
_REST_OF_LINE = re.compile(r"([ \t]*)(#[^\n]*)?(?=\n|\Z)")
_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#.*")
_UNSEEN = re.compile(r"(?:\s|#[^\n]*)*")


class Unusual(Exception):
    """A way of writing that is right, but that nobody uses: the message says what to write."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def read_layout(document: Document) -> Branch | None:
    """The layout of a file that was read without errors; None where it holds no keys or items.

    Raises `Unusual`.
    """
    root = document.root
    if not isinstance(root, Mapping | Sequence):
        return None
    reading = _Reading(document.source.text)
    value, stop = reading.branch(root, 0, len(reading.text))
    value.foot += gap_of(reading.text[stop:])
    return value


def comments_of(document: Document) -> Iterator[str]:
    """All comments of a file outside of texts, found without its layout."""
    text = document.source.text
    for node in _scalars(document.root):
        start, end = node.start, node.end
        if node.style == "block":
            start, end = text.find("\n", start), block_end(text, start, len(leaf(node).body))
        hidden = "".join("\n" if sign == "\n" else "x" for sign in text[start:end])
        text = text[:start] + hidden + text[end:]
    for line in text.split("\n"):
        yield from (comment.rstrip() for comment in _COMMENT.findall(line))


def _scalars(node: Node | None) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Mapping):
        for entry in node.entries:
            yield entry.key
            yield from _scalars(entry.value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _scalars(item)


def block_end(text: str, start: int, lines: int) -> int:
    """Where a text after `|` of so many lines ends."""
    end = text.find("\n", start)
    for _ in range(lines):
        end = text.find("\n", end + 1)
    return len(text) if end < 0 else end


def gap_of(between: str) -> Gap:
    """The lines between two values: comments and blank lines, without the ends of the others."""
    first, *lines = between.split("\n")
    found: Gap = [comment.rstrip() for comment in _COMMENT.findall(first)]
    for line in lines[:-1]:
        comment = _COMMENT.search(line)
        if comment:
            found.append(comment.group().rstrip())
        elif not line.strip():
            found.append(None)
    if lines and (comment := _COMMENT.search(lines[-1])):
        found.append(comment.group().rstrip())
    return found


@dataclass
class _Reading:
    text: str

    def branch(self, node: Mapping | Sequence, at: int, limit: int) -> tuple[Branch, int]:
        """A mapping or list whose first gap starts at `at`; and where what it holds ends.

        What stands before `limit` and belongs to it is its foot.
        """
        kind = "mapping" if isinstance(node, Mapping) else "list"
        if self._is_flow(node):
            return self._flow(node), node.end
        branch = Branch(kind)  # type: ignore[arg-type]  # mypy widens the two words
        starts = self._starts(node, at)
        stop = at
        for place, start in enumerate(starts):
            end = starts[place + 1] if place + 1 < len(starts) else limit
            part, stop_after = self._part(node, place, start, end)
            part.gap = [*gap_of(self.text[stop:start]), *part.gap]
            branch.parts.append(part)
            stop = stop_after
        branch.foot, stop = self._foot(self._column(starts[0]), stop, limit)
        return branch, stop

    def _starts(self, node: Mapping | Sequence, at: int) -> list[int]:
        """Where each key or dash stands."""
        if isinstance(node, Mapping):
            return [entry.key.start for entry in node.entries]
        starts = []
        for item in node.items:
            starts.append(_UNSEEN.match(self.text, at).end())  # type: ignore[union-attr]  # matches always
            at = max(item.end, starts[-1] + 1)
        return starts

    def _part(
        self, node: Mapping | Sequence, place: int, start: int, limit: int
    ) -> tuple[Part, int]:
        if isinstance(node, Mapping):
            entry = node.entries[place]
            part = Part(Leaf(None, ""), entry.name, leaf(entry.key).head)
            after = self._colon(entry.key) + 1
            return part, self._fill(part, entry.value, after, limit)
        part = Part(Leaf(None, ""))
        return part, self._fill(part, node.items[place], start + 1, limit)

    def _colon(self, key: Scalar) -> int:
        found = _COLON.match(self.text, key.end)
        if found is None or self.text[: key.start].rstrip().endswith("?"):
            raise Unusual("a key after `?` is not known here: write `key: value`", key.start)
        return found.end() - 1

    def _fill(self, part: Part, node: Node, after: int, limit: int) -> int:
        """Put the value behind `key:` or the dash into the part; where it ends."""
        if isinstance(node, Mapping | Sequence) and not self._is_flow(node):
            return self._fill_block(part, node, after, limit)
        if node.start == node.end:  # nothing: its place is where the next thing stands
            part.value = leaf(_scalar(node))
            return self._trailing(part, after)
        part.gap += gap_of(self.text[after : node.start])
        if isinstance(node, Mapping | Sequence):
            part.value = self._flow(node)
        else:
            part.value = leaf(scalar := _scalar(node))
            if scalar.style == "block":
                comment = header_comment(scalar)
                part.gap += [comment] if comment else []
                return block_end(self.text, node.start, len(part.value.body))
        return self._trailing(part, node.end)

    def _fill_block(self, part: Part, node: Mapping | Sequence, after: int, limit: int) -> int:
        at = after
        if part.key:
            at = self._trailing(part, after)
        elif isinstance(node, Mapping):
            part.gap += gap_of(self.text[after : node.start])
            at = node.start
        else:
            at = _UNSEEN.match(self.text, after).end()  # type: ignore[union-attr]  # matches always
            part.gap += gap_of(self.text[after:at])
        part.value, stop = self.branch(node, at, limit)
        return stop

    def _trailing(self, part: Part, end: int) -> int:
        """The comment on the rest of the line, if there is nothing else on it."""
        found = _REST_OF_LINE.match(self.text, end)
        if found is None:
            return end
        if found.group(2):
            part.comment = (found.group(1).replace("\t", " ") or " ") + found.group(2).rstrip()
        return found.end()

    def _foot(self, column: int, stop: int, limit: int) -> tuple[Gap, int]:
        """The comments behind the last part that are indented like it, not like what follows."""
        next_column = -1 if limit >= len(self.text) else self._column(limit)
        foot: Gap = []
        pending: Gap = []
        at = taken = stop
        for number, line in enumerate(self.text[stop:limit].split("\n")):
            at += len(line) + (number > 0)
            if number == 0 or not line.strip():
                pending += [None] if number else []
                continue
            indentation = len(line) - len(line.lstrip())
            if not line.lstrip().startswith("#") or indentation < max(column, next_column + 1):
                break
            foot += [*pending, line.strip()]
            pending, taken = [], at
        return foot, min(taken, limit)

    # ------------------------------------------------------------------------------------- flow

    def _is_flow(self, node: Node) -> bool:
        return self.text[node.start : node.start + 1] in {"[", "{"}

    def _flow(self, node: Mapping | Sequence) -> Branch:
        branch = Branch("mapping" if isinstance(node, Mapping) else "list", is_flow=True)
        at = node.start + 1
        for start, end, part in self._flow_parts(node):
            self._between(branch, part, self.text[at:start])
            branch.parts.append(part)
            branch.is_flow = branch.is_flow and not _is_block(part.value)
            at = end
        self._between(branch, None, self.text[at : node.end])
        return branch

    def _flow_parts(self, node: Mapping | Sequence) -> list[tuple[int, int, Part]]:
        if isinstance(node, Sequence):
            return [(item.start, item.end, Part(self._flow_value(item))) for item in node.items]
        parts = []
        for entry in node.entries:
            value = self._flow_value(entry.value)
            part = Part(value, entry.name, leaf(entry.key).head)
            part.gap += gap_of(self.text[entry.key.end : entry.value.start])
            end = max(entry.value.end, entry.key.end)
            parts.append((entry.key.start, end, part))
        return parts

    def _flow_value(self, node: Node) -> Value:
        if isinstance(node, Mapping | Sequence):
            return self._flow(node)
        return leaf(_scalar(node))

    def _between(self, branch: Branch, part: Part | None, between: str) -> None:
        """Comments before a part of `[ ]` or `{ }`: the value gets lines of its own."""
        first, _, rest = between.partition("\n")
        behind = _COMMENT.search(first)
        found: Gap = [line for line in gap_of("\n" + rest + "\n") if line is not None]
        if behind and branch.parts:
            branch.parts[-1].comment = f"  {behind.group().rstrip()}"
        elif behind:
            found.insert(0, behind.group().rstrip())
        if part is None:
            branch.foot += found
        else:
            part.gap = [*found, *part.gap]
        has_comment = behind or found or (part is not None and part.gap)
        branch.is_flow = branch.is_flow and not has_comment

    def _column(self, offset: int) -> int:
        return offset - self.text.rfind("\n", 0, offset) - 1


def _scalar(node: Node) -> Scalar:
    """What is neither a mapping nor a list."""
    if not isinstance(node, Scalar):
        raise TypeError(node)
    return node


def _is_block(value: Value) -> bool:
    return isinstance(value, Branch) and not value.is_inline
