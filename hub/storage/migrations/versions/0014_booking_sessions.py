"""Booking sessions, each change of them, and what a lead knows of its own.

The trigger is the second guard of the states (B-03): the first one is the trade's own table.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

_SESSIONS = """
CREATE TABLE booking_sessions (
    id UUID NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
    state TEXT DEFAULT 'created' NOT NULL,
    outcome TEXT,
    error_message TEXT,
    mode TEXT NOT NULL,
    source TEXT NOT NULL,
    booking_url TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    timezone TEXT NOT NULL,
    service TEXT,
    provider TEXT,
    lead_id UUID NOT NULL,
    contact JSONB NOT NULL,
    handoff_url TEXT,
    page_url TEXT,
    handed_over_at TIMESTAMP WITH TIME ZONE,
    handed_over_by TEXT,
    declines INTEGER DEFAULT 0 NOT NULL,
    evidence JSONB,
    confirmation_number TEXT,
    appointment_at TIMESTAMP WITH TIME ZONE,
    start_by TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seat INTEGER,
    owner TEXT,
    lease_until TIMESTAMP WITH TIME ZONE,
    token BIGINT DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_booking_sessions PRIMARY KEY (id),
    CONSTRAINT ck_booking_sessions_end CHECK (
        (state IN ('created', 'navigating', 'ready_for_handoff', 'monitoring')
         AND outcome IS NULL)
        OR (state = 'completed' AND outcome = 'success')
        OR (state = 'failed' AND outcome IN ('payment_failed', 'slot_unavailable', 'error'))
        OR (state = 'abandoned' AND outcome = 'timeout')
        OR (state = 'cancelled' AND outcome = 'cancelled')),
    CONSTRAINT ck_booking_sessions_completed CHECK (
        (outcome IS NULL) = (completed_at IS NULL)),
    CONSTRAINT ck_booking_sessions_proved CHECK (outcome <> 'success' OR evidence IS NOT NULL),
    CONSTRAINT ck_booking_sessions_source CHECK (source IN ('platform', 'browser')),
    CONSTRAINT ck_booking_sessions_seat CHECK (
        seat IS NULL OR (seat > 0 AND outcome IS NULL AND state <> 'created')),
    CONSTRAINT ck_booking_sessions_lease CHECK (
        (seat IS NULL) = (owner IS NULL) AND (seat IS NULL) = (lease_until IS NULL)),
    CONSTRAINT ck_booking_sessions_navigated CHECK (state <> 'navigating' OR seat IS NOT NULL),
    CONSTRAINT ck_booking_sessions_ready CHECK (
        state NOT IN ('ready_for_handoff', 'monitoring') OR handoff_url IS NOT NULL),
    CONSTRAINT ck_booking_sessions_handed_over CHECK (
        state <> 'monitoring' OR handed_over_at IS NOT NULL),
    CONSTRAINT fk_booking_sessions_lead_id FOREIGN KEY (lead_id) REFERENCES leads (id)
);
CREATE UNIQUE INDEX uq_booking_sessions_seat ON booking_sessions (seat) WHERE seat IS NOT NULL;
CREATE UNIQUE INDEX uq_booking_sessions_wish
    ON booking_sessions (lead_id, starts_at, md5(booking_url), mode)
    WHERE outcome IS NULL OR outcome = 'success';
CREATE INDEX ix_booking_sessions_queue ON booking_sessions (number) WHERE state = 'created';
CREATE INDEX ix_booking_sessions_open ON booking_sessions (expires_at) WHERE outcome IS NULL;
CREATE INDEX ix_booking_sessions_completed
    ON booking_sessions (completed_at) WHERE outcome IS NOT NULL;

CREATE TABLE booking_session_changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
    session_id UUID NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL,
    evidence JSONB,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_booking_session_changes PRIMARY KEY (id),
    CONSTRAINT fk_booking_session_changes_session_id
        FOREIGN KEY (session_id) REFERENCES booking_sessions (id) ON DELETE CASCADE
);
CREATE INDEX ix_booking_session_changes_session_id_id
    ON booking_session_changes (session_id, id);
"""
_GUARD = """
CREATE FUNCTION guard_booking_session() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE former TEXT := CASE WHEN TG_OP = 'INSERT' THEN 'nothing' ELSE OLD.state END;
BEGIN
    IF former = NEW.state AND former IN
            ('created', 'navigating', 'ready_for_handoff', 'monitoring') THEN
        RETURN NEW;
    END IF;
    IF (former, NEW.state) IN (
        ('nothing', 'created'),
        ('created', 'navigating'),
        ('navigating', 'ready_for_handoff'),
        ('ready_for_handoff', 'monitoring'),
        ('monitoring', 'completed')
    ) OR (former IN ('created', 'navigating', 'ready_for_handoff', 'monitoring')
          AND NEW.state IN ('failed', 'abandoned', 'cancelled')) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a booking session that is % cannot become %', former, NEW.state
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER guard_booking_session BEFORE INSERT OR UPDATE ON booking_sessions
   FOR EACH ROW EXECUTE FUNCTION guard_booking_session();
"""
_LEADS = """
ALTER TABLE leads ADD COLUMN booking_session_id UUID, ADD COLUMN booking_outcome TEXT;
"""


def upgrade() -> None:
    """Tables of their own, and columns that the version before does not look at."""
    op.execute(_SESSIONS)
    op.execute(_GUARD)
    op.execute(_LEADS)
