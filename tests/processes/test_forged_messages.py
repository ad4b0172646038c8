"""Whoever can write to Redis changes latency and nothing else: with the real worker (S17, E17)."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any
from uuid import uuid4

from redis import Redis
from rq import Callback, Queue
from rq.serializers import JSONSerializer, PickleSerializer

from hub.queue import QUEUE
from tests.processes.house import House, until

PENDING = f"rq:queue:{QUEUE}"


class Planted:
    """Unpacked, it would make a file."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> Any:
        return (Path.touch, (self.place,))


def forge(redis: Any, place: Path) -> None:
    """What somebody with the password of Redis can think of."""
    command = f"touch {place}"
    for serializer in (JSONSerializer, PickleSerializer):
        queue = Queue(QUEUE, connection=redis, serializer=serializer)
        called = Callback("os.system")
        for name in (str(uuid4()), "no-id"):
            queue.enqueue_call(
                "os.system",
                args=(command,),
                job_id=name,
                on_success=called,
                on_failure=called,
                on_stopped=called,
                meta={"x": "y" * 100_000},
            )
    for data in (pickle.dumps(Planted(place)), b"\xff" * 1_000_000, b"", b"[" * 100_000):
        name = str(uuid4())
        redis.hset(f"rq:job:{name}", mapping={"data": data, "timeout": "x", "status": "?"})
        redis.rpush(PENDING, name, data[:1000], b"\x00", "../" * 50)
    redis.rpush(f"{PENDING}:intermediate", "x", str(uuid4()))
    for worker in redis.smembers("rq:workers"):
        channel = b"rq:pubsub:" + worker.removeprefix(b"rq:worker:")
        for wanted in ("shutdown", "kill-horse", "stop-job"):
            redis.publish(channel, json.dumps({"command": wanted, "job_id": "x"}))


def test_S17_E17_forged_messages_run_nothing_and_the_worker_lives_on(
    house: House, redis: Redis, tmp_path: Path
):
    place = tmp_path / "planted"
    _, worker = house.start_both()
    lead = house.lead()

    for _ in range(3):
        forge(redis, place)
    house.call_ends(lead, "call-1")
    house.wait_for_the_end()
    until(lambda: redis.llen(PENDING) == 0, "all messages are taken")

    assert not place.exists()
    assert worker.running.poll() is None
    assert house.statuses() == {"succeeded": 1}
    assert "refused a message on the queue" in worker.lines
    assert "nhandled exception" not in worker.lines
    assert all(json.loads(line)["level"] for line in worker.lines.splitlines())
