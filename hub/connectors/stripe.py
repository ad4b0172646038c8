"""Payments by Stripe: an intent is created, asked for, and cancelled or refunded.

Its API takes forms and a key of ours: a request that is repeated with its key does nothing twice.
Stripe forgets a key after a day, so one whose outcome is in doubt is looked for first, by the step
in its metadata.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote

from hub.action import Attempt, action
from hub.connectors.connections import Connector
from hub.connectors.stripe_answers import (
    PaymentIntent,
    PaymentState,
    intent_of,
    not_its_own,
    state_of,
)
from hub.connectors.stripe_client import STRIPE, StripeClient
from hub.errors import Permanent, StepFailed, Transient

__all__ = ["PaymentIntent", "PaymentState", "StripeClient", "cancel_or_refund", "create", "read"]

_LONGEST_KEY = 255
_STEP = "hub_step"
_SHARE = 0.25  # of an attempt's time, for each of the up to four questions of an undoing

CONNECTOR = Connector(STRIPE, StripeClient, StripeClient)


@dataclass(frozen=True)
class PaymentUndone:
    """Whether it was still open, or paid."""

    state: Literal["cancelled", "refunded"]


@action(
    "stripe.create_payment_intent",
    effect="keyed",
    errors=(
        "card_declined",
        "amount_too_small",
        "amount_too_large",
        "key_reused",
        "not_configured",
        "address_not_allowed",
    ),
    example={"id": "pi_1", "client_secret": "pi_1_secret"},
    example_id="pi_1",
    outward=True,
)
def create(
    stripe: StripeClient,
    attempt: Attempt,
    *,
    amount: int,
    currency: str,
    metadata: dict[str, str] | None = None,
) -> PaymentIntent:
    """Create a payment intent; the amount is in the smallest unit of the currency."""
    if attempt.may_be_done and (known := _found(stripe, attempt)) is not None:
        return known
    form = {
        "amount": str(amount),
        "currency": currency,
        "automatic_payment_methods[enabled]": "true",
    }
    form |= {f"metadata[{name}]": value for name, value in (metadata or {}).items()}
    form |= {f"metadata[{_STEP}]": _step(attempt), "metadata[hub_run]": str(attempt.run_id)}
    answer = stripe.post("payment_intents", form, key=_step(attempt), timeout=attempt.timeout)
    made = intent_of(answer.json)
    if made is None:
        raise not_its_own(answer)
    return made


@action(
    "stripe.get_payment_intent",
    effect="read",
    errors=("not_found", "not_configured", "address_not_allowed"),
    example={
        "id": "pi_1",
        "status": "requires_payment_method",
        "amount": 4900,
        "amount_received": 0,
        "currency": "cad",
        "is_refunded": False,
    },
    outward=True,
    reads_effects=True,
)
def read(stripe: StripeClient, attempt: Attempt, *, payment_intent_id: str) -> PaymentState:
    """Read how far a payment is."""
    return _read(stripe, payment_intent_id, timeout=attempt.timeout)


@action(
    "stripe.cancel_or_refund",
    effect="keyed",
    errors=("not_found", "refund_failed", "balance_insufficient", "not_configured"),
    example={"state": "cancelled"},
    outward=True,
)
def cancel_or_refund(
    stripe: StripeClient, attempt: Attempt, *, payment_intent_id: str
) -> PaymentUndone:
    """Cancel an open payment intent or refund a paid one; what is undone already stays so.

    Neither can happen twice: Stripe cancels an intent once, and gives back no more than was paid.
    A payment that is neither open nor paid yet (`processing`) is tried again later.
    """
    time = attempt.timeout * _SHARE
    state = _read(stripe, payment_intent_id, timeout=time)
    if state.status not in {"succeeded", "canceled"}:
        state = _cancelled(stripe, state, time=time)
    if state.status == "canceled":
        return PaymentUndone("cancelled")
    if not state.is_refunded:
        _refund(stripe, attempt, state.id, time=time)
    return PaymentUndone("refunded")


def _read(stripe: StripeClient, intent: str, *, timeout: timedelta) -> PaymentState:
    answer = stripe.get(
        f"payment_intents/{quote(intent, safe='')}", {"expand[]": "latest_charge"}, timeout=timeout
    )
    state = state_of(answer.json)
    if state is None:
        raise Transient("unavailable", "Stripe gave an answer that is not its own")
    return state


def _cancelled(stripe: StripeClient, state: PaymentState, *, time: timedelta) -> PaymentState:
    """The intent after it was cancelled, or after it was paid a moment before that.

    Without a key: Stripe would keep a refusal under it, and give it again when it no longer holds.
    """
    try:
        path = f"payment_intents/{quote(state.id, safe='')}/cancel"
        answer = stripe.post(path, {}, key=None, timeout=time)
        now = state_of(answer.json)
        if now is None:
            raise not_its_own(answer)
    except Permanent as refused:
        if refused.code != "unexpected_state":
            raise
        now = _read(stripe, state.id, timeout=time)
    if now.status not in {"succeeded", "canceled"}:
        raise Transient(
            "payment_processing", f"the payment {state.id} is {now.status}: neither open nor paid"
        )
    return now


def _refund(stripe: StripeClient, attempt: Attempt, intent: str, *, time: timedelta) -> None:
    form = {"payment_intent": intent, f"metadata[{_STEP}]": _step(attempt)}
    key = _step(attempt, "/refund")
    try:
        answer = stripe.post("refunds", form, key=key, timeout=time)
    except Permanent as refused:
        if refused.code != "already_refunded":
            raise
        return
    status = answer.json.get("status") if isinstance(answer.json, dict) else None
    if status in {"failed", "canceled"}:
        raise Permanent(
            "refund_failed", f"the refund of {intent} is {status}: give it back by hand"
        )
    if status not in {"pending", "requires_action", "succeeded"}:
        raise not_its_own(answer)


def _found(stripe: StripeClient, attempt: Attempt) -> PaymentIntent | None:
    """The intent that an earlier attempt of this step made, if Stripe finds it.

    Its search is a minute behind, and absent in some countries: what it does not find, the key
    does, for a day.
    """
    query = {"query": f'metadata["{_STEP}"]:"{_step(attempt)}"', "limit": "1"}
    with suppress(StepFailed):
        answer = stripe.get("payment_intents/search", query, timeout=attempt.timeout * _SHARE)
        found: Any = answer.json.get("data") if isinstance(answer.json, dict) else None
        if isinstance(found, list) and found:
            return intent_of(found[0])
    return None


def _step(attempt: Attempt, what: str = "") -> str:
    """The step's key as Stripe takes one; a long one by its digest."""
    key = attempt.key + what
    return key if len(key) <= _LONGEST_KEY else sha256(key.encode()).hexdigest()
