"""`hub connection test` at an address where something else answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.bootstrap.actions import all_connectors
from hub.connectors.connections import ConnectionSettings
from hub.errors import StepFailed
from tests.fakes.services import Answer, FakeService, Received


class Stranger(FakeService):
    """It takes whatever it is asked, and says nothing."""

    def answer(self, request: Received) -> Answer:
        assert request.method in {"GET", "POST"}
        return Answer.of({"ok": True})


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with Stranger() as fake:
        yield fake


@pytest.mark.parametrize(
    "kind", ["airtable", "hubspot", "llm", "slack", "supabase", "twilio", "twilio by key", "vapi"]
)
def test_an_answer_without_what_the_service_always_gives_is_no_success(kind, http, stranger):
    name, _, by_key = kind.partition(" by ")
    connector = all_connectors()[name]
    credentials = {each.name: "x" for each in connector.kind.credentials}
    if not by_key:
        credentials.pop("api_key_sid", None)
    options = {each.name: "x" for each in connector.kind.options if each.required}
    settings = ConnectionSettings("c", name, stranger.url, credentials, options)

    with pytest.raises(StepFailed) as failed:
        connector.check(settings, http)

    assert failed.value.code == "rejected"
    assert "the address answers, but not as" in failed.value.message
