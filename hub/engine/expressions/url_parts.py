"""Values inside of a URL: each stays the component that the author put it into (S14)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from hub.engine.expressions.errors import Fault
from hub.engine.expressions.filters_text import urlencode
from hub.engine.expressions.kinds import joined
from hub.engine.expressions.syntax import (
    Conditional,
    Constant,
    FilterStep,
    Join,
    Name,
    Node,
    Part,
    Path,
    Pipeline,
    children,
    constant_path,
)
from hub.engine.expressions.work import Work

# Scheme, host and port are behind us: nothing that follows can change them.
_ORIGIN = re.compile(r"https?://[^/?#\\\s]+[/?#]", re.IGNORECASE)
_DOTS = frozenset({".", ".."})


WHY = (
    "data cannot stand before the path of a URL, where it would choose the host;"
    " if that is meant, make the whole URL one expression"
)


def url_parts(work: Work, pieces: Sequence[str | Part], values: Sequence[Any]) -> list[Any]:
    """The values as they stand in the URL: encoded, but for what may be raw or is encoded already.

    Raises Fault for data before the end of the host, and for `.` and `..`, which are no part of a
    path but a way out of it. A URL that is one expression as a whole is not asked for here.
    """
    before, ready = "", []
    for piece, value in zip(pieces, values, strict=True):
        fit = value
        if isinstance(piece, Part) and not _may_be_raw(piece, before, work.scope.fixed_vars):
            fit = _encoded(work, piece, value, before)
        ready.append(fit)
        if isinstance(fit, str):
            before += fit
    return ready


def misplaced(pieces: Sequence[str | Part], fixed_vars: Collection[str]) -> Part | None:
    """The first part that is data before the end of the host, whatever runs.

    What stands behind a value of the operator's is judged when it runs: only then it is known how
    much of the URL that value is.
    """
    before = ""
    for piece in pieces:
        if isinstance(piece, Part):
            if is_fixed(piece.expression.root, fixed_vars) or _ORIGIN.match(before):
                return None
            return piece
        before += piece
    return None


def _may_be_raw(piece: Part, before: str, fixed_vars: Collection[str]) -> bool:
    """What is of `config` anywhere; what else is fixed where scheme, host and port are chosen.

    Behind the host the author's own values are encoded as data is: `+49 30` is one value there.
    """
    root = piece.expression.root
    return _is_of_config(root) or (_ORIGIN.match(before) is None and is_fixed(root, fixed_vars))


def _encoded(work: Work, piece: Part, value: Any, before: str) -> Any:
    if _ORIGIN.match(before) is None:
        raise Fault(WHY)
    text = joined(work, [value])
    if not isinstance(text, str):
        return text
    if text in _DOTS:
        raise Fault("`.` and `..` cannot stand in a URL")
    return text if _is_encoded(piece.expression.root) else urlencode(work, text)


def is_fixed(node: Node, fixed_vars: Collection[str]) -> bool:
    """A value of the author's or the operator's, with or without filters: no data is in it.

    It is a literal, of `config`, of one of `fixed_vars`, or made of such; data may choose one.
    """
    if isinstance(node, Pipeline):
        given = (value for step in node.steps for value in children(step))
        return all(is_fixed(value, fixed_vars) for value in (node.operand, *given))
    if isinstance(node, Join):
        return all(is_fixed(part, fixed_vars) for part in node.parts)
    if isinstance(node, Conditional):
        return all(is_fixed(each, fixed_vars) for each in (node.then, node.otherwise))
    path = constant_path(node) or ()
    is_fixed_var = path[:1] == ("vars",) and len(path) > 1 and path[1] in fixed_vars
    return isinstance(node, Constant) or _is_config(node) or is_fixed_var


def _is_of_config(node: Node) -> bool:
    """A value of `config` itself, with or without filters that are given no data."""
    if isinstance(node, Pipeline):
        given = (value for step in node.steps for value in children(step))
        return _is_of_config(node.operand) and all(
            isinstance(value, Constant) or _is_of_config(value) for value in given
        )
    return _is_config(node)


def _is_config(node: Node) -> bool:
    return isinstance(node, Path) and isinstance(node.root, Name) and node.root.name == "config"


def _is_encoded(node: Node) -> bool:
    """The author has done it: `| urlencode` comes last."""
    last = node.steps[-1] if isinstance(node, Pipeline) else None
    return isinstance(last, FilterStep) and last.name == "urlencode"
