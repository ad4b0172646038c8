"""The story of bookings and their mails: a service, clients, a mail server that is none of ours."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any
from uuid import UUID

from hub.domain import opt_outs
from hub.domain.bookings import tenants
from hub.storage.deliveries import start_run
from hub.values import caller_key
from tests.acceptance.messages import SECRETS, Answer
from tests.acceptance.story import Story
from tests.fakes.database_clock import DatabaseClock
from tests.fakes.mail_server import MailServer, Taken
from tests.fakes.twilio import FakeTwilio
from tests.integration.bookings.office import Office

CLIENT, CONTRACTOR = "ada@example.com", "bob@example.com"
PHONE = "+12025550147"
APP = "https://book.example.org"
PARIS = "Tuesday, November 25, 2025 at 4:00 PM (Europe/Paris)"
NEW_YORK = "Tuesday, November 25, 2025 at 10:00 AM (America/New_York)"
TUESDAY = datetime(2025, 11, 25, 15, tzinfo=UTC)  # the story begins on Thursday, the 20th, at 12:00
_TOKEN = re.compile(
    r"/(?:bookings|waiting-list)/(cancel|reschedule|accept|leave)\?token=([A-Za-z0-9._-]+)"
)


@dataclass(frozen=True)
class PostOffice:
    """The hub of one test, with everybody who writes and is written to."""

    story: Story
    server: MailServer
    twilio: FakeTwilio
    clock: DatabaseClock

    @cached_property
    def office(self) -> Office:
        return Office(self.story.hub.database, self.story.clock)

    def service(self, **given: Any) -> UUID:
        return self.office.service(timezone="America/New_York", **given)

    # -------------------------------------------------------------------------------------- time

    def later(self, by: timedelta) -> None:
        """Time goes by, here and in the database; what is due by then is done."""
        self.story.clock.advance(by)
        self.clock.advance(by)
        self.story.work_all()

    def until(self, instant: datetime) -> None:
        """It becomes this late."""
        self.later(instant - self.story.now())

    # ----------------------------------------------------------------------------------- callers

    def books(
        self, service: UUID, start: datetime = TUESDAY, *, is_worked: bool = True, **client: Any
    ) -> Answer:
        """Somebody books on the public page."""
        who = {"name": "Ada", "email": CLIENT, "timezone": "Europe/Paris", **client}
        body = {"start": start.isoformat(), "client": who}
        return self.story.post(f"/services/{service}/book", body, is_worked=is_worked)

    def booked(self, service: UUID, start: datetime = TUESDAY, **client: Any) -> UUID:
        answer = self.books(service, start, **client)
        assert answer.status == 201, answer.body
        return UUID(answer.json["job_id"])

    def presses(self, path: str, **body: Any) -> Answer:
        """What the page behind a link posts."""
        return self.story.post(f"/client/{path}", body)

    def reports(self, address: str, kind: str = "bounce", **more: Any) -> Answer:
        """Whatever sends our mails tells that one came back."""
        at = self.story.now().isoformat()
        body = {"kind": kind, "address": address, "at": at, **more}
        return self.story.post("/webhook/mail-bounced", body, sign=self._standard_webhooks)

    def _standard_webhooks(self, raw: bytes) -> Mapping[str, str]:
        at = str(int(self.story.now().timestamp()))
        message = f"msg_{sha256(raw).hexdigest()[:16]}"
        key = b64decode(SECRETS["MAIL_WEBHOOK_SECRET"].removeprefix("whsec_"))
        mac = hmac.new(key, f"{message}.{at}.".encode() + raw, sha256).digest()
        signature = f"v1,{b64encode(mac).decode()}"
        return {
            "webhook-id": message,
            "webhook-timestamp": at,
            "webhook-signature": signature,
        }

    def decides(self, job: UUID, decision: str, **body: Any) -> Answer:
        """Somebody of the job's tenant confirms, declines or cancels."""
        tenant = self.office.job(job).tenant_id
        key_id = f"of-{tenant}"
        if not self.office.rows("tenant_keys", id=key_id):
            with self.story.transaction() as db:
                tenants.add_key(db, key_id=key_id, tenant_id=tenant, label="test")
        key = caller_key(key_id, SECRETS["TENANT_KEY_SECRET"].encode())
        headers = {"Authorization": f"Bearer {key}"}
        return self.story.post(f"/jobs/{job}/{decision}", body, headers=headers)

    # ------------------------------------------------------------------------------------- mails

    def sends(self, kind: str, job: UUID, **more: Any) -> None:
        """A mail of the catalogue, whoever wants it sent."""
        self.starts("booking-mail", job_id=job, kind=kind, **more)

    def starts(self, name: str, **inputs: Any) -> UUID:
        """A workflow that others call, as `hub run` starts it; gives its ended run."""
        hub = self.story.hub
        workflow, run_id = hub.project.served[name], hub.new_id()
        given = {key: str(value) for key, value in inputs.items()}
        hub.keep(workflow)
        new = hub.start(workflow, {"inputs": given}).new_run(run_id, scheduled_at=None)
        with self.story.transaction() as db:
            start_run(db, new)
        self.story.work_all()
        return run_id

    def opts_out(self, number: str) -> None:
        """Somebody wants no text messages any more."""
        with self.story.transaction() as db:
            opt_outs.opt_out(db, self.story.clock, number=number, source="test")

    def to_client(self) -> list[Taken]:
        return self.server.to(CLIENT)

    def to_contractor(self) -> list[Taken]:
        return self.server.to(CONTRACTOR)

    def subjects(self, address: str = CLIENT) -> list[str]:
        return [mail.subject for mail in self.server.to(address)]

    def nobody_else_was_written_to(self) -> bool:
        return {mail.recipients for mail in self.server.mails} <= {(CLIENT,), (CONTRACTOR,)}


def tokens(mail: Taken) -> dict[str, str]:
    """What stands behind the links of a mail, by what they are for; both parts say the same."""
    found = dict(_TOKEN.findall(mail.text))
    assert dict(_TOKEN.findall(mail.html)) == found
    return found


OpenPostOffice = Callable[..., PostOffice]
