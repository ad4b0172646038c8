"""What is old goes, bit by bit, and never what is still needed (E19, I9).

A run goes when it ended longer ago than its period, and nobody names it any more: no key inside its
window, no run that was made of it by hand, no turn, no event that somebody may wait for. With it go
its steps, its history and its keys. A delivery goes when none of its runs is left, the files of a
version when no run began with them and newer ones were in force for the whole period.

Each function looks at one slice, by an index, in a short transaction of its own. Nothing here waits
for a row that another has, and of several workers one removes at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from hub.storage.db import at_once, taking_up_to

SLICE = 500  # rows that are looked at in one transaction
LOCK = 7_213_904_655_120  # one number of ours among the server's advisory locks
_NO_ID = UUID(int=0)
_VERSIONS_MAY_TAKE = timedelta(minutes=5)  # all runs are looked through, and nobody waits for it


class Busy(Exception):
    """Another process is removing right now."""


@dataclass(frozen=True)
class Gone:
    """How much went, or would."""

    runs: int = 0
    deliveries: int = 0
    versions: int = 0
    events: int = 0
    audit: int = 0
    invitations: int = 0

    def __add__(self, other: Gone) -> Gone:
        return Gone(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True)
class Place:
    """Where a walk is: everything that is later was looked at. `endpoint`: of deliveries."""

    at: datetime
    id: UUID = _NO_ID
    endpoint: str | None = None

    @classmethod
    def beginning(cls, engine: Engine, kept: timedelta) -> Self:
        """By the clock of the database: older than this is old."""
        with at_once(engine) as connection:
            query = text("SELECT now() - CAST(:kept AS interval)")
            return cls(connection.execute(query, {"kept": kept}).scalar_one())


_ALONE = text("SELECT pg_try_advisory_xact_lock(:lock)")


def _be_alone(connection: Connection) -> None:
    if not connection.execute(_ALONE, {"lock": LOCK}).scalar_one():
        raise Busy


# ---------------------------------------------------------------------------------------- the runs

_NEXT_RUNS = text(
    "SELECT id, created_at FROM runs WHERE (created_at, id) < (:at, :id)"
    " ORDER BY created_at DESC, id DESC LIMIT :most"
)
# Whoever wants to name such a run from now on waits for our end, and is told that it is gone.
_LOCK_ENDED = text(
    "SELECT id FROM runs WHERE id = ANY(:ids) AND ended_at < :before FOR UPDATE SKIP LOCKED"
)
_FORGET_KEYS = text(
    """
    DELETE FROM dedupe_keys WHERE (endpoint, digest) IN (
        SELECT endpoint, digest FROM dedupe_keys
         WHERE run_id = ANY(:ids) AND expires_at <= now() FOR UPDATE SKIP LOCKED)
    """
)
_IS_NAMED = """
    EXISTS (SELECT FROM dedupe_keys WHERE run_id = old.id{window})
    OR EXISTS (SELECT FROM turns WHERE run_id = old.id)
    OR EXISTS (SELECT FROM events WHERE run_id = old.id)
"""
_FREE = text(
    f"""
    SELECT id FROM unnest(CAST(:ids AS uuid[])) AS old(id)
     WHERE NOT EXISTS (SELECT FROM runs WHERE retry_of = old.id)
       AND NOT ({_IS_NAMED.format(window="")})
    """  # noqa: S608 - our own text
)
_REMOVE = (
    text("DELETE FROM steps WHERE run_id = ANY(:ids)"),
    text("DELETE FROM run_history WHERE run_id = ANY(:ids)"),
    text("DELETE FROM once_keys WHERE run_id = ANY(:ids)"),
    text("DELETE FROM event_waits WHERE run_id = ANY(:ids)"),
    text("DELETE FROM runs WHERE id = ANY(:ids)"),
)


def remove_runs(
    engine: Engine, *, before: datetime, place: Place, most: int = SLICE
) -> tuple[int, Place | None]:
    """Remove what may go of the next slice, the youngest first; None: that was the last slice.

    A run that was made by hand goes before the one it was made of, which is older. Raises `Busy`.
    """
    with engine.begin() as connection:
        _be_alone(connection)
        values = {"at": place.at, "id": place.id, "most": most}
        seen = connection.execute(_NEXT_RUNS, values).all()
        if not seen:
            return 0, None
        ids = [row.id for row in seen]
        locked = connection.execute(_LOCK_ENDED, {"ids": ids, "before": before})
        gone = _remove_free(connection, [row.id for row in locked])
    return gone, Place(seen[-1].created_at, seen[-1].id)


def _remove_free(connection: Connection, ids: list[UUID]) -> int:
    """Again and again, as one that goes may free the one that it was made of."""
    connection.execute(_FORGET_KEYS, {"ids": ids})
    left, gone = set(ids), 0
    while left:
        free = [row.id for row in connection.execute(_FREE, {"ids": list(left)})]
        if not free:
            break
        for statement in _REMOVE:
            connection.execute(statement, {"ids": free})
        left -= set(free)
        gone += len(free)
    return gone


# ---------------------------------------------------------------------------------- the deliveries

_NEXT_ENDPOINT = text(
    "SELECT endpoint FROM deliveries WHERE endpoint > :endpoint ORDER BY endpoint LIMIT 1"
)
_NEXT_DELIVERIES = text(
    "SELECT id, received_at FROM deliveries"
    " WHERE endpoint = :endpoint AND (received_at, id) < (:at, :id)"
    " ORDER BY received_at DESC, id DESC LIMIT :most"
)
_REMOVE_DELIVERIES = text(
    """
    DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries
         WHERE id = ANY(:ids)
           AND NOT EXISTS (SELECT FROM runs WHERE delivery_id = deliveries.id)
           FOR UPDATE SKIP LOCKED)
    """
)


def remove_deliveries(
    engine: Engine, *, before: datetime, place: Place, most: int = SLICE
) -> tuple[int, Place | None]:
    """The same for requests of which no run is left, endpoint by endpoint. Raises `Busy`."""
    with engine.begin() as connection:
        _be_alone(connection)
        endpoint = place.endpoint
        if endpoint is None:
            endpoint = _following(connection, "")
            if endpoint is None:
                return 0, None
        values = {"endpoint": endpoint, "at": place.at, "id": place.id, "most": most}
        seen = connection.execute(_NEXT_DELIVERIES, values).all()
        if not seen:
            following = _following(connection, endpoint)
            return 0, None if following is None else Place(before, endpoint=following)
        gone = connection.execute(_REMOVE_DELIVERIES, {"ids": [row.id for row in seen]}).rowcount
    return gone, Place(seen[-1].received_at, seen[-1].id, endpoint)


def _following(connection: Connection, endpoint: str) -> str | None:
    found = connection.execute(_NEXT_ENDPOINT, {"endpoint": endpoint}).scalar()
    return None if found is None else str(found)


# ------------------------------------------------------------------------------------ the versions

_UNUSED_VERSIONS = """
    FROM workflow_versions AS kept
     WHERE EXISTS (SELECT FROM workflow_versions AS newer
                    WHERE newer.workflow = kept.workflow
                      AND newer.created_at > kept.created_at AND newer.created_at < :before)
       AND NOT EXISTS (SELECT FROM schedules WHERE version = kept.hash)
       AND NOT EXISTS (SELECT FROM runs WHERE version = kept.hash{but})
"""


def remove_versions(engine: Engine, *, before: datetime) -> int:
    """Files of versions that newer ones replaced before that time, and no run names.

    Raises `Busy`.
    """
    with engine.begin() as connection:
        _be_alone(connection)
        statement = text(f"DELETE {_UNUSED_VERSIONS.format(but='')}")
        with taking_up_to(connection, _VERSIONS_MAY_TAKE):
            return connection.execute(statement, {"before": before}).rowcount


# --------------------------------------------------------------------------------------- a forecast

# A run that stays keeps those that it was made of.
_DOOMED = f"""
    WITH RECURSIVE old AS MATERIALIZED (
        SELECT id, retry_of, ended_at < :before AND created_at < :before
               AND NOT ({_IS_NAMED.format(window=" AND expires_at > now()")}) AS is_free
          FROM runs AS old WHERE created_at < :before OR retry_of IS NOT NULL
    ), stays AS (
        SELECT retry_of AS id FROM old WHERE NOT coalesce(is_free, false) AND retry_of IS NOT NULL
        UNION
        SELECT old.retry_of FROM old JOIN stays ON stays.id = old.id WHERE retry_of IS NOT NULL
    ), doomed AS MATERIALIZED (
        SELECT id FROM old WHERE is_free AND id NOT IN (SELECT id FROM stays)
    )
"""  # noqa: S608 - our own text
_FORECAST = text(
    f"""
    {_DOOMED}
    SELECT (SELECT count(*) FROM doomed) AS runs,
           (SELECT count(*) FROM deliveries WHERE received_at < :before
               AND NOT EXISTS (SELECT FROM runs WHERE delivery_id = deliveries.id
                                  AND runs.id NOT IN (SELECT id FROM doomed))) AS deliveries,
           (SELECT count(*) {
        _UNUSED_VERSIONS.format(but=" AND runs.id NOT IN (SELECT id FROM doomed)")
    }) AS versions
    """  # noqa: S608 - our own text
)


def forecast(connection: Connection, *, before: datetime) -> Gone:
    """What would go of what is older than that, when it is all removed at once. Removes nothing."""
    with taking_up_to(connection, _VERSIONS_MAY_TAKE):
        row = connection.execute(_FORECAST, {"before": before}).mappings().one()
    return Gone(**row)
