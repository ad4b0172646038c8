"""What Stripe says: a payment intent, and what an error means for a step. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hub.connectors.http import HttpAnswer, excerpt, failure_of
from hub.errors import Permanent, StepFailed, Transient

IntentStatus = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
    "processing",
    "succeeded",
    "canceled",
]
STATUSES: tuple[IntentStatus, ...] = (
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
    "processing",
    "succeeded",
    "canceled",
)

_RATE_LIMITED = 429
_FIRST_FAULT = 500
_CARD = 402
_CONFLICT = 409
# Codes of Stripe that are worth a code of ours; all others go by the status of the answer.
_CODES = {
    "charge_already_refunded": "already_refunded",
    "payment_intent_unexpected_state": "unexpected_state",
    "amount_too_small": "amount_too_small",
    "amount_too_large": "amount_too_large",
    "resource_missing": "not_found",
    "balance_insufficient": "balance_insufficient",
}


@dataclass(frozen=True)
class PaymentIntent:
    """What the payer's browser needs."""

    id: str
    client_secret: str


@dataclass(frozen=True)
class PaymentState:
    """A payment as Stripe has it; amounts in the smallest unit of the currency.

    `is_refunded`: all that was paid went back.
    """

    id: str
    status: IntentStatus
    amount: int
    amount_received: int
    currency: str
    is_refunded: bool = False
    decline_code: str | None = None


def failure(answer: HttpAnswer, *, hidden: tuple[str, ...] = ()) -> StepFailed | None:
    """The failure that an answer stands for; nothing for a success.

    | Stripe says | code |
    |---|---|
    | 402, an error of the card | `card_declined` |
    | a code of the table above | that of the table |
    | 409, or a lock that was not free: another request has it in hand | `busy`, tried again |
    | 400 `idempotency_error`: the key was for another request | `key_reused` |
    | anything else | by its status (language, chapter 8) |
    """
    by_status = failure_of(answer, what="Stripe", hidden=hidden)
    if by_status is None or answer.status >= _FIRST_FAULT:
        return by_status
    error = error_of(answer.json)
    said = f"Stripe: {excerpt(str(error.get('message', '')), hidden=hidden)}"
    if answer.status == _CONFLICT or error.get("code") == "lock_timeout":
        return Transient("busy", said, status=answer.status, retry_after=by_status.retry_after)
    known = None if answer.status == _RATE_LIMITED else _code_of(answer.status, error)
    return by_status if known is None else Permanent(known, said, status=answer.status)


def _code_of(status: int, error: Mapping[str, Any]) -> str | None:
    if error.get("type") == "idempotency_error":
        return "key_reused"
    if status == _CARD or error.get("type") == "card_error":
        return "card_declined"
    return _CODES.get(str(error.get("code", "")))


def error_of(body: Any) -> Mapping[str, Any]:
    """The error in a body of Stripe; empty where there is none."""
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def not_its_own(answer: HttpAnswer) -> Transient:
    """A 2xx that is no answer of Stripe: whoever gave it, what was asked for may be done."""
    return Transient(
        "unavailable",
        "Stripe gave an answer that is not its own",
        maybe_done=True,
        status=answer.status,
    )


def state_of(body: Any) -> PaymentState | None:
    """The payment intent in a body; nothing where there is none."""
    if not isinstance(body, dict) or body.get("object") != "payment_intent":
        return None
    status, amount = body.get("status"), body.get("amount")
    if status not in STATUSES or not isinstance(amount, int) or not isinstance(body.get("id"), str):
        return None
    charge, problem = body.get("latest_charge"), body.get("last_payment_error")
    received = body.get("amount_received")
    declined = problem.get("decline_code") if isinstance(problem, dict) else None
    return PaymentState(
        id=body["id"],
        status=status,
        amount=amount,
        amount_received=received if isinstance(received, int) else 0,
        currency=str(body.get("currency", "")),
        is_refunded=isinstance(charge, dict) and charge.get("refunded") is True,
        decline_code=declined if isinstance(declined, str) else None,
    )


def intent_of(body: Any) -> PaymentIntent | None:
    """The payment intent in a body, with what its payer needs; nothing where there is none."""
    secret = body.get("client_secret") if isinstance(body, dict) else None
    if state_of(body) is None or not isinstance(secret, str):
        return None
    return PaymentIntent(body["id"], secret)
