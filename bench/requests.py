"""The requests that are sent: bookings of leads that hold a number, each at a time of its own."""

from __future__ import annotations

import json
import time
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg

from bench.load import Request

SECRET = "bench-shared-secret"  # noqa: S105 - made for this run
LEADS = 3000
_FIRST_LEAD = 0x5B0C2C2E6F0A4A519A8E << 48
_LATEST = 40_000_000  # seconds; the hub takes times of the next five years
_seconds = count(1)


def lead(number: int) -> UUID:
    """The id of a lead."""
    return UUID(int=_FIRST_LEAD + number % LEADS)


def _booking(number: int) -> dict[str, Any]:
    starts_at = time.time() + 86_400 + next(_seconds) % _LATEST
    return {
        "lead_id": str(lead(number)),
        "appointment_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(starts_at)),
        "call_id": str(uuid4()),
    }


class Booking:
    """Requests of one endpoint: `path` to the plain booking in JSON."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, number: int) -> Request:
        """The request of this number."""
        return _posted(self._path, _booking(number))


class ToolCall(Booking):
    """The same as the call of a voice agent's tool, whose answer is waited for."""

    def __call__(self, number: int) -> Request:
        """The request of this number."""
        function = {"name": "book_appointment", "arguments": _booking(number)}
        call = {"id": f"call_{uuid4().hex}", "type": "function", "function": function}
        message = {"type": "tool-calls", "toolCallList": [call], "call": {"id": str(uuid4())}}
        return _posted(self._path, {"message": message})


def _posted(path: str, body: dict[str, Any]) -> Request:
    return Request(path, {"X-Vapi-Secret": SECRET}, json.dumps(body).encode())


def add_leads(database: psycopg.Connection[Any]) -> None:
    """Put the leads into the hub's tables, each with a number of its own."""
    leads = [lead(number) for number in range(LEADS)]
    database.execute(
        "INSERT INTO leads (id, first_name, last_name) SELECT unnest(%s::uuid[]), 'Bench', 'Lead'",
        [leads],
    )
    database.execute(
        "INSERT INTO phone_numbers"
        " (id, number, lead_id, assigned_at, initial_until, release_at)"
        " SELECT gen_random_uuid(), '+1202555' || lpad(n::text, 5, '0'), lead, now(),"
        " now() + interval '18 h', now() + interval '18 h'"
        " FROM unnest(%s::uuid[]) WITH ORDINALITY AS given (lead, n)",
        [leads],
    )
    database.execute(
        "INSERT INTO phone_assignments (id, phone_id, lead_id, assigned_at, mode)"
        " SELECT gen_random_uuid(), id, lead_id, assigned_at, 'live' FROM phone_numbers"
        " WHERE lead_id = ANY (%s)",
        [leads],
    )
