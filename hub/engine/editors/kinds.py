"""What stands behind a key, as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from hub.engine.editors.names import Names
from hub.engine.language.shapes import (
    Boolean,
    Choice,
    Decision,
    Duration,
    Either,
    Fixed,
    Handler,
    Inner,
    Integer,
    JsonSchema,
    Key,
    Keyed,
    Kind,
    ListOf,
    Loop,
    Named,
    NameKind,
    Number,
    OrExpression,
    Place,
    Steps,
    Text,
    Timezone,
    Value,
    Version,
)

Schema = dict[str, Any]

_EXPRESSION = r"\$\{\{"
_DURATION = "^(?=.)" + "".join(f"([0-9]{{1,9}}{unit})?" for unit in "wdhms") + "$"
_LOOP = r"^\s*[a-z][a-z0-9_]{0,62}\s+in\s+\S[\s\S]*$"
_CLOSED: frozenset[NameKind] = frozenset({"action", "dialect", "auth_type"})
"""Names that the installed hub knows all of; those of the project may be newer than its schema."""

HAS_EXPRESSION: Schema = {
    "type": "string",
    "pattern": _EXPRESSION,
    "description": "Text with at least one `${{ expression }}`.",
}
_NO_EXPRESSION: Schema = {"not": {"type": "string", "pattern": _EXPRESSION}}


@dataclass
class Kinds:
    """Translates kinds; what is referred to becomes a definition. `steps` names that of steps.

    Places that hold steps are defined twice: steps that undo another may not do everything.
    """

    names: Names
    definitions: dict[str, Schema] = field(default_factory=dict)
    steps: str = "steps"

    def key(self, key: Key) -> Schema:
        """The value of a key, with what an editor shows for it."""
        told = [key.meaning]
        if key.default is not None and not key.is_required:
            told.append(f"Default: `{_written(key.default)}`.")
        elif key.otherwise:
            told.append(f"Without it: {key.otherwise}.")
        schema = {**self.kind(key.kind), "description": " ".join(told)}
        if key.default is not None:
            schema["default"] = key.default
        if key.examples:
            schema["examples"] = list(key.examples)
        return schema

    def kind(self, kind: Kind) -> Schema:
        """One kind of value."""
        return _TRANSLATIONS[type(kind)](self, kind)

    def place(self, place: Place, *, meaning: str | None = None) -> Schema:
        """A mapping with its keys."""
        keys = place.keys
        schema: Schema = {
            "type": "object",
            "description": meaning or place.meaning,
            "properties": {key.name: self.key(key) for key in keys},
            "additionalProperties": place.others is not None,
        }
        if place.required:
            schema["required"] = list(place.required)
        if place.one_of:
            schema["oneOf"] = _any_required(place.one_of)
        if place.any_of:
            schema["anyOf"] = _any_required(place.any_of)
        return schema

    def reference(self, place: Place) -> Schema:
        """A place as a definition of its own."""
        name = place.title.replace("`", "").replace(" ", "-")
        if any(isinstance(key.kind, Steps) for key in place.keys) and self.steps != "steps":
            name = f"undo-{name}"
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self.place(place)
        return {"$ref": f"#/definitions/{name}"}

    def name(self, kind: NameKind) -> Schema | None:
        """The known names of a kind; None where none is known."""
        known = self.names.of(kind)
        if not known:
            return None
        schema: Schema = {"type": "string", "enum": list(known)}
        if kind == "action":
            summaries = [f"{action.summary}." for action in self.names.actions.values()]
            schema["enumDescriptions"] = summaries
            schema["markdownEnumDescriptions"] = summaries
        return schema

    def text(self, kind: Text) -> Schema:
        """Text of a form, or one of the known names."""
        names = None if kind.names is None else self.name(kind.names)
        if names is not None and kind.names in _CLOSED:
            self.definitions[f"known-{kind.names}"] = names
            return {"$ref": f"#/definitions/known-{kind.names}"}
        form: Schema = {"type": "string"}
        form |= {"pattern": f"^(?:{kind.pattern})$"} if kind.pattern else _NO_EXPRESSION
        return form if names is None else {"anyOf": [names, form]}

    def named(self, kind: Named) -> Schema:
        """Names of the author's choice."""
        schema: Schema = {"type": "object", "additionalProperties": self.kind(kind.value)}
        if kind.name.pattern:
            schema["propertyNames"] = self.text(kind.name)
        if kind.fewest:
            schema["minProperties"] = kind.fewest
        return schema

    def list_of(self, kind: ListOf) -> Schema:
        """A list."""
        schema: Schema = {"type": "array", "items": self.kind(kind.item)}
        return {**schema, "minItems": kind.fewest} if kind.fewest else schema

    def blocks(self) -> Schema:
        """A list of steps."""
        return {"$ref": f"#/definitions/{self.steps}"}

    def handler(self) -> Schema:
        """`fail`, `continue`, or steps."""
        return {"anyOf": [{"enum": ["fail", "continue"]}, self.blocks()]}

    def or_expression(self, kind: OrExpression) -> Schema:
        """A literal, or text with an expression."""
        return {"anyOf": [self.kind(kind.literal), HAS_EXPRESSION]}

    def either(self, kind: Either) -> Schema:
        """One of several, without alternatives inside of alternatives."""
        flat: list[Schema] = []
        for each in kind.kinds:
            schema = self.kind(each)
            flat += schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
        return {"anyOf": flat}


def _any_required(names: Iterable[str]) -> list[Schema]:
    return [{"required": [name]} for name in names]


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decision() -> Schema:
    return {"type": ["string", "boolean", "number"], **_NO_EXPRESSION}


def _bounds(kind: Integer | Number) -> Schema:
    return {"minimum": kind.lowest, "maximum": kind.highest}


_TRANSLATIONS: dict[type, Callable[[Kinds, Any], Schema]] = {
    Text: Kinds.text,
    Choice: lambda _, kind: {"type": "string", "enum": list(kind.words)},
    Integer: lambda _, kind: {"type": "integer", **_bounds(kind)},
    Number: lambda _, kind: {"type": "number", **_bounds(kind)},
    Boolean: lambda _, __: {"type": "boolean"},
    Duration: lambda _, __: {"type": "string", "pattern": _DURATION, "examples": ["15m", "24h"]},
    Timezone: lambda _, __: {"type": "string", **_NO_EXPRESSION},
    Version: lambda _, __: {"const": 1},
    Value: lambda _, __: {},
    Fixed: lambda _, __: {},
    OrExpression: Kinds.or_expression,
    Keyed: lambda _, __: HAS_EXPRESSION,
    Decision: lambda _, __: _decision(),
    Loop: lambda _, __: {"type": "string", "pattern": _LOOP},
    Steps: lambda kinds, _: kinds.blocks(),
    Handler: lambda kinds, _: kinds.handler(),
    JsonSchema: lambda kinds, kind: kinds.reference(kind.beside),
    ListOf: Kinds.list_of,
    Named: Kinds.named,
    Inner: lambda kinds, kind: kinds.reference(kind.place),
    Either: Kinds.either,
}
