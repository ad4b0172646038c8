"""Stripe's API, as far as payments are taken and given back: forms in, JSON out, keys remembered.

What a payer does in the browser is `pays`; the events that Stripe then posts are kept in `events`
and signed by `signed`.
"""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.services import Answer, FakeService, Received

GOOD_CARD = "4242424242424242"
DECLINED = {
    "4000000000000002": "generic_decline",
    "4000000000009995": "insufficient_funds",
    "4000000000000069": "expired_card",
}
_OPEN = {"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture"}
_SMALLEST = 50
_LARGEST = 99_999_999
_CURRENCIES = {"cad", "usd", "eur", "gbp", "jpy"}


class FakeStripe(FakeService):
    """One account: its intents, its refunds and what it told us of them."""

    def __init__(self, api_key: str = "sk_test_of_the_tests") -> None:
        super().__init__()
        self.api_key = api_key
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.balance = 1_000_000
        self.refund_status = "succeeded"
        self.has_search = True
        self._numbers = count(1)
        self._keys: dict[str, tuple[tuple[str, bytes], Answer]] = {}
        self._at_work = threading.RLock()

    # ------------------------------------------------------------------------------- the payer

    def pays(self, intent_id: str, card: str = GOOD_CARD) -> bool:
        """The payer confirms with a card; whether it was taken. What is over cannot be paid."""
        with self._at_work:
            intent = self.intents[intent_id]
            if intent["status"] not in _OPEN:
                return False
            if card in DECLINED:
                intent["last_payment_error"] = {
                    "type": "card_error",
                    "code": "card_declined",
                    "decline_code": DECLINED[card],
                }
                intent["status"] = "requires_payment_method"
                self._tell("payment_intent.payment_failed", intent)
                return False
            intent["status"] = "succeeded"
            intent["amount_received"] = intent["amount"]
            intent["latest_charge"] = {
                "id": f"ch_{next(self._numbers)}",
                "object": "charge",
                "refunded": False,
                "amount_refunded": 0,
            }
            self.balance += intent["amount"]
            self._tell("payment_intent.succeeded", intent)
            return True

    def holds(self, intent_id: str) -> None:
        """A bank thinks about it: neither paid nor open."""
        self.intents[intent_id]["status"] = "processing"

    def kept(self, intent_id: str) -> int:
        """How much of the payer's money is still here."""
        charge = self.intents[intent_id]["latest_charge"]
        received: int = self.intents[intent_id]["amount_received"]
        return received - (charge["amount_refunded"] if charge else 0)

    def forgets_keys(self) -> None:
        """A day later."""
        self._keys.clear()

    # ---------------------------------------------------------------------------------- the API

    def answer(self, request: Received) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            return _error(401, "invalid_request_error", None, "Invalid API Key provided: sk_****")
        with self._at_work:
            return self._once(request)

    def _once(self, request: Received) -> Answer:
        """The same key gives the same answer, also the same refusal; for another request none."""
        key = request.headers.get("idempotency-key")
        if key is None or request.method != "POST":
            return self._done(request)
        asked = (request.path, request.body)
        if key in self._keys:
            first, answer = self._keys[key]
            if first != asked:
                return _error(
                    400,
                    "idempotency_error",
                    None,
                    "Keys for idempotent requests can only be used with the same parameters.",
                )
            replayed = {**answer.headers, "Idempotent-Replayed": "true"}
            return Answer(answer.status, answer.body, replayed)
        answer = self._done(request)
        if _was_begun(answer):
            self._keys[key] = asked, answer
        return answer

    def _done(self, request: Received) -> Answer:
        path = request.path.removeprefix("/v1/")
        parts = path.split("/")
        if request.method == "POST":
            form = _form(request)
            if isinstance(form, Answer):
                return form
            return self._changed(parts, form)
        if parts == ["balance"]:
            return Answer.of({"object": "balance", "livemode": False, "available": []})
        if parts == ["payment_intents", "search"]:
            return self._search(request)
        if len(parts) == 2 and parts[0] == "payment_intents":
            return self._shown(parts[1], request)
        return _error(404, "invalid_request_error", None, f"Unrecognized request URL ({path})")

    def _changed(self, parts: list[str], form: dict[str, str]) -> Answer:
        if parts == ["payment_intents"]:
            return self._create(form)
        if len(parts) == 3 and parts[0] == "payment_intents" and parts[2] == "cancel":
            return self._cancel(parts[1])
        if parts == ["refunds"]:
            return self._refund(form)
        url = "/".join(parts)
        return _error(404, "invalid_request_error", None, f"Unrecognized request URL ({url})")

    def _create(self, form: dict[str, str]) -> Answer:
        amount, currency = form.get("amount", ""), form.get("currency", "")
        if not amount.isdecimal():
            return _error(400, "invalid_request_error", "parameter_invalid_integer", "amount")
        if int(amount) < _SMALLEST:
            return _error(400, "invalid_request_error", "amount_too_small", "Amount too small")
        if int(amount) > _LARGEST:
            return _error(400, "invalid_request_error", "amount_too_large", "Amount too large")
        if currency not in _CURRENCIES:
            return _error(400, "invalid_request_error", None, f"Invalid currency: {currency}")
        known = {"amount", "currency", "automatic_payment_methods[enabled]"}
        wrong = [name for name in form if name not in known and not name.startswith("metadata[")]
        if wrong:
            return _error(400, "invalid_request_error", "parameter_unknown", wrong[0])
        number = next(self._numbers)
        intent = {
            "id": f"pi_{number:04}",
            "object": "payment_intent",
            "amount": int(amount),
            "amount_received": 0,
            "currency": currency,
            "client_secret": f"pi_{number:04}_secret_{number * 7919:06}",
            "status": "requires_payment_method",
            "latest_charge": None,
            "last_payment_error": None,
            "livemode": False,
            "metadata": {
                name[len("metadata[") : -1]: value
                for name, value in form.items()
                if name.startswith("metadata[")
            },
        }
        self.intents[f"pi_{number:04}"] = intent
        return Answer.of(_collapsed(intent))

    def _cancel(self, intent_id: str) -> Answer:
        intent = self.intents.get(intent_id)
        if intent is None:
            return _missing("payment_intent", intent_id)
        if intent["status"] not in _OPEN:
            said = f"You cannot cancel this PaymentIntent: it has a status of {intent['status']}."
            code = "payment_intent_unexpected_state"
            return _error(400, "invalid_request_error", code, said)
        intent["status"] = "canceled"
        self._tell("payment_intent.canceled", intent)
        return Answer.of(_collapsed(intent))

    def _refund(self, form: dict[str, str]) -> Answer:
        intent = self.intents.get(form.get("payment_intent", ""))
        if intent is None:
            return _missing("payment_intent", form.get("payment_intent", ""))
        charge = intent["latest_charge"]
        if charge is None:
            return _error(400, "invalid_request_error", None, "There is no successful charge.")
        if charge["refunded"]:
            said = f"Charge {charge['id']} has already been refunded."
            return _error(400, "invalid_request_error", "charge_already_refunded", said)
        if self.balance < intent["amount"]:
            said = "Insufficient funds in your Stripe balance to refund this amount."
            return _error(400, "invalid_request_error", "balance_insufficient", said)
        refund = {
            "id": f"re_{next(self._numbers)}",
            "object": "refund",
            "amount": intent["amount"],
            "payment_intent": intent["id"],
            "status": self.refund_status,
        }
        self.refunds[refund["id"]] = refund
        if self.refund_status != "failed":
            charge.update(refunded=True, amount_refunded=intent["amount"])
            self.balance -= intent["amount"]
        return Answer.of(refund)

    def _shown(self, intent_id: str, request: Received) -> Answer:
        intent = self.intents.get(intent_id)
        if intent is None:
            return _missing("payment_intent", intent_id)
        is_whole = "latest_charge" in request.query.get("expand[]", [])
        return Answer.of(intent if is_whole else _collapsed(intent))

    def _search(self, request: Received) -> Answer:
        if not self.has_search:
            return _error(400, "invalid_request_error", None, "Search is not available here.")
        name, _, wanted = request.query["query"][0].partition(":")
        field, value = name[len('metadata["') : -2], wanted.strip('"')
        found = [each for each in self.intents.values() if each["metadata"].get(field) == value]
        return Answer.of({"object": "search_result", "data": [_collapsed(each) for each in found]})

    def _tell(self, kind: str, intent: dict[str, Any]) -> None:
        self.events.append(
            {
                "id": f"evt_{next(self._numbers):04}",
                "object": "event",
                "api_version": "2025-10-29",
                "type": kind,
                "livemode": False,
                "data": {"object": _collapsed(json.loads(json.dumps(intent)))},
            }
        )


def signed(body: bytes, *, secret: str, at: datetime) -> dict[str, str]:
    """The header with which Stripe proves an event."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, sha256).hexdigest()
    return {"Stripe-Signature": f"t={seconds},v1={digest}"}


def _collapsed(intent: Mapping[str, Any]) -> dict[str, Any]:
    """The charge by its id alone, unless it was asked for whole."""
    charge = intent["latest_charge"]
    return {**intent, "latest_charge": charge["id"] if isinstance(charge, dict) else charge}


def _form(request: Received) -> dict[str, str] | Answer:
    kind = request.headers.get("content-type", "")
    if request.body and not kind.startswith("application/x-www-form-urlencoded"):
        return _error(400, "invalid_request_error", None, "Invalid request: the body is no form")
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def _was_begun(answer: Answer) -> bool:
    """Refused parameters are not remembered; what was looked up and refused is."""
    said = json.loads(answer.body)
    code = said.get("error", {}).get("code") or ""
    return answer.status == 200 or code.startswith(("charge_", "payment_intent_", "balance_"))


def _missing(what: str, name: str) -> Answer:
    said = f"No such {what}: '{name}'"
    return _error(404, "invalid_request_error", "resource_missing", said)


def _error(status: int, kind: str, code: str | None, message: str) -> Answer:
    error = {"type": kind, "message": message, **({"code": code} if code else {})}
    return Answer.of({"error": error}, status, {"Request-Id": "req_1"})
