"""Leads, the numbers they hold, their appointments, and what was said to them."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from hub.storage.tables.columns import created, instant, metadata

leads = Table(
    "leads",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("status", Text, nullable=False, server_default=text("'new'")),
    instant("appointment_scheduled_at"),
    Column("last_call_outcome", Text),
    Column("last_appointment_outcome", Text),
    Column("booking_session_id", UUID),  # the latest (B-22)
    Column("booking_outcome", Text),
    created(),
    created("updated_at"),
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
    instant("assigned_at"),
    instant("initial_until"),  # assigned_at + 18 h, until an outcome ends it
    instant("follow_up_until"),  # window after an outcome
    instant("release_at"),  # derived (D3), then stored
    created("free_since"),
    created(),
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
    instant("at", required=True),
    Column("source", Text, nullable=False),
)

text_messages = Table(  # what was sent, and how far it came as status callbacks say
    "text_messages",
    metadata,
    Column("sid", Text, primary_key=True),
    Column("run_id", UUID, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("path", Text, nullable=False),  # of the step that sent it
    Column("number", Text, nullable=False),  # where it really went (D10), as E.164
    instant("sent_at", required=True),
    Column("status", Text),
    Column("error", Text),  # what the code means: opted_out, blocked …
    Column("error_code", Text),
    instant("status_at"),
    Index(None, "run_id"),
    Index(None, "sent_at"),
)

phone_assignments = Table(  # the history of each number (D6)
    "phone_assignments",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("phone_id", UUID, ForeignKey("phone_numbers.id"), nullable=False),
    Column("lead_id", UUID, ForeignKey("leads.id"), nullable=False),
    instant("assigned_at", required=True),
    instant("ended_at"),
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
    instant("starts_at", required=True),
    instant("ends_at"),
    instant("hold_until", required=True),  # the number stays at least until then
    Column("status", Text, nullable=False, server_default=text("'scheduled'")),
    Column("source", Text, nullable=False),
    Column("external_id", Text),  # call id, Cal.com uid, Calendly uri
    Column("replaced_by", UUID, ForeignKey("appointments.id")),
    instant("outcome_at"),
    Column("run_id", UUID),
    Column("mode", Text, nullable=False),
    created(),
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
    Index("ix_appointments_starts_at", "starts_at"),  # a week of the calendar
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
    created("at"),
    Index(None, "lead_id", "at"),
)
