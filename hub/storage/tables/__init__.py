"""The whole database: one module for each part of it."""

from hub.storage.tables.booking_sessions import booking_session_changes, booking_sessions
from hub.storage.tables.columns import metadata
from hub.storage.tables.leads import (
    appointments,
    interactions,
    leads,
    opt_outs,
    phone_assignments,
    phone_numbers,
    text_messages,
)
from hub.storage.tables.work import (
    audit,
    books,
    dedupe_keys,
    deliveries,
    event_waits,
    events,
    once_keys,
    run_history,
    runs,
    schedules,
    steps,
    turns,
    workers,
    workflow_versions,
)

__all__ = [
    "appointments",
    "audit",
    "booking_session_changes",
    "booking_sessions",
    "books",
    "dedupe_keys",
    "deliveries",
    "event_waits",
    "events",
    "interactions",
    "leads",
    "metadata",
    "once_keys",
    "opt_outs",
    "phone_assignments",
    "phone_numbers",
    "run_history",
    "runs",
    "schedules",
    "steps",
    "text_messages",
    "turns",
    "workers",
    "workflow_versions",
]
