"""The history of a lead: who did what, why, and in which run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple
from uuid import UUID, uuid4, uuid5

from sqlalchemy import Connection, TextClause, select, text
from sqlalchemy.dialects.postgresql import insert

from hub.action import Attempt, Clock, action
from hub.errors import Permanent
from hub.storage.tables import interactions, leads

PhoneChange = Literal["assigned", "extended", "brought_forward", "released"]

_ENTRIES = UUID("6f1d2b0e-52a5-4f0a-9a36-1f3a35a6f7b4")  # where ids of entries come from

_ADD = insert(interactions).on_conflict_do_nothing()


class Change(NamedTuple):
    """What is changed in the statement that adds an entry, and the values of its parameters."""

    statement: TextClause
    values: Mapping[str, object]


def with_entry(change: str) -> TextClause:
    """The statement that makes a change (an `UPDATE`) and adds the entry of a number."""
    return text(
        f"WITH changed AS ({change}) INSERT INTO interactions"  # noqa: S608 - our own text
        " (id, lead_id, phone_id, kind, reference, outcome, text, who, run_id, mode, at) VALUES"
        " (:id, :lead_id, :phone_id, :kind, :reference, :outcome, :text, :who, :run_id, :mode, :at)"
    )


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
    known = db.scalar(select(leads.c.id).where(leads.c.id == lead_id))
    if known is None:
        raise Permanent("unknown_lead", f"there is no lead {lead_id}")
    entry_id = uuid5(_ENTRIES, attempt.key)
    _add(
        db,
        clock,
        attempt,
        id=entry_id,
        lead_id=lead_id,
        kind=kind,
        reference=reference,
        outcome=outcome,
        text=text,
        is_duplicate=duplicate,
    )
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
    _add(
        db,
        clock,
        attempt,
        id=uuid4(),
        lead_id=lead_id,
        phone_id=phone_id,
        kind="phone",
        reference=number,
        change=change,
        outcome=outcome,
        text=why,
    )


def _add(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    change: Change | None = None,
    **values: object,
) -> None:
    statement = _ADD if change is None else change.statement
    stamped = {
        **(change.values if change is not None else {}),
        **values,
        "who": attempt.workflow,
        "run_id": attempt.run_id,
        "mode": attempt.mode,
        "at": clock.now(),
    }
    db.execute(statement, stamped)
