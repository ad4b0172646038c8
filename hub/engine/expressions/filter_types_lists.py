"""What filters on lists and objects give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.engine.expressions.comparing import Operand, check_comparison
from hub.engine.expressions.environment import Seen
from hub.engine.expressions.signatures import suggestion
from hub.engine.expressions.syntax import Constant, ListDisplay, Node
from hub.engine.expressions.types import (
    ANYTHING,
    Field,
    Integer,
    ListType,
    Null,
    Number,
    ObjectType,
    Text,
    Type,
    describe,
    kinds_of,
    union_of,
    without,
)
from hub.engine.expressions.use import Use

_JOINABLE = frozenset({"text", "integer", "number", "boolean", "instant", "duration"})
_NUMERIC = frozenset({"integer", "number"})
_SORTED = _NUMERIC | {"text", "instant", "duration"}


def _list(operand: Type) -> ListType:
    return operand if isinstance(operand, ListType) else ListType(ANYTHING)


def _object(kind: Type) -> ObjectType:
    return kind if isinstance(kind, ObjectType) else ObjectType({}, ANYTHING)


def _items_are(use: Use, operand: Type, allowed: frozenset[str]) -> None:
    item = _list(operand).item
    kinds = kinds_of(item)
    if kinds and not kinds <= allowed:
        message = f"`{use.name}` cannot work on a list whose items are {describe(item)}"
        use.findings.error("HUB206", message, use.step)


def _join(use: Use, operand: Type) -> Type:
    _items_are(use, operand, _JOINABLE)
    return Text()


def _sum(use: Use, operand: Type) -> Type:
    _items_are(use, operand, _NUMERIC)
    return Integer() if kinds_of(_list(operand).item) == {"integer"} else Number()


def _extreme(use: Use, operand: Type) -> Seen:
    _items_are(use, operand, _SORTED)
    return _one(use, operand)


def _one(use: Use, operand: Type) -> Seen:
    """One item; an empty list has none."""
    listed = _list(operand)
    return Seen(listed.item, None if listed.is_never_empty or not _is_known(operand) else use.label)


def _is_known(operand: Type) -> bool:
    return isinstance(operand, ListType)


def _unique(_use: Use, operand: Type) -> Type:
    return _list(operand)


def _sort(use: Use, operand: Type) -> Type:
    if "field" in use.nodes:
        _fields(use, operand)
    else:
        _items_are(use, operand, _SORTED)
    return _list(operand)


def _where(use: Use, operand: Type) -> Type:
    field = _fields(use, operand)
    left = Operand(without(field.type, Null), use.nodes["field"], "the field")
    right = Operand(without(use.types["value"], Null), use.nodes["value"], "the value")
    check_comparison(use.findings, "==", left, right, whole=use.nodes["value"])
    return ListType(_list(operand).item)


def _pluck(use: Use, operand: Type) -> Type:
    field = _fields(use, operand)
    never_empty = _list(operand).is_never_empty and not field.may_be_missing
    return ListType(field.type, never_empty)


def _fields(use: Use, operand: Type) -> Field:
    """The field of the items that is named, if that can be known."""
    item = _list(operand).item
    kinds = kinds_of(item)
    if kinds and kinds != {"object"}:
        message = f"`{use.name}` needs a list of objects, the items are {describe(item)}"
        use.findings.error("HUB206", message, use.step)
        return Field(ANYTHING)
    return _field(use, item, use.nodes["field"])


def _field(use: Use, kind: Type, node: Node) -> Field:
    name = node.value if isinstance(node, Constant) else None
    if not isinstance(kind, ObjectType) or not isinstance(name, str):
        return Field(ANYTHING)
    field = kind.fields.get(name)
    if field is None and kind.extra is None:
        message = f"there is no field '{name}'" + suggestion(name, tuple(kind.fields))
        use.findings.error("HUB203", message, node)
    return field or Field(kind.extra or ANYTHING, may_be_missing=True)


def _keys(_use: Use, operand: Type) -> Type:
    described = _object(operand)
    if described.is_open:
        return ListType(Text())
    return ListType(Text(frozenset(described.fields)))


def _values(_use: Use, operand: Type) -> Type:
    described = _object(operand)
    inside = [field.type for field in described.fields.values()]
    if described.extra is not None or not inside:
        inside.append(described.extra or ANYTHING)
    return ListType(union_of(inside))


def _merge(use: Use, operand: Type) -> Type:
    one, other = _object(operand), _object(use.types["o"])
    fields = dict(one.fields)
    for name, theirs in other.fields.items():
        mine = fields.get(name)
        if theirs.may_be_missing and mine is not None:
            fields[name] = Field(union_of((mine.type, theirs.type)), mine.may_be_missing)
        else:
            fields[name] = theirs
    extras = [kind for kind in (one.extra, other.extra) if kind is not None]
    return ObjectType(fields, union_of(extras) if extras else None)


def _pick(use: Use, operand: Type) -> Type:
    listed = use.nodes["names"]
    items = listed.items if isinstance(listed, ListDisplay) else ()
    described = _object(operand)
    fields: dict[str, Field] = {}
    for item in items:
        if not isinstance(item, Constant) or not isinstance(item.value, str):
            return ObjectType({}, ANYTHING)
        fields[item.value] = _field(use, described, item)
    return ObjectType(fields)


LIST_RESULTS: Mapping[str, Callable[[Use, Type], Type | Seen]] = {
    "join": _join,
    "sum": _sum,
    "min": _extreme,
    "max": _extreme,
    "first": _one,
    "last": _one,
    "unique": _unique,
    "sort": _sort,
    "where": _where,
    "pluck": _pluck,
    "keys": _keys,
    "values": _values,
    "merge": _merge,
    "pick": _pick,
}
