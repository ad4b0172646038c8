"""Schemas are checked when they are loaded, so that no payload can make them slow (S16)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from hub.schemas.cost import alternatives
from hub.schemas.formats import FORMATS
from hub.schemas.validator import compiled
from hub.schemas.view import resolve

DEEPEST = 32
MOST_UNIQUE = 100
MOST_ALTERNATIVES = 128
_LARGEST = 2**63 - 1
_SCALARS = {"string", "integer", "number", "boolean", "null"}
_NUMERIC = {
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("minContains", "maxContains"),
}
_MAPS = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
_DATA = {"default", "const", "enum", "example", "examples"}
_FORBIDDEN = {
    "$dynamicRef": "is not supported: use $ref",
    "$recursiveRef": "is not supported: use $ref",
    "$anchor": "is not supported: refer by #/$defs/name",
    "$dynamicAnchor": "is not supported: refer by #/$defs/name",
}


@dataclass(frozen=True)
class SchemaProblem:
    """What is wrong with a schema, and where in it (JSON pointer)."""

    pointer: str
    message: str


def lint_schema(schema: Mapping[str, Any], *, is_payload: bool = False) -> list[SchemaProblem]:
    """Everything wrong with a schema; nothing means that `compile_schema` takes it.

    `is_payload`: the schema of a whole payload must say `type: object`.
    """
    if _depth(schema, 0) > DEEPEST:
        return [SchemaProblem("", f"is nested more than {DEEPEST} levels deep")]
    problems = list(_problems(schema, schema, ""))
    if is_payload and schema.get("type") != "object":
        problems.append(SchemaProblem("/type", "must be object: a payload is an object"))
    return problems or _of_whole(schema)


def _depth(value: Any, above: int) -> int:
    if above > DEEPEST + 1:
        return above
    children = value.values() if isinstance(value, Mapping) else value
    if not isinstance(value, Mapping | list):
        return above
    return max((_depth(each, above + 1) for each in children), default=above + 1)


def _of_whole(schema: Mapping[str, Any]) -> list[SchemaProblem]:
    """Questions to a schema whose parts are sound."""
    most = alternatives(schema)
    if math.isinf(most):
        return [SchemaProblem("", "contains itself: write out the levels you need")]
    if most > MOST_ALTERNATIVES:
        text = f"has {most} alternatives for one place; at most {MOST_ALTERNATIVES} are checked"
        return [SchemaProblem("", text)]
    try:
        compiled(schema)
    except (ValueError, jsonschema_rs.ReferencingError) as wrong:
        return [_from_compiler(wrong)]
    return []


def _from_compiler(wrong: Exception) -> SchemaProblem:
    path = getattr(wrong, "instance_path", [])
    pointer = "".join(f"/{step}" for step in path)
    message = str(getattr(wrong, "message", wrong)).partition("\n")[0][:200]
    if getattr(getattr(wrong, "kind", None), "name", "") == "format":
        message = "is not a pattern that can be matched in linear time (no look-around, no \\1)"
    return SchemaProblem(pointer, message)


def _problems(schema: Any, root: Any, pointer: str) -> Iterator[SchemaProblem]:
    """Those of one schema and of all schemas in it."""
    if isinstance(schema, list):
        for place, each in enumerate(schema):
            yield from _problems(each, root, f"{pointer}/{place}")
    elif isinstance(schema, Mapping):
        for word, value in schema.items():
            here = f"{pointer}/{_token(word)}"
            for message in _of_keyword(word, value, root, pointer):
                yield SchemaProblem(here, message)
            yield from _inside(word, value, root, here)
        if schema.get("uniqueItems") is True and not _is_bounded(schema):
            text = f"needs items of a plain type, or maxItems of at most {MOST_UNIQUE}"
            yield SchemaProblem(f"{pointer}/uniqueItems", text)


def _inside(word: str, value: Any, root: Any, here: str) -> Iterator[SchemaProblem]:
    """Names of members are no keywords, and data is no schema."""
    if word in _MAPS and isinstance(value, Mapping):
        for name, each in value.items():
            yield from _problems(each, root, f"{here}/{_token(name)}")
    elif word not in _DATA and not word.startswith("x-"):
        yield from _problems(value, root, here)


def _token(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _of_keyword(word: str, value: Any, root: Any, pointer: str) -> Iterator[str]:
    if word in _FORBIDDEN:
        yield _FORBIDDEN[word]
    elif word == "$id" and pointer:
        yield "may only stand at the top"
    elif word == "$ref":
        yield from _of_reference(value, root)
    elif word == "format" and value not in FORMATS:
        yield f"is not known; the formats are {', '.join(FORMATS)}"
    elif word in _NUMERIC and not _is_sane(value):
        yield "must be a number that fits into 64 bits"


def _of_reference(value: Any, root: Any) -> Iterator[str]:
    if not isinstance(value, str) or not (value == "#" or value.startswith("#/")):
        yield "must point into this file, such as #/$defs/name; nothing is fetched"
    elif not isinstance(resolve(root, value), Mapping | bool):
        yield "points to nothing in this file"


def _is_sane(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST <= value <= _LARGEST  # an infinity and NaN are not


def _is_bounded(schema: Mapping[str, Any]) -> bool:
    most = schema.get("maxItems")
    if isinstance(most, int) and most <= MOST_UNIQUE:
        return True
    items = schema.get("items")
    types = items.get("type") if isinstance(items, Mapping) else None
    named = types if isinstance(types, list) else [types]
    return all(isinstance(name, str) and name in _SCALARS for name in named)
