"""Service requests, their providers, and the calls that book one of them."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

_TABLES = """
CREATE TABLE service_requests (
    id UUID NOT NULL,
    status TEXT DEFAULT 'RECOMMENDED' NOT NULL,
    selected_provider_id UUID,
    final_outcome TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_service_requests PRIMARY KEY (id),
    CONSTRAINT ck_service_requests_status
        CHECK (status IN ('RECOMMENDED', 'BOOKING', 'COMPLETED')),
    CONSTRAINT ck_service_requests_completed
        CHECK ((status = 'COMPLETED') = (selected_provider_id IS NOT NULL)
           AND (status = 'COMPLETED') = (final_outcome IS NOT NULL))
);
CREATE TABLE providers (
    id UUID NOT NULL,
    request_id UUID NOT NULL,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    booking_confirmed BOOLEAN DEFAULT false NOT NULL,
    booking_date TEXT,
    booking_time TEXT,
    confirmation_number TEXT,
    booking_method TEXT,
    last_call_at TIMESTAMP WITH TIME ZONE,
    call_transcript TEXT,
    mode TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_providers PRIMARY KEY (id),
    CONSTRAINT fk_providers_request_id FOREIGN KEY (request_id) REFERENCES service_requests (id),
    CONSTRAINT ck_providers_method CHECK (booking_method IN ('voice_call', 'simulated')),
    CONSTRAINT ck_providers_confirmed
        CHECK (NOT booking_confirmed OR (mode IS NOT NULL AND booking_date IS NOT NULL
           AND booking_time IS NOT NULL AND upper(trim(booking_date)) NOT IN ('', 'TBD')
           AND upper(trim(booking_time)) NOT IN ('', 'TBD')))
);
CREATE INDEX ix_providers_request_id ON providers (request_id);
CREATE UNIQUE INDEX uq_providers_confirmed ON providers (request_id) WHERE booking_confirmed;
CREATE TABLE booking_calls (
    run_id UUID NOT NULL,
    request_id UUID NOT NULL,
    provider_id UUID NOT NULL,
    mode TEXT NOT NULL,
    customer_phone TEXT,
    dialled TEXT,
    call_id TEXT,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE NOT NULL,
    looks INTEGER DEFAULT 0 NOT NULL,
    doubt TEXT,
    ended_at TIMESTAMP WITH TIME ZONE,
    result TEXT,
    CONSTRAINT pk_booking_calls PRIMARY KEY (run_id),
    CONSTRAINT fk_booking_calls_request_id
        FOREIGN KEY (request_id) REFERENCES service_requests (id),
    CONSTRAINT fk_booking_calls_provider_id FOREIGN KEY (provider_id) REFERENCES providers (id),
    CONSTRAINT ck_booking_calls_mode CHECK (mode IN ('live', 'test', 'simulate')),
    CONSTRAINT ck_booking_calls_result
        CHECK (result IN ('confirmed', 'declined', 'unreached', 'failed')),
    CONSTRAINT ck_booking_calls_ended CHECK ((ended_at IS NULL) = (result IS NULL))
);
CREATE INDEX ix_booking_calls_request_id ON booking_calls (request_id);
CREATE UNIQUE INDEX uq_booking_calls_open ON booking_calls (request_id) WHERE ended_at IS NULL;
CREATE INDEX ix_booking_calls_lease ON booking_calls (lease_until) WHERE ended_at IS NULL;
"""


def upgrade() -> None:
    """Tables of their own: the version before knows nothing of them, and goes on."""
    op.execute(_TABLES)
