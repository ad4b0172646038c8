"""Verdicts and problems: the fast validator says what the reference says, in plain words."""

import math
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from referencing import Registry

from hub.schemas import FORMATS, compile_schema

REFERENCE_FORMATS = jsonschema.FormatChecker(formats=())
for _name, _format in FORMATS.items():
    REFERENCE_FORMATS.checks(_name)(
        lambda text, _format=_format: not isinstance(text, str) or _format.fits(text)
    )


def reference(schema: dict[str, Any]) -> jsonschema.protocols.Validator:
    return jsonschema.Draft202012Validator(
        schema, format_checker=REFERENCE_FORMATS, registry=Registry()
    )


def problems(schema, value):
    return [(each.pointer, each.message) for each in compile_schema(schema).problems(value)]


BOOKING = {
    "type": "object",
    "properties": {
        "lead_id": {"type": "string", "format": "uuid"},
        "appointment_time": {"type": "string", "format": "date-time"},
        "outcome": {"enum": ["showed", "no_show"]},
        "note": {"type": ["string", "null"], "minLength": 1, "maxLength": 5},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2, "uniqueItems": True},
        "who": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "size": {"oneOf": [{"type": "number", "minimum": 2}, {"type": "integer", "maximum": 5}]},
    },
    "required": ["lead_id", "appointment_time"],
    "additionalProperties": False,
    "if": {"properties": {"outcome": {"const": "showed"}}, "required": ["outcome"]},
    "then": {"required": ["note"]},
}
GOOD = {
    "lead_id": "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21",
    "appointment_time": "2025-12-03T19:00:00Z",
}

SCHEMAS: list[dict[str, Any]] = [
    BOOKING,
    {"type": "object", "minProperties": 1, "maxProperties": 2, "propertyNames": {"maxLength": 3}},
    {"type": "object", "patternProperties": {"^a": {"type": "integer"}}},
    {"type": "object", "additionalProperties": {"type": "string"}},
    {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "integer"}},
    {"type": "array", "contains": {"type": "string"}, "minItems": 1},
    {"type": "number", "multipleOf": 3, "exclusiveMinimum": 0, "exclusiveMaximum": 100},
    {"type": "integer"},
    {"const": 1},
    {"enum": [None, True, 0, "a", [1], {"a": 1}]},
    {"not": {"type": "string"}},
    {"$defs": {"x": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/x"}}},
    {"dependentRequired": {"a": ["b"]}, "unevaluatedProperties": False, "properties": {"a": {}}},
    {"pattern": "^[a-c]+$"},
]
SCHEMAS += [{"format": name} for name in FORMATS]
NAMES = ["lead_id", "appointment_time", "outcome", "note", "tags", "who", "size"]
KEYS = st.sampled_from([*NAMES, "a", "ab", "abcd", "b"])
TEXTS = st.sampled_from(
    [
        *GOOD.values(),
        *("showed", "no_show", "", "abc", "abcdef", "2025-10-20", "2025-10-20T14:00", "24h", "7d"),
        *(
            "2025-12-03t19:00:00z",
            "2025-12-03T19:00:00-0500",
            "2025-13-03T19:00:00Z",
            "+12025550147",
        ),
        *(
            "America/New_York",
            "Mars/Base",
            "a@example.com",
            "a@b",
            "https://example.com/x",
            "http:",
        ),
        *("5B0C2C2E-6F0A-4A51-9A8E-3D1F6F0D7A21", "x y", "../etc/passwd", "9999-12-31T23:59:59Z"),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-10, 10)
    | st.floats(-10, 10).filter(lambda number: not number.is_integer())
    | TEXTS,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(KEYS, each, max_size=4),
    max_leaves=8,
)


PAIRS = [(compile_schema(schema), reference(schema)) for schema in SCHEMAS]


@given(st.sampled_from(PAIRS), VALUES)
def test_both_validators_give_the_same_verdict(pair, value):
    fast, slow = pair

    assert fast.fits(value) == slow.is_valid(value)
    assert fast.fits(value) == (not fast.problems(value))


@given(st.dictionaries(KEYS, VALUES | TEXTS, max_size=6))
def test_both_validators_give_the_same_verdict_on_objects(value):
    fast, slow = PAIRS[0]
    assert fast.fits(value) == slow.is_valid(value)


def test_a_good_payload_has_no_problems():
    assert problems(BOOKING, GOOD) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"lead_id": "lead-42"}, ("/lead_id", f"must be {FORMATS['uuid'].wanted}")),
        (
            {"appointment_time": "2025-12-03T14:00:00"},
            (
                "/appointment_time",
                "must be a date and time with offset, such as 2025-10-20T14:00:00Z",
            ),
        ),
        ({"appointment_time": 1764788400000}, ("/appointment_time", "must be a text")),
        ({"outcome": "maybe"}, ("/outcome", "must be one of showed, no_show")),
        ({"note": ""}, ("/note", "must not be empty")),
        ({"note": "toolong"}, ("/note", "must have at most 5 characters")),
        ({"note": 1}, ("/note", "must be null or a text")),
        ({"tags": [1]}, ("/tags/0", "must be a text")),
        ({"tags": ["a", "a"]}, ("/tags", "must not hold the same item twice")),
        ({"tags": ["a", "b", "c"]}, ("/tags", "must have at most 2 items")),
        ({"who": 1.5}, ("/who", "must be a text or a whole number")),
        (
            {"size": 3},
            ("/size", "fits more than one of the forms, of which exactly one is allowed"),
        ),
        ({"outcome": "showed"}, ("/note", "is missing")),
        ({"extra": 1}, ("/extra", "is not known here")),
    ],
)
def test_a_problem_names_the_place_and_what_is_wanted(change, problem):
    assert problems(BOOKING, {**GOOD, **change}) == [problem]


def test_everything_that_is_missing_is_told_at_once():
    assert problems(BOOKING, {}) == [
        ("/lead_id", "is missing"),
        ("/appointment_time", "is missing"),
    ]
    assert problems(BOOKING, []) == [("", "must be an object")]


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"const": "x"}, 1, "must be x"),
        ({"minimum": 2}, 1, "must be at least 2"),
        ({"maximum": 2}, 3, "must be at most 2"),
        ({"exclusiveMinimum": 2}, 2, "must be more than 2"),
        ({"exclusiveMaximum": 2}, 2, "must be less than 2"),
        ({"multipleOf": 2}, 3, "must be a multiple of 2"),
        ({"minLength": 3}, "a", "must have at least 3 characters"),
        ({"minItems": 1}, [], "must not be empty"),
        ({"minProperties": 2}, {}, "must have at least 2 members"),
        ({"maxProperties": 0}, {"a": 1}, "must have at most 0 members"),
        ({"contains": {"type": "string"}}, [1], "lacks an item that must be in it"),
        ({"pattern": "^x"}, "a", "must match the pattern ^x"),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, "has a member whose name is not allowed"),
        ({"not": {}}, 1, "has a form that is not allowed here"),
        (
            {"anyOf": [{"minimum": 2}, {"type": "string"}]},
            1,
            "fits none of the forms that are allowed here",
        ),
    ],
)
def test_every_keyword_has_its_words(schema, value, message):
    assert [text for _, text in problems(schema, value)] == [message]


def test_no_more_than_twenty_problems_are_told():
    assert len(problems({"items": {"type": "string"}}, [1] * 100)) == 20


def test_of_a_large_value_the_first_problem_is_enough():
    assert problems({"items": {"type": "string"}}, [1] * 100_000) == [("/0", "must be a text")]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"anyOf": [{"type": "string"}]}, "fits none of the forms that are allowed here"),
        ({"oneOf": [{}, {}]}, "does not fit exactly one of the forms that are allowed here"),
        ({"not": {}}, "has a form that is not allowed here"),
        (
            {"allOf": [{"propertyNames": {"maxLength": 1}}]},
            "has a member whose name is not allowed",
        ),
    ],
)
def test_I15_of_alternatives_in_a_large_value_the_place_is_told(schema, message):
    value = {"list": [1] * 10_000, "one": {"ab": 1}}
    whole = {"type": "object", "properties": {"one": schema}}

    assert problems(whole, value) == [("/one", message)]


def test_I15_a_wrong_value_is_told_also_where_nothing_small_can_be_said():
    left_over = {"properties": {"list": {}}, "unevaluatedProperties": False}
    referring = {
        "properties": {"b": {"$ref": "#/properties/a/anyOf/0"}, "a": {"anyOf": [{"type": "null"}]}}
    }
    large = {"list": [1] * 10_000}

    told = [("", "does not have the form that is wanted")]
    assert problems(left_over, {**large, "more": 1}) == told
    assert problems(referring, {**large, "b": 1}) == told


def test_I15_a_value_too_large_for_its_schema_is_not_looked_at():
    many = compile_schema({"items": {"anyOf": [{"type": "string"}] * 100}})
    long = compile_schema({"items": {"pattern": "(a{1,25}){1,15}!"}})

    assert many.excess(["a"] * 10_000) is None
    assert str(many.excess(["a"] * 20_000)).startswith("holds too many values for its schema")
    assert long.excess("a" * 262_144) is None
    assert str(long.excess("a" * 1_000_000)).startswith("is too long for the patterns")


def test_little_of_the_senders_text_is_ever_shown():
    names = [letter * 80 for letter in "abcdefghij"]
    schema = {
        "properties": {"known": {"const": 1}},
        "additionalProperties": {"type": "object", "additionalProperties": False},
    }

    told = str(problems(schema, {name: {name.upper(): 1} for name in names} | {"known": "s3cret"}))

    assert "s3cret" not in told
    assert sum(told.count(letter * 5) * 5 for letter in "abcdefghijABCDEFGHIJ") <= 100


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 10**400, -(10**400)])
@pytest.mark.parametrize(
    "schema",
    [{"multipleOf": 0.1}, {"multipleOf": 3}, {"maximum": 5}, {"minimum": 5}, {"type": "integer"}],
)
def test_S16_extreme_numbers_raise_nothing(schema, value):
    compile_schema(schema).problems(value)


def test_S16_hostile_texts_cost_linear_time():
    assert problems({"pattern": "^(a+)+$"}, "a" * 50_000 + "b")


def test_a_pointer_escapes_what_stands_in_names():
    schema = {"properties": {"a/b~c": {"type": "string"}}}
    assert problems(schema, {"a/b~c": 1}) == [("/a~1b~0c", "must be a text")]
