"""The people who book: one contact for each address of a tenant (K-10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection, func
from sqlalchemy.dialects.postgresql import insert

from hub.signature import Email
from hub.storage.tables import contacts
from hub.values import normalise_phone


@dataclass(frozen=True)
class Client:
    """Who books."""

    name: str
    email: Email
    phone: str | None = None
    timezone: str | None = None


def reachable(client: Client, region: str | None) -> Client:
    """The client with their phone in E.164, read as one of `region` where it names no country.

    What is no phone stays as it was written: whoever calls back may make sense of it, and a text
    message to it is refused.
    """
    if client.phone is None:
        return client
    try:
        return replace(client, phone=normalise_phone(client.phone, region))
    except ValueError:
        return client


def upsert(db: Connection, client: Client, *, tenant_id: UUID, now: datetime) -> UUID:
    """The tenant's contact with this address, as it calls itself now; what it left out stays.

    Addresses that differ in their capitals only are one.
    """
    wanted = insert(contacts).values(
        id=uuid4(),
        tenant_id=tenant_id,
        email_key=email_key(client.email),
        email=client.email,
        name=client.name,
        phone=client.phone,
        timezone=client.timezone,
        created_at=now,
        updated_at=now,
    )
    found: UUID = db.execute(
        wanted.on_conflict_do_update(
            index_elements=["tenant_id", "email_key"],
            set_={
                "email": wanted.excluded.email,
                "name": wanted.excluded.name,
                "phone": func.coalesce(wanted.excluded.phone, contacts.c.phone),
                "timezone": func.coalesce(wanted.excluded.timezone, contacts.c.timezone),
                "updated_at": now,
            },
        ).returning(contacts.c.id)
    ).scalar_one()
    return found


def email_key(address: str) -> str:
    """What two spellings of one address have in common."""
    return address.strip().lower()
