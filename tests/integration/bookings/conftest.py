"""An office with its database; after each test the rows of bookings must be free of faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.storage import db
from tests.fakes.clock import FakeClock
from tests.integration.bookings.office import Office


@pytest.fixture
def office(database: str, clock: FakeClock) -> Iterator[Office]:
    engine = db.open_engine(database, pool_size=64, application="hub test")
    office = Office(engine, clock)
    yield office
    faults = office.faults()
    engine.dispose()
    assert faults == []
