"""What is in the calendar between two instants: appointments of leads, jobs, sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, text

MOST = 500  # entries of one look

Kind = Literal["appointment", "job", "session"]


@dataclass(frozen=True)
class Entry:
    """One thing that has a time. `title`: what it is; `who` is personal data."""

    kind: Kind
    id: UUID
    starts_at: datetime
    ends_at: datetime | None
    title: str
    status: str
    who: str
    mode: str


def entries(db: Connection, *, first: datetime, last: datetime) -> list[Entry]:
    """What begins in `[first, last)`, by its time; at most `MOST`, the first ones."""
    rows = db.execute(_ENTRIES, {"first": first, "last": last, "most": MOST})
    return [Entry(**row) for row in rows.mappings()]


# Each part has its own limit, so that none of them is sorted whole to be thrown away.
_ENTRIES = text("""
    (SELECT 'appointment' AS kind, a.id, a.starts_at, CAST(NULL AS timestamptz) AS ends_at,
            'appointment' AS title, a.status, trim(l.first_name || ' ' || l.last_name) AS who,
            a.mode
       FROM appointments a JOIN leads l ON l.id = a.lead_id
      WHERE a.starts_at >= :first AND a.starts_at < :last
      ORDER BY a.starts_at, a.id LIMIT :most)
    UNION ALL
    (SELECT 'job', j.id, j.starts_at, j.ends_at, s.name,
            CASE WHEN j.is_no_show THEN 'no-show' ELSE j.status END, j.client_name, j.mode
       FROM jobs j JOIN services s ON s.id = j.service_id
      WHERE j.starts_at >= :first AND j.starts_at < :last
        AND j.tenant_id IN (SELECT id FROM tenants)
      ORDER BY j.starts_at, j.id LIMIT :most)
    UNION ALL
    (SELECT 'session', s.id, s.scheduled_for, s.ends_at, s.kind, s.status,
            coalesce(s.customer_email, ''), s.mode
       FROM sessions s
      WHERE s.scheduled_for >= :first AND s.scheduled_for < :last
      ORDER BY s.scheduled_for, s.id LIMIT :most)
    ORDER BY starts_at, id LIMIT :most
""")
