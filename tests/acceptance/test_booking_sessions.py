"""A booking session from its start to the callback: requests in, rows and messages out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from hub.domain.booking_sessions import browsers
from tests.acceptance.clinic_desk import CLINIC, MINUTE, Clinic, opened_clinic
from tests.acceptance.conftest import OpenStory
from tests.fakes.twilio import FakeTwilio


@pytest.fixture
def clinic(open_story: OpenStory, project: Path, twilio: FakeTwilio) -> Iterator[Clinic]:
    with opened_clinic(open_story, project, twilio) as clinic:
        yield clinic


def test_B_01_B_08_B_15_B_17_B_23_from_the_start_to_the_signed_callback(clinic):
    answer = clinic.start()
    session = answer.json["sessionId"]

    assert (answer.status, answer.json["state"]) == (201, "created")
    assert str(UUID(session)) == session
    assert answer.json["appointmentTime"] == "2025-11-21T19:30:00Z"
    assert clinic.ask(session, "/handoff-url").status == 409

    clinic.browser_fills_in()

    page = clinic.ask(session, "/handoff-url")
    assert (page.status, page.json["handoffUrl"]) == (200, f"{CLINIC}/pay/1")
    assert page.json["expiresAt"] == answer.json["expiresAt"]
    assert clinic.ask(session).json["state"] == "monitoring"
    assert clinic.texts == [f"Ada, please finish your booking here: {CLINIC}/pay/1"]

    assert clinic.tell(session, "success", confirmationNumber="M-42").status == 200

    status = clinic.ask(session)
    assert (status.json["state"], status.json["outcome"]) == ("completed", "success")
    assert status.json["confirmationDetails"]["confirmationNumber"] == "M-42"
    assert clinic.texts[1:] == ["Your booking is confirmed. Number M-42."]
    (called,) = clinic.callbacks
    assert (called["sessionId"], called["outcome"]) == (session, status.json["outcome"])
    assert clinic.ask(session, "/handoff-url").status == 410
    assert clinic.cancel(session).status == 409


def test_B_16_a_cancellation_is_called_back_once_and_a_repetition_is_harmless(clinic):
    session = clinic.started()
    clinic.browser_fills_in()

    assert [clinic.cancel(session).status for _ in range(3)] == [200, 200, 200]
    assert clinic.ask(session).json["state"] == "cancelled"
    (called,) = clinic.callbacks
    assert called["state"] == "cancelled"


def test_X25_the_same_wish_again_is_answered_with_the_session_that_goes_on(clinic):
    first, again = clinic.start(), clinic.start(time="14:30")

    assert (first.status, again.status) == (201, 200)
    assert first.json["sessionId"] == again.json["sessionId"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"bookingUrl": "https://169.254.169.254/latest"}, "not_allowed"),
        ({"time": "noonish"}, "invalid_time"),
        ({"date": "2025-11-19"}, "slot_in_past"),
    ],
)
def test_B_01_X23_what_cannot_be_booked_is_422_with_its_reason(clinic, given, error):
    answer = clinic.start(**given)

    assert (answer.status, answer.json["success"], answer.json["error"]) == (422, False, error)


@pytest.mark.parametrize("session", ["nobody", "4a7d1c9e-0000-4000-8000-000000000000"])
def test_B_07_B_15_B_16_an_unknown_session_is_404_for_everybody(clinic, session):
    assert clinic.ask(session).status == 404
    assert clinic.ask(session, "/handoff-url").status == 404
    assert clinic.cancel(session).status == 404
    assert clinic.tell(session, "success").status == 404


def test_X18_B_20_a_browser_that_died_is_told_truthfully(clinic):
    session = clinic.started()
    with clinic.story.transaction() as db:
        assert browsers.claim(db, clinic.story.clock, owner="b1", seats=5) is not None
    clinic.story.clock.advance(MINUTE)

    clinic.sweep()

    status = clinic.ask(session)
    assert (status.json["state"], status.json["outcome"]) == ("failed", "error")
    assert status.json["error"] == "the browser was lost while the session was navigating"
    assert [each["outcome"] for each in clinic.callbacks] == ["error"]
    assert clinic.texts == [
        "We could not complete your booking. Reply to this message and we will help."
    ]


def test_X22_B_13_a_declined_card_is_told_when_the_time_is_up(clinic):
    session = clinic.started()
    clinic.browser_fills_in()
    assert clinic.tell(session, "payment_failed").json["state"] == "monitoring"

    clinic.story.later(16 * MINUTE)

    assert clinic.ask(session).json["outcome"] == "payment_failed"
    assert [each["outcome"] for each in clinic.callbacks] == ["payment_failed"]


def test_B_17_a_callback_whose_answer_is_lost_comes_again_under_the_same_id(clinic):
    clinic.platform.loses_answers = 1
    session = clinic.started()
    clinic.cancel(session)

    clinic.story.later(MINUTE)

    assert len(clinic.platform.requests) == 2
    assert len(clinic.callbacks) == 1


def test_B_06_B_26_nobody_outside_reads_the_address_of_our_page(clinic):
    session = clinic.started()
    clinic.browser_fills_in()

    told = [clinic.ask(session).body, clinic.ask(session, "/handoff-url").body]

    assert not [each for each in told if b"step5" in each]
    assert "step5" not in json.dumps(clinic.callbacks)
