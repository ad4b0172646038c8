"""Sessions with mechanics, and whose the mechanics' time is."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    column,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import UUID, ExcludeConstraint

from hub.storage.tables.columns import created, instant, json_column, metadata

_IS_LIVE = text("status IN ('reserved', 'confirmed')")

mechanics = Table(  # whoever changes a reservation locks its mechanic's row first
    "mechanics",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("capacity", Integer, nullable=False, server_default=text("1")),  # seats 1 to n
    instant("offline_from"),
    instant("offline_until"),  # empty with a beginning: until somebody says otherwise
    created(),
    created("updated_at"),  # a trigger keeps it, here and in the next two
    CheckConstraint("capacity BETWEEN 1 AND 1000", name="capacity"),
    CheckConstraint(
        "offline_until IS NULL OR offline_from IS NOT NULL AND offline_from < offline_until",
        name="offline",
    ),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("customer_id", UUID, nullable=False),
    Column("mechanic_id", UUID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    instant("scheduled_for"),
    instant("ends_at"),
    Column("timezone", Text, nullable=False, server_default=text("'UTC'")),  # whose day it is
    Column("customer_email", Text),
    Column("customer_phone", Text),
    Column("payment_intent_id", Text),  # one payment is for one session
    Column("amount", Integer),  # in the smallest unit of the currency
    Column("currency", Text),
    Column("reservation_id", UUID),  # the confirmed one; no foreign key: that would be a circle
    json_column("metadata", required=True),
    json_column("reschedule_history", required=True),
    Column("version", Integer, nullable=False, server_default=text("1")),
    instant("waiver_signed_at"),
    Column("waiver_signed_by", Text),
    instant("cancelled_at"),
    Column("key", Text, nullable=False),
    Column("run_id", UUID),
    Column("mode", Text, nullable=False),
    created(),
    created("updated_at"),
    UniqueConstraint("key"),
    ExcludeConstraint(  # simulated payments all have one name
        (column("payment_intent_id"), "="),
        name="ex_sessions_payment",
        using="btree",
        where=text("mode = 'live'"),
    ),
    CheckConstraint(
        "status IN ('pending', 'scheduled', 'in-progress', 'completed', 'no_show', 'cancelled')",
        name="status",
    ),
    CheckConstraint("status <> 'scheduled' OR scheduled_for IS NOT NULL", name="scheduled"),
    CheckConstraint("ends_at IS NULL OR ends_at > scheduled_for", name="order"),
    Index("ix_sessions_customer", "customer_id", "created_at"),
    Index("ix_sessions_mechanic", "mechanic_id", "created_at"),
    Index("ix_sessions_created", "created_at"),
    Index("ix_sessions_scheduled_for", "scheduled_for"),  # a week of the calendar
)

slot_reservations = Table(  # a seat of a mechanic from `starts_at` until before `ends_at` (D2)
    "slot_reservations",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("mechanic_id", UUID, ForeignKey("mechanics.id"), nullable=False),
    Column("seat", Integer, nullable=False),
    instant("starts_at", required=True),
    instant("ends_at", required=True),
    Column("status", Text, nullable=False),
    instant("expires_at", required=True),
    Column("kind", Text),
    Column("customer_id", UUID),
    Column("session_id", UUID, ForeignKey("sessions.id")),
    Column("key", Text, nullable=False),
    instant("confirmed_at"),
    instant("ended_at"),  # expired or cancelled
    Column("replaced_by", UUID, ForeignKey("slot_reservations.id")),
    instant("offline_at"),  # when its mechanic went offline for this time
    Column("run_id", UUID),
    Column("mode", Text, nullable=False),
    instant("reserved_at", required=True),
    created("updated_at"),
    CheckConstraint("status IN ('reserved', 'confirmed', 'expired', 'cancelled')", name="status"),
    CheckConstraint("starts_at < ends_at", name="order"),
    CheckConstraint("seat > 0", name="seat"),
    CheckConstraint("(status = 'confirmed') <= (session_id IS NOT NULL)", name="linked"),
    CheckConstraint("(ended_at IS NOT NULL) = (status IN ('expired', 'cancelled'))", name="ended"),
    ExcludeConstraint(
        (column("mechanic_id"), "="),
        (column("seat"), "="),
        (func.tstzrange(column("starts_at"), column("ends_at"), text("'[)'")), "&&"),
        name="ex_slot_reservations_seat",
        using="gist",
        where=_IS_LIVE,
    ),
    # A key names one live reservation: who cancelled may book with it again (X29, R-24).
    ExcludeConstraint(
        (column("key"), "="), name="ex_slot_reservations_key", using="btree", where=_IS_LIVE
    ),
    ExcludeConstraint(
        (column("session_id"), "="),
        name="ex_slot_reservations_session",
        using="btree",
        where=text("status = 'confirmed'"),
    ),
    Index("ix_slot_reservations_mechanic", "mechanic_id", "starts_at"),
    Index("ix_slot_reservations_customer", "customer_id", "starts_at"),
    Index(
        "ix_slot_reservations_expiry", "expires_at", postgresql_where=text("status = 'reserved'")
    ),
    Index("ix_slot_reservations_ends_at", "ends_at", postgresql_where=_IS_LIVE),
    Index("ix_slot_reservations_replaced_by", "replaced_by"),
)

slot_sweeps = Table(  # how many reservations each sweep found overdue
    "slot_sweeps",
    metadata,
    Column("run_id", UUID, primary_key=True),
    instant("at", required=True),
    Column("expired", Integer, nullable=False),
    Index(None, "at"),
)
