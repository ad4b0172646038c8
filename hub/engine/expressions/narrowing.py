"""What a condition tells about the values it asks for (chapter 15, narrowing)."""

from __future__ import annotations

from collections.abc import Iterable

from hub.engine.expressions.environment import PathKey, TypeEnv
from hub.engine.expressions.syntax import (
    And,
    Compare,
    Constant,
    Expression,
    Node,
    Not,
    Or,
    Pipeline,
    TestStep,
    constant_path,
)


def narrow(expression: Expression, env: TypeEnv, *, truth: bool) -> TypeEnv:
    """The place behind a condition that came out as `truth`."""
    return narrowed(expression.root, env, truth=truth)


def narrowed(node: Node, env: TypeEnv, *, truth: bool) -> TypeEnv:
    """The same for a part of an expression."""
    return env.with_present(_present(node, truth=truth))


def _present(node: Node, *, truth: bool) -> set[PathKey]:
    if isinstance(node, Not):
        return _present(node.operand, truth=not truth)
    if isinstance(node, And | Or):
        found = [_present(term, truth=truth) for term in node.terms]
        # `a and b` came out true, `a or b` false: then all terms did. Otherwise any one of them.
        return _all(found) if truth is isinstance(node, And) else set.intersection(*found)
    if isinstance(node, Pipeline) and len(node.steps) == 1:
        return _asked(node, truth=truth)
    if isinstance(node, Compare) and node.operator in {"==", "!="}:
        return _compared(node, truth=truth)
    return set()


def _asked(node: Pipeline, *, truth: bool) -> set[PathKey]:
    test = node.steps[0]
    if not isinstance(test, TestStep) or test.name not in {"set", "ok"}:
        return set()
    return _path(node.operand) if truth is not test.is_negated else set()


def _compared(node: Compare, *, truth: bool) -> set[PathKey]:
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(other, Constant) and other.value is None:
            return _path(one) if truth is (node.operator == "!=") else set()
    return set()


def _path(node: Node) -> set[PathKey]:
    path = constant_path(node)
    return {path} if path is not None else set()


def _all(found: Iterable[set[PathKey]]) -> set[PathKey]:
    return {path for paths in found for path in paths}
