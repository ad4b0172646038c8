"""When each scheduled workflow is due next: one row each, moved by compare-and-set (E12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from hub.storage.db import at_once


@dataclass(frozen=True)
class DueSchedule:
    """A schedule whose time has come; `now` is the database's clock."""

    workflow: str
    next_at: datetime
    now: datetime


def plan(engine: Engine, *, workflow: str, version: str, first_at: datetime) -> None:
    """Make the row of a schedule, or note its newer version.

    A planned time that has come stays, so that nothing is missed; a newer version plans anew.
    """
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO schedules (workflow, version, next_at)"
                " VALUES (:workflow, :version, :first_at)"
                " ON CONFLICT (workflow) DO UPDATE SET version = excluded.version,"
                " next_at = CASE WHEN schedules.version = excluded.version"
                " OR schedules.next_at <= now() THEN schedules.next_at ELSE excluded.next_at END"
            ),
            {"workflow": workflow, "version": version, "first_at": first_at},
        )


def drop_others(engine: Engine, workflows: list[str]) -> None:
    """Schedules whose file is gone or rests are not fired any more."""
    with engine.begin() as connection:
        connection.execute(
            text("DELETE FROM schedules WHERE NOT workflow = ANY(:workflows)"),
            {"workflows": workflows},
        )


def due(engine: Engine) -> list[DueSchedule]:
    """The schedules whose time has come."""
    with at_once(engine) as connection:
        rows = connection.execute(
            text("SELECT workflow, next_at, now() AS now FROM schedules WHERE next_at <= now()")
        )
        return [DueSchedule(**row) for row in rows.mappings()]


def move(connection: Connection, schedule: DueSchedule, *, next_at: datetime) -> bool:
    """Take this firing: true for exactly one of all schedulers."""
    taken = connection.execute(
        text(
            "UPDATE schedules SET next_at = :next_at, last_at = next_at"
            " WHERE workflow = :workflow AND next_at = :planned RETURNING workflow"
        ),
        {"workflow": schedule.workflow, "planned": schedule.next_at, "next_at": next_at},
    )
    return taken.first() is not None


def has_unfinished(connection: Connection, workflow: str) -> bool:
    """Whether an earlier run of the schedule still goes on (`overlap: skip`)."""
    found = connection.execute(
        text(
            "SELECT 1 FROM runs WHERE workflow = :workflow AND ended_at IS NULL"
            " AND scheduled_at IS NOT NULL LIMIT 1"
        ),
        {"workflow": workflow},
    )
    return found.first() is not None


def was_fired(connection: Connection, workflow: str, instant: datetime) -> bool:
    """Whether this planned instant has its run already (the clock of the database was set back)."""
    found = connection.execute(
        text(
            "SELECT 1 FROM runs WHERE workflow = :workflow AND scheduled_at = :instant"
            " AND retry_of IS NULL LIMIT 1"
        ),
        {"workflow": workflow, "instant": instant},
    )
    return found.first() is not None
