"""What is known about a value before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from hub.engine.expressions.signatures import KIND_WORDS, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """A set of values. `is_pii`: personal data (`x-pii`), which the value takes along."""

    is_pii: bool = False


@dataclass(frozen=True, slots=True)
class Null(Type):
    """The value null."""


@dataclass(frozen=True, slots=True)
class Boolean(Type):
    """true or false."""


@dataclass(frozen=True, slots=True)
class Integer(Type):
    """A whole number."""


@dataclass(frozen=True, slots=True)
class Number(Type):
    """Any number."""


@dataclass(frozen=True, slots=True)
class Text(Type):
    """A text. `values`: the only possible ones, or (`is_open`) merely the known ones.

    `format` is the one of JSON Schema (`e164`, `uuid`, `email`, `duration`, `local-date-time` …).
    """

    values: frozenset[str] | None = None
    format: str | None = None
    is_secret: bool = False
    is_open: bool = False

    @property
    def possible(self) -> frozenset[str] | None:
        """All values it can have, if that is known."""
        return None if self.is_open else self.values


@dataclass(frozen=True, slots=True)
class Instant(Type):
    """A date and time."""


@dataclass(frozen=True, slots=True)
class Duration(Type):
    """A length of time."""


@dataclass(frozen=True, slots=True)
class Anything(Type):
    """JSON that nobody described: every use of it is allowed and may fail when it runs."""


@dataclass(frozen=True, slots=True)
class Omitted(Type):
    """The key or item is left out."""


@dataclass(frozen=True, slots=True)
class ListType(Type):
    """A list of items of one type."""

    item: Type
    is_never_empty: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object.

    `lacking`: of a step's result, the states of the step in which it is missing; empty where
    that is not known.
    """

    type: Type
    may_be_missing: bool = False
    lacking: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ObjectType(Type):
    """An object. `extra` is the type of fields without a name here; None: there are no others."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    extra: Type | None = None

    @property
    def is_open(self) -> bool:
        """There may be fields that are not named here."""
        return self.extra is not None


@dataclass(frozen=True, slots=True)
class Union(Type):
    """One of several types; made by `union_of` only."""

    members: tuple[Type, ...]


ANYTHING: Final = Anything()
_KINDS: Final[dict[type[Type], Kind]] = {
    Null: "null",
    Boolean: "boolean",
    Integer: "integer",
    Number: "number",
    Text: "text",
    Instant: "instant",
    Duration: "duration",
    ListType: "list",
    ObjectType: "object",
}


def object_type(
    required: Mapping[str, Type], optional: Mapping[str, Type] | None = None
) -> ObjectType:
    """An object of these fields and no others."""
    fields = {name: Field(kind) for name, kind in required.items()}
    fields |= {name: Field(kind, may_be_missing=True) for name, kind in (optional or {}).items()}
    return ObjectType(fields)


def members_of(kind: Type) -> tuple[Type, ...]:
    """The alternatives of a union; any other type is its only one."""
    return kind.members if isinstance(kind, Union) else (kind,)


def union_of(kinds: Iterable[Type]) -> Type:
    """A value of one of these types. Texts, lists and objects are merged into one of each."""
    merged: list[Type] = []
    for kind in [member for each in kinds for member in members_of(each)]:
        if isinstance(kind, Anything):
            return replace(kind, is_pii=kind.is_pii or any(m.is_pii for m in merged))
        for place, other in enumerate(merged):
            both = _merged(other, kind)
            if both is not None:
                merged[place] = both
                break
        else:
            merged.append(kind)
    return merged[0] if len(merged) == 1 else Union(tuple(merged))


def _merged(one: Type, other: Type) -> Type | None:
    """Both types as one, if they are alike enough."""
    if one is other:
        return one
    is_pii = one.is_pii or other.is_pii
    if isinstance(one, Text) and isinstance(other, Text):
        return _merged_text(one, other, is_pii=is_pii)
    if isinstance(one, ListType) and isinstance(other, ListType):
        never_empty = one.is_never_empty and other.is_never_empty
        return ListType(union_of((one.item, other.item)), never_empty, is_pii=is_pii)
    if isinstance(one, ObjectType) and isinstance(other, ObjectType):
        return _merged_object(one, other, is_pii=is_pii)
    if {type(one), type(other)} == {Integer, Number}:
        return Number(is_pii=is_pii)
    return replace(one, is_pii=is_pii) if type(one) is type(other) else None


def _merged_text(one: Text, other: Text, *, is_pii: bool) -> Text:
    values = None
    if one.values is not None and other.values is not None:
        values = one.values | other.values
    return Text(
        values,
        one.format if one.format == other.format else None,
        one.is_secret or other.is_secret,
        values is not None and (one.is_open or other.is_open),
        is_pii=is_pii,
    )


def _merged_object(one: ObjectType, other: ObjectType, *, is_pii: bool) -> ObjectType:
    fields = {}
    for name in {**one.fields, **other.fields}:
        fields[name] = _merged_field(one.fields.get(name), other.fields.get(name))
    extras = [each for each in (one.extra, other.extra) if each is not None]
    return ObjectType(fields, union_of(extras) if extras else None, is_pii=is_pii)


def _merged_field(mine: Field | None, theirs: Field | None) -> Field:
    """What is known of a field that one of two objects has, or both."""
    if mine is None or theirs is None:
        return replace(mine or theirs or Field(ANYTHING), may_be_missing=True, lacking=frozenset())
    if mine is theirs:
        return mine
    kind = union_of((mine.type, theirs.type))
    reasons = [each.lacking for each in (mine, theirs) if each.may_be_missing]
    lacking = frozenset[str]().union(*reasons) if all(reasons) else frozenset[str]()
    return Field(kind, bool(reasons), lacking)


def is_nullable(kind: Type) -> bool:
    """Null is a possible value."""
    return any(isinstance(member, Null) for member in members_of(kind))


def may_be_omitted(kind: Type) -> bool:
    """`omit` is a possible result: the key may be left out."""
    return any(isinstance(member, Omitted) for member in members_of(kind))


def without(kind: Type, *unwanted: type[Type]) -> Type:
    """The type without some alternatives; if nothing remains, anything at all."""
    kept = [member for member in members_of(kind) if not isinstance(member, unwanted)]
    if len(kept) == len(members_of(kind)):
        return kind
    return union_of(kept) if kept else ANYTHING


def list_of_types(kinds: list[Type]) -> ListType:
    """The type of a list with items of these types; those that are `omit` are left out."""
    stays = any(not may_be_omitted(kind) for kind in kinds)
    kept = [without(kind, Omitted) for kind in kinds if not isinstance(kind, Omitted)]
    return ListType(union_of(kept) if kept else ANYTHING, stays)


def object_of_types(kinds: dict[str, Type]) -> ObjectType:
    """The type of an object with fields of these types; those that are `omit` may be missing."""
    return ObjectType(
        {
            name: Field(without(kind, Omitted), may_be_omitted(kind))
            for name, kind in kinds.items()
            if not isinstance(kind, Omitted)
        }
    )


def nullable(kind: Type) -> Type:
    """The type, or null."""
    return kind if is_nullable(kind) else union_of((kind, Null()))


def marked(kind: Type, *, is_pii: bool) -> Type:
    """The type with the mark of personal data, if it is to be set."""
    if not is_pii or kind.is_pii:
        return kind
    if isinstance(kind, Union):
        return Union(tuple(marked(member, is_pii=True) for member in kind.members), is_pii=True)
    return replace(kind, is_pii=True)


def is_secret(kind: Type) -> bool:
    """There may be a secret in the value, at any depth."""
    return any(isinstance(part, Text) and part.is_secret for part in parts_of(kind))


def is_personal(kind: Type) -> bool:
    """There may be personal data in the value, at any depth."""
    return any(part.is_pii for part in parts_of(kind))


def parts_of(kind: Type) -> Iterable[Type]:
    """The type and all types inside it."""
    yield kind
    inner: list[Type] = []
    if isinstance(kind, Union):
        inner.extend(kind.members)
    elif isinstance(kind, ListType):
        inner.append(kind.item)
    elif isinstance(kind, ObjectType):
        inner.extend(each.type for each in kind.fields.values())
        inner.extend([kind.extra] if kind.extra is not None else [])
    for part in inner:
        yield from parts_of(part)


def kinds_of(kind: Type) -> frozenset[Kind]:
    """The kinds of value it can be; empty when that is unknown."""
    kinds = set()
    for member in members_of(kind):
        if isinstance(member, Anything):
            return frozenset()
        if isinstance(member, Text) and member.is_secret:
            kinds.add("secret")
        elif not isinstance(member, Omitted):
            kinds.add(_KINDS[type(member)])
    return frozenset(kinds)  # type: ignore[arg-type]


def describe(kind: Type) -> str:
    """The type in words, for messages."""
    words = [KIND_WORDS[each] for each in sorted(kinds_of(kind))]
    if may_be_omitted(kind):
        words.append("left out")
    return " or ".join(words) or "any value"
