"""The desk of a clinic's booking sessions: the app that books, the platform that hears of it."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import text

from hub.domain.booking_sessions import browsers
from hub.domain.booking_sessions.browsers import Claim
from hub.storage.schedules import DueSchedule
from hub.worker.rounds import fire
from tests.acceptance.messages import SECRETS, Answer
from tests.acceptance.story import Story
from tests.fakes.platform import FakePlatform
from tests.fakes.twilio import FakeTwilio

CLINIC = "https://clinic.example.com"
CALLBACK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLATFORM = "platform-token-of-the-tests"
LEAD = {"firstName": "Ada", "lastName": "Byron", "phone": "+14155550111", "email": "a@example.com"}
MINUTE = timedelta(minutes=1)


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
            ready = browsers.ready(
                db,
                self.story.clock,
                claim,
                handoff_url=f"{CLINIC}/pay/1",
                page_url=f"{CLINIC}/step5",
            )
            browsers.announce(db, ready)
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


@contextmanager
def opened_clinic(
    open_story: Any, project: Path, twilio: FakeTwilio, **more: str
) -> Iterator[Clinic]:
    """The hub of the project, led to a fake of Twilio and to a platform that is called back."""
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
            **{"SESSION_ORIGINS": CLINIC, **more},
        )
        opened.append(story)
        yield Clinic(story, twilio, platform)
