"""Redis that refuses, hangs, resets or is full; a queue over its limit; too many connections."""

from __future__ import annotations

from time import monotonic

import redis
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from tests.processes.house import House, until
from tests.processes.link import Link
from tests.processes.test_dependency_faults import FAULTS, Counter, is_refused

ACCEPTED_WITHIN = 1.0  # seconds, though Redis says nothing
BACK_WITHIN = 5.0  # seconds (I11)


def test_I4_I11_P7_whatever_redis_does_requests_are_accepted_in_time(
    counters: House, link: Link, redis_url: str
):
    web = counters.start_web()
    counter = Counter(counters, link)
    assert counter.send("well").status_code == 202
    for name, fault in FAULTS.items():
        fault(link)
        for _ in range(3):
            begun = monotonic()
            assert counter.send(name).status_code == 202
            assert monotonic() - begun < ACCEPTED_WITHIN
        assert counter.send(name, path="waits").json() == {"status": "later"}
        link.restore()
        until(lambda: "the doorbell is out of order" in web.lines, "it was noticed")
    with redis.Redis.from_url(redis_url) as connection:
        before = connection.config_get("maxmemory*")
        try:
            connection.config_set("maxmemory-policy", "noeviction")
            connection.config_set("maxmemory", "1")  # full: every write is refused
            assert [counter.send("full").status_code for _ in range(3)] == [202] * 3
        finally:
            connection.config_set("maxmemory", before["maxmemory"])
            connection.config_set("maxmemory-policy", before["maxmemory-policy"])
    assert "Traceback" not in web.lines
    assert counters.count("FROM runs") == 1 + 3 * 4 + 3


def test_I3_P7_a_worker_tells_once_that_redis_is_away_and_once_that_it_is_back(
    counters: House, link: Link
):
    _, worker = counters.start_both()
    counter = Counter(counters, link)
    for told, fault in enumerate((Link.cut, Link.reset), start=1):
        fault(link)
        until(lambda: worker.lines.count("no doorbell") == told, "it was told")  # noqa: B023
        assert counter.send("away").status_code == 202
        counters.wait_for_the_end()  # the worker looks by itself, and listens in vain meanwhile
        link.restore()
        until(lambda: worker.lines.count("is heard again") == told, "it is back")  # noqa: B023

    assert worker.lines.count("no doorbell") == 2
    assert "Traceback" not in worker.lines
    assert "retrying" not in worker.lines
    assert worker.terminate() == 0


def test_I11_a_queue_over_its_limit_is_503_until_it_is_shorter(counters: House, link: Link):
    web = counters.wait_for_web(counters.start("web", HUB_MOST_WAITING="5"))
    counter = Counter(counters, link)

    def is_full() -> bool:
        return int(counter.send("more").status_code) == 503

    until(is_full, "the queue is over its limit", within=2 * BACK_WITHIN)
    is_refused(counter.send("refused"))
    assert counter.marked("refused") == 0

    counters.start_worker()
    counters.wait_for_the_end()
    until(lambda: counter.send("after").status_code == 202, "it accepts again", within=8.0)
    counters.wait_for_the_end()
    assert web.terminate() == 0


def test_I11_a_database_that_takes_no_writes_or_no_more_sessions_is_503_and_then_accepts_again(
    counters: House, link: Link
):
    web = counters.start_web()
    counter = Counter(counters, link)
    url = make_url(counters.environment["HUB_DATABASE_URL"])
    name = url.database
    operator = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        for off, on in (
            (
                f"ALTER DATABASE {name} SET default_transaction_read_only = on",
                f"ALTER DATABASE {name} RESET default_transaction_read_only",
            ),
            (
                f"ALTER DATABASE {name} CONNECTION LIMIT 0",
                f"ALTER DATABASE {name} CONNECTION LIMIT -1",
            ),
            (
                f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
                f"ALTER DATABASE {name} ALLOW_CONNECTIONS true",
            ),
        ):
            with operator.connect() as connection:
                connection.execute(text(off))
                _end_sessions(connection, str(name))
            is_refused(counter.send("refused"))
            with operator.connect() as connection:
                connection.execute(text(on))
                _end_sessions(connection, str(name))
            counter.accepts_again()
    finally:
        operator.dispose()
    counters.database.dispose()
    assert counter.marked("refused") == 0
    assert "Traceback" not in web.lines


def _end_sessions(connection: Connection, name: str) -> None:
    """As a restart of the server does it."""
    connection.execute(
        text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
        {"name": name},
    )
