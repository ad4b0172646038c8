"""What a person sees of the holds: H-25, H-26, and the faults that `hub doctor` looks for (D6)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from hub.domain import leads
from hub.storage import tables

HOUR = timedelta(hours=1)


def test_h25_the_monitor_shows_all_holds_by_the_time_of_the_appointment(desk):
    none = desk.holder("None")
    over = desk.holder("Over")
    desk.book(over, desk.now() + HOUR)
    kept = desk.holder("Kept")
    desk.book(kept, desk.now() + 2 * HOUR)
    pending = desk.lead("Pending", email="pending@example.com")
    desk.numbers(1)
    desk.clock.advance(26 * HOUR)
    desk.outcome(kept, "showed")
    desk.assign(pending)
    desk.book(pending, desk.now() + 48 * HOUR)

    lines = desk.holds()

    assert [(line.lead_name, line.label, line.hours_until_release) for line in lines] == [
        ("Over Byron", "grace over", -1.0),
        ("Kept Byron", "follow-up window", 24.0),
        ("Pending Byron", "pending (48.0 hrs)", 72.0),
        ("None Byron", "no appointment", -8.0),
    ]
    last = lines[2]
    assert (last.email, last.number) == ("pending@example.com", "+14155550000")
    assert last.appointment_at == desk.now() + 48 * HOUR
    assert last.release_at == desk.now() + 72 * HOUR
    assert lines[3].lead_id == none


def test_h25_the_last_outcome_is_that_of_the_appointment_or_of_the_call(desk):
    caller, shown = desk.holder("Caller"), desk.holder("Shown")
    with desk.transaction() as db:
        for lead, changes in (
            (caller, leads.LeadChanges(last_call_outcome="voicemail")),
            (
                shown,
                leads.LeadChanges(last_call_outcome="booked", last_appointment_outcome="showed"),
            ),
        ):
            leads.update(db, desk.clock, lead_id=lead, set_=changes)

    assert desk.hold(caller).last_outcome == "voicemail"
    assert desk.hold(shown).last_outcome == "showed"


def test_h25_a_cancelled_appointment_is_not_pending(desk):
    lead = desk.holder()
    desk.book(lead, desk.now() + 48 * HOUR)

    desk.outcome(lead, "cancelled")

    assert desk.hold(lead).label == "grace over"


def test_h25_the_appointments_of_an_earlier_hold_are_not_shown(desk):
    lead = desk.holder()
    desk.book(lead, desk.now() + HOUR)
    desk.clock.advance(25 * HOUR)
    desk.sweep()

    desk.assign(lead)

    assert desk.hold(lead).label == "no appointment"


def test_h26_overdue_holds_are_listed_until_the_sweep(desk):
    long_over, just_over, held = desk.holder("Long"), desk.holder("Just"), desk.holder("Held")
    desk.book(just_over, desk.now() + 2 * HOUR)
    desk.book(held, desk.now() + 3 * HOUR)
    desk.clock.advance(26 * HOUR)

    overdue = desk.overdue()

    assert [(line.lead_id, line.hours_overdue) for line in overdue] == [
        (long_over, 8.0),
        (just_over, 0.0),
    ]
    desk.sweep()
    assert desk.overdue() == []
    assert [line.lead_id for line in desk.holds()] == [held]


def test_D6_broken_rows_are_named(desk):
    lead = desk.holder()
    number = desk.hold(lead).number
    booked = desk.book(lead, desk.now() + 48 * HOUR)
    with desk.transaction() as db:
        db.execute(update(tables.phone_assignments).values(ended_at=desk.now()))
        db.execute(update(tables.phone_numbers).values(release_at=desk.now()))
        db.execute(
            update(tables.appointments).values(hold_until=booked.release_at - timedelta(hours=1))
        )

    faults = desk.faults()
    desk.forget_everything()

    assert len(faults) == 3
    assert faults[0] == f"{number} is held without an open entry in its history"
    assert faults[1].startswith(f"{number} is released at 2025-10-20 12:00:00+00, the rule says")
    assert faults[2].startswith("an appointment at")
