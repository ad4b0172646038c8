"""Redis flushed, cut off, and back: it adds latency and loses nothing (I3, E17)."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import redis

from hub.queue import Doorbell
from tests.processes.house import House, until
from tests.processes.link import Link

RUNS = 30
QUEUE_KEY = "rq:queue:hub"


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
        until(lambda: not connection.exists(QUEUE_KEY), "the worker hears the bell")
        assert connection.keys("rq:job:*") == []
        assert not connection.exists(f"{QUEUE_KEY}:intermediate")
    bell.close()

    link.cut()
    house.send_all(partial(house.call_ends, lead, f"after-{place}") for place in range(RUNS))
    house.wait_for_the_end()
    assert house.statuses() == {"succeeded": 2 * RUNS}
    assert worker.terminate() == 0
