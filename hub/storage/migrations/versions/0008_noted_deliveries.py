"""Requests that made no run are found without reading all requests."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

INDEXES = {"ix_deliveries_noted": "deliveries (received_at, id) WHERE notes IS NOT NULL"}


def upgrade() -> None:
    """Make the index."""
    for name, place in INDEXES.items():
        op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")
