"""What is compared: the hub as shipped, and the floor, on the same servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psycopg
from cryptography.fernet import Fernet
from redis import Redis

from bench import processes
from bench.load import Request
from bench.requests import SECRET, Booking, ToolCall

PROJECT = Path(__file__).parent / "project"
_SETTLES_WITHIN = 300.0  # seconds

_GOES_ON = """
    SELECT EXISTS (SELECT FROM runs WHERE status = 'running')
        OR EXISTS (SELECT FROM runs WHERE status IN ('queued', 'waiting') AND is_awaited
                   AND due_at < now() + interval '1 hour')
        OR EXISTS (SELECT FROM runs WHERE status IN ('queued', 'waiting') AND NOT is_awaited
                   AND due_at < now() + interval '1 hour')
"""

Requests = Callable[[int], Request]


@dataclass(frozen=True)
class Side:
    """The hub or the floor: its processes, its requests by kind, how to see what is left to do."""

    name: str
    port: int
    web_command: list[str]
    worker_command: list[str]
    environment: Mapping[str, str]
    requests: Mapping[str, Requests]
    is_settled: Callable[[psycopg.Connection[Any], Redis], bool]
    forgotten: Sequence[str]
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    log: Path
    starts_within: float = processes.START_WITHIN

    def web(self) -> AbstractContextManager[list[int]]:
        """Start what takes requests."""
        return self._running([self.web_command], lambda _: processes.listens(self.port))

    def workers(self, number: int = 1) -> AbstractContextManager[list[int]]:
        """Start so many worker processes; they are ready to work."""
        queue = self.environment["BENCH_QUEUE"]
        return self._running([self.worker_command] * number, self.have_come(queue, number))

    def have_come(self, queue: str, number: int) -> Callable[[list[int]], bool]:
        """Asks whether so many more workers have told Redis that they listen to a queue."""
        redis, key = Redis.from_url(self.redis_url), f"rq:workers:{queue}"

        def count() -> int:
            found: Any = redis.scard(key)
            return int(found)

        before = count()
        return lambda _: count() >= before + number

    def _running(
        self, commands: list[list[str]], is_ready: Callable[[list[int]], bool]
    ) -> AbstractContextManager[list[int]]:
        return processes.running(
            commands,
            environment=self.environment,
            is_ready=is_ready,
            log=self.log,
            within=self.starts_within,
        )

    def servers(self) -> list[int]:
        """The processes of the database and of Redis, which are on this machine."""
        with psycopg.connect(self.database_url) as database:
            postmaster = processes.parent(database.info.backend_pid)
        with Redis.from_url(self.redis_url) as redis:
            told: Any = redis.info("server")
        return [postmaster, int(told["process_id"])]

    def settle(self) -> None:
        """Wait until every accepted run has ended; raises `SystemExit` after five minutes."""
        with (
            psycopg.connect(self.database_url, autocommit=True) as database,
            Redis.from_url(self.redis_url) as redis,
        ):
            processes.until(
                lambda: self.is_settled(database, redis),
                f"{self.name}: the end of all runs",
                within=_SETTLES_WITHIN,
            )

    def forget(self) -> None:
        """Drop what is accepted and will not be worked off."""
        with psycopg.connect(self.database_url, autocommit=True) as database:
            for statement in self.forgotten:
                database.execute(statement)
        with Redis.from_url(self.redis_url) as redis:
            redis.delete(f"rq:queue:{self.environment['BENCH_QUEUE']}")

    def asked(self, question: str, *values: Any) -> tuple[Any, ...]:
        """The first row of an answer of the database."""
        with psycopg.connect(self.database_url, autocommit=True) as database:
            return tuple(database.execute(question, values).fetchone() or ())

    def do(self, statement: str, *values: Any) -> None:
        """Change rows."""
        with psycopg.connect(self.database_url, autocommit=True) as database:
            database.execute(statement, values)


def _no_run_goes_on(database: psycopg.Connection[Any], _: Redis) -> bool:
    """What is asleep for long does not count. Each part is read from an index of its own."""
    return database.execute(_GOES_ON).fetchone() == (False,)


def _no_job_is_left(_: psycopg.Connection[Any], redis: Redis) -> bool:
    """Neither in the queue nor in the worker's hands."""
    return not redis.exists("rq:queue:floor", "rq:queue:floor:intermediate")


class Servers(Protocol):
    """Where the database and Redis are."""

    @property
    def database_url(self) -> str:
        """As the hub reads it."""

    @property
    def redis_url(self) -> str:
        """Redis or Valkey."""


def hub(
    servers: Servers,
    *,
    folder: Path,
    receiver_url: str,
    project: Path = PROJECT,
) -> Side:
    """The hub with the project of the benchmark; everything else is at its defaults."""
    port = processes.free_port()
    program = str(processes.BIN / "hub")
    return Side(
        name="hub",
        port=port,
        web_command=[program, "web"],
        worker_command=[program, "worker"],
        environment={
            "HUB_DATABASE_URL": servers.database_url,
            "HUB_REDIS_URL": servers.redis_url,
            "HUB_PORT": str(port),
            "HUB_PROJECT": str(project),
            "HUB_STATE_DIR": str(folder / "hub"),
            "HUB_ENCRYPTION_KEY": Fernet.generate_key().decode(),
            "HUB_LOG_LEVEL": "warning",
            "VAPI_WEBHOOK_SECRET": SECRET,
            "BENCH_RECEIVER": receiver_url,
            "BENCH_QUEUE": "hub",
        },
        requests={
            "accept": Booking("/webhook/booked"),
            "wait": ToolCall("/webhook/booked-answers"),
            "reference": Booking("/webhook/reference"),
            "reference-waits": ToolCall("/webhook/reference-answers"),
            "call": Booking("/webhook/calls-out"),
        },
        is_settled=_no_run_goes_on,
        forgotten=(
            "DELETE FROM run_history USING runs WHERE run_id = runs.id AND runs.status = 'queued'",
            "DELETE FROM runs WHERE status = 'queued'",
        ),
        database_url=libpq(servers.database_url),
        redis_url=servers.redis_url,
        log=folder / "hub.log",
    )


def floor(servers: Servers, *, folder: Path) -> Side:
    """The bare Flask application and its RQ worker."""
    port = processes.free_port()
    python = str(processes.BIN / "python")
    gunicorn = [python, "-m", "gunicorn", "bench.floor:create_app()", "-k", "gevent", "-w", "2"]
    worker = [
        "worker",
        "floor",
        "--url",
        servers.redis_url,
        "-w",
        "bench.lean_worker.LeanWorker",
        "-q",
    ]
    return Side(
        name="floor",
        port=port,
        web_command=[*gunicorn, "-b", f"127.0.0.1:{port}", "--log-level", "warning"],
        worker_command=[str(processes.BIN / "rq"), *worker],
        environment={
            "FLOOR_DATABASE_URL": libpq(servers.database_url),
            "FLOOR_REDIS_URL": servers.redis_url,
            "BENCH_QUEUE": "floor",
        },
        requests={"accept": Booking("/accept"), "wait": ToolCall("/wait")},
        is_settled=_no_job_is_left,
        forgotten=("DELETE FROM floor_hooks",),
        database_url=libpq(servers.database_url),
        redis_url=servers.redis_url,
        log=folder / "floor.log",
    )


def libpq(url: str) -> str:
    """The address as psycopg itself reads it."""
    return url.replace("+psycopg", "", 1)
