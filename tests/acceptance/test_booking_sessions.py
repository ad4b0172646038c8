"""A booking session from its start to the callback: requests in, rows and messages out."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.domain.booking_sessions import browsers
from hub.domain.booking_sessions.browsers import Claim
from hub.storage.schedules import DueSchedule
from hub.worker.rounds import fire
from tests.acceptance.conftest import OpenStory
from tests.acceptance.messages import SECRETS, Answer
from tests.acceptance.story import Story
from tests.fakes.platform import FakePlatform
from tests.fakes.ports import port_of
from tests.fakes.twilio import FakeTwilio

CLINIC = "https://clinic.example.com"
CALLBACK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLATFORM = "platform-token-of-the-tests"
LEAD = {"firstName": "Ada", "lastName": "Byron", "phone": "+14155550111", "email": "a@example.com"}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio().at(port_of("twilio")) as fake:
        yield fake


@dataclass
class Clinic:
    """One hub, the app that books, the browser that fills in, the platform that hears of it."""

    story: Story
    twilio: FakeTwilio
    platform: FakePlatform

    def signed(self, raw: bytes) -> Mapping[str, str]:
        at = int(self.story.clock.now().timestamp())
        key = SECRETS["APP_WEBHOOK_SECRET"].encode()
        digest = hmac.new(key, f"{at}.".encode() + raw, sha256).hexdigest()
        return {"X-Signature": f"t={at},v1={digest}"}

    def start(self, **more: Any) -> Answer:
        body = {
            "bookingUrl": f"{CLINIC}/book",
            "date": "2025-11-21",
            "time": "2:30pm",
            "lead": LEAD,
            "callbackUrl": f"{self.platform.url}/callback",
            **more,
        }
        return self.story.post("/api/v1/booking/start", body, sign=self.signed)

    def started(self, **more: Any) -> str:
        answer = self.start(**more)
        assert answer.status == 201, answer.body
        return str(answer.json["sessionId"])

    def ask(self, session: str, what: str = "/status", method: str = "GET") -> Answer:
        self.story.clock.advance(timedelta(seconds=1))  # the same signature is the same request
        with self.story.worker_at_work():
            got = self.story.client.open(
                f"/api/v1/booking/{session}{what}", method=method, headers=self.signed(b"")
            )
        return Answer(got.status_code, dict(got.headers), got.data)

    def cancel(self, session: str) -> Answer:
        return self.ask(session, "", "DELETE")

    def tell(self, session: str, outcome: str, **more: Any) -> Answer:
        body = {"sessionId": session, "outcome": outcome, "reference": "evt_1", **more}
        bearer = {"Authorization": f"Bearer {PLATFORM}"}
        return self.story.post("/webhook/booking-session-event", body, headers=bearer)

    def browser_fills_in(self) -> Claim:
        with self.story.transaction() as db:
            claim = browsers.claim(db, self.story.clock, owner="b1", seats=5)
            assert claim is not None
        with self.story.transaction() as db:
            pages = {"handoff_url": f"{CLINIC}/pay/1", "page_url": f"{CLINIC}/step5"}
            browsers.announce(db, browsers.ready(db, self.story.clock, claim, **pages))
        self.story.work_all()
        return claim

    def sweep(self) -> None:
        workflow = self.story.hub.scheduled["settle-booking-sessions"]
        now = self.story.clock.now()
        with self.story.transaction() as db:
            db.execute(text("UPDATE schedules SET next_at = :now"), {"now": now})
        fire(self.story.hub, workflow, DueSchedule(workflow.name, next_at=now, now=now))
        self.story.work_all()

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.twilio.messages]

    @property
    def callbacks(self) -> list[Any]:
        return [event["data"] for event in self.platform.events.values()]


@pytest.fixture
def clinic(open_story: OpenStory, project: Path, twilio: FakeTwilio) -> Iterator[Clinic]:
    opened: list[Story] = []

    def now() -> datetime:
        return opened[0].now()

    with FakePlatform(CALLBACK, now) as platform:
        settings = (project / "hub.yaml").read_text()
        for written, meant in (
            (
                "    type: twilio\n    cred",
                f"    type: twilio\n    base_url: {twilio.url}\n    cred",
            ),
            ("      status_callback:", "      from: '+12025550100'\n      status_callback:"),
            ('origins: ""', f"origins: {platform.url}"),
            ("/32\n    ports: [", f"/32\n    ports: [{twilio.port}, {platform.port}, "),
        ):
            assert settings.count(written) == 1, written
            settings = settings.replace(written, meant)
        (project / "hub.yaml").write_text(settings)
        story = open_story(
            TWILIO_ACCOUNT_SID=twilio.account_sid,
            TWILIO_AUTH_TOKEN=twilio.auth_token,
            CALLBACK_SECRET=CALLBACK,
            BOOKING_PLATFORM_TOKEN=PLATFORM,
            SESSION_ORIGINS=CLINIC,
        )
        opened.append(story)
        yield Clinic(story, twilio, platform)


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
