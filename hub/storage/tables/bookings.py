"""Bookings: tenants, what they offer and when, who books, and which seats are taken.

Every row names its tenant, and the keys between them do too: a row cannot refer to another
tenant's (K-21).
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, UUID, ExcludeConstraint

from hub.storage.tables.columns import created, instant, metadata

tenants = Table(
    "tenants",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("allowed_origins", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("phone_region", Text),  # of phones that are written without a country
    created(),
)

tenant_keys = Table(  # who speaks for a tenant; the key itself is nowhere, only its name
    "tenant_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", UUID, ForeignKey("tenants.id"), nullable=False),
    Column("label", Text, nullable=False),
    created(),
    instant("revoked_at"),
    Index(None, "tenant_id"),
)

services = Table(
    "services",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("tenant_id", UUID, ForeignKey("tenants.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("timezone", Text),  # else the tenant's
    Column("duration_minutes", Integer, nullable=False),
    Column("step_minutes", Integer, nullable=False),  # between two starts
    Column("contractor_name", Text, nullable=False),
    Column("contractor_email", Text, nullable=False),
    Column("require_confirmation", Boolean, nullable=False, server_default=text("false")),
    Column("decide_within_minutes", Integer, nullable=False, server_default=text("2880")),
    Column("max_bookings_per_slot", Integer, nullable=False, server_default=text("1")),
    Column("allows_same_day", Boolean, nullable=False, server_default=text("true")),
    Column("notice_minutes", Integer, nullable=False, server_default=text("0")),
    Column("advance_days", Integer, nullable=False, server_default=text("90")),
    Column("change_notice_minutes", Integer, nullable=False, server_default=text("0")),
    Column("offer_minutes", Integer, nullable=False, server_default=text("120")),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    created(),
    UniqueConstraint("tenant_id", "id"),
    CheckConstraint("duration_minutes BETWEEN 1 AND 1440", name="duration"),
    CheckConstraint("step_minutes BETWEEN 1 AND 1440", name="step"),
    CheckConstraint("max_bookings_per_slot BETWEEN 1 AND 1000", name="capacity"),
    CheckConstraint(  # flows wait for a decision: not longer than two weeks
        "decide_within_minutes BETWEEN 1 AND 20160 AND offer_minutes BETWEEN 1 AND 20160",
        name="deadlines",
    ),
    CheckConstraint(
        "notice_minutes >= 0 AND advance_days BETWEEN 0 AND 1830 AND change_notice_minutes >= 0",
        name="window",
    ),
)

service_hours = Table(  # what recurs; `windows` are local times such as 09:00-17:30
    "service_hours",
    metadata,
    Column("service_id", UUID, ForeignKey("services.id"), primary_key=True),
    Column("weekday", SmallInteger, primary_key=True, autoincrement=False),  # Monday is 1
    Column("windows", ARRAY(Text), nullable=False),
    CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
)

service_days = Table(  # what replaces the hours of one day; without windows it is closed
    "service_days",
    metadata,
    Column("service_id", UUID, ForeignKey("services.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("windows", ARRAY(Text), nullable=False),
)

resources = Table(  # a person or a thing that does one job at a time
    "resources",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("tenant_id", UUID, ForeignKey("tenants.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    created(),
    UniqueConstraint("tenant_id", "id"),
    CheckConstraint("kind IN ('person', 'equipment')", name="kind"),
)

service_needs = Table(  # for each need of a service a job takes one of these resources
    "service_needs",
    metadata,
    Column("service_id", UUID, primary_key=True),
    Column("need", Text, primary_key=True),
    Column("resource_id", UUID, primary_key=True),
    Column("tenant_id", UUID, nullable=False),
    ForeignKeyConstraint(["tenant_id", "service_id"], ["services.tenant_id", "services.id"]),
    ForeignKeyConstraint(["tenant_id", "resource_id"], ["resources.tenant_id", "resources.id"]),
    Index(None, "resource_id"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("tenant_id", UUID, ForeignKey("tenants.id"), nullable=False),
    Column("email_key", Text, nullable=False),  # the address in small letters
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text),
    Column("timezone", Text),
    created(),
    created("updated_at"),
    UniqueConstraint("tenant_id", "email_key"),
    UniqueConstraint("tenant_id", "id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("tenant_id", UUID, nullable=False),
    Column("service_id", UUID, nullable=False),
    Column("contact_id", UUID, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    instant("starts_at", required=True),
    instant("ends_at", required=True),
    instant("decide_by"),  # until then a pending one has its slot (X37)
    instant("decided_at"),
    Column("client_name", Text, nullable=False),  # as they were told with this booking
    Column("client_email", Text, nullable=False),
    Column("client_phone", Text),
    Column("client_timezone", Text),
    Column("notes", Text),
    Column("reason", Text),  # why it was declined or cancelled
    Column("override_reason", Text),  # why staff broke a rule (X33)
    Column("is_no_show", Boolean, nullable=False, server_default=text("false")),
    Column("is_expired", Boolean, nullable=False, server_default=text("false")),
    instant("expiry_told_at"),
    Column("booked_by", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),  # of the step that booked it
    Column("run_id", UUID),
    Column("mode", Text, nullable=False),
    created(),
    created("updated_at"),
    ForeignKeyConstraint(["tenant_id", "service_id"], ["services.tenant_id", "services.id"]),
    ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"]),
    UniqueConstraint("tenant_id", "id"),
    CheckConstraint(
        "status IN ('pending-confirmation', 'scheduled', 'in-progress', 'completed', 'cancelled')",
        name="status",
    ),
    CheckConstraint("ends_at > starts_at", name="order"),
    CheckConstraint("status <> 'pending-confirmation' OR decide_by IS NOT NULL", name="decision"),
    CheckConstraint("booked_by IN ('client', 'staff', 'waiting-list')", name="booked_by"),
    Index("ix_jobs_tenant", "tenant_id", "starts_at"),
    Index("ix_jobs_contact", "contact_id"),
    Index(
        "ix_jobs_pending",
        "decide_by",
        postgresql_where=text("status = 'pending-confirmation'"),
    ),
    Index(
        "ix_jobs_untold",
        "decide_by",
        postgresql_where=text("is_expired AND expiry_told_at IS NULL"),
    ),
)

job_changes = Table(  # one row for each version of a job
    "job_changes",
    metadata,
    Column("job_id", UUID, ForeignKey("jobs.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("status", Text, nullable=False),
    instant("starts_at", required=True),
    Column("by", Text, nullable=False),
    Column("reason", Text),
    Column("run_id", UUID),
    instant("at", required=True),
)

waiting = Table(  # who would take a time that gets free, in the order of `place`
    "waiting",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("place", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("tenant_id", UUID, nullable=False),
    Column("service_id", UUID, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'waiting'")),
    instant("wanted_from", required=True),
    instant("wanted_until", required=True),
    Column("client_name", Text, nullable=False),
    Column("client_email", Text, nullable=False),
    Column("client_phone", Text),
    Column("client_timezone", Text),
    instant("offered_start"),
    instant("offered_end"),
    instant("offered_until"),
    instant("announced_at"),
    Column("job_id", UUID, ForeignKey("jobs.id")),
    Column("key", Text, nullable=False, unique=True),
    Column("run_id", UUID),
    Column("mode", Text, nullable=False),
    created(),
    ForeignKeyConstraint(["tenant_id", "service_id"], ["services.tenant_id", "services.id"]),
    CheckConstraint("status IN ('waiting', 'offered', 'booked', 'left', 'lapsed')", name="status"),
    CheckConstraint("wanted_until > wanted_from", name="order"),
    CheckConstraint(
        "status <> 'offered' OR (offered_start IS NOT NULL AND offered_end IS NOT NULL"
        " AND offered_until IS NOT NULL)",
        name="offer",
    ),
    Index(
        "ix_waiting_line",
        "service_id",
        "place",
        postgresql_where=text("status IN ('waiting', 'offered')"),
    ),
)

taken_seats = Table(  # no two overlap on one seat of a service or a resource (D2)
    "taken_seats",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("tenant_id", UUID, ForeignKey("tenants.id"), nullable=False),
    Column("place_id", UUID, nullable=False),  # the service or the resource
    Column("seat", Integer, nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("job_id", UUID, ForeignKey("jobs.id")),
    Column("waiting_id", UUID, ForeignKey("waiting.id")),
    instant("lapses_at"),  # from then on it blocks nobody
    ExcludeConstraint(
        ("place_id", "="), ("seat", "="), ("during", "&&"), name="one_at_a_time", using="gist"
    ),
    CheckConstraint("seat >= 1", name="seat"),
    CheckConstraint("NOT isempty(during)", name="during"),
    CheckConstraint("(job_id IS NULL) <> (waiting_id IS NULL)", name="holder"),
    Index(None, "job_id"),
    Index(None, "waiting_id"),
    Index("ix_taken_seats_lapses", "lapses_at", postgresql_where=text("lapses_at IS NOT NULL")),
)
