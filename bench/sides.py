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
    unfinished: str
    forgotten: Sequence[str]
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    log: Path

    def web(self) -> AbstractContextManager[list[int]]:
        """Start what takes requests."""
        return self._running([self.web_command], lambda _: processes.listens(self.port))

    def workers(self, number: int = 1) -> AbstractContextManager[list[int]]:
        """Start so many worker processes; they are ready to work."""
        queue = self.environment["BENCH_QUEUE"]
        before = self.listeners(queue)
        return self._running(
            [self.worker_command] * number, lambda _: self.listeners(queue) - before >= number
        )

    def _running(
        self, commands: list[list[str]], is_ready: Callable[[list[int]], bool]
    ) -> AbstractContextManager[list[int]]:
        return processes.running(
            commands, environment=self.environment, is_ready=is_ready, log=self.log
        )

    def listeners(self, queue: str) -> int:
        """How many workers have told Redis that they listen to a queue."""
        with Redis.from_url(self.redis_url) as redis:
            found: Any = redis.scard(f"rq:workers:{queue}")
        return int(found)

    def servers(self) -> list[int]:
        """The processes of the database and of Redis, which are on this machine."""
        with psycopg.connect(self.database_url) as database:
            postmaster = processes.parent(database.info.backend_pid)
        with Redis.from_url(self.redis_url) as redis:
            told: Any = redis.info("server")
        return [postmaster, int(told["process_id"])]

    def left(self) -> int:
        """Runs that are accepted and not at their end."""
        return int(self.asked(self.unfinished)[0])

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


class Servers(Protocol):
    """Where the database and Redis are."""

    @property
    def database_url(self) -> str:
        """As the hub reads it."""

    @property
    def redis_url(self) -> str:
        """Redis or Valkey."""


def hub(servers: Servers, *, folder: Path, receiver_url: str, project: Path = PROJECT) -> Side:
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
        unfinished="SELECT count(*) FROM runs WHERE ended_at IS NULL AND coalesce(due_at < now()"
        " + interval '1 h', true)",
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
        unfinished="SELECT count(*) FROM floor_hooks WHERE kind = 'accept' AND NOT done",
        forgotten=("DELETE FROM floor_hooks",),
        database_url=libpq(servers.database_url),
        redis_url=servers.redis_url,
        log=folder / "floor.log",
    )


def libpq(url: str) -> str:
    """The address as psycopg itself reads it."""
    return url.replace("+psycopg", "", 1)
