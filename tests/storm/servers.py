"""PostgreSQL and Valkey as processes: killed, frozen, told to stop, and started again."""

from __future__ import annotations

import json
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self

import psycopg
from redis import Redis

from hub.embedded import RECORD, postgres, valkey
from hub.embedded.account import account_for, home_for, socket_directory
from hub.embedded.postgres import Postgres
from hub.embedded.programs import EmbeddedError, installed, usable_by
from hub.embedded.valkey import Valkey
from tests.processes.house import until
from tests.storm.supervisor import family, tell


class Startable(Protocol):
    """A server that can be started, whatever state it is in."""

    def ensure(self) -> None:
        """Have it run and answer."""


class Server:
    """One of the two servers. One fault at a time befalls it.

    `starts_again`: None when somebody else starts what ended (`hub dev` does).
    """

    def __init__(
        self, pid_file: Path, answers: Callable[[], bool], starts_again: Startable | None
    ) -> None:
        self._pid_file, self._answers, self._starts_again = pid_file, answers, starts_again
        self._one_at_a_time = threading.Lock()

    def _living(self) -> int:
        """Its main process, once it has come back from whatever befell it before."""
        until(self._answers, "the server answers")
        return int(self._pid_file.read_text().partition("\n")[0])

    def end(self, number: signal.Signals, away: float) -> str:
        """End it by a signal; it is back after so many seconds."""
        with self._one_at_a_time:
            pid = self._living()
            tell(pid, number)
            until(lambda: not _lives(pid), f"the server {pid} ends")
            threading.Event().wait(away)
            self._come_back()
            return f"{pid}"

    def freeze(self, seconds: float) -> str:
        """Stop all its processes for a while."""
        with self._one_at_a_time:
            frozen = family(self._living())
            for pid in frozen:
                tell(pid, signal.SIGSTOP)
            threading.Event().wait(seconds)
            for pid in frozen:
                tell(pid, signal.SIGCONT)
            return f"{len(frozen)} processes"

    def alone(self, do: Callable[[], str]) -> str:
        """Do something to it while nothing else is done to it."""
        with self._one_at_a_time:
            self._living()
            return do()

    def _come_back(self) -> None:
        if self._starts_again is not None:
            self._starts_again.ensure()
        until(self._answers, "the server is back")


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class Servers:
    """Both servers, wherever they are. `ours` are those that the storm starts and stops itself."""

    def __init__(
        self, home: Path, sockets: Callable[[], Path], ours: tuple[Postgres, Valkey] | None = None
    ) -> None:
        self._sockets, self._ours = sockets, ours
        database, queue = ours or (None, None)
        self.postgres = Server(
            home / "postgres/postmaster.pid", lambda: postgres.answers(sockets()), database
        )
        self.redis = Server(home / "valkey/server.pid", lambda: valkey.answers(sockets()), queue)

    @classmethod
    def serve(cls, state: Path) -> Self:
        """New ones, running."""
        state.mkdir()
        account = account_for(state / "postgres")
        sockets = None if account is None else socket_directory(account)
        if account is None or sockets is None:
            raise EmbeddedError("there is no place for the servers: set TMPDIR to /tmp")
        home = home_for(account, state)
        programs = usable_by(account, installed(), home=home)
        database = Postgres(programs, account, home / "postgres", sockets)
        queue = Valkey(programs, account, home / "valkey", sockets)
        database.ensure()
        queue.ensure()
        return cls(home, lambda: sockets, (database, queue))

    @classmethod
    def of_hub_dev(cls, state: Path) -> Self:
        """Those that `hub dev` runs: after each start their sockets may lie elsewhere."""

        def record() -> dict[str, str]:
            return dict(json.loads((state / RECORD).read_text()))

        return cls(Path(record()["home"]), lambda: Path(record()["sockets"] or state / "none"))

    @property
    def sockets(self) -> Path:
        """The directory of their sockets."""
        return self._sockets()

    @property
    def database_url(self) -> str:
        """Straight to the database, past every link."""
        return postgres.database_url(self.sockets)

    @property
    def redis_url(self) -> str:
        """Straight to Redis."""
        return valkey.redis_url(self.sockets)

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of our own, past every link."""
        return psycopg.connect(
            f"host={self.sockets} user={postgres.SUPERUSER} dbname={postgres.DATABASE}"
            " connect_timeout=3 options='-c statement_timeout=5000'",
            autocommit=True,
        )

    def flush(self) -> str:
        """Take everything from Redis."""
        with Redis.from_url(self.redis_url) as redis:
            keys = redis.dbsize()
            redis.flushall()
        return f"{keys} keys"

    def backends(self) -> list[int]:
        """The processes that serve the hub's connections."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'hub%' ORDER BY pid"
            ).fetchall()
        return [int(str(row[0])) for row in rows]

    def end_sessions(self) -> str:
        """End all sessions of the hub."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'hub%'"
            ).fetchall()
        return f"{len(rows)} sessions"

    def stop(self) -> None:
        """Stop ours."""
        for each in reversed(self._ours or ()):
            each.stop()
        shutil.rmtree(self.sockets, ignore_errors=True)
