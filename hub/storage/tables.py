"""The whole database on one page.

Length: one page for one database.

Instants are `timestamptz` (X01). A delivery is one request; it makes one run, or one for each tool
call. A run's `due_at` is its timer; its `token` grows with every claim and fences every write (E4).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB, UUID

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _instant(name: str, *, required: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=not required)


def _created(name: str = "created_at") -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def _json(name: str, *, required: bool = False) -> Column[Any]:
    return Column(name, JSONB(none_as_null=True), nullable=not required)


# ---------------------------------------------------------------------------------- what came in

workflow_versions = Table(
    "workflow_versions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("workflow", Text, nullable=False),
    _json("files", required=True),  # path → text: the file, its schemas, the files it calls (E15)
    _created(),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    _json("query", required=True),
    _json("headers", required=True),
    Column("body", LargeBinary, nullable=False),  # as received; sealed when it carries secrets
    Column("body_digest", LargeBinary, nullable=False),
    Column("is_sealed", Boolean, nullable=False, server_default=text("false")),
    Column("remote_ip", Text),
    _instant("received_at", required=True),
    Column("repeats", Integer, nullable=False, server_default=text("0")),  # exact repeats (H-17)
    _instant("last_repeat_at"),
    _json("notes"),
    Index(None, "endpoint", "received_at"),
)

dedupe_keys = Table(
    "dedupe_keys",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("run_id", UUID, nullable=False),
    Column("delivery_id", UUID, nullable=False),
    Column("body_digest", LargeBinary, nullable=False),
    _instant("expires_at", required=True),
    Index(None, "run_id"),
)

# ------------------------------------------------------------------------------- what is being done

runs = Table(
    "runs",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("workflow", Text, nullable=False),
    # no foreign key: every insert would lock the one row of its version, and queue there
    Column("version", Text, nullable=False),
    Column("delivery_id", UUID, ForeignKey("deliveries.id")),
    Column("retry_of", UUID, ForeignKey("runs.id")),
    Column("status", Text, nullable=False),
    Column("mode", Text, nullable=False),
    _json("trigger", required=True),  # payload, params, query, headers, caller, request, inputs
    Column("dedupe_key", Text),
    Column("is_awaited", Boolean, nullable=False, server_default=text("false")),
    _instant("scheduled_at"),
    _created(),
    _instant("started_at"),
    _instant("ended_at"),
    _instant("due_at"),  # when a worker may take it; empty while it waits for a turn
    _instant("deadline", required=True),
    Column("token", BigInteger, nullable=False, server_default=text("0")),
    Column("worker", Text),
    _instant("lease_until"),
    Column("deaths", Integer, nullable=False, server_default=text("0")),  # owners lost in one step
    Column("is_cancel_requested", Boolean, nullable=False, server_default=text("false")),
    Column("response", JSON(none_as_null=True)),  # `json` keeps the author's order of keys
    _json("result"),
    _json("error"),
    Column("is_maybe_done", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint(
        "status IN ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled',"
        " 'undo_failed')",
        name="status",
    ),
    CheckConstraint("mode IN ('live', 'test', 'simulate')", name="mode"),
    CheckConstraint("(status = 'running') = (lease_until IS NOT NULL)", name="lease"),
    CheckConstraint(
        "(ended_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled', 'undo_failed'))",
        name="ended",
    ),
    Index(
        "ix_runs_runnable",
        text("is_awaited DESC"),
        "due_at",
        postgresql_where=text("status IN ('queued', 'waiting')"),
    ),
    Index("ix_runs_leases", "lease_until", postgresql_where=text("status = 'running'")),
    Index("ix_runs_deadlines", "deadline", postgresql_where=text("ended_at IS NULL")),
    Index("ix_runs_delivery", "delivery_id"),
    Index("ix_runs_retry_of", "retry_of", postgresql_where=text("retry_of IS NOT NULL")),
    Index(None, "workflow", "created_at"),
    Index(None, "created_at"),
    Index(  # how many are queued, waiting, running: read from the index alone
        "ix_runs_unfinished", "status", "workflow", postgresql_where=text("ended_at IS NULL")
    ),
    Index(  # whether the last run of a schedule still goes on, however many there were
        "ix_runs_scheduled_unfinished",
        "workflow",
        postgresql_where=text("ended_at IS NULL AND scheduled_at IS NOT NULL"),
    ),
    Index(
        "uq_runs_schedule",
        "workflow",
        "scheduled_at",
        unique=True,
        postgresql_where=text("scheduled_at IS NOT NULL AND retry_of IS NULL"),
    ),
)

run_history = Table(
    "run_history",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("run_id", UUID, ForeignKey("runs.id"), nullable=False),
    _created("at"),
    Column("status", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("why", Text),
    Index(None, "run_id"),
)

books = Table(  # what triggers on `runs` count; many entries are made one now and then
    "books",
    metadata,
    Column("accepted", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=False),
)

steps = Table(
    "steps",
    metadata,
    Column("run_id", UUID, ForeignKey("runs.id"), primary_key=True),
    Column("path", Text, primary_key=True),  # path of calls and items, then the step
    Column("seq", BigInteger, Identity(), nullable=False),
    Column("kind", Text, nullable=False),  # do, call, vars, if, switch, for_each, reply …
    Column("step_id", Text),
    Column("action", Text),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("is_simulated", Boolean, nullable=False, server_default=text("false")),
    Column("key", Text),
    Column("inputs", JSON(none_as_null=True)),  # `json` keeps the order: the same bytes go out (E7)
    _json("result"),
    _json("error"),
    _instant("started_at", required=True),
    _instant("ended_at"),
    _instant("due_at"),  # when a failed attempt is tried again
    CheckConstraint(
        "status IN ('started', 'retrying', 'succeeded', 'failed', 'skipped')", name="status"
    ),
)

once_keys = Table(
    "once_keys",
    metadata,
    Column("workflow", Text, primary_key=True),
    Column("step_id", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("run_id", UUID, ForeignKey("runs.id"), nullable=False),
    Column("path", Text, nullable=False),
    Column("status", Text, nullable=False),
    _json("result"),
    _created(),
    CheckConstraint("status IN ('started', 'succeeded', 'unknown')", name="status"),
    Index(None, "run_id"),
)

turns = Table(  # who may run under `concurrency`: the first `limit` rows of a key, by id (E16)
    "turns",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("scope", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("run_id", UUID, ForeignKey("runs.id"), nullable=False),
    Column("path", Text, nullable=False),
    _created(),
    UniqueConstraint("run_id", "path"),
    Index(None, "scope", "digest", "id"),
)

events = Table(  # what was emitted; kept for 7 days, and as long as a run may wait for it
    "events",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False),
    _json("data", required=True),
    _created("at"),
    Column("run_id", UUID, ForeignKey("runs.id"), nullable=False),  # who emitted it, and where
    Column("path", Text, nullable=False),
    UniqueConstraint("run_id", "path"),
    Index(None, "name", "key", "id"),
    Index(None, "at"),
)

event_waits = Table(  # whom an event wakes: runs that sleep until it comes
    "event_waits",
    metadata,
    Column("run_id", UUID, ForeignKey("runs.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Index(None, "name", "key"),
)

schedules = Table(
    "schedules",
    metadata,
    Column("workflow", Text, primary_key=True),
    Column("version", Text, ForeignKey("workflow_versions.hash"), nullable=False),
    _instant("next_at", required=True),
    _instant("last_at"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    _created("started_at"),
    _instant("seen_at", required=True),
)

audit = Table(  # who did what by hand: only added to, each row covers the one before it (S9)
    "audit",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _instant("at", required=True),
    Column("who", Text, nullable=False),
    Column("origin", Text, nullable=False),  # where it was done
    Column("action", Text, nullable=False),
    _json("what", required=True),
    Column("before_digest", LargeBinary),
    Column("after_digest", LargeBinary),
    Column("previous", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

# ------------------------------------------------------------------------------------- our trade

leads = Table(
    "leads",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("status", Text, nullable=False, server_default=text("'new'")),
    _instant("appointment_scheduled_at"),
    Column("last_call_outcome", Text),
    Column("last_appointment_outcome", Text),
    _created(),
    _created("updated_at"),
    CheckConstraint(
        "status IN ('new', 'appointment_booked', 'showed', 'no_show', 'cancelled', 'rescheduled')",
        name="status",
    ),
)

phone_numbers = Table(  # one row is one number: it can hold one lead (D1)
    "phone_numbers",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("lead_id", UUID, ForeignKey("leads.id"), unique=True),
    _instant("assigned_at"),
    _instant("initial_until"),  # assigned_at + 18 h, until an outcome ends it
    _instant("follow_up_until"),  # window after an outcome
    _instant("release_at"),  # derived (D3), then stored
    _created("free_since"),
    _created(),
    CheckConstraint(
        "(lead_id IS NULL) = (release_at IS NULL) AND (lead_id IS NULL) = (assigned_at IS NULL)",
        name="held",
    ),
    Index("ix_phone_numbers_release", "release_at", postgresql_where=text("lead_id IS NOT NULL")),
)

opt_outs = Table(  # the latest wish of each number
    "opt_outs",
    metadata,
    Column("number", Text, primary_key=True),
    Column("is_out", Boolean, nullable=False),
    _instant("at", required=True),
    Column("source", Text, nullable=False),
)

text_messages = Table(  # what was sent, and how far it came as status callbacks say
    "text_messages",
    metadata,
    Column("sid", Text, primary_key=True),
    Column("run_id", UUID, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("path", Text, nullable=False),  # of the step that sent it
    Column("number", Text, nullable=False),  # where it really went (D10), as E.164
    _instant("sent_at", required=True),
    Column("status", Text),
    Column("error", Text),  # what the code means: opted_out, blocked …
    Column("error_code", Text),
    _instant("status_at"),
    Index(None, "run_id"),
    Index(None, "sent_at"),
)

phone_assignments = Table(  # the history of each number (D6)
    "phone_assignments",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("phone_id", UUID, ForeignKey("phone_numbers.id"), nullable=False),
    Column("lead_id", UUID, ForeignKey("leads.id"), nullable=False),
    _instant("assigned_at", required=True),
    _instant("ended_at"),
    Column("run_id", UUID),
    Column("mode", Text, nullable=False),
    Index(
        "uq_phone_assignments_phone",
        "phone_id",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(
        "uq_phone_assignments_lead",
        "lead_id",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    CheckConstraint("ended_at IS NULL OR ended_at >= assigned_at", name="order"),
)

appointments = Table(
    "appointments",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("lead_id", UUID, ForeignKey("leads.id"), nullable=False),
    _instant("starts_at", required=True),
    _instant("ends_at"),
    _instant("hold_until", required=True),  # the number stays at least until then
    Column("status", Text, nullable=False, server_default=text("'scheduled'")),
    Column("source", Text, nullable=False),
    Column("external_id", Text),  # call id, Cal.com uid, Calendly uri
    Column("replaced_by", UUID, ForeignKey("appointments.id")),
    _instant("outcome_at"),
    Column("run_id", UUID),
    Column("mode", Text, nullable=False),
    _created(),
    CheckConstraint(
        "status IN ('scheduled', 'showed', 'no_show', 'cancelled', 'rescheduled')", name="status"
    ),
    Index(
        "uq_appointments_open",
        "lead_id",
        "starts_at",
        unique=True,
        postgresql_where=text("status = 'scheduled'"),
    ),
    Index("ix_appointments_lead", "lead_id", "starts_at"),
    Index("ix_appointments_external", "external_id"),
)

interactions = Table(
    "interactions",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("lead_id", UUID, ForeignKey("leads.id"), nullable=False),
    Column("phone_id", UUID, ForeignKey("phone_numbers.id")),
    Column("kind", Text, nullable=False),  # call, appointment, message, phone
    Column("reference", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("text", Text),
    Column("is_duplicate", Boolean, nullable=False, server_default=text("false")),
    Column("who", Text, nullable=False),  # the workflow
    Column("run_id", UUID),
    Column("mode", Text, nullable=False),
    _created("at"),
    Index(None, "lead_id", "at"),
)
