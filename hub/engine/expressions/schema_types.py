"""From JSON Schema (draft 2020-12) to types, as far as the checker can use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.engine.expressions.types import (
    ANYTHING,
    Boolean,
    Field,
    Instant,
    Integer,
    ListType,
    Null,
    Number,
    ObjectType,
    Text,
    Type,
    marked,
    members_of,
    union_of,
)

_DEEPEST = 40
_SIMPLE: dict[str, Type] = {
    "null": Null(),
    "boolean": Boolean(),
    "integer": Integer(),
    "number": Number(),
}
_OBJECT_WORDS = frozenset({"properties", "required", "additionalProperties"})
_LIST_WORDS = frozenset({"items", "prefixItems", "minItems"})


def type_from_schema(schema: Any) -> Type:
    """Say which values fit a schema; what it does not say is `Anything`.

    Fields an object's schema does not name are dropped at the door, so they do not exist, unless
    `additionalProperties` allows them or no field is named at all. A field with a `default` is
    always there. `$ref` is followed inside the schema.
    """
    return _Reader(schema).read(schema)


def type_of_fields(schemas: Mapping[str, Any], *, optional: Iterable[str] = ()) -> ObjectType:
    """The object of named values (`params`, `query`, `inputs`); those with a default are there."""
    may_be_missing = set(optional)
    return ObjectType(
        {
            name: Field(
                type_from_schema(schema), name in may_be_missing and not _has_default(schema)
            )
            for name, schema in schemas.items()
        }
    )


def _has_default(schema: Any) -> bool:
    return isinstance(schema, Mapping) and "default" in schema


@dataclass(frozen=True)
class _Reader:
    """Reads one document; `path` holds the references that are being followed."""

    document: Any
    path: tuple[str, ...] = ()

    def read(self, schema: Any) -> Type:
        """The type of one schema."""
        if not isinstance(schema, Mapping) or len(self.path) > _DEEPEST:
            return ANYTHING
        kind = self._alternatives(schema)
        return marked(kind, is_pii=schema.get("x-pii") is True)

    def _alternatives(self, schema: Mapping[str, Any]) -> Type:
        parts = [self._own(schema)]
        if "$ref" in schema:
            parts.append(self._referred(schema["$ref"]))
        parts.extend(self.read(each) for each in _listed(schema.get("allOf")))
        for word in ("anyOf", "oneOf"):
            choices = [self.read(each) for each in _listed(schema.get(word))]
            if choices:
                parts.append(union_of(choices))
        return _all_of(parts)

    def _referred(self, reference: Any) -> Type:
        """Follow `#/…`; a schema that contains itself is described one level deep."""
        if not isinstance(reference, str) or reference in self.path:
            return ANYTHING
        target: Any = self.document
        for step in reference.removeprefix("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, Mapping) else None
        return _Reader(self.document, (*self.path, reference)).read(target)

    def _own(self, schema: Mapping[str, Any]) -> Type:
        """What the schema says itself, without references and alternatives."""
        if "const" in schema:
            return _type_of_values([schema["const"]])
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return _type_of_values(schema["enum"])
        names = schema.get("type", _implied(schema))
        kinds = [self._named(name, schema) for name in _listed(names) or [names]]
        return union_of(kinds)

    def _named(self, name: Any, schema: Mapping[str, Any]) -> Type:
        if name == "string":
            return _text(schema.get("format"))
        if name == "array":
            return self._list(schema)
        if name == "object":
            return self._object(schema)
        return _SIMPLE.get(name, ANYTHING) if isinstance(name, str) else ANYTHING

    def _list(self, schema: Mapping[str, Any]) -> ListType:
        items = [self.read(each) for each in _listed(schema.get("prefixItems"))]
        if schema.get("items") is not False:
            items.append(self.read(schema.get("items")))
        least = schema.get("minItems", 0)
        return ListType(union_of(items or [ANYTHING]), isinstance(least, int) and least > 0)

    def _object(self, schema: Mapping[str, Any]) -> ObjectType:
        properties = schema.get("properties")
        required = {name for name in _listed(schema.get("required")) if isinstance(name, str)}
        if not isinstance(properties, Mapping):
            return ObjectType({name: Field(ANYTHING) for name in required}, self._extra(schema))
        fields = {}
        for name, each in properties.items():
            if each is not False:
                missing = name not in required and not _has_default(each)
                fields[name] = Field(self.read(each), missing)
        return ObjectType(fields, self._extra(schema))

    def _extra(self, schema: Mapping[str, Any]) -> Type | None:
        more = schema.get("additionalProperties")
        if more is None:
            return None if "properties" in schema else ANYTHING
        return None if more is False else self.read(more)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _implied(schema: Mapping[str, Any]) -> str | None:
    if not _OBJECT_WORDS.isdisjoint(schema):
        return "object"
    return "array" if not _LIST_WORDS.isdisjoint(schema) else None


def _text(form: Any) -> Type:
    if form == "date-time":
        return Instant()
    return Text(format=form if isinstance(form, str) else None)


def _type_of_values(values: list[Any]) -> Type:
    return union_of(type_of_literal(value) for value in values)


def type_of_literal(value: Any) -> Type:
    """The type of a value that is written down: of a text exactly that text."""
    if isinstance(value, str):
        return Text(frozenset({value}))
    if isinstance(value, bool):
        return Boolean()
    if isinstance(value, int | float):
        return Integer() if isinstance(value, int) else Number()
    if isinstance(value, dict):
        return ObjectType({key: Field(type_of_literal(item)) for key, item in value.items()})
    if isinstance(value, list):
        items = [type_of_literal(item) for item in value]
        return ListType(union_of(items) if items else ANYTHING, bool(items))
    return Null() if value is None else ANYTHING


def _all_of(parts: list[Type]) -> Type:
    """A value that fits all parts at once, as far as that can be said."""
    known = [part for part in parts if part != ANYTHING]
    if not known:
        return ANYTHING
    first, *others = known
    for other in others:
        first = _both(first, other)
    return first


def _both(one: Type, other: Type) -> Type:
    objects = [part for part in (one, other) if isinstance(part, ObjectType)]
    if len(objects) == len((one, other)):
        return _both_objects(objects[0], objects[1])
    # Of two descriptions the one with fewer alternatives says more.
    narrow = min((one, other), key=lambda part: len(members_of(part)))
    if isinstance(one, Text) and isinstance(other, Text):
        narrow = one if one.values is not None or other.values is None else other
    return marked(narrow, is_pii=one.is_pii or other.is_pii)


def _both_objects(one: ObjectType, other: ObjectType) -> ObjectType:
    """The fields of both; what one requires is required."""
    fields = dict(one.fields)
    for name, theirs in other.fields.items():
        mine = fields.get(name)
        if mine is None:
            fields[name] = theirs
        else:
            missing = mine.may_be_missing and theirs.may_be_missing
            fields[name] = Field(_all_of([mine.type, theirs.type]), missing)
    is_open = one.extra is not None and other.extra is not None
    extra = _all_of([one.extra or ANYTHING, other.extra or ANYTHING]) if is_open else None
    return ObjectType(fields, extra, is_pii=one.is_pii or other.is_pii)
