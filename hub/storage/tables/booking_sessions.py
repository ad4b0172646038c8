"""Booking sessions, each change of their state, and a picture of each.

A trigger of migration 0014 refuses changes that the trade does not know (B-03).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from hub.storage.tables.columns import created, instant, json_column, metadata

booking_sessions = Table(
    "booking_sessions",
    metadata,
    Column("id", UUID, primary_key=True),  # of the run that began it
    Column("number", BigInteger, Identity(always=True), nullable=False),  # whose turn it is
    Column("state", Text, nullable=False, server_default=text("'created'")),
    Column("outcome", Text),
    Column("error_message", Text),
    Column("mode", Text, nullable=False),
    Column("source", Text, nullable=False),  # who can see how it ends (X20)
    Column("booking_url", Text, nullable=False),
    instant("starts_at", required=True),
    Column("timezone", Text, nullable=False),
    Column("service", Text),  # what was wanted, until a choice is made for who left it open (B-02)
    Column("provider", Text),
    Column("lead_id", UUID, ForeignKey("leads.id"), nullable=False),
    json_column("contact", required=True),
    Column("handoff_url", Text),
    Column("page_url", Text),  # never shown outside (B-26)
    instant("handed_over_at"),
    Column("handed_over_by", Text),  # the key of the step
    Column("viewer", Text),  # digest of what the one browser keeps that opened our page (X20)
    Column("declines", Integer, nullable=False, server_default=text("0")),
    json_column("evidence"),
    Column("confirmation_number", Text),
    instant("appointment_at"),  # as the platform confirmed it
    instant("start_by", required=True),
    instant("expires_at", required=True),
    Column("seat", Integer),  # one of as many as may have a browser at once (B-18)
    Column("owner", Text),
    instant("lease_until"),
    Column("token", BigInteger, nullable=False, server_default=text("0")),
    instant("created_at", required=True),
    instant("updated_at", required=True),
    instant("completed_at"),
    CheckConstraint(
        "(state IN ('created', 'navigating', 'ready_for_handoff', 'monitoring')"
        " AND outcome IS NULL)"
        " OR (state = 'completed' AND outcome = 'success')"
        " OR (state = 'failed' AND outcome IN ('payment_failed', 'slot_unavailable', 'error'))"
        " OR (state = 'abandoned' AND outcome = 'timeout')"
        " OR (state = 'cancelled' AND outcome = 'cancelled')",
        name="end",
    ),
    CheckConstraint("(outcome IS NULL) = (completed_at IS NULL)", name="completed"),
    CheckConstraint("outcome <> 'success' OR evidence IS NOT NULL", name="proved"),
    CheckConstraint("source IN ('platform', 'browser')", name="source"),
    CheckConstraint(
        "seat IS NULL OR (seat > 0 AND outcome IS NULL AND state <> 'created')", name="seat"
    ),
    CheckConstraint(
        "(seat IS NULL) = (owner IS NULL) AND (seat IS NULL) = (lease_until IS NULL)", name="lease"
    ),
    CheckConstraint("state <> 'navigating' OR seat IS NOT NULL", name="navigated"),
    CheckConstraint(
        "state NOT IN ('ready_for_handoff', 'monitoring') OR handoff_url IS NOT NULL", name="ready"
    ),
    CheckConstraint("state <> 'monitoring' OR handed_over_at IS NOT NULL", name="handed_over"),
    Index(
        "uq_booking_sessions_seat",
        "seat",
        unique=True,
        postgresql_where=text("seat IS NOT NULL"),
    ),
    Index(  # one session for one wish, however often it is told; a new one when it came to nothing
        "uq_booking_sessions_wish",
        "lead_id",
        "starts_at",
        text("md5(booking_url)"),
        "mode",
        unique=True,
        postgresql_where=text("outcome IS NULL OR outcome = 'success'"),
    ),
    Index("ix_booking_sessions_queue", "number", postgresql_where=text("state = 'created'")),
    Index("ix_booking_sessions_open", "expires_at", postgresql_where=text("outcome IS NULL")),
    Index(
        "ix_booking_sessions_completed",
        "completed_at",
        postgresql_where=text("outcome IS NOT NULL"),
    ),
)

booking_session_changes = Table(  # what happened to a session, in this order
    "booking_session_changes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "session_id", UUID, ForeignKey("booking_sessions.id", ondelete="CASCADE"), nullable=False
    ),
    Column("state", Text, nullable=False),  # after it; the same as before where one was only told
    Column("why", Text, nullable=False),
    json_column("evidence"),
    created("at"),
    Index(None, "session_id", "id"),
)

booking_session_pictures = Table(  # what the page looked like, last in each state; never a card
    "booking_session_pictures",
    metadata,
    Column(
        "session_id",
        UUID,
        ForeignKey("booking_sessions.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("state", Text, primary_key=True),
    Column("jpeg", LargeBinary, nullable=False),
    instant("at", required=True),
    CheckConstraint("octet_length(jpeg) <= 300000", name="size"),
)
