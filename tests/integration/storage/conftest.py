"""An office with its database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from hub.storage import db
from tests.integration.storage.office import Office


@pytest.fixture
def open_engine(database: str) -> Iterator[Callable[..., Engine]]:
    """Opens engines to the database, and closes them after the test."""
    opened: list[Engine] = []

    def opening(**given: Any) -> Engine:
        options = {"pool_size": 16, "application": "hub test", **given}
        opened.append(db.open_engine(options.pop("url", database), **options))
        return opened[-1]

    yield opening
    for engine in opened:
        engine.dispose()


@pytest.fixture
def office(open_engine: Callable[..., Engine]) -> Office:
    return Office(open_engine())
