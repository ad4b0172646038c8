"""The leads of the demonstration and its phone numbers, as they are before it begins."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection

from hub.action import Attempt
from hub.cli.demo.bodies import LEADS, NUMBERS
from hub.cli.demo.stage import Stage
from hub.domain import appointments, holds, leads, phones

_ANEW = "the demonstration begins anew"


def prepare_pool(stage: Stage) -> None:
    """Leads and numbers, or those of last time without their appointments and holds."""
    with stage.acting() as (act, attempt):
        connection = act.connection
        for lead in LEADS:
            leads.create(
                connection,
                stage.clock,
                attempt,
                first_name=lead.first_name,
                last_name=lead.last_name,
                email=lead.email,
                phone=lead.phone,
                lead_id=lead.id,
            )
            _call_off(stage, connection, attempt, lead.id)
            holds.lock_lead(connection, stage.clock, lead_id=lead.id)
            hold = holds.hold_of(connection, lead_id=lead.id)
            if hold is not None:
                holds.end_hold(connection, stage.clock, attempt, hold, why=_ANEW)
        phones.add_numbers(connection, stage.clock, numbers=NUMBERS)
        act.note({"leads": [str(lead.id) for lead in LEADS], "numbers": list(NUMBERS)})


def _call_off(stage: Stage, connection: Connection, attempt: Attempt, lead_id: UUID) -> None:
    """Cancel what an earlier demonstration left open, or its times would be known already."""
    while True:
        found = appointments.find(connection, lead_id=lead_id)
        if found.status != "scheduled":
            return
        appointments.record_outcome(
            connection,
            stage.clock,
            attempt,
            lead_id=lead_id,
            outcome="cancelled",
            keep_number_for=timedelta(),
            starts_at=found.starts_at,
        )
