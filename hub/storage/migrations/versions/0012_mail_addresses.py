"""Addresses that must not be written to: the hub itself must know it, before a mail leaves."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

_MAIL_ADDRESSES = """
CREATE TABLE mail_addresses (
    address TEXT NOT NULL,
    blocked_at TIMESTAMP WITH TIME ZONE,
    reason TEXT,
    source TEXT NOT NULL,
    allowed_at TIMESTAMP WITH TIME ZONE,
    deferred_at TIMESTAMP WITH TIME ZONE,
    deferrals INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_mail_addresses PRIMARY KEY (address),
    CONSTRAINT ck_mail_addresses_folded CHECK (address = lower(address)),
    CONSTRAINT ck_mail_addresses_why CHECK ((blocked_at IS NULL) = (reason IS NULL)),
    CONSTRAINT ck_mail_addresses_reason
        CHECK (reason IN ('bounce', 'complaint', 'refused', 'request'))
);
"""


def upgrade() -> None:
    """A table of its own: the version before knows nothing of it, and goes on."""
    op.execute(_MAIL_ADDRESSES)
