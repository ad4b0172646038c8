"""The voice platform calls a tool and reads out what comes back (H-04, H-32, X05)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.acceptance.messages import sample, tool_call
from tests.acceptance.story import DAY, SAMPLE_LEAD, SAMPLE_TIME, Story


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
