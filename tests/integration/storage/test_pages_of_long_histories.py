"""What a page of the console asks reads what it shows, and not all that was before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection, Engine, text

from bench import history, trade_history
from hub.domain import week
from hub.storage.db import DatabaseClock
from hub.storage.last_runs import last_runs

RUNS = 4000
DAY = timedelta(days=1)


def rows_read(db: Connection, table: str) -> int:
    """How many rows of it this transaction has looked at, by an index or one after the other."""
    seen = text(
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
        " WHERE relname = :table"
    )
    return int(db.execute(seen, {"table": table}).scalar_one())


def test_pages_read_what_they_show_however_long_the_history_is(
    open_engine: Callable[..., Engine],
):
    engine = open_engine(pool_size=1)
    address = engine.url.render_as_string(hide_password=False)
    history.fill(address, RUNS, days_ago=3)
    trade_history.fill(address, RUNS)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))

    with engine.begin() as db:
        found = last_runs(db, ["booked", "calls-out", "never-run"], most=20)
        assert [len(each) for each in found.values()] == [20]
        assert rows_read(db, "runs") < 100

        now = DatabaseClock(db).now()
        shown = week.entries(db, first=now - 3 * DAY, last=now + 4 * DAY)
        appointments = [each for each in shown if each.kind == "appointment"]
        assert len(appointments) == RUNS * 7 // 400
        assert rows_read(db, "appointments") < RUNS // 4
