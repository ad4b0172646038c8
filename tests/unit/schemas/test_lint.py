"""Schemas that could hurt are refused when they are loaded (S16)."""

import json
from typing import Any

import pytest

from hub.schemas import compile_schema, lint_schema


def nested(levels):
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"properties": {"a": schema}}
    return schema


def branching(levels):
    """Two members of each definition name the next one."""
    below = [{"$ref": f"#/$defs/d{level + 1}"} for level in range(levels)]
    defs = {f"d{level}": {"properties": {"a": at, "b": at}} for level, at in enumerate(below)}
    return {"$ref": "#/$defs/d0", "$defs": {**defs, f"d{levels}": {"type": "string"}}}


def doubling(levels):
    """Each level asks the next one twice: 2^levels checks of one place."""
    defs = {
        f"d{level}": {"allOf": [{"$ref": f"#/$defs/d{level + 1}"}] * 2} for level in range(levels)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**defs, f"d{levels}": {"type": "object"}}}


@pytest.mark.parametrize(
    ("schema", "pointer", "words"),
    [
        ({"$ref": "https://example.com/x.json"}, "/$ref", "nothing is fetched"),
        ({"properties": {"a": {"$ref": "other.json"}}}, "/properties/a/$ref", "this file"),
        ({"$ref": "#/$defs/none"}, "/$ref", "points to nothing"),
        ({"$dynamicRef": "#x"}, "/$dynamicRef", "not supported"),
        ({"properties": {"a": {"$anchor": "x"}}}, "/properties/a/$anchor", "not supported"),
        ({"properties": {"a": {"$id": "x"}}}, "/properties/a/$id", "at the top"),
        ({"format": "datetime"}, "/format", "is not known; the formats are date-time"),
        ({"items": {"format": "regex"}}, "/items/format", "is not known"),
        ({"pattern": "(?=a)b"}, "/pattern", "linear time"),
        ({"pattern": r"(a)\1"}, "/pattern", "linear time"),
        ({"pattern": "["}, "/pattern", "linear time"),
        ({"pattern": "((a{1000}){1000}){10}"}, "/pattern", "linear time"),
        ({"pattern": "(a{1,100}){1,30}b"}, "/pattern", "too large: `+` and `maxLength`"),
        ({"items": {"pattern": r"\p{L}{9}"}}, "/items/pattern", "too large"),
        ({"patternProperties": {r"\p{L}{9}": {}}}, r"/patternProperties/\p{L}{9}", "too large"),
        ({"allOf": [{"pattern": "(a{1,25}){1,15}!"}] * 2}, "", "too many large patterns"),
        ({"items": {"enum": [str(each) for each in range(20_000)]}}, "", "1000 must be possible"),
        ({"uniqueItems": True}, "/uniqueItems", "maxItems"),
        ({"uniqueItems": True, "items": {"type": "object"}}, "/uniqueItems", "maxItems"),
        ({"maximum": 10**400}, "/maximum", "64 bits"),
        ({"multipleOf": float("inf")}, "/multipleOf", "64 bits"),
        ({"minimum": "3"}, "/minimum", "64 bits"),
        ({"type": "strin"}, "/type", "unknown type 'strin'"),
        ({"type": ["null", "strin"]}, "/type/1", "unknown type 'strin'"),
        ({"minLenght": 1}, "/minLenght", "unknown keyword 'minLenght'"),
        ({"items": {"proprties": {"a": {"b": 1}}}}, "/items/proprties", "unknown keyword"),
        ({"nullable": True}, "/nullable", "unknown keyword"),
        ({"properties": {"a": {}}, "required": ["a", "b"]}, "/required/1", "names 'b'"),
        (
            {"properties": {"a": {"properties": {"c": {}}, "required": ["d"]}}},
            "/properties/a/required/0",
            "names 'd'",
        ),
        ({"properties": {"a": {}}, "then": {"required": ["b"]}, "if": {}}, "/then/required/0", ""),
        ({"required": "a"}, "/required", "`required` must be a list"),
        ({"type": "integer", "default": "x"}, "/default", "the default must be a whole number"),
        ({"default": "\0"}, "/default", "the default cannot be stored"),
        ({"default": [float("inf")]}, "/default", "the default cannot be stored"),
        ({"default": {}, "$ref": "#/$defs/x", "$defs": {"x": {"type": "null"}}}, "/default", ""),
        (
            {"properties": {"at": {"format": "date-time", "default": "tomorrow"}}},
            "/properties/at/default",
            "the default must be a date and time with offset",
        ),
        (
            {"items": {"default": {"a": 1}, "properties": {"a": {"$ref": "#/$defs/x~1y"}}}}
            | {"$defs": {"x/y": {"type": "string"}}},
            "/items/default",
            "the default at /a must be a text",
        ),
        ({"minLength": -1}, "/minLength", "`minLength` must be at least 0"),
        (nested(20), "", "nested"),
        (doubling(10), "", "alternatives"),
        (doubling(60), "", "alternatives"),
        (branching(60), "", "has more than 20000 places"),
        ({"properties": {"a": {"$ref": "#"}}}, "", "contains itself"),
        ({"$ref": "#"}, "", "contains itself"),
        (
            {"$defs": {"a": {"items": {"$ref": "#/$defs/b"}}, "b": {"not": {"$ref": "#/$defs/a"}}}}
            | {"$ref": "#/$defs/a"},
            "",
            "contains itself",
        ),
    ],
)
def test_S16_a_schema_that_could_hurt_is_refused_with_its_place(schema, pointer, words):
    found = lint_schema(schema)

    assert [each.pointer for each in found] == [pointer]
    assert words in found[0].message


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "string", "format": "e164", "x-pii": True, "description": "a phone"},
        {"properties": {"format": {"type": "string"}, "default": {"type": "string"}}},
        {"properties": {"a": {"default": {"$ref": "y"}, "enum": [{"$ref": "y"}]}}},
        {"uniqueItems": True, "items": {"type": "string"}},
        {"uniqueItems": True, "maxItems": 100, "items": {"type": "object"}},
        {"$defs": {"x": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/x"}}},
        {"$id": "https://example.com/booking.json", "type": "object"},
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
        {"pattern": "^(a+)+$"},
        {"pattern": r"^[\p{L}\p{M}' -]+$", "maxLength": 80},
        {"pattern": r"^[A-Za-z0-9._-]{1,100}$"},
        {"enum": [f"option {each}" for each in range(1_000)]},
        {"properties": {"at": {"format": "date-time", "default": "2025-10-20T14:00:00Z"}}},
        {"properties": {"default": {"default": 3, "type": "integer"}}},
        {"default": [3], "items": {"$ref": "#/$defs/x"}, "$defs": {"x": {"type": "integer"}}},
        {"$id": "https://example.com/a.json", "default": 3, "allOf": [{"type": "integer"}]},
        {
            "title": "x",
            "$comment": "x",
            "deprecated": True,
            "readOnly": True,
            "examples": [{"q": 1}],
        },
        {"dependentRequired": {"a": ["b"]}, "x-anything": {"minLenght": 1}},
        {"properties": {"a": {}}, "required": ["b"], "additionalProperties": True},
        {"properties": {"a": {}}, "patternProperties": {"^b": {}}, "required": ["b1"]},
        {"properties": {"a": {}}, "allOf": [{"properties": {"b": {}}}], "required": ["b"]},
        {"properties": {"a": {}}, "not": {"required": ["b"]}},
        nested(10),
    ],
)
def test_S16_a_sound_schema_is_taken_and_compiles(schema):
    assert lint_schema(schema) == []
    compile_schema(schema)


def test_a_payload_is_an_object():
    assert lint_schema({"type": "array"}, is_payload=True)[0].pointer == "/type"
    assert lint_schema({}, is_payload=True)[0].message.startswith("`type` must be object")
    assert lint_schema({"type": "object"}, is_payload=True) == []


def test_S16_several_problems_are_told_at_once():
    schema = {"properties": {"a": {"format": "x"}, "b": {"pattern": "("}}, "maximum": "y"}
    assert len(lint_schema(schema)) == 2


def test_S16_a_schema_that_is_too_deep_is_not_walked():
    schema = json.loads('{"not":' * 500 + "{}" + "}" * 500)
    assert lint_schema(schema)[0].message.startswith("the schema is nested more than")


def test_S16_a_format_that_is_no_text_is_told_and_not_looked_up():
    problems = lint_schema({"type": "string", "format": {}})

    assert [each.pointer for each in problems] == ["/format"]
