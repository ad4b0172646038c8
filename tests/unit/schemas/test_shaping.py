"""What becomes of a valid payload: defaults, unknown members, UUIDs, local times (D7)."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.schemas import compile_schema, fill_defaults, keep_known, normalise, place_local_times

LEAD = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
NEW_YORK = ZoneInfo("America/New_York")
TIME = {"type": "string", "format": "date-time"}


def test_members_that_the_schema_does_not_name_are_dropped_at_every_depth():
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "object", "properties": {"b": {"type": "string"}}},
            "list": {"type": "array", "items": {"properties": {"c": {}}}},
        },
    }
    value = {"a": {"b": "x", "more": 1}, "list": [{"c": 1, "more": 1}, 5], "more": {"x": 1}}

    assert keep_known(schema, value) == {"a": {"b": "x"}, "list": [{"c": 1}, 5]}


def test_members_are_kept_where_the_schema_allows_more():
    assert keep_known({"properties": {"a": {}}, "additionalProperties": True}, {"b": 1}) == {"b": 1}
    assert keep_known(
        {"additionalProperties": {"properties": {"x": {}}}}, {"b": {"x": 1, "y": 2}}
    ) == {"b": {"x": 1}}


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"properties": {"v": {}}}])
def test_a_value_about_which_nothing_is_said_is_kept_whole(schema):
    value = {"v": {"any": [{"thing": 1}]}}
    assert keep_known(schema, value) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/x", "$defs": {"x": {"properties": {"a": {}}}}},
        {"allOf": [{"properties": {"a": {}}}]},
        {"anyOf": [{"properties": {"a": {}}}, {"properties": {"z": {}}}]},
        {"if": {"properties": {"q": {}}}, "then": {"properties": {"a": {}}}},
        {"patternProperties": {"^a$": {}}},
        {"dependentSchemas": {"b": {"properties": {"a": {}}}}},
    ],
)
def test_names_are_found_in_every_branch(schema):
    assert keep_known(schema, {"a": 1, "b": 2}) == {"a": 1}


def test_defaults_stand_where_a_member_is_missing():
    schema = {
        "properties": {
            "count": {"type": "integer", "default": 1},
            "options": {
                "type": "object",
                "default": {},
                "properties": {"deep": {"default": [1]}},
            },
            "items": {"items": {"properties": {"n": {"default": 0}}}},
        }
    }

    filled = fill_defaults(schema, {"items": [{}, {"n": 5}]})

    assert filled == {"count": 1, "options": {"deep": [1]}, "items": [{"n": 0}, {"n": 5}]}
    filled["options"]["deep"].append(2)
    assert fill_defaults(schema, {})["options"] == {"deep": [1]}


def test_a_default_does_not_replace_a_null_and_does_not_come_from_a_branch():
    schema = {
        "properties": {"a": {"default": 1}},
        "anyOf": [{"properties": {"b": {"default": 2}}}],
    }
    assert fill_defaults(schema, {"a": None}) == {"a": None}


def test_uuids_are_written_in_lower_case():
    schema = {
        "properties": {
            "lead": {"type": "string", "format": "uuid"},
            "leads": {"items": {"format": "uuid"}},
            "name": {"type": "string"},
        }
    }
    value = {"lead": LEAD.upper(), "leads": [LEAD.upper()], "name": "ZOË", "other": LEAD.upper()}

    assert normalise(schema, value) == {**value, "lead": LEAD, "leads": [LEAD]}


def test_a_local_time_gets_the_offset_of_the_zone():
    schema = {"properties": {"at": TIME, "note": {"type": "string"}}}
    value = {"at": "2025-12-03T14:00:00", "note": "2025-12-03T14:00:00"}

    placed, meant = place_local_times(schema, value, NEW_YORK)

    assert placed == {"at": "2025-12-03T14:00:00-05:00", "note": "2025-12-03T14:00:00"}
    assert meant == {"/at": "2025-12-03T14:00:00-05:00"}


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        ("2026-03-08T02:30:00", "2026-03-08T03:30:00-04:00"),
        ("2025-11-02T01:30:00", "2025-11-02T01:30:00-04:00"),
    ],
)
def test_a_removed_time_is_shifted_and_a_doubled_one_means_the_first(local, instant):
    placed, _ = place_local_times({"properties": {"at": TIME}}, {"at": local}, NEW_YORK)
    assert placed == {"at": instant}


@pytest.mark.parametrize("text", ["2025-12-03T14:00:00Z", "2025-12-03", "tomorrow", ""])
def test_what_is_no_local_time_stays_as_it_is(text):
    assert place_local_times({"properties": {"at": TIME}}, {"at": text}, NEW_YORK) == (
        {"at": text},
        {},
    )


VIEW = compile_schema(
    {
        "properties": {
            "a": {"items": TIME, "default": []},
            "b": {"$ref": "#/properties/a"},
        },
        "patternProperties": {"^c": {"format": "uuid"}},
    }
).view


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(st.none() | st.text(max_size=5), st.lists, max_leaves=5),
        max_size=5,
    )
)
def test_shaping_never_fails_and_is_the_same_twice(value):
    once = normalise(VIEW, keep_known(VIEW, fill_defaults(VIEW, value)))

    assert normalise(VIEW, keep_known(VIEW, fill_defaults(VIEW, once))) == once
