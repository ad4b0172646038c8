"""Secrets as references: the value is looked up at the moment of use and nowhere else (S6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

_SECRET_NAME = re.compile(
    r"authorization|cookie|secret|token|passw|api[-_]?key|signature", re.ASCII
)

# The word at the end says what a name means: a `token_count` is a number. Long words may stand
# behind other letters (`authtoken`), short ones stand alone; a version may follow (`sig_v2`).
_CREDENTIAL = re.compile(
    r"(?:"
    r"(?:authorization|cookie|credential|passphrase|password|passwd|secret|signature|token)s?"
    r"|api_?keys?"
    r"|(?:^|_)(?:auth|bearer|jwt|oauth|pwd|session|sig)"
    r"|(?:^|_)(?:access|auth|private|secret|signing)_?key"
    r"|(?:^|_)auth(?:orization)?_code"
    r")(?:_?(?:ed|sha|v)?[0-9]+)?\Z",
    re.ASCII,
)
# These say where to go on reading, not who reads.
_PLACE_TO_GO_ON = re.compile(
    r"(?:.*_)?(?:next_?)?(?:continuation|cursor|next|page|pagination|prev|previous|sync)_?tokens?",
    re.ASCII,
)


def is_secret_name(name: str) -> bool:
    """Whether a header or query part of this name may prove who sends: it is not kept as sent."""
    return _SECRET_NAME.search(name.lower()) is not None or is_credential_name(name)


def is_credential_name(name: str) -> bool:
    """Whether a name says, word by word, that it proves who sends: no workflow may read it (S6).

    Narrower than `is_secret_name`, for the author of a workflow has no way round it.
    """
    words = name.lower().replace("-", "_")
    is_place = _PLACE_TO_GO_ON.fullmatch(words) is not None
    return not is_place and _CREDENTIAL.search(words) is not None


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
    if type(value) is str:  # as most are
        return value
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
