"""A desk with its database; after each test the rows of the holds must be free of faults (D6)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.storage import db
from tests.fakes.clock import FakeClock
from tests.integration.domain.desk import Desk
from tests.integration.domain.slot_desk import SlotDesk


@pytest.fixture
def desk(database: str, clock: FakeClock) -> Iterator[Desk]:
    engine = db.open_engine(database, pool_size=10, application="hub test")
    desk = Desk(engine, clock)
    yield desk
    faults = desk.faults()
    engine.dispose()
    assert faults == []


@pytest.fixture
def slot_desk(database: str, clock: FakeClock) -> Iterator[SlotDesk]:
    """A desk of slots; at the end no two reservations have one seat at one time (D2)."""
    engine = db.open_engine(database, pool_size=10, application="hub test")
    desk = SlotDesk(engine, clock)
    yield desk
    faults = desk.faults()
    engine.dispose()
    assert faults == []
