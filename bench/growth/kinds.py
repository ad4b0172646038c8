"""What grows: ended runs, workflows, sleeping runs, workers. Each size is a hub of its own.

The hubs of all sizes run side by side, each with a database and a project of its own, so that they
are measured in turn and meet the same neighbours.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from bench import history, requests, sides
from bench.sides import PROJECT, Side
from bench.sleepers.crowd import fill, settle
from bench.sleepers.house import FILES, begin, wait_until
from hub.bootstrap import Hub, open_hub
from hub.config import Settings
from hub.embedded import EmbeddedServers
from hub.storage import migrate

_DAYS_AGO = 7  # as long as keys are kept: nothing is old enough to be removed
_UNTIL_NOW = _DAYS_AGO * 86_400 * 0.99
_ASLEEP = "SELECT count(*) = 2 FROM runs WHERE status = 'waiting'"
_FEW_WORKFLOWS = 5  # those of the project itself
_NOBODY = "http://127.0.0.1:9"  # nothing here calls out
_STARTS_WITHIN = 600.0  # seconds; thousands of workflows are read by each process


@dataclass(frozen=True)
class Servers:
    """The database and Redis of one hub."""

    database_url: str
    redis_url: str


@dataclass(frozen=True)
class Grown:
    """One size: a hub that has so many of something."""

    size: int
    side: Side
    hub: Hub
    workers: int


@contextmanager
def grown(
    kind: str, size: int, number: int, servers: EmbeddedServers, folder: Path
) -> Iterator[Grown]:
    """Make it. `number`: of this hub among those on the same servers."""
    own = Servers(
        _new_database(servers.database_url, f"growth_{number}"), f"{servers.redis_url}?db={number}"
    )
    migrate.upgrade(own.database_url)
    with psycopg.connect(sides.libpq(own.database_url), autocommit=True) as database:
        requests.add_leads(database)
    place = folder / f"hub-{number}"
    project = _project(place / "project", size if kind == "workflows" else _FEW_WORKFLOWS)
    side = sides.hub(own, folder=place, receiver_url=_NOBODY, project=project)
    side = replace(side, starts_within=_STARTS_WITHIN)
    hub = open_hub(Settings.from_environment(side.environment, project=project), role="worker")
    try:
        if kind == "history":
            history.fill(
                own.database_url, size, days_ago=_DAYS_AGO, seconds_apart=_UNTIL_NOW / size
            )
        elif kind == "sleepers":
            _sleepers(side, hub, size)
        settle(hub.database)
        yield Grown(size, side, hub, size if kind == "workers" else 1)
    finally:
        hub.close()


def _new_database(url: str, name: str) -> str:
    with psycopg.connect(sides.libpq(url), autocommit=True) as database:
        database.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'".encode())
    before, _, after = url.rpartition("/hub?")
    return f"{before}/{name}?{after}"


def _project(folder: Path, workflows: int) -> Path:
    """The project of the benchmark, two workflows that sleep, and copies up to this number."""
    shutil.copytree(PROJECT, folder)
    for path in ("schemas/events/alarm.rung.json", *_SLEEPING):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(FILES[path], "utf-8")
    pattern = (folder / "workflows/booked.yaml").read_text("utf-8")
    for number in range(workflows - _FEW_WORKFLOWS):
        copy = pattern.replace("Two local effects", f"Copy {number} of two local effects")
        (folder / f"workflows/booked-{number}.yaml").write_text(copy, "utf-8")
    return folder


_SLEEPING = ("workflows/listener.yaml", "workflows/napper.yaml")


def _sleepers(side: Side, hub: Hub, size: int) -> None:
    with side.workers():
        listener, napper = (begin(hub, each, "first") for each in ("listener", "napper"))
        wait_until(hub.database, _ASLEEP)
    fill(hub.database, listener=listener, napper=napper, first=0, count=size)
