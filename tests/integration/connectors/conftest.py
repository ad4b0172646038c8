"""What tests of the connectors share."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from hub.action import Attempt
from hub.connectors.connections import ConnectionSettings
from hub.connectors.google.client import GoogleClient
from hub.connectors.http import Http, OutboundPolicy
from tests.fakes.airtable import FakeAirtable
from tests.fakes.google import FakeGoogle, key_file
from tests.fakes.hubspot import FakeHubspot
from tests.fakes.llm import FakeLlm
from tests.fakes.postgrest import FakePostgrest
from tests.fakes.receiver import FakeReceiver
from tests.fakes.servers import Servers, new_database
from tests.fakes.slack import FakeSlack
from tests.fakes.stripe import FakeStripe
from tests.fakes.twilio import FakeTwilio
from tests.fakes.vapi import FakeVapi
from tests.integration.connectors.shop import Shop, documented, settings_at

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
def google() -> Iterator[FakeGoogle]:
    with FakeGoogle() as fake:
        yield fake


@pytest.fixture
def office(google: FakeGoogle, http: Http) -> GoogleClient:
    """An office at Google: a calendar, a spreadsheet, and the mailbox of Ann."""
    google.calendars.share("team@group.calendar.google.com")
    google.sheets.rows["s1"] = {
        "Leads": [["Name", "Phone", "Paid"], ["Ada", "+12025550147", ""], ["Bo", "", True]],
        "Bob's": [["A"]],
        "Empty": [],
    }
    google.delegates.add("ann@example.com")
    settings = ConnectionSettings(
        "office",
        "google",
        base_url=google.url,
        credentials={"service_account_key": key_file()},
        options={"subject": "ann@example.com"},
    )
    return GoogleClient(settings, http)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        yield fake


@pytest.fixture
def vapi() -> Iterator[FakeVapi]:
    with FakeVapi() as fake:
        yield fake


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
def llm() -> Iterator[FakeLlm]:
    with FakeLlm() as fake:
        yield fake


@pytest.fixture
def airtable() -> Iterator[FakeAirtable]:
    with FakeAirtable() as fake:
        yield fake


@pytest.fixture
def hubspot() -> Iterator[FakeHubspot]:
    with FakeHubspot() as fake:
        yield fake


@pytest.fixture
def postgrest() -> Iterator[FakePostgrest]:
    with FakePostgrest() as fake:
        yield fake


@pytest.fixture(scope="session")
def _shop(servers: Servers) -> Iterator[Shop]:
    with new_database(servers.database_url) as url:
        role = f"reader_{secrets.token_hex(4)}"
        owner = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        shop = Shop(owner, settings_at(url, role))
        shop.do(
            "CREATE TABLE customers (id int PRIMARY KEY, name text, seen timestamptz)",
            "INSERT INTO customers VALUES (1, 'Ada', '2025-10-20T12:00Z'), (2, '100', NULL)",
            "CREATE SEQUENCE numbers",
            "CREATE FUNCTION note() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS"
            " $$ BEGIN INSERT INTO customers VALUES (99, 'x'); RETURN 1; END $$",
        )
        shop.do(*documented(role, str(make_url(url).database)))
        yield shop
        shop.do(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.fixture
def shop(_shop: Shop) -> Iterator[Shop]:
    """The shop; whatever a query did shows at the end."""
    yield _shop
    assert _shop.told("SELECT string_agg(name, ',' ORDER BY id) FROM customers") == "Ada,100"
    assert not _shop.told("SELECT is_called FROM numbers")
