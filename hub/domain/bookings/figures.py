"""Figures of bookings beside what they should be (K-24)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from hub.action import action
from hub.errors import Permanent

Wanted = Literal["at most", "more than", "less than", "none"]

_REQUESTS = "booking-request"  # the workflow of the public page


@dataclass(frozen=True)
class Figure:
    """One figure; `target` is what it should be, where that is told.

    Without a value nothing happened yet that could be measured.
    """

    name: str
    unit: str
    wanted: Wanted
    is_met: bool
    value: float | None = None
    target: float | None = None


@dataclass(frozen=True)
class Figures:
    """What happened to a tenant's bookings that were made between two instants."""

    tenant_id: UUID
    first: datetime
    last: datetime
    figures: list[Figure]


@dataclass(frozen=True)
class _Kind:
    """A figure before it is measured; `column` is that of the statement below."""

    column: str
    name: str
    unit: str
    wanted: Wanted = "none"
    target: float | None = None


_KINDS = (
    _Kind("bookings", "bookings", ""),
    _Kind("pending", "pending", ""),
    _Kind("cancelled", "cancelled", ""),
    _Kind("conversion", "requests that became bookings", "%"),
    _Kind("double_bookings", "double bookings", "", "at most", 0),
    _Kind("mails_delivered", "e-mails delivered", "%", "more than", 95),
    _Kind("api_errors", "requests that failed", "%", "less than", 1),
    _Kind("answer_ms", "mean time to an answer", "ms", "less than", 500),
    _Kind("decision_minutes", "mean time to a decision", "min"),
    _Kind("no_shows", "no-shows", "%"),
)


@action(
    "bookings.figures",
    effect="read",
    errors=("invalid_range",),
    example={
        "tenant_id": "77777777-7777-4777-8777-777777777777",
        "first": "2025-11-01T00:00:00Z",
        "last": "2025-12-01T00:00:00Z",
        "figures": [
            {
                "name": "double bookings",
                "unit": "",
                "wanted": "at most",
                "is_met": True,
                "value": 0.0,
                "target": 0.0,
            }
        ],
    },
)
def figures(db: Connection, *, tenant_id: UUID, first: datetime, last: datetime) -> Figures:
    """Measure the bookings of a tenant that were made between two instants, beside their targets.

    Requests are those to the public page; e-mails are those of the runs that made bookings.
    """
    if first >= last:
        raise Permanent("invalid_range", "the first instant must come before the last one")
    given = {"tenant_id": tenant_id, "first": first, "last": last, "requests": _REQUESTS}
    row = db.execute(_MEASURED, given).mappings().one()
    return Figures(tenant_id, first, last, [_figure(kind, row[kind.column]) for kind in _KINDS])


def _figure(kind: _Kind, measured: Any) -> Figure:
    value = None if measured is None else round(float(measured), 1)
    return Figure(
        name=kind.name,
        unit=kind.unit,
        wanted=kind.wanted,
        is_met=value is None or _is_met(kind, value),
        value=value,
        target=kind.target,
    )


def _is_met(kind: _Kind, value: float) -> bool:
    target = kind.target or 0.0
    if kind.wanted == "at most":
        return value <= target
    if kind.wanted == "more than":
        return value > target
    return value < target if kind.wanted == "less than" else True


_MEASURED = text("""
    WITH mine AS (
        SELECT * FROM jobs
         WHERE tenant_id = :tenant_id AND created_at >= :first AND created_at < :last
    ), asked AS (
        SELECT runs.status, runs.response, deliveries.received_at,
               coalesce(replied.at, runs.ended_at) AS answered_at,
               EXISTS (SELECT FROM jobs WHERE jobs.run_id = runs.id) AS is_booked
          FROM runs
          JOIN deliveries ON deliveries.id = runs.delivery_id
          JOIN services ON services.tenant_id = :tenant_id
           AND CAST(services.id AS text) = runs.trigger #>> '{params,service_id}'
          LEFT JOIN LATERAL (SELECT min(steps.ended_at) AS at FROM steps
                              WHERE steps.run_id = runs.id AND steps.kind = 'reply') replied ON TRUE
         WHERE runs.workflow = :requests AND runs.created_at >= :first AND runs.created_at < :last
    ), mails AS (
        SELECT steps.status FROM mine JOIN steps ON steps.run_id = mine.run_id
         WHERE steps.action = 'email.send' AND steps.status IN ('succeeded', 'failed')
    )
    SELECT (SELECT count(*) FROM mine) AS bookings,
           (SELECT count(*) FROM mine WHERE status = 'pending-confirmation') AS pending,
           (SELECT count(*) FROM mine WHERE status = 'cancelled') AS cancelled,
           (SELECT 100.0 * count(*) FILTER (WHERE is_booked) / nullif(count(*), 0)
              FROM asked) AS conversion,
           (SELECT count(*) FROM jobs a JOIN services s ON s.id = a.service_id
             WHERE a.tenant_id = :tenant_id AND a.override_reason IS NULL
               AND a.status IN ('pending-confirmation', 'scheduled', 'in-progress')
               AND (a.decide_by IS NULL OR a.status <> 'pending-confirmation'
                    OR a.decide_by > :last)
               AND s.max_bookings_per_slot < (
                   SELECT count(*) FROM jobs b
                    WHERE b.service_id = a.service_id AND b.override_reason IS NULL
                      AND b.status IN ('pending-confirmation', 'scheduled', 'in-progress')
                      AND b.starts_at <= a.starts_at AND b.ends_at > a.starts_at)
           ) AS double_bookings,
           (SELECT 100.0 * count(*) FILTER (WHERE status = 'succeeded') / nullif(count(*), 0)
              FROM mails) AS mails_delivered,
           (SELECT 100.0 * count(*) FILTER (WHERE status IN ('failed', 'undo_failed'))
                   / nullif(count(*), 0) FROM asked) AS api_errors,
           (SELECT 1000 * avg(extract(epoch FROM answered_at - received_at))
              FROM asked WHERE answered_at IS NOT NULL) AS answer_ms,
           (SELECT avg(extract(epoch FROM decided_at - created_at)) / 60
              FROM mine WHERE decided_at IS NOT NULL) AS decision_minutes,
           (SELECT 100.0 * count(*) FILTER (WHERE is_no_show)
                   / nullif(count(*) FILTER (WHERE is_no_show OR status = 'completed'), 0)
              FROM mine) AS no_shows
""")
