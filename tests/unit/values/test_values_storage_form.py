from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.values import Secret, SecretText, decode, encode, join_secret, plain, reveal

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
KEYS = TEXTS | st.sampled_from(["~instant", "~object", "~duration", "~secret", "~", "name"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.datetimes(
        datetime(1900, 1, 3),  # noqa: DTZ001
        datetime(2200, 12, 29),  # noqa: DTZ001
        timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))),
    )
    | st.timedeltas(timedelta(days=-9999), timedelta(days=9999))
    | st.builds(Secret, TEXTS)
    | st.lists(TEXTS | st.builds(Secret, TEXTS)).map(join_secret)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20
)


@given(VALUES)
def test_a_value_survives_storing_as_json(value):
    stored = json.loads(json.dumps(encode(value)))

    assert decode(stored) == value


@given(st.recursive(st.none() | TEXTS, lambda i: st.lists(i) | st.dictionaries(KEYS, i)))
def test_hostile_data_stays_data(payload):
    assert decode(encode(payload)) == payload
    assert plain(payload) == payload


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (datetime(2025, 10, 20, 14, tzinfo=UTC), {"~instant": "2025-10-20T14:00:00Z"}),
        (timedelta(minutes=90), {"~duration": "1h30m"}),
        (timedelta(microseconds=-1), {"~duration": -1}),
        ({"~instant": "x", "a": 1}, {"~object": {"~instant": "x", "a": 1}}),
        (Secret("TOKEN"), {"~secret": "TOKEN"}),
        (SecretText(("a ", Secret("T"))), {"~secret": ["a ", {"name": "T"}]}),
        ((1, 2), [1, 2]),
    ],
)
def test_what_json_has_no_word_for_is_tagged(value, stored):
    assert encode(value) == stored


@pytest.mark.parametrize(
    "value",
    [
        "a\0b",
        "\ud83d",
        {"a\0": 1},
        {"\udc00": 1},
        {1: "a"},
        float("nan"),
        float("inf"),
        object(),
        b"bytes",
        {1, 2},
        datetime(1850, 1, 1, tzinfo=UTC),
        datetime(2300, 1, 1, tzinfo=UTC),
        datetime(2025, 1, 1),  # noqa: DTZ001
    ],
)
def test_what_the_database_cannot_keep_is_refused_before(value):
    with pytest.raises(ValueError):  # noqa: PT011
        encode(value)


def test_a_value_without_end_is_refused():
    deep: list[object] = []
    for _ in range(300):
        deep = [deep]

    with pytest.raises(ValueError, match="levels"):
        encode(deep)


@pytest.mark.parametrize("stored", [{"~what": 1}, {"~instant": "2025-10-20T14:00:00Z", "a": 1}])
def test_a_tag_that_encode_never_writes_is_refused(stored):
    with pytest.raises(ValueError, match="stored value"):
        decode(stored)


def test_callers_see_dates_and_durations_as_text_and_never_a_secret():
    value = {
        "at": datetime(2025, 10, 20, 14, tzinfo=UTC),
        "for": (timedelta(hours=1), timedelta(seconds=1.5), timedelta(seconds=-2)),
        "token": Secret("T"),
        "header": SecretText(("Bearer ", Secret("T"))),
    }

    assert plain(value) == {
        "at": "2025-10-20T14:00:00Z",
        "for": ["1h", "1.5s", "-2s"],
        "token": "secret:T",
        "header": "Bearer secret:T",
    }


def test_S6_a_secret_never_shows_its_value():
    header = join_secret(["Bearer ", Secret("T"), "", "!", "?"])

    assert repr(header) == str(header) == f"{header}" == "Bearer secret:T!?"
    assert header.parts == ("Bearer ", Secret("T"), "!?")
    assert repr([Secret("T")]) == "[secret:T]"


def test_S6_a_secret_is_revealed_at_the_moment_of_use():
    value = {"a": [Secret("T"), (SecretText(("Bearer ", Secret("T"))),)], "b": 1}

    assert reveal(value, {"T": "s3cret"}.__getitem__) == {
        "a": ["s3cret", ["Bearer s3cret"]],
        "b": 1,
    }


def test_texts_with_secrets_can_be_joined_again():
    both = join_secret([SecretText(("a", Secret("T"))), SecretText(("b",)), "c"])

    assert both == SecretText(("a", Secret("T"), "bc"))
