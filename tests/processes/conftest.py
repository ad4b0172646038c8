"""A project, a database and a Redis for real processes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine

from hub import embedded
from hub.domain import monitor
from hub.storage import invariants, migrate
from tests.fakes.receiver import FakeReceiver
from tests.flows import copy_flows
from tests.processes.house import (
    PATIENCE,
    ROOT,
    House,
    environment_for,
    reached_outside,
    shown_secrets,
)
from tests.processes.kinds import ENVIRONMENT, write_project
from tests.processes.link import Link

CALLS_OUT = """
hub: 1
title: Tells somebody and notes it
mode: live
endpoint:
  auth: broker
  payload: schemas/lead-phone.json
  respond: accepted
steps:
  - id: told
    do: http.put
    with:
      url: "{url}/told"
      json: {{lead: "${{{{ payload.lead_id }}}}"}}
  - id: noted
    do: interactions.log
    with:
      lead_id: ${{{{ payload.lead_id }}}}
      kind: call
      reference: told
      outcome: told
"""


FLOWS = (
    *("lead-phone", "vapi-call-ended", "vapi-appointment-booked", "check-slots"),
    *("calcom-appointment-outcome",),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder starts processes."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.processes)


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    """Somebody's service, which workflows call."""
    with FakeReceiver() as fake:
        yield fake


@pytest.fixture
def link(redis_url: str) -> Iterator[Link]:
    """The processes' way to Redis."""
    with Link.to_redis(redis_url) as opened:
        yield opened


@pytest.fixture
def database_link(database: str) -> Iterator[Link]:
    """A way to the database that can be cut."""
    with Link.to_postgres(database) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path, receiver: FakeReceiver) -> Path:
    """Some flows of the project, with callers who wait for a second only, and one that calls out.

    These tests begin hundreds of processes: each reads the whole project.
    """
    folder = tmp_path / "project"
    copy_flows(folder, *FLOWS)
    waits = folder / "workflows" / "lead-phone.yaml"
    waits.write_text(waits.read_text().replace("within: 5s", "within: 1s"))
    (folder / "workflows" / "calls-out.yaml").write_text(CALLS_OUT.format(url=receiver.url))
    allowed = f"outbound_allow:\n  - network: 127.0.0.1/32\n    ports: [{receiver.port}]\n"
    settings = (ROOT / "hub.yaml").read_text().replace("outbound_allow: []\n", allowed)
    (folder / "hub.yaml").write_text(settings)
    return folder


@pytest.fixture
def house(project: Path, database: str, link: Link) -> Iterator[House]:
    """The processes of a test. At the end no invariant is broken (E18), whatever was done.

    Nor does a secret show in logs or rows (P9), nor was anything outside reached for (D10).
    """
    with open_house(project, database, link) as opened:
        yield opened


@pytest.fixture
def counters(tmp_path: Path, database: str, link: Link) -> Iterator[House]:
    """A house with one endpoint of each kind."""
    folder = tmp_path / "kinds"
    write_project(folder)
    with open_house(folder, database, link, **ENVIRONMENT) as opened:
        yield opened


@pytest.fixture
def own_servers() -> Iterator[embedded.EmbeddedServers]:
    """Servers that this test may harm."""
    folder = Path(tempfile.mkdtemp(prefix="hub-own-"))
    try:
        with embedded.start(folder) as servers:
            migrate.upgrade(servers.database_url)
            yield servers
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def own_counters(
    tmp_path: Path, own_servers: embedded.EmbeddedServers, link: Link
) -> Iterator[House]:
    """A house with one endpoint of each kind, on a database that this test may harm."""
    folder = tmp_path / "kinds"
    write_project(folder)
    with open_house(folder, own_servers.database_url, link, **ENVIRONMENT) as opened:
        yield opened


@contextmanager
def open_house(project: Path, database: str, link: Link, **more: str) -> Iterator[House]:
    redis_url = f"redis://127.0.0.1:{link.port}/0"
    given = environment_for(project, database_url=database, redis_url=redis_url)
    environment = {**given, **more}
    engine = create_engine(database, pool_size=2)
    caller = httpx.Client(
        verify=False,  # noqa: S501 - loopback, and certificates take long to load
        trust_env=False,
        timeout=PATIENCE,
        limits=httpx.Limits(max_keepalive_connections=0),
    )
    opened = House(project, engine, environment, int(environment["HUB_PORT"]), caller)
    try:
        yield opened
        with engine.connect() as connection:
            for each in invariants.INVARIANTS:
                assert invariants.faults(connection, each) == [], each.promise
            assert monitor.half_done(connection) == []
        assert shown_secrets(opened) == []
        assert reached_outside(opened) == []
    finally:
        opened.stop()
        caller.close()
        engine.dispose()
