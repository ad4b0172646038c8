"""Who works on which run: claims, leases, waits and ends (E1 to E5).

Each change of a run's state is one compare-and-set that writes one history row in the same
statement or transaction. Lease times come from the database's clock (E3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from hub.errors import LostRun
from hub.storage.answers import WAKE
from hub.storage.json_text import json_text
from hub.storage.statement import Statement
from hub.storage.steps import GIVEN, WRITE, WRITTEN, StepRow, as_json
from hub.storage.straight import straight_at_once

LEASE = timedelta(seconds=30)  # unless HUB_LEASE_SECONDS says otherwise
MOST_DEATHS = 3  # owners that die in one step before the run is given up (E10)
LAST_CHANCE = MOST_DEATHS - 1  # so many have died: the next one decides
TURN_POLL = timedelta(seconds=30)  # behind the wake-up that a freed turn gives
WAITS_FOR_TURN = "waits for its turn"  # in the history, where a freed turn finds who waits


@dataclass(frozen=True)
class ClaimedRun:
    """A run that this worker owns as long as `token` is the row's token."""

    id: UUID
    workflow: str
    version: str
    mode: str
    trigger: Mapping[str, Any]
    token: int
    deaths: int
    is_awaited: bool
    created_at: datetime
    started_at: datetime
    scheduled_at: datetime | None
    retry_of: UUID | None
    claimed_at: datetime


_DUE = """
    SELECT id, deaths FROM runs
     WHERE status IN ('queued', 'waiting') AND is_awaited = {awaited} AND due_at <= now()
       AND {which}
     ORDER BY due_at LIMIT {most} FOR NO KEY UPDATE SKIP LOCKED
"""
_TAKEN = """
    taken AS (
        UPDATE runs
           SET status = 'running', token = token + 1, worker = :worker, due_at = NULL,
               lease_until = now() + CAST(:lease AS interval),
               started_at = coalesce(started_at, now())
         WHERE id = ANY (ARRAY(SELECT id FROM due))  -- joined, all runs there are were read
        RETURNING runs.*
    ), told AS (
        INSERT INTO run_history (run_id, status, token, why)
        SELECT id, 'running', token, :worker FROM taken
    )
    SELECT id, workflow, version, mode, trigger, token, deaths, is_awaited, created_at, started_at,
           scheduled_at, retry_of, now() AS claimed_at
      FROM taken ORDER BY is_awaited DESC, created_at
"""
_IS_LAST = f"deaths >= {LAST_CHANCE}"
_MAY_GO = f"(NOT {_IS_LAST} OR id = (SELECT id FROM last_chance))"  # noqa: S608 - our own text
# Looked for only when the runs that are due hold one: then it is found as soon as they were.
_LAST_CHANCE = f"""
    SELECT coalesce(
        (SELECT id FROM ({_DUE.format(awaited="true", which=_IS_LAST, most=1)}) AS urgent),
        (SELECT id FROM ({_DUE.format(awaited="false", which=_IS_LAST, most=1)}) AS other)) AS id
     WHERE NOT EXISTS (
        SELECT FROM runs WHERE status = 'running' AND worker = :worker AND {_IS_LAST})
"""  # noqa: S608 - our own text
_REST = ":most - (SELECT count(*) FROM urgent)"
_CLAIM = Statement(
    f"""
    WITH last_chance AS ({_LAST_CHANCE}),
    urgent AS ({_DUE.format(awaited="true", which=_MAY_GO, most=":most")}),
    others AS ({_DUE.format(awaited="false", which=_MAY_GO, most=_REST)}),
    found AS (SELECT * FROM urgent UNION ALL SELECT * FROM others),
    due AS (
        SELECT id FROM found WHERE {_IS_LAST} OR NOT EXISTS (SELECT FROM found WHERE {_IS_LAST})
    ), {_TAKEN}
    """  # noqa: S608 - our own text
)
_CLAIM_NEW = Statement(
    f"""
    WITH due AS (
        SELECT id FROM runs
         WHERE id = :id AND status = 'queued' AND token = 0 AND due_at <= now()
           AND NOT is_cancel_requested AND coalesce(deadline > now(), true)
           FOR NO KEY UPDATE SKIP LOCKED
    ), {_TAKEN}
    """  # noqa: S608 - our own text
)


def claim(engine: Engine, *, worker: str, most: int, lease: timedelta = LEASE) -> list[ClaimedRun]:
    """Take up to `most` runs that are due: callers who wait first, then the oldest.

    A run on its last chance is taken by itself, and no second one beside it: of all that a dying
    worker has in hand, the death may decide about one (E10).
    """
    with straight_at_once(engine) as straight:
        rows = straight.all(_CLAIM, {"worker": worker, "most": most, "lease": lease})
    return [ClaimedRun(*row) for row in rows]


@dataclass(frozen=True)
class OpenClaim:
    """The transaction in which a run was claimed, and who wants to know of its commit.

    Until then nobody else sees the claim, and whatever ends the transaction gives the run back.
    """

    connection: Connection
    stored: Callable[[], object]


def claim_new(
    connection: Connection, run_id: UUID, *, worker: str, lease: timedelta = LEASE
) -> ClaimedRun | None:
    """Take a run that nobody had before, in a transaction that goes on with its first steps.

    None when somebody else has it, or when it is not just to be begun.
    """
    values = {"id": run_id, "worker": worker, "lease": lease}
    row = _CLAIM_NEW.run(connection, values).first()
    return None if row is None else ClaimedRun(*row)


_RENEW = text(
    "UPDATE runs SET lease_until = now() + CAST(:lease AS interval)"
    " WHERE id = :id AND token = :token AND status = 'running'"
)
_LOCK_BRIEFLY = text("SET LOCAL lock_timeout = '1s'")
_LOCK_NOT_AVAILABLE = "55P03"


def renew(engine: Engine, owned: Sequence[ClaimedRun], *, lease: timedelta = LEASE) -> bool:
    """Keep the leases of the runs in hand (E3); false when a busy row must be tried again soon.

    Each row is waited for between two transactions of its steps: a run whose steps follow one
    another closely must not lose its lease for that.
    """
    are_all_renewed = True
    for run in owned:
        try:
            with engine.begin() as connection:
                connection.execute(_LOCK_BRIEFLY)
                connection.execute(_RENEW, {"lease": lease, "id": run.id, "token": run.token})
        except DBAPIError as problem:
            if getattr(problem.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            are_all_renewed = False
    return are_all_renewed


def sweep(engine: Engine) -> int:
    """Give runs whose owner died back to everyone (E5); the number of runs found."""
    with engine.begin() as connection:
        found = connection.execute(
            text(
                """
                WITH lost AS (
                    SELECT id FROM runs WHERE status = 'running' AND lease_until < now()
                     FOR NO KEY UPDATE SKIP LOCKED
                ), freed AS (
                    UPDATE runs SET status = 'queued', due_at = now(), lease_until = NULL,
                           worker = NULL, deaths = deaths + 1
                      FROM lost WHERE runs.id = lost.id RETURNING runs.id, runs.token
                ), told AS (
                    INSERT INTO run_history (run_id, status, token, why)
                    SELECT id, 'queued', token, 'the lease ran out' FROM freed
                )
                SELECT count(*) FROM freed
                """
            )
        )
        return int(found.scalar_one())


@dataclass(frozen=True)
class RunState:
    """What the row says under its lock, at the moment of a write. `has_key`: so is the key's."""

    is_cancel_requested: bool
    is_overdue: bool
    has_key: bool = False


_STATE = """
    SELECT is_cancel_requested, deadline <= now() AS is_overdue{more}
      FROM runs WHERE id = :id AND token = :token AND status = 'running' FOR NO KEY UPDATE
"""
_LOCK = Statement(_STATE.format(more=""))
_LOCK_BOTH = Statement(_STATE.format(more=", pg_try_advisory_xact_lock(:key) AS has_key"))


def lock(connection: Connection, run: ClaimedRun, *, key: int | None = None) -> RunState:
    """The fence of every write (E4): the row lock is held to the commit; raises `LostRun`.

    `key`: an advisory lock that is taken in the same round trip, if nobody has it.
    """
    values = {"id": run.id, "token": run.token, "key": key}
    row = (_LOCK if key is None else _LOCK_BOTH).run(connection, values).first()
    if row is None:
        raise LostRun(f"run {run.id} belongs to another worker")
    return RunState(*row)


_RESPOND = Statement(
    f"""
    WITH {GIVEN}, written AS ({WRITE}), stored AS (
        UPDATE runs SET response = CAST(:response AS json)
         WHERE id = :run_id AND response IS NULL RETURNING id, response, is_awaited
    )
    SELECT {WAKE} FROM stored WHERE is_awaited
    """  # noqa: S608 - our own text
)


def respond(
    connection: Connection,
    run: ClaimedRun,
    response: Mapping[str, Any],
    notes: Sequence[StepRow] = (),
) -> None:
    """Store the answer of the run if it has none, and wake who waits for it (first one wins).

    `notes` are entries of the journal that are stored with it.
    """
    values = {"run_id": run.id, "response": json_text(response), "rows": as_json(notes)}
    _RESPOND.run(connection, values)


# `clock_timestamp()`: the transaction may have begun with steps that took their time.
_CHANGE = """
    WITH changed AS (
        UPDATE runs SET status = '{status}', lease_until = NULL, worker = NULL, due_at = {due_at}
         WHERE id = :id AND token = :token AND status = 'running' RETURNING id, status, token
    )
    INSERT INTO run_history (run_id, at, status, token, why)
    SELECT id, clock_timestamp(), status, token, :why FROM changed RETURNING run_id
"""
_DUE_AT = "clock_timestamp() + CAST(:due_in AS interval)"
_WAIT = Statement(_CHANGE.format(status="waiting", due_at=f"least({_DUE_AT}, deadline)"))
_WAIT_ON = Statement(
    _CHANGE.format(
        status="waiting",
        due_at=f"CASE WHEN deadline > clock_timestamp() THEN least({_DUE_AT}, deadline)"
        f" ELSE {_DUE_AT} END",
    )
)
_IS_LATE = text("SELECT deadline <= clock_timestamp() FROM runs WHERE id = :id")
_HAND_BACK = Statement(_CHANGE.format(status="queued", due_at="now()"))


def put_to_wait(
    connection: Connection,
    run: ClaimedRun,
    *,
    due_in: timedelta,
    why: str,
    may_outlive: bool = False,
) -> None:
    """The run sleeps as a row until then: no worker, no thread (E11).

    Its own timeout wakes it before. It sleeps on behind that if it `may_outlive` it, because it is
    being undone.
    """
    _change(connection, run, _WAIT_ON if may_outlive else _WAIT, {"due_in": due_in, "why": why})


def is_late(connection: Connection, run: ClaimedRun) -> bool:
    """Whether the run's own timeout is over."""
    return bool(connection.execute(_IS_LATE, {"id": run.id}).scalar_one())


def hand_back(connection: Connection, run: ClaimedRun) -> None:
    """The worker stops: somebody else goes on at once (E14)."""
    _change(connection, run, _HAND_BACK, {"why": "handed back"})


def _change(
    connection: Connection, run: ClaimedRun, statement: Statement, values: Mapping[str, Any]
) -> None:
    named = {"id": run.id, "run_id": run.id, "token": run.token, **values}
    if statement.run(connection, named).first() is None:
        raise LostRun(f"run {run.id} belongs to another worker")


@dataclass(frozen=True)
class Ending:
    """How a run ended. `frees_key`: after a failure or a refusal the request may come again.

    Not after an effect whose outcome is unknown.
    """

    status: str
    result: Any = None
    error: Mapping[str, Any] | None = None
    is_maybe_done: bool = False
    frees_key: bool = False


_END = Statement(
    f"""
    WITH {GIVEN}, written AS ({WRITE} RETURNING ended_at), ended AS (
        UPDATE runs
           SET status = :status, lease_until = NULL, worker = NULL, due_at = NULL, deaths = 0,
               ended_at = greatest(clock_timestamp(), (SELECT max(ended_at) FROM written)),
               result = CAST(:result AS jsonb), error = CAST(:error AS jsonb),
               response = coalesce(response, CAST(:response AS json)),
               is_maybe_done = is_maybe_done OR :maybe OR EXISTS (
                   SELECT FROM ({WRITTEN}) AS steps
                    WHERE kind = 'do' AND path NOT LIKE '%.poll'
                      AND (steps.status = 'started'
                           OR steps.status = 'retrying'
                              AND steps.error @> '{{"maybe_done": true}}'))
         WHERE id = :id AND token = :token AND status = 'running'
        RETURNING id, ended_at, status, token, response, is_maybe_done,
                  is_awaited AND CAST(:response AS json) IS NOT NULL AS is_answered,
                  coalesce(CAST(response ->> 'status' AS int) >= 400, false) AS is_refused
    ), told AS (
        INSERT INTO run_history (run_id, at, status, token, why)
        SELECT id, ended_at, status, token, :why FROM ended
    ), freed AS (
        DELETE FROM dedupe_keys USING ended
         WHERE dedupe_keys.run_id = ended.id AND NOT ended.is_maybe_done
           AND (:frees_key OR ended.is_refused)
    )
    SELECT id, CASE WHEN is_answered THEN
               {WAKE} END FROM ended
    """  # noqa: S608 - our own text
)


def end(
    connection: Connection,
    run: ClaimedRun,
    ending: Ending,
    *,
    response: Mapping[str, Any] | None = None,
    notes: Sequence[StepRow] = (),
) -> None:
    """The last change of a run's state, with the answer of one that has had none.

    `notes` end its journal. An answer of 400 or more frees the key as well. A step that was begun
    and has no result makes the run `is_maybe_done`, unless it only asks: it keeps its key, for its
    sender's next try would do what may be done already a second time (E8).
    """
    values = {
        "rows": as_json(notes),
        "status": ending.status,
        "result": None if ending.result is None else json_text(ending.result),
        "error": None if ending.error is None else json_text(ending.error),
        "response": None if response is None else json_text(response),
        "maybe": ending.is_maybe_done,
        "frees_key": ending.frees_key,
        "why": (ending.error or {}).get("code", ""),
    }
    _change(connection, run, _END, values)


_CANCEL = text(
    "UPDATE runs SET is_cancel_requested = is_cancel_requested OR ended_at IS NULL,"
    " due_at = CASE WHEN status IN ('queued', 'waiting') THEN now() ELSE due_at END"
    " WHERE id = :id RETURNING status"
)
_MARK_MAYBE_DONE = text("UPDATE runs SET is_maybe_done = true WHERE id = :id")
_CLEAR_DEATHS = text("UPDATE runs SET deaths = 0 WHERE id = :id")


def request_cancel(connection: Connection, run_id: UUID) -> str | None:
    """Ask for the end of a run: its worker stops at the next step; one that sleeps is woken.

    Gives the run's status, or None when there is no such run.
    """
    return connection.execute(_CANCEL, {"id": run_id}).scalar()


def mark_maybe_done(connection: Connection, run: ClaimedRun) -> None:
    """An effect of this run may have happened without an answer: shown in the run list (E8)."""
    connection.execute(_MARK_MAYBE_DONE, {"id": run.id})


def clear_deaths(connection: Connection, run: ClaimedRun) -> None:
    """A step got through: owners that die from now on are counted anew (E10)."""
    if run.deaths:
        connection.execute(_CLEAR_DEATHS, {"id": run.id})
