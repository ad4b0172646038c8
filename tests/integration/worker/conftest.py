"""An office whose runs wait for a worker, and runners that take them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine

from hub.storage import db
from hub.worker.doorbell import Bell
from hub.worker.runner import Runner
from tests.integration.storage.office import Office
from tests.integration.worker.hands import LEASE, Hands, Hire


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """A worker's connections."""
    opened = db.open_engine(database, pool_size=16, application="hub test")
    yield opened
    opened.dispose()


@pytest.fixture
def office(engine: Engine) -> Office:
    """Takes requests, and knows what became of them."""
    return Office(engine)


@pytest.fixture
def hands(engine: Engine) -> Hands:
    return Hands(engine)


@pytest.fixture
def hire(engine: Engine, hands: Hands) -> Iterator[Hire]:
    """Makes a runner of a size; at the end it is drained."""
    hired: list[Runner] = []

    def hiring(
        size: int = 2,
        *,
        ring: Callable[[UUID], object] | None = None,
        bell: Bell | None = None,
        lease: timedelta = LEASE,
    ) -> Runner:
        hired.append(
            Runner(
                engine=engine,
                executor=hands,
                name="runner",
                size=size,
                bell=bell or Bell(),
                ring=ring or (lambda _: None),
                lease=lease,
            )
        )
        return hired[-1]

    yield hiring
    hands.let_go(1000)
    for runner in hired:
        if runner._threads[0].ident is not None:  # noqa: SLF001 - it was started
            runner.stop()
            runner.drain()
