"""The doorbell and who may ring it (I3, I4, E17, S17)."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Self
from uuid import UUID, uuid4

import pytest
from redis import Redis
from rq import Callback, Queue
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer, PickleSerializer

from hub import queue as hub_queue
from hub.queue import QUEUE, WORK, Doorbell
from hub.worker.doorbell import bell
from hub.worker.listener import BellWorker, Doorway, Listener
from tests.fakes.clock import Seconds
from tests.fakes.receiver import FakeReceiver

RUN = UUID("5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21")
PENDING = "rq:queue:hub"
NOT_AT_ALL = timedelta()
PATIENCE = timedelta(seconds=20)
done: list[str] = []


def planted(*given: Any, **named: Any) -> None:
    """What a forged message asks for: nobody may ever call it."""
    done.append(f"{given} {named}")


PLANTED = f"{__name__}.planted"


@pytest.fixture
def open_bell(redis_url: str) -> Iterator[Callable[..., Doorbell]]:
    """Opens doorbells, and closes them after the test."""
    opened: list[Doorbell] = []

    def opening(url: str = redis_url, now: Callable[[], float] | None = None) -> Doorbell:
        opened.append(Doorbell(url, now=now or Seconds()))
        return opened[-1]

    yield opening
    for each in opened:
        each.close()


@pytest.fixture
def hear(redis: Redis) -> Iterator[Callable[[], bool]]:
    """A worker hears all that is there; whether it took anything for a bell."""
    done.clear()

    def hearing() -> bool:
        bell().wait(NOT_AT_ALL)
        BellWorker(redis, threading.Event(), Doorway()).work(burst=True, logging_level="WARNING")
        return bell().is_rung

    yield hearing
    bell().begins(lambda _: False)


def messages(redis: Redis) -> list[Any]:
    """What the messages on the queue say."""
    ids: Any = redis.lrange(PENDING, 0, -1)
    packed: list[Any] = [redis.hget(f"rq:job:{each.decode()}", "data") for each in ids]
    return [json.loads(zlib.decompress(each)) for each in packed]


# ------------------------------------------------------------------------------------- ringing


def test_E17_a_message_names_the_one_function_and_a_run_and_nothing_else(open_bell, redis):
    assert open_bell().ring(RUN)

    assert messages(redis) == [[WORK, None, [str(RUN)], {}]]


def test_nothing_stays_in_redis_of_a_bell_that_was_heard(open_bell, redis, hear):
    open_bell().ring(RUN)
    hear()

    left = {key.decode() for key in redis.keys("*")}
    assert left <= {"rq:queues", "rq:workers", "rq:workers:hub"} | {
        key for key in left if key.startswith("rq:worker:")
    }


def test_bells_that_nobody_hears_do_not_pile_up(open_bell, redis):
    ringing = open_bell()
    for _ in range(150):
        ringing.ring(uuid4())

    assert redis.llen(PENDING) == 100
    assert all(redis.ttl(key) > 0 for key in redis.keys("rq:job:*"))


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ObligingRedis(socketserver.TCPServer):
    """Says yes to everything, and notes what it is asked: what comes together is one question."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Yes)
        self.asked: list[bytes] = []
        self.port = self.server_address[1]
        self._serving = threading.Thread(target=self.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._serving.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._serving.join()
        self.server_close()


class _Yes(socketserver.BaseRequestHandler):
    server: ObligingRedis

    def handle(self) -> None:
        while asked := self.request.recv(65_536):
            self.server.asked.append(asked)
            self.request.sendall(
                b"+OK\r\n" * sum(each[:1] == b"*" for each in asked.split(b"\r\n"))
            )


def test_I4_ringing_never_raises_and_rests_for_5_seconds_after_a_failure(
    open_bell, redis_url, caplog
):
    seconds = Seconds()
    ringing = open_bell(f"redis://127.0.0.1:{unused_port()}/0", seconds)
    working = open_bell(redis_url)

    assert not ringing.ring(RUN)
    assert len(caplog.records) == 1
    ringing._redis = working._redis  # noqa: SLF001 - it is back

    seconds.now += 4.9
    assert not ringing.ring(RUN)
    seconds.now += 0.2
    assert ringing.ring(RUN)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("address", ["redis://{}", "redis://:secret@{}", "redis://:secret@{}/3"])
def test_I4_a_redis_that_answers_just_in_time_is_given_up_in_250_ms_all_the_same(
    open_bell, address: str
):
    """Whatever is asked before the ring: each answer may take so long, and so may the way in."""
    with ObligingRedis() as redis:
        ringing = open_bell(address.format(f"127.0.0.1:{redis.port}"))
        ringing.ring(RUN)
        ringing.close()

    assert str(RUN).encode() in redis.asked[-1]
    patience = ringing._redis.connection_pool.connection_kwargs  # noqa: SLF001
    waits = len(redis.asked) * patience["socket_timeout"] + patience["socket_connect_timeout"]
    assert waits <= 0.25


def test_I4_a_redis_that_never_answers_is_given_up(open_bell):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ringing = open_bell(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")

        assert not ringing.ring(RUN)
        assert not ringing.is_reachable()


def test_I4_what_redis_refuses_does_not_reach_the_caller(open_bell, redis):
    redis.set(PENDING, "not a list")

    assert not open_bell().ring(RUN)


def test_I4_a_connection_that_redis_closed_meanwhile_is_no_failure(open_bell, redis, redis_url):
    bell = open_bell(f"{redis_url}{'&' if '?' in redis_url else '?'}client_name=the-bell")
    assert bell.ring(RUN)

    kept = [client["id"] for client in redis.client_list() if client["name"] == "the-bell"]
    assert [redis.client_kill_filter(_id=each) for each in kept] == [1]

    assert bell.ring(uuid4())
    assert len(messages(redis)) == 2


def test_several_at_once_ring_without_disturbing_each_other(open_bell, redis):
    bell = open_bell()

    with ThreadPoolExecutor(8) as pool:
        rung = list(pool.map(bell.ring, [uuid4() for _ in range(40)]))

    assert all(rung)
    assert len({str(each) for each in messages(redis)}) == 40


def test_whether_redis_answers_is_known(open_bell):
    assert open_bell().is_reachable()
    assert not open_bell(f"redis://127.0.0.1:{unused_port()}/0").is_reachable()


# -------------------------------------------------------------------------------------- forging


def forged(redis: Redis, function: str, serializer: Any = JSONSerializer, **job: Any) -> None:
    """A message as RQ itself would write it."""
    queue = Queue(QUEUE, connection=redis, serializer=serializer)
    queue.enqueue_call(function, **job)


CALLBACKS = {
    "on_success": Callback(PLANTED),
    "on_failure": Callback(PLANTED),
    "on_stopped": Callback(PLANTED),
}


@pytest.mark.parametrize(
    "name",
    [
        "no id",
        "",
        "0" * 500,
        "rq:job:x",
        "../../etc",
        b"\xc3\xa4",
        b"\xff\x00",
        str(RUN).upper(),
        RUN.hex,
    ],
)
def test_S17_a_message_that_names_no_run_is_refused_and_told_and_goes(
    redis, hear, caplog, name: str | bytes
):
    redis.rpush(PENDING, name)

    assert not hear()
    assert "refused a message on the queue hub: it names no run" in caplog.text
    assert redis.llen(PENDING) == 0
    assert not hear()
    assert redis.llen(f"{PENDING}:intermediate") == 0


@pytest.mark.parametrize(
    ("function", "job"),
    [
        ("os.system", {"args": ("false",)}),
        (PLANTED, {"args": (str(RUN),)}),
        (PLANTED, {"args": (str(RUN),), **CALLBACKS}),
        (PLANTED, {"args": (str(RUN),), "serializer": PickleSerializer}),
        (WORK, {"args": (str(RUN),), "serializer": PickleSerializer, **CALLBACKS}),
        (WORK, {"args": ("not an id",), "kwargs": {"more": 1}}),
    ],
)
def test_S17_a_forged_message_is_a_bell_at_most_and_nothing_of_it_is_called(
    redis, hear, function: str, job: dict[str, Any]
):
    forged(redis, function, **job)

    assert hear()
    assert done == []
    assert redis.keys("rq:job:*") == []
    assert redis.llen(PENDING) == redis.llen(f"{PENDING}:intermediate") == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"data": b"\x80\x04\x95"},
        {"data": b"[" * 100_000},
        {"data": zlib.compress(b" " * 100_000_000)},
        {"data": b"{}", "status": "no such status", "created_at": "never", "timeout": "x"},
        {"data": b"[]", "origin": b"\xff", "group_id": "none", "meta": b"\x80\x04"},
        {"data": b"[]", "webhooks": b'[{"url": "http://127.0.0.1:1/"}]', "dependency_ids": b"{"},
        {"nothing": b"of it"},
    ],
)
def test_S17_what_the_message_says_is_never_read(redis, hear, fields: dict[str, Any]):
    redis.hset(f"rq:job:{RUN}", mapping=fields)
    redis.rpush(PENDING, str(RUN))

    named: list[UUID] = []

    def begin(run_id: UUID) -> bool:
        named.append(run_id)
        return False

    bell().begins(begin)

    assert hear()
    assert named == [RUN]
    assert redis.llen(PENDING) == 0


def test_S17_jobs_that_seem_abandoned_call_nobody(redis, hear):
    """RQ itself would call their failure callbacks and webhooks at its maintenance."""
    with FakeReceiver() as receiver:
        job = Job.create(
            PLANTED,
            id="abandoned",
            connection=redis,
            serializer=JSONSerializer,
            origin=QUEUE,
            on_failure=Callback(PLANTED),
            status=JobStatus.STARTED,
        )
        job.save()
        webhook = {"url": receiver.url, "job_status": "failed", "method": "GET"}
        redis.hset(job.key, "webhooks", json.dumps([{**webhook, "headers": None, "timeout": 1}]))
        redis.zadd(StartedJobRegistry(QUEUE, redis).key, {"abandoned:1": 1})
        redis.rpush(f"{PENDING}:intermediate", "abandoned")

        assert not hear()

    assert done == []
    assert receiver.nothing_was_sent
    assert not redis.exists(f"{PENDING}:intermediate")


# ------------------------------------------------------------------------------------ listening


@pytest.fixture
def listening(redis_url: str) -> Iterator[Listener]:
    bell().wait(NOT_AT_ALL)
    listener = Listener(redis_url)
    listener.start()
    yield listener
    listener.stop()
    listener.join()


def test_a_listener_hears_the_bell_and_ends_when_it_is_told(listening, open_bell, redis):
    open_bell().ring(RUN)

    assert bell().wait(PATIENCE)
    listening.stop()
    listening.join()
    assert redis.smembers("rq:workers") == set()


@pytest.mark.usefixtures("listening")
def test_a_listener_goes_on_after_messages_that_break_rq(open_bell, redis):
    redis.set("rq:job:wrong", "no hash at all")
    redis.rpush(PENDING, "wrong", b"\xff\xfe", "x" * 10_000)
    open_bell().ring(RUN)

    assert bell().wait(PATIENCE)


@pytest.mark.usefixtures("listening")
def test_a_listener_takes_no_commands_from_redis(open_bell, redis):
    open_bell().ring(RUN)
    assert bell().wait(PATIENCE)
    (worker,) = redis.smembers("rq:workers")
    name = worker.decode().removeprefix("rq:worker:")

    heard_by = redis.publish(f"rq:pubsub:{name}", json.dumps({"command": "shutdown"}))

    assert heard_by == 0


def test_the_bell_of_the_worker_room_checks_what_it_is_given():
    from hub.worker.doorbell import work  # noqa: PLC0415 - by the name that messages use

    assert f"{work.__module__}.{work.__name__}" == hub_queue.WORK
    with pytest.raises(ValueError, match="badly formed"):
        work("not an id")
