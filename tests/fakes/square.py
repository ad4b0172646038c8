"""Square's API, as far as deposits go: payment links, refunds, and the webhook of a payment.

A key that came before gets the answer of before. What a payer does in the browser is `pays`; the
event that Square then posts is `reported`, and `signed` is its signature.
"""

from __future__ import annotations

import base64
import hmac
import json
from hashlib import sha256
from itertools import count
from typing import Any
from urllib.parse import unquote

from tests.fakes.services import Answer, FakeService, Received

VERSION = "2025-10-16"
_LINKS, _REFUNDS = "/v2/online-checkout/payment-links", "/v2/refunds"


class FakeSquare(FakeService):
    """One seller: the links that can be paid, the orders behind them, the refunds."""

    def __init__(self, token: str = "square-token", signature_key: str = "square-key") -> None:
        super().__init__()
        self.token = token
        self.signature_key = signature_key
        self.links: dict[str, dict[str, Any]] = {}  # by their ids
        self.refunds: list[dict[str, Any]] = []
        self._asked: dict[tuple[str, str], dict[str, Any]] = {}
        self._numbers = count(1)

    def reported(self, order_id: str, status: str = "COMPLETED", number: int = 1) -> bytes:
        """The event of a payment of this order, as Square writes it."""
        (link,) = (each for each in self.links.values() if each["order_id"] == order_id)
        payment = {
            "id": f"pay-{order_id}",
            "order_id": order_id,
            "status": status,
            "amount_money": link["price"],
        }
        event = {
            "merchant_id": "EXAMPLEMERCHANT",
            "type": "payment.updated",
            "event_id": f"evt-{order_id}-{status}-{number}",
            "created_at": "2025-11-20T18:54:00.037Z",
            "data": {"type": "payment", "id": payment["id"], "object": {"payment": payment}},
        }
        return json.dumps(event).encode()

    def signed(self, url: str, body: bytes) -> dict[str, str]:
        """The header by which Square proves itself: over the URL it was given, and the body."""
        digest = hmac.new(self.signature_key.encode(), url.encode() + body, sha256).digest()
        return {"x-square-hmacsha256-signature": base64.b64encode(digest).decode()}

    def answer(self, request: Received) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _refused(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED")
        if request.headers.get("square-version") != VERSION:
            return _refused(400, "INVALID_REQUEST_ERROR", "INVALID_SQUARE_VERSION_FORMAT")
        if request.method == "DELETE":
            return self._deleted(unquote(request.path.removeprefix(f"{_LINKS}/")))
        makers = {_LINKS: self._linked, _REFUNDS: self._refunded}
        if request.method != "POST" or request.path not in makers:
            return _refused(404, "INVALID_REQUEST_ERROR", "NOT_FOUND")
        asked = request.json
        key = (request.path, str(asked["idempotency_key"]))
        if key not in self._asked:
            self._asked[key] = makers[request.path](asked)
        return Answer.of(self._asked[key])

    def _linked(self, asked: dict[str, Any]) -> dict[str, Any]:
        pay, number = asked["quick_pay"], next(self._numbers)
        assert pay["name"]
        assert pay["location_id"]
        link: dict[str, Any] = {
            "id": f"LINK{number}",
            "version": 1,
            "order_id": f"ORDER{number}",
            "url": f"https://square.link/u/{number}",
        }
        self.links[link["id"]] = {**link, "price": pay["price_money"]}
        return {"payment_link": link}

    def _refunded(self, asked: dict[str, Any]) -> dict[str, Any]:
        refund = {"id": f"REFUND{next(self._numbers)}", "status": "PENDING"}
        self.refunds.append({"payment": asked["payment_id"], "money": asked["amount_money"]})
        return {"refund": refund}

    def _deleted(self, link_id: str) -> Answer:
        if link_id not in self.links:
            return _refused(404, "INVALID_REQUEST_ERROR", "NOT_FOUND")
        order = self.links[link_id]["order_id"]
        return Answer.of({"id": link_id, "cancelled_order_id": order})


def _refused(status: int, category: str, code: str) -> Answer:
    return Answer.of({"errors": [{"category": category, "code": code, "detail": code}]}, status)
