"""What can stand behind a key: the kinds of values, keys, places."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

NameKind = Literal["action", "auth", "connection", "dialect", "event", "workflow", "auth_type"]
"""The names that a project or the hub brings: editors offer them."""


@dataclass(frozen=True)
class Text:
    """Plain text. `form` says what its `pattern` means; `names` are those it is chosen from."""

    pattern: str | None = None
    form: str = "text"
    names: NameKind | None = None


@dataclass(frozen=True)
class Choice:
    """One word of a closed list."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Integer:
    """A whole number inside its bounds."""

    lowest: int
    highest: int


@dataclass(frozen=True)
class Number:
    """A number inside its bounds."""

    lowest: int
    highest: int


@dataclass(frozen=True)
class Boolean:
    """True or false."""


@dataclass(frozen=True)
class Duration:
    """A length of time; `lowest` and `highest` are durations too."""

    lowest: str = "0s"
    highest: str | None = None


@dataclass(frozen=True)
class Timezone:
    """An IANA name."""


@dataclass(frozen=True)
class Version:
    """The version of the language."""


@dataclass(frozen=True)
class Value:
    """Any YAML; texts may hold `${{ expression }}`."""


@dataclass(frozen=True)
class Fixed:
    """Any YAML without expressions."""


@dataclass(frozen=True)
class OrExpression:
    """A literal of this kind, or a text with an expression that gives it."""

    literal: Kind


@dataclass(frozen=True)
class Keyed:
    """Text with at least one expression: what tells one thing from another."""


@dataclass(frozen=True)
class Decision:
    """A bare expression."""


@dataclass(frozen=True)
class Loop:
    """`name in expression`."""


@dataclass(frozen=True)
class Steps:
    """A list of steps, at least one."""


@dataclass(frozen=True)
class Handler:
    """`fail`, `continue`, or steps."""


@dataclass(frozen=True)
class JsonSchema:
    """The JSON Schema of one value, with the keys of `beside` next to it."""

    beside: Place


@dataclass(frozen=True)
class ListOf:
    """A list of these."""

    item: Kind
    fewest: int = 0


@dataclass(frozen=True)
class Named:
    """Names of the author's choice, each with one of these."""

    value: Kind
    name: Text = Text()
    fewest: int = 0


@dataclass(frozen=True)
class Inner:
    """Keys and values of another place."""

    place: Place


@dataclass(frozen=True)
class Either:
    """One of several kinds, told apart by their shape."""

    kinds: tuple[Kind, ...]


Kind = (
    Text
    | Choice
    | Integer
    | Number
    | Boolean
    | Duration
    | Timezone
    | Version
    | Value
    | Fixed
    | OrExpression
    | Keyed
    | Decision
    | Loop
    | Steps
    | Handler
    | JsonSchema
    | ListOf
    | Named
    | Inner
    | Either
)


@dataclass(frozen=True)
class Key:
    """One key: its value, one sentence for people, and the value it has when it is left out.

    `default` is written as in a file (`7d`); None: there is none. A default that is not a value
    but a rule is told in `otherwise`.
    """

    name: str
    kind: Kind
    meaning: str
    is_required: bool = False
    default: Any = None
    otherwise: str = ""
    examples: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Place:
    """A mapping of the language: where it stands, its keys, one sentence for people.

    `one_of`: exactly one of these keys must be there. `any_of`: at least one.
    `others`: what keys of the author's choice hold; None: unknown keys are mistakes.
    """

    title: str
    meaning: str
    keys: tuple[Key, ...]
    one_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    others: Kind | None = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Its keys, in the order in which they are usually written."""
        return tuple(key.name for key in self.keys)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The keys that cannot be left out."""
        return tuple(key.name for key in self.keys if key.is_required)

    @cached_property
    def _by_name(self) -> dict[str, Key]:
        return {key.name: key for key in self.keys}

    def __getitem__(self, name: str) -> Key:
        return self._by_name[name]
