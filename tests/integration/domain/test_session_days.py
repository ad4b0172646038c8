"""The day of a session: its waiver, its status, and clocks that are changed (R-20, R-23, R-28)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.domain.seats import Slot
from hub.values import resolve_local
from tests.integration.domain.desk import code_of
from tests.integration.domain.slot_desk import (
    HOUR,
    LENGTH,
    SlotDesk,
    becomes,
    now_session,
    sign,
)

# A zone, the local day on which its clock changes, and how many hours that day has.
CHANGES = [
    ("America/New_York", datetime(2026, 3, 8), 23),  # noqa: DTZ001 - local
    ("America/New_York", datetime(2025, 11, 2), 25),  # noqa: DTZ001
    ("Europe/Paris", datetime(2026, 3, 29), 23),  # noqa: DTZ001
    ("Europe/London", datetime(2025, 10, 26), 25),  # noqa: DTZ001
    ("Australia/Sydney", datetime(2026, 4, 5), 25),  # noqa: DTZ001
    ("Australia/Lord_Howe", datetime(2026, 4, 5), 24.5),  # noqa: DTZ001
    ("America/St_Johns", datetime(2025, 11, 2), 25),  # noqa: DTZ001
    ("Africa/Casablanca", datetime(2026, 2, 15), 25),  # noqa: DTZ001
]


# --------------------------------------------------------------------------------------- the waiver


def test_R_28_a_scheduled_session_begins_with_a_waiver_of_its_day(slot_desk: SlotDesk):
    _, session = slot_desk.book(slot_desk.slot(24))

    assert code_of(becomes, slot_desk, session, "in-progress") == "waiver_missing"
    assert code_of(sign, slot_desk, session) == "too_early"
    slot_desk.clock.advance(23 * HOUR)
    signed = sign(slot_desk, session)

    slot_desk.clock.advance(HOUR)
    assert sign(slot_desk, session) == signed, "the first one stays"
    assert becomes(slot_desk, session, "in-progress") == "in-progress"
    assert becomes(slot_desk, session, "in-progress") == "in-progress"
    assert becomes(slot_desk, session, "completed") == "completed"


def test_R_28_after_its_day_a_waiver_is_too_late(slot_desk: SlotDesk):
    _, session = slot_desk.book(slot_desk.slot(2))
    slot_desk.clock.advance(24 * HOUR)

    assert code_of(sign, slot_desk, session) == "too_late"


def test_R_28_a_waiver_is_signed_anew_when_the_session_moves(slot_desk: SlotDesk):
    _, session = slot_desk.book(slot_desk.slot(2))
    sign(slot_desk, session)

    slot_desk.move(session, slot_desk.now() + 48 * HOUR)

    assert slot_desk.session_row(session).waiver_signed_at is None


def test_R_20_R_28_a_session_for_now_begins_without_a_waiver_and_may_have_one(slot_desk: SlotDesk):
    made = now_session(slot_desk).id

    sign(slot_desk, made)

    assert becomes(slot_desk, made, "in-progress") == "in-progress"


def test_a_status_only_moves_forward(slot_desk: SlotDesk):
    _, session = slot_desk.book(slot_desk.slot(1))

    assert code_of(becomes, slot_desk, session, "completed") == "conflict"
    assert becomes(slot_desk, session, "no_show") == "no_show"
    assert code_of(becomes, slot_desk, session, "in-progress") == "conflict"
    assert code_of(sign, slot_desk, session) == "conflict"
    assert code_of(becomes, slot_desk, now_session(slot_desk).id, "no_show") == "conflict"


# -------------------------------------------------------------------------- clocks that are changed


@pytest.mark.parametrize(("name", "day", "hours"), CHANGES)
def test_R_23_on_a_day_of_23_to_25_hours_slots_are_instants(slot_desk: SlotDesk, name, day, hours):
    """Back to back by the hour through the whole local day: as many slots as the day has hours."""
    there = ZoneInfo(name)
    begin = resolve_local(day, there).astimezone(UTC)
    end = resolve_local(day + timedelta(days=1), there).astimezone(UTC)
    slot_desk.clock.set(begin - 24 * HOUR)
    assert (end - begin) / HOUR == hours

    slots = 0
    while begin + slots * HOUR < end:
        start = begin + slots * HOUR
        slot_desk.reserve(Slot(slot_desk.mechanic, start, start + HOUR))
        slots += 1

    assert slots == -(-hours // 1)
    assert code_of(
        slot_desk.reserve, Slot(slot_desk.mechanic, begin, begin + timedelta(minutes=1))
    ) == ("slot_taken")


@pytest.mark.parametrize(("name", "day", "hours"), CHANGES)
def test_R_23_the_two_times_of_one_clock_reading_are_two_slots_and_a_skipped_one_is_later(
    slot_desk: SlotDesk, name, day, hours
):
    there = ZoneInfo(name)
    slot_desk.clock.set(resolve_local(day, there).astimezone(UTC) - 24 * HOUR)
    night = 14  # all these clocks are changed before seven in the morning
    readings = [day + timedelta(minutes=30 * number) for number in range(night)]
    meant = [resolve_local(reading, there) for reading in readings]

    if hours < 24:
        assert len(set(meant)) < len(meant), "two readings mean one instant"
    for instant in sorted(set(meant)):
        half = Slot(slot_desk.mechanic, instant, instant + timedelta(minutes=30))
        assert slot_desk.reserve(half).created


@pytest.mark.parametrize(("name", "day", "hours"), CHANGES)
def test_R_23_R_28_the_day_of_a_waiver_is_that_of_the_session_s_own_zone(
    slot_desk: SlotDesk, name, day, hours
):
    there = ZoneInfo(name)
    begin = resolve_local(day, there).astimezone(UTC)
    slot_desk.clock.set(begin - 24 * HOUR)
    late = begin + hours * HOUR - HOUR
    slot = Slot(slot_desk.mechanic, late, late + LENGTH)
    _, session = slot_desk.book(slot, timezone=name)

    slot_desk.clock.set(begin - timedelta(seconds=1))
    assert code_of(sign, slot_desk, session) == "too_early"
    slot_desk.clock.set(begin + hours * HOUR)
    assert code_of(sign, slot_desk, session) == "too_late"
    slot_desk.clock.set(begin)
    assert sign(slot_desk, session) == begin
