"""A layout → the canonical text (language, chapter 16).

Two spaces for each level, list items two below their key, `{a: b}` without inner spaces, one line
for each value. A list directly in a list stands four below its dash, as ruamel.yaml writes it.
"""

from __future__ import annotations

from hub.editing.layout import Branch, Gap, Leaf, Part, Value, ends_in_kept_lines

_STEP = 2


def printed(root: Branch) -> str:
    """The whole file, with one line break at its end."""
    if root.is_inline:
        lines = [*_gap(root.parts[0].gap if root.parts else [], 0), inline(root)]
        lines += _gap(root.foot, 0)
    else:
        lines = _block(root, 2 if root.kind == "list" else 0)
    while lines and not lines[-1] and not ends_in_kept_lines(root):
        lines.pop()
    return "\n".join(lines) + "\n"


def inline(value: Value) -> str:
    """A value on one line."""
    if isinstance(value, Leaf):
        return value.head or "null"
    if value.kind == "list":
        return f"[{', '.join(inline(part.value) for part in value.parts)}]"
    return f"{{{', '.join(f'{part.key}: {inline(part.value)}' for part in value.parts)}}}"


def _block(branch: Branch, column: int) -> list[str]:
    lines: list[str] = []
    for part in branch.parts:
        lines += _gap(part.gap, column)
        lines += _entry(part, column) if branch.kind == "mapping" else _item(part, column)
    return lines + _gap(branch.foot, column)


def _gap(gap: Gap, column: int) -> list[str]:
    return ["" if line is None else " " * column + line for line in gap]


def _entry(part: Part, column: int) -> list[str]:
    start = f"{' ' * column}{part.key}:"
    if isinstance(part.value, Leaf):
        return _leaf(part.value, start, part.comment, column + _STEP)
    if part.value.is_inline:
        return [f"{start} {inline(part.value)}{part.comment}", *_gap(part.value.foot, column)]
    return [start + part.comment, *_block(part.value, column + _STEP)]


def _leaf(leaf: Leaf, start: str, comment: str, column: int) -> list[str]:
    first = f"{start} {leaf.head}" if leaf.head else start
    body = [" " * column + line if line else "" for line in leaf.body]
    return [first + comment, *body]


def _item(part: Part, column: int) -> list[str]:
    start = " " * column + "-"
    if isinstance(part.value, Leaf):
        leaf = part.value if part.value.head else Leaf(None, "null")
        return _leaf(leaf, start, part.comment, column + _STEP)
    if part.value.is_inline:
        return [f"{start} {inline(part.value)}{part.comment}", *_gap(part.value.foot, column)]
    inner = column + (_STEP if part.value.kind == "mapping" else 2 * _STEP)
    first = part.value.parts[0]
    above = _gap(first.gap, column)
    lines = _block(part.value, inner)[len(first.gap) :]
    return [*above, start + lines[0][len(start) :], *lines[1:]]
