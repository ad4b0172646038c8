"""The history of a lead: who did what, why, and in which run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple
from uuid import UUID, uuid4, uuid5

from sqlalchemy import Connection

from hub.action import Attempt, Clock, action
from hub.errors import Permanent
from hub.storage.statement import Statement, own_time

PhoneChange = Literal["assigned", "extended", "brought_forward", "released"]

_ENTRIES = UUID("6f1d2b0e-52a5-4f0a-9a36-1f3a35a6f7b4")  # where ids of entries come from

_ADD = """
    INSERT INTO interactions (id, lead_id, phone_id, kind, reference, outcome, text, is_duplicate,
                              who, run_id, mode, at)
    SELECT :id, :lead_id, :phone_id, :kind, :reference, :outcome, :text, :is_duplicate, :who,
           :run_id, :mode, coalesce(CAST(:at AS timestamptz), clock_timestamp())
"""
_NOTE = Statement(_ADD)
_LOG = Statement(
    f"""
    WITH known AS (SELECT id FROM leads WHERE id = :lead_id),
         added AS ({_ADD} FROM known ON CONFLICT DO NOTHING)
    SELECT id FROM known
    """  # noqa: S608 - our own text
)


class Change(NamedTuple):
    """What is changed in the statement that adds an entry, and the values of its parameters."""

    statement: Statement
    values: Mapping[str, object]


def with_entry(change: str) -> Statement:
    """The statement that makes a change (an `UPDATE`) and adds the entry of a number."""
    return Statement(f"WITH changed AS ({change}) {_ADD}")


@dataclass(frozen=True)
class Entry:
    """One line of a lead's history."""

    id: str


@action(
    "interactions.log",
    effect="keyed",
    errors=("unknown_lead",),
    example={"id": "int_1"},
)
def log(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    lead_id: UUID,
    kind: Literal["call", "appointment", "message"],
    reference: str,
    outcome: str,
    text: str | None = None,
    duplicate: bool = False,
) -> Entry:
    """Add an entry to the lead's history.

    The same step again is the same entry; `duplicate` marks the report of something that was
    known already (H-17).
    """
    entry_id = uuid5(_ENTRIES, attempt.key)
    values = {
        "id": entry_id,
        "lead_id": lead_id,
        "phone_id": None,
        "kind": kind,
        "reference": reference,
        "outcome": outcome,
        "text": text,
        "is_duplicate": duplicate,
    }
    if _LOG.run(db, {**values, **_stamp(clock, attempt)}).first() is None:
        raise Permanent("unknown_lead", f"there is no lead {lead_id}")
    return Entry(id=str(entry_id))


def note_phone_change(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    lead_id: UUID,
    phone_id: UUID,
    number: str,
    outcome: PhoneChange,
    why: str,
    change: Change | None = None,
) -> None:
    """Add the entry that every change of a hold leaves behind; `change` is made with it."""
    values = {
        "id": uuid4(),
        "lead_id": lead_id,
        "phone_id": phone_id,
        "kind": "phone",
        "reference": number,
        "outcome": outcome,
        "text": why,
        "is_duplicate": False,
    }
    statement, changed = (_NOTE, {}) if change is None else change
    statement.run(db, {**changed, **values, **_stamp(clock, attempt)})


def _stamp(clock: Clock, attempt: Attempt) -> dict[str, object]:
    """Who adds an entry, and when."""
    return {
        "who": attempt.workflow,
        "run_id": attempt.run_id,
        "mode": attempt.mode,
        "at": own_time(clock),
    }
