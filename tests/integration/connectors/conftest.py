"""What tests of the connectors share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from hub.action import Attempt
from hub.connectors.http import Http, OutboundPolicy
from tests.fakes.receiver import FakeReceiver
from tests.fakes.slack import FakeSlack
from tests.fakes.twilio import FakeTwilio

ATTEMPT = Attempt(
    run_id=UUID(int=1),
    workflow="w",
    key="run-1/steps/tell",
    mode="live",
    timeout=timedelta(seconds=10),
)
LOOPBACK = OutboundPolicy.of(("127.0.0.0/8", []))


@pytest.fixture
def http() -> Iterator[Http]:
    """The way out, with loopback allowed."""
    client = Http(LOOPBACK)
    yield client
    client.close()


@pytest.fixture
def attempt() -> Attempt:
    return ATTEMPT


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    with FakeReceiver() as fake:
        yield fake


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        yield fake
