"""Actions of our trade that have a signature and no function yet: bookings, records.

Files that use one are checked completely; their workflows are not served until it is implemented.
Who implements one writes the function in a module of its own and deletes its part here. What each
must do: services and jobs K-01 to K-14, records what booking sessions keep of themselves (B-03,
B-15).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from hub.action import declare
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
