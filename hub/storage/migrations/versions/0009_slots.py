"""Sessions with mechanics and the reservations of their time, guarded by exclusion constraints.

`btree_gist` lets one constraint compare a mechanic and a seat for equality and a time for overlap.
PostgreSQL trusts it: the owner of the database may add it. A partial unique index is written as an
exclusion constraint: it stands in the table from its beginning.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

_SLOTS = """
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE mechanics (
    id UUID NOT NULL,
    capacity INTEGER DEFAULT 1 NOT NULL,
    offline_from TIMESTAMP WITH TIME ZONE,
    offline_until TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_mechanics PRIMARY KEY (id),
    CONSTRAINT ck_mechanics_capacity CHECK (capacity BETWEEN 1 AND 1000),
    CONSTRAINT ck_mechanics_offline CHECK (
        offline_until IS NULL OR offline_from IS NOT NULL AND offline_from < offline_until)
);

CREATE TABLE sessions (
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    mechanic_id UUID NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    scheduled_for TIMESTAMP WITH TIME ZONE,
    ends_at TIMESTAMP WITH TIME ZONE,
    timezone TEXT DEFAULT 'UTC' NOT NULL,
    customer_email TEXT,
    customer_phone TEXT,
    payment_intent_id TEXT,
    amount INTEGER,
    currency TEXT,
    reservation_id UUID,
    metadata JSONB NOT NULL,
    reschedule_history JSONB NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    waiver_signed_at TIMESTAMP WITH TIME ZONE,
    waiver_signed_by TEXT,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    key TEXT NOT NULL,
    run_id UUID,
    mode TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_sessions PRIMARY KEY (id),
    CONSTRAINT uq_sessions_key UNIQUE (key),
    CONSTRAINT ex_sessions_payment EXCLUDE USING btree (payment_intent_id WITH =)
        WHERE (mode = 'live'),
    CONSTRAINT ck_sessions_status CHECK (
        status IN ('pending', 'scheduled', 'in-progress', 'completed', 'no_show', 'cancelled')),
    CONSTRAINT ck_sessions_scheduled CHECK (status <> 'scheduled' OR scheduled_for IS NOT NULL),
    CONSTRAINT ck_sessions_order CHECK (ends_at IS NULL OR ends_at > scheduled_for)
);
CREATE INDEX ix_sessions_customer ON sessions (customer_id, created_at);
CREATE INDEX ix_sessions_mechanic ON sessions (mechanic_id, created_at);
CREATE INDEX ix_sessions_created ON sessions (created_at);

CREATE TABLE slot_reservations (
    id UUID NOT NULL,
    mechanic_id UUID NOT NULL,
    seat INTEGER NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT,
    customer_id UUID,
    session_id UUID,
    key TEXT NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    replaced_by UUID,
    offline_at TIMESTAMP WITH TIME ZONE,
    run_id UUID,
    mode TEXT NOT NULL,
    reserved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_slot_reservations PRIMARY KEY (id),
    CONSTRAINT fk_slot_reservations_mechanic_id FOREIGN KEY (mechanic_id) REFERENCES mechanics (id),
    CONSTRAINT fk_slot_reservations_session_id FOREIGN KEY (session_id) REFERENCES sessions (id),
    CONSTRAINT fk_slot_reservations_replaced_by
        FOREIGN KEY (replaced_by) REFERENCES slot_reservations (id),
    CONSTRAINT ck_slot_reservations_status CHECK (
        status IN ('reserved', 'confirmed', 'expired', 'cancelled')),
    CONSTRAINT ck_slot_reservations_order CHECK (starts_at < ends_at),
    CONSTRAINT ck_slot_reservations_seat CHECK (seat > 0),
    CONSTRAINT ck_slot_reservations_linked CHECK (
        (status = 'confirmed') <= (session_id IS NOT NULL)),
    CONSTRAINT ck_slot_reservations_ended CHECK (
        (ended_at IS NOT NULL) = (status IN ('expired', 'cancelled'))),
    CONSTRAINT ex_slot_reservations_seat EXCLUDE USING gist (
        mechanic_id WITH =, seat WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&
    ) WHERE (status IN ('reserved', 'confirmed')),
    CONSTRAINT ex_slot_reservations_key EXCLUDE USING btree (key WITH =)
        WHERE (status IN ('reserved', 'confirmed')),
    CONSTRAINT ex_slot_reservations_session EXCLUDE USING btree (session_id WITH =)
        WHERE (status = 'confirmed')
);
CREATE INDEX ix_slot_reservations_mechanic ON slot_reservations (mechanic_id, starts_at);
CREATE INDEX ix_slot_reservations_customer ON slot_reservations (customer_id, starts_at);
CREATE INDEX ix_slot_reservations_expiry ON slot_reservations (expires_at)
    WHERE status = 'reserved';
CREATE INDEX ix_slot_reservations_replaced_by ON slot_reservations (replaced_by);

CREATE TABLE slot_sweeps (
    run_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    expired INTEGER NOT NULL,
    CONSTRAINT pk_slot_sweeps PRIMARY KEY (run_id)
);
CREATE INDEX ix_slot_sweeps_at ON slot_sweeps (at);

CREATE FUNCTION note_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;

CREATE TRIGGER note_update BEFORE UPDATE ON mechanics
    FOR EACH ROW EXECUTE FUNCTION note_update();
CREATE TRIGGER note_update BEFORE UPDATE ON sessions
    FOR EACH ROW EXECUTE FUNCTION note_update();
CREATE TRIGGER note_update BEFORE UPDATE ON slot_reservations
    FOR EACH ROW EXECUTE FUNCTION note_update();
"""


def upgrade() -> None:
    """Tables of their own: the version before knows nothing of them, and goes on."""
    op.execute(_SLOTS)
