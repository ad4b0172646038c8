"""A workflow with an action nobody implemented takes nothing in: 503, and nothing is stored."""

from __future__ import annotations

import pytest

from hub.errors import Rejected
from tests.fakes.oracle import ASK
from tests.unit.ingest.door import Door, workflow

STEP = "- {id: said, do: oracle.ask, with: {question: When?}}"
VAPI = {"X-Vapi-Secret": "example-shared-secret"}
TOOL = """
auth: vapi
dialect: vapi.tool
tool: ask
respond:
  within: 5s
  otherwise: Later.
"""


def door(endpoint: str) -> Door:
    return Door({"asks": workflow(endpoint, STEP)}, actions={ASK.name: ASK})


@pytest.mark.parametrize("endpoint", ["auth: vapi", "auth: vapi\ndialect: vapi.event", TOOL])
def test_every_dialect_is_told_503_and_what_is_missing(endpoint: str):
    asked = door(endpoint)

    with pytest.raises(Rejected) as refused:
        asked.send("/webhook/asks", {"message": {"type": "x"}}, headers=VAPI)

    assert refused.value.status == 503
    assert refused.value.title == (
        "This endpoint is not served yet: oracle.ask has no implementation yet."
    )
    assert (asked.memory.deliveries, asked.memory.runs) == ([], [])


def test_who_does_not_prove_himself_learns_nothing_of_it():
    with pytest.raises(Rejected) as refused:
        door("auth: vapi").send("/webhook/asks", {})

    assert refused.value.status == 401
    assert "oracle" not in refused.value.title
