"""An office whose runs wait for a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from hub.storage import db
from tests.integration.storage.office import Office


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
