"""A hub that books by phone, with the voice platform, the text messages and the app around it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, text

from hub.bootstrap.by_hand import start_by_hand
from hub.domain import service_requests
from hub.domain.service_requests import Recommendation
from hub.storage import tables
from hub.storage.audit import Actor
from hub.storage.schedules import DueSchedule
from hub.worker.rounds import fire
from tests.acceptance.messages import SECRETS, Answer
from tests.acceptance.story import Story
from tests.fakes.twilio import FakeTwilio
from tests.fakes.vapi import FakeVapi

PROVIDER = "+13105550000"
CUSTOMER = "+14155550100"
TEST_PHONE = "+13105551234"
LIVE = {"LIVE_CALL_ENABLED": "true"}
TEST = {**LIVE, "ADMIN_TEST_PHONES": f" {TEST_PHONE} ,, +13105559999 "}
READER = "read-token-of-the-tests"
ASSISTANT = "2bec425c-0000-4000-8000-3f0ff5f25d01"
AGREED = {
    "booking_confirmed": True,
    "confirmed_date": "Monday, December 15",
    "confirmed_time": "9:00",
    "confirmation_number": "C-7",
}
MINUTE = timedelta(minutes=1)


def secrets_of(vapi: FakeVapi, twilio: FakeTwilio) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": twilio.account_sid,
        "TWILIO_AUTH_TOKEN": twilio.auth_token,
        "VAPI_API_KEY": vapi.api_key,
        "APP_READ_TOKEN": READER,
    }


def lead_to(project: Path, vapi: FakeVapi, twilio: FakeTwilio) -> None:
    """Write into hub.yaml where the services are."""
    settings = (project / "hub.yaml").read_text()
    for written, meant in (
        ("    type: twilio\n    cred", f"    type: twilio\n    base_url: {twilio.url}\n    cred"),
        ("      status_callback:", "      from: '+12025550100'\n      status_callback:"),
        ("    type: vapi\n    cred", f"    type: vapi\n    base_url: {vapi.url}\n    cred"),
        ('phone_number_id: ""', f"phone_number_id: {vapi.phone_number_id}"),
        ('assistants: ""', f"assistants: booking={ASSISTANT}"),
        ("/32\n    ports: [", f"/32\n    ports: [{twilio.port}, {vapi.port}, "),
    ):
        assert settings.count(written) == 1, written
        settings = settings.replace(written, meant)
    (project / "hub.yaml").write_text(settings)


@dataclass(frozen=True)
class Request:
    """A service request with its one provider."""

    id: UUID
    provider: UUID

    def body(self, **more: Any) -> dict[str, Any]:
        return {
            "serviceRequestId": str(self.id),
            "providerId": str(self.provider),
            "providerPhone": PROVIDER,
            "providerName": "Acme Plumbing",
            "serviceDescription": "leaking tap",
            "preferredDate": "Friday",
            "preferredTime": "10:00",
            "customerName": "Ada Byron",
            "customerPhone": CUSTOMER,
            "location": "Santa Monica",
            **more,
        }


@dataclass(frozen=True)
class CallCenter:
    """One hub and everybody around it."""

    story: Story
    vapi: FakeVapi
    twilio: FakeTwilio

    def request(self) -> Request:
        made = Request(uuid4(), uuid4())
        told = [Recommendation(made.provider, "Acme Plumbing", PROVIDER)]
        with self.story.transaction() as db:
            service_requests.recommend(db, self.story.clock, id_=made.id, providers=told)
        return made

    def signed(self, raw: bytes) -> Mapping[str, str]:
        """The proof of the app."""
        at = int(self.story.clock.now().timestamp())
        key = SECRETS["APP_WEBHOOK_SECRET"].encode()
        digest = hmac.new(key, f"{at}.".encode() + raw, sha256).hexdigest()
        return {"X-Signature": f"t={at},v1={digest}"}

    def click(self, request: Request, *, is_worked: bool = True, **more: Any) -> Answer:
        """The customer chooses the provider."""
        path = "/api/v1/bookings/schedule-async"
        return self.story.post(path, request.body(**more), sign=self.signed, is_worked=is_worked)

    def click_unworked(self, request: Request) -> UUID:
        """The same, and no worker has begun it; gives its run."""
        hub = self.story.hub
        workflow = hub.project.served["booking-schedule-async"]
        actor = Actor("story", "test")
        return start_by_hand(hub, workflow, payload=request.body(), inputs={}, actor=actor)

    def ends(self, **results: Any) -> Answer:
        """The last call is over, and the voice platform reports what its analysis found."""
        call_id = list(self.vapi.calls)[-1]
        said = results or AGREED
        self.vapi.ends(
            call_id, analysis={"structuredData": said}, endedReason="assistant-ended-call"
        )
        report = {
            "type": "end-of-call-report",
            "call": {"id": call_id},
            "endedReason": "assistant-ended-call",
            "analysis": {"structuredData": said},
            "artifact": {"transcript": "AI: Hello."},
        }
        return self.story.voice_agent("vapi-booking-call-ended", {"message": report})

    def view(self, request: Request) -> Any:
        """What a client shows."""
        bearer = {"Authorization": f"Bearer {READER}"}
        with self.story.worker_at_work():
            got = self.story.client.get(f"/api/v1/bookings/{request.id}", headers=bearer)
        assert got.status_code == 200
        assert got.json is not None
        return got.json["data"]

    def status(self, request: Request) -> str:
        (row,) = self.story.rows(tables.service_requests, id=request.id)
        return str(row.status)

    def provider(self, request: Request) -> Row[Any]:
        (row,) = self.story.rows(tables.providers, id=request.provider)
        return row

    def calls_of(self, request: Request) -> list[Row[Any]]:
        return self.story.rows(tables.booking_calls, request_id=request.id)

    def confirmations(self, request: Request) -> list[Row[Any]]:
        return self.story.rows(tables.events, name="booking.confirmed", key=str(request.id))

    @property
    def dialled(self) -> list[str]:
        """Every number that the voice platform was ever asked to call, in whatever request."""
        posts = [each for each in self.vapi.requests if each.method == "POST"]
        return [each.json["customer"]["number"] for each in posts]

    def watch(self) -> None:
        """The watchdog comes by."""
        workflow = self.story.hub.scheduled["booking-watchdog"]
        now = self.story.now()
        with self.story.transaction() as db:
            db.execute(text("UPDATE schedules SET next_at = :now"), {"now": now})
        assert fire(self.story.hub, workflow, DueSchedule(workflow.name, next_at=now, now=now)) == 1
        self.story.work_all()

    def later(self, by: timedelta, happens: Callable[[], object] = lambda: None) -> None:
        """Time goes by, in steps as small as a poll is."""
        while by > timedelta(0):
            happens()
            step = min(by, timedelta(seconds=5))
            self.story.later(step)
            by -= step

    def restarted(self, story: Story) -> CallCenter:
        """The same house after a restart of web and worker."""
        return replace(self, story=story)


Opened = Callable[..., CallCenter]
