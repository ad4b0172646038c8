"""What the callers of the demonstration send, in their own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.values import format_instant


@dataclass(frozen=True)
class DemoLead:
    """A lead of the demonstration; the same ids every time, so that it can be played again."""

    id: UUID
    first_name: str
    last_name: str
    email: str
    phone: str


ADA = DemoLead(
    UUID("5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"),
    "Ada",
    "Byron",
    "ada@example.com",
    "+12025550147",
)
GRACE = DemoLead(
    UUID("07f26a19-e9dc-422c-b61d-030e3c7971bb"),
    "Grace",
    "Murray",
    "grace@example.com",
    "+12025550148",
)
ALAN = DemoLead(
    UUID("c7c2f6de-0c3b-4a63-9d54-6a1f0a5b9e33"),
    "Alan",
    "Mathison",
    "alan@example.com",
    "+12025550149",
)
LEADS = (ADA, GRACE, ALAN)
MECHANICS = (
    DemoLead(
        UUID("3a9f1f3c-52d7-4d6a-9f0b-6d2f8f0c7a11"),
        "Mia",
        "Motor",
        "mia@example.com",
        "+12025550171",
    ),
    DemoLead(
        UUID("8c1d7b60-0d4f-4a8b-8a7e-2b9e5a4d6c22"),
        "Noah",
        "Nut",
        "noah@example.com",
        "+12025550172",
    ),
)
NUMBERS = ("+12025550100", "+12025550101", "+12025550102", "+12025550103")


def tool_call(lead: DemoLead, time: str, *, call_id: str, tool_call_id: str) -> dict[str, Any]:
    """A voice agent's tool call, as Vapi posts it in the middle of a phone call."""
    call = {
        "id": tool_call_id,
        "type": "function",
        "function": {
            "name": "book_appointment",
            "arguments": {"lead_id": str(lead.id), "appointment_time": time},
        },
    }
    return {
        "message": {
            "type": "tool-calls",
            "toolCalls": [call],
            "toolCallList": [call],
            "call": {
                "id": call_id,
                "type": "outboundPhoneCall",
                "status": "in-progress",
                "customer": {"number": lead.phone, "name": lead.first_name},
            },
            "customer": {"number": lead.phone, "name": lead.first_name},
            "assistant": {"name": "Receptionist"},
        }
    }


def custom_function(lead: DemoLead, time: str, *, call_id: str) -> dict[str, Any]:
    """A custom function of a Retell agent, in its envelope."""
    return {
        "name": "book_appointment",
        "args": {"lead_id": str(lead.id), "appointment_time": time},
        "call": {
            "call_type": "phone_call",
            "call_id": call_id,
            "agent_id": "agent_demo",
            "call_status": "ongoing",
            "direction": "outbound",
            "from_number": NUMBERS[-1],
            "to_number": lead.phone,
        },
    }


def call_ended(lead: DemoLead, starts_at: datetime, *, call_id: str) -> dict[str, Any]:
    """What is reported when the phone call is over."""
    return {
        "callId": call_id,
        "leadId": str(lead.id),
        "outcome": "appointment_booked",
        "appointmentTime": format_instant(starts_at),
        "transcript": "AI: Shall I book it?\nUser: Yes please.\n",
    }


def outcome(lead: DemoLead, word: str, starts_at: datetime, now: datetime) -> dict[str, Any]:
    """What the calendar reports after the appointment."""
    return {
        "lead_id": str(lead.id),
        "outcome": word,
        "appointment_time": format_instant(starts_at),
        "occurred_at": format_instant(now),
    }


def calcom_booking(
    lead: DemoLead, starts_at: datetime, ends_at: datetime, *, uid: str, now: datetime
) -> dict[str, Any]:
    """A booking made at Cal.com, with the lead's id in a hidden field of the form."""
    return {
        "triggerEvent": "BOOKING_CREATED",
        "createdAt": format_instant(now),
        "payload": {
            "title": f"Consultation with {lead.first_name} {lead.last_name}",
            "startTime": format_instant(starts_at),
            "endTime": format_instant(ends_at),
            "type": "consultation",
            "attendees": [{"email": lead.email, "name": lead.first_name, "timeZone": "UTC"}],
            "responses": {
                "name": {"label": "your_name", "value": lead.first_name, "isHidden": False},
                "lead_id": {"label": "lead_id", "value": str(lead.id), "isHidden": True},
            },
            "uid": uid,
            "iCalUID": f"{uid}@cal.example.com",
            "iCalSequence": 0,
            "status": "ACCEPTED",
            "metadata": {},
        },
    }
