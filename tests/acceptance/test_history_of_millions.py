"""What is over stands in nobody's way: no statement of the hot paths reads through it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from bench import history
from hub.storage.workers import WorkerName
from hub.worker.rounds import Rounds
from tests.acceptance.story import SAMPLE_TIME, Story

OVER = 2000
GROWS = "('deliveries', 'runs', 'dedupe_keys', 'run_history', 'steps')"


def rows_read_one_after_the_other(engine: Engine) -> dict[str, int]:
    """By table that grows, since the beginning; of all connections of the pool."""
    with ExitStack() as stack:
        pooled = [stack.enter_context(engine.connect()) for _ in range(engine.pool.checkedin())]  # type: ignore[attr-defined]
        for each in pooled:
            each.execute(text("SELECT pg_stat_force_next_flush()"))
            each.commit()
    question = text(
        f"SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE relname IN {GROWS}"  # noqa: S608 - our own
    )
    with engine.connect() as connection:
        return {row.relname: row.seq_tup_read for row in connection.execute(question)}


def test_neither_webhooks_nor_workers_read_through_the_runs_that_are_over(hub: Story, lead: UUID):
    engine = hub.hub.database
    history.fill(hub.hub.settings.database_url, OVER, days_ago=3)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE deliveries, runs, dedupe_keys, run_history, steps"))
    name = WorkerName(id=uuid4().hex, host="here", pid=os.getpid())
    rounds = Rounds(hub.hub, scheduled=lambda: hub.hub.scheduled, ring=lambda: None, worker=name)
    before = rows_read_one_after_the_other(engine)

    assert hub.books(lead, SAMPLE_TIME).status == 200
    assert hub.calls_tool(lead, SAMPLE_TIME + timedelta(days=1)).status == 200
    for _ in range(2):
        hub.call_ends(lead, "follow_up", call="the-same")
    rounds.once()
    assert hub.client.get("/readyz").status_code in {200, 503}

    assert rows_read_one_after_the_other(engine) == before
