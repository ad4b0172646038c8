"""From annotations to JSON Schema, and from JSON to arguments and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import pytest

from hub.signature import (
    Email,
    Phone,
    Url,
    input_schema,
    output_schema,
    parameters,
    schema_of,
    to_json,
    to_python,
)

NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
ID = UUID("07f26a19-e9dc-422c-b61d-030e3c7971bb")


@dataclass(frozen=True)
class Place:
    """Where something goes, and since when."""

    to: str
    since: datetime
    from_: str | None = None


PLACE = {
    "type": "object",
    "properties": {
        "to": {"type": "string"},
        "since": {"type": "string", "format": "date-time"},
        "from": {"type": "string"},
    },
    "required": ["to", "since"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (UUID, {"type": "string", "format": "uuid"}),
        (datetime, {"type": "string", "format": "date-time"}),
        (timedelta, {"type": "string", "format": "duration"}),
        (Phone, {"type": "string", "format": "e164"}),
        (Email, {"type": "string", "format": "email"}),
        (Url, {"type": "string", "format": "uri"}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (str | None, {"type": "string"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Any, {}),
        (Place, PLACE),
        (list[Place], {"type": "array", "items": PLACE}),
    ],
)
def test_each_type_has_its_schema(annotation: Any, schema: dict[str, Any]):
    assert schema_of(annotation) == schema


@pytest.mark.parametrize("annotation", [bytes, set[str], str | int, object, type(None)])
def test_a_type_outside_the_list_is_refused(annotation: Any):
    with pytest.raises(TypeError, match="an action cannot take or give"):
        schema_of(annotation)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        ("x", str, "x"),
        (1, float, 1.0),
        (str(ID), UUID, ID),
        ("2025-10-20T12:00:00Z", datetime, NOON),
        ("90m", timedelta, timedelta(minutes=90)),
        ("+14155550100", Phone, "+14155550100"),
        (None, datetime | None, None),
        ("2025-10-20T12:00:00Z", datetime | None, NOON),
        (["1m", "2m"], list[timedelta], [timedelta(minutes=1), timedelta(minutes=2)]),
        ({"a": "1m"}, dict[str, timedelta], {"a": timedelta(minutes=1)}),
        ({"free": [1]}, Any, {"free": [1]}),
        ("a", Literal["a", "b"], "a"),
        ({"to": "x", "since": "2025-10-20T12:00:00Z", "from": "y"}, Place, Place("x", NOON, "y")),
        ({"to": "x", "since": "2025-10-20T12:00:00Z"}, Place, Place("x", NOON)),
    ],
)
def test_json_becomes_what_the_function_takes(value: Any, annotation: Any, expected: Any):
    assert to_python(value, annotation) == expected


@pytest.mark.parametrize(
    ("value", "annotation"), [("soon", datetime), ("1 hour", timedelta), ("x", UUID)]
)
def test_a_text_of_another_form_is_refused(value: str, annotation: Any):
    with pytest.raises(ValueError, match=r"not|badly"):
        to_python(value, annotation)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NOON, "2025-10-20T12:00:00Z"),
        (timedelta(hours=1), "1h"),
        (ID, str(ID)),
        (Place("x", NOON), {"to": "x", "since": "2025-10-20T12:00:00Z"}),
        (Place("x", NOON, "y"), {"to": "x", "since": "2025-10-20T12:00:00Z", "from": "y"}),
        ([NOON], ["2025-10-20T12:00:00Z"]),
        ((1, 2), [1, 2]),
        ({"a": NOON}, {"a": "2025-10-20T12:00:00Z"}),
        (None, None),
        (1.5, 1.5),
    ],
)
def test_a_result_becomes_json(value: Any, expected: Any):
    assert to_json(value) == expected


def test_what_stands_before_the_star_is_given_by_the_hub():
    def example(place: Place, *, to: str, from_: str = "here") -> None: ...

    services, inputs = parameters(example)
    assert [(each.name, each.annotation) for each in services] == [("place", Place)]
    assert [each.key for each in inputs] == ["to", "from"]


def test_an_input_without_default_is_required():
    def example(*, to: str, from_: str | None = None) -> None: ...

    assert input_schema(parameters(example)[1]) == {
        "type": "object",
        "properties": {"to": {"type": "string"}, "from": {"type": "string"}},
        "required": ["to"],
        "additionalProperties": False,
    }


def test_no_result_is_an_empty_object():
    def example() -> None: ...

    empty = {"type": "object", "properties": {}, "additionalProperties": False}
    assert output_schema(example) == empty
