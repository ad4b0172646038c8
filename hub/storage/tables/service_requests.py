"""Service requests, the providers recommended for each, and the calls that book one of them.

A request is BOOKING exactly while one of its calls has no end; an index allows one such call.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from hub.storage.tables.columns import created, instant, metadata

service_requests = Table(
    "service_requests",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("status", Text, nullable=False, server_default=text("'RECOMMENDED'")),
    Column("selected_provider_id", UUID),
    Column("final_outcome", Text),
    created(),
    created("updated_at"),
    CheckConstraint("status IN ('RECOMMENDED', 'BOOKING', 'COMPLETED')", name="status"),
    CheckConstraint(
        "(status = 'COMPLETED') = (selected_provider_id IS NOT NULL)"
        " AND (status = 'COMPLETED') = (final_outcome IS NOT NULL)",
        name="completed",
    ),
)

providers = Table(  # one row is one provider, recommended for one request
    "providers",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("request_id", UUID, ForeignKey("service_requests.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False),  # E.164
    Column("booking_confirmed", Boolean, nullable=False, server_default=text("false")),
    Column("booking_date", Text),  # as the provider said it, or TBD
    Column("booking_time", Text),
    Column("confirmation_number", Text),
    Column("booking_method", Text),
    instant("last_call_at"),
    Column("call_transcript", Text),
    Column("mode", Text),  # of the call that all this comes from (X14)
    created(),
    Index(None, "request_id"),
    Index(
        "uq_providers_confirmed",
        "request_id",
        unique=True,
        postgresql_where=text("booking_confirmed"),
    ),
    CheckConstraint("booking_method IN ('voice_call', 'simulated')", name="method"),
    CheckConstraint(
        "NOT booking_confirmed OR (mode IS NOT NULL AND booking_date IS NOT NULL"
        " AND booking_time IS NOT NULL AND upper(trim(booking_date)) NOT IN ('', 'TBD')"
        " AND upper(trim(booking_time)) NOT IN ('', 'TBD'))",
        name="confirmed",
    ),
)

booking_calls = Table(  # one row is one run that books; its result stands when it has an end
    "booking_calls",
    metadata,
    Column("run_id", UUID, primary_key=True),
    Column("request_id", UUID, ForeignKey("service_requests.id"), nullable=False),
    Column("provider_id", UUID, ForeignKey("providers.id"), nullable=False),
    Column("mode", Text, nullable=False),
    Column("customer_phone", Text),
    Column("dialled", Text),  # whom the run was to call (C-11)
    Column("call_id", Text),  # the voice platform's
    instant("begun_at", required=True),
    instant("lease_until", required=True),  # then somebody looks what became of it (X11)
    Column("looks", Integer, nullable=False, server_default=text("0")),
    Column("doubt", Text),  # why nobody knows how it ended (X15)
    instant("ended_at"),
    Column("result", Text),
    Index(None, "request_id"),
    Index(
        "uq_booking_calls_open",
        "request_id",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index("ix_booking_calls_lease", "lease_until", postgresql_where=text("ended_at IS NULL")),
    CheckConstraint("mode IN ('live', 'test', 'simulate')", name="mode"),
    CheckConstraint("result IN ('confirmed', 'declined', 'unreached', 'failed')", name="result"),
    CheckConstraint("(ended_at IS NULL) = (result IS NULL)", name="ended"),
)
