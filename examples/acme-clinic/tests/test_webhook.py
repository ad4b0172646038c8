"""What the clinic says, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from acme_clinic.webhook import VISIT

from hub.ingest.body import Body

REQUESTED = {
    "id": "e_1",
    "event": "visit.requested",
    "visit": {"id": "v_1", "patient": {"phone": "+12025550147"}, "portal_token": "hidden"},
}


def test_a_request_is_one_call_without_its_secret():
    (call,) = VISIT.unpack(Body(REQUESTED)).calls

    assert call.key == "e_1"
    assert "hidden" not in repr(call.payload)
    assert call.payload["patient"] == {"phone": "+12025550147"}


@pytest.mark.parametrize(
    "said", [[], None, "text", {}, {**REQUESTED, "event": "visit.moved"}, {**REQUESTED, "id": 7}]
)
def test_everything_else_is_taken_and_told_why_it_makes_no_run(said: Any):
    found = VISIT.unpack(Body(said))

    assert found.calls == ()
    assert found.ignored
    assert found.when_refused == "record"
