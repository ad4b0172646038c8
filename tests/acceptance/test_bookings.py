"""The voice agent books: the lead keeps the number until a day after the appointment (H-03 … H-09)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.acceptance.story import (
    DAY,
    HOUR,
    SAMPLE_LEAD,
    SAMPLE_TIME,
    Story,
    sample,
    tool_call,
)

BOOKED = "Wednesday, 3 December 2025 at 2:00 PM"


@pytest.fixture
def lead(hub: Story) -> UUID:
    """The lead of the samples, who holds a number."""
    return hub.holder("Zoë", SAMPLE_LEAD)


# ------------------------------------------------------------------------------ the flat body (H-03)


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


# ------------------------------------------------------------------------------- time zones (X01)


@pytest.mark.parametrize("name", ["naive-time", "dst-gap"])
def test_X01_a_time_without_zone_is_refused(hub: Story, lead: UUID, name: str):
    """Also one that a clock change removes: this endpoint declares no zone, so nobody guesses."""
    answer = hub.voice_agent("vapi-appointment-booked", sample(f"hub/appointment-booked-{name}"))

    assert answer.status == 422
    assert answer.pointers == ["/appointment_time"]
    assert hub.appointments(lead) == []


def test_X01_the_offset_counts_and_nothing_is_read_in_the_zone_of_the_session(
    hub: Story, lead: UUID
):
    with hub.transaction() as db:
        db.exec_driver_sql("SET LOCAL TIME ZONE 'Asia/Tokyo'")
        hub.voice_agent("vapi-appointment-booked", sample("hub/appointment-booked-offset"))
        stored = db.exec_driver_sql("SELECT extract(epoch FROM starts_at) FROM appointments")
        assert float(stored.scalar_one()) == SAMPLE_TIME.timestamp()


def test_X01_24_hours_are_elapsed_time_also_over_a_change_of_clocks(hub: Story, lead: UUID):
    """D7: noon before the change in New York, and 24 hours later it is one o'clock there."""
    before_the_change = datetime.fromisoformat("2026-03-07T12:00:00-05:00")

    hub.books(lead, before_the_change)

    assert hub.held_until(lead) == datetime(2026, 3, 8, 17, 0, tzinfo=UTC)


# -------------------------------------------------------------------------- data is data (X02)


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


# ------------------------------------------------------------------------------ tool calls (H-04)


def test_H_04_the_envelope_of_the_voice_platform_is_answered_with_its_id(hub: Story, lead: UUID):
    body = tool_call({"lead_id": str(lead), "appointment_time": "2025-12-03T14:00:00-05:00"})

    answer = hub.voice_agent("vapi-appointment-booked", body)

    assert answer.status == 200
    assert answer.json == {
        "results": [
            {
                "name": "book_appointment",
                "toolCallId": "tool-1",
                "result": answer.json["results"][0]["result"],
            }
        ]
    }
    assert answer.json["results"][0]["result"].startswith("Booked for Wednesday")
    assert hub.held_until(lead) == SAMPLE_TIME + DAY


SHAPES = [
    "tool-calls",
    "tool-calls-arguments-string",
    "tool-calls-flat-arguments",
    "tool-calls-flat-parameters",
    "tool-calls-only-tool-with",
    "tool-calls-minimal",
    "function-call-legacy",
    "function-call-legacy-object",
]


@pytest.mark.parametrize("name", SHAPES)
def test_X05_every_shape_of_a_tool_call_books_one_appointment(hub: Story, lead: UUID, name: str):
    answer = hub.voice_agent("vapi-appointment-booked", sample(f"vapi/{name}"))

    assert answer.status == 200
    said = answer.json["results"][0] if "results" in answer.json else answer.json
    assert said["result"].startswith("Booked for ")
    assert [status for _, status in hub.appointments(lead)] == ["scheduled"]
    assert len(hub.slack.messages) == 1


def test_X05_several_calls_in_one_message_are_answered_in_order_and_alone(hub: Story, lead: UUID):
    answer = hub.voice_agent("vapi-appointment-booked", sample("vapi/tool-calls-multiple"))

    results = answer.json["results"]
    assert [each["toolCallId"] for each in results] == [f"call_multi_{n}" for n in (1, 2, 3, 4)]
    assert [sorted(set(each) - {"name", "toolCallId"}) for each in results] == [
        ["error"],
        ["result"],
        ["error"],
        ["error"],
    ]
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert len(hub.runs("vapi-appointment-booked")) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"lead_id": str(SAMPLE_LEAD)},
        {"lead_id": "lead-42", "appointment_time": "2025-12-03T19:00:00Z"},
        {"lead_id": str(SAMPLE_LEAD), "appointment_time": "2025-12-03T14:00:00"},
        {"lead_id": str(SAMPLE_LEAD), "appointment_time": "next Wednesday at two"},
    ],
)
def test_X05_a_tool_call_that_does_not_fit_is_told_so_with_status_200(
    hub: Story, lead: UUID, arguments: dict[str, Any]
):
    answer = hub.voice_agent("vapi-appointment-booked", tool_call(arguments))

    (result,) = answer.json["results"]
    assert answer.status == 200
    assert result["toolCallId"] == "tool-1"
    assert "error" in result
    assert "\n" not in result["error"]
    assert hub.runs("vapi-appointment-booked") == []
    assert hub.appointments(lead) == []


def test_X05_a_repeated_tool_call_is_answered_with_the_same_bytes(hub: Story, lead: UUID):
    body = tool_call({"lead_id": str(lead), "appointment_time": SAMPLE_TIME.isoformat()})

    first = hub.voice_agent("vapi-appointment-booked", body)
    again = hub.voice_agent("vapi-appointment-booked", body)

    assert (again.status, again.body) == (first.status, first.body)
    assert len(hub.runs("vapi-appointment-booked")) == 1
    assert len(hub.slack.messages) == 1


def test_H_32_a_recorded_tool_call_holds_the_number_end_to_end(hub: Story, lead: UUID):
    answer = hub.voice_agent("vapi-appointment-booked", sample("vapi/tool-calls"))

    (result,) = answer.json["results"]
    assert result["toolCallId"] == "call_Xb1mZ0aQ7uYtR4eW2sDfG8hJ"
    assert result["result"].startswith("Booked for Wednesday, ")
    assert hub.held_until(lead) == SAMPLE_TIME + DAY
    assert hub.about(lead).appointment_scheduled_at == SAMPLE_TIME
    assert hub.about(lead).status == "appointment_booked"
    (text,) = hub.slack.texts
    assert text.startswith("Zoë booked ")
    number = hub.number_of(lead)
    assert number is not None
    assert number in text
    run = hub.last_run()
    assert (run.line.status, run.line.mode) == ("succeeded", "live")
    assert hub.delivery(run.line.id).body  # the raw bytes stay

    hub.until(SAMPLE_TIME + DAY - timedelta(seconds=1))
    hub.sweep()
    assert hub.number_of(lead) == number

    hub.until(SAMPLE_TIME + DAY)
    hub.sweep()
    assert hub.is_available(number)


# ----------------------------------------------------------------------------- call ended (H-05)


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


# -------------------------------------------------------------------- by both roads (H-06, X06)


@pytest.mark.parametrize("tool_call_comes_first", [True, False])
def test_H_06_X06_one_booking_by_both_roads_has_one_effect_and_one_notification(
    hub: Story, lead: UUID, *, tool_call_comes_first: bool
):
    def ends() -> None:
        hub.call_ends(lead, "appointment_booked", at=SAMPLE_TIME, call="c1")

    def calls() -> None:
        hub.calls_tool(lead, SAMPLE_TIME, call="c1")

    for happens in (calls, ends) if tool_call_comes_first else (ends, calls):
        happens()

    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert [entry.outcome for entry in hub.entries(lead, "phone")] == ["assigned", "extended"]
    assert len(hub.slack.requests) == 1


def test_X06_the_same_instant_in_another_zone_is_the_same_booking(hub: Story, lead: UUID):
    hub.voice_agent("vapi-appointment-booked", sample("hub/appointment-booked"))
    hub.voice_agent("vapi-appointment-booked", sample("hub/appointment-booked-offset"))

    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert len(hub.slack.messages) == 1


def test_X06_a_slot_that_is_booked_again_after_a_cancellation_is_news(hub: Story, lead: UUID):
    hub.calls_tool(lead, SAMPLE_TIME, tool_call="t1")
    hub.outcome(lead, "cancelled")
    hub.calls_tool(lead, SAMPLE_TIME, tool_call="t2")

    assert [status for _, status in hub.appointments(lead)] == ["cancelled", "scheduled"]
    assert len(hub.slack.messages) == 2


# ------------------------------------------------------------------- what a booking does (H-07, H-08)


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


# ------------------------------------------------------------------------ bookings that cannot be


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


def test_X08_somebody_unknown_is_refused_in_words(hub: Story):
    answer = hub.calls_tool(uuid4(), hub.now() + DAY)

    assert "not on file" in answer.json["results"][0]["result"]


# --------------------------------------------------------------------------- confirmation (H-09)


def test_H_09_one_confirmation_goes_out_for_each_booking(hub: Story, lead: UUID):
    hub.books(lead, SAMPLE_TIME)
    hub.books(lead, SAMPLE_TIME + DAY)
    hub.books(lead, SAMPLE_TIME)

    assert [message.channel for message in hub.slack.messages] == ["#bookings"] * 2
    assert [message.text[:11] for message in hub.slack.messages] == ["Zoë booked "] * 2


def test_H_09_a_failed_confirmation_is_retried_and_the_hold_stays(hub: Story, lead: UUID):
    hub.slack.is_busy(retry_after=30)

    answer = hub.calls_tool(lead, SAMPLE_TIME)

    assert answer.json["results"][0]["result"].startswith("Booked for ")
    assert hub.held_until(lead) == SAMPLE_TIME + DAY
    assert hub.slack.messages == []
    run = hub.last_run().line
    assert run.status == "waiting"

    hub.later(timedelta(seconds=29))
    assert hub.slack.messages == []

    hub.later(timedelta(seconds=31))
    assert len(hub.slack.messages) == 1
    assert hub.run(run.id).line.status == "succeeded"
    assert hub.step(run.id, "slack.post").attempts == 2


def test_H_09_a_confirmation_that_fails_for_good_undoes_nothing(hub: Story, lead: UUID):
    hub.slack.fails_with("channel_not_found")

    hub.calls_tool(lead, SAMPLE_TIME)

    run = hub.last_run().line
    assert run.status == "succeeded"
    step = hub.step(run.id, "slack.post")
    assert (step.status, step.error and step.error["code"]) == ("failed", "channel_not_found")
    assert hub.held_until(lead) == SAMPLE_TIME + DAY


def test_H_09_a_confirmation_that_was_refused_may_be_sent_by_the_other_road(hub: Story, lead: UUID):
    hub.slack.fails_with("channel_not_found")

    hub.calls_tool(lead, SAMPLE_TIME, call="c1")
    hub.call_ends(lead, "appointment_booked", at=SAMPLE_TIME, call="c1")

    assert len(hub.slack.messages) == 1


def test_H_09_an_unclear_confirmation_is_never_sent_twice_and_the_run_list_shows_it(
    hub: Story, lead: UUID
):
    """E8: the message may have been posted, so it is not posted again by any road."""
    hub.slack.fails_with("internal_error")

    hub.calls_tool(lead, SAMPLE_TIME, call="c1")
    hub.later(HOUR)
    hub.call_ends(lead, "appointment_booked", at=SAMPLE_TIME, call="c1")
    hub.later(HOUR)

    assert len(hub.slack.requests) == 1
    assert hub.held_until(lead) == SAMPLE_TIME + DAY
    (booked,) = hub.runs("vapi-appointment-booked")
    (ended,) = hub.runs("vapi-call-ended")
    assert (booked.status, booked.is_maybe_done) == ("succeeded", True)
    step = hub.step(ended.id, "slack.post")
    assert step.error is not None
    assert (step.error["code"], step.error["maybe_done"]) == ("outcome_unknown", True)


# ------------------------------------------------------------------------------------ simulation


def test_D10_in_mode_simulate_everything_is_done_but_nothing_leaves(open_story):
    hub = open_story(mode="simulate")
    lead = hub.holder("Zoë", SAMPLE_LEAD)

    answer = hub.voice_agent("vapi-appointment-booked", sample("vapi/tool-calls"))

    assert answer.json["results"][0]["result"].startswith("Booked for ")
    assert hub.held_until(lead) == SAMPLE_TIME + DAY
    assert hub.slack.nothing_was_sent
    run = hub.last_run().line
    assert (run.status, run.mode) == ("succeeded", "simulate")
    assert hub.step(run.id, "slack.post").is_simulated
    assert {entry.mode for entry in hub.entries(lead, "phone")} == {"simulate"}
