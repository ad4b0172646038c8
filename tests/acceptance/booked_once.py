"""A booking that is accepted and waits for a worker, and what it must come to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tests.acceptance.story import DAY, SAMPLE_TIME, Story


def accepted_booking(
    hub: Story, lead: UUID, call: str = "c1", *, at: datetime = SAMPLE_TIME
) -> UUID:
    """A call that ended with a booking, accepted and not worked on; gives its run."""
    answer = hub.call_ends(lead, "appointment_booked", at=at, call=call, is_worked=False)
    assert answer.status == 202
    return answer.run_id


def is_booked_once(hub: Story, lead: UUID, *, at: datetime = SAMPLE_TIME) -> bool:
    """Whether everything that the booking does in our rows is there exactly once."""
    return (
        hub.appointments(lead) == [(at, "scheduled")]
        and hub.held_until(lead) == at + DAY
        and [entry.outcome for entry in hub.entries(lead, "phone")] == ["assigned", "extended"]
        and len(hub.entries(lead, "call")) == 1
    )
