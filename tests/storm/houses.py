"""What a storm blows at: web and workers on servers of their own, or the embedded default."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psycopg

from hub.embedded import RECORD
from hub.storage import migrate
from tests.processes.house import environment_for, until
from tests.processes.link import Link
from tests.storm import plan, project
from tests.storm.outside import Outside
from tests.storm.servers import Servers
from tests.storm.supervisor import Supervisor, command_line, family

_WEB, _WORKER = "hub.web.server", "hub.worker"


@dataclass(frozen=True)
class StormHouse:
    """The processes and servers of one storm. `links`: by the name of the server behind them."""

    folder: Path
    port: int
    supervisor: Supervisor
    servers: Servers
    links: dict[str, Link]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pids(self, role: str) -> list[int]:
        """The processes of a role that live now: `web`, `child` (of web), `worker`, `dev`."""
        tops = [self.supervisor.pid(name) for name in self.supervisor.names]
        if role == "dev":
            return tops
        found = [pid for top in tops for pid in family(top)]
        wanted = _WORKER if role == "worker" else _WEB
        of_module = [pid for pid in found if f"-m {wanted} " in f"{command_line(pid)} "]
        masters = [pid for pid in of_module if _is_first(pid, of_module)]
        if role == "child":
            return [pid for pid in of_module if pid not in masters]
        return masters

    def is_ready(self) -> bool:
        """Whether the web takes requests and a worker lives."""
        try:
            with urlopen(f"{self.url}/readyz", timeout=2) as answer:  # noqa: S310 - loopback
                is_open = answer.status == 200
        except OSError:
            return False
        try:
            with self.servers.connect() as connection:
                workers = connection.execute("SELECT count(*) FROM workers").fetchone()
        except psycopg.Error:
            return False
        return is_open and workers is not None and bool(workers[0])


def _is_first(pid: int, others: list[int]) -> bool:
    return not any(pid in family(other)[1:] for other in others if other != pid)


@contextmanager
def opened(kind: plan.Servers, folder: Path, outside: Outside) -> Iterator[StormHouse]:
    """Everything started and ready; nothing of it stays."""
    files = folder / "project"
    project.write(
        files,
        receiver=outside.receiver.url,
        slack=outside.slack.base_url,
        twilio=outside.twilio.url,
    )
    with _served(files, folder) if kind == "postgres" else _embedded(files, folder) as house:
        until(house.is_ready, "everything is ready", within=60)
        yield house


@contextmanager
def _served(files: Path, folder: Path) -> Iterator[StormHouse]:
    """`hub web` with two processes and two `hub worker`, behind links that can be cut."""
    servers = Servers.serve(folder / "servers")
    try:
        migrate.upgrade(servers.database_url)
        with (
            Link.to_postgres(servers.database_url) as to_database,
            Link.to_redis(servers.redis_url) as to_redis,
        ):
            environment = environment_for(
                files,
                database_url=f"postgresql+psycopg://postgres@127.0.0.1:{to_database.port}/hub",
                redis_url=f"redis://127.0.0.1:{to_redis.port}/0",
            )
            web, worker = [sys.executable, "-m", _WEB], [sys.executable, "-m", _WORKER]
            commands = {"web": web, "worker-1": worker, "worker-2": worker}
            links = {"postgres": to_database, "redis": to_redis}
            supervisor = Supervisor(commands, _all_of(environment), folder)
            supervisor.start()
            try:
                port = int(environment["HUB_PORT"])
                yield StormHouse(files, port, supervisor, servers, links)
            finally:
                supervisor.stop()
    finally:
        servers.stop()


@contextmanager
def _embedded(files: Path, folder: Path) -> Iterator[StormHouse]:
    """`hub dev`, which starts its own servers, web and worker."""
    state = folder / "state"
    environment = environment_for(files, database_url="", redis_url="")
    environment["HUB_STATE_DIR"] = str(state)
    command = [sys.executable, "-m", "hub", "dev"]
    supervisor = Supervisor({"dev": command}, _all_of(environment), folder)
    supervisor.start()
    try:
        until(lambda: _sockets_of(state), "hub dev starts its servers", within=60)
        servers = Servers.of_hub_dev(state)
        yield StormHouse(files, int(environment["HUB_PORT"]), supervisor, servers, {})
    finally:
        supervisor.stop()


def _sockets_of(state: Path) -> bool:
    return (state / RECORD).exists() and '"sockets": "/' in (state / RECORD).read_text()


def _all_of(environment: dict[str, str]) -> dict[str, str]:
    return {
        **environment,
        **project.SECRETS,
        "HUB_WEB_PROCESSES": "2",
        "HUB_LOG_LEVEL": "warning",
    }
