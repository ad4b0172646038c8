"""Secrets as references: the value is looked up at the moment of use and nowhere else (S6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

_SECRET_NAME = re.compile(
    r"authorization|cookie|secret|token|passw|api[-_]?key|signature", re.ASCII
)


def is_secret_name(name: str) -> bool:
    """Whether a header or query part of this name usually proves who sends: it is never stored."""
    return _SECRET_NAME.search(name.lower()) is not None


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """The secret of that name. Whatever shows it shows the name."""

    name: str

    def __str__(self) -> str:
        return f"secret:{self.name}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True, repr=False)
class SecretText:
    """A text with secrets in it, such as `Bearer ` and a token."""

    parts: tuple[str | Secret, ...]

    def __str__(self) -> str:
        return "".join(str(part) for part in self.parts)

    __repr__ = __str__


def join_secret(parts: Iterable[str | Secret | SecretText]) -> SecretText:
    """Put texts and secrets one after the other; neighbouring texts become one."""
    joined: list[str | Secret] = []
    for part in parts:
        for piece in part.parts if isinstance(part, SecretText) else (part,):
            if isinstance(piece, str) and joined and isinstance(joined[-1], str):
                joined[-1] += piece
            elif piece != "":
                joined.append(piece)
    return SecretText(tuple(joined))


def reveal(value: Any, lookup: Callable[[str], str]) -> Any:
    """Put the values of secrets into a value, at any depth; everything else stays as it is."""
    if isinstance(value, Secret):
        return lookup(value.name)
    if isinstance(value, SecretText):
        return "".join(
            lookup(part.name) if isinstance(part, Secret) else part for part in value.parts
        )
    if isinstance(value, dict):
        return {key: reveal(item, lookup) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [reveal(item, lookup) for item in value]
    return value
