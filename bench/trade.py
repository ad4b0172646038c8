"""`python -m bench.trade`: how soon callers of our own flows are answered (C-05, R-26, K-24).

Real web and worker of the whole project, simulated effects. Each round sends to every endpoint in
turn; told are the middle of the rounds' medians and of their 99th percentiles.
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import psycopg
from redis import Redis

from bench import load, processes
from bench.folder import fresh
from bench.load import Request
from hub import embedded
from hub.bootstrap.clock import SystemClock
from hub.bootstrap.secrets import new_key
from hub.domain import service_requests
from hub.domain.service_requests import Recommendation
from hub.storage import db, migrate

_SECRET = "bench-shared-secret"  # noqa: S105 - made for this run
_PHONE = "+14155550101"
_LATEST = 1_000_000  # seconds from tomorrow, the last time that is asked for
_AT_ONCE = (1, 8)
_WARM = 40
_OPEN = "SELECT count(*) FROM runs WHERE status NOT IN ('succeeded', 'failed', 'cancelled')"


def main() -> None:
    """Start, send, print."""
    options = _options()
    with fresh("hub-trade-") as folder, embedded.start(folder / "state") as servers:
        migrate.upgrade(servers.database_url)
        many = len(_AT_ONCE) * (options.rounds * options.requests + _WARM)
        requests = _service_requests(servers.database_url, many)
        port = processes.free_port()
        environment = {
            "HUB_DATABASE_URL": servers.database_url,
            "HUB_REDIS_URL": servers.redis_url,
            "HUB_ENCRYPTION_KEY": new_key(),
            "HUB_MODE": "simulate",
            "HUB_PORT": str(port),
            "APP_WEBHOOK_SECRET": _SECRET,
        }
        with _hub(environment, folder / "log"):
            machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
            print(f"{machine}, {options.rounds} rounds of {options.requests} requests")
            for at_once in _AT_ONCE:
                for what, make in _asked(requests).items():
                    _tell(what, at_once, *_measured(servers, port, make, at_once, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.trade")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    return parser.parse_args()


def _service_requests(database_url: str, number: int) -> list[tuple[UUID, UUID]]:
    """So many requests of clients, each with its provider."""
    made = [(uuid4(), uuid4()) for _ in range(number)]
    engine = db.open_engine(database_url, pool_size=1, application="hub-bench")
    with engine.begin() as connection:
        for request, provider in made:
            told = [Recommendation(provider, "Acme Plumbing", _PHONE)]
            service_requests.recommend(connection, SystemClock(), id_=request, providers=told)
    engine.dispose()
    return made


@contextmanager
def _hub(environment: dict[str, str], log: Path) -> Iterator[None]:
    """The web and one worker of the whole project."""
    port, redis = int(environment["HUB_PORT"]), Redis.from_url(environment["HUB_REDIS_URL"])
    hub = str(processes.BIN / "hub")
    with (
        processes.running(
            [[hub, "web"]],
            environment=environment,
            is_ready=lambda _: processes.listens(port),
            log=log,
        ),
        processes.running(
            [[hub, "worker"]],
            environment=environment,
            is_ready=lambda _: bool(redis.scard("rq:workers:hub")),
            log=log,
        ),
    ):
        yield


def _asked(requests: list[tuple[UUID, UUID]]) -> dict[str, Callable[[int], Request]]:
    """What is sent, by what is asked for."""

    def booked(_: int) -> Request:
        request, provider = requests.pop()
        body = {
            "serviceRequestId": str(request),
            "providerId": str(provider),
            "providerPhone": _PHONE,
            "providerName": "Acme Plumbing",
            "serviceDescription": "leaking tap",
            "preferredDate": "Friday",
            "preferredTime": "10:00",
            "customerName": "Ada Byron",
            "customerPhone": "+14155550188",
            "location": "Santa Monica",
        }
        return _signed("/api/v1/bookings/schedule-async", body)

    mechanic = str(uuid4())

    def free(number: int) -> Request:
        begins = time.time() + 86_400 + 60 * number % _LATEST
        start, end = (
            time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(at)) for at in (begins, begins + 3600)
        )
        body = {"mechanic_id": mechanic, "start": start, "end": end}
        return _signed("/api/availability/check-slots", body)

    return {"C-05 a booking by phone is begun (202)": booked, "R-26 is a time free": free}


def _signed(path: str, body: dict[str, Any]) -> Request:
    raw, moment = json.dumps(body).encode(), str(int(time.time()))
    digest = hmac.new(_SECRET.encode(), f"{moment}.".encode() + raw, sha256).hexdigest()
    return Request(path, {"X-Signature": f"t={moment},v1={digest}"}, raw)


def _measured(
    servers: embedded.EmbeddedServers,
    port: int,
    make: Callable[[int], Request],
    at_once: int,
    options: argparse.Namespace,
) -> tuple[float, float]:
    """The middle of the rounds' medians and of their 99th percentiles, in milliseconds."""
    rounds = []
    for requests in (_WARM, *(options.requests for _ in range(options.rounds))):
        measured = load.run(port, make, requests=requests, concurrency=at_once)
        if measured.failed:
            raise SystemExit(f"not all were answered with 2xx: {measured.statuses}")
        rounds.append(measured)
        _settle(servers.database_url)
    told = rounds[1:]
    return median(each.percentile(0.5) for each in told), median(
        each.percentile(0.99) for each in told
    )


def _settle(database_url: str) -> None:
    """Wait until all runs have ended."""
    url = database_url.replace("+psycopg", "", 1)
    with psycopg.connect(url, autocommit=True) as database:
        processes.until(lambda: database.execute(_OPEN).fetchone() == (0,), "the end of all runs")


def _tell(what: str, at_once: int, middle: float, last: float) -> None:
    print(f"{what:40}{at_once} at once: median {middle:.0f} ms, p99 {last:.0f} ms", flush=True)


if __name__ == "__main__":
    main()
