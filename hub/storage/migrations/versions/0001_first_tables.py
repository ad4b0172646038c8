"""The first tables, as `hub.storage.tables` describes them."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE dedupe_keys (
    endpoint TEXT NOT NULL,
    digest BYTEA NOT NULL,
    run_id UUID NOT NULL,
    delivery_id UUID NOT NULL,
    body_digest BYTEA NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_dedupe_keys PRIMARY KEY (endpoint, digest)
);
CREATE INDEX ix_dedupe_keys_run_id ON dedupe_keys (run_id);

CREATE TABLE deliveries (
    id UUID NOT NULL,
    endpoint TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    query JSONB NOT NULL,
    headers JSONB NOT NULL,
    body BYTEA NOT NULL,
    body_digest BYTEA NOT NULL,
    is_sealed BOOLEAN DEFAULT false NOT NULL,
    remote_ip TEXT,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    repeats INTEGER DEFAULT 0 NOT NULL,
    last_repeat_at TIMESTAMP WITH TIME ZONE,
    notes JSONB,
    CONSTRAINT pk_deliveries PRIMARY KEY (id)
);
CREATE INDEX ix_deliveries_endpoint_received_at ON deliveries (endpoint, received_at);

CREATE TABLE leads (
    id UUID NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    status TEXT DEFAULT 'new' NOT NULL,
    appointment_scheduled_at TIMESTAMP WITH TIME ZONE,
    last_call_outcome TEXT,
    last_appointment_outcome TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_leads PRIMARY KEY (id),
    CONSTRAINT ck_leads_status
        CHECK (status IN ('new', 'appointment_booked', 'showed', 'no_show', 'cancelled',
        'rescheduled'))
);

CREATE TABLE workers (
    id TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_workers PRIMARY KEY (id)
);

CREATE TABLE workflow_versions (
    hash TEXT NOT NULL,
    workflow TEXT NOT NULL,
    files JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_workflow_versions PRIMARY KEY (hash)
);

CREATE TABLE appointments (
    id UUID NOT NULL,
    lead_id UUID NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE,
    hold_until TIMESTAMP WITH TIME ZONE NOT NULL,
    status TEXT DEFAULT 'scheduled' NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT,
    replaced_by UUID,
    outcome_at TIMESTAMP WITH TIME ZONE,
    run_id UUID,
    mode TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_appointments PRIMARY KEY (id),
    CONSTRAINT ck_appointments_status
        CHECK (status IN ('scheduled', 'showed', 'no_show', 'cancelled', 'rescheduled')),
    CONSTRAINT fk_appointments_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id),
    CONSTRAINT fk_appointments_replaced_by FOREIGN KEY(replaced_by) REFERENCES appointments (id)
);
CREATE INDEX ix_appointments_external ON appointments (external_id);
CREATE INDEX ix_appointments_lead ON appointments (lead_id, starts_at);
CREATE UNIQUE INDEX uq_appointments_open
    ON appointments (lead_id, starts_at) WHERE status = 'scheduled';

CREATE TABLE phone_numbers (
    id UUID NOT NULL,
    number TEXT NOT NULL,
    lead_id UUID,
    assigned_at TIMESTAMP WITH TIME ZONE,
    initial_until TIMESTAMP WITH TIME ZONE,
    follow_up_until TIMESTAMP WITH TIME ZONE,
    release_at TIMESTAMP WITH TIME ZONE,
    free_since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_phone_numbers PRIMARY KEY (id),
    CONSTRAINT ck_phone_numbers_held
        CHECK ((lead_id IS NULL) = (release_at IS NULL) AND (lead_id IS NULL) =
        (assigned_at IS NULL)),
    CONSTRAINT uq_phone_numbers_number UNIQUE (number),
    CONSTRAINT uq_phone_numbers_lead_id UNIQUE (lead_id),
    CONSTRAINT fk_phone_numbers_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id)
);
CREATE INDEX ix_phone_numbers_release ON phone_numbers (release_at) WHERE lead_id IS NOT NULL;

CREATE TABLE runs (
    id UUID NOT NULL,
    workflow TEXT NOT NULL,
    version TEXT NOT NULL,
    delivery_id UUID,
    retry_of UUID,
    status TEXT NOT NULL,
    mode TEXT NOT NULL,
    trigger JSONB NOT NULL,
    dedupe_key TEXT,
    is_awaited BOOLEAN DEFAULT false NOT NULL,
    scheduled_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE,
    deadline TIMESTAMP WITH TIME ZONE NOT NULL,
    token BIGINT DEFAULT 0 NOT NULL,
    worker TEXT,
    lease_until TIMESTAMP WITH TIME ZONE,
    deaths INTEGER DEFAULT 0 NOT NULL,
    is_cancel_requested BOOLEAN DEFAULT false NOT NULL,
    response JSON,
    result JSONB,
    error JSONB,
    is_maybe_done BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_runs PRIMARY KEY (id),
    CONSTRAINT ck_runs_status
        CHECK (status IN ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled',
        'undo_failed')),
    CONSTRAINT ck_runs_mode CHECK (mode IN ('live', 'test', 'simulate')),
    CONSTRAINT ck_runs_lease CHECK ((status = 'running') = (lease_until IS NOT NULL)),
    CONSTRAINT ck_runs_ended
        CHECK ((ended_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled',
        'undo_failed'))),
    CONSTRAINT fk_runs_delivery_id FOREIGN KEY(delivery_id) REFERENCES deliveries (id),
    CONSTRAINT fk_runs_retry_of FOREIGN KEY(retry_of) REFERENCES runs (id)
);
CREATE INDEX ix_runs_created_at ON runs (created_at);
CREATE INDEX ix_runs_deadlines ON runs (deadline) WHERE ended_at IS NULL;
CREATE INDEX ix_runs_delivery ON runs (delivery_id);
CREATE INDEX ix_runs_leases ON runs (lease_until) WHERE status = 'running';
CREATE INDEX ix_runs_runnable
    ON runs (is_awaited DESC, due_at) WHERE status IN ('queued', 'waiting');
CREATE INDEX ix_runs_workflow_created_at ON runs (workflow, created_at);
CREATE UNIQUE INDEX uq_runs_schedule
    ON runs (workflow, scheduled_at) WHERE scheduled_at IS NOT NULL AND retry_of IS NULL;

CREATE TABLE schedules (
    workflow TEXT NOT NULL,
    version TEXT NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_schedules PRIMARY KEY (workflow),
    CONSTRAINT fk_schedules_version FOREIGN KEY(version) REFERENCES workflow_versions (hash)
);

CREATE TABLE interactions (
    id UUID NOT NULL,
    lead_id UUID NOT NULL,
    phone_id UUID,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    outcome TEXT NOT NULL,
    text TEXT,
    is_duplicate BOOLEAN DEFAULT false NOT NULL,
    who TEXT NOT NULL,
    run_id UUID,
    mode TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_interactions PRIMARY KEY (id),
    CONSTRAINT fk_interactions_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id),
    CONSTRAINT fk_interactions_phone_id FOREIGN KEY(phone_id) REFERENCES phone_numbers (id)
);
CREATE INDEX ix_interactions_lead_id_at ON interactions (lead_id, at);

CREATE TABLE once_keys (
    workflow TEXT NOT NULL,
    step_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    run_id UUID NOT NULL,
    path TEXT NOT NULL,
    status TEXT NOT NULL,
    result JSONB,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_once_keys PRIMARY KEY (workflow, step_id, digest),
    CONSTRAINT ck_once_keys_status CHECK (status IN ('started', 'succeeded', 'unknown')),
    CONSTRAINT fk_once_keys_run_id FOREIGN KEY(run_id) REFERENCES runs (id)
);

CREATE TABLE phone_assignments (
    id UUID NOT NULL,
    phone_id UUID NOT NULL,
    lead_id UUID NOT NULL,
    assigned_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    run_id UUID,
    mode TEXT NOT NULL,
    CONSTRAINT pk_phone_assignments PRIMARY KEY (id),
    CONSTRAINT ck_phone_assignments_order CHECK (ended_at IS NULL OR ended_at >= assigned_at),
    CONSTRAINT fk_phone_assignments_phone_id FOREIGN KEY(phone_id) REFERENCES phone_numbers (id),
    CONSTRAINT fk_phone_assignments_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id)
);
CREATE UNIQUE INDEX uq_phone_assignments_lead ON phone_assignments (lead_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX uq_phone_assignments_phone
    ON phone_assignments (phone_id) WHERE ended_at IS NULL;

CREATE TABLE run_history (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    run_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    status TEXT NOT NULL,
    token BIGINT NOT NULL,
    why TEXT,
    CONSTRAINT pk_run_history PRIMARY KEY (id),
    CONSTRAINT fk_run_history_run_id FOREIGN KEY(run_id) REFERENCES runs (id)
);
CREATE INDEX ix_run_history_run_id ON run_history (run_id);

CREATE TABLE steps (
    run_id UUID NOT NULL,
    path TEXT NOT NULL,
    seq BIGINT GENERATED BY DEFAULT AS IDENTITY,
    kind TEXT NOT NULL,
    step_id TEXT,
    action TEXT,
    status TEXT NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    is_simulated BOOLEAN DEFAULT false NOT NULL,
    key TEXT,
    inputs JSON,
    result JSONB,
    error JSONB,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_steps PRIMARY KEY (run_id, path),
    CONSTRAINT ck_steps_status
        CHECK (status IN ('started', 'retrying', 'succeeded', 'failed', 'skipped')),
    CONSTRAINT fk_steps_run_id FOREIGN KEY(run_id) REFERENCES runs (id)
);

CREATE TABLE turns (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    scope TEXT NOT NULL,
    digest BYTEA NOT NULL,
    run_id UUID NOT NULL,
    path TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_turns PRIMARY KEY (id),
    CONSTRAINT uq_turns_run_id_path UNIQUE (run_id, path),
    CONSTRAINT fk_turns_run_id FOREIGN KEY(run_id) REFERENCES runs (id)
);
CREATE INDEX ix_turns_scope_digest_id ON turns (scope, digest, id);
"""


def upgrade() -> None:
    op.execute(_TABLES)


def downgrade() -> None:
    op.execute("""
DROP TABLE
    turns, steps, run_history, phone_assignments, once_keys, interactions, schedules,
    runs, phone_numbers, appointments, workflow_versions, workers, leads, deliveries,
    dedupe_keys
""")
