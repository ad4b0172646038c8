"""Who wants no text messages: the hub itself must know it, before a message leaves."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_OPT_OUTS = """
CREATE TABLE opt_outs (
    number TEXT NOT NULL,
    is_out BOOLEAN NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    source TEXT NOT NULL,
    CONSTRAINT pk_opt_outs PRIMARY KEY (number)
);
"""


def upgrade() -> None:
    """A table of its own: the version before knows nothing of it, and goes on."""
    op.execute(_OPT_OUTS)
