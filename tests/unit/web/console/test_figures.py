"""Charts and timelines: where bars stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.storage.pulse import Minute
from hub.storage.reading import StepFacts
from hub.web.console.figures import HEIGHT, minutes, nice_top
from hub.web.console.picture import MOST_ROWS, Line, draw

NOW = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (50, 50), (999, 1000)]
)
def test_the_top_of_a_chart_is_a_round_number(most, top):
    assert nice_top(most) == top


@given(st.lists(st.tuples(*[st.integers(0, 10_000)] * 4), max_size=60))
def test_bars_fit_into_the_chart_and_are_as_high_as_their_counts(counts):
    counted = [
        Minute(NOW, accepted=sum(each), succeeded=each[0], failed=each[1], cancelled=each[2])
        for each in counts
    ]

    chart = minutes(counted)

    assert len(chart.bars) == len(counted)
    for bar, minute in zip(chart.bars, counted, strict=True):
        height = sum(piece.height for piece in bar.pieces)
        assert height == pytest.approx(HEIGHT * minute.accepted / chart.top, abs=0.01)
        assert height <= HEIGHT + 0.01
        assert all(piece.y >= -0.01 for piece in bar.pieces)


def step(path: str, began: timedelta, took: timedelta | None, **other: object) -> StepFacts:
    given = {
        "path": path,
        "kind": "do",
        "step_id": path,
        "action": None,
        "status": "started" if took is None else "succeeded",
        "attempts": 1,
        "is_simulated": False,
        "key": None,
        "inputs": None,
        "result": None,
        "error": None,
        "started_at": NOW + began,
        "ended_at": None if took is None else NOW + began + took,
        "due_at": None,
        **other,
    }
    return StepFacts(**given)  # type: ignore[arg-type]


def test_a_step_of_milliseconds_is_seen_beside_a_wait_of_days():
    steps = [
        step("first", MILLISECOND, 5 * MILLISECOND),
        step("wait", 7 * MILLISECOND, timedelta(days=3), kind="wait"),
        step("last", timedelta(days=3, seconds=1), 40 * MILLISECOND),
    ]
    drawn = draw(steps, began_at=NOW, ended_at=NOW + timedelta(days=3, seconds=2), actions={})

    first, wait, last = drawn.rows
    assert first.x + first.width <= wait.x
    assert wait.x + wait.width <= last.x
    assert first.width > 2
    assert last.width > 2
    assert wait.width > first.width


def test_a_step_that_goes_on_reaches_to_the_end_of_the_line():
    (row,) = draw(
        [step("now", MILLISECOND, None)], began_at=NOW, ended_at=NOW + MILLISECOND * 50, actions={}
    ).rows

    assert row.took is None
    assert row.x + row.width == pytest.approx(100)


def test_steps_of_calls_and_loops_lie_inside():
    steps = [step(path, MILLISECOND, MILLISECOND) for path in ("a", "a/b", "a/b/c")]

    rows = draw(steps, began_at=NOW, ended_at=NOW + 9 * MILLISECOND, actions={}).rows

    assert [(row.name, row.inside) for row in rows] == [("a", 0), ("b", 1), ("c", 2)]


def test_of_very_many_steps_the_first_are_drawn_and_the_others_counted():
    steps = [
        step(f"s{number}", MILLISECOND * number, MILLISECOND) for number in range(MOST_ROWS + 7)
    ]

    drawn = draw(steps, began_at=NOW, ended_at=NOW + timedelta(seconds=1), actions={})

    assert (len(drawn.rows), drawn.hidden) == (MOST_ROWS, 7)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_moments_stand_on_the_line_in_their_order(milliseconds):
    moments = [NOW + each * MILLISECOND for each in milliseconds]
    line = Line(moments)

    places = [line.place(at) for at in sorted(moments)]

    assert places == sorted(places)
    assert all(0 <= place <= 100.0001 for place in places)
