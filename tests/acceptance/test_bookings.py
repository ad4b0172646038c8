"""The voice agent books: the lead keeps the number until a day after the appointment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.acceptance.messages import sample
from tests.acceptance.story import DAY, SAMPLE_TIME, Story

# ------------------------------------------------------------------------------ H-03: the flat body


def test_H_03_a_flat_booking_works(hub: Story, lead: UUID):
    answer = hub.voice_agent("vapi-appointment-booked", sample("hub/appointment-booked"))

    assert answer.status == 200
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert hub.held_until(lead) == SAMPLE_TIME + DAY


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("missing-lead", "/lead_id"),
        ("bad-uuid", "/lead_id"),
        ("date-only", "/appointment_time"),
        ("epoch-ms", "/appointment_time"),
    ],
)
def test_H_03_X02_a_missing_or_malformed_field_is_422_and_nothing_changes(
    hub: Story, lead: UUID, name: str, pointer: str
):
    until = hub.held_until(lead)

    answer = hub.voice_agent("vapi-appointment-booked", sample(f"hub/appointment-booked-{name}"))

    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert pointer in " ".join(answer.pointers) or pointer[1:] in str(answer.json["errors"])
    assert hub.runs("vapi-appointment-booked") == []
    assert hub.appointments(lead) == []
    assert hub.held_until(lead) == until


def test_H_03_a_booking_without_a_time_is_422(hub: Story, lead: UUID):
    answer = hub.voice_agent("vapi-appointment-booked", {"lead_id": str(lead)})

    assert answer.status == 422
    assert hub.appointments(lead) == []


@pytest.mark.parametrize("secret", ["", "wrong"])
def test_H_03_a_booking_without_the_right_secret_is_401(hub: Story, lead: UUID, secret: str):
    headers = {"X-Vapi-Secret": secret} if secret else {}

    answer = hub.post(
        "/webhook/vapi-appointment-booked", sample("hub/appointment-booked"), headers=headers
    )

    assert answer.status == 401
    assert hub.appointments(lead) == []


@pytest.mark.parametrize("name", ["appointment-booked-offset", "appointment-booked-uppercase-uuid"])
def test_H_03_one_instant_and_one_lead_however_they_are_written(hub: Story, lead: UUID, name: str):
    hub.voice_agent("vapi-appointment-booked", sample(f"hub/{name}"))

    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]


def test_H_03_a_lower_case_t_and_z_are_a_time_too(hub: Story, lead: UUID):
    hub.voice_agent("vapi-appointment-booked", sample("hub/appointment-booked-lowercase-z"))

    (booked,) = hub.appointments(lead)
    assert booked == (SAMPLE_TIME + timedelta(microseconds=123456), "scheduled")


def test_H_03_members_that_nobody_asked_for_are_no_fault(hub: Story, lead: UUID):
    answer = hub.voice_agent(
        "vapi-appointment-booked", sample("hub/appointment-booked-extra-fields")
    )

    assert answer.status == 200
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]


# ---------------------------------------------------------------------------------- X01: time zones


@pytest.mark.parametrize("name", ["naive-time", "dst-gap"])
def test_D7_X01_a_time_without_zone_is_refused(hub: Story, lead: UUID, name: str):
    """Also one that a clock change removes: this endpoint declares no zone, so nobody guesses."""
    answer = hub.voice_agent("vapi-appointment-booked", sample(f"hub/appointment-booked-{name}"))

    assert answer.status == 422
    assert answer.pointers == ["/appointment_time"]
    assert hub.appointments(lead) == []


@pytest.mark.usefixtures("lead")
def test_D7_X01_the_offset_counts_and_nothing_is_read_in_the_zone_of_the_session(hub: Story):
    with hub.transaction() as db:
        db.exec_driver_sql("SET LOCAL TIME ZONE 'Asia/Tokyo'")
        hub.voice_agent("vapi-appointment-booked", sample("hub/appointment-booked-offset"))
        stored = db.exec_driver_sql("SELECT extract(epoch FROM starts_at) FROM appointments")
        assert float(stored.scalar_one()) == SAMPLE_TIME.timestamp()


def test_D7_X01_24_hours_are_elapsed_time_also_over_a_change_of_clocks(hub: Story, lead: UUID):
    """D7: noon before the change in New York, and 24 hours later it is one o'clock there."""
    before_the_change = datetime.fromisoformat("2026-03-07T12:00:00-05:00")

    hub.books(lead, before_the_change)

    assert hub.held_until(lead) == datetime(2026, 3, 8, 17, 0, tzinfo=UTC)


# -------------------------------------------------------------------------------- X02: data is data


HOSTILE = "'); DROP TABLE leads; -- {{ $json.x }} ${{ secrets.SLACK_BOT_TOKEN }}"


def test_X02_text_of_a_caller_is_stored_as_it_came(hub: Story, lead: UUID):
    hub.call_ends(lead, "not_interested", transcript=HOSTILE, call=HOSTILE)

    (entry,) = hub.entries(lead, "call")
    assert (entry.text, entry.reference) == (HOSTILE, HOSTILE)
    assert hub.about(lead).first_name == "Zoë"


def test_X02_a_hostile_name_stays_text_in_the_message(hub: Story):
    lead = hub.holder("<!channel> ${{ 1 }}")

    hub.books(lead, hub.now() + DAY)

    assert hub.slack.texts[0].startswith("<!channel> ${{ 1 }} booked")
    assert b"<!channel>" not in hub.slack.requests[0].body


# --------------------------------------------------------------------------------- H-05: call ended


def test_H_05_a_call_that_ended_with_a_booking_books(hub: Story, lead: UUID):
    answer = hub.voice_agent("vapi-call-ended", sample("hub/vapi-call-ended"))

    assert answer.status == 202
    assert answer.json["status"] == "accepted"
    assert hub.run(answer.run_id).line.status == "succeeded"
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert hub.held_until(lead) == SAMPLE_TIME + DAY
    assert hub.about(lead).last_call_outcome == "appointment_booked"
    (entry,) = hub.entries(lead, "call")
    assert entry.text == "AI: Hello.\nUser: Hi."
    assert len(hub.slack.messages) == 1


@pytest.mark.parametrize(
    "outcome", ["callback_requested", "not_interested", "no_answer", "voicemail"]
)
def test_H_05_any_other_outcome_extends_nothing(hub: Story, lead: UUID, outcome: str):
    until = hub.held_until(lead)

    answer = hub.call_ends(lead, outcome, at=SAMPLE_TIME)

    assert answer.status == 202
    assert hub.held_until(lead) == until
    assert hub.appointments(lead) == []
    assert hub.about(lead).last_call_outcome == outcome
    assert hub.about(lead).status == "new"


def test_H_05_a_booking_without_a_time_is_422(hub: Story, lead: UUID):
    answer = hub.call_ends(lead, "appointment_booked")

    assert answer.status == 422
    assert hub.entries(lead, "call") == []


def test_H_05_an_outcome_that_is_not_in_the_list_is_422(hub: Story, lead: UUID):
    assert hub.call_ends(lead, "exploded").status == 422


def test_H_05_the_same_call_that_ends_twice_is_written_down_once(hub: Story, lead: UUID):
    hub.call_ends(lead, "no_answer", call="c1")
    hub.call_ends(lead, "no_answer", call="c1")
    hub.call_ends(lead, "no_answer", call="c2")

    assert [entry.reference for entry in hub.entries(lead, "call")] == ["c1", "c2"]


# ------------------------------------------------------------------ H-07, H-08: what a booking does


def test_H_07_a_booking_holds_the_number_until_24_hours_after_it(hub: Story):
    lead = hub.holder()
    at = hub.now() + 7 * DAY

    hub.books(lead, at)

    assert hub.held_until(lead) == at + timedelta(hours=24)
    (line,) = hub.holds()
    assert line.appointment_at == at


def test_H_08_a_booking_is_written_on_the_lead(hub: Story, lead: UUID):
    hub.books(lead, SAMPLE_TIME)

    assert hub.about(lead).appointment_scheduled_at == SAMPLE_TIME
    assert hub.about(lead).status == "appointment_booked"


def test_H_24_X07_several_appointments_hold_until_the_latest_and_a_day(hub: Story, lead: UUID):
    first, second, third = (SAMPLE_TIME + n * DAY for n in (0, 4, 2))

    for at in (first, second, third):
        hub.books(lead, at)

    assert hub.held_until(lead) == second + DAY


# -------------------------------------------------------------------------- bookings that cannot be


def test_H_30_X08_a_booking_for_a_lead_without_number_says_so(hub: Story):
    lead = hub.lead()

    answer = hub.calls_tool(lead, hub.now() + DAY)

    assert "no phone number on file" in answer.json["results"][0]["result"]
    assert hub.appointments(lead) == []
    assert hub.slack.nothing_was_sent
    step = hub.step(hub.last_run().line.id, "appointments.book")
    assert step.error is not None
    assert step.error["code"] == "no_active_hold"


def test_H_30_by_the_end_of_a_call_it_is_a_failed_run_that_names_the_reason(hub: Story):
    lead = hub.lead()

    answer = hub.call_ends(lead, "appointment_booked", at=hub.now() + DAY)

    run = hub.run(answer.run_id).line
    assert run.status == "failed"
    assert run.error is not None
    assert run.error["code"] == "no_active_hold"


def test_X08_a_time_that_has_passed_is_refused_in_words(hub: Story, lead: UUID):
    until = hub.held_until(lead)

    answer = hub.voice_agent("vapi-appointment-booked", sample("hub/appointment-booked-past"))

    assert "already passed" in str(answer.json)
    assert hub.held_until(lead) == until
    assert hub.appointments(lead) == []


def test_X08_a_time_in_ten_years_is_refused_in_words(hub: Story, lead: UUID):
    answer = hub.calls_tool(lead, hub.now() + 3650 * DAY)

    assert "too far away" in answer.json["results"][0]["result"]
    assert hub.appointments(lead) == []


def test_X08_a_day_that_has_none_after_it_is_refused_in_words(hub: Story, lead: UUID):
    answer = hub.books(lead, datetime(2200, 12, 31, 12, tzinfo=UTC))

    assert (answer.status, "too far away" in str(answer.json)) == (200, True)
    assert hub.appointments(lead) == []


def test_X08_somebody_unknown_is_refused_in_words(hub: Story):
    answer = hub.calls_tool(uuid4(), hub.now() + DAY)

    assert "not on file" in answer.json["results"][0]["result"]
