"""Pictures of booking sessions, and which browser opened our page of one.

The version before writes neither, and reads neither.
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"

_PICTURES = """
CREATE TABLE booking_session_pictures (
    session_id UUID NOT NULL,
    state TEXT NOT NULL,
    jpeg BYTEA NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_booking_session_pictures PRIMARY KEY (session_id, state),
    CONSTRAINT ck_booking_session_pictures_size CHECK (octet_length(jpeg) <= 300000),
    CONSTRAINT fk_booking_session_pictures_session_id
        FOREIGN KEY (session_id) REFERENCES booking_sessions (id) ON DELETE CASCADE
);
"""
_VIEWER = "ALTER TABLE booking_sessions ADD COLUMN viewer TEXT"


def upgrade() -> None:
    """A table and a column that the version before does not look at."""
    op.execute(_PICTURES)
    op.execute(_VIEWER)
