"""How many runs ended in the last minutes, however long ago they began."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"

# Built beside writers, before this revision (`hub.storage.migrate`); here only where that was not.
INDEXES = {"ix_runs_ended_at": "runs (ended_at) WHERE ended_at IS NOT NULL"}


def upgrade() -> None:
    """Make the index."""
    for name, place in INDEXES.items():
        op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")
