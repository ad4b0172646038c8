"""How pages say spans and numbers; what is covered; where people may be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from hub.web.console.covering import COVER, cover, written
from hub.web.console.guard import is_from_own_page, own_origins, safe_next
from hub.web.console.remembered import Remembered
from hub.web.console.words import clock, count, day, exact, percent, rate, span

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0"), (0.2, "0.2"), (9.84, "9.8"), (10.0, "10"), (1234.4, "1\u202f234")],
)
def test_so_many_a_minute_are_said_as_exactly_as_it_matters(value, said):
    assert rate(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 ms"),
        (0.0354, "35 ms"),
        (2.44, "2.4 s"),
        (60, "1 min"),
        (185, "3 min 5 s"),
        (9000, "2 h 30 min"),
        (90_000, "1 d 1 h"),
        (7 * 86_400, "7 d"),
        (None, "\u2013"),
    ],
)
def test_a_span_is_said_in_two_units_at_most(seconds, said):
    assert span(seconds) == said
    if seconds is not None:
        assert span(timedelta(seconds=seconds)) == said


def test_numbers_times_and_shares_are_said_as_people_read_them():
    at, zone = datetime(2025, 11, 20, 3, 4, 5, tzinfo=UTC), ZoneInfo("America/New_York")

    assert (clock(at, zone), day(at, zone), exact(at)) == (
        "22:04:05",
        "19 Nov",
        "2025-11-20T03:04:05Z",
    )
    assert (clock(None, zone), day(None, zone), exact(None)) == ("\u2013", "", "")
    assert count(1_234_567) == "1\u202f234\u202f567"
    assert [percent(each) for each in (0, 0.004, 0.25, 1)] == ["0 %", "0.4 %", "25 %", "100 %"]


@given(JSON)
def test_a_covered_value_keeps_its_shape_and_says_nothing(value):
    def leaves(of: object) -> list[object]:
        if isinstance(of, dict):
            return [leaf for each in of.values() for leaf in leaves(each)]
        if isinstance(of, list):
            return [leaf for each in of for leaf in leaves(each)]
        return [of]

    covered = cover(value)

    assert {COVER, None, True, False} >= set(leaves(covered))
    assert len(leaves(covered)) == len(leaves(value))


def test_a_long_value_is_cut_and_says_so():
    assert written("x" * 30_000).endswith("cut here")
    assert written({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}'


@given(st.text())
def test_people_are_sent_to_our_own_pages_only(wanted):
    found = safe_next(wanted)

    assert found == "/admin" or (found == wanted and found.startswith("/admin"))


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({"Origin": "https://hub.example", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "https://hub.example"}, True),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://hub.example"}, False),
        ({"Origin": "https://hub.example:444"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "none"}, False),
        ({}, False),
    ],
)
def test_S7_a_form_must_come_from_a_page_of_ours(headers, is_own):
    origins = own_origins("https://hub.example")

    assert is_from_own_page(Headers(headers), origins) is is_own


def test_what_is_remembered_is_made_anew_after_its_time():
    made, at = [], [0.0]

    def make() -> int:
        made.append(1)
        return len(made)

    remembered = Remembered(make, seconds=3, now=lambda: at[0])
    assert [remembered.get(), remembered.get()] == [1, 1]
    at[0] = 3.0
    assert remembered.get() == 2
    remembered.forget()
    assert remembered.get() == 3
