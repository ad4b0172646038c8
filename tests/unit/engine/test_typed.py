"""Fields whose schema says `format: date-time` are dates; everything else stays as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def leaves(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object, or a list, of parts."""
    return st.dictionaries(st.sampled_from("abc"), of, max_size=3) | st.lists(of, max_size=2)


@given(st.recursive(st.sampled_from(["at", "text"]), leaves, max_leaves=8))
def test_of_any_form_exactly_the_fields_that_are_dates_become_dates(form: Any):
    assert typed(_value(form), _schema(form)) == _expected(form)


def _schema(form: Any) -> dict[str, Any]:
    if isinstance(form, dict):
        return {"properties": {name: _schema(each) for name, each in form.items()}}
    if isinstance(form, list):
        return {"prefixItems": [_schema(each) for each in form]}
    return DATE if form == "at" else {"type": "string"}


def _value(form: Any) -> Any:
    if isinstance(form, dict):
        return {name: _value(each) for name, each in form.items()}
    return [_value(each) for each in form] if isinstance(form, list) else TEXT


def _expected(form: Any) -> Any:
    if isinstance(form, dict):
        return {name: _expected(each) for name, each in form.items()}
    if isinstance(form, list):
        return [_expected(each) for each in form]
    return NOON if form == "at" else TEXT
