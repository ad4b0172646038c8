"""What there is to click on: made-up leads and numbers, and who holds which of them now."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from hub.cli.demo.bodies import LEADS, MECHANICS
from hub.cli.demo.office import bookable
from hub.cli.demo.stage import Stage
from hub.domain.monitor import HoldLine
from hub.storage.tables import leads
from hub.values import format_instant


def rows(stage: Stage) -> dict[str, Any]:
    """The made-up people and what lies in the tables about them."""
    return {
        "leads": [
            {
                "id": str(lead.id),
                "name": f"{lead.first_name} {lead.last_name}",
                "phone": lead.phone,
                "email": lead.email,
            }
            for lead in LEADS
        ],
        "holds": [_hold(each) for each in stage.holds()],
        "services": bookable(stage),
        "mechanics": [{"id": str(each.id), "name": each.first_name} for each in MECHANICS],
    }


def has_leads(stage: Stage) -> bool:
    """Whether the made-up leads are there, from last time."""
    with stage.database.connect() as connection:
        wanted = select(func.count()).where(leads.c.id.in_([lead.id for lead in LEADS]))
        return connection.execute(wanted).scalar_one() == len(LEADS)


def _hold(hold: HoldLine) -> dict[str, Any]:
    starts_at = hold.appointment_at
    return {
        "leadId": str(hold.lead_id),
        "number": hold.number,
        "appointment": None if starts_at is None else format_instant(starts_at),
        "releaseAt": format_instant(hold.release_at),
        "label": hold.label,
        "outcome": hold.last_outcome,
    }
