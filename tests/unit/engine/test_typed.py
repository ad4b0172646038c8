"""Fields whose schema says `format: date-time` are dates; everything else stays as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.engine.typed import typed

DATE = {"type": "string", "format": "date-time"}
NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
TEXT = "2025-10-20T12:00:00Z"


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        (TEXT, DATE, NOON),
        (TEXT, {"type": "string"}, TEXT),
        (TEXT, {}, TEXT),
        ("tomorrow", DATE, "tomorrow"),
        (None, DATE, None),
        (7, DATE, 7),
        ({"at": TEXT, "other": TEXT}, {"properties": {"at": DATE}}, {"at": NOON, "other": TEXT}),
        ({"at": TEXT}, {"additionalProperties": DATE}, {"at": NOON}),
        ({"at": TEXT}, {"properties": {"at": True}, "additionalProperties": DATE}, {"at": TEXT}),
        (TEXT, {"$ref": "#/$defs/when", "$defs": {"when": DATE}}, NOON),
        (
            {"at": TEXT},
            {"properties": {"at": {"$ref": "#/$defs/a~1b"}}, "$defs": {"a/b": DATE}},
            {"at": NOON},
        ),
        (TEXT, {"allOf": [{"type": "string"}, DATE]}, NOON),
        (TEXT, {"anyOf": [DATE, {"type": "null"}]}, NOON),
        (TEXT, {"oneOf": [{"type": "integer"}, DATE]}, NOON),
        ([TEXT, TEXT], {"prefixItems": [DATE], "items": {"type": "string"}}, [NOON, TEXT]),
        (TEXT, {"$ref": "#"}, TEXT),
        (TEXT, {"$ref": "#/$defs/missing"}, TEXT),
        ([TEXT], {"items": False}, [TEXT]),
        ([TEXT], {"items": DATE}, [NOON]),
        ([TEXT], {}, [TEXT]),
        ([{"at": TEXT}], {"items": {"properties": {"at": DATE}}}, [{"at": NOON}]),
    ],
)
def test_dates_are_parsed_as_deep_as_the_schema_names_them(
    value: Any, schema: dict[str, Any], expected: Any
):
    assert typed(value, schema) == expected


def test_what_was_given_is_not_changed():
    given = {"at": TEXT}
    typed(given, {"properties": {"at": DATE}})
    assert given == {"at": TEXT}


def test_a_schema_that_contains_itself_is_followed_as_deep_as_the_value_goes():
    node = {"properties": {"at": DATE, "next": {"$ref": "#"}}}

    found = typed({"at": TEXT, "next": {"at": TEXT, "next": {}}}, node)

    assert found == {"at": NOON, "next": {"at": NOON, "next": {}}}
