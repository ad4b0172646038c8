"""An action in the hub's own database that leaves one more row each time: a double is seen."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from hub.action import Attempt, action

TABLE = "CREATE TABLE crash_ledger (run_id uuid NOT NULL, key text NOT NULL, said text NOT NULL)"
_ADD = text("INSERT INTO crash_ledger (run_id, key, said) VALUES (:run_id, :key, :said)")


@dataclass(frozen=True)
class Written:
    """What was written."""

    said: str


@action("ledger.write", effect="keyed", example={"said": ""})
def write(db: Connection, attempt: Attempt, *, said: str) -> Written:
    """One more row."""
    db.execute(_ADD, {"run_id": attempt.run_id, "key": attempt.key, "said": said})
    return Written(said)
