"""Matching: objects by the keys that are given, dates as instants, loosely where a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.findings import Source
from hub.engine.yaml_profile import Mapping, Node, Scalar, Sequence, load
from hub.engine.yaml_profile.nodes import Entry
from hub.testing.matching import ABSENT, fits, is_same, mismatches
from hub.values import format_instant

SOURCE = Source("t.yaml", "")


def node(text: str) -> Node:
    root = load("t.yaml", text).root
    assert root is not None
    return root


def tree(value: object) -> Node:
    """Any JSON as a tree without places."""
    if isinstance(value, dict):
        entries = tuple(
            Entry(Scalar(SOURCE, 0, 0, name), tree(each)) for name, each in value.items()
        )
        return Mapping(SOURCE, 0, 0, entries)
    if isinstance(value, list):
        return Sequence(SOURCE, 0, 0, tuple(map(tree, value)))
    return Scalar(SOURCE, 0, 0, value)  # type: ignore[arg-type]  # what is left is a plain value


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("{a: 1}", {"a": 1, "b": 2}),
        ("{a: {b: x}}", {"a": {"b": "x", "c": None}}),
        ("{contains: stays}", "the number stays"),
        ("{contains: 2}", [1, 2]),
        ("{any: true}", {"whatever": 1}),
        ("[1, {a: 1}]", [1, {"a": 1, "b": 2}]),
        ("2025-10-20T14:00:00Z", "2025-10-20T16:00:00+02:00"),
        ("24h", "1d"),
    ],
)
def test_what_matches(expected: str, actual: object):
    assert fits(node(expected), actual)


@pytest.mark.parametrize(
    ("expected", "actual", "line", "message"),
    [
        ("a: 1\nb: 2", {"a": 1, "b": 3}, 2, "it.b is 3, expected 2"),
        ("a: 1\nb: 2", {"a": 1}, 2, "it.b is missing, expected 2"),
        ("a:\n  - 1", {"a": [1, 2]}, 2, "it.a has 2 items, expected 1: [1, 2]"),
        ("a: {contains: x}", {"a": "y"}, 1, "it.a is y, which does not contain 'x'"),
        ("a: true", {"a": 1}, 1, "it.a is 1, expected true"),
        ("a: {b: 1}", {"a": "text"}, 1, "it.a is text, expected an object"),
        ("a: {any: true}", {}, 1, 'it.a is missing, expected {"any": true}'),
    ],
)
def test_what_does_not_match_is_told_where_it_stands(
    expected: str, actual: object, line: int, message: str
):
    [found] = mismatches(node(expected), actual, "it")

    assert (found.message, found.node.position[0]) == (message, line)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "y", "z"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_matches_itself(value: object):
    assert fits(tree(value), value)


@given(VALUES, VALUES)
def test_a_list_of_one_matches_only_a_list_of_one_that_matches(expected: object, actual: object):
    assert fits(tree([expected]), [actual]) == fits(tree(expected), actual)
    assert not fits(tree([expected]), [])
    assert not fits(tree([expected]), [expected, actual])


@given(st.dictionaries(st.sampled_from(["x", "y"]), VALUES), st.text("q", min_size=1))
def test_more_keys_than_expected_change_nothing(value: dict[str, object], key: str):
    assert fits(tree(value), {**value, key: 1})


@given(
    st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(-14, 14),
)
def test_an_instant_is_the_same_in_every_offset(moment: datetime, hours: int):
    there = moment.astimezone(timezone(timedelta(hours=hours)))

    assert is_same(format_instant(moment), format_instant(there))
    assert not is_same(format_instant(moment), format_instant(there + timedelta(seconds=1)))


def test_nothing_matches_what_is_not_there():
    assert not fits(node("null"), ABSENT)
    assert fits(node("null"), None)
