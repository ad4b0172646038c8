"""Actions of our trade that have a signature and no function yet: bookings, slots, records.

Files that use one are checked completely; their workflows are not served until it is implemented.
Who implements one writes the function in a module of its own and deletes its part here. What each
must do: services and jobs K-01 to K-14, slots and sessions R-01 to R-17, service requests C-03 to
C-18, records what booking sessions keep of themselves (B-03, B-15).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from hub.action import Mode, declare
from hub.signature import Email

JobStatus = Literal["pending-confirmation", "scheduled", "in-progress", "completed", "cancelled"]
BookedStatus = Literal["scheduled", "pending-confirmation"]
NextStatus = Literal["scheduled", "in-progress", "completed", "cancelled"]

JOB = "44444444-4444-4444-8444-444444444444"
SERVICE = "33333333-3333-4333-8333-333333333333"
TENANT = "77777777-7777-4777-8777-777777777777"


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

_BOOKING_REFUSALS = (
    "slot_taken",
    "outside_hours",
    "outside_window",
    "in_the_past",
    "same_day",
    "inactive",
    "not_found",
)


@dataclass(frozen=True)
class Service:
    """Something that can be booked; `timezone` is that of its opening hours."""

    id: UUID
    name: str
    duration_minutes: int
    require_confirmation: bool
    contractor_name: str
    contractor_email: Email
    timezone: str
    tenant_id: UUID
    allowed_origins: list[str]


@dataclass(frozen=True)
class Client:
    """Who books."""

    name: str
    email: Email
    phone: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class JobWanted:
    """A booking of a service; without a status it is the one that the service begins with."""

    service_id: UUID
    start: datetime
    client: Client
    status: BookedStatus | None = None


@dataclass(frozen=True)
class Job:
    """The booking that was made; one that waits for a decision does so until `decide_by`."""

    id: UUID
    status: BookedStatus
    start: datetime
    end: datetime
    version: int
    decide_by: datetime | None = None


@dataclass(frozen=True)
class JobAsked:
    """Which job is meant; a tenant sees no other tenant's."""

    job_id: UUID
    tenant_id: UUID | None = None


@dataclass(frozen=True)
class JobView:
    """A job with all that a message about it says; `version` grows with each change of it."""

    id: UUID
    status: JobStatus
    version: int
    start: datetime
    end: datetime
    service_id: UUID
    service_name: str
    tenant_id: UUID
    timezone: str
    client_name: str
    client_email: Email
    contractor_name: str
    contractor_email: Email
    client_phone: str | None = None
    client_timezone: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class JobChange:
    """A job's next status; `from` are those it may have now; `reason` is told to the client."""

    job_id: UUID
    status: NextStatus
    from_: list[JobStatus] | None = None
    reason: str | None = None
    tenant_id: UUID | None = None


@dataclass(frozen=True)
class JobNow:
    """The job after its change."""

    id: UUID
    status: JobStatus
    version: int


@dataclass(frozen=True)
class JobMove:
    """A job's new time; `from_version` is the version that whoever asks has seen."""

    job_id: UUID
    start: datetime
    from_version: int | None = None
    tenant_id: UUID | None = None


@dataclass(frozen=True)
class JobMoved:
    """The job at its new time."""

    id: UUID
    status: JobStatus
    start: datetime
    end: datetime
    version: int


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
        "duration_minutes": 60,
        "require_confirmation": True,
        "contractor_name": "Bob Builder",
        "contractor_email": "bob@example.com",
        "timezone": "America/New_York",
        "tenant_id": TENANT,
        "allowed_origins": ["https://www.example.com"],
    },
)
JOBS_BOOK = declare(
    "jobs.book",
    summary="Check the booking rules and create the job in one transaction",
    takes=JobWanted,
    gives=Job,
    effect="keyed",
    errors=_BOOKING_REFUSALS,
    example={
        "id": JOB,
        "status": "pending-confirmation",
        "start": "2025-11-20T10:00:00Z",
        "end": "2025-11-20T11:00:00Z",
        "version": 1,
        "decide_by": "2025-11-20T09:00:00Z",
    },
)
JOBS_GET = declare(
    "jobs.get",
    summary="Read a job, with its service and its client",
    takes=JobAsked,
    gives=JobView,
    effect="read",
    errors=("not_found",),
    example={
        "id": JOB,
        "status": "scheduled",
        "version": 2,
        "start": "2025-11-20T10:00:00Z",
        "end": "2025-11-20T11:00:00Z",
        "service_id": SERVICE,
        "service_name": "Boiler check",
        "tenant_id": TENANT,
        "timezone": "America/New_York",
        "client_name": "Ada",
        "client_email": "ada@example.com",
        "client_phone": "+14155550123",
        "client_timezone": "Europe/Paris",
        "contractor_name": "Bob Builder",
        "contractor_email": "bob@example.com",
    },
)
JOBS_SET_STATUS = declare(
    "jobs.set_status",
    summary="Change the status of a job",
    takes=JobChange,
    gives=JobNow,
    effect="idempotent",
    errors=("not_found", "conflict"),
    example={"id": JOB, "status": "scheduled", "version": 2},
)
JOBS_RESCHEDULE = declare(
    "jobs.reschedule",
    summary="Move a job to another time, under the rules of booking, in one transaction",
    takes=JobMove,
    gives=JobMoved,
    effect="keyed",
    errors=(*_BOOKING_REFUSALS, "conflict"),
    example={
        "id": JOB,
        "status": "scheduled",
        "start": "2025-11-21T10:00:00Z",
        "end": "2025-11-21T11:00:00Z",
        "version": 3,
    },
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

# ----------------------------------------------------------------------------------------- records


@dataclass(frozen=True)
class RecordIdentity:
    """Which record is meant."""

    type: str
    id: str


@dataclass(frozen=True)
class RecordWanted:
    """A record as it begins."""

    type: str
    id: str
    data: dict[str, Any]


@dataclass(frozen=True)
class RecordChange:
    """The fields of a record that change."""

    type: str
    id: str
    set: dict[str, Any]


@dataclass(frozen=True)
class Record:
    """What is kept."""

    id: str
    data: Any


RECORDS_CREATE = declare(
    "records.create",
    summary="Store a record kept by the hub",
    takes=RecordWanted,
    gives=Identity,
    effect="idempotent",
    errors=("conflict",),
    example={"id": "r1"},
)
RECORDS_GET = declare(
    "records.get",
    summary="Read a record",
    takes=RecordIdentity,
    gives=Record,
    effect="read",
    errors=("not_found",),
    example={"id": "r1", "data": {"state": "monitoring"}},
)
RECORDS_UPDATE = declare(
    "records.update",
    summary="Change fields of a record",
    takes=RecordChange,
    gives=Identity,
    effect="idempotent",
    errors=("not_found",),
    example={"id": "r1"},
)
