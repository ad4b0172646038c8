"""Schemas are checked when they are loaded, so that no payload can make them slow (S16)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from hub.schemas.cost import alternatives, effort, matching, places
from hub.schemas.defaults import misfit_of_default
from hub.schemas.formats import FORMATS
from hub.schemas.keywords import DATA, MAPS
from hub.schemas.messages import Wording
from hub.schemas.patterns import is_too_large
from hub.schemas.required import unmet_names
from hub.schemas.validator import MOST_EFFORT, MOST_MATCHING, compiled
from hub.schemas.view import resolve

DEEPEST = 32
MOST_UNIQUE = 100
MOST_ALTERNATIVES = 128
MOST_PLACES = 20_000
LEAST_VALUES = 1_000  # that every schema can check in time
_USUAL_BODY = 262_144  # characters
_LARGEST = 2**63 - 1
_SCALARS = {"string", "integer", "number", "boolean", "null"}
_NUMERIC = {
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("minContains", "maxContains"),
}
_ANNOTATIONS = {
    *("$schema", "$id", "$comment", "title", "description", "examples", "default"),
    *("deprecated", "readOnly", "writeOnly"),
    *("contentEncoding", "contentMediaType", "contentSchema"),
}
_BRANCHES = ("allOf", "anyOf", "oneOf")
_CONDITIONS = ("not", "if", "then", "else")
_OF_ITEMS = ("prefixItems", "items", "contains", "unevaluatedItems")
_OF_MEMBERS = ("additionalProperties", "unevaluatedProperties", "propertyNames")
_FORBIDDEN = {
    "$dynamicRef": "is not supported: use $ref",
    "$recursiveRef": "is not supported: use $ref",
    "$anchor": "is not supported: refer by #/$defs/name",
    "$dynamicAnchor": "is not supported: refer by #/$defs/name",
}
KEYWORDS = tuple(
    sorted(
        {
            *("type", "enum", "const", "format", "pattern", "required", "uniqueItems", "$ref"),
            *("dependentRequired", "$vocabulary"),
            *(*_NUMERIC, *MAPS, *_ANNOTATIONS, *_FORBIDDEN),
            *(*_BRANCHES, *_CONDITIONS, *_OF_ITEMS, *_OF_MEMBERS),
        }
    )
)
TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


@dataclass(frozen=True)
class SchemaProblem:
    """What is wrong with a schema, and where in it (JSON pointer).

    `name` is a word that is not known there, `known` are those that are; `is_key`: the pointer
    means the key, not its value.
    """

    pointer: str
    message: str
    name: str | None = None
    known: tuple[str, ...] = ()
    is_key: bool = False


def lint_schema(schema: Mapping[str, Any], *, is_payload: bool = False) -> list[SchemaProblem]:
    """Everything wrong with a schema; nothing means that `compile_schema` takes it.

    `is_payload`: the schema of a whole payload must say `type: object`.
    """
    if _depth(schema, 0) > DEEPEST:
        return [SchemaProblem("", f"the schema is nested more than {DEEPEST} levels deep")]
    problems = list(_problems(schema, schema, ""))
    if is_payload and schema.get("type") != "object":
        problems.append(SchemaProblem("/type", "`type` must be object: a payload is an object"))
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
        return [SchemaProblem("", "the schema contains itself: write out the levels you need")]
    if most > MOST_ALTERNATIVES:
        text = f"one place has {most} alternatives; at most {MOST_ALTERNATIVES} are checked"
        return [SchemaProblem("", f"the schema is too large: {text}")]
    if places(schema) > MOST_PLACES:
        text = f"written out, it has more than {MOST_PLACES} places"
        return [SchemaProblem("", f"the schema is too large: {text}")]
    try:
        compiled(schema)
    except (ValueError, jsonschema_rs.ReferencingError) as wrong:
        return [_from_compiler(wrong)]
    costly = [*_of_patterns(schema)] or [*_of_effort(schema)]
    return costly or list(dict.fromkeys([*_of_required(schema), *_of_defaults(schema)]))


def _of_patterns(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    text = "is too large: `+` and `maxLength` cost less than repetitions that are counted"
    for pointer, part in _parts(schema, ""):
        if "pattern" in part and is_too_large(part["pattern"]):
            yield SchemaProblem(f"{pointer}/pattern", f"`pattern` {text}")
        for pattern in part.get("patternProperties", ()):
            if is_too_large(pattern):
                here = f"{pointer}/patternProperties/{_token(pattern)}"
                yield SchemaProblem(here, f"the pattern of names {text}", is_key=True)


def _of_effort(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    """A payload of the usual size must have room (I15)."""
    if matching(schema) * _USUAL_BODY > MOST_MATCHING:
        yield SchemaProblem("", "the schema is too large: one place meets too many large patterns")
    most = int(MOST_EFFORT / effort(schema))
    if most < LEAST_VALUES:
        text = f"a payload could have {most} values, and {LEAST_VALUES} must be possible"
        yield SchemaProblem("", f"the schema is too large: {text}")


def _of_required(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    for each in unmet_names(schema):
        text = f"`required` names '{each.name[:60]}', which `properties` does not have"
        yield SchemaProblem(each.pointer, text, name=each.name, known=each.known)


def _of_defaults(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    for pointer, part in _parts(schema, ""):
        text = misfit_of_default(part, schema)
        if text is not None:
            yield SchemaProblem(f"{pointer}/default", text)


def _parts(schema: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A schema and all schemas in it, each with its place."""
    if isinstance(schema, list):
        for place, each in enumerate(schema):
            yield from _parts(each, f"{pointer}/{place}")
    elif isinstance(schema, Mapping):
        yield pointer, schema
        for word, value in schema.items():
            here = f"{pointer}/{_token(word)}"
            if word in MAPS:
                for name, each in value.items():
                    yield from _parts(each, f"{here}/{_token(name)}")
            elif word not in DATA and not word.startswith("x-"):
                yield from _parts(value, here)


def _from_compiler(wrong: Exception) -> SchemaProblem:
    if not isinstance(wrong, jsonschema_rs.ValidationError):
        return SchemaProblem("", "the schema cannot be compiled")
    path = wrong.instance_path
    pointer = "".join(f"/{_token(str(step))}" for step in path)
    said = next((each.message for each in Wording(frozenset()).problems([wrong])), "is wrong")
    if wrong.kind.name == "format":
        said = "is not a pattern that can be matched in linear time (no look-around, no \\1)"
    words = [step for step in path if isinstance(step, str)]
    return SchemaProblem(pointer, f"`{words[-1][:60]}` {said}" if words else f"the schema {said}")


def _problems(schema: Any, root: Any, pointer: str) -> Iterator[SchemaProblem]:
    """Those of one schema and of all schemas in it."""
    if isinstance(schema, list):
        for place, each in enumerate(schema):
            yield from _problems(each, root, f"{pointer}/{place}")
    elif isinstance(schema, Mapping):
        for word, value in schema.items():
            here = f"{pointer}/{_token(word)}"
            if word not in KEYWORDS and not word.startswith("x-"):
                text = f"unknown keyword '{word[:60]}'"
                yield SchemaProblem(here, text, name=word, known=KEYWORDS, is_key=True)
                continue
            yield from _of_type(value, here) if word == "type" else ()
            for message in _of_keyword(word, value, root, pointer):
                yield SchemaProblem(here, f"`{word}` {message}")
            yield from _inside(word, value, root, here)
        if schema.get("uniqueItems") is True and not _is_bounded(schema):
            text = (
                f"`uniqueItems` needs items of a plain type, or maxItems of at most {MOST_UNIQUE}"
            )
            yield SchemaProblem(f"{pointer}/uniqueItems", text)


def _inside(word: str, value: Any, root: Any, here: str) -> Iterator[SchemaProblem]:
    """Names of members are no keywords, and data is no schema."""
    if word in MAPS and isinstance(value, Mapping):
        for name, each in value.items():
            yield from _problems(each, root, f"{here}/{_token(name)}")
    elif word not in DATA and not word.startswith("x-"):
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
    elif word == "format" and (not isinstance(value, str) or value not in FORMATS):
        yield f"is not known; the formats are {', '.join(FORMATS)}"
    elif word in _NUMERIC and not _is_sane(value):
        yield "must be a number that fits into 64 bits"


def _of_type(value: Any, here: str) -> Iterator[SchemaProblem]:
    listed = isinstance(value, list)
    for place, name in enumerate(value if listed else [value]):
        if isinstance(name, str) and name not in TYPES:
            pointer = f"{here}/{place}" if listed else here
            yield SchemaProblem(pointer, f"unknown type '{name[:60]}'", name=name, known=TYPES)


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
