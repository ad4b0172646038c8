"""Redis flushed, cut off, and back: it adds latency and loses nothing (I3, E17)."""

from __future__ import annotations

from functools import partial

import redis

from tests.processes.house import House, until
from tests.processes.link import Link

RUNS = 30


def test_I3_runs_end_though_redis_was_flushed_while_they_were_queued(house: House, redis_url: str):
    house.start_web()
    lead = house.lead()
    house.send_all(partial(house.call_ends, lead, f"queued-{place}") for place in range(RUNS))
    with redis.Redis.from_url(redis_url) as connection:
        assert connection.dbsize() > 0
        connection.flushall()
        house.start_worker()
        for place in range(RUNS):
            house.send_all([partial(house.call_ends, lead, f"flushed-{place}")])
            connection.flushall()
    house.wait_for_the_end()

    assert house.statuses() == {"succeeded": 2 * RUNS}
    assert house.count("FROM interactions WHERE kind = 'call'") == 2 * RUNS


def test_I3_without_redis_runs_are_accepted_and_end_and_the_bell_works_when_it_is_back(
    house: House, link: Link, redis_url: str
):
    house.start_web()
    worker = house.start_worker()
    lead = house.lead()
    with redis.Redis.from_url(redis_url) as connection:
        until(lambda: connection.smembers("rq:workers:hub"), "the worker listens")
        link.cut()
        connection.flushall()
        house.send_all(partial(house.call_ends, lead, f"without-{place}") for place in range(RUNS))
        house.wait_for_the_end()
        assert house.statuses() == {"succeeded": RUNS}

        link.restore()
        until(lambda: connection.smembers("rq:workers:hub"), "the worker listens again")
    house.send_all([partial(house.call_ends, lead, "again")])
    house.wait_for_the_end()

    assert worker.terminate() == 0


def test_processes_start_and_work_while_redis_is_away(house: House, link: Link):
    link.cut()
    house.start_web()
    worker = house.start_worker()

    house.send_all([partial(house.call_ends, house.lead(), "call-1")])
    house.wait_for_the_end()

    assert house.statuses() == {"succeeded": 1}
    assert worker.terminate() == 0
