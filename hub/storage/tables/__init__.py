"""The whole database: one module for each part of it."""

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
from hub.storage.tables.service_requests import booking_calls, providers, service_requests
from hub.storage.tables.slots import mechanics, sessions, slot_reservations, slot_sweeps
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
    "booking_calls",
    "books",
    "dedupe_keys",
    "deliveries",
    "event_waits",
    "events",
    "interactions",
    "leads",
    "mechanics",
    "metadata",
    "once_keys",
    "opt_outs",
    "phone_assignments",
    "phone_numbers",
    "providers",
    "run_history",
    "runs",
    "schedules",
    "service_requests",
    "sessions",
    "slot_reservations",
    "slot_sweeps",
    "steps",
    "text_messages",
    "turns",
    "workers",
    "workflow_versions",
]
