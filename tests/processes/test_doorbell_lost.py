"""Redis flushed, cut off, and back: it adds latency and loses nothing (I3, E17)."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import redis

from hub.queue import Doorbell
from tests.processes.house import House, until
from tests.processes.link import Link

QUEUED = 200
RUNS = 30


def left_of(connection: redis.Redis) -> list[bytes | str]:
    """What Redis holds of rung bells."""
    return [*connection.keys("rq:job:*"), *connection.keys("rq:queue:*")]


def test_I3_runs_end_though_redis_was_flushed_while_they_were_queued(house: House, redis_url: str):
    house.start_web()
    lead = house.lead()
    house.send_all(partial(house.call_ends, lead, f"queued-{place}") for place in range(QUEUED))
    with redis.Redis.from_url(redis_url) as connection:
        assert connection.dbsize() > 0
        connection.flushall()
        house.start_worker()
        for place in range(RUNS):
            house.send_all([partial(house.call_ends, lead, f"flushed-{place}")])
            connection.flushall()
    house.wait_for_the_end()

    assert house.statuses() == {"succeeded": QUEUED + RUNS}
    assert house.count("FROM interactions WHERE kind = 'call'") == QUEUED + RUNS


def test_I3_without_redis_runs_are_accepted_and_end_and_the_bell_is_heard_when_it_is_back(
    house: House, link: Link, redis_url: str
):
    link.cut()
    _, worker = house.start_both()
    lead = house.lead()
    house.send_all(partial(house.call_ends, lead, f"before-{place}") for place in range(RUNS))
    house.wait_for_the_end()

    link.restore()
    bell = Doorbell(redis_url)
    with redis.Redis.from_url(redis_url) as connection:
        bell.ring(uuid4())
        until(lambda: left_of(connection) == [], "the worker hears the bell, and nothing stays")
    bell.close()

    link.cut()
    house.send_all(partial(house.call_ends, lead, f"after-{place}") for place in range(RUNS))
    house.wait_for_the_end()
    assert house.statuses() == {"succeeded": 2 * RUNS}
    assert worker.terminate() == 0
