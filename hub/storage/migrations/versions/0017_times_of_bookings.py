"""What a week of the calendar and the list of slots read, without all that was before."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

# Built beside writers, before this revision (`hub.storage.migrate`); here only where that was not.
INDEXES = {
    "ix_appointments_starts_at": "appointments (starts_at)",
    "ix_sessions_scheduled_for": "sessions (scheduled_for)",
    "ix_slot_reservations_ends_at": (
        "slot_reservations (ends_at) WHERE status IN ('reserved', 'confirmed')"
    ),
}


def upgrade() -> None:
    """Make the indexes."""
    for name, place in INDEXES.items():
        op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")
