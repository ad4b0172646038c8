"""What every test may ask for: servers, a clean database, a clean Redis, a clock.

Databases: `servers` starts a real PostgreSQL and a real Redis once, or takes those that
HUB_TEST_DATABASE_URL and HUB_TEST_REDIS_URL name. Unit tests may not open a socket; the others only
Unix sockets and loopback.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import settings

from tests.fakes.clock import FakeClock
from tests.fakes.servers import Cleaner, Servers, new_database, open_cleaner, open_servers

UNIT_TESTS = Path(__file__).parent / "unit"

pytest_plugins = ["tests.figures", "pytester"]

settings.register_profile("gate", deadline=None, max_examples=200)
settings.register_profile("proofs", deadline=None, max_examples=5000)
settings.load_profile("gate")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first: else one process works on it while the others have no more."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


class SocketRefused(RuntimeError):
    """A test tried to reach what it must not reach."""


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    is_unit = UNIT_TESTS in request.path.parents
    for name in ("connect", "connect_ex"):
        real = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, *, real: Any = real) -> Any:
            if is_unit or not _is_local(self, address):
                raise SocketRefused(f"This test may not connect to {address!r}.")
            return real(self, address)

        monkeypatch.setattr(socket.socket, name, guarded)


def _is_local(opened: socket.socket, address: Any) -> bool:
    if opened.family == socket.AF_UNIX:
        return True
    host = str(address[0])
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """A real PostgreSQL and a real Redis, for the whole session."""
    with open_servers(os.environ) as opened:
        yield opened


@pytest.fixture(scope="session")
def database_url(servers: Servers) -> Iterator[str]:
    """A migrated database for the whole session. A test that writes asks for `database`."""
    from hub.storage import migrate  # noqa: PLC0415 - only tests that need the database load it

    with new_database(servers.database_url) as url:
        migrate.upgrade(url)
        yield url


@pytest.fixture(scope="session")
def _cleaner(database_url: str) -> Iterator[Cleaner]:
    with open_cleaner(database_url) as cleaner:
        yield cleaner


@pytest.fixture
def database(database_url: str, _cleaner: Cleaner) -> str:
    """The URL of a migrated database without rows."""
    _cleaner.clean()
    return database_url


@pytest.fixture
def empty_database(servers: Servers) -> Iterator[str]:
    """The URL of a database without tables, for tests of migrations."""
    with new_database(servers.database_url) as url:
        yield url


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """The URL of a Redis without keys."""
    with redis.Redis.from_url(servers.redis_url) as connection:
        connection.flushdb()
    return servers.redis_url


@pytest.fixture(name="redis")
def open_redis(redis_url: str) -> Iterator[redis.Redis]:
    """A connection to a Redis without keys."""
    with redis.Redis.from_url(redis_url) as connection:
        yield connection


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Commands set up the logging of their process: the next test finds pytest's again."""
    root = logging.getLogger()
    handlers, complains = root.handlers[:], logging.raiseExceptions
    loggers = [root, *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    levels = [(each, each.level) for each in loggers]
    yield
    root.handlers[:] = handlers
    for each, level in levels:
        each.setLevel(level)
    logging.raiseExceptions = complains


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at Monday, 20 October 2025, 12:00 UTC."""
    return FakeClock()


@pytest.fixture(scope="session")
def chromium() -> str:
    """A real browser. The gate installs it; elsewhere a machine without one skips what needs it."""
    program = shutil.which("chromium")
    if program is None and not os.environ.get("CI"):
        pytest.skip("there is no Chromium: apt-get install chromium")
    assert program is not None, "the gate needs Chromium: apt-get install chromium"
    return program
