"""Tenants, and the keys of those who speak for them (K-21).

A key is `<id>.<proof>`: the proof is made from the id with a secret of the hub
(`hub.values.caller_keys`), and only the id is stored. Who sends a key is proved before a workflow
runs; the workflow's first step asks here for whom they speak, and hands the tenant to every step
after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from hub.action import Clock, action
from hub.errors import Permanent
from hub.storage.tables import jobs, tenant_keys, tenants


@dataclass(frozen=True)
class Speaker:
    """For which tenant somebody speaks."""

    tenant_id: UUID
    name: str
    timezone: str
    label: str


@dataclass(frozen=True)
class KeyLine:
    """One key of a tenant, without its proof."""

    id: str
    tenant_id: UUID
    label: str
    created_at: datetime
    revoked_at: datetime | None


@action(
    "tenants.of_key",
    effect="read",
    errors=("unknown_key",),
    example={
        "tenant_id": "77777777-7777-4777-8777-777777777777",
        "name": "Acme Heating",
        "timezone": "America/New_York",
        "label": "front desk",
    },
)
def of_key(db: Connection, *, key_id: str) -> Speaker:
    """Say for which tenant the holder of a key speaks; a revoked key speaks for nobody."""
    row = db.execute(
        select(tenant_keys.c.label, tenants.c.id, tenants.c.name, tenants.c.timezone)
        .join(tenants, tenants.c.id == tenant_keys.c.tenant_id)
        .where(tenant_keys.c.id == key_id, tenant_keys.c.revoked_at.is_(None))
    ).one_or_none()
    if row is None:
        raise Permanent("unknown_key", "this key speaks for nobody")
    return Speaker(row.id, row.name, row.timezone, row.label)


def add_key(db: Connection, *, key_id: str, tenant_id: UUID, label: str) -> None:
    """Let a key speak for a tenant from now on; raises `not_found`."""
    if db.scalar(select(tenants.c.id).where(tenants.c.id == tenant_id)) is None:
        raise Permanent("not_found", f"there is no tenant {tenant_id}")
    db.execute(insert(tenant_keys).values(id=key_id, tenant_id=tenant_id, label=label))


def revoke_key(db: Connection, clock: Clock, *, key_id: str) -> bool:
    """Let a key speak for nobody any more; false when it did not. Raises `not_found`."""
    known = db.scalar(select(tenant_keys.c.id).where(tenant_keys.c.id == key_id))
    if known is None:
        raise Permanent("not_found", f"there is no key {key_id}")
    revoked = db.execute(
        update(tenant_keys)
        .where(tenant_keys.c.id == key_id, tenant_keys.c.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    return revoked.rowcount > 0


def key_for_job(db: Connection, job_id: UUID) -> str | None:
    """The id of the oldest key that speaks for the tenant of a job; None where there is none."""
    wanted = (
        select(tenant_keys.c.id)
        .join(jobs, jobs.c.tenant_id == tenant_keys.c.tenant_id)
        .where(jobs.c.id == job_id, tenant_keys.c.revoked_at.is_(None))
        .order_by(tenant_keys.c.created_at, tenant_keys.c.id)
        .limit(1)
    )
    found: str | None = db.scalar(wanted)
    return found


def all_tenants(db: Connection) -> list[UUID]:
    """All of them, by name."""
    return list(db.scalars(select(tenants.c.id).order_by(tenants.c.name, tenants.c.id)))


def keys(db: Connection) -> list[KeyLine]:
    """All keys by their tenant and age."""
    rows = db.execute(
        select(tenant_keys).order_by(tenant_keys.c.tenant_id, tenant_keys.c.created_at)
    )
    return [
        KeyLine(row.id, row.tenant_id, row.label, row.created_at, row.revoked_at) for row in rows
    ]
