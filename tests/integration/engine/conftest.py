"""A workshop with its database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.storage import db
from tests.fakes.clock import FakeClock
from tests.integration.engine.workshop import Shop


@pytest.fixture
def shop(database: str, clock: FakeClock) -> Iterator[Shop]:
    engine = db.open_engine(database, pool_size=12, application="hub test")
    with ThreadPoolExecutor(8) as pool:
        yield Shop(engine, clock, pool)
    engine.dispose()
