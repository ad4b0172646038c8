"""Rows of bookings to look at: a job that waits for a decision, a slot, a session of a browser."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select

from hub.action import Attempt
from hub.domain import slots
from hub.domain.booking_sessions import start
from hub.domain.booking_sessions.start import BookingLead
from hub.domain.bookings import demo_data, staff, tenants
from hub.domain.bookings.contacts import Client
from hub.domain.bookings.demo_data import BOILER_CHECK, HEATING
from hub.storage import tables
from tests.acceptance.story import DAY, Story

CLINIC = "https://clinic.example.com"
KEY = "key-front-desk"


def attempt() -> Attempt:
    made = uuid4()
    return Attempt(run_id=made, workflow="story", key=made.hex, mode="live")


def pending_job(story: Story, name: str = "Ada Byron") -> UUID:
    """A job that the contractor has to confirm; the tenant has a key by which staff speak."""
    with story.transaction() as db:
        demo_data.load(db, story.clock)
        if not db.scalar(select(tables.tenant_keys.c.id)):
            tenants.add_key(db, key_id=KEY, tenant_id=HEATING, label="front desk")
        made = staff.create(
            db,
            story.clock,
            attempt(),
            tenant_id=HEATING,
            service_id=BOILER_CHECK,
            start=story.now() + 3 * DAY,
            client=Client(name, "ada@example.com"),
            status="pending-confirmation",
            override_reason="the tests need it then",
        )
    assert made.job_id is not None
    return made.job_id


def reserved_slot(story: Story) -> None:
    """A mechanic's time that somebody reserved."""
    begin = story.now() + DAY
    with story.transaction() as db:
        slots.reserve(
            db,
            story.clock,
            attempt(),
            mechanic_id=uuid4(),
            start=begin,
            end=begin + timedelta(hours=1),
        )


def browser_session(story: Story, name: str = "Ada") -> UUID:
    """A session that waits for a browser."""
    with story.transaction() as db:
        made = start.create(
            db,
            story.clock,
            attempt(),
            booking_url=f"{CLINIC}/book",
            allowed_origins=[CLINIC],
            date=f"{story.now() + DAY:%Y-%m-%d}",
            time="2:30pm",
            timezone="UTC",
            lead=BookingLead(name, "Byron", "+14155550111", "ada@example.com"),
        )
    return UUID(str(made.session_id))
