"""The rows of sessions, as far as several rules need them: locked first, before any mechanic's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, cast, func, select, update
from sqlalchemy.dialects.postgresql import JSONB

from hub.errors import Permanent
from hub.signature import Email, Phone
from hub.storage.tables import sessions

SessionStatus = Literal["pending", "scheduled", "in-progress", "completed", "no_show", "cancelled"]
Kind = Literal["video", "chat", "diagnostic"]
Viewer = Literal["mechanic", "customer"]

EXAMPLE: dict[str, object] = {
    "session_id": "7d3c5f0a-2f0b-4a55-8c9d-0a51d5a1c001",
    "customer_id": "55555555-5555-4555-8555-555555555555",
    "mechanic_id": "66666666-6666-4666-8666-666666666666",
    "kind": "video",
    "status": "scheduled",
    "version": 2,
    "timezone": "America/New_York",
    "scheduled_for": "2025-11-13T15:00:00Z",
    "ends_at": "2025-11-13T15:45:00Z",
    "customer_email": "ada@example.com",
    "payment_intent_id": "pi_1",
}


@dataclass(frozen=True)
class SessionFacts:
    """One session. `version` is the sequence of its calendar entry."""

    session_id: str
    customer_id: UUID
    mechanic_id: UUID
    kind: Kind
    status: SessionStatus
    version: int
    timezone: str
    scheduled_for: datetime | None = None
    ends_at: datetime | None = None
    customer_email: Email | None = None
    customer_phone: Phone | None = None
    payment_intent_id: str | None = None
    reservation_id: UUID | None = None
    waiver_signed_at: datetime | None = None


def lock(
    db: Connection,
    session_id: UUID | None,
    *,
    customer_id: UUID | None = None,
    mechanic_id: UUID | None = None,
) -> Row[Any]:
    """The session, which nobody else changes now; raises `not_found`, also for another's (R-21).

    `NO KEY`: rows that only refer to it are not held up.
    """
    asked = select(sessions).where(sessions.c.id == session_id).with_for_update(key_share=True)
    if customer_id is not None:
        asked = asked.where(sessions.c.customer_id == customer_id)
    if mechanic_id is not None:
        asked = asked.where(sessions.c.mechanic_id == mechanic_id)
    row = db.execute(asked).one_or_none()
    if row is None:
        raise Permanent("not_found", "there is no such session")
    return row


def find_paid(db: Connection, payment_intent_id: str) -> Row[Any] | None:
    """The session that a payment is for, locked; simulated payments are for none."""
    asked = select(sessions).where(
        sessions.c.payment_intent_id == payment_intent_id, sessions.c.mode == "live"
    )
    return db.execute(asked.with_for_update(key_share=True)).one_or_none()


def link(db: Connection, session: Row[Any], *, reservation_id: UUID) -> None:
    """Note the reservation that a locked session has, also in its metadata (R-02)."""
    db.execute(
        update(sessions)
        .where(sessions.c.id == session.id)
        .values(
            reservation_id=reservation_id,
            metadata=sessions.c.metadata.op("||")(
                cast(func.jsonb_build_object("reservation_id", str(reservation_id)), JSONB)
            ),
        )
    )


def change(db: Connection, row: Row[Any], **values: Any) -> Row[Any]:
    """Change a locked session; gives its row as it is now."""
    changed = update(sessions).where(sessions.c.id == row.id).values(**values).returning(sessions)
    return db.execute(changed).one()


def own(viewer: Viewer, viewer_id: UUID) -> ColumnElement[bool]:
    """The sessions of one mechanic or of one customer (R-21)."""
    return (sessions.c.mechanic_id if viewer == "mechanic" else sessions.c.customer_id) == viewer_id


def facts(row: Row[Any]) -> SessionFacts:
    """The session as others see it."""
    return SessionFacts(
        session_id=str(row.id),
        customer_id=row.customer_id,
        mechanic_id=row.mechanic_id,
        kind=row.kind,
        status=row.status,
        version=row.version,
        timezone=row.timezone,
        scheduled_for=row.scheduled_for,
        ends_at=row.ends_at,
        customer_email=row.customer_email,
        customer_phone=row.customer_phone,
        payment_intent_id=row.payment_intent_id,
        reservation_id=row.reservation_id,
        waiver_signed_at=row.waiver_signed_at,
    )
