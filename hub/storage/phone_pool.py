"""How many phone numbers there are."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from hub.storage.tables import phone_numbers


def count_numbers(db: Connection) -> int:
    """All of the pool, held and free."""
    return db.execute(select(func.count()).select_from(phone_numbers)).scalar_one()
