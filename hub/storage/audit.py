"""What was done by hand: one row for each act, in the transaction of the act (S9).

The database itself gives each row its number, its time and a digest that covers the row before, and
refuses changes (migration 0004). Rows beyond their period go from the oldest on; a new row then
names the last one that went, so that the chain can still be followed from its new beginning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, text

from hub.storage.json_text import json_text

SHORTEST_PERIOD = timedelta(days=30)  # the database lets no younger row go, whatever is asked
OLD_ROWS_WENT = "old audit rows went"
_AT_LEAST = timedelta(days=1)  # so much at once, or each hour would leave a row of its own
MOST_FAULTS = 50


@dataclass(frozen=True)
class Actor:
    """Who acts, and where."""

    who: str
    origin: str


@dataclass(frozen=True)
class AuditRow:
    """One act. The digests say what was there before and after it, None: nothing."""

    id: int
    at: datetime
    who: str
    origin: str
    action: str
    what: Mapping[str, Any]
    before_digest: bytes | None
    after_digest: bytes | None
    digest: bytes


@dataclass
class Act:
    """One act while its transaction is open; `note` says what it changes."""

    connection: Connection
    actor: Actor
    action: str
    is_noted: bool = False

    def note(self, what: Mapping[str, Any], *, before: Any = None, after: Any = None) -> None:
        """Write the row. What was there before and after is kept as a digest, not as it is."""
        add(self.connection, self.actor, self.action, what=what, before=before, after=after)
        self.is_noted = True


@contextmanager
def act(engine: Engine, actor: Actor, action: str) -> Iterator[Act]:
    """A transaction for one act by hand; it is not committed unless the act was noted."""
    with engine.begin() as connection:
        open_act = Act(connection, actor, action)
        yield open_act
        if not open_act.is_noted:
            raise RuntimeError(f"{action} would change rows without a row of audit")


_ADD = text(
    "INSERT INTO audit (who, origin, action, what, before_digest, after_digest)"
    " VALUES (:who, :origin, :action, CAST(:what AS jsonb), :before, :after)"
)


def add(
    connection: Connection,
    actor: Actor,
    action: str,
    *,
    what: Mapping[str, Any],
    before: Any = None,
    after: Any = None,
) -> None:
    """Write one row; others that act at the same time wait for the end of this transaction."""
    values = {
        "who": actor.who,
        "origin": actor.origin,
        "action": action,
        "what": json_text(dict(what)),
        "before": _digest(before),
        "after": _digest(after),
    }
    connection.execute(_ADD, values)


def _digest(value: Any) -> bytes | None:
    if value is None:
        return None
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(written.encode()).digest()


_READ = text(
    "SELECT id, at, who, origin, action, what, before_digest, after_digest, digest"
    " FROM audit WHERE id < :before AND (CAST(:who AS text) IS NULL OR who = :who)"
    " ORDER BY id DESC LIMIT :limit"
)
_ALL = 2**63 - 1


def newest(
    connection: Connection, *, limit: int, before: int | None = None, who: str | None = None
) -> list[AuditRow]:
    """The last acts, the newest first; `before`: those older than this one; `who`: of whom."""
    values = {"limit": limit, "before": _ALL if before is None else before, "who": who}
    return [AuditRow(**row) for row in connection.execute(_READ, values).mappings()]


@dataclass(frozen=True)
class Saved:
    """Who saved a version of a workflow, and when."""

    who: str
    at: datetime


_SAVED = text(
    """
    SELECT DISTINCT ON (version) what ->> 'version' AS version, who, at
      FROM (SELECT id, at, who, action, what FROM audit ORDER BY id DESC LIMIT :most) AS newest
     WHERE action = ANY(:actions) AND what ->> 'workflow' = :workflow
     ORDER BY version, id DESC
    """
)
_LOOKED_THROUGH = 20_000  # acts; there is no index for what they say


def last_saved(
    connection: Connection, workflow: str, *, actions: Sequence[str]
) -> dict[str, Saved]:
    """Who saved each version of a workflow last, by version; looks through the newest acts only.

    `actions` are those that save one.
    """
    values = {"workflow": workflow, "actions": list(actions), "most": _LOOKED_THROUGH}
    rows = connection.execute(_SAVED, values)
    return {row.version: Saved(row.who, row.at) for row in rows}


# The digest is computed here once more, not by the function that wrote it.
_FAULTS = text(
    """
    WITH told AS (
        SELECT id, previous, digest, lag(id) OVER chain AS id_before,
               lag(digest) OVER chain AS digest_before,
               sha256(convert_to(jsonb_build_array(
                   id, CAST(extract(epoch FROM at) * 1000000 AS bigint), who, origin, action, what,
                   encode(before_digest, 'hex'), encode(after_digest, 'hex'),
                   encode(previous, 'hex'))::text, 'UTF8')) AS right_digest
          FROM audit WINDOW chain AS (ORDER BY id)
    ), anchor AS (
        SELECT CAST(what ->> 'last' AS bigint) AS id, what ->> 'digest' AS digest
          FROM audit WHERE action = :went ORDER BY audit.id DESC LIMIT 1
    )
    SELECT format('audit row %s is not as it was written', id) AS fault, id FROM told
     WHERE digest <> right_digest
    UNION ALL
    SELECT format('audit row %s does not follow row %s: what stood between is gone or was changed',
                  id, id_before), id
      FROM told WHERE id_before IS NOT NULL
       AND (id <> id_before + 1 OR previous <> digest_before)
    UNION ALL
    SELECT format('audit row %s is the first, and the rows before it did not go by their period',
                  told.id), told.id
      FROM told LEFT JOIN anchor ON true
     WHERE id_before IS NULL AND (told.id > 1 OR previous <> '')
       AND (anchor.id, anchor.digest) IS DISTINCT FROM (told.id - 1, encode(previous, 'hex'))
     ORDER BY id LIMIT :most
    """
)


def faults(connection: Connection) -> list[str]:
    """Sentences on rows that were changed, taken out or put in; normally none."""
    found = connection.execute(_FAULTS, {"went": OLD_ROWS_WENT, "most": MOST_FAULTS})
    return [row.fault for row in found]


_OLD = """
    SELECT id, digest FROM audit WHERE at < now() - CAST(:kept AS interval) ORDER BY id DESC LIMIT 1
"""
_OLDEST = text("SELECT at < now() - CAST(:period AS interval) FROM audit ORDER BY id LIMIT 1")
_FORGET = text("DELETE FROM audit WHERE id <= :last")
_ALLOW = text("SELECT set_config('hub.audit_kept_for', CAST(:kept AS text), true)")


def count_old(connection: Connection, kept: timedelta) -> int:
    """How many rows are older than their period."""
    query = text("SELECT count(*) FROM audit WHERE at < now() - CAST(:kept AS interval)")
    return int(connection.execute(query, {"kept": kept}).scalar_one())


def remove_old(connection: Connection, actor: Actor, kept: timedelta) -> int:
    """Let rows beyond their period go, a day's worth or more at once; how many went (E19).

    The row that is written for it names the last of them: it is the chain's new beginning.
    """
    period = max(kept, SHORTEST_PERIOD)
    if not connection.execute(_OLDEST, {"period": period + _AT_LEAST}).scalar():
        return 0
    last = connection.execute(text(_OLD), {"kept": period}).one()
    add(connection, actor, OLD_ROWS_WENT, what={"last": last.id, "digest": last.digest.hex()})
    connection.execute(_ALLOW, {"kept": f"{period.total_seconds():.0f} seconds"})
    return connection.execute(_FORGET, {"last": last.id}).rowcount
