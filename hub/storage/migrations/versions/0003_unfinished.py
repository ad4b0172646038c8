"""Whether a schedule's last run goes on is known without reading all its runs."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES = {
    "ix_runs_scheduled_unfinished": (
        "runs (workflow) WHERE ended_at IS NULL AND scheduled_at IS NOT NULL"
    ),
}


def upgrade() -> None:
    """Make the index."""
    for name, place in INDEXES.items():
        op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")
