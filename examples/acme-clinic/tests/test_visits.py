"""The action at a clinic that has rules of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from acme_clinic.visits import AcmeClient, Contact, confirm_visit

from hub.action import Attempt
from hub.connectors.connections import ConnectionSettings
from hub.connectors.http import Http, OutboundPolicy
from hub.errors import Permanent

ATTEMPT = Attempt(UUID(int=1), "acme-visit", "run-1/confirm", "live", timeout=timedelta(seconds=10))
ADA = [Contact("+12025550147", "Ada")]

Opened = Callable[..., AcmeClient]


@pytest.fixture
def opened(clinic: Any) -> Iterator[Opened]:
    http = Http(OutboundPolicy.of(("127.0.0.0/8", [])))

    def opening(key: str = "example-acme-key") -> AcmeClient:
        settings = ConnectionSettings("clinic", "acme", clinic.url, {"api_key": key})
        return AcmeClient(settings, http)

    yield opening
    http.close()


def test_a_visit_is_confirmed_and_told(opened: Opened, clinic: Any):
    assert confirm_visit(opened(), ATTEMPT, visit_id="v_1", contacts=ADA).confirmation == "C-1"

    assert clinic.told == [[{"phone": "+12025550147", "name": "Ada"}]]


def test_the_second_attempt_is_the_first_one(opened: Opened, clinic: Any):
    said = [confirm_visit(opened(), ATTEMPT, visit_id="v_1", contacts=ADA) for _ in range(2)]

    assert said[0] == said[1]
    assert len(clinic.told) == 1


def test_a_visit_that_is_gone_is_an_error_of_its_own(opened: Opened, clinic: Any):
    clinic.gone.add("v_1")

    with pytest.raises(Permanent) as failed:
        confirm_visit(opened(), ATTEMPT, visit_id="v_1", contacts=ADA)

    assert failed.value.code == "visit_gone"


def test_a_wrong_key_is_refused_and_never_told(opened: Opened):
    with pytest.raises(Permanent) as failed:
        confirm_visit(opened("another-key"), ATTEMPT, visit_id="v_1", contacts=ADA)

    assert failed.value.code == "unauthorized"
    assert "another-key" not in failed.value.message


def test_without_a_connection_it_says_what_to_set():
    client = AcmeClient(None, Http(OutboundPolicy()))

    with pytest.raises(Permanent, match=r"credentials\.api_key"):
        confirm_visit(client, ATTEMPT, visit_id="v_1", contacts=ADA)
