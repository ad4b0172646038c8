"""Text messages that were sent, so that status callbacks find them."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

_TEXT_MESSAGES = """
CREATE TABLE text_messages (
    sid TEXT NOT NULL,
    run_id UUID NOT NULL,
    path TEXT NOT NULL,
    number TEXT NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status TEXT,
    error TEXT,
    error_code TEXT,
    status_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_text_messages PRIMARY KEY (sid),
    CONSTRAINT fk_text_messages_run_id FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE INDEX ix_text_messages_run_id ON text_messages (run_id);
CREATE INDEX ix_text_messages_sent_at ON text_messages (sent_at);
"""


def upgrade() -> None:
    """A table of its own: the version before knows nothing of it, and goes on.

    The rows of a run go with it, whichever version removes it.
    """
    op.execute(_TEXT_MESSAGES)
