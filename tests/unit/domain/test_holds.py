"""The rule of a hold, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.holds import appointment_holds_until, release_time

NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MAYBE = st.none() | st.integers(-100, 100).map(lambda hours: NOON + hours * HOUR)


def test_D3_an_appointment_holds_the_number_for_24_hours_after_it():
    assert appointment_holds_until(NOON) == datetime(2025, 10, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(("asked", "hours"), [(-5, 24), (23, 24), (24, 24), (48, 48)])
def test_D3_a_longer_hold_may_be_asked_for_but_not_a_shorter_one(asked, hours):
    assert appointment_holds_until(NOON, NOON + asked * HOUR) == NOON + hours * HOUR


@pytest.mark.parametrize(
    ("initial", "appointments", "follow_up", "release"),
    [
        (18, None, None, 18),
        (18, 72, None, 72),
        (18, 10, None, 18),
        (None, 72, 24, 72),
        (None, 23, 24, 24),
        (None, None, 24, 24),
        (18, None, 24, 24),
    ],
)
def test_D3_the_release_is_the_latest_of_the_three(initial, appointments, follow_up, release):
    def hours(count):
        return None if count is None else NOON + count * HOUR

    found = release_time(
        initial_until=hours(initial),
        appointments_until=hours(appointments),
        follow_up_until=hours(follow_up),
    )

    assert found == hours(release)


@given(initial=MAYBE, appointments=MAYBE, follow_up=MAYBE, longer=st.integers(0, 50))
def test_D3_a_longer_part_never_makes_the_whole_shorter(initial, appointments, follow_up, longer):
    if initial is None and appointments is None and follow_up is None:
        initial = NOON
    before = release_time(
        initial_until=initial, appointments_until=appointments, follow_up_until=follow_up
    )
    after = release_time(
        initial_until=initial,
        appointments_until=(appointments or NOON - 200 * HOUR) + longer * HOUR,
        follow_up_until=follow_up,
    )

    assert after >= before
