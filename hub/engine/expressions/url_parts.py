"""Values inside of a URL: each stays the component that the author put it into (S14)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hub.engine.expressions.errors import Fault
from hub.engine.expressions.filters_text import urlencode
from hub.engine.expressions.kinds import joined
from hub.engine.expressions.syntax import (
    Constant,
    FilterStep,
    Name,
    Node,
    Part,
    Path,
    Pipeline,
    children,
)
from hub.engine.expressions.work import Work

# Scheme, host and port are behind us: nothing that follows can change them.
_ORIGIN = re.compile(r"https?://[^/?#\\\s]+[/?#]", re.IGNORECASE)
_DOTS = frozenset({".", ".."})


def url_parts(work: Work, pieces: Sequence[str | Part], values: Sequence[Any]) -> list[Any]:
    """The values as they stand in the URL: encoded, but for `config` and what is encoded already.

    Raises Fault for data before the end of the host, and for `.` and `..`, which are no part of a
    path but a way out of it. A URL that is one expression as a whole is not asked for here.
    """
    before, ready = "", []
    for piece, value in zip(pieces, values, strict=True):
        fit = value
        if isinstance(piece, Part) and not _is_of_the_operator(piece.expression.root):
            fit = _encoded(work, piece, value, before)
        ready.append(fit)
        if isinstance(fit, str):
            before += fit
    return ready


def _encoded(work: Work, piece: Part, value: Any, before: str) -> Any:
    if _ORIGIN.match(before) is None:
        raise Fault(
            "data cannot stand before the path of a URL, where it would choose the host;"
            " if that is meant, make the whole URL one expression"
        )
    text = joined(work, [value])
    if not isinstance(text, str):
        return text
    if text in _DOTS:
        raise Fault("`.` and `..` cannot stand in a URL")
    return text if _is_encoded(piece.expression.root) else urlencode(work, text)


def _is_of_the_operator(node: Node) -> bool:
    """A value of `config`, with or without filters, to which nothing else is given."""
    if isinstance(node, Pipeline):
        given = (value for step in node.steps for value in children(step))
        return _is_of_the_operator(node.operand) and all(
            isinstance(value, Constant) or _is_of_the_operator(value) for value in given
        )
    return isinstance(node, Path) and isinstance(node.root, Name) and node.root.name == "config"


def _is_encoded(node: Node) -> bool:
    """The author has done it: `| urlencode` comes last."""
    last = node.steps[-1] if isinstance(node, Pipeline) else None
    return isinstance(last, FilterStep) and last.name == "urlencode"
