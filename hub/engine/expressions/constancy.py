"""Questions whose answer is known before anything runs (HUB332, HUB333)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn
from zoneinfo import ZoneInfo

from hub.engine.expressions.environment import Findings, PathKey
from hub.engine.expressions.errors import EvaluationError
from hub.engine.expressions.evaluator import evaluate
from hub.engine.expressions.scope import Scope
from hub.engine.expressions.syntax import (
    Call,
    Compare,
    Constant,
    Expression,
    ListDisplay,
    Name,
    Negate,
    Node,
    Or,
    Pipeline,
    constant_path,
    walk,
)
from hub.engine.expressions.types import Text, Type

_NEVER_TRUE = {"!=", "<", ">", "not in"}  # of two values that are the same, or of all of them


def is_constant(node: Node) -> bool:
    """Whether nothing in it can change from run to run."""
    return not any(isinstance(each, Name | Call) for each in walk(node))


def tell_constant(findings: Findings, node: Node, text: str) -> None:
    """Note a condition, or a part of one, in which nothing can change."""
    if isinstance(node, Compare) and _is_false(node, text):
        findings.warning("HUB332", "this comparison is never true", node)
    else:
        findings.warning("HUB333", "the condition never changes", node)


def tell_known(findings: Findings, sign: str, why: str, node: Node) -> None:
    """Note a comparison of what is the same, or of one value with all that are possible."""
    if sign in _NEVER_TRUE:
        findings.warning("HUB332", f"this comparison is never true: {why}", node)
    else:
        findings.warning("HUB333", f"this comparison is always true: {why}", node)


def check_sameness(findings: Findings, node: Compare) -> None:
    """Note `payload.n == payload.n`, and `in` of a list without items."""
    path = constant_path(node.left)
    if node.operator in {"in", "not in"}:
        if isinstance(node.right, ListDisplay) and not node.right.items:
            opposite = "in" if node.operator == "not in" else "not in"
            tell_known(findings, opposite, "the list is empty", node)
    elif path is not None and path == constant_path(node.right):
        tell_known(findings, node.operator, "both sides are the same", node)


def check_fraction(findings: Findings, sign: str, node: Node, *, whole: Node) -> None:
    """Note that a whole number is compared with one that is none."""
    number = node.operand if isinstance(node, Negate) else node
    value = number.value if isinstance(number, Constant) else None
    if isinstance(value, float) and not value.is_integer():
        opposite = "!=" if sign == "==" else "=="
        tell_known(findings, opposite, "the other side is a whole number", whole)


def check_all_named(findings: Findings, node: Or, type_of: Callable[[Node], Type]) -> None:
    """Note `x == 'a' or x in ['b', 'c']`, where there is no other value."""
    named: dict[PathKey, set[str]] = {}
    for term in node.terms:
        path = constant_path(term.left) if isinstance(term, Compare) else None
        if not isinstance(term, Compare) or path is None or term.operator not in {"==", "in"}:
            continue
        texts = named.setdefault(path, set())
        texts |= _texts(term.right)
        kind = type_of(term.left)
        if isinstance(kind, Text) and kind.possible is not None and kind.possible <= texts:
            tell_known(findings, "==", "it names all possible values", node)
            return


def _texts(node: Node) -> set[str]:
    items = node.items if isinstance(node, ListDisplay) else (node,)
    values = (item.value for item in items if isinstance(item, Constant))
    return {value for value in values if isinstance(value, str)}


def _is_false(node: Node, text: str) -> bool:
    """What filters give may depend on the place where it runs."""
    if any(isinstance(each, Pipeline) for each in walk(node)):
        return False
    try:
        return evaluate(Expression(text, node), _NOWHERE) is False
    except EvaluationError:
        return False


def _not_asked() -> NoReturn:
    raise AssertionError("what never changes asks neither for the time nor for an id")


_NOWHERE = Scope(names={}, now=_not_asked, new_id=_not_asked, zone=ZoneInfo("UTC"))
