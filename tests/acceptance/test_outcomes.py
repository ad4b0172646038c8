"""What becomes of an appointment, and of the number then (H-10 … H-17)."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.acceptance.messages import sample
from tests.acceptance.story import DAY, HOUR, SAMPLE_LEAD, SAMPLE_TIME, Story

WINDOW = timedelta(minutes=10)  # in which the same words are the sender's retry
MOVED_TO = datetime.fromisoformat("2025-12-05T10:00:00-05:00")


@pytest.fixture
def lead(hub: Story) -> UUID:
    """The lead of the samples, with a number and the appointment of the samples."""
    lead = hub.holder("Zoë", SAMPLE_LEAD)
    hub.books(lead, SAMPLE_TIME)
    return lead


def number(hub: Story, lead: UUID) -> str:
    found = hub.number_of(lead)
    assert found is not None
    return found


# ----------------------------------------------------------------------------------- H-10: the list


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("showed", "showed"),
        ("no-show", "no_show"),
        ("cancelled", "cancelled"),
        ("canceled-spelling", "cancelled"),
        ("rescheduled", "rescheduled"),
    ],
)
def test_H_10_H_15_every_outcome_of_the_list_is_taken_and_stored(
    hub: Story, lead: UUID, name: str, stored: str
):
    answer = hub.broker("appointment-outcome", sample(f"hub/appointment-outcome-{name}"))

    assert answer.status == 200
    assert (answer.json["success"], answer.json["outcome"]) == (True, stored)
    assert hub.appointments(lead)[0] == (SAMPLE_TIME, stored)
    assert hub.about(lead).last_appointment_outcome == stored


def test_H_10_X10_an_outcome_that_is_not_in_the_list_is_422_and_nothing_changes(
    hub: Story, lead: UUID
):
    until = hub.held_until(lead)

    answer = hub.broker("appointment-outcome", sample("hub/appointment-outcome-unknown"))

    assert answer.status == 422
    assert answer.pointers == ["/outcome"]
    assert hub.runs("appointment-outcome") == []
    assert hub.held_until(lead) == until
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]


def test_H_10_an_outcome_without_the_brokers_token_is_401(hub: Story, lead: UUID):
    answer = hub.post("/webhook/appointment-outcome", sample("hub/appointment-outcome-showed"))

    assert answer.status == 401
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]


def test_H_10_X01_a_new_time_without_zone_is_422(hub: Story, lead: UUID):
    body = {"lead_id": str(lead), "outcome": "rescheduled", "new_appointment_time": "2025-12-05T10"}

    assert hub.broker("appointment-outcome", body).pointers == ["/new_appointment_time"]
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]


def test_H_10_an_outcome_of_no_appointment_is_said_to_be_one(hub: Story):
    lead = hub.holder()
    until = hub.held_until(lead)

    answer = hub.outcome(lead, "showed")

    assert (answer.status, answer.json) == (404, {"success": False, "error": "no_appointment"})
    assert hub.held_until(lead) == until
    assert hub.entries(lead, "appointment") == []


def test_H_10_somebody_unknown_has_no_appointment(hub: Story):
    assert hub.outcome(uuid4(), "showed").json["error"] == "no_appointment"


def test_X10_the_outcome_of_an_appointment_is_not_that_of_a_call(hub: Story, lead: UUID):
    hub.call_ends(lead, "voicemail")
    hub.outcome(lead, "showed")

    about = hub.about(lead)
    assert (about.last_call_outcome, about.last_appointment_outcome) == ("voicemail", "showed")


# ---------------------------------------------------------------------- H-11, H-12: showed, no_show


@pytest.mark.parametrize("outcome", ["showed", "no_show"])
def test_H_11_H_12_after_the_appointment_the_number_stays_for_24_hours_from_now(
    hub: Story, lead: UUID, outcome: str
):
    hub.until(SAMPLE_TIME + HOUR)

    answer = hub.outcome(lead, outcome)

    assert hub.held_until(lead) == hub.now() + timedelta(hours=24)
    assert datetime.fromisoformat(answer.json["release_at"]) == hub.held_until(lead)


@pytest.mark.parametrize("outcome", ["showed", "no_show"])
def test_X09_an_outcome_that_is_told_late_still_gives_24_hours_from_then(
    hub: Story, lead: UUID, outcome: str
):
    hub.until(SAMPLE_TIME + timedelta(hours=23))

    hub.outcome(lead, outcome)
    assert hub.held_until(lead) == hub.now() + DAY

    hub.later(DAY - timedelta(seconds=1))
    hub.sweep()
    assert hub.number_of(lead) is not None

    hub.later(timedelta(seconds=1))
    hub.sweep()
    assert hub.number_of(lead) is None


def test_X09_an_outcome_that_is_told_after_the_release_takes_no_number_back(hub: Story, lead: UUID):
    hub.until(SAMPLE_TIME + 2 * DAY)
    hub.sweep()

    answer = hub.outcome(lead, "showed")

    assert answer.status == 200
    assert "release_at" not in answer.json
    assert hub.number_of(lead) is None
    assert hub.appointments(lead) == [(SAMPLE_TIME, "showed")]


def test_D4_an_outcome_of_an_earlier_appointment_never_shortens_the_hold_of_a_later_one(
    hub: Story, lead: UUID
):
    later = SAMPLE_TIME + 7 * DAY
    hub.books(lead, later)
    hub.until(SAMPLE_TIME + HOUR)

    hub.outcome(lead, "showed", appointment_time=SAMPLE_TIME)

    assert hub.held_until(lead) == later + DAY


# ---------------------------------------------------------------------------------- H-13: cancelled


def test_H_13_X03_after_a_cancellation_the_next_lead_gets_the_number_at_once(
    hub: Story, lead: UUID
):
    taken = number(hub, lead)
    next_lead = hub.lead("Grace")
    assert hub.gives_phone(next_lead).status == 409

    answer = hub.outcome(lead, "cancelled")

    assert datetime.fromisoformat(answer.json["release_at"]) == hub.now()
    assert hub.gives_phone(next_lead).json["phone_number"] == taken  # no sweep came by
    assert hub.number_of(lead) is None


def test_H_13_after_a_cancellation_the_sweep_returns_the_number(hub: Story, lead: UUID):
    freed = number(hub, lead)
    hub.outcome(lead, "cancelled")

    hub.sweep()

    assert hub.is_available(freed)


def test_H_13_X07_cancelling_one_of_two_keeps_the_number(hub: Story, lead: UUID):
    other = SAMPLE_TIME - 3 * DAY
    hub.books(lead, other)

    hub.outcome(lead, "cancelled", appointment_time=SAMPLE_TIME)

    assert hub.held_until(lead) == other + DAY
    assert hub.gives_phone(hub.lead("Grace")).json["error"] == "none_available"


def test_X07_without_a_time_the_latest_open_appointment_is_meant(hub: Story, lead: UUID):
    hub.books(lead, SAMPLE_TIME + 3 * DAY)

    hub.outcome(lead, "cancelled")

    assert hub.appointments(lead) == [
        (SAMPLE_TIME, "scheduled"),
        (SAMPLE_TIME + 3 * DAY, "cancelled"),
    ]


# -------------------------------------------------------------------------------- H-14: rescheduled


def test_H_14_a_moved_appointment_extends_the_hold_on_the_same_number(hub: Story, lead: UUID):
    kept = number(hub, lead)

    answer = hub.outcome(
        lead, "rescheduled", appointment_time=SAMPLE_TIME, new_appointment_time=MOVED_TO
    )

    assert answer.status == 200
    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled"), (MOVED_TO, "scheduled")]
    assert hub.held_until(lead) == MOVED_TO + DAY
    assert hub.number_of(lead) == kept
    assert hub.about(lead).appointment_scheduled_at == MOVED_TO


def test_H_14_a_time_alone_is_the_new_one(hub: Story, lead: UUID):
    hub.broker("appointment-outcome", sample("hub/appointment-outcome-rescheduled"))

    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled"), (MOVED_TO, "scheduled")]
    assert hub.held_until(lead) == MOVED_TO + DAY


def test_H_14_an_appointment_may_be_moved_to_an_earlier_time(hub: Story, lead: UUID):
    earlier = SAMPLE_TIME - 5 * DAY

    hub.outcome(lead, "rescheduled", new_appointment_time=earlier)

    assert hub.appointments(lead) == [(earlier, "scheduled"), (SAMPLE_TIME, "rescheduled")]
    assert hub.held_until(lead) == earlier + DAY


def test_X04_a_move_is_one_step_that_never_lets_go_of_the_number(hub: Story, lead: UUID):
    answer = hub.outcome(lead, "rescheduled", new_appointment_time=MOVED_TO)

    run = hub.runs("appointment-outcome")[0]
    assert answer.status == 200
    assert hub.step(run.id, "appointments.record_outcome").status == "succeeded"
    changes = [entry.outcome for entry in hub.entries(lead, "phone")]
    assert changes == ["assigned", "extended", "extended"]
    assert len(hub.rows_of_history(lead)) == 1


def test_X04_a_move_without_a_new_time_keeps_the_number_for_two_hours(hub: Story, lead: UUID):
    kept = number(hub, lead)

    hub.outcome(lead, "rescheduled")
    assert hub.held_until(lead) == hub.now() + 2 * HOUR
    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled")]

    hub.later(2 * HOUR - timedelta(seconds=1))
    hub.books(lead, MOVED_TO)
    assert (hub.number_of(lead), hub.held_until(lead)) == (kept, MOVED_TO + DAY)


def test_H_14_a_move_into_the_past_is_refused_and_nothing_changes(hub: Story, lead: UUID):
    until = hub.held_until(lead)

    answer = hub.outcome(lead, "rescheduled", new_appointment_time=hub.now() - 2 * DAY)

    assert (answer.status, answer.json["error"]) == (409, "new_time_in_past")
    assert hub.held_until(lead) == until
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]


def test_X08_a_move_for_a_lead_whose_number_is_gone_says_so(hub: Story, lead: UUID):
    hub.until(SAMPLE_TIME + 2 * DAY)
    hub.sweep()

    answer = hub.outcome(lead, "rescheduled", new_appointment_time=hub.now() + DAY)

    assert (answer.status, answer.json["error"]) == (409, "no_active_hold")
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]


# ------------------------------------------------------------------------------------- H-16: status


@pytest.mark.parametrize("outcome", ["showed", "no_show", "cancelled", "rescheduled"])
def test_H_16_X10_the_leads_status_follows_the_outcome(hub: Story, lead: UUID, outcome: str):
    assert hub.about(lead).status == "appointment_booked"

    hub.outcome(lead, outcome)

    assert hub.about(lead).status == outcome


# ------------------------------------------------------------------------------------ H-17: history


def test_H_17_every_outcome_is_one_row_of_history(hub: Story, lead: UUID):
    hub.outcome(lead, "rescheduled", new_appointment_time=MOVED_TO)
    hub.outcome(lead, "showed", appointment_time=MOVED_TO)

    entries = hub.entries(lead, "appointment")
    assert [(entry.outcome, entry.is_duplicate) for entry in entries] == [
        ("rescheduled", False),
        ("showed", False),
    ]


def test_H_17_an_exact_repeat_is_a_mark_on_its_delivery(hub: Story, lead: UUID):
    first = hub.outcome(lead, "showed")
    again = hub.outcome(lead, "showed")

    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    (run,) = hub.runs("appointment-outcome")
    assert hub.delivery(run.id).repeats == 1
    assert len(hub.entries(lead, "appointment")) == 1


def test_H_17_a_repeat_after_a_while_is_a_row_that_is_marked(hub: Story, lead: UUID):
    hub.until(SAMPLE_TIME + HOUR)
    hub.outcome(lead, "no_show")
    until = hub.held_until(lead)

    hub.later(WINDOW + timedelta(seconds=1))
    answer = hub.outcome(lead, "no_show")

    assert answer.status == 200
    entries = hub.entries(lead, "appointment")
    assert [entry.is_duplicate for entry in entries] == [False, True]
    assert entries[0].reference == entries[1].reference
    assert hub.held_until(lead) == until


def test_H_17_a_repeat_changes_nothing_of_a_lead_who_is_further_on(hub: Story, lead: UUID):
    hub.outcome(lead, "cancelled", appointment_time=SAMPLE_TIME)
    hub.books(lead, MOVED_TO)

    hub.later(WINDOW + timedelta(seconds=1))
    hub.outcome(lead, "cancelled", appointment_time=SAMPLE_TIME)

    assert hub.about(lead).status == "appointment_booked"
    assert hub.held_until(lead) == MOVED_TO + DAY
    assert [entry.is_duplicate for entry in hub.entries(lead, "appointment")] == [False, True]


def test_a_slot_that_is_booked_and_cancelled_twice_is_cancelled_twice(hub: Story, lead: UUID):
    hub.outcome(lead, "cancelled", appointment_time=SAMPLE_TIME)
    hub.calls_tool(lead, SAMPLE_TIME)

    hub.later(WINDOW + timedelta(seconds=1))
    hub.outcome(lead, "cancelled", appointment_time=SAMPLE_TIME)

    assert [status for _, status in hub.appointments(lead)] == ["cancelled", "cancelled"]
    assert [entry.is_duplicate for entry in hub.entries(lead, "appointment")] == [False, False]
    assert hub.held_until(lead) == hub.now()


def test_an_outcome_that_is_corrected_is_no_repeat(hub: Story, lead: UUID):
    hub.until(SAMPLE_TIME + HOUR)
    hub.outcome(lead, "no_show", appointment_time=SAMPLE_TIME)
    hub.later(HOUR)

    hub.outcome(lead, "showed", appointment_time=SAMPLE_TIME)

    assert hub.appointments(lead) == [(SAMPLE_TIME, "showed")]
    assert hub.about(lead).status == "showed"
    assert hub.held_until(lead) == hub.now() + DAY
