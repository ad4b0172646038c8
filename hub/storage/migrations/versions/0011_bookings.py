"""Bookings: tenants, services, jobs, who waits for a time, and the seats that are taken."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

# What makes `=` of an id part of an exclusion constraint; every role that may create tables may
# create it, and it comes with the server.
_EXTENSION = "CREATE EXTENSION IF NOT EXISTS btree_gist"
_BOOKINGS = """
CREATE TABLE tenants (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    timezone TEXT NOT NULL,
    allowed_origins TEXT[] DEFAULT '{}' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_tenants PRIMARY KEY (id)
);

CREATE TABLE contacts (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    email_key TEXT NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT,
    timezone TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_contacts PRIMARY KEY (id),
    CONSTRAINT uq_contacts_tenant_id_email_key UNIQUE (tenant_id, email_key),
    CONSTRAINT uq_contacts_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT fk_contacts_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);

CREATE TABLE resources (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_resources PRIMARY KEY (id),
    CONSTRAINT uq_resources_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT ck_resources_kind CHECK (kind IN ('person', 'equipment')),
    CONSTRAINT fk_resources_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);

CREATE TABLE services (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    name TEXT NOT NULL,
    timezone TEXT,
    duration_minutes INTEGER NOT NULL,
    step_minutes INTEGER NOT NULL,
    contractor_name TEXT NOT NULL,
    contractor_email TEXT NOT NULL,
    require_confirmation BOOLEAN DEFAULT false NOT NULL,
    decide_within_minutes INTEGER DEFAULT 2880 NOT NULL,
    max_bookings_per_slot INTEGER DEFAULT 1 NOT NULL,
    allows_same_day BOOLEAN DEFAULT true NOT NULL,
    notice_minutes INTEGER DEFAULT 0 NOT NULL,
    advance_days INTEGER DEFAULT 90 NOT NULL,
    change_notice_minutes INTEGER DEFAULT 0 NOT NULL,
    offer_minutes INTEGER DEFAULT 120 NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_services PRIMARY KEY (id),
    CONSTRAINT uq_services_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT ck_services_duration CHECK (duration_minutes BETWEEN 1 AND 1440),
    CONSTRAINT ck_services_step CHECK (step_minutes BETWEEN 1 AND 1440),
    CONSTRAINT ck_services_capacity CHECK (max_bookings_per_slot BETWEEN 1 AND 1000),
    CONSTRAINT ck_services_deadlines CHECK (decide_within_minutes BETWEEN 1 AND 20160
        AND offer_minutes BETWEEN 1 AND 20160),
    CONSTRAINT ck_services_window CHECK (notice_minutes >= 0 AND advance_days BETWEEN 0
        AND 1830 AND change_notice_minutes >= 0),
    CONSTRAINT fk_services_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);

CREATE TABLE tenant_keys (
    id TEXT NOT NULL,
    tenant_id UUID NOT NULL,
    label TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_tenant_keys PRIMARY KEY (id),
    CONSTRAINT fk_tenant_keys_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_tenant_keys_tenant_id ON tenant_keys (tenant_id);

CREATE TABLE jobs (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    service_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    status TEXT NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decide_by TIMESTAMP WITH TIME ZONE,
    decided_at TIMESTAMP WITH TIME ZONE,
    client_name TEXT NOT NULL,
    client_email TEXT NOT NULL,
    client_phone TEXT,
    client_timezone TEXT,
    notes TEXT,
    reason TEXT,
    override_reason TEXT,
    is_no_show BOOLEAN DEFAULT false NOT NULL,
    is_expired BOOLEAN DEFAULT false NOT NULL,
    expiry_told_at TIMESTAMP WITH TIME ZONE,
    booked_by TEXT NOT NULL,
    key TEXT NOT NULL,
    run_id UUID,
    mode TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_jobs PRIMARY KEY (id),
    CONSTRAINT fk_jobs_tenant_id_service_id FOREIGN KEY (tenant_id, service_id)
        REFERENCES services (tenant_id, id),
    CONSTRAINT fk_jobs_tenant_id_contact_id FOREIGN KEY (tenant_id, contact_id)
        REFERENCES contacts (tenant_id, id),
    CONSTRAINT uq_jobs_tenant_id_id UNIQUE (tenant_id, id),
    CONSTRAINT ck_jobs_status CHECK (status IN ('pending-confirmation', 'scheduled',
        'in-progress', 'completed', 'cancelled')),
    CONSTRAINT ck_jobs_order CHECK (ends_at > starts_at),
    CONSTRAINT ck_jobs_decision CHECK (status <> 'pending-confirmation' OR decide_by IS
        NOT NULL),
    CONSTRAINT ck_jobs_booked_by CHECK (booked_by IN ('client', 'staff', 'waiting-list')),
    CONSTRAINT uq_jobs_key UNIQUE (key)
);
CREATE INDEX ix_jobs_contact ON jobs (contact_id);
CREATE INDEX ix_jobs_pending ON jobs (decide_by) WHERE status = 'pending-confirmation';
CREATE INDEX ix_jobs_tenant ON jobs (tenant_id, starts_at);
CREATE INDEX ix_jobs_untold ON jobs (decide_by) WHERE is_expired AND expiry_told_at IS NULL;

CREATE TABLE service_days (
    service_id UUID NOT NULL,
    day DATE NOT NULL,
    windows TEXT[] NOT NULL,
    CONSTRAINT pk_service_days PRIMARY KEY (service_id, day),
    CONSTRAINT fk_service_days_service_id FOREIGN KEY (service_id) REFERENCES services (id)
);

CREATE TABLE service_hours (
    service_id UUID NOT NULL,
    weekday SMALLINT NOT NULL,
    windows TEXT[] NOT NULL,
    CONSTRAINT pk_service_hours PRIMARY KEY (service_id, weekday),
    CONSTRAINT ck_service_hours_weekday CHECK (weekday BETWEEN 1 AND 7),
    CONSTRAINT fk_service_hours_service_id FOREIGN KEY (service_id) REFERENCES services (id)
);

CREATE TABLE service_needs (
    service_id UUID NOT NULL,
    need TEXT NOT NULL,
    resource_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    CONSTRAINT pk_service_needs PRIMARY KEY (service_id, need, resource_id),
    CONSTRAINT fk_service_needs_tenant_id_service_id FOREIGN KEY (tenant_id, service_id)
        REFERENCES services (tenant_id, id),
    CONSTRAINT fk_service_needs_tenant_id_resource_id FOREIGN KEY (tenant_id,
        resource_id) REFERENCES resources (tenant_id, id)
);
CREATE INDEX ix_service_needs_resource_id ON service_needs (resource_id);

CREATE TABLE job_changes (
    job_id UUID NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    by TEXT NOT NULL,
    reason TEXT,
    run_id UUID,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_job_changes PRIMARY KEY (job_id, version),
    CONSTRAINT fk_job_changes_job_id FOREIGN KEY (job_id) REFERENCES jobs (id)
);

CREATE TABLE waiting (
    id UUID NOT NULL,
    place BIGINT GENERATED ALWAYS AS IDENTITY,
    tenant_id UUID NOT NULL,
    service_id UUID NOT NULL,
    status TEXT DEFAULT 'waiting' NOT NULL,
    wanted_from TIMESTAMP WITH TIME ZONE NOT NULL,
    wanted_until TIMESTAMP WITH TIME ZONE NOT NULL,
    client_name TEXT NOT NULL,
    client_email TEXT NOT NULL,
    client_phone TEXT,
    client_timezone TEXT,
    offered_start TIMESTAMP WITH TIME ZONE,
    offered_end TIMESTAMP WITH TIME ZONE,
    offered_until TIMESTAMP WITH TIME ZONE,
    announced_at TIMESTAMP WITH TIME ZONE,
    job_id UUID,
    key TEXT NOT NULL,
    run_id UUID,
    mode TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_waiting PRIMARY KEY (id),
    CONSTRAINT fk_waiting_tenant_id_service_id FOREIGN KEY (tenant_id, service_id)
        REFERENCES services (tenant_id, id),
    CONSTRAINT ck_waiting_status CHECK (status IN ('waiting', 'offered', 'booked',
        'left', 'lapsed')),
    CONSTRAINT ck_waiting_order CHECK (wanted_until > wanted_from),
    CONSTRAINT ck_waiting_offer CHECK (status <> 'offered' OR (offered_start IS NOT NULL
        AND offered_end IS NOT NULL AND offered_until IS NOT NULL)),
    CONSTRAINT uq_waiting_place UNIQUE (place),
    CONSTRAINT fk_waiting_job_id FOREIGN KEY (job_id) REFERENCES jobs (id),
    CONSTRAINT uq_waiting_key UNIQUE (key)
);
CREATE INDEX ix_waiting_line ON waiting (service_id, place) WHERE status IN ('waiting',
    'offered');

CREATE TABLE taken_seats (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    place_id UUID NOT NULL,
    seat INTEGER NOT NULL,
    during TSTZRANGE NOT NULL,
    job_id UUID,
    waiting_id UUID,
    lapses_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_taken_seats PRIMARY KEY (id),
    CONSTRAINT one_at_a_time EXCLUDE USING gist (place_id WITH =, seat WITH =, during WITH &&),
    CONSTRAINT ck_taken_seats_seat CHECK (seat >= 1),
    CONSTRAINT ck_taken_seats_during CHECK (NOT isempty(during)),
    CONSTRAINT ck_taken_seats_holder CHECK ((job_id IS NULL) <> (waiting_id IS NULL)),
    CONSTRAINT fk_taken_seats_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT fk_taken_seats_job_id FOREIGN KEY (job_id) REFERENCES jobs (id),
    CONSTRAINT fk_taken_seats_waiting_id FOREIGN KEY (waiting_id) REFERENCES waiting (id)
);
CREATE INDEX ix_taken_seats_job_id ON taken_seats (job_id);
CREATE INDEX ix_taken_seats_lapses ON taken_seats (lapses_at) WHERE lapses_at IS NOT NULL;
CREATE INDEX ix_taken_seats_waiting_id ON taken_seats (waiting_id);
"""


def upgrade() -> None:
    """Tables of their own: the version before knows nothing of them, and goes on."""
    op.execute(_EXTENSION)
    op.execute(_BOOKINGS)
