"""Another id for a step: in its `id`, and wherever an expression of the file reads its result."""

from __future__ import annotations

import re
from collections.abc import Callable

from hub.editing.layout import Branch, Leaf
from hub.editing.order import Role, inner_role
from hub.editing.places import id_of, steps_of
from hub.engine.expressions import ExpressionError, parse_expression, parse_template
from hub.engine.expressions.syntax import Constant, FieldStep, IndexStep, Name, Path, walk

_OF_VALUES = frozenset(
    {
        *("with", "vars", "data", "reply", "return", "log", "message", "collect", "continue"),
        *("otherwise", "failed", "at_once", "headers"),
    }
)
"""Below these keys stand values: a key `if` there is data, no decision."""

_Rename = Callable[[str, bool], str]
_LOOP = re.compile(r"\s*\w+\s+in\s+")


def rename_step(root: Branch, role: Role, old: str, new: str) -> None:
    """Give the step its new id, and every `steps.<id>` of the file with it."""

    def rename(text: str, is_bare: bool) -> str:  # noqa: FBT001
        return _in_text(text, old, new, is_bare=is_bare)

    _rename(root, role, rename, in_values=False)
    for _, step in steps_of(root, role):
        part = step.part("id")
        if part is not None and id_of(step) == old:
            part.value = Leaf(new, new)


def _rename(branch: Branch, role: Role, rename: _Rename, *, in_values: bool) -> None:
    for part in branch.parts:
        if isinstance(part.value, Branch):
            is_value = in_values or part.name in _OF_VALUES
            _rename(part.value, inner_role(role, part), rename, in_values=is_value)
        elif isinstance(part.value.value, str):
            is_loop = role == "step" and part.name == "for_each"
            is_bare = not in_values and _is_decision(part.name)
            _rewrite(part.value, rename, is_bare=is_bare, is_loop=is_loop)


def _is_decision(name: str) -> bool:
    return name in {"if", "switch"} or name.endswith("_if")


def _rewrite(leaf: Leaf, rename: _Rename, *, is_bare: bool, is_loop: bool) -> None:
    """Write the text again, in the style it has."""
    text = str(leaf.value)
    head = _LOOP.match(text) if is_loop else None
    start = head.end() if head else 0
    renamed = text[:start] + rename(text[start:], is_bare or is_loop)
    if renamed == text:
        return
    if leaf.body and leaf.head.startswith("|"):
        leaf.body = renamed.removesuffix("\n" if "+" in leaf.head else "").split("\n")
    elif leaf.body:
        leaf.body = [rename(line, is_bare) for line in leaf.body]
    elif leaf.head.startswith('"') and leaf.head != f'"{text}"':
        leaf.head = leaf.head[:1] + renamed.replace("\\", "\\\\").replace('"', '\\"') + '"'
    elif leaf.head.startswith("'"):
        leaf.head = "'" + renamed.replace("'", "''") + "'"
    else:
        leaf.head = f'"{renamed}"' if leaf.head.startswith('"') else renamed
    leaf.value = renamed


def _in_text(text: str, old: str, new: str, *, is_bare: bool) -> str:
    """The text with the new id in its expressions; what is no expression stays as it is."""
    try:
        if is_bare:
            spans = _spans(parse_expression(text).root, old, 0)
        else:
            parts = parse_template(text).parts
            spans = [
                span for part in parts for span in _spans(part.expression.root, old, part.offset)
            ]
    except ExpressionError:
        return text
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _spans(root: object, old: str, offset: int) -> list[tuple[int, int]]:
    spans = []
    for node in walk(root):  # type: ignore[arg-type]  # any node of an expression
        if not (isinstance(node, Path) and isinstance(node.root, Name)):
            continue
        first = node.steps[0]
        if node.root.name != "steps":
            continue
        if isinstance(first, FieldStep) and first.name == old:
            spans.append((first.start + offset, first.end + offset))
        elif isinstance(first, IndexStep) and _is_text(first.key, old):
            spans.append((first.key.start + offset + 1, first.key.end + offset - 1))
    return spans


def _is_text(node: object, text: str) -> bool:
    return isinstance(node, Constant) and node.value == text
