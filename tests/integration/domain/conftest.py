"""A desk with its database; after each test the rows of the holds must be free of faults (D6)."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from hub.storage import db
from tests.fakes.clock import FakeClock
from tests.integration.domain.agency import THREADS, Agency
from tests.integration.domain.desk import Desk
from tests.integration.domain.session_desk import SessionDesk
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


@pytest.fixture
def session_desk(database: str, clock: FakeClock) -> Iterator[SessionDesk]:
    engine = db.open_engine(database, pool_size=10, application="hub test")
    yield SessionDesk(engine, clock)
    engine.dispose()


@pytest.fixture
def agency(database: str, clock: FakeClock) -> Iterator[Agency]:
    engine = db.open_engine(database, pool_size=THREADS, application="hub test")
    agency = Agency(engine, clock)
    yield agency
    faults = agency.faults()
    engine.dispose()
    assert faults == 0


@pytest.fixture
def begun(agency: Agency) -> tuple[UUID, UUID, UUID]:
    """A request that is BOOKING: its id, the provider's, the run's."""
    request, provider = agency.request()
    run = uuid4()
    agency.begin(request, provider, run, customer_phone="+14155550100")
    return request, provider, run
