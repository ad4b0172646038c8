"""The people of the console; runs that ended badly are found without reading all runs."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

INDEXES = {
    "ix_runs_ended_badly": "runs (status, created_at, id)"
    " WHERE status IN ('failed', 'cancelled', 'undo_failed')"
}

_PEOPLE = """
CREATE TABLE people (
    id UUID NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    signed_in_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_people PRIMARY KEY (id),
    CONSTRAINT uq_people_email UNIQUE (email),
    CONSTRAINT ck_people_role CHECK (role IN ('viewer', 'operator', 'editor', 'admin'))
);

CREATE TABLE invitations (
    digest BYTEA NOT NULL,
    email TEXT,
    role TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_invitations PRIMARY KEY (digest),
    CONSTRAINT ck_invitations_role CHECK (role IN ('viewer', 'operator', 'editor', 'admin'))
);
CREATE INDEX ix_invitations_email ON invitations (email);

CREATE TABLE console_sessions (
    digest BYTEA NOT NULL,
    person_id UUID NOT NULL,
    origin TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_console_sessions PRIMARY KEY (digest),
    CONSTRAINT fk_console_sessions_person_id FOREIGN KEY (person_id)
        REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_console_sessions_person_id ON console_sessions (person_id);
CREATE INDEX ix_console_sessions_expires_at ON console_sessions (expires_at);

CREATE TABLE api_tokens (
    id UUID NOT NULL,
    digest BYTEA NOT NULL,
    person_id UUID NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_api_tokens PRIMARY KEY (id),
    CONSTRAINT uq_api_tokens_digest UNIQUE (digest),
    CONSTRAINT fk_api_tokens_person_id FOREIGN KEY (person_id)
        REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT ck_api_tokens_role CHECK (role IN ('viewer', 'operator', 'editor', 'admin'))
);
CREATE INDEX ix_api_tokens_person_id ON api_tokens (person_id);

CREATE TABLE sign_in_failures (
    digest BYTEA NOT NULL,
    failures INTEGER NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    free_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sign_in_failures PRIMARY KEY (digest)
);
CREATE INDEX ix_sign_in_failures_last_at ON sign_in_failures (last_at);
"""


def upgrade() -> None:
    """Tables of their own: the version before knows nothing of them, and goes on."""
    op.execute(_PEOPLE)
    for name, place in INDEXES.items():
        op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")
