"""The tree of an expression. `start` and `end` are offsets into its text, `end` excluded.

Chains (`a.b.c`, `x | f | g`, `1 + 2 + 3`) are one node with many steps, so that the depth of a
tree is the nesting of its text and no expression can exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A piece of an expression."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """`'text'`, `12`, `1.5`, `true`, `null`."""

    value: Any


@dataclass(frozen=True, slots=True)
class OmitWord(Node):
    """`omit`: leave this key or list item out."""


@dataclass(frozen=True, slots=True)
class Name(Node):
    """`payload`."""

    name: str


@dataclass(frozen=True, slots=True)
class FieldStep(Node):
    """`.lead_id`."""

    name: str


@dataclass(frozen=True, slots=True)
class IndexStep(Node):
    """`[0]`, `['any key']`."""

    key: Node


@dataclass(frozen=True, slots=True)
class Path(Node):
    """`payload.lead['first name']`."""

    root: Node
    steps: tuple[FieldStep | IndexStep, ...]


@dataclass(frozen=True, slots=True)
class FilterStep(Node):
    """`| truncate(20)`; arguments carry the names of the filter's parameters."""

    name: str
    arguments: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class TestStep(Node):
    """`is not set`."""

    __test__ = False

    name: str
    is_negated: bool


@dataclass(frozen=True, slots=True)
class Pipeline(Node):
    """`payload.name | trim | upper`, `payload.name is set`."""

    operand: Node
    steps: tuple[FilterStep | TestStep, ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`now()`."""

    name: str
    arguments: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """`not a`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Negate(Node):
    """`-a`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And(Node):
    """`a and b and c`."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """`a or b or c`."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`a == b`, `a not in b`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`a + b - c` or `a * b / c`, from left to right."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Join(Node):
    """`a ~ b ~ c`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`then if condition else otherwise`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class ListDisplay(Node):
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ObjectDisplay(Node):
    """`{'key': a}`."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression and the text its offsets count in."""

    text: str
    root: Node


def walk(node: Node) -> Iterator[Node]:
    """Visit the node and everything in it, from left to right."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> tuple[Node, ...]:
    """List the nodes directly inside a node."""
    inside = _CHILDREN.get(type(node))
    return inside(node) if inside else ()


_CHILDREN: dict[type[Node], Callable[[Any], tuple[Node, ...]]] = {
    IndexStep: lambda node: (node.key,),
    Path: lambda node: (node.root, *node.steps),
    FilterStep: lambda node: tuple(value for _, value in node.arguments),
    Pipeline: lambda node: (node.operand, *node.steps),
    Call: lambda node: tuple(value for _, value in node.arguments),
    Not: lambda node: (node.operand,),
    Negate: lambda node: (node.operand,),
    And: lambda node: node.terms,
    Or: lambda node: node.terms,
    Compare: lambda node: (node.left, node.right),
    Arithmetic: lambda node: (node.first, *(operand for _, operand in node.rest)),
    Join: lambda node: node.parts,
    Conditional: lambda node: (node.then, node.condition, node.otherwise),
    ListDisplay: lambda node: node.items,
    ObjectDisplay: lambda node: tuple(value for _, value in node.entries),
}


def constant_path(node: Node) -> tuple[str | int, ...] | None:
    """Give `payload.lead['name']` as `("payload", "lead", "name")`; None for anything else."""
    if isinstance(node, Name):
        return (node.name,)
    if not isinstance(node, Path) or not isinstance(node.root, Name):
        return None
    parts: list[str | int] = [node.root.name]
    for step in node.steps:
        if isinstance(step, FieldStep):
            parts.append(step.name)
        elif isinstance(step.key, Constant) and isinstance(step.key.value, str | int):
            parts.append(step.key.value)
        else:
            return None
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Part:
    """One `${{ }}` of a text: `start` and `end` of the whole, `offset` of the expression in it."""

    expression: Expression
    start: int
    end: int
    offset: int
