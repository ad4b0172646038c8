"""What to write instead of a word that a schema cannot have."""

from __future__ import annotations

from collections.abc import Iterable

from hub.engine.findings import did_you_mean, listed
from hub.engine.yaml_profile import Mapping, Node, Sequence
from hub.schemas import SchemaProblem

_SHORT = 8


def schema_correction(problem: SchemaProblem, *, beside: Iterable[str] = ()) -> str | None:
    """The nearest word, and all of them where they are few; `beside` are keys of the language."""
    if problem.name is None:
        return None
    known = [*problem.known, *beside]
    meant = did_you_mean(problem.name, known)
    if problem.is_key:
        return meant
    if len(known) > _SHORT:
        return meant or listed(known, what="it has")
    words = f"one of {', '.join(known)}"
    return f"{meant} ({words})" if meant else words


def schema_node(node: Node, problem: SchemaProblem) -> Node:
    """The node of an inline schema that a problem means, or the nearest one around it."""
    parts = problem.pointer.split("/")[1:]
    for place, part in enumerate(parts):
        inner = _inside(node, part.replace("~1", "/").replace("~0", "~"))
        if inner is None:
            return node
        key, value = inner
        is_last = place == len(parts) - 1
        node = key if is_last and (problem.is_key or isinstance(value, Mapping)) else value
    return node


def _inside(node: Node, part: str) -> tuple[Node, Node] | None:
    """The key and the value of a member; an item is both."""
    if isinstance(node, Mapping):
        entry = node.get(part)
        return None if entry is None else (entry.key, entry.value)
    if isinstance(node, Sequence) and part.isdecimal() and int(part) < len(node.items):
        return node.items[int(part)], node.items[int(part)]
    return None
