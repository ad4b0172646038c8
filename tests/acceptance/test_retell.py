"""An agent of Retell books, signed as Retell signs, and what it is told (X05)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.acceptance.messages import SECRETS, Answer, sample
from tests.acceptance.story import DAY, SAMPLE_TIME, Story

BOOKED = "Booked for Wednesday, December 3, 2025 at 2:00 PM."


def retell(hub: Story, body: Any, *, later_ms: int = 0) -> Answer:
    """Retell calls the function, at the hub's time."""

    def sign(raw: bytes) -> Mapping[str, str]:
        moment = int(hub.now().timestamp() * 1000) + later_ms
        key = SECRETS["RETELL_API_KEY"].encode()
        digest = hmac.new(key, raw + str(moment).encode(), hashlib.sha256).hexdigest()
        return {"X-Retell-Signature": f"v={moment},d={digest}"}

    return hub.post("/webhook/retell-appointment-booked", body, sign=sign)


def test_a_function_of_retell_books_once_however_often_it_is_sent(hub: Story, lead: UUID):
    first, second = (
        retell(hub, sample("retell/custom-function"), later_ms=each) for each in (0, 1500)
    )

    assert (first.status, first.json) == (200, {"result": BOOKED})
    assert (second.status, second.json) == (200, {"result": BOOKED})
    assert len(hub.runs("retell-appointment-booked")) == 1
    assert hub.held_until(lead) == SAMPLE_TIME + DAY
    assert len(hub.slack.messages) == 1


def test_arguments_at_the_root_book_too(hub: Story, lead: UUID):
    answer = retell(hub, sample("retell/custom-function-args-at-root"))

    assert (answer.status, answer.json) == (200, {"result": BOOKED})
    assert hub.held_until(lead) == SAMPLE_TIME + DAY


def test_what_is_wrong_with_the_arguments_is_told_to_the_model(hub: Story):
    body = {**sample("retell/custom-function"), "args": {"lead_id": "Zoë"}}

    answer = retell(hub, body)

    assert answer.status == 200
    assert "appointment_time" in answer.json["error"]
    assert hub.runs("retell-appointment-booked") == []


def test_who_does_not_sign_gets_nothing(hub: Story):
    answer = hub.post("/webhook/retell-appointment-booked", sample("retell/custom-function"))

    assert answer.status == 401
