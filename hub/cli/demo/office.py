"""The tenants of the demonstration: services that can be booked, and keys of their staff."""

from __future__ import annotations

from sqlalchemy import select

from hub.cli.demo.sending import key_id
from hub.cli.demo.stage import Stage
from hub.domain.bookings import demo_data, tenants
from hub.storage.tables import services, tenant_keys
from hub.storage.tables import tenants as tenant_rows


def prepare_office(stage: Stage, *, origins: tuple[str, ...] = ()) -> None:
    """Tenants, services and keys; those of last time stay, `origins` are those of pages of now."""
    with stage.acting() as (act, _):
        loaded = demo_data.load(act.connection, stage.clock, origins=origins)
        for tenant in loaded.tenants:
            known = select(tenant_keys.c.id).where(tenant_keys.c.id == key_id(tenant))
            if act.connection.scalar(known) is None:
                label = "the demonstration"
                tenants.add_key(
                    act.connection, key_id=key_id(tenant), tenant_id=tenant, label=label
                )
        act.note({"tenants": [str(each) for each in loaded.tenants]})


def bookable(stage: Stage) -> list[dict[str, str | bool]]:
    """The services that can be booked, for a page."""
    wanted = (
        select(
            services.c.id,
            services.c.name,
            services.c.require_confirmation,
            services.c.contractor_name,
            tenant_rows.c.id.label("tenant"),
            tenant_rows.c.name.label("tenant_name"),
        )
        .join(tenant_rows, tenant_rows.c.id == services.c.tenant_id)
        .where(services.c.is_active, tenant_rows.c.id.in_([demo_data.HEATING, demo_data.STUDIO]))
        .order_by(tenant_rows.c.name, services.c.name)
    )
    with stage.database.connect() as connection:
        return [
            {
                "id": str(row.id),
                "name": row.name,
                "isConfirmed": row.require_confirmation,
                "contractor": row.contractor_name,
                "tenant": str(row.tenant),
                "tenantName": row.tenant_name,
            }
            for row in connection.execute(wanted)
        ]
