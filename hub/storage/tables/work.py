"""What came in, what is being done about it, and who did what by hand.

A delivery is one request; it makes one run, or one for each tool call. A run's `due_at` is its
timer; its `token` grows with every claim and fences every write (E4).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, UUID

from hub.storage.tables.columns import created, instant, json_column, metadata

# ---------------------------------------------------------------------------------- what came in

workflow_versions = Table(
    "workflow_versions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("workflow", Text, nullable=False),
    json_column(
        "files", required=True
    ),  # path → text: the file, its schemas, the files it calls (E15)
    created(),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    json_column("query", required=True),
    json_column("headers", required=True),
    Column("body", LargeBinary, nullable=False),  # as received; sealed when it carries secrets
    Column("body_digest", LargeBinary, nullable=False),
    Column("is_sealed", Boolean, nullable=False, server_default=text("false")),
    Column("remote_ip", Text),
    instant("received_at", required=True),
    Column("repeats", Integer, nullable=False, server_default=text("0")),  # exact repeats (H-17)
    instant("last_repeat_at"),
    json_column("notes"),
    Index(None, "endpoint", "received_at"),
    Index(  # the few that did not make a run of everything they carried
        "ix_deliveries_noted", "received_at", "id", postgresql_where=text("notes IS NOT NULL")
    ),
)

dedupe_keys = Table(
    "dedupe_keys",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("run_id", UUID, nullable=False),
    Column("delivery_id", UUID, nullable=False),
    Column("body_digest", LargeBinary, nullable=False),
    instant("expires_at", required=True),
    Index(None, "run_id"),
)

# ------------------------------------------------------------------------------- what is being done

runs = Table(
    "runs",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("workflow", Text, nullable=False),
    # no foreign key: every insert would lock the one row of its version, and queue there
    Column("version", Text, nullable=False),
    Column("delivery_id", UUID, ForeignKey("deliveries.id")),
    Column("retry_of", UUID, ForeignKey("runs.id")),
    Column("status", Text, nullable=False),
    Column("mode", Text, nullable=False),
    json_column(
        "trigger", required=True
    ),  # payload, params, query, headers, caller, request, inputs
    Column("dedupe_key", Text),
    Column("is_awaited", Boolean, nullable=False, server_default=text("false")),
    instant("scheduled_at"),
    created(),
    instant("started_at"),
    instant("ended_at"),
    instant("due_at"),  # when a worker may take it; empty while it waits for a turn
    instant("deadline", required=True),
    Column("token", BigInteger, nullable=False, server_default=text("0")),
    Column("worker", Text),
    instant("lease_until"),
    Column("deaths", Integer, nullable=False, server_default=text("0")),  # owners lost in one step
    Column("is_cancel_requested", Boolean, nullable=False, server_default=text("false")),
    Column("response", JSON(none_as_null=True)),  # `json` keeps the author's order of keys
    json_column("result"),
    json_column("error"),
    Column("is_maybe_done", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint(
        "status IN ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled',"
        " 'undo_failed')",
        name="status",
    ),
    CheckConstraint("mode IN ('live', 'test', 'simulate')", name="mode"),
    CheckConstraint("(status = 'running') = (lease_until IS NOT NULL)", name="lease"),
    CheckConstraint(
        "(ended_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled', 'undo_failed'))",
        name="ended",
    ),
    Index(
        "ix_runs_runnable",
        text("is_awaited DESC"),
        "due_at",
        postgresql_where=text("status IN ('queued', 'waiting')"),
    ),
    Index("ix_runs_leases", "lease_until", postgresql_where=text("status = 'running'")),
    Index("ix_runs_deadlines", "deadline", postgresql_where=text("ended_at IS NULL")),
    Index("ix_runs_delivery", "delivery_id"),
    Index("ix_runs_retry_of", "retry_of", postgresql_where=text("retry_of IS NOT NULL")),
    Index(None, "workflow", "created_at"),
    Index(None, "created_at"),
    Index(  # how many are queued, waiting, running: read from the index alone
        "ix_runs_unfinished", "status", "workflow", postgresql_where=text("ended_at IS NULL")
    ),
    Index(  # what went wrong, without a look at all that did not
        "ix_runs_ended_badly",
        "status",
        "created_at",
        "id",
        postgresql_where=text("status IN ('failed', 'cancelled', 'undo_failed')"),
    ),
    Index(  # how many ended lately: in the order of time, so at the end of the index alone
        "ix_runs_ended_at", "ended_at", postgresql_where=text("ended_at IS NOT NULL")
    ),
    Index(  # whether the last run of a schedule still goes on, however many there were
        "ix_runs_scheduled_unfinished",
        "workflow",
        postgresql_where=text("ended_at IS NULL AND scheduled_at IS NOT NULL"),
    ),
    Index(
        "uq_runs_schedule",
        "workflow",
        "scheduled_at",
        unique=True,
        postgresql_where=text("scheduled_at IS NOT NULL AND retry_of IS NULL"),
    ),
)

run_history = Table(
    "run_history",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("run_id", UUID, ForeignKey("runs.id"), nullable=False),
    created("at"),
    Column("status", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("why", Text),
    Index(None, "run_id"),
)

books = Table(  # what triggers on `runs` count; many entries are made one now and then
    "books",
    metadata,
    Column("accepted", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=False),
)

steps = Table(
    "steps",
    metadata,
    Column("run_id", UUID, ForeignKey("runs.id"), primary_key=True),
    Column("path", Text, primary_key=True),  # path of calls and items, then the step
    Column("seq", BigInteger, Identity(), nullable=False),
    Column("kind", Text, nullable=False),  # do, call, vars, if, switch, for_each, reply …
    Column("step_id", Text),
    Column("action", Text),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("is_simulated", Boolean, nullable=False, server_default=text("false")),
    Column("key", Text),
    Column("inputs", JSON(none_as_null=True)),  # `json` keeps the order: the same bytes go out (E7)
    json_column("result"),
    json_column("error"),
    instant("started_at", required=True),
    instant("ended_at"),
    instant("due_at"),  # when a failed attempt is tried again
    CheckConstraint(
        "status IN ('started', 'retrying', 'succeeded', 'failed', 'skipped')", name="status"
    ),
)

once_keys = Table(
    "once_keys",
    metadata,
    Column("workflow", Text, primary_key=True),
    Column("step_id", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("run_id", UUID, ForeignKey("runs.id"), nullable=False),
    Column("path", Text, nullable=False),
    Column("status", Text, nullable=False),
    json_column("result"),
    created(),
    CheckConstraint("status IN ('started', 'succeeded', 'unknown')", name="status"),
    Index(None, "run_id"),
)

turns = Table(  # who may run under `concurrency`: the first `limit` rows of a key, by id (E16)
    "turns",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("scope", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("run_id", UUID, ForeignKey("runs.id"), nullable=False),
    Column("path", Text, nullable=False),
    created(),
    UniqueConstraint("run_id", "path"),
    Index(None, "scope", "digest", "id"),
)

events = Table(  # what was emitted; kept for 7 days, and as long as a run may wait for it
    "events",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False),
    json_column("data", required=True),
    created("at"),
    Column("run_id", UUID, ForeignKey("runs.id"), nullable=False),  # who emitted it, and where
    Column("path", Text, nullable=False),
    UniqueConstraint("run_id", "path"),
    Index(None, "name", "key", "id"),
    Index(None, "at"),
)

event_waits = Table(  # whom an event wakes: runs that sleep until it comes
    "event_waits",
    metadata,
    Column("run_id", UUID, ForeignKey("runs.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Index(None, "name", "key"),
)

schedules = Table(
    "schedules",
    metadata,
    Column("workflow", Text, primary_key=True),
    Column("version", Text, ForeignKey("workflow_versions.hash"), nullable=False),
    instant("next_at", required=True),
    instant("last_at"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    created("started_at"),
    instant("seen_at", required=True),
)

audit = Table(  # who did what by hand: only added to, each row covers the one before it (S9)
    "audit",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    instant("at", required=True),
    Column("who", Text, nullable=False),
    Column("origin", Text, nullable=False),  # where it was done
    Column("action", Text, nullable=False),
    json_column("what", required=True),
    Column("before_digest", LargeBinary),
    Column("after_digest", LargeBinary),
    Column("previous", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)
