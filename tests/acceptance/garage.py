"""A hub that books mechanics, with everybody around it: the app, Stripe, the mail server."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row

from hub.domain import slot_monitor
from hub.storage import tables
from tests.acceptance.messages import SECRETS, Answer
from tests.acceptance.story import HOUR, Story
from tests.fakes.smtp import FakeSmtp, Mail
from tests.fakes.stripe import GOOD_CARD, FakeStripe, signed

MORE_SECRETS = {
    "APP_READ_TOKEN": "app-token-of-the-tests",
    "CRON_SECRET": "cron-secret-of-the-tests",
    "STRIPE_WEBHOOK_SECRET": "whsec_of_the_tests",
    "STRIPE_API_KEY": "sk_test_of_the_tests",
    "SMTP_USERNAME": "hub",
    "SMTP_PASSWORD": "mail-password-of-the-tests",
}
QUARTER = timedelta(minutes=15)
LENGTH = timedelta(minutes=45)
PRICE = 4900
ADA = "ada@example.com"
DECLINED = "4000000000000002"


@dataclass
class Garage:
    """One garage: its hub, its payments and its mails."""

    hub: Story
    stripe: FakeStripe
    mail: FakeSmtp
    mechanic: UUID = field(default_factory=uuid4)
    customer: UUID = field(default_factory=uuid4)
    delivered: int = 0

    # ------------------------------------------------------------------------------------- callers

    def app(self, path: str, body: Mapping[str, Any], *, is_worked: bool = True) -> Answer:
        """The app's server posts something it signed."""
        return self.hub.post(path, body, sign=self._sign, is_worked=is_worked)

    def _sign(self, raw: bytes) -> dict[str, str]:
        at = int(self.hub.now().timestamp())
        key = SECRETS["APP_WEBHOOK_SECRET"].encode()
        digest = hmac.new(key, f"{at}.".encode() + raw, sha256).hexdigest()
        return {"X-Signature": f"t={at},v1={digest}"}

    def reads(self, path: str, token: str = MORE_SECRETS["APP_READ_TOKEN"], **query: Any) -> Any:
        """The app's server asks for something."""
        with self.hub.worker_at_work():
            return self.hub.client.get(
                path, query_string=query, headers={"Authorization": f"Bearer {token}"}
            )

    def checkout(
        self, start: datetime | None = None, *, is_worked: bool = True, **more: Any
    ) -> Answer:
        """The customer chooses a time, in 30 hours if nothing is said."""
        body = {
            "customer_id": str(self.customer),
            "customer_email": ADA,
            "mechanic_id": str(self.mechanic),
            "scheduled_for": (start or self.hub.now() + 30 * HOUR).isoformat(),
            "duration_minutes": LENGTH // timedelta(minutes=1),
            "session_type": "video",
            "amount": PRICE,
            **more,
        }
        return self.app("/api/checkout", body, is_worked=is_worked)

    def intent(self) -> str:
        """The payment that was asked for last."""
        return list(self.stripe.intents)[-1]

    def pays(self, card: str = GOOD_CARD, *, is_told: bool = True) -> bool:
        """The customer pays in the browser, and Stripe tells us."""
        is_taken = self.stripe.pays(self.intent(), card)
        if is_told:
            self.stripe_tells()
        return is_taken

    def stripe_tells(self, *, is_worked: bool = True) -> None:
        """Stripe posts what it did not post yet."""
        while self.delivered < len(self.stripe.events):
            event = self.stripe.events[self.delivered]
            assert self.event(event, is_worked=is_worked).status == 200
            self.delivered += 1

    def event(self, event: Mapping[str, Any], *, is_worked: bool = True) -> Answer:
        """Stripe posts an event, perhaps again."""
        raw = json.dumps(event).encode()
        secret = MORE_SECRETS["STRIPE_WEBHOOK_SECRET"]
        proof = signed(raw, secret=secret, at=self.hub.now())
        return self.hub.post("/webhook/stripe", raw, headers=proof, is_worked=is_worked)

    def book(self, start: datetime | None = None, **more: Any) -> str:
        """Chosen and paid; gives the session."""
        assert self.checkout(start, **more).status == 201
        assert self.pays()
        return str(self.sessions()[-1].id)

    # -------------------------------------------------------------------------------------- rows

    def sessions(self) -> list[Row[Any]]:
        rows = self.hub.rows(tables.sessions, customer_id=self.customer)
        return sorted(rows, key=lambda row: row.created_at)

    def reservations(self) -> list[str]:
        """What became of the customer's reservations."""
        rows = self.hub.rows(tables.slot_reservations, customer_id=self.customer)
        return sorted(row.status for row in rows)

    def mails(self, to: str = ADA) -> list[Mail]:
        return [each for each in self.mail.messages if each.recipients == (to,)]

    def subjects(self, to: str = ADA) -> list[str]:
        return [str(each.message["Subject"]) for each in self.mails(to)]

    def faults(self) -> list[str]:
        with self.hub.transaction() as db:
            return slot_monitor.faults(db)

    def is_settled(self) -> bool:
        """X27: whatever was paid is for a session whose slot is confirmed, or went back.

        And nobody can pay any more for what nobody waits for.
        """
        booked = {}
        for session in self.hub.rows(tables.sessions, status="scheduled"):
            (held,) = self.hub.rows(tables.slot_reservations, id=session.reservation_id)
            assert (held.status, held.session_id) == ("confirmed", session.id)
            booked[session.payment_intent_id] = session
        for name, intent in self.stripe.intents.items():
            kept = self.stripe.kept(name)
            assert kept == (PRICE if name in booked else 0), (name, intent["status"])
            assert intent["status"] in {"succeeded", "canceled"}, (name, intent["status"])
        assert self.faults() == []
        return True
