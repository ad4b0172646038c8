"""How fast a waiting request learns of its answer: `NOTIFY` in the commit, or Redis after it.

One writer commits an answer, one listener wakes a waiting thread; the time from the start of the
commit to the waking is measured for both signals in turn. `python -m bench.answers`.
"""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from bench.folder import fresh
from hub import embedded

ROUNDS = 5
ANSWERS = 500
WRITERS = 8


def main() -> None:
    """Measure and print."""
    with (
        fresh("hub-bench-") as folder,
        embedded.start(folder / "state") as servers,
    ):
        url = servers.database_url.replace("+psycopg", "", 1)
        redis = Redis.from_url(servers.redis_url)
        with psycopg.connect(url, autocommit=True) as database:
            database.execute("CREATE TABLE answers (id serial PRIMARY KEY, body jsonb)")
        heard = {"notify": threading.Event(), "redis": threading.Event()}
        _listen_notify(url, heard["notify"])
        _listen_redis(redis, heard["redis"])
        time.sleep(0.3)
        signals = {"notify": _notify, "redis": _redis(redis)}
        latencies: dict[str, list[float]] = {name: [] for name in signals}
        rates: dict[str, list[float]] = {name: [] for name in signals}
        for _ in range(ROUNDS):
            for name, answer in signals.items():
                latencies[name].append(_latency(url, answer, heard[name]))
                rates[name].append(_rate(url, answer))
        for name in signals:
            print(
                f"{name:7} commit → woken p50 {statistics.median(latencies[name]) * 1000:.2f} ms,"
                f" {WRITERS} writers commit {statistics.median(rates[name]):.0f}/s"
            )


def _latency(
    url: str, answer: Callable[[psycopg.Connection], None], heard: threading.Event
) -> float:
    with psycopg.connect(url) as database:
        times = []
        for _ in range(ANSWERS):
            heard.clear()
            began = time.perf_counter()
            answer(database)
            heard.wait(5)
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def _rate(url: str, answer: Callable[[psycopg.Connection], None]) -> float:
    """Commits per second of several writers: `NOTIFY` locks the whole server at commit."""

    def write(_: int) -> None:
        with psycopg.connect(url) as database:
            for _ in range(ANSWERS):
                answer(database)

    began = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    return WRITERS * ANSWERS / (time.perf_counter() - began)


def _store(database: psycopg.Connection) -> None:
    database.execute("INSERT INTO answers (body) VALUES ('{\"a\": 1}')")


def _notify(database: psycopg.Connection) -> None:
    _store(database)
    database.execute("SELECT pg_notify('answers', 'x')")
    database.commit()


def _redis(redis: Redis) -> Callable[[psycopg.Connection], None]:
    def answer(database: psycopg.Connection) -> None:
        _store(database)
        database.commit()
        redis.publish("answers", "x")

    return answer


def _listen_notify(url: str, heard: threading.Event) -> None:
    def listen() -> None:
        with psycopg.connect(url, autocommit=True) as database:
            database.execute("LISTEN answers")
            with contextlib.suppress(psycopg.OperationalError):  # the server stops at the end
                for _ in database.notifies():
                    heard.set()

    threading.Thread(target=listen, daemon=True).start()


def _listen_redis(redis: Redis, heard: threading.Event) -> None:
    def listen() -> None:
        subscription = redis.pubsub()  # type: ignore[no-untyped-call]  # redis-py leaves it so
        subscription.subscribe("answers")
        with contextlib.suppress(RedisError):  # the server stops at the end
            for _ in subscription.listen():
                heard.set()

    threading.Thread(target=listen, daemon=True).start()


if __name__ == "__main__":
    main()
