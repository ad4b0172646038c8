"""Which variables hold nothing but what the author and the operator wrote (S14)."""

from __future__ import annotations

from collections.abc import Sequence

from hub.engine.expressions.syntax import Part
from hub.engine.expressions.template import CompiledValue, ListOf, Literal, Template
from hub.engine.expressions.url_parts import is_fixed


def fixed_names(definitions: Sequence[tuple[str, CompiledValue]]) -> frozenset[str]:
    """The names of which every definition holds literals, `config` and such variables only.

    A variable is set once on each way, but on several ways: one that holds data is enough.
    """
    names = frozenset(name for name, _ in definitions)
    while True:
        kept = names - {name for name, value in definitions if not _is_fixed(value, names)}
        if kept == names:
            return names
        names = kept


def _is_fixed(value: CompiledValue, names: frozenset[str]) -> bool:
    if isinstance(value, Literal):
        return True
    if isinstance(value, Template):
        return all(
            is_fixed(piece.expression.root, names)
            for piece in value.pieces
            if isinstance(piece, Part)
        )
    inner = value.items if isinstance(value, ListOf) else [item for _, item in value.entries]
    return all(_is_fixed(item, names) for item in inner)
