"""Text messages that were sent: by which step, to which number, and how far each of them came."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from hub.storage.statement import Statement

_NOTE = Statement(
    """
    INSERT INTO text_messages (sid, run_id, path, number, sent_at)
    VALUES (:sid, :run_id, :path, :number, clock_timestamp())
    ON CONFLICT DO NOTHING
    """
)
_FIND = text(
    """
    SELECT sid, run_id, path, number, sent_at, status, error, error_code, status_at
      FROM text_messages WHERE sid = :sid FOR UPDATE
    """
)
_OF_RUN = text(
    """
    SELECT sid, run_id, path, number, sent_at, status, error, error_code, status_at
      FROM text_messages WHERE run_id = :run_id ORDER BY sent_at, sid
    """
)
_SENDER = text(
    """
    SELECT steps.action, runs.mode, steps.inputs
      FROM steps JOIN runs ON runs.id = steps.run_id
     WHERE steps.run_id = :run_id AND steps.path = :path AND NOT steps.is_simulated
    """
)
# What a callback that overtook the answer, or outlived its loss, says of a step that began then.
_ADOPT = text(
    """
    INSERT INTO text_messages (sid, run_id, path, number, sent_at)
    SELECT :sid, run_id, path, :number, started_at
      FROM steps WHERE run_id = :run_id AND path = :path
    ON CONFLICT DO NOTHING
    """
)
_SET = text(
    """
    UPDATE text_messages
       SET status = :status, error = :error, error_code = :error_code, status_at = clock_timestamp()
     WHERE sid = :sid
    """
)

_UNSETTLED = text(
    """
    SELECT sid, number FROM text_messages JOIN runs ON runs.id = run_id
     WHERE sent_at < clock_timestamp() - CAST(:quiet_for AS interval)
       AND sent_at > clock_timestamp() - CAST(:not_older AS interval)
       AND (text_messages.status IS NULL OR text_messages.status <> ALL(:final))
       AND runs.mode = :mode
     ORDER BY sent_at, sid LIMIT :most
    """
)


@dataclass(frozen=True)
class TextMessage:
    """One message. `error` is what `error_code` means; without a status nobody reported yet."""

    sid: str
    run_id: UUID
    path: str
    number: str
    sent_at: datetime
    status: str | None
    error: str | None
    error_code: str | None
    status_at: datetime | None


@dataclass(frozen=True)
class SenderStep:
    """The step that is said to have sent a message; `inputs` in stored form."""

    action: str | None
    mode: str
    inputs: Mapping[str, Any] | None


def note_sent(connection: Connection, sid: str, *, run_id: UUID, path: str, number: str) -> None:
    """Keep that a step sent a message, unless a report about it was faster."""
    _NOTE.run(connection, {"sid": sid, "run_id": run_id, "path": path, "number": number})


def find(connection: Connection, sid: str) -> TextMessage | None:
    """The message, locked until the transaction ends: reports about it come one by one."""
    row = connection.execute(_FIND, {"sid": sid}).mappings().first()
    return None if row is None else TextMessage(**row)


def sender(connection: Connection, run_id: UUID, path: str) -> SenderStep | None:
    """The step at this place, unless it was simulated."""
    row = connection.execute(_SENDER, {"run_id": run_id, "path": path}).mappings().first()
    return None if row is None else SenderStep(**row)


def adopt(connection: Connection, sid: str, *, run_id: UUID, path: str, number: str) -> None:
    """Keep a message that a step sent without hearing its SID (E8)."""
    values = {"sid": sid, "run_id": run_id, "path": path, "number": number}
    connection.execute(_ADOPT, values)


def set_status(
    connection: Connection, sid: str, status: str, *, error: str | None, error_code: str | None
) -> None:
    """What the provider says became of it; whether that is news, the caller has decided."""
    values = {"sid": sid, "status": status, "error": error, "error_code": error_code}
    connection.execute(_SET, values)


def of_run(connection: Connection, run_id: UUID) -> list[TextMessage]:
    """The messages that a run sent, in that order."""
    return [
        TextMessage(**row) for row in connection.execute(_OF_RUN, {"run_id": run_id}).mappings()
    ]


def unsettled(
    connection: Connection,
    *,
    final: Collection[str],
    quiet_for: timedelta,
    not_older: timedelta,
    mode: str,
    most: int,
) -> list[tuple[str, str]]:
    """SID and number of messages that runs of a mode sent, whose end nobody told; oldest first."""
    values = {"quiet_for": quiet_for, "not_older": not_older, "mode": mode, "most": most}
    rows = connection.execute(_UNSETTLED, {"final": list(final), **values})
    return [(row.sid, row.number) for row in rows]
