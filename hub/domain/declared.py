"""Actions of our trade that have a signature and no function yet: bookings, slots.

Files that use one are checked completely; their workflows are not served until it is implemented.
Who implements one writes the function in a module of its own and deletes its part here. What each
must do: services and jobs K-01 to K-14, slots and sessions R-01 to R-17, service requests C-03 to
C-18.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from hub.action import Mode, declare
from hub.signature import Email

JobStatus = Literal["pending-confirmation", "scheduled", "in-progress", "completed", "cancelled"]
BookedStatus = Literal["scheduled", "pending-confirmation"]
NextStatus = Literal["scheduled", "in-progress", "completed", "cancelled"]

JOB = "44444444-4444-4444-8444-444444444444"
SERVICE = "33333333-3333-4333-8333-333333333333"


@dataclass(frozen=True)
class Identity:
    """What something is called."""

    id: str


@dataclass(frozen=True)
class RowIdentity:
    """Which row is meant."""

    id: UUID


@dataclass(frozen=True)
class Status:
    """Where something stands now."""

    status: str


# ------------------------------------------------------------------------------ services and jobs


@dataclass(frozen=True)
class Service:
    """Something that can be booked."""

    id: UUID
    name: str
    require_confirmation: bool
    contractor_email: Email


@dataclass(frozen=True)
class Client:
    """Who books."""

    name: str
    email: Email
    phone: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class JobWanted:
    """A booking of a service."""

    service_id: UUID
    start: datetime
    client: Client
    status: BookedStatus


@dataclass(frozen=True)
class Job:
    """The booking that was made."""

    id: UUID
    status: BookedStatus
    end: datetime


@dataclass(frozen=True)
class JobChange:
    """A job's next status; `from` are those it may have now."""

    job_id: UUID
    status: NextStatus
    from_: list[JobStatus] | None = None


@dataclass(frozen=True)
class JobNow:
    """The job after its change."""

    id: UUID
    status: str


SERVICES_GET = declare(
    "services.get",
    summary="Read a bookable service",
    takes=RowIdentity,
    gives=Service,
    effect="read",
    errors=("not_found",),
    example={
        "id": SERVICE,
        "name": "Boiler check",
        "require_confirmation": True,
        "contractor_email": "bob@example.com",
    },
)
JOBS_BOOK = declare(
    "jobs.book",
    summary="Check the booking rules and create the job in one transaction",
    takes=JobWanted,
    gives=Job,
    effect="keyed",
    errors=("slot_taken", "outside_hours", "outside_window", "in_the_past"),
    example={"id": JOB, "status": "pending-confirmation", "end": "2025-11-20T11:00:00Z"},
)
JOBS_SET_STATUS = declare(
    "jobs.set_status",
    summary="Change the status of a job",
    takes=JobChange,
    gives=JobNow,
    effect="idempotent",
    errors=("not_found", "conflict"),
    example={"id": JOB, "status": "scheduled"},
)

# ------------------------------------------------------------------------------ slots and sessions


@dataclass(frozen=True)
class SlotWanted:
    """A time that one mechanic is held for, and how long nobody else gets it."""

    mechanic_id: UUID
    start: datetime
    end: datetime
    hold: timedelta


@dataclass(frozen=True)
class Reservation:
    """The hold, and when it lapses."""

    reservation_id: str
    expires_at: datetime


@dataclass(frozen=True)
class Confirmation:
    """The session that a reservation is for."""

    reservation_id: str
    session_id: str


@dataclass(frozen=True)
class ReservationIdentity:
    """Which reservation is meant."""

    reservation_id: str


@dataclass(frozen=True)
class Released:
    """Whether it was still held."""

    released: bool


@dataclass(frozen=True)
class Overdue:
    """Reservations that lapsed before this instant."""

    before: datetime


@dataclass(frozen=True)
class Counted:
    """How many there were."""

    count: int


@dataclass(frozen=True)
class SessionWanted:
    """A session with a mechanic, paid for."""

    customer_id: UUID
    mechanic_id: UUID
    kind: Literal["video", "chat", "diagnostic"]
    status: Literal["scheduled", "pending"]
    scheduled_for: datetime
    payment_intent_id: str


@dataclass(frozen=True)
class SessionIdentity:
    """Which session is meant."""

    session_id: str


SLOTS_RESERVE = declare(
    "slots.reserve",
    summary="Hold a time slot; overlaps are refused by the database",
    takes=SlotWanted,
    gives=Reservation,
    effect="keyed",
    errors=("slot_taken",),
    example={"reservation_id": "res_1", "expires_at": "2025-11-10T15:15:00Z"},
)
SLOTS_CONFIRM = declare(
    "slots.confirm",
    summary="Make a reservation final",
    takes=Confirmation,
    gives=Status,
    effect="idempotent",
    errors=("expired",),
    example={"status": "confirmed"},
)
SLOTS_RELEASE = declare(
    "slots.release",
    summary="Give a slot back",
    takes=ReservationIdentity,
    gives=Released,
    effect="idempotent",
    example={"released": True},
)
SLOTS_RELEASE_EXPIRED = declare(
    "slots.release_expired",
    summary="Expire reservations that nobody confirmed",
    takes=Overdue,
    gives=Counted,
    effect="idempotent",
    example={"count": 0},
)
SESSIONS_CREATE = declare(
    "sessions.create",
    summary="Create a session",
    takes=SessionWanted,
    gives=Identity,
    effect="keyed",
    example={"id": "ses_1"},
)
SESSIONS_CANCEL = declare(
    "sessions.cancel",
    summary="Cancel a session",
    takes=SessionIdentity,
    gives=Status,
    effect="idempotent",
    example={"status": "cancelled"},
)

# -------------------------------------------------------------------------------- service requests


@dataclass(frozen=True)
class BookingBegun:
    """A request, and the run that books for it."""

    id: UUID
    run_id: str


@dataclass(frozen=True)
class BookingRun:
    """Whether this run may book, and which run does."""

    started: bool
    run_id: str


@dataclass(frozen=True)
class BookingMade:
    """What a provider agreed to."""

    id: UUID
    provider_id: UUID
    mode: Mode
    booking_date: str
    booking_time: str
    confirmation_number: str
    call_transcript: str
    final_outcome: str


SERVICE_REQUESTS_BEGIN_BOOKING = declare(
    "service_requests.begin_booking",
    summary="RECOMMENDED to BOOKING, remembering the run; if it is BOOKING already: which run",
    takes=BookingBegun,
    gives=BookingRun,
    effect="idempotent",
    errors=("not_found",),
    example={"started": True, "run_id": "run-1"},
)
SERVICE_REQUESTS_COMPLETE_BOOKING = declare(
    "service_requests.complete_booking",
    summary="Store the booking on provider and request, BOOKING to COMPLETED, in one transaction",
    takes=BookingMade,
    gives=Status,
    effect="idempotent",
    errors=("not_found", "conflict"),
    example={"status": "COMPLETED"},
)
SERVICE_REQUESTS_REOPEN = declare(
    "service_requests.reopen",
    summary="BOOKING back to RECOMMENDED",
    takes=RowIdentity,
    gives=Status,
    effect="idempotent",
    errors=("not_found",),
    example={"status": "RECOMMENDED"},
)
