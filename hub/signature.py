"""From a function's annotations to JSON Schema, and from JSON to its arguments.

The closed list of types an action may use: text, integers, numbers, booleans, `UUID`, `datetime`
(an instant), `timedelta` (a duration), `Literal`, frozen dataclasses (objects), `list`, `dict`,
`Any`, `X | None` (may be left out), and text with a format (`Phone`, `Email`, `Url`) or
of a language (`Sql`).
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hub.values import format_duration, format_instant, parse_duration, parse_instant

REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Format:
    """The JSON Schema format of a text, as an annotation."""

    name: str


@dataclass(frozen=True)
class Content:
    """The media type of what a text holds, as an annotation."""

    media_type: str


Phone = Annotated[str, Format("e164")]
Email = Annotated[str, Format("email")]
Url = Annotated[str, Format("uri")]
Sql = Annotated[str, Content("application/sql")]

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    timedelta: {"type": "string", "format": "duration"},
}


@dataclass(frozen=True)
class Parameter:
    """One parameter; `key` is its name in YAML (`from_` is written `from`)."""

    name: str
    annotation: Any
    default: Any = REQUIRED

    @cached_property
    def key(self) -> str:
        """The name under `with:`."""
        return self.name.removesuffix("_")

    @cached_property
    def read(self) -> Callable[[Any], Any]:
        """`to_python` of its values."""
        read = _reader(self.annotation)
        return lambda value: None if value is None else read(value)


def parameters(
    function: Callable[..., Any],
) -> tuple[tuple[Parameter, ...], tuple[Parameter, ...]]:
    """What the hub gives (before the `*`) and what the author gives (after it)."""
    hints = get_type_hints(function, include_extras=True)
    services, inputs = [], []
    for parameter in inspect.signature(function).parameters.values():
        found = Parameter(parameter.name, hints[parameter.name], parameter.default)
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            inputs.append(found)
        else:
            services.append(found)
    return tuple(services), tuple(inputs)


def input_schema(inputs: Sequence[Parameter]) -> dict[str, Any]:
    """The JSON Schema of what stands under `with:`."""
    properties = {parameter.key: schema_of(parameter.annotation) for parameter in inputs}
    required = [parameter.key for parameter in inputs if parameter.default is REQUIRED]
    return _object(properties, required)


def output_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """The JSON Schema of the result, from the return annotation."""
    returned = get_type_hints(function, include_extras=True)["return"]
    return _object({}, []) if returned is type(None) else schema_of(returned)


def schema_of(annotation: Any) -> dict[str, Any]:
    """The JSON Schema of one annotation; raises `TypeError` for a type outside the list above."""
    if annotation is Any:
        return {}
    if annotation in _PLAIN:
        return dict(_PLAIN[annotation])
    if dataclasses.is_dataclass(annotation):
        return _dataclass_schema(annotation)
    return _composed_schema(annotation)


def _composed_schema(annotation: Any) -> dict[str, Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return schema_of(arguments[0]) | _notes(arguments[1:])
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin in {Union, types.UnionType}:
        return schema_of(_present(annotation))
    if origin in {list, tuple, Sequence}:
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    raise TypeError(f"an action cannot take or give {annotation!r}")


def _notes(annotations: Sequence[Any]) -> dict[str, str]:
    found = {}
    for each in annotations:
        if isinstance(each, Format):
            found["format"] = each.name
        elif isinstance(each, Content):
            found["contentMediaType"] = each.media_type
    return found


def _dataclass_schema(annotation: Any) -> dict[str, Any]:
    hints = get_type_hints(annotation, include_extras=True)
    fields = dataclasses.fields(annotation)
    properties = {field.name.removesuffix("_"): schema_of(hints[field.name]) for field in fields}
    required = [
        field.name.removesuffix("_") for field in fields if field.default is dataclasses.MISSING
    ]
    return _object(properties, required)


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return {**schema, "additionalProperties": False}


def _present(annotation: Any) -> Any:
    """`X` of `X | None`; raises `TypeError` for a union of several types."""
    present = [each for each in get_args(annotation) if each is not type(None)]
    if len(present) != 1:
        raise TypeError(f"an action cannot take or give {annotation!r}")
    return present[0]


def to_python(value: Any, annotation: Any) -> Any:
    """The Python value of a JSON value; raises `ValueError` when the text has another form."""
    return None if value is None else _reader(annotation)(value)


def _same(value: Any) -> Any:
    return value


@cache
def _reader(annotation: Any) -> Callable[[Any], Any]:
    """What reads the values of an annotation, found once."""
    found = _READERS.get(annotation)
    if found is not None:
        return found
    if dataclasses.is_dataclass(annotation):
        return _dataclass_reader(annotation)
    return _composed_reader(annotation)


def _composed_reader(annotation: Any) -> Callable[[Any], Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        return _reader(_present(annotation))
    if origin is Annotated:
        return _reader(arguments[0])
    if origin in {list, tuple, Sequence}:
        return lambda value: [to_python(each, arguments[0]) for each in value]
    if origin is dict:
        return lambda value: {name: to_python(each, arguments[1]) for name, each in value.items()}
    return _same


_READERS: dict[Any, Callable[[Any], Any]] = {
    float: float,
    UUID: UUID,
    datetime: parse_instant,
    timedelta: parse_duration,
}


_WRITERS: dict[type, Callable[[Any], str]] = {
    UUID: str,
    datetime: format_instant,
    timedelta: format_duration,
}


def _dataclass_reader(annotation: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(annotation, include_extras=True)
    fields = [(name, name.removesuffix("_"), _reader(hint)) for name, hint in hints.items()]
    return lambda value: annotation(
        **{
            name: None if value[key] is None else read(value[key])
            for name, key, read in fields
            if key in value
        }
    )


@cache
def _keys(kind: type) -> tuple[tuple[str, str], ...]:
    """The fields of a dataclass, each with its name in JSON."""
    fields = dataclasses.fields(kind)
    return tuple((field.name, field.name.removesuffix("_")) for field in fields)


def to_json(value: Any) -> Any:
    """The JSON form of a result: dataclasses without their empty fields, instants as ISO 8601."""
    kind = type(value)
    if kind is str:  # as most are
        return value
    if kind in _WRITERS:
        return _WRITERS[kind](value)
    if dataclasses.is_dataclass(kind):
        fields = ((key, getattr(value, name)) for name, key in _keys(kind))
        return {key: to_json(each) for key, each in fields if each is not None}
    if isinstance(value, dict):
        return {name: to_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(each) for each in value]
    return value
